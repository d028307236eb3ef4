"""Python in the page: it answers as CPython does, reaches nothing, and outlives what a cell may do to it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nbformat
import pytest
from pages import ROOT, serve, settle

from bplib.widgets import library

pytestmark = pytest.mark.browser

PAGE = "book/exercises/01-credit-assignment.html"
NOTEBOOKS = [*sorted((ROOT / "book").glob("[01]*.ipynb")), *sorted((ROOT / "book/solutions").glob("*.ipynb"))]

# Adds the script to a page of the site, as the page does when Python is asked for.
ADD = """() => new Promise((done, fail) => {
  const script = document.createElement("script");
  script.src = new URL("../../_static/bp/python.js", location.href);
  Object.assign(script, { onload: () => done(), onerror: fail });
  document.head.append(script);
})"""
PIECES = ["python_stdlib.zip.0.js", "bplib.zip.0.js"]
ABSENT = "matplotlib is not in the page; the stored picture stays."
RUN = """async (codes) => {
  const heard = codes.map(() => []);
  const cells = codes.map((code, k) => ({ code, name: `cell ${k + 1}` }));
  const outcome = await bplib_python.run(cells, (message, k) => heard[k].push(message));
  return { ...outcome, heard };
}"""


class Python:
    """Python in the page of a visit."""

    def __init__(self, visit):
        self.visit, self.page = visit, visit.page
        self.lacked = {}
        self.page.evaluate(ADD)

    def run(self, *codes):
        """Run cells; return what was told of each, and how it ended."""
        return self.page.evaluate(RUN, list(codes))

    def hear(self, code):
        """Run one cell and return what was told of it."""
        return self.run(code)["heard"][0]

    def error(self, code):
        """Run a cell that fails and return what was told of its error."""
        *_, error = self.hear(code)
        assert error["kind"] == "error"
        return error


@pytest.fixture(scope="module")
def python(windows, site):
    """Python in one page, for all tests that leave it alive; at the first attempts a part does not come."""
    visit = windows.open(site.url)
    visit.page.goto(site.url + PAGE)
    python = Python(visit)
    for piece in PIECES:
        visit.page.route(f"**/{piece}*", lambda route: route.abort())
        said = visit.page.evaluate("() => bplib_python.start().catch((error) => error.message)")
        python.lacked[piece] = said, visit.page.locator("iframe[sandbox]").count()
        visit.page.unroute(f"**/{piece}*")
    yield python
    visit.close()


def printed(heard):
    return "".join(message["text"] for message in heard if message["kind"] == "text")


# The same answers as CPython.


def told(heard):
    """What a cell printed, what it displayed as text, and as HTML without its tags."""
    displayed = [message for message in heard if message["kind"] in ("value", "figure")]
    html = [re.sub(r"<[^>]*>", "", message["html"]) for message in displayed if "html" in message]
    return printed(heard), [message["text"] for message in displayed], html


def stored(cell):
    """The same of a cell as Jupyter ran it."""
    data = [output.data for output in cell.outputs if "data" in output]
    return (
        "".join(output.text for output in cell.outputs if output.output_type == "stream"),
        [each["text/plain"] for each in data],
        [re.sub(r"<[^>]*>", "", each["text/html"]) for each in data if "text/html" in each],
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: "-".join(path.parts[-2:]))
def test_every_cell_answers_as_in_jupyter(python, path):
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    python.run("import bplib.mine\nbplib.mine._made.clear()")  # a page lends anew
    outcome = python.run(*(cell.source for cell in cells))
    assert outcome["ran"] == len(cells)
    for cell, heard in zip(cells, outcome["heard"], strict=True):
        errors = [message for message in heard if message["kind"] in ("error", "cut", "broken")]
        if "with style()" in cell.source:
            assert [error["text"] for error in errors] == [ABSENT]
        else:
            assert errors == []
            assert told(heard) == stored(cell)


# Compiles sources anew and compares with the modules that were packed compiled.
COMPARE = """import base64, gzip, json, marshal, site, sys
from pathlib import Path
from zipimport import zipimporter
stdlib = next(path for path in sys.path if path.endswith(".zip"))
places = {"stdlib": stdlib, "site-packages": site.getsitepackages()[0]}
read = {"stdlib": zipimporter(stdlib).get_data, "site-packages": lambda path: Path(path).read_bytes()}
other = []
for name, source in json.loads(gzip.decompress(base64.b64decode(GIVEN))).items():
    folder, _, rest = name.partition("/")
    path = f"{places[folder]}/{rest}"
    code = marshal.loads(read[folder](path + "c")[16:])
    if code != compile(source, path, "exec", dont_inherit=True) or code.co_filename != path:
        other.append(name)
