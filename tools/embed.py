"""Sphinx extension: every figure also stands alone, `embed/NAME.html`, for a slide or another page.

Such a page has the figure's state and shares the site's library; vendor/bp/embed.js tells a page around it
how high it is. Where `_config.yml` names the site's address, a printed figure shows the way to its page.

    python tools/embed.py NAME [-o FILE]

writes the page of a figure on the built site as one file, which holds all it needs and asks for nothing.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bplib.widgets import library

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
FOLDER = "embed"

PAGE = """<!doctype html>
<html lang="{language}" data-name="{name}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} · {page}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../_static/bp/live.css">
<link rel="stylesheet" href="../_static/bp/embed.css">
<script src="../_static/bp/embed.js"></script>
</head>
<body>
<main>
<h1>{name}</h1>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
<script type="application/vnd.jupyter.widget-view+json">{view}</script>
</main>
<footer><a href="../{home}" target="_top">{page}</a></footer>
<script src="../_static/bp/live.js"></script>
{views}
<script src="../_static/bp/figures.js"></script>
</body>
</html>
"""
VIEW = '<script src="../_static/bp/views/{}.js"></script>'
#: What a page asks for, and where it leads to.
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_SCRIPT = re.compile(r'<script src="([^"]+)"></script>')
_LINK = re.compile(r'<a href="\.\./[^"]*" target="_top">(.*?)</a>')


def names(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of each figure among the widgets of a page, by the widget's id.

    That of formulas is what theirs begin with; pictures that Python draws have none and are counted.
    """
    found: dict[str, str] = {}
    pictures = 0
    for key, model in state.items():
        data = model["state"]
        match data.get("_bplib_kind"):
            case "live":
                found[key] = data["spec"]["name"]
            case "expressions":
                found[key] = data["recorded"][0]["spec"]["name"].rpartition("-")[0]
            case "explore":
                pictures += 1
                found[key] = f"picture-{pictures}"
    return found


def addresses(pages: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """Return the address of each figure in the folder of them: its name.

    A name is unique in its page, not in the book. The first page that has it keeps it, so that a further
    chapter breaks no address; in any other the page's name stands before it.

    >>> addresses({"book/01-a": ["neuron"], "book/02-b": ["neuron", "chain"]})
    ... # doctest: +NORMALIZE_WHITESPACE
    {('book/01-a', 'neuron'): 'neuron', ('book/02-b', 'neuron'): '02-b-neuron',
     ('book/02-b', 'chain'): 'chain'}
    """
    found: dict[tuple[str, str], str] = {}
    for page, figures in pages.items():
        for name in figures:
            longer = f"{page.removeprefix('book/').replace('/', '-')}-{name}"
            found[page, name] = longer if name in found.values() else name
    return found


def code(address: str) -> str:
    """Return an address as a QR code, a picture that stands in its own address."""
    import segno

    return str(segno.make(address, micro=False).svg_data_uri(border=2, omitsize=True))


def _data(app: Sphinx, page: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what holds the widgets of a page, and what they are: ``{"state": {id: model}, ...}``."""
    scripts = getattr(app.env, "nb_metadata", {}).get(page, {}).get("js_files", {})
    attributes = scripts["ipywidgets_state"][1] if "ipywidgets_state" in scripts else {}
    return attributes, json.loads(attributes.get("body", '{"state": {}}'))


@cache
def _addresses(app: Sphinx) -> dict[tuple[str, str], str]:
    pages = sorted(getattr(app.env, "nb_metadata", {}))
    return addresses({page: names(_data(app, page)[1]["state"]).values() for page in pages})


def site(app: Sphinx, page: str, name: str) -> dict[str, str]:
    """Return what the site knows of a figure."""
    known = {"name": name, "page": f"{app.env.titles[page].astext()} · {app.config.html_title}"}
    if base := app.config.html_baseurl:
        known["address"] = f"{base.rstrip('/')}/{FOLDER}/{_addresses(app)[page, name]}.html"
        known["qr"] = code(known["address"])
    return known


def tell(app: Sphinx, page: str, *_: object) -> None:
    """Tell each figure of a page its name, the page's, and where it stands alone."""
    attributes, data = _data(app, page)
    if app.builder.format != "html" or not (figures := names(data["state"])):
        return
    for key, name in figures.items():
        embed = f"{'../' * page.count('/')}{FOLDER}/{_addresses(app)[page, name]}.html"
        data["state"][key]["state"]["site"] = {**site(app, page, name), "embed": embed}
    attributes["body"] = in_script(data)


def in_script(data: object) -> str:
    """Return data as it stands in a script of a page."""
    return json.dumps(data).replace("</", "<\\/")


def write_pages(app: Sphinx, error: Exception | None) -> None:
    """Write the page of each figure."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    by_page: dict[str, dict[str, str]] = {}
    for (page, name), address in _addresses(app).items():
        by_page.setdefault(page, {})[name] = address
    for page, files in by_page.items():
        _, data = _data(app, page)
        state, _ = library.for_page(data["state"])
        for key, name in names(state).items():
            known = site(app, page, name)
            model = {**state[key], "state": {**state[key]["state"], "site": {**known, "alone": True}}}
            parts = {
                "language": app.config.language,
                "name": escape(name),
                "page": escape(known["page"]),
                "home": app.builder.get_target_uri(page),
                "state": in_script({**data, "state": {key: model}}),
                "view": in_script({"model_id": key}),
                "views": "\n".join(map(VIEW.format, library.shown({key: model}))),
            }
            (folder / f"{files[name]}.html").write_text(PAGE.format(**parts), encoding="utf-8")


def alone(page: Path) -> str:
    """Return a page as one file, in which its style and its scripts stand; its link to the site is text."""

    def read(found: re.Match[str]) -> str:
        return (page.parent / found[1]).read_text(encoding="utf-8").replace("</", "<\\/")

    text = _LINK.sub(r"\1", page.read_text(encoding="utf-8"))
    text = _STYLE.sub(lambda found: f"<style>\n{read(found)}</style>", text)
    return _SCRIPT.sub(lambda found: f"<script>\n{read(found)}</script>", text)


def main(arguments: list[str] | None = None) -> None:
    """Write one figure of the built site as a file."""
    parser = argparse.ArgumentParser(description="Write a figure of the built site as one file.")
    parser.add_argument("name", nargs="?", default="", help="as in the address of its page, embed/NAME.html")
    parser.add_argument("-o", "--output", type=Path, help="the file to write; by default _build/NAME.html")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="where the built site is")
    given = parser.parse_args(arguments)
    figures = sorted(page.stem for page in (given.site / FOLDER).glob("*.html"))
    if not figures:
        sys.exit(f"There are no figures in {given.site / FOLDER}: build the site first, with make site.")
    if given.name not in figures:
        fault = f"There is no figure {given.name!r}." if given.name else "Name a figure."
        meant = "".join(f" Did you mean {m!r}?" for m in difflib.get_close_matches(given.name, figures, n=1))
        sys.exit(f"{fault}{meant} The site has: {', '.join(figures)}.")
    output = given.output or ROOT / "_build" / f"{given.name}.html"
    text = alone(given.site / FOLDER / f"{given.name}.html")
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        sys.exit(f"{output} can't be written: {error.strerror}.")
    print(f"{output}: {len(text.encode()) / 1000:.0f} kB, opens anywhere and asks for nothing")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", tell, priority=401)  # offline.py before, myst-nb after
    app.connect("build-finished", write_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    main()
