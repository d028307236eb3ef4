"""Run the book's notebooks and store them in one canonical form (`make notebooks`).

- Chapters, appendices and solutions are run where they stand. Stored are text and PNG outputs, without widget
  state and without the widget view, cells numbered 1..n, keys sorted, metadata at its least. A stored PNG is
  replaced only if its pixels changed, so a second run changes no byte.
- Each `book/solutions/NN-topic.ipynb` becomes `book/exercises/NN-topic.ipynb`, what a student opens:
  nbgrader's own preprocessors take away solutions and hidden tests, hints are folded (`exercise_help`), and
  cells that may fail are marked, so that "Run All" goes on behind them. It is run as well; an error is
  stored as one line.
- The cell of a prediction is folded, because its code holds the answer; so is, in JupyterLab, the output
  after a prediction that folds (`predict(..., folds=True)`).
- With `--assignments FOLDER` nothing is run: FOLDER becomes an nbgrader course (`grading.course`).
- A solution that students would get by mistake, or that could not be graded, is refused (`grading.source`).
"""

from __future__ import annotations

import argparse
import ast
import base64
import copy
import io
import os
import sys
import time
from pathlib import Path

import matplotlib.image
import nbformat
import numpy as np
from exercise_help import fold_hints
from grading.course import CourseError, write_course
from grading.source import STUBS, SourceError, read_source
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
KEPT_MIME_TYPES = ("text/plain", "text/html", "text/latex", "text/markdown", "image/png")
KEPT_CELL_METADATA = ("tags", "mystnb", "nbgrader", "editable", "deletable")
# Jupyter runs on behind a cell with the first tag; the second keeps what it printed off the web page.
MAY_FAIL = ["raises-exception", "remove-output"]
# How a page folds the code of a cell, and what it says of that of a prediction.
FOLDED = "hide-input"
PROMPT = {"code_prompt_show": "Code of this question, with its answer", "code_prompt_hide": "Hide the code"}


def sources() -> list[Path]:
    """List the notebooks that are run: chapters, appendices, solutions."""
    return sorted(BOOK.glob("*.ipynb")) + sorted((BOOK / "solutions").glob("*.ipynb"))


def same_pixels(a: str, b: str) -> bool:
    """Compare two base64 PNGs by what they show."""
    first, second = (
        matplotlib.image.imread(io.BytesIO(base64.b64decode(png)), format="png") for png in (a, b)
    )
    return first.shape == second.shape and bool(np.array_equal(first, second))


def stored_pngs(nb: NotebookNode) -> dict[tuple[str, int], str]:
    """Collect a notebook's PNGs by cell id and place among the cell's outputs."""
    return {
        (cell.id, place): output.data["image/png"]
        for cell in nb.cells
        if cell.cell_type == "code"
        for place, output in enumerate(cell.outputs)
        if "image/png" in output.get("data", {})
    }


