"""The training loop: forward, loss, backward, update, again and again.

Everything it calls is in the files before it; this one adds the order of the calls, mini-batches, and a
History of what happened, because a loss that falls is not yet a proof.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bplib import losses
from bplib.contract import Array, check_array, check_rng, check_type, check_whole, wrong
from bplib.layers import Layer
from bplib.optim import Optimizer, clip_by_global_norm, global_norm

#: A loss and its backward: ``value, cache = loss(out, y)`` and ``dout, ... = loss_backward(1.0, cache)``.
LossPair = tuple[Callable[..., Any], Callable[..., Any]]

#: For a loss that compares a single unit with 0 or 1: the output from which on it says 1.
THRESHOLDS = {losses.bce: 0.5, losses.bce_with_logits: 0.0}
#: Losses whose largest output names the class.
LARGEST = (losses.cross_entropy, losses.cross_entropy_with_logits)


def minibatches(
    X: Array, y: Array, batch_size: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Deal the samples into batches, in a new random order: one epoch.

    Every sample comes exactly once; the last batch is smaller where the sizes don't divide.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        One sample a row.
    y : ndarray of shape (n, ...)
        Their targets.
    batch_size : int
        How many samples a batch has.
    rng : np.random.Generator
        Where the order comes from.

    Yields
    ------
    X, y : ndarray
        The samples of one batch, and their targets.

    Raises
    ------
    TypeError, ValueError
        If there are no samples, X and y don't belong together, `batch_size` is not a whole number of at
        least 1, or `rng` is no generator.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> [targets.tolist() for _, targets in minibatches(X, y, 2, np.random.default_rng(0))]
    [[2, 4], [3, 0], [1]]
    """
    _check_samples(X, y)
    check_whole("batch_size", batch_size)
    check_rng(rng)
    order = rng.permutation(len(X))
    # A generator expression, so that the checks above run at the call and not at the first batch.
    return ((X[rows], y[rows]) for rows in (order[i : i + batch_size] for i in range(0, len(X), batch_size)))


def accuracy(out: Array, y: Array, *, threshold: float = 0.5) -> float:
    """Share of the samples whose class a network names rightly.

    Parameters
    ----------
    out : ndarray of shape (B, C) or (B, 1)
        The network's outputs. With several columns the largest names the class, probabilities and logits
        alike; a single one says 1 where it is above `threshold`.
    y : ndarray of shape (B,), or of out's shape
        Class indices, or a distribution a row whose largest entry is the class; 0 and 1 for one column.
    threshold : float
        0.5 for a probability, 0 for a logit.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is not an array, or the shapes don't belong together.

    Examples
    --------
    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    >>> accuracy(np.array([[0.2], [0.7]]), np.array([[0.0], [1.0]]))
    1.0
    """
    _check_samples(out, y, "out")
    if out.ndim != 2 or y.shape not in ((len(out),), out.shape):
        remedy = "Let both hold the samples of one batch, one a row."
        raise wrong("out, y", "shapes (B, C) and (B,) or (B, C)", f"{out.shape} and {y.shape}", remedy)
    if out.shape[1] == 1:
        return float(np.mean((out > threshold) == (y.reshape(-1, 1) > 0.5)))
    return float(np.mean(out.argmax(axis=1) == (y.argmax(axis=1) if y.ndim == 2 else y)))


