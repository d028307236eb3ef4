"""Numbers that chapter 1's exercises write out by hand."""

from __future__ import annotations

import nbformat
import pytest
from answers_01 import by_hand_in_numpy
from notebooks import ROOT


def test_numbers_by_hand_are_rounded_at_the_end():
    """Exercise 2 asks for that, so its solution may not cut digits off."""
    nb = nbformat.read(ROOT / "book/solutions/01-credit-assignment.ipynb", as_version=4)
    (cell,) = (cell for cell in nb.cells if cell.id == "ex2")
    exec(cell.source, names := {})
    z, a, loss, dw, db = by_hand_in_numpy()
    computed = [round(float(number), 4) for number in (z, a, loss, dw, db)]
    assert list(names["by_hand"]()) == pytest.approx(computed, abs=1e-12)
