"""Results in, nbgrader's gradebook and autograded notebooks out.

A result that is already there is left alone, with what a person has graded since. A hand-in without a grade
is in the gradebook as one that a person must look at, never as 0.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import determine_grade, is_grade, is_solution, parse_utc
from sqlalchemy.exc import SAWarning

from grading.course import COURSE_ID, database, settings
from grading.grade import Assignment, Result, fingerprint

NOT_RUN = "it has not been run yet"


def result_file(course: Path, student: str, assignment: str) -> Path:
    """Where the result of a hand-in is."""
    return course / "results" / student / f"{assignment}.json"


def save_result(course: Path, result: Result) -> None:
    """Write a result in one piece."""
    place = result_file(course, result["student"], result["assignment"])
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    draft.write_text(json.dumps(result), encoding="utf-8")
    os.replace(draft, place)


def load_result(course: Path, student: str, assignment: str) -> Result | None:
    """Read a result, if there is one."""
    try:
        result: Result = json.loads(result_file(course, student, assignment).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result


def current_result(assignment: Assignment, student: str) -> Result | None:
    """Read a result, if there is one for this hand-in and these checks."""
    result = load_result(assignment.course, student, assignment.name)
    return result if result and result["fingerprint"] == fingerprint(assignment, student) else None


def students_of(assignment: Assignment) -> list[str]:
    """Return who has a folder for this assignment among the hand-ins."""
    submitted = assignment.course / "submitted"
    if not submitted.is_dir():
        return []
    folders = (path for path in submitted.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(path.name for path in folders if os.path.lexists(path / assignment.name))


def collect(assignment: Assignment, students: list[str]) -> dict[str, Result]:
    """Bring the results of these students into the gradebook; return them."""
    results = {}
    with Gradebook(database(assignment.course), COURSE_ID) as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own
        for student in students:
            result = current_result(assignment, student)
            if result is None:
                result = {
                    "student": student,
                    "not_graded": NOT_RUN,
                    "notes": [],
                    "checks": {},
                    "fingerprint": "",
                }
            results[student] = result
            _enter(gradebook, assignment, student, result)
    return results


def _enter(gradebook: Gradebook, assignment: Assignment, student: str, result: Result) -> None:
    place = assignment.course / "autograded" / student / assignment.name / f"{assignment.notebook}.ipynb"
    mark, seen = _shown(place)
    if mark == result["fingerprint"] != "":
        return
    stamp = assignment.folder(student) / "timestamp.txt"
    timestamp = _timestamp(stamp)
    gradebook.update_or_create_student(student)
    submission = gradebook.update_or_create_submission(
        assignment.name, student, **({"timestamp": timestamp} if timestamp else {})
    )
    nb = to_show(assignment, result)
    everything = _joined(nb.cells)
    graded = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in nb.cells if is_grade(cell)}
    notebook = gradebook.find_submission_notebook(assignment.notebook, assignment.name, student)
    for grade in notebook.grades:
        grade.auto_score = None if result["not_graded"] else determine_grade(graded[grade.name])[0]
        cell = graded[grade.name]
        same = seen.get("") == everything or (is_solution(cell) and seen.get(grade.name) == cell.source)
        if grade.manual_score is not None and same:
            continue  # a person has seen just this
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
    gradebook.db.commit()
    if submission.total_seconds_late > 0:
        names = {"assignment": assignment.name, "notebook": assignment.notebook, "student": student}
        resources = {"nbgrader": {**names, "db_url": database(assignment.course)}}
        AssignLatePenalties(config=settings(assignment.course)).preprocess(nb, resources)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".new")
    draft.write_text(nbformat.writes(nb) + "\n", encoding="utf-8")
    os.replace(draft, place)
    if timestamp:
        shutil.copyfile(stamp, place.parent / "timestamp.txt")


def _shown(place: Path) -> tuple[str, dict[str, str]]:
    """Return which result the notebook there was made from; its graded cells by name, under "" all cells."""
    if not place.exists():
        return "", {}
    nb = json.loads(place.read_text(encoding="utf-8"))
    graded = [cell for cell in nb["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    sources = {cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"]) for cell in graded}
    sources[""] = _joined(nb["cells"])
    return nb["metadata"].get("grading", {}).get("fingerprint", ""), sources


def _joined(cells: list[Any]) -> str:
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def _timestamp(stamp: Path) -> Any:
    try:
        return None if stamp.is_symlink() else parse_utc(stamp.read_text(encoding="utf-8")[:100].strip())
    except (OSError, ValueError, OverflowError):
        return None


def to_show(assignment: Assignment, result: Result) -> Any:
    """Return the notebook that a person sees, with what was odd on top."""
    if result["not_graded"]:
        nb = nbformat.read(assignment.release_file, as_version=4)
        notes = [f"**Not graded, because {result['not_graded']}.**"]
    else:
        nb = nbformat.from_dict(result["notebook"])
        notes = result["notes"]
    if notes:
        nb.cells.insert(0, new_markdown_cell("\n\n".join(["*From the grader:*", *notes])))
    nb.metadata["grading"] = {"fingerprint": result["fingerprint"], "graded": not result["not_graded"]}
    return nb


def status(gradebook: Gradebook, course: Path, assignment: str, student: str) -> tuple[str, float | None]:
    """Say in one sentence where a hand-in stands, and give its points so far, before any penalty."""
    handed_in = os.path.lexists(course / "submitted" / student / assignment)
    try:
        submission = gradebook.find_submission(assignment, student)
    except MissingEntry:
        return (f"not graded, because {NOT_RUN}" if handed_in else "not handed in"), None
    if not handed_in and not submission.score:
        return "not handed in", None
    result = load_result(course, student, assignment)
    waiting = sorted(
        {grade.name for nb in submission.notebooks for grade in nb.grades if grade.needs_manual_grade}
    )
    if not waiting:
        return "graded", submission.score
    if result is None or result["not_graded"]:
        return f"not graded, because {result['not_graded'] if result else NOT_RUN}", None
    return f"waits for a person: {', '.join(waiting)}", submission.score
