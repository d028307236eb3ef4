"""Code that a chapter builds and the package holds is the same code.

A cell says so by a tag, ``same-as:bplib.gradcheck.naive.slope``. Compared are the statements, without what
the package adds for its own readers: docstrings, and types in signatures.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from importlib import import_module

import nbformat
import pytest
from notebooks import sources

TAG = "same-as:"
MARKED = [
    pytest.param(cell.source, tag.removeprefix(TAG), id=f"{path.stem}-{cell.id}")
    for path in sources()
    for cell in nbformat.read(path, as_version=4).cells
    for tag in cell.metadata.get("tags", [])
    if tag.startswith(TAG)
]


def bare(source: str) -> str:
    """Return the code without docstrings and types."""
    tree = ast.parse(textwrap.dedent(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            del node.body[0]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(tree)


@pytest.mark.parametrize(("source", "name"), MARKED)
def test_the_chapter_and_the_package_hold_the_same_code(source, name):
    module, own = name.rsplit(".", 1)
    assert bare(source) == bare(inspect.getsource(getattr(import_module(module), own)))


def test_code_is_marked_and_another_letter_would_be_seen():
    assert MARKED
    told, same, other = (
        'def f(x: int) -> int:\n    """Say."""\n    return 2 * x',
        "def f(x): return 2*x",
        "def f(x): return x",
    )
    assert bare(told) == bare(same) != bare(other)
