"""The view `plane` and `Seeds`: what is found and measured, what is refused, the stills and their words."""

import json
import math

import numpy as np
import pytest

from bplib import layers, losses, optim
from bplib.data import moons, xor
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.live import live
from bplib.widgets.program import Program, d, field
from bplib.widgets.seeds import MAX_SEEDS, Seeds
from bplib.widgets.sources import LanesSource
from bplib.widgets.sources.tape import on_grid
from bplib.widgets.views import plane

OUT = field("out", (-1.5, 2.5), (-1, 1.5), cells=12)
Z = field("z", (-0.5, 1.5), (-0.5, 1.5), over=("x1", "x2"), cells=6)


def program(loss=losses.bce_with_logits, targets=None, units=1):
    rng = np.random.default_rng(0)
    X, labels = moons(20, noise=0.1, rng=rng)
    net = layers.mlp([2, 4, units], activation="tanh", rng=rng)
    y = labels.reshape(-1, 1).astype(float) if targets is None else targets
    return Program.of(net, loss, X, y)


def boundary(asked, **options):
    controls = {"steps": (0, 300, 1)}
    return live(program(**options), controls, optimizer=optim.Adam(0.05), views=[asked], name="boundary")


def valley(asked=None):
    w, b, c = Value(1.0, "w"), Value(0.5, "b"), Value(2.0, "c")
    loss = (((w * c - 1) ** 2).named("square") + b * b).named("loss")
    views = [asked or plane(over=("w", "b"))]
    return live(loss, {w: (-2, 2), b: (-1, 1)}, params=[w, b], views=views, name="valley")


def xors(seeds=5, **options):
    """Networks 2-2-1 on the four points of exclusive or."""
    w = [Value(0.0, f"w{k}") for k in range(6)]
    b = [Value(0.0, f"b{k}") for k in range(3)]
    x1, x2, y = Value(0.0, "x1"), Value(0.0, "x2"), Value(0.0, "y")
    h = [(w[2 * k] * x1 + w[2 * k + 1] * x2 + b[k]).tanh() for k in range(2)]
    z = (w[4] * h[0] + w[5] * h[1] + b[2]).named("z")
    loss = (z.softplus() - y * z).named("loss")
    X, t = xor()
    columns = {x1: X[:, 0], x2: X[:, 1], y: t.ravel()}
    return Seeds.of(loss, [*w, *b], columns, seeds=seeds, **options)


def many(asked=None, seeds=5, controls=None):
    asked = asked or plane(("x1", "x2"), "y", Z, squash="sigmoid", each="seed")
    controls = controls or {"steps": (0, 500, 1)}
    return live(xors(seeds), controls, optimizer=optim.Adam(0.1), views=[asked], name="xors")


def spec(figure):
    return json.loads(json.dumps(figure.spec["views"][0]))


# --- samples and a field ----------------------------------------------------------------------------


def test_logits_meet_at_zero_and_probabilities_at_a_half():
    told = spec(boundary(plane(field=OUT)))
    assert (told["kind"], told["axes"], told["classes"]) == ("data", ["x[0]", "x[1]"], [0, 1])
    assert told["scale"] == {"lo": -4, "hi": 4, "log": False, "two": True, "levels": [0]}
    told = spec(boundary(plane(field=OUT, squash="sigmoid")))
    assert told["scale"] == {"lo": 0, "hi": 1, "log": False, "two": True, "levels": [0.5]}
    assert told["quantities"] == [["x", "x"], ["y", "y"], ["out", "out"]]


def test_other_losses_meet_in_the_middle_of_the_classes_or_where_it_is_asked():
    assert spec(boundary(plane(field=OUT), loss=losses.mse))["scale"]["levels"] == [0.5]
    scale = spec(boundary(plane(field=OUT, level=0.25), loss=losses.mse))["scale"]
    assert (scale["lo"], scale["hi"], scale["levels"]) == (-0.5, 1, [0.25])


def test_numbers_as_targets_have_one_colour_and_round_levels():
    told = spec(boundary(plane(field=OUT), loss=losses.mse, targets=np.linspace(-1, 3, 20).reshape(-1, 1)))
    assert told["classes"] == []
    assert (told["scale"]["lo"], told["scale"]["hi"], told["scale"]["two"]) == (-1, 3, False)
    assert told["scale"]["levels"] == [-0.5, 0, 0.5, 1, 1.5, 2, 2.5]


