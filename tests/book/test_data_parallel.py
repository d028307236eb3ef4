"""The record of two real workers that chapter 12 reads is what two workers do."""

from __future__ import annotations

import json

import numpy as np
from record_data_parallel import KINDS, RECORD, record


def gradients(made, kind):
    """All lists of gradients of a record, by whom they are of."""
    workers = made[kind]["workers"]
    return [made[kind]["whole"], *(worker[when] for worker in workers for when in ("alone", "after"))]


def test_two_workers_give_the_recorded_gradients_again(torch):
    stored, made = json.loads(RECORD.read_text(encoding="utf-8")), record()
    assert stored.keys() == made.keys()
    assert stored["workers"] == made["workers"] == len(made["plain"]["workers"]) == 2
    for kind in KINDS:
        for old, new in zip(gradients(stored, kind), gradients(made, kind), strict=True):
            for a, b in zip(old, new, strict=True):
                # A bias before batch norm has a gradient of 0, of which only rounding is left.
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        first, second = (worker["after"] for worker in made[kind]["workers"])
        assert first == second
