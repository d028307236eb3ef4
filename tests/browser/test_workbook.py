"""The workbook: a reader runs, changes and puts back the cells of a page, and sees what a notebook shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
import segno
from engines import ENGINES, equip
from grading.course import COURSE_ID
from grading.sandbox import Limits, SandboxError, ensure_sandbox
from nbgrader.api import Gradebook
from nbgrader.validator import Validator
from pages import ROOT, THIN, settle
from PIL import Image

pytestmark = pytest.mark.browser

EXERCISES = "book/exercises/01-credit-assignment.html"
CHAPTER = "book/01-credit-assignment.html"
PICTURED = "book/02-chain-rule.html"  # has a picture that matplotlib draws
COST = "The cells of this page run here. The first run loads Python: 12 MB, a few seconds."
FIELD = "#when-do-the-shares-add-up > .bp-words"  # the field of an answer in words, and its solution
IN_WORDS = "#when-do-the-shares-add-up > .bp-solution"
ANSWER = "def predicted_change(dw, db, move_w, move_b):\nreturn dw * move_w + db * move_b"

PUT = """([page, cell, entry]) =>
  localStorage.setItem(`backpropagation-live:1:${page}:${cell}`, JSON.stringify(entry))"""
#: What is kept, without how far the reader came on a page.
KEYS = """() => Object.keys(localStorage)
  .filter((key) => key.startsWith('backpropagation-live:') && !key.endsWith(':place')).sort()"""
KEPT = [
    "book/exercises/01-credit-assignment",
    "ex1",
    {"at": "2026-01-02T12:00:00.000Z", "text": "print(6 * 7)"},
]


class Cells:
    """The cells of code on a page."""

    def __init__(self, page):
        self.page = page

    def __getitem__(self, k):
        return self.page.locator(".bd-article div.cell").nth(k)

    def holding(self, code):
        """Return the first cell whose code holds this."""
        return self.page.locator(".bd-article div.cell").filter(has_text=code).first

    def press(self, cell, name):
        cell.get_by_role("button", name=re.compile(f"^{name}")).click()

    def run(self, cell):
        """Run a cell and return what stands below it in the end."""
        self.press(cell, "Run")
        self.over(cell)
        return cell.locator(".bp-output").inner_text().strip()

    def over(self, cell):
        """Wait until a cell has run."""
        ended = "(cell) => !cell.querySelector('.bp-cell-bar button').disabled"
        self.page.wait_for_function(ended, arg=cell.element_handle(), timeout=90_000)

    def status(self, cell):
        return cell.locator(".bp-status").inner_text()

    def write(self, cell, code):
        """Open the editor and type in place of what is there, which indents by itself."""
        if cell.locator(".cm-content").count() == 0:
            self.press(cell, "Edit")
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(code)


def desk(page):
    return page.locator(".bp-desk")


def folded(page):
    """Return the line to which the desk folds."""
    return desk(page).locator("> details > summary").inner_text()


def unfold(page):
    desk(page).locator("> details").evaluate("(details) => { details.open = true; }")


def write_plain(page, cell, code):
    """Write into a cell, in the plain field, which takes text at once."""
    page.route("**/codemirror.js", lambda route: route.abort())
    cell.get_by_role("button", name="Edit").click()
    cell.locator("textarea").fill(code)
    page.unroute("**/codemirror.js")  # the window has other visitors


@pytest.fixture(scope="module")
def visit(windows, site):
    visit = windows.open(site.url)
    visit.page.goto(site.url + EXERCISES)
    yield visit
    visit.close()


@pytest.fixture(scope="module")
def cells(visit):
    return Cells(visit.page)


def test_nothing_is_loaded_before_a_reader_asks(cells, visit):
    asked = visit.page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in asked if re.search("python|codemirror|purify", name)]
    # What it costs stands in the line above the first cell, and in what each button says of itself.
    assert folded(visit.page) == "Python (first run: 12 MB) and your answers"
    assert visit.page.get_by_text(COST).is_hidden()
    unfold(visit.page)
    assert visit.page.get_by_text(COST).is_visible()
    run = cells[0].locator(".bp-cell-bar button").first
    assert run.inner_text() == "Run"
    assert run.get_attribute("title").endswith("The first run loads 12 MB, which takes a few seconds")
    assert visit.page.get_by_role("button", name="Start again").is_hidden()


def test_a_cell_runs_after_those_above_it(cells, visit):
    # The stub raises, and is marked as one that may.
    assert cells.run(cells[2]).startswith("Not yet")
    assert cells.status(cells[2]) == ""
    assert "12 MB" not in cells[0].locator(".bp-cell-bar button").first.get_attribute("title")
    assert folded(visit.page) == "Python (running) and your answers"
    assert visit.page.get_by_text("Python 3.12.7 with NumPy 2.0.2 runs in this page.").is_visible()


def test_a_plain_field_where_the_editor_does_not_come(cells, visit):
    plain = cells[17]
    write_plain(visit.page, plain, "print(6 * 7)")
    field = plain.locator("textarea")
    field.press("Shift+Enter")
    cells.over(plain)
    assert plain.locator(".bp-output").inner_text().strip() == "42"
    cells.press(plain, "Reset")
    assert "NotImplementedError" in field.input_value()


def test_python_is_started_again_while_idle(cells, visit):
    cells.write(cells[0], "later = 1")
    cells.run(cells[0])
    visit.page.get_by_role("button", name="Start again").click()
    visit.page.get_by_text("Python has started again; the next run begins").wait_for()
    cells.press(cells[0], "Reset")
    cells.write(cells[1], "print('later' in globals())")
    assert cells.run(cells[1]) == "False"
    cells.press(cells[1], "Reset")


def test_an_answer_is_written_checked_and_put_back(cells):
    cells.write(cells[1], ANSWER)
    assert cells.run(cells[2]) == "Right: change, in 3 cases of 3."
    cells.press(cells[1], "Reset")
    assert cells.run(cells[2]).startswith("Not yet")
    # Escape, then Tab: out of the editor, to the buttons.
    cells[1].locator(".cm-content").focus()
    cells.page.keyboard.press("Escape")
    cells.page.keyboard.press("Tab")
    assert cells.page.evaluate("() => document.activeElement.textContent") == "Run"


def test_an_error_says_what_and_where(cells):
    cells.write(cells[4], "a = [1]\na[1]")
    cells.page.keyboard.press("Shift+Enter")
    cells.over(cells[4])
    shown = cells[4].locator(".bp-output")
    assert shown.locator("p").inner_text() == "IndexError: list index out of range (cell 5, line 2)"
    shown.locator("summary").click()
    assert 'File "<cell 5>", line 2, in <module>' in shown.locator("pre").inner_text()
    cells.press(cells[4], "Reset")


def test_an_endless_loop_is_stopped(cells):
    cells.write(cells[3], "print('on')\nwhile True: pass")
    cells.press(cells[3], "Run")
    cells[3].locator(".bp-output pre").wait_for()
    cells.press(cells[3], "Stop")
    cells.over(cells[3])
    assert cells.status(cells[3]).startswith("Stopped.")
    cells.press(cells[3], "Reset")
    assert cells.run(cells[2]).startswith("Not yet")


def test_answers_come_back_and_are_reset(cells, visit):
    page, before = visit.page, visit.faults
    cells.write(cells[1], ANSWER)
    assert cells.run(cells[2]).startswith("Right")
    stem = f"backpropagation-live:1:{KEPT[0]}"
    assert page.evaluate(KEYS) == [f"{stem}:ex1", f"{stem}:ex1-check"]
    page.reload()
    settle(page)
    assert cells[1].locator(".bp-plain pre").inner_text() == ANSWER.replace("return", "    return")
    assert cells[1].locator(".cell_input").is_hidden()
    day = r"\w+ \d+, \d{4}"
    assert re.fullmatch(rf"Your text of {day}; Reset brings the book's back\.", cells.status(cells[1]))
    assert re.fullmatch(rf"On {day}: Right: change, in 3 cases of 3\.", cells.status(cells[2]))
    asked = page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in asked if re.search("python|codemirror|purify", name)]
    # What is there runs; another answer takes the verdict away.
    assert cells.run(cells[2]).startswith("Right")
    cells.press(cells[1], "Reset")
    assert cells.run(cells[2]).startswith("Not yet")
    assert page.evaluate(KEYS) == []
    assert cells[1].locator(".cell_input").is_visible()
    assert visit.faults == before


def test_help_comes_when_it_is_asked_for_and_the_solution_after_a_try(open_page):
    visit = open_page(EXERCISES, width=390, height=844)
    page = visit.page
    cells = Cells(page)
    first, second = (page.locator(".bp-hint").nth(k) for k in (0, 1))
    solution, why = page.locator(".bp-solution").first, page.locator(".bp-why").first
    assert second.is_hidden() and why.is_hidden()
    first.locator("summary").click()
    second.locator("summary").click()
    assert "Multiply each gradient" in second.inner_text()

    solution.locator("summary").click()
    steps = solution.locator(":scope > div:not(.bp-gate)")
    assert steps.count() == 3 and not [k for k in range(3) if steps.nth(k).is_visible()]
    assert "Write an answer and run it first" in solution.inner_text()
    cells.run(cells[2])  # the stub, checked, is no try
    assert steps.first.is_hidden()
    cells.write(cells[1], ANSWER.replace("+", "-"))
    assert cells.run(cells[2]).startswith("Not yet. change: one change is subtracted")
    assert steps.first.is_visible() and steps.nth(1).is_hidden() and why.is_hidden()
    for k in (1, 2):
        solution.get_by_role("button", name="Next step").click()
        assert steps.nth(k).is_visible()
        assert steps.nth(k).evaluate("(step) => step === document.activeElement")
    assert solution.get_by_role("button", name="Next step").is_hidden()
    assert "def predicted_change" in steps.nth(2).inner_text()

    cells[1].locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type(ANSWER)
    assert cells.run(cells[2]).startswith("Right")
    assert "Two numbers now predict every small move" in why.inner_text()
    page.reload()
    settle(page)
    solution.locator("summary").click()  # what was tried stays tried, and what was right stays right
    assert steps.first.is_visible() and steps.nth(1).is_hidden()
    assert "Two numbers now predict every small move" in why.inner_text()
    page.locator(".bp-solution").nth(1).locator("summary").click()  # of an exercise that was not tried
    assert "Write an answer and run it first" in page.locator(".bp-solution").nth(1).inner_text()
    assert visit.faults == []


HARM = '<img src="x" onerror="window.harm = 1"> </textarea><script>window.harm = 1</script>'
WORDS = f"1. The slope is $x_i$, so the sum gives $f$.\n\n2. Twice as much: $2 f^2$. {HARM}"


def field(page):
    return page.get_by_role("textbox", name="Your answer to 8. ")


def test_an_answer_in_words_is_written_kept_and_compared(open_page):
    visit = open_page(EXERCISES, width=390, height=844)
    page = visit.page
    solution = page.locator(IN_WORDS)
    solution.locator("summary").click()
    steps = solution.locator(":scope > div:not(.bp-gate)")
    assert "Write your answer into the field first" in solution.inner_text()
    field(page).focus()
    page.keyboard.type("No idea yet, sorry")
    page.keyboard.press("Tab")  # out of the field, to the hint
    assert page.evaluate("() => document.activeElement.textContent") == "Hint 1"
    assert not [k for k in range(4) if steps.nth(k).is_visible()]
    field(page).focus()
    page.keyboard.type(" but")
    assert steps.first.is_hidden()  # nothing moves while a reader writes
    field(page).fill(WORDS)
    page.keyboard.press("Tab")
    assert steps.count() == 4 and steps.first.is_visible() and steps.nth(1).is_hidden()
    assert page.evaluate("() => document.activeElement.textContent") == "Hint 1"
    for k in (1, 2, 3):
        solution.get_by_role("button", name="Next step").click()
        assert steps.nth(k).is_visible()
    assert "Euler" in steps.nth(2).inner_text()
    assert steps.nth(2).locator("ol").get_attribute("start") == "3"

    page.reload()
    settle(page)
    assert field(page).input_value() == WORDS
    told = page.locator(FIELD).get_by_role("status").inner_text()
    assert re.fullmatch(r"Your text of \w+ \d+, \d{4}\.", told)
    solution.locator("summary").click()
    assert steps.first.is_visible() and steps.nth(1).is_hidden()
    assert not page.evaluate("() => window.harm")
    field(page).fill("")  # as if nothing had been written
    assert page.evaluate(KEYS) == []
    assert visit.faults == []


def test_a_solution_in_words_opens_without_a_try_when_its_reader_says_so(open_page):
    page = open_page(EXERCISES).page
    solution = page.locator(IN_WORDS)
    solution.locator("summary").click()
    assert "the sum is" not in solution.inner_text()
    solution.get_by_role("button", name="Show it anyway").click()
    assert "the sum is" in solution.inner_text() and "Euler" not in solution.inner_text()
    for _ in range(3):
        solution.get_by_role("button", name="Next step").click()
    assert "Euler" in solution.inner_text()


def test_everybody_can_use_it(open_page, axe_in_both):
    visit = open_page(EXERCISES)
    cells = Cells(visit.page)
    for help_ in (".bp-hint", ".bp-solution"):
        visit.page.locator(f"{help_} summary").first.click()
    cells.write(cells[1], "import sys\nprint('told', file=sys.stderr)\n1 / 0  # an error")
    cells.run(cells[1])
    cells[1].locator("summary").click()
    settle(visit.page)
    visit.page.evaluate(THIN)
    assert axe_in_both(visit.page) == []
    assert visit.faults == []


def test_a_chapter_s_figure_is_made_again_and_a_picture_stays(open_page):
    visit = open_page(CHAPTER, scheme="file")
    cells = Cells(visit.page)
    figure = cells.holding("fig = live(")
    cells.run(figure)
    slider = figure.locator('.bp-output .bp-live input[type="range"]').first
    slider.press("ArrowRight")
    assert figure.locator(".cell_output:not(.bp-output)").is_hidden()
    assert visit.faults == []
    visit = open_page(PICTURED, scheme="file")
    cells = Cells(visit.page)
    picture = cells.holding("with style()")
    picture.locator("summary").first.click()
    assert cells.run(picture) == "matplotlib is not in the page; the stored picture stays."
    assert picture.locator(".cell_output:not(.bp-output) img").is_visible()
    assert visit.faults == []


def test_it_fits_a_phone(open_page):
    page = open_page(EXERCISES, width=390, height=844).page
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")


# What is kept.


def keep(page, *entries):
    """Keep entries, and load the page that finds them.

    Chromium hands on behind the page's back what it wrote: a page loaded in the same moment may miss it.
    """
    for _ in range(5):
        for put in entries:
            page.evaluate(PUT, put)
        wanted = len(page.evaluate(KEYS))
        page.reload()
        settle(page)
        if len(page.evaluate(KEYS)) == wanted:
            return
    raise AssertionError("Chromium keeps nothing")


def download(page, name):
    unfold(page)
    with page.expect_download() as begun:
        desk(page).get_by_role("button", name=name).click()
    return begun.value


REFUSED = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("no", "SecurityError"); } });"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


@pytest.mark.parametrize(
    ("script", "before", "after"),
    [
        (REFUSED, "This browser keeps nothing for this page", "This browser keeps nothing for this page"),
        (FULL, "What you write in cells", "The browser's store is full"),
    ],
    ids=["refused", "full"],
)
def test_storage_that_fails_is_told_and_the_file_has_all(open_page, script, before, after):
    visit = open_page(EXERCISES, script=script)
    page, cells = visit.page, Cells(visit.page)
    assert folded(page).endswith("and your answers")
    assert desk(page).get_by_text(before).is_visible() == (script == REFUSED)
    write_plain(page, cells[1], "a = 1")
    assert folded(page).endswith("and your answers")  # none is called kept
    assert desk(page).get_by_text(after).is_visible()
    saved = json.loads(Path(download(page, "Save my answers").path()).read_text())
    assert saved["pages"][KEPT[0]]["ex1"]["text"] == "a = 1"


@pytest.mark.parametrize("page", [EXERCISES, "book/00-introduction.html"])
def test_on_a_phone_the_desk_is_a_line_until_it_is_asked(open_page, axe, page):
    visit = open_page(page, width=390, height=844, color_scheme="dark")
    page = visit.page
    forget = desk(page).get_by_role("button", name="Forget everything here")
    assert desk(page).bounding_box()["height"] <= 56
    assert not forget.is_visible()
    summary = desk(page).locator("> details > summary")
    assert summary.bounding_box()["height"] >= 24
    summary.focus()
    page.keyboard.press("Enter")
    assert forget.is_visible()
    assert desk(page).get_by_text("kept in this browser and sent to nobody").is_visible()
    assert axe(page) == []
    page.keyboard.press("Enter")
    assert desk(page).bounding_box()["height"] <= 56
    # With answers too, and what is said of them stands outside.
    cell = page.evaluate("JSON.parse(document.getElementById('bp-cells').textContent)")
    keep(page, [cell["page"], cell["cells"][0], KEPT[2]])
    assert folded(page).endswith("your answers (1 kept)")
    assert desk(page).bounding_box()["height"] <= 56
    download(page, "Save my answers")
    desk(page).locator("> details").evaluate("(details) => { details.open = false; }")
    assert desk(page).get_by_text("Cells in the file: 1, pages: 1.").is_visible()
    assert visit.faults == []


def test_a_chapter_opens_with_its_figure(open_page):
    """Folded cells in a row are one line until it is opened, and the desk stands below the figure."""
    page = (visit := open_page(CHAPTER)).page
    figure = page.locator(".bp-live").first
    top = figure.bounding_box()["y"]
    lines = page.locator("details.above-input > summary").filter(visible=True)
    above = [line for line in lines.all() if line.bounding_box()["y"] < top]
    assert len(above) == 1
    assert desk(page).bounding_box()["y"] > top
    above[0].click()
    assert figure.bounding_box()["y"] > top + 30
    assert len([line for line in lines.all() if line.bounding_box()["y"] < figure.bounding_box()["y"]]) == 2
    assert visit.faults == []


def test_what_fits_no_cell_is_shown_as_text(open_page):
    page = open_page(EXERCISES).page
    store = """(entries) =>
      Object.entries(entries).forEach(([k, v]) => localStorage.setItem(`backpropagation-live:${k}`, v))"""
    here = KEPT[0]
    lost = {
        f"0:{here}:ex1": '{"at": "2025-01-01", "text": "older"}',
        f"1:{here}:ex2": '{"text": "damaged',
        f"1:{here}:gone": '{"at": "2026-01-01", "text": "of a cell that went"}',
    }
    page.evaluate(store, lost | {"1:book/another:x": '{"at": "2026-01-01", "text": "of another page"}'})
    page.reload()
    settle(page)
    names = desk(page).locator("div summary")
    assert names.all_inner_texts() == ["ex1, of edition 0", "ex2", "gone"]
    for name in names.all():
        name.click()
    assert desk(page).locator("pre").all_inner_texts() == [*list(lost.values())[:2], "of a cell that went"]
    # None of it is lost when the page is used.
    cells = Cells(page)
    write_plain(page, cells[1], "a = 1")
    assert len(page.evaluate(KEYS)) == 5
    saved = json.loads(Path(download(page, "Save my answers").path()).read_text())
    assert {each["raw"] for each in saved["rest"]} == set(list(lost.values())[:2])
    assert desk(page).get_by_text("Cells in the file: 5, pages: 2.").is_visible()


def test_a_file_is_shown_and_waits_and_everything_is_forgotten(open_page, axe, tmp_path):
    visit = open_page(EXERCISES, color_scheme="dark")
    page, cells = visit.page, Cells(visit.page)
    keep(page, KEPT, ["book/01-credit-assignment", "elsewhere", KEPT[2]])
    download(page, "Save my answers").save_as(tmp_path / "answers.json")
    assert folded(page) == "Python (first run: 12 MB) and your answers (1 kept)"
    # Asked first, and kept when the reader says so.
    desk(page).get_by_role("button", name="Forget everything").click()
    assert page.get_by_role("dialog").get_by_text("2 cells on all pages").is_visible()
    assert page.evaluate("() => document.activeElement.textContent") == "Keep it"
    assert axe(page) == []
    page.keyboard.press("Enter")
    assert len(page.evaluate(KEYS)) == 2
    desk(page).get_by_role("button", name="Forget everything").click()
    page.get_by_role("button", name="Forget it").click()
    assert page.evaluate(KEYS) == []
    assert cells[1].locator(".cell_input").is_visible()
    # The file: shown, then put where it belongs, and run by nobody but the reader.
    page.locator("input[type=file]").set_input_files(tmp_path / "answers.json")
    desk(page).get_by_text("holds answers for 2 cells").wait_for()
    names = desk(page).locator("div summary").all_inner_texts()
    assert names == ["book/01-credit-assignment, cell elsewhere", "cell 2"]
    assert desk(page).locator("details[open] pre").inner_text() == "print(6 * 7)"
    assert page.evaluate(KEYS) == []
    assert axe(page) == []
    desk(page).get_by_role("button", name="Put them").click()
    assert len(page.evaluate(KEYS)) == 2
    assert cells.status(cells[1]).startswith("Text from a file, put here on January 2, 2026. Read it")
    cells.press(cells[2], "Run")
    cells.over(cells[2])
    assert cells.status(cells[2]).startswith("This cell was not run: cell 2 above holds text from a file.")
    assert cells.run(cells[1]) == "42"
    cells.run(cells[2])
    assert cells.status(cells[2]) == ""  # it has been read and run
    assert visit.faults == []


def test_an_answer_in_words_goes_by_file(open_page, tmp_path):
    visit = open_page(EXERCISES)
    page = visit.page
    keep(page, [KEPT[0], "ex8", KEPT[2] | {"text": WORDS}])
    download(page, "Save my answers").save_as(tmp_path / "answers.json")
    desk(page).get_by_role("button", name="Forget everything").click()
    page.get_by_role("button", name="Forget it").click()
    assert field(page).input_value() == ""
    page.locator("input[type=file]").set_input_files(tmp_path / "answers.json")
    offered = desk(page).locator("summary").get_by_text("Your answer to 8. ")
    offered.wait_for()
    assert desk(page).locator("div pre").inner_text() == WORDS
    desk(page).get_by_role("button", name="Put them into their cells").click()
    assert field(page).input_value() == WORDS
    told = page.locator(FIELD).get_by_role("status").inner_text()
    assert told == "Text from a file, put here on January 2, 2026."
    assert not page.evaluate("() => window.harm")
    assert visit.faults == []


def test_files_that_are_none_are_refused_with_a_reason(open_page):
    visit = open_page(EXERCISES)
    ours = {"book": "backpropagation-live", "edition": 1, "saved": "?"}
    odd = ours | {"pages": {"p": 3, "q": {"c": {"text": 1}}}}
    newer = ours | {"edition": 7, "pages": {KEPT[0]: {"ex1": KEPT[2]}}}
    wrong = {
        "a.json": ("{", "a.json can't be read: a file of answers is JSON"),
        "b.json": ("[1]", "b.json holds no answers of this book."),
        "c.json": ('{"book": "another", "pages": {}}', "c.json holds no answers of this book."),
        "d.json": (" " * 5_000_001, "d.json is too large"),
        "e.json": (json.dumps(odd), "saved on an unknown day"),
        "f.json": (json.dumps(newer), "answers for 0 cells"),
    }
    for name, (text, said) in wrong.items():
        file = {"name": name, "mimeType": "application/json", "buffer": text.encode()}
        visit.page.locator("input[type=file]").set_input_files(file)
        desk(visit.page).get_by_text(said).wait_for()
    # What can't be used is still there to be read.
    assert "print(6 * 7)" in desk(visit.page).locator("pre").text_content()
    assert visit.page.evaluate(KEYS) == []
    assert visit.faults == []


def test_the_notebook_is_ready_to_hand_in(open_page, tmp_path):
    visit = open_page(EXERCISES, scheme="file")
    page = visit.page
    answer = "def predicted_change(dw, db, move_w, move_b):\n    return dw * move_w + db * move_b"
    check = KEPT[2] | {"text": "print('Right')"}
    own = [KEPT[0], "ex1", KEPT[2] | {"text": answer}]
    keep(page, own, [KEPT[0], "ex2-check", check], [KEPT[0], "ex8", KEPT[2] | {"text": WORDS}])
    got = download(page, "Download as notebook")
    assert got.suggested_filename == "01-credit-assignment.ipynb"
    got.save_as(tmp_path / got.suggested_filename)
    given = nbformat.read(ROOT / "book/exercises/01-credit-assignment.ipynb", as_version=4)
    nb = nbformat.read(tmp_path / got.suggested_filename, as_version=4)
    nbformat.validate(nb)
    changed = [cell.id for cell, old in zip(nb.cells, given.cells, strict=True) if cell.source != old.source]
    assert changed == ["ex1", "ex8"]  # a check is the course's, whatever the reader made of it
    assert next(cell for cell in nb.cells if cell.id == "ex8").source == WORDS
    told = [[(cell.id, cell.metadata) for cell in each.cells] for each in (nb, given)]
    assert told[0] == told[1]
    assert nb.metadata == given.metadata
    failed = Validator().validate(str(tmp_path / got.suggested_filename))["failed"]
    checks = {cell.source for cell in given.cells if cell.id.endswith("-check")}
    assert checks - {cell["source"] for cell in failed} == {"ch01.check_predicted_change(predicted_change)"}
    assert visit.faults == []


def course(folder):
    """Make a course as `make assignments` does."""
    try:
        ensure_sandbox(Limits())
    except SandboxError as why:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{why}")
    command([sys.executable, "tools/notebooks.py", "--assignments", folder], ROOT)


def command(words, folder, **environment):
    """Run a command with this Python's programs first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, "PATH": path, **environment}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_what_the_page_hands_in_is_graded(open_page, tmp_path):
    """A right and a wrong answer, as two students download them, by nbgrader's own command."""
    folder, name = tmp_path / "course", "01-credit-assignment"
    course(folder)
    page = open_page(EXERCISES).page
    right = "def predicted_change(dw, db, move_w, move_b):\n    return dw * move_w + db * move_b"
    said = {"at": KEPT[2]["at"], "right": "Right: change, in 3 cases of 3."}  # the page's word is no grade
    for student, answer in {"right": right, "wrong": right.replace("+", "-")}.items():
        answers = [
            ["ex1", KEPT[2] | {"text": answer}],
            ["ex1-check", said],
            ["ex8", KEPT[2] | {"text": WORDS}],
        ]
        keep(page, *([KEPT[0], cell, entry] for cell, entry in answers))
        path = folder / "submitted" / student / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        download(page, "Download as notebook").save_as(path)
        handed_in = path.read_text(encoding="utf-8")
        kept = ["2026-01-02", said["right"], "backpropagation-live", "localStorage"]
        assert not [word for word in kept if word in handed_in]
    command(["nbgrader", "autograde", name], folder)
    with Gradebook(f"sqlite:///{folder}/gradebook.db", COURSE_ID) as gradebook:
        for student, points in {"right": 1.0, "wrong": 0.0}.items():
            graded = gradebook.find_submission_notebook(name, name, student)
            grades = {grade.name: grade for grade in graded.grades}
            assert grades["ex1-check"].auto_score == graded.score == points
            assert grades["ex8"].needs_manual_grade and not grades["ex1-check"].needs_manual_grade
            shown = nbformat.read(folder / "autograded" / student / name / f"{name}.ipynb", as_version=4)
            assert WORDS in [cell.source for cell in shown.cells]  # for the person who reads it