print(other)"""


def test_compiled_modules_are_what_this_python_compiles(python):
    pyodide = ROOT / "vendor/pyodide"
    (wheel,) = pyodide.glob("*.whl")
    with zipfile.ZipFile(pyodide / "compiled.zip") as compiled:
        names = [name.removesuffix("c") for name in compiled.namelist()]
    given = {}
    for folder, path in {"stdlib": pyodide / "python_stdlib.zip", "site-packages": wheel}.items():
        with zipfile.ZipFile(path) as archive:
            for name in names:
                if name.startswith(folder):
                    given[name] = archive.read(name.partition("/")[2]).decode()
    packed = base64.b64encode(gzip.compress(json.dumps(given).encode())).decode()
    assert printed(python.hear(COMPARE.replace("GIVEN", repr(packed)))) == "[]\n"
    assert len(given) == len(names) > 150


def test_what_a_cell_ends_with_is_shown(python):
    outcome = python.run(
        "a = 6\nb = 7",
        "a * b",
        "a * b;",
        "display(a, 'text')\nNone",
        "import sys\nprint('to both', file=sys.stderr)\nprint('no end', end='')",
    )
    kinds = [[(m["kind"], m.get("stream"), m["text"]) for m in heard] for heard in outcome["heard"]]
    assert kinds == [
        [],
        [("value", None, "42")],
        [],
        [("value", None, "6"), ("value", None, "'text'")],
        [("text", "stderr", "to both\n"), ("text", "stdout", "no end")],
    ]
    assert outcome["ok"]


def test_an_error_names_its_line_and_ends_the_run(python):
    outcome = python.run(
        "def f(x):\n    return 1 / x", "print('before')\nf(0)\nprint('after')", "print('next')"
    )
    assert not outcome["ok"]
    assert outcome["ran"] == 2
    text, error = outcome["heard"][1]
    assert text["text"] == "before\n"
    assert (error["name"], error["text"]) == ("ZeroDivisionError", "division by zero")
    assert (error["cell"], error["line"]) == ("cell 1", 2)
    assert error["trace"].splitlines()[1:3] == ['  File "<cell 2>", line 2, in <module>', "    f(0)"]
    assert "kernel.py" not in error["trace"]
    assert outcome["heard"][2] == []


def test_a_slip_of_the_pen_is_found(python):
    error = python.error("a = 1\nb = (2\n")
    assert (error["name"], error["line"], error["cell"]) == ("SyntaxError", 2, "cell 1")


def test_what_is_absent_is_said_and_the_next_cell_runs(python):
    outcome = python.run(
        "import matplotlib.pyplot as plt\nfrom matplotlib.patches import Rectangle",
        "from bplib.plot import VALUE",
        "fig, ax = plt.subplots()",
        "print('on')",
    )
    assert not outcome["ok"]
    assert outcome["ran"] == 4
    first, second, (error,), last = outcome["heard"]
    assert first == second == []
    assert (error["text"], error["absent"]) == (ABSENT, True)
    assert printed(last) == "on\n"


# Figures.

FIGURE = """from bplib.scalar import Value
from bplib.widgets.live import live
w, x = Value(0.5, "w"), Value(2.0, "x")
fig = live(((w * x - 3) ** 2).named("loss"), {w: (-2, 4)}, params=[w], name="line")
fig"""

DRAW = """async (message) => {
  const el = document.createElement("div");
  document.body.prepend(el);
  await bplib_python.draw(message, el);
}"""


def test_a_figure_made_here_answers_in_the_page(python):
    (figure,) = python.hear(FIGURE)
    python.page.evaluate(DRAW, figure)
    slider = python.page.locator('.bp-live input[type="range"]').first
    slider.press("ArrowRight")
    settle(python.page)
    entry = python.page.locator('.bp-live input[type="text"][aria-label="w"]').first
    assert float(entry.input_value()) == pytest.approx(0.52, abs=0.05)
    assert float(entry.input_value()) > 0.5
    (moved,) = python.hear("fig.controls['w'] = 1.5\nfig")
    assert moved["text"].startswith("live figure 'line': w = 1.5, x = 2, loss = 0;")
    assert "outside its range" in python.error("fig.controls['w'] = 7")["text"]


def test_a_formula_made_here_is_a_figure(python):
    (figure,) = python.hear(
        "from bplib.widgets.expressions import expressions\nexpressions(['x**2', 'sin(x)'], name='formula')"
    )
    python.page.evaluate(DRAW, figure)
    assert python.page.locator(".bp-live select").first.locator("option").count() >= 2


# What a reader's code can't do.


@pytest.mark.parametrize(
    "code",
    [
        "import js",
        "from js import fetch",
        "from pyodide.code import run_js",
        "import pyodide_js",
        "import pyodide.http",
        "import micropip",
        "import _pyodide_core",
        "import importlib\nimportlib.reload(importlib.import_module('js'))",
        "import sys\nsys.modules['js']",
        "import sys\n[f for f in sys.meta_path if type(f).__name__ == 'JsFinder'][0].jsproxies['js']",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1/')",
    ],
)
def test_python_has_no_road_to_the_browser(python, code):
    assert python.error(code)["name"] in ("ModuleNotFoundError", "KeyError", "IndexError", "URLError")


# Whatever of JavaScript can still be held from Python: the browser is nowhere behind it.
HELD = """import gc
held = [o for o in gc.get_objects() if type(o).__name__ == "JsProxy"]
held += [r for o in gc.get_objects() for r in gc.get_referents(o) if type(r).__name__ == "JsProxy"]
print(len(held) > 0, [n for n in ROADS for o in held if getattr(o, n, None) is not None])
maker = held[0].constructor.constructor
maker("return 1")()""".replace(
    "ROADS", '["fetch", "XMLHttpRequest", "WebSocket", "importScripts", "indexedDB"]'
)


def test_what_python_still_holds_of_javascript_leads_nowhere(python):
    text, error = python.hear(HELD)
    assert text["text"] == "True []\n"
    assert error["name"] == "JsException"
    assert error["text"].startswith("EvalError")


# In place of Pyodide, a program that tries every road that a worker has, while it has all its names, and then
# tells which are left. What it asks for would come to a listener.
HOSTILE = """
const tell = (attempt) => Promise.resolve().then(attempt).then(() => "open", () => "refused");
const settled = (thing, good, bad) => new Promise((yes, no) => { thing[good] = yes; thing[bad] = no; });
const attempts = {
  fetch: () => fetch(HOME),
  request: () => { const r = new XMLHttpRequest(); r.open("GET", HOME, false); r.send(); },
  socket: () => settled(new WebSocket(HOME.replace("http", "ws")), "onopen", "onerror"),
  events: () => settled(new EventSource(HOME), "onopen", "onerror"),
  script: () => importScripts(HOME),
  module: () => import(HOME),
  worker: () => settled(new Worker(HOME), "onmessage", "onerror"),
  nested: () => {
    const text = `fetch("${HOME}").then(() => postMessage(1), () => { throw 1; })`;
    return settled(new Worker(URL.createObjectURL(new Blob([text]))), "onmessage", "onerror");
  },
  font: () => new FontFace("x", `url(${HOME})`).load(),
  database: () => settled(indexedDB.open("x"), "onsuccess", "onerror"),
  caches: () => caches.has("of the page").then((has) => { if (!has) throw 0; }),
  files: () => navigator.storage.getDirectory(),
  function: () => new Function("return 1")(),
  eval: () => (0, eval)("1"),
};
const soon = (promise) => Promise.race([promise, new Promise((done) => setTimeout(done, 3000, "refused"))]);
const tried = Promise.all(
  Object.entries(attempts).map(async ([name, attempt]) => [name, await soon(tell(attempt))]));
