"""Networks made of Values: the numbers, the names, the order of adding, and what is refused."""

import math

import numpy as np
import pytest

from bplib import layers, losses
from bplib.gradcheck import gradcheck
from bplib.neurons import ACTIVATIONS, neurons
from bplib.tape import Tape

W, B = [[[0.5, -0.3], [0.2, 0.8]], [[1.0, -0.5]]], [[0.2, -0.2], [0.5]]


def two(b1=(0.2, -0.2), loss="bce"):
    return neurons(W, [list(b1), [0.5]], ["relu", "sigmoid"], x=[1.0, 2.0], y=[1.0], loss=loss)


def test_one_unit_a_layer_is_the_book_s_first_example():
    net = neurons([[[0.5]], [[0.8]]], [[0.1], [0.2]], ["relu", "sigmoid"], x=[2.0], y=[1.0], loss="squared")
    net.loss.backward()
    names = {node.name for node in net.loss.graph() if node.name}
    assert names == {"x", "W1", "b1", "z1", "a1", "W2", "b2", "z2", "yhat", "y", "loss"}
    wanted = {
        "z1": 1.1,
        "z2": 1.08,
        "yhat": 0.7464939833376622,
        "loss": 0.06426530048400551,
    }
    values = {node.name: node.data for node in net.loss.graph()}
    grads = {node.name: node.grad for node in net.loss.graph()}
    for name, number in wanted.items():
        assert values[name] == pytest.approx(number, rel=1e-12)
    assert grads["z2"] == pytest.approx(-0.09594732029739412, rel=1e-12)
    assert grads["W2"] == pytest.approx(-0.1055420523271335, rel=1e-12)
    assert grads["W1"] == pytest.approx(-0.1535157124758306, rel=1e-12)
    assert grads["b1"] == pytest.approx(-0.07675785623791529, rel=1e-12)


def test_names_count_units_and_weights_from_1():
    net = two()
    assert [p.name for p in net.params] == [
        "W1_11", "W1_12", "W1_21", "W1_22", "b1_1", "b1_2", "W2_11", "W2_12", "b2",
    ]  # fmt: skip
    assert [[node.name for node in layer] for layer in net.layers] == [
        ["x1", "x2"],
        ["a1_1", "a1_2"],
        ["yhat"],
    ]
    assert [[node.name for node in layer] for layer in net.z] == [["z1_1", "z1_2"], ["z2"]]
    assert net.W[0][0][1].data == -0.3 and net.W[0][1][0].data == 0.2
    assert Tape.record(net.loss, inputs=[*net.x, *net.params, *net.y]).names.count("yhat") == 1


def test_names_differ_however_wide_the_layers():
    ones = np.ones((12, 12))
    net = neurons([ones, ones[:1]], [ones[0], [0.0]], ["tanh", "tanh"], x=ones[0], y=[0.0], loss="squared")
    names = Tape.record(net.loss, inputs=[*net.x, *net.params, *net.y]).start()
    assert {"W1_1_11", "W1_11_1", "W1_12_12", "W2_1_12", "b1_12", "x12"} <= set(names)


def test_the_bias_is_added_last_so_a_zero_on_paper_is_not_one():
    net = two(b1=(0.1, -0.2))
    net.loss.backward()
    assert net.z[0][0].data == 2.0**-55
    assert net.loss.data == pytest.approx(0.8543552444685271, rel=1e-12)
    assert net.W[0][0][0].grad == pytest.approx(-0.574442516811659, rel=1e-12)


def test_the_loss_from_the_logit_is_the_same_number():
    one, other = two(), two(loss="bce_from_logit")
    one.loss.backward()
    other.loss.backward()
    assert one.loss.data == pytest.approx(other.loss.data, rel=1e-14)
    for p, q in zip(one.params, other.params, strict=True):
        assert p.grad == pytest.approx(q.grad, rel=1e-12)
    # yhat stands beside the path; from the probability it is on it.
    assert one.a[-1][0] in one.loss.graph()
    assert other.a[-1][0] not in other.loss.graph()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["squared", "bce", "bce_from_logit"])
def test_gradients_are_slopes_whatever_the_activation(activation, loss):
    rng = np.random.default_rng(3)
    params = {
        "W1": rng.normal(size=(3, 2)),
        "b1": rng.normal(size=3),
        "W2": rng.normal(size=(2, 3)),
        "b2": rng.normal(size=2),
    }

    def build(W1, b1, W2, b2):
        return neurons([W1, W2], [b1, b2], [activation, "sigmoid"], x=[0.7, -1.2], y=[1.0, 0.0], loss=loss)

    net = build(**params)
    net.loss.backward()
    claimed = {
        "W1": np.array([[w.grad for w in row] for row in net.W[0]]),
        "b1": np.array([b.grad for b in net.b[0]]),
        "W2": np.array([[w.grad for w in row] for row in net.W[1]]),
        "b2": np.array([b.grad for b in net.b[1]]),
    }
    report = gradcheck(lambda **p: build(**p).loss.data, params, claimed)
    assert report, report


