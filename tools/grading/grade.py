"""Grade one hand-in: a file goes in, a result that is plain JSON comes out.

No gradebook, nothing shared: this is the unit of work that many cores or many machines can do at once.

Every hand-in gets a result: points for each check, or the reason why there are none.
"""

from __future__ import annotations

import hashlib
import textwrap
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from grading import handin
from grading.examine import Absent, Examiner, Outcome
from grading.handin import Cell, NotGradedError, Step
from grading.sandbox import ROOT, Limits
from grading.session import OutOfTimeError, Ran, Session

Result = dict[str, Any]


@dataclass(frozen=True)
class Assignment:
    """An assignment of a course folder, as its teacher wrote it and as students got it."""

    course: Path
    name: str
    notebook: str

    @property
    def source_file(self) -> Path:
        """The notebook with solutions and hidden tests."""
        return self.course / "source" / self.name / f"{self.notebook}.ipynb"

    @property
    def release_file(self) -> Path:
        """The notebook that students got."""
        return self.course / "release" / self.name / f"{self.notebook}.ipynb"

    @cached_property
    def source(self) -> list[Cell]:
        """Its cells, with solutions and hidden tests."""
        return handin.read(self.source_file)

    @cached_property
    def release(self) -> list[Cell]:
        """Its cells, as students got them."""
        return handin.read(self.release_file)

    @cached_property
    def examiner(self) -> Examiner:
        """Whoever runs its checks."""
        return Examiner(self.source)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the checks do, those of the notebook or the code behind them."""
        code = sorted([*(ROOT / "bplib").rglob("*.py"), *(ROOT / "tools" / "grading").glob("*.py")])
        return _hash(b"".join(path.read_bytes() for path in [self.source_file, self.release_file, *code]))

    def folder(self, student: str) -> Path:
        """Where this student's hand-in is."""
        return self.course / "submitted" / student / self.name


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def fingerprint(assignment: Assignment, student: str) -> str:
    """Return what a result depends on: checks and hand-in."""
    try:
        path, _ = handin.find_notebook(assignment.folder(student), assignment.notebook, _known(assignment))
        content = handin.read_bytes(path)
    except NotGradedError as reason:
        content = str(reason).encode()
    return _hash(assignment.fingerprint.encode() + content)


def _known(assignment: Assignment) -> set[str]:
    return {cell.name for cell in assignment.source if cell.meta}


def grade(assignment: Assignment, student: str, limits: Limits | None = None) -> Result:
    """Grade what a student has handed in for an assignment."""
    begin = time.monotonic()
    result: Result = {
        "assignment": assignment.name,
        "student": student,
        "fingerprint": fingerprint(assignment, student),
        "not_graded": None,
        "notes": [],
        "checks": {},
    }
    try:
        path, notes = handin.find_notebook(
            assignment.folder(student), assignment.notebook, _known(assignment)
        )
        result.update(grade_file(assignment, path, limits or Limits()))
        result["notes"] = notes + result["notes"]
    except NotGradedError as reason:
        result["not_graded"] = str(reason)
    result["seconds"] = round(time.monotonic() - begin, 2)
    return result


def faults_of_solution(assignment: Assignment, limits: Limits) -> list[str]:
    """Grade the source's own answers; return what is said of those that fail.

    A check that fails on what its author wrote would fail on everybody, and look like the class's fault.
    """
    result = grade_file(assignment, assignment.source_file, limits)
    return [f"{name}: {found['said']}" for name, found in result["checks"].items() if not found["passed"]]


