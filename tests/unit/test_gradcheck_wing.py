"""The wing: the naive checker, lost paths and transposes by name, purity, rates, adjoints, few digits."""

import math
import weakref

import numpy as np
import pytest
from test_planted_bugs import (
    Affine,
    affine,
    affine_backward,
    batch_norm,
    batch_norm_backward,
    layer_norm,
    layer_norm_backward,
    mse,
    mse_backward,
    relu,
    softmax,
    softmax_backward,
    square,
    tanh,
)

from bplib import layers
from bplib.gradcheck import check_adjoint, check_hvp, check_order, check_vjp, gradcheck, numerical_gradient
from bplib.gradcheck.naive import naive_check, slope
from bplib.scalar import Value

SEEDS = pytest.mark.parametrize("seed", range(4))


# --- the naive checker ------------------------------------------------------------------------------------
RIGHT = {
    "affine": (affine, affine_backward, (4, 5), (3, 5), (3,)),
    "tanh": (tanh, lambda d, a: (d * (1 - a * a),), (3, 4)),
    "softmax": (softmax, softmax_backward, (4, 5)),
    "layer norm": (layer_norm, layer_norm_backward, (4, 6), (6,), (6,)),
    "batch norm": (batch_norm, batch_norm_backward, (6, 3), (3,), (3,)),
}
WRONG = {
    "sign": (tanh, lambda d, a: (-d * (1 - a * a),), (3, 4)),
    "2 forgotten": (square, lambda d, x: (d * x,), (3, 4)),
    "0.1 %": (tanh, lambda d, a: (1.001 * d * (1 - a * a),), (3, 4)),
    "W for W.T": (affine, lambda d, c: (d @ c[1].T, *affine_backward(d, c)[1:]), (4, 3), (3, 3), (3,)),
    "softmax zero": (softmax, lambda d, p: (np.zeros_like(p),), (3, 4)),
    "no mask": (relu, lambda d, x: (d,), (3, 4)),
    "not a number": (square, lambda d, x: (np.full_like(x, np.nan),), (3, 4)),
}


