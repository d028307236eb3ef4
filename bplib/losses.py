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

from collections.abc import Callable
from typing import Any

import numpy as np

from bplib.contract import Array, pairs_of, takes, vjp_of, wrong
from bplib.functional import Gradients, _sum

_EMPTY = "A mean needs a batch."
_UNPAIRED = "Each prediction needs a target: are they of one batch?"


# --- squared error ----------------------------------------------------------------------------------


@takes("yhat (... > 0), y (...)", yhat=_EMPTY, y=_UNPAIRED)
def mse(yhat: Array, y: Array) -> tuple[Any, Any]:
    """Average the squared error over all entries: mean((yhat - y)^2).

    >>> loss, cache = mse(np.array([[1.0, 4.0]]), np.array([[0.0, 2.0]]))
    >>> float(loss), mse_backward(1.0, cache)[0]
    (2.5, array([[1., 2.]]))
    """
    d = yhat - y
    return _sum(d * d, None) / d.size, d


@vjp_of(mse)
def mse_backward(dout: float, cache: Any) -> tuple[Array, Array]:
    """Return dyhat = 2 (yhat - y) / n, where n counts entries, and dy = -dyhat."""
    dyhat: Array = cache * (2 * dout / cache.size)
    return dyhat, -dyhat


# --- binary cross-entropy ---------------------------------------------------------------------------


def _floored(log: np.ufunc, x: Array, end: float) -> Array:
    """Return log(x), at least -100; at `end`, and where a check stepped over it, log is minus infinity."""
    with np.errstate(divide="ignore"):
        out: Array = np.maximum(log(np.maximum(x, end)), -100)
    return out


@takes("yhat (... > 0), y (...)", yhat=_EMPTY, y=_UNPAIRED)
def bce(yhat: Array, y: Array) -> tuple[Any, Any]:
    """Average the binary cross-entropy over all entries: -mean(y log yhat + (1 - y) log(1 - yhat)).

    >>> loss, cache = bce(np.array([0.5]), np.array([1.0]))
    >>> round(float(loss), 6), bce_backward(1.0, cache)[0]
    (0.693147, array([-2.]))
    """
    _check_probabilities(yhat=yhat, y=y)
    log_p, log_q = _floored(np.log, yhat, 0), _floored(np.log1p, -yhat, -1)
    return -_sum(y * log_p + (1 - y) * log_q, None) / y.size, (yhat, y, log_p, log_q)


@vjp_of(bce)
def bce_backward(dout: float, cache: Any) -> tuple[Array, Array]:
    """Return dyhat = (yhat - y) / (yhat (1 - yhat)) / n and dy = (log(1 - yhat) - log yhat) / n."""
    p, y, log_p, log_q = cache
    scale = dout / y.size
    return scale * (p - y) / np.maximum(p * (1 - p), 1e-12), scale * (log_q - log_p)


@takes("z (... > 0), y (...)", z=_EMPTY, y=_UNPAIRED)
def bce_with_logits(z: Array, y: Array) -> tuple[Any, Any]:
    """Average the binary cross-entropy of sigma(z): mean(softplus(z) - y z).

    >>> loss, cache = bce_with_logits(np.array([40.0]), np.array([0.0]))
    >>> float(loss), bce_with_logits_backward(1.0, cache)[0]
    (40.0, array([1.]))
    """
    _check_probabilities(y=y)
    e = np.exp(-np.abs(z))
    # (1 - y) softplus(z) + y softplus(-z): for a sure and right answer y z would cancel softplus(z).
    losses = np.log1p(e) + (1 - y) * np.maximum(z, 0) - y * np.minimum(z, 0)
    return _sum(losses, None) / z.size, (z, y, e)


@vjp_of(bce_with_logits)
def bce_with_logits_backward(dout: float, cache: Any) -> tuple[Array, Array]:
    """Return dz = (sigma(z) - y) / n, as (1 - y) sigma(z) - y sigma(-z), and dy = -z / n."""
    z, y, e = cache
    scale = dout / z.size
    above, below = np.exp(np.minimum(z, 0)), np.exp(np.minimum(-z, 0))
    return scale * ((1 - y) * above - y * below) / (1 + e), -scale * z


# --- cross-entropy ----------------------------------------------------------------------------------

_SAMPLES = (
    "A mean needs a batch, one sample a row: {name}[None, :] for one, and with classes last "
    "{name}.reshape(-1, {name}.shape[-1]), y.reshape(-1)."
)
_CLASSES = "For one-hot rows write y.astype(float); for class numbers np.asarray(y, dtype=int)."


