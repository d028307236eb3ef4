"""The standard normal distribution, which GELU needs and NumPy lacks.

Phi is read off a table and mended by one step of quadrature. It stands in a file of its own because 24,577
numbers have no place among formulas. It takes any array of floats and refuses nothing.
"""

import math

import numpy as np

from bplib.contract import Array

# Phi on a grid fine enough that one step of quadrature reaches every number in between. NumPy has no erf, and
# math.erfc on each entry is three times slower.
_STEPS = 512
_PHI = np.array([math.erfc(-k / _STEPS / math.sqrt(2)) / 2 for k in range(-39 * _STEPS, 9 * _STEPS + 1)])


def density(x: Array) -> Array:
    """Return phi(x) = exp(-x^2 / 2) / sqrt(2 pi), the standard normal density.

    >>> density(np.zeros(1)).round(6)
    array([0.398942])
    """
    phi: Array = np.exp(x * x / -2) / math.sqrt(2 * math.pi)
    return phi


def distribution(x: Array) -> Array:
    """Return Phi(x), the chance that a standard normal number falls below x, to rounding.

    From the nearest point of the grid, at distance d, by the midpoint rule with its first correction,
    d phi(m) (1 + phi''(m) / phi(m) d^2 / 24). Outside [-39, 9] Phi is 0 or 1 in float64.

    >>> distribution(np.array([0.0, 1.0])).round(6)
    array([0.5     , 0.841345])
    """
    inside = np.clip(x, -39, 9)
    k = np.rint(np.fmax(inside, -39) * _STEPS)  # fmax: NaN needs a place in the table too
    d = inside - k / _STEPS
    m = inside - d / 2
    below = _PHI[k.astype(int) + 39 * _STEPS] + d * density(m) * (1 + (m * m - 1) * (d * d) / 24)
    return np.asarray(below, x.dtype)
