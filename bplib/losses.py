"""Losses as pure pairs: one number that says how wrong a batch of predictions is, and its gradient.

After `functional` this adds where `dout` begins. The form is the same, and the output a single number, so the
upstream gradient is one too: 1.0 for the loss itself.

    loss, cache = mse(yhat, y)
    dyhat, dy = mse_backward(1.0, cache)        # dy is None for class numbers

- `mse` and `bce` are means over all entries; cross-entropy sums over the classes and averages over the batch.
  That 1/B stands in these backwards and nowhere else.
- From probabilities, as the formula is printed, or from logits, the scores before the sigmoid or softmax. The
  second is what to train with: it stays right where a probability has rounded to 0 or 1.
- A probability of exactly 0 for what happened would cost infinity. As in PyTorch, log is floored at -100, and
  the gradient's divisor at 1e-12: large where it should be infinite, never 0, never NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bplib.functional import Array, Gradients, _floats, _sum, _wrong_shape


def _check_pair(name: str, yhat: Array, y: Array) -> None:
    """Refuse a target that is not, entry by entry, of the prediction's shape, and an empty batch."""
    _floats(f"{name} y", yhat, y)
    if yhat.shape != y.shape:
        same = f"One column or none must agree: write y.reshape({name}.shape)."
        other = "Each prediction needs a target: are they of one batch?"
        raise _wrong_shape("y", y, f"of {name}, {yhat.shape}", same if yhat.size == y.size else other)
    if not yhat.size:
        raise ValueError(
            f"{name}: expected at least one entry, got shape {yhat.shape}. A mean needs a batch."
        )


def _check_range(name: str, p: Array) -> None:
    """Refuse what can't be a probability. A gradient check may step a little over the edge."""
    if p.min() < -1e-2 or p.max() > 1 + 1e-2:
        raise ValueError(
            f"{name}: expected numbers from 0 to 1, got {p.min():.4g} to {p.max():.4g}. "
            f"For logits use the loss that ends in _with_logits; for labels -1 and 1 write (y + 1) / 2."
        )


def _upstream(dout: Any) -> float:
    """Read the upstream gradient of a loss, one number."""
    try:
        return float(dout)
    except (TypeError, ValueError):
        raise TypeError(
            f"dout: expected one number, got {dout!r:.60}. Write 1.0 for the loss itself."
        ) from None


# --- squared error ----------------------------------------------------------------------------------


def mse(yhat: Array, y: Array) -> tuple[Any, Any]:
    """Average the squared error over all entries: mean((yhat - y)^2).

    Parameters
    ----------
    yhat, y : arrays of one shape

    Returns
    -------
    loss : float
    cache
        The differences.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If the shapes differ, or there is no entry.

    Examples
    --------
    >>> loss, cache = mse(np.array([[1.0, 4.0]]), np.array([[0.0, 2.0]]))
    >>> float(loss)
    2.5
    >>> dyhat, dy = mse_backward(1.0, cache)
    >>> dyhat
    array([[1., 2.]])
    """
    _check_pair("yhat", yhat, y)
    d = yhat - y
    return _sum(d * d, None) / d.size, d


def mse_backward(dout: Any, cache: Any) -> tuple[Array, Array]:
    """Return dyhat = 2 (yhat - y) / n, where n counts entries, and dy = -dyhat."""
    dyhat: Array = cache * (2 * _upstream(dout) / cache.size)
    return dyhat, -dyhat


# --- binary cross-entropy ---------------------------------------------------------------------------


def _floored(log: np.ufunc, x: Array, end: float) -> Array:
    """Return log(x), at least -100; at `end`, and where a check stepped over it, log is minus infinity."""
    with np.errstate(divide="ignore"):
        out: Array = np.maximum(log(np.maximum(x, end)), -100)
    return out


def bce(yhat: Array, y: Array) -> tuple[Any, Any]:
    """Average the binary cross-entropy over all entries: -mean(y log yhat + (1 - y) log(1 - yhat)).

    Parameters
    ----------
    yhat : array of any shape
        Probabilities.
    y : array of yhat's shape
        Targets from 0 to 1.

    Returns
    -------
    loss : float
    cache
        What `bce_backward` needs.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If the shapes differ, there is no entry, or one is not a probability.

    Examples
    --------
    >>> loss, cache = bce(np.array([[0.5]]), np.array([[1.0]]))
    >>> round(float(loss), 6)
    0.693147
    >>> dyhat, dy = bce_backward(1.0, cache)
    >>> dyhat
    array([[-2.]])
    """
    _check_pair("yhat", yhat, y)
    _check_range("yhat", yhat)
    _check_range("y", y)
    log_p, log_q = _floored(np.log, yhat, 0), _floored(np.log1p, -yhat, -1)
    return -_sum(y * log_p + (1 - y) * log_q, None) / y.size, (yhat, y, log_p, log_q)


