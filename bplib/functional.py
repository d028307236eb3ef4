"""Array operations as pure pairs: a function, and beside it the one that carries gradients back.

After `gradcheck` this adds rules worth checking. For one number a rule was its local derivatives; for arrays
those would be Jacobians, so the rule becomes a function, the vjp, that never forms them.

Every pair has one form, and `VJP` lists them all::

    out, cache = op(x, ..., option=value)       # arrays by position in PyTorch's order, options by keyword
    dx, ... = op_backward(dout, cache)          # always a tuple, an entry for each array argument, in order

- Nothing is changed in place: not the inputs, not `dout`, not the cache. No gradient shares memory with
  another, with `dout` or with an input. The cache may hold your arrays themselves, so leave them as they are
  until the backward is done.
- Array arguments are NumPy arrays of floats, all of one dtype, which the results keep. `dout` has the shape
  and dtype of `out`. Anything else raises TypeError or ValueError; nothing is broadcast silently.
- The gradient of an integer argument (`embedding`'s indices), or of a bias that was not given, is None.
- Ties: a rectifier's slope at 0 is that of its left side; max-pooling takes the first. NaN stays NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]
Gradients = tuple[Array | None, ...]

# np.dot and the bare reduction cost half of `@` and `.sum()` on the small arrays of a first network.
_dot = np.dot
_sum = np.add.reduce


# --- what an argument must be ---------------------------------------------------------------------


def _floats(names: str, *arrays: Array) -> None:
    """Refuse arguments that are not arrays of floats, all of one dtype. `names` is like "x W b"."""
    try:
        dtype = arrays[0].dtype
        for array in arrays[1:]:
            if array.dtype is not dtype:
                break
        else:
            if dtype.kind == "f":
                return
    except AttributeError:
        pass
    for name, array in zip(names.split(), arrays, strict=True):
        kind = getattr(getattr(array, "dtype", None), "kind", None)
        if kind is None:
            raise TypeError(
                f"{name}: expected a NumPy array of floats, got {type(array).__name__}. "
                f"Write np.asarray({name}, dtype=float)."
            )
        if kind != "f":
            raise TypeError(
                f"{name}: expected an array of floats, got dtype {array.dtype}, which can't hold a "
                f"gradient step. Write {name}.astype(float)."
            )
    dtypes = sorted({str(array.dtype) for array in arrays})
    if len(dtypes) > 1:
        raise TypeError(
            f"{', '.join(names.split())}: expected one dtype for all, got {' and '.join(dtypes)}. "
            f"Convert them to one, for example with .astype(np.float64)."
        )


def _like(dout: Array, shape: tuple[int, ...], dtype: Any) -> None:
    """Refuse an upstream gradient that does not have the shape and dtype of the output it belongs to."""
    try:
        if dout.shape == shape and dout.dtype == dtype:
            return
        came = f"shape {dout.shape} and dtype {dout.dtype}"
    except AttributeError:
        raise TypeError(
            f"dout: expected a NumPy array of shape {shape}, got {type(dout).__name__}. "
            f"Write np.asarray(dout, dtype=np.{dtype})."
        ) from None
    if dout.shape != shape:
        raise ValueError(
            f"dout: expected the output's shape {shape}, got {came}. dout is the gradient of the loss with "
            f"respect to the output, entry by entry."
        )
    raise TypeError(f"dout: expected the output's dtype {dtype}, got {came}. Write dout.astype(np.{dtype}).")


def _wrong_shape(name: str, array: Array, expected: str, remedy: str) -> ValueError:
    """Build the one message for a shape that does not fit."""
    return ValueError(f"{name}: expected shape {expected}, got {array.shape}. {remedy}")


def _check_rng(rng: np.random.Generator) -> None:
    """Refuse what is not a random generator, such as a seed."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a NumPy random generator; got {type(rng).__name__}. "
            f"Pass rng=np.random.default_rng(0), with a seed of your choice."
        )


def _check_whole(name: str, n: int, least: int = 1) -> None:
    """Refuse what is not a whole number, or one that is too small."""
    whole = isinstance(n, int | np.integer)
    if not (whole and n >= least):
        raise (ValueError if whole else TypeError)(
            f"{name} must be a whole number, at least {least}; got {n!r}. Write {name}={max(least, 10)}, say."
        )


def _per_axis(name: str, value: int | tuple[int, ...], least: int, axes: int = 2) -> tuple[Any, ...]:
    """Read an option that is one whole number for all axes, or a tuple with one for each."""
    each = value if isinstance(value, tuple) else (value,) * axes
    if len(each) != axes or not all(isinstance(n, (int, np.integer)) and n >= least for n in each):
        pair = ", or a pair of them" if axes == 2 else ""
        raise ValueError(
            f"{name}: expected a whole number of at least {least}{pair}, got {value!r}. "
            f"For example {name}={max(least, 1)}."
        )
    return each


# --- affine ---------------------------------------------------------------------------------------


def affine(x: Array, W: Array, b: Array) -> tuple[Array, Any]:
    """Multiply each row by a matrix and add a bias: one layer's z for a batch.

    Parameters
    ----------
    x : array of shape (B, n_in)
        One sample a row.
    W : array of shape (n_out, n_in)
    b : array of shape (n_out,)

    Returns
    -------
    out : array of shape (B, n_out)
        x W^T + b.
    cache
        What `affine_backward` needs.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = affine(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    >>> out
    array([[11.5]])
    >>> dx, dW, db = affine_backward(np.array([[2.0]]), cache)
    >>> dx, dW, db
    (array([[6., 8.]]), array([[2., 4.]]), array([2.]))
    """
    _floats("x W b", x, W, b)
    if not (x.ndim == W.ndim == 2 and W.shape == b.shape + x.shape[1:]):
        raise _misfit(x, W, b)
    out = _dot(x, W.T)
    out += b
    return out, (x, W)


