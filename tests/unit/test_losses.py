"""What the losses promise beyond what test_functional holds every pair to."""
# ruff: noqa: E501  (one mistake a line reads best)

import math

import numpy as np
import pytest

from bplib import lent, losses
from bplib.functional import sigmoid, sigmoid_backward, softmax, softmax_backward
from bplib.losses import (
    bce,
    bce_backward,
    bce_with_logits,
    bce_with_logits_backward,
    cross_entropy,
    cross_entropy_backward,
    cross_entropy_with_logits,
    cross_entropy_with_logits_backward,
    mse,
    mse_backward,
)

rng = np.random.default_rng(0)


def test_mse_and_bce_are_means_over_all_entries():
    yhat, y = np.full((2, 5), 0.5), np.zeros((2, 5))
    assert mse(yhat, y)[0] == 0.25
    np.testing.assert_allclose(mse_backward(1.0, mse(yhat, y)[1])[0], 2 * 0.5 / 10)
    np.testing.assert_allclose(bce(yhat, y)[0], np.log(2))


def test_cross_entropy_sums_over_classes_and_averages_over_the_batch():
    p, y = np.full((2, 5), 0.2), np.eye(5)[[0, 3]]
    np.testing.assert_allclose(cross_entropy(p, y)[0], np.log(5))
    np.testing.assert_allclose(cross_entropy(p, np.array([0, 3]))[0], np.log(5))


def test_class_numbers_and_one_hot_rows_agree():
    z, labels = rng.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    hot = np.eye(3)[labels]
    for op, scores in [(cross_entropy_with_logits, z), (cross_entropy, softmax(z)[0])]:
        (a, ca), (b, cb) = op(scores, labels), op(scores, hot)
        np.testing.assert_allclose(a, b, rtol=1e-15)
        np.testing.assert_allclose(losses.VJP[op](1.0, ca)[0], losses.VJP[op](1.0, cb)[0], atol=1e-15)
        assert losses.VJP[op](1.0, ca)[1] is None


def test_from_logits_is_from_probabilities_after_the_squashing():
    z, y = rng.standard_normal((4, 3)), rng.random((4, 3))
    p, cache = sigmoid(z)
    loss, from_p = bce(p, y)
    direct, from_z = bce_with_logits(z, y)
    np.testing.assert_allclose(direct, loss, rtol=1e-14)
    (chained,) = sigmoid_backward(bce_backward(1.0, from_p)[0], cache)
    np.testing.assert_allclose(bce_with_logits_backward(1.0, from_z)[0], chained, rtol=1e-12)
    a, cache = softmax(z)
    y /= y.sum(axis=1, keepdims=True)
    loss, from_p = cross_entropy(a, y)
    direct, from_z = cross_entropy_with_logits(z, y)
    np.testing.assert_allclose(direct, loss, rtol=1e-14)
    (chained,) = softmax_backward(cross_entropy_backward(1.0, from_p)[0], cache)
    np.testing.assert_allclose(cross_entropy_with_logits_backward(1.0, from_z)[0], chained, atol=1e-15)


def test_targets_that_do_not_sum_to_one_scale_the_softmax():
    z, y = rng.standard_normal((2, 3)), np.array([[0.5, 0.2, 0.0], [1.0, 1.0, 0.5]])
    dz, _ = cross_entropy_with_logits_backward(1.0, cross_entropy_with_logits(z, y)[1])
    np.testing.assert_allclose(dz, (softmax(z)[0] * y.sum(axis=1, keepdims=True) - y) / 2, rtol=1e-14)


def test_logits_learn_where_probabilities_have_rounded_to_one():
    """At z = 40, y = 0 a clipped probability has gradient 0 where the truth is 1."""
    z, y = np.array([[40.0]]), np.array([[0.0]])
    loss, cache = bce_with_logits(z, y)
    assert (loss, bce_with_logits_backward(1.0, cache)[0].item()) == (40.0, 1.0)
    z, y = np.array([[40.0]]), np.array([[1.0]])
    np.testing.assert_allclose(bce_with_logits(z, y)[0], np.exp(-40), rtol=1e-14)
    dz, _ = bce_with_logits_backward(1.0, bce_with_logits(z, y)[1])
    np.testing.assert_allclose(dz, -np.exp(-40), rtol=1e-14)


def test_probability_zero_of_what_happened_is_expensive_not_infinite():
    p, y = np.array([[0.0]]), np.array([[1.0]])
    loss, cache = bce(p, y)
    np.testing.assert_allclose((loss, bce_backward(1.0, cache)[0].item()), (100, -1e12))
    p = np.array([[0.0, 1.0]])
    loss, cache = cross_entropy(p, np.array([0]))
    np.testing.assert_allclose(loss, 100)
    np.testing.assert_allclose(cross_entropy_backward(1.0, cache)[0], [[-1e12, 0]])