def drawn(shapes, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


@SEEDS
@pytest.mark.parametrize("name", RIGHT)
def test_the_naive_checker_passes_right_gradients(name, seed, capsys):
    forward, backward, *shapes = RIGHT[name]
    assert naive_check(forward, backward, *drawn(shapes, seed))
    assert capsys.readouterr().out == ""


@SEEDS
@pytest.mark.parametrize("name", WRONG)
def test_the_naive_checker_catches_simple_mistakes_and_says_where(name, seed, capsys):
    forward, backward, *shapes = WRONG[name]
    assert not naive_check(forward, backward, *drawn(shapes, seed))
    assert capsys.readouterr().out.startswith("argument 0: relative error")


def test_the_naive_checker_has_the_flaws_it_admits():
    """Each is mended by the checker behind it: a wrong entry among many, 0 = 0, a kink, a large loss."""
    x = np.random.default_rng(0).standard_normal(400)
    one_off = np.ones(400)
    one_off[np.argmin(abs(x))] = 1.01
    assert naive_check(square, lambda d, x: (2 * d * x * one_off,), x, rtol=1e-4)
    assert not check_vjp(square, lambda d, x: (2 * d * x * one_off,), x, rtol=1e-4)
    still = lambda x: (np.zeros(3), None)  # noqa: E731
    assert naive_check(still, lambda d, _: (np.zeros(400),), x)
    assert not check_vjp(still, lambda d, _: (np.zeros(400),), x)
    close = np.array([1e-6, 2.0])
    assert not naive_check(relu, lambda d, x: (d * (x > 0),), close)
    assert check_vjp(relu, lambda d, x: (d * (x > 0),), close)
    assert not np.allclose(slope(lambda x: 1e12 + np.sum(x), np.ones(2), h=1e-7), 1)


# --- the two mistakes of the chain rule -------------------------------------------------------------------
def forked(x):
    return x**2 * np.sin(x)


@pytest.mark.parametrize("x", [2.0, -0.7, 1.3])
def test_an_overwritten_path_has_a_name(x):
    shares = {"pow": math.sin(x) * 2 * x, "sin": x**2 * math.cos(x)}
    assert gradcheck(forked, {"x": x}, {"x": sum(shares.values())})
    for op, share in shares.items():
        said = gradcheck(forked, {"x": x}, {"x": share}).diagnosis
        assert f"keeps the share of one path alone, through {op}: 2 paths meet in x" in said


def test_a_path_that_is_lost_further_in_has_a_name():
    def diamond(x):
        u = (x * x).named("u") if isinstance(x, Value) else x * x
        return u * u + u

    said = gradcheck(diamond, 3.0, 6.0).diagnosis  # u keeps what came through + alone: 1 * 2x
    assert "through add: 3 paths meet in u" in said
    assert "misses the share of one path alone, through mul" in gradcheck(diamond, 3.0, 60.0).diagnosis


def test_the_loss_may_be_built_from_values_and_keeps_its_gradients():
    w = Value(0.5, "w")
    w.grad = 7.0
    f = lambda x: (x * w).sin() + x  # noqa: E731
    assert gradcheck(f, {"x": Value(2.0)}, {"x": 0.5 * math.cos(1.0) + 1})
    said = gradcheck(f, {"x": Value(2.0)}, {"x": 1.0}).diagnosis
    assert "keeps the share of one path alone, through add" in said
    assert w.grad == 7.0
    assert gradcheck(lambda x, c: x * x * c, [Value(2.0), 3.0], [12.0, 4.0])


def test_a_function_of_floats_alone_is_still_diagnosed():
    assert "no name" in gradcheck(lambda x: x**2 * math.sin(x), 2.0, -1.66).diagnosis


@SEEDS
def test_a_forgotten_transpose_has_a_name(seed):
    rng = np.random.default_rng(seed)
    A, x, X = rng.standard_normal((3, 3)), rng.standard_normal(3), rng.standard_normal((4, 3))

    def loss_of(x, A):
        return 0.5 * np.sum(np.tanh(A @ x) ** 2)

    dz = np.tanh(A @ x) * (1 - np.tanh(A @ x) ** 2)
    f = lambda x: loss_of(x, A)  # noqa: E731
    assert gradcheck(f, {"x": x}, {"x": A.T @ dz})
    said = gradcheck(f, {"x": x}, {"x": A @ dz}).diagnosis
    assert "x multiplies by A where its transpose belongs" in said
    dA = np.outer(dz, x)
    said = gradcheck(loss_of, [x, A], [A @ dz, dA]).diagnosis
    assert "x multiplies by A where its transpose belongs" in said
    dZ = np.tanh(X @ A.T) * (1 - np.tanh(X @ A.T) ** 2)
    batch = lambda X: 0.5 * np.sum(np.tanh(X @ A.T) ** 2)  # noqa: E731
    assert gradcheck(batch, X, dZ @ A)
    assert "X multiplies by A where its transpose" in gradcheck(batch, X, dZ @ A.T).diagnosis
    layer = Affine(A, rng.standard_normal(3))
    layer.backward = lambda dout: (Affine.backward(layer, dout), dout @ layer.params["W"].T)[1]
    said = gradcheck(layer, X, mse, rng.standard_normal((4, 3))).diagnosis
    assert "x multiplies by W where its transpose" in said


def test_another_matrix_at_hand_is_not_blamed():
    rng = np.random.default_rng(0)
    A, B, x = rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), rng.standard_normal(3)
    said = gradcheck(lambda x: np.sum(np.tanh(A @ x) + 0 * (B @ x)), x, rng.standard_normal(3)).diagnosis
    assert "transpose" not in said
    singular = np.ones((3, 3))
    assert not gradcheck(lambda x: np.sum((singular @ x) ** 2), x, x)


# --- purity -----------------------------------------------------------------------------------------------
class Interrupted(Affine):
    """Stops in the n-th forward, when its arrays are not what they were."""

    def __init__(self, W, b, n, error):
        super().__init__(W, b)
        self.n, self.error = n, error

    def forward(self, x):
        self.n -= 1
        if self.n == 0:
            raise self.error
        return super().forward(x)