def test_the_still_counts_the_points_on_their_side():
    fig = boundary(plane(field=OUT, squash="sigmoid"))
    fig.controls["steps"] = 200
    z, y = fig.quantity("out"), fig.quantity("y")
    right = int(np.sum((z > 0) == (y == 1)))
    share = 100 * np.mean(fig.quantity(OUT) > 0)
    assert right >= 18
    assert repr(fig.figure()) == (
        "Plane: sigmoid(out) over x[0] from −1.5 to 2.5 and x[1] from −1 to 1.5; above 0.5 on "
        f"{share:.0f} % of the plane. {right} of 20 points lie on the side of their class."
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, r"plane\(field=...\).*field\(\"out\""),
        ({"field": {"d": "0.W"}}, r"plane\(field=...\)"),
        ({"field": field("9", (0, 1), (0, 1))}, "no array '9'"),
        ({"field": field("0", (0, 1), (0, 1), cells=3)}, r"one number at each point.*\(3, 3, 4\)"),
        ({"field": OUT, "each": "seed"}, "one for each seed"),
        ({"field": OUT, "each": "row"}, "'seed' or nothing"),
        ({"field": OUT, "squash": "tanh"}, "'sigmoid' or nothing"),
        ({"field": OUT, "x": "0"}, "two columns"),
        ({"field": OUT, "x": ("x", "y")}, "two columns"),
        ({"field": OUT, "x": "X"}, "no array 'X'"),
        ({"field": OUT, "y": "x"}, "a number for each of 20 points"),
        ({"field": OUT, "level": math.nan}, r"plane\(level=...\)"),
        ({"over": ("w", "b")}, "is for a graph of Values"),
    ],
)
def test_what_a_program_does_not_have_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        boundary(plane(**asked))


def test_a_network_of_several_outputs_is_refused():
    labels = np.arange(20) % 2
    with pytest.raises(ValueError, match=r"a network needs one output"):
        boundary(plane(field=OUT), loss=losses.cross_entropy_with_logits, targets=labels, units=2)


# --- a surface --------------------------------------------------------------------------------------


def test_a_surface_is_measured_over_the_controls_ranges():
    told = spec(valley())
    assert (told["kind"], told["axes"], told["of"], told["inputs"]) == ("surface", ["w", "b"], "loss", [0, 1])
    q = told["field"]
    assert (q["over"], q["x"], q["y"]) == (["w", "b"], [-2, 2], [-1, 1])
    # (2 w - 1)^2 + b^2 at the middles of the cells: w = 0.46875, b = 1/64 are lowest.
    assert told["scale"]["lo"] == pytest.approx((2 * 0.46875 - 1) ** 2 + (1 / 64) ** 2)
    assert told["scale"]["hi"] == pytest.approx((2 * -1.96875 - 1) ** 2 + (63 / 64) ** 2)
    assert told["scale"]["log"]
    assert told["scale"]["levels"] == [0.01, 0.03, 0.1, 0.3, 1, 3, 10]
    # Its gradient is (4 (2 w - 1), 2 b).
    assert told["steepest"] == pytest.approx(np.hypot(4 * 5, 2), rel=0.03)


def test_a_surface_below_zero_has_a_linear_scale_and_a_flat_one_some_scale():
    w, b = Value(1.0, "w"), Value(0.5, "b")
    fig = live((w * b).named("product"), {w: (-1, 1), b: (-1, 1)}, views=[plane(over=(w, b))], name="saddle")
    scale = spec(fig)["scale"]
    assert not scale["log"]
    assert scale["lo"] == -scale["hi"]
    assert 0 in scale["levels"]
    flat = ((w - w) * b + 3).named("flat")
    fig = live(flat, {w: (-1, 1), b: (-1, 1)}, views=[plane(over=(w, b))], name="flat")
    assert (spec(fig)["scale"]["lo"], spec(fig)["scale"]["hi"]) == (2, 4)
    assert "least 3, largest 3" in repr(fig.figure())


