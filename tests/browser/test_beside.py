"""Figures beside their text, and how the keyboard gets to them: one page at many sizes of the window."""

from __future__ import annotations

import pytest
from pages import THIN, settle
from test_site import TOO_WIDE

pytestmark = pytest.mark.browser

CHAPTER = "book/03-computational-graphs.html"
DESK = [(1280, 600), (1366, 650), (1440, 780), (1920, 1080)]
NO_ROOM = [(640, 400), (390, 844)]  # 1280 x 800 at 200 % zoom, and a phone
LEAST = 480
FIGURES = ".widget-subarea .bp-live:not(.bp-live *)"

# Of each figure: is it beside its text, and its box when the middle of its place is in the window's.
LOOK = """(selector) => [...document.querySelectorAll(selector)].map((figure) => {
  const place = figure.closest(".widget-subarea");
  const { top, height } = place.getBoundingClientRect();
  const free = document.querySelector(".bd-header-article").getBoundingClientRect().bottom;
  scrollTo({ top: scrollY + top + height / 2 - (free + innerHeight) / 2, behavior: "instant" });
  const box = figure.getBoundingClientRect().toJSON();
  const text = [...document.querySelectorAll(".bp-narrow")].filter((e) => e.parentNode.contains(figure));
  return {
    name: figure.getAttribute("aria-label"),
    beside: place.classList.contains("bp-beside"),
    box,
    header: document.querySelector(".bd-header-article").getBoundingClientRect().bottom,
    window: innerHeight,
    text: Math.max(...text.map((e) => e.getBoundingClientRect().right)),
    // The cell's code, or the line that stands for it where it is folded.
    input: figure.closest(".cell").querySelector("details:has(> .cell_input), .cell_input")
      .getBoundingClientRect().toJSON(),
  };
})"""

# The characters of each full line of prose without formulas, by the width of its column.
LINES = """() => {
  const lines = {};
  for (const p of document.querySelectorAll(".bd-article section > p")) {
    if (p.querySelector(".math, mjx-container")) continue;
    const range = document.createRange();
    const letters = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
    const found = [];
    let bottom = -Infinity;
    for (let text; (text = letters.nextNode()); )
      for (let k = 0; k < text.length; k++) {
        range.setStart(text, k);
        range.setEnd(text, k + 1);
        const box = range.getBoundingClientRect();
        if (!box.width) continue;
        if (box.top > bottom) {
          found.push(0);
          bottom = box.bottom;
        }
        found[found.length - 1] += 1;
      }
    if (found.length > 1) (lines[p.offsetWidth] ??= []).push(...found.slice(0, -1));
  }
  return lines;
}"""

# What has the focus: its name, and what covers a part of it or cuts it off.
FOCUS = """() => {
  const e = document.activeElement;
  const box = e.getBoundingClientRect();
  const over = [];
  for (const y of [box.top + 1, (box.top + box.bottom) / 2, box.bottom - 1]) {
    const x = Math.min(box.right - 1, Math.max(box.left + 1, (box.left + box.right) / 2));
    const seen = document.elementFromPoint(x, y);
    const cover = seen?.closest(".bd-header-article, .bp-said, .skip-link");
    if (!seen || (cover && !cover.contains(e))) over.push(cover?.className ?? "outside the window");
  }
  const figure = e.closest(".bp-live:not(.bp-live *)");
  return [figure?.id ?? "", e.getAttribute("aria-label") ?? e.textContent, over];
}"""

# Where text and figures stand, from the beginning of the page.
PLACES = """() => [...document.querySelectorAll(".bd-article section > *")].map((e) => {
  const { left, top, width } = e.getBoundingClientRect();
  return [left, Math.round(top + scrollY), width];
})"""


