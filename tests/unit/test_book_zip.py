"""The book as one file: what git tracks, the same bytes each time, and whole enough to start from."""

import subprocess
import sys
import zipfile
from fnmatch import fnmatch

import book_zip
import pytest

ROOT = book_zip.ROOT


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    target = tmp_path_factory.mktemp("zip") / "book.zip"
    book_zip.write_zip(ROOT, target)
    return target


@pytest.fixture(scope="module")
def unpacked(packed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    return folder / book_zip.NAME


def run(folder, *command):
    """Run a command in the unpacked book, with this Python and the book's own package."""
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "HOME": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_small_and_the_same_each_time(packed, tmp_path):
    assert 5e6 < packed.stat().st_size < 25e6
    book_zip.write_zip(ROOT, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_it_holds_what_the_readme_names_and_nothing_that_was_made(unpacked):
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {
        "README.md",
        "LICENSE",
        "LICENSE-TEXT",
        "Makefile",
        "constraints.txt",
        "requirements.txt",
    } <= names
    assert {"book/00-introduction.ipynb", "bplib/scalar.py", "tests/sanitize.cfg", "_config.yml"} <= names
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "vendor/licenses").iterdir()} <= names
    made = (".git/", "_build", ".venv")
    assert not [name for name in names if fnmatch(name, "*.pyc") or name.startswith(made)]
    # And from the unpacked book the same zip is made, without git.
    assert set(book_zip.tracked(unpacked)) == names


def test_the_readme_s_commands_stand_there(unpacked):
    said = run(unpacked, "make", "-n", "lab", "test")
    for part in ("-m venv .venv", "-c constraints.txt -r requirements.txt", "jupyter lab", "tests/browser"):
        assert part in said


def test_the_package_and_a_notebook_run_from_there(unpacked):
    where = run(unpacked, sys.executable, "-c", "import bplib; print(bplib.__file__)").strip()
    assert where == str(unpacked / "bplib/__init__.py")
    nbval = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/sanitize.cfg"]
    told = run(unpacked, sys.executable, "-m", "pytest", "-q", *nbval, "book/A1-notation.ipynb")
    assert "passed" in told


def test_without_solutions_it_tells_no_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("BPLIB_SOLUTIONS", "0")
    book_zip.write_zip(ROOT, tmp_path / "book.zip")
    with zipfile.ZipFile(tmp_path / "book.zip") as archive:
        names = [name.removeprefix(f"{book_zip.NAME}/") for name in archive.namelist()]
        check = archive.read(f"{book_zip.NAME}/bplib/exercises/ch01.py").decode()
    assert {"README.md", "Makefile", "book/exercises/01-credit-assignment.ipynb"} <= set(names)
    assert not [name for name in names if name.startswith(("book/solutions", "tests/"))]
    assert "sealed_checks" in check
    assert "def " not in check
