"""A real Chromium on the real site and on a real JupyterLab.

Fixtures that the tests in this folder take as arguments (all test modules here are marked `browser`):

`chromium`
    The browser (Playwright's `Browser`), one for the session. Without it the tests skip; in CI they fail.
`site`
    A `Site`: built once with warnings as errors and served on 127.0.0.1. `site.url`, `site.root` (the folder
    of HTML), `site.pages` (their paths, "book/01-credit-assignment.html", ...). Set `BPLIB_SITE` to the
    `html` folder of a site built before to skip the build while you work on a test.
`open_page(path, scheme="http", color_scheme="light", width=1280, height=900,
reduced_motion="no-preference", has_touch=False, wait=True, script="")`
    A `Visit` to a page of the site with every foreign request blocked: `visit.page` is Playwright's `Page`,
    settled (figures mounted, mathematics set). `path` may carry a "#hash"; `script` runs before those of the
    page. Closed after the test.
`show(*figures, traits=("spec", "inputs", "rate"), site=True, address="", width=800, height=1000, **options)`
    A `Visit` to a page of live figures without Jupyter: their own module on a stand-in for anywidget's model
    that has these traits; `site` says whether the page looks like one of the site, where no Python answers.
    `options` go to the browser's context. `pages.py` has what reads and moves the figures.
`show_widgets(*widgets, width=900, **options)`
    A `Visit` to a page from a folder that has these widgets in it, put there by the site's own scripts.
`lab`
    A `Lab`: JupyterLab on a copy of `book/`, with fresh settings. `lab.url`, `lab.token`, `lab.folder`.
`run_notebook_in_lab(path, run=True, timeout=90)`
    A `Visit` with the notebook open, every cell run and the kernel idle. `path` counts from `book/`.
    Any notebook that a test writes into `lab.folder` can be opened too.
`axe(page, include=None)`
    The WCAG 2.2 AA violations that axe-core finds, as readable lines; `include` is a CSS selector.

A `Visit` has `page`, `errors` (console errors, exceptions, failed requests), `foreign` (addresses asked of
any other host, or outside the site's folder) and `faults`, both together: end a test with
`assert not visit.faults`. `visit.close()` closes it before the test ends.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

pytest.register_assert_rewrite("pages")
from pages import (  # noqa: E402
    ROOT,
    SETTLED,
    Visit,
    free_port,
    serve,
    settle,
    unavailable,
    watch,
    write_figures,
    write_widgets,
)

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Blocks what page routing can't see, such as preconnects.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

# True once JupyterLab shows the notebook, in front, with a kernel that is connected and idle.
LAB_READY = """async (path) => {
  const app = window.jupyterapp;
  if (!app?.restored) return false;
  await app.restored;
  const panel = app.shell.currentWidget;
  if (panel?.context?.path !== path) return false;
  if (!panel.context.isReady || !panel.sessionContext.isReady) return false;
  const kernel = panel.sessionContext.session?.kernel;
  return kernel?.status === "idle" && kernel.connectionStatus === "connected";
}"""

# True once every code cell has run and the kernel rests.
LAB_RAN = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const code = [...panel.content.model.cells].filter(
    (cell) => cell.type === "code" && cell.sharedModel.source.trim());
  return code.every((cell) => cell.executionCount) && panel.sessionContext.session.kernel.status === "idle";
}"""


@dataclass
class Site:
    """The built site and where it is served."""

    root: Path
    url: str

    @property
    def pages(self) -> list[str]:
        found = (p.relative_to(self.root).as_posix() for p in sorted(self.root.rglob("*.html")))
        return [page for page in found if not page.startswith("_")]

    def file(self, url: str) -> Path:
        """Find the file behind an address of the site."""
        return self.root / unquote(urlsplit(url).path).lstrip("/")


@dataclass
class Lab:
    """A running JupyterLab."""

    url: str
    token: str
    folder: Path


