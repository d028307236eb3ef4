"""Tools that the reader made: kept when a check says Right, used on the next page, asked about when in doubt.

One visit, in order: a tool is made, seen, used, forgotten, taken from a file, broken and endless.
"""

from __future__ import annotations

import json
import re

import nbformat
import pytest
from pages import ROOT, THIN
from test_workbook import PUT, Cells, desk, unfold, write_plain

pytestmark = pytest.mark.browser

MADE = "book/exercises/01-credit-assignment.html"
USED = "book/exercises/02-chain-rule.html"
TEXT = "def slope(f, x, h=1e-5):\n    return (f(x + h) - f(x - h)) / (2 * h)"
NOW = "2026-01-02T12:00:00.000Z"
ROWS = ["-0.44", "-0.14", "+0.06", "+0.22"]
WAITS = "Not run yet: it waits for your answer below."


@pytest.fixture(scope="module")
def visit(windows, site):
    visit = windows.open(site.url)
    visit.page.goto(site.url + MADE)
    yield visit
    assert [fault for fault in visit.faults if "codemirror" not in fault] == []  # write_plain refuses that
    visit.close()


@pytest.fixture(scope="module")
def cells(visit):
    return Cells(visit.page)


def kept(page):
    raw = page.evaluate("() => localStorage.getItem('backpropagation-live:1:mine:slope')")
    return json.loads(raw) if raw else None


def keep(page, text):
    keep_as(page, "slope", text)


def keep_as(page, piece, text):
    page.evaluate(PUT, ["mine", piece, {"at": NOW, "text": text}])


def measured(shown):
    return re.findall(r"[+-]\d\.\d\d$", shown, re.M)


def test_an_answer_is_kept_when_its_check_says_right(cells, visit):
    answer, check = cells.holding("def slope("), cells.holding("ch01.check_slope")
    write_plain(visit.page, answer, TEXT.replace("2 * h", "h"))
    assert cells.run(check).startswith("Not yet. slope: it is twice as large")
    assert kept(visit.page) is None
    answer.locator("textarea").fill(TEXT)
    assert cells.run(check) == "Right: slope, in 3 cases of 3."
    said = "Your slope is kept: later pages can import it from bplib.mine. Your tools so far: slope."
    assert cells.status(check) == said
    assert kept(visit.page)["text"] == TEXT
    # Right with the help of another cell, it would be found by no later page.
    imports = cells[0]
    book = imports.locator(".cell_input pre").inner_text()
    write_plain(visit.page, imports, f"{book}\n\ndef ahead(f, x, h): return f(x + h)")
    answer.locator("textarea").fill(TEXT.replace("f(x + h)", "ahead(f, x, h)"))
    assert cells.run(check) == "Right: slope, in 3 cases of 3."
    said = "Your slope is not kept: alone it does not find ahead. Write what it needs into its own cell."
    assert cells.status(check) == said
    assert kept(visit.page)["text"] == TEXT
    imports.get_by_role("button", name="Reset").click()
    # What is written later is no tool before it is checked.
    answer.locator("textarea").fill("slope = 1")
    assert kept(visit.page)["text"] == TEXT
    answer.locator("textarea").fill(TEXT)
    cells.run(check)
    assert cells.status(check) == ""


def tools(page):
    return desk(page).locator("details details").filter(has_text="your ").locator("summary").all_inner_texts()


def test_the_reader_sees_what_is_kept_and_can_remove_one(cells, visit, axe):
    page = visit.page
    keep(page, TEXT)
    keep_as(page, "network", "def network(): pass")
    page.reload()
    unfold(page)
    assert tools(page) == ["your network", "your slope"]
    desk(page).locator("summary", has_text="your network").click()
    assert desk(page).locator("pre", has_text="def network(): pass").is_visible()
    page.evaluate(THIN)
    assert axe(page) == []
    desk(page).get_by_role("button", name="Remove my network").click()
    assert tools(page) == ["your slope"] and kept(page)["text"] == TEXT
    assert desk(page).get_by_text("Your network is removed, and the book lends its own.").is_visible()
    assert page.evaluate("() => localStorage.getItem('backpropagation-live:1:mine:network')") is None


