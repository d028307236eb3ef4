"""The kernel of the reader's page: it runs cells as a notebook does, and tells what comes out as plain data.

It adds to Python a namespace that cells share, a limit on what they print, and errors with their line. It
knows nothing of a browser: what it tells are texts of JSON, handed to a function.
"""

from __future__ import annotations

import ast
import io
import json
import linecache
import os
import sys
from collections.abc import Callable, Iterator
from traceback import StackSummary, TracebackException, walk_tb
from types import ModuleType
from typing import Any

from bplib.widgets.page import absent, traits

#: What one run may print, and how often it may display something; the page has to show it.
LINES, LETTERS, DISPLAYS = 1_000, 100_000, 100

_FOLDER = os.path.dirname(__file__)
_AST = ast.parse.__code__.co_filename  # in the page ast.__file__ is a compiled one
_MEMORY = "Python has 1 GB of memory in the page. Use smaller arrays, or run the notebook in JupyterLab."


class Output:
    """Tells of one run after another, and ends what is too long with a sentence.

    Parameters
    ----------
    post : callable
        Takes each message as JSON.

    Examples
    --------
    >>> output = Output(print)
    >>> output.text("stdout", "3")
    {"kind": "text", "stream": "stdout", "text": "3"}
    """

    def __init__(self, post: Callable[[str], object]) -> None:
        self._post = post
        self.begin()

    def begin(self) -> None:
        """Begin a run: count from 0 again."""
        self._lines = self._letters = self._displays = 0

    @property
    def full(self) -> bool:
        """Whether this run may print no more."""
        return self._lines >= LINES or self._letters >= LETTERS

    def tell(self, **message: Any) -> None:
        """Post a message."""
        self._post(json.dumps(message, allow_nan=False))

    def text(self, stream: str, text: str) -> None:
        """Tell what was printed, as far as there is room."""
        if self.full or not text:
            return
        short = "".join(text[: LETTERS - self._letters].splitlines(keepends=True)[: LINES - self._lines])
        self._lines += short.count("\n")
        self._letters += len(short)
        self.tell(kind="text", stream=stream, text=short)
        if self.full:
            self._cut(f"{LINES:,} lines or {LETTERS:,} letters")

    def value(self, **message: Any) -> None:
        """Tell of something displayed, as long as there is room."""
        self._displays += 1
        if self._displays <= DISPLAYS:
            self.tell(**message)
        elif self._displays == DISPLAYS + 1:
            self._cut(f"{DISPLAYS} displays")

    def _cut(self, most: str) -> None:
        self.tell(kind="cut", text=f"A cell shows at most {most}; the rest is left out.")