def test_every_page_knows_its_cells(site):
    for page in site.pages:
        text = (site.root / page).read_text(encoding="utf-8")
        shown = text.count('<div class="cell_input')
        told = re.findall(r'id="bp-cells">(.*?)</script>', text)
        assert len(told) == (shown > 0), page
        if told:
            known = json.loads(told[0])
            assert known["page"] == page.removesuffix(".html")
            assert len(known["cells"]) == shown


def test_the_site_carries_every_licence(site):
    texts = list((ROOT / "vendor/licenses").iterdir())
    assert len(texts) > 10
    for text in [*texts, ROOT / "vendor/THIRD-PARTY.md"]:
        copy = site.root / "_static" / text.relative_to(ROOT / "vendor")
        assert copy.read_bytes() == text.read_bytes()


@pytest.fixture(params=list(ENGINES))
def engine(request, tmp_path):
    with ENGINES[request.param](tmp_path) as engine:
        yield engine


SHOWN = "() => document.querySelector('.bp-plain pre')?.textContent"
WHERE = "() => document.querySelector('.bp-desk').textContent"


def test_pages_of_a_folder_share_what_is_kept_in_other_engines(engine, site, tmp_path):
    root = equip(engine, site.root, tmp_path / "html") if engine.head else site.root
    home = root.as_uri() + "/"
    engine.open(home, CHAPTER)
    engine.ask(f"(...put) => ({PUT})(put)", *KEPT)
    engine.open(home, EXERCISES)
    engine.wait_for(SHOWN, what="the kept text is shown", seconds=30)
    assert engine.ask(SHOWN) == "print(6 * 7)"
    assert "where other pages opened from a folder can read it" in engine.ask(WHERE)
    assert engine.faults() == []


