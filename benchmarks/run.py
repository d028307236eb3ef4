"""Measure bplib beside its peers, in one run on one thread, and write the tables to RESULTS.md.

`make bench` runs this; `python benchmarks/run.py scalar_engine` runs the topics that are named and prints
them without writing. A topic is a file here with a function `table`.
"""

import importlib
import platform
import subprocess
import sys
import time
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import one_thread  # noqa: F401

TOPICS = [
    "training_step",
    "scalar_engine",
    "checking",
    "kernels",
    "layer_costs",
    "memory",
    "figures",
    "training_page",
]
PACKAGES = ["numpy", "torch", "jax", "autograd", "mygrad", "micrograd"]
RESULTS = Path(__file__).parent / "RESULTS.md"


def processor() -> str:
    """Return what the system calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"


def head() -> str:
    """Say how and where the numbers were measured."""
    return (
        "# Measured\n\n"
        "One run of `make bench`, float64, one thread. Contestants take turns; a ratio is "
        "the median over the rounds of one time divided by the other of the same round.\n\n"
        f"{date.today().isoformat()} · Python {platform.python_version()} · {processor()} · "
        + " · ".join(map(installed, PACKAGES))
        + "\n"
    )


def main(topics: list[str]) -> None:
    """Measure each topic in a process of its own, so that no library's objects burden another topic."""
    unknown = set(topics) - set(TOPICS)
    if unknown:
        raise SystemExit(f"There is no topic {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}.")
    if len(topics) == 1:
        print(importlib.import_module(topics[0]).table().markdown())
        return
    parts = [head()]
    for topic in topics or TOPICS:
        print(f"{topic} ...", file=sys.stderr, end=" ", flush=True)
        start = time.perf_counter()
        command = [sys.executable, __file__, topic]
        parts.append(
            subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip() + "\n"
        )
        print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
        print(parts[-1], flush=True)
    if not topics:
        RESULTS.write_text("\n".join(parts), encoding="utf-8")
        print(f"Written to {RESULTS.name}.")


if __name__ == "__main__":
    main(sys.argv[1:])
