"""Random calls of every pair in the VJP tables, drawn by hypothesis: one recipe for each op."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bplib import functional as fn
from bplib import losses

VJP = {**fn.VJP, **losses.VJP}


@dataclass
class Call:
    """An op with arguments for it; a `seed` option becomes a fresh generator in each call."""

    op: Callable[..., tuple[Any, Any]]
    args: list[Any]
    options: dict[str, Any] = field(default_factory=dict)

    def forward(self, args: list[Any] | None = None) -> tuple[Any, Any]:
        options = dict(self.options)
        if "seed" in options:
            options["rng"] = np.random.default_rng(options.pop("seed"))
        return self.op(*(self.args if args is None else args), **options)

    def backward(self, dout: Any, cache: Any) -> tuple[Any, ...]:
        return VJP[self.op](dout, cache)

    @property
    def floats(self) -> list[int]:
        """Where the differentiable arguments stand."""
        return [i for i, a in enumerate(self.args) if is_float(a)]


def is_float(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def arrays_in(thing: Any) -> Iterator[np.ndarray]:
    """Every array in a cache, a tuple or a list."""
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, tuple | list):
        for part in thing:
            yield from arrays_in(part)


def spread(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers around 0, no two of them close: no tie within reach of a finite difference."""
    n = int(np.prod(shape))
    return (rng.permuted(np.linspace(-2, 2, n)) + rng.uniform(-1, 1, n) / max(n, 1)).reshape(shape)


def relaid(draw: Any, a: np.ndarray) -> np.ndarray:
    """The same numbers, perhaps not contiguous."""
    kind = draw(st.sampled_from(["C", "F", "strided", "reversed"]))
    if kind == "F":
        return np.asfortranarray(a)
    if kind == "strided":
        return np.repeat(a, 2, axis=-1)[..., ::2]
    if kind == "reversed":
        return a[..., ::-1].copy()[..., ::-1]
    return a


Recipe = Callable[[Any, np.random.Generator], Call]
RECIPES: dict[Any, Recipe] = {}


def recipe(*ops: Any) -> Callable[[Any], Any]:
    def add(make: Any) -> Any:
        for op in ops:
            RECIPES[op] = lambda draw, rng, op=op: make(draw, rng, op)
        return make

    return add


def size(draw: Any, least: int = 1, most: int = 4) -> int:
    return draw(st.integers(least, most))


def shape(draw: Any, least: int, most: int) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 4), min_size=least, max_size=most)))


@recipe(fn.affine)
def _affine(draw: Any, rng: Any, op: Any) -> Call:
    B, n, m = size(draw), size(draw), size(draw)
    return Call(op, [spread(rng, (B, n)), spread(rng, (m, n)), spread(rng, (m,))])


@recipe(fn.relu, fn.sigmoid, fn.tanh, fn.softplus, fn.gelu)
def _entrywise(draw: Any, rng: Any, op: Any) -> Call:
    return Call(op, [spread(rng, shape(draw, 1, 3))])


@recipe(fn.leaky_relu)
def _leaky(draw: Any, rng: Any, op: Any) -> Call:
    return Call(op, [spread(rng, shape(draw, 1, 3))], {"slope": draw(st.sampled_from([0.01, 0.3, 0.0, 1.5]))})


@recipe(fn.elu)
def _elu(draw: Any, rng: Any, op: Any) -> Call:
    return Call(op, [spread(rng, shape(draw, 1, 3))], {"alpha": draw(st.sampled_from([1.0, 0.5, 2.0]))})


@recipe(fn.softmax, fn.log_softmax)
def _softmax(draw: Any, rng: Any, op: Any) -> Call:
    s = shape(draw, 1, 3)
    return Call(op, [spread(rng, s)], {"axis": draw(st.integers(-len(s), len(s) - 1))})


@recipe(fn.layer_norm)
def _layer_norm(draw: Any, rng: Any, op: Any) -> Call:
    s = shape(draw, 1, 3)
    last = s[draw(st.integers(0, len(s) - 1)) :]
    return Call(op, [spread(rng, s), spread(rng, last), spread(rng, last)], {"eps": 1e-3})


@recipe(fn.batch_norm)
def _batch_norm(draw: Any, rng: Any, op: Any) -> Call:
    C, rest, train = size(draw), shape(draw, 0, 2), draw(st.booleans())
    B = size(draw, 2 if np.prod(rest) < 2 and train else 1)
    args = [spread(rng, (B, C, *rest)), spread(rng, (C,)), spread(rng, (C,))]
    options = {"train": train, "momentum": 0.3, "eps": 1e-3}
    if not train or draw(st.booleans()):
        options |= {"running_mean": spread(rng, (C,)), "running_var": rng.uniform(0.5, 2, C)}
    return Call(op, args, options)


