"""The checker on right gradients, bad input, kinks, ill-scaled functions, and what its report says."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from test_planted_bugs import (
    Affine,
    affine,
    affine_backward,
    attention,
    attention_backward,
    batch_norm,
    batch_norm_backward,
    bce,
    conv1d,
    conv1d_backward,
    conv2d,
    conv2d_backward,
    embedding,
    embedding_backward,
    layer_norm,
    layer_norm_backward,
    leaky,
    log_softmax,
    log_softmax_backward,
    masked,
    max_pool,
    max_pool_backward,
    mse,
    mse_backward,
    network,
    relu,
    residual,
    residual_backward,
    sigmoid,
    softmax,
    softmax_backward,
    square,
    tanh,
)

from bplib import layers
from bplib.gradcheck import check_vjp, gradcheck, numerical_gradient
from bplib.gradcheck import report as module


# --- numerical gradients ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("method", "error"), [("central", 1e-9), ("forward", 1e-6), ("complex", 1e-14)])
def test_numerical_gradient_is_as_good_as_its_method(method, error):
    x = np.random.default_rng(0).standard_normal((3, 4))
    n = numerical_gradient(lambda x: np.sum(np.exp(x) * np.sin(x)), x, method=method)
    assert n.shape == x.shape
    np.testing.assert_allclose(n, np.exp(x) * (np.sin(x) + np.cos(x)), rtol=0, atol=error)


def test_numerical_gradient_of_a_number_is_a_number():
    slope = numerical_gradient(lambda x: math.exp(x) if type(x) is float else None, 0.0)
    assert type(slope) is float
    assert slope == pytest.approx(1, abs=1e-9)


def test_numerical_gradient_takes_float32_and_its_own_step():
    x = np.linspace(0, 1, 5, dtype=np.float32)
    n = numerical_gradient(lambda x: np.sum(np.tanh(x)), x)
    np.testing.assert_allclose(n, 1 - np.tanh(x) ** 2, atol=1e-3)
    with_float64_step = numerical_gradient(lambda x: np.sum(np.tanh(x)), x, h=1e-7)
    assert abs(with_float64_step - (1 - np.tanh(x) ** 2)).max() > 0.1


def test_a_given_step_is_the_one_taken():
    seen = []
    numerical_gradient(lambda x: seen.append(float(x[0])) or 0.0, np.array([2.0, 3.0]), h=0.25)
    assert {2.25, 1.75} <= set(seen)
    assert numerical_gradient(lambda x: x**3, 1.0, h=0.5) == 3.25


@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_layout_does_not_matter_and_x_is_untouched(order):
    x = np.random.default_rng(1).standard_normal((3, 4))
    x = {"C": x, "F": np.asfortranarray(x), "strided": np.repeat(x, 2, axis=1)[:, ::2]}[order]
    before = x.copy()
    n = numerical_gradient(lambda x: np.sum(x * x * np.arange(12).reshape(3, 4)), x)
    np.testing.assert_allclose(n, 2 * x * np.arange(12).reshape(3, 4), atol=1e-8)
    assert np.array_equal(x, before)


def test_entries_are_restored_exactly_even_after_an_exception():
    layer = Affine(np.array([[0.1, 0.7]]), np.array([0.3]))
    before = {k: v.copy() for k, v in layer.params.items()}
    calls = 0

    def loss(yhat, y):
        nonlocal calls
        calls += 1
        if calls > 14:
            raise RuntimeError("stop")
        return mse(yhat, y)

    with pytest.raises(RuntimeError, match="stop"):
        gradcheck(layer, np.ones((2, 2)), (loss, mse_backward), np.zeros((2, 1)))
    assert calls == 15
    for name, value in layer.params.items():
        assert np.array_equal(value, before[name])


def test_batched_is_the_same_in_far_fewer_calls():
    x, calls = np.random.default_rng(2).standard_normal((20, 7)), []

    def f(x):
        calls.append(x.shape)
        return np.sum(np.sin(x) * np.arange(7), axis=(-2, -1))

    one, n_one = numerical_gradient(f, x), len(calls)
    calls.clear()
    many = numerical_gradient(f, x, batched=True)
    np.testing.assert_array_equal(one, many)
    assert n_one >= 280
    assert len(calls) < 20


def test_complex_step_says_so_where_the_imaginary_part_is_lost():
    x = np.array([0.5, -0.3])
    for f in (lambda x: np.sum(np.abs(x)), lambda x: np.sum(x.real**2), lambda x: float(np.sum(x**2).real)):
        with pytest.raises(ValueError, match="keeps imaginary parts; use method='central'"):
            numerical_gradient(f, x, method="complex")
    with pytest.raises(TypeError, match="use method='central'"):
        numerical_gradient(lambda x: math.exp(x), 0.5, method="complex")


# --- right gradients are accepted -------------------------------------------------------------------------
def pair(forward, backward, *shapes, scale=1.0):
    return lambda rng: check_vjp(
        forward, backward, *(scale * rng.standard_normal(s) for s in shapes), rng=rng
    )


def elementwise(f, df, make):
    def check(rng):
        x = make(rng)
        with np.errstate(all="ignore"):
            return gradcheck(lambda x: np.sum(f(x)), x, df(x))

    return check


def spread(low, high):
    return lambda rng: 10 ** rng.uniform(low, high, 6)


def normal(rng):
    return rng.standard_normal(6)


def whole_network(rng, **options):
    params, _, _, loss, grads = network(rng)
    return gradcheck(loss, params, grads(), **options)


def relu_network(rng, scale=1.0, digits=None, zero_bias=True, B=5):
    """Two relu layers; rounded numbers put many units at exactly 0."""
    X, v = rng.standard_normal((B, 3)), rng.standard_normal(4)
    W, U = scale * rng.standard_normal((4, 3)), scale * rng.standard_normal((4, 4))
    if digits is not None:
        X, W, U = X.round(digits), W.round(digits), U.round(digits)
    b = np.zeros(4) if zero_bias else rng.standard_normal(4)

    def forward(W, b, U):
        A = np.maximum(X @ W.T + b, 0)
        return A, np.maximum(A @ U.T, 0)

    A, C = forward(W, b, U)
    dC = v * (C > 0)
    dA = dC @ U * (A > 0)
    grads = {"W": dA.T @ X, "b": dA.sum(0), "U": dC.T @ A}
    return gradcheck(lambda W, b, U: np.sum(forward(W, b, U)[1] @ v), {"W": W, "b": b, "U": U}, grads)


def at_zero(rng):
    layer = Affine(np.zeros((3, 4)), np.zeros(3))
    return gradcheck(layer, rng.standard_normal((5, 4)), (mse, mse_backward), rng.standard_normal((5, 3)))


def offset(rng):
    C = 10 ** rng.uniform(0, 10)
    return elementwise(lambda x: C + np.tanh(x), lambda x: 1 / np.cosh(x) ** 2, normal)(rng)


def cancelling(rng):
    C = 10 ** rng.uniform(0, 7)
    return elementwise(lambda x: ((C + x) - C) ** 2, lambda x: 2 * x, normal)(rng)


def wiggly(rng):
    k = 10 ** rng.uniform(0, 4)
    return elementwise(lambda x: np.sin(k * x), lambda x: k * np.cos(k * x), normal)(rng)


def huge_or_tiny(rng):
    C = 10 ** rng.uniform(-30, 30)
    return elementwise(lambda x: C * np.exp(x), lambda x: C * np.exp(x), normal)(rng)


def ill_conditioned(rng):
    A, x = rng.standard_normal((8, 8)) * 10 ** rng.uniform(-4, 4, 8), rng.standard_normal(8)
    return gradcheck(lambda x: np.sum((A @ x) ** 2), x, 2 * A.T @ (A @ x))


def probabilities(rng):
    p, y = rng.random((4, 3)), rng.integers(0, 2, (4, 3))

    def cross_entropy(p):
        if p.min() < 0 or p.max() > 1:
            raise ValueError("no probabilities")
        return -np.mean(y * np.log(p) + (1 - y) * np.log1p(-p))

    return gradcheck(cross_entropy, p, (p - y) / (p * (1 - p)) / p.size)


def float32_parameters(rng):
    A, x = rng.standard_normal((8, 8)).astype(np.float32), rng.standard_normal(8).astype(np.float32)
    return gradcheck(lambda x: np.sum(np.tanh(A @ x)), x, A.T @ (1 - np.tanh(A @ x) ** 2), allow_float32=True)


def dead_parameter(rng):
    W = rng.standard_normal(4)
    return gradcheck(
        lambda W, c: np.sum(np.maximum(W - 100, 0)) + c * c, {"W": W, "c": 1.5}, {"W": 0 * W, "c": 3.0}
    )


def rounded_relu(rng):
    x = rng.standard_normal((4, 5)).round(rng.integers(0, 3))
    return check_vjp(relu, lambda d, x: (d * (x > 0),), x, rng=rng)


RIGHT = {
    "affine": pair(affine, affine_backward, (4, 5), (3, 5), (3,)),
    "affine, batch of 1": pair(affine, affine_backward, (1, 5), (3, 5), (3,)),
    "affine, tiny": pair(affine, affine_backward, (4, 5), (3, 5), (3,), scale=1e-6),
    "affine, huge": pair(affine, affine_backward, (4, 5), (3, 5), (3,), scale=1e6),
    "relu, at kinks": rounded_relu,
    "leaky relu": pair(leaky, lambda d, x: (d * np.where(x > 0, 1, 0.1),), (4, 5)),
    "square": pair(square, lambda d, x: (2 * d * x,), (4, 5)),
    "tanh, saturated": pair(tanh, lambda d, a: (d * (1 - a * a),), (4, 5), scale=8),
    "softmax": pair(softmax, softmax_backward, (4, 5), scale=4),
    "log_softmax": pair(log_softmax, log_softmax_backward, (4, 5), scale=10),
    "layer norm": pair(layer_norm, layer_norm_backward, (4, 6), (6,), (6,)),
    "layer norm, small": pair(layer_norm, layer_norm_backward, (4, 6), (6,), (6,), scale=1e-3),
    "batch norm": pair(batch_norm, batch_norm_backward, (6, 3), (3,), (3,)),
    "conv1d": pair(conv1d, conv1d_backward, (9,), (4,)),
    "conv2d": pair(conv2d, conv2d_backward, (6, 5), (3, 2)),
    "attention": pair(attention, attention_backward, (4, 5), (6, 5), (6, 3)),
    "residual": pair(residual, residual_backward, (4, 3), (3, 3)),
    "max pool, ties": lambda rng: check_vjp(
        max_pool, max_pool_backward, rng.standard_normal(12).round(1), rng=rng
    ),
    "embedding": lambda rng: check_vjp(
        embedding, embedding_backward, rng.integers(0, 5, 7), rng.standard_normal((5, 3)), rng=rng
    ),
    "dropout, fixed mask": lambda rng: check_vjp(
        masked,
        lambda d, m: (d * m / 0.5, None),
        rng.standard_normal((4, 5)),
        rng.random((4, 5)) < 0.5,
        rng=rng,
    ),
    "network": whole_network,
    "network, forward difference": lambda rng: whole_network(rng, method="forward"),
    "network, directions": lambda rng: whole_network(rng, directions=4),
    "relu network": relu_network,
    "relu network, tiny": lambda rng: relu_network(rng, scale=1e-2),
    "relu network, whole numbers": lambda rng: relu_network(rng, digits=0, zero_bias=False, B=1),
    "relu network, one sample": lambda rng: relu_network(rng, B=1),
    "zero weights": at_zero,
    "saturated sigmoid": elementwise(
        sigmoid, lambda x: sigmoid(x) * sigmoid(-x), lambda rng: 30 * normal(rng)
    ),
    "powers at 0": elementwise(
        lambda x: x**3 + x**2, lambda x: 3 * x**2 + 2 * x, lambda rng: normal(rng).round(0)
    ),
    "log over 18 decades": elementwise(np.log, lambda x: 1 / x, spread(-9, 9)),
    "reciprocal": elementwise(lambda x: 1 / x, lambda x: -1 / x**2, spread(-6, 3)),
    "abs, at and near 0": elementwise(abs, np.sign, lambda rng: normal(rng).round(rng.integers(0, 3))),
    "relu close to 0": elementwise(
        lambda x: np.maximum(x, 0),
        lambda x: (x > 0) * 1.0,
        lambda rng: normal(rng) * 10 ** rng.uniform(-12, -3, 6),
    ),
    "large constant": offset,
    "cancelling inside": cancelling,
    "wiggly": wiggly,
    "from 1e-30 to 1e30": huge_or_tiny,
    "ill-conditioned": ill_conditioned,
    "domain with an edge": probabilities,
    "float32 parameters": float32_parameters,
    "dead parameter": dead_parameter,
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradient_is_accepted(name):
    for seed in range(12):
        report = RIGHT[name](np.random.default_rng(seed))
        assert report or "No parameter moves" in report.diagnosis, f"seed {seed}: {report}"


@pytest.mark.parametrize("h", [1e-13, 1e-10, 1e-3, 0.3])
def test_a_bad_step_is_blamed_on_the_step(h):
    x = np.random.default_rng(3).standard_normal(5)
    report = gradcheck(lambda x: np.sum(np.tanh(3 * x)), x, 3 / np.cosh(3 * x) ** 2, h=h)
    assert report
    if h != 1e-10:
        size = "large" if h > 1e-5 else "small"
        assert any(f"too {size} for x" in w for w in report.warnings) or h == 1e-13


def test_bad_step_does_not_hide_a_bad_gradient():
    x = np.random.default_rng(3).standard_normal(5)
    for h in (1e-12, 0.3):
        assert not gradcheck(lambda x: np.sum(np.tanh(3 * x)), x, 3.03 / np.cosh(3 * x) ** 2, h=h)


@pytest.mark.parametrize("factor", [1.001, 1.0001, 1 + 1e-5])
def test_small_scale_errors_are_seen(factor):
    params, _, _, loss, grads = network(np.random.default_rng(4))
    report = gradcheck(loss, params, {k: v * factor for k, v in grads().items()})
    assert not report
    assert f"{factor:.6g} times" in report.diagnosis


def test_a_loss_that_varies_on_the_scale_of_a_tiny_parameter_is_decided():
    x = np.array([1e-9, 2e-7, 3e-5])
    assert gradcheck(lambda x: np.sum(np.log(x)), x, 1 / x)
    for i in range(3):
        wrong = np.ones(3)
        wrong[i] = 1.001
        assert not gradcheck(lambda x: np.sum(np.log(x)), x, wrong / x)


# --- how f is called --------------------------------------------------------------------------------------
def test_dict_goes_by_keyword_list_by_position_array_alone():
    W, b = np.ones((2, 2)), np.array([1.0, 2.0])

    def f(W, b):
        return np.sum(W @ b)

    right = np.outer(np.ones(2), b), W.sum(0)
    assert gradcheck(f, {"b": b, "W": W}, {"W": right[0], "b": right[1]})
    assert gradcheck(f, [W, b], right)
    assert gradcheck(lambda x: np.sum(x**2), b, 2 * b)
    report = gradcheck(f, (W, b), (right[0], 2 * right[1]))
    assert "gradient of b is 2 times" in report.diagnosis
    assert gradcheck(lambda *args: np.sum(args[0]), [W], [W])["params[0]"]


def test_numbers_reach_f_as_numbers_and_have_no_index():
    def loss(w, b):
        assert type(w) is float
        return (math.tanh(w * 2 + b) - 1) ** 2

    a = math.tanh(1.1)
    db = 2 * (a - 1) * (1 - a * a)
    assert gradcheck(loss, {"w": 0.5, "b": 0.1}, {"w": 2 * db, "b": db})
    report = gradcheck(loss, {"w": 0.5, "b": 0.1}, {"w": db, "b": db})
    assert report["w"].worst == ()
    assert "[" not in str(report)
    assert "relative error 0.33, worst: claimed" in str(report)


def test_a_full_check_costs_two_losses_an_entry():
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return np.sum(np.sin(x))

    x = np.random.default_rng(5).standard_normal(200)
    assert gradcheck(f, x, np.cos(x))
    assert calls <= 2 * 200 + 20


# --- layers -----------------------------------------------------------------------------------------------
class Scale:
    def __init__(self, n):
        self.params, self.grads = {"s": np.linspace(1, 2, n)}, {}

    def forward(self, x):
        self.x = x
        return x * self.params["s"]

    def backward(self, dout):
        self.grads["s"] = (dout * self.x).sum(0)
        return dout * self.params["s"]


def test_own_layer_is_checked_with_a_loss_that_finds_its_backward(rng):
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    report = gradcheck(Scale(3), x, mse, y)
    assert report
    assert [r.name for r in report.results] == ["x", "s"]
    assert gradcheck(Scale(3), x, (mse, mse_backward), y)


def test_whole_number_input_is_not_checked(rng):
    class Table:
        def __init__(self):
            self.params, self.grads = {"W": rng.standard_normal((4, 3))}, {}

        def forward(self, i):
            out, self.cache = embedding(i, self.params["W"])
            return out

        def backward(self, dout):
            dx, self.grads["W"] = embedding_backward(dout, self.cache)
            return dx

    report = gradcheck(Table(), np.array([0, 2, 2]), mse, rng.standard_normal((3, 3)))
    assert report
    assert [r.name for r in report.results] == ["W"]


def test_layer_errors_say_what_to_do(rng):
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    with pytest.raises(TypeError, match=r"no <lambda>_backward .* pass the pair \(loss, loss_backward\)"):
        gradcheck(Scale(3), x, lambda yhat, y: mse(yhat, y), y)
    with pytest.raises(ValueError, match="complex step; use method='central'"):
        gradcheck(Scale(3), x, mse, y, method="complex")
    layer = Scale(3)
    layer.backward = lambda dout: dout * layer.params["s"]
    with pytest.raises(ValueError, match=r"grads has the keys \[\] and params \['s'\]"):
        gradcheck(layer, x, mse, y)
    layer = Scale(3)
    layer.params["s"] = layer.params["s"].astype(np.float32)
    with pytest.raises(TypeError, match=r"s must be float64.*s\.astype\(np\.float64\)"):
        gradcheck(layer, x, mse, y)


# --- bad input --------------------------------------------------------------------------------------------
W23 = np.ones((2, 3))


def total(W):
    return np.sum(W)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: numerical_gradient(total, np.arange(3)),
            TypeError,
            r"x holds int64 .* x\.astype\(np\.float64\)",
        ),
        (lambda: numerical_gradient(total, 3), TypeError, r"or 1\.0 for 1"),
        (
            lambda: numerical_gradient(total, np.ones(2, np.float16)),
            TypeError,
            "must be float64, got float16",
        ),
        (lambda: numerical_gradient(total, np.array([1.0, np.nan])), ValueError, "holds NaN or infinity"),
        (
            lambda: numerical_gradient(total, W23, method="complx"),
            ValueError,
            "one of central, forward, complex",
        ),
        (lambda: numerical_gradient(total, W23, h=0), ValueError, "one positive number, got 0"),
        (lambda: numerical_gradient(total, W23, h=[1e-5]), ValueError, "one positive number"),
        (
            lambda: numerical_gradient(lambda W: W, W23),
            ValueError,
            r"one number, got an array of shape \(2, 3\)",
        ),
        (
            lambda: numerical_gradient(lambda W: W[0, :1], W23),
            ValueError,
            r"shape \(1,\); take its sum or mean",
        ),
        (lambda: numerical_gradient(lambda W: None, W23), TypeError, "one real number, got None"),
        (lambda: numerical_gradient(lambda W: np.nan, W23), ValueError, "the loss is nan before"),
        (lambda: numerical_gradient(total, W23, batched=True), ValueError, "one loss per stacked entry"),
        (lambda: numerical_gradient(lambda W: np.sum(np.multiply(W, 2, out=W)), W23), ValueError, "in place"),
        (
            lambda: gradcheck(total, {"W": W23}, {"V": W23}),
            ValueError,
            r"keys of params, \['W'\]; got the keys \['V'\]",
        ),
        (lambda: gradcheck(total, {"W": W23}, W23), ValueError, "grads must be a dict"),
        (lambda: gradcheck(total, [W23], [W23, W23]), ValueError, "as long as params, 1"),
        (
            lambda: gradcheck(total, {"V": W23}, {"V": W23}),
            TypeError,
            r"called as f\(V=\.\.\.\).*lambda \*\*params",
        ),
        (
            lambda: gradcheck(total, {"W": W23.astype(np.float32)}, {"W": W23}),
            TypeError,
            "allow_float32=True",
        ),
        (lambda: gradcheck(total, {"W": W23 > 0}, {"W": W23}), TypeError, "W holds bool"),
        (
            lambda: gradcheck(total, {"W": W23}, {"W": None}),
            TypeError,
            "claimed gradient of W must hold real numbers",
        ),
        (lambda: gradcheck(3, W23, W23), TypeError, "write gradcheck"),
        (lambda: gradcheck(total, W23, W23, W23), TypeError, "write gradcheck"),
        (lambda: gradcheck(total, W23, W23, directions=0), ValueError, "directions is a count"),
        (lambda: gradcheck(total, W23, W23, directions=2, method="forward"), ValueError, "directions"),
        (lambda: check_vjp(total, lambda d, c: (d,), W23), TypeError, r"pair \(out, cache\)"),
        (lambda: check_vjp(square, lambda d, x: 2 * d * x, W23), TypeError, r"return a tuple.*\(dx,\)"),
        (
            lambda: check_vjp(affine, lambda d, c: (d,), W23, W23, np.ones(2)),
            ValueError,
            "each of 3 arguments, got 1",
        ),
        (lambda: check_vjp(square, lambda d, x: (d,), np.arange(3)), TypeError, "no float64 array"),
        (
            lambda: check_vjp(square, lambda d, x: (d,), np.ones(3, np.float32)),
            TypeError,
            "x must be float64",
        ),
        (lambda: check_vjp(square, lambda d, x: (d,), W23, W23), TypeError, "too many positional"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- op pairs ---------------------------------------------------------------------------------------------
def test_options_reach_forward_and_trailing_nones_are_fine(rng):
    def power(x, mask=None, *, p=1):
        return x**p, (x, p)

    assert check_vjp(power, lambda d, c: (d * c[1] * c[0] ** (c[1] - 1), None), rng.standard_normal(4), p=3)


def test_all_ones_would_accept_what_a_random_cotangent_rejects(rng):
    x = rng.standard_normal((4, 5))
    zeros = np.zeros_like(x)
    assert abs(softmax_backward(np.ones_like(x), softmax(x)[0])[0]).max() < 1e-15
    assert not check_vjp(softmax, lambda d, p: (zeros.copy(),), x)


def test_arguments_are_left_alone(rng):
    args = [rng.standard_normal((4, 5)), rng.standard_normal((3, 5)), rng.standard_normal(3)]
    before = [a.copy() for a in args]
    for backward in (affine_backward, lambda d, c: (d @ c[1] * 2, d.T @ c[0], d.sum(0))):
        check_vjp(affine, backward, *args)
    assert all(np.array_equal(a, b) for a, b in zip(args, before, strict=True))


# --- kinks ------------------------------------------------------------------------------------------------
def ramp(x):
    return np.sum(np.maximum(x, 0))


@pytest.mark.parametrize("claimed", [0.0, 0.25, 1.0])
def test_any_subgradient_is_accepted_at_a_kink_and_mentioned(claimed):
    report = gradcheck(ramp, np.array([0.0, 2.0]), np.array([claimed, 1.0]))
    assert report
    assert "kink at x[0] (slopes 0 and 1" in report.warnings[0]


def test_kink_within_the_step_is_measured_with_a_smaller_one():
    report = gradcheck(ramp, np.array([1e-6, -1e-6, 2.0]), np.array([1.0, 0.0, 1.0]))
    assert report
    assert "kink lies within the step in 2 entries of x" in report.warnings[0]
    for wrong in ([0.5, 0, 1], [1, 0.5, 1], [0, 1, 1]):
        assert not gradcheck(ramp, np.array([1e-6, -1e-6, 2.0]), np.array(wrong, float))


def test_several_kinks_at_one_point_are_no_error_if_right_nearby():
    class Relu:
        params, grads = {}, {}

        def forward(self, x):
            self.x = x
            return np.maximum(x, 0) * 2 - np.maximum(-x, 0)

        def backward(self, dout):
            return dout * (2 * (self.x > 0) + 1.0 * (self.x < 0))

    report = gradcheck(
        Relu(), np.zeros((2, 2)), (lambda a, y: (np.sum(a), a), lambda d, a: np.ones_like(a)), None
    )
    assert report
    assert "conventions" in report.warnings[0] + report.warnings[-1]


# --- the report -------------------------------------------------------------------------------------------
def wrong_report():
    params, _, _, loss, grads = network(np.random.default_rng(0))
    g = grads()
    return gradcheck(loss, params, {**g, "W2": g["W2"] * np.array([[1.0], [1.5], [1.0]])})


def test_report_reads_as_text():
    report = wrong_report()
    assert not report
    assert repr(report) == str(report)
    lines = str(report).splitlines()
    assert lines[0] == "gradient check (central difference): WRONG"
    assert lines[1] == "  W1 (5, 4): right, 20 numbers compared"
    assert re.match(
        r"  W2 \(3, 5\): WRONG, 15 numbers compared, relative error .*, worst \[1, \d\]: claimed", lines[3]
    )
    assert (
        "diagnosis: The claimed gradient of W2 is wrong only in row 1 of 3; there it is 1.5 times" in lines[5]
    )
    assert not re.search(r"\d\.\d{8}", str(report))
    assert report["W2"].errors.shape == (3, 5)
    with pytest.raises(KeyError, match="only W1, b1, W2, b2"):
        report["W3"]


def test_equal_findings_share_a_sentence():
    params, _, _, loss, grads = network(np.random.default_rng(0))
    report = gradcheck(loss, params, {k: -v for k, v in grads().items()})
    assert report.diagnosis.count("wrong sign") == 1
    assert report.diagnosis.startswith("The claimed gradient of W1, and likewise of b1, W2 and b2, has")


def test_report_in_a_notebook_is_a_table_with_a_heat_map():
    html = wrong_report()._repr_html_()
    assert html == wrong_report()._repr_html_()
    assert "0x" not in html
    assert html.count("<table") == 2
    assert "Digits that agree in the gradient of W2" in html
    assert html.count(">·</td>") == 10
    right = whole_network(np.random.default_rng(0))._repr_html_()
    assert right.count("<table") == 1
    assert "wrong" not in right
    strange = gradcheck(lambda **p: np.sum(p["<b>"]), {"<b>": W23}, {"<b>": 2 * W23})._repr_html_()
    assert "<b>" not in strange
    assert "&lt;b&gt;" in strange


def test_large_heat_map_stays_small():
    x = np.random.default_rng(0).standard_normal((100, 200))
    a = 2 * x
    a[77, 150] *= 1.5
    html = gradcheck(lambda x: np.sum(x * x, axis=(-2, -1)), x, a, batched=True)._repr_html_()
    assert html.count("<tr>") <= 19
    assert "a cell shows the worst of 7 by 9 entries" in html
    assert html.count(">0</td>") == 1


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * c for c in digits) if len(digits) == 3 else digits
    rgb = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_have_contrast_in_light_and_dark(scheme):
    page, text = [("#ffffff", "#222222"), ("#121212", "#dddddd")][scheme]
    pairs = []
    for ok in (True, False):
        colour = re.search('color:(.*?)"', module._html_verdict("right" if ok else "WRONG")).group(1)
        pairs.append((page, re.findall(r"#[0-9a-f]{6}", colour)[scheme]))
    for percent in module._SHADES:
        parts = [(int(page[i : i + 2], 16), (0, 213, 0, 94, 0, 0)[i]) for i in (1, 3, 5)]
        pairs.append(("#" + "".join(f"{round(p + (c - p) * percent / 100):02x}" for p, c in parts), text))
    for pair in pairs:
        dark, light = sorted(map(luminance, pair))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, pair


# --- random directions, float32, noise --------------------------------------------------------------------
def test_directions_are_labelled_weaker_and_cheaper():
    params, _, _, loss, grads = network(np.random.default_rng(6))
    calls = 0

    def counted(**p):
        nonlocal calls
        calls += 1
        return loss(**p)

    report = gradcheck(counted, params, grads(), directions=3)
    assert report
    assert calls == 2 * 3 * 4 + 3  # the value thrice; noise is measured only where a slope is in doubt
    assert "3 random directions" in report.how
    assert "weaker" in report.warnings[-1]
    wrong = gradcheck(loss, params, {**grads(), "W1": 1.001 * grads()["W1"]}, directions=3)
    assert "gradient of W1 is 1.001 times" in wrong.diagnosis
    wrong = gradcheck(loss, params, {**grads(), "W1": grads()["W1"] + 0.01 * np.eye(5, 4)}, directions=3)
    assert "disagrees along 3 directions of 3" in wrong.diagnosis


def test_directions_are_judged_by_the_same_rules(rng):
    X, W = rng.standard_normal((5, 3)), 1e-3 * rng.standard_normal((4, 3))  # relu units close to their kinks
    params = {"W": W, "none": np.zeros((0, 3))}
    grads = {"W": (X @ W.T > 0).T @ X, "none": np.zeros((0, 3))}

    def loss(W, none):
        return np.sum(np.maximum(X @ W.T, 0))

    for seed in range(20):
        report = gradcheck(loss, params, grads, directions=5, rng=np.random.default_rng(seed))
        assert report, report
        assert [r.name for r in report.results] == ["W"]
        assert report["W"].shape == (4, 3)
        wrong = {**grads, "W": 1.01 * grads["W"]}
        assert not gradcheck(loss, params, wrong, directions=5, rng=np.random.default_rng(seed))


def test_a_small_error_in_one_entry_is_no_constant_factor(rng):
    x = rng.standard_normal(5) + 3
    a = 2 * x
    a[2] *= 1.0001
    assert "wrong only at [2]" in gradcheck(lambda x: np.sum(x * x), x, a).diagnosis


def test_a_nameless_error_is_said_to_follow_from_a_problem_that_has_a_name(rng):
    report = check_vjp(square, lambda dout, x: (2 * x,), rng.standard_normal((3, 4)))
    assert "ignores dout" in report.diagnosis
    assert "x is wrong, which this may explain" in report.diagnosis


def test_what_rounding_hides_is_said(rng):
    x = rng.standard_normal(4)
    report = gradcheck(lambda x: 1e12 + 1e-9 * np.sum(np.tanh(x)), x, 1e-9 / np.cosh(x) ** 2)
    assert "blurs the slopes" in str(report) or "No parameter moves" in report.diagnosis


def test_tiny_slopes_of_a_large_loss_are_still_decided(rng):
    x = rng.standard_normal(4)

    def f(x):
        return 1e6 + 1e-3 * np.sum(np.tanh(x))

    assert gradcheck(f, x, 1e-3 / np.cosh(x) ** 2)
    assert not gradcheck(f, x, 1.01e-3 / np.cosh(x) ** 2)


def test_a_loss_that_varies_on_the_scale_of_a_tiny_parameter():
    x = 1e-12 * np.array([-0.4, 0.9, 1.7])
    slope = np.cos(x * 1e12) * 1e12
    assert gradcheck(lambda x: np.sum(np.sin(x * 1e12)), x, slope)
    assert not gradcheck(lambda x: np.sum(np.sin(x * 1e12)), x, 2 * slope)


def test_directions_at_a_kink_of_a_layer_are_judged_nearby(rng):
    net = layers.mlp([3, 5, 2], rng=rng)  # biases of zero: the input 0 stands at every kink of relu
    for seed in range(4):
        assert gradcheck(net, np.zeros((2, 3)), mse, np.ones((2, 2)), directions=2, rng=seed)


@pytest.mark.parametrize(("offset", "scale"), [(1e12, 1.0), (1e9, 1.0), (0.0, 1e-12), (0.0, 1e6)])
def test_directions_suit_a_large_loss_and_a_tiny_parameter(rng, offset, scale):
    A, x = rng.standard_normal((5, 5)), rng.standard_normal(5)
    slope = A.T @ (1 - np.tanh(A @ x) ** 2) / scale

    def f(x):
        return offset + np.sum(np.tanh(A @ (x / scale)))

    for seed in range(5):
        report = gradcheck(f, scale * x, slope, directions=4, rng=np.random.default_rng(seed))
        assert report, report
        assert not gradcheck(f, scale * x, 2 * slope, directions=4, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("kind", [np.float32, float], ids=["float32", "made float again"])
def test_a_loss_in_float32_is_named_and_checked_roughly_if_that_is_wanted(rng, kind):
    A, x = rng.standard_normal((5, 5)), rng.standard_normal(5)
    slope = A.T @ (1 - np.tanh(A @ x) ** 2)

    def f(x):
        return kind(np.sum(np.tanh(A.astype(np.float32) @ x.astype(np.float32))))

    assert "computed in float32" in gradcheck(f, x, slope).diagnosis
    for options in ({}, {"directions": 3}):
        assert gradcheck(f, x, slope, allow_float32=True, **options)
        assert not gradcheck(f, x, 1.2 * slope, allow_float32=True, **options)


def test_a_loss_that_is_a_float32_number_by_chance_is_checked_in_full():
    assert gradcheck(lambda x: x * x, 1.0, 2.0)
    assert not gradcheck(lambda x: x * x, 1.0, 2.0001)


def test_a_forward_in_float32_is_named(rng):
    x = rng.standard_normal(4)
    report = check_vjp(lambda x: (np.tanh(x.astype("f")), x), lambda d, x: (d / np.cosh(x) ** 2,), x)
    assert "computed in float32" in report.diagnosis


@pytest.mark.parametrize("seed", range(6))
def test_a_cast_to_float32_on_the_way_is_named_and_does_not_condemn_a_right_gradient(seed):
    class Cast(layers.Affine):
        def forward(self, x):
            return super().forward(x).astype(np.float32).astype(float)

    class Wrong(Cast):
        def backward(self, dout):
            return 1.05 * super().backward(dout)

    for kind, right in ((Cast, True), (Wrong, False)):
        rng = np.random.default_rng(seed)
        net = layers.Sequential(kind(3, 4, rng=rng), layers.Tanh(), layers.Affine(4, 2, rng=rng))
        report = gradcheck(net, rng.standard_normal((5, 3)), mse, rng.standard_normal((5, 2)))
        assert bool(report) == right
        assert "rounded to float32" in str(report)


def test_a_layer_that_returns_no_dx_is_asked_whether_it_forgot(rng):
    class Forgets(Affine):
        def backward(self, dout):
            super().backward(dout)

    layer = Forgets(rng.standard_normal((3, 4)), rng.standard_normal(3))
    with pytest.raises(TypeError, match="got None; does backward forget to return"):
        gradcheck(layer, np.ones((5, 4)), mse, np.ones((5, 3)))


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((lambda x: 2 * x, 1.5), {}, "f, x, g(x)"),
        ((1.5, lambda x: 2 * x), {}, "f, x, g(x)"),
        ((1.5, 3.0), {"rtol": 0}, "rtol must be one positive number, got 0"),
        ((1.5, 3.0), {"rtol": "small"}, "rtol must be one positive number"),
        ((1.5, 3.0), {"directions": 1.5}, "directions is a count"),
        ((np.array([None]), 3.0), {}, "x must be an array of numbers"),
    ],
)
def test_arguments_as_other_checkers_take_them_are_refused_in_words(arguments, options, said):
    with pytest.raises((TypeError, ValueError), match=re.escape(said)):
        gradcheck(lambda x: np.sum(x * x), *arguments, **options)


def test_a_loss_that_comes_with_its_gradient_is_refused_in_words():
    with pytest.raises(TypeError, match="must return the loss alone, got a tuple of 2"):
        gradcheck(lambda x: (x * x, 2 * x), 1.5, 3.0)


def test_a_target_in_the_place_of_the_loss_is_refused_in_words(rng):
    with pytest.raises(TypeError, match="loss must be a function"):
        gradcheck(layers.mlp([2, 1], rng=rng), np.ones((3, 2)), np.ones((3, 1)))


def test_bce_network_gives_the_numbers_of_the_formula(rng):
    z, y = rng.standard_normal((5, 3)), rng.integers(0, 2, (5, 3)).astype(float)
    np.testing.assert_allclose(
        numerical_gradient(lambda z: bce(z, y)[0], z), (sigmoid(z) - y) / y.size, atol=1e-9
    )


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("right", [1, 2])
def test_the_parameters_whose_gradients_are_right_point_at_what_is_wrong(right):
    """Both sentences read well: of one other parameter, and of several."""
    x = np.array([1.7, -0.4, 0.3])
    later = ["b", "c"][:right]
    params = {"w": np.array([0.3, 0.9, -1.1]), **{name: np.array(0.1) for name in later}}

    def f(**p):
        return math.tanh(x @ p["w"] + sum(p[name] for name in later))

    slope = 1 - f(**params) ** 2
    claimed = {"w": slope * np.array([0.3, 1.9, -0.7]), **dict.fromkeys(later, np.array(slope))}
    said = gradcheck(f, params, claimed).diagnosis
    one = "while that of b is right: look at the backward step that leads to it and not to b"
    many = "while those of b and c are right: look at the backward step that leads to it and not to them"
    assert (one, many)[right - 1] in str(said)
