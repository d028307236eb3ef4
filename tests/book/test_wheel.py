"""The students' wheel runs the exercises, says the same sentences, and holds no reference and no solution."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from notebooks import BOOK, ROOT
from student_wheel import build

SOLUTIONS = sorted((BOOK / "solutions").glob("*.ipynb"))
STUB = "Not yet. Nothing is written yet: put your lines in the place of NotImplementedError."

# Runs the code cells of notebooks and prints, as JSON, what each graded cell says.
RUN = """
import contextlib, io, json, sys
import bplib

said = {}
for path in sys.argv[1:]:
    names = {}
    for cell in json.load(open(path, encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            out = io.StringIO()
            try:
                with contextlib.redirect_stdout(out):
                    exec("".join(cell["source"]), names)
            except Exception as error:
                print(error, file=out)
            if cell["metadata"].get("nbgrader", {}).get("grade"):
                said[path + cell["id"]] = out.getvalue()
print(json.dumps([bplib.__file__, said]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, in a folder."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(build(folder / "built")) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, folder: str) -> dict[str, str]:
    """Run the notebooks of a folder of the book in a process that sees the wheel; return what checks say."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *(str(BOOK / folder / path.name) for path in SOLUTIONS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    where, said = json.loads(done.stdout)
    assert Path(where).is_relative_to(installed)
    assert len(said) > 8 * len(SOLUTIONS)
    return said


def test_exercises_run_with_the_wheel(installed):
    """Hidden tests of the solutions included: they hold their own values."""
    assert all(said.startswith("Right: ") for said in run(installed, "solutions").values())
    assert set(run(installed, "exercises").values()) == {f"{STUB}\n"}


def test_every_chapter_of_the_wheel_is_sealed(installed):
    chapters = sorted((installed / "bplib" / "exercises").glob("ch*.py"))
    assert [path.stem[2:] for path in chapters] == [path.name[:2] for path in SOLUTIONS]
    for path in chapters:
        made = ast.walk(ast.parse(path.read_text()))
        assert not [node for node in made if isinstance(node, ast.FunctionDef | ast.Lambda)]
        checks = json.loads(path.with_suffix(".json").read_text())
        assert checks and not {key for data in checks.values() for key in data} & {"reference"}


def test_no_reference_and_no_solution_is_in_the_wheel(installed):
    """No function of a chapter's checks, and no solution, stands anywhere in it."""
    files = [path for path in installed.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".ipynb" or "solutions" in path.parts]
    packed = "\n".join(path.read_text(encoding="utf-8") for path in files if path.suffix in (".py", ".json"))
    for path in SOLUTIONS:
        source = (ROOT / "bplib" / "exercises" / f"ch{path.name[:2]}.py").read_text(encoding="utf-8")
        made = [
            node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.Lambda)
        ]
        secrets = [ast.get_source_segment(source, node) for node in made]
        secrets += [
            cell.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0].strip()
            for cell in nbformat.read(path, as_version=4).cells
            if "### BEGIN SOLUTION" in cell.source
        ]
        telling = [secret for secret in secrets if len(secret) > 30]  # not `lambda: 1.0`, nor `return 100`
        assert len(telling) > 20
        assert not [secret for secret in telling if secret in packed]
