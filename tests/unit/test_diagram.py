"""The diagram of a graph: names, formulas and places, computed once, drawn alike on paper and in the page."""

import json

import pytest
from matplotlib.patches import FancyBboxPatch

from bplib import plot
from bplib.diagram import constant, form, labels, layout, written
from bplib.graph_picture import CARD_HEIGHT, CARD_WIDTH, GAP_ALONG, GAP_BESIDE
from bplib.scalar import Value
from bplib.tape import ARITY, Tape
from bplib.widgets.live import graph, live

FORMULAS = {
    "diamond": lambda x, y: (x * y).sin() * x + x.exp() * y,
    "two edges past the same ranks": lambda x, y: (x * y).exp().sin().exp() * x * y,
    "one number twice": lambda x, y: x * x - y,
    "a fan": lambda x, y: (x + 1) * (x + 2) * (x + 3) * (y - 4),
}


def tape(name):
    return Tape.record(FORMULAS[name], x=1.0, y=0.3)


# What the nodes are called.


def test_a_node_is_called_by_its_name_else_by_a_short_formula_else_by_its_place():
    found = labels(
        Tape.record(lambda w, x: ((w * x).named("z") * 2 + (x - w).exp() * w).relu(), w=1.0, x=2.0)
    )
    assert found.names == ["w", "x", "z", "2", "z × 2", "x − w", "exp(x − w)", "u7", "(z × 2) + u7", "output"]
    assert found.formulas[7:] == ["exp(x − w) × w", "(z × 2) + u7", "relu((z × 2) + u7)"]


@pytest.mark.parametrize(
    ("f", "formula", "tag"),
    [
        (lambda x: x * 2, "x × 2", "× 2"),
        (lambda x: 2 - x, "2 − x", "2 −"),
        (lambda x: x * -0.5, "x × (−0.5)", "× −0.5"),
        (lambda x: x**3, "x^3", "^3"),
        (lambda x: 2**x, "2^x", "2^"),
        (lambda x: -x, "−x", "−"),
        (lambda x: x.abs(), "|x|", "| |"),
        (lambda x: x.maximum(-1), "max(x, −1)", "max −1"),
        (lambda x: x.leaky_relu(), "leaky relu(x, 0.01)", "leaky relu 0.01"),
        (lambda x: x.tanh(), "tanh(x)", "tanh"),
        (lambda x: x / 3e-9, "x ÷ 3e−9", "÷ 3e−9"),
    ],
)
def test_an_operation_is_written_with_its_constants(f, formula, tag):
    found = labels(Tape.record(f, x=2.0))
    assert (found.formulas[-1], found.tags[-1]) == (formula, tag)


def test_brackets_stand_where_an_unnamed_sum_or_product_is_an_argument():
    for f, formula in (
        (lambda x: (x + 1) ** 2, "(x + 1)^2"),
        (lambda x: -(x + 1), "−(x + 1)"),
        (lambda x: (x + 1).exp(), "exp(x + 1)"),
        (lambda x: x.exp() + 1, "exp(x) + 1"),
        (lambda x: (x + 1).named("u") ** 2, "u^2"),
        (lambda x: (x + 1).abs() ** 2, "|x + 1|^2"),
    ):
        assert labels(Tape.record(f, x=2.0)).formulas[-1] == formula


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.0, "0"), (-0.0, "0"), (1e6, "1e6"), (999999.4, "999999"), (-2.5e-7, "−2.5e−7"), (1e100, "1e100")],
)
def test_a_constant_is_written_as_the_page_writes_numbers(x, text):
    assert constant(x) == text


@pytest.mark.parametrize("op", ARITY)
def test_every_operation_can_be_written(op):
    form_ = form(op)
    assert len(form_) == ARITY[op] + 1
    assert written(op, ["p", "q"][: ARITY[op]]).count("q") == ARITY[op] - 1 + ("q" in op)
    assert not form_[-1] or form_[0]  # closed on both sides or on neither


# Where they stand.


@pytest.mark.parametrize("name", FORMULAS)
def test_every_edge_points_forward_and_passes_every_rank_between(name):
    places, edges = layout(tape(name))
    for edge in edges:
        assert len(edge.via) == places[edge.target][0] - places[edge.source][0] - 1


@pytest.mark.parametrize("name", FORMULAS)
def test_nothing_stands_on_another_and_edges_pass_the_cards_in_between(name):
    places, edges = layout(tape(name))
    stops = list(places.values())
    stops += [(places[e.source][0] + k, at) for e in edges for k, at in enumerate(e.via, 1)]
    for n, (rank, at) in enumerate(stops):
        for other, beside in stops[:n]:
            assert rank != other or abs(at - beside) > 0.49
    assert min(at for _, at in stops) == 0


def test_an_edge_for_each_use_arrives_beside_the_others():
    _, edges = layout(tape("one number twice"))
    assert [(e.source, e.target, e.arg, e.port) for e in edges] == [
        (0, 2, 0, -0.5), (0, 2, 1, 0.5), (2, 3, 0, -0.5), (1, 3, 1, 0.5)
    ]  # fmt: skip


def test_a_chain_of_operations_runs_straight_and_inputs_make_room():
    places, _ = layout(Tape.record(lambda x, b, c: ((x * 2 + b).exp() + c).sin(), x=1.0, b=0.1, c=0.2))
    made = [at for i, (_, at) in places.items() if i > 2]
    assert len(set(made)) == 1


def test_a_graph_of_any_depth_is_laid_out():
    x = y = Value(1.0, "x")
    for _ in range(3000):
        y = y + 0.5
    places, edges = layout(Tape.record(y, inputs=[x]))
    assert len(places) == len(edges) + 1 == 3001


# One diagram, two pictures.


@pytest.mark.parametrize("name", FORMULAS)
def test_the_still_picture_and_the_page_draw_one_diagram(name):
    x, y = Value(1.0, "x"), Value(0.3, "y")
    fig = live(FORMULAS[name](x, y).named("out"), {x: (-2, 2)}, views=[graph()], name="one")
    (view,) = fig.spec["views"]
    cards = [patch for patch in fig.figure().axes[0].patches if isinstance(patch, FancyBboxPatch)]
    stood = [(card.get_x(), card.get_y() + CARD_HEIGHT / 2) for card in cards]
    asked = [
        (rank * (CARD_WIDTH + GAP_ALONG), -at * (CARD_HEIGHT + GAP_BESIDE))
        for _, rank, at, _ in view["nodes"]
    ]
    assert stood == [pytest.approx(place) for place in asked]
    told = repr(fig.figure())
    for i, *_ in view["nodes"]:
        assert f"{fig.spec['source']['labels']['names'][i]} = " in told
    assert json.loads(json.dumps(view)) == view


def test_plot_draws_the_operation_beside_the_name():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    texts = [
        text.get_text() for text in plot.graph(Tape.record((w * x + 1).named("z"), [w, x])).axes[0].texts
    ]
    assert texts.count("+ 1") == 1  # of z; "w × x" is its own operation
