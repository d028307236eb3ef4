"""Sphinx extension: the map of the chapters on the book's first page.

Its chapters are those of `_toc.yml`, and its edges what `_toc.yml` says under `meta: needs:`. Where the first
page has its place for it, the map stands as a list of links, which paper and readers without scripts keep;
`_static/bp/map.js` draws it as a graph and puts there what its reader has done. Minutes, predictions,
exercises and sections are counted when the site is built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from page_python import is_wanted
from recall import CHAPTER, chapter
from sphinx.application import Sphinx

from bplib.diagram import arranged
from bplib.widgets import library

ROOT = Path(__file__).resolve().parent.parent
PLACE = '<div id="bp-map"></div>'
#: Words that go by in a minute, with bets and figures, as six trials had it; to how many minutes.
PACE, ROUND = 42, 5
_SIDE_ROOM = re.compile(r"<details.*?</details>", re.DOTALL)
_FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_EXERCISE = re.compile(r"## \d+\. ")


def contents(toc: Mapping[str, Any]) -> list[str]:
    """List the chapters of a table of contents, in their order."""
    found = []
    for key, value in toc.items():
        if key == "file" and CHAPTER.fullmatch(value):
            found.append(value)
        elif isinstance(value, list):
            found += [page for child in value for page in contents(child)]
    return found


def needs(toc: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return of each chapter what it builds on.

    Raises
    ------
    ValueError
        If a chapter isn't told of, or builds on what doesn't come before it.
    """
    told = toc.get("meta", {}).get("needs", {})
    found: dict[str, list[str]] = {}
    for page in contents(toc):
        if page not in told:
            raise ValueError(f"_toc.yml has {page} and not what it builds on: add it under `meta: needs:`.")
        if late := [each for each in told[page] if each not in found]:
            raise ValueError(f"In _toc.yml {page} builds on {late[0]}, which is no chapter before it.")
        found[page] = told[page]
    return found


def minutes(nb: Mapping[str, Any]) -> int:
    """Return about how long a chapter takes without its side rooms."""
    texts = ["".join(cell["source"]) for cell in nb["cells"] if cell["cell_type"] == "markdown"]
    words = _FORMULA.sub("formula", _SIDE_ROOM.sub("", "\n\n".join(texts))).split()
    return max(1, round(len(words) / PACE / ROUND)) * ROUND


def checks(nb: Mapping[str, Any]) -> list[list[str]]:
    """Return of each exercise that can be checked the ids of its checks."""
    found: list[list[str]] = [[]]
    for cell in nb["cells"]:
        if cell["cell_type"] == "markdown" and _EXERCISE.match("".join(cell["source"])):
            found.append([])
        elif cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("grade"):
            found[-1].append(cell["id"])
    return [exercise for exercise in found if exercise]


def diagram(about: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lay the chapters out: nodes as ``[k, rank, at]``, edges as ``[from, to, port, via]``."""
    place = {each["page"]: k for k, each in enumerate(about)}
    uses = [
        (place[page], k, arg)
        for k, each in enumerate(about)
        for arg, page in enumerate(page for page in each["needs"] if page in place)
    ]
    found = arranged(range(len(about)), uses, len(about) - 1)
    return {
        "nodes": [[k, *where] for k, where in found.places.items()],
        "edges": [[edge.source, edge.target, edge.port, list(edge.via)] for edge in found.edges],
    }


def listed(about: Sequence[Mapping[str, Any]]) -> str:
    """Return the map as it stands before its script has run."""
    words = library.words()["map"]
    numbers = {each["page"]: str(each["number"]) for each in about}

    def item(each: Mapping[str, Any]) -> str:
        short, rest = shortened(each["title"])
        told = [words["minutes"].format(n=each["minutes"])]
        told += [words[key].format(n=len(each[key])) for key in ("predictions", "exercises") if each[key]]
        if before := [numbers[page] for page in each["needs"] if page in numbers]:
            told.append(words["needs"].format(chapters=words["and"].join(before)))
        spans = " ".join(f"<span>{escape(part)}</span>" for part in told)
        return (
            f'<li><a href="{escape(each["href"])}"><b>{each["number"]}</b> {escape(short)}'
            f'<span>{escape(rest)}</span></a> <span class="bp-map-told">{spans}</span></li>'
        )

    first = about[0]
    begin = words["begin"].format(n=first["number"], title=first["title"])
    data = json.dumps({"chapters": about, **diagram(about)}).replace("</", "<\\/")
    return (
        f'<div id="bp-map"><p class="bp-map-on"><a href="{escape(first["href"])}">{escape(begin)}</a></p>\n'
        f'<ol>{"".join(map(item, about))}</ol>\n<script type="application/json">{data}</script></div>'
    )


def shortened(title: str) -> tuple[str, str]:
    """Split a title where its first thought ends.

    Examples
    --------
    >>> shortened("Credit assignment: one neuron")
    ('Credit assignment', ': one neuron')
    """
    end = re.search(r"[:,]|$", title)
    return (title[: end.start()], title[end.start() :]) if end else (title, "")


def sections(document: nodes.document) -> list[list[str]]:
    r"""Return the sections below a page's title: of each its anchor and its title, formulas in \( \)."""

    def said(part: nodes.Node) -> str:
        return f"\\({part.astext()}\\)" if isinstance(part, nodes.math) else part.astext()

    found = []
    for section in document.findall(nodes.section):
        if isinstance(section.parent, nodes.section):
            title = section.next_node(nodes.title)
            found.append([section["ids"][0], "".join(map(said, title.children if title else []))])
    return found


def asked(app: Sphinx, page: str) -> list[str]:
    """Return the names of a page's predictions."""
    scripts = app.env.nb_metadata.get(page, {}).get("js_files", {})
    if "ipywidgets_state" not in scripts:
        return []
    state = json.loads(scripts["ipywidgets_state"][1]["body"])["state"].values()
    specs = [each["state"]["spec"] for each in state if each["state"].get("_bplib_kind") == "predict"]
    return list(dict.fromkeys(spec["name"] for spec in specs))


def chapters(app: Sphinx, home: str) -> list[dict[str, Any]]:
    """Return what the map on a page says of each chapter that this site has."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = app.env.found_docs

    def about(page: str) -> dict[str, Any]:
        href = app.builder.get_relative_uri(home, page)
        return {"page": page, "href": href, "sections": sections(app.env.get_doctree(page))}

    def notebook(page: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((ROOT / f"{page}.ipynb").read_text(encoding="utf-8"))
        return told

    found = []
    for page, before in needs(toc).items():
        if page not in pages:
            continue
        practice = page.replace("book/", "book/exercises/")
        has_practice = practice in pages
        found.append({
            **about(page), "number": chapter(page), "title": app.env.titles[page].astext(), "needs": before,
            "minutes": minutes(notebook(page)), "predictions": asked(app, page),
            "exercises": checks(notebook(practice)) if has_practice and is_wanted() else [],
            "practice": about(practice) if has_practice else None,
        })  # fmt: skip
    return found


def put_map(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: object) -> None:
    """Put the map where a page has its place for it."""
    if app.builder.format != "html" or PLACE not in context.get("body", ""):
        return
    if about := chapters(app, page):
        context["body"] = context["body"].replace(PLACE, listed(about))
        app.add_js_file("bp/map.js", defer="defer")
        app.add_css_file("bp/map.css", priority=900)  # after the theme's


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", put_map)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