def _misfit(x: Array, W: Array, b: Array) -> ValueError:
    """Say which argument of `affine` has the wrong shape."""
    if x.ndim != 2:
        remedies = {0: "Write x.reshape(1, 1) for one number.", 1: "Write x[None, :] for one sample."}
        remedy = remedies.get(x.ndim, "Write x.reshape(len(x), -1).")
        return _wrong_shape("x", x, "(B, n_in), one sample a row", remedy)
    if W.ndim != 2 or W.shape[1] != x.shape[1]:
        expected = f"(n_out, {x.shape[1]}) to go with x of shape {x.shape}"
        transposed = W.shape[:1] == x.shape[1:]
        remedy = "Is it transposed? Write W.T." if transposed else "Its columns are x's."
        return _wrong_shape("W", W, expected, remedy)
    return _wrong_shape("b", b, f"({len(W)},), one entry for each row of W", "Write b.reshape(-1).")


def affine_backward(dout: Array, cache: Any, *, needs_dx: bool = True) -> tuple[Array | None, Array, Array]:
    """Carry `dout` back through `affine`: dx = dout W, dW = dout^T x, db = the sum of dout's rows.

    With `needs_dx=False` the first entry is None, and a first layer saves a matrix product.
    """
    x, W = cache
    _like(dout, (x.shape[0], W.shape[0]), x.dtype)
    return (_dot(dout, W) if needs_dx else None), _dot(dout.T, x), _sum(dout, 0)


# --- activations, entry by entry ------------------------------------------------------------------


def _times(dout: Array, slope: Array) -> tuple[Array]:
    """Finish the vjp of any function that works entry by entry: its Jacobian is diagonal."""
    _like(dout, slope.shape, slope.dtype)
    return (dout * slope,)


def _is_positive(x: Array) -> Array:
    """Return 1.0 where x > 0, 0.0 where x <= 0 (the tie) and NaN where x is NaN."""
    return np.sign(np.maximum(x, 0))


def relu(x: Array) -> tuple[Array, Any]:
    """Keep what is positive: max(x, 0).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    out : array of x's shape
    cache
        The output: its sign is the slope.

    Raises
    ------
    TypeError
        If x is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = relu(np.array([-1.0, 0.0, 2.0]))
    >>> out
    array([0., 0., 2.])
    >>> relu_backward(np.ones(3), cache)
    (array([0., 0., 1.]),)
    """
    _floats("x", x)
    out = np.maximum(x, 0.0)
    return out, out


def relu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Pass `dout` where x was positive, 0 elsewhere. At 0 the slope is 0."""
    _like(dout, cache.shape, cache.dtype)
    dx = np.sign(cache)
    dx *= dout
    return (dx,)


def leaky_relu(x: Array, *, slope: float = 0.01) -> tuple[Array, Any]:
    """Keep what is positive and shrink what is not: x or slope x (Maas et al. 2013).

    Parameters
    ----------
    x : array of any shape
    slope : float
        The derivative where x <= 0.

    Returns
    -------
    out : array of x's shape
    cache
        The slope of each entry.

    Raises
    ------
    TypeError
        If x is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = leaky_relu(np.array([-1.0, 0.0, 2.0]), slope=0.1)
    >>> out
    array([-0.1,  0. ,  2. ])
    >>> leaky_relu_backward(np.ones(3), cache)
    (array([0.1, 0.1, 1. ]),)
    """
    _floats("x", x)
    slopes = slope + (1 - slope) * _is_positive(x)
    return x * slopes, slopes


def leaky_relu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by 1 where x was positive, by `slope` elsewhere."""
    return _times(dout, cache)


def elu(x: Array, *, alpha: float = 1.0) -> tuple[Array, Any]:
    """Keep what is positive and bend the rest towards -alpha: x or alpha (e^x - 1) (Clevert et al. 2016).

    Parameters
    ----------
    x : array of any shape
    alpha : float

    Returns
    -------
    out : array of x's shape
    cache
        x and alpha.

    Raises
    ------
    TypeError
        If x is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = elu(np.array([-1.0, 2.0]))
    >>> out.round(6)
    array([-0.632121,  2.      ])
    >>> elu_backward(np.ones(2), cache)[0].round(6)
    array([0.367879, 1.      ])
    """
    _floats("x", x)
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0)), (x, alpha)


def elu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by 1 where x was positive, by alpha e^x elsewhere."""
    x, alpha = cache
    positive = _is_positive(x)
    return _times(dout, positive + (1 - positive) * alpha * np.exp(np.minimum(x, 0)))


def _sigmoid(x: Array) -> tuple[Array, Array]:
    """Return sigma(x) = e^min(x, 0) / (1 + e) and e = exp(-|x|): no power here is positive."""
    e = np.exp(-np.abs(x))
    return np.exp(np.minimum(x, 0)) / (1 + e), e


def sigmoid(x: Array) -> tuple[Array, Any]:
    """Squash to (0, 1): 1 / (1 + e^-x).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    out : array of x's shape
    cache
        e = exp(-|x|).

    Raises
    ------
    TypeError
        If x is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = sigmoid(np.array([0.0, 40.0]))
    >>> out
    array([0.5, 1. ])
    >>> sigmoid_backward(np.ones(2), cache)[0]
    array([2.50000000e-01, 4.24835426e-18])
    """
    _floats("x", x)
    return _sigmoid(x)


def sigmoid_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by sigma(x) sigma(-x) = e / (1 + e)^2.

    Not by out (1 - out): from x = 37 on that is exactly 0, because `out` has rounded to 1.
    """
    return _times(dout, cache / (1 + cache) ** 2)