@recipe(fn.dropout)
def _dropout(draw: Any, rng: Any, op: Any) -> Call:
    options = {
        "p": draw(st.sampled_from([0.0, 0.25, 0.5])),
        "seed": size(draw, 0, 99),
        "train": draw(st.booleans()),
    }
    return Call(op, [spread(rng, shape(draw, 1, 3))], options)


@recipe(fn.flatten)
def _flatten(draw: Any, rng: Any, op: Any) -> Call:
    return Call(op, [spread(rng, shape(draw, 1, 4))])


@recipe(fn.embedding)
def _embedding(draw: Any, rng: Any, op: Any) -> Call:
    V = size(draw)
    kind = draw(st.sampled_from([np.int64, np.int32, np.uint8]))
    indices = rng.integers(0, V, shape(draw, 1, 2)).astype(kind)
    return Call(op, [indices, spread(rng, (V, size(draw)))])


def _bias(draw: Any, rng: Any, C: int) -> list[Any]:
    return draw(st.sampled_from([[spread(rng, (C,))], [None], []]))


@recipe(fn.conv1d)
def _conv1d(draw: Any, rng: Any, op: Any) -> Call:
    B, C, C_out, k, p = size(draw), size(draw), size(draw), size(draw, 1, 3), size(draw, 0, 2)
    T = size(draw, max(1, k - 2 * p), 6)
    args = [spread(rng, (B, C, T)), spread(rng, (C_out, C, k)), *_bias(draw, rng, C_out)]
    return Call(op, args, {"stride": size(draw, 1, 3), "padding": p})


@recipe(fn.conv2d)
def _conv2d(draw: Any, rng: Any, op: Any) -> Call:
    B, C, C_out = size(draw, 1, 3), size(draw, 1, 3), size(draw, 1, 3)
    k, p, s = ((size(draw, least, 3), size(draw, least, 3)) for least in (1, 0, 1))
    H, W = (size(draw, max(1, n - 2 * m), 6) for n, m in zip(k, p, strict=True))
    args = [spread(rng, (B, C, H, W)), spread(rng, (C_out, C, *k)), *_bias(draw, rng, C_out)]
    if draw(st.booleans()) and s[0] == s[1] and p[0] == p[1]:
        return Call(op, args, {"stride": s[0], "padding": p[0]})
    return Call(op, args, {"stride": s, "padding": p})


@recipe(fn.max_pool2d, fn.avg_pool2d)
def _pool(draw: Any, rng: Any, op: Any) -> Call:
    k = (size(draw, 1, 3), size(draw, 1, 3))
    H, W = (size(draw, n, 6) for n in k)
    options: dict[str, Any] = {"kernel_size": k if k[0] != k[1] else k[0]}
    if draw(st.booleans()):
        options["stride"] = size(draw, 1, 3)
    return Call(op, [spread(rng, (size(draw), size(draw), H, W))], options)


@recipe(fn.attention)
def _attention(draw: Any, rng: Any, op: Any) -> Call:
    lead, T, S, d, v = shape(draw, 0, 2), size(draw), size(draw), size(draw), size(draw)
    args = [spread(rng, (*lead, n, m)) for n, m in ((T, d), (S, d), (S, v))]
    mask = None
    if draw(st.booleans()):
        mask = rng.random((T, S)) < 0.5
        mask[:, 0] = True
    return Call(op, args, {"mask": mask})


def probabilities(rng: np.random.Generator, s: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.05, 0.95, s)


@recipe(losses.mse)
def _mse(draw: Any, rng: Any, op: Any) -> Call:
    s = shape(draw, 1, 3)
    return Call(op, [spread(rng, s), spread(rng, s)])


@recipe(losses.bce)
def _bce(draw: Any, rng: Any, op: Any) -> Call:
    s = shape(draw, 1, 3)
    return Call(op, [probabilities(rng, s), probabilities(rng, s)])


@recipe(losses.bce_with_logits)
def _bce_with_logits(draw: Any, rng: Any, op: Any) -> Call:
    s = shape(draw, 1, 3)
    return Call(op, [spread(rng, s), probabilities(rng, s)])


@recipe(losses.cross_entropy, losses.cross_entropy_with_logits)
def _cross_entropy(draw: Any, rng: Any, op: Any) -> Call:
    B, C = size(draw), size(draw)
    scores = spread(rng, (B, C)) if op is losses.cross_entropy_with_logits else probabilities(rng, (B, C))
    y = rng.integers(0, C, B) if draw(st.booleans()) else probabilities(rng, (B, C)) / C
    return Call(op, [scores, y])


@st.composite
def calls(draw: Any, op: Any) -> Call:
    """A call of `op` with random sizes, numbers and memory layouts."""
    call = RECIPES[op](draw, np.random.default_rng(draw(st.integers(0, 2**32))))
    call.args = [relaid(draw, a) if is_float(a) else a for a in call.args]
    return call
