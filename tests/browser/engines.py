"""Firefox and WebKit, driven from Python: one window each, which visits page after page.

Firefox speaks WebDriver BiDi itself, and tells of errors and requests as they happen. WebKitGTK's driver
speaks the older WebDriver, which is silent about both: for it each page carries, first in its head, a witness
that keeps what goes wrong and a policy that lets nothing foreign out; `equip` writes a copy of the site with
such pages. Every wait has an end, and says then what it waited for. Where an engine is not installed, the
tests skip; in CI they fail.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pages import free_port, unavailable

WIDTH, HEIGHT = 1280, 900
PATIENCE = 30  # seconds for an engine to start, and for it to answer

# Foreign requests of Firefox end at a port where nobody listens; its own services fare no better.
FIREFOX_PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}

# The charset is repeated because it must stand in a page's first kilobyte.
WITNESS = """<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'self' file: data: blob: 'unsafe-inline' 'unsafe-eval'">
<script>
(() => {
  const seen = (window.witnessed = []);
  const { error } = console;
  console.error = (...words) => {
    seen.push(`console: ${words.join(" ")}`);
    error.apply(console, words);
  };
  const heard = ({ target, message }) =>
    seen.push(target === window ? `exception: ${message}` : `request failed: ${target.src || target.href}`);
  addEventListener("error", heard, true);
  addEventListener("unhandledrejection", ({ reason }) => seen.push(`exception: ${reason}`));
  addEventListener("securitypolicyviolation", (event) => seen.push(`foreign request: ${event.blockedURI}`));
})();
</script>"""

WITNESSED = """() => {
  const refused = performance.getEntriesByType("resource").filter((entry) => entry.responseStatus >= 400);
  return [
    ...(window.witnessed ?? ["the page carries no witness: nobody knows what went wrong on it"]),
    ...refused.map((entry) => `request failed: ${entry.name} (${entry.responseStatus})`),
  ];
}"""

KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014"}


class RefusalError(Exception):
    """The engine answers that it cannot do this."""


class Engine:
    """One window of a browser. `head` is what a page must have first in its head to be watched here."""

    name: str
    head = ""

    def open(self, home: str, path: str) -> None:
        """Load a page of the site at `home`; from now on faults are counted for it."""
        raise NotImplementedError

    def call(self, function: str, text: str) -> str:
        """Call a function, async or not, that takes and gives text."""
        raise NotImplementedError

    def press(self, key: str) -> None:
        """Press and release a key, named as in `KEYS`, where the focus is."""
        raise NotImplementedError

    def faults(self) -> list[str]:
        """Tell what went wrong on the page until now: errors, and requests that failed or were foreign."""
        raise NotImplementedError

    def picture(self) -> bytes:
        """Take a PNG of what the window shows."""
        raise NotImplementedError

    def ask(self, function: str, *arguments: object) -> Any:
        """Call a function of the page, async or not, with arguments and an answer that JSON can carry."""
        through_json = f"async (text) => JSON.stringify((await ({function})(...JSON.parse(text))) ?? null)"
        return json.loads(self.call(through_json, json.dumps(arguments)))

    def wait_for(self, function: str, *arguments: object, what: str, seconds: float) -> None:
        """Ask until the answer is yes; a page that leads on to another cannot be asked in between."""

        def says_yes() -> bool:
            with suppress(RefusalError):
                return bool(self.ask(function, *arguments))
            return False

        until(says_yes, f"{self.name}: {what}", seconds)


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: still not so after {seconds:g} s")
        time.sleep(0.05)


def key_strokes(key: str) -> list[dict[str, Any]]:
    strokes = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keyboard", "actions": strokes}]


#: How Firefox ends the complaint about a font whose page was left before it came (NS_BINDING_ABORTED).
LEFT = "status=2152398850"


class Firefox(Engine):
    """Firefox over its own WebDriver BiDi, https://w3c.github.io/webdriver-bidi."""

    name = "Firefox"

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.home = ""
        self.sent = 0
        self.events: list[dict[str, Any]] = []
        self.send("session.new", capabilities={})
        events = [
            "log.entryAdded",
            "network.beforeRequestSent",
            "network.fetchError",
            "network.responseCompleted",
        ]
        self.send("session.subscribe", events=events)
        self.window = self.send("browsingContext.getTree")["contexts"][0]["context"]
        viewport = {"width": WIDTH, "height": HEIGHT}
        self.send("browsingContext.setViewport", context=self.window, viewport=viewport)

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its answer; keep the events that arrive before it."""
        from websocket import WebSocketTimeoutException

        self.sent += 1
        self.connection.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while True:
            try:
                message = json.loads(self.connection.recv())
            except WebSocketTimeoutException:
                raise TimeoutError(f"Firefox: {method} has no answer after {PATIENCE} s") from None
            if message["type"] == "event":
                self.events.append(message)
            elif message["id"] == self.sent:
                if message["type"] == "error":
                    raise RefusalError(f"Firefox: {method}: {message['message']}")
                return message["result"]

    def open(self, home: str, path: str) -> None:
        self.home = home
        self.events.clear()
        self.send("browsingContext.navigate", context=self.window, url=home + path, wait="complete")

    def call(self, function: str, text: str) -> str:
        answer = self.send(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "string", "value": text}],
            awaitPromise=True,
            target={"context": self.window},
        )
        if answer["type"] == "exception":
            raise RefusalError(f"Firefox: {answer['exceptionDetails']['text']}")
        return answer["result"]["value"]

    def press(self, key: str) -> None:
        self.send("input.performActions", context=self.window, actions=key_strokes(key))

    def faults(self) -> list[str]:
        self.send("session.status")  # a round trip, so that what was on its way has arrived
        return [fault for event in self.events if (fault := self.fault(event["method"], event["params"]))]

    def fault(self, method: str, event: dict[str, Any]) -> str:
        if method == "log.entryAdded":
            if LEFT in event["text"]:
                return ""
            kind = "console" if event["type"] == "console" else "exception"
            return f"{kind}: {event['text']}" if event["level"] == "error" else ""
        url = event["request"]["url"]
        if method == "network.beforeRequestSent":
            ours = url.startswith((self.home, "data:", "blob:", "about:"))
            return "" if ours else f"foreign request: {url}"
        if method == "network.fetchError":  # aborted is what a page still asked for when it was left
            return (
                ""
                if event["errorText"] == "NS_BINDING_ABORTED"
                else f"request failed: {url} ({event['errorText']})"
            )
        status = event["response"]["status"]
        return f"request failed: {url} ({status})" if status >= 400 else ""

    def picture(self) -> bytes:
        return b64decode(self.send("browsingContext.captureScreenshot", context=self.window)["data"])


class WebKit(Engine):
    """WebKitGTK, Safari's engine, over WebDriver, https://www.w3.org/TR/webdriver2."""

    name = "WebKit"
    head = WITNESS

    def __init__(self, port: int) -> None:
        self.port = port
        self.session = ""
        self.session = "/session/" + self.send("POST", "/session", capabilities={})["sessionId"]
        self.send("POST", "/window/rect", x=0, y=0, width=WIDTH, height=HEIGHT)

    def send(self, method: str, path: str, **parameters: object) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(
                method, self.session + path, json.dumps(parameters) if method == "POST" else None
            )
            answer = json.loads(connection.getresponse().read())["value"]
        except TimeoutError:
            raise TimeoutError(f"WebKit: {method} {path} has no answer after {PATIENCE} s") from None
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise RefusalError(f"WebKit: {method} {path}: {answer['error']}: {answer['message']}")
        return answer

    def open(self, home: str, path: str) -> None:
        self.send("POST", "/url", url=home + path)

    def call(self, function: str, text: str) -> str:
        return self.send("POST", "/execute/sync", script=f"return ({function})(...arguments)", args=[text])

    def press(self, key: str) -> None:
        self.send("POST", "/actions", actions=key_strokes(key))

    def faults(self) -> list[str]:
        return self.ask(WITNESSED)

    def picture(self) -> bytes:
        return b64decode(self.send("GET", "/screenshot"))


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE):
        return True
    return False


