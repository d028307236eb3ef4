"""Checks for the exercises of chapter 12, "What it costs".

Costs are counted from sizes, so each case has sizes of its own: a factor that is left out is told from any
other. Where float16 rounds, the numbers are few bits long, and every order of adding gives the same sum.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead

Stations = SimpleNamespace  # what a right answer computes on its way, by name


def _sigmoid(z: Any) -> Any:
    return 0.5 * (1 + np.tanh(z / 2))


def _drawn(seed: int, **sizes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=size).round(1) for name, size in sizes.items()}


# 1. Whose multiplications: sizes 3, 5, 4, 2, ten samples
check_multiplications = Check(
    lambda: (430, 430, 280, 2.99, 430, 80),
    returns=["forward", "weights", "inputs", "deep", "only_first", "only_last"],
    cases=[{}],
    mistakes={
        "that is for one sample": lambda: {
            "forward": 43,
            "inputs": 28,
            "only_first": 43,
            "only_last": 8,
        },
        "additions are in it; only multiplications are asked for": lambda: {
            "forward": 860,
            "weights": 860,
            "inputs": 560,
            "only_first": 860,
        },
        "the sizes are added; between two layers they are multiplied": lambda: {
            "forward": 140,
            "weights": 140,
        },
        "the gradient of X is in it, and nobody asks for that": lambda: {"inputs": 430, "only_first": 580},
        "the first layer hands nothing back; the last one does": lambda: {"inputs": 350},
        "the gradients of the weights are in it too": lambda: {"inputs": 710},
        "the weights have no batch, but their gradients are sums over one": lambda: {"weights": 43},
        "nobody asks for the gradient of X: one product of the three hundred is left out": lambda: {
            "deep": 3
        },
        "this is the backward in forwards; the forward itself counts too": lambda: {"deep": 1.99},
        "this holds for the network of three layers, with its sizes": lambda: {"deep": 1140 / 430},
        "this has one product for each layer and way; how many has the way back?": lambda: {"deep": 2},
        "this is its own gradient alone; how does the error get there?": lambda: {"only_first": 150},
        "this is the way to it; its own gradient is missing": lambda: {"only_first": 280},
        "the gradients of the other weights are in it, and they are not trained": lambda: {
            "only_first": 710,
            "only_last": 430,
        },
        "what it hands back is in it, and nobody before it is trained": lambda: {"only_last": 160},
        "on its way back the error never gets to the layers before it": lambda: {"only_last": 360},
    },
)


# 2. Counting a layer
def _affine(B: int, n_in: int, n_out: int, size: int) -> Stations:
    return Stations(B=B, n=n_in, m=n_out, nm=n_in * n_out, size=size)


check_affine = Check(
    lambda B, n_in, n_out, size: (
        2 * B * n_in * n_out,
        4 * B * n_in * n_out,
        (n_in + 1) * n_out * size,
        B * n_in * size,
    ),
    returns=["flops", "back", "weights", "kept"],
    cases=[
        {"B": 2, "n_in": 3, "n_out": 5, "size": 8},
        {"B": 32, "n_in": 100, "n_out": 10, "size": 4},
        {"B": 7, "n_in": 64, "n_out": 256, "size": 2},
    ],
    mistakes={
        "each multiplication has an addition beside it, and both count": instead(
            _affine, flops=lambda s: s.B * s.nm
        ),
        "this is as much as one product takes; the backward has two, for dW and for dX": instead(
            _affine, back=lambda s: 2 * s.B * s.nm
        ),
        "the batch is missing: this is for one sample": instead(
            _affine, flops=lambda s: 2 * s.nm, back=lambda s: 4 * s.nm, kept=lambda s: s.n * s.size
        ),
        "the bias costs an addition for each output, which begins the sum; it is in the 2 already": instead(
            _affine, flops=lambda s: 2 * s.B * s.nm + s.B * s.m
        ),
        "bytes are in it; how long a number is doesn't change how many operations there are": instead(
            _affine, flops=lambda s: 2 * s.B * s.nm * s.size, back=lambda s: 4 * s.B * s.nm * s.size
        ),
        "the forward is in it too": instead(_affine, back=lambda s: 6 * s.B * s.nm),
        "these are numbers; how many bytes has each?": instead(
            _affine, weights=lambda s: (s.n + 1) * s.m, kept=lambda s: s.B * s.n
        ),
        "the bias is missing": instead(_affine, weights=lambda s: s.nm * s.size),
        "there is a bias for each output, not for each input": instead(
            _affine, weights=lambda s: (s.nm + s.n) * s.size
        ),
        "there is one W, however many samples there are": instead(
            _affine, weights=lambda s: s.B * (s.nm + s.m) * s.size
        ),
        "this is what comes out; neither dW nor dX is made of it": instead(
            _affine, kept=lambda s: s.B * s.m * s.size
        ),
        "what comes out is in it; neither dW nor dX is made of it": instead(
            _affine, kept=lambda s: s.B * (s.n + s.m) * s.size
        ),
        "W is in it, which is held as a parameter already": instead(
            _affine, kept=lambda s: (s.B * s.n + s.nm) * s.size
        ),
    },
)


def _conv(B: int, side: int, c_in: int, c_out: int, k: int, stride: int, size: int) -> Stations:
    places = (side // stride) ** 2
    return Stations(
        B=B, pixels=side**2, side=side, c_in=c_in, c_out=c_out, k=k, stride=stride, size=size, places=places,
        flops=2 * B * places * c_in * c_out * k * k, each=c_in * c_out * k * k,
    )  # fmt: skip


def _conv_cost(*case: int) -> tuple[int, ...]:
    s = _conv(*case)
    return s.flops, s.each * s.size, s.B * s.c_in * s.pixels * s.size, s.B * s.places


check_conv = Check(
    _conv_cost,
    returns=["flops", "weights", "kept", "reuse"],
    cases=[
        {"B": 2, "side": 6, "c_in": 1, "c_out": 5, "k": 3, "stride": 2, "size": 8},
        {"B": 16, "side": 32, "c_in": 3, "c_out": 7, "k": 5, "stride": 1, "size": 4},
        {"B": 5, "side": 12, "c_in": 4, "c_out": 9, "k": 7, "stride": 3, "size": 2},
    ],
    mistakes={
        "each multiplication has an addition beside it, and both count": instead(
            _conv, flops=lambda s: s.flops // 2
        ),
        "the batch is missing: this is for one image": instead(
            _conv,
            flops=lambda s: s.flops // s.B,
            kept=lambda s: s.c_in * s.pixels * s.size,
            reuse=lambda s: s.places,
        ),
        "the stride is missing: the kernel doesn't stop at every pixel": instead(
            _conv, flops=lambda s: s.flops // s.places * s.pixels, reuse=lambda s: s.B * s.pixels
        ),
        "the stride shortens both sides of the image": instead(
            _conv,
            flops=lambda s: s.flops // s.places * (s.pixels // s.stride),
            reuse=lambda s: s.B * s.pixels // s.stride,
        ),
        "a kernel has k rows and k columns": instead(
            _conv, flops=lambda s: s.flops // s.k, weights=lambda s: s.each // s.k * s.size
        ),
        "each kernel reaches through all channels that come in": instead(
            _conv, flops=lambda s: s.flops // s.c_in, weights=lambda s: s.each // s.c_in * s.size
        ),
        "this is one kernel; each channel that goes out has its own": instead(
            _conv, flops=lambda s: s.flops // s.c_out, weights=lambda s: s.each // s.c_out * s.size
        ),
        "these are numbers; how many bytes has each?": instead(
            _conv, weights=lambda s: s.each, kept=lambda s: s.B * s.c_in * s.pixels
        ),
        "this is a matrix from each number in to each number out; a kernel is shared by all places": instead(
            _conv, weights=lambda s: s.c_in * s.pixels * s.c_out * s.places * s.size
        ),
        "there is one set of kernels, however many images there are": instead(
            _conv, weights=lambda s: s.B * s.each * s.size
        ),
        "this is what comes out; neither gradient is made of it": instead(
            _conv, kept=lambda s: s.B * s.c_out * s.places * s.size
        ),
        "these are the patches; the image, from which they can be cut again, is enough": instead(
            _conv, kept=lambda s: s.B * s.c_in * s.places * s.k**2 * s.size
        ),
        "these are FLOPs for a weight, two for each use": instead(_conv, reuse=lambda s: 2 * s.B * s.places),
        "this is how often the weights of all channels together are used; ask for one": instead(
            _conv, reuse=lambda s: s.B * s.places * s.c_out
        ),
    },
)


# 3. Where to cut
def _cut(n: int, k: int, e: float, c: float, r: float) -> Stations:
    return Stations(n=n, k=k, e=e, c=c, r=r, root=np.sqrt(n * e * c))


check_cut = Check(
    lambda n, k, e, c, r: (
        1 + (k - 1) / (k * (1 + r)),
        k * e + c * n / k,
        np.sqrt(c * n / e),
        2 * np.sqrt(n * e * c),
    ),
    returns=["ratio", "slots", "best", "least"],
    cases=[
        {"n": 16, "k": 2, "e": 1.0, "c": 1.0, "r": 2.0},
        {"n": 24, "k": 3, "e": 2.0, "c": 3.0, "r": 2.0},
        {"n": 60, "k": 5, "e": 0.5, "c": 4.0, "r": 1.5},
    ],
    mistakes={
        "every segment is run again in it; when back begins, the last one's caches are there": instead(
            _cut, ratio=lambda s: 1 + 1 / (1 + s.r)
        ),
        "a segment is only 1/k of a forward": instead(_cut, ratio=lambda s: 1 + (s.k - 1) / (1 + s.r)),
        "this is more by that share of a forward; the whole is a forward and a backward": instead(
            _cut, ratio=lambda s: 1 + (s.k - 1) / s.k
        ),
        "this is what comes on top, in parts of the whole": instead(
            _cut, ratio=lambda s: (s.k - 1) / (s.k * (1 + s.r))
        ),
        "one segment is run again in it; all but one are": instead(
            _cut, ratio=lambda s: 1 + 1 / (s.k * (1 + s.r))
        ),
        "it is divided by the backward; the forward is part of the whole too": instead(
            _cut, ratio=lambda s: 1 + (s.k - 1) / (s.k * s.r)
        ),
        "a 3 stands in it, which is right where a backward costs two forwards": instead(
            _cut, ratio=lambda s: 1 + (s.k - 1) / (3 * s.k)
        ),
        "it is in forwards; the ratio is to the forward and backward without cuts": instead(
            _cut, ratio=lambda s: 1 + s.r + (s.k - 1) / s.k
        ),
        "the caches of all layers are in it; of how many segments are there caches at a time?": instead(
            _cut, slots=lambda s: s.k * s.e + s.c * s.n
        ),
        "this is what enters the segments; the caches of one are there too": instead(
            _cut, slots=lambda s: s.k * s.e
        ),
        "these are the caches of one segment; what enters each is there too": instead(
            _cut, slots=lambda s: s.c * s.n / s.k
        ),
        "x enters a segment too": instead(_cut, slots=lambda s: (s.k - 1) * s.e + s.c * s.n / s.k),
        "the slots of an entry and of a cache have changed places": instead(
            _cut, slots=lambda s: s.k * s.c + s.e * s.n / s.k
        ),
        "the terms are multiplied; they stand in memory beside each other": instead(
            _cut, slots=lambda s: s.n * s.e * s.c
        ),
        "e and c are not in it": instead(_cut, best=lambda s: np.sqrt(s.n), least=lambda s: 2 * np.sqrt(s.n)),
        "this is how many layers the best segment has; how many segments are there?": instead(
            _cut, best=lambda s: np.sqrt(s.n * s.e / s.c)
        ),
        "a root is missing: the slope is 0 where k squared is that": instead(
            _cut, best=lambda s: s.n * s.c / s.e
        ),
        "half of the layers, whatever the sizes are?": instead(_cut, best=lambda s: s.n / 2),
        "this is one of the two terms; at the best k they are equal, and both are held": instead(
            _cut, least=lambda s: s.root
        ),
        "a root is missing": instead(_cut, least=lambda s: 2 * s.n * s.e * s.c),
        "this is with every layer a segment": instead(_cut, least=lambda s: s.n * s.e + s.c),
    },
)


# 4. Checkpointing for your engine: affine, tanh, affine without a bias, tanh, tanh
def _deep(x: Any, W1: Any, b1: Any, W2: Any) -> Any:
    return np.tanh(np.tanh(np.tanh(x @ W1.T + b1) @ W2.T))


def _run(x: Any, W1: Any, b1: Any, W2: Any, dout: Any, cuts: Any) -> tuple[Any, ...]:
    def loss(x: Any, W1: Any, b1: Any, W2: Any) -> Any:
        return np.sum(dout * _deep(x, W1, b1, W2))

    grads = by_nudging(loss, "x", "W1", "b1", "W2")(x, W1, b1, W2)
    again, held = cuts[-1], 5 - cuts[-1]
    return _deep(x, W1, b1, W2), *grads, held, again, 5 - cuts[0], grads[0]


def _way(x: Any, W1: Any, b1: Any, W2: Any, dout: Any, cuts: Any) -> Stations:
    """Go there and back by segments; `back` may start each segment elsewhere, or go another way round."""

    def product(x: Any, W: Any, b: Any) -> tuple[Any, Callable[[Any], Any]]:
        return x @ W.T + b, lambda d: (d @ W, d.T @ x, d.sum(axis=0))

    def bend(x: Any) -> tuple[Any, Callable[[Any], Any]]:
        return np.tanh(x), lambda d: (d / np.cosh(x) ** 2,)

    stack: list[Callable[[Any], Any]] = [
        lambda x: product(x, W1, b1), bend, lambda x: product(x, W2, 0), bend, bend,
    ]  # fmt: skip
    bounds = [0, *cuts, len(stack)]
    segments = [range(bounds[i], bounds[i + 1]) for i in range(len(bounds) - 1)]

    def run(segment: Any, x: Any) -> tuple[Any, list[Any]]:
        ways = []
        for k in segment:
            x, way = stack[k](x)
            ways.append(way)
        return x, ways

    entries = [x]
    for segment in segments:
        entries.append(run(segment, entries[-1])[0])

    def back(
        entry: Callable[[int], Any], order: int = -1, chained: bool = True, inner: int = -1, ran: int = 9
    ) -> Any:
        found, d, behind = {}, dout, dout
        for i in list(range(len(segments[:ran])))[::order]:
            d = d if chained else dout
            behind = d
            ways = run(segments[i], entry(i) if i < len(segments) - 1 else entries[i])[1]
            for k, way in list(zip(segments[i], ways, strict=True))[::inner]:
                d, *found[k] = way(d)
        return Stations(dx=d, dW1=found[0][0], db1=found[0][1], dW2=found.get(2, [0])[0], behind=behind)

    one = back(lambda i: entries[i])
    return Stations(
        **vars(one), x=x, entries=entries, back=back, dout=dout, cuts=cuts, alone=run(segments[-1], x)[0]
    )


def _back_wrong(**how: Any) -> Callable[..., dict[str, Any]]:
    """Return the mistake of going back in this way."""

    def wrong(*case: Any) -> dict[str, Any]:
        s = _way(*case)
        start = how.get("entry", lambda s, i: s.entries[i])
        rest = {name: part for name, part in how.items() if name != "entry"}
        found = vars(s.back(lambda i: start(s, i), **rest))
        return {name: found[name] for name in ("dx", "dW1", "db1", "dW2")}

    return wrong


check_checkpoint = Check(
    _run,
    returns=["out", "dx", "dW1", "db1", "dW2", "held", "again", "done", "twice"],
    cases=[
        _drawn(seed, x=(B, n), W1=(n, n), b1=(n,), W2=(n, n), dout=(B, n)) | {"cuts": np.array(cuts)}
        for seed, B, n, cuts in ((1, 1, 2, [1, 3]), (2, 2, 2, [2]), (3, 4, 3, [1, 2, 4]))
    ],
    mistakes={
        "this is what entered the last segment; that one is to be run too": instead(
            _way, out=lambda s: s.entries[-2]
        ),
        "each segment is given x itself; it is given what the segment before it has made": instead(
            _way, out=lambda s: s.alone
        ),
        "this is what came in": instead(_way, out=lambda s: s.x),
        "each segment is run again from x; it begins with what entered it": _back_wrong(
            entry=lambda s, i: s.x
        ),
        "each segment is run again from what came out of it; it begins with what entered it": _back_wrong(
            entry=lambda s, i: s.entries[i + 1]
        ),
        "back goes through the segments from the first; which one hears from the loss first?": _back_wrong(
            order=1
        ),
        "within a segment, back goes from its first layer to its last": _back_wrong(inner=1),
        "each segment is given the dout of the end; it is given what the segment behind it hands back": (
            _back_wrong(chained=False)
        ),
        "it stops before the first segment has handed back its dx": instead(
            _way, dx=lambda s: s.behind, twice=lambda s: s.behind
        ),
        "grads begin with the last segment; they stand in the order of the stack": instead(
            _way, dW1=lambda s: s.dW2, db1=lambda s: s.dW1, dW2=lambda s: s.db1
        ),
        "all caches are still there when the forward is done; that is `layers`": lambda *case: {"held": 5},
        "no cache is there when the forward is done; those of the last segment are needed next": (
            lambda *case: {"held": 0}
        ),
        "the first segment's caches are kept in place of the last one's": lambda *case: {
            "held": int(case[-1][0])
        },
        "one cache is kept; back needs those of the whole last segment at once": lambda *case: {"held": 1},
        "every layer is run again; the last segment's caches were there": lambda *case: {"again": 5},
        "to get one segment's caches, all layers before it are run again too": lambda *case: {
            "again": sum(map(int, case[-1]))
        },
        "all segments are run again before the first has gone back, so all caches are there at once": (
            lambda *case: {"done": 0}
        ),
        "the first segment is run again when only the last has gone back": instead(
            _way, done=lambda s: 5 - s.cuts[-1]
        ),
        "called a second time, back hands back nothing new: are its entries used up?": instead(
            _way, twice=lambda s: s.dout
        ),
        "called a second time, back finds the last segment's caches used up, and leaves that segment out": (
            instead(_way, twice=lambda s: s.back(lambda i: s.entries[i], ran=len(s.cuts)).dx)
        ),
        "called a second time, back adds to what the first call gave": instead(
            _way, twice=lambda s: 2 * s.dx
        ),
    },
)


# 5. Accumulation with unequal micro-batches
def _mean_loss(W: Any, X: Any, Y: Any, mask: Any) -> Any:
    Z = X @ W.T
    return np.sum(mask * (np.logaddexp(0, Z) - Y * Z)) / np.sum(mask)


def _whole(W: Any, X: Any, Y: Any, mask: Any, sizes: Any) -> tuple[Any, ...]:
    (dW,) = by_nudging(_mean_loss, "W")(W, X, Y, mask)
    return _in_parts(W, X, Y, mask, sizes).counts / mask.sum(), _mean_loss(W, X, Y, mask), dW


def _in_parts(W: Any, X: Any, Y: Any, mask: Any, sizes: Any) -> Stations:
    Z = X @ W.T
    losses, errors = np.logaddexp(0, Z) - Y * Z, _sigmoid(Z) - Y
    ends = np.cumsum(sizes)
    rows = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    counts = np.array([mask[part].sum() for part in rows])
    sums = np.array([(mask * losses)[part].sum() for part in rows])
    grads = np.array([(mask * errors)[part].T @ X[part] for part in rows])
    bare = np.array([errors[part].T @ X[part] for part in rows])  # as if every entry counted
    of = np.maximum(counts, 1)  # a part in which nothing counts has the mean 0 here
    return Stations(
        X=X, Y=Y, Z=Z, mask=mask, losses=losses, errors=errors, sizes=sizes, W=W, counts=counts, sums=sums,
        grads=grads, means=sums / of, slopes=grads / of[:, None, None], bare=bare, C=mask.sum(), K=len(sizes),
    )  # fmt: skip


def _weighed(weights: Callable[[Any], Any]) -> Callable[..., dict[str, Any]]:
    """Return the mistake of giving the micro-batches' means these weights."""
    return instead(
        _in_parts,
        weights=weights,
        loss=lambda s: weights(s) @ s.means,
        dW=lambda s: np.tensordot(weights(s), s.slopes, 1),
    )


