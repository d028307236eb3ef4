"""The map of the chapters on the first page, and how far a reader came on each of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import chapter_map
import pytest
import recall
import wagers
from pages import THIN, settle
from test_workbook import PUT, desk, download

pytestmark = pytest.mark.browser

HOME = "book/00-introduction.html"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DATA = "() => JSON.parse(document.querySelector('#bp-map script').textContent)"
LOADED = """() => performance.getEntriesByType('resource').map(({ name }) => name)
  .filter((name) => /bp.questions/.test(name))"""
KEPT = "(page) => JSON.parse(localStorage[`backpropagation-live:1:${page}:place`] ?? null)"
MISSED = {"case": 0, "bet": None, "sure": "none"}


@pytest.fixture
def come(windows, site, visits):
    """Open pages of the site, of which each chapter asks the same question; the clock stands.

    Their figures and formulas, which take longest, are left out.
    """

    def visit(path=HOME, scheme="http", **options):
        home = site.url if scheme == "http" else site.root.as_uri() + "/"
        visit = windows.open(home, shared=False, **options)
        visits.append(visit)
        visit.page.clock.set_fixed_time(NOW)
        heavy = re.compile(r"/(mathjax/.*|bp/(live|figures|beside|views/\w+))\.js")
        nothing = "window.MathJax = { startup: { promise: Promise.resolve() } };"
        visit.page.route(heavy, lambda route: route.fulfill(body=nothing))
        visit.page.goto(home + path)
        return visit

    return visit


def asking(page, chapters):
    """Let each of the chapters ask one question, from its index on."""
    asked = recall.asked({"0": {"state": wagers.choice().get_state()}})
    about = {each["page"]: {"title": each["title"], "href": f"{each['page']}.html"} for each in chapters}
    scripts = recall.index({each["page"]: asked for each in chapters}, about)
    served = re.compile(r"/_static/bp/(questions.*\.js)$")
    page.route(served, lambda route: route.fulfill(body=scripts[served.search(route.request.url)[1]]))


def put(page, chapter, cell, **entry):
    page.evaluate(PUT, [chapter["page"], cell, {"at": day(0), **entry}])


def day(ago):
    return (NOW - timedelta(days=ago)).isoformat().replace("+00:00", "Z")


def bet(ago, **more):
    return {"at": day(ago), "bets": [{"at": day(ago), **MISSED, **more}]}


def cards(page):
    return page.locator("#bp-map li")


def way(page):
    return page.locator("#bp-map .bp-map-on a")


def reload(page):
    page.reload()
    page.locator("#bp-map :is(.bp-map-graph, .bp-map-broad)").wait_for()  # on a phone a column
    settle(page)


@pytest.mark.parametrize("width", [1280, 820])
def test_the_chapters_stand_as_a_graph(come, site, width):
    visit = come(width=width, height=900)
    page = visit.page
    data = page.evaluate(DATA)
    page.locator("#bp-map svg path").first.wait_for(state="attached")
    settle(page)
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(LOADED) == [], "who has answered nothing needs no question"
    links = cards(page).get_by_role("link").all()
    assert [link.get_attribute("href") for link in links] == [each["href"] for each in data["chapters"]]
    assert all((site.root / "book" / each["href"]).is_file() for each in data["chapters"])
    names = [f"{each['number']} {each['title']}" for each in data["chapters"]]
    assert page.evaluate("[...document.querySelectorAll('#bp-map li a')].map((a) => a.textContent)") == names
    boxes = [card.bounding_box() for card in cards(page).all()]
    room = page.locator("#bp-map").bounding_box()
    wide = all(box["x"] + box["width"] < room["x"] + room["width"] + 1 for box in boxes)
    assert wide and all(box["x"] >= room["x"] for box in boxes)
    for k, a in enumerate(boxes):
        for b in boxes[:k]:
            apart = a["x"] > b["x"] + b["width"] or a["y"] > b["y"] + b["height"]
            assert apart or b["x"] > a["x"] + a["width"], "a chapter stands beside or below those before it"
    # What a card says has room in it, and every way ends at the card of its chapter.
    assert page.evaluate(
        "[...document.querySelectorAll('#bp-map li')].every((li) => li.scrollWidth <= li.clientWidth)"
    )
    heads = page.locator("#bp-map svg .bp-map-head").all()
    assert len(heads) == len(data["edges"])
    for head, (_, to, *_) in zip(heads, data["edges"], strict=True):
        end, card = head.bounding_box(), boxes[to]
        assert card["x"] - 12 < end["x"] < card["x"] + card["width"]
        assert card["y"] - 12 < end["y"] < card["y"] + card["height"]
    first = data["chapters"][0]
    assert way(page).inner_text() == f"Begin: chapter {first['number']}, {first['title']}"
    assert way(page).get_attribute("href") == first["href"]
    assert not visit.faults


def test_where_many_build_on_one_a_phone_has_them_in_a_column(come):
    visit = come(width=390, height=844)
    page = visit.page
    chapter = page.evaluate(DATA)["chapters"][0]
    names = [f"book/{k:02}-x" for k in range(1, 7)]
    needs = [[], names[:1], names[1:2], *[names[2:3]] * 3]
    fan = [
        {**chapter, "number": k, "page": page, "needs": before}
        for k, (page, before) in enumerate(zip(names, needs, strict=True), start=1)
    ]

    def with_fan(route):
        before, rest = route.fetch().text().split('<div id="bp-map">')
        after = rest.split("</script></div>", 1)[1]
        route.fulfill(body=before + chapter_map.listed(fan) + after, content_type="text/html")

    page.route(f"**/{HOME}", with_fan)
    page.reload()
    page.locator("#bp-map .bp-map-broad").wait_for()
    settle(page)
    boxes = [card.bounding_box() for card in cards(page).all()]
    assert all(a["y"] + a["height"] < b["y"] and a["x"] == b["x"] for a, b in pairwise(boxes))
    assert "builds on 3" in cards(page).last.inner_text()
    assert not page.locator("#bp-map svg").is_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#bp-map .bp-map-graph").wait_for()
    settle(page)
    assert page.locator("#bp-map svg .bp-map-head").count() == len(fan) - 1
    assert not faults(visit)


def test_a_chapter_lights_what_it_builds_on(come):
    visit = come()
    page = visit.page
    chapters = page.evaluate(DATA)["chapters"]
    page.locator("#bp-map svg path").first.wait_for(state="attached")

    def lit():
        is_lit = page.locator("#bp-map li").evaluate_all("(all) => all.map((li) => li.matches('.bp-needed'))")
        return [each["page"] for each, lit in zip(chapters, is_lit, strict=True) if lit]

    last = chapters[-1]
    assert lit() == []
    cards(page).last.hover()
    assert lit() == last["needs"] != []
    assert page.locator("#bp-map svg .bp-needed").count() == len(last["needs"])
    page.mouse.move(0, 0)
    assert lit() == []
    cards(page).nth(1).get_by_role("link").focus()
    assert lit() == chapters[1]["needs"]
    page.keyboard.press("Shift+Tab")
    assert lit() == []
    numbers = [str(each["number"]) for each in chapters if each["page"] in last["needs"]]
    assert f"builds on {' and '.join(numbers)}" in cards(page).last.evaluate("(li) => li.textContent")
    below = cards(page).last.bounding_box()["height"] - 12
    cards(page).last.click(position={"x": 60, "y": below})  # all of a card leads there
    page.wait_for_url(f"**/{last['href']}")
    assert not faults(visit)


def test_a_card_says_what_was_done_and_a_miss_lights_the_way_back(come, axe_in_both):
    visit = come(width=390, height=844)
    page = visit.page
    first, *_, last = chapters = page.evaluate(DATA)["chapters"]
    asking(page, chapters)
    for name in last["predictions"][:3]:
        put(page, last, f"predict-{name}", **bet(0, case=0))
    for checks in first["exercises"][:2]:
        for check in checks:
            page.evaluate(PUT, [first["practice"]["page"], check, {"at": day(0), "right": "Right: so."}])
    # What was missed the day before yesterday is due; a miss of today lights the map.
    put(page, first, "predict-choice", **bet(2))
    put(page, last, "predict-choice", **bet(0))
    reload(page)
    done = f"2 of {len(first['exercises'])} exercises"
    told = cards(page).first.inner_text()
    assert done in told
    assert "1 due today" in told
    assert f"{len(first['predictions'])} predictions" in told, "none of them is made"
    assert f"3 of {len(last['predictions'])} predictions" in cards(page).last.inner_text()
    assert "due" not in cards(page).last.inner_text()
    bars = page.evaluate(
        "[...document.querySelectorAll('#bp-map li')].map((li) => +li.style.getPropertyValue('--done'))"
    )
    assert bars[-1] == pytest.approx(3 / (len(last["predictions"]) + len(last["exercises"])))
    note = page.locator(".bp-map-note")
    assert note.inner_text().startswith(f"Missed in chapter {last['number']}. What it builds on is lit:")
    assert "missed here" in cards(page).last.inner_text()
    lit = [each for each in chapters if each["page"] in last["needs"]]
    assert page.locator("#bp-map li.bp-lit a").evaluate_all(
        "(all) => all.map((a) => a.getAttribute('href'))"
    ) == [each["href"] for each in lit]
    assert page.locator("#bp-map li.bp-lit").get_by_text("look back here").count() == len(lit)
    take = note.get_by_role("link", name="Take it again")
    assert take.get_attribute("href") == f"{last['href']}#predict-choice"
    page.evaluate(THIN)
    assert axe_in_both(page) == []
    # It is over with a right answer, wherever that is given; then the miss before it is the last one.
    right = {"at": day(0), "returned": [{"at": day(0), "case": 0, "bet": "larger", "sure": "sure"}]}
    put(page, last, "predict-choice", **{**bet(0), **right})
    reload(page)
    assert note.inner_text().startswith(f"Missed in chapter {first['number']}, which builds on no other.")
    note.get_by_role("button", name="Forget it").click()
    note.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.parentElement.className") == "bp-map-on"
    assert page.locator("#bp-map .bp-lit, #bp-map .bp-missed").count() == 0
    assert "due" not in page.locator("#bp-map ol").inner_text()
    assert not visit.faults


def go(page, path):
    page.goto(f"{page.url.rpartition('/book/')[0]}/book/{path}")


def faults(visit):
    """What went wrong; a page that is left soon asks for some of its files in vain."""
    return [fault for fault in visit.faults if not fault.startswith("request failed")]


def scroll_to(page, section):
    """Read down to a section, as far as the middle of the window, and a little more."""
    page.evaluate("(id) => document.getElementById(id).scrollIntoView()", section)
    settle(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_reader_comes_back_and_goes_on(come, scheme):
    """Also from a folder, where one page may be here before the one before it has said where it was."""
    visit = come(scheme=scheme)
    page = visit.page
    chapter = page.evaluate(DATA)["chapters"][-1]
    sections = chapter["sections"]
    k = next(k for k, (_, title) in enumerate(sections) if k > 1 and "(" not in title)
    line = page.locator(".bp-place")
    go(page, chapter["href"])
    assert not line.is_visible()
    scroll_to(page, sections[k][0])
    go(page, "00-introduction.html")
    page.get_by_role("link", name=f"Go on: chapter {chapter['number']}, {sections[k][1]}").wait_for()
    way(page).click()
    page.wait_for_url(f"**/{chapter['href']}#{sections[k][0]}")
    assert line.inner_text() == f"You were here last: {sections[k][1]}, section {k + 1} of {len(sections)}."
    assert line.evaluate("(line) => line.parentElement.className") == "bp-desk"
    assert not faults(visit)


def test_from_a_chapter_that_is_over_one_goes_on_to_the_next(come):
    """Over is what is read to its end, or done."""
    visit = come()
    page = visit.page
    first, second, *_ = page.evaluate(DATA)["chapters"]
    onward = f"Go on: chapter {second['number']}, {second['title']}"
    put(page, first, "place", place=first["sections"][2][0])
    for name in first["predictions"]:
        put(page, first, f"predict-{name}", **bet(0))
    *most, last = (check for checks in first["exercises"] for check in checks)
    for check in most:
        page.evaluate(PUT, [first["practice"]["page"], check, {"at": day(0), "right": "Right: so."}])
    reload(page)
    assert way(page).get_attribute("href") == f"{first['href']}#{first['sections'][2][0]}"
    page.evaluate(PUT, [first["practice"]["page"], last, {"at": day(0), "right": "Right: so."}])
    reload(page)
    assert way(page).inner_text() == onward
    assert way(page).get_attribute("href") == second["href"]
    page.evaluate("localStorage.clear()")
    put(page, first, "place", place=first["sections"][-1][0])
    reload(page)
    assert way(page).inner_text() == onward
    # After the last chapter there is none.
    last = page.evaluate(DATA)["chapters"][-1]
    page.evaluate("localStorage.clear()")
    put(page, last, "place", place=last["sections"][-1][0])
    reload(page)
    assert way(page).get_attribute("href") == f"{last['href']}#{last['sections'][-1][0]}"
    assert not faults(visit)


def test_a_place_is_kept_for_each_page_and_forgotten_with_the_rest(come):
    visit = come()
    page = visit.page
    chapter = page.evaluate(DATA)["chapters"][-1]
    section = chapter["sections"][2][0]
    go(page, chapter["href"])
    scroll_to(page, section)
    page.reload()
    # A page that is opened and left as it is keeps what it had.
    go(page, chapter["href"])
    page.reload()
    assert page.evaluate(KEPT, chapter["page"])["place"] == section
    # Exercises have their places, too.
    practice = chapter["practice"]
    go(page, practice["href"])
    page.clock.set_fixed_time(NOW + timedelta(hours=1))
    scroll_to(page, practice["sections"][1][0])
    go(page, "00-introduction.html")
    page.get_by_role("link", name=f"Go on: chapter {chapter['number']}, exercises: 2. ").wait_for()
    # It goes with the file of answers, and all of it is forgotten here.
    saved = json.loads(download(page, "Save my answers").path().read_text())
    assert saved["pages"][chapter["page"]]["place"]["place"] == section
    desk(page).get_by_role("button", name="Forget everything").click()
    page.get_by_role("button", name="Forget it").click()
    assert way(page).inner_text().startswith("Begin: chapter")
    reload(page)
    assert way(page).inner_text().startswith("Begin: chapter")
    assert not faults(visit)


def test_what_is_forgotten_on_a_chapter_stays_so_when_it_is_left(come):
    visit = come()
    page = visit.page
    chapter = page.evaluate(DATA)["chapters"][0]
    go(page, chapter["href"])
    scroll_to(page, chapter["sections"][2][0])
    page.reload()
    assert page.locator(".bp-place").count() == 1
    assert page.evaluate(KEPT, chapter["page"])["place"] == chapter["sections"][2][0]
    page.locator(".bp-desk > details").evaluate("(details) => { details.open = true; }")
    desk(page).get_by_role("button", name="Forget everything").click()
    page.get_by_role("button", name="Forget it").click()
    assert not page.locator(".bp-place").is_visible()
    go(page, "00-introduction.html")
    assert page.evaluate(KEPT, chapter["page"]) is None
    assert not faults(visit)


def test_a_place_that_is_no_more_leads_to_its_chapter(come):
    visit = come()
    page = visit.page
    chapter = page.evaluate(DATA)["chapters"][1]
    put(page, chapter, "place", place="gone<b>")
    reload(page)
    assert way(page).inner_text() == f"Go on: chapter {chapter['number']}, {chapter['title']}"
    assert way(page).get_attribute("href") == chapter["href"]
    go(page, chapter["href"])
    assert not page.locator(".bp-place").is_visible()
    assert not faults(visit)


def test_without_scripts_and_on_paper_it_is_a_list(windows, site, come):
    plain = windows.open(site.url, shared=False, java_script_enabled=False)
    plain.page.goto(site.url + HOME)
    items = plain.page.locator("#bp-map li")
    assert items.count() > 1
    assert "about" in items.first.inner_text() and "predictions" in items.first.inner_text()
    assert "builds on 1" in items.nth(1).inner_text()
    assert plain.page.locator("#bp-map a").first.inner_text().startswith("Begin: chapter 1")
    plain.close()
    page = come().page
    page.locator("#bp-map svg path").first.wait_for(state="attached")
    page.emulate_media(media="print")
    tops = [card.bounding_box() for card in cards(page).all()]
    assert all(a["x"] == b["x"] and a["y"] + a["height"] <= b["y"] for a, b in pairwise(tops))
    assert "builds on" in cards(page).nth(1).inner_text()
    assert not page.locator("#bp-map svg").is_visible()