# A site without Python, which knows its address.


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The folder of a site with two pages, as `make site PYTHON=0` builds it, for https://example.org/book/."""
    folder = tmp_path_factory.mktemp("small")
    exercises = EXERCISES.removesuffix(".html")
    toc = f"format: jb-book\nroot: book/00-introduction\nchapters:\n- file: {exercises}\n"
    (folder / "_toc.yml").write_text(toc)
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    for ours, its in {
        'baseurl: ""': "baseurl: https://example.org/book/",
        "tools/": f"{ROOT}/tools/",
    }.items():
        assert ours in text
        text = text.replace(ours, its)
    (folder / "_config.yml").write_text(text, encoding="utf-8")
    files = ["--toc", folder / "_toc.yml", "--config", folder / "_config.yml", "--path-output", folder]
    command(["jupyter-book", "build", ".", *files], ROOT, BPLIB_FRAMES="1", BPLIB_PYTHON="0")
    return folder / "_build/html"


def test_a_site_without_python_is_whole(windows, axe, small):
    assert not list(small.rglob("python*"))
    visit = windows.open(small.as_uri() + "/")
    page = visit.page
    page.goto((small / "book/00-introduction.html").as_uri())
    slider = page.locator('.bp-live input[type="range"]:visible').first
    figure = slider.locator("xpath=ancestor::*[contains(@class, 'bp-live')][last()]")
    before = figure.inner_text()
    slider.press("ArrowLeft")
    settle(page)
    assert figure.inner_text() != before
    assert page.locator(".bp-desk, .bp-editor").count() == 0
    assert page.get_by_role("button", name=re.compile("^(Run|Edit)$")).count() == 0
    assert visit.faults == []
    # The book as one file is there, and the page leads to it.
    link = page.get_by_role("link", name="backpropagation-live.zip")
    assert zipfile.is_zipfile(small / "book" / link.get_attribute("href"))
    # Answers in words have their fields, and are handed in; all help is there.
    page.goto((small / EXERCISES).as_uri())
    settle(page)
    assert desk(page).get_by_text("Code does not run on this page").count() == 1
    assert page.get_by_role("button", name=re.compile("^(Run|Edit|Start again)$")).count() == 0
    field(page).fill(WORDS)
    page.keyboard.press("Tab")
    page.reload()
    settle(page)
    assert field(page).input_value() == WORDS
    page.locator(IN_WORDS).locator("summary").click()
    assert "the sum is" in page.locator(IN_WORDS).inner_text()
    page.locator(".bp-solution summary").first.click()
    page.locator(".bp-solution").first.get_by_role("button", name="Show it anyway").click()
    assert "A gradient is a slope" in page.locator(".bp-solution").first.inner_text()
    page.locator(".bp-why summary").first.click()
    assert "Two numbers now predict" in page.locator(".bp-why").first.inner_text()
    handed_in = nbformat.read(download(page, "Download as notebook").path(), as_version=4)
    assert WORDS in [cell.source for cell in handed_in.cells]
    assert visit.faults == []
    assert axe(page) == []  # which asks for style sheets that a folder doesn't give
    visit.close()


