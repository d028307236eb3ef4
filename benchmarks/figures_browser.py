"""The part of `figures.py` that needs a browser; it runs this file with the fixtures of tests/browser."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

#: The pages whose live figures are moved: the gallery has one of each view.
MOVED = ["book/01-credit-assignment.html", "book/A5-figures.html"]
PRESSES = 30
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}

NEURON = """
from bplib.scalar import Value
from bplib.widgets.live import curve, graph, live
w, b, x, y = (Value(number, name) for number, name in ((0.5, "w"), (0.1, "b"), (1.0, "x"), (0.8, "y")))
z = (w * x + b).named("z")
a = z.sigmoid().named("a")
loss = ((a - y) ** 2).named("loss")
live(loss, {w: (-2, 2)}, params=[w, b], views=[graph(), curve()], name="neuron")
"""
DRAW = """
import numpy as np
X = np.linspace(-6, 6, 400)
def axes(ax):
    ax.set(xlim=(-6, 6), ylim=(-0.1, 1.1), xlabel="x", ylabel="a")
    ax.grid(True)
def curve(ax, w=0.0):
    ax.plot(X, 1 / (1 + np.exp(-w * X)), label="a = sigmoid(w x)")
    ax.plot(X, 0.5 + w / 4 * X, "--", label="tangent at 0")
    ax.set_title(f"w = {w:.2f}")
    ax.legend(loc="upper left")
    return f"The slope at 0 is {w / 4:.3f}."
"""
INTERACT = """
import matplotlib.pyplot as plt
from ipywidgets import interact
@interact(w=(-2.0, 2.0, 0.05))
def show(w=0.0):
    fig, ax = plt.subplots(figsize=(5.6, 3.4))
    axes(ax)
    curve(ax, w)
    plt.show()
"""
IPYMPL = """
%matplotlib widget
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider
fig, ax = plt.subplots(figsize=(5.6, 3.4))
slider = FloatSlider(value=0, min=-2, max=2, step=0.05)
def redraw(change):
    ax.clear()
    axes(ax)
    curve(ax, slider.value)
    fig.canvas.draw_idle()
slider.observe(redraw, "value")
redraw(None)
display(slider, fig.canvas)
"""
KEPT = """
from io import BytesIO
from IPython.display import display
from ipywidgets import FloatSlider, Image
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
fig = Figure(figsize=(5.6, 3.4))
FigureCanvasAgg(fig)
ax = fig.subplots()
slider, image = FloatSlider(value=0, min=-2, max=2, step=0.05), Image()
def redraw(change):
    ax.clear()
    axes(ax)
    curve(ax, slider.value)
    file = BytesIO()
    fig.savefig(file)
    image.value = file.getvalue()
