"""What comes back: two minutes at a chapter's opening, due misses, mixed problems, summaries from memory."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import recall
import wagers
from pages import THIN, modules, settle
from test_workbook import PUT, desk, download

from bplib.widgets.predict import predict

pytestmark = pytest.mark.browser

CHAPTER = "book/05-matrices-and-batches"
EXERCISES = "book/exercises/05-matrices-and-batches"
FIRST = "book/01-credit-assignment"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: What is kept, without how far the reader came on a page.
KEYS = """() => Object.keys(localStorage)
  .filter((key) => key.startsWith('backpropagation-live:') && !key.endsWith(':place')).sort()"""
HEADS = (
    '<link rel="stylesheet" href="{0}_static/bp/recall.css">'
    '<script defer src="{0}_static/bp/recall.js"></script>'
)
LOADED = """() => performance.getEntriesByType('resource').map(({ name }) => name)
  .filter((name) => /questions|predict[.]js/.test(name))"""
FIND = """() => document.querySelector('.bp-lines li')
  .dispatchEvent(new Event('beforematch', { bubbles: true }))"""

PURE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import { dayOf, dueFrom } from "./recall/schedule.js";
import { back, caseOf, mixed } from "./recall/choose.js";
Object.assign(window, { dayOf, dueFrom, back, caseOf, mixed, ready: true });
</script>"""


def easy(name, n):
    """A question with as many options as it takes to tell it from others."""
    options = [f"{n}", f"{n + 1}"]
    because = {options[1]: f"One too many for whoever counts from zero, in {name}."}
    return predict(f"How much is {n} * 1?", options, answer=str(n * 1), because=because, name=name)


#: The questions of a book: of chapters 1, 2 and 4; the third has none.
BOOK = {
    FIRST: [wagers.varied(), easy("one-a", 1)],
    "book/02-chain-rule": [easy("two-a", 3)],
    "book/04-two-layer-network": [easy("four-a", 5), easy("four-b", 7)],
}


def scripts():
    state = {
        page: {str(k): {"state": made.get_state()} for k, made in enumerate(asked)}
        for page, asked in BOOK.items()
    }
    about = {page: {"title": page[8:].replace("-", " "), "href": f"{page}.html"} for page in BOOK}
    return recall.index({page: recall.asked(each) for page, each in state.items()}, about)


@pytest.fixture
def come(windows, site, visits):
    """Open pages of the site as they are when its chapters ask these questions; the clock stands.

    Their figures and formulas, which take longest, are left out.
    """

    def visit(page, **options):
        visit = windows.open(site.url, shared=False, timezone_id="Europe/Berlin", **options)
        visits.append(visit)
        visit.page.clock.set_fixed_time(NOW)
        index = scripts()

        def asking(route):
            text = route.fetch().text()
            name = route.request.url.removeprefix(site.url).partition(".html")[0]
            if "bp-recall" not in text:
                before, body = text.split('<article class="bd-article">')
                body, after = body.split("</article>")
                body = recall.with_place(name, body)
                text = f'{before}<article class="bd-article">{body}</article>{after}'
            if "bp/recall.js" not in text:
                text = text.replace("</head>", HEADS.format("../" * name.count("/")) + "</head>")
            route.fulfill(body=text, content_type="text/html")

        visit.page.route("**/book/**/*.html", asking)

        def script(route):
            route.fulfill(body=index[re.search(r"questions.*", route.request.url)[0]])

        visit.page.route(re.compile(r"/_static/bp/questions.*\.js$"), script)
        heavy = re.compile(r"/(mathjax/.*|bp/(live|figures|beside|views/\w+))\.js")
        nothing = "window.MathJax = { startup: { promise: Promise.resolve() } };"
        visit.page.route(heavy, lambda route: route.fulfill(body=nothing))
        visit.page.goto(f"{site.url}{page}.html")
        return visit

    return visit


def line(page):
    return page.locator(".bp-recall summary")


def cards(page):
    return page.locator(".bp-recall .bp-predict")


def unfold(page):
    line(page).click()
    cards(page).nth(2).wait_for()


def answer(card, right=True):
    """Answer a question of this book as it is asked."""
    question = card.locator("legend").inner_text()
    if found := re.search(r"u = (\d), v = (\d)", question):
        card.get_by_label("Your number").fill(str(int(found[1]) * int(found[2]) * 2 if right else -1))
    else:
        card.get_by_role("radio").nth(0 if right else 1).check()
    card.get_by_role("button", name="I think so").click()
    assert card.locator(".bp-head").inner_text() == ("Right." if right else "Not so.")