def canonical_outputs(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    """Keep text and pictures, join what one stream printed in pieces."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            # A stack trace names this machine's folders; a check's own sentence is one line already.
            if len(output.traceback) != 1:
                output.traceback = [f"{output.ename}: {output.evalue}"]
        elif "data" in output:
            output.data = {kind: output.data[kind] for kind in KEPT_MIME_TYPES if kind in output.data}
            output.metadata = {kind: v for kind, v in output.metadata.items() if kind in output.data}
            if output.output_type == "execute_result":
                output.execution_count = count
        kept.append(output)
    return kept


def canonical(nb: NotebookNode, before: NotebookNode) -> NotebookNode:
    """Bring a notebook that has been run into the form that is committed."""
    pngs = stored_pngs(before)
    count = 0
    for cell in nb.cells:
        cell.metadata = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        cell.pop("attachments", None)
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = canonical_outputs(cell.outputs, count)
        for place, output in enumerate(cell.outputs):
            new, old = output.get("data", {}).get("image/png"), pngs.get((cell.id, place))
            if new is not None and old is not None and same_pixels(new, old):
                output.data["image/png"] = old
    fold_predictions(nb)
    return with_least_metadata(nb)


def predictions(cell: NotebookNode) -> list[ast.Call]:
    """Return the calls of `predict` in a cell of code."""
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "predict"]


def folds(call: ast.Call) -> bool:
    """Whether a prediction keeps what comes after it folded."""
    return any(word.arg == "folds" and ast.unparse(word.value) == "True" for word in call.keywords)


def fold_predictions(nb: NotebookNode) -> None:
    """Fold the code of each prediction, and in JupyterLab the output after one that folds.

    A page folds that output by itself, and the paragraph after it, until the reader has predicted.
    """
    waits = False
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        if calls := predictions(cell):
            tags = [tag for tag in cell.metadata.get("tags", []) if tag != FOLDED]
            about = {**cell.metadata.get("mystnb", {}), **PROMPT}
            cell.metadata.update(
                {"tags": [*tags, FOLDED], "mystnb": about, "jupyter": {"source_hidden": True}}
            )
            waits = waits or any(map(folds, calls))
        elif waits and cell.outputs:
            cell.metadata.update({"collapsed": True, "jupyter": {"outputs_hidden": True}})
            waits = False


def with_least_metadata(nb: NotebookNode) -> NotebookNode:
    """Set what every notebook says about itself: Python 3, and nothing of this machine."""
    nb.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nbformat.from_dict(nb)


def text(nb: NotebookNode) -> str:
    """Write a notebook as the text of its file."""
    nbformat.validate(nb)
    return nbformat.writes(nb) + "\n"


def run(path: Path, source: NotebookNode | None = None) -> NotebookNode:
    """Run the notebook of this path, or `source` in its place, in its folder; return its canonical form."""
    before = nbformat.read(path, as_version=4) if path.exists() else source
    nb = copy.deepcopy(source or before)
    client = NotebookClient(
        nb,
        timeout=120,
        kernel_name="python3",
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],  # otherwise every kernel warns that it listens on this machine
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    return canonical(nb, before)


def names_in(tree: ast.AST) -> set[str]:
    """Return the names that code uses."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def mark_what_may_fail(nb: NotebookNode) -> None:
    """Tag each code cell that is an answer, or uses a name that an answer defines or a function that does."""
    code = [(cell, ast.parse(cell.source)) for cell in nb.cells if cell.cell_type == "code"]
    answers = [(cell, tree) for cell, tree in code if cell.metadata.get("nbgrader", {}).get("solution")]
    defines = ast.FunctionDef | ast.ClassDef
    names = {node.name for _, tree in answers for node in tree.body if isinstance(node, defines)}
    functions = [node for _, tree in code for node in tree.body if isinstance(node, ast.FunctionDef)]
    names |= {function.name for function in functions if names_in(function) & names}
    for cell, tree in code:
        if names_in(tree) & names or any(cell is answer for answer, _ in answers):
            cell.metadata.tags = [*cell.metadata.get("tags", []), *MAY_FAIL]


def student_version(solution: NotebookNode, checksums: bool = False) -> NotebookNode:
    """Make what a student opens: stubs for solutions, no hidden tests, outputs or stages, hints folded."""
    config = Config()
    config.ClearSolutions.update(STUBS)
    steps = [ClearSolutions, LockCells, ClearOutput, ClearHiddenTests, ClearMarkScheme, CheckCellMetadata]
    nb, resources = copy.deepcopy(solution), {}
    for step in [*steps, ComputeChecksums] if checksums else steps:
        nb, resources = step(config=config).preprocess(nb, resources)
    fold_hints(nb)
    mark_what_may_fail(nb)
    return with_least_metadata(nb)


def put(path: Path, content: str) -> str:
    """Write the file if that changes it, and say which it was."""
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return "unchanged"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")  # a file is there whole or not at all
    draft.write_text(content, encoding="utf-8", newline="\n")
    os.replace(draft, path)
    return "written"


def release(solution: NotebookNode) -> NotebookNode:
    """Make what a student of a course gets: the student's version, with the checksums nbgrader compares."""
    return student_version(solution, checksums=True)


def write_assignments(folder: Path) -> int:
    """Make an nbgrader course folder and say how to go on; return 1 if that can't be done."""
    try:
        names = write_course(folder, sorted((BOOK / "solutions").glob("*.ipynb")), release)
    except (CourseError, SourceError) as error:
        print(f"{error}\nNothing was written.", file=sys.stderr)
        return 1
    print(f"{folder}: {', '.join(names)}")
    print("Hand out release/; put what comes back into submitted/STUDENT/ASSIGNMENT/; then, in that folder,")
    print(f"python grade.py all {names[0]}")
    return 0


def main() -> int:
    """Run what was asked for; return 1 if nothing fits."""
    parser = argparse.ArgumentParser(description="Run the notebooks and store canonical outputs.")
    parser.add_argument("only", nargs="?", default="", help="run only notebooks whose name starts so, as 01")
    parser.add_argument("--assignments", type=Path, metavar="FOLDER", help="write an nbgrader course instead")
    options = parser.parse_args()
    if options.assignments:
        return write_assignments(options.assignments)
    chosen = [path for path in sources() if path.name.startswith(Path(options.only).name)]
    if not chosen:
        names = ", ".join(sorted({path.stem for path in sources()})) or "none"
        print(f"No notebook's name starts with {options.only!r}; there are: {names}", file=sys.stderr)
        return 1
    os.environ["BPLIB_FRAMES"] = "1"
    try:
        for path in chosen:
            if path.parent.name == "solutions":
                read_source(path)
    except SourceError as error:
        print(f"{error}\nNothing was run or written.", file=sys.stderr)
        return 1
    for path in chosen:
        start = time.perf_counter()
        print(f"{path.relative_to(ROOT)} ... ", end="", flush=True)
        nb = run(path)
        print(put(path, text(nb)), f"({time.perf_counter() - start:.1f} s)", flush=True)
        if path.parent.name == "solutions":
            student = BOOK / "exercises" / path.name
            print(
                student.relative_to(ROOT), put(student, text(run(student, student_version(nb)))), flush=True
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
