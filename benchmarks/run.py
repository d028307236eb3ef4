"""Measure bplib beside its peers, in one run on one thread, and write the tables to RESULTS.md.

`make bench` runs this; `python benchmarks/run.py scalar_engine` runs the topics that are named and prints
them without writing. A topic is a file here with a function `table`.
"""

import importlib
import platform
import sys
import time
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import one_thread  # noqa: F401

#: The scalar engine comes first: the objects that PyTorch and JAX hold would make every walk of the garbage
#: collector longer, and it has a part in that topic.
TOPICS = ["scalar_engine", "training_step", "checking", "kernels", "layer_costs", "memory"]
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


def main(topics: list[str]) -> None:
    unknown = set(topics) - set(TOPICS)
    if unknown:
        raise SystemExit(f"There is no topic {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}.")
    parts = [
        "# Measured\n",
        "One run of `make bench`, float64, one thread, processor time. Contestants take turns; a ratio is "
        "the median over the rounds of one time divided by the other of the same round.\n",
        f"{date.today().isoformat()} · Python {platform.python_version()} · {processor()} · "
        + " · ".join(map(installed, PACKAGES))
        + "\n",
    ]
    for topic in topics or TOPICS:
        print(f"{topic} ...", file=sys.stderr, end=" ", flush=True)
        start = time.perf_counter()
        parts.append(importlib.import_module(topic).table().markdown())
        print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
        print(parts[-1], flush=True)
    if not topics:
        RESULTS.write_text("\n".join(parts), encoding="utf-8")
        print(f"Written to {RESULTS.name}.")


if __name__ == "__main__":
    main(sys.argv[1:])
