"""Live figures from Python: what they show, how they move, what they refuse, what they carry to the page."""

import builtins
import json
import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bplib.scalar import Value
from bplib.widgets.live import curve, graph, live
from bplib.widgets.plan import MAX_VIEWS


def values(**numbers):
    return [Value(number, name) for name, number in numbers.items()]


@pytest.fixture
def neuron():
    w, b, x, y = values(w=0.5, b=0.1, x=1.0, y=0.8)
    z = (w * x + b).named("z")
    a = z.sigmoid().named("a")
    loss = ((a - y) ** 2).named("loss")
    return live(loss, {w: (-2, 2), b: (-2, 2, 0.1)}, params=[w, b], views=[graph(), curve()], name="neuron")


def squared():
    w, x = values(w=0.5, x=2.0)
    return w, x, ((w * x - 3) ** 2).named("loss")


# What it shows.


def test_values_and_gradients_are_those_of_the_book(neuron):
    assert neuron.values["z"] == pytest.approx(0.6, rel=1e-12)
    assert neuron.values["a"] == pytest.approx(0.6456563062257955, rel=1e-12)
    assert neuron.values["loss"] == pytest.approx(0.02382197580786543, rel=1e-12)
    assert neuron.gradients["w"] == pytest.approx(-0.07062280949881259, rel=1e-12)
    assert neuron.gradients["b"] == pytest.approx(-0.07062280949881259, rel=1e-12)
    assert list(neuron.values) == ["w", "b", "x", "y", "z", "a", "loss"]
    assert list(neuron.gradients) == list(neuron.values)
    assert all(type(x) is float for x in neuron.values.values())


def test_the_text_alternative_is_short_and_the_same_every_time(neuron):
    text = repr(neuron)
    assert text == (
        "live figure 'neuron': w = 0.5, b = 0.1, x = 1, y = 0.8, z = 0.6, a = 0.645656, loss = 0.023822; "
        "dloss/dw = -0.0706228, dloss/db = -0.0706228, dloss/dx = -0.0353114, dloss/dy = 0.308687, "
        "dloss/dz = -0.0706228, dloss/da = -0.308687, dloss/dloss = 1"
    )
    neuron.controls["w"] = -0.0
    assert "w = 0," in repr(neuron)


def test_the_output_has_a_widget_a_picture_and_a_text(neuron):
    data, metadata = neuron._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == repr(neuron) == metadata["image/png"]["alt"]


def test_without_matplotlib_the_figure_still_shows(neuron, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib" or name == "bplib.plot"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("bplib.plot", raising=False)
    real = builtins.__import__

    def no_matplotlib(name, *args, **kwargs):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    data, _ = neuron._repr_mimebundle_()
    assert "image/png" not in data
    assert data["text/plain"] == repr(neuron)
    with pytest.raises(ImportError, match=r"pip install 'bplib\[widgets\]'"):
        neuron.figure()


def test_figure_is_a_matplotlib_figure_of_the_present_state():
    from matplotlib.figure import Figure

    w, _, loss = squared()
    for view in (graph(), curve()):
        fig = live(loss, {w: (-2, 4)}, views=[view], name="line")
        before = fig._repr_mimebundle_()[0]["image/png"]
        assert isinstance(fig.figure(), Figure)
        fig.controls["w"] = 1.5
        assert fig._repr_mimebundle_()[0]["image/png"] != before


def test_without_anywidget_the_error_says_how_to_get_it():
    code = "import sys; sys.modules['anywidget'] = None; import bplib.widgets.live"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "bplib[widgets]"' in done.stderr.splitlines()[-1]


# How it moves.


def test_controls_are_a_mapping(neuron):
    assert dict(neuron.controls) == {"w": 0.5, "b": 0.1}
    neuron.controls["w"] = 0
    assert neuron.controls["w"] == 0.0
    assert neuron.values["z"] == 0.1
    assert repr(neuron.controls) == "Controls(w=0, b=0.1)"


@pytest.mark.parametrize(
    ("name", "number", "error", "message"),
    [
        ("q", 1, ValueError, r"no control 'q'; this figure has w, b"),
        ("x", 1, ValueError, r"no control 'x'"),
        ("w", "0.5", TypeError, r"takes a number; str '0.5' came"),
        ("w", True, TypeError, r"takes a number"),
        ("w", None, TypeError, r"takes a number"),
        ("w", 3, ValueError, r"w = 3 is outside its range -2 to 2"),
        ("w", math.nan, ValueError, r"outside its range"),
        ("w", math.inf, ValueError, r"outside its range"),
    ],
)
def test_a_bad_assignment_is_refused_and_changes_nothing(neuron, name, number, error, message):
    with pytest.raises(error, match=message):
        neuron.controls[name] = number
    assert dict(neuron.controls) == {"w": 0.5, "b": 0.1}


def test_a_point_without_a_value_is_refused():
    (p,) = values(p=1.0)
    fig = live(p.log().named("log"), {p: (-1, 2)}, name="log")
    with pytest.raises(ValueError, match=r"undefined at p = -0\.5"):
        fig.controls["p"] = -0.5
    assert fig.controls["p"] == 1.0


def test_step_and_reset(neuron):
    gradients = neuron.gradients
    neuron.rate = 0.5
    neuron.step()
    assert neuron.controls["w"] == 0.5 - 0.5 * gradients["w"]
    assert neuron.controls["b"] == 0.1 - 0.5 * gradients["b"]
    assert neuron.values["loss"] < 0.0238
    neuron.reset()
    assert dict(neuron.controls) == {"w": 0.5, "b": 0.1}
    neuron.rate = 1000
    with pytest.raises(ValueError, match=r"w = .* is outside its range"):
        neuron.step()
    assert dict(neuron.controls) == {"w": 0.5, "b": 0.1}


def test_a_parameter_need_not_be_a_control():
    w, x, loss = squared()
    fig = live(loss, {x: (-4, 4)}, params=[w], name="line", rate=1.0)
    fig.step()
    assert fig.values["w"] == 0.5 - 1.0 * -8.0
    assert fig.state == "line:1:w=8.5,x=2.0"
    bare = live(loss, {x: (-4, 4)}, name="line")
    with pytest.raises(ValueError, match=r"Nothing learns"):
        bare.step()


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf, "fast"])
def test_a_bad_rate_is_refused(neuron, rate):
    with pytest.raises((ValueError, TypeError)):
        neuron.rate = rate
    assert neuron.rate == 0.1
    with pytest.raises((ValueError, TypeError)):
        w, _, loss = squared()
        live(loss, {w: (-2, 4)}, name="line", rate=rate)