def test_the_still_of_a_surface_says_where_the_point_is():
    fig = valley(plane(over=("w", "b"), of="square"))
    assert repr(fig.figure()).endswith("At w 1, b 0.5 it is 1.")
    assert spec(fig)["of"] == "square"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (plane(), "needs two of the controls, w, b; None came"),
        (plane(over=("w", "w")), "needs two of the controls"),
        (plane(over=("w", "c")), "needs two of the controls"),
        (plane(over=("w", "v")), "no such input"),
        (plane(over=("w", "b"), of="height"), "needs named nodes"),
    ],
)
def test_what_a_graph_does_not_have_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        valley(asked)


def test_a_surface_that_exists_nowhere_is_refused():
    w, b = Value(-3.0, "w"), Value(-1.0, "b")
    tape = Tape.record((w.exp() * b).named("z"), inputs=[w, b])
    assert np.isfinite(on_grid(tape, {}, field("z", (0, 1), (0, 1), over=("w", "b"), cells=2))).all()
    # log b exists only above 0; the start of b does, its range in the plane does not.
    b = Value(1.0, "b")
    tape = Tape.record((w * b.log()).named("z"), inputs=[w, b])
    gaps = on_grid(tape, {}, field("z", (0, 1), (-2, 2), over=("w", "b"), cells=4))
    assert np.isnan(gaps[:2]).all()
    assert np.isfinite(gaps[2:]).all()


@pytest.mark.parametrize("over", [None, ("w",), ("w", "w"), ("w", "v")])
def test_a_field_of_a_graph_needs_two_of_its_inputs(over):
    with pytest.raises(ValueError, match=r"over: expected two inputs, of w"):
        valley().quantity(field("loss", (0, 1), (0, 1), over=over))


# --- seeds ------------------------------------------------------------------------------------------


def test_seeds_train_as_each_would_alone():
    together = xors(3)
    start = together.start(7, 0.5)
    trained = {name: row.copy() for name, row in start.items()}
    together.train(trained, optim.Momentum(0.3), 20)
    for s in range(3):
        alone = xors(1)
        params = {name: row[s : s + 1].copy() for name, row in start.items()}
        np.testing.assert_array_equal(
            np.ravel(list(alone.start(7 + s, 0.5).values())), np.ravel(list(params.values()))
        )
        alone.train(params, optim.Momentum(0.3), 20)
        for name, row in params.items():
            np.testing.assert_allclose(row, trained[name][s : s + 1], rtol=1e-12)


def test_seeds_descend_against_the_mean_of_the_samples_gradients():
    w, x = Value(2.0, "w"), Value(1.0, "x")
    seeds = Seeds.of(((w * x - 1) ** 2).named("loss"), [w], {x: [1.0, 3.0]}, seeds=2, draw={})
    params = seeds.start(0, 1.0)
    np.testing.assert_array_equal(params["w"], [2, 2])  # what is not drawn starts where the graph says
    seeds.train(params, optim.SGD(0.1), 1)
    np.testing.assert_allclose(params["w"], 2 - 0.1 * (2 * 1 + 2 * 5 * 3) / 2)


def test_a_lost_network_stops_and_the_others_go_on():
    w, x = Value(1.0, "w"), Value(1.0, "x")
    seeds = Seeds.of((w * x).exp().named("loss"), [w], {x: [1.0]}, seeds=2)
    params = {"w": np.array([0.0, 1e4])}
    seeds.train(params, optim.SGD(0.1), 1)
    np.testing.assert_array_equal(params["w"], [-0.1, 1e4])


def test_seeds_are_read_by_name():
    fig = many(seeds=4, controls={"seed": (0, 100, 1), "spread": (0.1, 2)})
    assert fig.quantity("loss").shape == (4,)
    assert fig.quantity("w0").shape == (4,)
    assert fig.quantity("x1").tolist() == xor()[0][:, 0].tolist()
    assert fig.quantity("z").shape == (4, 4)
    assert fig.quantity(Z).shape == (4, 6, 6)
    first = fig.quantity("w0")
    fig.controls["seed"] = 1
    np.testing.assert_array_equal(fig.quantity("w0")[:-1], first[1:])
    fig.controls["spread"] = 0.5
    np.testing.assert_allclose(fig.quantity("w0")[:-1], 0.5 * first[1:])
    for unknown in ("v", d("w0"), field("v", (0, 1), (0, 1), over=("x1", "x2"))):
        with pytest.raises(ValueError, match="expected a named node"):
            fig.quantity(unknown)


