"""Training in the page: its arrays beside TensorFlow.js and a network of objects, in the same Chromium."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from measure import Table, Times, duration

import bplib
from bplib import losses
from bplib.data import xor
from bplib.layers import mlp
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.program import Program

HERE = Path(__file__).parent
STATIC = Path(bplib.__file__).parent / "widgets" / "static"
PACKAGES = {
    "@tensorflow/tfjs": ["tf.min.js"],
    "@tensorflow/tfjs-backend-wasm": [
        "tf-backend-wasm.min.js",
        "tfjs-backend-wasm.wasm",
        "tfjs-backend-wasm-simd.wasm",
    ],
}
RELEASE = "4.22.0"
#: Layer sizes, samples, rows of a batch, and the goal.
NETWORKS = [
    ([2, 8, 8, 1], 250, 250, "fastest other at least 1.4 times the page's time"),
    ([2, 4, 2, 1], 250, 10, "no other faster"),
    ([64] * 11, 32, 32, "16 ms"),
]
ROUNDS, TURN = 15, 80  # milliseconds

PAGE = """<!doctype html><meta charset="utf-8"><title>Training</title><link rel="icon" href="data:,">
<script src="tf.min.js"></script><script src="tf-backend-wasm.min.js"></script>
<script>if (window.tf) tf.wasm.setWasmPaths(new URL(".", location).href);</script>
<script type="module" src="training_page.js"></script>"""


def fetch(folder: Path) -> bool:
    """Put the opponents' files into a folder by npm; say whether there is one."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    with tempfile.TemporaryDirectory() as home:
        command = [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            home,
        ]
        subprocess.run([*command, *(f"{name}@{RELEASE}" for name in PACKAGES)], check=True, stdout=sys.stderr)
        for name, files in PACKAGES.items():
            for file in files:
                shutil.copy(Path(home) / "node_modules" / name / "dist" / file, folder)
    return True


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that does not write a line for each file."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on 127.0.0.1; give its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def page() -> Iterator[Any]:
    """Open the page that trains, with the opponents if npm brings them."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "google-chrome", "chromium-browser")
    path = next((found for name in names if (found := shutil.which(name))), None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not fetch(folder):
            for file in ("tf.min.js", "tf-backend-wasm.min.js"):
                (folder / file).write_text("")
        (folder / "index.html").write_text(PAGE, encoding="utf-8")
        shutil.copytree(STATIC / "engine", folder / "engine")
        page = (HERE / "training_page.js", HERE / "object_network.js")
        for file in (*STATIC.glob("words.js*"), *page):
            shutil.copy(file, folder)
        with served(folder) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            tab = browser.new_page()
            tab.goto(url)
            tab.wait_for_function("window.ready")
            yield tab
            browser.close()


def network(sizes: list[int], samples: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a network of tanh with a linear end, and samples."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (samples, sizes[0]))
    y = rng.uniform(-1, 1, (samples, sizes[-1]))
    return mlp(sizes, activation="tanh", rng=rng), X, y


def program(sizes: list[int], samples: int, rows: int | None) -> Program:
    """Return the network as the page runs it."""
    net, X, y = network(sizes, samples)
    return Program.of(net, losses.mse, X, y, rows=rows)


def problem(sizes: list[int], samples: int, rows: int) -> dict[str, Any]:
    """Return the program for the page, and the same numbers for the others."""
    ours = program(sizes, samples, rows)
    params = np.concatenate([ours.arrays[name].ravel() for name in ours.params])
    numbers = {name: ours.samples[name.lower()].ravel().tolist() for name in ("X", "y")}
    wire = ours.to_dict()
    return {
        "sizes": sizes,
        "samples": samples,
        "rows": rows,
        "wire": wire,
        "params": params.tolist(),
        **numbers,
    }


def gradient(sizes: list[int], samples: int) -> np.ndarray:
    """Return the gradient over all samples, by bplib's layers."""
    net, X, y = network(sizes, samples)
    _, cache = losses.mse(net(X), y)
    net.backward_params(losses.mse_backward(1.0, cache)[0])
    return np.concatenate([net.grads[name].ravel() for name in net.params])


