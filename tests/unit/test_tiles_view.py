"""The view tiles from Python: equations are read and judged as NumPy would, or refused in a sentence."""

import itertools
import json
import re

import numpy as np
import pytest
from equations import ARRAYS, EQUATIONS, START

from bplib.scalar import Value
from bplib.widgets.live import live, reached, task
from bplib.widgets.shapes import Reader, Shapes, Tile, numbers, verdict, written
from bplib.widgets.views import graph, heat, tiles
from bplib.widgets.views.tiles import MAX_EQUATIONS

PRODUCTS = ["dZ @ X", "dZ.T @ X", "X.T @ dZ", "X @ dZ.T"]
REASON = "The sum goes over the samples."


def shapes(**sizes):
    return Shapes(ARRAYS, **(START | sizes))


def read(equation):
    return Reader(shapes()).equation(equation)


def figure(*equations, controls=None, tasks=(), **options):
    return live(shapes(), controls, views=[tiles(*equations, **options)], tasks=tasks, name="shapes")


def puzzle(tasks=()):
    right = {"dW": (PRODUCTS[1], REASON)}
    return figure(choose={"dW": PRODUCTS}, right=right, tasks=tasks)


# Judged.


def in_numpy(text, sizes):
    """Whether NumPy computes it, and the result has the shape of what stands on the left."""
    arrays = {name: np.zeros(numbers(axes, sizes)) for name, axes in shapes().arrays.items()}
    known = {**arrays, **{f"d{name}": array for name, array in arrays.items()}, **sizes, "relu": np.abs}
    name, expression = text.split(" = ", 1)
    try:
        return np.shape(eval(expression, {}, known)) == known[name].shape
    except ValueError:
        return False


@pytest.mark.parametrize("text", EQUATIONS)
def test_an_equation_fits_where_numpy_computes_it(text):
    equation = read(text)
    states = []
    # From 2: where a size happens to be 1 NumPy repeats what nobody wants repeated.
    for B, n0, n1 in itertools.product((2, 3, 4), repeat=3):
        sizes = {"B": B, "n0": n0, "n1": n1}
        states.append(verdict(equation, sizes)[0])
        assert (states[-1] != "differs") == in_numpy(text, sizes), sizes
    assert "fits" not in states or set(states) == {"fits"}  # what fits by name fits for all sizes


def test_every_verdict_is_among_them():
    told = {verdict(read(text), sizes)[0] for text in EQUATIONS for sizes in (START, START | {"n1": 3})}
    assert told == {"fits", "only", "differs"}


@pytest.mark.parametrize(
    ("text", "state", "sentence"),
    [
        ("Z = X @ W.T + b", "fits", "Fits: inner sizes agree: n0."),
        ("Z = relu(Z)", "fits", "Fits."),
        ("Z = X @ W + b", "differs", "Does not fit: inner sizes 3 and 2 differ (n0, n1)."),
        ("Z = Z - X", "differs", "Does not fit: sizes 2 and 3 differ (n1, n0)."),
        ("Z = X", "differs", "Does not fit: the right side has shape (2, 3), Z has (2, 2)."),
        ("Z = b", "differs", "Does not fit: the right side has shape (2,), Z has (2, 2)."),
        ("Z = V", "only", "Fits for these sizes only: n1 = B = 2."),
        ("dW = dZ @ X", "only", "Fits for these sizes only: n1 = B = 2."),
    ],
)
def test_a_verdict_names_the_sizes(text, state, sentence):
    assert verdict(read(text), START) == (state, sentence)


