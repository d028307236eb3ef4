"""Formulas as text: what is built, what is refused and how that is said; nothing is ever executed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bplib.widgets.expressions import MAX_FORMULAS, Expressions, build, expressions

FORMULAS = ["x = 3; u = x**2; u**2 + u", "sin(x) * y"]


@pytest.mark.parametrize(
    ("text", "value", "gradients"),
    [
        ("x = 3; u = x**2; u**2 + u", 90, {"x": 114}),
        ("x = 2; y = -3; loss = x*y + x", -4, {"x": -2, "y": 2}),
        ("w = 0.5; b = .1; x = 2; sigmoid(w*x + b)", 1 / (1 + math.exp(-1.1)), {}),
        ("x = 2; max(x, 1) - min(x, 5) + abs(-x)", 2, {"x": 1}),
        ("x = 4; +sqrt(x)/-2", -1, {"x": -0.125}),
        ("x = 2; 2*3*x", 12, {"x": 6}),
        ("x = -2; x**2 + x**(1 + 2)", -4, {"x": 8}),
        ("  x*1 ;", 1.5, {"x": 1}),
        ("log(x - 1.9) + 0*y", math.log(0.1), {"y": 0}),  # the first start lies outside the domain
    ],
)
def test_a_formula_becomes_its_graph(text, value, gradients):
    output, inputs = build(text)
    assert output.data == pytest.approx(value, rel=1e-12)
    output.backward()
    got = {leaf.name: leaf.grad for leaf in inputs}
    assert all(got[name] == pytest.approx(slope, rel=1e-12) for name, slope in gradients.items())


def test_what_numbers_alone_give_is_a_number_and_names_are_kept():
    output, inputs = build("result = 2; y = 1; hidden = result * (3 + 4); hidden - y")
    assert [leaf.name for leaf in inputs] == ["result", "y"]
    assert output.name == "result_"
    assert [node.name for node in output.graph() if node.name] == ["result", "y", "hidden", "result_"]
    assert [node.op for node in output.graph() if node.parents] == ["mul", "sub"]


REFUSED = {
    "": "A formula is missing",
    " ; ": "A formula is missing",
    "3 + 4": "nothing to move",
    "x": "computes nothing",
    "x = 3; x": "computes nothing",
    "2x": r"Write \* for a product",
    "x = 3, y = 4; x*y": "; between steps",
    "x^2": "Write \\*\\* for a power",
    "(x + 1": "A closing bracket is missing",
    "x + 1)": "An opening bracket is missing",
    "sin((x": "2 closing brackets are missing",
    "foo(x)": "There is no function 'foo' here",
    "eval(x)": "There is no function 'eval' here",
    "sin + x": "sin is a function",
    "sin(x, y)": "sin takes one argument; 2 came",
    "max(x)": "max takes two arguments; 1 came",
    "max(*x)": "max takes two arguments; 1 came",
    "y * sin(x=1)": "Only numbers",
    "a + b + c + d + e + f + g": "room for 6 inputs",
    "sqrt(x - 100)": "Say where the inputs start",
    "1 / (x - x)": "Keep the denominator away from 0",
    "x * 1e999": "too large",
    "9**9**9 * x": "must stay below 1e308",
    "True * x": "True is not a number",
    "'a' * x": "is not a number",
    "1j * x": "is not a number",
    "x = 1; x = 2; x + 1": "already stands for something",
    "u = u + 1; u": "used in the step that computes it",
    "u + 1; u = x**2; u": "Each step before the last needs a name",
    "u = x**2; v = u + 1; u * 2": "v does not reach the last step",
    "y = 2; x * 3": "y does not reach the last step",
    "c = 2 * 3; c * x": "c computes nothing",
    "+".join("x" * 60): "room for 40 operations|nested",
    "-" * 150 + "x": "nested more than",
    "x" * 201: "at most 200 characters",
    "x\0": "can't be read",
    "import os": "Steps are formulas",
    "(y := x) + 1": "Only numbers",
    "x.real + 1": "Only numbers",
    "x[0] + 1": "Only numbers",
    "__import__('os').system('x') + y": "Only numbers",
    "lambda x: x": "Only numbers",
    "x if y else z": "Only numbers",
    "x < y": "Only numbers",
    "x // 2": "Only numbers",
    "[x for x in y]": "Only numbers",
    "f'{x}'": "Only numbers",
}


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match=REFUSED[text]):
        build(text)


@pytest.mark.parametrize("text", [None, 3, b"x + 1"])
def test_a_formula_is_text(text):
    with pytest.raises(TypeError, match="A formula is text"):
        build(text)


@given(st.text(alphabet="xyab0123456789.+-*/()=;, \nsincoexplgmqrtd_^'[]{}#\\\"", max_size=60))
def test_no_text_does_more_than_build_or_refuse(text):
    try:
        output, inputs = build(text)
    except ValueError as reason:
        assert str(reason)
    else:
        assert math.isfinite(output.data)
        assert 1 <= len(inputs) <= 6


# The figure.


def test_the_figure_follows_its_text():
    fig = expressions(FORMULAS, name="formula")
    assert fig.live.gradients["x"] == 114
    assert [state["spec"]["name"] for state in fig.recorded] == ["formula-1", "formula-2"]
    fig.text = FORMULAS[1]
    assert fig.shown == fig.recorded[1]
    fig.text = "exp(z)"
    assert fig.shown["spec"]["name"] == "formula-typed"
    assert fig.live.gradients["z"] == pytest.approx(math.exp(1.5))
    with pytest.raises(ValueError, match="closing bracket"):
        fig.text = "exp(z"
    assert fig.text == "exp(z)"
    assert repr(fig).startswith("live figure 'formula-typed': z = 1.5")


def test_what_the_page_asks_is_answered_or_refused():
    fig = expressions(FORMULAS, name="formula")
    fig.asked = {"text": "a * b", "turn": 1}
    assert (fig.text, fig.fault) == ("a * b", {"turn": 1, "says": ""})
    fig.asked = {"text": "a *", "turn": 2}
    assert fig.text == "a * b"
    assert fig.fault["turn"] == 2
    assert "can't be read" in fig.fault["says"]
    for damaged in ({}, {"text": 3, "turn": 3}, {"turn": 4}):
        fig.asked = damaged
        assert fig.text == "a * b"
    fig.asked = {"text": FORMULAS[0], "turn": 5}
    assert (fig.shown, fig.fault) == (fig.recorded[0], {"turn": 5, "says": ""})


def test_a_state_brings_formula_and_inputs_back():
    fig = expressions(FORMULAS, name="formula")
    fig.state = "formula-2:x=0.5,y=-1.0"
    assert fig.text == FORMULAS[1]
    assert fig.shown["inputs"] == [0.5, -1.0]
    assert fig.state == "formula-2:1:x=0.5,y=-1.0"
    with pytest.raises(ValueError, match="Not a state of this figure"):
        fig.state = "other:x=1"


def test_the_menu_has_its_limits():
    with pytest.raises(ValueError, match="1 to 12 formulas; 0 came"):
        expressions([], name="formula")
    with pytest.raises(ValueError, match="13 came"):
        expressions(["x + 1"] * (MAX_FORMULAS + 1), name="formula")
    with pytest.raises(TypeError, match="list of texts"):
        expressions("x + 1", name="formula")
    with pytest.raises(ValueError, match="name must be"):
        expressions(["x + 1"], name="two words")


def test_the_notebook_stores_words_and_a_picture():
    data, metadata = expressions(FORMULAS, name="formula")._repr_mimebundle_()
    assert data["text/plain"].startswith("live figure 'formula-1'")
    assert metadata["image/png"]["alt"] == data["text/plain"]
    assert isinstance(expressions(FORMULAS, name="formula"), Expressions)


LOGISTIC = ("x = 0.3; y = 4*x*(1 - x); 4*y*(1 - y) + b", {"x": (0, 1)})


def spans(fig):
    return {fig.live.tape.names[n]: (low, high) for n, low, high, _ in fig.shown["spec"]["controls"]}


def test_an_input_moves_where_its_formula_makes_sense():
    fig = expressions([FORMULAS[0], LOGISTIC], name="formula")
    assert spans(fig) == {"x": (-5, 5)}
    for _ in range(2):  # recorded, and asked for again after a typed one
        fig.text = LOGISTIC[0]
        assert spans(fig) == {"x": (0, 1), "b": (-5, 5)}
        assert fig.shown == fig.recorded[1]
        fig.text = "x = 0.3; 4*x*(1 - x)"
        assert spans(fig) == {"x": (-5, 5)}


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        (("x + 1", {"y": (0, 1)}), ValueError, r"has no input 'y' to give a range; its inputs are x"),
        (("x = 3; x + 1", {"x": (0, 1)}), ValueError, "outside its range 0 to 1"),
        (("x + 1", {"x": (1, 0)}), ValueError, "must go up"),
        (("x + 1", (0, 1)), TypeError, "A formula is text, or"),
        ((3, {}), TypeError, "A formula is text"),
        (3, TypeError, "A formula is text"),
    ],
)
def test_a_range_that_does_not_fit_is_refused(formula, error, message):
    with pytest.raises(error, match=message):
        expressions([formula], name="formula")
