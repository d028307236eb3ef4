"""The help at an exercise, and a Sphinx extension that puts it on the page: hints, a solution in stages, why.

It stands in `book/solutions/NN-topic.ipynb`, in cells of Markdown behind the exercise's last cell (its check,
or the answer that has none), tagged `hint`, `stage` or `why`, in this order. From there it goes

- to the student's notebook: the hints, folded, and nothing that tells the answer;
- to the page of the site: all of it, folded, with the solution itself behind the stages.
  `workbook/help.js` opens it step by step; where scripts don't run, the reader does.

An answer in words is a cell of Markdown. Its stages are the parts or paragraphs of its solution, and on the
page it is a place of its own, in which `workbook/prose.js` puts a field.

With BPLIB_SOLUTIONS=0 (`make site SOLUTIONS=0`) the page has what the student's notebook has, and the fields.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

if TYPE_CHECKING:  # nbgrader's side, which has no use for it, reads this file too
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("hint", "stage", "why")
PAGES = "book/exercises/"
_MARKS = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION\n?", re.M)
_SAID = re.compile(r"\*Solution\.\*\s+")
_PART = re.compile(r"\n+(?=\d+\. )|\n\n+(?=\S)")  # a numbered part begins, or a paragraph


@dataclass
class Exercise:
    """An answer of the source and what belongs to it, as cells of the source."""

    answer: NotebookNode
    check: NotebookNode | None = None
    hints: list[NotebookNode] = field(default_factory=list)
    stages: list[NotebookNode] = field(default_factory=list)
    why: list[NotebookNode] = field(default_factory=list)

    @property
    def last(self) -> NotebookNode:
        """The cell behind which its solution stands on a page."""
        return [self.answer, *([self.check] if self.check else []), *self.hints][-1]


def kind(cell: NotebookNode) -> str:
    """Say what a cell is: "hint", "stage", "why", "answer", "check", or "" for any other."""
    for tag in cell.metadata.get("tags", []):
        if tag in KINDS:
            return str(tag)
    about = cell.metadata.get("nbgrader", {})
    return "answer" if about.get("solution") else "check" if about.get("grade") else ""


def exercises(source: NotebookNode) -> list[Exercise]:
    """List the exercises of a source notebook.

    Raises
    ------
    ValueError
        If help stands where it belongs to no exercise, or out of order.
    """
    found: list[Exercise] = []
    order = ["answer", "check", *KINDS]
    before = ""  # what the cell before was; an exercise ends with a cell that is no part of one
    for cell in source.cells:
        now = kind(cell)
        if now == "answer":
            found.append(Exercise(cell))
        elif now:
            again = now == before and now in ("hint", "stage")
            if before not in order or not (again or order.index(now) > order.index(before)):
                raise ValueError(
                    f"The cell {cell.id!r} is a {now} and stands behind {before or 'no exercise'}; behind an "
                    "answer come its check, hints, stages and one why, in this order."
                )
            if now == "check":
                found[-1].check = cell
            else:
                {"hint": found[-1].hints, "stage": found[-1].stages, "why": found[-1].why}[now].append(cell)
        before = now
    return found


def folded(name: str, summary: str, content: str) -> str:
    """Write Markdown that stays folded, on a page and in JupyterLab."""
    return f'<details class="bp-{name}">\n<summary>{summary}</summary>\n\n{content}\n\n</details>'


def fold_hints(nb: NotebookNode) -> None:
    """Make of a source's cells what a student gets: hints are folded, and what tells the answer is gone."""
    for exercise in exercises(nb):
        for number, cell in enumerate(exercise.hints, start=1):
            cell.source = folded("hint", f"Hint {number}", cell.source)
    nb.cells = [cell for cell in nb.cells if kind(cell) not in ("stage", "why")]


def page(student: NotebookNode, source: NotebookNode) -> NotebookNode:
    """Return a student's notebook with the solutions, for the site."""
    solved = {exercise.last.id: exercise for exercise in exercises(source)}
    cells = []
    for cell in student.cells:
        cells.append(cell)
        if exercise := solved.get(cell.id):
            steps = "\n\n".join(f"<div>\n\n{step}\n\n</div>" for step in steps_of(exercise))
            texts = [folded("solution", "Solution, step by step", steps)]
            texts += [folded("why", "What this tells you", why.source) for why in exercise.why]
            cells += map(new_markdown_cell, texts)
    return nbformat.from_dict({**student, "cells": cells})


def steps_of(exercise: Exercise) -> list[str]:
    """Return the solution as Markdown: the stages and all of it, or the parts of an answer in words."""
    answer = exercise.answer
    stages = [stage.source for stage in exercise.stages]
    if answer.cell_type == "markdown":
        return [*stages, *_PART.split(_SAID.sub("", answer.source, count=1))]
    return [*stages, f"All of it:\n\n```python\n{_MARKS.sub('', answer.source).rstrip()}\n```"]


def place_fields(nb: NotebookNode) -> None:
    """Give each answer in words its place on the page."""
    for cell in nb.cells:
        if cell.cell_type == "markdown" and kind(cell) == "answer":
            cell.source = f'<div class="bp-words" data-cell="{cell.id}">\n\n{cell.source}\n\n</div>'


def are_wanted() -> bool:
    """Whether the site is to have solutions."""
    return os.environ.get("BPLIB_SOLUTIONS") != "0"


def complete(app: Sphinx, name: str, content: list[str]) -> None:
    """Give a page of exercises its fields and solutions; readers download the student's notebook still."""
    if not name.startswith(PAGES):
        return
    nb = nbformat.reads(content[0], as_version=4)
    if are_wanted():
        path = ROOT / "book" / "solutions" / f"{name.removeprefix(PAGES)}.ipynb"
        app.env.note_dependency(str(path))
        nb = page(nb, nbformat.read(path, as_version=4))
    place_fields(nb)
    content[0] = json.dumps(nb)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", complete)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
