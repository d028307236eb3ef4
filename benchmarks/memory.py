"""Peak memory of a training step, each library in a process of its own.

What is counted is how far the peak of resident memory rises above what was resident with the network and
its batch in place and no step taken: activations, gradients, temporaries. Linux keeps the peak (VmHWM) and
lets it be reset, so libraries that don't allocate through Python are measured alike.
"""

import gc
import os
import subprocess
import sys
from pathlib import Path

import one_thread  # noqa: F401
from measure import Table, peer
from networks import LIBRARIES, Problem

MEASURED = ["bare NumPy", "bplib", "PyTorch eager", "HIPS autograd"]
CASES = [([784, 512, 512, 10], 256), ([784, 512, 512, 10], 4096)]

#: Large arrays straight from the system and back to it, so that resident means in use.
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "0",
    "NUMPY_MADVISE_HUGEPAGE": "0",
}


def table() -> Table:
    """Measure every library on every case."""
    titles = [f"{'-'.join(map(str, sizes))}, B={batch}" for sizes, batch in CASES]
    result = Table(
        "Peak memory of a training step",
        ["library", *titles],
        notes=[
            "Above the network and its batch, in MB: what the activations, gradients and temporaries need."
        ],
    )
    for name in MEASURED:
        if not peer(LIBRARIES[name][0]):
            result.rows.append([name, *["not installed"] * len(CASES)])
        elif not Path("/proc/self/clear_refs").exists():
            result.rows.append([name, *["measured on Linux only"] * len(CASES)])
        else:
            result.rows.append([name, *(f"{in_a_process(name, case):.1f}" for case in range(len(CASES)))])
    return result


def in_a_process(name: str, case: int) -> float:
    """Return the rise of the peak in MB, measured by a fresh process."""
    command = [sys.executable, __file__, name, str(case)]
    done = subprocess.run(command, env=os.environ | ALLOCATOR, capture_output=True, text=True, check=True)
    return float(done.stdout)


def rise(name: str, case: int) -> float:
    """Take a few steps in this process and return the rise of the peak in MB."""
    sizes, batch = CASES[case]
    make = LIBRARIES[name][1]
    problem = Problem.draw(sizes, batch)
    make(problem)()  # the library's own buffers stay; this network and its gradients go
    step = make(problem)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = resident("VmRSS")
    for _ in range(3):
        step()
    return (resident("VmHWM") - before) / 1e3


def resident(which: str) -> float:
    """Return one of the kernel's counts of this process's memory, in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(which))


if __name__ == "__main__":
    print(rise(sys.argv[1], int(sys.argv[2])))
