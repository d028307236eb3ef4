"""Checkpointing: the same bits as without, the forwards it costs, the memory it saves, what it refuses."""

import tracemalloc

import numpy as np
import pytest

from bplib import layers
from bplib.checkpoint import Checkpointed, even_cuts
from bplib.layers import Layer, Sequential, mlp


def deep(seed=0, width=6, depth=5):
    return mlp([4, *[width] * depth, 3], activation="tanh", rng=np.random.default_rng(seed))


@pytest.mark.parametrize("cuts", [[], [1], [10], [5], [2, 4], [3, 6, 9], list(range(1, 11))])
def test_gradients_are_the_same_to_the_last_bit(cuts):
    plain, net = deep(), deep()
    rng = np.random.default_rng(1)
    x, dout = rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    cheap = Checkpointed(net, cuts)
    assert np.array_equal(cheap.forward(x), plain.forward(x))
    assert np.array_equal(cheap.backward(dout), plain.backward(dout))
    assert list(cheap.grads) == list(plain.grads)
    for name in plain.grads:
        assert plain.grads[name].any()
        assert np.array_equal(cheap.grads[name], plain.grads[name])


def test_convolutions_norms_and_nested_networks_too():
    def build():
        rng = np.random.default_rng(0)
        return Sequential(
            layers.Conv2d(1, 3, 3, rng=rng, padding=1),
            layers.ReLU(),
            layers.MaxPool2d(2),
            layers.Flatten(),
            layers.LayerNorm(12),
            layers.Residual(layers.Affine(12, 12, rng=rng), layers.GELU()),
            layers.Dropout(0.5, rng=rng),  # in the last segment, which is not run again
            layers.Affine(12, 2, rng=rng),
        )

    rng = np.random.default_rng(1)
    x, dout = rng.normal(size=(5, 1, 4, 4)), rng.normal(size=(5, 2))
    plain, cheap = build(), Checkpointed(build(), [3, 6])
    assert np.array_equal(cheap.forward(x), plain.forward(x))
    assert np.array_equal(cheap.backward(dout), plain.backward(dout))
    for name in plain.grads:
        assert np.array_equal(cheap.grads[name], plain.grads[name])


@pytest.mark.parametrize("segments", [1, 2, 3, 5, 11])
def test_the_forwards_are_counted(segments):
    net = deep()  # 11 layers
    cuts = even_cuts(11, segments)
    cheap = Checkpointed(net, cuts)
    calls = []
    for i, layer in enumerate(net.layers):
        kind = type(layer)

        class Counted(kind):
            def forward(self, x, i=i, kind=kind):
                calls.append(i)
                return kind.forward(self, x)

        layer.__class__ = Counted
    x = np.ones((2, 4))
    for _ in range(2):
        calls.clear()
        out = cheap.forward(x)
        assert cheap.forwards == len(calls) == 11
        cheap.backward(np.ones_like(out))
        again = cuts[-1] if cuts else 0
        assert cheap.forwards == len(calls) == 11 + again
        assert sorted(calls[11:]) == list(range(again))


def test_less_is_held_at_any_time():
    def held(net):
        x = np.ones((2000, 4))
        tracemalloc.start()
        out = net.forward(x)
        between, _ = tracemalloc.get_traced_memory()
        net.backward_params(out)
        after, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return np.array([between, after, peak])

    plain = held(deep(width=50, depth=12))
    cheap = held(Checkpointed(deep(width=50, depth=12), even_cuts(25, 5)))
    assert (cheap < 0.6 * plain).all()


def test_the_last_segment_is_dropped_before_the_others_run_again():
    """One array a layer, so that what is held can be counted: a checkpoint for each cut, and one segment."""

    class Wave(Layer):
        def forward(self, x):
            self.x = x
            return np.sin(x)

        def backward(self, dout):
            return dout * np.cos(self.x)

    x = np.ones((2000, 50))
    net = Checkpointed(Sequential(*(Wave() for _ in range(16))), [4, 8, 12])
    tracemalloc.start()
    out = net.forward(x)
    first = net.backward(out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 3 + 4 <= peak / x.nbytes < 3 + 4 + 5  # and what a backward has in hand
    assert np.array_equal(net.backward(out), first)


def test_it_trains_the_network_it_was_given():
    net = deep()
    cheap = Checkpointed(net, even_cuts(11, 3))
    before = {name: p.copy() for name, p in net.params.items()}
    out = cheap.forward(np.ones((2, 4)))
    cheap.backward_params(np.ones_like(out))
    for name, grad in cheap.grads.items():
        cheap.params[name] -= 0.1 * grad
    assert any(not np.array_equal(net.params[name], before[name]) for name in before)
    cheap.train = False
    assert not any(layer.train for layer in net.layers)
    assert not cheap.train


@pytest.mark.parametrize("count", range(1, 12))
def test_cuts_are_even(count):
    for segments in range(1, count + 1):
        lengths = np.diff([0, *even_cuts(count, segments), count])
        assert len(lengths) == segments
        assert lengths.max() - lengths.min() <= 1
        assert lengths.min() >= 1


def test_what_is_refused():
    for segments in (0, 5):
        with pytest.raises(
            ValueError, match=rf"from 1 to the number of layers, 4, got {segments}\. Write segments=2"
        ):
            even_cuts(4, segments)
    for cuts in ([0], [11], [5, 3], [3, 3], [-1]):
        with pytest.raises(
            ValueError, match=r"^cuts: expected places that rise from 1 to at most 10.*even_cuts"
        ):
            Checkpointed(deep(), cuts)
    pair = [layers.Tanh(), layers.Tanh()]
    for net, name in ((layers.Residual(*pair), "Residual"), (pair, "list")):
        with pytest.raises(TypeError, match=rf"plain Sequential, got {name}\. Write Sequential\("):
            Checkpointed(net, [1])
    with pytest.raises(ValueError, match="expected a forward before it"):
        Checkpointed(deep(), [3]).backward(np.ones((2, 3)))
    net = layers.Sequential(layers.Tanh(), layers.Tanh())
    net.forward(np.ones((2, 3)))  # a forward of the plain network is none of the checkpointed one
    with pytest.raises(ValueError, match=r"Checkpointed\.backward: expected a forward before it"):
        Checkpointed(net, [1]).backward(np.ones((2, 3)))


def test_a_layer_that_can_not_be_repeated_is_noticed():
    rng = np.random.default_rng(0)

    class Noise(Layer):
        def forward(self, x):
            return x + rng.normal(size=x.shape)

        def backward(self, dout):
            return dout

    for layer in (layers.Dropout(0.5, rng=rng), Noise()):
        cheap = Checkpointed(Sequential(layer, layers.Tanh()), [1])
        out = cheap.forward(np.ones((3, 4)))
        with pytest.raises(
            ValueError,
            match=r"^segment 0: expected the same output when it is run again, got another.*Dropout",
        ):
            cheap.backward(out)
    dropout = Checkpointed(Sequential(layers.Dropout(0.5, rng=rng), layers.Tanh()), [1])
    dropout.train = False
    dropout.backward(dropout.forward(np.ones((3, 4))))


def test_batch_norm_is_refused_in_training_only():
    cheap = Checkpointed(Sequential(layers.Residual(layers.BatchNorm(4)), layers.Tanh()), [1])
    with pytest.raises(ValueError, match=r"^net: expected no BatchNorm in training.*LayerNorm"):
        cheap.forward(np.ones((3, 4)))
    cheap.train = False
    cheap.backward(cheap.forward(np.ones((3, 4))))
