"""A student's notebook as it runs, in a process that may die at any cell and at any call.

Whoever ends Python, hangs where no alarm is heard, or fills the memory loses that cell or that check. The
process is started again, the cells before are run again without the deadly one, and grading goes on. What
comes back is read as hostile: a line that is too long, too late or no JSON ends the process, not the
grading.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from grading import wire
from grading.sandbox import Limits, Process, SandboxError

START = 30.0  # seconds for a new process on a busy machine
GRACE = 1.5  # seconds from the alarm inside to the end from outside
AGAIN = 1.0  # seconds for a cell that was too slow before, when it is run again
MAX_LINE = 2 * wire.MAX_BYTES


class DiedError(BaseException):
    """The student's process is gone. Not an Exception: a check reads those as the answer's own errors."""


class OutOfTimeError(BaseException):
    """The hand-in has used up its seconds."""


@dataclass
class Ran:
    """What came of a cell: what it printed, and its error as type, first line, and line of the cell."""

    printed: str = ""
    error: tuple[str, str, int | None] | None = None


class Session:
    """Runs cells and calls functions in the sandbox; survives the end of the process in it."""

    def __init__(self, limits: Limits, secret: tuple[Path, ...] = ()) -> None:
        self.limits, self.secret = limits, secret
        self.deadline = time.monotonic() + limits.total_seconds
        self.cells: list[tuple[str, float]] = []  # source and seconds of each cell that has run
        self.process: Process | None = None
        self.died_of = ""
        self.requests = 0

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, source: str) -> Ran:
        """Run a cell. What it did stays, also after the process was started anew."""
        self._alive()
        ran = self._run(source, self.limits.call_seconds)
        if ran is None:
            return Ran("", ("SystemExit", self.died_of, None))
        self.cells.append(
            (source, AGAIN if ran.error and ran.error[0] == "TimeoutError" else self.limits.call_seconds)
        )
        return ran

    def look(self, names: list[str]) -> dict[str, Any]:
        """Return what these names hold: functions to call, or values. Others are left out."""
        self._alive()
        reply = self._ask({"do": "look", "names": names}, self.limits.call_seconds)
        found = reply.get("found", {})
        if not isinstance(found, dict):
            self._broken()
        try:
            return {
                name: Remote(name, self) if found[name].get("callable") else wire.decode(found[name]["value"])
                for name in names
                if name in found
            }
        except (wire.WireError, AttributeError, KeyError):
            self._broken()

    def call(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a student's function, write back the arguments it has changed in place, return its result."""
        functions: list[Callable[..., Any]] = []
        request = {
            "do": "call",
            "name": name,
            "args": [wire.encode(arg, functions) for arg in args],
            "options": {option: wire.encode(value, functions) for option, value in options.items()},
        }
        reply = self._ask(request, self.limits.call_seconds, functions)
        if "error" in reply:
            raise _error(reply["error"])
        try:
            for place, new in reply["changed"].items():
                _write_back(args[int(place)], wire.decode(new))
            return wire.decode(reply["result"])
        except (wire.WireError, KeyError, ValueError, IndexError, AttributeError):
            self._broken()

    def _alive(self) -> None:
        """Start the process if there is none, and run again what had run."""
        while self.process is None:
            self.process, kept = Process(self.limits, self.secret), []
            try:
                self._ask({"do": "look", "names": []}, START)
            except DiedError:
                raise SandboxError(f"The student's process did not start. {self.died_of}") from None
            for source, seconds in self.cells:
                if self._run(source, seconds) is None:
                    break  # what it survived before, it does not survive again
                kept.append((source, seconds))
            else:
                return
            self.cells = kept + self.cells[len(kept) + 1 :]

    def _run(self, source: str, seconds: float) -> Ran | None:
        try:
            reply = self._ask({"do": "run", "source": source}, seconds)
        except DiedError:
            return None
        return Ran(str(reply.get("printed", "")), _parts(reply["error"]) if "error" in reply else None)

    def _ask(
        self, request: dict[str, Any], seconds: float, functions: list[Callable[..., Any]] | None = None
    ) -> Any:
        """Send one request and return the reply, serving calls of the check's own functions in between."""
        end = time.monotonic() + seconds + GRACE
        self.requests += 1
        self._send({**request, "seconds": seconds, "id": self.requests})
        while True:
            reply = self._receive(end)
            if reply.get("id") == self.requests:
                return reply
            if "callback" not in reply:
                self._broken()
            try:
                function = (functions or [])[reply["callback"]]
                answer: dict[str, Any] = {"result": wire.encode(function(*map(wire.decode, reply["args"])))}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"[: wire.MAX_TEXT]}
            self._send(answer)

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process and self.process.popen.stdin
        try:
            self.process.popen.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.popen.stdin.flush()
        except BrokenPipeError:
            self._broken("it ends Python, or uses more memory than there is")

    def _receive(self, end: float) -> dict[str, Any]:
        assert self.process and self.process.popen.stdout
        handle, parts, size = self.process.popen.stdout.fileno(), [], 0
        while True:
            left = min(end, self.deadline) - time.monotonic()
            if left <= 0:
                self._broken("it does not come to an end")
            if not select.select([handle], [], [], left)[0]:
                continue
            part = os.read(handle, 1 << 20)
            size += len(part)
            if not part:
                self._broken("it ends Python, or uses more memory than there is")
            if size > MAX_LINE:
                self._broken("what it returns is too large")
            parts.append(part)
            if part.endswith(b"\n"):
                break
        try:
            reply = json.loads(b"".join(parts))
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            self._broken()
        return reply

    def _broken(self, why: str = "what it answers can't be read") -> NoReturn:
        """End the process, and say so to whoever asked."""
        said = self._end()
        self.died_of = said or why
        if time.monotonic() >= self.deadline:
            raise OutOfTimeError
        raise DiedError(why)

    def _end(self) -> str:
        process, self.process = self.process, None
        return process.close() if process else ""


class Remote:
    """A student's function, as a check sees it: to be called, and nothing else."""

    def __init__(self, name: str, session: Session) -> None:
        self.__name__, self._session = name, session

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call it where it lives."""
        return self._session.call(self.__name__, args, options)


def _parts(error: Any) -> tuple[str, str, int | None]:
    try:
        kind, first, line = error
    except (TypeError, ValueError):
        kind, first, line = "Error", "", None
    return wire.class_name(kind), str(first)[:300], line if type(line) is int else None


def _error(error: Any) -> Exception:
    """Return an exception of the student's, named as it was; it is of no class that a check could mistake."""
    kind, first, _ = _parts(error)
    if kind == "NotImplementedError":
        return NotImplementedError(first)
    return type(kind, (Exception,), {})(first)


def _write_back(argument: Any, new: Any) -> None:
    if isinstance(argument, np.ndarray) and isinstance(new, np.ndarray) and argument.shape == new.shape:
        argument[...] = new
    elif isinstance(argument, list | dict) and type(new) is type(argument):
        argument.clear()
        argument.extend(new) if isinstance(argument, list) else argument.update(new)
