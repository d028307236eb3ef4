"""Programs in Python: read off a network, run as it runs, refused in words. See also test_pairs_js."""

from __future__ import annotations

import base64
import subprocess
import sys

import numpy as np
import pytest

from bplib import functional, layers, losses, optim
from bplib.contract import takes, vjp_of
from bplib.widgets.packed import TYPES, pack
from bplib.widgets.program import Program, by, d, vjp


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def chains(rng):
    L = layers
    X, image, tokens = rng.normal(size=(6, 3)), rng.normal(size=(6, 2, 5, 5)), rng.integers(0, 7, (6, 4))
    labels = rng.integers(0, 3, 6)
    yield [L.Affine(3, 4, rng=rng), L.Tanh(), L.Affine(4, 3, rng=rng)], losses.mse, X, X
    yield (
        [L.Affine(3, 4, rng=rng), L.BatchNorm(4), L.GELU(), L.LayerNorm(4)],
        losses.mse,
        X,
        X[:, [0, 0, 1, 2]],
    )
    yield (
        [L.Conv2d(2, 3, 3, rng=rng), L.ReLU(), L.AvgPool2d(3), L.Flatten()],
        losses.cross_entropy_with_logits,
        image,
        labels,
    )
    yield (
        [L.Embedding(7, 4, rng=rng), L.Attention(4, 3, rng=rng, causal=True), L.Flatten()],
        losses.mse,
        tokens,
        rng.normal(size=(6, 12)),
    )
    yield (
        [L.Residual(L.Affine(3, 3, rng=rng), L.ELU()), L.Sequential(L.Softplus(), L.Affine(3, 3, rng=rng))],
        losses.cross_entropy_with_logits,
        X,
        labels,
    )


def test_a_program_computes_what_its_network_computes(rng):
    for chain, loss, X, y in chains(rng):
        net = layers.Sequential(*chain)
        program = Program.of(net, loss, X, y)
        out = net(X)
        value, cache = loss(out, y)
        dx = net.backward(functional_gradient(loss, cache))
        np.testing.assert_array_equal(program.quantity("out"), out)
        assert program.quantity("loss") == value
        assert list(program.params) == list(net.params)
        for name in net.params:
            np.testing.assert_allclose(program.quantity(d(name)), net.grads[name], rtol=1e-12, atol=1e-14)
        if X.dtype.kind == "f":
            np.testing.assert_allclose(program.quantity(d("x")), dx, rtol=1e-12, atol=1e-14)
        assert len(program.layers) == len(net.layers)
        assert program.quantity(by("layer", "largest"))["values"][-1] == np.abs(out).max()


def functional_gradient(loss, cache):
    return losses.VJP[loss](1.0, cache)[0]


def test_the_network_keeps_its_numbers(rng):
    net = layers.mlp([2, 3, 1], rng=rng)
    before = {name: array.copy() for name, array in net.params.items()}
    program = Program.of(net, losses.mse, np.ones((4, 2)), np.zeros((4, 1)), draw={"0.W": 1.0})
    program.train(optim.SGD(0.1), 3)
    for name, array in before.items():
        np.testing.assert_array_equal(net.params[name], array)
        assert np.any(program.arrays[name] != array)


def test_terms_of_the_samples_add_up(rng):
    for chain, loss, X, y in chains(rng):
        program = Program.of(layers.Sequential(*chain), loss, X, y)
        for name in program.params:
            terms = [program.quantity(d(name, sample=k)) for k in range(6)]
            np.testing.assert_array_equal(program.quantity(d(name, sample="each")), terms)
            np.testing.assert_allclose(sum(terms), program.quantity(d(name)), rtol=1e-10, atol=1e-14)


def test_a_footprint_is_a_row_of_the_jacobian(rng):
    net = layers.Sequential(layers.Affine(3, 4, rng=rng), layers.Tanh())
    X = rng.normal(size=(2, 3))
    program = Program.of(net, losses.mse, X, np.zeros((2, 4)))
    h = 1e-6
    for cell in [(0, 0), (1, 3)]:
        row = program.quantity(vjp("out", cell, "x"))
        for at in np.ndindex(X.shape):
            step = np.zeros_like(X)
            step[at] = h
            slope = (net(X + step)[cell] - net(X - step)[cell]) / (2 * h)
            assert abs(row[at] - slope) < 1e-8


def test_dropout_keeps_what_its_mask_keeps(rng):
    net = layers.Sequential(layers.Dropout(0.25, rng=rng))
    X = np.ones((200, 50))
    program = Program.of(net, losses.mse, X, X)
    assert set(np.unique(program.quantity("out"))) == {0, 1 / 0.75}
    assert abs((program.quantity("out") == 0).mean() - 0.25) < 0.02
    net.train = False
    np.testing.assert_array_equal(Program.of(net, losses.mse, X, X).quantity("out"), X)


