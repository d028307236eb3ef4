"""A real Chromium on the real site and on a real JupyterLab.

Fixtures that the tests in this folder take as arguments (all test modules here are marked `browser`):

`chromium`
    The browser (Playwright's `Browser`), one for the session. Without it the tests skip; in CI they fail.
`site`
    A `Site`: built once with warnings as errors and served on 127.0.0.1. `site.url`, `site.root` (the folder
    of HTML), `site.pages` (the paths of all but those of single figures, "book/01-credit-assignment.html",
    ...). Set `BPLIB_SITE` to the `html` folder of a site built before to skip the build while you work on a
    test.
`open_page(path, scheme="http", wait=True, **options)`
    A `Visit` to a page of the site: `visit.page` is Playwright's `Page`, settled (figures mounted,
    mathematics set). `path` may carry a "#hash".
`show(*figures, traits=("spec", "inputs", "rate"), site=True, address="", whole=True, **options)`
    A `Visit` to a page of live figures without Jupyter: their own module on a stand-in for anywidget's model
    that has these traits; `site` says whether the page looks like one of the site, where no Python answers,
    `whole` whether all parts of the figures are opened, as "Show the whole figure" does.
    `pages.py` has what reads and moves the figures.
`show_widgets(*widgets, **options)`
    A `Visit` to a page from a folder that has these widgets in it, put there by the site's own scripts.
`engine`, `equipped`
    Firefox, then WebKit (each an `Engine` of `engines.py`), and the folder of the site with what it needs.
`lab`
    A `Lab`: JupyterLab on an empty folder, with fresh settings. `lab.url`, `lab.token`, `lab.folder`.
`open_in_lab(path, run=True, timeout=90)`
    A `Visit` with the notebook open, every cell run and the kernel idle. `path` counts from `lab.folder`,
    into which a test writes its notebook.
`axe(page, only=())`
    The WCAG 2.2 AA violations that axe-core finds, as readable lines; `only` names the rules to try. Contrast
    alone is tried on one text of each kind.
`axe_in_both(page)`
    The same of a page in the light and then, for what depends on colours, in the dark.

`options` are those of `Windows.open`: `width`, `height`, `color_scheme`, `reduced_motion`, `script`,
`shared`, and what Playwright's contexts take, such as `has_touch`. Visits end with their test.

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

pytest.register_assert_rewrite("pages", "engines")
from engines import ENGINES, Engine, equip  # noqa: E402
from pages import (  # noqa: E402
    KINDS_OF_TEXT,
    OPEN_ALL,
    ROOT,
    SETTLED,
    Visit,
    Windows,
    free_port,
    serve,
    settle,
    unavailable,
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
        return [page for page in found if not page.startswith(("_", "embed/"))]

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


@pytest.fixture(scope="session")
def windows(chromium: Any) -> Windows:
    return Windows(chromium)


@pytest.fixture
def visits() -> Iterator[list[Visit]]:
    """The visits of one test; they end with it."""
    made: list[Visit] = []
    yield made
    for visit in made:
        visit.close()


@pytest.fixture
def open_page(windows: Windows, site: Site, visits: list[Visit]) -> Callable[..., Visit]:
    def visit_page(path: str, scheme: str = "http", wait: bool = True, **options: Any) -> Visit:
        home = site.url if scheme == "http" else site.root.as_uri() + "/"
        visit = windows.open(home, **options)
        visits.append(visit)
        visit.page.goto(home + path)
        if wait:
            wait_until(visit.page, SETTLED, 20)
        return visit

    return visit_page


@pytest.fixture(scope="session")
def figures_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder for pages of figures, and the address at which it is served."""
    folder = tmp_path_factory.mktemp("figures")
    with serve(folder) as url:
        yield folder, url