def tanh(x: Array) -> tuple[Array, Any]:
    """Squash to (-1, 1).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    out : array of x's shape
    cache
        x.

    Raises
    ------
    TypeError
        If x is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = tanh(np.array([0.0, 1.0]))
    >>> out.round(6)
    array([0.      , 0.761594])
    >>> tanh_backward(np.ones(2), cache)[0].round(6)
    array([1.      , 0.419974])
    """
    _floats("x", x)
    return np.tanh(x), x


def tanh_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by 4 e / (1 + e)^2, e = exp(-2|x|): 1 - tanh^2 without its cancellation."""
    e = np.exp(-2 * np.minimum(np.abs(cache), 1e4))  # at 1e4 it is 0 long since; twice 1e308 is no number
    return _times(dout, 4 * e / (1 + e) ** 2)


def softplus(x: Array) -> tuple[Array, Any]:
    """Smooth the rectifier: log(1 + e^x) (Dugas et al. 2001).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    out : array of x's shape
    cache
        x.

    Raises
    ------
    TypeError
        If x is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = softplus(np.array([0.0, 1e4]))
    >>> out
    array([6.93147181e-01, 1.00000000e+04])
    >>> softplus_backward(np.ones(2), cache)
    (array([0.5, 1. ]),)
    """
    _floats("x", x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), x


def softplus_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by sigma(x)."""
    return _times(dout, _sigmoid(cache)[0])


# Phi on a grid fine enough that one step of quadrature reaches every number in between. NumPy has no erf, and
# math.erfc on each entry is three times slower.
_STEPS = 512
_PHI = np.array([math.erfc(-k / _STEPS / math.sqrt(2)) / 2 for k in range(-39 * _STEPS, 9 * _STEPS + 1)])


def _density(x: Array) -> Array:
    """Return phi(x), the standard normal density."""
    return np.exp(x * x / -2) / math.sqrt(2 * math.pi)


def _distribution(x: Array) -> Array:
    """Return Phi(x), the chance that a standard normal number falls below x, to rounding.

    From the nearest point of the grid, at distance d, by the midpoint rule with its first correction,
    d phi(m) (1 + phi''(m) / phi(m) d^2 / 24). Outside [-39, 9] Phi is 0 or 1 in float64.
    """
    inside = np.clip(x, -39, 9)
    k = np.rint(np.fmax(inside, -39) * _STEPS)  # fmax: NaN needs a place in the table too
    d = inside - k / _STEPS
    m = inside - d / 2
    below = _PHI[k.astype(int) + 39 * _STEPS] + d * _density(m) * (1 + (m * m - 1) * (d * d) / 24)
    return np.asarray(below, x.dtype)


def gelu(x: Array) -> tuple[Array, Any]:
    """Weigh x by the chance that a standard normal number is smaller: x Phi(x).

    The exact form, not the tanh approximation (Hendrycks and Gimpel 2016).

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    out : array of x's shape
    cache
        x and Phi(x).

    Raises
    ------
    TypeError
        If x is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = gelu(np.array([-1.0, 0.0, 1.0]))
    >>> out.round(6)
    array([-0.158655,  0.      ,  0.841345])
    >>> gelu_backward(np.ones(3), cache)[0].round(6)
    array([-0.083315,  0.5     ,  1.083315])
    """
    _floats("x", x)
    below = _distribution(x)
    return x * below, (x, below)


def gelu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by Phi(x) + x phi(x), phi the standard normal density."""
    x, below = cache
    x = np.clip(x, -39, 39)  # phi is 0 from there on, and the square of 1e200 is no number
    return _times(dout, below + x * _density(x))


# --- softmax --------------------------------------------------------------------------------------


def _shifted(x: Array, axis: int) -> Array:
    """Take the largest score off: in a softmax it cancels, and nothing can overflow."""
    if not x.size and not x.shape[axis]:
        raise ValueError(
            f"x: expected at least one score along axis {axis}, got shape {x.shape}. Leave an empty axis "
            f"out: no probabilities can't sum to 1."
        )
    shifted: Array = x - x.max(axis=axis, keepdims=True)
    return shifted


def softmax(x: Array, *, axis: int = -1) -> tuple[Array, Any]:
    """Turn scores into probabilities along an axis: e^x_i / sum_j e^x_j.

    Parameters
    ----------
    x : array with at least one axis
    axis : int
        The axis along which the output sums to 1.

    Returns
    -------
    out : array of x's shape
    cache
        The output and the axis.

    Raises
    ------
    TypeError
        If x is not an array of floats.
    ValueError
        If x has no such axis, or nothing along it.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = softmax(np.array([[0.0, 0.0, 1e4]]))
    >>> out
    array([[0., 0., 1.]])
    >>> out, cache = softmax(np.array([[0.0, 0.0]]))
    >>> softmax_backward(np.array([[1.0, 0.0]]), cache)
    (array([[ 0.25, -0.25]]),)
    """
    _floats("x", x)
    e = np.exp(_shifted(x, axis))
    out = e / e.sum(axis=axis, keepdims=True)
    return out, (out, axis)


def softmax_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply by the full Jacobian, diag(a) - a a^T: dx = a (dout - sum(a dout))."""
    a, axis = cache
    _like(dout, a.shape, a.dtype)
    return (a * (dout - (a * dout).sum(axis=axis, keepdims=True)),)


