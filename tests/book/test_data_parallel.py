"""The record of two real workers that chapter 12 reads is what two workers do."""

from __future__ import annotations

import json

import numpy as np
from record_data_parallel import KINDS, RECORD, record


def test_two_workers_give_the_recorded_gradients_again(torch):
    stored, made = json.loads(RECORD.read_text(encoding="utf-8")), record()
    assert stored.keys() == made.keys() and stored["workers"] == made["workers"] == 2
    for kind in KINDS:
        for old, new in zip(
            [stored[kind]["whole"], *(worker[which] for worker in stored[kind]["workers"] for which in worker)],
            [made[kind]["whole"], *(worker[which] for worker in made[kind]["workers"] for which in worker)],
            strict=True,
        ):
            for a, b in zip(old, new, strict=True):
                # A bias before batch norm has a gradient of 0, of which only rounding is left.
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        first, second = (worker["after"] for worker in made[kind]["workers"])
        assert first == second
