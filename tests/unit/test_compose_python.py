"""The view `compose` from Python: which chains it takes, what its still picture says."""

import re

import pytest

from bplib import plot
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.live import live
from bplib.widgets.views import compose


@pytest.fixture
def nodes():
    x, c = Value(1.3, "x"), Value(2.0, "c")
    u = (x**2).named("u")
    s = u.sin().named("s")
    return {"x": x, "c": c, "u": u, "s": s, "y": (c * s**2).named("y")}


def figure(nodes, *chain, controls=("x",)):
    return live(nodes["y"], {key: (-2, 2) for key in controls}, views=[compose(*chain)], name="chain")


def test_a_chain_is_found_on_the_tape_by_value_and_by_name(nodes):
    fig = figure(nodes, nodes["x"], "u", nodes["s"], "y")
    (view,) = fig.spec["views"]
    assert [fig.tape.names[i] for i in view["chain"]] == ["x", "u", "s", "y"]
    assert fig.tape.names[fig.tape.inputs[view["against"]]] == "x"


def test_a_chain_may_leave_stages_out(nodes):
    view = figure(nodes, "x", "u", "y").spec["views"][0]
    assert len(view["chain"]) == 3


def test_the_picture_says_the_slopes_and_their_product(nodes):
    picture = figure(nodes, "x", "u", "s", "y").figure()
    numbers = [float(n.replace("−", "-")) for n in re.findall(r"slope (−?\d+\.?\d*)", picture.alt)]
    assert numbers == pytest.approx([2.6, -0.1189, 2 * 1.986], rel=1e-3)
    assert picture.alt.endswith("dy/dx = 3.972 × (−0.1189) × 2.6 = −1.228.")


def test_the_picture_stands_where_the_controls_do(nodes):
    fig = figure(nodes, "x", "u", "y")
    fig.controls["x"] = 1.0
    assert "u against x at 1, slope 2;" in fig.figure().alt


def test_a_later_stage_may_be_undefined_somewhere_without_a_gap_before_it():
    tape = Tape.record(lambda x: (x * 2).named("u").log().named("y"), x=1.0)
    picture = plot.compose(tape, None, ["x", "u", "y"], -1, 2)
    line = picture.axes[0].lines[0].get_xydata()
    assert line[0].tolist() == [-1, -2] and line[-1].tolist() == [2, 4]


def test_no_tangent_is_dashed_because_that_marks_the_mistake_in_the_live_figure(nodes):
    picture = figure(nodes, "x", "u", "s", "y").figure()
    assert {
        line.get_linestyle() for ax in picture.axes for line in ax.lines if len(line.get_xdata()) > 1
    } == {"-"}


BAD = {
    "too short": (["x", "y"], "a control and 2 to 5 stages; 2 nodes came"),
    "too long": (["x", "u", "s", "y", "u", "s", "y"], "7 nodes came"),
    "starts with no control": (["c", "s", "y"], "starts with a control; 'c' is none"),
    "starts with no input": (["u", "s", "y"], "compose(...) names 'u', but 'y' has no such input"),
    "no such node": (["x", "v", "y"], "compose(...) needs named nodes on the way to 'y'; 'v' came"),
    "wrong order": (["x", "s", "u"], "'u' is not computed from 's'"),
    "the same twice": (["x", "u", "u"], "'u' is not computed from 'u'"),
}


@pytest.mark.parametrize("kind", BAD)
def test_other_chains_are_refused(nodes, kind):
    chain, said = BAD[kind]
    with pytest.raises(ValueError, match=re.escape(said)):
        figure(nodes, *chain)


def test_a_way_past_a_stage_is_refused():
    x = Value(1.0, "x")
    u = (x * x).named("u")
    y = (u.sin() * x).named("y")
    with pytest.raises(ValueError, match=r"'y' depends on 'x' also past 'u'.*graph\(\)"):
        live(y, {x: (-2, 2)}, views=[compose(x, u, y)], name="bypass")


def test_a_diamond_inside_a_stage_is_no_way_past_it():
    x = Value(1.0, "x")
    u = (x * x).named("u")
    y = (u.sin() * u).named("y")
    fig = live(y, {x: (-2, 2)}, views=[compose(x, u, y)], name="diamond")
    assert fig.figure().alt.startswith("Stages: u against x at 1, slope 2;")