@pytest.mark.parametrize("path", ["book/00-introduction.html", "embed/dots.html"])
def test_on_paper_a_figure_shows_the_way_to_itself(windows, small, path):
    visit = windows.open(small.as_uri() + "/", color_scheme="dark", device_scale_factor=3)
    page = visit.page
    page.goto((small / path).as_uri())
    page.wait_for_selector(".bp-live .bp-foot")
    page.emulate_media(media="print")
    paper = page.locator(".bp-paper").first
    address = "https://example.org/book/embed/dots.html"
    name, shown = paper.inner_text().split("\n")
    assert name.startswith("Figure dots · ")
    assert shown == address
    assert (small / address.removeprefix("https://example.org/book/")).is_file()
    # What is printed is the code of this address, module by module.
    code = [
        [bool(module) for module in row] for row in segno.make(address, micro=False).matrix_iter(border=2)
    ]
    n = len(code)
    image = Image.open(BytesIO(paper.locator("img").screenshot())).convert("L")
    assert min(image.size) >= 10 * n, "px, three to one of the page: a telephone can read it"
    modules = image.resize((n, n), Image.Resampling.BOX)
    assert [[modules.getpixel((x, y)) < 128 for x in range(n)] for y in range(n)] == code
    page.emulate_media(media="screen")
    assert visit.faults == []
    visit.close()
