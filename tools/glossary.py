"""Sphinx extension: a Markdown link can lead to a word of the glossary, and the page says what stands there.

``[loss](A2-glossary.ipynb#term-loss)`` is a link in JupyterLab too, where the role ``{term}`` would stand as
it is written. MyST checks such a link against the headings of the page; here the page's glossary joins them.
Every page gets the script that shows a word where one points at its link, and lights symbols
(``bplib/widgets/static/point``); the definitions are written once, for all pages that have such links.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

GLOSSARY = "book/A2-glossary"
_TERM = re.compile(r'<dt id="(term-[^"]+)">(.*?)</dt>\s*<dd>(.*?)</dd>', re.DOTALL)
_HEADERLINK = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)


def join(app: Sphinx, doctree: nodes.document) -> None:
    """Enter each term under its id, in the form in which MyST enters a heading."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for term in doctree.findall(nodes.term):
        slugs.update({name: (term.line, name, term.astext()) for name in term["ids"]})


def definitions(page: str) -> dict[str, str]:
    """Return what stands under each term of a glossary, from the HTML of its page, by the term's id.

    >>> definitions('<dt id="term-tape">tape</dt><dd><p>A list.</p></dd>')
    {'term-tape': '<b>tape</b><p>A list.</p>'}
    """
    return {
        name: f"<b>{_HEADERLINK.sub('', term)}</b>{told.strip()}" for name, term, told in _TERM.findall(page)
    }


def ask_for_script(app: Sphinx) -> None:
    """Let all pages load the script, before MathJax, whose formulas it marks."""
    if app.builder.format == "html":
        app.add_js_file("bp/point.js", defer="defer", priority=398)


def write_definitions(app: Sphinx, error: Exception | None) -> None:
    """Write what the glossary says, once its page is there."""
    page = Path(app.outdir) / f"{GLOSSARY}.html"
    if error is None and app.builder.format == "html" and page.is_file():
        told = json.dumps(definitions(page.read_text(encoding="utf-8")), ensure_ascii=False)
        script = Path(app.outdir) / "_static" / "bp" / "terms.js"
        script.write_text(f"window.bplib_terms = {told};\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", join)
    app.connect("builder-inited", ask_for_script)
    app.connect("build-finished", write_definitions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