def _one_hot(name: str, scores: Array, y: Array) -> Any:
    """Return a mask that is True at each row's class."""
    onehot = y[:, None] == np.arange(scores.shape[1])
    _check_classes(name, scores, y, onehot)
    return onehot


@takes("p (B > 0, C > 0), y (int B | B, C)", p=_SAMPLES, y=_CLASSES)
def cross_entropy(p: Array, y: Array) -> tuple[Any, Any]:
    """Average over the batch what the right answers cost: -sum_c y_c log p_c.

    Each row of p is a distribution; y holds class numbers, or a distribution for each row.

    >>> loss, cache = cross_entropy(np.array([[0.5, 0.25, 0.25]]), np.array([2]))
    >>> round(float(loss), 6), *cross_entropy_backward(1.0, cache)
    (1.386294, array([[ 0.,  0., -4.]]), None)
    """
    _check_probabilities(p=p)
    if y.ndim == 1:
        onehot = _one_hot("p", p, y)
        return -_sum(_floored(np.log, p[onehot], 0), None) / len(p), (p, y, onehot)
    _check_probabilities(y=y)
    log_p = _floored(np.log, p, 0)
    return -_sum(y * log_p, None) / len(p), (p, y, log_p)


@vjp_of(cross_entropy)
def cross_entropy_backward(dout: float, cache: Any) -> tuple[Array, Array | None]:
    """Return dp = -(y / p) / B and dy = -log p / B, or None for class numbers."""
    p, y, more = cache
    scale = -dout / len(p)
    if y.ndim == 2:
        return scale * y / np.maximum(p, 1e-12), scale * more
    dp = np.zeros_like(p)
    dp[more] = scale / np.maximum(p[more], 1e-12)
    return dp, None


@takes("z (B > 0, C > 0), y (int B | B, C)", z=_SAMPLES, y=_CLASSES)
def cross_entropy_with_logits(z: Array, y: Array) -> tuple[Any, Any]:
    """Average over the batch the cross-entropy of softmax(z): -sum_c y_c log softmax(z)_c.

    >>> loss, cache = cross_entropy_with_logits(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(loss), 6), *cross_entropy_with_logits_backward(1.0, cache)
    (0.693147, array([[ 0.5, -0.5]]), None)
    """
    shifted = z - np.maximum.reduce(z, 1, keepdims=True)
    e = np.exp(shifted)
    total = _sum(e, 1, keepdims=True)
    e /= total
    log_total = np.log(total)
    if y.ndim == 1:
        onehot = _one_hot("z", z, y)
        return _sum(log_total[:, 0] - shifted[onehot], None) / len(z), (e, y, onehot)
    _check_probabilities(y=y)
    log_p = shifted - log_total
    return -_sum(y * log_p, None) / len(z), (e, y, log_p)


@vjp_of(cross_entropy_with_logits)
def cross_entropy_with_logits_backward(dout: float, cache: Any) -> tuple[Array, Array | None]:
    """Return dz = (a sum(y) - y) / B with a = softmax(z), and dy = -log a / B, or None for class numbers.

    The sum is 1 for a distribution, which leaves the a - y of the books.
    """
    a, y, more = cache
    scale = dout / len(a)
    if y.ndim == 2:
        return scale * (a * _sum(y, 1, keepdims=True) - y), -scale * more
    return scale * (a - more), None


#: Every loss and its backward, in the form of `functional.VJP`.
VJP: dict[Callable[..., tuple[Any, Any]], Callable[..., Gradients]] = pairs_of(__name__)


# --- what a shape can't say -------------------------------------------------------------------------


def _check_probabilities(**arrays: Array) -> None:
    """Refuse what can't be a probability. A gradient check may step a little over the edge."""
    for name, p in arrays.items():
        if p.min() < -1e-2 or p.max() > 1 + 1e-2:
            remedy = "For logits use a loss that ends in _with_logits; for labels -1 and 1, (y + 1) / 2."
            raise wrong(name, "numbers from 0 to 1", f"{p.min():.4g} to {p.max():.4g}", remedy)


def _check_classes(name: str, scores: Array, y: Array, onehot: Array) -> None:
    if np.count_nonzero(onehot) != len(y):
        expected = f"class numbers from 0 to {scores.shape[1] - 1}, one for each column of {name}"
        remedy = f"Count classes from 0, or give {name} more columns."
        raise wrong("y", expected, f"{y.min()} to {y.max()}", remedy)
