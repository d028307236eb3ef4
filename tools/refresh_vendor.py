"""Fetch the files that the site's pages load, so that building the site needs neither Node nor a network.

Run `python tools/refresh_vendor.py` after changing a version below, then build the site, run the
browser tests and commit what changed under `vendor/`. Only this script needs npm and Node. It writes down
the sha256 of all that it fetched, and the tests compare.

A newer Pyodide needs the wheel of NumPy that its own pyodide-lock.json names, which npm doesn't have: this
script checks the one in `vendor/pyodide` against the lock, and says where to get another.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from importlib.metadata import files
from pathlib import Path

import page_python

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "vendor"
PYODIDE = VENDOR / "pyodide"
COMPILED = PYODIDE / "compiled.zip"
LICENSES = VENDOR / "licenses"
SUMS = VENDOR / "SHA256SUMS"
AXE = ROOT / "tests/browser/vendor"

# package and exact version -> {file or folder inside the package: where it goes}
PACKAGES: dict[str, dict[str, Path]] = {
    "requirejs@2.3.8": {"require.js": VENDOR / "bp/require.js"},
    "@jupyter-widgets/html-manager@1.0.15": {
        "dist/embed-amd.js": VENDOR / "bp/embed-amd.js",
        "dist/*.woff2": VENDOR / "bp/fonts",
    },
    "mathjax@3.2.2": {
        "es5/tex-mml-chtml.js": VENDOR / "mathjax/tex-mml-chtml.js",
        "es5/output/chtml/fonts/woff-v2/*.woff": VENDOR / "mathjax/output/chtml/fonts/woff-v2",
        "LICENSE": LICENSES / "mathjax.txt",
    },
    "pyodide@0.27.8": {
        name: PYODIDE / name
        for name in (
            "pyodide.asm.js",
            "pyodide.asm.wasm",
            "pyodide.js",
            "python_stdlib.zip",
            "pyodide-lock.json",
        )
    },
    # Only the licences of what stands inside files above. Emscripten's is in no package: Debian's has it.
    "error-stack-parser@3.0.0": {"LICENSE": LICENSES / "error-stack-parser.txt"},  # stackframe's too
    "jquery@3.8.0": {"LICENSE.txt": LICENSES / "jquery.txt"},
    "jquery-ui@1.14.2": {"LICENSE.txt": LICENSES / "jquery-ui.txt"},
    "is-plain-object@5.1.0": {"LICENSE": LICENSES / "is-plain-object.txt"},
    "@fortawesome/fontawesome-free@7.3.1": {"LICENSE.txt": LICENSES / "font-awesome.txt"},
    "dompurify@3.4.18": {
        "dist/purify.min.js": VENDOR / "bp/purify.min.js",
        "LICENSE": LICENSES / "dompurify.txt",
        "LICENSE-MPL": LICENSES / "mpl-2.0.txt",  # Pyodide's too, whose package has no text
    },
    "axe-core@4.14.1": {
        "axe.min.js": AXE / "axe.min.js",
        "LICENSE": AXE / "LICENSE",
        "LICENSE-3RD-PARTY.txt": AXE / "LICENSE-3RD-PARTY.txt",
    },
}

# The editor is many small modules, which become one script: `bplib_codemirror`, with what is listed here.
EDITOR = VENDOR / "bp/codemirror.js"
EDITOR_EXPORTS = {
    "@codemirror/autocomplete@6.20.4": "closeBrackets, closeBracketsKeymap",
    "@codemirror/commands@6.11.1": "defaultKeymap, history, historyKeymap, indentWithTab",
    "@codemirror/lang-python@6.2.1": "python",
    "@codemirror/language@6.13.1": (
        "HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting"
    ),
    "@codemirror/state@6.7.6": "Compartment, EditorState",
    "@codemirror/view@6.43.15": "EditorView, drawSelection, keymap, lineNumbers",
    "@lezer/highlight@1.2.5": "tags",
}
BUNDLER = "esbuild@0.28.2"
#: What NumPy bundles under licences of their own.
BUNDLED = (
    "numpy/_core/include/numpy/libdivide/LICENSE.txt",
    "numpy/fft/pocketfft/LICENSE.md",
    "numpy/linalg/lapack_lite/LICENSE.txt",
)


def fetch(package: str, folder: Path) -> Path:
    """Unpack one npm package into `folder` and return where its files are."""
    packed = subprocess.run(
        ["npm", "pack", package, "--json", "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    answer = json.loads(packed.stdout)
    # npm 12 answers with a mapping by package name, earlier releases with a list.
    entry = answer[0] if isinstance(answer, list) else next(iter(answer.values()))
    with tarfile.open(folder / entry["filename"]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def main() -> None:
    """Replace every vendored file by the one in the pinned package."""
    for package, wanted in PACKAGES.items():
        print(f"fetching {package}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            source = fetch(package, Path(folder))
            for pattern, target in wanted.items():
                found = sorted(source.glob(pattern))
                if not found:
                    raise FileNotFoundError(
                        f"{package} has no {pattern}; look for its new name in the package"
                    )
                if "*" in pattern:
                    shutil.rmtree(target, ignore_errors=True)
                for file in found:
                    place = target / file.name if "*" in pattern else target
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, place)
    bundle_editor()
    check_wheel()
    compile_modules()
    write_sums()


def bundle_editor() -> None:
    """Join the editor's modules to one script, and their licences to one text."""
    print("bundling the editor", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "package.json").write_text('{"private": true}')
        run = {"cwd": here, "check": True}
        subprocess.run(["npm", "install", "--silent", "--no-audit", *EDITOR_EXPORTS, BUNDLER], **run)
        lines = [
            f'export {{ {names} }} from "{package.rpartition("@")[0]}";\n'
            for package, names in EDITOR_EXPORTS.items()
        ]
        (here / "editor.js").write_text("".join(lines))
        options = [
            "--bundle",
            "--minify",
            "--format=iife",
            "--global-name=bplib_codemirror",
            "--log-level=warning",
        ]
        subprocess.run(["node_modules/.bin/esbuild", "editor.js", *options, f"--outfile={EDITOR}"], **run)
        texts = []
        for told in sorted(here.glob("node_modules/**/package.json")):
            about = json.loads(told.read_text(encoding="utf-8"))
            if "esbuild" not in about["name"]:
                text = told.with_name("LICENSE").read_text(encoding="utf-8")
                texts.append(f"{about['name']} {about['version']}\n\n{text.strip()}\n")
        (LICENSES / "codemirror.txt").write_text("\n\n".join(texts), encoding="utf-8")


