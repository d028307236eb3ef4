"""Sphinx extension: Python for the reader's page, packed so that a page loads it from a folder too.

What is vendored in `vendor/pyodide`, and bplib as it is in this tree, becomes scripts in
`_static/bp/python`: each calls `bplib_python_piece` with a piece of a part's gzip in base64. Modules that
Python loads at its start are packed compiled, as `tools/refresh_vendor.py` had them compiled.
`_static/bp/python.js` loads them when a reader asks. What is packed is kept beside the site, by its hash,
because packing takes seconds. With BPLIB_PYTHON=0 (`make site PYTHON=0`) the site is built without it, and
has the workbook only where there are fields for answers in words. With BPLIB_SOLUTIONS=0 the checks of the
exercises are packed sealed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from exercise_help import are_wanted
from sphinx.application import Sphinx
from student_wheel import put_sealed

from bplib.widgets import library

ROOT = Path(__file__).resolve().parent.parent
PYODIDE = ROOT / "vendor" / "pyodide"
RUNTIME = ("pyodide.asm.js", "pyodide.js", "pyodide.asm.wasm")
#: What is loaded after them, while they start already.
PACKAGES = ("numpy.zip", "bplib.zip")
#: Not in the page: what draws with matplotlib, and what only a build or Jupyter reads.
LEFT_OUT = {"bplib/plot.py", "bplib/graph_picture.py", "bplib/widgets/explore.py", "bplib/widgets/static"}
KEPT = {"bplib/widgets/static/loader.js"}  # a figure's class reads it
#: Of NumPy not in the page: what is for compilers, for type checkers and for NumPy's own tests.
NOT_NUMPY = re.compile(
    r"numpy/(f2py|_pyinstaller|_core/include|_core/lib|random/lib|random/_examples)/|.*/tests/"
    r"|numpy/_core/_(simd|(operand_flag|rational|struct_ufunc|umath)_tests)\.|.*\.(pyi|pxd|pyx|h|c|rst)$"
)
CODE = re.compile(r'<div class="cell_input')
FIELD = re.compile(r'<div class="bp-words"')
EXERCISES = "book/exercises/"
#: How the tag of an answer begins that is kept; bplib/mine.py says what for.
MINE = "mine:"
PIECE = 3 * 2**18  # bytes of gzip in a script, a multiple of 3: a megabyte of base64


def lock() -> dict[str, Any]:
    """Return what Pyodide's package says of itself and of the wheels that fit it."""
    told: dict[str, Any] = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))
    return told


def versions() -> dict[str, str]:
    """Return the versions of what runs in the page."""
    told = lock()
    info, numpy = told["info"], told["packages"]["numpy"]
    return {"python": info["python"], "numpy": numpy["version"], "pyodide": info["version"]}


def stored(files: dict[str, bytes]) -> bytes:
    """Pack files into a zip that isn't compressed, because its part is; always into the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return packed.getvalue()


def bplib_zip(root: Path = ROOT) -> bytes:
    """Pack bplib for the page."""
    files = {}
    for path in (root / "bplib").rglob("*"):
        name = path.relative_to(root).as_posix()
        left_out = name.startswith(tuple(LEFT_OUT)) and name not in KEPT
        if path.is_file() and "__pycache__" not in path.parts and not left_out:
            files[name] = path.read_bytes()
    return stored(files)


def sealed_zip() -> bytes:
    """Pack bplib with data in the place of what its checks compare with."""
    with tempfile.TemporaryDirectory() as folder:
        put_sealed(Path(folder))
        return bplib_zip(Path(folder))


def unpacked(path: Path, folder: str = "") -> dict[str, bytes]:
    """Return the files in a zip, or those in a folder of it."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith(folder) and not name.endswith("/")]
        return {name.removeprefix(folder): archive.read(name) for name in names}


def with_compiled(files: dict[str, bytes], folder: str) -> dict[str, bytes]:
    """Put compiled modules in the place of their sources, as far as there are any."""
    compiled = unpacked(PYODIDE / "compiled.zip", folder)
    files = {name: content for name, content in files.items() if f"{name}c" not in compiled}
    return files | compiled


def numpy_files(wheel: Path) -> dict[str, bytes]:
    """Return what the page needs of NumPy."""
    return {name: content for name, content in unpacked(wheel).items() if not NOT_NUMPY.match(name)}


