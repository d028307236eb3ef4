"""Predictions: one commits, then sees; what is folded opens; bets are kept, counted and taken along."""

from __future__ import annotations

import json
import re

import pytest
import wagers
from pages import modules, settle
from test_workbook import EXERCISES, Cells, desk, download, write_plain
from wagers import KINDS, NO_NUMBERS, WAGERS, choice, many, number, order, place, sign

pytestmark = pytest.mark.browser

GALLERY = "book/A5-figures.html"
PAGE = "book/A5-figures"
KEYS = "() => Object.keys(localStorage).filter((key) => key.includes('predict')).sort()"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

JUDGE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import { judge, numberIn, unpack } from "./predict/judge.js";
const read = (asked, bet) => (asked.kind === "number" && typeof bet === "string" ? numberIn(bet) : bet);
window.judged = (asked, bet) => judge(asked, unpack(asked.packed), read(asked, bet));
window.ready = true;
</script>"""


def test_the_page_judges_as_python_does(chromium, tmp_path):
    with modules(chromium, tmp_path, JUDGE) as page:
        for make, bet, sentence in WAGERS:
            (asked,) = make().spec["cases"]
            told = page.evaluate("([asked, bet]) => judged(asked, bet)", [asked, bet])
            assert told == {"right": not sentence, "sentence": sentence}, (make, bet)


@pytest.fixture
def asked(show):
    """Open a page of these predictions, as JupyterLab has them: without anything that keeps bets."""

    def ask(*made, **options):
        return show(*made, traits=("spec",), site=False, **options)

    return ask


def card(page, k=0):
    return page.locator(f"#figure-{k} .bp-predict")


def press(card, name):
    card.get_by_role("button", name=name, exact=True).click()


def verdict(card):
    """What is said, line by line."""
    return card.locator(".bp-verdict p").all_inner_texts()


def bet(card, kind, made):
    """Answer as a reader does."""
    if kind in (choice, sign):
        card.get_by_label(made, exact=True).check()
    elif kind in (number, many):
        card.get_by_label("Your number").fill(str(made))
    elif kind is order:
        for k, item in enumerate(made):
            while card.locator(".bp-item").all_inner_texts().index(item) > k:
                press(card, f"{item}: up")
    else:
        for k, y in enumerate(made):
            handle = card.get_by_role("slider").nth(k)
            handle.press("End" if y > 0 else "Home")
            for _ in range(round((1 - abs(y)) / 0.05)):
                handle.press("ArrowDown" if y > 0 else "ArrowUp")


@pytest.mark.parametrize("kind", [*KINDS, many])
def test_every_bet_gets_its_own_sentence(asked, kind):
    made = [(bet, sentence) for maker, bet, sentence in WAGERS if maker is kind]
    visit = asked(*(kind() for _ in made))
    for k, (made_bet, sentence) in enumerate(made):
        if kind is order and made_bet == kind().cases[0].shown["items"]:
            continue  # moving nothing is no bet; see below
        one = card(visit.page, k)
        assert verdict(one) == []
        bet(one, kind, made_bet)
        press(one, "I think so")
        head, you, *rest = verdict(one)
        assert head == ("Not so." if sentence else "Right.")
        assert you.startswith("You: ") and "sure" not in you
        assert rest[1:] == ([sentence.replace("`", "")] if sentence else [])
        assert one.locator("fieldset").first.evaluate("(fields) => fields.disabled")
    assert not visit.faults


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_no_bet_and_no_idea_is_an_answer(asked, kind):
    visit = asked(kind())
    one = card(visit.page)
    press(one, "I'm sure")
    assert verdict(one) == []
    assert re.search("first, or press|A number is missing|number", one.locator(".bp-fault").inner_text())
    press(one, "No idea")
    assert verdict(one)[0] == "No idea yet, and said so."
    assert len(verdict(one)) == 2
    assert one.locator(".bp-fault").inner_text() == ""
    assert one.locator("input:checked").count() == 0
    press(one, "Predict again")
    assert verdict(one) == []
    assert not visit.faults


def test_a_bet_is_played_back_and_sure_is_said(asked):
    page = asked(choice(), number(), order(), place()).page
    bet(card(page), choice, "smaller")
    press(card(page), "I'm sure")
    assert verdict(card(page)) == [
        "Not so.", "You: smaller, and you were sure.", "It is 8 times larger.", wagers.SMALLER,
    ]  # fmt: skip
    bet(card(page, 1), number, "6.1")
    card(page, 1).get_by_label("Your number").press("Enter")
    assert verdict(card(page, 1)) == ["Right.", "You: 6.1.", "It is: 6."]
    bet(card(page, 2), order, ["loss", "squash", "mix"])
    press(card(page, 2), "I think so")
    assert verdict(card(page, 2))[1] == "You: loss, then squash, then mix."
    bet(card(page, 3), place, [0.4, 0.4, 0.5, -0.3])
    press(card(page, 3), "I think so")
    assert verdict(card(page, 3))[1] == "You: left: 0.4; near: 0.4; far: 0.5; right: −0.3."


def test_what_is_no_number_says_why(asked):
    page = asked(number()).page
    for text, said in NO_NUMBERS.items():
        bet(card(page), number, text)
        press(card(page), "I think so")
        assert said in card(page).locator(".bp-fault").inner_text(), text
        assert verdict(card(page)) == [], text


def test_another_round_has_other_numbers(asked):
    made = wagers.varied()
    page = asked(made).page
    for case in [*made.cases, made.cases[0]]:
        assert case.question in card(page).locator("legend").inner_text()
        bet(card(page), number, case.answer)
        press(card(page), "I think so")
        assert verdict(card(page))[0] == "Right."
        press(card(page), "Again, with other numbers")
        assert page.evaluate("document.activeElement.tagName") == "INPUT"


def test_it_is_made_by_keyboard(asked):
    visit = asked(choice(), order(), place())
    page = visit.page
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert verdict(card(page))[1] == "You: smaller, and you were sure."
    assert page.evaluate("document.activeElement.className").startswith("bp-verdict")
    # Rows move, and the focus goes with them.
    one = card(page, 1)
    one.get_by_role("button", name="mix: down").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # further than the end there is nothing
    assert one.locator(".bp-item").all_inner_texts() == ["squash", "loss", "mix"]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "mix: down"
    assert one.locator(".bp-heard").inner_text() == "mix is now number 3 of 3."
    # The page's own keys get none of them; what goes with Ctrl is the application's.
    page.evaluate("bubbled.length = 0")
    handle = card(page, 2).get_by_role("slider", name="near: height")
    handle.focus()
    for key in ("ArrowUp", "PageUp", "b", "Control+s"):
        page.keyboard.press(key)
    assert page.evaluate("bubbled").count("b") == 0
    assert "s" in page.evaluate("bubbled")
    assert handle.get_attribute("aria-valuetext") == "0.3"
    assert not visit.faults


def test_handles_are_dragged_tapped_and_chosen(asked):
    page = asked(place(), place(), place()).page

    def heights(k):
        return [
            float(grip.get_attribute("aria-valuenow")) for grip in card(page, k).get_by_role("slider").all()
        ]

    box = card(page).get_by_role("slider").first.locator(".bp-dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 40, steps=4)
    page.mouse.up()
    page.mouse.move(x, y)
    assert heights(0)[0] > 0.2
    assert heights(0)[1:] == [0, 0, 0]
    drawing = card(page, 1).locator(".bp-draw").bounding_box()
    page.mouse.click(drawing["x"] + drawing["width"] - 60, drawing["y"] + 30)
    assert heights(1)[:3] == [0, 0, 0]
    assert heights(1)[3] > 0.5
    for k, picture in enumerate(place().cases[0].shown["pictures"]):
        card(page, 2).get_by_role("radio").nth(k).check()
        assert heights(2) == pytest.approx(picture)
    assert card(page, 2).get_by_role("radio").last.get_attribute("aria-label").startswith("picture 4: ")
    # Moved from there, it is no picture any more.
    card(page, 2).get_by_role("slider").first.press("ArrowUp")
    assert card(page, 2).locator("input:checked").count() == 0
    press(card(page, 2), "I think so")
    assert card(page, 2).locator(".bp-so rect").count() == 4
    before = heights(2)
    card(page, 2).get_by_role("slider").first.press("ArrowUp")
    assert heights(2) == before, "what is said stays"


def test_a_finger_that_pulls_a_handle_does_not_scroll(asked):
    page = asked(*(place() for _ in range(5)), width=390, height=500, has_touch=True).page
    page.evaluate("scrollTo(0, 60)")
    settle(page)
    before = page.evaluate("scrollY")
    handle = card(page).get_by_role("slider").first
    box = handle.locator(".bp-dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    send("touchStart", {"x": x, "y": y})
    for moved in range(5, 61, 5):
        send("touchMove", {"x": x, "y": y - moved})
    send("touchEnd")
    settle(page)
    assert page.evaluate("scrollY") == before > 0
    assert float(handle.get_attribute("aria-valuenow")) > 0.6


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(asked, axe, scheme):
    visit = asked(*(kind() for kind in KINDS), color_scheme=scheme, width=390, height=844)
    page = visit.page
    assert axe(page) == []
    assert page.evaluate(TOO_WIDE) <= 0
    for k in range(len(KINDS)):
        press(card(page, k), "No idea" if k else "I think so")
    assert axe(page) == []
    assert page.evaluate(TOO_WIDE) <= 0
    small = """() => [...document.querySelectorAll(".bp-predict :is(button, label:not(.bp-field))")]
      .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 24).map((e) => e.textContent)"""
    assert page.evaluate(small) == []
    assert not visit.faults


# On the site.


def first(page):
    return page.locator("#predict-weight-zero")


NOTE = "The output and a paragraph are folded here until you have predicted."


@pytest.fixture
def gallery(open_page):
    def visit(**options):
        visit = open_page(GALLERY, **options)
        visit.page.locator(".bp-predict").last.wait_for()
        settle(visit.page)
        return visit

    return visit


def is_folded(page):
    """Whether what gives the answer away is out of sight, both of it."""
    return page.evaluate("[...document.querySelectorAll('.bp-folded')].map((e) => e.offsetHeight)") == [0, 0]


def test_what_gives_it_away_is_folded_until_the_bet(gallery):
    visit = gallery()
    page = visit.page
    assert is_folded(page)
    assert page.get_by_text(NOTE).is_visible()
    assert page.locator(".bp-folded").first.get_attribute("hidden") == "until-found"
    # The code beside it stays, and so do the next question and the paragraph before it.
    assert page.get_by_text("A number and how far a bet may be off").is_visible()
    first(page).get_by_label("zero").check()
    press(first(page), "I think so")
    assert page.locator(".bp-folded, .bp-fold").count() == 0
    assert page.get_by_text("w = 0.5: the gradient is").is_visible()
    assert page.get_by_text("At 0 the neuron is further from its target").is_visible()
    assert not visit.faults


def test_no_idea_opens_it_too(gallery):
    page = gallery().page
    press(first(page), "No idea")
    assert page.locator(".bp-folded").count() == 0


def test_a_button_opens_it_and_leads_there(gallery):
    page = gallery().page
    press(page.locator(".bp-fold"), "Show them")
    assert page.locator(".bp-folded").count() == 0
    assert "the gradient is" in page.evaluate("document.activeElement.textContent")
    assert verdict(first(page)) == []


def test_everything_is_shown_and_stays_so(gallery):
    page = gallery().page
    press(page.locator(".bp-fold"), "Show everything on this page")
    assert page.locator(".bp-folded, .bp-fold").count() == 0
    page.reload()
    page.locator(".bp-bets").wait_for()
    assert page.locator(".bp-folded, .bp-fold").count() == 0
    # The way back.
    press(first(page), "No idea")
    press(page.locator(".bp-bets"), "Forget the predictions of this page")
    page.reload()
    page.locator(".bp-bets").wait_for()
    assert is_folded(page)


def test_the_browser_s_search_opens_it(gallery):
    """Where it finds something in what is hidden until found, it says so before it shows it."""
    page = gallery().page
    left = page.evaluate(
        """() => {
          document.querySelector(".bp-folded").dispatchEvent(new Event("beforematch", {bubbles: true}));
          return document.querySelectorAll(".bp-folded, .bp-fold, [hidden=until-found]").length;
        }"""
    )
    assert left == 0


def test_an_address_that_leads_into_it_opens_it(gallery):
    page = gallery().page
    page.evaluate(
        "() => { document.querySelectorAll('.bp-folded')[1].id = 'inside'; location.hash = 'inside'; }"
    )
    page.wait_for_function("document.querySelectorAll('.bp-folded').length === 0")


def test_paper_has_all_of_it(gallery):
    page = gallery().page
    page.emulate_media(media="print")
    heights = page.evaluate(
        "[...document.querySelectorAll('.bp-folded')].map((e) => e.getBoundingClientRect().height)"
    )
    assert len(heights) == 2 and min(heights) > 15
    page.emulate_media(media="screen")
    assert is_folded(page)


def test_without_scripts_nothing_is_folded_and_the_question_is_there(windows, site):
    visit = windows.open(site.url, shared=False, java_script_enabled=False)
    visit.page.goto(site.url + GALLERY)
    text = visit.page.locator(".bd-article").inner_text()
    assert "w = 0.5: the gradient is" in text
    assert "Predict: A weight `w` meets the input 2" in text
    assert "(zero, smaller than at 0.5 or larger than at 0.5)" in text
    visit.close()


def test_bets_are_counted_kept_and_forgotten(gallery):
    visit = gallery()
    page = visit.page
    count = page.locator(".bp-bets")
    assert "None of the 5 on this page is made yet." in count.inner_text()
    first(page).get_by_label("zero").check()
    press(first(page), "I'm sure")
    bet(page.locator("#predict-square-twice"), number, 24)
    press(page.locator("#predict-square-twice"), "I'm sure")
    press(page.locator("#predict-sign-of-bias"), "No idea")
    assert "1 of 3 right, each time by your first bet; 2 of 5 are not made yet." in count.inner_text()
    link = count.get_by_role("link")
    assert link.all_inner_texts() == [
        "A weight w meets the input 2; the target is 0.8. At w = 0, how large is its gradient?"
    ]
    link.click()
    assert page.evaluate("location.hash") == "#predict-weight-zero"
    # A second bet, which knows the answer, changes no count.
    press(first(page), "Predict again")
    first(page).get_by_label("larger than at 0.5").check()
    press(first(page), "I'm sure")
    assert "1 of 3 right" in count.inner_text()
    names = ["sign-of-bias", "square-twice", "weight-zero"]
    assert page.evaluate(KEYS) == [f"backpropagation-live:1:{PAGE}:predict-{name}" for name in names]
    page.reload()
    page.locator(".bp-predict").last.wait_for()
    page.wait_for_function("document.querySelector('.bp-bets')?.textContent.includes('1 of 3 right')")
    assert verdict(first(page))[0] == "Right."
    assert verdict(page.locator("#predict-sign-of-bias"))[0] == "No idea yet, and said so."
    assert page.locator(".bp-folded").count() == 0
    press(count, "Forget the predictions of this page")
    assert page.evaluate(KEYS) == []
    assert verdict(first(page)) == []
    assert "None of the 5" in count.inner_text()
    assert not visit.faults


def test_bets_go_with_the_file_and_into_no_notebook(gallery, tmp_path):
    visit = gallery()
    page, cells = visit.page, Cells(visit.page)
    first(page).get_by_label("zero").check()
    press(first(page), "I'm sure")
    write_plain(page, cells[0], "a = 1")
    got = download(page, "Save my answers")
    got.save_as(tmp_path / "answers.json")
    assert (
        desk(page)
        .get_by_text("Cells in the file: 1, pages: 1. Predictions that come with it: 1.")
        .is_visible()
    )
    saved = json.loads((tmp_path / "answers.json").read_text())["pages"][PAGE]
    (kept,) = saved["predict-weight-zero"]["bets"]
    assert kept | {"at": ""} == {"at": "", "case": 0, "bet": "zero", "sure": "sure"}
    desk(page).get_by_role("button", name="Forget everything").click()
    page.get_by_role("button", name="Forget it").click()
    assert page.evaluate(KEYS) == []
    assert verdict(first(page)) == []
    page.locator("input[type=file]").set_input_files(tmp_path / "answers.json")
    desk(page).get_by_text(
        "holds answers for 1 cells. Nothing of it runs until you run it. Predictions"
    ).wait_for()
    desk(page).get_by_role("button", name="Put them").click()
    assert verdict(first(page))[1] == "You: zero, and you were sure."
    assert "0 of 1 right" in page.locator(".bp-bets").inner_text()
    assert desk(page).get_by_text("fitting none of its cells").count() == 0
    assert not [fault for fault in visit.faults if "codemirror" not in fault]


def test_what_is_no_bet_is_not_taken_for_one(gallery):
    visit = gallery()
    page = visit.page
    put = f"([name, text]) => localStorage.setItem(`backpropagation-live:1:{PAGE}:predict-${{name}}`, text)"
    at = "2026-01-02T12:00:00.000Z"

    def entry(bet, case=0):
        return json.dumps({"at": at, "bets": [{"at": at, "case": case, "bet": bet, "sure": "sure"}]})

    wrong = {
        "weight-zero": entry("an option of before"),
        "square-twice": entry(24, case=99),
        "sign-of-bias": json.dumps({"at": at, "bets": "none"}),
        "order-back": entry(["x", "x", "x"]),
        "slope-of-loss": entry([0, 0, 0, 9]),
    }
    for item in wrong.items():
        page.evaluate(put, list(item))
    page.reload()
    page.locator(".bp-predict").last.wait_for()
    page.wait_for_function("document.querySelector('.bp-bets')?.textContent.includes('None of the 5')")
    assert page.locator(".bp-verdict p").count() == 0
    assert not visit.faults


def test_it_needs_no_python(windows, site):
    """A site that was built without has no workbook: bets are kept and counted all the same."""
    visit = windows.open(site.url)
    page = visit.page
    page.route("**/workbook.js*", lambda route: route.fulfill(body=""))
    page.goto(site.url + GALLERY)
    page.locator(".bp-predict").last.wait_for()
    assert page.locator(".bp-desk").count() == 0
    bet(page.locator("#predict-square-twice"), number, 1)
    press(page.locator("#predict-square-twice"), "I think so")
    assert len(page.evaluate(KEYS)) == 1
    page.reload()
    page.wait_for_function("document.querySelector('.bp-bets')?.textContent.includes('0 of 1 right')")
    page.unroute("**/workbook.js*")
    assert not visit.faults
    visit.close()


def test_python_in_the_page_asks_too(open_page):
    """On a page without any, what draws a prediction comes when it is needed."""
    visit = open_page(EXERCISES)
    page, cells = visit.page, Cells(visit.page)
    call = """from bplib.widgets.predict import predict
predict("Is 2 > 1?", ["yes", "no"], answer="yes" if 2 > 1 else "no", name="larger",
        because={"no": "The larger number stands first here."})"""
    write_plain(page, cells[0], call)
    cells.run(cells[0])
    asked = cells[0].locator(".bp-output .bp-predict")
    asked.get_by_label("no").check()
    press(asked, "I think so")
    assert verdict(asked)[2:] == ["It is: yes.", "The larger number stands first here."]
    page_name = EXERCISES.removesuffix(".html")
    assert page.evaluate(KEYS) == [f"backpropagation-live:1:{page_name}:predict-larger"]
    assert not [fault for fault in visit.faults if "codemirror" not in fault]