def bets(*made):
    """An entry with these bets: how many days ago, and on which case what."""
    at = [(NOW - timedelta(days=ago)).isoformat().replace("+00:00", "Z") for ago, _, _ in made]
    told = [
        {"at": at, "case": case, "bet": bet, "sure": "sure"}
        for at, (_, case, bet) in zip(at, made, strict=True)
    ]
    return {"at": at[-1], "bets": told}


def test_a_miss_is_due_after_1_3_7_and_21_days(chromium, tmp_path):
    with modules(chromium, tmp_path, PURE) as page:

        def due(*made):
            call = "(made) => dueFrom(made.map(([day, right]) => ({ day, right }))) ?? null"
            return page.evaluate(call, made)

        assert due() is None
        assert due([0, True]) is None
        assert due([0, False]) == 1
        assert due([0, False], [0, True]) == 1, "what was told an hour ago is no memory"
        assert due([0, False], [1, True]) == 4
        assert due([0, False], [5, True], [8, True]) == 15
        assert due([0, False], [1, True], [4, True], [11, True]) == 32
        assert due([0, False], [1, True], [4, True], [11, True], [32, True]) is None
        assert due([0, False], [1, True], [4, True], [11, False]) == 12
        assert due([0, False], [1, True], [2, False]) == 3, "wrong before its day starts over, too"
        assert due([0, False], [1, True], [4, True], [11, True], [40, True], [50, False]) == 51
        # Days are the calendar's: from ten in the evening to seven in the morning is one.
        days = page.evaluate("['2026-03-10T22:00', '2026-03-11T07:00', '2026-03-30T01:00'].map(dayOf)")
        assert [day - days[0] for day in days] == [0, 1, 20]


def test_what_is_chosen(chromium, tmp_path):
    with modules(chromium, tmp_path, PURE) as page:
        book = [{"page": f"book/{k:02}-x", "name": f"{k}{x}"} for k in range(1, 9) for x in "abcd"]

        def chosen(how, here, seed="", **since):
            told = [each | ({"since": since[each["name"]]} if each["name"] in since else {}) for each in book]
            names = page.evaluate(f"([all, here, seed]) => {how}(all, here, seed)", [told, here, seed])
            assert len({each["name"] for each in names}) == len(names) == 3
            return [each["name"] for each in names]

        seeds = [str(k) for k in range(40)]
        drawn = [chosen("back", "book/07-x", seed) for seed in seeds]
        assert {name[0] for name, _, _ in drawn} == {"6"}
        assert {name[0] for _, name, _ in drawn} == {"3", "4", "5"}
        assert {name[0] for _, _, name in drawn} == {"1", "2", "3", "4", "5", "6"}
        assert len({tuple(each) for each in drawn}) > 30
        assert chosen("back", "book/07-x", "3") == drawn[3]
        # Misses: each in its place, that which is due longest first; also of later chapters, not of the page.
        for seed in seeds[:5]:
            due = chosen("back", "book/07-x", seed, **{"6c": 9, "4d": 9, "1a": 8, "8b": 7, "7a": 1})
            assert due == ["6c", "4d", "8b"]
        assert chosen("back", "book/07-x", "3", **{"1a": 8})[2] == "1a"
        assert {name[0] for name in chosen("back", "book/02-x")} == {"1"}
        drawn = [chosen("mixed", "book/exercises/05-x", seed) for seed in seeds]
        assert {name[0] for each in drawn for name in each} == {"1", "2", "3", "4"}
        assert all(len({name[0] for name in each}) == 3 for each in drawn)
        # Variants: never the book's own numbers, never those of last time.
        cases = page.evaluate("(seeds) => seeds.map((seed) => caseOf(9, 4, seed))", seeds)
        assert set(cases) == {1, 2, 3, 5, 6, 7, 8}
        assert page.evaluate("caseOf(1, 0, 'a')") == 0


