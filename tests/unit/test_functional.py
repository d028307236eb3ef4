"""Every pair in the VJP tables, losses included: gradients, purity, dtypes, ends, ties and errors."""
# ruff: noqa: E501  (one mistake a line reads best)

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import RECIPES, VJP, Call, arrays_in, calls

from bplib import functional as fn
from bplib import losses
from bplib.contract import kept

every_op = pytest.mark.parametrize("op", VJP, ids=lambda op: op.__name__)
few = settings(max_examples=20)


def upstream(out, rng=None):
    """A random cotangent of the output's shape and dtype."""
    rng = rng or np.random.default_rng(0)
    return rng.standard_normal(np.shape(out)).astype(out.dtype) if np.ndim(out) else rng.standard_normal()


def run(call: Call):
    out, cache = call.forward()
    dout = upstream(out)
    return out, cache, dout, call.backward(dout, cache)


# --- the tables are whole ---------------------------------------------------------------------------


@pytest.mark.parametrize("module", [fn, losses])
def test_every_public_op_is_in_the_table(module):
    public = {
        f for name, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and not name.startswith("_")
    }  # fmt: skip
    assert public == set(module.VJP) | set(module.VJP.values())
    for op, backward in module.VJP.items():
        assert backward.__name__ == f"{op.__name__}_backward"


def test_every_op_in_the_tables_is_tested():
    assert set(RECIPES) == set(VJP)


# --- what holds for each pair -----------------------------------------------------------------------


@every_op
@few
@given(data=st.data())
def test_gradients_match_central_differences(op, data):
    call = data.draw(calls(op))
    out, _, dout, grads = run(call)
    rng, h = np.random.default_rng(1), 1e-6
    for i in call.floats:
        v = rng.standard_normal(call.args[i].shape)
        plus, minus = (
            call.forward([a + s * h * v if j == i else a for j, a in enumerate(call.args)])[0]
            for s in (1, -1)
        )
        numerical = np.sum(dout * (plus - minus)) / (2 * h)
        scale = np.abs(dout * out).sum() + np.abs(grads[i] * v).sum()
        assert abs(np.sum(grads[i] * v) - numerical) <= 1e-7 * scale


@every_op
@few
@given(data=st.data())
def test_gradients_come_in_argument_order_with_the_arguments_shapes(op, data):
    call = data.draw(calls(op))
    *_, grads = run(call)
    assert isinstance(grads, tuple) and len(grads) >= len(call.args)
    for i, grad in enumerate(grads):
        if i in call.floats:
            assert grad.shape == call.args[i].shape and grad.dtype == np.float64
        else:
            assert grad is None