@contextmanager
def running(
    command: list[str], home: Path, pass_fds: tuple[int, ...] = (), **environment: str
) -> Iterator[None]:
    """Run a program, with `home` for all that it writes, and end it and its children with the block."""
    settings = {"HOME": home, "XDG_RUNTIME_DIR": home, "TMPDIR": home, **environment}
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / f"{Path(command[0]).name}.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=home,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    try:
        yield
    finally:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, ending)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)


def program(*names: str, package: str) -> str:
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        unavailable(f"Tests in three engines need `{names[0]}` on the PATH: install {package}.")
    return path


@contextmanager
def firefox(home: Path) -> Iterator[Engine]:
    binary = program("firefox-esr", "firefox", package="Firefox (Debian: firefox-esr)")
    try:
        import websocket
    except ImportError:
        unavailable("Tests in Firefox need websocket-client: pip install -e '.[test]'")
    preferences = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in FIREFOX_PREFERENCES.items())
    (home / "user.js").write_text("\n".join(preferences))
    listening = home / "WebDriverBiDiServer.json"
    command = [binary, "--headless", "--no-remote", "--profile", str(home), "--remote-debugging-port", "0"]
    with running(command, home, MOZ_CRASHREPORTER_DISABLE="1"):
        until(lambda: listening.exists() and listening.read_text(), f"Firefox listens (its log is in {home})")
        host = json.loads(listening.read_text())
        url = f"ws://{host['ws_host']}:{host['ws_port']}/session"
        connection = websocket.create_connection(url, timeout=PATIENCE, suppress_origin=True)
        try:
            yield Firefox(connection)
        finally:
            connection.close()


