"""The workbook: a reader runs, changes and puts back the cells of a page, and sees what a notebook shows."""

from __future__ import annotations

import re

import pytest
from pages import settle

pytestmark = pytest.mark.browser

EXERCISES = "book/exercises/01-credit-assignment.html"
CHAPTER = "book/01-credit-assignment.html"
ANSWER = "def predicted_change(dw, db, move_w, move_b):\nreturn dw * move_w + db * move_b"


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
        ended = "(cell) => !cell.querySelector('.bp-bar button').disabled"
        self.page.wait_for_function(ended, arg=cell.element_handle(), timeout=90_000)

    def status(self, cell):
        return cell.locator(".bp-status").inner_text()

    def write(self, cell, code):
        """Open the editor and type in place of what is there, which indents by itself."""
        self.press(cell, "Edit")
        cell.locator(".cm-content").wait_for()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(code)


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
    assert cells[0].locator(".bp-bar button").first.inner_text() == "Run (loads 12 MB, some 5 s)"


def test_a_cell_runs_after_those_above_it(cells):
    # The stub raises, and is marked as one that may.
    assert cells.run(cells[2]).startswith("Not yet")
    assert cells.status(cells[2]) == ""
    assert cells[0].locator(".bp-bar button").first.inner_text() == "Run"


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
    assert visit.faults == []


def test_a_solution_on_paper_opens_when_its_reader_says_so(open_page):
    page = open_page(EXERCISES).page
    solution = page.locator(".bp-solution").last
    solution.locator("summary").click()
    assert "Euler" not in solution.inner_text()
    solution.get_by_role("button", name="Show it anyway").click()
    assert "Euler" in solution.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(open_page, axe, scheme):
    visit = open_page(EXERCISES, color_scheme=scheme)
    cells = Cells(visit.page)
    for help_ in (".bp-hint", ".bp-solution"):
        visit.page.locator(f"{help_} summary").first.click()
    cells.write(cells[1], "import sys\nprint('told', file=sys.stderr)\n1 / 0  # an error")
    cells.run(cells[1])
    cells[1].locator("summary").click()
    settle(visit.page)
    assert axe(visit.page) == []
    assert visit.faults == []


def test_a_chapter_s_figure_is_made_again_and_a_picture_stays(open_page):
    visit = open_page(CHAPTER, scheme="file")
    cells = Cells(visit.page)
    figure = cells.holding("live(")
    cells.run(figure)
    slider = figure.locator('.bp-output .bp-live input[type="range"]').first
    slider.press("ArrowRight")
    assert figure.locator(".cell_output:not(.bp-output)").is_hidden()
    picture = cells.holding("explore(draw")
    assert cells.run(picture) == "matplotlib is not in the page; the stored picture stays."
    assert picture.locator(".cell_output:not(.bp-output)").is_visible()
    assert visit.faults == []


def test_a_plain_field_where_the_editor_does_not_come(open_page):
    page = open_page(EXERCISES, scheme="http").page
    page.route("**/codemirror.js", lambda route: route.abort())
    cells = Cells(page)
    cells.press(cells[1], "Edit")
    field = cells[1].locator("textarea")
    field.fill("print(6 * 7)")
    field.press("Shift+Enter")
    cells.over(cells[1])
    assert cells[1].locator(".bp-output").inner_text().strip() == "42"
    cells.press(cells[1], "Reset")
    assert "NotImplementedError" in field.input_value()


def test_it_fits_a_phone(open_page):
    page = open_page(EXERCISES, width=390, height=844).page
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
