"""Initialisers: shapes, spreads from the papers' formulas, reproducibility, messages."""

import math

import numpy as np
import pytest

from bplib import init, lent

DRAWN = [init.normal, init.xavier, init.he, init.orthogonal]


@pytest.mark.parametrize("draw", [init.zeros, *DRAWN])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (1, 1), (6, 2, 3), (4, 2, 3, 5)])
def test_shape_dtype_and_layout(draw, shape):
    W = draw(shape, np.random.default_rng(0))
    assert W.shape == shape
    assert W.dtype == np.float64
    assert W.flags.c_contiguous
    assert W.flags.owndata or W.base.flags.owndata


@pytest.mark.parametrize("draw", DRAWN)
def test_same_seed_same_bits_and_other_seed_other_bits(draw):
    first, again, other = (draw((5, 4), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_zeros_needs_no_generator():
    assert not init.zeros((2, 3)).any()


@pytest.mark.parametrize(
    ("draw", "shape", "variance"),
    [
        (init.xavier, (400, 100), 2 / 500),
        (init.xavier, (40, 20, 3, 5), 2 / (15 * 60)),
        (init.he, (400, 100), 2 / 100),
        (init.he, (100, 400), 2 / 400),
        (init.he, (40, 20, 3, 5), 2 / (15 * 20)),
        (lambda shape, rng: init.normal(shape, rng, std=0.3), (200, 200), 0.09),
    ],
)
def test_spread_is_the_formula(draw, shape, variance):
    W = draw(shape, np.random.default_rng(0))
    # The variance of n normal numbers is off by about sqrt(2/n); 5 of those leave no room for a wrong fan.
    tolerance = 5 * math.sqrt(2 / W.size)
    assert abs(W.var() / variance - 1) < tolerance
    assert abs(W.mean()) < 5 * math.sqrt(variance / W.size)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (5, 5), (8, 2, 3, 3), (30, 2, 3, 3)])
def test_orthogonal_has_equal_singular_values(shape):
    W = init.orthogonal(shape, np.random.default_rng(0), gain=1.5).reshape(shape[0], -1)
    np.testing.assert_allclose(np.linalg.svd(W, compute_uv=False), 1.5, rtol=1e-13, atol=0)


def test_orthogonal_prefers_no_sign():
    # Without the sign of R's diagonal, QR would give first entries that are never positive.
    rng = np.random.default_rng(0)
    positive = sum(init.orthogonal((3, 3), rng)[0, 0] > 0 for _ in range(200))
    assert 60 < positive < 140


@pytest.mark.parametrize("draw", DRAWN)
def test_a_missing_generator_is_named_with_its_remedy(draw):
    with pytest.raises(TypeError, match=r"rng: expected .* got int\. Pass rng=np\.random\.default_rng\(0\)"):
        draw((2, 3), 0)


@pytest.mark.parametrize("draw", [init.zeros, *DRAWN])
def test_shapes_that_are_none(draw):
    rng = np.random.default_rng(0)
    with pytest.raises(
        TypeError, match=r"shape: expected a tuple of whole numbers, got int\. Write \(3, 2\)"
    ):
        draw(3, rng)
    with pytest.raises(TypeError, match=r"shape\[0\]: expected a whole number, at least 1, got 2\.0"):
        draw((2.0, 3), rng)
    with pytest.raises(ValueError, match=r"shape\[0\]: expected a whole number, at least 1, got 0"):
        draw((0, 3), rng)


@pytest.mark.parametrize("draw", [init.xavier, init.he, init.orthogonal])
def test_a_bias_has_no_fans(draw):
    with pytest.raises(ValueError, match=r"got \(3,\)\. For a bias use zeros"):
        draw((3,), np.random.default_rng(0))


@pytest.mark.parametrize("std", [-1.0, math.nan, math.inf])
def test_spreads_that_are_none(std):
    with pytest.raises(ValueError, match=r"std: expected a finite number, at least 0, got"):
        init.normal((2, 3), np.random.default_rng(0), std=std)


@pytest.mark.parametrize("gain", [math.nan, math.inf])
def test_gains_that_are_none(gain):
    with pytest.raises(ValueError, match=r"gain: expected a finite number, got"):
        init.orthogonal((2, 3), np.random.default_rng(0), gain=gain)


def test_a_kind_that_is_not_lent():
    with pytest.raises(ValueError, match=r"^kind: expected one of xavier, he, orthogonal, got 'normal'"):
        lent.initialisation([2, 3], "normal", np.random.default_rng(0))
