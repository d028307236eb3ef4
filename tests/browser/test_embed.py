"""A figure that goes elsewhere: its foot, its own page, a frame in another page, one file, paper."""

from __future__ import annotations

import json
import re

import embed
import pytest
from pages import serve, settle
from test_site import STATE, TOO_WIDE
from test_tasks import TRAITS, lesson, neuron, press

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"
ALONE = "embed/neuron.html"
NEURON = '.bp-live[aria-label*=" neuron:"]'  # among the chapter's figures
STORE = "document.querySelector('.bp-live').store"
W = f"{STORE}.inputs[0]"

# Notes who listens to messages, in a page and in its frames.
HEARD = """
window.heard = [];
const listen = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (type, ...rest) {
  window.heard.push(type);
  return listen.call(this, type, ...rest);
};
"""
HOSTILE = ["neuron:1:w=2", {"bplib": 1, "name": "neuron", "state": "neuron:1:w=2", "height": 1}, None]
# Whether the frame is as high as it asked for, and higher than this.
FITS = """(n) => {
  const { height } = document.querySelector("iframe");
  return Number(height) === told.at(-1).height && height > n;
}"""
# Where the parts of a figure begin and end, from the top of the page.
BOX = """(selector) => {
  const { left, right, top, bottom } = document.querySelector(selector).getBoundingClientRect();
  return { left, right, top: top + scrollY, bottom: bottom + scrollY };
}"""


def sites(path):
    """Return what the site knows of each figure on one of its pages."""
    found = STATE.search(path.read_text(encoding="utf-8"))
    models = json.loads(found[1])["state"].values() if found else ()
    drawn = [model["state"] for model in models if "_bplib_kind" in model["state"]]
    return [
        state["site"] for state in drawn if state["_bplib_kind"] != "predict"
    ]  # a question stays in its text


def said(page):
    return page.locator(".bp-said").first.inner_text()


# The foot.


@pytest.mark.parametrize("width", [800, 390])
def test_the_foot_is_below_the_picture_and_takes_the_buttons_with_it(show, width):
    page = (visit := show(lesson(), traits=TRAITS, whole=False, width=width)).page
    names = page.locator(".bp-foot :is(button, summary)").all_inner_texts()
    assert names == ["Reset", "Copy link", "All numbers as a table"]
    foot, said_line = page.evaluate(BOX, ".bp-foot"), page.evaluate(BOX, ".bp-said")
    assert foot["top"] >= said_line["bottom"] > page.evaluate(BOX, ".bp-graph")["bottom"]
    buttons, table = (page.evaluate(BOX, f".bp-foot {part}") for part in (".bp-buttons", "summary"))
    assert (buttons["top"] == table["top"]) == (width == 800), "side by side where there is room"
    assert not (buttons["right"] > table["left"] and buttons["bottom"] > table["top"]), "never on each other"
    page.get_by_text("All numbers as a table").click()
    assert page.evaluate(BOX, ".bp-foot .bp-buttons") == buttons
    press(page, "Reset")
    assert not visit.faults


def test_the_panel_takes_no_room_while_nothing_of_it_is_open(show):
    page = show(lesson(), traits=TRAITS, whole=False).page
    guide, graph = page.evaluate(BOX, ".bp-guide"), page.evaluate(BOX, ".bp-graph")
    assert page.locator(".bp-panel").is_hidden()
    assert graph["top"] - guide["bottom"] <= 14
    press(page, "Next ▸")
    assert page.locator(".bp-panel").is_visible()
    assert page.evaluate(BOX, ".bp-guide") == guide


def test_where_the_panel_would_be_first_it_leaves_no_rule(show):
    fig = neuron()
    page = show(fig, traits=TRAITS, whole=False).page
    page.evaluate(
        "document.querySelectorAll('.bp-panel [data-part]').forEach((part) => (part.hidden = true))"
    )
    rule = "getComputedStyle(document.querySelector('.bp-graph')).borderTopWidth"
    assert page.evaluate(rule) == "0px"
    page.evaluate("document.querySelector('.bp-panel [data-part]').hidden = false")
    assert page.evaluate(rule) == "1px"


def test_in_jupyter_a_figure_has_no_frame_to_give(show):
    page = show(neuron(), site=False, whole=False).page
    assert page.locator(".bp-foot button").all_inner_texts() == ["Reset", "Copy state"]