def test_the_sides_that_meet_are_marked():
    equation = read("Z = X @ W.T + b")
    assert [part if isinstance(part, str) else part.name for part in equation.parts] == [
        "Z", "=", "X", "@", "W.T", "+", "b",
    ]  # fmt: skip
    assert equation.parts[4] == Tile("W.T", ("n0", "n1"))
    assert equation.marks(START) == [{}, {}, {1: "fits"}, {}, {0: "fits"}, {}, {}]
    assert read("Z = X @ W").marks(START)[2:5:2] == [{1: "differs"}, {0: "differs"}]
    assert read("Z = X").marks(START)[0] == {0: "differs", 1: "differs"}
    # What a product goes on with are sides of the tiles that it has them from.
    assert read("Z = (W @ X.T).T @ V").marks(START)[3] == {0: "fits", 1: "fits"}


def test_brackets_stand_where_they_are_needed():
    def told(text):
        parts = read(text).parts
        return "".join(part if isinstance(part, str) else part.name for part in parts)

    assert told("Z=(X@W.T)+b") == "Z=X@W.T+b"
    assert told("Z = (Z + Z) @ V.T") == "Z=(Z+Z)@V.T"
    assert told("Z = Z - (Z - Z)") == "Z=Z−(Z−Z)"
    assert told("Z = (W @ X.T).T") == "Z=(W@X.T).T"
    assert told("b = dZ.sum(0)") == "b=dZ.sum(axis=0)"
    assert told("Z = relu(-Z) / B") == "Z=relu(−Z)/B"


def test_what_is_not_declared_gets_the_shape_of_the_right_side():
    reader = Reader(shapes())
    reader.equation("H = X @ W.T")
    assert reader.axes("H", "") == reader.axes("dH", "") == ("B", "n1")
    assert [tile.gradient for tile in reader.equation("dW = dH.T @ X").tiles] == [True, True, False]


# What a figure is told.


def test_sizes_have_controls_and_all_is_plain():
    fig = figure("forward: Z = X @ W.T + b", "Z = relu(Z)", "backward: dW = dZ.T @ X")
    assert json.loads(json.dumps(fig.spec, allow_nan=False)) == fig.spec
    assert fig.spec["controls"] == [[n, 1, 8, 1] for n in range(3)]
    (view,) = fig.spec["views"]
    ((forward, backward),) = view["forms"]
    assert (forward["heading"], backward["heading"]) == ("forward", "backward")
    assert [len(group["equations"]) for group in (forward, backward)] == [2, 1]
    assert fig.quantity("W") == fig.quantity("dW") == (2, 3)
    fig.controls["n0"] = 5
    assert fig.quantity("W") == (2, 5)
    assert repr(fig) == "live figure 'shapes': B = 2, n0 = 5, n1 = 2"
    ((_, table),) = view["quantities"]
    assert ["W", ["n1", "n0"], True] in table["arrays"][0] and ["c", ["n0", 1], False] in table["arrays"][0]


def test_controls_may_be_fewer_and_wider():
    fig = figure("Z = X @ W.T", controls={"B": (1, 16)})
    assert fig.spec["controls"] == [[0, 1, 16, 1]]
    assert list(fig.controls) == ["B"]
    with pytest.raises(ValueError, match=r"B counts: it must be a whole number; got 2\.5"):
        fig.controls["B"] = 2.5


def test_forms_are_a_control_with_names():
    forms = {
        "rows": ["forward: Z = X @ W.T + b", "backward: dW = dZ.T @ X"],
        "columns": ["X (n0, B), Z (n1, B), b (n1, 1)", "forward: Z = W @ X + b", "backward: dW = dZ @ X.T"],
    }
    fig = figure(forms=forms)
    assert fig.spec["controls"][0] == [0, 0, 1, 1, ["rows", "columns"]]
    assert fig.state == "shapes:1:written=0.0,B=2.0,n0=3.0,n1=2.0"
    assert "Z (2, 2) = X (2, 3) @ W.T (3, 2) + b (2,). Fits" in repr(fig.figure())
    fig.controls["written"] = 1
    assert "Z (2, 2) = W (2, 3) @ X (3, 2) + b (2, 1). Fits" in repr(fig.figure())
    tables = fig.spec["views"][0]["quantities"][0][1]["arrays"]
    assert [dict((name, axes) for name, axes, _ in table)["X"] for table in tables] == [
        ["B", "n0"],
        ["n0", "B"],
    ]


