"""Layers: what they remember, how they stand in a Sequential, and what a user's own layer can count on."""
# ruff: noqa: E501  (one mistake a line reads best)

import copy

import numpy as np
import pytest

from bplib import functional as fn
from bplib import init
from bplib.gradcheck import check_vjp, gradcheck
from bplib.layers import (
    ACTIVATIONS,
    Affine,
    Attention,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    MaxPool2d,
    PairLayer,
    ReLU,
    Residual,
    RNNCell,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    mlp,
)
from bplib.losses import VJP as LOSSES
from bplib.losses import cross_entropy_with_logits, mse


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class Scale(Layer):
    """A user's own layer, as layers.py shows it."""

    def __init__(self, n):
        super().__init__(s=np.full(n, 2.0))

    def forward(self, x):
        self.x = x
        return x * self.params["s"]

    def backward(self, dout):
        self.grads["s"] = (dout * self.x).sum(axis=0)
        return dout * self.params["s"]


class Square(Layer):
    """One without parameters or an __init__."""

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dout):
        return dout * 2 * self.x


# --- one layer --------------------------------------------------------------------------------------


def test_a_layer_is_its_pair(rng):
    layer, x, dout = Affine(3, 2, rng=rng), rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    out, cache = fn.affine(x, layer.params["W"], layer.params["b"])
    np.testing.assert_array_equal(layer(x), out)
    dx, dW, db = fn.affine_backward(dout, cache)
    np.testing.assert_array_equal(layer.backward(dout), dx)
    np.testing.assert_array_equal(layer.grads["W"], dW)
    np.testing.assert_array_equal(layer.grads["b"], db)


def test_grads_are_set_anew_by_each_backward(rng):
    layer, x = Affine(2, 2, rng=rng), rng.standard_normal((3, 2))
    layer.forward(x)
    layer.backward(np.ones((3, 2)))
    first = layer.grads["W"].copy()
    layer.backward(np.ones((3, 2)))
    np.testing.assert_array_equal(layer.grads["W"], first)


def test_grads_have_the_keys_and_shapes_of_params_from_the_start(rng):
    net = mlp([3, 4, 2], rng=rng)
    assert list(net.grads) == list(net.params) == ["0.W", "0.b", "2.W", "2.b"]
    for name, param in net.params.items():
        assert net.grads[name].shape == param.shape and not net.grads[name].any()


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: Affine(2, 2, rng=rng),
        lambda rng: ReLU(),
        lambda rng: BatchNorm(2),
        lambda rng: Dropout(rng=rng),
        lambda rng: Attention(2, 2, rng=rng),
        lambda rng: RNNCell(2, 2, rng=rng),
        lambda rng: Sequential(ReLU(), Tanh()),
        lambda rng: Residual(ReLU()),
    ],
)
def test_backward_before_forward_is_refused(make, rng):
    for name in ("backward", "backward_params"):
        with pytest.raises(
            ValueError, match=r"backward: expected a forward before it.*Call forward\(x\) first"
        ):
            getattr(make(rng), name)(np.ones((2, 2)))


def test_the_affine_backward_params_of_a_new_layer_is_refused_too(rng):
    with pytest.raises(ValueError, match=r"^Affine\.backward: expected a forward"):
        Affine(2, 2, rng=rng).backward_params(np.ones((2, 2)))


def test_a_repr_shows_shapes_and_options(rng):
    assert repr(Affine(2, 3, rng=rng)) == "Affine(W=(3, 2), b=(3,))"
    assert repr(MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=None)"
    assert repr(Dropout(0.25, rng=rng)) == "Dropout(p=0.25)"
    assert repr(BatchNorm(3)) == "BatchNorm(gamma=(3,), beta=(3,), momentum=0.1, eps=1e-05)"
    assert repr(Scale(3)) == "Scale(s=(3,))"
    inner = Sequential(ReLU(), Residual(Tanh()))
    assert repr(inner) == "Sequential(\n  0: ReLU()\n  1: Residual(\n    0: Tanh()\n  )\n)"