# On the site.


def test_every_figure_of_the_book_has_its_page(site):
    told = [(path, known) for path in site.pages for known in sites(site.root / path)]
    files = {(site.root / path / ".." / known["embed"]).resolve(): known for path, known in told}
    assert len(files) == len(told) > 10
    assert files.keys() == set((site.root / "embed").resolve().iterdir())
    for file, known in files.items():
        text = file.read_text(encoding="utf-8")
        assert f'data-name="{known["name"]}"' in text
        assert len(text.encode()) < 120_000
        assert "<nav" not in text and "mathjax" not in text.lower()
        assert sites(file) == [{"name": known["name"], "page": known["page"], "alone": True}]
        assert len(embed.alone(file).encode()) < 400_000


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_figure_stands_alone(open_page, axe, scheme):
    visit = open_page(f"{ALONE}#neuron:1:w=-1,b=0.5&task=3", scheme, color_scheme="dark", width=390)
    page = visit.page
    assert page.evaluate(f"{STORE}.inputs.slice(0, 2)") == [-1, 0.5]
    assert page.evaluate(f"{STORE}.task") == 3
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light dark"
    assert page.evaluate(TOO_WIDE) <= 0
    if scheme == "http":  # axe fetches style sheets, which files may not
        assert axe(page) == []
    link = page.get_by_role("link")
    assert link.inner_text() == page.title().partition(" · ")[2]
    assert link.get_attribute("href") == f"../{CHAPTER}"
    assert page.locator(".bp-foot button").all_inner_texts() == ["Reset", "Copy link"]
    assert not visit.faults


def test_a_slide_may_choose_its_colours(open_page, axe):
    visit = open_page(f"{ALONE}?dark", color_scheme="light")
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    assert visit.page.evaluate(scheme) == "dark"
    assert axe(visit.page, ["color-contrast"]) == []
    assert open_page(f"{ALONE}?light", color_scheme="dark").page.evaluate(scheme) == "light"
    assert not visit.faults


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("#neuron:1:q=2", "It names q, which this figure does not have; an older edition may have had it."),
        ("#neuron:9:w=2", "It is of version 9, made with a newer edition of this book."),
        ("#neurone:1:w=2", "The address asks for neurone:1:w=2; this page shows neuron."),
    ],
)
def test_an_address_that_does_not_fit_changes_nothing_and_says_why(open_page, address, told):
    visit = open_page(f"{ALONE}#neuron:1:w=-1")
    visit.page.evaluate("(hash) => (location.hash = hash)", address)
    visit.page.wait_for_selector(".bp-fault:has-text('stays as it was')")
    assert told in said(visit.page)
    assert visit.page.evaluate(W) == -1
    assert not visit.faults


# In another page.


def test_a_frame_has_the_figures_height_and_hears_nobody(site, open_page, windows, visits, tmp_path):
    """From the button to a page of another origin: state, height, and messages that nobody asked for."""
    page = open_page(f"{CHAPTER}#neuron:1:w=0.75", permissions=["clipboard-read", "clipboard-write"]).page
    page.locator(NEURON).get_by_role("button", name="Embed").click()
    page.wait_for_function(f"document.querySelector('{NEURON} .bp-said').textContent.includes('Copied HTML')")
    html = page.evaluate("navigator.clipboard.readText()")
    assert html.count("\n") <= 5
    (tmp_path / "index.html").write_text(
        f'<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">{html}'
    )
    with serve(tmp_path) as url:
        visits.append(visit := windows.open(site.url, script=HEARD))
        page = visit.page
        told = "addEventListener('message', ({ data }) => (window.told ??= []).push(data))"
        page.add_init_script(f"if (parent === window) {told}")
        page.goto(url)
        page.wait_for_function("window.told")
        (frame,) = page.frames[1:]
        frame.wait_for_selector(".bp-live")
        assert frame.evaluate(W) == 0.75
        # It tells its height, again when that changes.
        page.wait_for_function(FITS, arg=300)
        before = page.evaluate("told.at(-1)")
        assert before == {"bplib": 1, "name": "neuron", "height": before["height"]}
        assert frame.evaluate("document.documentElement.offsetHeight") == before["height"]
        frame.get_by_text("All numbers as a table").click()
        page.wait_for_function(FITS, arg=before["height"] + 50)
        assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight")
        # Nobody in the frame listens, and what is sent to it changes nothing.
        assert "hashchange" in frame.evaluate("heard") and "message" not in frame.evaluate("heard")
        assert frame.evaluate("window.onmessage") is None
        state = frame.evaluate(f"JSON.stringify([{STORE}.inputs, location.href])")
        page.evaluate("(all) => all.forEach((each) => frames[0].postMessage(each, '*'))", HOSTILE)
        frame.evaluate("() => new Promise((done) => setTimeout(done))")
        settle(page)
        assert frame.evaluate(f"JSON.stringify([{STORE}.inputs, location.href])") == state
        # The page around it takes heights from its frames alone.
        page.evaluate("(all) => all.forEach((each) => postMessage(each, '*'))", HOSTILE)
        page.wait_for_function("told.at(-1) === null")
        assert page.evaluate("document.querySelector('iframe').offsetHeight") > 300
        visit.foreign = [asked for asked in visit.foreign if not asked.startswith(url)]
        assert not visit.faults


