"""Sphinx extension: what comes back. A chapter's predictions are asked again on the pages of later chapters.

The site gets an index of the book's predictions, `_static/bp/questions.js`, and those of each chapter,
`_static/bp/questions/NN-topic.js`: scripts, because a page from a folder can't fetch a file, and loaded when
a reader opens one of the places made here: a line before a chapter's first section, "two minutes back", and
one at the end of an exercise page, "mixed problems". `_static/bp/recall.js` does the rest, and folds a
chapter's summary until it was written from memory; it also keeps how far the reader came. None of it needs
Python in the page.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from bplib.widgets import library

#: So many questions come back at a time; a page with fewer before it has no place for them.
THREE = 3
CHAPTER = re.compile(r"book/(?!00)(\d\d)-[^/]+")
EXERCISES = re.compile(r"book/exercises/(\d\d)-[^/]+")
_SECTION = re.compile(r"<section [^>]*>\s*(?:<span [^>]*></span>\s*)*<h2>")


def asked(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the page needs of each prediction among its widgets that may come back, by their names."""
    specs = [
        each["state"]["spec"] for each in state.values() if each["state"].get("_bplib_kind") == "predict"
    ]
    found: dict[str, dict[str, Any]] = {}
    for spec in specs:
        if spec["returns"]:
            found.setdefault(spec["name"], {"name": spec["name"], "cases": spec["cases"]})
    return list(found.values())


def index(questions: Mapping[str, Iterable[Mapping[str, Any]]], about: Mapping[str, Any]) -> dict[str, str]:
    """Return the scripts for the chapters' questions: of each its text, by its path.

    Parameters
    ----------
    questions : dict
        The chapters' predictions, by page, in the order of the book.
    about : dict
        Of each page its ``{"title": ..., "href": ...}``.
    """
    contents = [
        {"page": page, **about[page], "names": [spec["name"] for spec in specs]}
        for page, specs in questions.items()
    ]
    scripts = {"questions.js": f"window.bplib_contents = {json.dumps(contents)};\n"}
    for page, specs in questions.items():
        told = f"(window.bplib_questions ??= {{}})[{json.dumps(page)}] = {json.dumps(specs)};\n"
        scripts[f"questions/{page.rpartition('/')[2]}.js"] = told
    return scripts


def chapter(page: str) -> int:
    """Return the number of a chapter or of its exercises; 0 for any other page."""
    found = CHAPTER.fullmatch(page) or EXERCISES.fullmatch(page)
    return int(found[1]) if found else 0


def with_place(page: str, body: str) -> str:
    """Put into the text of a page the line that opens to what comes back there."""
    words = library.words()["recall"]
    if EXERCISES.fullmatch(page):
        return body + _place("bp-mixed", words["mixed"])
    return _SECTION.sub(lambda found: _place("bp-back", words["back"]) + found[0], body, count=1)


def _place(name: str, line: str) -> str:
    summary = f"<summary>{escape(line.format(n=THREE))}</summary>"
    return f'<section class="bp-recall {name}"><details>{summary}</details></section>\n'


@cache
def _questions(app: Sphinx) -> dict[str, list[dict[str, Any]]]:
    """Return the predictions of the chapters that have any."""
    found = {}
    for page, about in sorted(getattr(app.env, "nb_metadata", {}).items()):
        scripts = about.get("js_files", {})
        if CHAPTER.fullmatch(page) and "ipywidgets_state" in scripts:
            _, attributes = scripts["ipywidgets_state"]
            if specs := asked(json.loads(attributes["body"])["state"]):
                found[page] = specs
    return found


def place(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: object) -> None:
    """Give chapters and exercise pages their places."""
    if app.builder.format != "html" or not (number := chapter(page)):
        return
    before = [spec for each, specs in _questions(app).items() if chapter(each) < number for spec in specs]
    if len(before) >= THREE:
        context["body"] = with_place(page, context["body"])
    app.add_js_file("bp/recall.js", defer="defer")
    app.add_css_file("bp/recall.css", priority=900)  # after the theme's


def write_index(app: Sphinx, error: Exception | None) -> None:
    """Write the questions."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "bp"
    shutil.rmtree(folder / "questions", ignore_errors=True)
    (folder / "questions").mkdir(parents=True)
    questions = _questions(app)
    titles = {
        page: {"title": app.env.titles[page].astext(), "href": app.builder.get_target_uri(page)}
        for page in questions
    }
    for name, script in index(questions, titles).items():
        (folder / name).write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", place)
    app.connect("build-finished", write_index)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