@pytest.mark.parametrize("n", [2, 9, 14, 20])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_layer_is_as_it_was_whatever_happens(n, error):
    W, b, x = drawn([(2, 3), (2,), (4, 3)], 0)
    before = [a.copy() for a in (W, b, x)]
    with pytest.raises(error):
        gradcheck(Interrupted(W, b, n, error), x, mse, np.zeros((4, 2)))
    for array, was in zip((W, b, x), before, strict=True):
        assert np.array_equal(array, was)


def test_a_layer_that_spoils_its_parameters_gets_them_back():
    class Spoils(Affine):
        def forward(self, x):
            self.params["W"] *= 1.5
            return super().forward(x)

    W, b, x = drawn([(2, 3), (2,), (4, 3)], 0)
    before = W.copy()
    report = gradcheck(Spoils(W, b), x, mse, np.zeros((4, 2)))
    assert "changes parameters or input in place" in report.diagnosis
    assert np.array_equal(W, before)


def test_parameters_that_share_memory_are_refused_in_a_layer_and_welcome_in_a_function():
    W = np.array([[1.0, 2.0], [3.0, 4.0]])
    tied = Affine(W, W[0])
    with pytest.raises(ValueError, match=r"W and b share memory.*list what is shared once"):
        gradcheck(tied, np.ones((3, 2)), mse, np.zeros((3, 2)))
    assert gradcheck(lambda a, b: np.sum(a * b**2), [W, W], [W**2, 2 * W * W])
    assert check_vjp(lambda a, b: (a * b, (a, b)), lambda d, c: (d * c[1], d * c[0]), W, W)


def test_nothing_of_the_callers_is_kept():
    class Array(np.ndarray):
        pass

    x = np.random.default_rng(0).standard_normal(4).view(Array)
    report = gradcheck(lambda x: np.sum(x * x), x, 3 * x)
    gone = weakref.ref(x)
    del x
    assert gone() is None
    assert not report


@pytest.mark.parametrize("wrong", [False, True])
def test_arguments_are_untouched_by_every_check(wrong):
    rng = np.random.default_rng(0)
    base = rng.standard_normal((4, 6))
    x, before = base[::2, ::3], base.copy()
    k = 1.1 if wrong else 1.0
    checks = [
        gradcheck(lambda x: np.sum(np.sin(x)), x, k * np.cos(x)),
        check_order(lambda x: np.sum(np.sin(x)), x, k * np.cos(x), lambda v, x: -np.sin(x) * v),
        check_vjp(tanh, lambda d, a: (k * d * (1 - a * a),), x),
        check_adjoint(tanh, lambda d, a: (k * d * (1 - a * a),), lambda dots, a: dots[0] * (1 - a * a), x),
        check_hvp(np.cos, lambda u, x: -k * np.sin(x) * u, x),
    ]
    assert [bool(check) for check in checks] == [not wrong] * 5
    assert np.array_equal(base, before)


@pytest.mark.parametrize(
    "params",
    [0.5, np.array(0.5), np.array([0.5]), np.zeros((0, 3)), np.asfortranarray(np.ones((2, 3)))],
    ids=["number", "0-d", "one", "empty", "Fortran"],
)
def test_odd_shapes(params):
    f = lambda x, c: np.sum(np.sin(x)) + c * c  # noqa: E731
    grads = np.cos(params), 0.6
    assert gradcheck(f, [params, 0.3], grads)
    assert check_order(f, [params, 0.3], grads)
    assert (
        check_order(f, (params, 0.3), grads, lambda u, x, c: (-np.sin(x) * u[0], 2 * u[1])).verdict != "WRONG"
    )
    hvp = lambda u, x, c: (-np.sin(x) * u[0], 2 * u[1])  # noqa: E731
    assert check_hvp(lambda x, c: (np.cos(x), 2 * c), hvp, (params, 0.3))
    pair = check_vjp(lambda x, c: (np.sin(x) + c, x), scaled_sum, np.array(params, float), np.array(1.0))
    assert bool(pair) == (np.size(params) > 0)


def scaled_sum(dout, x):
    return dout * np.cos(x), dout.sum()