slider.observe(redraw, "value")
redraw(None)
display(slider, image)
"""
EXPLORE = """
from bplib.widgets.explore import explore
explore(curve, axes, w=(-2.0, 2.0, 0.05))
"""
# Contestant: cells, the slider that takes the key, and a function that tells one picture from another.
IMAGE = "(root) => { const i = root.querySelector('%s'); return i?.complete && i.naturalWidth && i.src; }"
CONTESTANTS = {
    "live": (
        [NEURON],
        '.bp-live input[type="range"]',
        "(root) => [...root.querySelectorAll('.bp-number')].map((text) => text.textContent).join()",
    ),
    "explore in fixed axes": ([DRAW, EXPLORE], '.bp-live input[type="range"]', IMAGE % ".bp-picture"),
    "a kept figure in an Image": ([DRAW, KEPT], ".noUi-handle", IMAGE % ".widget-image"),
    "ipympl": (
        [DRAW, IPYMPL],
        ".noUi-handle",
        # Each picture that arrives is drawn into the canvas: counted, because reading pixels takes time.
        """(root) => {
          if (window.drawn === undefined) {
            window.drawn = 0;
            const { drawImage } = CanvasRenderingContext2D.prototype;
            CanvasRenderingContext2D.prototype.drawImage = function (...args) {
              window.drawn++;
              return drawImage.apply(this, args);
            };
          }
          return window.drawn;
        }""",
    ),
    "interact and plt.subplots": ([DRAW, INTERACT], ".noUi-handle", IMAGE % ".jp-RenderedImage img"),
}

# From the key to the end of the frame that shows another picture. A message that a frame's callback sends
# arrives when that frame is painted; the picture is looked at then, in every frame.
WATCH = """([selector, look]) => {
  const picture = eval(look);
  const root = document.querySelector(selector).closest(".jp-Cell");
  const { port1, port2 } = new MessageChannel();
  window.latency = () => new Promise((resolve) => {
    const before = picture(root);
    let start = 0;
    addEventListener("keydown", (event) => (start = event.timeStamp), { capture: true, once: true });
    const deadline = performance.now() + 5000;
    const ask = () => requestAnimationFrame(() => port2.postMessage(0));
    port1.onmessage = () => {
      const now = picture(root);
      if (start && now && now !== before) resolve(performance.now() - start);
      else if (performance.now() > deadline) resolve(null);
      else ask();
    };
    ask();
  });
}"""

# Every live figure of a page, with all parts open, moved by its first control; one that only trains by a step.
UPDATES = """() => Object.fromEntries([...document.querySelectorAll(".bp-live")].flatMap((figure) => {
  if (!figure.store) return [];
  const { store } = figure;
  figure.querySelectorAll(".bp-open").forEach((button) => button.click());
  const { n, name, lo, hi, step } = store.controls.find(({ name }) => name !== "steps") ?? store.controls[0];
  const to = (k) => lo + step * Math.round((((hi - lo) / step) * (1 + Math.sin(k))) / 2);
  const times = [];
  for (let k = 0; k < 200; k++) {
    const start = performance.now();
    if (name === "steps") store.step();
    else store.set(n, to(k));
    store.flush();
    document.body.getBoundingClientRect(); // the layout belongs to it
    times.push(performance.now() - start);
  }
  const views = [...figure.querySelectorAll(":scope > [data-part]")].map(({ dataset }) => dataset.part);
  return [[`${views.join(" and ")} (${figure.ariaLabel.split(/[ :]/)[2]})`, times.slice(50)]];
}))"""


# Marks the first frame in which a live figure is on the page, whatever else the page then does.
FIRST_FIGURE = """new MutationObserver((changes, observer) => {
  if (!document.querySelector(".bp-live :is(svg, canvas, img)")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => performance.mark("first figure")));
}).observe(document, { childList: true, subtree: true });"""


@pytest.fixture(scope="module", autouse=True)
def results():
    measured: dict[str, list[float]] = {}
    yield measured
    Path(os.environ["BPLIB_RESULTS"]).write_text(json.dumps(measured))


@pytest.mark.parametrize("name", CONTESTANTS)
def test_from_key_to_pixels(name, results, lab, run_notebook_in_lab):
    if name == "ipympl" and importlib.util.find_spec("ipympl") is None:
        pytest.skip("ipympl is not installed; requirements-torch.txt lists it.")
    sources, slider, look = CONTESTANTS[name]
    cells = [v4.new_code_cell(source.strip()) for source in sources]
    file = f"{name.replace(' ', '-')}.ipynb"  # of its own, because a kernel belongs to a file
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL), lab.folder / file)
    page = run_notebook_in_lab(file).page
    handle = page.locator(slider).first
    handle.wait_for()
    page.wait_for_timeout(2000)
    page.evaluate(WATCH, [slider, look])
    handle.focus()
    times = []
    for k in range(PRESSES + 3):
        page.evaluate("() => void (window.answer = window.latency())")
        page.keyboard.press("ArrowRight" if k % 30 < 15 else "ArrowLeft")
        times.append(page.evaluate("() => window.answer"))
        page.wait_for_timeout(150)
    assert None not in times, f"no answer to {times.count(None)} of {len(times)} keys"
    results[name] = times[3:]


def test_navigation_and_update_on_the_site(results, site, open_page):
    for name in [name for name in site.pages if "bp/live.js" in (site.root / name).read_text("utf-8")]:
        times = []
        for _ in range(3):
            visit = open_page(name, script=FIRST_FIGURE)
            times.append(visit.page.evaluate("performance.getEntriesByName('first figure')[0].startTime"))
            visit.close()
        results[f"navigation, {name}"] = times
    for name in MOVED:
        moved = open_page(name).page.evaluate(UPDATES)
        results.update({f"update, {figure}": times for figure, times in moved.items()})
