"""Tools that a reader made: theirs where there is one, else the book's, and it is said which."""

from __future__ import annotations

import importlib
import json
import linecache
import sys

import nbformat
import pytest
from page_python import EXERCISES, ROOT, cells, piece_of

import bplib.mine
from bplib.gradcheck import naive
from bplib.widgets.page.kernel import Kernel

OWN = "def slope(f, x, h=1e-5):\n    return 'own'\n"
DIVIDES = "def slope(f, x, h=1e-5):\n    f(x)\n    return 1 / 0\n"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The module as a program has it that imports it first, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return importlib.reload(bplib.mine)


def brought(mine, text):
    mine.bring({"slope": text})
    return mine.slope


def test_what_is_missing_is_lent_and_that_is_said_once(mine, capsys):
    assert mine.slope is naive.slope and mine.slope is naive.slope
    assert capsys.readouterr().out == "slope: lent by the book\n"
    with pytest.raises(ImportError, match="cannot import name 'slop'"):
        from bplib.mine import slop  # noqa: F401
    with pytest.raises(AttributeError, match="There is no piece 'slop'; there are: slope"):
        _ = mine.slop


def test_the_book_may_call_a_piece_otherwise(mine, capsys):
    assert mine.checker is naive.naive_check
    assert capsys.readouterr().out == "checker: lent by the book\n"


@pytest.mark.parametrize("x", [2, 2.0])
def test_what_is_lent_does_what_the_exercise_asks_for(mine, x):
    measured = mine.slope(lambda x: x**3, x, 0.5)
    assert measured == 12.25 and f"{measured:.1f}" == "12.2"


def test_the_page_brings_what_is_the_reader_s(mine, capsys):
    assert brought(mine, OWN)(None, 1.0) == "own"
    mine.bring({})
    assert mine.slope is naive.slope
    assert capsys.readouterr().out == "slope: yours\nslope: lent by the book\n"
    uses = "def slope(f, x):\n    return np.sqrt(x) + math.sqrt(x) + Value(x).data"
    assert brought(mine, uses)(None, 4.0) == 8.0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def slope(f, x)", "SyntaxError: expected ':'"),
        ("slop = 1", "there is no slope in it"),
        ("{}['a']", "KeyError: 'a'"),
        ("np.slope", "AttributeError: module 'numpy' has no attribute 'slope'"),
    ],
)
def test_a_piece_that_cannot_be_made_says_why(mine, text, why):
    mine.bring({"slope": text})
    with pytest.raises(mine.PieceError, match=f"Your slope can't be imported: {why}") as caught:
        from bplib.mine import slope  # noqa: F401
    assert mine.broken(caught.value) == "slope"


def test_a_piece_that_raises_is_named_and_what_it_is_handed_is_not(mine):
    told = []
    kernel = Kernel(lambda message: told.append(json.loads(message)))
    kernel.run("1 / 0", "cell 1")
    brought(mine, DIVIDES)
    kernel.run("from bplib.mine import slope\nslope(abs, 1.0)", "cell 2")
    kernel.run("slope(lambda x: 1 / 0, 1.0)", "cell 3")
    kernel.run("slope(abs, None)", "cell 4")
    errors = [message for message in told if message["kind"] == "error"]
    assert [error["piece"] for error in errors] == [None, "slope", None, "slope"]
    assert (errors[1]["cell"], errors[1]["line"]) == ("cell 2", 2)
    assert 'File "<your slope>", line 3, in slope\n    return 1 / 0' in errors[1]["trace"]
    linecache.cache.pop("<your slope>")


def test_a_file_beside_the_notebook_is_read_and_holds_one_of_each(mine, tmp_path, capsys):
    def made(text):
        (tmp_path / "cell.py").write_text(text)
        linecache.clearcache()
        space = {}
        exec(compile(text, str(tmp_path / "cell.py"), "exec"), space)
        return space["slope"]

    mine.keep(made(OWN))
    with (tmp_path / "mine.py").open("a") as file:
        file.write("\n\nhalf = np.float64(0.5)\n")
    mine.keep(made(OWN.replace("'own'", "float(math.sqrt(x) * half)")))
    text = (tmp_path / "mine.py").read_text()
    assert text.count("def slope") == 1 and text.startswith(mine.HEAD) and "half = np" in text
    assert mine.slope(None, 4.0) == 1.0
    said = "slope: kept in mine.py\n"
    assert capsys.readouterr().out == f"{said}{said}slope: yours\n"
    # A chapter stands a folder above its exercises.
    (tmp_path / "exercises").mkdir()
    (tmp_path / "mine.py").rename(tmp_path / "exercises/mine.py")
    assert mine.slope(None, 4.0) == 1.0
    (tmp_path / "exercises/mine.py").write_text("other = 1\n")
    assert mine.slope is naive.slope
    (tmp_path / "exercises/mine.py").write_text("def slope(f, x)\n    return 1\n")
    with pytest.raises(mine.PieceError, match=r"exercises.mine.py can't be read, expected ':'.*line 1"):
        _ = mine.slope
    with pytest.raises(ValueError, match="The book keeps no test_a_file"):
        mine.keep(test_a_file_beside_the_notebook_is_read_and_holds_one_of_each)


def test_a_page_keeps_by_itself(mine, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "emscripten")
    mine.keep(naive.slope)
    assert capsys.readouterr().out == "The page keeps slope by itself when its check says Right.\n"
    assert not list(tmp_path.iterdir())


def test_each_piece_is_the_answer_of_one_exercise_and_the_page_knows_it():
    found = []
    for path in sorted((ROOT / EXERCISES).glob("*.ipynb")):
        nb = json.loads(path.read_text(encoding="utf-8"))
        tagged = {cell["id"]: piece for cell in nb["cells"] if (piece := piece_of(cell))}
        assert len(tagged) <= 1, path
        assert f'"pieces": {json.dumps(tagged)}' in cells(f"{EXERCISES}{path.stem}", path)
        source = nbformat.read(ROOT / "book/solutions" / path.name, as_version=4)
        for k, cell in enumerate(source.cells):
            if cell.id in tagged:
                assert f"def {tagged[cell.id]}(" in cell.source and len(cell.source.splitlines()) <= 40
                assert cell.metadata.nbgrader.solution and source.cells[k + 1].metadata.nbgrader.grade
        found += tagged.values()
    assert sorted(found) == sorted(bplib.mine.LENT)