def test_where_copying_is_refused_the_frame_is_shown(open_page):
    page = (visit := open_page(CHAPTER)).page
    page.evaluate("() => void (navigator.clipboard.writeText = () => Promise.reject(new Error('denied')))")
    page.locator(NEURON).get_by_role("button", name="Embed").click()
    page.wait_for_selector(".bp-address:not([hidden])")
    text = page.evaluate("document.activeElement.value")
    assert re.match(r'<iframe src="http://127.0.0.1:\d+/embed/neuron.html#neuron:1:w=', text)
    assert page.evaluate("(e => e.selectionEnd - e.selectionStart)(document.activeElement)") == len(text)
    page.locator(NEURON).get_by_role("button", name="Reset").click()
    assert page.locator(f"{NEURON} .bp-address").is_hidden()
    assert not visit.faults


# As one file, and on paper.


@pytest.mark.parametrize("name", ["neuron", "formula"])
def test_one_file_asks_for_nothing(site, windows, visits, tmp_path, name):
    embed.main([name, "--site", str(site.root), "-o", str(tmp_path / f"{name}.html")])
    visits.append(visit := windows.open((tmp_path / f"{name}.html").as_uri()))
    asked = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.goto((tmp_path / f"{name}.html").as_uri())
    visit.page.wait_for_selector(".bp-live .bp-foot")
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [visit.page.url]
    assert visit.page.locator("a").count() == 0
    assert not visit.faults


def test_on_paper_a_figure_has_its_name(open_page):
    for path in (f"{ALONE}?dark", CHAPTER):
        page = (visit := open_page(path)).page
        paper = page.locator(".bp-paper").filter(has_text="Figure neuron")
        figure = page.locator(".bp-live").filter(has=paper).last
        assert paper.is_hidden()
        page.emulate_media(media="print")
        assert paper.inner_text() == "Figure neuron · Credit assignment: one neuron · Backpropagation, Live"
        assert paper.locator("img").count() == 0
        assert figure.locator(":is(button, summary, .bp-said)").all()
        for element in figure.locator(":is(button, summary, .bp-said)").all():
            assert element.is_hidden()
        assert figure.locator("svg").first.is_visible()
        if path != CHAPTER:
            assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
        page.emulate_media(media="screen")
        assert not visit.faults


def test_where_the_site_has_an_address_paper_shows_the_way(show):
    fig = neuron()
    fig.site = {"name": "neuron", "page": "Page", "address": "https://example.org/embed/neuron.html"}
    fig.site["qr"] = embed.code(fig.site["address"])
    page = (visit := show(fig, traits=(*TRAITS, "site"))).page
    page.emulate_media(media="print")
    paper = page.locator(".bp-paper")
    assert paper.inner_text().split("\n") == ["Figure neuron · Page", "https://example.org/embed/neuron.html"]
    image = paper.locator("img")
    assert image.evaluate("async (image) => (await image.decode(), image.naturalWidth > 0)")
    assert image.bounding_box()["width"] > 100
    page.emulate_media(media="screen")
    assert not visit.faults
