"""Start a student's process inside walls, or say why that can't be done here.

The walls are namespaces of Linux (`enter` builds them), so they need no other program and no rights of an
administrator. Where the system doesn't allow them, nothing is graded unless the teacher asks for it with
`--unsafe`: then the process is a separate one still, with limits of memory and time, but it can read what
the teacher can read.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SYSTEM = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
REMEDY = (
    "Students' code is not run without one. It needs Linux 5.12 or newer and user namespaces; "
    "docs/grading.md says how to allow them, also in a container. With --unsafe the code is run all the "
    "same: it can then read and change every file that you can."
)


class SandboxError(Exception):
    """The sandbox can't be made on this machine."""


@dataclass(frozen=True)
class Limits:
    """What a student's code may use."""

    call_seconds: float = 5.0  # one cell, or one call of a function
    check_seconds: float = 30.0  # all calls of one check
    total_seconds: float = 180.0  # a hand-in
    memory: int = 2_000_000_000
    disk: int = 64_000_000
    processes: int = 32
    sandbox: bool = True


class Process:
    """One Python in the sandbox, with a pipe to it and a pipe from it."""

    def __init__(self, limits: Limits, secret: tuple[Path, ...] = ()) -> None:
        self.folder = tempfile.mkdtemp(
            prefix="grading-"
        )  # empty: where the view is mounted, or the cwd without one
        walls = {
            "sandbox": limits.sandbox,
            "root": self.folder,
            "memory": limits.memory,
            "disk": limits.disk,
            "processes": limits.processes,
            "cpu_seconds": int(limits.total_seconds) + 1,
            **(_view(secret) if limits.sandbox else {}),
            **_program(limits.sandbox, self.folder),
        }
        command = [sys.executable, "-I", "-S", "-B", str(HERE / "enter.py"), json.dumps(walls)]
        pipe = subprocess.PIPE
        self.popen = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=self.folder, env={})

    def close(self) -> str:
        """End the process and all that it has started; return what it said on stderr."""
        assert self.popen.stdin and self.popen.stdout and self.popen.stderr
        self.popen.terminate()  # `enter` hears it and ends all that is inside
        try:
            self.popen.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        said = self.popen.stderr.read()
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return said.decode(errors="replace").strip()


def _program(sandbox: bool, folder: str) -> dict[str, object]:
    grader, book, home = ("/grader", "/book", "/tmp") if sandbox else (str(HERE), str(ROOT), folder)
    environment = {
        "HOME": home,
        "TMPDIR": home,
        "PYTHONPATH": book,
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    return {"command": [sys.executable, "-B", "-s", f"{grader}/student.py"], "environment": environment}


def _view(secret: tuple[Path, ...]) -> dict[str, list[object]]:
    """List what the student's process sees, as (path, its place there), and what of that is emptied."""
    folders = [path for path in SYSTEM if os.path.exists(path)]
    folders += [
        path for path in (sys.prefix, sys.base_prefix) if path not in ("/usr", "/usr/local", *folders)
    ]

    def shown(path: str) -> bool:
        return any(path == folder or path.startswith(folder + "/") for folder in folders)

    show = [(path, path) for path in dict.fromkeys([*folders, *DEVICES])]
    path = sys.executable  # often a link to a link
    while True:
        if not shown(path):
            show.append((os.path.realpath(path), path))
        if not os.path.islink(path):
            break
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    show += [(str(ROOT / "bplib"), "/book/bplib")]
    show += [(str(HERE / name), f"/grader/{name}") for name in ("student.py", "wire.py")]
    hide = ["/book/bplib/exercises"]
    hide += [f"{packages}/bplib" for packages in site.getsitepackages() if shown(packages)]
    for place in map(str, (ROOT, *secret)):
        if shown(place) and not any(folder.startswith(place + "/") for folder in folders):
            hide.append(place)
    return {"show": [list(pair) for pair in show], "hide": list(hide)}


def ensure_sandbox(limits: Limits) -> None:
    """Try the sandbox once.

    Raises
    ------
    SandboxError
        If it can't be made here; the message says what the system refused and what to do.
    """
    if not limits.sandbox:
        return
    if sys.platform != "linux":
        raise SandboxError(f"There is no sandbox on {sys.platform}. {REMEDY}")
    process = Process(limits)
    assert process.popen.stdin and process.popen.stdout
    try:
        process.popen.stdin.write(b'{"do": "look", "names": [], "seconds": 5, "id": 0}\n')
        process.popen.stdin.flush()
        alive = bool(process.popen.stdout.readline())
    except BrokenPipeError:
        alive = False
    said = process.close()
    if not alive:
        raise SandboxError(
            f"The sandbox can't be made here ({said or 'its Python does not start'}). {REMEDY}"
        )
