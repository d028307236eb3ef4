"""Read the teacher's side: a source notebook that is wrong is refused before anything is made of it.

What is checked is what would otherwise go wrong later and silently: a solution that reaches the students
because its marker is missing, two cells of one name, a check that gives no points.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

STUBS = {
    "code_stub": {"python": 'raise NotImplementedError("Replace this line by your answer.")'},
    "text_stub": "*Replace this line by your answer.*",
}
FLAGS = ("grade", "solution", "locked")


class SourceError(Exception):
    """A source notebook can't be used; the message names file and cell, and what to do."""


def read_source(path: Path) -> NotebookNode:
    """Read a source notebook.

    Raises
    ------
    SourceError
        If anything is wrong with it; all faults are named at once.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: no notebook can be read from it ({error}).") from None
    if found := faults(data):
        raise SourceError("\n".join(f"{path}, {fault}" for fault in found))
    return nbformat.reads(json.dumps(data), as_version=4)


def faults(nb: Any) -> list[str]:
    """List what is wrong with a source notebook, each with its cell and a remedy."""
    if not isinstance(nb, dict) or not isinstance(nb.get("cells"), list):
        return ["the notebook: it has no list of cells."]
    if nb.get("nbformat") != 4 or not isinstance(nb.get("metadata"), dict):
        return ["the notebook: it has no metadata of format 4; open it in JupyterLab and save it."]
    found, met = [], {}
    graded = 0
    for number, cell in enumerate(nb["cells"], 1):
        if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
            found.append(f"cell {number}: it has no metadata; open the notebook in JupyterLab and save it.")
            continue
        meta = cell["metadata"].get("nbgrader") or {}
        name = meta.get("grade_id") or cell.get("id") or ""
        label = f"cell {number} ({name})" if name else f"cell {number}"
        source = cell.get("source", "")
        source = source if isinstance(source, str) else "".join(source)
        found += [f"{label}: {fault}" for fault in _markers(source, cell.get("cell_type") == "code", meta)]
        if not meta:
            continue
        if missing := [key for key in (*FLAGS, "schema_version") if key not in meta]:
            found.append(f"{label}: its nbgrader metadata has no {', '.join(missing)}; set it in JupyterLab.")
        if not any(meta.get(flag) for flag in FLAGS):
            continue
        graded += bool(meta.get("grade"))
        if not meta.get("grade_id"):
            found.append(f"{label}: it has no grade_id; give it a name of its own.")
        elif (first := met.setdefault(meta["grade_id"], number)) != number:
            found.append(f"{label}: cell {first} has the same grade_id; give one of them another.")
        found += [f"{label}: {fault}" for fault in _points(cell, source, meta)]
    if not graded and not found:
        found.append("the notebook: no cell of it gives points.")
    return found


def _points(cell: dict[str, Any], source: str, meta: dict[str, Any]) -> list[str]:
    found = []
    points = meta.get("points")
    if meta.get("grade") and (isinstance(points, bool) or not isinstance(points, int | float) or points <= 0):
        found.append("it is graded and has no points; give it a number of points above 0.")
    if cell.get("cell_type") == "code" and meta.get("grade") and not meta.get("solution"):
        if not meta.get("locked"):
            found.append(
                "it is a check and not locked; lock it, or students are told that they may change it."
            )
        try:
            ast.parse(source)
        except SyntaxError as error:
            found.append(f"the check is no Python: line {error.lineno}, {error.msg}.")
    return found


def _markers(source: str, code: bool, meta: dict[str, Any]) -> list[str]:
    found = []
    answer, check = bool(meta.get("solution")), bool(meta.get("grade")) and not meta.get("solution")
    for kind, belongs, where in (("SOLUTION", answer, "an answer"), ("HIDDEN TESTS", check, "a check")):
        marks = re.findall(rf"### (BEGIN|END) {kind}", source)
        if marks and not belongs:
            found.append(
                f"'### {marks[0]} {kind}' stands in it, and it is not {where}; students would get it."
            )
        elif marks != ["BEGIN", "END"] * (len(marks) // 2):
            found.append(f"'### BEGIN {kind}' and '### END {kind}' don't come in pairs.")
    if code and answer and "### BEGIN SOLUTION" not in source:
        found.append("it is an answer without '### BEGIN SOLUTION' and '### END SOLUTION' around it.")
    return found