def test_the_order_of_a_dict_does_not_matter():
    f = lambda a, b: a * a * b  # noqa: E731
    assert gradcheck(f, {"a": 2.0, "b": 3.0}, {"b": 4.0, "a": 12.0})
    hvp = lambda u, a, b: {"b": 2 * a * u["a"], "a": 2 * b * u["a"] + 2 * a * u["b"]}  # noqa: E731
    assert check_hvp(lambda b, a: {"b": a * a, "a": 2 * a * b}, hvp, {"a": 2.0, "b": 3.0})
    assert (
        check_order(f, {"a": 2.0, "b": 3.0}, {"b": 4.0, "a": 12.0}).verdict == "inconclusive"
    )  # linear in b


# --- order: rates need no tolerance -----------------------------------------------------------------------
SMOOTH = {  # f, gradient, Hessian-vector product
    "sin": (lambda x: np.sum(np.sin(x)), np.cos, lambda v, x: -np.sin(x) * v),
    "exp of a sum": (
        lambda x: np.exp(x.sum()),
        lambda x: np.exp(x.sum()) + 0 * x,
        lambda v, x: np.exp(x.sum()) * v.sum() + 0 * x,
    ),
    "log of squares": (
        lambda x: np.log(1 + x @ x),
        lambda x: 2 * x / (1 + x @ x),
        lambda v, x: 2 * v / (1 + x @ x) - 4 * x * (x @ v) / (1 + x @ x) ** 2,
    ),
    "a large constant": (lambda x: 1e6 + np.sum(np.sin(x)), np.cos, None),
    "tiny": (
        lambda x: 1e-12 * np.sum(np.sin(x)),
        lambda x: 1e-12 * np.cos(x),
        lambda v, x: -1e-12 * np.sin(x) * v,
    ),
    "wiggly": (lambda x: np.sum(np.sin(100 * x)), lambda x: 100 * np.cos(100 * x), None),
}  # fmt: skip


@SEEDS
@pytest.mark.parametrize("name", SMOOTH)
def test_remainders_of_a_right_gradient_fall_at_the_right_rates(name, seed):
    f, g, hvp = SMOOTH[name]
    x = np.random.default_rng(seed).standard_normal(5)
    report = check_order(f, x, g(x), hvp, rng=np.random.default_rng(seed))
    assert report, report
    assert report.verdict == "right"


@SEEDS
@pytest.mark.parametrize("name", SMOOTH)
def test_a_wrong_gradient_shows_in_its_rate_however_small_the_error(name, seed):
    f, g, _ = SMOOTH[name]
    x = np.random.default_rng(seed).standard_normal(5)
    bump = np.array([0, 1.0, 0, 0, 0]) * g(x)
    least = 1e-2 if name == "a large constant" else 1e-4
    for a in (2 * g(x), -g(x), g(x) + bump, (1 + least) * g(x)):
        report = check_order(f, x, a, rng=np.random.default_rng(seed))
        assert not report
        assert report.verdict == "WRONG"
        assert "and should as h^2" in report.diagnosis


@SEEDS
@pytest.mark.parametrize("name", [name for name in SMOOTH if SMOOTH[name][2]])
def test_a_wrong_hessian_vector_product_shows_in_its_rate(name, seed):
    f, g, hvp = SMOOTH[name]
    x = np.random.default_rng(seed).standard_normal(5)
    for factor in (0, -1, 2, 1.01):
        report = check_order(
            f, x, g(x), lambda v, x, k=factor: k * hvp(v, x), rng=np.random.default_rng(seed)
        )
        assert report.verdict == "WRONG"
        assert "is right, but its Hessian-vector product leaves a remainder" in report.diagnosis


@SEEDS
def test_where_no_rate_can_be_seen_the_check_is_inconclusive(seed):
    rng = np.random.default_rng(seed)
    x, c = rng.standard_normal(5), rng.standard_normal(5)
    at_kinks = np.zeros(5)
    cases = {
        "kink": check_order(lambda x: np.sum(np.maximum(x, 0)), at_kinks, 0.5 + at_kinks),
        "the wrong side of a kink": check_order(lambda x: np.sum(abs(x)), at_kinks, at_kinks),
        "linear": check_order(lambda x: c @ x, x, c),
        "quadratic": check_order(lambda x: x @ x, x, 2 * x, lambda v, x: 2 * v),
        "rounding": check_order(lambda x: 1e16 + np.sum(np.sin(x)), x, np.cos(x)),
        "constant": check_order(lambda x: 3.0, x, 0 * x),
        "empty": check_order(lambda x: 3.0 + np.sum(x), np.zeros(0), np.zeros(0)),
    }
    for name, report in cases.items():
        assert report.verdict == "inconclusive", f"{name}: {report}"
        assert not report
        assert "inconclusive" in str(report)
        assert "WRONG" not in str(report)
    assert "kink" in str(cases["kink"])
    assert check_order(lambda x: x @ x, x, 2 * x)  # without the product its rates show
    assert check_order(lambda x: c @ x, x, 1.01 * c).verdict == "WRONG"


