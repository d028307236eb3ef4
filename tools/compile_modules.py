"""Compile what Python loads when it starts in the page; `tools/refresh_vendor.py` runs this in Pyodide itself.

Compiled code belongs to one version of CPython, and the page's is not the one that builds the site. So the
page's own compiles its modules, once, when it is vendored: those of the standard library and of NumPy that
are loaded once every module of bplib is. The others are compiled in the page, if a cell ever imports them.
"""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from importlib import import_module
from pathlib import Path

from bplib.widgets.page import absent

STDLIB, PACKAGES = "/lib/python312.zip/", "/lib/python3.12/site-packages/"


def load(packed: str) -> None:
    """Import every module in the zip of bplib."""
    finder = absent.Finder()
    sys.meta_path.insert(0, finder)
    for name in zipfile.ZipFile(packed).namelist():
        if name.endswith(".py"):
            import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    sys.meta_path.remove(finder)


def compiled(path: str, source: bytes) -> bytes:
    """Return a module as a .pyc says it, with its source's hash, which Python does not compare again."""
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    packed = importlib._bootstrap_external._code_to_hash_pyc(code, importlib.util.source_hash(source), False)
    return bytes(packed)


def write(target: str) -> None:
    """Write the modules that are loaded and not bplib's: `stdlib/ast.pyc`, `site-packages/numpy/version.pyc`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        modules = [module for module in sys.modules.values() if getattr(module, "__spec__", None)]
        paths = {module.__spec__.origin or "" for module in modules}  # "frozen": compiled into CPython already
        for path in sorted(paths):
            if path.startswith(STDLIB):
                place = "stdlib/" + path.removeprefix(STDLIB)
                source = sys.modules["zipimport"].zipimporter(STDLIB[:-1]).get_data(path)
            elif path.startswith(PACKAGES + "numpy/") and path.endswith(".py"):
                place = "site-packages/" + path.removeprefix(PACKAGES)
                source = Path(path).read_bytes()
            else:
                continue
            archive.writestr(zipfile.ZipInfo(place + "c"), compiled(path, source), zipfile.ZIP_DEFLATED)


load("/bplib.zip")
write("/compiled.zip")
