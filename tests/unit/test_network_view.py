"""The network view and data from Python: nodes found on the tape, samples, an epoch, what is refused."""

import json

import pytest

from bplib.neurons import neurons
from bplib.scalar import Value
from bplib.widgets.live import live
from bplib.widgets.views import network

DATA = {"x1": [1.0, 2.0, -1.0], "x2": [2.0, -1.0, 1.0], "y": [1.0, 0.0, 0.0]}


def two():
    W, b = [[[0.5, -0.3], [0.2, 0.8]], [[1.0, -0.5]]], [[0.2, -0.2], [0.5]]
    return neurons(W, b, ["relu", "sigmoid"], x=[1.0, 2.0], y=[1.0], loss="bce")


def figure(net=None, data=DATA, **options):
    net = net or two()
    view = network(net.layers, net.W, sums=net.z, biases=net.b)
    controls = {**{p: (-2, 2) for p in net.params}, "x1": (-3, 3), "x2": (-3, 3), "y": (0, 1)}
    options = {"params": net.params, "views": [view], "data": data, "name": "net", **options}
    return live(net.loss, controls, **options)


def test_the_view_carries_places_on_the_tape():
    fig = figure()
    (view,) = fig.spec["views"]
    names, inputs = fig.tape.names, fig.tape.inputs
    assert [[names[i] for i in layer] for layer in view["layers"]] == [
        ["x1", "x2"],
        ["a1_1", "a1_2"],
        ["yhat"],
    ]
    assert [[names[i] for i in layer] for layer in view["sums"]] == [["z1_1", "z1_2"], ["z2"]]
    weights = [[[names[inputs[n]] for n in row] for row in matrix] for matrix in view["weights"]]
    assert weights == [[["W1_11", "W1_12"], ["W1_21", "W1_22"]], [["W2_11", "W2_12"]]]
    assert [[names[inputs[n]] for n in layer] for layer in view["biases"]] == [["b1_1", "b1_2"], ["b2"]]
    assert json.loads(json.dumps(fig.spec, allow_nan=False)) == fig.spec


def test_names_do_as_well_as_values_and_biases_may_be_missing():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    z = (w * x).named("z")
    a = z.tanh().named("a")
    view = network([["x"], ["a"]], [[["w"]]], sums=[["z"]])
    fig = live((a**2).named("loss"), {"w": (-1, 1)}, views=[view], name="bare")
    assert fig.spec["views"][0]["biases"] == []
    assert "data" not in fig.spec


def test_samples_are_put_into_the_inputs():
    fig = figure()
    fig.select(1)
    assert (fig.controls["x1"], fig.controls["x2"], fig.controls["y"]) == (2.0, -1.0, 0.0)
    assert fig.values["a1_2"] == 0.0
    for sample in (-1, 3, 1.0, "a"):
        with pytest.raises(ValueError, match=f"no sample {sample!r}; this figure has 3"):
            fig.select(sample)
    with pytest.raises(ValueError, match="this figure has 0"):
        figure(data=None).select(0)


def test_an_epoch_steps_against_the_averaged_gradient():
    fig = figure(rate=0.25)
    slopes = []
    for sample in range(3):
        fig.select(sample)
        slopes.append(fig.gradients)
    before = dict(fig.controls)
    fig.epoch()
    for name in ("W1_12", "b1_1", "W2_11", "b2"):
        mean = sum(grads[name] for grads in slopes) / 3
        assert fig.controls[name] == pytest.approx(before[name] - 0.25 * mean, rel=1e-12)
    assert fig.controls["x1"] == -1.0
    for bare in (figure(data=None), figure(params=[])):
        with pytest.raises(ValueError, match="An epoch needs"):
            bare.epoch()