def _masked(seed: int, sizes: list[int], m: int, n: int, silent: int | None = None) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    B = sum(sizes)
    mask = (rng.random((B, m)) < 0.6) * 1.0
    mask[0] = 1.0
    mask[-1] = 0.0
    mask[-1, 0] = 1.0
    if silent is not None:
        mask[sum(sizes[:silent]) : sum(sizes[: silent + 1])] = 0.0
    return {
        "W": rng.normal(size=(m, n)).round(1),
        "X": rng.normal(size=(B, n)).round(1),
        "Y": rng.integers(0, 2, (B, m)).astype(float),
        "mask": mask,
        "sizes": np.array(sizes),
    }


check_accumulated = Check(
    _whole,
    returns=["weights", "loss", "dW"],
    cases=[
        {
            "W": np.array([[1.0], [-0.5]]),
            "X": np.array([[1.0], [2.0], [-1.0]]),
            "Y": np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]),
            "mask": np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]]),
            "sizes": np.array([2, 1]),
        },
        _masked(2, [1, 3, 2], 3, 2),
        _masked(3, [2, 1, 4], 2, 3, silent=1),
    ],
    mistakes={
        "this is each micro-batch's share of the rows; the mean runs over the entries that count": _weighed(
            lambda s: s.sizes / s.sizes.sum()
        ),
        "every micro-batch has the same weight, and they don't hold equally many entries": _weighed(
            lambda s: np.full(s.K, 1 / s.K)
        ),
        "the means are added as they are: sums add, means don't": _weighed(lambda s: np.ones(s.K)),
        "these are the counts; divided by what do they become shares?": instead(
            _in_parts, weights=lambda s: s.counts
        ),
        "entries that don't count are in it": instead(
            _in_parts,
            loss=lambda s: s.losses.mean(),
            dW=lambda s: s.errors.T @ s.X / s.errors.size,
        ),
        "it is divided by the number of those that count, and the others are still in the sum": instead(
            _in_parts, loss=lambda s: s.losses.sum() / s.C, dW=lambda s: s.errors.T @ s.X / s.C
        ),
        "the mask is not in it: an entry that doesn't count has no gradient": instead(
            _in_parts, dW=lambda s: np.tensordot(s.counts > 0, s.bare, 1) / s.C
        ),
        "the mask is not in it, and each micro-batch's mean runs over all its entries": instead(
            _in_parts,
            dW=lambda s: np.tensordot(s.counts / s.C / (s.sizes * len(s.W)), s.bare, 1),
        ),
        "it is divided by the number of all entries; only those that count are in the mean": instead(
            _in_parts,
            loss=lambda s: s.sums.sum() / s.mask.size,
            dW=lambda s: s.grads.sum(axis=0) / s.mask.size,
        ),
        "it is divided by the number of rows": instead(
            _in_parts,
            loss=lambda s: s.sums.sum() / len(s.X),
            dW=lambda s: s.grads.sum(axis=0) / len(s.X),
        ),
        "this is a sum; the loss is a mean": instead(
            _in_parts, loss=lambda s: s.sums.sum(), dW=lambda s: s.grads.sum(axis=0)
        ),
        "only the last micro-batch is in it, which has overwritten the others": instead(
            _in_parts, loss=lambda s: s.sums[-1] / s.C, dW=lambda s: s.grads[-1] / s.C
        ),
        "this is the mean of the last micro-batch": instead(
            _in_parts, loss=lambda s: s.means[-1], dW=lambda s: s.slopes[-1]
        ),
        "the sigmoid is missing": instead(_in_parts, dW=lambda s: (s.mask * (s.Z - s.Y)).T @ s.X / s.C),
        "the slope of the sigmoid is in it, which cancels against the loss": instead(
            _in_parts,
            dW=lambda s: (s.mask * s.errors * _sigmoid(s.Z) * (1 - _sigmoid(s.Z))).T @ s.X / s.C,
        ),
    },
)