@contextmanager
def display(home: Path) -> Iterator[str]:
    """Run a screen that nobody sees, with the first number that is free."""
    binary = program("Xvfb", package="Xvfb (Debian: xvfb)")
    reads, writes = os.pipe()
    command = [binary, "-displayfd", str(writes), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    try:
        with running(command, home, pass_fds=(writes,)):
            os.close(writes)
            ready, _, _ = select.select([reads], [], [], PATIENCE)
            number = os.read(reads, 20).decode().strip() if ready else ""
            if not number:
                raise TimeoutError(f"Xvfb opens no display (its log is in {home})")
            yield f":{number}"
    finally:
        os.close(reads)


@contextmanager
def webkit(home: Path) -> Iterator[Engine]:
    binary = program("WebKitWebDriver", package="WebKitGTK's driver (Debian: webkit2gtk-driver)")
    port = free_port()
    with display(home) as screen:
        settings = {
            "DISPLAY": screen,
            "GDK_BACKEND": "x11",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            "NO_AT_BRIDGE": "1",
            "WEBKIT_DISABLE_DMABUF_RENDERER": "1",  # there is no graphics card; a fifth less work
            # The sandbox refuses to start for root; the pages are our own.
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        }
        with running([binary, f"--port={port}"], home, **settings):
            until(lambda: answers(port), f"WebKitWebDriver listens (its log is in {home})")
            engine = WebKit(port)
            try:
                yield engine
            finally:
                engine.send("DELETE", "")


def equip(engine: Engine, root: Path, folder: Path, amend: Callable[[str], str] = lambda page: page) -> Path:
    """Copy a site into a new folder by links; its pages are amended and carry what the engine needs."""
    shutil.copytree(root, folder, copy_function=os.symlink)
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.unlink()
        page.write_text(amend(text).replace("<head>", "<head>" + engine.head, 1), encoding="utf-8")
    return folder


ENGINES = {"firefox": firefox, "webkit": webkit}