def test_what_is_handed_in_holds_answers_only(visit, tmp_path):
    unfold(visit.page)
    with visit.page.expect_download() as begun:
        desk(visit.page).get_by_role("button", name="Download as notebook").click()
    begun.value.save_as(tmp_path / "handed.ipynb")
    given = json.loads((ROOT / MADE).with_suffix(".ipynb").read_text(encoding="utf-8"))
    for cell in given["cells"]:
        cell |= {"source": TEXT.splitlines(keepends=True)} if cell["id"] == "ex9" else {}
        cell |= {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {}
    assert json.loads((tmp_path / "handed.ipynb").read_text(encoding="utf-8")) == given


def test_the_next_page_uses_it_and_the_book_lends_what_is_missing(cells, visit, site, tmp_path):
    visit.page.goto(site.url + USED)
    uses = cells.holding("from bplib.mine")
    shown = cells.run(uses)
    assert shown.startswith("slope: yours\n") and measured(shown) == ROWS
    unfold(visit.page)
    with visit.page.expect_download() as begun:
        desk(visit.page).get_by_role("button", name="Save my answers").click()
    begun.value.save_as(tmp_path.parent / "answers.json")
    assert desk(visit.page).get_by_text("Tools of yours that come with it: 1.").is_visible()
    desk(visit.page).get_by_role("button", name="Forget everything").click()
    visit.page.get_by_role("button", name="Forget it").click()
    assert kept(visit.page) is None
    shown = cells.run(uses)
    assert shown.startswith("slope: lent by the book\n") and measured(shown) == ROWS


def test_one_from_a_file_is_shown_and_waits_for_a_click(cells, visit, axe, tmp_path):
    page, uses = visit.page, cells.holding("from bplib.mine")
    page.locator("input[type=file]").set_input_files(tmp_path.parent / "answers.json")
    desk(page).get_by_text("Tools of yours that come with it: 1.").wait_for()
    assert desk(page).locator("summary").filter(has_text="your slope").count() == 1
    assert kept(page) is None
    desk(page).get_by_role("button", name="Put them into their cells").click()
    assert kept(page)["from"] == "file"
    # Nothing of it runs, with this cell or with one below it, before its reader has seen it and said so.
    for cell in (uses, cells.holding("ch02.check_power")):
        assert "This cell imports slope, and yours came in a file." in cells.run(cell)
        assert cell.locator(".bp-ask pre").inner_text() == TEXT
        assert cells.status(cell) == WAITS
    page.evaluate(THIN)
    assert axe(page) == []
    uses.get_by_role("button", name="Run with my slope").click()
    cells.over(uses)
    shown = uses.locator(".bp-output").inner_text()
    assert shown.startswith("slope: yours\n") and measured(shown) == ROWS
    assert "from" not in kept(page)


def test_one_that_breaks_or_never_ends_is_named_and_the_book_s_is_offered(cells, visit):
    page, uses = visit.page, cells.holding("from bplib.mine")
    page.reload()  # with the buttons that the test before took out
    below = cells.holding("ch02.check_power")
    keep(page, "def slope(f, x):\n    return f(x) / 0")
    below.get_by_role("button", name="Run", exact=True).click()
    cells.over(below)
    shown = below.locator(".bp-output").inner_text()
    assert "Your slope raised ZeroDivisionError: float division by zero" in shown
    assert uses.get_by_role("button", name="Edit").is_visible()
    keep(page, "slope = hyp.slope")
    assert "Your slope can't be imported: NameError: name 'hyp' is not defined" in cells.run(uses)
    keep(page, "def slope(f, x):\n    while True: pass")
    cells.press(uses, "Run")
    uses.locator(".bp-output pre").filter(has_text="slope: yours").wait_for()
    cells.press(uses, "Stop")
    cells.over(uses)
    assert uses.locator(".bp-ask p").first.inner_text() == "Your slope took part in what was stopped."
    uses.get_by_role("button", name="Use the book's").click()
    cells.over(uses)
    shown = uses.locator(".bp-output").inner_text()
    assert shown.startswith("slope: lent by the book\n") and measured(shown) == ROWS
    assert "while True" in kept(page)["text"]  # it is the reader's still


def test_a_class_is_kept_and_used_two_chapters_later_and_one_that_lacks_a_method_is_named(cells, visit, site):
    page = visit.page
    page.goto(site.url + "book/exercises/03-computational-graphs.html")
    answer, check = cells.holding("class Value"), cells.holding("ch03.check_engine")
    source = nbformat.read(ROOT / "book/solutions/03-computational-graphs.ipynb", as_version=4)
    (text,) = [re.sub(r" *### .*\n", "", cell.source) for cell in source.cells if cell.id == "ex10"]
    write_plain(page, answer, text.replace("if parent not in order", "if True"))
    assert cells.run(check).startswith("Not yet. each edge once: backward comes to a node once for")
    answer.locator("textarea").fill(text)
    assert cells.run(check) == "Right: loss, dx, dy, each edge once, in 3 cases of 3."
    assert cells.status(check).endswith("Your tools so far: Value, slope.")
    page.goto(site.url + "book/exercises/04-two-layer-network.html")
    uses = cells.holding("from bplib.mine import Value")
    right = "dW2 = 0.356899, dW1 = 1.005689"
    assert cells.run(uses) == f"Value: yours\n{right}"
    keep_as(page, "Value", text.replace("def exp(", "def power("))
    assert "Your Value raised AttributeError: 'Value' object has no attribute 'exp'" in cells.run(uses)
    uses.get_by_role("button", name="Use the book's").click()
    cells.over(uses)
    assert uses.locator(".bp-output").inner_text().strip() == f"Value: lent by the book\n{right}"