@pytest.fixture
def show(windows: Windows, figures_served: tuple[Path, str], visits: list[Visit]) -> Callable[..., Visit]:
    def visit_figures(
        *figures: Any,
        traits: Sequence[str] = ("spec", "inputs", "rate"),
        site: bool = True,
        address: str = "",
        whole: bool = True,
        width: int = 800,
        height: int = 1000,
        **options: Any,
    ) -> Visit:
        folder, url = figures_served
        name = secrets.token_hex(4)
        write_figures(folder / name, figures, traits, site)
        visit = windows.open(url, width=width, height=height, **options)
        visits.append(visit)
        visit.page.goto(f"{url}{name}/{address}")
        visit.page.wait_for_function("window.figures")
        if whole:
            visit.page.evaluate(OPEN_ALL)
        settle(visit.page)
        return visit

    return visit_figures


@pytest.fixture
def show_widgets(windows: Windows, tmp_path: Path, visits: list[Visit]) -> Callable[..., Visit]:
    def visit_widgets(*widgets: Any, width: int = 900, height: int = 1200, **options: Any) -> Visit:
        write_widgets(tmp_path, widgets)
        home = tmp_path.as_uri() + "/"
        visit = windows.open(home, width=width, height=height, **options)
        visits.append(visit)
        visit.page.goto(home + "index.html")
        return visit

    return visit_widgets


@pytest.fixture(scope="session", params=list(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with ENGINES[request.param](tmp_path_factory.mktemp(request.param)) as engine:
        yield engine


@pytest.fixture(scope="session")
def equipped(engine: Engine, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not engine.head:
        return site.root
    return equip(engine, site.root, tmp_path_factory.mktemp("equipped") / "html")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
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


@pytest.fixture(scope="module")
def open_in_lab(windows: Windows, lab: Lab) -> Iterator[Callable[..., Visit]]:
    made = []

    def open_notebook(path: str, run: bool = True, timeout: float = 90) -> Visit:
        # So high that JupyterLab, which keeps only the cells in sight, keeps them all.
        made.append(visit := windows.open(lab.url, shared=False, height=8000))
        page = visit.page
        # A workspace of its own: the default one would reopen the notebooks of earlier tests.
        page.goto(f"{lab.url}lab/workspaces/{secrets.token_hex(4)}/tree/{path}?token={lab.token}")
        wait_until(page, LAB_READY, 60, path)
        if run:
            page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
            wait_until(page, LAB_RAN, timeout)
        return visit

    yield open_notebook
    for visit in made:
        visit.close()


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    source = AXE.read_text()

    def violations(page: Any, only: Sequence[str] = ()) -> list[str]:
        if not page.evaluate("'axe' in window"):
            # RequireJS may be on the page: hidden, so that axe puts itself on `window`.
            page.evaluate("() => { window.hidden = window.define; window.define = undefined; }")
            page.evaluate(source)
            page.evaluate("() => { window.define = window.hidden; }")
        found = page.evaluate(
            f"""async ([rules, tags]) => {{
              // Colours may be on their way.
              const moving = document.getAnimations().filter((each) => each instanceof CSSTransition);
              const still = new Promise((done) => setTimeout(done, 500));  // a hidden one may never end
              await Promise.race([Promise.allSettled(moving.map((each) => each.finished)), still]);
              const contrast = String(rules) === "color-contrast";
              const where = contrast ? {{ include: ({KINDS_OF_TEXT})() }} : document;
              return axe.run(where, {{
                resultTypes: ["violations"],
                runOnly: rules.length ? {{ type: "rule", values: rules }} : tags,
              }});
            }}""",
            [list(only), WCAG],
        )
        return [
            f"{rule['id']}: {rule['help']}: {json.dumps(node['target'])} {node['html'][:200]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    return violations


@pytest.fixture(scope="session")
def axe_in_both(axe: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Look at a page in the light, and in the dark, where its colours are all that differs."""

    def violations(page: Any) -> list[str]:
        assert page.evaluate("matchMedia('(prefers-color-scheme: light)').matches")
        found = axe(page)
        page.emulate_media(color_scheme="dark")
        settle(page)
        found += [f"in the dark, {fault}" for fault in axe(page, ["color-contrast"])]
        page.emulate_media(color_scheme="light")
        settle(page)
        return found

    return violations
