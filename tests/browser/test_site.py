"""The built site: whole, offline, reachable, light enough."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"


@pytest.mark.parametrize(
    ("scheme", "color_scheme", "width"),
    [pytest.param("http", "light", 1280, id="desk"), pytest.param("file", "dark", 390, id="phone")],
)
def test_every_page_is_whole(site, open_page, axe, scheme, color_scheme, width):
    """It loads offline without a fault, axe finds nothing, and it is no wider than the screen."""
    assert CHAPTER in site.pages
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    found = {}
    for path in site.pages:
        visit = open_page(path, scheme=scheme, color_scheme=color_scheme, width=width)
        too_wide = [f"{px} px too wide"] if (px := visit.page.evaluate(wide)) > 0 else []
        if wrong := visit.faults + axe(visit.page) + too_wide:
            found[path] = wrong
        visit.close()
    assert found == {}


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_a_word(open_page, scheme):
    visit = open_page("search.html?q=sensitivity", scheme)
    first = visit.page.locator("#search-results li a").first
    first.wait_for(timeout=10_000)
    assert "01-credit-assignment.html" in first.get_attribute("href")
    assert not visit.faults


def test_an_excerpt_is_what_the_article_says(open_page):
    visit = open_page("search.html?q=delta")
    excerpts = visit.page.locator("#search-results .context")
    excerpts.nth(3).wait_for(timeout=10_000)
    text = " ".join(excerpts.all_inner_texts())
    assert "delta" in text
    assert "\\(" not in text and ".pdf" not in text
    assert not visit.faults


def test_chapter_is_light_enough(site, open_page):
    visit = open_page(CHAPTER, wait=False)
    loaded: dict[str, int] = {}
    visit.page.on(
        "response", lambda answer: loaded.update({answer.url: site.file(answer.url).stat().st_size})
    )
    visit.page.reload()
    visit.page.wait_for_load_state("networkidle")
    own = (site.root / CHAPTER).stat().st_size
    assert len(loaded) > 10
    assert own < 500_000, f"the page itself has {own} bytes"
    weight = sum(loaded.values())
    largest = sorted(loaded.items(), key=lambda item: -item[1])[:6]
    assert weight < 3_000_000, f"{weight} bytes in all; the largest: {largest}"


def test_figures_are_few_and_their_scripts_small(site):
    """A page repeats its script in every figure."""
    state = re.compile(r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', re.DOTALL)
    scripts = {}
    for page in site.pages:
        if found := state.search((site.root / page).read_text(encoding="utf-8")):
            models = json.loads(found[1])["state"].values()
            scripts[page] = [len(m["state"]["_esm"].encode()) for m in models if "_esm" in m["state"]]
    assert CHAPTER in scripts
    assert {page: sizes for page, sizes in scripts.items() if len(sizes) > 6 or max(sizes) > 45_000} == {}


def test_dark_mode_is_a_click_away(open_page):
    page = open_page(CHAPTER).page
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    assert page.evaluate(scheme) == "light"
    for _ in range(3):  # auto, light, dark
        page.locator(".theme-switch-button").first.click()
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
    assert page.evaluate(scheme) == "dark"


def test_notebook_can_be_downloaded(site, open_page):
    link = open_page(CHAPTER).page.locator("a.btn-download-source-button").first.get_attribute("href")
    source = (site.root / CHAPTER).parent / link
    assert '"nbformat": 4' in source.read_text(encoding="utf-8")


def test_a_foreign_request_would_be_seen(open_page):
    visit = open_page(CHAPTER, wait=False)
    visit.page.evaluate("fetch('https://example.org/x').catch(() => {})")
    visit.page.wait_for_timeout(500)
    assert visit.foreign == ["https://example.org/x"]


def test_a_console_error_would_be_seen(open_page):
    visit = open_page(CHAPTER, wait=False)
    visit.page.evaluate("console.error('planted'); setTimeout(() => { throw new Error('thrown'); })")
    visit.page.wait_for_timeout(300)
    assert [fault.split(" (")[0] for fault in visit.faults] == ["console: planted", "exception: thrown"]


def test_axe_sees_a_planted_fault(open_page, axe):
    page = open_page(CHAPTER).page
    page.evaluate("document.querySelector('main').append(Object.assign(new Image(), {src: 'data:,'}))")
    assert any(line.startswith("image-alt") for line in axe(page))