def parts() -> dict[str, bytes]:
    """Return everything that the page's worker needs, by the names under which it asks."""
    told = lock()
    numpy = told["packages"]["numpy"]
    path = PYODIDE / numpy["file_name"]
    wheel = path.read_bytes()
    if hashlib.sha256(wheel).hexdigest() != numpy["sha256"]:
        raise ValueError(
            f"vendor/pyodide/{numpy['file_name']} is not the wheel that Pyodide's lock names; run "
            "tools/refresh_vendor.py, which says where to get it."
        )
    short = json.dumps({"info": told["info"], "packages": {}}).encode()  # nothing is installed by name
    return {
        **{name: (PYODIDE / name).read_bytes() for name in RUNTIME},
        "pyodide-lock.json": short,
        "python_stdlib.zip": stored(with_compiled(unpacked(PYODIDE / "python_stdlib.zip"), "stdlib/")),
        "numpy.zip": stored(with_compiled(numpy_files(path), "site-packages/")),
        "bplib.zip": bplib_zip() if are_wanted() else sealed_zip(),
    }


def pieces(name: str, content: bytes, cache: Path) -> tuple[str, list[Path]]:
    """Write a part as scripts, unless they are there already; return its mark and where they are."""
    mark = hashlib.sha256(b"%d %s" % (PIECE, content)).hexdigest()[:8]
    folder = cache / f"{name}-{mark}"
    if not folder.exists():
        for old in cache.glob(f"{name}-????????"):
            shutil.rmtree(old)
        packed = gzip.compress(content, 9, mtime=0)
        made = (
            cache / f"{name}-{mark}.part"
        )  # renamed when whole: a build that is stopped leaves no half part
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        for k, start in enumerate(range(0, len(packed), PIECE)):
            text = base64.b64encode(packed[start : start + PIECE]).decode("ascii")
            script = f"bplib_python_piece({json.dumps(name)}, {k}, {json.dumps(text)});\n"
            (made / f"{name}.{k}.js").write_text(script, encoding="ascii")
        made.rename(folder)
    return mark, sorted(folder.iterdir(), key=lambda path: int(path.suffixes[-2][1:]))


def write(static: Path, cache: Path) -> None:
    """Write `python.js`, what it loads, and the workbook into a folder, `_static/bp` of a site."""
    table: dict[str, Any] = {"versions": versions(), "packages": PACKAGES, "parts": {}}
    folder = static / "python"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in parts().items():
        mark, scripts = pieces(name, content, cache)
        for script in scripts:
            shutil.copyfile(script, folder / script.name)
        table["parts"][name] = {"mark": mark, "bytes": [script.stat().st_size for script in scripts]}
    write_script(static, library.PYTHON, table)
    write_script(static, library.WORKBOOK, table)


def write_script(static: Path, entry: str, table: dict[str, Any]) -> None:
    """Write one of the two scripts into `_static/bp` of a site."""
    script = static / entry.rpartition("/")[2]
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(library.page_script(entry, table), encoding="utf-8")


def is_wanted() -> bool:
    """Whether the site is to have Python in its pages."""
    return os.environ.get("BPLIB_PYTHON") != "0"


def write_python(app: Sphinx) -> None:
    """Write Python and the workbook into the site, or the workbook alone."""
    if app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static" / "bp"
    if is_wanted():
        write(static, out.parent / "python")
    else:
        write_script(static, library.WORKBOOK, {"versions": {}, "parts": {}})
    write_notebooks(static)


def write_notebooks(static: Path) -> None:
    """Write each student's notebook as a script, because a page from a folder can't fetch its file."""
    folder = static / "notebooks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sorted((ROOT / EXERCISES).glob("*.ipynb")):
        nb = json.loads(path.read_text(encoding="utf-8"))
        script = f"(window.bplib_notebooks ??= {{}})[{json.dumps(path.stem)}] = {json.dumps(nb)};\n"
        (folder / f"{path.stem}.js").write_text(script, encoding="utf-8")


def cells(page: str, notebook: Path) -> str:
    """Return what the workbook knows of a page, as an element.

    That is its name, the ids of its cells that run, and which answers are kept as pieces of `bplib.mine`.
    """
    nb = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in nb["cells"] if cell["cell_type"] == "code" and is_wanted()]
    told = {
        "page": page,
        "cells": [cell["id"] for cell in code],
        "pieces": {cell["id"]: piece for cell in code if (piece := piece_of(cell))},
        "notebook": page.startswith(EXERCISES),
    }
    return f'<script type="application/json" id="bp-cells">{json.dumps(told)}</script>'


def piece_of(cell: dict[str, Any]) -> str | None:
    """Return the name of the piece that a cell's tag ``mine:name`` makes of its answer."""
    tags = cell["metadata"].get("tags", [])
    return next((tag.removeprefix(MINE) for tag in tags if tag.startswith(MINE)), None)


def offer_python(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: object) -> None:
    """Give a page with code or with fields its workbook."""
    body = context.get("body", "")
    if app.builder.format == "html" and (FIELD.search(body) or (is_wanted() and CODE.search(body))):
        context["body"] += cells(page, Path(app.env.doc2path(page)))
        app.add_js_file("bp/workbook.js", defer="defer")
        app.add_css_file("bp/workbook.css", priority=900)  # after the theme's


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_python)
    app.connect("html-page-context", offer_python)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
