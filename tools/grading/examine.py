"""Run one check of the source, in the grader's own process, against functions that live in the student's.

A check gets fresh names each time: what the source's import cells define, and those of the given cells that
it uses, with the same care. Every other name that it uses is the student's, and reaches it as a `Remote` or
as plain numbers. So nothing that a student defines can stand in for NumPy, for a check or for given code.
The part that students see comes first, because its sentence is the better one; then the hidden part, with
the same names.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import dataclasses
import io
import re
import signal
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.handin import Cell
from grading.session import DiedError, Remote, Session

HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS\n(.*?)^[ \t]*### END HIDDEN TESTS[ \t]*\n?", re.M | re.S)
HIDDEN_SAID = "Not yet. It is right in the cases of the check above, and wrong in another one."


class OverdueError(BaseException):
    """All calls of one check together take too long."""


@dataclass(frozen=True)
class Outcome:
    """What a check found: a sentence for the student, and what only the teacher sees."""

    passed: bool
    said: str
    hidden: bool = False  # only a hidden test failed
    detail: str = ""


class Absent(Exception):  # noqa: N818 (not an error: the check is tried again at the notebook's end)
    """A name that the check needs is not there."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def names_used(source: str) -> set[str]:
    """Return the names that code reads and does not itself define."""
    nodes = list(ast.walk(ast.parse(source)))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - _defined(nodes) - set(dir(builtins))


def names_defined(source: str) -> set[str]:
    """Return the names that a cell defines for the cells after it."""
    return _defined(list(_top_level(ast.parse(source))))


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(
            child, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.ListComp | ast.GeneratorExp
        ):
            yield from _top_level(child)


def _defined(nodes: list[ast.AST]) -> set[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def is_imports(cell: Cell) -> bool:
    """Whether a cell of the source does nothing but import."""
    if cell.kind != "code" or cell.meta:
        return False
    body = ast.parse(cell.source).body
    return bool(body) and all(isinstance(line, ast.Import | ast.ImportFrom) for line in body)


class Examiner:
    """Runs the checks of one assignment."""

    def __init__(self, source: list[Cell]) -> None:
        self.imports = [cell.source for cell in source if is_imports(cell)]
        self.given = {name: cell for cell in source if cell.is_given for name in names_defined(cell.source)}
        self.trusted: dict[str, Any] = {"__name__": "grading"}
        for code in self.imports:
            exec(compile(code, "<imports>", "exec"), self.trusted)

    def wanted(self, source: list[Cell]) -> set[str]:
        """Return the names of all functions that the checks expect of a student."""
        used, ahead = set(), set().union(*(names_used(cell.source) for cell in source if cell.is_check))
        while ahead:  # a given cell that a check uses may itself use an answer
            used |= ahead
            given = [self.given[name].source for name in ahead if name in self.given]
            ahead = set().union(*map(names_used, given)) - used
        return used - set(self.trusted) - set(self.given)

    def examine(self, check: Cell, session: Session) -> Outcome:
        """Run a check.

        Raises
        ------
        Absent
            If the notebook has no such function, up to here.
        OutOfTimeError
            If the hand-in has no time left.
        """
        hidden = "".join(HIDDEN.findall(check.source))
        shown = HIDDEN.sub("", check.source)
        names = dict(self.trusted)
        with _quiet() as printed, _limit(session.limits.check_seconds):
            try:
                self._provide(check.source, names, session)
                outcome = _visible(shown, names)
                if outcome.passed:
                    outcome = _hidden(hidden, names, outcome)
            except DiedError as reason:
                return Outcome(False, f"Not yet. Your function could not be tried: {reason}.")
            except OverdueError:
                seconds = session.limits.check_seconds
                return Outcome(
                    False, f"Not yet. Your function is too slow: the check has waited {seconds:g} seconds."
                )
        said = "\n".join(part for part in (printed.getvalue().strip(), outcome.said) if part)
        return dataclasses.replace(outcome, said=said)

    def _provide(self, code: str, names: dict[str, Any], session: Session) -> None:
        """Fill `names` with what code uses: given cells from the source, the rest from the student."""
        missing = sorted(name for name in names_used(code) if name not in names)
        absent: list[str] = []
        for name in missing:
            if (cell := self.given.get(name)) and name not in names:
                names.update(dict.fromkeys(names_defined(cell.source)))  # a given cell may use itself
                try:
                    self._provide(cell.source, names, session)
                except Absent as lacking:
                    absent += lacking.names
                for defined in names_defined(cell.source):
                    del names[defined]
                with contextlib.suppress(Exception):  # it may use an answer that is wrong
                    exec(compile(cell.source, "<given>", "exec"), names)
        theirs = [name for name in missing if name not in names and name not in self.given]
        found = session.look(theirs) if theirs else {}
        names.update(found)
        if absent := [*absent, *(name for name in theirs if name not in found)]:
            raise Absent(absent)


def _visible(code: str, names: dict[str, Any]) -> Outcome:
    try:
        result = _run(code, names)
    except Exception as error:
        return Outcome(False, _sentence(error))
    if result is not None and not isinstance(result, Remote) and not np.all(result):
        return Outcome(False, str(result))
    return Outcome(True, "" if result is None else str(result))


def _hidden(code: str, names: dict[str, Any], outcome: Outcome) -> Outcome:
    try:
        _run(code, names)
    except Exception as error:
        lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == "<check>"]
        where = code.splitlines()[lines[0] - 1].strip() if lines and lines[0] else ""
        said = f"{type(error).__name__}: {error}".strip().removesuffix(":")
        return Outcome(False, HIDDEN_SAID, True, f"Hidden test: {where}\n{said}")
    return outcome


def _run(code: str, names: dict[str, Any]) -> Any:
    """Run code and return the value of its last line, if that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<check>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<check>", "eval"), names) if last else None


def _sentence(error: Exception) -> str:
    """Return what a check that raises has to say."""
    said = str(error).strip()
    if said.startswith("Not yet"):
        return said
    return f"Not yet. {type(error).__name__}: {said}".removesuffix(": ")


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Catch what a check prints, and let no warning spoil it."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as printed,
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield printed


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def overdue(*_: Any) -> None:
        raise OverdueError

    before = signal.signal(signal.SIGALRM, overdue)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
