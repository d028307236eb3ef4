"""The workbook: a reader runs, changes and puts back the cells of a page, and sees what a notebook shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from engines import ENGINES, equip
from nbgrader.validator import Validator
from pages import ROOT, THIN, settle

pytestmark = pytest.mark.browser

EXERCISES = "book/exercises/01-credit-assignment.html"
CHAPTER = "book/01-credit-assignment.html"
COST = "The cells of this page run here. The first run loads Python: 12 MB, some 5 s."
ANSWER = "def predicted_change(dw, db, move_w, move_b):\nreturn dw * move_w + db * move_b"

PUT = """([page, cell, entry]) =>
  localStorage.setItem(`backpropagation-live:1:${page}:${cell}`, JSON.stringify(entry))"""
KEYS = "() => Object.keys(localStorage).filter((key) => key.startsWith('backpropagation-live:')).sort()"
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
    # What it costs stands once on the page, and in what each button says of itself.
    assert visit.page.get_by_text("12 MB").all_inner_texts() == [COST]
    run = cells[0].locator(".bp-cell-bar button").first
    assert run.inner_text() == "Run"
    assert run.get_attribute("title").endswith("The first run loads 12 MB, some 5 s")
    assert visit.page.get_by_role("button", name="Start again").is_hidden()


def test_a_cell_runs_after_those_above_it(cells, visit):
    # The stub raises, and is marked as one that may.
    assert cells.run(cells[2]).startswith("Not yet")
    assert cells.status(cells[2]) == ""
    assert "12 MB" not in cells[0].locator(".bp-cell-bar button").first.get_attribute("title")
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
    assert visit.faults == []


def test_a_solution_on_paper_opens_when_its_reader_says_so(open_page):
    page = open_page(EXERCISES).page
    solution = page.locator(".bp-solution").last
    solution.locator("summary").click()
    assert "Euler" not in solution.inner_text()
    solution.get_by_role("button", name="Show it anyway").click()
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
    figure = cells.holding("live(")
    cells.run(figure)
    slider = figure.locator('.bp-output .bp-live input[type="range"]').first
    slider.press("ArrowRight")
    assert figure.locator(".cell_output:not(.bp-output)").is_hidden()
    picture = cells.holding("explore(draw")
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


def desk(page):
    return page.locator(".bp-desk")


def download(page, name):
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
    assert desk(page).get_by_text(before).is_visible()
    write_plain(page, cells[1], "a = 1")
    assert desk(page).get_by_text(after).is_visible()
    saved = json.loads(Path(download(page, "Save my answers").path()).read_text())
    assert saved["pages"][KEPT[0]]["ex1"]["text"] == "a = 1"


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
    names = desk(page).locator("summary")
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
    assert desk(page).get_by_text("The file holds 5 cells of 2 pages.").is_visible()


def test_a_file_is_shown_and_waits_and_everything_is_forgotten(open_page, axe, tmp_path):
    visit = open_page(EXERCISES, color_scheme="dark")
    page, cells = visit.page, Cells(visit.page)
    keep(page, KEPT, ["book/01-credit-assignment", "elsewhere", KEPT[2]])
    download(page, "Save my answers").save_as(tmp_path / "answers.json")
    # Asked first, and kept when the reader says so.
    desk(page).get_by_role("button", name="Forget everything").click()
    assert page.get_by_role("dialog").get_by_text("2 cells on all pages").is_visible()
    assert page.evaluate("() => document.activeElement.textContent") == "Keep it"
    page.evaluate(THIN)
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
    names = desk(page).locator("summary").all_inner_texts()
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
    keep(page, [KEPT[0], "ex1", KEPT[2] | {"text": answer}], [KEPT[0], "ex2-check", check])
    got = download(page, "Download as notebook")
    assert got.suggested_filename == "01-credit-assignment.ipynb"
    got.save_as(tmp_path / got.suggested_filename)
    given = nbformat.read(ROOT / "book/exercises/01-credit-assignment.ipynb", as_version=4)
    nb = nbformat.read(tmp_path / got.suggested_filename, as_version=4)
    nbformat.validate(nb)
    changed = [cell.id for cell, old in zip(nb.cells, given.cells, strict=True) if cell.source != old.source]
    assert changed == ["ex1"]  # a check is the course's, whatever the reader made of it
    told = [[(cell.id, cell.metadata) for cell in each.cells] for each in (nb, given)]
    assert told[0] == told[1]
    assert nb.metadata == given.metadata
    failed = Validator().validate(str(tmp_path / got.suggested_filename))["failed"]
    checks = {cell.source for cell in given.cells if cell.id.endswith("-check")}
    assert checks - {cell["source"] for cell in failed} == {"ch01.check_predicted_change(predicted_change)"}
    assert visit.faults == []


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


# A site without Python.


def test_a_site_without_python_is_whole(windows, tmp_path):
    """As `make site PYTHON=0` builds it, with one page."""
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/00-introduction\n")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "--toc", tmp_path / "_toc.yml"]
    environment = {**os.environ, "BPLIB_FRAMES": "1", "BPLIB_PYTHON": "0"}
    done = subprocess.run(
        [*command, "--path-output", tmp_path], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    root = tmp_path / "_build/html"
    assert not list(root.rglob("python*")) + list(root.rglob("workbook.js"))
    visit = windows.open(root.as_uri() + "/")
    page = visit.page
    page.goto((root / "book/00-introduction.html").as_uri())
    slider = page.locator('.bp-live input[type="range"]').first
    slider.wait_for()
    before = page.locator(".bp-live").first.inner_text()
    slider.press("ArrowLeft")
    settle(page)
    assert page.locator(".bp-live").first.inner_text() != before
    assert page.locator(".bp-desk, .bp-editor").count() == 0
    assert page.get_by_role("button", name=re.compile("^(Run|Edit)$")).count() == 0
    assert visit.faults == []
    # The book as one file is there, and the page leads to it.
    link = page.get_by_role("link", name="backpropagation-live.zip")
    assert zipfile.is_zipfile(root / "book" / link.get_attribute("href"))
    visit.close()
