"""The student's end of the pipe: run cells, show what names hold, call functions, as the grader asks.

It runs inside the sandbox, on a Python of its own, and holds nothing that is worth reading. Whatever a
student's code does to this process, it can only change the student's own answers. `bplib.exercises` is
inert here: checks can be imported and called, they do nothing, and there is no reference in them.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import copy
import importlib.machinery
import inspect
import io
import json
import os
import signal
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

import wire

MAX_OUTPUT = 10_000


class TimeUpError(BaseException):
    """A cell or a call has used up its seconds. Not an Exception, so that `except Exception` lets it pass."""


class Limited(io.RawIOBase):
    """Keeps the beginning of what is printed and counts the rest."""

    def __init__(self) -> None:
        self.kept, self.length = b"", 0

    def writable(self) -> bool:
        """Say that one may print here."""
        return True

    def write(self, content: Any) -> int:
        """Keep what still fits."""
        self.length += len(content)
        if len(self.kept) < MAX_OUTPUT:
            self.kept += bytes(content[: MAX_OUTPUT - len(self.kept)])
        return len(content)

    def text(self) -> str:
        """Return what was kept, and say how much was not."""
        more = self.length - len(self.kept)
        kept = self.kept.decode(errors="replace")
        return f"{kept}\n[{more:,} more bytes]" if more else kept


class Inert:
    """A check that does nothing: any attribute and any call gives it again."""

    def __getattr__(self, name: str) -> Inert:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **options: Any) -> Inert:
        """Do nothing."""
        return self

    def __repr__(self) -> str:
        return "Checks do nothing while a hand-in is graded."


class InertExercises:
    """Import system's finder for `bplib.exercises` and all below it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Claim these modules."""
        if name == "bplib.exercises" or name.startswith("bplib.exercises."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: Any) -> None:
        """Leave it to the import system."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Give the module any name that is asked of it."""
        module.__getattr__ = Inert().__getattr__  # type: ignore[method-assign]


class Student:
    """Names of a notebook, and what the grader may ask of them."""

    def __init__(self, requests: io.BufferedReader, replies: io.FileIO) -> None:
        self.requests, self.replies = requests, replies
        self.module = types.ModuleType("__main__")
        self.names = self.module.__dict__
        sys.modules["__main__"] = self.module
        builtins.get_ipython = self.shell  # type: ignore[attr-defined]
        builtins.display = lambda *objects, **_: print(*objects)  # type: ignore[attr-defined]
        self._shell: Any = None

    def serve(self) -> None:
        """Answer until the grader hangs up."""
        while line := self.requests.readline():
            request = json.loads(line)
            output = Limited()  # behind a buffer, or a million lines would take seconds
            screen = sys.stdout = sys.stderr = io.TextIOWrapper(io.BufferedWriter(output), "utf-8", "replace")
            try:
                signal.setitimer(signal.ITIMER_REAL, request["seconds"])
                try:
                    reply = getattr(self, request["do"])(request)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except BaseException as error:
                reply = {"error": _described(error)}
            with contextlib.suppress(Exception):  # the student may have closed it
                screen.flush()
            self.send({**reply, "printed": output.text(), "id": request["id"]})

    def send(self, message: dict[str, Any]) -> None:
        """Write one line."""
        content = memoryview(json.dumps(message).encode() + b"\n")
        while content:
            content = content[self.replies.write(content) or 0 :]

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one cell."""
        source = request["source"]
        try:
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(source, "<cell>", "exec", flags=flags, dont_inherit=True)
        except SyntaxError:
            if not any(line.lstrip().startswith(("%", "!", "?")) or line.rstrip().endswith("?")
                       for line in source.splitlines()):  # fmt: skip
                raise
            result = self.shell().run_cell(source, store_history=False)
            result.raise_error()
            return {}
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, self.names))
        else:
            exec(code, self.names)
        return {}

    def look(self, request: dict[str, Any]) -> dict[str, Any]:
        """Say what names hold: a function, or a value that can cross. Names without a value are left out."""
        found = {}
        for name in request["names"]:
            if name in self.names:
                value = self.names[name]
                found[name] = {"callable": True} if callable(value) else {"value": wire.encode(value)}
        return {"found": found}

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Call a function; say what it returned and which arguments it changed in place."""
        args = [wire.decode(part, self.callback) for part in request["args"]]
        options = {name: wire.decode(part, self.callback) for name, part in request["options"].items()}
        before = copy.deepcopy([wire.encode(arg) for arg in args])
        result = wire.encode(self.names[request["name"]](*args, **options))
        after = [wire.encode(arg) for arg in args]
        changed = {str(k): new for k, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
        return {"result": result, "changed": changed}

    def callback(self, place: int) -> Callable[..., Any]:
        """Make a function that runs at the grader's end."""

        def function(*args: Any) -> Any:
            left, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # no alarm in the middle of a line
            self.send({"callback": place, "args": [wire.encode(arg) for arg in args]})
            reply = json.loads(self.requests.readline())
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.01))
            if "error" in reply:
                raise RuntimeError(reply["error"])
            return wire.decode(reply["result"], self.callback)

        return function

    def shell(self) -> Any:
        """Return IPython, for cells with magic lines; made when first needed."""
        if self._shell is None:
            from IPython.core.interactiveshell import InteractiveShell
            from traitlets.config import Config

            config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
            self._shell = InteractiveShell(config=config, user_module=self.module)
        return self._shell


def _described(error: BaseException) -> list[Any]:
    """Return an error's type, first line, and the cell's line where it happened."""
    try:
        first = (str(error).splitlines() or [""])[0][:300]
    except Exception:
        first = ""
    if isinstance(error, TimeUpError):
        return ["TimeoutError", first, None]
    if isinstance(error, SyntaxError) and error.filename == "<cell>":
        return [type(error).__name__, str(error.msg)[:300], error.lineno]
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<cell>"
    ]
    return [type(error).__name__, first, lines[-1] if lines else None]


def _time_up(*_: Any) -> None:
    raise TimeUpError("no result in time; does a loop never end?")


def main() -> None:
    """Keep the pipe for the grader, give the student's code an empty input and nowhere to write."""
    requests, replies = os.fdopen(os.dup(0), "rb"), io.FileIO(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    sys.stdin = io.StringIO()
    sys.meta_path.insert(0, InertExercises())  # type: ignore[arg-type]
    signal.signal(signal.SIGALRM, _time_up)
    Student(requests, replies).serve()


if __name__ == "__main__":
    main()
