"""Where training starts: arrays of weights with a chosen spread.

`functional` and `losses` said what to compute; this file says from which numbers to begin.
Each function takes a shape, a tuple of whole numbers, and a random generator, and returns a float64 array of
that shape. Anything else raises TypeError or ValueError.
"""

import math

import numpy as np

from bplib.contract import Array, check_number, check_rng, check_type, check_whole, wrong

Shape = tuple[int, ...]


def zeros(shape: Shape, rng: np.random.Generator | None = None) -> Array:
    """Zeros: right for biases, wrong for hidden weights.

    Hidden units that start equal receive equal gradients and stay equal, so a layer of them
    is worth one unit. A bias doesn't need breaking: its weights differ already.

    Parameters
    ----------
    shape : tuple of int
        Any shape.
    rng : np.random.Generator, optional
        Ignored; it is there so that every initialiser is called the same way.

    Examples
    --------
    >>> zeros((1, 3))
    array([[0., 0., 0.]])
    """
    return np.zeros(_check_shape(shape))


def normal(shape: Shape, rng: np.random.Generator, *, std: float = 1.0) -> Array:
    """Independent normal numbers with mean 0 and standard deviation `std`.

    Parameters
    ----------
    shape : tuple of int
        Any shape.
    rng : np.random.Generator
    std : float
        Standard deviation, 0 or more.

    Examples
    --------
    >>> W = normal((2, 1000), np.random.default_rng(0), std=0.01)
    >>> print(f"{W.std():.2f}")
    0.01
    """
    check_number("std", std, "Try std=0.01.", least=0)
    check_rng(rng)
    return rng.normal(0.0, std, _check_shape(shape))


def xavier(shape: Shape, rng: np.random.Generator) -> Array:
    """Xavier (Glorot) normal: variance 2 / (fan_in + fan_out).

    For a unit whose slope is near 1 around 0 (tanh, or no activation), variance 1 / fan_in keeps
    the spread of the forward signal and 1 / fan_out that of the backward one. The
    formula is the compromise between the two. Source: Glorot and Bengio 2010, equation 12.

    Parameters
    ----------
    shape : tuple of int
        (n_out, n_in), or a kernel (C_out, C_in, ...): its fans are the channels times the number of
        kernel cells.
    rng : np.random.Generator

    Examples
    --------
    >>> W = xavier((300, 100), np.random.default_rng(0))
    >>> print(f"{W.var() * (300 + 100) / 2:.1f}")
    1.0
    """
    fan_in, fan_out = _fans(shape)
    return normal(shape, rng, std=math.sqrt(2 / (fan_in + fan_out)))


def he(shape: Shape, rng: np.random.Generator) -> Array:
    """He (Kaiming) normal: variance 2 / fan_in, made for ReLU.

    A ReLU passes half of a symmetric signal, so the mean square of what comes out is half of what
    went in; the 2 gives it back. Source: He et al. 2015, equation 10.

    Parameters
    ----------
    shape : tuple of int
        (n_out, n_in), or a kernel (C_out, C_in, ...): its fan-in is C_in times the number of
        kernel cells.
    rng : np.random.Generator

    Examples
    --------
    >>> K = he((64, 16, 3, 3), np.random.default_rng(0))
    >>> print(f"{K.var() * (16 * 3 * 3) / 2:.1f}")
    1.0
    """
    fan_in, _ = _fans(shape)
    return normal(shape, rng, std=math.sqrt(2 / fan_in))


def orthogonal(shape: Shape, rng: np.random.Generator, *, gain: float = 1.0) -> Array:
    """Rows (or columns, whichever are fewer) of length `gain`, at right angles to one another.

    A square one turns vectors without stretching them: all singular values are `gain`, so a
    product of many neither grows nor shrinks at gain 1. Drawn uniformly: the Q of a normal
    matrix's QR, with the signs of R's diagonal made positive. Source: Saxe et al. 2014.

    Parameters
    ----------
    shape : tuple of int
        (n_out, n_in); a kernel (C_out, C_in, ...) is treated as (C_out, everything else).
    rng : np.random.Generator
    gain : float
        Every singular value; sqrt(2) is usual before a ReLU.

    Examples
    --------
    >>> W = orthogonal((3, 5), np.random.default_rng(0))
    >>> np.allclose(W @ W.T, np.eye(3), rtol=0, atol=1e-14)
    True
    """
    check_number("gain", gain, "Try gain=1.0.")
    fan_in, _ = _fans(shape)
    n_out = shape[0]
    tall = normal((max(n_out, fan_in), min(n_out, fan_in)), rng)
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))  # without this QR's own choice of signs would bias the draw
    return np.ascontiguousarray(gain * (q if n_out >= fan_in else q.T)).reshape(shape)


def _fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (n_out, n_in) or a kernel (C_out, C_in, ...)."""
    shape = _check_shape(shape)
    if len(shape) < 2:
        raise wrong("shape", "(n_out, n_in) or (C_out, C_in, ...)", shape, "For a bias use zeros or normal.")
    cells = math.prod(shape[2:])
    return shape[1] * cells, shape[0] * cells


def _check_shape(shape: Shape) -> Shape:
    check_type("shape", shape, tuple, "a tuple of whole numbers", "Write (3, 2), or (3,) for one axis.")
    for axis, n in enumerate(shape):
        check_whole(f"shape[{axis}]", n)
    return shape