def test_each_parameter_has_its_own_rate(seed=0):
    rng = np.random.default_rng(seed)
    W, b, X = rng.standard_normal((3, 4)), rng.standard_normal(3), rng.standard_normal((5, 4))
    f = lambda W, b: np.sum(np.tanh(X @ W.T + b))  # noqa: E731
    dZ = 1 - np.tanh(X @ W.T + b) ** 2
    report = check_order(f, {"W": W, "b": b}, {"W": dZ.T @ X, "b": 1.001 * dZ.sum(0)})
    assert report["W"].ok and report["b"].ok is False
    assert "gradient of b leaves" in report.diagnosis
    with pytest.raises(ValueError, match=r"grads must have for W the shape \(3, 4\), got \(4, 3\)"):
        check_order(f, {"W": W, "b": b}, {"W": (dZ.T @ X).T, "b": dZ.sum(0)})
    assert "not deterministic" in check_order(lambda x: x * rng.random(), 1.0, 1.0).diagnosis


# --- the adjoint identity ---------------------------------------------------------------------------------
def affine_jvp(dots, cache):
    (dx, dW, db), (x, W) = dots, cache
    return dx @ W.T + x @ dW.T + db


def softmax_jvp(dots, p):
    return p * (dots[0] - (p * dots[0]).sum(-1, keepdims=True))


@SEEDS
def test_the_adjoint_identity_holds_for_right_pairs(seed):
    x, W, b, z = drawn([(4, 5), (3, 5), (3,), (4, 6)], seed)
    rng = np.random.default_rng(seed)
    report = check_adjoint(affine, affine_backward, affine_jvp, x, W, b, rng=rng)
    assert report, report
    assert [r.name for r in report.results] == ["x", "W", "b"]
    assert "<v, J u> = " in str(report)
    assert check_adjoint(softmax, softmax_backward, softmax_jvp, z, rng=rng)
    i = np.array([2, 0, 2])

    def take(i, w):
        return w[i], (i, w.shape)

    def scatter(dout, cache):
        dw = np.zeros(cache[1])
        np.add.at(dw, cache[0], dout)
        return None, dw

    assert check_adjoint(take, scatter, lambda dots, c: dots[1][c[0]], i, x, rng=rng)
    assert check_adjoint(
        relu, lambda d, x: (d * (x > 0),), lambda dots, x: dots[0] * (x > 0), x.round(), rng=rng
    )


@SEEDS
def test_the_adjoint_identity_names_the_argument(seed):
    x, W, b = drawn([(4, 3), (3, 3), (3,)], seed)

    def transposed(dout, cache):
        return dout @ cache[1].T, *affine_backward(dout, cache)[1:]

    def wrong_jvp(dots, cache):
        return affine_jvp(dots, cache) - 0.001 * dots[2]

    report = check_adjoint(affine, transposed, affine_jvp, x, W, b)
    assert not report and report["W"].ok and report["b"].ok
    assert "The claimed gradient of x and its jvp don't apply one Jacobian: <v, J u> = " in report.diagnosis
    report = check_adjoint(affine, affine_backward, wrong_jvp, x, W, b)
    assert not report and report["x"].ok and not report["b"].ok
    report = check_adjoint(affine, affine_backward, lambda dots, c: 0 * affine_jvp(dots, c), x, W, b)
    assert not any(r.ok for r in report.results)
    alike = check_adjoint(square, lambda d, x: (x * d,), lambda dots, x: x * dots[0], x)
    assert alike  # as its docstring says
    with pytest.raises(ValueError, match=r"must return the shapes .* for x, got \(3,\) and \(4, 3\)"):
        check_adjoint(affine, affine_backward, lambda dots, c: dots[2], x, W, b)


