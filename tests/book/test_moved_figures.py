"""A reader who plays with the live figures first can still run the cells that follow."""

from __future__ import annotations

from contextlib import suppress

import nbformat
import pytest
from notebooks import BOOK

from bplib.widgets.live import Live

CHAPTERS = [path for path in sorted(BOOK.glob("[0-9][0-9]-*.ipynb")) if not path.name.startswith("00")]


def move(figure: Live) -> None:
    """Move each control to an end of its range, and the learning rate."""
    for name, (_, lo, hi) in figure.plan.spans.items():
        with suppress(ValueError):  # the graph may have no value there
            figure.controls[name] = lo if figure.controls[name] != lo else hi
    figure.rate /= 2


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_cells_hold_wherever_the_reader_left_the_figures(path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: dict[str, object] = {"display": lambda *shown: None}
    moved: list[Live] = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, path.stem, "exec"), names)
            new = [value for value in names.values() if isinstance(value, Live) and value not in moved]
            for figure in new:
                move(figure)
            moved += new
