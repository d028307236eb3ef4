"""Sphinx extension: the built site carries all it loads.

It adds anywidget's browser module from the installed wheel, so that both sides have one version,
and empties the icon script of 1.5 MB that the theme loads beside the same icons as a web font.
"""

from __future__ import annotations

import shutil
from importlib.metadata import files
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def anywidget_module() -> Path:
    """Find the AMD module that anywidget's wheel ships for pages without a bundler."""
    for file in files("anywidget") or []:
        if file.as_posix().endswith("nbextension/index.js"):
            return Path(str(file.locate()))
    raise FileNotFoundError("anywidget's wheel has no nbextension/index.js; look for its new place")


def complete(app: Sphinx, error: Exception | None) -> None:
    """Add what the pages need and take away what they don't, once they are written."""
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    shutil.copyfile(anywidget_module(), static / "bp" / "anywidget.js")
    icons = static / "scripts" / "fontawesome.js"
    icons.write_text("// The icons come from the web font; see tools/offline.py.\n")
    for unused in [*static.rglob("*.js.map"), *static.rglob("*.css.map"), *static.rglob("fa-*.ttf")]:
        unused.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", complete)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