def test_batches_take_each_sample_once_an_epoch():
    X = np.arange(10.0).reshape(-1, 1)
    program = Program.of(layers.Sequential(layers.Tanh(), layers.LayerNorm(1)), losses.mse, X, X, rows=5)
    seen = []
    for _ in range(4):
        program.train(optim.SGD(0.0), 1)
        seen.append(program.arrays["x"].ravel())
    for epoch in (seen[:2], seen[2:]):
        assert sorted(np.concatenate(epoch)) == list(X.ravel())
    assert any((a != b).any() for a, b in zip(seen[:2], seen[2:], strict=True))


@takes("x (...)")
def triple(x):
    return 3 * x, None


@vjp_of(triple)
def triple_backward(dout, cache):
    return (3 * dout,)


class Twice(layers.Layer):
    def forward(self, x):
        return 2 * x

    def backward(self, dout):
        return 2 * dout


class WrongTanh(layers.Tanh):
    def backward(self, dout):
        return dout


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (lambda rng: layers.Sequential(layers.ReLU(), Twice()), "Twice at 1"),
        (
            lambda rng: layers.Sequential(layers.ReLU(), layers.Residual(layers.ReLU(), Twice())),
            "Twice at 1.1",
        ),
        (lambda rng: Twice(), "Twice at 0"),
        (lambda rng: layers.Sequential(WrongTanh()), "WrongTanh at 0"),
        (lambda rng: layers.PairLayer(triple), "PairLayer at 0"),
        (lambda rng: layers.Sequential(layers.RNNCell(3, 3, rng=rng)), "RNNCell at 0"),
    ],
)
def test_a_layer_without_a_pair_is_refused(rng, layer, name):
    with pytest.raises(
        TypeError, match=f"pair on the page, got {name}. Build it from layers of bplib.layers"
    ):
        Program.of(layer(rng), losses.mse, np.ones((2, 3)), np.ones((2, 3)))


def test_what_else_is_refused(rng):
    net, X = layers.mlp([3, 1], rng=rng), np.ones((4, 3))
    y = np.ones((4, 1))
    with pytest.raises(TypeError, match=r"loss: expected one of bplib.losses, got .* There are mse, bce"):
        Program.of(net, np.mean, X, y)
    with pytest.raises(ValueError, match="a row for each of X's 4, got 3"):
        Program.of(net, losses.mse, X, y[:3])
    with pytest.raises(ValueError, match="rows: expected from 1 to X's 4, got 5"):
        Program.of(net, losses.mse, X, y, rows=5)
    with pytest.raises(ValueError, match=r"draw: expected parameters, 0\.W, 0.b, got 1.W"):
        Program.of(net, losses.mse, X, y, draw={"1.W": 1.0})
    with pytest.raises(ValueError, match="2"):  # the op's own words: shapes that don't fit
        Program.of(net, losses.mse, np.ones((4, 2)), y)
    program = Program.of(net, losses.mse, X, y)
    for q, words in [
        ("1.W", "There is no array '1.W'"),
        (d("0.W", sample=4), "There is no sample 4"),
        (d("x", sample=0), "x is no parameter"),
        (vjp("out", (0, 1), "x"), "there is no cell"),
        (by("unit", "rms"), "There is no group"),
        (by("layer", "sum"), "There is no measure"),
    ]:
        with pytest.raises(ValueError, match=words):
            program.quantity(q)
    whole = Program.of(
        layers.Sequential(layers.Embedding(3, 2, rng=rng)), losses.mse, np.array([0, 2]), X[:2, :2]
    )
    with pytest.raises(ValueError, match="x has no gradient: it holds whole numbers"):
        whole.quantity(d("x"))


def test_an_array_travels_exactly_and_small():
    for array, kind in [
        (np.array([0.0, 255.0]), "u1"),
        (np.array([3, -1]), "i4"),
        (np.array([0.5, np.nan, -np.inf]), "f4"),
        (np.array([0.1]), "f8"),
        (np.array([2**40 + 1]), "f8"),
    ]:
        sent = pack(array)
        assert sent["type"] == kind
        read = np.frombuffer(base64.b64decode(sent["data"]), TYPES[kind])
        np.testing.assert_array_equal(read.astype(float), array)


def test_a_drawn_parameter_is_not_sent(rng):
    net = layers.mlp([64, 64, 1], rng=rng)
    X, y = np.ones((2, 64)), np.ones((2, 1))
    whole, drawn = (
        len(str(Program.of(net, losses.mse, X, y, draw=draw).to_dict())) for draw in (None, {"0.W": 1})
    )
    assert whole > 40_000 > 4_000 > drawn


def test_programs_and_frames_need_no_widgets():
    """They import where there is no anywidget, ipywidgets or matplotlib."""
    script = (
        "import sys\n"
        "for name in ('anywidget', 'ipywidgets', 'matplotlib', 'traitlets', 'IPython'):\n"
        "    sys.modules[name] = None\n"
        "import bplib.widgets.frames, bplib.widgets.program\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_op_of_the_tables_has_its_place():
    from bplib.widgets.program import PAIRS

    names = [op.__name__ for op in (*functional.VJP, *losses.VJP)]
    assert [*names, "project", "add"] == list(PAIRS)