def test_a_sample_that_is_no_control_is_part_of_the_state():
    net = two()
    fig = live(
        net.loss,
        {p: (-2, 2) for p in net.params},
        data=DATA,
        views=[network(net.layers, net.W, sums=net.z, biases=net.b)],
        name="net",
    )
    fig.select(1)
    text = fig.state
    assert "x1=2.0" in text and "y=0.0" in text
    fig.reset()
    fig.state = text
    assert fig.inputs[fig.tape.inputs.index(fig.tape.names.index("x1"))] == 2.0


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([1.0], TypeError, "data must be a dict"),
        ({"q": [1.0]}, ValueError, "data names 'q'"),
        ({"W1_11": [1.0]}, ValueError, "'W1_11' is a parameter"),
        ({"x1": []}, ValueError, "one finite number or more"),
        ({"x1": [float("nan")]}, ValueError, "one finite number or more"),
        ({"x1": ["1"]}, TypeError, "takes a number"),
        ({"x1": [1.0, 2.0], "x2": [1.0]}, ValueError, "one number for each sample; 'x2' has 1, 'x1' has 2"),
        ({"x1": [7.0]}, ValueError, "data of 'x1' leave the range of its control, -3 to 3"),
    ],
)
def test_data_that_do_not_fit_are_refused(data, error, message):
    with pytest.raises(error, match=message):
        figure(data=data)


def test_data_given_twice_are_refused():
    net = two()
    with pytest.raises(ValueError, match="data gives 'x1' twice"):
        figure(net, data={"x1": [1.0], net.x[0]: [1.0]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": [["x1", "x2"], ["a1_1"], ["yhat"]]}, r"Layer 1 has 1 units that read 2"),
        ({"layers": [["x1", "x2"]]}, "two layers or more"),
        ({"layers": [["x1", "x2"], ["a1_1", "q"], ["yhat"]]}, "'q' came"),
        ({"layers": [["x1", "x2"], ["a1_1", 3], ["yhat"]]}, "3 came"),
        ({"sums": [["z1_1", "z1_2"]]}, r"network\(sums=...\) needs one node for each unit"),
        ({"biases": [["b1_1"], ["b2"]]}, r"network\(biases=...\) needs one node for each unit"),
        ({"weights": [[["W1_11", "W1_12"], ["W1_21", "W1_22"]]]}, r"Layer 2 has 1 units that read 2"),
        ({"weights": [[["W1_11", "W1_12"], ["W1_21", "z2"]], [["W2_11", "W2_12"]]]}, "has no such input"),
        (
            {"layers": [["x1"] * 9, ["a1_1", "a1_2"], ["yhat"]]},
            "9 units; the network view is readable up to 8",
        ),
    ],
)
def test_a_network_that_does_not_fit_is_refused(change, message):
    net = two()
    view = network(net.layers, net.W, sums=net.z, biases=net.b) | change
    with pytest.raises(ValueError, match=message):
        figure(net, views=[view])


def test_nodes_of_another_network_are_refused():
    net, other = two(), two()
    for view in (
        network(other.layers, net.W, sums=net.z, biases=net.b),
        network(net.layers, other.W, sums=net.z, biases=net.b),
    ):
        with pytest.raises(ValueError, match=r"came|no such input"):
            figure(net, views=[view])


def test_the_still_picture_shows_the_units():
    fig = figure()
    texts = [text.get_text() for text in fig.figure().axes[0].texts]
    assert "z 0.1\na 0.1\nδ −0.5498" in texts
    assert "x2\n2" in texts
    assert "Network of 2, 2 and 1 units" in repr(fig.figure())


def test_a_prediction_may_stand_beside_the_loss():
    W, b = [[[0.5]], [[0.8]]], [[0.1], [0.2]]
    net = neurons(W, b, ["relu", "sigmoid"], x=[2.0], y=[1.0], loss="bce_from_logit")
    view = network(net.layers, net.W, sums=net.z, biases=net.b)
    fig = live(net.loss, {p: (-1, 1) for p in net.params}, views=[view], name="logit")
    assert fig.values["yhat"] == pytest.approx(0.7464939833376622, rel=1e-12)
    assert fig.gradients["z2"] == pytest.approx(fig.values["yhat"] - 1, rel=1e-12)
    assert fig.gradients["yhat"] == 0
    assert "δ −0.2535" in fig.figure().axes[0].texts[-1].get_text()