# 6. Loss scaling in float16
def _half(x: Any, scale: float = 1.0) -> Any:
    with np.errstate(over="ignore"):
        return (scale * x).astype(np.float16)


def _scaled(W: Any, x: Any, dz: Any, scale: float, rate: float) -> Stations:
    def product(d: Any) -> Any:
        with np.errstate(all="ignore"):
            return d.T @ _half(x)

    with np.errstate(all="ignore"):
        dW = product(_half(dz, scale))
        late = product(_half(dz) * np.float16(scale))
    ok = bool(np.isfinite(dW).all())
    safe = np.where(np.isfinite(dW), dW, 0).astype(float)
    return Stations(
        W=W, B=len(x), dW=safe, ok=ok, scale=scale, rate=rate, step=ok * rate * safe / scale, late=late,
        mixed=np.nan_to_num(_half(dz, scale).astype(float), posinf=0).T @ x,
        plain=product(_half(dz)).astype(float), exact=dz.T @ x,
        again=product(_half(dz, scale / 2)).astype(float) / (scale / 2),
        fell=_half(_half(safe) / np.float16(scale)).astype(float),
    )  # fmt: skip


def _stepped(by: Callable[[Any], Any]) -> Callable[..., dict[str, Any]]:
    """Return the mistake of this step, where nothing has overflowed."""
    return instead(_scaled, W=lambda s: s.W - s.ok * s.rate * by(s))