def wait_until(page: Any, script: str, seconds: float, arg: object = None) -> None:
    """Ask the page until the function, async or not, says yes; to `wait_for_function` a promise is a yes."""

    def says_yes() -> bool:
        try:
            return bool(page.evaluate(script, arg))
        except Exception as error:  # index.html redirects, which ends the script that asks
            if "context was destroyed" in str(error):
                return False
            raise

    deadline = time.monotonic() + seconds
    while not says_yes():
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds} s {page.url} still does not satisfy:\n{script}")
        page.wait_for_timeout(50)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("Browser tests need Playwright: pip install -e '.[test]'")
    names = ("chromium", "google-chrome", "chromium-browser")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        unavailable("Browser tests need Chromium: install it so that `chromium` is on the PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if built := os.environ.get("BPLIB_SITE"):
        root = Path(built).resolve()
    else:
        output = tmp_path_factory.mktemp("site")
        root = output / "_build" / "html"
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "--keep-going"]
        done = subprocess.run(
            [*command, "--path-output", output],
            cwd=ROOT,
            env={**os.environ, "BPLIB_FRAMES": "1"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"the site does not build:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    with serve(root) as url:
        yield Site(root, url)


@pytest.fixture
def open_page(chromium: Any, site: Site) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def visit_page(
        path: str,
        scheme: str = "http",
        color_scheme: str = "light",
        width: int = 1280,
        height: int = 900,
        reduced_motion: str = "no-preference",
        has_touch: bool = False,
        wait: bool = True,
        script: str = "",
    ) -> Visit:
        context = chromium.new_context(
            color_scheme=color_scheme,
            viewport={"width": width, "height": height},
            reduced_motion=reduced_motion,
            has_touch=has_touch,
            service_workers="block",
        )
        contexts.append(context)
        home = site.url if scheme == "http" else site.root.as_uri() + "/"
        visit = watch(context.new_page(), home)
        visit.page.add_init_script(script)
        visit.page.goto(home + path)
        if wait:
            wait_until(visit.page, SETTLED, 20)
        return visit

    yield visit_page
    for context in contexts:
        context.close()


@pytest.fixture
def show(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def visit_figures(
        *figures: Any,
        traits: Sequence[str] = ("spec", "inputs", "rate"),
        site: bool = True,
        address: str = "",
        width: int = 800,
        height: int = 1000,
        **options: Any,
    ) -> Visit:
        write_figures(tmp_path, figures, traits, site)
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        visit = watch(context.new_page(), url)
        visit.page.goto(url + address)
        visit.page.wait_for_function("window.figures")
        settle(visit.page)
        return visit

    with serve(tmp_path) as url:
        yield visit_figures
        for context in contexts:
            context.close()


@pytest.fixture
def show_widgets(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def visit_widgets(*widgets: Any, width: int = 900, **options: Any) -> Visit:
        write_widgets(tmp_path, widgets)
        context = chromium.new_context(viewport={"width": width, "height": 1200}, **options)
        contexts.append(context)
        home = tmp_path.as_uri() + "/"
        visit = watch(context.new_page(), home)
        visit.page.goto(home + "index.html")
        return visit

    yield visit_widgets
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    folder = home / "book"
    shutil.copytree(ROOT / "book", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    settings = {
        name: str(home / name.lower())
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    port, token = free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None"]
    command += ["--LabApp.extension_manager=readonly"]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=home,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}api/status?token={token}", timeout=5).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"JupyterLab does not start:\n{(home / 'server.log').read_text()[-4000:]}")
                time.sleep(0.3)
        yield Lab(url, token, folder)
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def run_notebook_in_lab(chromium: Any, lab: Lab) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def run_notebook(path: str, run: bool = True, timeout: float = 90) -> Visit:
        context = chromium.new_context(viewport={"width": 1280, "height": 1000})
        contexts.append(context)
        visit = watch(context.new_page(), lab.url)
        page = visit.page
        # A workspace of its own: the default one would reopen the notebooks of earlier tests.
        page.goto(f"{lab.url}lab/workspaces/{secrets.token_hex(4)}/tree/{path}?token={lab.token}")
        wait_until(page, LAB_READY, 60, path)
        if run:
            page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
            wait_until(page, LAB_RAN, timeout)
        return visit

    yield run_notebook
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    source = AXE.read_text()

    def violations(page: Any, include: str | None = None) -> list[str]:
        # RequireJS is on the page: hidden, so that axe puts itself on `window`.
        page.evaluate("() => { window.hidden = window.define; window.define = undefined; }")
        page.evaluate(source)
        page.evaluate("() => { window.define = window.hidden; }")
        found = page.evaluate(
            "([include, tags]) => axe.run(include ?? document, {runOnly: tags, resultTypes: ['violations']})",
            [include, WCAG],
        )
        return [
            f"{rule['id']}: {rule['help']}: {json.dumps(node['target'])} {node['html'][:200]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    return violations
