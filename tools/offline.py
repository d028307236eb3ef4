"""Sphinx extension: the built site carries all it loads, once.

It writes the figure library that all pages share, and takes out of each page's widget state what the library
makes needless. It adds anywidget's browser module from the installed wheel, so that both sides have one
version, and empties the icon script of 1.5 MB that the theme loads beside the same icons as a web font.
"""

from __future__ import annotations

import json
import re
import shutil
from html import escape
from importlib.metadata import files
from pathlib import Path
from typing import Any

from rjsmin import jsmin
from sphinx.application import Sphinx

from bplib.widgets import library
from bplib.widgets.bets import in_words

_VIEW = re.compile(r'<script type="application/vnd\.jupyter\.widget-view\+json">\s*(.*?)\s*</script>')


def anywidget_module() -> Path:
    """Find the AMD module that anywidget's wheel ships for pages without a bundler."""
    for file in files("anywidget") or []:
        if file.as_posix().endswith("nbextension/index.js"):
            return Path(str(file.locate()))
    raise FileNotFoundError("anywidget's wheel has no nbextension/index.js; look for its new place")


def write_library(app: Sphinx) -> None:
    """Write the scripts and the style of all figures and places, before any page refers to them."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "bp"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / library.VIEWS).mkdir(exist_ok=True)
    scripts = {"live": library.script()}
    scripts |= {f"{library.VIEWS}/{view}": library.view_script(view) for view in library.views()}
    for entry in (library.PREDICT, library.RECALL, library.MAP, library.POINT):
        scripts[Path(entry).stem] = library.page_script(entry)
    for name, script in scripts.items():  # without comments and indentation, which are a third of it
        (folder / f"{name}.js").write_text(jsmin(script), encoding="utf-8")
    (folder / "live.css").write_text(library.style(predictions=False), encoding="utf-8")
    (folder / "predict.css").write_text(library.read("predict/predict.css"), encoding="utf-8")


def with_questions(body: str, state: dict[str, Any]) -> str:
    """Put the words of each question before its place, for who reads without scripts."""

    def told(view: re.Match[str]) -> str:
        model = state[json.loads(view[1])["model_id"]]["state"]
        if model.get("_bplib_kind") != "predict":
            return view[0]
        return f"<noscript><p>{escape(in_words(model['spec']))}</p></noscript>\n{view[0]}"

    return _VIEW.sub(told, body)


def lighten(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: object) -> None:
    """Let a page with figures load the library, and take out of their state what it makes needless."""
    scripts: dict[str, Any] = getattr(app.env, "nb_metadata", {}).get(page, {}).get("js_files", {})
    if app.builder.format != "html" or "ipywidgets_state" not in scripts:
        return
    _, attributes = scripts["ipywidgets_state"]
    data = json.loads(attributes["body"])
    data["state"], kinds = library.for_page(data["state"])
    attributes["body"] = json.dumps(data).replace("</", "<\\/")  # as myst-nb writes it
    if kinds:
        app.add_js_file("bp/live.js", defer="defer", priority=390)  # before figures.js, which draws with it
        for view in library.shown(data["state"]):
            app.add_js_file(f"bp/{library.VIEWS}/{view}.js", defer="defer", priority=391)
        app.add_css_file("bp/live.css", priority=900)  # after the theme's
    if "predict" in kinds:
        context["body"] = with_questions(context["body"], data["state"])
        app.add_js_file("bp/predict.js", defer="defer", priority=395)  # the library, this, then figures.js
        app.add_css_file("bp/predict.css", priority=901)


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
    app.connect("builder-inited", write_library)
    app.connect("html-page-context", lighten, priority=400)  # before myst-nb puts the state on the page
    app.connect("build-finished", complete)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
