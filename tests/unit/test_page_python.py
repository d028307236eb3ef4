"""What is vendored is whole and has its licence; what the page's Python is packed from, and how."""

import _imp
import base64
import gzip
import hashlib
import io
import json
import re
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import page_python
import pytest

VENDOR = Path(__file__).resolve().parents[2] / "vendor"
TOLD = (VENDOR / "THIRD-PARTY.md").read_text()
OURS = set(re.findall("`(.*?)`", "".join(re.findall(r"^.* are ours .*$", TOLD, re.MULTILINE))))
ABOUT = {"SHA256SUMS", "THIRD-PARTY.md"}
FILES = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
FOREIGN = {name for name in FILES - OURS - ABOUT if not name.startswith("licenses/")}


def test_what_was_fetched_is_unchanged():
    sums = dict(line.split("  ")[::-1] for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    assert set(sums) >= FOREIGN
    assert {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in sums} == sums


def test_every_file_of_others_has_its_licence():
    rows = re.findall(r"^\| (.*?) \| .* \| (.*?) \|$", TOLD, re.MULTILINE)[1:]
    named = [
        pattern
        for files, _ in rows
        if not files.startswith("inside")
        for pattern in re.findall("`(.*?)`", files)
    ]
    lost = {
        name
        for name in FOREIGN
        if not any(fnmatch(name, pattern + "*" if pattern.endswith("/") else pattern) for pattern in named)
    }
    assert lost == set()
    for files, licence in rows:
        texts = re.findall("`(licenses/.*?)`", licence)
        assert texts, files
        assert set(texts) <= FILES, files
    named = {text for _, licence in rows for text in re.findall("`(licenses/.*?)`", licence)}
    assert named == {name for name in FILES if name.startswith("licenses/")}
    assert "https://github.com/pyodide/pyodide/tree/0.27.8" in dict(rows)["`pyodide/`"]  # MPL 2.0, 3.2 (a)


def test_the_wheel_is_the_one_that_pyodide_names(tmp_path, monkeypatch):
    assert page_python.versions() == {"python": "3.12.7", "numpy": "2.0.2", "pyodide": "0.27.8"}
    wheel = page_python.lock()["packages"]["numpy"]["file_name"]
    for name in (*page_python.RUNTIME, "pyodide-lock.json"):
        (tmp_path / name).symlink_to(page_python.PYODIDE / name)
    (tmp_path / wheel).write_bytes(b"another")
    monkeypatch.setattr(page_python, "PYODIDE", tmp_path)
    with pytest.raises(ValueError, match="is not the wheel that Pyodide's lock names"):
        page_python.parts()


def test_compiled_modules_are_those_of_the_sources():
    """Each holds its source's hash, under the key of its Python."""
    compiled = page_python.unpacked(page_python.PYODIDE / "compiled.zip")
    (wheel,) = page_python.PYODIDE.glob("*.whl")
    for folder, path in {
        "stdlib/": page_python.PYODIDE / "python_stdlib.zip",
        "site-packages/": wheel,
    }.items():
        sources = page_python.unpacked(path)
        mine = {name.removeprefix(folder): pyc for name, pyc in compiled.items() if name.startswith(folder)}
        assert len(mine) > 50
        for name, pyc in mine.items():
            key, how = int.from_bytes(pyc[:4], "little"), int.from_bytes(pyc[4:8], "little")
            assert how == 1, name  # by hash, and not compared when it is loaded
            assert _imp.source_hash(key, sources[name.removesuffix("c")]) == pyc[8:16], name
    assert {name.partition("/")[0] for name in compiled} == {"stdlib", "site-packages"}


def test_a_module_is_packed_once_and_none_is_lost():
    packed = page_python.parts()
    (wheel,) = page_python.PYODIDE.glob("*.whl")
    whole = {"python_stdlib.zip": page_python.PYODIDE / "python_stdlib.zip", "numpy.zip": wheel}
    for name, path in whole.items():
        archive = zipfile.ZipFile(io.BytesIO(packed[name]))
        assert {info.compress_type for info in archive.infolist()} == {
            zipfile.ZIP_STORED
        }  # worker.js counts on it
        modules = [place.removesuffix("c") for place in archive.namelist() if place.endswith((".py", ".pyc"))]
        assert len(set(modules)) == len(modules)
        wanted = {place for place in page_python.unpacked(path) if place.endswith(".py")}
        left_out = {place for place in wanted if name == "numpy.zip" and page_python.NOT_NUMPY.match(place)}
        assert set(modules) == wanted - left_out
        assert not {
            place for place in left_out if not re.search(r"/(f2py|tests|_pyinstaller|_examples)/", place)
        }
    assert page_python.parts() == packed


def test_bplib_is_packed_without_what_draws():
    packed = page_python.bplib_zip()
    assert page_python.bplib_zip() == packed
    names = set(zipfile.ZipFile(io.BytesIO(packed)).namelist())
    assert {"bplib/scalar.py", "bplib/exercises/ch01.py", "bplib/widgets/live.py"} <= names
    assert {"bplib/widgets/page/kernel.py", "bplib/widgets/static/loader.js"} <= names
    assert not names & {"bplib/plot.py", "bplib/graph_picture.py", "bplib/widgets/explore.py"}
    assert not [name for name in names if name.endswith(".pyc") or "static/views" in name]


def test_without_solutions_the_checks_are_packed_sealed(monkeypatch):
    """No name of a reference, no hidden value, and no words of a solution are in the scripts."""
    monkeypatch.setenv("BPLIB_SOLUTIONS", "0")
    archive = zipfile.ZipFile(io.BytesIO(page_python.parts()["bplib.zip"]))
    chapters = [name for name in archive.namelist() if re.fullmatch(r"bplib/exercises/ch\d\d\.py", name)]
    assert len(chapters) == len(list((page_python.ROOT / "bplib/exercises").glob("ch[0-9][0-9].py")))
    for name in chapters:
        assert "lambda" not in archive.read(name).decode()
        assert json.loads(archive.read(name.replace(".py", ".json")))
    monkeypatch.delenv("BPLIB_SOLUTIONS")
    assert page_python.parts()["bplib.zip"] == page_python.bplib_zip()


def test_pieces_join_to_what_was_packed(tmp_path):
    content = bytes(range(256)) * 20_000 + hashlib.sha256(b"").digest() * 3
    content = (
        b"".join(hashlib.sha256(b"%d" % k).digest() for k in range(60_000)) + content
    )  # can't be made small
    mark, scripts = page_python.pieces("a.b.whl", content, tmp_path)
    assert len(scripts) == 3
    joined = b""
    for k, script in enumerate(scripts):
        call = re.fullmatch(r"bplib_python_piece\((.*)\);\n", script.read_text())
        name, place, text = json.loads(f"[{call[1]}]")
        assert (name, place) == ("a.b.whl", k)
        joined += base64.b64decode(text)
    assert gzip.decompress(joined) == content
    # The same again is not packed again; another takes its place.
    before = scripts[0].stat().st_mtime_ns
    assert page_python.pieces("a.b.whl", content, tmp_path) == (mark, scripts)
    assert scripts[0].stat().st_mtime_ns == before
    other, _ = page_python.pieces("a.b.whl", b"short", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"a.b.whl-{other}"]


@pytest.mark.parametrize("wanted", [True, False])
def test_a_site_can_be_built_without(wanted, tmp_path, monkeypatch):
    monkeypatch.setenv("BPLIB_PYTHON", "1" if wanted else "0")
    monkeypatch.setattr(page_python, "parts", lambda: {"bplib.zip": b"small"})
    page_python.write_python(
        SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path / "html")
    )
    folder = tmp_path / "html/_static/bp"
    assert (folder / "notebooks/01-credit-assignment.js").exists()
    assert (folder / "python").exists() == (folder / "python.js").exists() == wanted
    for name in ("python.js", "workbook.js") if wanted else ("workbook.js",):
        assert ('"bplib.zip": {"mark": "' in (folder / name).read_text(encoding="utf-8")) == wanted
        assert (folder / name).stat().st_size < 120_000


@pytest.mark.parametrize(
    ("wanted", "body", "given"),
    [
        ("1", '<div class="cell_input docutils">', ["bp/workbook.js", "bp/workbook.css"]),
        ("1", "<p>", []),
        ("0", '<div class="cell_input docutils">', []),
        ("0", '<div class="bp-words" data-cell="ex8">', ["bp/workbook.js", "bp/workbook.css"]),
    ],
)
def test_a_page_with_code_or_fields_gets_its_workbook(wanted, body, given, monkeypatch):
    monkeypatch.setenv("BPLIB_PYTHON", wanted)
    added = []
    app = SimpleNamespace(
        builder=SimpleNamespace(format="html"),
        add_js_file=lambda name, **_: added.append(name),
        add_css_file=lambda name, **_: added.append(name),
        env=SimpleNamespace(doc2path=lambda page: page_python.ROOT / f"{page}.ipynb"),
    )
    context = {"body": body}
    page_python.offer_python(app, "book/exercises/01-credit-assignment", "", context)
    assert added == given
    runs = '"cells": ["imports", "ex1", ' if wanted == "1" else '"cells": []'
    assert (runs in context["body"]) == bool(given)
