"""Small data sets to learn from: made here from a generator or kept beside this file, nothing downloaded.

Everything before this file works on any arrays; this one adds arrays worth learning. X holds one sample a
row. Where two classes are told apart, y is a column of 0 and 1, as one output unit is compared with it by
`mse` and `bce`; where there may be more, y holds whole numbers, as `cross_entropy` takes them.
"""

from importlib import resources

import numpy as np

from bplib.contract import Array, check_number, check_rng, check_whole


def xor() -> tuple[Array, Array]:
    """Return the four corners of a square; y is 1 where the two inputs differ.

    No straight line separates the classes, so a network without a hidden layer can't learn them.
    Source: Minsky and Papert 1969.

    Returns
    -------
    X : ndarray of shape (4, 2)
        The corners, 0 and 1.
    y : ndarray of shape (4, 1)
        1 where they differ.

    Examples
    --------
    >>> X, y = xor()
    >>> np.hstack([X, y])
    array([[0., 0., 0.],
           [0., 1., 1.],
           [1., 0., 1.],
           [1., 1., 0.]])
    """
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return X, np.array([[0.0], [1.0], [1.0], [0.0]])


def quadrants(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Points spread evenly over a square; y is 1 where the two coordinates have the same sign.

    XOR with room between the corners: neighbouring quadrants differ, opposite ones agree.

    Parameters
    ----------
    n : int
        How many points.
    rng : np.random.Generator
        Where the random numbers come from.

    Returns
    -------
    X : ndarray of shape (n, 2)
        Points in [-1, 1) x [-1, 1).
    y : ndarray of shape (n, 1)
        0 or 1.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a whole number of at least 1 or `rng` is no generator.

    Examples
    --------
    >>> X, y = quadrants(100, np.random.default_rng(0))
    >>> bool(np.all((X.prod(axis=1) > 0) == y[:, 0]))
    True
    """
    check_whole("n", n)
    check_rng(rng)
    X = rng.uniform(-1.0, 1.0, (n, 2))
    return X, (X[:, :1] * X[:, 1:] > 0).astype(float)


def moons(n: int, rng: np.random.Generator, *, noise: float = 0.1) -> tuple[Array, Array]:
    """Two half circles, each reaching into the other.

    Parameters
    ----------
    n : int
        How many points; the first class gets one more where n is odd.
    rng : np.random.Generator
        Where the random numbers come from.
    noise : float
        Standard deviation of what is added to each coordinate; the half circles have radius 1.

    Returns
    -------
    X : ndarray of shape (n, 2)
        The points, in random order.
    y : ndarray of shape (n, 1)
        0 on the upper half circle, 1 on the lower.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a whole number of at least 1, `rng` is no generator, or `noise` is below 0.

    Examples
    --------
    >>> X, y = moons(100, np.random.default_rng(0))
    >>> X.shape, y.shape, int(y.sum())
    ((100, 2), (100, 1), 50)
    """
    lower = _deal(n, 2, rng)
    angle = rng.uniform(0.0, np.pi, n)
    x1 = np.where(lower, 1.0 - np.cos(angle), np.cos(angle))
    x2 = np.where(lower, 0.5 - np.sin(angle), np.sin(angle))
    return np.stack([x1, x2], axis=1) + _noise((n, 2), rng, noise), lower[:, None].astype(float)


def spirals(
    n: int, rng: np.random.Generator, *, classes: int = 3, turns: float = 0.75, noise: float = 0.05
) -> tuple[Array, Array]:
    """Interleaved spiral arms, one for each class.

    Parameters
    ----------
    n : int
        How many points, shared among the arms as evenly as n allows.
    rng : np.random.Generator
        Where the random numbers come from.
    classes : int
        How many arms.
    turns : float
        How often an arm goes round before it reaches radius 1.
    noise : float
        Standard deviation of what is added to each coordinate.

    Returns
    -------
    X : ndarray of shape (n, 2)
        The points, in random order.
    y : ndarray of shape (n,)
        The arm of each, 0 to classes - 1.

    Raises
    ------
    TypeError, ValueError
        If `n` or `classes` is not a whole number of at least 1, `rng` is no generator, or `noise` is
        below 0.

    Examples
    --------
    >>> X, y = spirals(90, np.random.default_rng(0))
    >>> X.shape, np.bincount(y)
    ((90, 2), array([30, 30, 30]))
    """
    y = _deal(n, check_whole("classes", classes), rng)
    radius = rng.uniform(0.1, 1.0, n)
    angle = 2 * np.pi * (turns * radius + y / classes)
    X = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return X + _noise((n, 2), rng, noise), y


#: The pen's path for each digit on a grid of 5 columns and 7 rows: "31" is column 3, row 1 from the top.
PEN = [
    "10 30 41 45 36 16 05 01 10",
    "11 20 26",
    "01 10 30 41 42 06 46",
    "01 10 30 41 42 33 23 33 44 45 36 16 05",
    "36 30 04 44",
    "40 00 03 12 32 43 45 36 16 05",
    "30 20 02 05 16 36 45 44 33 13 04",
    "00 40 16",
    "10 30 41 42 33 13 04 05 16 36 45 44 33 13 02 01 10",
    "42 33 13 02 01 10 30 41 44 26",
]


def digits(n: int, rng: np.random.Generator, *, size: int = 8, wobble: float = 1.0) -> tuple[Array, Array]:
    """Small grey images of the digits 0 to 9, drawn by an unsteady pen.

    They are computed, not scanned: each image draws the path of its digit turned, slanted, stretched,
    moved and bent by chance, with a pen of random width. At size 8 a network 64-100-10 has 7,510
    parameters.

    Parameters
    ----------
    n : int
        How many images, shared among the digits as evenly as n allows.
    rng : np.random.Generator
        Where the random numbers come from.
    size : int
        Height and width in pixels, at least 4.
    wobble : float
        How unsteady the pen is; 0 draws every image of a digit alike.

    Returns
    -------
    X : ndarray of shape (n, size * size)
        Row by row, from 0 (paper) to 1 (ink).
    y : ndarray of shape (n,)
        The digits, in random order.

    Raises
    ------
    TypeError, ValueError
        If `n` or `size` is not a whole number that is large enough, `rng` is no generator, or `wobble` is
        below 0.

    Examples
    --------
    >>> X, y = digits(20, np.random.default_rng(0), wobble=0)
    >>> X.shape, np.bincount(y)
    ((20, 64), array([2, 2, 2, 2, 2, 2, 2, 2, 2, 2]))
    """
    check_whole("size", size, least=4)
    y = _deal(n, len(PEN), rng)
    X = np.empty((n, size * size))
    row, column = (np.mgrid[:size, :size].reshape(2, -1) + 0.5) / size
    pixels = np.stack([column, row], axis=1)
    for digit, path in enumerate(PEN):
        mine = np.flatnonzero(y == digit)
        # Grid to the unit square, with the digit's middle at 0.
        points = np.array([[int(p[0]) - 2, int(p[1]) - 3] for p in path.split()]) / 8
        turn, slant = _noise((2, len(mine), 1), rng, 0.15 * wobble)
        width, height = np.exp(_noise((2, len(mine), 1), rng, 0.13 * wobble))
        u, v = points[:, 0] * width, points[:, 1] * height
        u, v = u + (slant - turn) * v, v + turn * u  # a turn, to first order, and a slant
        bent = np.stack([u, v], axis=2) + _noise((len(mine), len(points), 2), rng, 0.032 * wobble)
        bent += 0.5 + _noise((len(mine), 1, 2), rng, 0.05 * wobble)
        pen = 0.05 * np.exp(_noise((len(mine), 1), rng, 0.2 * wobble))
        X[mine] = np.clip(0.5 + (pen - _distance(pixels, bent)) * size, 0.0, 1.0)
    return X, y


def wine() -> tuple[Array, Array]:
    """Return 178 real wines, by 13 measurements; y says which of three kinds of grape each is made of.

    The measurements have very different scales, from 0.13 to 1,680: standardise them. In the file,
    `wine.csv`, are their names, source and licence (CC BY 4.0). Source: Aeberhard and Forina 1991.

    Returns
    -------
    X : ndarray of shape (178, 13)
        Alcohol, malic acid, ash, its alkalinity, magnesium, phenols, flavanoids, other phenols,
        proanthocyanins, colour intensity, hue, OD280/OD315 and proline.
    y : ndarray of shape (178,)
        The cultivars, 0, 1, 2, in this order.

    Examples
    --------
    >>> X, y = wine()
    >>> X.shape, np.bincount(y)
    ((178, 13), array([59, 71, 48]))
    """
    with resources.files("bplib").joinpath("wine.csv").open() as file:
        table = np.loadtxt(file, delimiter=",")
    return table[:, :-1], table[:, -1].astype(int)


def _deal(n: int, classes: int, rng: np.random.Generator) -> Array:
    """Deal n samples to classes as evenly as n allows, in random order."""
    check_whole("n", n)
    check_rng(rng)
    return np.asarray(rng.permutation(n) % classes)


def _distance(pixels: Array, paths: Array) -> Array:
    """Distance from each of P pixels (P, 2) to each of n paths (n, points, 2), as (n, P)."""
    nearest = np.full((len(paths), len(pixels)), np.inf)
    for i in range(paths.shape[1] - 1):
        start, end = paths[:, i, None], paths[:, i + 1, None]
        along = end - start
        # Where on the segment its nearest point lies: 0 is the start, 1 the end.
        t = np.sum((pixels - start) * along, axis=2) / np.sum(along * along, axis=2)
        gap = pixels - start - np.clip(t, 0.0, 1.0)[..., None] * along
        nearest = np.minimum(nearest, np.hypot(gap[..., 0], gap[..., 1]))
    return nearest


def _noise(shape: tuple[int, ...], rng: np.random.Generator, spread: float) -> Array:
    check_number("noise, wobble", spread, "Leave it out, or give 0 for none.", least=0)
    return rng.normal(0.0, spread, shape)
