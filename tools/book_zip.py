"""Sphinx extension: the whole book as one file on the site, `backpropagation-live.zip`.

It holds what git tracks, so that unpacking it and the README's commands do what they do in a clone. The same
files give the same bytes. Where there is no git, as in an unpacked zip, it holds all but what was made there.
With BPLIB_SOLUTIONS=0 it has no solutions and no tests, which hold answers, and the checks in it are sealed.
"""

from __future__ import annotations

import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from exercise_help import are_wanted
from sphinx.application import Sphinx
from student_wheel import put_sealed

ROOT = Path(__file__).resolve().parent.parent
NAME = "backpropagation-live"
#: Folders that tools make, as .gitignore lists them, and what only the repository's own machine needs.
MADE = {"_build", "__pycache__", "jupyter_execute", "node_modules"}
MADE_ENDINGS = (".egg-info", ".pyc", "_cache", "_checkpoints")
LEFT_OUT = {".ci", ".git", ".hypothesis"}
#: What tells answers, by the paths' beginnings.
TELLING = ("book/solutions/", "tests/")


def tracked(root: Path) -> list[str]:
    """List the book's files, by their paths from `root`."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached"]
    if (root / ".git").exists():
        names = subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8").split("\0")
    else:
        names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    return sorted(name for name in names if name and _belongs(name) and (root / name).is_file())


def _belongs(name: str) -> bool:
    parts = set(name.split("/"))
    made = any(part in MADE or part.endswith(MADE_ENDINGS) or part.startswith(".venv") for part in parts)
    return not made and not parts & LEFT_OUT


def write_zip(root: Path, target: Path) -> None:
    """Pack the book into a folder of its own in a zip."""
    if are_wanted():
        return _pack(target, {name: root / name for name in tracked(root)})
    with tempfile.TemporaryDirectory() as folder:
        put_sealed(Path(folder))
        files = {name: root / name for name in tracked(root) if not name.startswith((*TELLING, "bplib/"))}
        made = (path for path in sorted(Path(folder, "bplib").rglob("*")) if path.is_file())
        _pack(target, files | {path.relative_to(folder).as_posix(): path for path in made})
    return None


def _pack(target: Path, files: dict[str, Path]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in files.items():
            entry = zipfile.ZipInfo(f"{NAME}/{name}")  # its date is 1980, whenever it is made
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())


def add_zip(app: Sphinx, error: Exception | None) -> None:
    """Put the zip beside the site's first page, once the pages are written."""
    if error is None and app.builder.format == "html":
        write_zip(ROOT, Path(app.outdir) / f"{NAME}.zip")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", add_zip)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