def test_what_is_chosen_is_a_number_that_a_task_can_wait_for():
    fig = puzzle(tasks=[task("Which?", until=reached("dW", 2), opens=["tiles"])])
    assert fig.spec["controls"][-1] == [3, 0, 4, 1]
    assert fig.spec["tasks"][0]["until"] == ["reached", 3, 2.0, 0.5]
    (view,) = fig.spec["views"]
    assert view["claims"] == [3]
    (asked,) = view["puzzles"]
    assert (asked["right"], asked["reason"], asked["candidates"]) == (2, REASON, PRODUCTS)
    assert [part if isinstance(part, str) else part["name"] for part in asked["equations"][0]["parts"]] == [
        "dW", "= ?", "dZ", "X",
    ]  # fmt: skip
    assert repr(fig.figure()).endswith("dZ @ X, dZ.T @ X, X.T @ dZ, X @ dZ.T?")
    fig.controls["dW"] = 3
    assert repr(fig.figure()).endswith(
        "dW = ?: dW (2, 3) = X.T (3, 2) @ dZ (2, 2). "
        "Does not fit: the right side has shape (3, 2), dW has (2, 3)."
    )
    with pytest.raises(ValueError, match="dW = 5 is outside its range 0 to 4"):
        fig.controls["dW"] = 5


def test_the_still_picture_draws_every_equation():
    equations = [text for text in EQUATIONS if "X" in text][:MAX_EQUATIONS]
    picture = figure(*equations).figure()
    texts = [text.get_text() for text in picture.axes[0].texts]
    judged = [verdict(read(text), START) for text in equations]
    signs = {"fits": "✓", "only": "!", "differs": "✗"}
    assert [text for text in texts if text[:1] in signs.values()] == [
        f"{signs[state]} {said}" for state, said in judged
    ]
    assert {patch.get_hatch() for patch in picture.axes[0].patches} == {None, "////"}
    width, height = picture.get_size_inches()
    assert width <= 7 and height < 12


# Refused.


