"""Compile what Python loads when it starts in the page; `tools/refresh_vendor.py` runs this in Pyodide.

Compiled code belongs to one version of CPython, and the page's is not the one that builds the site. So the
page's own compiles its modules, once, when it is vendored: those of the standard library and of NumPy that
are loaded once every module of bplib is. The others are compiled in the page, if a cell ever imports them.
"""

from __future__ import annotations

import marshal
import site
import sys
import zipfile
from collections.abc import Iterator
from importlib import import_module
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from zipimport import zipimporter

from bplib.widgets.page import absent

STDLIB = next(path for path in sys.path if path.endswith(".zip"))
PACKAGES = site.getsitepackages()[0]
UNCHECKED = (1).to_bytes(4, "little")  # a .pyc with its source's hash, which Python doesn't compare again


def load(packed: str) -> None:
    """Import every module in the zip of bplib."""
    finder = absent.Finder()
    sys.meta_path.insert(0, finder)
    for name in zipfile.ZipFile(packed).namelist():
        if name.endswith(".py"):
            import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    sys.meta_path.remove(finder)


def sources() -> Iterator[tuple[str, str, bytes]]:
    """Yield where each loaded module goes, its path here, and its source."""
    specs = [getattr(module, "__spec__", None) for module in sys.modules.values()]
    # Some have the origin "frozen": they are compiled into the interpreter.
    for path in sorted({spec.origin for spec in specs if spec and spec.origin}):
        if path.startswith(STDLIB):
            place = path.replace(STDLIB, "stdlib", 1)
            yield place, path, zipimporter(STDLIB).get_data(path)
        elif path.startswith(f"{PACKAGES}/numpy/") and path.endswith(".py"):
            yield path.replace(PACKAGES, "site-packages", 1), path, Path(path).read_bytes()


def write(target: str) -> None:
    """Write the modules: `stdlib/ast.pyc`, `site-packages/numpy/version.pyc`."""
    with zipfile.ZipFile(target, "w") as archive:
        for place, path, source in sources():
            code = compile(source, path, "exec", dont_inherit=True)
            compiled = MAGIC_NUMBER + UNCHECKED + source_hash(source) + marshal.dumps(code)
            archive.writestr(zipfile.ZipInfo(f"{place}c"), compiled, zipfile.ZIP_DEFLATED, 9)


load("/bplib.zip")
write("/compiled.zip")