def _step(*case: Any) -> tuple[Any, float]:
    s = _scaled(*case)
    return s.W - s.step, s.scale if s.ok else s.scale / 2


def _late(*case: Any) -> dict[str, Any]:
    s = _scaled(*case)
    found = bool(np.isfinite(s.late).all())
    grad = np.where(np.isfinite(s.late), s.late, 0).astype(float) / s.scale
    return {"W": s.W - found * s.rate * grad}


check_scaled = Check(
    _step,
    returns=["W", "scale"],
    cases=[
        {
            "W": np.array([[0.5]]),
            "x": np.array([[2.0]]),
            "dz": np.array([[2.0**-26]]),
            "scale": 1024.0,
            "rate": 2.0**20,
        },
        {
            "W": np.array([[0.5]]),
            "x": np.array([[1.0]]),
            "dz": np.array([[8.0]]),
            "scale": 8192.0,
            "rate": 0.25,
        },
        {
            # The first weight and one number of x have more digits than float16.
            "W": np.array([[1 + 2.0**-13, -0.5], [0.25, 2.0]]),
            "x": np.array([[4.0, 1 + 2.0**-13], [1.0, -2.0]]),
            "dz": np.array([[3 * 2.0**-26, 2.0**-20], [2.0**-28, -(2.0**-21)]]),
            "scale": 4096.0,
            "rate": 2.0**20,
        },
        {
            "W": np.array([[1.0, -0.5], [0.25, 2.0]]),
            "x": np.array([[2.5, 0.5]]),
            "dz": np.array([[32.0, 0.5]]),
            "scale": 1024.0,
            "rate": 0.125,
        },
        {
            "W": np.array([[1.0, -0.5], [0.25, 2.0]]),
            "x": np.array([[0.0, 1.0]]),
            "dz": np.array([[64.0, 1.0]]),
            "scale": 1024.0,
            "rate": 0.125,
        },
    ],
    mistakes={
        "the scale is not in it: what is too small for float16 is lost, and what would overflow doesn't": (
            instead(_scaled, W=lambda s: s.W - s.rate * s.plain)
        ),
        "dz is rounded before it is scaled; what was lost by then stays lost": _late,
        "all of it is computed in float64, where nothing is lost and nothing overflows": instead(
            _scaled, W=lambda s: s.W - s.rate * s.exact
        ),
        "x is not rounded, so the product is one of float64, in which nothing overflows": instead(
            _scaled, W=lambda s: s.W - s.rate * s.mixed / s.scale
        ),
        "the gradient is not divided by the scale again": _stepped(lambda s: s.dW),
        "it is divided by the scale in float16, where small numbers are lost once more": _stepped(
            lambda s: s.fell
        ),
        "the scale is taken back by multiplying": _stepped(lambda s: s.dW * s.scale),
        "where something has overflowed, the finite entries take a step; the whole step is to be skipped": (
            instead(_scaled, W=lambda s: s.W - s.rate * s.dW / s.scale)
        ),
        "after an overflow it is tried again at half the scale; this step is to be skipped": instead(
            _scaled, W=lambda s: s.W - s.rate * (s.dW / s.scale if s.ok else s.again)
        ),
        "the weights are rounded to float16 after the step, and a small step is lost in that": instead(
            _scaled, W=lambda s: (s.W - s.step).astype(np.float16)
        ),
        "it goes up the slope": instead(_scaled, W=lambda s: s.W + s.step),
        "the rate is missing": _stepped(lambda s: s.dW / s.scale / s.rate),
        "it is divided by the batch; a mean, if there is one, stands in dz already": _stepped(
            lambda s: s.dW / s.scale / s.B
        ),
        "no step is taken": instead(_scaled, W=lambda s: s.W),
        "after an overflow it stays; the next step would overflow again": instead(
            _scaled, scale=lambda s: s.scale
        ),
        "after an overflow it grows": instead(_scaled, scale=lambda s: s.scale if s.ok else 2 * s.scale),
        "it is doubled after a good step; in this task it stays as it is then": instead(
            _scaled, scale=lambda s: 2 * s.scale if s.ok else s.scale / 2
        ),
        "it is halved though nothing has overflowed": instead(_scaled, scale=lambda s: s.scale / 2),
        "halved is where all went well, and kept where something has overflowed": instead(
            _scaled, scale=lambda s: s.scale / 2 if s.ok else s.scale
        ),
        "after an overflow it is 1: it need not fall so far": instead(
            _scaled, scale=lambda s: s.scale if s.ok else 1.0
        ),
    },
)