def log_softmax(x: Array, *, axis: int = -1) -> tuple[Array, Any]:
    """Take the logarithm of softmax without forming it: x_i - log sum_j e^x_j.

    Parameters
    ----------
    x : array with at least one axis
    axis : int

    Returns
    -------
    out : array of x's shape
    cache
        The output and the axis.

    Raises
    ------
    TypeError
        If x is not an array of floats.
    ValueError
        If x has no such axis, or nothing along it.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = log_softmax(np.array([[0.0, 1e4]]))
    >>> out
    array([[-10000.,      0.]])
    >>> log_softmax_backward(np.array([[1.0, 0.0]]), cache)
    (array([[ 1., -1.]]),)
    """
    _floats("x", x)
    shifted = _shifted(x, axis)
    out = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return out, (out, axis)


def log_softmax_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Return dx = dout - softmax(x) sum(dout)."""
    out, axis = cache
    _like(dout, out.shape, out.dtype)
    return (dout - np.exp(out) * dout.sum(axis=axis, keepdims=True),)


# --- norms ----------------------------------------------------------------------------------------


def _normalize(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array, Array, Array]:
    """Return xhat = (x - mean) / std over the axes, with 1 / std, the mean and the variance."""
    mean = x.mean(axis=axes, keepdims=True)
    centered = x - mean
    var = (centered * centered).mean(axis=axes, keepdims=True)
    inverse_std = 1 / np.sqrt(var + eps)
    return centered * inverse_std, inverse_std, mean, var


def _normalize_backward(dxhat: Array, xhat: Array, inverse_std: Array, axes: tuple[int, ...]) -> Array:
    """Take out of dxhat what the mean and the standard deviation took out of x: every dx has sum 0."""
    along = (dxhat * xhat).mean(axis=axes, keepdims=True)
    dx: Array = inverse_std * (dxhat - dxhat.mean(axis=axes, keepdims=True) - xhat * along)
    return dx


def layer_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> tuple[Array, Any]:
    """Normalise each sample over its last axes, then scale and shift: gamma xhat + beta (Ba et al. 2016).

    Parameters
    ----------
    x : array of shape (..., n), or with more trailing axes
    gamma, beta : arrays of the shape of x's last axes
        Their shape says over which axes the mean and the variance run.
    eps : float
        Added to the variance.

    Returns
    -------
    out : array of x's shape
    cache
        What `layer_norm_backward` needs.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If gamma's or beta's shape does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = layer_norm(np.array([[1.0, 3.0]]), np.array([1.0, 2.0]), np.zeros(2), eps=0.0)
    >>> out
    array([[-1.,  2.]])
    >>> layer_norm_backward(np.array([[1.0, 1.0]]), cache)
    (array([[0., 0.]]), array([-1.,  1.]), array([1., 1.]))
    """
    _floats("x gamma beta", x, gamma, beta)
    if gamma.ndim == 0 or gamma.shape != x.shape[x.ndim - gamma.ndim :]:
        raise _wrong_shape(
            "gamma",
            gamma,
            f"of the last axes of x, {x.shape}",
            f"For the last axis: np.ones({x.shape[-1:]}).",
        )
    if beta.shape != gamma.shape:
        raise _wrong_shape("beta", beta, f"of gamma, {gamma.shape}", f"Write np.zeros({gamma.shape}).")
    axes = tuple(range(-gamma.ndim, 0))
    xhat, inverse_std, _, _ = _normalize(x, axes, eps)
    return gamma * xhat + beta, (xhat, inverse_std, gamma)


def layer_norm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Carry `dout` back through `layer_norm`: gamma stands inside both means (dxhat = gamma dout)."""
    xhat, inverse_std, gamma = cache
    _like(dout, xhat.shape, xhat.dtype)
    leading = tuple(range(xhat.ndim - gamma.ndim))
    dx = _normalize_backward(dout * gamma, xhat, inverse_std, tuple(range(-gamma.ndim, 0)))
    # A sum over no axes would hand back dout's own memory.
    dbeta = dout.sum(axis=leading) if leading else dout.copy()
    return dx, (dout * xhat).sum(axis=leading), dbeta


class BatchNormCache(NamedTuple):
    """What `batch_norm` saves; a training loop reads the new running statistics here."""

    xhat: Array
    inverse_std: Array
    gamma: Array
    train: bool
    running_mean: Array
    running_var: Array


