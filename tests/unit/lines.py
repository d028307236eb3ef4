"""How long the package is, and how much of it only refuses: counted from the source, for test_package."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable
from pathlib import Path

#: Tokens that are not code.
QUIET = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def sources(package: Path, *names: str) -> list[Path]:
    """The files of these modules; one may be a file or a package, and one that is not there has none."""
    return [
        path
        for name in names
        for path in (package / f"{name}.py", *sorted((package / name).rglob("*.py")))
        if path.exists()
    ]


def code(source: str) -> set[int]:
    """The lines that hold code: no comments, no blank lines, no docstrings."""
    docs = set()
    for node in ast.walk(ast.parse(source)):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text and isinstance(node.value.value, str):
            docs |= _lines(node)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    held = {n for t in tokens if t.type not in QUIET for n in range(t.start[0], t.end[0] + 1)}
    return held - docs


def guards(source: str) -> set[int]:
    """The lines that only refuse.

    That is a `raise`, the `if` or `except` that leads to nothing else, and what stands in its block to word it;
    the whole of a function that builds an exception, or returns nothing and raises; and a statement that calls
    such a function, or one called `check_...`, and does nothing with what comes back. The line above a function,
    `@takes(...)`, says shapes: it is none.
    """  # noqa: E501
    found: set[int] = set()
    nodes = list(ast.walk(ast.parse(source)))
    checks = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and _only_refuses(node)}
    for node in nodes:
        if isinstance(node, ast.Raise | ast.Assert):
            found |= _lines(node)
        elif isinstance(node, ast.If | ast.ExceptHandler) and _leads_to_raise(node.body):
            found |= set(range(node.lineno, (node.body[-1].end_lineno or 0) + 1))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found |= (
                _lines(node)
                if _called(node.value).startswith("check_") or _called(node.value) in checks
                else set()
            )
        elif isinstance(node, ast.FunctionDef):
            found |= _lines(node) if node.name in checks else set()
    return found & code(source)


def table(package: Path, modules: Iterable[str]) -> dict[str, tuple[int, int]]:
    """For each module its lines of code, and how many of them are guards."""
    counts = {}
    for name in modules:
        texts = [path.read_text() for path in sources(package, name)]
        counts[name] = (sum(len(code(t)) for t in texts), sum(len(guards(t)) for t in texts))
    return counts


def words(counts: dict[str, tuple[int, int]]) -> str:
    """The table to be read: code lines, guard lines, share."""
    rows = [
        f"{name:>12} {n:5} {only:5} {100 * only / max(n, 1):4.0f} %" for name, (n, only) in counts.items()
    ]
    total, only = (sum(pair[i] for pair in counts.values()) for i in (0, 1))
    return "\n".join(["module        code guard share", *rows, f"{'together':>12} {total:5} {only:5}"])


def _lines(node: ast.AST) -> set[int]:
    return set(range(node.lineno, node.end_lineno + 1))  # type: ignore[attr-defined]


def _leads_to_raise(body: list[ast.stmt]) -> bool:
    """Whether a block ends in a `raise` and does nothing before it but find the words."""
    *before, last = body
    return isinstance(last, ast.Raise) and all(isinstance(node, ast.Assign | ast.If) for node in before)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _only_refuses(node: ast.FunctionDef) -> bool:
    """Whether a function is a check: by its name, or because all it can do is raise or make an exception."""
    returns = ast.unparse(node.returns) if node.returns else ""
    if node.name.startswith("_check") or returns in ("NoReturn", "Exception") or returns.endswith("Error"):
        return True
    inner = list(ast.walk(node))
    raised = [ast.unparse(n) for n in inner if isinstance(n, ast.Raise)]
    raises = any(
        "NotImplementedError" not in text for text in raised
    )  # that one marks a method to be written
    acts = any(isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.ctx, ast.Store) for n in inner)
    acts |= any(isinstance(n, ast.Expr) and isinstance(n.value, ast.Call) for n in inner)
    return returns == "None" and raises and not acts