def test_what_the_page_sends_is_checked_too(neuron):
    with pytest.raises(ValueError, match="4 numbers"):
        neuron.inputs = [0.0]
    with pytest.raises(ValueError, match="outside its range"):
        neuron.inputs = [9.0, 0.1, 1.0, 0.8]
    neuron.inputs = [1, 0, 1, 1]
    assert neuron.inputs == [1.0, 0.0, 1.0, 1.0]


# Sharing a state.


@settings(deadline=None)
@given(w=st.floats(-2, 2), b=st.floats(-2, 2))
def test_a_state_survives_the_trip(w, b):
    fig = make_pair()
    fig.controls["w"], fig.controls["b"] = w, b
    text = fig.state
    fig.reset()
    fig.state = text
    assert dict(fig.controls) == {"w": w, "b": b}


def make_pair():
    w, b = values(w=0.5, b=0.1)
    return live((w * w + b).named("loss"), {w: (-2, 2), b: (-2, 2)}, name="pair")


def test_a_state_may_leave_inputs_out(neuron):
    assert neuron.state == "neuron:1:w=0.5,b=0.1"
    neuron.controls["b"] = 1
    neuron.state = "#neuron:w=-1e-3"
    assert dict(neuron.controls) == {"w": -0.001, "b": 0.1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Not a state of this figure"),
        ("other:w=1", "Not a state of this figure"),
        ("neuron", "Not a state of this figure"),
        ("neuron:", "Not a state of this figure"),
        ("neuron:q=1", "names 'q'; this figure has w, b"),
        ("neuron:x=1", "names 'x'"),
        ("neuron:w=1,w=1", "gives w twice"),
        ("neuron:w=", "gives w no number"),
        ("neuron:w=nan", "gives w no number"),
        ("neuron:w=1_0", "gives w no number"),
        ("neuron:w= 1", "gives w no number"),
        ("neuron:w=0=1", "gives w no number"),
        ("neuron:w=0.5,", "names ''"),
        ("neuron:w=3", "outside its range"),
        ("neuron:w=1e999", "outside its range"),
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(neuron, text, message):
    neuron.controls["w"] = 1
    with pytest.raises(ValueError, match=message):
        neuron.state = text
    assert neuron.controls["w"] == 1
    with pytest.raises(TypeError, match="A state is text"):
        neuron.state = 3


# What it refuses to be made of.


def test_the_output_must_be_a_value():
    with pytest.raises(TypeError, match=r"needs a Value as output.*float 0\.5"):
        live(0.5, {"w": (0, 1)}, name="f")


@pytest.mark.parametrize(
    ("span", "error", "message"),
    [
        ((0,), TypeError, r"must be \(lo, hi\)"),
        ("01", TypeError, r"must be \(lo, hi\)"),
        (5, TypeError, r"must be \(lo, hi\)"),
        (("a", 1), TypeError, "takes a number; str 'a' came"),
        ((True, 2), TypeError, "takes a number"),
        ((math.nan, 1), ValueError, "must be finite"),
        ((0, math.inf), ValueError, "must be finite"),
        ((-1e308, 1e308), ValueError, "between 1e-300 and 1e300 wide"),
        ((1, 1), ValueError, "must go up"),
        ((2, -2), ValueError, "must go up"),
        ((1, 2), ValueError, r"starts at 0.5, outside its range 1 to 2"),
        ((0, 1, 0), ValueError, "step of 'w' must be above 0"),
        ((0, 1, 2), ValueError, "step of 'w' must be above 0 and at most 1"),
    ],
)
def test_a_bad_range_is_refused(span, error, message):
    w, _, loss = squared()
    with pytest.raises(error, match=message):
        live(loss, {w: span}, name="f")


def test_unknown_and_foreign_names_are_refused():
    w, x, loss = squared()
    (stranger,) = values(w=0.5)
    cases = [
        ({"q": (0, 1)}, {}, "controls names 'q', but 'loss' has no such input; it has w, x"),
        ({stranger: (0, 1)}, {}, "controls names Value"),
        ({w: (0, 1), "w": (0, 1)}, {}, "controls lists an input twice"),
        ({w: (0, 1)}, {"params": ["q"]}, "params names 'q'"),
        ({w: (0, 1)}, {"params": [w, w]}, "params lists an input twice"),
        ({w: (0, 1)}, {"params": [loss]}, "params names Value"),
        ({w: (0, 1)}, {"views": [curve(against=x)]}, "'x' is none"),
        ({w: (0, 1)}, {"views": [curve(of="q")]}, "named node that is computed"),
        ({w: (0, 1)}, {"views": [curve(of=stranger * 2)]}, "named node that is computed"),
        ({w: (0, 1)}, {"views": [{"view": "pie"}]}, "Unknown view"),
        ({w: (0, 1)}, {"views": ["graph"]}, "Unknown view"),
        ({w: (0, 1)}, {"views": []}, f"1 to {MAX_VIEWS} views; 0 came"),
        ({w: (0, 1)}, {"views": [graph()] * (MAX_VIEWS + 1)}, f"views; {MAX_VIEWS + 1} came"),
    ]
    for controls, options, message in cases:
        with pytest.raises(ValueError, match=message):
            live(loss, controls, name="f", **options)
    for controls in ({}, [w], None):
        with pytest.raises(TypeError, match="controls must be a dict"):
            live(loss, controls, name="f")
    with pytest.raises(TypeError, match=r"views must be a list, even of one view: \[graph\(\)\]"):
        live(loss, {w: (0, 1)}, views=graph(), name="f")
    with pytest.raises(TypeError, match=r"data of .w. must be a list of numbers; float 0\.5 came"):
        live(loss, {w: (0, 1)}, data={w: 0.5}, name="f")
    with pytest.raises(TypeError, match="must hold Values or names; int 3"):
        live(loss, {3: (0, 1)}, name="f")
    other = (stranger * 2).named("loss2")
    with pytest.raises(ValueError, match="another one for each node, got w twice"):
        live((loss + other).named("sum"), {w: (0, 1)}, name="f")


@pytest.mark.parametrize("name", ["", "1a", "a b", "a:b", None, 3, "é"])
def test_a_name_that_does_not_fit_a_link_is_refused(name):
    w, _, loss = squared()
    with pytest.raises(ValueError, match="name must be letters"):
        live(loss, {w: (0, 1)}, name=name)


@pytest.mark.parametrize("name", ["a b", "a:b", "a=b", "a,b", "a#b"])
def test_an_input_whose_name_does_not_fit_a_link_is_refused(name):
    (w,) = values(**{name: 0.5})
    with pytest.raises(ValueError, match="can't be part of a link"):
        live((w * 2).named("out"), {w: (0, 1)}, name="f")


# What it carries to the page.


def test_the_state_is_plain_and_small(neuron):
    state = neuron.get_state()
    text = json.dumps({key: state[key] for key in ("spec", "inputs", "rate")}, allow_nan=False)
    assert len(text) < 2000
    assert state["spec"]["source"]["tape"] == neuron.tape.to_dict()
    assert "gradients" not in state
    assert "values" not in state
    # Keys may come back sorted: nothing may hang on their order.
    assert state["spec"]["controls"] == [[0, -2.0, 2.0, 0.02], [1, -2.0, 2.0, 0.1]]
    assert state["spec"]["views"][1] == {"view": "curve", "of": neuron.tape.output, "against": 0}


@pytest.mark.parametrize(
    ("lo", "hi", "step"), [(-2, 2, 0.02), (0, 1, 0.005), (0, 1000, 5), (-1e-3, 1e-3, 1e-5), (0, 3, 0.02)]
)
def test_the_step_of_a_control_is_round(lo, hi, step):
    (w,) = values(w=0.0)
    assert live((w * 2).named("out"), {w: (lo, hi)}, name="f").spec["controls"][0][3] == step
