"""What nbgrader loads: our grader for its kernel, an honest CSV, feedback without hidden tests."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.plugins import ExportPlugin
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Bool, Unicode

from grading.examine import HIDDEN
from grading.grade import Assignment, grade
from grading.gradebook import save_result, status, to_show
from grading.sandbox import Limits, ensure_sandbox

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score", "status",
)  # fmt: skip


class GradeHandIn(NbGraderPreprocessor):
    """Grades a hand-in for `nbgrader autograde` and the formgrader's button."""

    course = Unicode(help="the course folder").tag(config=True)
    unsafe = Bool(False, help="run students' code without a sandbox").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the graded notebook; its outputs hold the points."""
        names = resources["nbgrader"]
        assignment = Assignment(Path(self.course), names["assignment"], names["notebook"])
        limits = Limits(sandbox=not self.unsafe)
        ensure_sandbox(limits)
        result = grade(assignment, names["student"], limits)
        save_result(assignment.course, result)
        if result["not_graded"]:
            raise NbGraderException(f"{names['student']}: not graded, because {result['not_graded']}")
        return to_show(assignment, result), resources


class SayNotGraded(NbGraderPreprocessor):
    """Leaves nothing but the reason in the feedback on a hand-in without a grade, and no 0."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Act unless a person has given points since."""
        graded = nb.metadata.get("grading", {}).get("graded", True)
        if not graded and not resources["nbgrader"]["score"]:
            nb.cells = nb.cells[:1]
            resources["nbgrader"]["score"] = float("nan")
        return nb, resources


class HideHiddenTests(NbGraderPreprocessor):
    """Takes hidden tests, and what they found, out of a student's feedback."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Keep the check that the student knows, and its sentence."""
        if cell.cell_type == "code":
            if is_grade(cell):
                cell.source = HIDDEN.sub("", cell.source)
            cell.outputs = [out for out in cell.outputs if not out.get("metadata", {}).get("for_teacher")]
        return cell, resources


class GradesCsv(ExportPlugin):
    """nbgrader's table of grades, in which a hand-in without a grade says why and is no 0."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the table, by default to grades.csv."""
        course = Path(self.parent.coursedir.root) if self.parent else Path.cwd()
        write_csv(gradebook, course, Path(self.to or "grades.csv"), list(self.student), list(self.assignment))


def write_csv(
    gradebook: Gradebook,
    course: Path,
    place: Path,
    students: list[str] | None = None,
    assignments: list[str] | None = None,
) -> None:
    """Write the grades of these students and assignments, or of all."""
    with place.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for assignment in gradebook.assignments:
            if not assignments or assignment.name in assignments:
                for student in gradebook.students:
                    if not students or student.id in map(str, students):
                        table.writerow(_row(gradebook, course, assignment, student))


def _row(gradebook: Gradebook, course: Path, assignment: Any, student: Any) -> dict[str, Any]:
    said, points = status(gradebook, course, assignment.name, student.id)
    row: dict[str, Any] = {
        "assignment": assignment.name,
        "duedate": assignment.duedate,
        "student_id": student.id,
        "last_name": student.last_name,
        "first_name": student.first_name,
        "email": student.email,
        "max_score": assignment.max_score,
        "score": said,
        "status": said,
    }
    if points is not None:
        submission = gradebook.find_submission(assignment.name, student.id)
        penalty = submission.late_submission_penalty or 0.0
        row.update(timestamp=submission.timestamp, raw_score=points, late_submission_penalty=penalty)
        if said == "graded":
            row["score"] = max(0.0, points - penalty)
    return {column: "" if row.get(column) is None else row[column] for column in COLUMNS}
