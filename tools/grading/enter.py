"""Enter the sandbox, then become the student's process.

`sandbox` runs it as a script and hands it the walls as JSON.

Linux namespaces are all it needs: a file system that holds a read-only Python and an empty /tmp, no
network, no other process, no /proc, no privileges. It imports nothing of the project, so that nothing of it
is in the memory that the student's process starts from. What can't be done ends it with one line on stderr.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any, NoReturn

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
READ_ONLY, NO_SUID, NO_DEV = 1, 2, 4
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
NOBODY = 65534

libc = ctypes.CDLL(None, use_errno=True)


def must(done: int, what: str) -> None:
    """Raise if a system call has failed."""
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Call mount(2)."""
    kind_bytes = kind.encode() if kind else None
    must(libc.mount(source.encode(), target.encode(), kind_bytes, flags, options.encode()), f"mount {target}")


def restrict(path: str, attributes: int, below: int = 0) -> None:
    """Set mount attributes such as read-only, with `below` for all mounts beneath too."""
    values = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    done = libc.syscall(MOUNT_SETATTR, AT_FDCWD, path.encode(), below, values, ctypes.sizeof(values))
    must(done, f"mount_setattr {path}")


def new_user_namespace() -> None:
    """Get rights over new namespaces, and none outside; root also gets the user nobody to run as."""
    uid, gid, process = os.getuid(), os.getgid(), os.getpid()
    ready_out, ready_in = os.pipe()
    helper = os.fork()
    if helper == 0:  # stays outside, where it may write the map
        os.close(ready_in)
        os.read(ready_out, 1)
        try:
            if uid != 0:
                write(f"/proc/{process}/setgroups", "deny")
            for kind, own in (("uid", uid), ("gid", gid)):
                write(
                    f"/proc/{process}/{kind}_map",
                    f"{own} {own} 1\n" + (f"{NOBODY} {NOBODY} 1\n" if uid == 0 else ""),
                )
        except OSError:
            os._exit(1)
        os._exit(0)
    os.close(ready_out)
    must(libc.unshare(NEWUSER), "unshare")
    os.write(ready_in, b".")
    if os.waitpid(helper, 0)[1]:
        raise OSError("the user could not be mapped into the namespace")


def write(path: str, content: str) -> None:
    """Write a file of the kernel's in one piece."""
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, content.encode())
    finally:
        os.close(handle)


def build_view(walls: dict[str, Any]) -> None:
    """Make a root that shows what `walls` names, and move into it."""
    root = walls["root"]
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    make_place(root + "/tmp", True)  # first: what is shown may be below the real one
    space = f"size={walls['disk']},nr_inodes=4096,mode=1777"
    mount("tmpfs", root + "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, space)
    for source, target in walls["show"]:
        place = root + target
        if os.path.islink(source):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.symlink(os.readlink(source), place)
            continue
        make_place(place, os.path.isdir(source))
        mount(source, place, None, MS_BIND | MS_REC)
        restrict(place, READ_ONLY | NO_SUID | (0 if source.startswith("/dev/") else NO_DEV), AT_RECURSIVE)
    for path in walls["hide"]:
        if os.path.isdir(root + path):
            mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k,mode=755")
            restrict(root + path, READ_ONLY)
    os.chdir(root)
    must(libc.pivot_root(b".", b"."), "pivot_root")
    must(libc.umount2(b".", MNT_DETACH), "umount")
    restrict("/", READ_ONLY)


def make_place(path: str, folder: bool) -> None:
    """Make the empty folder or file that something is mounted on."""
    os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
    if not folder and not os.path.exists(path):
        open(path, "x").close()


def give_up_rights(walls: dict[str, Any], root: bool) -> None:
    """Set limits, and let go of every privilege for good."""
    limits = {
        resource.RLIMIT_AS: walls["memory"],
        resource.RLIMIT_FSIZE: walls["disk"],
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: walls["cpu_seconds"],
        resource.RLIMIT_NPROC: walls["processes"],
    }
    if root:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    for kind, limit in limits.items():
        if (
            kind != resource.RLIMIT_NPROC or walls["sandbox"]
        ):  # outside, it would count the teacher's processes
            resource.setrlimit(kind, (limit, limit))
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    must(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def become_student(walls: dict[str, Any], root: bool) -> NoReturn:
    """Replace this program by the student's side. Exec drops what rights are left."""
    nowhere = os.open("/dev/null", os.O_RDWR)
    give_up_rights(walls, root)
    os.dup2(nowhere, 2)
    if walls["sandbox"]:
        os.chdir("/tmp")
    os.execve(walls["command"][0], walls["command"], walls["environment"])


def main() -> None:
    """Build the walls, start the student's process inside, wait for it."""
    walls = json.loads(sys.argv[1])
    os.setsid()
    if not walls["sandbox"]:
        become_student(walls, root=False)
    root = os.getuid() == 0
    try:
        new_user_namespace()
        must(libc.unshare(NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS), "unshare")
        with contextlib.suppress(OSError):  # a container's /proc/sys is read-only; nothing depends on it
            write("/proc/sys/user/max_user_namespaces", "0")  # no sandbox in the sandbox
        build_view(walls)
        must(
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0), "prctl"
        )  # a grader that dies takes all with it
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        student = os.fork()
        if student == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            become_student(walls, root)
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        os._exit(125)
    for number in (0, 1, 2):
        os.close(number)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(student, signal.SIGKILL))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    _, status = os.waitpid(student, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0x7F)


if __name__ == "__main__":
    main()
