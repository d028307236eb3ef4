"""Build the wheel that students install (`make wheel`): bplib, with the checks of its exercises sealed.

A clone holds the solutions, and the package in it the functions that the checks compare with. In this wheel
data stand in their place; `bplib.exercises.sealed` says what that keeps from a student, and what it doesn't.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bplib.checks import Check  # noqa: E402
from bplib.exercises.sealed import seal  # noqa: E402

PACKED = ("pyproject.toml", "README.md", "LICENSE")
MODULE = '''"""The checks of a chapter, sealed: `bplib.exercises.sealed` says what that means."""

from pathlib import Path

from bplib.exercises.sealed import sealed_checks

globals().update(sealed_checks(Path(__file__).with_suffix(".json")))
'''


def put_sealed(folder: Path) -> None:
    """Copy what the wheel is made of, and seal the checks of every chapter there."""
    for name in PACKED:
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / "bplib", folder / "bplib", ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted((folder / "bplib" / "exercises").glob("ch[0-9][0-9].py")):
        checks = vars(importlib.import_module(f"bplib.exercises.{path.stem}"))
        sealed = {name: seal(check) for name, check in checks.items() if isinstance(check, Check)}
        path.with_suffix(".json").write_text(json.dumps(sealed, allow_nan=False), encoding="utf-8")
        path.write_text(MODULE, encoding="utf-8")


def build(out: Path) -> Path:
    """Build the wheel into a folder of its own and return it."""
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as source:
        put_sealed(Path(source))
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", made, source], check=True
        )
        (wheel,) = Path(made).glob("bplib-*.whl")
        out.mkdir(parents=True, exist_ok=True)
        for old in out.glob("bplib-*.whl"):
            old.unlink()
        return Path(shutil.move(wheel, out / wheel.name))


def main() -> int:
    """Build the wheel and say where it is."""
    parser = argparse.ArgumentParser(description="Build the wheel that students install.")
    parser.add_argument("folder", type=Path, help="where to put it, as _build/wheel")
    print(build(parser.parse_args().folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
