"""Sphinx extension: a Markdown link can lead to a word of the glossary.

``[loss](A2-glossary.ipynb#term-loss)`` is a link in JupyterLab too, where the role ``{term}`` would stand as
it is written. MyST checks such a link against the headings of the page; here the page's glossary joins them.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def join(app: Sphinx, doctree: nodes.document) -> None:
    """Enter each term under its id, in the form in which MyST enters a heading."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for term in doctree.findall(nodes.term):
        slugs.update({name: (term.line, name, term.astext()) for name in term["ids"]})


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", join)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
