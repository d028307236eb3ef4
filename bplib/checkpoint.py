"""Checkpointing: keep less in the forward, compute it again in the backward.

A `Sequential` keeps what every layer saved until its backward; this file adds one that keeps only what
enters each of its segments. The gradients stay the same to the last bit; the price is counted.
"""

import math
from collections.abc import Sequence
from copy import copy
from itertools import pairwise

import numpy as np

from bplib.contract import Array, wrong
from bplib.layers import BatchNorm, Layer, Sequential, _too_early, _within


def even_cuts(count: int, segments: int) -> list[int]:
    """Where to cut `count` layers into segments of nearly equal length.

    Parameters
    ----------
    count : int
        The number of layers.
    segments : int
        The number of segments, from 1 to `count`.

    Returns
    -------
    list of int
        The place of the first layer of every segment but the first.

    Raises
    ------
    ValueError
        If there can't be so many segments.

    Examples
    --------
    >>> even_cuts(10, 3)
    [3, 6]
    """
    if segments not in range(1, count + 1):
        remedy = f"Write segments={max(1, math.isqrt(count))}, say."
        raise wrong("segments", f"from 1 to the number of layers, {count}", segments, remedy)
    return [i * count // segments for i in range(1, segments)]


class Checkpointed(Sequential):
    """A `Sequential` that keeps only what enters each segment, and what the last segment saved.

    Its backward runs every other segment forward again just before going back over it. With k equal segments
    that is (k - 1) / k of a forward more: if a backward costs two forwards, 1 + (k - 1) / (3 k) of the
    whole. Source: Griewank and Walther 2000; Chen et al. 2016.

    Parameters
    ----------
    net : Sequential
        Its layers, params and grads are used, not copied. A layer that itself holds layers is
        run again like any other, but keeps what its inner layers saved.
    cuts : sequence of int
        The place of the first layer of every segment but the first, rising; see `even_cuts`.

    Attributes
    ----------
    forwards : int
        How many layers have been run forward since the last forward began, that one included.

    Raises
    ------
    TypeError
        If `net` does more than run its layers, as `Residual` does.
    ValueError
        If the cuts don't rise within the layers. Later: for `BatchNorm` in training, whose running
        statistics would not move, and for a layer that gives something else the second time, such
        as `Dropout` in training.

    Examples
    --------
    >>> from bplib.layers import mlp
    >>> rng = np.random.default_rng(0)
    >>> net = mlp([4, 8, 8, 8, 2], rng=rng)
    >>> cheap = Checkpointed(net, even_cuts(7, 3))
    >>> out = cheap.forward(rng.normal(size=(5, 4)))
    >>> cheap.forwards
    7
    >>> dx = cheap.backward(np.ones_like(out))
    >>> cheap.forwards
    11
    """

    def __init__(self, net: Sequential, cuts: Sequence[int]) -> None:
        if not isinstance(net, Sequential) or type(net).forward is not Sequential.forward:
            remedy = "Write Sequential(...) around it."
            raise wrong("net", "a plain Sequential", type(net).__name__, remedy, TypeError)
        bounds = [0, *cuts, len(net.layers)]
        if sorted(set(bounds)) != bounds:
            expected = f"places that rise from 1 to at most {len(net.layers) - 1}, the last layer"
            raise wrong("cuts", expected, list(cuts), "Let even_cuts find them.")
        super().__init__(*net.layers)
        self.segments = [net.layers[i:j] for i, j in pairwise(bounds)]
        self._last: list[Layer] = []
        self.inputs: list[Array] = []
        self.forwards = 0

    def forward(self, x: Array) -> Array:
        """Run all segments, keeping what enters each."""
        if any(isinstance(layer, BatchNorm) and layer.train for layer in _within(self)):
            remedy = "Its running statistics would not move: use LayerNorm, or set train = False."
            raise wrong("net", "no BatchNorm in training", "one", remedy)
        self.inputs, self.forwards = [], 0
        for segment in self.segments:
            self.inputs.append(x)
            self._last = [copy(layer) for layer in segment]
            x = self._run(self._last, x)
        return x

    def backward(self, dout: Array) -> Array | None:
        """Go back over the last segment; run each other one again, then go back over it."""
        if not self.inputs:
            raise _too_early(self)
        d: Array | None = dout
        for i in reversed(range(len(self.segments))):
            layers, self._last = self._last, []
            if not layers:  # and of the last segment it is dropped as well, once used
                layers = [copy(layer) for layer in self.segments[i]]
                again, *after = self._run(layers, self.inputs[i]), *self.inputs[i + 1 : i + 2]
                if after and not np.array_equal(again, after[0], equal_nan=True):
                    remedy = "Set train = False for Dropout, or leave such a layer in the last segment."
                    raise wrong(f"segment {i}", "the same output when it is run again", "another", remedy)
            for layer in reversed(layers):
                d = layer.backward(d)  # type: ignore[arg-type]
        return d

    def backward_params(self, dout: Array) -> None:
        """Set `grads`, by the same way."""
        self.backward(dout)

    def _run(self, layers: list[Layer], x: Array) -> Array:
        # On copies, which share params and grads: what they save is gone when they are.
        for layer in layers:
            x = layer.forward(x)
        self.forwards += len(layers)
        return x
