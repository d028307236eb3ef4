"""The course folder: made whole or not at all, with settings by which nbgrader grades with this grader.

`source/` and `release/` come from the book's solutions, `gradebook.db` knows the assignments,
`nbgrader_config.py` and `grade.py` lead back to the clone that they were made from. A folder that is in use
is never touched.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells, SaveCells
from traitlets.config import Config, PyFileConfigLoader

from grading.source import STUBS, SourceError, read_source

TOOLS = Path(__file__).resolve().parent.parent
COURSE_ID = "backpropagation-live"
# nbgrader starts `alembic` by its name; it is beside this Python, whether or not the environment is active.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
OURS = {"source", "release", "gradebook.db", "nbgrader_config.py", "grade.py"}
CONFIG = f'''"""nbgrader's settings: hand-ins run in a sandbox, by the grader of the book's clone."""

import sys
from pathlib import Path

sys.path.insert(0, {str(TOOLS)!r})  # where the clone is; change it here and in grade.py if it moves

from grading.course import configure

c = get_config()
configure(c, Path(__file__).parent)
# c.HideHiddenTests.enabled = False  # feedback then shows the hidden tests too
'''
COMMAND = f'''"""Grade this course: `python grade.py all ASSIGNMENT`; `--help` says what else."""

import sys
from pathlib import Path

sys.path.insert(0, {str(TOOLS)!r})  # where the clone is; change it here and in nbgrader_config.py if it moves

from grading.command import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
'''
Release = Callable[[NotebookNode], NotebookNode]


class CourseError(Exception):
    """The course folder is not as it must be; the message says what to do."""


def configure(config: Config, course: Path) -> None:
    """Set nbgrader up for this course."""
    from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
    from nbgrader.preprocessors import AssignLatePenalties, GetGrades, SaveAutoGrades

    from grading import plugin

    config.CourseDirectory.course_id = COURSE_ID
    config.CourseDirectory.root = str(course)
    config.ClearSolutions.update(STUBS)
    config.GradeHandIn.course = str(course)
    config.Autograde.sanitize_preprocessors = [plugin.GradeHandIn]
    config.Autograde.autograde_preprocessors = [SaveAutoGrades, AssignLatePenalties]
    config.GenerateFeedback.preprocessors = [
        GetGrades,
        plugin.SayNotGraded,
        plugin.HideHiddenTests,
        CSSHTMLHeaderPreprocessor,
    ]
    config.ExportApp.plugin_class = plugin.GradesCsv


def settings(course: Path) -> Config:
    """Read what `configure` and the teacher have set."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()


def database(course: Path) -> str:
    """Return where nbgrader keeps the grades."""
    return f"sqlite:///{course.resolve() / 'gradebook.db'}"


def write_course(folder: Path, sources: Iterable[Path], release: Release) -> list[str]:
    """Make a course folder of source notebooks; return the names of its assignments.

    Raises
    ------
    SourceError
        If a source is wrong. Nothing is written then.
    CourseError
        If the folder is in use.
    """
    notebooks = {path: read_source(path) for path in sources}
    if (
        others := sorted(path.name for path in folder.iterdir() if path.name not in OURS)
        if folder.exists()
        else []
    ):
        raise CourseError(
            f"{folder} is in use: it holds {', '.join(others[:4])}. Move it away, or name another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        new.chmod(0o755)
        for path, nb in notebooks.items():
            place = new / "source" / path.stem / path.name
            place.parent.mkdir(parents=True)
            shutil.copyfile(path, place)
            write_release(new, path.stem, nb, release)
        (new / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
        (new / "grade.py").write_text(COMMAND, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.rename(new, folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return [path.stem for path in notebooks]


def write_release(course: Path, name: str, source: NotebookNode, release: Release) -> Path:
    """Write what students get, and tell the gradebook of its cells."""
    for_students = release(source)
    for cell in for_students.cells:
        if cell.cell_type == "markdown":  # the chapters are not in a course folder
            cell.source = re.sub(r"\[([^\]]*)\]\(\.\./[^)]*\)", r"\1", cell.source)
    place = course / "release" / name / f"{name}.ipynb"
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".new")
    draft.write_text(nbformat.writes(for_students) + "\n", encoding="utf-8")
    _record(course, name, source)
    os.replace(draft, place)
    return place


def _record(course: Path, name: str, source: NotebookNode) -> None:
    """Do what nbgrader's generate_assignment does to the gradebook."""
    with Gradebook(database(course), COURSE_ID) as gradebook:
        gradebook.update_or_create_assignment(name)
    config = Config()
    config.ClearSolutions.update(STUBS)
    nb = copy.deepcopy(source)
    resources: dict[str, Any] = {
        "nbgrader": {"assignment": name, "notebook": name, "student": ".", "db_url": database(course)}
    }
    for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums, SaveCells):
        try:
            nb, resources = step(config=config).preprocess(nb, resources)
        except RuntimeError as error:  # SaveCells: hand-ins have been graded with other cells
            raise SourceError(f"{name}: {error}.") from None