def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    *,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    train: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Array, BatchNormCache]:
    """Normalise each channel over the batch, then scale and shift (Ioffe and Szegedy 2015).

    Parameters
    ----------
    x : array of shape (B, C) or (B, C, ...)
    gamma, beta : arrays of shape (C,)
    running_mean, running_var : arrays of shape (C,), optional
        Averages over earlier batches; 0 and 1 if not given. They are read, never changed.
    train : bool
        True: use this batch's mean and variance. False: use the running ones, which must then be given.
    momentum : float
        The weight of this batch in the new running statistics, as in PyTorch.
    eps : float
        Added to the variance.

    Returns
    -------
    out : array of x's shape
    cache : BatchNormCache
        Its `running_mean` and `running_var` are the statistics to keep for the next batch. The
        variance kept is the unbiased one, as in PyTorch.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If the shapes do not fit, a channel has a single entry in training, or running statistics are missing.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = batch_norm(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=0.0)
    >>> out
    array([[-1.],
           [ 1.]])
    >>> cache.running_mean, cache.running_var
    (array([0.2]), array([1.1]))
    >>> dx, dgamma, dbeta = batch_norm_backward(np.array([[1.0], [0.0]]), cache)
    >>> dx.ravel(), dgamma, dbeta
    (array([0., 0.]), array([-1.]), array([1.]))
    """
    _floats("x gamma beta", x, gamma, beta)
    if x.ndim < 2:
        raise _wrong_shape("x", x, "(B, C) or (B, C, ...)", "Write x[:, None] for one channel.")
    C = x.shape[1]
    mean = np.zeros(C, x.dtype) if running_mean is None else running_mean
    var = np.ones(C, x.dtype) if running_var is None else running_var
    _floats("x running_mean running_var", x, mean, var)
    names = {"gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    for name, array in names.items():
        if array.shape != (C,):
            fresh = "ones" if name in ("gamma", "running_var") else "zeros"
            expected = f"({C},), one entry for each channel x.shape[1]"
            raise _wrong_shape(name, array, expected, f"To start anew, np.{fresh}({C}).")
    axes, per_channel = (0, *range(2, x.ndim)), (C,) + (1,) * (x.ndim - 2)
    if train:
        n = x.size // C if C else 0
        if n < 2:
            raise ValueError(
                f"x: expected at least two entries for each channel in training, got shape {x.shape}: "
                f"with one, the variance is 0 and the output constant. Use a larger batch, or train=False."
            )
        xhat, inverse_std, batch_mean, batch_var = _normalize(x, axes, eps)
        mean = (1 - momentum) * mean + momentum * batch_mean.reshape(C)
        var = (1 - momentum) * var + momentum * batch_var.reshape(C) * (n / (n - 1))
    else:
        if running_mean is None or running_var is None:
            raise ValueError(
                "running_mean, running_var: expected arrays when train=False, got None. Pass what training "
                "returned in its cache."
            )
        inverse_std = 1 / np.sqrt(var.reshape(per_channel) + eps)
        xhat = (x - mean.reshape(per_channel)) * inverse_std
    out = gamma.reshape(per_channel) * xhat + beta.reshape(per_channel)
    return out, BatchNormCache(xhat, inverse_std, gamma, train, mean, var)


def batch_norm_backward(dout: Array, cache: BatchNormCache) -> tuple[Array, Array, Array]:
    """Carry `dout` back through `batch_norm`. In evaluation the statistics are constants."""
    xhat, inverse_std, gamma, train, _, _ = cache
    _like(dout, xhat.shape, xhat.dtype)
    axes = (0, *range(2, xhat.ndim))
    dxhat = dout * gamma.reshape((-1,) + (1,) * (xhat.ndim - 2))
    dx = _normalize_backward(dxhat, xhat, inverse_std, axes) if train else dxhat * inverse_std
    return dx, (dout * xhat).sum(axis=axes), dout.sum(axis=axes)


# --- dropout, flatten, embedding ------------------------------------------------------------------


def dropout(x: Array, *, p: float = 0.5, rng: np.random.Generator, train: bool = True) -> tuple[Array, Any]:
    """Set each entry to 0 with probability p and scale the others by 1 / (1 - p) (Srivastava et al. 2014).

    Parameters
    ----------
    x : array of any shape
    p : float
        From 0 up to, not including, 1.
    rng : numpy.random.Generator
        Where the mask comes from; drawing moves it on.
    train : bool
        False: nothing is dropped.

    Returns
    -------
    out : array of x's shape
        Its expectation is x, so evaluation needs no scaling.
    cache
        The mask, 0 or 1 / (1 - p).

    Raises
    ------
    TypeError
        If x is not an array of floats, or rng is not a Generator.
    ValueError
        If p is outside [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> out, mask = dropout(np.ones(4), p=0.5, rng=np.random.default_rng(0))
    >>> out
    array([2., 0., 0., 0.])
    >>> dropout_backward(np.ones(4), mask)
    (array([2., 0., 0., 0.]),)
    """
    _floats("x", x)
    if not 0 <= p < 1:
        raise ValueError(f"p: expected a probability from 0 up to, not including, 1, got {p!r}. Try p=0.5.")
    _check_rng(rng)
    kept = rng.random(x.shape) >= p if train else np.ones(x.shape)
    mask = np.asarray(kept / ((1 - p) if train else 1), dtype=x.dtype)
    return x * mask, mask


def dropout_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by the same mask."""
    return _times(dout, cache)


def flatten(x: Array) -> tuple[Array, Any]:
    """Lay each sample out as one row, as between a convolution and an affine layer.

    Parameters
    ----------
    x : array of shape (B, ...)

    Returns
    -------
    out : array of shape (B, n)
    cache
        x's shape and dtype.

    Raises
    ------
    TypeError
        If x is not an array of floats.
    ValueError
        If x has no axes.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = flatten(np.zeros((2, 3, 4)))
    >>> out.shape, flatten_backward(np.ones((2, 12)), cache)[0].shape
    ((2, 12), (2, 3, 4))
    """
    _floats("x", x)
    if x.ndim == 0:
        raise _wrong_shape("x", x, "(B, ...)", "Write x.reshape(1, 1).")
    return x.reshape(x.shape[0], math.prod(x.shape[1:])).copy(), (x.shape, x.dtype)


def flatten_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Give `dout` the input's shape back."""
    shape, dtype = cache
    _like(dout, (shape[0], math.prod(shape[1:])), dtype)
    return (dout.reshape(shape).copy(),)


def embedding(indices: Array, weight: Array) -> tuple[Array, Any]:
    """Look up a row of a table for each index: weight[indices].

    Parameters
    ----------
    indices : integer array of any shape
    weight : array of shape (V, D)

    Returns
    -------
    out : array of shape (*indices.shape, D)
    cache
        The indices, and weight's shape and dtype.

    Raises
    ------
    TypeError
        If the indices are not integers or weight not floats.
    ValueError
        If weight is not two-dimensional, or an index has no row.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = embedding(np.array([2, 0, 2]), np.array([[1.0], [2.0], [3.0]]))
    >>> out.ravel()
    array([3., 1., 3.])
    >>> nothing, dweight = embedding_backward(np.ones((3, 1)), cache)
    >>> nothing, dweight.ravel()
    (None, array([1., 0., 2.]))
    """
    _floats("weight", weight)
    if getattr(getattr(indices, "dtype", None), "kind", None) not in ("i", "u"):
        came = getattr(indices, "dtype", type(indices).__name__)
        raise TypeError(
            f"indices: expected an integer array, got {came}. Write np.asarray(indices, dtype=int)."
        )
    if weight.ndim != 2:
        raise _wrong_shape(
            "weight", weight, "(V, D), one row for each index", "Write weight[:, None] for D = 1."
        )
    if indices.size and not (indices.min() >= 0 and indices.max() < len(weight)):
        raise ValueError(
            f"indices: expected numbers from 0 to {len(weight) - 1}, one row of weight each, got "
            f"{indices.min()} to {indices.max()}. Map unknown words to a row of their own."
        )
    return weight.take(indices, axis=0), (indices, weight.shape, weight.dtype)


def embedding_backward(dout: Array, cache: Any) -> tuple[None, Array]:
    """Add each row of `dout` to the row it was read from: a gather's transpose is a scatter-add."""
    indices, shape, dtype = cache
    _like(dout, (*indices.shape, shape[1]), dtype)
    dweight = np.zeros(shape, dtype)
    # Entry by entry, because np.add.at is three times slower on rows.
    entries = indices.astype(np.intp).reshape(-1, 1) * shape[1] + np.arange(shape[1])
    np.add.at(dweight.reshape(-1), entries.reshape(-1), dout.reshape(-1))
    return None, dweight


# --- convolution and pooling ----------------------------------------------------------------------


def _patches(x: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Array:
    """View (B, C, H, W) as (B, C, kH, kW, H_out, W_out): for each tap of the kernel, the entries it meets."""
    windows = sliding_window_view(x, kernel, axis=(2, 3))
    taps: Array = windows[:, :, :: stride[0], :: stride[1]].transpose(0, 1, 4, 5, 2, 3)
    return taps


def _columns(patches: Array) -> Array:
    """Copy patches out as matrices, (B, C kH kW, H_out W_out)."""
    B, C, kH, kW, H, W = patches.shape
    return patches.reshape(B, C * kH * kW, H * W)


def _scatter(
    shape: tuple[int, ...],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    like: Array,
    dtap: Callable[[int, int], Array],
) -> Array:
    """Transpose `_patches`: add dtap(i, j), the gradient of what tap (i, j) met, where it was met."""
    (kH, kW), (sH, sW), (H, W) = kernel, stride, like.shape[2:]
    dx = np.zeros(shape, like.dtype)
    for i in range(kH):
        for j in range(kW):
            dx[:, :, i : i + sH * H : sH, j : j + sW * W : sW] += dtap(i, j)
    return dx


def _check_conv(x: Array, W: Array, b: Array | None, axes: str, kernel: str) -> None:
    """Refuse shapes that do not fit together, naming the axes that the kernel slides along."""
    _floats("x W b", x, W, b) if b is not None else _floats("x W", x, W)
    ndim = 2 + len(axes.split())
    if x.ndim != ndim:
        raise _wrong_shape("x", x, f"(B, C_in, {axes})", "Write x[None] for one sample.")
    if W.ndim != ndim or W.shape[1] != x.shape[1]:
        raise _wrong_shape(
            "W", W, f"(C_out, {x.shape[1]}, {kernel}) to go with x of shape {x.shape}", "Its axis 1 is x's."
        )
    if b is not None and b.shape != W.shape[:1]:
        raise _wrong_shape(
            "b", b, f"({W.shape[0]},), an entry for each output channel", "Write b.reshape(-1)."
        )


def _check_fits(x: Array, kernel: tuple[int, ...], padding: tuple[int, ...]) -> None:
    """Refuse a kernel that is larger than what it slides over."""
    room = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    if any(k > n or k == 0 for k, n in zip(kernel, room, strict=True)):
        padded = " with padding" if any(padding) else ""
        raise ValueError(
            f"x: expected at least as many entries as the kernel {kernel} along each axis, got {room}{padded}"
            f". Use a smaller kernel or a larger x."
        )


def conv2d(
    x: Array,
    W: Array,
    b: Array | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> tuple[Array, Any]:
    """Slide kernels over images: cross-correlation, called convolution (LeCun et al. 1989).

    out[n, o, r, c] = b[o] + sum over i, u, v of W[o, i, u, v] x[n, i, r stride + u, c stride + v].

    Parameters
    ----------
    x : array of shape (B, C_in, H, W)
    W : array of shape (C_out, C_in, kH, kW)
    b : array of shape (C_out,), optional
    stride : int or pair
    padding : int or pair
        Rows and columns of zeros added on each side.

    Returns
    -------
    out : array of shape (B, C_out, H_out, W_out)
        H_out = (H + 2 padding - kH) // stride + 1, and W_out alike.
    cache
        What `conv2d_backward` needs.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If the shapes do not fit, or stride or padding is not a whole number.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> W = np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    >>> out, cache = conv2d(x, W)
    >>> out[0, 0]
    array([[-4., -4.],
           [-4., -4.]])
    >>> dx, dW, db = conv2d_backward(np.ones((1, 1, 2, 2)), cache)
    >>> dx[0, 0]
    array([[ 1.,  1.,  0.],
           [ 1.,  0., -1.],
           [ 0., -1., -1.]])
    >>> dW[0, 0], db
    (array([[ 8., 12.],
           [20., 24.]]), None)
    """
    _check_conv(x, W, b, "H, W", "kH, kW")
    stride, padding = _per_axis("stride", stride, 1), _per_axis("padding", padding, 0)
    _check_fits(x, W.shape[2:], padding)
    if any(padding):
        x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    patches = _patches(x, W.shape[2:], stride)
    # Patches as columns: the whole convolution is one matrix product a sample, in the output's layout.
    columns = _columns(patches)
    out = (W.reshape(len(W), columns.shape[1]) @ columns).reshape(len(x), len(W), *patches.shape[4:])
    if b is not None:
        out += b[:, None, None]
    # The columns are kH kW times as large as x: cheaper to copy them out again than to keep them.
    return out, (x, W, out.shape, b is not None, stride, padding)


def conv2d_backward(
    dout: Array, cache: Any, *, needs_dx: bool = True
) -> tuple[Array | None, Array, Array | None]:
    """Carry `dout` back through `conv2d`.

    dx spreads each entry of dout over the patch it came from (the flipped kernel slid over dout), dW
    correlates x with dout, db sums dout over all but the channels. With `needs_dx=False` the first entry is
    None.
    """
    x, W, out_shape, has_b, stride, padding = cache
    _like(dout, out_shape, W.dtype)
    rows = dout.reshape(*out_shape[:2], math.prod(out_shape[2:]))
    columns = _columns(_patches(x, W.shape[2:], stride))
    dW = (rows @ columns.swapaxes(1, 2)).sum(axis=0).reshape(W.shape)
    db = rows.sum(axis=(0, 2)) if has_b else None
    if not needs_dx:
        return None, dW, db

    def dtap(i: int, j: int) -> Array:
        product: Array = W[:, :, i, j].T @ rows
        return product.reshape(*x.shape[:2], *out_shape[2:])

    dx = _scatter(x.shape, W.shape[2:], stride, dout, dtap)
    top, left = padding
    return dx[:, :, top : x.shape[2] - top, left : x.shape[3] - left], dW, db


def conv1d(
    x: Array, W: Array, b: Array | None = None, *, stride: int = 1, padding: int = 0
) -> tuple[Array, Any]:
    """Slide kernels along sequences: `conv2d` on images one row high.

    Parameters
    ----------
    x : array of shape (B, C_in, T)
    W : array of shape (C_out, C_in, k)
    b : array of shape (C_out,), optional
    stride, padding : int

    Returns
    -------
    out : array of shape (B, C_out, (T + 2 padding - k) // stride + 1)
    cache
        What `conv1d_backward` needs.

    Raises
    ------
    TypeError
        If an argument is not an array of floats, or the dtypes differ.
    ValueError
        If the shapes do not fit, or stride or padding is not a whole number.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]]))
    >>> out
    array([[[1., 2.]]])
    >>> dx, dW, db = conv1d_backward(np.ones((1, 1, 2)), cache)
    >>> dx, dW, db
    (array([[[-1.,  0.,  1.]]]), array([[[3., 6.]]]), None)
    """
    _check_conv(x, W, b, "T", "k")
    along, beyond = _per_axis("stride", stride, 1, axes=1), _per_axis("padding", padding, 0, axes=1)
    _check_fits(x, W.shape[2:], beyond)
    out, cache = conv2d(x[:, :, None], W[:, :, None], b, stride=(1, *along), padding=(0, *beyond))
    return out[:, :, 0], cache


def conv1d_backward(
    dout: Array, cache: Any, *, needs_dx: bool = True
) -> tuple[Array | None, Array, Array | None]:
    """Carry `dout` back through `conv1d`."""
    _like(dout, (*cache[2][:2], cache[2][3]), cache[1].dtype)
    dx, dW, db = conv2d_backward(dout[:, :, None], cache, needs_dx=needs_dx)
    return (None if dx is None else dx[:, :, 0]), dW[:, :, 0], db


def _pooled(
    x: Array, kernel_size: int | tuple[int, int], stride: int | tuple[int, int] | None
) -> tuple[Array, Any]:
    """Return x's windows as (B, C, kH kW, H_out, W_out), and what `_scatter` needs to undo that."""
    _floats("x", x)
    if x.ndim != 4:
        raise _wrong_shape("x", x, "(B, C, H, W)", "Write x[None] for one sample.")
    kernel = _per_axis("kernel_size", kernel_size, 1)
    stride = kernel if stride is None else _per_axis("stride", stride, 1)
    _check_fits(x, kernel, (0, 0))
    taps = _patches(x, kernel, stride)
    return taps.reshape(*x.shape[:2], math.prod(kernel), *taps.shape[4:]), (x.shape, kernel, stride)


def max_pool2d(
    x: Array, *, kernel_size: int | tuple[int, int], stride: int | tuple[int, int] | None = None
) -> tuple[Array, Any]:
    """Keep the largest entry of each window (Ranzato et al. 2007).

    Parameters
    ----------
    x : array of shape (B, C, H, W)
    kernel_size : int or pair
    stride : int or pair, optional
        The kernel's size if not given.

    Returns
    -------
    out : array of shape (B, C, H_out, W_out)
    cache
        Which tap won in each window; the first of a tie, or of several NaN.

    Raises
    ------
    TypeError
        If x is not an array of floats.
    ValueError
        If x has not four axes, or the window does not fit into it.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = max_pool2d(np.array([[[[1.0, 5.0], [5.0, 2.0]]]]), kernel_size=2)
    >>> out.item()
    5.0
    >>> max_pool2d_backward(np.ones((1, 1, 1, 1)), cache)[0][0, 0]
    array([[0., 1.],
           [0., 0.]])
    """
    taps, undo = _pooled(x, kernel_size, stride)
    winner = taps.argmax(axis=2)
    return np.take_along_axis(taps, winner[:, :, None], axis=2)[:, :, 0], (winner, x.dtype, undo)


def max_pool2d_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Give each entry of `dout` to the entry that won its window; where windows overlap, sum."""
    winner, dtype, (shape, kernel, stride) = cache
    _like(dout, winner.shape, dtype)
    return (_scatter(shape, kernel, stride, dout, lambda i, j: dout * (winner == i * kernel[1] + j)),)


def avg_pool2d(
    x: Array, *, kernel_size: int | tuple[int, int], stride: int | tuple[int, int] | None = None
) -> tuple[Array, Any]:
    """Take the mean of each window.

    Parameters
    ----------
    x : array of shape (B, C, H, W)
    kernel_size : int or pair
    stride : int or pair, optional
        The kernel's size if not given.

    Returns
    -------
    out : array of shape (B, C, H_out, W_out)
    cache
        Shapes.

    Raises
    ------
    TypeError
        If x is not an array of floats.
    ValueError
        If x has not four axes, or the window does not fit into it.

    Examples
    --------
    >>> import numpy as np
    >>> out, cache = avg_pool2d(np.array([[[[1.0, 5.0], [5.0, 1.0]]]]), kernel_size=2)
    >>> out.item()
    3.0
    >>> avg_pool2d_backward(np.ones((1, 1, 1, 1)), cache)[0][0, 0]
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    taps, undo = _pooled(x, kernel_size, stride)
    out: Array = taps.mean(axis=2)
    return out, (out.shape, x.dtype, undo)


def avg_pool2d_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Share each entry of `dout` equally among its window."""
    out_shape, dtype, (shape, kernel, stride) = cache
    _like(dout, out_shape, dtype)
    share = dout / math.prod(kernel)
    return (_scatter(shape, kernel, stride, dout, lambda i, j: share),)


# --- attention ------------------------------------------------------------------------------------


def attention(q: Array, k: Array, v: Array, *, mask: Array | None = None) -> tuple[Array, Any]:
    """Mix values by how well queries match keys: softmax(q k^T / sqrt(d)) v (Vaswani et al. 2017).

    Parameters
    ----------
    q : array of shape (..., T, d)
    k : array of shape (..., S, d)
    v : array of shape (..., S, d_v)
        The leading axes of q, k and v are the same.
    mask : boolean array that broadcasts to (..., T, S), optional
        True where a query may look. `np.tri(T, dtype=bool)` hides the future.

    Returns
    -------
    out : array of shape (..., T, d_v)
    cache
        What `attention_backward` needs; its last entry is the weights, of shape (..., T, S).

    Raises
    ------
    TypeError
        If an argument is not an array of floats, the dtypes differ, or the mask is not boolean.
    ValueError
        If the shapes do not fit, or the mask hides every key from some query.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.zeros((1, 2)), np.eye(2), np.array([[1.0], [3.0]])
    >>> out, cache = attention(q, k, v)
    >>> out
    array([[2.]])
    >>> dq, dk, dv = attention_backward(np.ones((1, 1)), cache)
    >>> dv.ravel()
    array([0.5, 0.5])
    """
    _floats("q k v", q, k, v)
    if q.ndim < 2:
        raise _wrong_shape("q", q, "(..., T, d)", "Write q[None, :] for one query.")
    if k.shape != (*q.shape[:-2], *k.shape[-2:-1], q.shape[-1]):
        raise _wrong_shape(
            "k", k, f"(..., S, d) with q's leading axes and d, q being {q.shape}", "Is it transposed?"
        )
    if not (k.shape[-2] and k.shape[-1]):
        raise _wrong_shape("k", k, "(..., S, d) with S and d at least 1", "Give the queries a key to match.")
    if v.shape[:-1] != k.shape[:-1]:
        raise _wrong_shape(
            "v", v, f"{k.shape[:-1]} and one more axis: a value for each key", "Is it transposed?"
        )
    scores = q @ k.swapaxes(-1, -2)
    scores /= math.sqrt(q.shape[-1])
    if mask is not None:
        if getattr(mask, "dtype", None) != np.bool_:
            raise TypeError(
                f"mask: expected a boolean array, True where a query may look, got "
                f"{getattr(mask, 'dtype', type(mask).__name__)}. Write np.asarray(mask, dtype=bool)."
            )
        if mask.ndim > scores.ndim or any(
            n not in (1, m) for n, m in zip(mask.shape[::-1], scores.shape[::-1], strict=False)
        ):
            raise _wrong_shape(
                "mask", mask, f"one that broadcasts to {scores.shape}", "It has T rows and S columns."
            )
        if not mask.any(axis=-1).all():
            raise ValueError(
                "mask: expected a True for every query, got a row of False. Let it see its own place."
            )
        scores = np.where(mask, scores, -np.inf)
    weights, _ = softmax(scores)
    return weights @ v, (q, k, v, weights)


def attention_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Carry `dout` back through `attention`: two matrix products, the softmax between them, two more."""
    q, k, v, weights = cache
    _like(dout, (*weights.shape[:-1], v.shape[-1]), q.dtype)
    (dscores,) = softmax_backward(dout @ v.swapaxes(-1, -2), (weights, -1))
    dscores /= math.sqrt(q.shape[-1])
    return dscores @ k, dscores.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dout


#: Every forward function and its backward. The tests walk over it, so nothing public is left unchecked.
VJP: dict[Callable[..., tuple[Array, Any]], Callable[..., Gradients]] = {
    affine: affine_backward,
    relu: relu_backward,
    leaky_relu: leaky_relu_backward,
    elu: elu_backward,
    sigmoid: sigmoid_backward,
    tanh: tanh_backward,
    softplus: softplus_backward,
    gelu: gelu_backward,
    softmax: softmax_backward,
    log_softmax: log_softmax_backward,
    layer_norm: layer_norm_backward,
    batch_norm: batch_norm_backward,
    dropout: dropout_backward,
    flatten: flatten_backward,
    embedding: embedding_backward,
    conv1d: conv1d_backward,
    conv2d: conv2d_backward,
    max_pool2d: max_pool2d_backward,
    avg_pool2d: avg_pool2d_backward,
    attention: attention_backward,
}
