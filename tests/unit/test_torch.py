"""PyTorch as referee, in float64: every pair in the VJP tables and every layer, over random shapes."""
# ruff: noqa: E501  (the list of layers)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import VJP, calls, is_float, relaid, spread

from bplib import functional as fn
from bplib import layers, losses
from bplib.contract import kept

many = settings(max_examples=30)


def to_torch(torch, a):
    if is_float(a):
        return torch.tensor(a.copy(), requires_grad=True)
    return torch.tensor(a.astype(np.int64)) if isinstance(a, np.ndarray) else a


def close(ours, theirs, scale=0.0):
    """1e-12 relative to the largest entry (an entry that cancels to 0 has no relative error of its own)."""
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(
        ours, theirs, rtol=1e-12, atol=1e-12 * max(scale, np.abs(theirs).max(initial=0))
    )


def in_torch(op):
    """Each op in PyTorch, called as (torch, call, cache, *tensors)."""

    def plain(name, **renamed):
        def run(torch, call, cache, *tensors):
            options = {renamed.get(k, k): v for k, v in call.options.items()}
            return getattr(torch.nn.functional, name)(*tensors, **options)

        return run

    def batch_norm(torch, call, cache, x, gamma, beta):
        o, C = call.options, x.shape[1]
        mean = torch.tensor(np.array(o.get("running_mean", np.zeros(C))))
        var = torch.tensor(np.array(o.get("running_var", np.ones(C))))
        out = torch.nn.functional.batch_norm(x, mean, var, gamma, beta, o["train"], o["momentum"], o["eps"])
        close(kept(cache).running_mean, mean)
        close(kept(cache).running_var, var)
        return out

    def attention(torch, call, cache, *qkv):
        mask = call.options["mask"]
        mask = None if mask is None else torch.tensor(mask)
        return torch.nn.functional.scaled_dot_product_attention(*qkv, attn_mask=mask)

    def cross_entropy_of_p(torch, call, cache, p, y):
        if y.dim() == 1:
            return torch.nn.functional.nll_loss(p.log(), y)
        return -(y * p.log()).sum() / len(p)

    table = {
        fn.affine: plain("linear"),
        fn.relu: plain("relu"),
        fn.leaky_relu: plain("leaky_relu", slope="negative_slope"),
        fn.elu: plain("elu"),
        fn.sigmoid: lambda torch, call, cache, x: torch.sigmoid(x),
        fn.tanh: lambda torch, call, cache, x: torch.tanh(x),
        fn.softplus: plain("softplus"),
        fn.gelu: plain("gelu"),
        fn.softmax: plain("softmax", axis="dim"),
        fn.log_softmax: plain("log_softmax", axis="dim"),
        fn.layer_norm: lambda torch, call, cache, x, gamma, beta: torch.nn.functional.layer_norm(
            x, gamma.shape, gamma, beta, call.options["eps"]
        ),
        fn.batch_norm: batch_norm,
        fn.dropout: lambda torch, call, cache, x: (
            x * torch.tensor(kept(cache))
        ),  # the mask is ours; the rest is not
        fn.flatten: lambda torch, call, cache, x: x.reshape(len(x), -1),
        fn.embedding: plain("embedding"),
        fn.conv1d: plain("conv1d"),
        fn.conv2d: plain("conv2d"),
        fn.max_pool2d: plain("max_pool2d"),
        fn.avg_pool2d: plain("avg_pool2d"),
        fn.attention: attention,
        losses.mse: plain("mse_loss"),
        losses.bce: plain("binary_cross_entropy"),
        losses.bce_with_logits: plain("binary_cross_entropy_with_logits"),
        losses.cross_entropy: cross_entropy_of_p,
        losses.cross_entropy_with_logits: plain("cross_entropy"),
    }
    return table[op]


@pytest.mark.parametrize("op", VJP, ids=lambda op: op.__name__)
@many
@given(data=st.data())
def test_pair_equals_torch(torch, op, data):
    call = data.draw(calls(op))
    out, cache = call.forward()
    dout = np.random.default_rng(0).standard_normal(np.shape(out))
    grads = call.backward(dout, cache)
    tensors = [to_torch(torch, a) for a in call.args]
    theirs = in_torch(op)(torch, call, cache, *tensors)
    close(np.asarray(out), theirs)
    theirs.backward(torch.tensor(dout))
    for i in call.floats:
        close(grads[i], tensors[i].grad, np.abs(dout).max())


