"""A word of the glossary says what it means where one points at its link: with a mouse, keys, a finger."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"
WORD = 'a[href$="#term-activation"]'  # whose definition has formulas
OPEN = "document.querySelector('#bp-term').matches(':popover-open')"
CLOSED = f"!{OPEN}"
# Leaves of the page the section with a word.
ALONE = """(word) => document.querySelectorAll("article section section, .skip-link").forEach(
  (e) => e.querySelector(word) || e.remove())"""
FITS = """() => {
  const { left, right, top, bottom } = document.querySelector("#bp-term").getBoundingClientRect();
  const { clientWidth, scrollWidth } = document.documentElement;
  return left >= 0 && right <= clientWidth && top >= 0 && bottom <= innerHeight && scrollWidth <= clientWidth;
}"""


def at_word(open_page, **options):
    """Open a chapter with a word's link amid the window."""
    visit = open_page(CHAPTER, **options)
    link = visit.page.locator(WORD).first
    link.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    return visit, link


def test_every_link_has_its_definition(site):
    script = (site.root / "_static/bp/terms.js").read_text(encoding="utf-8")
    told = json.loads(script.removeprefix("window.bplib_terms = ").rstrip(";\n"))
    linked = {
        name
        for page in site.pages
        for name in re.findall(r'href="[^"]*#(term-[^"]+)"', (site.root / page).read_text())
    }
    assert len(linked) > 10
    assert linked - told.keys() == set()
    assert len(script.encode()) < 40_000


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_a_mouse_rests_on_a_word(open_page, axe, color_scheme):
    visit, link = at_word(open_page, scheme="file", color_scheme=color_scheme)
    page = visit.page
    link.hover()
    page.wait_for_function(OPEN)
    box = page.locator("#bp-term")
    page.locator("#bp-term mjx-container").nth(1).wait_for()  # its formulas are set
    assert "\\(" not in box.inner_text()
    assert link.get_attribute("aria-describedby") == "bp-term"
    assert page.evaluate(FITS)
    # The page beside it is judged elsewhere (test_site.py), and takes long.
    page.evaluate(ALONE, WORD)
    assert axe(page, only=["color-contrast", "region", "target-size", "aria-valid-attr-value"]) == []
    box.hover()  # stays while the mouse is in it
    page.wait_for_timeout(500)
    assert page.evaluate(OPEN)
    page.mouse.move(2, 2)
    page.wait_for_function(CLOSED)
    assert link.get_attribute("aria-describedby") is None
    assert not visit.faults


def test_passing_over_a_word_opens_nothing(open_page):
    visit, link = at_word(open_page)
    link.hover()
    visit.page.mouse.move(2, 2)
    visit.page.wait_for_timeout(500)
    assert visit.page.evaluate(CLOSED)


def test_keys_open_and_close_it(open_page):
    visit, link = at_word(open_page)
    page = visit.page
    link.evaluate("(e) => e.focus()")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.wait_for_function(OPEN)
    page.keyboard.press("Escape")
    page.wait_for_function(CLOSED)
    assert link.evaluate("(e) => e === document.activeElement")
    # No further stop of the Tab key; the next word's takes its place.
    page.keyboard.press("Tab")
    page.wait_for_function(OPEN)
    assert page.evaluate("document.activeElement.matches('a[href*=\"#term-\"]')")
    assert page.locator("#bp-term b").inner_text() == "target"
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/A2-glossary.html#term-activation")
    assert not visit.faults


def test_a_finger_opens_it_and_then_follows(open_page):
    visit, link = at_word(open_page, width=390, height=844, has_touch=True)
    page = visit.page
    link.tap()
    page.wait_for_function(OPEN)
    page.locator("#bp-term mjx-container").nth(1).wait_for()
    assert page.evaluate(FITS)
    page.touchscreen.tap(20, 200)  # beside it
    page.wait_for_function(CLOSED)
    assert page.url.endswith(CHAPTER)
    link.tap()
    page.wait_for_function(OPEN)
    link.tap()
    page.wait_for_url("**/A2-glossary.html#term-activation", wait_until="networkidle")
    page.go_back()
    page.wait_for_url(f"**/{CHAPTER}", wait_until="networkidle")  # a page that is left asks in vain
    assert not visit.faults


def test_a_word_at_the_windows_end_opens_above(open_page):
    visit, link = at_word(open_page)
    page = visit.page
    link.evaluate(
        "(e) => scrollBy({ top: e.getBoundingClientRect().bottom - innerHeight + 8, behavior: 'instant' })"
    )
    box = link.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.wait_for_function(OPEN)
    page.locator("#bp-term mjx-container").nth(1).wait_for()
    assert page.evaluate(FITS)
    assert page.locator("#bp-term").bounding_box()["y"] < link.bounding_box()["y"]