def test_init_makes_the_weights(rng):
    W = Affine(4, 3, rng=np.random.default_rng(1), init=init.orthogonal).params["W"]
    np.testing.assert_array_equal(W, init.orthogonal((3, 4), np.random.default_rng(1)))
    assert Conv2d(2, 3, (1, 2), rng=rng).params["W"].shape == (3, 2, 1, 2)


def test_train_is_looked_at_by_dropout_and_batch_norm_and_reaches_nested_layers(rng):
    drop, norm = Dropout(0.5, rng=rng), BatchNorm(2)
    net = Sequential(Affine(2, 2, rng=rng), Residual(drop, norm), Square())
    x = rng.standard_normal((8, 2))
    assert net.train and not np.array_equal(net(x), net(x))
    mean = norm.running_mean
    net.train = False
    assert not (net.train or drop.train or norm.train or net.layers[2].train)
    np.testing.assert_array_equal(net(x), net(x))
    assert norm.running_mean is mean
    net.train = True
    assert drop.train


def test_batch_norm_moves_its_running_statistics_as_torch_does(torch, rng):
    ours, theirs = BatchNorm(3), torch.nn.BatchNorm1d(3, dtype=torch.float64)
    for _ in range(3):
        x = rng.standard_normal((5, 3))
        np.testing.assert_allclose(ours(x), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.running_mean, theirs.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(ours.running_var, theirs.running_var.numpy(), rtol=1e-12)
    ours.train, x = False, rng.standard_normal((1, 3))
    np.testing.assert_allclose(ours(x), theirs.eval()(torch.tensor(x)).detach().numpy(), rtol=1e-12)


def test_causal_attention_does_not_see_the_future(rng):
    layer, x = Attention(3, 4, rng=rng, causal=True), rng.standard_normal((1, 5, 3))
    before = layer(x)
    x[0, 3:] += 1.0
    np.testing.assert_array_equal(layer(x)[0, :3], before[0, :3])
    assert np.abs(layer(x)[0, 3:] - before[0, 3:]).max() > 1e-3


# --- recurrence -------------------------------------------------------------------------------------


def test_a_new_sequence_forgets_the_old_one_and_its_sums(rng):
    cell, x = RNNCell(2, 3, rng=rng), rng.standard_normal((4, 2))

    def gradient():
        h = cell.forward(x, cell.forward(x))
        _, dh = cell.backward(np.ones_like(h))
        cell.backward(dh)
        return cell.grads["Wx"]

    first = gradient()
    cell.forward(x)  # a step that is never gone back over
    np.testing.assert_array_equal(gradient(), first)
    with pytest.raises(ValueError, match=r"^RNNCell\.backward: expected a forward"):
        cell.backward(np.ones((4, 3)))


def test_h_of_another_batch_is_refused(rng):
    cell = RNNCell(2, 3, rng=rng)
    with pytest.raises(
        ValueError,
        match=r"^h: expected shape \(4, 3\) to go with Wx of shape \(3, 2\), got \(1, 3\)\. Leave h out",
    ):
        cell.forward(np.ones((4, 2)), np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"^h: expected shape \(4, 3\)"):
        cell.forward(np.ones((4, 2)), np.zeros((4, 2)))


class Unrolled(Layer):
    """An RNN over (B, T, n) whose output is the last h, as a Layer of one's own."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.params, self.grads = cell, cell.params, cell.grads

    def forward(self, x):
        h = None
        for t in range(x.shape[1]):
            h = self.cell.forward(x[:, t], h)
        return h

    def backward(self, dout):
        dxs = []
        while self.cell.steps:
            dx, dout = self.cell.backward(dout)
            dxs.insert(0, dx)
        return np.stack(dxs, axis=1)


# --- networks ---------------------------------------------------------------------------------------


def test_sequential_is_the_chain_rule(rng):
    net, x, dout = mlp([3, 4, 2], rng=rng), rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    first, relu, last = net.layers
    assert net(x).shape == (5, 2)
    dx = net.backward(dout)
    np.testing.assert_array_equal(dx, first.backward(relu.backward(last.backward(dout))))
    grads = {name: g.copy() for name, g in net.grads.items()}
    assert net.backward_params(dout) is None
    for name, grad in grads.items():
        np.testing.assert_array_equal(net.grads[name], grad)


def test_backward_params_forms_nothing_below_the_first_weights(rng):
    class Sentinel(Square):
        def backward(self, dout):
            raise AssertionError("not needed")

    net = Sequential(Sentinel(), Affine(2, 2, rng=rng), ReLU())
    net(np.ones((3, 2)))
    net.backward_params(np.ones((3, 2)))
    assert net.grads["1.W"].any()


def test_params_of_a_network_reach_its_layers_both_ways(rng):
    net = Sequential(Affine(2, 2, rng=rng), Residual(Scale(2)))
    assert list(net.params) == ["0.W", "0.b", "1.0.s"] and len(net.params) == 3
    net.params["0.b"] += 1.0
    net.params["1.0.s"] = np.array([5.0, 6.0])
    np.testing.assert_array_equal(net.layers[0].params["b"], [1, 1])
    np.testing.assert_array_equal(net.layers[1].layers[0].params["s"], [5, 6])
    net.layers[0].params["W"] = np.eye(2)
    np.testing.assert_array_equal(net.params["0.W"], np.eye(2))
    saved = {name: p.copy() for name, p in net.params.items()}
    net.params["0.b"] -= 3.0
    net.params.update(saved)
    np.testing.assert_array_equal(net.layers[0].params["b"], [1, 1])
    for wrong in ("W", "0.V", "2.W", "-1.W"):
        with pytest.raises(KeyError):
            net.params[wrong]
    with pytest.raises(TypeError, match="can't be deleted"):
        del net.params["0.W"]
    assert "0.W" in net.params and repr(net.grads).startswith("{'0.W': array")


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda rng: Affine(3, 2, rng=rng), (4, 3)),
        (lambda rng: LayerNorm(3), (4, 3)),
        (lambda rng: BatchNorm(3), (4, 3)),
        (lambda rng: Attention(3, 3, rng=rng), (2, 4, 3)),
        (lambda rng: RNNCell(3, 3, rng=rng), (4, 3)),
    ],
)
def test_parameters_are_found_by_name_whatever_the_dicts_order(make, shape, rng):
    layer, x = make(rng), rng.standard_normal(shape)
    layer.params = {name: rng.standard_normal(p.shape) for name, p in layer.params.items()}
    out = layer.forward(x)
    layer.backward(dout := rng.standard_normal(out.shape))
    grads = dict(layer.grads)
    layer.params = dict(reversed(layer.params.items()))  # as one loaded from a file may be
    np.testing.assert_array_equal(layer.forward(x), out)
    layer.backward(dout)
    for name, grad in grads.items():
        np.testing.assert_array_equal(layer.grads[name], grad)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda rng: Affine(3, 2, rng=rng), (4, 3)),
        (lambda rng: LayerNorm(3), (4, 3)),
        (lambda rng: Attention(3, 3, rng=rng), (2, 4, 3)),
    ],
)
def test_backward_belongs_to_the_forward_even_if_parameters_were_replaced_since(make, shape, rng):
    layer, x = make(rng), rng.standard_normal(shape)
    dout = rng.standard_normal(layer(x).shape)
    dx = layer.backward(dout)
    for name, param in layer.params.items():
        layer.params[name] = 3 * param
    np.testing.assert_array_equal(layer.backward(dout), dx)


class Lazy(Scale):
    """It learns its width from the first batch."""

    def __init__(self):
        Layer.__init__(self)

    def forward(self, x):
        self.params.setdefault("s", np.full(x.shape[1], 2.0))
        return super().forward(x)


def test_a_first_layer_that_makes_its_parameters_late_is_trained_too(rng):
    net, x = Sequential(Lazy(), Affine(3, 1, rng=rng)), rng.standard_normal((4, 3))
    dout = np.ones_like(net(x))
    net.backward(dout)
    whole = net.grads["0.s"]
    net.grads["0.s"] = np.zeros(3)
    net.backward_params(dout)
    np.testing.assert_array_equal(net.grads["0.s"], whole)


def test_a_layer_of_ones_own_may_call_anything_layers():
    class Deep(Square):
        layers = 3

    assert Sequential(Deep(), Deep())(np.array([2.0])) == 16


def test_a_layer_of_ones_own_works_in_sequential_and_in_gradcheck(rng):
    net = Sequential(Affine(3, 4, rng=rng), Square(), Scale(4), Tanh(), Affine(4, 2, rng=rng))
    report = gradcheck(net, rng.standard_normal((5, 3)), mse, rng.standard_normal((5, 2)))
    assert report, report
    net.layers[2].backward = lambda dout: dout  # a wrong one is caught
    assert not gradcheck(net, rng.standard_normal((5, 3)), mse, rng.standard_normal((5, 2)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradcheck_passes_every_mlp(activation, rng):
    net = mlp([3, 5, 4, 2], activation=activation, rng=rng)
    report = gradcheck(net, rng.standard_normal((6, 3)), cross_entropy_with_logits, rng.integers(0, 2, 6))
    assert report, report


def test_gradcheck_passes_networks_of_every_kind(rng):
    images = Sequential(
        Conv2d(1, 2, 3, rng=rng, padding=1),
        BatchNorm(2),
        Tanh(),
        AvgPool2d(2),
        Flatten(),
        Affine(8, 3, rng=rng),
    )
    words = Sequential(
        Embedding(5, 4, rng=rng),
        LayerNorm(4),
        Residual(Attention(4, 4, rng=rng)),
        Flatten(),
        Affine(12, 2, rng=rng),
    )
    time = Sequential(Unrolled(RNNCell(2, 3, rng=rng)), Affine(3, 2, rng=rng), Sigmoid())
    for net, x, y in [
        (images, rng.standard_normal((3, 1, 4, 4)), rng.standard_normal((3, 3))),
        (words, rng.integers(0, 5, (2, 3)), rng.standard_normal((2, 2))),
        (time, rng.standard_normal((2, 4, 2)), rng.standard_normal((2, 2))),
    ]:
        report = gradcheck(net, x, mse, y)
        assert report, report


@pytest.mark.parametrize("op", {**fn.VJP, **LOSSES}, ids=lambda op: op.__name__)
def test_check_vjp_passes_every_pair(op, rng):
    s = rng.standard_normal
    norm = [s((4, 3)), s(3), s(3)]
    args, options = {
        "affine": ([s((4, 3)), s((2, 3)), s(2)], {}),
        "layer_norm": (norm, {}),
        "batch_norm": (norm, {}),
        "embedding": ([rng.integers(0, 4, (2, 3)), s((4, 2))], {}),
        "conv1d": ([s((2, 3, 6)), s((2, 3, 3)), s(2)], {"padding": 1, "stride": 2}),
        "conv2d": ([s((2, 3, 5, 4)), s((2, 3, 3, 2)), s(2)], {"padding": 1, "stride": (2, 1)}),
        "max_pool2d": ([s((2, 2, 5, 5))], {"kernel_size": 3, "stride": 2}),
        "avg_pool2d": ([s((2, 2, 5, 5))], {"kernel_size": 2}),
        "attention": ([s((2, 3, 4)), s((2, 5, 4)), s((2, 5, 2))], {}),
        "mse": ([s((4, 3)), s((4, 3))], {}),
        "bce": ([rng.uniform(0.1, 0.9, (4, 3)), rng.uniform(0.1, 0.9, (4, 3))], {}),
        "bce_with_logits": ([s((4, 3)), rng.uniform(0.1, 0.9, (4, 3))], {}),
        "cross_entropy": ([rng.uniform(0.1, 0.9, (4, 3)), rng.integers(0, 3, 4)], {}),
        "cross_entropy_with_logits": ([s((4, 3)), rng.uniform(0.1, 0.4, (4, 3))], {}),
    }.get(op.__name__, ([s((4, 3))], {}))
    forward = op
    if op is fn.dropout:  # the same mask in each call

        def forward(x):
            return fn.dropout(x, rng=np.random.default_rng(0))

    report = check_vjp(forward, {**fn.VJP, **LOSSES}[op], *args, **options)
    assert report, report


def test_a_network_can_be_copied_and_run_in_float32(rng):
    net = Sequential(mlp([2, 3, 1], activation="gelu", rng=rng), BatchNorm(1))
    small = copy.deepcopy(net)
    for name, param in small.params.items():
        small.params[name] = param.astype(np.float32)
    x = rng.standard_normal((4, 2))
    out = small(x.astype(np.float32))
    assert out.dtype == np.float32 and net(x).dtype == np.float64
    dx = small.backward(np.ones_like(out))
    assert {dx.dtype, *(g.dtype for g in small.grads.values())} == {np.dtype(np.float32)}
    np.testing.assert_allclose(out, net(x), rtol=1e-4)


def test_mlp_builds_what_it_says(rng):
    net = mlp([2, 8, 8, 3], activation="tanh", rng=np.random.default_rng(1))
    assert [type(layer).__name__ for layer in net.layers] == ["Affine", "Tanh", "Affine", "Tanh", "Affine"]
    np.testing.assert_array_equal(net.params["0.W"], init.xavier((8, 2), np.random.default_rng(1)))
    zeros = mlp([2, 3], rng=rng, init=init.zeros)
    assert not zeros.params["0.W"].any()


class Forgetful(Layer):
    def __init__(self):
        pass


WRONG = [
    (lambda rng: Sequential(), ValueError, "^Sequential: expected at least one layer"),
    (lambda rng: Sequential(ReLU), TypeError, r"^Sequential: expected a Layer at place 0, got the class ReLU\. Write ReLU\(\), not ReLU"),
    (lambda rng: Sequential([ReLU(), ReLU()]), TypeError, r"^Sequential: .*place 0, got list.*Sequential\(\*layers\)"),
    (lambda rng: Residual(fn.relu), TypeError, r"^Residual: expected a Layer .*derive your own class"),
    (lambda rng: Sequential(Forgetful()), TypeError, r"a Layer with params at place 0, got a Forgetful without.*super\(\).__init__\(\)"),
    (lambda rng: (lambda a: Sequential(a, a))(ReLU()), ValueError, "layer of its own.*again at 1.*Make another"),
    (lambda rng: (lambda a: Sequential(a, Residual(a)))(Tanh()), ValueError, r"got Tanh\(\) again at 1.*Make another"),
    (lambda rng: Residual(Affine(2, 3, rng=rng))(np.ones((4, 2))), ValueError, r"^x: expected the shape of .*\(4, 3\), got \(4, 2\)"),
    (lambda rng: Attention(2, 2, rng=rng)(np.ones((4, 2))), ValueError, r"^x: expected shape \(B, T, n_in\), got \(4, 2\)\. Write x\[None\]"),
    (lambda rng: Layer().forward(np.ones(1)), NotImplementedError, r"Layer has no forward. Define forward\(self, x\)"),
    (lambda rng: Layer().backward(np.ones(1)), NotImplementedError, "Layer has no backward"),
    (lambda rng: mlp([2], rng=rng), ValueError, r"^sizes: .*got \[2\].*\[2, 8, 1\]"),
    (lambda rng: mlp([2, 1], activation="step", rng=rng), ValueError, "^activation: expected one of 'relu', .*'step'"),
    (lambda rng: Affine(3, 2, rng=rng)(np.ones(3)), ValueError, r"^x: .*x\[None, :\]"),
    (lambda rng: Softmax()(np.array([1, 2])), TypeError, "^x: .*int64"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors_say_what_to_do(call, error, message, rng):
    with pytest.raises(error, match=message):
        call(rng)


def test_pair_layer_takes_any_entry_of_the_table():
    assert PairLayer(fn.elu, alpha=2.0)(np.array([0.0]))[0] == 0.0
    with pytest.raises(
        ValueError, match=r"^op: expected the forward of a pair, got .*tanh.*Derive from Layer"
    ):
        PairLayer(np.tanh)
