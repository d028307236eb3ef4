"""Tools that a reader made: theirs where there is one, else the book's, and it is said which."""

from __future__ import annotations

import importlib
import json
import linecache
import re
import sys

import nbformat
import numpy as np
import pytest
from page_python import EXERCISES, ROOT, cells, piece_of

import bplib.mine
from bplib.gradcheck import naive
from bplib.widgets.page.kernel import Kernel

OWN = "def slope(f, x, h=1e-5):\n    return 'own'\n"
ENGINE = """class Value:
    def __init__(self, data):
        self.data = data

    def twice(self):
        return Value(2 * self.data)
"""
DIVIDES = "def slope(f, x, h=1e-5):\n    f(x)\n    return 1 / 0\n"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The module as a program has it that imports it first, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return importlib.reload(bplib.mine)


@pytest.mark.parametrize("piece", bplib.mine.LENT)
def test_each_piece_is_lent_and_no_name_in_the_module_stands_before_it(mine, piece, capsys):
    assert piece not in vars(mine)
    lent = getattr(mine, piece)
    assert lent.__name__ == (bplib.mine.LENT[piece].partition(":")[2] or piece)
    assert lent.__module__.startswith("bplib.")
    assert capsys.readouterr().out == f"{piece}: lent by the book\n"


def solved(piece):
    """Return what the solution of an exercise makes that is kept."""
    for path in sorted((ROOT / "book/solutions").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if f"mine:{piece}" in cell.metadata.get("tags", []):
                return cell.source
    raise LookupError(piece)


def of_cubes(gradient):
    return gradient(lambda x: np.sum(x**3), np.array([[1.0, -2.0], [0.5, 3.0]])).tolist()


def of_an_expression(Value):
    x = Value(0.5)
    loss = 2 * (x * x + -3.0 * x).tanh() + x.exp()
    loss.backward()
    return [loss.data, x.grad]


def of_a_net(network):
    rng = np.random.default_rng(0)
    sizes = [(2,), (3, 2), (3,), (2, 3), (2,)]
    return network(*(rng.normal(size=size) for size in sizes), np.array([1.0, 0.0]))


def of_a_batch(batches):
    rng = np.random.default_rng(0)
    sizes = [(4, 2), (3, 2), (3,), (2, 3), (2,)]
    return batches(*(rng.normal(size=size) for size in sizes), rng.integers(0, 2, (4, 2)).astype(float))


def of_three_kinds(losses):
    rng = np.random.default_rng(0)
    Z, Y = rng.normal(size=(4, 3)), np.eye(3)[rng.integers(3, size=4)]
    parts = (losses(kind, Z, Y) for kind in ("squared", "binary", "classes"))
    return tuple(part for pair in parts for part in pair)


def of_two_backwards(checker):
    def square(x):
        return x * x, x

    x = np.array([1.0, -2.0, 0.5])
    return [bool(checker(square, lambda dout, x, k=k: (k * x * dout,), x)) for k in (2, 1)]


def of_a_stack(layers):
    rng = np.random.default_rng(0)
    W1, W2, x, dout = (rng.normal(size=size) for size in [(3, 2), (2, 3), (4, 2), (4, 2)])
    bend = (lambda x: (np.tanh(x),) * 2, lambda dout, a: (dout * (1 - a**2),), ())
    product = (lambda x, W: (x @ W.T, (x, W)), lambda dout, c: (dout @ c[1], dout.T @ c[0]))
    out, back = layers([(*product, (W1,)), bend, (*product, (W2,)), bend], x)
    dx, ((dW1,), nothing, (dW2,), none) = back(dout)
    return out, dx, dW1, nothing, dW2, none


def of_a_line(trainer):
    def line(params, X, y):
        w, b = params
        error = X @ w + b - y
        return np.mean(error**2), [2 * X.T @ error / len(y), 2 * np.mean(error, keepdims=True)]

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 2)), rng.normal(size=5)
    params, losses = trainer(line, [np.zeros(2), np.zeros(1)], X, y, 0.1, 3, 2, rng)
    return (*params, losses)


def of_three_starts(initialisation):
    def made(kind):
        return initialisation([3, 5, 2], kind, np.random.default_rng(0))

    return tuple(W for kind in ("xavier", "he", "orthogonal") for W in made(kind))


def of_four_segments(checkpoint):
    rng = np.random.default_rng(0)
    W1, W2, x, dout = (rng.normal(size=size) for size in [(3, 2), (2, 3), (4, 2), (4, 2)])
    bend = (lambda x: (np.tanh(x),) * 2, lambda dout, a: (dout * (1 - a**2),), ())
    product = (lambda x, W: (x @ W.T, (x, W)), lambda dout, c: (dout @ c[1], dout.T @ c[0]))
    out, back = checkpoint([(*product, (W1,)), bend, (*product, (W2,)), bend, bend], x, [1, 2, 4])
    dx, ((dW1,), nothing, (dW2,), *none) = back(dout)
    return out, dx, dW1, nothing, dW2, none, back(dout)[0]


def of_a_sequence(rnn):
    rng = np.random.default_rng(0)
    sizes = [(4, 2, 3), (2, 2), (2, 3), (2, 2), (2,)]
    hs, back = rnn(*(rng.normal(size=size) for size in sizes))
    dhs = rng.normal(size=hs.shape)
    back(2 * dhs)
    return hs, *back(dhs)


