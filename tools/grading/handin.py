"""Read what was handed in, as data from a stranger, and put it beside the assignment.

A file that can't be read is refused with the reason. A notebook that can is brought into the order in which
it will run: the student's cells where the student put them, the teacher's cells (checks, given code) from
the source, whatever the student has made of them. The rule for all doubtful cases: *what counts is what the
student would see after "Restart and run all"*. So a cell that was copied runs where each copy stands, and
the last one before a check is what the check sees.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_FILE = 50_000_000


class NotGradedError(Exception):
    """A hand-in gets no grade; the message goes on after "not graded, because"."""


@dataclass
class Cell:
    """A cell of a notebook: the grader needs no more of it."""

    kind: str  # code, markdown or raw
    source: str
    id: str = ""
    meta: dict[str, Any] = field(default_factory=dict)  # nbgrader's

    @property
    def name(self) -> str:
        """The name by which source and hand-in know each other's cells."""
        return str(self.meta.get("grade_id") or self.id)

    @property
    def is_check(self) -> bool:
        """Whether this is a code cell that gives points for the answers above it."""
        return self.kind == "code" and bool(self.meta.get("grade")) and not self.is_answer

    @property
    def is_answer(self) -> bool:
        """Whether the student writes here."""
        return bool(self.meta.get("solution"))

    @property
    def is_text_answer(self) -> bool:
        """Whether the answer is text, for a person to read."""
        return self.is_answer and self.kind != "code"

    @property
    def is_given(self) -> bool:
        """Whether this is code of the teacher's that a student must not change."""
        return (
            self.kind == "code" and bool(self.meta.get("locked")) and not self.is_check and not self.is_answer
        )


def find_notebook(folder: Path, name: str, known: set[str]) -> tuple[Path, list[str]]:
    """Return the notebook in a student's folder and notes about it; one notebook of another name will do.

    Raises
    ------
    NotGradedError
        If there is none, or no telling which.
    """
    right = folder / f"{name}.ipynb"
    if os.path.lexists(right):
        return right, []
    if folder.is_symlink() or not folder.is_dir():
        raise NotGradedError(
            "there is no folder with this assignment" if not folder.exists() else "the folder is a link"
        )
    others = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not others:
        files = sorted(path.name for path in folder.iterdir() if path.name != "timestamp.txt")
        raise NotGradedError(
            f"there is no notebook in the folder, only {_list(files)}" if files else "the folder is empty"
        )
    fitting = [path for path in others if _knows(path, known)]
    chosen = others if len(others) == 1 else fitting
    if len(chosen) != 1:
        raise NotGradedError(
            f"{name}.ipynb is missing, and it could be any of {_list([p.name for p in others])}"
        )
    return chosen[0], [
        f"The file is called {chosen[0].name} and not {name}.ipynb; it was graded all the same."
    ]


def _list(names: list[str]) -> str:
    shown = [name[:60] for name in names[:3]]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _knows(path: Path, known: set[str]) -> bool:
    try:
        return any(cell.name in known for cell in read(path))
    except NotGradedError:
        return False


def read_bytes(path: Path) -> bytes:
    """Read a plain file that is not too large; a link could lead to the teacher's own files.

    Raises
    ------
    NotGradedError
        If it is a link, no plain file, too large, empty, or can't be opened.
    """
    try:
        if path.parent.is_symlink():
            raise NotGradedError("the folder is a link")
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        said = "the file is a link" if path.is_symlink() else f"the file can't be opened ({error.strerror})"
        raise NotGradedError(said) from None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise NotGradedError("it is not a file")
        if about.st_size > MAX_FILE:
            raise NotGradedError(f"the file has {about.st_size:,} bytes; {MAX_FILE:,} are allowed")
        content = file.read(MAX_FILE)
    if not content.strip():
        raise NotGradedError("the file is empty")
    return content


def read(path: Path) -> list[Cell]:
    """Read a notebook's cells, whatever else is wrong with it.

    Raises
    ------
    NotGradedError
        If it is no notebook.
    """
    content = read_bytes(path)
    try:
        nb = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotGradedError(f"the file is not text in UTF-8 (byte {error.start:,})") from None
    except RecursionError:
        raise NotGradedError("the file is nested too deeply") from None
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise NotGradedError(f"the file is no notebook: it is not JSON{where}") from None
    if not isinstance(nb, dict) or not isinstance(nb.get("cells"), list):
        raise NotGradedError("the file is no notebook: it has no list of cells")
    return [_cell(cell) for cell in nb["cells"] if isinstance(cell, dict)]