def networks_of_xor(seeds: int, steps: int) -> dict[str, Any]:
    """Return a hundred networks 2-4-4-1 as lanes of one tape."""
    x, t, y = Value(0.0, "x"), Value(0.0, "t"), Value(0.0, "y")
    weights: dict[str, Value] = {}

    def weight() -> Value:
        name = f"w{len(weights)}"
        weights[name] = Value(0.1, name)
        return weights[name]

    def layer(inputs: list[Value], n: int) -> list[Value]:
        return [sum((weight() * a for a in inputs), weight()) for _ in range(n)]

    a = [z.tanh() for z in layer([x, t], 4)]
    a = [z.tanh() for z in layer(a, 4)]
    loss = ((layer(a, 1)[0] - y) ** 2).named("loss")
    tape = Tape.record(loss, inputs=[*weights.values(), x, t, y]).to_dict()
    X, target = xor()
    return {
        "tape": tape,
        "params": list(weights),
        "data": {"x": X[:, 0].tolist(), "t": X[:, 1].tolist(), "y": target[:, 0].tolist()},
        "seeds": seeds,
        "steps": steps,
        "start": np.random.default_rng(0).normal(size=len(weights) * seeds).tolist(),
    }


def table() -> Table:
    """Measure, and check that all find the same gradient."""
    result = Table(
        "Training in the page",
        ["network", "who", "one step", "times the page's time", "of it tanh", "goal"],
        notes=[
            "Forward, loss, backward and update by gradient descent; tanh, a linear end, squared error; all "
            "in one Chromium. The page and the network of objects (one object a neuron, one a link, one "
            f"sample at a time) compute in float64, TensorFlow.js {RELEASE} in float32. The page picks the "
            "rows of each batch itself. A step is that of the fastest stretch of each turn.",
            "Of it tanh: what the tanh of a step takes alone, by `Math.tanh` in the network of objects, by a "
            "table and the addition theorem in the page, slope included, right to 2e-15.",
        ],
    )
    with page() as tab:
        for sizes, samples, rows, goal in NETWORKS:
            measured = tab.evaluate(
                "([problem, rounds, ms]) => race(problem, rounds, ms)",
                [problem(sizes, samples, rows), ROUNDS, TURN],
            )
            right = gradient(sizes, samples)
            for name, found in measured["gradients"].items():
                within = 1e-4 if "tfjs" in name else 1e-11
                error = np.max(np.abs(np.array(found) - right)) / np.max(np.abs(right))
                if not error < within:
                    raise RuntimeError(f"{name} finds another gradient, off by {error:.1e}.")
            times = Times(measured["times"])
            tanhs = tab.evaluate("(n) => tanhs(n, 7)", rows * sum(sizes[1:-1]))
            alone = {"the page": median(tanhs["own"]), "an object a neuron": median(tanhs["built_in"])}
            shown = "-".join(map(str, sizes)) if len(sizes) < 6 else f"{len(sizes) - 1} layers of {sizes[0]}"
            for name in measured["times"]:
                ratio = f"{times.ratio(name, 'the page'):.2f}"
                spent = duration(alone[name]) if name in alone else ""
                title = f"{shown}, B={rows}"
                mark = goal if name == "the page" else ""
                result.rows.append([title, name, duration(times.seconds(name)), ratio, spent, mark])
            if len(measured["times"]) == 2:
                result.rows.append([f"{shown}, B={rows}", "tfjs", "npm is not installed", "", "", ""])
        seconds = min(tab.evaluate("lanes", networks_of_xor(100, 2000)) for _ in range(3))
        what = "100 networks 2-4-4-1, XOR, 2,000 steps"
        result.rows.append([what, "the page, as lanes of one tape", duration(seconds), "", "", ""])
    return result


if __name__ == "__main__":
    print(table().markdown())
