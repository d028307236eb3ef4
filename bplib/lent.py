"""lent: tools that readers make in the exercises and that the library has in no such form.

Most of what `bplib.mine` lends is the library's own, such as `Value`. What stands here is for chapters in
which a reader puts a whole network into one function. It is composed of what the library has,
and is called as the reader's is.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bplib.contract import Array, wrong
from bplib.functional import affine, affine_backward, tanh, tanh_backward
from bplib.init import he, orthogonal, xavier
from bplib.layers import RNNCell
from bplib.losses import VJP, bce_with_logits, bce_with_logits_backward, cross_entropy_with_logits, mse
from bplib.recurrent import bptt, unroll
from bplib.train import minibatches


def network(x: Array, W1: Array, b1: Array, W2: Array, b2: Array, y: Array) -> tuple[Any, ...]:
    r"""Return the loss of a tanh layer and a sigmoid layer on one sample, and the four gradients.

    :math:`\hat y = \sigma(W_2 \tanh(W_1 x + b_1) + b_2)`; the loss is the mean of the cross-entropies.

    Parameters
    ----------
    x : array of shape (n_in,)
    W1, b1 : arrays of shape (n_hidden, n_in) and (n_hidden,)
    W2, b2 : arrays of shape (n_out, n_hidden) and (n_out,)
    y : array of shape (n_out,)
        Each output's target, 0 or 1.

    Returns
    -------
    loss, dW1, db1, dW2, db2
        A number, and for each parameter a gradient of its shape.

    Examples
    --------
    >>> import numpy as np
    >>> zero, one = np.zeros(1), np.ones(1)
    >>> loss, dW1, db1, dW2, db2 = network(one, np.zeros((1, 1)), zero, np.zeros((1, 1)), zero, one)
    >>> round(loss, 4), db2
    (0.6931, array([-0.5]))
    """
    return batches(x[None], W1, b1, W2, b2, y[None])


def batches(X: Array, W1: Array, b1: Array, W2: Array, b2: Array, Y: Array) -> tuple[Any, ...]:
    r"""Return what `network` does, for a batch: one sample a row, the loss the mean over all entries of Y.

    :math:`\hat Y = \sigma(\tanh(X W_1^{\mathsf T} + b_1)\, W_2^{\mathsf T} + b_2)`, row by row.

    Parameters
    ----------
    X : array of shape (B, n_in)
    W1, b1, W2, b2 : arrays
        As for `network`.
    Y : array of shape (B, n_out)

    Returns
    -------
    loss, dW1, db1, dW2, db2
        A number, and for each parameter a gradient of its shape, the mean of the samples' own.

    Examples
    --------
    >>> import numpy as np
    >>> W, b, X, Y = np.zeros((1, 1)), np.zeros(1), np.ones((4, 1)), np.array([[1.0], [1.0], [1.0], [0.0]])
    >>> loss, dW1, db1, dW2, db2 = batches(X, W, b, W, b, Y)
    >>> db2
    array([-0.25])
    """
    Z1, to_Z1 = affine(X, W1, b1)
    A1, to_A1 = tanh(Z1)
    Z2, to_Z2 = affine(A1, W2, b2)
    loss, to_loss = bce_with_logits(Z2, Y)
    dZ2, _ = bce_with_logits_backward(1.0, to_loss)
    dA1: Any  # not None: only a first layer can do without
    dA1, dW2, db2 = affine_backward(dZ2, to_Z2)
    (dZ1,) = tanh_backward(dA1, to_A1)
    _, dW1, db1 = affine_backward(dZ1, to_Z1, needs_dx=False)
    return float(loss), dW1, db1, dW2, db2


def losses(kind: str, Z: Array, Y: Array) -> tuple[Any, Array | None]:
    """Return a loss by its kind, and its gradient with respect to Z.

    "squared" and "binary" are means over all entries, "classes" over the rows; the latter two take logits.

    >>> import numpy as np
    >>> loss, dZ = losses("squared", np.array([[1.0, 4.0]]), np.array([[0.0, 2.0]]))
    >>> float(loss), dZ
    (2.5, array([[1., 2.]]))
    """
    kinds = {"squared": mse, "binary": bce_with_logits, "classes": cross_entropy_with_logits}
    if kind not in kinds:
        raise wrong("kind", f"one of {', '.join(kinds)}", repr(kind), 'Write losses("squared", Z, Y), say.')
    loss, cache = kinds[kind](Z, Y)
    return loss, VJP[kinds[kind]](1.0, cache)[0]


def layers(stack: Sequence[tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]], x: Array) -> Any:
    """Run x through a stack of pairs; return what comes out, and the way back.

    An entry of the stack is a forward, its backward, and a tuple of its parameters. The way back is a
    function: from the gradient of what came out it computes that of x, and a list with one tuple for each
    entry, the gradients of its parameters.

    >>> import numpy as np
    >>> W, b = np.array([[2.0, -1.0]]), np.zeros(1)
    >>> out, back = layers([(affine, affine_backward, (W, b)), (tanh, tanh_backward, ())], np.zeros((1, 2)))
    >>> back(np.ones((1, 1)))
    (array([[ 2., -1.]]), [(array([[0., 0.]]), array([1.])), ()])
    """
    caches = []
    for forward, _, params in stack:
        x, cache = forward(x, *params)
        caches.append(cache)

    def back(dx: Array) -> tuple[Array, list[tuple[Array, ...]]]:
        grads = []
        for (_, backward, _), cache in zip(reversed(stack), reversed(caches), strict=True):
            dx, *dparams = backward(dx, cache)
            grads.append(tuple(dparams))
        return dx, grads[::-1]

    return x, back


def trainer(
    gradients: Callable[..., Any],
    params: Sequence[Array],
    X: Array,
    Y: Array,
    rate: float,
    epochs: int,
    size: int,
    rng: Any,
) -> tuple[list[Array], list[float]]:
    """Train by gradient descent on mini-batches; return the new parameters, and each epoch's mean loss.

    `gradients(params, X, Y)` returns a loss and a list of gradients, one for each parameter. An epoch
    takes all rows once, in random order, `size` at a time; the last mini-batch may be smaller. The mean of
    an epoch weighs each mini-batch by its rows.

    >>> import numpy as np
    >>> fit = lambda params, X, Y: (np.mean((params[0] * X - Y) ** 2), [np.mean(2 * (params[0] * X - Y) * X)])
    >>> X, rng = np.array([1.0, 2.0]), np.random.default_rng(0)
    >>> trainer(fit, [np.zeros(1)], X, 3 * X, 0.2, 2, 2, rng)
    ([array([3.])], [22.5, 0.0])
    """
    params, means = [param.copy() for param in params], []
    for _ in range(epochs):
        total = 0.0
        for x, y in minibatches(X, Y, size, rng):
            loss, grads = gradients(params, x, y)
            params = [param - rate * grad for param, grad in zip(params, grads, strict=True)]
            total += float(loss) * len(x)
        means.append(total / len(X))
    return params, means


def initialisation(sizes: Sequence[int], kind: str, rng: Any) -> list[Array]:
    """Return the first weights of a stack of layers: a matrix (n_out, n_in) for each two sizes in a row.

    The kinds are "xavier", "he" and "orthogonal"; all numbers come from rng, and there are no biases.

    >>> import numpy as np
    >>> [W.shape for W in initialisation([2, 5, 1], "he", np.random.default_rng(0))]
    [(5, 2), (1, 5)]
    """
    kinds: dict[str, Callable[..., Array]] = {"xavier": xavier, "he": he, "orthogonal": orthogonal}
    if kind not in kinds:
        raise wrong(
            "kind", f"one of {', '.join(kinds)}", repr(kind), 'Write initialisation([2, 3], "he", rng).'
        )
    return [kinds[kind]((n_out, n_in), rng) for n_in, n_out in pairwise(sizes)]


def checkpoint(
    stack: Sequence[tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]],
    x: Array,
    cuts: Sequence[int],
) -> Any:
    """Return what `layers` does, but keep only what enters each segment, and the last segment's caches.

    `cuts` are the places in the stack at which a new segment begins. The way back runs every other segment
    forward again just before going back over it.

    >>> import numpy as np
    >>> bend = tanh, tanh_backward, ()
    >>> out, back = checkpoint([bend, bend, bend], np.array([0.0]), [1, 2])
    >>> back(np.array([5.0]))
    (array([5.]), [(), (), ()])
    """
    segments = [stack[i:j] for i, j in pairwise([0, *cuts, len(stack)])]
    entries = []
    for segment in segments:
        entries.append(x)
        x, back_last = layers(segment, x)

    def back(dx: Array) -> tuple[Array, list[tuple[Array, ...]]]:
        dx, grads = back_last(dx)
        for segment, entry in zip(segments[-2::-1], entries[-2::-1], strict=True):
            dx, more = layers(segment, entry)[1](dx)
            grads = more + grads
        return dx, grads

    return x, back


def rnn(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Any:
    """Run a recurrent network over a sequence; return all its states, and the way back.

    A step is h' = tanh(x Wx^T + h Wh^T + b). The way back is a function: of the gradients of the states, each
    that of the losses which read it directly, it makes those of xs, h0, Wx, Wh and b.

    Parameters
    ----------
    xs : array of shape (T, B, n_in)
        The inputs, time first.
    h0 : array of shape (B, n)
    Wx, Wh, b : arrays of shape (n, n_in), (n, n) and (n,)

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 1))
    >>> hs, back = rnn(np.zeros((3, 1, 1)), 0 * one, one, 0.5 * one, np.zeros(1))
    >>> dxs, dh0, dWx, dWh, db = back(np.ones((3, 1, 1)))
    >>> dxs.ravel(), dh0, db
    (array([1.75, 1.5 , 1.  ]), array([[0.875]]), array([4.25]))
    """
    cell = RNNCell(*Wx.shape[::-1], rng=np.random.default_rng(0))
    cell.params.update(Wx=Wx, Wh=Wh, b=b)
    hs, steps = unroll(cell, xs, h0), [*cell.steps]

    def back(dhs: Array) -> tuple[Array, ...]:
        cell.steps = [*steps]  # `bptt` takes them off, and back may be called again
        dxs, dh0, _ = bptt(cell, dhs)
        return dxs, dh0, *(cell.grads[name].copy() for name in ("Wx", "Wh", "b"))

    return hs, back