def test_two_minutes_back(come):
    visit = come(CHAPTER)
    page = visit.page
    assert line(page).inner_text() == "Two minutes back: 3 questions"
    opening = page.locator("h1 ~ .bp-recall + section > h2")
    assert opening.count() == 1, "it stands after the opening, before the first section"
    assert page.evaluate(LOADED) == []
    unfold(page)
    assert cards(page).locator(".bp-tag").first.inner_text() == "From “two layer network”."
    pages = cards(page).locator(".bp-tag").all_inner_texts()
    assert re.search("credit|chain", pages[1]), pages
    answer(cards(page).nth(0))
    link = page.get_by_role("link", name="Where it was asked")
    assert re.search(r"/book/04-two-layer-network\.html#predict-four-[ab]$", link.evaluate("(a) => a.href"))
    answer(cards(page).nth(1), right=False)
    assert line(page).inner_text() == "Two minutes back: 3 questions"
    answer(cards(page).nth(2))
    assert line(page).inner_text() == "Two minutes back: 2 of 3 right, done for today"
    assert cards(page).get_by_role("button").all() == []
    page.reload()
    assert line(page).inner_text() == "Two minutes back: done for today"
    assert not page.get_by_role("button", name="Skip").is_visible()
    unfold(page)
    assert page.locator(".bp-recall .bp-head").all_inner_texts() == ["Right.", "Not so.", "Right."]
    page.clock.set_fixed_time(NOW + timedelta(days=1))
    page.reload()
    assert line(page).inner_text() == "Two minutes back: 3 questions"
    unfold(page)
    assert page.locator(".bp-recall .bp-head").count() == 0
    assert "missed on March 10" in " ".join(cards(page).locator(".bp-tag").all_inner_texts())
    assert not visit.faults


def test_a_due_miss_comes_back_with_other_numbers_until_it_is_done(come):
    visit = come(CHAPTER)
    page = visit.page
    # Missed yesterday; an entry that is no bet, and one on a case that there is no more, are none.
    page.evaluate(PUT, [FIRST, "predict-varied", bets((1, 0, -3.0))])
    page.evaluate(PUT, [FIRST, "predict-one-a", bets((1, 7, "2"))])
    seen = []
    for days, due in ((0, True), (1, False), (2, False), (3, True), (10, True), (31, True), (90, False)):
        page.clock.set_fixed_time(NOW + timedelta(days=days))
        page.reload()
        unfold(page)
        missed = cards(page).filter(has_text="missed on March 9")
        assert missed.count() == due, days
        if due:
            seen.append(missed.locator("legend").inner_text())
            answer(missed)
    assert len(seen) == 4
    assert "u = 3, v = 4" not in " ".join(seen)
    assert all(a != b for a, b in pairwise(seen))
    # The chapter itself knows only of the bet that was made there.
    kept = page.evaluate(f"JSON.parse(localStorage['backpropagation-live:1:{FIRST}:predict-varied'])")
    assert [len(kept["bets"]), len(kept["returned"])] == [1, 4]
    assert not visit.faults


def test_it_is_skipped_for_the_day_and_moves_nothing(come):
    visit = come(CHAPTER, width=390, height=844)
    page = visit.page
    height = page.locator(".bp-recall").bounding_box()["height"]
    assert height < 45, "one line"
    page.get_by_role("button", name="Skip").click()
    assert line(page).inner_text() == "Two minutes back: skipped for today"
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.reload()
    assert line(page).inner_text() == "Two minutes back: skipped for today"
    assert page.locator(".bp-recall").bounding_box()["height"] == height
    unfold(page)
    assert page.evaluate(KEYS) == [f"backpropagation-live:1:{CHAPTER}:recall-back"]
    page.clock.set_fixed_time(NOW + timedelta(days=1))
    page.route("**/bp/recall.js*", lambda route: route.fulfill(body=""))
    page.reload()
    assert line(page).inner_text() == "Two minutes back: 3 questions"
    assert page.locator(".bp-recall").bounding_box()["height"] == height, "as it is before its script runs"
    page.unroute("**/bp/recall.js*")
    page.reload()
    assert line(page).inner_text() == "Two minutes back: 3 questions"
    assert not visit.faults


def test_everybody_can_use_it(come, axe_in_both):
    visit = come(CHAPTER, width=390, height=844)
    page = visit.page
    line(page).focus()
    page.keyboard.press("Enter")
    cards(page).nth(2).wait_for()
    cards(page).get_by_role("button", name="No idea").nth(0).press("Enter")
    assert "bp-verdict" in page.evaluate("document.activeElement.className")
    page.get_by_label("First from memory").fill("1. Slopes.\n2. Shapes.")
    page.get_by_role("button", name="Compare with the chapter's").press("Enter")
    settle(page)
    assert page.evaluate(TOO_WIDE) <= 0
    page.evaluate(THIN)
    assert axe_in_both(page) == []
    assert not visit.faults