def grade_file(assignment: Assignment, path: Path, limits: Limits) -> Result:
    """Grade one file.

    Raises
    ------
    NotGradedError
        If it can't be graded.
    """
    examiner = assignment.examiner
    wanted = examiner.wanted(assignment.source)
    steps, notes = handin.arrange(assignment.source, assignment.release, handin.read(path), wanted)
    outcomes: dict[str, Outcome] = {}
    ran: dict[int, Ran] = {}
    late: list[Cell] = []
    try:
        with Session(limits, secret=(assignment.course,)) as session:
            for source in examiner.imports:
                session.run(source)
            for k, step in enumerate(steps):
                if step.own is not None and step.own.is_check:
                    try:
                        outcomes[step.own.name] = examiner.examine(step.own, session)
                    except Absent:
                        late.append(step.own)
                elif step.cell.kind == "code" and step.cell.source.strip():
                    ran[k] = session.run(step.cell.source)
            for check in late:
                try:
                    outcomes[check.name] = examiner.examine(check, session)
                except Absent as absent:
                    outcomes[check.name] = _nothing_there(absent.names, check, assignment.source, steps, ran)
    except OutOfTimeError:
        raise NotGradedError(f"it runs longer than {limits.total_seconds:g} seconds") from None
    return {
        "notes": notes,
        "checks": {name: vars(outcome) for name, outcome in outcomes.items()},
        "notebook": _graded_notebook(assignment, steps, ran, outcomes),
    }


def _nothing_there(
    names: list[str], check: Cell, source: list[Cell], steps: list[Step], ran: dict[int, Ran]
) -> Outcome:
    """Say why a check finds no function: nothing was written, or its cell stops before."""
    answers = [cell for cell in source[: source.index(check)] if cell.is_answer and cell.kind == "code"]
    for k, step in enumerate(steps):
        if answers and step.own is answers[-1] and k in ran and (error := ran[k].error):
            kind, first, line = error
            where = f" in its line {line}" if line else ""
            return Outcome(
                False, f"Not yet. The answer's cell stops{where} with {kind}: {first}".removesuffix(": ")
            )
    return Outcome(False, f"Not yet. Nothing is written yet: there is no {' and no '.join(names)}.")


def _graded_notebook(
    assignment: Assignment, steps: list[Step], ran: dict[int, Ran], outcomes: dict[str, Outcome]
) -> dict[str, Any]:
    """Write the notebook that nbgrader reads points from and that teachers and students look at."""
    checksums = {cell.name: cell.meta.get("checksum") for cell in assignment.release}
    last = {step.own.name: k for k, step in enumerate(steps) if step.own is not None}
    cells = []
    for k, step in enumerate(steps):
        metadata: dict[str, Any] = {}
        if step.own is not None and step.own.meta and last[step.own.name] == k:
            metadata["nbgrader"] = {**step.own.meta, "checksum": checksums.get(step.own.name)}
        if step.cell.kind == "code":
            outputs = _outputs(ran.get(k))
            if step.own is not None and step.own.is_check:
                outputs = outputs_of(outcomes[step.own.name])
            cells.append(new_code_cell(step.cell.source, metadata=metadata, outputs=outputs))
        else:
            new_cell = new_markdown_cell if step.cell.kind == "markdown" else new_raw_cell
            cells.append(new_cell(step.cell.source, metadata=metadata))
    return new_notebook(cells=cells, metadata=METADATA)


METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def _outputs(ran: Ran | None) -> list[Any]:
    """Show what a student's cell printed and where it stopped; as text, for a teacher's browser opens it."""
    if ran is None:
        return []
    outputs = [new_output("stream", name="stdout", text=ran.printed)] if ran.printed else []
    if ran.error:
        kind, first, line = ran.error
        said = f"{kind}: {first}" + (f" (line {line})" if line else "")
        outputs.append(new_output("error", ename=kind, evalue=first, traceback=[said]))
    return outputs


def outputs_of(outcome: Outcome) -> list[Any]:
    """Write an outcome so that nbgrader reads it: an error is 0 points, text is all of them."""
    if outcome.passed:
        return [new_output("stream", name="stdout", text=outcome.said or "Right.")]
    lines = "\n".join(textwrap.fill(line, 88, break_long_words=False) for line in outcome.said.splitlines())
    outputs = [new_output("error", ename="Not yet", evalue=outcome.said, traceback=[lines])]
    if outcome.detail:
        detail = {"text/plain": outcome.detail}
        outputs.append(new_output("display_data", data=detail, metadata={"for_teacher": True}))
    return outputs