# --- second order -----------------------------------------------------------------------------------------
@SEEDS
def test_hessian_vector_products(seed):
    rng = np.random.default_rng(seed)
    A, x = rng.standard_normal((4, 4)), rng.standard_normal(4)
    S = A + A.T
    grad = lambda x: S @ np.tanh(S @ x)  # noqa: E731
    D = 1 - np.tanh(S @ x) ** 2
    report = check_hvp(grad, lambda u, x: S @ (D * (S @ u)), x, rng=rng)
    assert report, report
    assert str(report).startswith("second-order check (central difference): right\n  x (4,): right")
    assert check_hvp(grad, lambda u, x: S @ (D * (S @ u)), x, directions=2, rng=rng)
    plants = {
        "Hessian-vector product of x is 2 times": lambda u, x: 2 * S @ (D * (S @ u)),
        "not symmetric": lambda u, x: A @ (D * (S @ u)),
        "hvp ignores u": lambda u, x: S @ (D * (S @ x)),
        "hvp is not linear in u": lambda u, x: S @ (D * (S @ u)) * np.sum(u),
        "Hessian-vector product of x is zero": lambda u, x: 0 * u,
        "Hessian-vector product of x": lambda u, x: S @ (S @ u),  # Gauss-Newton without tanh's slope
    }
    for said, hvp in plants.items():
        report = check_hvp(grad, hvp, x, rng=rng)
        assert not report
        assert said in report.diagnosis, report
    with pytest.raises(ValueError, match=r"what hvp returns must have for x the shape \(4,\), got \(2,\)"):
        check_hvp(grad, lambda u, x: u[:2], x)
    with pytest.raises(ValueError, match="what grad returns must be a dict"):
        check_hvp(lambda a: a, lambda u, a: u, {"a": 1.0})


def test_a_hessian_between_parameters_is_checked_too():
    rng = np.random.default_rng(0)
    params = {"W": rng.standard_normal((2, 3)), "b": 0.4}
    x = rng.standard_normal(3)

    def grad(W, b):
        e = np.exp(W @ x + b)
        return {"W": np.outer(e, x), "b": e.sum()}

    def hvp(u, W, b):
        de = np.exp(W @ x + b) * (u["W"] @ x + u["b"])
        return {"W": np.outer(de, x), "b": de.sum()}

    assert check_hvp(grad, hvp, params)

    def without_mixed(u, W, b):
        return {"W": hvp({**u, "b": 0.0}, W, b)["W"], "b": hvp({**u, "W": 0 * W}, W, b)["b"]}

    report = check_hvp(grad, without_mixed, params)
    assert not report["W"].ok and not report["b"].ok


# --- few digits -------------------------------------------------------------------------------------------
def halves(seed, dtype):
    rng = np.random.default_rng(seed)
    A, w = rng.standard_normal((4, 5)).astype(dtype), rng.standard_normal(5).astype(dtype)
    wide, x = A.astype(float), w.astype(float)
    return {
        "tanh": (lambda w: np.sum(np.tanh(A @ w)), wide.T @ (1 - np.tanh(wide @ x) ** 2)),
        "mse": (lambda w: np.mean((A @ w - 1) ** 2), wide.T @ (wide @ x - 1) / 2),
        "softplus": (lambda w: np.sum(np.log1p(np.exp(A @ w))), wide.T @ (1 / (1 + np.exp(-wide @ x)))),
        "products": (lambda w: np.sum(np.exp(w) * np.sin(w)), np.exp(x) * (np.sin(x) + np.cos(x))),
    }, w


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", ["tanh", "mse", "softplus", "products"])
@pytest.mark.parametrize("seed", range(8))
def test_the_smallest_error_that_shows_is_stated_and_true(seed, name, dtype):
    functions, w = halves(seed, dtype)
    f, g = functions[name]
    allowed = {"allow_float16" if dtype == np.float16 else "allow_float32": True}
    report = gradcheck(f, {"w": w}, {"w": g}, **allowed)
    assert report, report
    least = report["w"].resolution
    assert f"shows below {least:.1%} of it" in str(report) or least >= 1
    assert least < (1.5 if dtype == np.float16 else 0.03)
    for sign in (1, -1):
        assert not gradcheck(f, {"w": w}, {"w": (1 + 1.4 * sign * least) * g}, **allowed), (
            "just above: caught"
        )
        assert gradcheck(f, {"w": w}, {"w": (1 + 0.6 * sign * least) * g}, **allowed), (
            "just below: not claimed"
        )