def bce_backward(dout: Any, cache: Any) -> tuple[Array, Array]:
    """Return dyhat = (yhat - y) / (yhat (1 - yhat)) / n and dy = (log(1 - yhat) - log yhat) / n."""
    p, y, log_p, log_q = cache
    scale = _upstream(dout) / y.size
    return scale * (p - y) / np.maximum(p * (1 - p), 1e-12), scale * (log_q - log_p)


def bce_with_logits(z: Array, y: Array) -> tuple[Any, Any]:
    """Average the binary cross-entropy of sigma(z): mean(softplus(z) - y z).

    Parameters
    ----------
    z : array of any shape
        Logits: any real numbers, 1e4 as well.
    y : array of z's shape
        Targets from 0 to 1.

    Returns
    -------
    loss : float
    cache
        What `bce_with_logits_backward` needs.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If the shapes differ, there is no entry, or a target is not a probability.

    Examples
    --------
    >>> loss, cache = bce_with_logits(np.array([[40.0]]), np.array([[0.0]]))
    >>> float(loss)
    40.0
    >>> dz, dy = bce_with_logits_backward(1.0, cache)
    >>> dz
    array([[1.]])
    """
    _check_pair("z", z, y)
    _check_range("y", y)
    e = np.exp(-np.abs(z))
    # (1 - y) softplus(z) + y softplus(-z): for a sure and right answer y z would cancel softplus(z).
    losses = np.log1p(e) + (1 - y) * np.maximum(z, 0) - y * np.minimum(z, 0)
    return _sum(losses, None) / z.size, (z, y, e)


def bce_with_logits_backward(dout: Any, cache: Any) -> tuple[Array, Array]:
    """Return dz = (sigma(z) - y) / n, as (1 - y) sigma(z) - y sigma(-z), and dy = -z / n."""
    z, y, e = cache
    scale = _upstream(dout) / z.size
    above, below = np.exp(np.minimum(z, 0)), np.exp(np.minimum(-z, 0))
    return scale * ((1 - y) * above - y * below) / (1 + e), -scale * z


# --- cross-entropy ----------------------------------------------------------------------------------


def _check_classes(name: str, scores: Array, y: Array) -> bool:
    """Refuse targets that don't go with (B, C) scores; say whether they are class numbers."""
    _floats(name, scores)
    if scores.ndim != 2 or not scores.size:
        remedies = {1: f"Write {name}[None, :] for one sample.", 2: "A mean needs a batch."}
        more = f"With classes last, write {name}.reshape(-1, {name}.shape[-1]), and y.reshape(-1)."
        expected = "(B, C), one sample a row, none of them 0"
        raise _wrong_shape(name, scores, expected, remedies.get(scores.ndim, more))
    if not (isinstance(y, np.ndarray) and y.dtype.kind in "iu"):
        if np.shape(y) != scores.shape:
            raise ValueError(
                f"y: expected integers of shape ({len(scores)},), or floats of shape {scores.shape}, got "
                f"shape {np.shape(y)}. For class numbers write np.asarray(y, dtype=int)."
            )
        _check_pair(name, scores, y)
        _check_range("y", y)
        return False
    if y.shape != scores.shape[:1]:
        expected = f"({len(scores)},), a class number for each row of {name}"
        one_hot = y.shape == scores.shape
        remedy = "For one-hot rows write y.astype(float)." if one_hot else "Write y.reshape(-1)."
        raise _wrong_shape("y", y, expected, remedy)
    return True


def _pick(name: str, scores: Array, y: Array) -> tuple[Array, Array]:
    """Return each row's entry at its class, and the one-hot mask; refuse a class that has no column."""
    onehot = y[:, None] == np.arange(scores.shape[1])
    if np.count_nonzero(onehot) == len(y):
        return scores[onehot], onehot
    raise ValueError(
        f"y: expected class numbers from 0 to {scores.shape[1] - 1}, one for each column of {name}, got "
        f"{y.min()} to {y.max()}. Count classes from 0, or give {name} more columns."
    )