def test_the_summary_is_written_from_memory_first(come):
    visit = come(CHAPTER)
    page = visit.page
    lines, field = page.locator(".bp-lines"), page.get_by_label("First from memory")
    assert lines.get_attribute("hidden") == "until-found"
    assert lines.bounding_box()["height"] == 0
    assert lines.locator("li").count() == 5
    field.fill("Ask over which index it sums.")
    page.get_by_role("button", name="Compare with the chapter's").click()
    mine, books = field.bounding_box(), lines.bounding_box()
    assert books["x"] > mine["x"] + mine["width"], "side by side"
    assert abs(books["y"] - page.locator(".bp-memory").bounding_box()["y"]) < 8
    assert page.evaluate("document.activeElement.className") == "bp-lines"
    page.reload()
    assert field.input_value() == "Ask over which index it sums."
    assert lines.get_attribute("hidden") is None
    page.get_by_role("button", name="Fold it and write from memory").click()
    assert lines.get_attribute("hidden") == "until-found"
    page.reload()
    assert lines.get_attribute("hidden") == "until-found"
    # What it holds goes with the file, and is none of the cells.
    saved = json.loads(download(page, "Save my answers").path().read_text())
    assert saved["pages"][CHAPTER]["recall-summary"]["memory"] == "Ask over which index it sums."
    assert desk(page).get_by_text("Cells in the file: 0, pages: 1. Summaries from memory: 1.").is_visible()
    desk(page).get_by_role("button", name="Forget everything").click()
    page.get_by_role("button", name="Forget it").click()
    assert field.input_value() == ""
    assert page.evaluate(KEYS) == []
    page.reload()
    assert desk(page).get_by_text("fitting none of its cells").count() == 0
    # Not everybody wants to.
    page.get_by_role("button", name="Show the chapter's").click()
    assert lines.bounding_box()["height"] > 100
    assert not field.is_visible()
    page.reload()
    assert lines.bounding_box()["height"] > 100
    assert not visit.faults


def test_the_summary_opens_for_search_for_addresses_and_on_paper(come, windows, site):
    visit = come(CHAPTER)
    page, lines = visit.page, visit.page.locator(".bp-lines")
    page.emulate_media(media="print")
    assert lines.bounding_box()["height"] > 100
    page.emulate_media(media="screen")
    assert lines.bounding_box()["height"] == 0
    page.evaluate(
        "document.querySelector('.bp-lines li').dispatchEvent(new Event('beforematch', { bubbles: true }))"
    )
    assert lines.bounding_box()["height"] > 100
    page.reload()
    page.evaluate("() => { document.querySelector('.bp-lines li').id = 'here'; location.hash = 'here'; }")
    page.wait_for_function("!document.querySelector('.bp-lines').hidden")
    assert page.evaluate(KEYS) == [], "it was found, not asked for"
    plain = windows.open(site.url, shared=False, java_script_enabled=False)
    plain.page.goto(f"{site.url}{CHAPTER}.html")
    assert plain.page.locator("#summary > ol").is_visible()
    assert not plain.page.locator(".bp-recall").is_visible()
    plain.close()
    assert not visit.faults


def test_mixed_problems_are_others_each_time(come):
    visit = come(EXERCISES)
    page = visit.page
    assert line(page).inner_text() == "Mixed problems: 3 from earlier chapters"
    unfold(page)

    def drawn():
        return tuple(cards(page).locator("legend").all_inner_texts())

    seen = {drawn()}
    answer(cards(page).nth(0))
    for _ in range(3):
        page.locator(".bp-recall-card").first.evaluate("(card) => card.classList.add('before')")
        page.get_by_role("button", name="Other problems").click()
        page.wait_for_function("document.activeElement.matches('.bp-recall-card:not(.before)')")
        seen.add(drawn())
    page.clock.set_fixed_time(NOW + timedelta(days=1))
    page.reload()
    unfold(page)
    assert len(seen | {drawn()}) >= 4
    assert not visit.faults


def test_where_nothing_is_kept_it_lasts_for_the_visit_and_says_so(come):
    """Also where there is no workbook, as on a site without Python."""
    refuse = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } });"
    visit = come(CHAPTER, script=refuse)
    page = visit.page
    page.route("**/workbook.js*", lambda route: route.fulfill(body=""))
    page.reload()
    unfold(page)
    said = "This browser keeps nothing for this page: what you answer or write lasts until you leave it"
    assert said in page.locator(".bp-recall [role=status]").first.inner_text()
    for k in range(3):
        answer(cards(page).nth(k))
    assert line(page).inner_text() == "Two minutes back: 3 of 3 right, done for today"
    page.get_by_label("First from memory").fill("a")
    assert said in page.locator(".bp-memory [role=status]").inner_text()
    assert not visit.foreign