def test_dout_scales_the_gradients():
    y = rng.random((2, 3))
    for op, backward in losses.VJP.items():
        _, cache = op(np.full((2, 3), 0.3), y)
        for one, three in zip(backward(1.0, cache), backward(np.array(3.0), cache), strict=True):
            np.testing.assert_allclose(3 * one, three, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_floor_is_100_in_every_precision(dtype):
    wrong, sure = np.array([[0.0, 1.0]], dtype), np.array([[1.0, 0.0]], dtype)
    assert bce(wrong, sure)[0] == 100
    assert cross_entropy(wrong, np.array([0]))[0] == 100


@pytest.mark.parametrize("p", [1e-5, 1e-10, 1e-17, 1e-300])
def test_a_small_probability_of_what_did_not_happen_costs_as_much(p):
    """log(1 - p) would cancel: at 1e-17 the loss would be 0."""
    loss, cache = bce(np.array([p]), np.array([0.0]))
    np.testing.assert_allclose(loss, -math.log1p(-p), rtol=1e-15)
    np.testing.assert_allclose(
        bce_backward(1.0, cache)[1], math.log1p(-p) - max(math.log(p), -100), rtol=1e-15
    )


f, labels = np.zeros, np.array([0, 1])
WRONG = [
    (lambda: mse(f((2, 1)), f(2)), ValueError, r"^y: expected shape \(2, 1\) to go with yhat .*, got \(2,\).*y\.reshape\(yhat\.shape\)"),
    (lambda: mse(f((2, 1)), f((3, 1))), ValueError, r"^y: expected shape \(2, 1\) .*, got \(3, 1\)\. Each .*batch"),
    (lambda: mse(f((0, 1)), f((0, 1))), ValueError, r"^yhat: expected shape \(\.\.\. > 0\), got \(0, 1\)\. A mean needs a batch"),
    (lambda: mse(f(2), labels), TypeError, "^y: expected an array of floats, got dtype int64.*astype"),
    (lambda: bce(np.full(2, 1.5), f(2)), ValueError, r"^yhat: expected numbers from 0 to 1, got 1.5.*_with_logits"),
    (lambda: bce(f(2) + 0.5, f(2) - 1), ValueError, r"^y: expected numbers from 0 to 1, got -1.*\(y \+ 1\) / 2"),
    (lambda: bce_with_logits(f(2), f(2) - 1), ValueError, "^y: expected numbers from 0 to 1"),
    (lambda: bce_with_logits(f((2, 1)), f(2)), ValueError, r"^y: expected shape \(2, 1\) to go with z of shape \(2, 1\), got \(2,\)"),
    (lambda: cross_entropy(f((2, 2)) - 3, labels), ValueError, "^p: expected numbers from 0 to 1, got -3"),
    (lambda: cross_entropy(f((2, 2)), np.array([0, 2])), ValueError, "^y: .*from 0 to 1.*column of p, got 0 to 2"),
    (lambda: cross_entropy_with_logits(f((2, 3)), np.array([0, 3])), ValueError, "^y: .*from 0 to 2.*got 0 to 3"),
    (lambda: cross_entropy_with_logits(f((2, 3)), np.array([-1, 0])), ValueError, "^y: .*got -1 to 0.*from 0"),
    (lambda: cross_entropy_with_logits(f((2, 3)), labels[:1]), ValueError, r"^y: expected shape \(2,\).*got \(1,\)"),
    (lambda: cross_entropy(f((2, 3)), np.eye(3, dtype=int)[labels]), ValueError, r"^y: .*got \(2, 3\).*one-hot.*astype\(float\)"),
    (lambda: cross_entropy_with_logits(f((2, 3)), f(2)), ValueError, r"^y: expected shape \(2, 3\).*got \(2,\).*class numbers.*dtype=int"),
    (lambda: cross_entropy_with_logits(f((2, 3)), [0, 1]), TypeError, r"^y: expected a plain NumPy array of integers or floats, got list.*dtype=int"),
    (lambda: cross_entropy_with_logits(f((0, 3)), labels[:0]), ValueError, r"^z: expected shape \(B > 0, C > 0\), got \(0, 3\)\. A mean"),
    (lambda: cross_entropy_with_logits(f((2, 3, 4)), labels), ValueError, r"^z: .*z\.reshape\(-1, z\.shape\[-1\]\)"),
    (lambda: cross_entropy_with_logits(f(3), labels), ValueError, r"^z: expected shape \(B > 0, C > 0\), got \(3,\).*z\[None, :\]"),
    (lambda: mse_backward("x", mse(f(2), f(2))[1]), TypeError, "^dout: expected one number, got 'x'"),
    (lambda: mse_backward(f(2), mse(f(2), f(2))[1]), TypeError, "^dout: expected one number"),
    (lambda: lent.losses("mse", f(2), f(2)), ValueError, "^kind: expected one of squared, binary, classes, got 'mse'"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors_name_the_argument_and_the_remedy(call, error, message):
    with pytest.raises(error, match=message):
        call()
