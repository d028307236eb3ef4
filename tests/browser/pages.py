"""Pages that the browser tests open: served, watched for faults, then read and worked as a reader does.

What reads or moves a live figure takes Playwright's page as the fixture `show` leaves it: the page's scripts
see `figures`, a list of {widget, model, el, cleanup, store}; `k` is the place of a figure in it.
"""

from __future__ import annotations

import functools
import http.server
import json
import math
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import files
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipywidgets.embed import dependency_state, embed_data
from nbformat import v4

from bplib.widgets import library

ROOT = Path(__file__).resolve().parents[2]

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Live figures</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
html { color-scheme: light dark; background: light-dark(#fff, #121212); color: light-dark(#222, #ddd); }
body { margin: 0 auto; max-width: 720px; padding: 8px; }
</style><link rel="stylesheet" href="../live.css">%(site)s
</head><body><main><h1>Live figures</h1>%(places)s</main><script type="module">
window.bubbled = [];
document.addEventListener("keydown", (event) => bubbled.push(event.key));
const { default: widget } = await import("../live.js");
window.figures = %(states)s.map((state, k) => {
  const listeners = {};
  const model = {
    state, saves: 0,
    get: (key) => state[key],
    set(key, value) {
      const changed = JSON.stringify(state[key]) !== JSON.stringify(value);
      state[key] = JSON.parse(JSON.stringify(value));
      if (changed) [...(listeners[`change:${key}`] ?? [])].forEach((listener) => listener());
    },
    on: (event, listener) => (listeners[event] ??= new Set()).add(listener),
    off: (event, listener) => listeners[event]?.delete(listener),
    save_changes: () => model.saves++,
    listening: () => Object.values(listeners).reduce((n, each) => n + each.size, 0),
  };
  const el = document.getElementById(`figure-${k}`);
  const cleanup = widget.render({ model, el });
  return { widget, model, el, cleanup, store: el.firstChild.store };
});
</script></body></html>"""

WIDGETS_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Widgets</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width">
<style>html { color-scheme: light dark; }</style><link rel="stylesheet" href="bp/live.css">
<script type="application/vnd.jupyter.widget-state+json">%(state)s</script>
<script defer src="bp/live.js"></script>%(scripts)s<script defer src="bp/figures.js"></script>
</head><body><main><h1>Widgets</h1>%(views)s</main></body></html>"""
OF_VIEW = '<script defer src="bp/views/{}.js"></script>'
VIEW_SCRIPT = '<div><script type="application/vnd.jupyter.widget-view+json">{}</script></div>'

STATE_SCRIPT = '<script type="application/vnd.jupyter.widget-state+json">{}</script>'

# True once every widget view of the page has been replaced by a live widget and the mathematics is set.
SETTLED = """async () => {
  if (document.querySelector('meta[http-equiv="refresh" i]')) return false;  // index.html leads on
  const views = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]');
  for (const view of views) {
    const area = view.previousElementSibling;
    if (!area?.classList.contains("widget-subarea") || !area.firstElementChild) return false;
  }
  if (document.querySelector('script[src*="mathjax"]')) {
    if (!window.MathJax?.startup?.promise) return false;
    await window.MathJax.startup.promise;
  }
  return document.readyState === "complete";
}"""

# Thins a page out for axe. Formulas are MathJax's on every page, in the colour of the text around them, all
# code has the same few colours, and the buttons of cells come from one template: seen on one page, they are
# left out on the others, where they are most of what axe would look at. Of a template one of each kind stays:
# those that differ in more than words and numbers.
THIN = """() => {
  document.querySelectorAll("mjx-container").forEach((formula) => formula.remove());
  document.querySelectorAll(".math:empty").forEach((place) => place.remove());
  document.querySelectorAll(".highlight pre").forEach((code) => { code.textContent = code.textContent; });
  const seen = new Set();
  for (const copy of document.querySelectorAll(".bp-cell-bar, .copybtn")) {
    const kind = copy.outerHTML.replace(/>[^<]+</g, "><").replace(/\\d+/g, "");
    if (seen.has(kind)) copy.remove();
    else seen.add(kind);
  }
}"""

# Gives one text of each kind: those that look alike, on the same ground and in a like place, have the same
# contrast.
KINDS_OF_TEXT = """() => {
  const kinds = new Map();
  const named = (e) => `${e.localName}.${e.getAttribute("class")}`;
  const look = (e, place, ground) => {
    const style = getComputedStyle(e);
    if (style.display === "none") return;
    const own = [named(e), style.backgroundColor, style.backgroundImage, style.opacity].join();
    if (!own.endsWith(", 0),none,1")) ground += own;
    const words = [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (words || e.matches("input, select, textarea")) {
      const kind = [place, own, style.color, style.fontSize, style.fontWeight, ground].join("|");
      if (!kinds.has(kind)) kinds.set(kind, e);
    }
    for (const child of e.children) look(child, named(e), ground);
  };
  look(document.body, "", "");
  return [...kinds.values()];
}"""

# Opens every part of every figure.
OPEN_ALL = """() => document.querySelectorAll(".bp-open").forEach((button) => button.click())"""

# For each figure as it opens: its name, how many questions and controls it shows, and the numbers in it.
OPENINGS = r"""() => {
  // Not counted: the question, the table that is closed, the numbers of an axis or a scale, what is a picture
  // (cells, the shape of an array beside its name), code or a name such as W[0][1], and the slider that
  // stands a second time beside its picture.
  const notes = ":is(.bp-legend, .bp-amounts) .bp-note, :is(.bp-profile, .bp-heat) > .bp-note";
  const scales = `.bp-tick-x, .bp-tick-y, .bp-marks, .bp-scale, .bp-sheet-scale, ${notes}`;
  const pictures = ".bp-cell-numbers, .bp-sheet-title, .bp-tile, .bp-listing";
  const apart = `.bp-guide, details, ${scales}, ${pictures}, .bp-near, .bp-control > .bp-name`;
  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(apart);
  const numbers = (figure) => {
    const found = [];
    const texts = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      if (seen(element) && element.tagName !== "OPTION") found.push(texts.currentNode.data);
    }
    for (const field of figure.querySelectorAll('input[type="text"], select')) {
      if (seen(field)) found.push(field.selectedOptions?.[0].text ?? field.value);
    }
    const number = /(?<![\w^.])[−-]?\d[\d.,]*(e[−-]?\d+)?(?!\w)/g;
    return found.flatMap((text) => text.replace(/\[[^\]]*\]/g, "").match(number) ?? []);
  };
  const shown = (figure, parts) =>
    [...figure.querySelectorAll(parts)].filter((part) => part.checkVisibility()).length;
  return [...document.querySelectorAll(".bp-live:has(> .bp-panel)")].map((figure) => [
    figure.ariaLabel.split(":")[0],
    figure.querySelectorAll(".bp-asks .bp-shown").length,
    shown(figure, ".bp-panel .bp-control"),
    numbers(figure),
  ]);
}"""

REACH = 600  # px that a picture and its control may take: what a phone shows without the browser's bars
# For each picture, brought to the middle of the screen, how many px it and each of its controls take.
SPANS = """async () => {
  const spans = [];
  const charts = ":is(.bp-curve, .bp-compose, .bp-line, .bp-profile, .bp-ribbons) .bp-chart";
  const pictures = `${charts}, .bp-amounts, .bp-cells, .bp-plane-room`;
  for (const picture of document.querySelectorAll(pictures)) {
    picture.scrollIntoView({ block: "center", behavior: "instant" });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const [figure, view] = [picture.closest(".bp-live"), picture.closest(".bp-section")];
    const all = (selector) => [...figure.querySelectorAll(selector)];
    const seen = (selector) => all(selector).filter((each) => each.checkVisibility());
    const near = view.querySelector(".bp-near input")?.ariaLabel;
    const controls = [...new Set(seen(".bp-panel input[type=range]").map((each) => each.ariaLabel))];
    for (const name of near ? [near] : controls) {
      const a = picture.getBoundingClientRect();
      const taken = seen(`input[type=range][aria-label="${name}"]`).map((each) => {
        const b = each.getBoundingClientRect();
        return Math.max(a.bottom, b.bottom) - Math.min(a.top, b.top);
      });
      spans.push([`${view.className} ${name}`, Math.min(...taken)]);
    }
  }
  return spans;
}"""

# Of the stretches without an act (a figure, a question, a picture, a field) the longest, in px, and what
# stands before and after it; all that was folded is open.
STRETCH = """() => {
  document.querySelectorAll(".bp-folded[hidden]").forEach((each) => (each.hidden = false));
  const acts = ".bp-live, .cell .bp-predict, .cell_output img, .bp-recall, .bp-memory";
  const article = document.querySelector(".bd-article");
  const seen = [...article.querySelectorAll(acts)].filter((each) => each.checkVisibility());
  const box = (each) => each.getBoundingClientRect();
  const name = (each) => (each.closest("[id]")?.id ?? "") + each.className;
  let [bottom, before] = [box(article).top, "the title"];
  const stretches = seen.map((act) => {
    const stretch = [box(act).top - bottom, before, name(act)];
    if (box(act).bottom > bottom) [bottom, before] = [box(act).bottom, name(act)];
    return stretch;
  });
  stretches.push([box(article).bottom - bottom, before, "the end"]);
  return stretches.sort(([a], [b]) => b - a)[0];
}"""


def unavailable(sentence: str) -> None:
    """Skip on a reader's machine; fail in CI, where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Visit:
    """One page of a site whose addresses begin with `home`, and what went wrong on it so far."""

    def __init__(self, page: Any, home: str, leave: Callable[[Any], None]) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self._home = (home, home.replace("http:", "ws:", 1), "data:", "blob:", "about:")
        self._leave: Callable[[Any], None] | None = leave
        self._heard = {
            "console": self._console,
            "pageerror": lambda error: self.errors.append(f"exception: {error}"),
            "request": self._request,
            "requestfailed": lambda request: self.errors.append(f"request failed: {request.url}"),
        }
        for event, hear in self._heard.items():
            page.on(event, hear)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.errors.append(f"console: {message.text} ({where})")

    def _request(self, request: Any) -> None:
        # Chromium resolves no other host (see FLAGS), so it is enough to see who asks.
        if not request.url.startswith(self._home):
            self.foreign.append(request.url)

    @property
    def faults(self) -> list[str]:
        return self.errors + [f"foreign request: {url}" for url in self.foreign]

    def close(self) -> None:
        """Hear no more of the page and give it back; a second call does nothing."""
        if self._leave:
            for event, hear in self._heard.items():
                self.page.remove_listener(event, hear)
            leave, self._leave = self._leave, None
            leave(self.page)


class Windows:
    """Windows of one browser, used one after the other: to open one costs more than most visits.

    A window comes back without a page, without what its pages stored, and with the mouse in its corner.
    """

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._contexts: dict[str, Any] = {}
        self._free: dict[str, list[Any]] = {}

    def open(
        self,
        home: str,
        *,
        shared: bool = True,
        width: int = 1280,
        height: int = 900,
        color_scheme: str = "light",
        reduced_motion: str = "no-preference",
        script: str = "",
        **options: Any,
    ) -> Visit:
        """Return a visit on a blank page; `options` are those of a context.

        Ask for a window that isn't shared where the test changes what can't be changed back (the clock) or
        where a page wants to be asked before it is left (JupyterLab). A `script`, which runs before any of
        the page's own, gets such a window.
        """
        shared = shared and not script
        options["service_workers"] = "block"
        key = json.dumps(options, sort_keys=True)
        free = self._free.setdefault(key, [])
        if not shared:
            page = self._browser.new_context(**options).new_page()
        elif free:
            page = free.pop()
            page.bring_to_front()  # a window opened since may hide it, and a hidden page draws once a second
        else:
            if key not in self._contexts:
                self._contexts[key] = self._browser.new_context(**options)
            page = self._contexts[key].new_page()
        if script:
            page.add_init_script(script)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)

        def leave(page: Any) -> None:
            if not shared:
                page.context.close()
                return
            # A page keeps how far its reader came when it is left: not this one.
            assert not page.evaluate(
                "() => { Storage.prototype.setItem = () => {};"
                " try { localStorage.clear(); sessionStorage.clear(); } catch {}"
                " return '__pwClock' in window; }"
            ), "a clock stays with its window: ask for one that isn't shared"
            page.goto("about:blank")
            page.mouse.move(0, 0)
            free.append(page)

        return Visit(page, home, leave)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve a folder without a log line for every request, or for a page that was left meanwhile."""

    def log_message(self, *args: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        with suppress(ConnectionError):
            super().finish()


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on 127.0.0.1 while the block runs; give its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def modules(chromium: Any, folder: Path, html: str) -> Iterator[Any]:
    """Open a page that imports the library's modules by themselves, until its script sets `ready`."""
    with as_file(library.static()) as static:
        shutil.copytree(static, folder, dirs_exist_ok=True)
    (folder / "index.html").write_text(html, encoding="utf-8")
    page = chromium.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    with serve(folder) as url:
        page.goto(url)
        page.wait_for_function("window.ready")
        yield page
    page.close()
    assert not faults


def write_notebook(path: Path, *sources: str, fails: Sequence[str] = ()) -> None:
    """Write a notebook of code cells that names its kernel; else JupyterLab asks which."""
    cells = [v4.new_code_cell(source) for source in sources]
    for cell in cells:
        cell.metadata["tags"] = ["raises-exception"] if cell.source in fails else []
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(v4.new_notebook(cells=cells, metadata=kernel), path)


def write_figures(folder: Path, figures: Sequence[Any], traits: Sequence[str], site: bool) -> None:
    """Write a page of figures, each on a model with these traits, as the site or as Jupyter shows them."""
    folder.mkdir(exist_ok=True)
    # The library once, beside all these pages: a browser keeps what it has compiled by its address.
    for name, text in (("live.js", library.module), ("live.css", library.style)):
        if not (folder.parent / name).exists():
            (folder.parent / name).write_text(text(), encoding="utf-8")
    parts = {
        "places": "".join(f'<div id="figure-{k}"></div>' for k in range(len(figures))),
        "states": json.dumps(
            [{name: getattr(fig, name) for name in ("_bplib_kind", *traits)} for fig in figures]
        ),
        "site": STATE_SCRIPT if site else "",
    }
    (folder / "index.html").write_text(PAGE % parts, encoding="utf-8")


def write_widgets(folder: Path, widgets: Sequence[Any]) -> None:
    """Write a page of widgets as the site has them: their state, a place for each, and the site's scripts."""
    data = embed_data(views=widgets, state=dependency_state(widgets, drop_defaults=False))
    state, _ = library.for_page(data["manager_state"]["state"])
    parts = {
        "state": json.dumps({**data["manager_state"], "state": state}).replace("</", "<\\/"),
        "scripts": "".join(map(OF_VIEW.format, library.shown(state))),
        "views": "".join(VIEW_SCRIPT.format(json.dumps(view)) for view in data["view_specs"]),
    }
    (folder / "index.html").write_text(WIDGETS_PAGE % parts, encoding="utf-8")
    shutil.copytree(ROOT / "vendor" / "bp", folder / "bp", dirs_exist_ok=True)
    (folder / "bp" / "live.js").write_text(library.script(), encoding="utf-8")
    (folder / "bp" / "views").mkdir(exist_ok=True)
    for view in library.views():
        (folder / "bp" / "views" / f"{view}.js").write_text(library.view_script(view), encoding="utf-8")
    (folder / "bp" / "live.css").write_text(library.style(), encoding="utf-8")
    module = next(file for file in files("anywidget") or [] if file.match("nbextension/index.js"))
    shutil.copyfile(module.locate(), folder / "bp" / "anywidget.js")


def settle(page):
    """Wait until the frame that shows the last change is drawn, and the one after it."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def inputs(page, k=0):
    return page.evaluate("(k) => figures[k].model.state.inputs", k)


def said(page):
    return page.locator(".bp-said").first.inner_text()


def number(text):
    return float(text.replace("−", "-"))


def entry(page, label):
    return page.locator(f'input[type="text"][aria-label="{label}"]').first


def slider(page, label):
    return page.locator(f'input[type="range"][aria-label="{label}"]').first


def type_into(page, label, text):
    entry(page, label).fill(text)
    entry(page, label).press("Enter")
    settle(page)


def drag(page, handle, to):
    """Drag from the middle of the handle to so many pixels from its left edge."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + to, middle, steps=4)
    page.mouse.up()
    settle(page)


def rows(page, k=0):
    """Read the table: {node: (value, gradient)} as texts."""
    details = page.locator(f"#figure-{k} .bp-table")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    settle(page)
    lines = details.locator("tbody tr").all()
    return {line.locator("th").inner_text(): line.locator("td").all_inner_texts()[1:] for line in lines}


def assert_agrees(page, fig, k=0):
    """The page stands where the Python figure stands: inputs to the last bit, the table to six digits."""
    assert inputs(page, k) == fig.inputs
    table = rows(page, k)
    values, gradients = fig.values, fig.gradients
    for name in values:
        value, gradient = table[name]
        assert number(value) == pytest.approx(values[name], rel=1e-5, abs=1e-300), name
        assert number(gradient) == pytest.approx(gradients[name], rel=1e-5, abs=1e-300), name


# What stands on a page of figures, or in their markup, that no reader should meet.
UNCLEAN = """() => [document.querySelector("main").innerText,
  ...[...document.querySelectorAll(".bp-live *")].flatMap((e) => [...e.attributes].map((a) => a.value)),
].flatMap((text) => text.match(/NaN|Infinity|\\[object|null|undefined(?! (here|there))/g) ?? [])"""


def assert_clean(page):
    assert page.evaluate(UNCLEAN) == []
    for state in page.evaluate("figures.map((figure) => [...figure.store.values, ...figure.store.grads])"):
        assert all(isinstance(x, int | float) and math.isfinite(x) for x in state)