class Stream(io.TextIOBase):
    """What `print` writes to: it tells of each line when it ends."""

    encoding = "utf-8"

    def __init__(self, output: Output, name: str) -> None:
        self._output = output
        self._name = name
        self._line: list[str] = []

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str) -> int:
        """Keep a text until its line ends."""
        if not isinstance(text, str):
            raise TypeError(f"write() takes a str; {type(text).__name__} came.")
        if not self._output.full:
            self._line.append(text)
            if "\n" in text or len(self._line) > LETTERS:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Tell what is there."""
        text, self._line = "".join(self._line), []
        self._output.text(self._name, text)


class Kernel:
    r"""Runs cells in one namespace.

    Parameters
    ----------
    post : callable
        Takes messages, each a JSON object with a ``kind``:

        ``text``
            Printed: ``stream`` ("stdout" or "stderr") and ``text``.
        ``cut``
            Nothing more is shown of what this run prints; ``text`` says so.
        ``value``
            What a cell ends with or displays: its ``text``, and its ``html`` if it has one.
        ``figure``
            The same, for a figure that the page's library draws from ``state``.
        ``error``
            Its ``name``, its ``text``, the ``trace`` as Python prints it, the ``cell`` and ``line`` that
            failed (or null), whether something that is ``absent`` here was asked for, whether its text
            ``speaks`` for itself, as that of a check does in Jupyter, and the ``piece`` of `bplib.mine` in
            which it arose (or null).
        ``done``
            The cell is over, and was ``ok`` or not.

    Examples
    --------
    >>> kernel = Kernel(print)
    >>> kernel.run("a = 6\na * 7", "cell 1")
    {"kind": "value", "text": "42"}
    {"kind": "done", "ok": true}
    """

    def __init__(self, post: Callable[[str], object]) -> None:
        self._output = Output(post)
        self._streams = [Stream(self._output, name) for name in ("stdout", "stderr")]
        self._main = ModuleType("__main__")
        self._space = self._main.__dict__
        self._space["display"] = self.display
        self._files: dict[str, str] = {}

    def take_over(self) -> None:
        """Make this the program that runs: `print` writes to it, and its namespace is ``__main__``."""
        sys.stdout, sys.stderr = self._streams
        sys.modules["__main__"] = self._main

    def run(self, code: str, name: str) -> None:
        """Run a cell, and tell what comes out. Nothing that it does ends the kernel."""
        self._output.begin()
        file = f"<{name}>"
        self._files[file] = name
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        ok = True
        try:
            value = self._evaluated(code, file)
            if value is not None and not code.rstrip().endswith(";"):
                self.display(value)
        except BaseException as error:  # SystemExit too: a cell ends, not the page
            ok = False
            self._told(error)
        self._flush()
        self._output.tell(kind="done", ok=ok)

    def display(self, *values: Any) -> None:
        """Show values between what is printed, as at the end of a cell."""
        for value in values:
            self._flush()
            shown: dict[str, Any] = {"kind": "value", "text": repr(value)[:LETTERS]}
            if isinstance(value, traits.Widget):
                shown |= {"kind": "figure", "state": value.get_state()}
            elif hasattr(type(value), "_repr_html_"):
                html = value._repr_html_()
                if html is not None and len(html) <= LETTERS:
                    shown["html"] = html
            self._output.value(**shown)

    def _evaluated(self, code: str, file: str) -> Any:
        """Execute a cell; return the value of its last line if that is an expression."""
        tree = ast.parse(code, file)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, file, "exec", dont_inherit=True), self._space)
        if not isinstance(last, ast.Expr):
            return None
        return eval(compile(ast.Expression(last.value), file, "eval", dont_inherit=True), self._space)

    def _told(self, error: BaseException) -> None:
        """Tell of an error, from the reader's own line on."""
        self._flush()
        if isinstance(error, MemoryError):
            error.add_note(_MEMORY)
        cell, line = next(self._places(error), (None, None))
        mine = sys.modules.get("bplib.mine")  # it needs NumPy, and few cells need it
        self._output.tell(
            kind="error",
            name=type(error).__name__,
            text=str(error)[:LETTERS],
            trace=_trace(error)[-LETTERS:],
            cell=cell,
            line=line,
            absent=isinstance(error, absent.AbsentError),
            speaks=hasattr(type(error), "_render_traceback_"),
            piece=mine.broken(error) if mine else None,
        )

    def _places(self, error: BaseException) -> Iterator[tuple[str, int | None]]:
        """Give the places in cells at which an error arose, the innermost first."""
        if isinstance(error, SyntaxError) and error.filename in self._files:
            yield self._files[error.filename], error.lineno
        for frame, line in reversed(list(walk_tb(error.__traceback__))):
            if name := self._files.get(frame.f_code.co_filename):
                yield name, line

    def _flush(self) -> None:
        for stream in self._streams:
            stream.flush()


def _trace(error: BaseException) -> str:
    """Return a traceback as Python prints it, without what is the page's own."""
    told = TracebackException.from_exception(error)
    chain: list[TracebackException | None] = [told]
    while chain:
        if part := chain.pop():
            part.stack = StackSummary.from_list(
                [frame for frame in part.stack if not _is_own(frame.filename)]
            )
            chain += part.__cause__, part.__context__
    return "".join(told.format())


def _is_own(file: str) -> bool:
    return file == _AST or file.startswith(_FOLDER)


def start(post: Callable[[str], object]) -> Callable[[str, str], None]:
    """Start the kernel of the page, and close what leads from Python to the browser; return its `run`."""
    absent.install()
    kernel = Kernel(post)
    kernel.take_over()
    return kernel.run