def check_wheel() -> None:
    """See that NumPy's wheel is the one that Pyodide's lock names, and take its licences out of it."""
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))
    numpy, release = lock["packages"]["numpy"], lock["info"]["version"]
    wheel = PYODIDE / numpy["file_name"]
    if not wheel.is_file() or hashlib.sha256(wheel.read_bytes()).hexdigest() != numpy["sha256"]:
        raise FileNotFoundError(
            f"Pyodide {release} needs {wheel.name} with the sha256 {numpy['sha256']}. Take it out of "
            f"pyodide-{release}.tar.bz2, at github.com/pyodide/pyodide/releases/tag/{release}, put it into "
            f"{PYODIDE.relative_to(ROOT)}, remove the old one, and run this again."
        )
    with zipfile.ZipFile(wheel) as archive:
        found = sorted(name for name in archive.namelist() if "/LICENSE" in name and "/include/" not in name)
        texts = [f"{name}\n\n{archive.read(name).decode('utf-8').strip()}\n" for name in found]
    # What this wheel has inside and names nowhere: later wheels carry the texts, and one is installed.
    for file in files("numpy") or []:
        name = file.as_posix().partition("dist-info/licenses/")[2]
        if name in BUNDLED:
            texts.append(f"{name}\n\n{file.read_text(encoding='utf-8').strip()}\n")
    (LICENSES / "numpy.txt").write_text("\n\n".join(texts), encoding="utf-8")


# Starts Pyodide in Node, with NumPy and bplib, and runs a program there.
COMPILE = """
const fs = require("fs");
const [home, wheel, bplib, program, target] = process.argv.slice(1);
const read = (path) => new Uint8Array(fs.readFileSync(path));
require(home + "/pyodide.js").loadPyodide({ indexURL: home }).then((python) => {
  const extractDir = python.runPython("import site; site.getsitepackages()[0]");
  for (const packed of [wheel, bplib]) python.unpackArchive(read(packed), "zip", { extractDir });
  python.FS.writeFile("/bplib.zip", read(bplib));
  python.runPython(fs.readFileSync(program, "utf8"));
  fs.writeFileSync(target, python.FS.readFile("/compiled.zip"));
});
"""


def compile_modules() -> None:
    """Let the vendored Python compile its own modules, those that it loads when it starts in the page."""
    print("compiling modules", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "bplib.zip"
        packed.write_bytes(page_python.bplib_zip())
        wheel = next(PYODIDE.glob("*.whl"))
        program = ROOT / "tools/compile_modules.py"
        subprocess.run(["node", "-e", COMPILE, PYODIDE, wheel, packed, program, COMPILED], check=True)


def write_sums() -> None:
    """Write the sha256 of all that was fetched, in the form of sha256sum."""
    targets = [target for wanted in PACKAGES.values() for target in wanted.values()]
    files = [
        file for target in targets for file in ([target] if target.is_file() else sorted(target.iterdir()))
    ]
    files = [file for file in (*files, EDITOR, COMPILED, *PYODIDE.glob("*.whl")) if VENDOR in file.parents]
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(VENDOR).as_posix()}\n"
        for file in sorted(set(files))
    ]
    SUMS.write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    main()
