"""Sphinx extension: a Markdown link can lead to a work in the list of references.

``[Minsky, 1961](A3-references.md#minsky1961)`` reads well in JupyterLab too, where the role ``{cite:p}``
would stand as it is written. MyST checks such a link against the headings of the page; here the works join
them, each under the key that references.bib gives it.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def join(app: Sphinx, doctree: nodes.document) -> None:
    """Enter each work under its key, in the form in which MyST enters a heading."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for place, listed in app.env.get_domain("cite").bibliographies.items():
        if place.docname == app.env.docname:
            ids = {key: work["ids"][0] for key, work in listed.citation_nodes.items()}
            slugs.update({key: (listed.line, anchor, key) for key, anchor in ids.items()})


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-read", join)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