# 7. Spot the bugs
LARGEST, LAM, SCALE, P = 1.0, 0.1, 8.0, 0.5  # as in the notebook


def _chosen(letters: str, option: int) -> Callable[[], dict[str, int]]:
    """Return the mistake of giving each of these questions this number of the list."""
    return lambda: dict.fromkeys(letters, option)


check_named = Check(
    lambda: (3, 7, 5, 2, 8),
    returns=list("abcde"),
    cases=[{}],
    mistakes={
        "no gradient is left in it from a call before": _chosen("abcde", 1),
        "there is no penalty in it": _chosen("abce", 2),
        "its micro-batches are equally large": _chosen("bd", 3),
        "it has no micro-batches": _chosen("ce", 3),
        "no sum is divided twice in it": _chosen("abd", 4),
        "it takes no mean": _chosen("ce", 4),
        "there is no loss scale in it": _chosen("abde", 5),
        "it rounds nothing to float16": _chosen("abcde", 6),
        "nothing is clipped in it": _chosen("ade", 7),
        "there is one gradient, and it is clipped once; what is its unit at that moment?": _chosen("c", 7),
        "nothing in it is left to chance": _chosen("abcd", 8),
    },
)


def _clip(grad: Any) -> Any:
    return grad * min(1.0, LARGEST / float(np.linalg.norm(grad)))