def cross_entropy(p: Array, y: Array) -> tuple[Any, Any]:
    """Average over the batch what the right answers cost: -sum_c y_c log p_c.

    Parameters
    ----------
    p : array of shape (B, C)
        Probabilities, each row a distribution.
    y : integer array of shape (B,), or float array of shape (B, C)
        Class numbers, or a distribution for each row.

    Returns
    -------
    loss : float
    cache
        What `cross_entropy_backward` needs.

    Raises
    ------
    TypeError
        If p is not an array of floats, or y neither integers nor floats of p's dtype.
    ValueError
        If the shapes don't fit, the batch is empty, a label is out of range or a number not a probability.

    Examples
    --------
    >>> loss, cache = cross_entropy(np.array([[0.5, 0.25, 0.25]]), np.array([2]))
    >>> round(float(loss), 6)
    1.386294
    >>> cross_entropy_backward(1.0, cache)
    (array([[ 0.,  0., -4.]]), None)
    """
    labels = _check_classes("p", p, y)
    _check_range("p", p)
    if labels:
        picked, onehot = _pick("p", p, y)
        return -_sum(_floored(np.log, picked, 0), None) / len(p), (p, y, onehot)
    log_p = _floored(np.log, p, 0)
    return -_sum(y * log_p, None) / len(p), (p, y, log_p)


def cross_entropy_backward(dout: Any, cache: Any) -> tuple[Array, Array | None]:
    """Return dp = -(y / p) / B and dy = -log p / B, or None for class numbers."""
    p, y, more = cache
    scale = -_upstream(dout) / len(p)
    if y.ndim == 2:
        return scale * y / np.maximum(p, 1e-12), scale * more
    dp = np.zeros_like(p)
    dp[more] = scale / np.maximum(p[more], 1e-12)
    return dp, None


def cross_entropy_with_logits(z: Array, y: Array) -> tuple[Any, Any]:
    """Average over the batch the cross-entropy of softmax(z): -sum_c y_c log softmax(z)_c.

    Parameters
    ----------
    z : array of shape (B, C)
        Logits: any real numbers, 1e4 as well.
    y : integer array of shape (B,), or float array of shape (B, C)
        Class numbers, or a distribution for each row.

    Returns
    -------
    loss : float
    cache
        What `cross_entropy_with_logits_backward` needs.

    Raises
    ------
    TypeError
        If z is not an array of floats, or y neither integers nor floats of z's dtype.
    ValueError
        If the shapes don't fit, the batch is empty, a label is out of range or a target not a probability.

    Examples
    --------
    >>> loss, cache = cross_entropy_with_logits(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(loss), 6)
    0.693147
    >>> cross_entropy_with_logits_backward(1.0, cache)
    (array([[ 0.5, -0.5]]), None)
    """
    labels = _check_classes("z", z, y)
    shifted = z - np.maximum.reduce(z, 1, keepdims=True)
    e = np.exp(shifted)
    total = _sum(e, 1, keepdims=True)
    e /= total
    log_total = np.log(total)
    if labels:
        picked, onehot = _pick("z", shifted, y)
        return _sum(log_total[:, 0] - picked, None) / len(z), (e, y, onehot)
    log_p = shifted - log_total
    return -_sum(y * log_p, None) / len(z), (e, y, log_p)


def cross_entropy_with_logits_backward(dout: Any, cache: Any) -> tuple[Array, Array | None]:
    """Return dz = (a sum(y) - y) / B with a = softmax(z), and dy = -log a / B, or None for class numbers.

    The sum is 1 for a distribution, which leaves the a - y of the books.
    """
    a, y, more = cache
    scale = _upstream(dout) / len(a)
    if y.ndim == 2:
        return scale * (a * _sum(y, 1, keepdims=True) - y), -scale * more
    return scale * (a - more), None


#: Every loss and its backward, in the form of `functional.VJP`.
VJP: dict[Callable[..., tuple[Any, Any]], Callable[..., Gradients]] = {
    mse: mse_backward,
    bce: bce_backward,
    bce_with_logits: bce_with_logits_backward,
    cross_entropy: cross_entropy_backward,
    cross_entropy_with_logits: cross_entropy_with_logits_backward,
}
