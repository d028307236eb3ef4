"""A training step of four MLPs: bplib beside bare NumPy, PyTorch, JAX, autograd and MyGrad."""

import numpy as np
from measure import Table, compare, duration, peer
from networks import LIBRARIES, Problem

#: Layer sizes, batch, and how many times bare NumPy's time bplib may take.
NETWORKS = [
    ([2, 8, 2], 1, 1.25),
    ([2, 16, 16, 2], 100, 1.25),
    ([784, 128, 10], 64, 1.25),
    ([784, 512, 512, 10], 256, 1.1),
]


def table() -> Table:
    """Measure, and check that all libraries give the same gradients."""
    result = Table(
        "Training step of an MLP",
        ["network", "library", "one step", "times bplib's time", "times bare NumPy's time"],
        notes=[
            "Forward, loss and backward; ReLU, cross-entropy from logits, weights' gradients only. Goals: "
            "bplib within 1.25 times bare NumPy, 1.1 times on the last; faster than all others on the "
            "first two."
        ],
    )
    for sizes, batch, _ in NETWORKS:
        problem = Problem.draw(sizes, batch)
        title = f"{'-'.join(map(str, sizes))}, B={batch}"
        steps = {name: make(problem) for name, (package, make) in LIBRARIES.items() if peer(package)}
        expected = [np.asarray(grad) for grad in steps["bare NumPy"]()]
        for name, step in steps.items():
            for grad, right in zip(step(), expected, strict=True):
                np.testing.assert_allclose(np.asarray(grad), right, rtol=1e-9, atol=1e-12, err_msg=name)
        times = compare(steps)
        for name, (package, _) in LIBRARIES.items():
            if name not in steps:
                result.rows.append([title, name, f"{package} is not installed", "", ""])
                continue
            ratios = [f"{times.ratio(name, other):.2f}" for other in ("bplib", "bare NumPy")]
            result.rows.append([title, name, duration(times.seconds(name)), *ratios])
    return result
