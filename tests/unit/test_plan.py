"""A figure's plan: it needs no widget and no picture, and the graph behind it is walked once."""

import subprocess
import sys

import ipywidgets
import pytest

from bplib.neurons import neurons
from bplib.scalar import Value
from bplib.widgets.expressions import expressions
from bplib.widgets.live import live
from bplib.widgets.plan import plan
from bplib.widgets.views import VIEWS, bars, compose, curve, graph, network, paths


def line():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    return plan(((w * x - 3) ** 2).named("loss"), {w: (-2, 4)}, params=[w], data={x: [1.0, 2.0]}, name="line")


def test_a_plan_needs_neither_widgets_nor_matplotlib():
    code = (
        "import sys\n"
        "for name in ('anywidget', 'ipywidgets', 'traitlets', 'matplotlib', 'PIL'):\n"
        "    sys.modules[name] = None\n"
        "from bplib.scalar import Value\n"
        "from bplib.widgets.plan import plan\n"
        "from bplib.widgets.views import curve, graph\n"
        "w = Value(0.5, 'w')\n"
        "figure = plan((w * w).named('loss'), {w: (-2, 2)}, params=[w], views=[graph(), curve()], name='f')\n"
        "moved = figure.source.step(figure.restore('f:w=1.0')[0], 0.25)\n"
        "print(figure.state(moved), len(figure.spec['views']), figure.in_words(moved), sep='; ')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == (
        "f:1:w=0.5; 2; live figure 'f': w = 0.5, loss = 0.25; dloss/dw = 1, dloss/dloss = 1\n"
    ), done.stderr


def test_a_plan_moves_numbers_and_keeps_none():
    figure = line()
    start = figure.start
    assert start == [0.5, 2.0]
    assert figure.source.step(start, 0.1) == [0.5 + 0.1 * 8.0, 2.0]
    assert figure.source.select(start, 0) == [0.5, 1.0]
    # (w x - 3)^2 has the slope 2 (w x - 3) x: -5 and -8 at the two samples.
    assert figure.source.epoch(start, 0.1) == [0.5 + 0.1 * 6.5, 2.0]
    assert figure.start == start


def test_a_state_leaves_out_what_stays():
    figure = line()
    assert figure.state([1.0, 2.0]) == "line:1:w=1.0,x=2.0"
    assert figure.restore("#line:w=1") == ([1.0, 2.0], None, None)
    with pytest.raises(ValueError, match="outside its range -2 to 4"):
        figure.restore("line:w=9")


def logits():
    """A network whose prediction stands beside the path to the loss."""
    net = neurons([[[0.5]]], [[0.1]], ["sigmoid"], x=[1.0], y=[0.8], loss="bce_from_logit")
    views = [graph(), curve(), bars("z"), network(net.layers, net.W, sums=net.z, biases=net.b)]
    return net.loss, {"W": (-2, 2)}, views


def chain():
    x = Value(2.0, "x")
    u = (x * x).named("u")
    y = u.exp().named("y")
    return y, {x: (1, 3, 1)}, [compose(x, u, y), paths(x), bars(u, y), curve(of=u)]


@pytest.mark.parametrize("build", [logits, chain])
def test_a_graph_is_walked_once_on_its_way_to_the_page(build, monkeypatch):
    output, controls, views = build()
    walks = []
    walk = Value.graph

    def noted(*nodes):
        walks.append(nodes)
        return walk(*nodes)

    monkeypatch.setattr(Value, "graph", noted)
    fig = live(output, controls, views=views, name="once")
    assert len(walks) == 1
    assert len(fig.spec["views"]) == len(views)


def test_a_unit_that_needs_another_input_is_not_recorded_beside_the_output():
    net = neurons([[[0.5]]], [[0.1]], ["sigmoid"], x=[1.0], y=[0.8], loss="bce_from_logit")
    other = (net.z[0][0] * Value(2.0, "q")).named("other")
    view = network([net.x, [other]], net.W, sums=net.z)
    with pytest.raises(
        ValueError, match=r"network\(layers=...\) needs named nodes.*There are x, W, b, z, y, loss"
    ):
        live(net.loss, {"W": (-2, 2)}, views=[view], name="beside")


def test_a_name_from_another_graph_does_not_pass_for_one_of_this():
    output, controls, _ = chain()
    foreign = (Value(2.0, "x") * 2).named("u")
    for view in (bars(foreign), curve(of=foreign)):
        with pytest.raises(ValueError, match=r"needs a? ?named node"):
            live(output, controls, views=[view], name="foreign")


def test_a_view_says_which_inputs_it_moves_itself():
    output, controls, views = logits()
    fig = live(output, controls, views=views, name="claims")
    claims = [view.get("claims") for view in fig.spec["views"]]
    assert claims[:3] == [None] * 3
    assert [fig.tape.names[fig.tape.inputs[n]] for n in claims[3]] == ["W", "b"]


def test_every_view_is_a_class_of_its_name():
    for name, kind in VIEWS.items():
        assert kind.name == name
        assert kind.__module__ == f"bplib.widgets.views.{name}"


def models() -> int:
    """How many widgets there are, each with a line to the page and a state sent over it."""
    return len(ipywidgets.Widget.get_manager_state()["state"])


def test_reading_an_expression_makes_no_widgets():
    fig = expressions(["x = 3; u = x**2; u**2 + u", "sin(x) * y"], name="formula")
    before = models()
    for x in range(10):
        fig.state = f"formula-1:x={x / 2}"
        assert fig.state == f"formula-1:1:x={x / 2}"
    assert models() == before
    figure = fig.live
    assert figure.gradients["x"] == 4 * 4.5**3 + 2 * 4.5
    made = models()
    for _ in range(10):
        assert fig.live is figure
    assert models() == made
    fig.text = "exp(x) + 1"
    assert fig.live.plan.name == "formula-typed"


@pytest.mark.parametrize(
    ("start", "span", "options", "whole"),
    [
        (2.0, (1, 8, 1), {}, True),
        (2.0, (0, 8, 2), {}, True),
        (2.0, (0, 200), {}, False),  # here the step of 1 is no one's wish
        (2.5, (1, 8, 1), {}, False),
        (2.0, (0.5, 8, 1), {}, False),
        (2.0, (1, 8, 0.5), {}, False),
        (2.0, (1, 8, 1), {"params": ["k"]}, False),  # a gradient step leads to fractions
        (2.0, (1, 8, 1), {"data": {"k": [1.5, 2.0]}}, False),
    ],
)
def test_a_control_with_whole_steps_counts(start, span, options, whole):
    k = Value(start, "k")
    figure = plan((2 * k).named("y"), {k: span}, name="counted", **options)
    assert figure.source.whole == figure.spec["source"].get("whole", []) == [0] * whole
    if not whole:
        assert figure.checked([2.25]) == [2.25]
        return
    with pytest.raises(ValueError, match=r"k counts: it must be a whole number; got 2\.25"):
        figure.checked([2.25])
    with pytest.raises(ValueError, match="must be a whole number"):
        figure.restore("counted:1:k=2.5")


def test_words_name_the_numbers_of_a_control():
    w = Value(1.0, "w")
    figure = plan((w * 2).named("y"), {w: ("off", "on")}, name="words")
    assert figure.controls == [[0, 0, 1, 1, ["off", "on"]]]
    for start, words in ((2.0, ("off", "on")), (0.5, ("off", "on")), (1.0, ("on", "on"))):
        v = Value(start, "v")
        with pytest.raises(ValueError, match=r"'v' starts at .*words .* must differ"):
            plan((v * 2).named("y"), {v: words}, name="words")
