"""Frames: rounded no further than they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bplib.widgets.frames import BUDGET, frames


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=20),
    st.sampled_from([None, 0.0, 1e-9, 1e-3, 1.0, 1e4]),
)
def test_the_error_is_as_stated(numbers, error):
    right = np.array(numbers)
    made = frames(lambda k: {"a": right * k}, error=error, k=[1, 2])
    for k in (1, 2):
        shown = made.at(k=k)["a"]
        np.testing.assert_array_equal(np.isnan(shown), np.isnan(right))
        assert np.nanmax(np.abs(shown - right * k), initial=0) <= made.error["a"]
    assert error is None or made.error["a"] <= error


@pytest.mark.parametrize(
    ("error", "kind"), [(0.01, "u1"), (1e-4, "u2"), (None, "u2"), (1e-7, "f4"), (1e-9, "f8"), (0.0, "f8")]
)
def test_the_smallest_type_that_will_do(error, kind):
    made = frames(lambda k: {"a": np.sin(np.arange(9.0) + k)}, error=error, k=[0, 1])
    assert made.packed["a"]["type"] == kind


def test_one_number_everywhere_costs_a_byte_and_no_error():
    made = frames(lambda k: {"a": np.full(3, 0.1)}, error=0.0, k=[0, 1])
    assert made.packed["a"]["type"] == "u1" and made.error["a"] == 0
    np.testing.assert_array_equal(made.values["a"], 0.1)


def test_stops_are_named_by_their_values():
    made = frames(lambda B, lr: {"a": np.array([B, lr])}, error=0.0, B=[1, 8], lr=[0.1, 0.2, 0.3])
    np.testing.assert_array_equal(made.at(lr=0.3, B=8)["a"], [8, 0.3])
    assert made.values["a"].shape == (2, 3, 2)
    assert made.to_dict()["stops"] == [["B", [1, 8]], ["lr", [0.1, 0.2, 0.3]]]
    with pytest.raises(ValueError, match=r"B: expected one of \(1, 8\), got 2"):
        made.at(B=2, lr=0.1)
    with pytest.raises(ValueError, match="at: expected B, lr, got B"):
        made.at(B=1)


def test_what_is_refused():
    with pytest.raises(ValueError, match="expected a control with at least one stop"):
        frames(lambda: {})
    with pytest.raises(ValueError, match="at every stop, got"):
        frames(lambda k: {"a": np.zeros(k)}, k=[1, 2])
    with pytest.raises(ValueError, match=r"finite a, got infinity at \{'k': 0\}. Return NaN for a gap"):
        frames(lambda k: {"a": np.array([np.inf])}, k=[0])
    with pytest.raises(
        ValueError, match=r"error: expected a finite number, at least 0, got -1.* How far may a be off"
    ):
        frames(lambda k: {"a": np.zeros(1)}, error=-1, k=[0])
    large = frames(lambda k: {"a": np.random.default_rng(k).normal(size=BUDGET // 2)}, k=[0, 1])
    with pytest.raises(
        ValueError, match=r"expected at most 120,000 bytes for a page, got .* Take fewer stops"
    ):
        large.to_dict()
