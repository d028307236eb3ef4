"""Data sets: shapes, labels that follow from the points, reproducibility, messages."""

import math

import numpy as np
import pytest

from bplib import data

DRAWN = [data.quadrants, data.moons, data.spirals, data.digits]


def test_xor_is_the_table():
    X, y = data.xor()
    assert X.shape == (4, 2)
    assert y.shape == (4, 1)
    assert X.dtype == y.dtype == np.float64
    assert len({tuple(x) for x in X}) == 4
    assert np.array_equal(y[:, 0], X[:, 0] != X[:, 1])


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("n", [1, 7, 200])
def test_shapes_and_kinds(draw, n):
    X, y = draw(n, np.random.default_rng(0))
    columns = 64 if draw is data.digits else 2
    assert X.shape == (n, columns)
    assert X.dtype == np.float64
    assert np.isfinite(X).all()
    if draw in (data.quadrants, data.moons):
        assert y.shape == (n, 1)
        assert y.dtype == np.float64
        assert set(y.ravel()) <= {0.0, 1.0}
    else:
        assert y.shape == (n,)
        assert y.dtype == np.int64


@pytest.mark.parametrize("draw", DRAWN)
def test_same_seed_same_bits_and_other_seed_other_bits(draw):
    first, again, other = (draw(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_quadrants_fill_the_square_and_alternate():
    X, y = data.quadrants(4000, np.random.default_rng(0))
    assert np.array_equal(y[:, 0] == 1, (X[:, 0] > 0) == (X[:, 1] > 0))
    corners = np.bincount(2 * (X[:, 0] > 0) + (X[:, 1] > 0))
    assert (abs(corners - 1000) < 150).all()
    assert abs(X).max() <= 1


def test_moons_without_noise_are_two_half_circles_that_interlock():
    X, y = data.moons(400, np.random.default_rng(0), noise=0.0)
    upper, lower = X[y[:, 0] == 0], X[y[:, 0] == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0, rtol=1e-14)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    # Each tip lies inside the other half circle: no straight line separates them.
    assert lower[:, 0].min() < 0.1
    assert lower[:, 1].max() > 0.4


def test_spirals_without_noise_are_one_arm_turned():
    X, y = data.spirals(300, np.random.default_rng(0), classes=4, turns=1.0, noise=0.0)
    radius = np.hypot(*X.T)
    expected = 2 * np.pi * (radius + y / 4)
    np.testing.assert_allclose(
        X, radius[:, None] * np.stack([np.cos(expected), np.sin(expected)], 1), atol=1e-14
    )
    assert np.bincount(y).tolist() == [75] * 4
    assert radius.min() >= 0.1
    assert radius.max() <= 1.0


def test_digits_are_ink_on_paper_and_all_there():
    X, y = data.digits(500, np.random.default_rng(0), size=12)
    assert X.shape == (500, 144)
    assert np.bincount(y).tolist() == [50] * 10
    assert X.min() == 0.0
    assert X.max() == 1.0
    ink = X.mean(axis=1)
    assert ink.min() > 0.02
    assert ink.max() < 0.6


def test_digits_of_a_steady_pen_are_alike_and_differ_between_digits():
    X, y = data.digits(30, np.random.default_rng(0), wobble=0.0)
    distinct = np.unique(X, axis=0)
    assert len(distinct) == 10
    assert all(len(np.unique(X[y == d], axis=0)) == 1 for d in range(10))
    zero = X[y == 0][0].reshape(8, 8)  # stands in the middle, so it is its own mirror image
    np.testing.assert_allclose(zero, zero[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(zero, zero[::-1], atol=1e-12)


def test_digits_can_be_told_apart_but_not_by_their_mean_alone():
    # A nearest-mean rule: far above chance, below what a network reaches.
    X, y = data.digits(2000, np.random.default_rng(0))
    means = np.stack([X[:1000][y[:1000] == d].mean(axis=0) for d in range(10)])
    nearest = ((X[1000:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.6 < (nearest == y[1000:]).mean() < 0.93


@pytest.mark.parametrize("draw", [data.moons, data.spirals])
def test_noise_has_the_size_that_was_asked_for(draw):
    clean, _ = draw(5000, np.random.default_rng(0), noise=0.0)
    noisy, _ = draw(5000, np.random.default_rng(0), noise=0.2)
    assert (noisy - clean).std() == pytest.approx(0.2, rel=0.03)


@pytest.mark.parametrize("draw", DRAWN)
def test_what_every_set_refuses(draw):
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match=r"rng: expected .* got int\. Pass rng=np\.random\.default_rng\(0\)"):
        draw(10, 0)
    with pytest.raises(TypeError, match=r"n: expected a whole number, at least 1, got 10\.0"):
        draw(10.0, rng)
    with pytest.raises(ValueError, match=r"n: expected .* at least 1, got 0"):
        draw(0, rng)


def test_what_single_sets_refuse():
    rng = np.random.default_rng(0)
    for bad in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="noise, wobble: expected a finite number, at least 0"):
            data.moons(10, rng, noise=bad)
        with pytest.raises(ValueError, match="noise, wobble"):
            data.digits(10, rng, wobble=bad)
    with pytest.raises(ValueError, match=r"classes: expected .* at least 1, got 0"):
        data.spirals(10, rng, classes=0)
    with pytest.raises(ValueError, match=r"size: expected .* at least 4, got 3"):
        data.digits(10, rng, size=3)


def test_the_wines_are_those_of_the_source():
    X, y = data.wine()
    assert X.shape == (178, 13) and y.dtype.kind == "i"
    np.testing.assert_array_equal(np.bincount(y), [59, 71, 48])
    assert np.all(np.diff(y) >= 0)
    # The summary that the source gives: alcohol 13.0 (0.8), flavanoids 2.03 (1.00), proline 746 (315).
    for column, mean, spread in ((0, 13.0, 0.8), (6, 2.03, 1.0), (12, 747, 315)):
        assert abs(X[:, column].mean() - mean) < 0.01 * mean
        assert abs(X[:, column].std(ddof=1) - spread) < 0.02 * spread
    X[0] = 0  # each call reads its own
    assert data.wine()[0][0].all()
