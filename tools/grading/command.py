"""The teacher's command: `python grade.py all ASSIGNMENT`, in the course folder.

Each hand-in is graded in a process of its own, as many at once as asked for. Whatever happens to one, the
others go on, and it gets a result that says what happened.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path

from grading.course import COURSE_ID, CourseError, database, settings, write_release
from grading.grade import Assignment, Result, faults_of_solution, grade
from grading.gradebook import collect, current_result, save_result, students_of
from grading.sandbox import Limits, SandboxError, ensure_sandbox
from grading.source import SourceError, read_source

LATE = 60.0  # seconds that a worker may take beyond its hand-in's own


def main(course: Path, arguments: list[str] | None = None) -> int:
    """Do what the teacher asks for; return 1 if it can't be done."""
    options = _parser().parse_args(arguments)
    try:
        assignment = _assignment(course, options.assignment, options.command)
        if options.command == "release":
            from notebooks import release

            place = write_release(course, assignment.name, read_source(assignment.source_file), release)
            print(f"Written: {place.relative_to(course)}")
            return 0
        students = _chosen(students_of(assignment), options)
        if options.command in ("all", "run"):
            limits = Limits(sandbox=not options.unsafe, call_seconds=options.seconds)
            run(assignment, students, limits, options.jobs, options.again)
        if options.command in ("all", "collect"):
            results = collect(assignment, students)
            if not options.no_feedback:
                write_feedback(course, assignment.name, students, options.jobs, options.show_hidden)
            write_table(course, course / "grades.csv")
            print(summary(results))
    except (CourseError, SandboxError, SourceError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="grade.py", description="Grade this course.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, said in {
        "all": "grade what is new in submitted/, then write gradebook, feedback and grades.csv",
        "run": "grade only: a result for each hand-in, in results/",
        "collect": "write gradebook, feedback and grades.csv from results/",
        "release": "after source/ was changed: check it and write release/ again",
    }.items():
        command = commands.add_parser(name, help=said, description=said)
        command.add_argument("assignment", help="its folder's name, as 01-credit-assignment")
        if name == "release":
            continue
        command.add_argument("--student", action="append", help="only this one (may be given several times)")
        command.add_argument(
            "--jobs", type=int, default=os.cpu_count() or 1, help="hand-ins at once (all cores)"
        )
        if name != "collect":
            command.add_argument(
                "--part", metavar="K/N", help="only part K of N of the class, for N machines"
            )
            command.add_argument(
                "--again", action="store_true", help="also what was graded and has not changed"
            )
            command.add_argument(
                "--seconds",
                type=float,
                default=Limits.call_seconds,
                help="for a cell or a call (%(default)g)",
            )
            command.add_argument("--unsafe", action="store_true", help="run students' code without a sandbox")
        if name != "run":
            command.add_argument("--no-feedback", action="store_true", help="write no HTML for students")
            command.add_argument("--show-hidden", action="store_true", help="let feedback show hidden tests")
    return parser


def _assignment(course: Path, name: str, command: str) -> Assignment:
    there = sorted(path.name for path in (course / "source").glob("*") if path.is_dir())
    if name not in there:
        raise CourseError(
            f"There is no assignment {name!r} in {course / 'source'}; there: {', '.join(there) or 'none'}."
        )
    notebooks = sorted((course / "source" / name).glob("*.ipynb"))
    if len(notebooks) != 1:
        raise CourseError(
            f"An assignment is one notebook, and {course / 'source' / name} has {len(notebooks)}."
        )
    assignment = Assignment(course, name, notebooks[0].stem)
    read_source(assignment.source_file)
    if command != "release" and not assignment.release_file.exists():
        raise CourseError(f"{assignment.release_file} is missing: run `python grade.py release {name}`.")
    return assignment


def _chosen(students: list[str], options: argparse.Namespace) -> list[str]:
    if options.student:
        if unknown := [name for name in options.student if name not in students]:
            raise CourseError(f"Nothing is handed in by {', '.join(unknown)}.")
        students = list(options.student)
    if part := getattr(options, "part", None):
        try:
            k, n = map(int, part.split("/"))
        except ValueError:
            k, n = 0, 0
        if not 1 <= k <= n:
            raise CourseError(f"--part is K/N with K from 1 to N, as 3/20, and not {part!r}.")
        students = students[k - 1 :: n]
    if not students and not getattr(options, "part", None):
        raise CourseError(f"No hand-ins: put them in submitted/STUDENT/{options.assignment}/.")
    return students


