"""The built site: every page whole, offline, reachable, light enough."""

from __future__ import annotations

import json
import re

import pytest
from pages import OPEN_ALL, OPENINGS, REACH, ROOT, SPANS, STRETCH, THIN, settle

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"
CONTENTS = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
GALLERY = "book/A5-figures.html"  # one of each kind of figure, small ones
PAGES = [*(f"{name}.html" for name in CONTENTS), "index.html", "search.html"]
ONE_OF_EACH_KIND = [CONTENTS[0] + ".html", CHAPTER, CHAPTER.replace("book", "book/exercises"), "search.html"]

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LOADED = "[location, ...performance.getEntriesByType('resource').map(({ name }) => name)].map(String)"
LIBRARY = r'<script defer="defer" src="([^"?]*bp/(?:live|views/\w+)\.js)'
STATE = re.compile(r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', re.DOTALL)


def test_contents_name_every_page(site):
    assert sorted(PAGES) == sorted(site.pages)


@pytest.mark.parametrize("path", PAGES)
def test_page_is_whole(site, open_page, axe, path):
    """On a phone and at a desk, in the light and in the dark: no fault, not too wide, not too heavy."""
    page = (visit := open_page(path, width=390, height=844)).page
    assert page.evaluate(TOO_WIDE) <= 0
    if re.match(r"book/(?!00)\d\d-", path):  # nowhere three screens without something to do
        assert 844 < (stretch := page.evaluate(STRETCH))[0] <= 3 * 844, stretch
    page.set_viewport_size({"width": 1280, "height": 900})
    settle(page)
    assert page.evaluate(TOO_WIDE) <= 0
    for name, questions, controls, numbers in page.evaluate(OPENINGS):
        assert questions == 1 and controls <= 2 and len(numbers) <= 7, (name, controls, numbers)
    files = {site.file(url) for url in page.evaluate(LOADED) if url.startswith(site.url)}
    files -= {site.root / "searchindex.js"}  # it grows with the book
    sizes = sorted(((file.stat().st_size, file.name) for file in files if file.is_file()), reverse=True)
    assert len(sizes) > 10
    assert sum(size for size, _ in sizes) < 3_200_000, sizes[:6]
    if path != CHAPTER:
        page.evaluate(THIN)
    assert axe(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    assert axe(page, ["color-contrast"]) == []
    # Under a finger, its figures whole, a picture and its control are on the screen together.
    hand = page.context.new_cdp_session(page)
    hand.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.evaluate(OPEN_ALL)
    settle(page)
    assert [span for span in page.evaluate(SPANS) if span[1] > REACH] == []
    hand.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    hand.detach()
    assert not visit.faults


@pytest.mark.parametrize("path", ONE_OF_EACH_KIND)
def test_page_is_whole_from_a_folder(open_page, path):
    visit = open_page(path, scheme="file", color_scheme="dark", width=390)
    assert visit.page.evaluate(TOO_WIDE) <= 0
    assert not visit.faults


@pytest.mark.parametrize("path", PAGES)
def test_page_keeps_its_budget(site, path):
    """Its own HTML, the data of its figures and their number, and the library that they share."""
    text = (site.root / path).read_text(encoding="utf-8")
    assert len(text.encode()) < 500_000
    data = found[1] if (found := STATE.search(text)) else '{"state": {}}'
    assert len(data.encode()) < 120_000
    states = [model["state"] for model in json.loads(data)["state"].values()]
    drawn = [state["_bplib_kind"] for state in states if "_bplib_kind" in state]
    figures = [kind for kind in drawn if kind != "predict"]
    assert len(figures) <= (18 if path == GALLERY else 8)
    assert len(drawn) - len(figures) <= 12
    assert not {"_esm", "_css", "_bplib_script", "_bplib_style"} & {key for state in states for key in state}
    for form in (r'<script defer="defer" src="([^"?]*bp/live\.js)', r'<link [^>]*href="([^"?]*bp/live\.css)'):
        shared = re.findall(form, text)
        assert len(shared) == bool(drawn)
        assert all(((site.root / path).parent / file).is_file() for file in shared)
    library = [(site.root / path).parent / file for file in re.findall(LIBRARY, text)]
    assert sum(file.stat().st_size for file in library) < (300_000 if path == GALLERY else 250_000)


def test_the_library_keeps_its_budget(site):
    assert (site.root / "_static/bp/live.css").stat().st_size < 45_000
    workbook = [site.root / f"_static/bp/{name}.js" for name in ("workbook", "predict", "recall")]
    assert sum(script.stat().st_size for script in workbook) < 120_000
    assert (site.root / "_static/bp/map.js").stat().st_size < 25_000


def test_chapters_have_figures_to_weigh(site):
    chapters = [page for page in PAGES if re.fullmatch(r"book/(?!00)\d\d-.*", page)]
    assert chapters
    assert all(STATE.search((site.root / page).read_text(encoding="utf-8")) for page in [*chapters, GALLERY])


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


def test_the_contents_mark_the_section_that_one_reads(open_page):
    """However far a move goes, and after figures were drawn late."""
    page = (visit := open_page(CHAPTER, width=1280, height=800)).page
    marked = "[...document.querySelectorAll('#pst-page-toc-nav a.active, #pst-page-toc-nav a[aria-current]')]"
    marked += ".map((a) => [a.hash, a.getAttribute('aria-current')])"
    reads = """() => [...document.querySelectorAll('.bd-article section[id] > :is(h2, h3)')]
      .findLast((head) => head.getBoundingClientRect().top < innerHeight / 3)?.parentElement.id"""
    seen = set()
    for by in (*[900] * 12, *[1700] * 6, -5000, -700):
        page.mouse.move(500, 400)
        page.mouse.wheel(0, by)
        page.wait_for_timeout(400)
        if section := page.evaluate(reads):
            assert page.evaluate(marked) == [[f"#{section}", "true"]]
            seen.add(section)
    assert len(seen) > 5
    assert not visit.faults


def test_nothing_lies_over_the_text_of_a_phone(open_page):
    page = open_page(CHAPTER, width=390, height=844).page
    page.evaluate("scrollTo(0, 6000)")
    page.wait_for_timeout(200)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(400)
    assert not page.locator("#pst-back-to-top").is_visible()


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
    assert visit.foreign == ["https://example.org/x"]


def test_a_console_error_would_be_seen(open_page):
    visit = open_page(CHAPTER, wait=False)
    visit.page.evaluate(
        "console.error('planted'); setTimeout(() => { window.thrown = true; throw new Error('thrown'); })"
    )
    visit.page.wait_for_function("window.thrown")
    settle(visit.page)
    assert [fault.split(" (")[0] for fault in visit.faults] == ["console: planted", "exception: thrown"]


# One fault for each way in which a page may differ from the others of its kind.
PLANT = """() => {
  document.querySelector(".bd-article h1").insertAdjacentHTML("afterend", `<p>As it should be.</p>
    <img src="data:,"><a href="#"></a><h6>A level left out</h6>
    <p style="color: light-dark(#bbb, #ddd)">Pale in the light.</p>
    <p style="color: light-dark(#222, #444)">Dim in the dark.</p>
    <div style="background: light-dark(#fff, #888)"><p>On a ground of its own.</p></div>`);
  for (const template of [".bp-cell-bar button", ".copybtn"]) {
    const button = [...document.querySelectorAll(template)].findLast((each) => each.checkVisibility());
    ["aria-label", "title"].forEach((name) => button.removeAttribute(name));
    button.replaceChildren();
  }
}"""


def test_axe_sees_planted_faults_on_a_page_that_is_thinned_out(open_page, axe):
    page = open_page(CHAPTER.replace("book", "book/exercises")).page
    page.evaluate(PLANT)
    page.evaluate(THIN)
    found = sorted(line.partition(":")[0] for line in axe(page))
    assert found == [
        "button-name",
        "button-name",
        "color-contrast",
        "heading-order",
        "image-alt",
        "link-name",
    ]
    page.emulate_media(color_scheme="dark")
    settle(page)
    dark = axe(page, ["color-contrast"])
    assert len(dark) == 2, dark
    dim, ground = dark
    assert "Dim in the dark." in dim and "On a ground of its own." in ground