def _five(grads: Any, sizes: Any, w: Any, dout: Any, u: Any, again: Any) -> tuple[Any, ...]:
    return (
        sizes @ grads / sizes.sum(),
        _clip(grads.mean(axis=0)),
        _clip(grads[0] / SCALE),
        grads.mean(axis=0) + LAM * w,
        dout * (u >= P) / (1 - P),
    )


check_repaired = Check(
    _five,
    returns=["averaged", "clipped", "unscaled", "decayed", "dropped"],
    cases=[
        {
            "grads": np.array([[3.0, 4.0], [-1.0, 2.0]]),
            "sizes": np.array([3, 1]),
            "w": np.array([1.0, -2.0]),
            "dout": np.array([2.0, 3.0]),
            "u": np.array([0.7, 0.2]),
            "again": np.array([0.9, 0.8]),
        },
        {
            "grads": np.array([[30.0, -40.0], [1.0, 2.0], [-0.5, 0.25]]),
            "sizes": np.array([1, 2, 5]),
            "w": np.array([-3.0, 0.5]),
            "dout": np.array([1.0, -2.0, 0.5]),
            "u": np.array([0.1, 0.6, 0.8]),
            "again": np.array([0.6, 0.9, 0.3]),
        },
        {
            "grads": np.array([[0.3, -0.4, 0.2], [0.4, 0.1, -0.2], [0.2, 0.0, 0.3]]),
            "sizes": np.array([2, 2, 4]),
            "w": np.array([1.0, 2.0, -1.0]),
            "dout": np.array([[1.0, 2.0], [3.0, -4.0]]),
            "u": np.array([[0.1, 0.6], [0.8, 0.5]]),
            "again": np.array([[0.6, 0.9], [0.3, 0.1]]),
        },
    ],
    mistakes={
        "this is still what the first of the five does": lambda g, b, *_: {"averaged": g.mean(axis=0)},
        "the means are added without weights": lambda g, b, *_: {"averaged": g.sum(axis=0)},
        "the sizes are in it; divided by what do they become shares?": lambda g, b, *_: {"averaged": b @ g},
        "it is divided by the sizes; a large micro-batch counts for more, not for less": lambda g, b, *_: {
            "averaged": (1 / b) @ g / (1 / b).sum()
        },
        "divided by the number of micro-batches, weights b add up to more than 1": lambda g, b, *_: {
            "averaged": b @ g / len(b)
        },
        "this is still what the second of the five does": lambda g, *_: {
            "clipped": sum(_clip(d) for d in g) / len(g)
        },
        "the sum is clipped, not the mean": lambda g, *_: {"clipped": _clip(g.sum(axis=0))},
        "this is clipped number by number, and shows another way": lambda g, b, w, *_: {
            "clipped": np.clip(g.mean(axis=0), -LARGEST, LARGEST),
            "unscaled": np.clip(g[0] / SCALE, -LARGEST, LARGEST),
        },
        "it isn't clipped": lambda g, *_: {"clipped": g.mean(axis=0), "unscaled": g[0] / SCALE},
        "it is made as long as the bound where it is shorter, too": lambda g, *_: {
            "clipped": LARGEST * g.mean(axis=0) / np.linalg.norm(g.mean(axis=0)),
            "unscaled": LARGEST * g[0] / np.linalg.norm(g[0]),
        },
        "this is still what the third of the five does": lambda g, *_: {"unscaled": _clip(g[0]) / SCALE},
        "it is still multiplied by the scale": lambda g, *_: {"unscaled": _clip(g[0])},
        "this is still what the fourth of the five does": lambda g, b, w, *_: {
            "decayed": g.mean(axis=0) + len(g) * LAM * w
        },
        "the penalty is missing": lambda g, *_: {"decayed": g.mean(axis=0)},
        "the penalty is divided by the number of micro-batches; it belongs to the step": lambda g, b, w, *_: {
            "decayed": g.mean(axis=0) + LAM * w / len(g)
        },
        "the gradients are added; each is a mean": lambda g, b, w, *_: {"decayed": g.sum(axis=0) + LAM * w},
        "the penalty's gradient is LAM w here, not twice that": lambda g, b, w, *_: {
            "decayed": g.mean(axis=0) + 2 * LAM * w
        },
        "this is still what the fifth of the five does": lambda *case: {
            "dropped": case[3] * (case[5] >= P) / (1 - P)
        },
        "nothing is dropped in it": lambda *case: {"dropped": case[3] / (1 - P)},
        "what is kept was scaled in the forward, and is scaled in the backward": lambda *case: {
            "dropped": case[3] * (case[4] >= P)
        },
        "what was dropped gets a gradient, and what was kept gets none": lambda *case: {
            "dropped": case[3] * (case[4] < P) / (1 - P)
        },
        "an entry must have been kept in both runs here; the output knows only the first": lambda *case: {
            "dropped": case[3] * (np.minimum(case[4], case[5]) >= P) / (1 - P)
        },
        "this is the mean of both runs' gradients; the output was made by the first": lambda *case: {
            "dropped": case[3] * ((case[4] >= P) * 1.0 + (case[5] >= P)) / 2 / (1 - P)
        },
        "the scale is in it twice": lambda *case: {"dropped": case[3] * (case[4] >= P) / (1 - P) ** 2},
    },
)