def test_a_field_of_seeds_is_the_node_at_the_middles_of_the_cells():
    fig = many(seeds=2)
    fig.controls["steps"] = 3
    w = {name: fig.quantity(name)[1] for name in fig.plan.source.seeds.params}
    at = -0.5 + 2 * (np.array([4, 1]) + 0.5) / 6  # column 4, row 1
    h = [np.tanh(w[f"w{2 * k}"] * at[0] + w[f"w{2 * k + 1}"] * at[1] + w[f"b{k}"]) for k in range(2)]
    assert fig.quantity(Z)[1, 1, 4] == pytest.approx(w["w4"] * h[0] + w["w5"] * h[1] + w["b2"], rel=1e-12)


def test_the_still_of_seeds_counts_what_is_solved():
    fig = many(seeds=12)
    fig.controls["steps"] = 150
    below = int((fig.quantity("loss") < 0.01).sum())
    assert 0 < below < 12
    told = repr(fig.figure())
    assert told.startswith("12 seeds after 150 steps, a plane of sigmoid(z) each over x1 from −0.5 to 1.5")
    assert f"loss is below 0.01 for {below} of them" in told
    assert repr(fig).startswith("live figure 'xors': steps = 150, median loss = ")
    assert spec(fig)["quantities"] == [["loss", "loss"]]
    assert spec(fig)["inputs"] == [0]


def test_one_more_step_is_one_more_step():
    fig = many(seeds=2)
    before = fig.quantity("loss")
    fig.step()
    assert fig.inputs == [1]
    assert (fig.quantity("loss") < before).all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (plane(("x1", "x2"), "y", Z), "one number at each point"),
        (plane(("x1", "x2"), "y", field("z", (0, 1), (0, 1)), each="seed"), "expected two inputs, of w0"),
        (plane(("x1", "x2"), "y", Z, each="seed", of="z"), "one number a seed"),
        (plane("x1", "y", Z, each="seed"), "two columns"),
    ],
)
def test_what_seeds_do_not_have_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        many(asked)


def test_seeds_refuse_what_can_not_be_trained():
    w, x = Value(1.0, "w"), Value(1.0, "x")
    loss = (w * x).named("loss")
    column = {x: [1.0, 2.0]}
    with pytest.raises(TypeError, match="a Value, the loss of one sample"):
        Seeds.of(3.0, [w], column)
    for seeds in (0, MAX_SEEDS + 1):
        with pytest.raises(ValueError, match=f"1 to {MAX_SEEDS}"):
            Seeds.of(loss, [w], column, seeds=seeds)
    with pytest.raises(ValueError, match="no such input"):
        Seeds.of(loss, ["v"], column)
    for params, data, draw in (([], column, None), ([w], {w: [1.0]}, None), ([w], column, {x: 1.0})):
        with pytest.raises(ValueError, match=r"Seeds.of needs params"):
            Seeds.of(loss, params, data, draw=draw)
    for wrong in ({x: []}, {}, {x: [[1.0]]}):
        with pytest.raises(ValueError, match="columns of one length"):
            Seeds.of(loss, [w], wrong)
    with pytest.raises(ValueError, match="finite numbers"):
        Seeds.of(loss, [w], {x: [math.inf]})


def test_seeds_need_an_optimiser_and_have_three_inputs():
    view = [plane(("x1", "x2"), "y", Z, each="seed")]
    with pytest.raises(TypeError, match=r"optimizer=SGD\(0.5\)"):
        live(xors(), {"steps": (0, 9)}, views=view, name="xors")
    with pytest.raises(ValueError, match="expected among steps, seed, spread"):
        live(xors(), {"rows": (1, 4)}, optimizer=optim.SGD(0.1), views=view, name="xors")


def test_a_source_of_seeds_trains_one_state_once():
    source = LanesSource(xors(2), ["steps"], optim.SGD(0.1))
    assert source.at([5], 0.1) is source.at([5], 0.1)
    assert source.at([5], 0.2) is not source.at([5], 0.1)