CALLS = {
    "slope": lambda slope: slope(lambda x: x**3, 2.0),
    "numerical_gradient": of_cubes,
    "Value": of_an_expression,
    "network": of_a_net,
    "batches": of_a_batch,
    "losses": of_three_kinds,
    "checker": of_two_backwards,
    "layers": of_a_stack,
    "trainer": of_a_line,
    "initialisation": of_three_starts,
    "checkpoint": of_four_segments,
    "rnn": of_a_sequence,
}


@pytest.mark.parametrize("piece", bplib.mine.LENT)
def test_the_reader_s_and_what_is_lent_are_called_alike_and_say_the_same(mine, piece):
    lent = CALLS[piece](getattr(mine, piece))
    mine.bring({piece: solved(piece)})
    own = CALLS[piece](getattr(mine, piece))
    assert getattr(mine, piece).__module__ == "mine"
    many = isinstance(lent, tuple)
    assert isinstance(own, tuple) == many
    for a, b in zip(own, lent, strict=True) if many else [(own, lent)]:
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-8)


@pytest.mark.parametrize("piece", bplib.mine.LENT)
def test_each_piece_is_used_in_a_cell_after_its_exercise(piece):
    made, uses = None, []
    for path in sorted((ROOT / "book/solutions").glob("*.ipynb")):
        for k, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if f"mine:{piece}" in cell.metadata.get("tags", []):
                made = path.stem, k
            if cell.cell_type == "code" and re.search(rf"from bplib\.mine import .*\b{piece}\b", cell.source):
                uses.append((path.stem, k))
    assert made and uses and min(uses) > made


def brought(mine, text):
    mine.bring({"slope": text})
    return mine.slope


def test_what_is_missing_is_lent_and_that_is_said_once(mine, capsys):
    assert mine.slope is naive.slope and mine.slope is naive.slope
    assert capsys.readouterr().out == "slope: lent by the book\n"
    with pytest.raises(ImportError, match="cannot import name 'slop'"):
        from bplib.mine import slop  # noqa: F401
    with pytest.raises(
        AttributeError, match="There is no piece 'slop'; there are: slope, numerical_gradient, Value"
    ):
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


def test_a_piece_that_lacks_what_a_cell_asks_of_it_is_named(mine):
    told = []
    kernel = Kernel(lambda message: told.append(json.loads(message)))
    mine.bring({"Value": ENGINE, "slope": "def slope(f): return f"})
    kernel.run("from bplib.mine import Value, slope\nValue(1.0).twice()", "cell 1")
    for k, code in enumerate(
        ["Value(1.0).exp()", "Value(1.0) * 2", "slope(abs, 1.0)", "Value", "len(1)", "{}['Value']"]
    ):
        kernel.run(code, f"cell {k + 2}")
    errors = [message["piece"] for message in told if message["kind"] == "error"]
    assert errors == ["Value", "Value", "slope", None, None]
    linecache.cache.pop("<your Value>")
    linecache.cache.pop("<your slope>")


def test_a_class_of_a_notebook_is_kept_with_all_its_lines(mine, tmp_path):
    """`inspect` finds no source of a class in `__main__` whose cell is no file."""
    before = "three = 3\n\n\n"
    linecache.cache["<cell>"] = (len(ENGINE), None, (before + ENGINE).splitlines(keepends=True), "<cell>")
    space = {"__name__": "__main__"}
    exec(compile(before + ENGINE, "<cell>", "exec"), space)
    mine.keep(space["Value"])
    mine.keep(space["Value"])
    assert (tmp_path / "mine.py").read_text() == f"{mine.HEAD.rstrip()}\n\n\n{ENGINE}"
    assert mine.Value(2.0).twice().data == 4.0
    linecache.cache.pop("<cell>")


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


def test_what_a_piece_lacks_when_it_runs_alone_is_named(mine):
    within = "def slope(f, x):\n    y = [f(x) for _ in 'ab']\n    def twice():\n        return y, halve(x)\n"
    assert mine.lacks(within) == ["halve"]
    assert mine.lacks(within, also=["halve"]) == mine.lacks(f"def halve(x): return x / 2\n{within}") == []
    assert mine.lacks("import time as t\nslope = t.time()") == []
    # A method's name is no function's, and a class finds itself.
    assert mine.lacks(ENGINE.replace("Value(2 *", "twice(h *")) == ["twice", "h"]
    for piece in mine.LENT:
        assert mine.lacks(solved(piece)) == []


def test_what_does_not_stand_alone_is_not_kept(mine, tmp_path):
    before = "import numpy as np\n"
    (tmp_path / "mine.py").write_text(before)
    text = "def slope(f, x):\n    return halve(f(x))\n"
    linecache.cache["<alone>"] = (len(text), None, text.splitlines(keepends=True), "<alone>")
    space = {}
    exec(compile(text, "<alone>", "exec"), space)
    with pytest.raises(ValueError, match=r"not kept: it asks for halve, which mine.py does not have"):
        mine.keep(space["slope"])
    assert (tmp_path / "mine.py").read_text() == before
    # What a reader has written there is found.
    (tmp_path / "mine.py").write_text(f"{before}def halve(x):\n    return x / 2\n")
    mine.keep(space["slope"])
    assert mine.slope(abs, 3.0) == 1.5
    linecache.cache.pop("<alone>")


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
                assert re.search(rf"^(def|class) {tagged[cell.id]}\b", cell.source, re.M)
                assert len([line for line in cell.source.splitlines() if "### " not in line]) <= 40
                assert cell.metadata.nbgrader.solution and source.cells[k + 1].metadata.nbgrader.grade
        found += tagged.values()
    assert sorted(found) == sorted(bplib.mine.LENT)
