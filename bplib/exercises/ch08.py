"""Checks for the exercises of chapter 8, "Layers as backward functions".

What is right is measured by nudging wherever a gradient is asked for. The mistakes are made of what a right
answer computes on its way, so most cases are square: there a wrong order still runs.
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


def _chosen(letters: str, option: int) -> Callable[[], dict[str, int]]:
    """Return the mistake of giving each of these questions this number of the list."""
    return lambda: dict.fromkeys(letters, option)


# 1. The smallest cache
check_caches = Check(
    lambda: (1, 2, 3, 3, 4, 5, 7, 5),
    returns=list("abcdefgh"),
    cases=[{}],
    mistakes={
        "with nothing kept, passes that need different gradients look alike": _chosen("bcdefgh", 1),
        "dout has that shape already": _chosen("a", 2),
        "a shape says nothing of the numbers that came in, and the gradient depends on them": _chosen(
            "cefgh", 2
        ),
        "a shape says nothing of what chance has chosen": _chosen("d", 2),
        "the slopes are the same for every entry and every input": _chosen("ab", 3),
        "a bit can't say how large a number was, and the gradient depends on that": _chosen("efgh", 3),
        "its gradient doesn't depend on what comes out": _chosen("ab", 4),
        "that is enough, and too much: how much of each number does the slope look at?": _chosen("c", 4),
        "a 0 that comes out may have come in as a 0; and a number is more than is asked for": _chosen("d", 4),
        "what comes out doesn't say which sign came in": _chosen("f", 4),
        "what comes out doesn't say what came in, and dW is made of what came in": _chosen("gh", 4),
        "its slopes are 1, whatever numbers come in": _chosen("ab", 5),
        "that is enough, and too much: how many slopes are there to tell apart?": _chosen("c", 5),
        "the input doesn't say what chance has chosen": _chosen("d", 5),
        "that is equally large, and the curve would have to be computed once more": _chosen("e", 5),
        "that gives dW; what gives dx?": _chosen("g", 5),
        "there is no matrix in it": _chosen("abcdef", 6),
        "for dW it needs what came in": _chosen("gh", 6),
        "it has no W that it could keep": _chosen("abcdef", 7),
        "only dx needs W, and who asks for dx?": _chosen("h", 7),
        # Of a number twice another it would be said that it is a factor.
        "the list goes from 1 to 7": lambda: {"e": 8, "f": 10, "g": 14, "h": 10},
    },
)


# 2. Round a residual, by hand: x = (1, 2), W1 = ((1, -1), (2, 1)), W2 = ((3, 1), (-1, 2)), dout = (1, 2)
check_residual = Check(
    lambda: ([5, 10], [11, 7], [[0, 0], [5, 10]], [[0, 4], [0, 8]]),
    returns=["y", "dx", "dW1", "dW2"],
    cases=[{}],
    mistakes={
        "the shortcut is missing; x itself is added": lambda: {"y": [4, 8]},
        "ReLU is missing: what is below 0 comes out as 0": lambda: {
            "y": [2, 11],
            "dW2": [[-1, 4], [-2, 8]],
        },
        "this is the branch alone; what comes back along the shortcut?": lambda: {"dx": [10, 5]},
        "this is the shortcut alone; what comes back through the branch?": lambda: {"dx": [1, 2]},
        "the shortcut is counted twice": lambda: {"dx": [12, 9]},
        "where ReLU was silent, nothing comes back": lambda: {"dx": [12, 6], "dW1": [[1, 2], [5, 10]]},
        "what comes back passes W2 the same way as on the way there": lambda: {
            "dx": [7, 5],
            "dW1": [[0, 0], [3, 6]],
        },
        "what comes back passes W1 the same way as on the way there": lambda: {"dx": [-4, 7]},
        "both ways are multiplied; where two paths meet, gradients add": lambda: {"dx": [10, 10]},
        "this is made of dout, which has W2 still to pass": lambda: {"dW1": [[0, 0], [2, 4]]},
        "the shortcut has no weights; nothing of it goes in here": lambda: {"dW1": [[1, 2], [7, 14]]},
        "W2 was multiplied with what ReLU let through, not with x": lambda: {"dW2": [[1, 2], [2, 4]]},
        "this is made of what comes out of W2 on the way back; dout is what goes in": lambda: {
            "dW2": [[0, 4], [0, 20]]
        },
    },
)


# 3. An embedding's gradient
def _scattered(dout: Any, ids: Any, rows: int) -> Any:
    return np.eye(rows)[np.ravel(ids)].T @ np.reshape(dout, (-1, np.shape(dout)[-1]))


def _how_often(dout: Any, ids: Any, rows: int) -> Any:
    return np.bincount(np.ravel(ids), minlength=rows)[:, None] + 0 * _scattered(dout, ids, rows)


def _one_wins(order: int) -> Callable[..., Any]:
    def wrong(dout: Any, ids: Any, rows: int) -> Any:
        dW = np.zeros((rows, np.shape(dout)[-1]))
        for i, d in list(zip(np.ravel(ids), np.reshape(dout, (-1, dW.shape[1])), strict=True))[::order]:
            dW[i] = d
        return dW

    return wrong


def _line_by_line(dout: Any, ids: Any, rows: int) -> Any:
    dW = np.zeros((rows, np.shape(dout)[-1]))
    for i, d in zip(ids, dout, strict=True):
        dW[i] += d
    return dW


check_embedding = Check(
    _scattered,
    returns=["dW"],
    cases=[
        {"dout": np.array([[1.0, 2.0]]), "ids": np.array([1]), "rows": 3},
        {
            "dout": np.array([[1.0, -1.0], [2.0, 0.5], [3.0, 4.0]]),
            "ids": np.array([2, 0, 2]),
            "rows": 4,
        },
        {
            "dout": np.array([[[1.0], [2.0], [4.0]], [[-3.0], [0.5], [1.0]]]),
            "ids": np.array([[0, 1, 1], [3, 1, 0]]),
            "rows": 5,
        },
    ],
    mistakes={
        "where a row is read more than once, only the last of its gradients is there": _one_wins(1),
        "where a row is read more than once, only the first of its gradients is there": _one_wins(-1),
        "line by line it adds up; where an index comes twice in one line, one of the two is lost": (
            _line_by_line
        ),
        "the gradients of a row are averaged; it was read for each of them": lambda dout, ids, rows: (
            _scattered(dout, ids, rows) / np.maximum(_how_often(dout, ids, rows), 1)
        ),
        "it is divided by the number of look-ups; a mean, if there is one, stands in dout already": (
            lambda dout, ids, rows: _scattered(dout, ids, rows) / np.size(ids)
        ),
        "this is how often each row was read; dout is missing": _how_often,
        "every row gets the gradients of all look-ups; each belongs to the row that was read": (
            lambda dout, ids, rows: 0 * _scattered(dout, ids, rows) + _scattered(dout, ids, rows).sum(axis=0)
        ),
        "it is multiplied by how often the row was read; the sum has that in it": (
            lambda dout, ids, rows: _scattered(dout, ids, rows) * _how_often(dout, ids, rows)
        ),
    },
)


# 4. Dropout and its mask
def _drop(
    *, out: Callable[..., Any] | None = None, dx: Callable[..., Any] | None = None, keeps: bool = True
) -> Callable[..., Any]:
    """Make a dropout; `out` and `dx` say by what x and dout are multiplied, given mask, p and train."""

    def scale(mask: Any, p: float, train: bool) -> Any:
        return mask / (1 - p) if train else np.ones(mask.shape)

    def answer(dout: Any, x: Any, u: Any, p: float, train: bool) -> tuple[Any, Any]:
        mask = ((u >= p) == keeps) * 1.0
        return x * (out or scale)(mask, p, train), dout * (dx or scale)(mask, p, train)

    return answer


def _touched(answer: Callable[..., Any], *names: str) -> Callable[..., dict[str, Any]]:
    """Return a mistake of which only these results are looked at."""
    return lambda *case: {
        name: part for name, part in zip(("out", "dx"), answer(*case), strict=True) if name in names
    }


def _both(factor: Callable[..., Any]) -> Callable[..., Any]:
    return _drop(out=factor, dx=factor)


check_dropout = Check(
    _drop(),
    returns=["out", "dx"],
    cases=[
        {
            "dout": np.array([2.0, 1.0]),
            "x": np.array([3.0, 5.0]),
            "u": np.array([0.7, 0.1]),
            "p": 0.25,
            "train": True,
        },
        {
            "dout": np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]]),
            "x": np.array([[2.0, 0.0, -1.0], [0.0, 3.0, 1.5]]),
            "u": np.array([[0.5, 0.9, 0.1], [0.3, 0.45, 0.95]]),
            "p": 0.4,
            "train": True,
        },
        {
            "dout": np.array([1.0, -3.0, 2.0]),
            "x": np.array([2.0, -1.0, 4.0]),
            "u": np.array([0.2, 0.6, 0.9]),
            "p": 0.4,
            "train": False,
        },
    ],
    mistakes={
        "what is kept is not scaled, and its mean over many draws is less than x": _touched(
            _both(lambda m, p, train: m if train else 1), "out"
        ),
        "this is the older form, which shrinks in evaluation; here training makes up for it": _touched(
            _both(lambda m, p, train: m if train else 1 - p), "out"
        ),
        "what is kept shrinks here; it has to make up for what is dropped": _touched(
            _both(lambda m, p, train: m * (1 - p) if train else 1), "out"
        ),
        "it is divided by the chance to be dropped, not by the chance to stay": _both(
            lambda m, p, train: m / p if train else 1
        ),
        "what should stay is dropped, and the reverse: u below p drops": _drop(keeps=False),
        "it is divided by the chance to be dropped, not to stay, and that in evaluation too": _both(
            lambda m, p, train: m / p
        ),
        "it is divided by the chance to be dropped, not to stay; and evaluation has nothing to make up for": (
            _both(lambda m, p, train: m / p if train else 1 / p)
        ),
        "what should stay is dropped, and the reverse; what is left is divided by p": _drop(
            out=lambda m, p, train: m / p if train else 1,
            dx=lambda m, p, train: m / p if train else 1,
            keeps=False,
        ),
        "what should stay is dropped, and the reverse; and what is left is not scaled": _drop(
            out=lambda m, p, train: m if train else 1, dx=lambda m, p, train: m if train else 1, keeps=False
        ),
        "what should stay is dropped, and the reverse, and that in evaluation too": _drop(
            out=lambda m, p, train: m / (1 - p), dx=lambda m, p, train: m / (1 - p), keeps=False
        ),
        "in evaluation too, entries are dropped": _touched(_both(lambda m, p, train: m / (1 - p)), "out"),
        "in evaluation it shrinks; training has made up for what is lost": _both(
            lambda m, p, train: m / (1 - p) if train else 1 - p
        ),
        "in evaluation it grows; where nothing is dropped, nothing is to be made up for": _both(
            lambda m, p, train: m / (1 - p) if train else 1 / (1 - p)
        ),
        "nothing is dropped in it": _touched(_both(lambda m, p, train: 1 / (1 - p) if train else 1), "out"),
        "it knows nothing of the mask: what was dropped gets a gradient": _touched(
            _drop(dx=lambda m, p, train: 1.0), "dx"
        ),
        "the mask is in it and the scale is not": _touched(
            _drop(dx=lambda m, p, train: m if train else 1.0), "dx"
        ),
        "the scale is in it and the mask is not": _touched(
            _drop(dx=lambda m, p, train: 1 / (1 - p) if train else 1.0), "dx"
        ),
        "the scale is in it twice": _touched(
            _drop(dx=lambda m, p, train: m / (1 - p) ** 2 if train else 1.0), "dx"
        ),
        "in evaluation it still goes through the mask": _touched(
            _drop(dx=lambda m, p, train: m / (1 - p)), "dx"
        ),
        "a kept 0 comes out as 0 too: ask the mask, not the numbers": lambda dout, x, u, p, train: {
            "dx": np.where(x == 0, 0, _drop()(dout, x, u, p, train)[1])
        },
        "dout is missing: these are the slopes": lambda dout, x, u, p, train: {
            "dx": _drop()(dout, x, u, p, train)[1] / dout
        },
        "the input is still in it; the slope of a product is the other factor": lambda dout, x, u, p, train: {
            "dx": dout * _drop()(dout, x, u, p, train)[0]
        },
    },
)


def _noisy(w: Any, x: Any, p: float) -> Stations:
    return Stations(wx=w * x, p=p, n=len(x), mean=np.sum(w * x), squares=np.sum((w * x) ** 2))


check_noise = Check(
    lambda w, x, p: (np.sum(w * x), p / (1 - p) * np.sum((w * x) ** 2)),
    returns=["mean", "variance"],
    cases=[
        {"w": np.array([2.0]), "x": np.array([3.0]), "p": 0.25},
        {"w": np.array([1.0, -2.0]), "x": np.array([3.0, 0.5]), "p": 0.4},
        {"w": np.array([0.5, 1.0, 2.0]), "x": np.array([2.0, 2.0, -1.0]), "p": 0.1},
    ],
    mistakes={
        "the chance to stay is in it, and the scale that undoes it is not": instead(
            _noisy, mean=lambda s: (1 - s.p) * s.mean
        ),
        "the scale is in it, and the chance to stay is not": instead(
            _noisy, mean=lambda s: s.mean / (1 - s.p)
        ),
        "z is a sum, not a mean": instead(
            _noisy, mean=lambda s: s.mean / s.n, variance=lambda s: s.p / (1 - s.p) * s.squares / s.n**2
        ),
        "this is the variance without the scale": instead(
            _noisy, variance=lambda s: s.p * (1 - s.p) * s.squares
        ),
        "the scale is in it once; in a variance it is squared": instead(
            _noisy, variance=lambda s: s.p * s.squares
        ),
        "this is the mean of the squares; the squares of the means are to be taken away": instead(
            _noisy, variance=lambda s: s.squares / (1 - s.p)
        ),
        "the terms are added before they are squared; they are drawn independently, so variances add": (
            instead(_noisy, variance=lambda s: s.p / (1 - s.p) * s.mean**2)
        ),
        "this is the standard deviation": instead(
            _noisy, variance=lambda s: np.sqrt(s.p / (1 - s.p) * s.squares)
        ),
        "the terms are not squared": instead(
            _noisy, variance=lambda s: s.p / (1 - s.p) * np.sum(np.abs(s.wx))
        ),
        "the chances to stay and to be dropped have changed places": instead(
            _noisy, variance=lambda s: (1 - s.p) / s.p * s.squares
        ),
        "this is the variance of the mask alone, without w and x": instead(
            _noisy, variance=lambda s: s.n * s.p / (1 - s.p)
        ),
    },
)


# 5. Tied weights
def _autoencoder(dY: Any, X: Any, W: Any, V: Any) -> Any:
    """Return <dY, Y>, with a matrix of its own for each place."""
    return np.sum(dY * (np.tanh(X @ W.T) @ V))


def _tied(dY: Any, X: Any, W: Any) -> tuple[Any, ...]:
    encoder, decoder = by_nudging(_autoencoder, "W", "V")(dY, X, W, W)
    (dW,) = by_nudging(lambda dY, X, W: _autoencoder(dY, X, W, W), "W")(dY, X, W)
    return encoder, decoder, dW


def _both_places(dY: Any, X: Any, W: Any) -> Stations:
    Z = X @ W.T
    H, dH = np.tanh(Z), dY @ W.T
    return Stations(X=X, Z=Z, H=H, dH=dH, dY=dY, encoder=(dH * (1 - H**2)).T @ X, decoder=H.T @ dY, B=len(X))


check_tied = Check(
    _tied,
    returns=["encoder", "decoder", "dW"],
    cases=[
        _drawn(1, dY=(1, 2), X=(1, 2), W=(1, 2)),
        _drawn(2, dY=(2, 3), X=(2, 3), W=(2, 3)),
        _drawn(3, dY=(4, 3), X=(4, 3), W=(2, 3)),
    ],
    mistakes={
        "the slope of tanh is missing": instead(_both_places, encoder=lambda s: s.dH.T @ s.X),
        "tanh stands where its slope should": instead(_both_places, encoder=lambda s: (s.dH * s.H).T @ s.X),
        "in the slope of tanh, tanh is taken twice": instead(
            _both_places, encoder=lambda s: (s.dH * (1 - np.tanh(s.H) ** 2)).T @ s.X
        ),
        "the square of the sum stands in the slope; the slope of tanh is written with its output": instead(
            _both_places, encoder=lambda s: (s.dH * (1 - s.Z**2)).T @ s.X
        ),
        "the decoder met tanh's output; this is made of what came before it": instead(
            _both_places, decoder=lambda s: s.Z.T @ s.dY
        ),
        "the slope of tanh is in it, and the decoder stands behind tanh": instead(
            _both_places, decoder=lambda s: (s.H * (1 - s.H**2)).T @ s.dY
        ),
        "it is divided by the batch; a mean, if there is one, stands in dY already": instead(
            _both_places, encoder=lambda s: s.encoder / s.B, decoder=lambda s: s.decoder / s.B
        ),
        "this is the decoder's part; the encoder uses the same numbers": instead(
            _both_places, dW=lambda s: s.decoder
        ),
        "this is the encoder's part; the decoder uses the same numbers": instead(
            _both_places, dW=lambda s: s.encoder
        ),
        "this is the mean of both parts; a nudge of W acts in both places, each in full": instead(
            _both_places, dW=lambda s: (s.encoder + s.decoder) / 2
        ),
        "one part is taken away from the other": instead(_both_places, dW=lambda s: s.encoder - s.decoder),
        "the parts are multiplied": instead(_both_places, dW=lambda s: s.encoder * s.decoder),
    },
)


# 6. Layers for your engine: affine, tanh, affine without a bias, tanh
def _stack_loss(x: Any, W1: Any, b1: Any, W2: Any, dout: Any) -> Any:
    return np.sum(dout * np.tanh(np.tanh(x @ W1.T + b1) @ W2.T))


def _run(x: Any, W1: Any, b1: Any, W2: Any, dout: Any) -> tuple[Any, ...]:
    dx, *rest = by_nudging(_stack_loss, "x", "W1", "b1", "W2")(x, W1, b1, W2, dout)
    return np.tanh(np.tanh(x @ W1.T + b1) @ W2.T), dx, *rest, dx, 4


def _ran(x: Any, W1: Any, b1: Any, W2: Any, dout: Any) -> Stations:
    A1 = np.tanh(x @ W1.T + b1)
    Z2 = A1 @ W2.T
    A2 = np.tanh(Z2)

    def back(d: Any) -> Stations:
        dZ2 = d * (1 - A2**2)
        dZ1 = dZ2 @ W2 * (1 - A1**2)
        return Stations(dZ2=dZ2, dZ1=dZ1, dx=dZ1 @ W1, dW1=dZ1.T @ x, db1=dZ1.sum(axis=0), dW2=dZ2.T @ A1)

    s = back(dout)
    crossed = s.dZ2 @ W2 * (1 - A2**2)  # by the cache of the other tanh
    from_start = dout @ W1 * (1 - A1**2)
    return Stations(
        **vars(s), x=x, W1=W1, W2=W2, dout=dout, Z2=Z2, A1=A1, crossed=crossed, from_start=from_start,
        turned=from_start @ W2 * (1 - A2**2), once_more=back(s.dx).dx,
    )  # fmt: skip


check_layers = Check(
    _run,
    returns=["out", "dx", "dW1", "db1", "dW2", "again", "entries"],
    cases=[
        _drawn(seed, x=(B, n), W1=(n, n), b1=(n,), W2=(n, n), dout=(B, n))
        for seed, B, n in ((1, 1, 2), (2, 2, 2), (3, 4, 3))
    ],
    mistakes={
        "this is what came in; what a layer returns goes into the next": instead(_ran, out=lambda s: s.x),
        "each layer is given x itself; it is given what the layer before it has made": instead(
            _ran, out=lambda s: np.tanh(s.x)
        ),
        "the last layer of the stack is left out": instead(_ran, out=lambda s: s.Z2),
        "the stack is run through only half": instead(_ran, out=lambda s: s.A1),
        "back goes through the stack from its start; which layer hears from the loss first?": instead(
            _ran,
            dx=lambda s: s.turned,
            dW1=lambda s: s.dout.T @ s.x,
            db1=lambda s: s.dout.sum(axis=0),
            dW2=lambda s: s.from_start.T @ s.A1,
        ),
        "each layer is given the dout of the end; it is given what the layer behind it hands back": instead(
            _ran,
            dx=lambda s: s.dout @ s.W1,
            dW1=lambda s: s.dout.T @ s.x,
            db1=lambda s: s.dout.sum(axis=0),
            dW2=lambda s: s.dout.T @ s.A1,
        ),
        "tanh is in the stack twice, and its second cache has taken the place of the first": instead(
            _ran,
            dx=lambda s: s.crossed @ s.W1,
            dW1=lambda s: s.crossed.T @ s.x,
            db1=lambda s: s.crossed.sum(axis=0),
        ),
        "layers of a kind share one cache here; each place in the stack needs its own": instead(
            _ran,
            dx=lambda s: s.crossed @ s.W2,
            dW1=lambda s: s.crossed.T @ s.A1,
        ),
        "it stops before the first layer has handed back its dx": instead(_ran, dx=lambda s: s.dZ1),
        "grads begin with the last layer; they stand in the order of the stack": instead(
            _ran, dW1=lambda s: s.dW2, db1=lambda s: s.dW1, dW2=lambda s: s.db1
        ),
        "called a second time, back finds no caches left": instead(_ran, again=lambda s: s.dout),
        "called a second time, back goes on where the first call ended": instead(
            _ran, again=lambda s: s.once_more
        ),
        "called a second time, back adds its gradients to what the first call gave": instead(
            _ran, again=lambda s: 2 * s.dx
        ),
        "called a second time, back goes on with the list of the first call": lambda *case: {"entries": 8},
        "a layer without parameters has an entry too, an empty tuple": lambda *case: {"entries": 2},
    },
)


# 7. Spot the bugs
check_named = Check(
    lambda: (2, 4, 5, 6, 1),
    returns=list("abcde"),
    cases=[{}],
    mistakes={
        "in each of its terms dout stands once at most": _chosen("abcd", 1),
        "it has no shortcut": _chosen("bcde", 2),
        "its forward takes no mean over the batch, so no 1/B is missing": _chosen("abcde", 3),
        "in its forward every number stays in its place": _chosen("acde", 4),
        "in its backward no sum is multiplied by a sum": _chosen("abde", 5),
        "its forward takes no mean of a row": _chosen("abce", 6),
        "it has one slope, and takes it where it should": _chosen("ae", 7),
        "nothing in its forward is bent": _chosen("bcd", 7),
        "the shortcut is there; what does it hand back?": _chosen("a", 8),
        "there is no shortcut in it that one could forget": _chosen("bcde", 8),
        "the list goes from 1 to 8": lambda: {"c": 10, "d": 12},
    },
)


def _forwards(dout: Any, x: Any) -> Callable[..., Any]:
    """Return <dout, out> of the five forwards as a function of the one argument that is asked about."""
    outs: list[Callable[[Any], Any]] = [
        lambda x: x + np.tanh(x),
        lambda x: x[:, ::-1],
        lambda gamma: gamma * x,
        lambda x: x - x.mean(axis=1, keepdims=True),
        lambda x: np.maximum(x, 0) ** 2,
    ]
    return lambda k, moved: np.sum(dout * outs[k](moved))


def _five(dout: Any, x: Any) -> tuple[Any, ...]:
    loss = _forwards(dout, x)
    at = [x, x, np.ones(x.shape[1]), x, x]
    return tuple(by_nudging(lambda moved, k=k: loss(k, moved), "moved")(at[k])[0] for k in range(5))


check_repaired = Check(
    _five,
    returns=["residual", "flipped", "dgamma", "centered", "squared"],
    cases=[
        {"dout": np.array([[2.0, -1.0]]), "x": np.array([[1.0, 3.0]])},
        {
            "dout": np.array([[2.0, -1.0, 0.5], [3.0, 1.0, -2.0]]),
            "x": np.array([[1.0, -0.5, 2.0], [-1.5, 0.3, 0.8]]),
        },
        _drawn(4, dout=(4, 2), x=(4, 2)),
    ],
    mistakes={
        "this is still what the first of the five does": lambda dout, x: {
            "residual": 1 + dout * (1 - np.tanh(x) ** 2)
        },
        "the shortcut is missing": lambda dout, x: {"residual": dout * (1 - np.tanh(x) ** 2)},
        "the branch is missing": lambda dout, x: {"residual": dout},
        "dout is missing: these are the slopes": lambda dout, x: {
            "residual": 2 - np.tanh(x) ** 2,
            "squared": 2 * np.maximum(x, 0),
        },
        "tanh stands where its slope should": lambda dout, x: {"residual": dout * (1 + np.tanh(x))},
        "x stands in the slope of tanh where tanh(x) should": lambda dout, x: {"residual": dout * (2 - x**2)},
        "this is still what the second of the five does": lambda dout, x: {"flipped": dout},
        "the order of the samples is turned, not that of a sample's numbers": lambda dout, x: {
            "flipped": dout[::-1]
        },
        "the samples are turned too": lambda dout, x: {"flipped": dout[::-1, ::-1]},
        "this is still what the third of the five does": lambda dout, x: {
            "dgamma": dout.sum(axis=0) * x.sum(axis=0) / len(x)
        },
        "this is a mean over the samples; each of them moves the loss": lambda dout, x: {
            "dgamma": (dout * x).mean(axis=0)
        },
        "gamma met x, and x is missing in it": lambda dout, x: {"dgamma": dout.sum(axis=0)},
        "sums are multiplied; multiply first, then add": lambda dout, x: {
            "dgamma": dout.sum(axis=0) * x.sum(axis=0)
        },
        "this is still what the fourth of the five does": lambda dout, x: {"centered": dout - dout.mean()},
        "each number also moves the mean of its row": lambda dout, x: {"centered": dout},
        "a sum is taken away where the mean should be": lambda dout, x: {
            "centered": dout - dout.sum(axis=1, keepdims=True)
        },
        "the mean is added; in the forward it was taken away": lambda dout, x: {
            "centered": dout + dout.mean(axis=1, keepdims=True)
        },
        "the mean runs down the samples; the forward's ran along a row": lambda dout, x: {
            "centered": dout - dout.mean(axis=0)
        },
        "this is still what the fifth of the five does": lambda dout, x: {
            "squared": dout**2 * 2 * np.maximum(x, 0)
        },
        "the slope of a square has a factor 2": lambda dout, x: {"squared": dout * np.maximum(x, 0)},
        "below 0 nothing comes out, and nothing goes back": lambda dout, x: {"squared": dout * 2 * x},
        "the square stands where its slope should": lambda dout, x: {"squared": dout * np.maximum(x, 0) ** 2},
        "ReLU's slope is there and the square's is not": lambda dout, x: {"squared": dout * (x > 0)},
    },
)


# 8. A layer of your own: y = (x V^T) * sigmoid(x W^T)
def _gated(x: Any, V: Any, W: Any) -> Any:
    return (x @ V.T) * _sigmoid(x @ W.T)


def _glu(dout: Any, x: Any, V: Any, W: Any) -> tuple[Any, ...]:
    def loss(x: Any, V: Any, W: Any) -> Any:
        return np.sum(dout * _gated(x, V, W))

    return _gated(x, V, W), *by_nudging(loss, "x", "V", "W")(x, V, W)


def _opened(dout: Any, x: Any, V: Any, W: Any) -> Stations:
    u, z = x @ V.T, x @ W.T
    g = _sigmoid(z)
    return Stations(
        x=x, V=V, W=W, u=u, z=z, g=g, dout=dout, slope=g * (1 - g), du=dout * g, dz=dout * u * g * (1 - g),
        B=len(x),
    )  # fmt: skip


check_glu = Check(
    _glu,
    returns=["out", "dx", "dV", "dW"],
    cases=[
        _drawn(1, dout=(1, 1), x=(1, 2), V=(1, 2), W=(1, 2)),
        _drawn(2, dout=(2, 2), x=(2, 2), V=(2, 2), W=(2, 2)),
        _drawn(3, dout=(4, 2), x=(4, 3), V=(2, 3), W=(2, 3)),
    ],
    mistakes={
        "the gate is made of V here; it is made of W": instead(_opened, out=lambda s: _sigmoid(s.u) * s.z),
        "the gate is missing": instead(_opened, out=lambda s: s.u),
        "this is the gate alone": instead(_opened, out=lambda s: s.g),
        "both sides go through a sigmoid; only the gate does": instead(
            _opened, out=lambda s: _sigmoid(s.u) * s.g
        ),
        "the gate's sum is multiplied without its sigmoid": instead(_opened, out=lambda s: s.u * s.z),
        "the two sides are added; they are multiplied": instead(_opened, out=lambda s: s.u + s.g),
        "the gate is tanh here, and not the sigmoid": instead(_opened, out=lambda s: s.u * np.tanh(s.z)),
        "this is the way through V alone; x went two ways": instead(_opened, dx=lambda s: s.du @ s.V),
        "this is the way through the gate alone; x went two ways": instead(_opened, dx=lambda s: s.dz @ s.W),
        "the slope of the sigmoid is missing": instead(
            _opened,
            dx=lambda s: s.du @ s.V + (s.dout * s.u) @ s.W,
            dW=lambda s: (s.dout * s.u).T @ s.x,
        ),
        "the sigmoid stands where its slope should": instead(
            _opened,
            dx=lambda s: s.du @ s.V + (s.dout * s.u * s.g) @ s.W,
            dW=lambda s: (s.dout * s.u * s.g).T @ s.x,
        ),
        "what goes back into the gate is multiplied by what the gate let through; that factor is missing": (
            instead(
                _opened,
                dx=lambda s: s.du @ s.V + (s.dout * s.slope) @ s.W,
                dW=lambda s: (s.dout * s.slope).T @ s.x,
            )
        ),
        "what goes back past the gate is multiplied by the gate; that factor is missing": instead(
            _opened, dx=lambda s: s.dout @ s.V + s.dz @ s.W, dV=lambda s: s.dout.T @ s.x
        ),
        "V and W have changed places on the way back": instead(_opened, dx=lambda s: s.du @ s.W + s.dz @ s.V),
        "past the gate goes what belongs to u, and into it what belongs to the gate: each needs the other": (
            instead(
                _opened,
                dx=lambda s: (s.dout * s.u) @ s.V + (s.dout * s.g * s.slope) @ s.W,
                dV=lambda s: (s.dout * s.u).T @ s.x,
                dW=lambda s: (s.dout * s.g * s.slope).T @ s.x,
            )
        ),
        "one way is taken away from the other": instead(_opened, dx=lambda s: s.du @ s.V - s.dz @ s.W),
        "dout is missing": instead(
            _opened,
            dx=lambda s: s.g @ s.V + (s.u * s.slope) @ s.W,
            dV=lambda s: s.g.T @ s.x,
            dW=lambda s: (s.u * s.slope).T @ s.x,
        ),
        "the slope is in it, and it belongs to the gate": instead(
            _opened, dV=lambda s: (s.dout * s.slope).T @ s.x
        ),
        "it is divided by the batch; a mean, if there is one, stands in dout already": instead(
            _opened,
            dx=lambda s: (s.du @ s.V + s.dz @ s.W) / s.B,
            dV=lambda s: s.du.T @ s.x / s.B,
            dW=lambda s: s.dz.T @ s.x / s.B,
        ),
    },
)