def test_steps_fit_half_precision():
    w = np.linspace(-1, 1, 5).astype(np.float16)
    seen = []
    gradcheck(
        lambda w: seen.append(w.copy()) or np.sum(np.tanh(w)), w, 1 - np.tanh(w) ** 2, allow_float16=True
    )
    assert any(abs(abs(w_moved - w).max() - 0.1) < 0.01 for w_moved in seen)
    assert all(s.dtype == np.float16 for s in seen)


def test_few_digits_are_refused_unless_they_are_wanted():
    w = np.ones(3, np.float16)
    for options in ({}, {"allow_float32": True}):
        with pytest.raises(TypeError, match=r"w must be float64, got float16.*allow_float16=True"):
            gradcheck(lambda w: np.sum(w), {"w": w}, {"w": w}, **options)
    assert gradcheck(lambda w: np.sum(w * w), {"w": w}, {"w": 2 * w}, allow_float16=True)
    assert gradcheck(lambda w: np.sum(w * w), {"w": np.ones(3)}, {"w": 2 * w}, allow_float16=True)
    half = lambda w: np.float16(np.sum(np.tanh(w)))  # noqa: E731
    x = np.linspace(0.2, 1, 4)
    assert "computed in float16" in gradcheck(half, x, 1 - np.tanh(x) ** 2).diagnosis
    assert "allow_float16=True" in gradcheck(half, x, 1 - np.tanh(x) ** 2, allow_float32=True).diagnosis


def test_a_layer_in_half_precision():
    rng = np.random.default_rng(0)
    layer = Affine(rng.standard_normal((3, 4)).astype(np.float16), rng.standard_normal(3).astype(np.float16))
    x, y = rng.standard_normal((5, 4)).astype(np.float16), rng.standard_normal((5, 3)).astype(np.float16)
    assert gradcheck(layer, x, (mse, mse_backward), y, allow_float16=True)

    class Doubles(Affine):
        def backward(self, dout):
            return 2.5 * super().backward(dout)

    assert not gradcheck(Doubles(**layer.params), x, (mse, mse_backward), y, allow_float16=True)


def test_order_in_few_digits_is_right_or_inconclusive_but_never_wrong():
    for dtype in (np.float16, np.float32):
        for seed in range(8):
            functions, w = halves(seed, dtype)
            for f, g in functions.values():
                assert check_order(f, {"w": w}, {"w": g}).verdict != "WRONG"


# --- reports ----------------------------------------------------------------------------------------------
def test_every_report_is_a_table_in_a_notebook():
    x = np.random.default_rng(0).standard_normal(3)
    for report in (
        check_order(lambda x: np.sum(np.sin(x)), x, 2 * np.cos(x)),
        check_order(lambda x: np.sum(x), x, np.ones(3)),
        check_adjoint(square, lambda d, x: (x * d,), lambda dots, x: 2 * x * dots[0], x),
        check_hvp(np.cos, lambda u, x: np.sin(x) * u, x),
    ):
        html = report._repr_html_()
        assert "<table" in html and report.verdict.lower() in html
        assert "<v, J u>" not in html
    assert numerical_gradient(lambda x: x**2, 1.5) == pytest.approx(3)


def test_a_gradient_that_is_rounding_alone_is_no_sign_of_a_backward_that_is_not_linear():
    rng = np.random.default_rng(0)
    net = layers.Sequential(layers.Affine(3, 4, rng=rng), layers.BatchNorm(4), layers.Affine(4, 2, rng=rng))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        report = gradcheck(net, rng.standard_normal((6, 3)), (mse, mse_backward), rng.standard_normal((6, 2)))
        assert report, report
        assert "does not move with 0.b" in str(report)