def _cell(cell: dict[str, Any]) -> Cell:
    source, meta = cell.get("source", ""), cell.get("metadata")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    nbgrader = meta.get("nbgrader") if isinstance(meta, dict) else None
    return Cell(
        kind=cell["cell_type"] if cell.get("cell_type") in ("code", "markdown", "raw") else "raw",
        source=source if isinstance(source, str) else "",
        id=cell["id"] if isinstance(cell.get("id"), str) else "",
        meta=nbgrader if isinstance(nbgrader, dict) else {},
    )


@dataclass
class Step:
    """One cell of the notebook that is graded; `own` is the source's cell, if it has one."""

    cell: Cell
    own: Cell | None = None


def arrange(
    source: list[Cell], release: list[Cell], handed_in: list[Cell], names: set[str]
) -> tuple[list[Step], list[str]]:
    """Put a hand-in and its assignment together: steps in the order they run, and notes on what was odd.

    `names` are the functions that the checks call; by them a notebook is known whose cells have no names.

    Raises
    ------
    NotGradedError
        If nothing in it belongs to this assignment.
    """
    by_grade_id = {cell.name: cell for cell in source if cell.meta}
    by_id = {cell.id: cell for cell in source if cell.id}
    stubs = {cell.name: cell.source.strip() for cell in release if cell.is_answer}
    steps: list[Step] = []
    met: dict[str, list[Step]] = {}
    for cell in handed_in:
        own = by_grade_id.get(str(cell.meta.get("grade_id"))) or by_id.get(cell.id)
        if own is None or (not own.meta and own.name in met):
            steps.append(Step(cell))
            continue
        before = met.setdefault(own.name, [])
        if before and not _counts(own, cell, before[-1].cell, stubs):
            continue
        step = Step(_ours(own, cell), own)
        if before and own.is_text_answer:
            text = before[0].cell.source
            before[0].cell.source = (
                cell.source if text.strip() == stubs.get(own.name) else f"{text}\n\n{cell.source}"
            )
        else:
            steps.append(step)
        before.append(step)
    notes = [_copied(by_grade_id[name], len(copies)) for name, copies in met.items() if len(copies) > 1]
    if not any(own.meta for own in source if own.name in met):
        if not any(
            re.search(rf"^(def {name}\b|{name} *=)", cell.source, re.M)
            for name in names
            for cell in handed_in
        ):
            raise NotGradedError("no cell of this assignment is in it: is it another notebook?")
        notes.append(
            "Its cells have lost what names them; the answers were found by the names of their functions."
        )
    for cell in source:
        if cell.meta and cell.name not in met:
            empty = Cell(cell.kind, "" if cell.is_answer else cell.source, cell.id, cell.meta)
            steps.insert(_after_neighbour(source, cell, steps), Step(empty, cell))
            if cell.is_answer:
                notes.append(f"The cell of the answer {cell.name} is missing.")
    return steps, notes


def _ours(own: Cell, cell: Cell) -> Cell:
    """Return the cell that runs: what is not for the student to change comes from the source."""
    if not own.meta:
        return cell
    return Cell(own.kind, cell.source if own.is_answer else own.source, own.id, own.meta)


def _counts(own: Cell, copy: Cell, last: Cell, stubs: dict[str, str]) -> bool:
    """Whether a copy changes anything: only an answer's can, and not one that was never filled in."""
    return own.is_answer and copy.source.strip() not in (stubs.get(own.name), "", last.source.strip())


def _copied(own: Cell, times: int) -> str:
    if own.is_text_answer:
        return f"The answer cell {own.name} stands {times} times; all the texts are shown as one."
    return (
        f"The answer cell {own.name} stands {times} times. Each was run where it stands, as with Run "
        "All: the last one before the check counts."
    )


def _after_neighbour(source: list[Cell], cell: Cell, steps: list[Step]) -> int:
    """Find where a missing cell belongs: after the nearest cell before it in the source."""
    earlier = source[: next(k for k, other in enumerate(source) if other is cell)]
    for neighbour in reversed(earlier):
        places = [k for k, step in enumerate(steps) if step.own is neighbour]
        if places:
            return places[-1] + 1
    return 0