def test_it_is_the_network_of_the_array_engine():
    x, y = np.array([[1.0, 2.0]]), np.array([[1.0]])
    rng = np.random.default_rng(0)
    net = layers.Sequential(layers.Affine(2, 2, rng=rng), layers.ReLU(), layers.Affine(2, 1, rng=rng))
    for layer, weights, biases in zip((net.layers[0], net.layers[2]), W, B, strict=True):
        layer.params["W"][...], layer.params["b"][...] = weights, biases
    loss, cache = losses.bce_with_logits(net.forward(x), y)
    net.backward(losses.bce_with_logits_backward(1.0, cache)[0])
    scalar = two()
    scalar.loss.backward()
    assert scalar.loss.data == pytest.approx(loss, rel=1e-12)
    grads = [[w.grad for w in row] for row in scalar.W[0]]
    np.testing.assert_allclose(net.layers[0].grads["W"], grads, rtol=1e-12)
    np.testing.assert_allclose(net.layers[2].grads["b"], [scalar.b[1][0].grad], rtol=1e-12)


def test_losses_over_several_outputs_are_means():
    net = neurons([[[1.0], [2.0]]], [[0.0, 0.0]], ["identity"], x=[1.0], y=[0.0, 0.0], loss="squared")
    assert net.loss.data == pytest.approx((1 + 4) / 2)
    assert [node.name for node in net.a[0]] == ["yhat1", "yhat2"]
    assert [w.name for row in net.W[0] for w in row] == ["W_11", "W_21"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": [[0.2, -0.2]]}, "^b: expected 2, one for each layer, got 1 of them"),
        ({"W": [], "b": [], "activations": []}, "^W: expected at least one, one for each layer, got 0"),
        ({"loss": "mse"}, "^loss: expected one of 'squared', 'bce', 'bce_from_logit', got 'mse'"),
        ({"activations": ["softmax", "sigmoid"]}, "^activation: expected one of .*, got 'softmax'"),
        ({"x": [1.0]}, "^a row of W of layer 1: expected 1, one for each unit before it, got 2"),
        ({"W": [[[0.5], [0.2, 0.8]], W[1]]}, "row of W of layer 1: expected 2, .* got 1"),
        ({"W": [[], W[1]]}, "^W of layer 1: expected at least one, one for each unit"),
        ({"b": [[0.2], [0.5]]}, "^b of layer 1: expected 2, one for each row of W, got 1"),
        ({"x": []}, "^x: expected at least one, one for each input, got 0"),
        ({"y": [1.0, 0.0]}, "^y: expected 1, one for each output, got 2"),
        (
            {"activations": ["relu", "tanh"], "loss": "bce_from_logit"},
            "^activations: expected a sigmoid in the last layer for bce_from_logit, got 'tanh'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"W": W, "b": B, "activations": ["relu", "sigmoid"], "x": [1.0, 2.0], "y": [1.0], "loss": "bce"}
    given |= change
    with pytest.raises(ValueError, match=message):
        neurons(given.pop("W"), given.pop("b"), given.pop("activations"), **given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W": 0.5}, "^W: expected a list, got 0.5"),
        ({"W": [0.5, 0.8]}, "^W of layer 1: expected a list, got 0.5"),
        (
            {"W": [[0.5], [0.8]]},
            r"^a row of W of layer 1: expected a list, got 0.5.*neurons\(\[\[\[0.5\]\]\]",
        ),
        ({"b": [0.2, 0.5]}, "^b of layer 1: expected a list, got 0.2"),
        ({"x": 1.0}, "^x: expected a list, got 1.0"),
        ({"y": np.array(1.0)}, r"^y: expected a list, got array\(1.\)"),
    ],
)
def test_a_number_where_a_list_should_stand(change, message):
    given = {"W": W, "b": B, "activations": ["relu", "sigmoid"], "x": [1.0, 2.0], "y": [1.0], "loss": "bce"}
    given |= change
    with pytest.raises(TypeError, match=message):
        neurons(given.pop("W"), given.pop("b"), given.pop("activations"), **given)


def test_numbers_must_be_numbers():
    with pytest.raises(TypeError):
        neurons([[["a"]]], [[0.0]], ["relu"], x=[1.0], y=[0.0], loss="squared")
    with pytest.raises(ValueError, match="log"):
        neurons([[[1000.0]]], [[0.0]], ["sigmoid"], x=[1.0], y=[0.0], loss="bce")
    assert math.isclose(
        neurons([[[1000.0]]], [[0.0]], ["sigmoid"], x=[1.0], y=[0.0], loss="bce_from_logit").loss.data, 1000
    )
