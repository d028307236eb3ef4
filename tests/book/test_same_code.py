"""Code that a chapter builds and the package holds is the same code.

A cell says so by a tag, ``same-as:bplib.gradcheck.naive.slope``. Compared are the statements, without what
the package adds for its own readers: docstrings, types, and the contracts above its pairs.
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


class Untyped(ast.NodeTransformer):
    """Turn ``dx: Array = ...`` into ``dx = ...``."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return node
        return ast.fix_missing_locations(ast.copy_location(ast.Assign([node.target], node.value), node))


def is_contract(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") in ("takes", "vjp_of")


def bare(source: str) -> str:
    """Return the code without docstrings, types and contracts."""
    tree = Untyped().visit(ast.parse(textwrap.dedent(source)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            del node.body[0]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            node.decorator_list = [d for d in node.decorator_list if not is_contract(d)]
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
    pair = "@vjp_of(f)\ndef g(dout, cache):\n    dx: Array = dout * cache\n    return (dx,)"
    plain = "def g(dout, cache):\n    dx = dout * cache\n    return (dx,)"
    assert bare(pair) == bare(plain) != bare("@once\n" + plain)