def resize(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    settle(page)
    settle(page)


def test_a_figure_stands_beside_its_text_where_both_have_room(open_page):
    page = (visit := open_page(CHAPTER)).page
    columns = set()
    for width, height in [*DESK, *NO_ROOM, DESK[0]]:
        resize(page, width, height)
        desk = (width, height) in DESK
        assert page.evaluate(TOO_WIDE) <= 0
        figures = page.evaluate(LOOK, FIGURES)
        assert any(figure["beside"] for figure in figures) == desk
        for figure in figures:
            box = figure["box"]
            if figure["beside"]:
                assert box["width"] >= LEAST
                assert figure["header"] <= box["top"] < box["bottom"] <= figure["window"], figure
                assert figure["text"] < box["left"]
            elif figure["input"]["width"]:  # a line of its own, not one with the folded cells before it
                assert box["top"] >= figure["input"]["bottom"]
                assert box["left"] == pytest.approx(figure["input"]["left"], abs=4)
        for column, lines in page.evaluate(LINES).items() if desk else ():
            middle, most = (sorted(lines)[len(lines) * k // 10] for k in (5, 9))
            assert 60 <= middle <= most <= 75, (width, column, lines)
            columns.add(column)
    assert len(columns) > 1, "beside a figure the text is narrower than elsewhere"

    page.emulate_media(media="print")
    for place in page.locator(".bp-beside, .bp-beside > div").all():
        assert place.evaluate("(e) => getComputedStyle(e).position") == "static"
    page.emulate_media(media="screen")
    assert not visit.faults


def test_the_keyboard_reaches_figures_and_sees_where_it_is(open_page):
    """From the first Tab stop to each figure, through it and back, while it says that it heard nonsense."""
    page = (visit := open_page(CHAPTER)).page
    page.evaluate(THIN)
    links = page.locator(".skip-link a")
    assert links.count() == 1 + page.locator(FIGURES).count()
    for link in links.all():
        page.keyboard.press("Tab")
        assert link.evaluate("(link) => link === document.activeElement")
        assert all(link.is_visible() for link in links.all())
    for size in [DESK[0], NO_ROOM[0]]:
        resize(page, *size)
        for k, figure in enumerate(page.locator(FIGURES).all()):
            links.nth(k + 1).press("Enter")
            settle(page)
            assert figure.evaluate("(figure) => figure === document.activeElement")
            assert 0 <= figure.bounding_box()["y"] < size[1] / 2
            for field in figure.locator("input[type=text]:visible").all()[:1]:
                field.fill("nonsense")
                field.press("Enter")
            figure.focus()
            for key in ("Tab", "Shift+Tab"):
                page.keyboard.press(key)
                stops = []
                while (stop := page.evaluate(FOCUS))[0] == figure.get_attribute("id"):
                    stops.append(stop)
                    page.keyboard.press(key)
                assert len(stops) > 3
                assert not [stop for stop in stops if stop[2]], size
    assert not visit.faults


def test_nothing_jumps_while_one_works_with_a_figure(open_page):
    page = (visit := open_page(CHAPTER, width=1440)).page
    figure = page.locator("#" + page.locator(".bp-beside .bp-live").nth(1).get_attribute("id"))
    control = figure.locator("input[type=range]").first
    control.focus()
    settle(page)
    before = page.evaluate(PLACES)
    for key in ["ArrowRight"] * 3 + ["End"]:
        page.keyboard.press(key)
        settle(page)
        assert page.evaluate(PLACES) == before
    figure.locator("summary").press("Enter")
    settle(page)
    assert page.evaluate(PLACES) == before, "a table that is opened makes the figure scroll"

    control.focus()
    settle(page)
    height = control.bounding_box()["y"]
    figure.evaluate("(e) => e.insertAdjacentHTML('beforeend', '<div style=\"height: 900px\"></div>')")
    page.wait_for_function("(e) => !e.closest('.bp-beside')", arg=figure.element_handle())
    settle(page)
    assert control.bounding_box()["y"] == pytest.approx(height, abs=2)
    assert control.evaluate("(e) => e === document.activeElement")
    assert not visit.faults


def test_the_contents_give_way_to_a_button(open_page):
    page = (visit := open_page(f"{CHAPTER}#break-it-on-purpose")).page
    asked = "document.querySelector(':target').getBoundingClientRect().top"
    assert 48 <= page.evaluate(asked) <= 80, "the page was laid out, and it stayed at the top"
    link = page.locator(".bd-sidebar-secondary a").nth(2)
    assert not link.is_visible()
    page.locator(".secondary-toggle").click()
    assert link.is_visible()
    link.click()
    assert not link.is_visible()
    assert page.evaluate("location.hash") == link.get_attribute("href")
    assert not visit.faults


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("05-matrices-and-batches", (1366, 650)),
        ("05-matrices-and-batches", (1440, 900)),
        ("04-two-layer-network", (1280, 800)),  # the narrowest that stand beside their text
    ],
)
def test_a_figure_keeps_its_place_whatever_its_tasks_open(open_page, name, size):
    page = (visit := open_page(f"book/{name}.html", width=size[0], height=size[1])).page
    settle(page)
    looks = """(figure) => {
      const [track, frame] = [figure.closest(".widget-subarea"), figure.closest(".widget-subarea > div")];
      return [track.classList.contains("bp-beside"), frame.scrollHeight - frame.clientHeight];
    }"""
    places = []
    for figure in page.locator(FIGURES).all():
        seen = [figure.evaluate(looks)]
        for name in ("Next ▸", "Next ▸", "Show everything"):
            button = figure.get_by_role("button", name=name)
            if button.count() and button.is_visible() and button.is_enabled():
                button.click()
                settle(page)
                seen.append(figure.evaluate(looks))
        assert len({beside for beside, _ in seen}) == 1, (figure.get_attribute("aria-label"), seen)
        assert not any(beside and scrolls > 0 for beside, scrolls in seen)
        places.append(seen[0][0])
    assert any(places) == (size[1] > 700)  # in the lower window none has room
    assert not visit.faults
