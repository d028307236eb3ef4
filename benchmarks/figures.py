"""How fast the figures answer: a redraw in Python, an update in the page, a key in JupyterLab."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from measure import Table, Times, compare, duration

from bplib.widgets.explore import explore

HERE = Path(__file__).parent
SIZE = (5.6, 3.4)
X = np.linspace(-6, 6, 400)


def axes(ax) -> None:
    """Draw what stays: limits, labels, legend, a curve to compare with."""
    ax.plot(X, 1 / (1 + np.exp(-X)), color="black", lw=1, label="w = 1")
    ax.set(xlim=(-6, 6), ylim=(-0.1, 1.1), xlabel="x", ylabel="a = sigmoid(w x)", title="A neuron")
    ax.grid(True)
    ax.legend(loc="upper left")


def curve(ax, w: float) -> str:
    """Draw what moves: the curve of the neuron and its tangent."""
    ax.plot(X, 1 / (1 + np.exp(-w * X)), color="C0")
    ax.plot(X, 0.5 + w / 4 * X, "--", color="C1")
    return f"The slope at 0 is {w / 4:.3f}."


def usual() -> Callable[[float], str]:
    """Return what `interact` runs: a new pyplot figure each time, as the inline backend shows it."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    from IPython.core.pylabtools import print_figure

    def redraw(w: float) -> str:
        figure, ax = plt.subplots(figsize=SIZE)
        everything(ax, w)
        shown: str = print_figure(figure, "png", base64=True)
        plt.close(figure)
        return shown

    return redraw


def everything(ax, w: float) -> str:
    axes(ax)
    return curve(ax, w)


def redraws() -> Times:
    """Time one redraw in Python, the PNG included, with as many pixels in each."""
    stops = [round(w, 2) for w in np.linspace(-2, 2, 41)]
    kept = explore(everything, w=stops, size=SIZE)
    fixed = explore(curve, axes, w=stops, size=SIZE)
    for fig in (kept, fixed):
        fig.scale = 1.0
    plain = usual()
    turns = dict.fromkeys(("usual", "kept", "fixed"), 0)

    def turn(name: str, show: Callable[[float], object]) -> Callable[[], object]:
        def call() -> object:
            turns[name] += 1
            return show(stops[turns[name] % len(stops)])

        return call

    def move(fig) -> Callable[[float], object]:
        return lambda w: setattr(fig, "values", {"w": w})

    contestants = {"usual": plain, "kept": move(kept), "fixed": move(fixed)}
    return compare({name: turn(name, show) for name, show in contestants.items()}, rounds=25, turn=0.0)


def in_browser() -> dict[str, list[float]]:
    """Run `figures_browser.py` with the fixtures of the browser tests; milliseconds by contestant."""
    tests = HERE.parent / "tests" / "browser"
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        path = os.pathsep.join(filter(None, [str(tests), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider"]
        subprocess.run(
            [*command, str(HERE / "figures_browser.py")],
            env={**os.environ, "PYTHONPATH": path, "BPLIB_RESULTS": str(results)},
            stdout=sys.stderr,
            check=True,
        )
        measured: dict[str, list[float]] = json.loads(results.read_text())
    return measured


def table() -> Table:
    """Measure all of it in one run."""
    result = Table(
        "Figures",
        ["what", "median", "90 %", "usual / this", "goal"],
        notes=[
            "Redraw: in Python alone, one picture of 560 by 340 pixels with its PNG. The usual way is "
            "`interact` with `plt.subplots`, shown by the inline backend.",
            "Key to pixels: from the arrow key on a slider in JupyterLab to the frame in which Chromium "
            "shows the new picture, kernel included where there is one.",
        ],
    )

    def row(what: str, seconds: list[float], ratio: float | None = None, goal: str = "") -> None:
        late = float(np.quantile(seconds, 0.9))
        shown = "" if ratio is None else f"{ratio:.1f}"
        result.rows.append([what, duration(median(seconds)), duration(late), shown, goal])

    times = redraws()
    row("redraw, the usual way", times.rounds["usual"], 1.0)
    row("redraw, `explore`", times.rounds["kept"], times.ratio("usual", "kept"), "2.5 times")
    row("redraw, `explore` in fixed axes", times.rounds["fixed"], times.ratio("usual", "fixed"), "8 times")
    measured = {name: [1e-3 * ms for ms in many] for name, many in in_browser().items()}
    for name in [name for name in measured if name.startswith("update")]:
        figure = name.removeprefix("update, ")
        goal = "16 ms" if "seeds" in figure else "4 ms"  # a hundred thumbnails
        row(f"update in the page, {figure}", measured.pop(name), goal=goal)
    for name in [name for name in measured if name.startswith("navigation")]:
        page = name.removeprefix("navigation, book/").removesuffix(".html")
        row(f"navigation to the first figure, {page}", measured.pop(name), goal="1.5 s")
    beside = median(measured["interact and plt.subplots"])
    for name, seconds in measured.items():
        goal = "20 ms" if name == "live" else ""
        row(f"key to pixels, {name}", seconds, beside / median(seconds), goal)
    return result


if __name__ == "__main__":
    print(table().markdown())