@pytest.mark.parametrize(
    ("arrays", "sizes", "message"),
    [
        ("X (B, n0", {"B": 2}, r"arrays: expected declarations .*, got 'X \(B, n0'"),
        ("X B", {"B": 2}, "arrays: expected declarations"),
        ("X (B, n0)", {"B": 2}, r"X: expected axes of B, got 'n0', an unknown size. Give it: n0=3"),
        ("X (B,), X (B,)", {"B": 2}, "X: expected a name of its own"),
        ("B (B,)", {"B": 2}, "B: expected a name of its own"),
        ("X (B, B, B)", {"B": 2}, "X: expected at most two axes"),
        ("X (B, 0)", {"B": 2}, "X: expected axes of B, got '0'"),
        ("X (B,)", {"B": 0}, "B: expected a size, a whole number from 1, got 0"),
        ("X (B,)", {"B": 2.5}, "B: expected a size"),
        ("X (B,)", {"B": True}, "B: expected a size"),
        ("X (B,)", {"B": 2, "n": 3}, "n: expected a size of X, got one of none. Leave it out"),
    ],
)
def test_declarations_that_do_not_hold_are_refused(arrays, sizes, message):
    with pytest.raises(ValueError, match=message):
        Shapes(arrays, **sizes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Z = X @", "equation: expected one that Python can read, got 'Z = X @'"),
        ("Z = X; Z = X", "equation: expected one that Python can read"),
        ("Z @ X", "equation: expected name = expression"),
        ("Z += X", "equation: expected name = expression"),
        ("Z, X = X", "equation: expected one name on the left"),
        ("B = X", "equation: expected an array on the left, got the size 'B'"),
        ("Z = Q @ X", r"Z = Q @ X: expected known arrays, X, W.*, got 'Q'. Declare its shape: Q \(...\)"),
        ("Z = dQ", "expected known arrays, .* got 'dQ'"),
        ("Z = X[0]", r"equation: expected what can be drawn, got 'X\[0\]' in 'Z = X\[0\]'"),
        ("Z = X ** 2", "expected what can be drawn"),
        ("Z = where(X, Z)", "expected what can be drawn"),
        ("Z = X @ 2", "equation: expected arrays on both sides of @"),
        ("Z = loss @ X", "equation: expected arrays on both sides of @"),
        ("b = Z.sum(axis=2)", r"axis: expected one of 2, from 0, got axis=2 in 'b = Z.sum\(axis=2\)'"),
        ("b = Z.sum(axis=0, dtype=int)", "axis: expected one of 2"),
        (3, "equation: expected a text"),
    ],
)
def test_equations_that_can_not_be_read_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("equations", "options", "message"),
    [
        ((), {}, "tiles: expected equations, forms or something to choose"),
        ((3,), {}, "tiles: expected equations as texts, got 3"),
        (["Z = X @ W.T"] * (MAX_EQUATIONS + 1), {}, f"tiles: expected at most {MAX_EQUATIONS} equations"),
        ((), {"forms": {"one": ["Z = X @ W.T"]}}, "forms: expected two or more"),
        (("Z = Z",), {"forms": {"a": ["Z = Z"], "b": ["Z = Z"]}}, "in place of equations"),
        ((), {"choose": {"dW": ["dZ @ X"]}}, "dW: expected 2 to 6 candidates, got 1"),
        ((), {"choose": {"dW": ["dZ @ X", "Z = X"]}}, "choose: expected expressions"),
        ((), {"choose": {"dQ": ["dZ @ X", "X @ Z"]}}, "choose: expected known arrays, .* got 'dQ'"),
        ((), {"choose": {"d W": ["dZ @ X", "X @ Z"]}}, "choose: expected names of arrays, got 'd W'"),
        ((), {"choose": {"B": ["dZ @ X", "X @ Z"]}}, "B: expected a name that no size has"),
        (("Z = Z",), {"right": {"dW": ("dZ @ X", "")}}, "right: expected puzzles, none, got dW"),
        (
            (),
            {"choose": {"dW": PRODUCTS}, "right": {"dW": ("dZ.T@X", "")}},
            r"right: expected one of dZ @ X, .*, got 'dZ.T@X'",
        ),
    ],
)
def test_what_a_view_can_not_show_is_refused(equations, options, message):
    with pytest.raises(ValueError, match=message):
        figure(*equations, **options)


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({"n2": (1, 4)}, "controls: expected sizes, B, n0, n1, got n2"),
        ({"B": (0, 4)}, "B: expected a range of sizes from 1, got 0 to 4"),
        ({"n0": (1, 2)}, re.escape("'n0' starts at 3.0, outside its range 1 to 2")),
        ({"B": (1, 4, 0.5)}, "'B' counts: its range must be whole numbers"),
    ],
)
def test_ranges_that_are_no_sizes_are_refused(controls, message):
    with pytest.raises(ValueError, match=message):
        figure("Z = X @ W.T", controls=controls)


def test_tiles_are_for_shapes_and_shapes_for_tiles():
    with pytest.raises(TypeError, match=r"heat\(...\) can't show shapes; tiles\(...\) can"):
        live(shapes(), views=[heat("X")], name="shapes")
    w = Value(1.0, "w")
    with pytest.raises(TypeError, match=r"tiles\(...\) can't show a graph of Values"):
        live((w * 2).named("y"), {w: (0, 2)}, views=[graph(), tiles("Z = X")], name="shapes")
    with pytest.raises(ValueError, match=r"expected an array, X, .* got"):
        figure("Z = X").quantity({"d": "X"})
    assert written(()) == "()"