# --- layers -----------------------------------------------------------------------------------------


def plain(name):
    return lambda torch, layer, x, p: getattr(torch.nn.functional, name)(x)


def attention_layer(torch, layer, x, p):
    q, k, v = (x @ p[name].T for name in ("Wq", "Wk", "Wv"))
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=layer.options["causal"])


def network(torch, layer, x, p):
    h = torch.nn.functional.gelu(x @ p["0.W"].T + p["0.b"])
    return h + torch.tanh(h @ p["2.0.W"].T + p["2.0.b"])


r = np.random.default_rng(0)
LAYERS = {  # name: (builds it, builds x, PyTorch's forward)
    "Affine": (
        lambda n: layers.Affine(n, 3, rng=r),
        lambda n, B: spread(r, (B, n)),
        lambda torch, layer, x, p: torch.nn.functional.linear(x, p["W"], p["b"]),
    ),
    "Conv1d": (
        lambda n: layers.Conv1d(n, 2, 2, rng=r, stride=2, padding=1),
        lambda n, B: spread(r, (B, n, 5)),
        lambda torch, layer, x, p: torch.nn.functional.conv1d(x, p["W"], p["b"], stride=2, padding=1),
    ),
    "Conv2d": (
        lambda n: layers.Conv2d(n, 2, (2, 3), rng=r, padding=1, bias=False),
        lambda n, B: spread(r, (B, n, 3, 4)),
        lambda torch, layer, x, p: torch.nn.functional.conv2d(x, p["W"], padding=1),
    ),
    "Embedding": (
        lambda n: layers.Embedding(n, 3, rng=r),
        lambda n, B: r.integers(0, n, (B, 2)),
        lambda torch, layer, x, p: torch.nn.functional.embedding(x, p["W"]),
    ),
    "LayerNorm": (
        lambda n: layers.LayerNorm(n),
        lambda n, B: spread(r, (B, 2, n)),
        lambda torch, layer, x, p: torch.nn.functional.layer_norm(x, (x.shape[-1],), p["gamma"], p["beta"]),
    ),
    "BatchNorm": (
        lambda n: layers.BatchNorm(n),
        lambda n, B: spread(r, (B, n, 3)),
        lambda torch, layer, x, p: torch.nn.functional.batch_norm(
            x, None, None, p["gamma"], p["beta"], training=True
        ),
    ),
    "Attention": (
        lambda n: layers.Attention(n, 3, rng=r, causal=True),
        lambda n, B: spread(r, (B, 4, n)),
        attention_layer,
    ),
    "ReLU": (lambda n: layers.ReLU(), None, plain("relu")),
    "LeakyReLU": (lambda n: layers.LeakyReLU(), None, plain("leaky_relu")),
    "ELU": (lambda n: layers.ELU(), None, plain("elu")),
    "Sigmoid": (lambda n: layers.Sigmoid(), None, plain("sigmoid")),
    "Tanh": (lambda n: layers.Tanh(), None, plain("tanh")),
    "Softplus": (lambda n: layers.Softplus(), None, plain("softplus")),
    "GELU": (lambda n: layers.GELU(), None, plain("gelu")),
    "Softmax": (lambda n: layers.Softmax(), None, lambda torch, layer, x, p: torch.softmax(x, -1)),
    "LogSoftmax": (
        lambda n: layers.LogSoftmax(axis=0),
        None,
        lambda torch, layer, x, p: torch.log_softmax(x, 0),
    ),
    "MaxPool2d": (
        lambda n: layers.MaxPool2d(2),
        lambda n, B: spread(r, (B, n, 5, 4)),
        lambda torch, layer, x, p: torch.nn.functional.max_pool2d(x, 2),
    ),
    "AvgPool2d": (
        lambda n: layers.AvgPool2d(3, stride=1),
        lambda n, B: spread(r, (B, n, 5, 4)),
        lambda torch, layer, x, p: torch.nn.functional.avg_pool2d(x, 3, 1),
    ),
    "Flatten": (
        lambda n: layers.Flatten(),
        lambda n, B: spread(r, (B, n, 2)),
        lambda torch, layer, x, p: x.flatten(1),
    ),
    "Dropout": (
        lambda n: layers.Dropout(0.5, rng=r),
        None,
        lambda torch, layer, x, p: x * torch.tensor(kept(layer.cache)),
    ),
    "Sequential": (
        lambda n: layers.Sequential(
            layers.Affine(n, 3, rng=r),
            layers.GELU(),
            layers.Residual(layers.Affine(3, 3, rng=r), layers.Tanh()),
        ),
        lambda n, B: spread(r, (B, n)),
        network,
    ),
    "Residual": (
        lambda n: layers.Residual(layers.Affine(n, n, rng=r)),
        lambda n, B: spread(r, (B, n)),
        lambda torch, layer, x, p: x + torch.nn.functional.linear(x, p["0.W"], p["0.b"]),
    ),
}