@every_op
@few
@given(data=st.data())
def test_nothing_is_changed_in_place(op, data):
    call = data.draw(calls(op))
    call.args = [a.copy() if isinstance(a, np.ndarray) else a for a in call.args]
    before = [np.copy(a) for a in arrays_in(call.args)]
    for a in arrays_in(call.args):
        a.flags.writeable = False
    out, cache = call.forward()
    dout = upstream(out)
    for a in (*arrays_in(cache), *arrays_in(dout)):
        a.flags.writeable = False  # a write would raise
    stored = [np.copy(a) for a in arrays_in(cache)]
    first, second = call.backward(dout, cache), call.backward(dout, cache)
    for a, b in zip(before, arrays_in(call.args), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(stored, arrays_in(cache), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@every_op
@few
@given(data=st.data())
def test_no_gradient_shares_memory(op, data):
    call = data.draw(calls(op))
    _, cache, dout, grads = run(call)
    grads = [g for g in grads if g is not None]
    for i, g in enumerate(grads):
        for other in (*grads[:i], *arrays_in(dout), *arrays_in(call.args), *arrays_in(cache)):
            assert not np.shares_memory(g, other)


@every_op
@few
@given(data=st.data())
def test_backward_is_linear_in_dout(op, data):
    call = data.draw(calls(op))
    out, cache, u, _ = run(call)
    v = upstream(out, np.random.default_rng(1))
    for i in call.floats:
        of_u, of_v, of_both, of_zero = (call.backward(d, cache)[i] for d in (u, v, 2 * u - 3 * v, 0.0 * u))
        expected = 2 * of_u - 3 * of_v
        np.testing.assert_allclose(of_both, expected, rtol=1e-12, atol=1e-12 * (1 + np.abs(expected).max()))
        assert not np.any(of_zero)


@every_op
@few
@given(data=st.data(), dtype=st.sampled_from([np.float32, np.float64]))
def test_dtype_is_kept(op, data, dtype):
    call = data.draw(calls(op))
    call.args = [a.astype(dtype) if i in call.floats else a for i, a in enumerate(call.args)]
    call.options = {n: a.astype(dtype) if n.startswith("running") else a for n, a in call.options.items()}
    out, _, _, grads = run(call)
    assert out.dtype == dtype
    assert all(g.dtype == dtype for g in grads if g is not None)


@every_op
@few
@given(data=st.data())
def test_nan_stays_nan(op, data):
    call = data.draw(calls(op))
    i = call.floats[0]
    call.args = [a.copy() if isinstance(a, np.ndarray) else a for a in call.args]
    call.args[i][:] = np.nan
    out, _, _, _ = run(call)
    only_padding_met = op in (fn.conv1d, fn.conv2d) and call.options["padding"]
    assert np.isnan(out).any() or only_padding_met


@every_op
@few
@given(data=st.data())
def test_finite_and_silent_at_the_ends(op, data):
    """Warnings are errors here, so silence is tested too."""
    call = data.draw(calls(op))
    i = call.floats[0]
    ends = np.random.default_rng(0).choice([-1e4, 0.0, 1e4], call.args[i].shape)
    if op in (losses.bce, losses.cross_entropy):
        ends = (ends + 1e4) / 2e4
    call.args[i] = ends
    out, _, _, grads = run(call)
    assert np.isfinite(out).all()
    assert all(np.isfinite(g).all() for g in grads if g is not None)


@every_op
def test_lists_integers_objects_other_byte_orders_and_mixed_dtypes_are_refused(op):
    call = _some_call(op)
    i = call.floats[0]
    name = list(inspect.signature(op).parameters)[i]
    for bad, came in [
        (call.args[i].tolist(), "got list"),
        (np.zeros(call.args[i].shape, int), "dtype int64"),
        (np.zeros(call.args[i].shape, object), "dtype object"),
        (np.zeros(call.args[i].shape, complex), "dtype complex128"),
        (call.args[i].astype(">f8"), "dtype >f8"),
    ]:
        with pytest.raises(TypeError, match=rf"^{name}: expected .*float.*{came}.*Write "):
            call.forward([bad if j == i else a for j, a in enumerate(call.args)])
    if len(call.floats) > 1:
        mixed = [a.astype(np.float32) if j == i else a for j, a in enumerate(call.args)]
        with pytest.raises(TypeError, match=r"one dtype for all, got .*float32"):
            call.forward(mixed)


def _some_call(op) -> Call:
    """One call, the same each time."""
    found = []

    @settings(max_examples=1, database=None, derandomize=True)
    @given(call=calls(op))
    def keep(call):
        found.append(call)

    keep()
    return found[0]


@pytest.mark.parametrize("op", fn.VJP, ids=lambda op: op.__name__)
def test_a_dout_that_is_not_the_outputs_is_refused(op):
    call = _some_call(op)
    out, cache = call.forward()
    with pytest.raises(ValueError, match=r"^dout: expected the shape of the output, .* got"):
        call.backward(np.ones((*out.shape, 2)), cache)
    with pytest.raises(TypeError, match=r"^dout: expected the output's dtype float64, got .*float32"):
        call.backward(np.ones(out.shape, np.float32), cache)
    with pytest.raises(TypeError, match=r"^dout: expected a plain NumPy array of floats, got list"):
        call.backward(np.ones(out.shape).tolist(), cache)


# --- what one op promises ---------------------------------------------------------------------------


def test_ties():
    zero, one = np.zeros(1), np.ones(1)
    assert fn.relu_backward(one, fn.relu(zero)[1])[0] == 0
    assert fn.leaky_relu_backward(one, fn.leaky_relu(zero, slope=0.25)[1])[0] == 0.25
    assert fn.elu_backward(one, fn.elu(zero, alpha=0.5)[1])[0] == 0.5
    out, cache = fn.max_pool2d(np.full((1, 1, 2, 2), 7.0), kernel_size=2)
    np.testing.assert_array_equal(fn.max_pool2d_backward(np.ones_like(out), cache)[0], [[[[1, 0], [0, 0]]]])


@pytest.mark.parametrize("op", [fn.relu, fn.leaky_relu, fn.elu, fn.sigmoid, fn.tanh, fn.softplus, fn.gelu])
def test_nan_reaches_the_gradient_of_an_activation_and_no_further(op):
    out, cache = op(np.array([1.0, np.nan, -1.0]))
    (dx,) = fn.VJP[op](np.ones(3), cache)
    np.testing.assert_array_equal(np.isnan(out), [False, True, False])
    np.testing.assert_array_equal(np.isnan(dx), [False, True, False])


@pytest.mark.parametrize("op", [fn.sigmoid, fn.tanh])
def test_a_saturated_slope_is_small_but_not_zero(op):
    """out (1 - out) and 1 - out^2 are exactly 0 here."""
    for x in (-40.0, 40.0):
        (dx,) = fn.VJP[op](np.ones(1), op(np.array([x]))[1])
        expected = np.exp(-40) if op is fn.sigmoid else 4 * np.exp(-80)
        np.testing.assert_allclose(dx, expected, rtol=1e-15)


def test_gelu_is_exact_in_both_tails():
    x = np.concatenate([np.linspace(-8, 8, 4001), [-37.5, -20.0, 9.0, 12.0]])
    exact = [v * math.erfc(-v / math.sqrt(2)) / 2 for v in x]
    np.testing.assert_allclose(fn.gelu(x)[0][:4001], exact[:4001], rtol=1e-12)
    np.testing.assert_allclose(fn.gelu(x)[0][4001:], exact[4001:], rtol=1e-6)


@pytest.mark.parametrize("op", [fn.softmax, fn.layer_norm, fn.batch_norm])
def test_coupled_ops_have_no_gradient_along_a_constant_dout(op):
    """Why a cotangent of ones hides a backward of zeros; and that a random one does not."""
    x, more = np.random.default_rng(0).standard_normal((4, 3)), [np.ones(3), np.zeros(3)]
    out, cache = op(x, *([] if op is fn.softmax else more))
    np.testing.assert_allclose(fn.VJP[op](np.ones_like(out), cache)[0], 0, atol=1e-14)
    dout = upstream(out, np.random.default_rng(1))
    assert np.abs(fn.VJP[op](dout, cache)[0]).max() > 0.01


def test_layer_norm_needs_gamma_inside_the_means():
    """The formula with gamma pulled out is right for a constant gamma only."""
    rng = np.random.default_rng(0)
    x, gamma, dout = rng.standard_normal((2, 4)), np.array([1.0, 2.0, 3.0, 4.0]), rng.standard_normal((2, 4))
    dx, _, _ = fn.layer_norm_backward(dout, fn.layer_norm(x, gamma, np.zeros(4))[1])
    pulled_out, _, _ = fn.layer_norm_backward(dout, fn.layer_norm(x, np.ones(4), np.zeros(4))[1])
    assert np.abs(dx - gamma * pulled_out).max() > 0.1
    np.testing.assert_allclose(dx.sum(axis=1), 0, atol=1e-13)


def test_batch_norm_returns_running_statistics_and_leaves_the_old():
    x, mean, var = np.array([[1.0], [3.0]]), np.zeros(1), np.ones(1)
    _, cache = fn.batch_norm(x, np.ones(1), np.zeros(1), running_mean=mean, running_var=var, momentum=0.1)
    assert (mean[0], var[0]) == (0, 1)
    np.testing.assert_allclose(
        (kept(cache).running_mean[0], kept(cache).running_var[0]), (0.2, 0.9 + 0.1 * 2)
    )


def test_dropout_keeps_the_expectation_and_is_the_identity_in_evaluation():
    x = np.ones(100_000)
    out, _ = fn.dropout(x, p=0.25, rng=np.random.default_rng(0))
    assert set(np.unique(out)) == {0.0, 1 / 0.75}
    assert abs(out.mean() - 1) < 0.01
    np.testing.assert_array_equal(fn.dropout(x, p=0.25, rng=np.random.default_rng(0), train=False)[0], x)


def test_embedding_sums_over_repeated_indices():
    _, cache = fn.embedding(np.array([[0, 2], [2, 2]]), np.zeros((3, 2)))
    nothing, dweight = fn.embedding_backward(np.ones((2, 2, 2)), cache)
    assert nothing is None
    np.testing.assert_array_equal(dweight, [[1, 1], [0, 0], [3, 3]])


def test_attention_does_not_look_where_the_mask_is_false():
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((3, 4, 2))
    out, cache = fn.attention(q, k, v, mask=np.tri(4, dtype=bool))
    np.testing.assert_allclose(out[0], v[0])
    *_, weights = kept(cache)
    assert not np.triu(weights, 1).any()


def test_a_scalar_array_works_entry_by_entry():
    out, cache = fn.sigmoid(np.array(0.0))
    assert out == 0.5 and fn.sigmoid_backward(np.float64(1), cache)[0] == 0.25


@pytest.mark.parametrize(
    ("op", "shapes", "options"),
    [
        (fn.affine, [(0, 3), (2, 3), (2,)], {}),
        (fn.conv1d, [(0, 3, 5), (2, 3, 2), (2,)], {}),
        (fn.conv2d, [(0, 3, 5, 5), (2, 3, 2, 2), (2,)], {}),
        (fn.max_pool2d, [(0, 3, 4, 4)], {"kernel_size": 2}),
        (fn.avg_pool2d, [(0, 3, 4, 4)], {"kernel_size": 2}),
        (fn.layer_norm, [(0, 3), (3,), (3,)], {}),
        (fn.attention, [(0, 4, 3), (0, 5, 3), (0, 5, 2)], {}),
    ],
)
def test_an_empty_batch_has_empty_outputs_and_zero_gradients(op, shapes, options):
    out, cache = op(*map(np.zeros, shapes), **options)
    assert len(out) == 0
    for grad, shape in zip(fn.VJP[op](out.copy(), cache), shapes, strict=True):
        assert grad.shape == shape and not grad.any()


@pytest.mark.parametrize("op", [fn.relu, fn.leaky_relu, fn.elu, fn.sigmoid, fn.tanh, fn.softplus, fn.gelu])
def test_an_activation_is_silent_at_the_largest_numbers(op):
    out, cache = op(np.array([1e308, -1e308]))
    assert np.isfinite(out).all() and np.isfinite(fn.VJP[op](np.ones(2), cache)[0]).all()


def test_the_row_of_a_single_index_is_a_copy():
    weight = np.ones((3, 2))
    out, _ = fn.embedding(np.int64(1), weight)
    assert not np.shares_memory(out, weight)


def test_gradients_below_a_first_layer_can_be_left_out():
    rng = np.random.default_rng(0)
    for op, args in [
        (fn.affine, [rng.standard_normal(s) for s in ((2, 3), (4, 3), (4,))]),
        (fn.conv1d, [rng.standard_normal(s) for s in ((2, 3, 5), (4, 3, 2), (4,))]),
        (fn.conv2d, [rng.standard_normal(s) for s in ((2, 3, 5, 5), (4, 3, 2, 2), (4,))]),
    ]:
        out, cache = op(*args)
        dx, dW, db = fn.VJP[op](np.ones_like(out), cache)
        none, dW2, db2 = fn.VJP[op](np.ones_like(out), cache, needs_dx=False)
        assert dx is not None and none is None
        np.testing.assert_array_equal(dW, dW2)
        np.testing.assert_array_equal(db, db2)


# --- what a user can get wrong ----------------------------------------------------------------------

f = np.zeros
rng0 = np.random.default_rng(0)
WRONG = [
    (lambda: fn.affine(f(()), f((3, 2)), f(3)), ValueError, r"^x: .*got \(\).*reshape\(1, 1\)"),
    (lambda: fn.affine(f(2), f((3, 2)), f(3)), ValueError, r"^x: .*\(2,\).*x\[None, :\]"),
    (lambda: fn.affine(f((1, 2, 2)), f((3, 2)), f(3)), ValueError, r"^x: .*reshape\(len\(x\), -1\)"),
    (lambda: fn.affine(f((1, 2)), f((2, 3)), f(3)), ValueError, r"^W: expected shape \(n_out, 2\).*\(2, 3\).*W\.T"),
    (lambda: fn.affine(f((1, 5)), f((3, 2)), f(3)), ValueError, r"^W: expected shape \(n_out, 5\).*\(3, 2\)\. Its axis 1 goes with axis 1 of x"),
    (lambda: fn.affine(f((1, 2)), f((3, 2)), f((1, 3))), ValueError, r"^b: expected shape \(3,\).*\(1, 3\).*reshape"),
    (lambda: fn.affine(f((1, 2)), f((3, 2)), f(1)), ValueError, r"^b: expected shape \(3,\).*\(1,\)"),
    (lambda: fn.softmax(f((2, 2)), axis=2), ValueError, "axis 2 is out of bounds"),
    (lambda: fn.softmax(f((2, 0))), ValueError, r"^x: expected at least one score along axis -1, got shape \(2, 0\)"),
    (lambda: fn.log_softmax(f((0, 2)), axis=0), ValueError, r"^x: expected at least one score along axis 0"),
    (lambda: fn.layer_norm(f((2, 3)), f(2), f(2)), ValueError, r"^gamma: expected the shape of x's last axes, \(3,\), got \(2,\)\. Write np\.ones\(x\.shape\[-1:\]\)"),
    (lambda: fn.layer_norm(f(3), f((2, 3)), f((2, 3))), ValueError, "^gamma: "),
    (lambda: fn.layer_norm(f((2, 3)), f(3), f((1, 3))), ValueError, r"^beta: .*\(1, 3\).*beta\.reshape\(-1\)"),
    (lambda: fn.batch_norm(f(3), f(3), f(3)), ValueError, r"^x: .*\(B, C, \.\.\.\).*x\[:, None\]"),
    (lambda: fn.batch_norm(f((2, 3)), f(2), f(3)), ValueError, r"^gamma: expected shape \(3,\).*\(2,\)"),
    (lambda: fn.batch_norm(f((1, 3)), f(3), f(3)), ValueError, "^x: expected at least two entries for each channel"),
    (lambda: fn.batch_norm(f((0, 3)), f(3), f(3)), ValueError, "^x: expected at least two entries for each channel"),
    (lambda: fn.batch_norm(f((2, 3)), f(3), f(3), train=False), ValueError, "running_mean, running_var: .*None"),
    (lambda: fn.batch_norm(f((2, 3)), np.ones(3), f(2)), ValueError, r"^beta: expected shape \(3,\) .*, got \(2,\)\. Its axis 0 goes with axis 1 of x"),
    (lambda: fn.dropout(f(2), p=1.0, rng=rng0), ValueError, r"^p: .*got 1\.0"),
    (lambda: fn.dropout(f(2), rng=0), TypeError, r"^rng: .*got int.*default_rng"),
    (lambda: fn.flatten(np.float64(0)), ValueError, "^x: "),
    (lambda: fn.embedding(f(2), f((3, 2))), TypeError, r"^indices: expected an array of integers, got dtype float64.*indices\.astype\(int\)"),
    (lambda: fn.embedding([1], f((3, 2))), TypeError, "^indices: .*got list"),
    (lambda: fn.embedding(np.array([3]), f((3, 2))), ValueError, "^indices: expected numbers from 0 to 2.*got 3 to 3"),
    (lambda: fn.embedding(np.array([-1]), f((3, 2))), ValueError, "^indices: .*got -1 to -1"),
    (lambda: fn.embedding(np.array([0]), f(3)), ValueError, r"^weight: .*\(V, D\)"),
    (lambda: fn.conv2d(f((1, 3, 3)), f((1, 1, 2, 2))), ValueError, r"^x: expected shape \(B, C_in, H, W\).*x\[None\]"),
    (lambda: fn.conv2d(f((1, 2, 3, 3)), f((1, 1, 2, 2))), ValueError, r"^W: expected shape \(C_out, 2, kH, kW\)"),
    (lambda: fn.conv2d(f((1, 1, 3, 3)), f((4, 1, 2, 2)), f(3)), ValueError, r"^b: expected shape \(4,\).*\(3,\)"),
    (lambda: fn.conv2d(f((1, 1, 2, 2)), f((1, 1, 3, 3))), ValueError, r"^x: .*kernel \(3, 3\).*\(2, 2\)\. Use"),
    (lambda: fn.conv2d(f((1, 1, 2, 2)), f((1, 1, 5, 5)), padding=1), ValueError, r"\(4, 4\) with padding\. Use"),
    (lambda: fn.conv2d(f((1, 1, 3, 3)), f((1, 1, 2, 2)), stride=0), ValueError, r"^stride: .*at least 1.*got 0"),
    (lambda: fn.conv2d(f((1, 1, 3, 3)), f((1, 1, 2, 2)), padding=-1), ValueError, r"^padding: .*at least 0.*got -1"),
    (lambda: fn.conv2d(f((1, 1, 3, 3)), f((1, 1, 2, 2)), stride=1.5), ValueError, r"^stride: .*got 1\.5"),
    (lambda: fn.conv1d(f((1, 3)), f((1, 1, 2))), ValueError, r"^x: expected shape \(B, C_in, T\)"),
    (lambda: fn.conv1d(f((1, 1, 2)), f((1, 1, 3))), ValueError, r"^x: .*kernel \(3,\).*\(2,\)"),
    (lambda: fn.conv1d(f((1, 1, 9)), f((1, 1, 3)), stride=(7, 1)), ValueError, r"^stride: .*at least 1, got \(7, 1\)"),
    (lambda: fn.conv1d(f((1, 1, 9)), f((1, 1, 3)), padding=(5, 0)), ValueError, r"^padding: .*got \(5, 0\)"),
    (lambda: fn.max_pool2d(f((1, 3, 3)), kernel_size=2), ValueError, r"^x: expected shape \(B, C, H, W\)"),
    (lambda: fn.avg_pool2d(f((1, 1, 3, 3)), kernel_size=4), ValueError, r"^x: .*kernel \(4, 4\).*\(3, 3\)"),
    (lambda: fn.max_pool2d(f((1, 1, 3, 3)), kernel_size=0), ValueError, r"^kernel_size: .*got 0"),
    (lambda: fn.attention(f(2), f((2, 2)), f((2, 2))), ValueError, r"^q: .*q\[None, :\]"),
    (lambda: fn.attention(f((3, 2)), f((4, 3)), f((4, 1))), ValueError, r"^k: .*\(4, 3\)"),
    (lambda: fn.attention(f((3, 2)), f((0, 2)), f((0, 1))), ValueError, r"^k: expected shape \(S > 0, 2\) to go with q .*, got \(0, 2\).*at least one key"),
    (lambda: fn.attention(f((1, 3, 2)), f((2, 4, 2)), f((2, 4, 1))), ValueError, "^k: "),
    (lambda: fn.attention(f((3, 2)), f((4, 2)), f((3, 1))), ValueError, r"^v: expected shape \(4, d_v\) to go with k of shape \(4, 2\), got \(3, 1\)"),
    (lambda: fn.attention(f((3, 2)), f((4, 2)), f((4, 1)), mask=f((3, 4))), TypeError, "^mask: .*boolean.*float64"),
    (lambda: fn.attention(f((1, 2)), f((1, 2)), f((1, 1)), mask=[[1]]), TypeError, r"^mask: .*list.*np\.asarray"),
    (lambda: fn.attention(f((3, 2)), f((4, 2)), f((4, 1)), mask=np.ones((4, 3), bool)), ValueError, "^mask: .*T rows"),
    (lambda: fn.attention(f((3, 2)), f((4, 2)), f((4, 1)), mask=f((3, 4)) > 0), ValueError, "^mask: .*True for every"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors_name_the_argument_and_the_remedy(call, error, message):
    with pytest.raises(error, match=message):
        call()
