"""What the views bars and paths ask for is found on the tape, or refused in a sentence."""

import pytest

from bplib.scalar import Value
from bplib.widgets.live import live
from bplib.widgets.views import MAX_BARS, bars, paths


@pytest.fixture
def counts():
    k = Value(3.0, "k")
    visits = (2 ** (k + 1) - 1).named("visits")
    edges = (2 * k).named("edges")
    return k, visits, edges, (visits / edges).named("ratio")


def figure(counts, *views, **controls):
    k, _, _, ratio = counts
    return live(ratio, controls or {k: (1, 20, 1)}, views=views, name="race")


def test_bars_are_found_by_node_and_by_name(counts):
    _, visits, _, _ = counts
    fig = figure(counts, bars(visits, "edges", "k", log=True))
    view = fig.spec["views"][0]
    assert [fig.tape.names[i] for i in view["of"]] == ["visits", "edges", "k"]
    assert view["log"] is True
    assert repr(fig.figure()) == "Bars on a logarithmic scale: visits 15, edges 6, k 3."


def test_bars_may_compare_what_does_not_lead_to_the_output():
    """A gradient written out beside its loss, as the knobs of chapter 1 have it."""
    w = Value(3.0, "w")
    slope = (2 * w).named("slope")
    fig = live((w**2).named("loss"), {w: (-4, 4)}, views=[bars("loss", slope)], name="beside")
    assert [fig.tape.names[i] for i in fig.plan.views[0].of] == ["loss", "slope"]
    assert fig.values["slope"] == fig.gradients["w"] == 6


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((), "1 to 16 named nodes; 0 came"),
        (["k"] * (MAX_BARS + 1), "17 came"),
        (["nodes"], "needs named nodes on the way to 'ratio'; 'nodes' came. There are k, visits, edges"),
        ([3], "3 came"),
        ([Value(1.0, "visits")], "needs named nodes"),  # of another graph
    ],
)
def test_other_bars_are_refused(counts, nodes, message):
    with pytest.raises(ValueError, match=message):
        figure(counts, bars(*nodes))


def test_paths_need_a_control(counts):
    k = counts[0]
    fig = figure(counts, paths(k), bars("visits"))
    assert fig.spec["views"][0] == {"view": "paths", "depth": 0}
    assert repr(fig.figure()).startswith("Bars on a logarithmic scale: ")
    with pytest.raises(ValueError, match="has no such input"):
        figure(counts, paths("visits"))
    other = Value(1.0, "c")
    with pytest.raises(ValueError, match="needs a control"):
        live((counts[3] * other).named("out"), {other: (0, 2)}, views=[paths(k)], name="race")