# 8. Two workers
def _two(X1: Any, Y1: Any, X2: Any, Y2: Any, W: Any) -> tuple[Any, ...]:
    def loss(W: Any, X: Any, Y: Any) -> Any:
        return np.sum((X @ W.T - Y) ** 2) / (Y1.size + Y2.size)

    first, second = (by_nudging(loss, "W")(W, X, Y)[0] for X, Y in ((X1, Y1), (X2, Y2)))
    return first, second, first + second


def _workers(X1: Any, Y1: Any, X2: Any, Y2: Any, W: Any) -> Stations:
    def part(X: Any, Y: Any) -> Any:
        return 2 * (X @ W.T - Y).T @ X

    return Stations(one=part(X1, Y1), two=part(X2, Y2), n1=Y1.size, n2=Y2.size, n=Y1.size + Y2.size,
                    B=len(X1) + len(X2), m=len(W), B1=len(X1), B2=len(X2))  # fmt: skip


def _sent(weigh: Callable[[Any], tuple[Any, Any]], total: Callable[..., Any] = np.add) -> Any:
    return instead(
        _workers,
        first=lambda s: s.one * weigh(s)[0],
        second=lambda s: s.two * weigh(s)[1],
        dW=lambda s: total(s.one * weigh(s)[0], s.two * weigh(s)[1]),
    )


check_workers = Check(
    _two,
    returns=["first", "second", "dW"],
    cases=[
        {
            "X1": np.array([[1.0]]),
            "Y1": np.array([[3.0]]),
            "X2": np.array([[2.0], [-1.0]]),
            "Y2": np.array([[1.0], [0.5]]),
            "W": np.array([[2.0]]),
        },
        _drawn(2, X1=(3, 2), Y1=(3, 2), X2=(1, 2), Y2=(1, 2), W=(2, 2)),
        _drawn(3, X1=(2, 2), Y1=(2, 3), X2=(5, 2), Y2=(5, 2 + 1), W=(3, 2)),
    ],
    mistakes={
        "each message is a mean over its worker's own rows, and such means can't be added": _sent(
            lambda s: (1 / s.n1, 1 / s.n2)
        ),
        "these are the halves of each worker's own mean; the workers don't have equally many rows": _sent(
            lambda s: (0.5 / s.n1, 0.5 / s.n2)
        ),
        "these are sums; the loss is a mean over all entries of both workers": _sent(lambda s: (1, 1)),
        "it is divided by the rows; the mean runs over all entries, and a row has several": _sent(
            lambda s: (1 / s.B, 1 / s.B)
        ),
        "it is divided by the other worker's count": _sent(lambda s: (1 / s.n2, 1 / s.n1)),
        "the slope of a square has a factor 2": instead(
            _workers, first=lambda s: s.one / 2 / s.n, second=lambda s: s.two / 2 / s.n
        ),
        "this is what one worker sends; the other has rows too": instead(_workers, dW=lambda s: s.one / s.n),
        "this is what the other worker sends; the first has rows too": instead(
            _workers, dW=lambda s: s.two / s.n
        ),
        "this is half of what the messages add up to": instead(
            _workers, dW=lambda s: (s.one + s.two) / 2 / s.n
        ),
        "one message is taken away from the other": instead(_workers, dW=lambda s: (s.one - s.two) / s.n),
    },
)


