"""What a page says can be read on a phone: nothing that belongs to a sentence is cut at the edge."""

import pytest

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"

CUT = """(selector) => [...document.querySelectorAll(selector)]
  .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.closest("[id]").id)"""


def test_formulas_fit_their_column_whenever_it_changes(open_page):
    page = (visit := open_page(CHAPTER, width=390)).page
    formulas = '.bd-article mjx-container[display="true"]'
    whole = f"() => ({CUT})('{formulas}').length === 0"
    page.wait_for_function(whole)
    sizes = (
        f"() => [...document.querySelectorAll('{formulas}')].map((e) => e.firstElementChild.style.fontSize)"
    )
    assert any(page.evaluate(sizes)), "one is too wide for a phone as it is"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function(f"() => !({sizes})().some(Boolean)")
    assert not visit.faults


@pytest.mark.parametrize("width", [390, 1280])
def test_what_a_cell_prints_is_seen_whole(open_page, width):
    page = (visit := open_page(CHAPTER, width=width)).page
    assert "diagnosis: " in page.locator(".cell_output pre", has_text="diagnosis").last.inner_text()
    assert page.evaluate(CUT, ".cell_output pre") == []
    assert not visit.faults


def test_a_dark_page_is_printed_in_light_colours(open_page):
    page = (visit := open_page(CHAPTER, color_scheme="dark")).page
    seen = """() => ["body", ".bp-live"]
      .map((selector) => getComputedStyle(document.querySelector(selector)).color)
      .map((color) => Math.max(...color.match(/\\d+/g)))"""
    screen = page.evaluate(seen)
    assert min(screen) > 200
    page.evaluate(f"addEventListener('beforeprint', () => (window.onPaper = ({seen})()))")
    page.pdf()
    assert max(page.evaluate("onPaper")) < 100
    assert page.evaluate(seen) == screen
    # A browser may tell of the medium alone.
    for medium, theme in {"print": "light", "screen": "dark"}.items():
        page.emulate_media(media=medium)
        page.wait_for_function("(theme) => document.documentElement.dataset.theme === theme", arg=theme)
        assert (page.evaluate(seen) == screen) == (theme == "dark")
    assert max(page.evaluate("onPaper")) < 100
    assert not visit.faults