def test_every_layer_is_compared():
    public = {
        name for name, c in vars(layers).items()
        if isinstance(c, type) and issubclass(c, layers.Layer) and c.__module__ == layers.__name__ and name[0] != "_"
    }  # fmt: skip
    assert public == set(LAYERS) | {"Layer", "PairLayer", "RNNCell"}  # RNNCell: below, unrolled


@pytest.mark.parametrize("name", LAYERS)
@many
@given(data=st.data(), n=st.integers(1, 4), B=st.integers(1, 4))
def test_layer_equals_torch(torch, name, data, n, B):
    make, make_x, reference = LAYERS[name]
    layer, x = make(n), (make_x or (lambda n, B: spread(r, (B, n))))(n, B)
    x = relaid(data.draw, x) if is_float(x) else x
    for param in layer.params.values():
        param[...] = spread(r, param.shape)  # biases away from 0, gamma away from 1
    out = layer.forward(x)
    dout = r.standard_normal(out.shape)
    dx = layer.backward(dout)
    tx = to_torch(torch, x)
    tp = {k: to_torch(torch, v) for k, v in layer.params.items()}
    theirs = reference(torch, layer, tx, tp)
    close(out, theirs)
    theirs.backward(torch.tensor(dout))
    scale = np.abs(dout).max()
    if is_float(x):
        close(dx, tx.grad, scale)
    else:
        assert dx is None
    assert set(layer.grads) == set(tp)
    for k, tensor in tp.items():
        close(layer.grads[k], tensor.grad, scale)
    before = {k: g.copy() for k, g in layer.grads.items()}
    layer.backward_params(dout)
    for k, g in before.items():
        np.testing.assert_array_equal(layer.grads[k], g)


@many
@given(n=st.integers(1, 3), H=st.integers(1, 3), B=st.integers(1, 3), T=st.integers(1, 5))
def test_an_unrolled_rnn_cell_equals_torch(torch, n, H, B, T):
    cell = layers.RNNCell(n, H, rng=r)
    xs, dhs = spread(r, (T, B, n)), r.standard_normal((T, B, H))
    h, hs = None, []
    for x in xs:
        h = cell.forward(x, h)
        hs.append(h)
    dh, dxs = np.zeros((B, H)), []
    for d in dhs[::-1]:
        dx, dh = cell.backward(dh + d)
        dxs.insert(0, dx)
    p = {k: to_torch(torch, v) for k, v in cell.params.items()}
    tx, h0 = to_torch(torch, xs), torch.zeros((B, H), dtype=torch.float64, requires_grad=True)
    th, loss = h0, 0.0
    for t in range(T):
        th = torch.tanh(tx[t] @ p["Wx"].T + th @ p["Wh"].T + p["b"])
        close(hs[t], th)
        loss = loss + (th * torch.tensor(dhs[t])).sum()
    loss.backward()
    scale = np.abs(dhs).max()
    close(np.array(dxs), tx.grad, scale)
    close(dh, h0.grad, scale)
    for k, tensor in p.items():
        close(cell.grads[k], tensor.grad, scale)