@dataclass
class History:
    """What happened in each epoch.

    Attributes
    ----------
    loss : list of float
        The mean over the epoch's samples, each counted when its batch was seen, before the step.
    accuracy : list of float
        The same for the accuracy; empty for a loss that does not say what a class is.
    grad_norms : dict of str to list of float
        For each parameter the length of its gradient, averaged over the epoch's batches, before clipping.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    grad_norms: dict[str, list[float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        if not self.loss:
            return "History(no epochs)"
        text = f"{len(self)} epochs, loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}"
        if self.accuracy:
            text += f", accuracy {self.accuracy[0]:.4g} to {self.accuracy[-1]:.4g}"
        return f"History({text})"


def fit(
    net: Layer,
    X: Array,
    y: Array,
    *,
    loss: Callable[..., Any] | LossPair,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    rng: np.random.Generator | None = None,
    max_norm: float | None = None,
    threshold: float | None = None,
    progress: bool | None = None,
) -> History:
    """Train a network in place and say how it went.

    The same network, data, optimizer and `rng` give the same numbers to the last bit.

    Parameters
    ----------
    net : Layer
        A network; its parameters change in place.
    X : ndarray of shape (n, ...)
        One sample a row.
    y : ndarray
        The targets, as `loss` takes them.
    loss : callable or pair
        A function of `bplib.losses`, or ``(loss, loss_backward)`` of your own.
    optimizer : Optimizer
        Makes the steps.
    epochs : int
        How often every sample is seen.
    batch_size : int, optional
        Samples a step; all of them, in the order given, where it is left out.
    rng : np.random.Generator, optional
        Draws the mini-batches; needed if `batch_size` is given.
    max_norm : float, optional
        Clip the gradients of each step to this global norm.
    threshold : float, optional
        The output from which on a single unit says 1. Known for `bce` and `bce_with_logits`; give it to
        record the accuracy with another loss, such as 0.5 with `mse`.
    progress : bool, optional
        Whether to show a line that counts the epochs. Left out: only where someone is watching, in a
        terminal or a notebook opened by a person.

    Returns
    -------
    History
        Loss, accuracy and gradient norms, one entry an epoch.

    Raises
    ------
    TypeError, ValueError
        If an argument doesn't fit, or the loss or a gradient becomes NaN or infinite.

    Examples
    --------
    >>> from bplib import data, layers, optim
    >>> rng = np.random.default_rng(0)
    >>> X, y = data.xor()
    >>> net = layers.mlp([2, 8, 1], activation="tanh", rng=rng)
    >>> history = fit(net, X, y, loss=losses.bce_with_logits, optimizer=optim.Adam(0.1), epochs=100)
    >>> history.accuracy[-1]
    1.0
    """
    _check_samples(X, y)
    remedy = "Derive a network of your own from bplib.layers.Layer."
    check_type("net", net, Layer, "a Layer, such as mlp([2, 8, 1], rng=rng) or Sequential(...)", remedy)
    check_whole("epochs", epochs)
    check_type("optimizer", optimizer, Optimizer, "an optimizer of bplib.optim", "Write SGD(lr=0.1), say.")
    forward_loss, backward_loss = _loss_pair(loss)
    threshold = THRESHOLDS.get(forward_loss) if threshold is None else threshold
    says_class = threshold is not None or forward_loss in LARGEST
    history = History()
    watched = _someone_watches() if progress is None else progress
    net.train = True
    for epoch in range(1, epochs + 1):
        total_loss = total_right = 0.0
        norms: dict[str, list[float]] = {}
        whole = iter([(X, y)])
        # Without a generator minibatches says what to pass.
        batches = whole if batch_size is None else minibatches(X, y, batch_size, rng)  # type: ignore[arg-type]
        for X_batch, y_batch in batches:
            out = net.forward(X_batch)
            value, cache = forward_loss(out, y_batch)
            if not np.isfinite(value):
                odd = [name for name, given in (("X", X), ("y", y)) if not np.isfinite(given).all()]
                remedy = "Lower the learning rate, or clip the gradients with max_norm=1.0."
                if odd:
                    remedy = f"There is NaN or infinity in {' and '.join(odd)}: leave those samples out."
                raise wrong("loss", "a finite number", f"{value} in epoch {epoch}", remedy)
            dout = backward_loss(1.0, cache)
            net.backward_params(dout[0] if isinstance(dout, tuple) else dout)
            for name, grad in net.grads.items():
                norms.setdefault(name, []).append(global_norm({name: grad}))
            if max_norm is not None:
                clip_by_global_norm(net.grads, max_norm)
            optimizer.step(net.params, net.grads)
            total_loss += float(value) * len(X_batch)
            if says_class:
                total_right += accuracy(out, y_batch, threshold=threshold or 0.0) * len(X_batch)
        history.loss.append(total_loss / len(X))
        if says_class:
            history.accuracy.append(total_right / len(X))
        for name, lengths in norms.items():
            history.grad_norms.setdefault(name, []).append(sum(lengths) / len(lengths))
        if watched and 100 * epoch // epochs > 100 * (epoch - 1) // epochs:  # one per cent further
            _show(epoch, epochs, history)
    return history


def _loss_pair(loss: Callable[..., Any] | LossPair) -> LossPair:
    if isinstance(loss, tuple) and len(loss) == 2 and all(callable(part) for part in loss):
        return loss
    if callable(loss) and loss in losses.VJP:
        return loss, losses.VJP[loss]
    known = ", ".join(sorted(function.__name__ for function in losses.VJP))
    remedy = f"Write loss=losses.mse, say: there are {known}."
    raise wrong("loss", "a function of bplib.losses or a pair (loss, loss_backward)", f"{loss!r:.60}", remedy)


def _check_samples(X: Array, y: Array, x_name: str = "X") -> None:
    for name, array in ((x_name, X), ("y", y)):
        check_array(name, array)
    if X.ndim == 0 or len(X) == 0:
        raise wrong(x_name, "at least one sample, one a row", f"shape {X.shape}", "A mean needs a batch.")
    if y.ndim == 0 or len(y) != len(X):
        remedy = "Give each row of one a row of the other."
        raise wrong(f"{x_name}, y", "the same samples", f"shapes {X.shape} and {y.shape}", remedy)


def _someone_watches() -> bool:
    """Whether a person sees the output as it appears: a terminal, or a notebook that could ask a question."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if kernel := getattr(shell, "kernel", None):
        # What runs notebooks unattended (nbclient, nbval, Jupyter Book) says that it can't answer an input().
        return bool(kernel.get_parent().get("content", {}).get("allow_stdin", False))
    return sys.stdout.isatty()


def _show(done: int, total: int, history: History) -> None:
    """Write one line, over and over with a carriage return, which terminals and notebooks both know."""
    filled = 20 * done // total
    text = f"{'█' * filled}{'·' * (20 - filled)} epoch {done}/{total}  loss {history.loss[-1]:.4f}"
    if history.accuracy:
        text += f"  accuracy {history.accuracy[-1]:.3f}"
    sys.stdout.write(f"\r{text:<70}" + "\n" * (done == total))
    sys.stdout.flush()