def run(assignment: Assignment, students: list[str], limits: Limits, jobs: int, again: bool = False) -> None:
    """Grade these students' hand-ins, those that are new or all, and write their results.

    Raises
    ------
    SandboxError
        If there is no sandbox, and none was declined.
    CourseError
        If the source's own solution does not get full marks.
    """
    ensure_sandbox(limits)
    if wrong := faults_of_solution(assignment, limits):
        raise CourseError(f"{assignment.source_file}: its own solution is not right.\n" + "\n".join(wrong))
    _ = assignment.fingerprint, assignment.release  # read once, before the workers part
    new = [student for student in students if again or current_result(assignment, student) is None]
    begin = time.monotonic()

    def work(student: str) -> None:
        save_result(assignment.course, _grade(assignment, student, limits))

    def failed(student: str, why: str) -> None:
        save_result(assignment.course, _failed(assignment, student, why))

    each_apart(new, work, jobs, limits.total_seconds + LATE, failed)
    known = f"; {len(students) - len(new)} as before" if len(new) < len(students) else ""
    print(f"Graded {len(new)} in {time.monotonic() - begin:.0f} s{known}.", flush=True)


def _grade(assignment: Assignment, student: str, limits: Limits) -> Result:
    try:
        return grade(assignment, student, limits)
    except Exception as error:
        return _failed(assignment, student, f"the grader has failed ({type(error).__name__}: {error})")


def _failed(assignment: Assignment, student: str, why: str) -> Result:
    """Make the result of a hand-in that the grader could not finish."""
    names = {"assignment": assignment.name, "student": student}
    return {**names, "fingerprint": "", "not_graded": why, "notes": [], "checks": {}}


def each_apart(
    items: list[str],
    work: Callable[[str], None],
    jobs: int,
    seconds: float,
    failed: Callable[[str, str], None],
) -> None:
    """Do `work` on each item in a process of its own; tell `failed` of those that die or don't end."""
    context = multiprocessing.get_context("fork")  # what is loaded is shared
    waiting, running = list(reversed(items)), {}
    while waiting or running:
        while waiting and len(running) < max(jobs, 1):
            item = waiting.pop()
            process = context.Process(target=work, args=(item,))
            process.start()
            running[process.sentinel] = (process, item, time.monotonic() + seconds)
        for sentinel in wait(list(running), timeout=1.0):
            process, item, _ = running.pop(sentinel)
            process.join()
            if process.exitcode:
                failed(item, f"the grader's process has ended (exit code {process.exitcode})")
        for sentinel, (process, item, end) in list(running.items()):
            if time.monotonic() > end:
                process.kill()
                process.join()
                del running[sentinel]
                failed(item, "the grader's process did not come to an end")


def write_feedback(course: Path, assignment: str, students: list[str], jobs: int, show_hidden: bool) -> None:
    """Write each student's feedback, HTML with nbgrader's template."""
    import logging

    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    config = settings(course)
    if show_hidden:
        config.HideHiddenTests.enabled = False

    def write(share: str) -> None:
        logging.getLogger("traitlets").setLevel(logging.ERROR)
        for student in students[int(share) :: jobs]:
            directory = CourseDirectory(config=config, assignment_id=assignment, student_id=student)
            converter = GenerateFeedback(coursedir=directory, config=config, force=True)
            converter.log.setLevel(logging.ERROR)
            converter.start()

    def failed(share: str, why: str) -> None:
        raise CourseError(f"Feedback could not be written: {why}.")

    each_apart(
        [str(k) for k in range(min(jobs, len(students)))], write, jobs, 10.0 * len(students) + LATE, failed
    )


def write_table(course: Path, place: Path) -> None:
    """Write the grades of all assignments."""
    from nbgrader.api import Gradebook

    from grading.plugin import write_csv

    with Gradebook(database(course), COURSE_ID) as gradebook:
        write_csv(gradebook, course, place)


def summary(results: dict[str, Result]) -> str:
    """Say how the class stands, and name everybody who has no grade."""
    without = {student: result["not_graded"] for student, result in results.items() if result["not_graded"]}
    odd = {student: result["notes"] for student, result in results.items() if result["notes"]}
    lines = [f"{len(results) - len(without)} of {len(results)} hand-ins have a grade; see grades.csv."]
    lines += [f"  {student}: not graded, because {why}" for student, why in sorted(without.items())]
    if odd:
        lines.append("Graded, with a note:")
        lines += [f"  {student}: {' '.join(notes)}" for student, notes in sorted(odd.items())]
    return "\n".join(lines)