def _parts(mean1: Any, var1: Any, B1: int, mean2: Any, var2: Any, B2: int) -> Stations:
    mean = (B1 * mean1 + B2 * mean2) / (B1 + B2)
    within = (B1 * var1 + B2 * var2) / (B1 + B2)
    return Stations(
        m1=mean1, m2=mean2, v1=var1, v2=var2, B1=B1, B2=B2, B=B1 + B2, mean=mean, within=within,
        between=B1 * B2 / (B1 + B2) ** 2 * (mean1 - mean2) ** 2,
        squares=(B1 * mean1**2 + B2 * mean2**2) / (B1 + B2),
    )  # fmt: skip


def _joined(*case: Any) -> tuple[Any, Any]:
    s = _parts(*case)
    return s.mean, s.within + s.between


def _moments(m1: Any, v1: Any, B1: int, m2: Any, v2: Any, B2: int) -> dict[str, Any]:
    names = ("mean1", "var1", "B1", "mean2", "var2", "B2")
    return dict(zip(names, (np.array(m1), np.array(v1), B1, np.array(m2), np.array(v2), B2), strict=True))


check_joined = Check(
    _joined,
    returns=["mean", "variance"],
    cases=[
        _moments([1.0], [2.0], 3, [5.0], [4.0], 1),
        _moments([0.0, 2.0], [1.0, 0.5], 4, [3.0, -1.0], [2.0, 3.0], 2),
        _moments([1.0, -2.0, 0.5], [0.0, 1.5, 2.0], 2, [1.5, 0.0, 4.0], [1.0, 0.5, 0.25], 6),
    ],
    mistakes={
        "the workers count the same in it, and don't have equally many rows": instead(
            _parts, mean=lambda s: (s.m1 + s.m2) / 2
        ),
        "means don't add; each stands for some of the rows": instead(_parts, mean=lambda s: s.m1 + s.m2),
        "the counts have changed places": instead(
            _parts,
            mean=lambda s: (s.B2 * s.m1 + s.B1 * s.m2) / s.B,
            variance=lambda s: (s.B2 * s.v1 + s.B1 * s.v2) / s.B + s.between,
        ),
        "this is the sum over all rows": instead(_parts, mean=lambda s: s.B * s.mean),
        "that the two means differ is missing in it": instead(_parts, variance=lambda s: s.within),
        "the workers count the same in it, and that their means differ is missing": instead(
            _parts, variance=lambda s: (s.v1 + s.v2) / 2
        ),
        "variances are added; each stands for some of the rows": instead(
            _parts, variance=lambda s: s.v1 + s.v2
        ),
        "this is how the two means vary; each worker's rows vary about its mean, too": instead(
            _parts, variance=lambda s: s.between
        ),
        "the workers count the same in it": instead(
            _parts, variance=lambda s: (s.v1 + s.v2) / 2 + (s.m1 - s.m2) ** 2 / 4
        ),
        "this is the mean of the squares; the square of the mean is to be taken away": instead(
            _parts, variance=lambda s: s.within + s.squares
        ),
        "the distance of the means is not squared": instead(
            _parts, variance=lambda s: s.within + s.B1 * s.B2 / s.B**2 * np.abs(s.m1 - s.m2)
        ),
        "the distance of the means is in it whole; each differs from the mean of all by a part of that": (
            instead(_parts, variance=lambda s: s.within + (s.m1 - s.m2) ** 2)
        ),
        "it is divided by one row less than there are; batch norm divides by all": instead(
            _parts, variance=lambda s: (s.within + s.between) * s.B / (s.B - 1)
        ),
        "this is the standard deviation": instead(_parts, variance=lambda s: np.sqrt(s.within + s.between)),
    },
)


# 8 on paper: 7e9 parameters, 8 workers, 4e6 tokens a step, 4e14 FLOPs a second
check_paper = Check(
    lambda: (112, 24.5, 1.68e17, 52.5),
    returns=["state", "sent", "flops", "seconds"],
    cases=[{}],
    mistakes={
        "these are the weights in float16 alone": lambda: {"state": 14},
        "these are weights and gradients in float16; the optimiser keeps three numbers more": lambda: {
            "state": 28
        },
        "these are the three numbers that the optimiser keeps": lambda: {"state": 84},
        "the gradients are missing": lambda: {"state": 98},
        "weights and gradients are counted with 4 bytes; they are in float16": lambda: {"state": 140},
        "these are bytes; a GB is 1e9 of them": lambda: {"state": 112e9, "sent": 24.5e9},
        "that is all workers together": lambda: {"state": 896, "sent": 196},
        "the message is 2 bytes for each parameter; it is not sent once as a whole": lambda: {"sent": 14},
        "a worker's own part is not sent: an eighth, each time round": lambda: {"sent": 28},
        "it goes round the ring twice: once to add, once to hand out": lambda: {"sent": 12.25},
        "this is all that a worker would send if it sent its gradients to each of the others": lambda: {
            "sent": 98
        },
        "a number in float16 has 2 bytes, not 4": lambda: {"sent": 49},
        "this is for one token": lambda: {"flops": 4.2e10},
        "this is the forward alone": lambda: {"flops": 5.6e16, "seconds": 17.5},
        "this is the backward alone": lambda: {"flops": 1.12e17, "seconds": 35},
        "these are multiplications; each has an addition beside it": lambda: {
            "flops": 8.4e16,
            "seconds": 26.25,
        },
        "this is with every layer run forward twice, as with checkpoints": lambda: {
            "flops": 2.24e17,
            "seconds": 70,
        },
        "one worker would need that; there are eight": lambda: {"seconds": 420},
        "this divides by eight twice: the FLOPs are those of all": lambda: {"seconds": 6.5625},
    },
)
