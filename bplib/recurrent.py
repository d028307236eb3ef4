"""Backpropagation through time: one cell used at every step, so its gradients add up.

`layers.RNNCell` computes and undoes a single step; this file adds the two loops over time, keeps each step's
share of the gradient apart so that the sum can be looked at, and cuts it off where it is truncated.
"""

from collections.abc import MutableMapping
from typing import Any, Protocol

import numpy as np

from bplib.contract import Array, check_whole, wrong


class Cell(Protocol):
    """What is unrolled: `RNNCell`, or one of your own with the same four."""

    params: MutableMapping[str, Array]
    grads: MutableMapping[str, Array]

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """Return the next state; without an h a new sequence begins."""

    def backward(self, dout: Array) -> tuple[Any, Any]:
        """Undo the last step that is left: set or add to `grads`, return dx and dh."""


def unroll(cell: Cell, xs: Array, h0: Array | None = None) -> Array:
    """Run a cell over a sequence.

    Parameters
    ----------
    cell : RNNCell or the like
    xs : array of shape (T, B, n_in)
        The inputs, time first.
    h0 : array of shape (B, n_hidden), optional
        The state before the first step; zeros where it is left out.

    Returns
    -------
    array of shape (T, B, n_hidden)
        The state after each step.

    Raises
    ------
    ValueError
        If `xs` is not a sequence of batches with at least one step.

    Examples
    --------
    >>> from bplib.layers import RNNCell
    >>> rng = np.random.default_rng(0)
    >>> unroll(RNNCell(3, 4, rng=rng), rng.normal(size=(5, 2, 3))).shape
    (5, 2, 4)
    """
    if np.ndim(xs) != 3 or len(xs) == 0:
        remedy = "One sequence alone is xs[:, None, :]."
        raise wrong("xs", "shape (T > 0, B, n_in)", np.shape(xs), remedy)
    h, hs = h0, []
    for x in xs:
        h = cell.forward(x, h)
        hs.append(h)
    return np.stack(hs)


def bptt(cell: Cell, dhs: Array, *, window: int | None = None) -> tuple[Array, Array, dict[str, Array]]:
    r"""Go back over the sequence that `unroll` ran last, and sum the gradients of the shared weights.

    .. math:: \frac{\partial \mathcal L}{\partial W} = \sum_{t=1}^{T}
              \frac{\partial^+ \mathcal L}{\partial W_t}

    where :math:`W_t` is the copy used at step t. Sources: Rumelhart, Hinton and Williams 1986; Werbos 1990;
    truncation Williams and Peng 1990.

    Parameters
    ----------
    cell : RNNCell or the like
        Its `grads` are set to the sums.
    dhs : array of shape (T, B, n_hidden)
        For each state the gradient of the losses that read it directly; zeros where none does.
    window : int, optional
        Truncation: counted from the last step, after every `window` steps the gradient is not carried on.
        Losses further back still reach their own window.

    Returns
    -------
    dxs : array of shape (T, B, n_in)
        The gradients of the inputs.
    dh0 : array of shape (B, n_hidden)
        The gradient of the state before the first step.
    shares : dict of str to array of shape (T, ...)
        For each parameter what every step adds to its gradient.

    Raises
    ------
    TypeError, ValueError
        If `dhs` has no step, or `window` is not a whole number of at least 1.

    Examples
    --------
    >>> from bplib.layers import RNNCell
    >>> rng = np.random.default_rng(0)
    >>> cell = RNNCell(3, 4, rng=rng)
    >>> dhs = np.zeros_like(unroll(cell, rng.normal(size=(5, 2, 3))))
    >>> dhs[-1] = 1.0  # the loss is the sum of the last state
    >>> dxs, dh0, shares = bptt(cell, dhs)
    >>> dxs.shape, dh0.shape, shares["Wh"].shape
    ((5, 2, 3), (2, 4), (5, 4, 4))
    """
    if np.ndim(dhs) != 3 or len(dhs) == 0:
        remedy = "Give each state its gradient, zeros where no loss reads it."
        raise wrong("dhs", "shape (T > 0, B, n_hidden)", np.shape(dhs), remedy)
    if window is not None:
        check_whole("window", window)
    steps = len(dhs)
    dxs: list[Array] = [dhs[0]] * steps
    shares = {name: np.zeros((steps, *param.shape), param.dtype) for name, param in cell.params.items()}
    dh = np.zeros_like(dhs[0])
    for t in reversed(range(steps)):
        if window is not None and (steps - 1 - t) % window == 0:
            dh = np.zeros_like(dh)
        for name in shares:
            cell.grads[name] = np.zeros_like(cell.grads[name])  # so that what stands there next is one share
        dxs[t], dh = cell.backward(dhs[t] + dh)
        for name, share in shares.items():
            share[t] = cell.grads[name]
    for name, share in shares.items():
        cell.grads[name] = share.sum(axis=0)
    return np.stack(dxs), dh, shares