const names = () => {
  const found = [];
  for (let o = globalThis; o !== EVENTS && o !== Object.prototype; o = Object.getPrototypeOf(o))
    found.push(...Object.getOwnPropertyNames(o));
  return found.filter((name) => typeof globalThis[name] !== "number"); // some of those can't be deleted
};
const EVENTS = EventTarget.prototype;
"""
IN_PYTHON = """
self.loadPyodide = async () => {
  const told = await tried;
  const run = () => post(JSON.stringify({ kind: "tried", told, names: names() }));
  let post;
  return { pyimport: () => ({ start: (given) => { post = given; return run; } }) };
};
"""
SPY = """async ([script, hostile, home]) => {
  await caches.open("of the page");
  const bytes = (text) => new TextEncoder().encode(text).buffer;
  const { open } = (0, eval)(`(() => { ${script} return python$sandbox$; })()`);
  const wasm = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0).buffer; // the smallest module
  const sandbox = await open(new Map([
    ["pyodide.asm.wasm", wasm], ["pyodide.asm.js", bytes(hostile)], ["pyodide.js", bytes("")]]));
  const { port1, port2 } = new MessageChannel();
  const told = new Promise((done) => {
    port1.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.kind === "ready") port1.postMessage({ code: "", name: "" });
      else done(message);
    };
  });
  sandbox.start(port2);
  return told;
}"""
FREE = """async (script) => {
  await caches.open("of the page");
  const worker = new Worker(URL.createObjectURL(new Blob([script])));
  return new Promise((done) => (worker.onmessage = ({ data }) => done(data)));
}"""


@contextmanager
def listener():
    """Listen where everybody may ask; give the address, and the list of what came."""
    came = []

    class Open(BaseHTTPRequestHandler):
        def do_GET(self):
            came.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Open)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/x", came
    finally:
        server.shutdown()
        server.server_close()


def spy(ask):
    """Let a hostile program run where Pyodide would; return what it tells, and what came to the listener."""
    with listener() as (home, came):
        hostile = f"const HOME = {json.dumps(home)};{HOSTILE}{IN_PYTHON}"
        return ask(SPY, [library.join(["python/sandbox.js"]), hostile, home]), came


def assert_nothing_reached(told, came):
    assert came == []
    assert "told" in told, told
    assert {name for name, outcome in told["told"] if outcome != "refused"} == set()
    kept = set(json.loads(library.read("python/kept.json")))
    assert set(told["names"]) <= kept
    assert not kept & {"fetch", "WebSocket", "Worker", "eval", "postMessage", "navigator", "indexedDB"}


def test_a_hostile_worker_reaches_nothing(open_page):
    page = open_page(PAGE).page
    assert_nothing_reached(*spy(page.evaluate))


def test_the_hostile_worker_would_reach_a_lot(open_page):
    page = open_page(PAGE).page
    with listener() as (home, came):
        told = dict(
            page.evaluate(
                FREE, f"const HOME = {json.dumps(home)};{HOSTILE} tried.then((t) => postMessage(t));"
            )
        )
    assert len(came) >= 5
    assert {name for name, outcome in told.items() if outcome == "refused"} <= {
        "socket",
        "worker",
        "events",
        "font",
    }


PLANTED = """<table><tr><td style="color:light-dark(#00573f,#5ad1a8)">7</td></tr></table>
<img src="x" onerror="window.planted = 1"><svg onload="window.planted = 2"></svg>
<script>window.planted = 3</script>
<a href="javascript:window.planted = 4">a</a><iframe srcdoc="<script>parent.planted = 5</script>"></iframe>
<img src="https://example.org/a.png"><img srcset="https://example.org/b.png">
<p style="background:url(//c.org)">c</p>
<p style="position:fixed">d</p><form action="https://example.org"><button>e</button></form>
<style>body { display: none }</style><p id="main">f</p>"""


def test_html_that_python_gives_can_do_nothing(python):
    code = f"class Planted:\n    def _repr_html_(self):\n        return {PLANTED!r}\nPlanted()"
    (value,) = python.hear(code)
    put = """(html) => {
      const el = document.createElement("div");
      document.body.prepend(el);
      el.innerHTML = html;
      el.querySelectorAll("a").forEach((a) => a.click());
    }"""
    foreign = len(python.visit.foreign)
    python.page.evaluate(put, value["html"])
    settle(python.page)
    assert python.page.evaluate("() => window.planted") is None
    assert python.visit.foreign[foreign:] == []
    assert '<td style="color:light-dark(#00573f,#5ad1a8)">7</td>' in value["html"]
    refused = (
        "onerror",
        "onload",
        "script",
        "iframe",
        "example.org",
        "url(",
        "fixed",
        "form",
        "display",
        'id="main"',
    )
    assert [word for word in refused if word in value["html"]] == []


# What a cell may do to the page.

STOP = """async (code) => {
  const started = new Promise((done) => (window.heardOn = done));
  const loop = bplib_python.run([{ code, name: "cell 1" }], window.heardOn);
  const message = await started;
  const waiting = bplib_python.run([{ code: "print(later)", name: "cell 2" }], () => {});
  await bplib_python.restart();
  return [message.text, await loop, (await waiting).ok];
}"""


def test_an_endless_loop_is_stopped_and_python_starts_again(python):
    python.hear("later = 1")
    on, loop, waiting = python.page.evaluate(STOP, "print('on')\nwhile True:\n    pass")
    assert on == "on\n"
    assert loop == {"ok": False, "stopped": True, "ran": 1}
    assert not waiting  # it ran afterwards, in a Python that knows no name any more
    assert printed(python.hear("print('later' in globals())")) == "False\n"


def test_a_million_lines_are_cut(python):
    heard = python.hear("for k in range(1_000_000):\n    print(k)\nended = True")
    lines = printed(heard).splitlines()
    assert lines == [str(k) for k in range(1000)]
    assert heard[-1] == {
        "kind": "cut",
        "text": "A cell shows at most 1,000 lines or 100,000 letters; the rest is left out.",
    }
    assert printed(python.hear("print(ended)")) == "True\n"  # and counted from 0 again


@pytest.mark.parametrize(
    "code", ["print('x' * 10**6)", "'x' * 10**6", "for k in range(10**5): print(k, end=' ')"]
)
def test_a_long_line_is_cut(python, code):
    assert sum(len(message["text"]) for message in python.hear(code)) < 110_000


def test_a_thousand_displays_are_cut(python):
    heard = python.hear("for k in range(1000): display(k)")
    assert len(heard) == 101
    assert heard[-1]["kind"] == "cut"


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nnp.ones((11_000, 12_000))",
        "many = []\nwhile True:\n    many.append(bytearray(50_000_000))",
    ],
)
def test_memory_ends_at_a_gigabyte(python, code):
    error = python.error(code)
    assert error["name"] in ("MemoryError", "_ArrayMemoryError")
    assert "Python has 1 GB of memory in the page." in error["trace"]
    size = python.hear("many = None\nimport gc\ngc.collect()\nprint('alive')")
    assert printed(size) == "alive\n"


def test_recursion_without_end_is_an_error(python):
    assert python.error("def f(): return f()\nf()")["name"] == "RecursionError"


@pytest.mark.parametrize(
    "code", ["exit()", "raise KeyboardInterrupt", "class E(BaseException): pass\nraise E"]
)
def test_a_cell_ends_and_not_the_page(python, code):
    python.error(code)
    assert printed(python.hear("print(1)")) == "1\n"


def test_a_cell_that_breaks_python_itself_is_told_and_python_starts_again(python):
    *_, broken = python.hear("later = 1\nimport ctypes\nctypes.string_at(2**32 - 64, 32)")
    assert broken["kind"] == "broken"
    assert broken["text"].startswith("Python broke down (")
    assert printed(python.hear("print('later' in globals())")) == "False\n"


def test_an_error_in_what_is_packed_compiled_names_its_place(python):
    trace = python.error("import json\njson.loads('[1,')")["trace"]
    assert re.search(r'File ".*/json/decoder\.py", line \d+, in raw_decode', trace)
    # No frame is shown of the kernel's own, and of what parses a cell for it.
    trace = python.error("a = (")["trace"]
    assert trace.splitlines()[:2] == ['  File "<cell 1>", line 1', "    a = ("]


def test_a_cell_that_is_broken_in_its_words(python):
    code = "class Mute:\n    def __repr__(self):\n        raise ValueError('no words')\nMute()"
    assert python.error(code)["text"] == "no words"


def test_a_part_that_does_not_come_is_named_and_asked_for_again(python):
    for piece, (said, frames) in python.lacked.items():
        assert said == f"Python could not be loaded: {piece} is not there. Try again, or load the page anew."
        assert frames == 0
    assert list(python.lacked) == PIECES
    assert printed(python.hear("print(1)")) == "1\n"


def test_progress_is_told_and_adds_up(open_page):
    visit = open_page(PAGE, scheme="file")
    python = Python(visit)
    python.page.evaluate(
        "() => { window.define = Object.assign(() => {}, { amd: {} }); }"
    )  # as RequireJS has it
    start = "async () => { const come = []; await bplib_python.start((n) => come.push(n)); return come; }"
    come, whole = python.page.evaluate(start), python.page.evaluate("bplib_python.bytes")
    assert come == sorted(come)
    assert come[-1] == whole
    assert len(come) > 10
    assert python.page.evaluate("() => typeof DOMPurify + typeof define") == "functionfunction"
    # And all of it from a folder.
    assert printed(python.hear("import numpy as np\nprint(np.arange(3).sum())")) == "3\n"
    assert not visit.faults


def test_the_page_knows_its_versions(python, site):
    versions = python.page.evaluate("() => bplib_python.versions")
    (line,) = python.hear("import numpy, platform\nprint(platform.python_version(), numpy.__version__)")
    assert line["text"].split() == [versions["python"], versions["numpy"]]


def test_sizes(site):
    folder = site.root / "_static/bp"
    assert (folder / "python.js").stat().st_size < 120_000
    pieces = list((folder / "python").iterdir())
    assert max(piece.stat().st_size for piece in pieces) < 1_100_000
    assert sum(piece.stat().st_size for piece in pieces) < 12_500_000


# Firefox and WebKit.


BEGIN = f"""async (codes) => {{
  const run = {RUN};
  run(codes).then((outcome) => (window.outcome = outcome), (error) => (window.outcome = `${{error}}`));
}}"""
CODES = ["import numpy as np\nprint(np.arange(3) @ np.arange(3))", FIGURE, "bytearray(2_000_000_000)"]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_other_engines(engine, equipped, scheme):
    with serve(equipped) as home:
        engine.open(home if scheme == "http" else equipped.as_uri() + "/", PAGE)
        engine.ask(ADD)
        engine.ask(BEGIN, CODES)
        engine.wait_for("() => window.outcome", what="Python answers", seconds=120)
        outcome = engine.ask("() => window.outcome")
    assert isinstance(outcome, dict), outcome
    first, (figure,), (error,) = outcome["heard"]
    assert printed(first) == "5\n"
    assert figure["text"].startswith("live figure 'line': w = 0.5, x = 2, loss = 4;")
    assert error["name"] == "MemoryError"
    assert engine.faults() == []


def test_a_hostile_worker_reaches_nothing_in_other_engines(engine, equipped):
    with serve(equipped) as home:
        engine.open(home, PAGE)
        assert_nothing_reached(*spy(lambda script, arguments: engine.ask(f"(a) => ({script})(a)", arguments)))
