"""One library: the hand-written ES modules of `static` become one script, which draws every figure.

A widget's script is imported from a blob, and a page may be opened from a folder; from neither can a module
import its neighbours by address. So they are joined, once: each file becomes a function that runs once and
returns its exports. Nothing is made smaller and no line is moved, so that an error's place can be read.

`module` is the library as Jupyter takes it. On the site it is `script`, which every page with figures loads,
and for each view that a page shows a `view_script`. `style` is what both look like.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

#: The file whose `library` makes the library from a table of views, and the folder that holds them.
ENTRY, VIEWS = "library.js", "views"
#: The folder of what several views are made of.
PARTS = "parts"
#: What the interface says, in English; a translation to German is ``words.de.json``.
WORDS = "words.json"
#: The files that run Python in a page and that offer it at each cell, and the table of what has to be loaded
#: for it, which is made when the site is built.
PYTHON, WORKBOOK, LOADED = "python/python.js", "workbook/workbook.js", "python/parts.json"
#: The file that draws predictions, and its folder: on a page a script of its own, in Jupyter a part of the
#: library.
PREDICT, PREDICTIONS = "predict/predict.js", "predict"
#: The file that asks predictions again on later pages, and has the summary written from memory.
RECALL = "recall/recall.js"
#: The file that explains words and lights symbols where one points at them.
POINT = "point/point.js"
#: The file that draws the map of the chapters.
MAP = "map/map.js"

_IMPORT = re.compile(r'import \{ (\w+(?: as \w+)?(?:, \w+(?: as \w+)?)*) \} from "(\.\.?/[\w./]+\.js)";')
_TABLE = re.compile(r'import (\w+) from "(\.\.?/[\w./]+\.json)" with \{ type: "json" \};')
_EXPORT = re.compile(r"export ((?:const|class|function) (\w+)\b.*)")
_FOREIGN = re.compile(r"\s*(?:import|export)\b(?!\()")
_PLACE = re.compile(r"\{(\w+)\}")
_SAYS = re.compile(r"\bwords\.(\w+)")
#: What a figure's widget holds that only Jupyter needs.
_SHARED = ("_esm", "_css", "_library")


def static(name: str = "") -> Traversable:
    """Return a file or a folder in ``bplib/widgets/static``, by its path there."""
    return files("bplib.widgets").joinpath("static", name)


def read(name: str) -> str:
    """Return the text of a file in ``bplib/widgets/static``."""
    return static(name).read_text(encoding="utf-8")


def join(names: Iterable[str], read: Callable[[str], str] = read) -> str:
    r"""Return these files, and before each of them what it imports, as statements of one script.

    A file ``parts/chart.js`` becomes the constant `parts$chart`, which holds its exports. Each of its lines
    stays a line. An import stands alone on its line and names a file by its relative path:
    ``import { a, b as c } from "../engine/tape.js";``. Exports are named, and begin the line that declares
    them.

    Parameters
    ----------
    names : list of str
        Paths of the files, counted from ``static``.
    read : callable, optional
        What gives the text of a file.

    Raises
    ------
    ValueError
        If files import each other in a circle, or an import or export is written in another form.

    Examples
    --------
    >>> print(join(["one.js"], {"one.js": "export const one = 1;\n"}.get))
    // one.js
    const one$ = (() => {
    const one = 1;
    return { one };
    })();
    <BLANKLINE>
    """
    return "".join(_modules(names, read).values())


def _modules(names: Iterable[str], read: Callable[[str], str]) -> dict[str, str]:
    """Return the files that `join` joins, by their paths: what is needed comes first."""
    joined: dict[str, str] = {}
    exports: dict[str, list[str]] = {}

    def add(name: str, needed_by: tuple[str, ...] = ()) -> None:
        if name in needed_by:
            circle = " -> ".join((*needed_by[needed_by.index(name) :], name))
            raise ValueError(f"The imports go in a circle, {circle}; move what both need to a third file.")
        if name in joined:
            return
        exports[name] = []
        lines = [
            translated(name, f"{name}, line {n}", line, (*needed_by, name))
            for n, line in enumerate(read(name).splitlines(), start=1)
        ]
        joined[name] = "\n".join(
            [
                f"// {name}",
                f"const {_constant(name)} = (() => {{",
                *lines,
                f"return {{ {', '.join(exports[name])} }};",
                "})();\n",
            ]
        )

    def translated(name: str, where: str, line: str, needed_by: tuple[str, ...]) -> str:
        """Return a line as it stands inside the function that its file becomes."""
        if found := _IMPORT.fullmatch(line):
            needed = _beside(name, found[2])
            add(needed, needed_by)
            for wanted in re.findall(r"(\w+)(?: as \w+)?(?:, |$)", found[1]):
                if wanted not in exports[needed]:
                    raise ValueError(f"{where}, imports {wanted}, which {needed} does not export.")
            return f"const {{ {found[1].replace(' as ', ': ')} }} = {_constant(needed)};"
        if found := _TABLE.fullmatch(line):
            table = json.loads(read(_beside(name, found[2])))
            return f"const {found[1]} = {json.dumps(table, ensure_ascii=False)};"
        if found := _EXPORT.fullmatch(line):
            exports[name].append(found[2])
            return found[1]
        if _FOREIGN.match(line):
            raise ValueError(
                f"{where}, is no import or export that the joiner understands: {line.strip()} Write "
                'import { a, b as c } from "./file.js"; or export const, class or function, on one line.'
            )
        return line

    for name in names:
        add(name)
    return joined


def _beside(name: str, path: str) -> str:
    """Return the path from ``static`` of what the file `name` calls `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _constant(name: str) -> str:
    return name.removesuffix(".js").replace("/", "$") + "$"


def words(language: str = "") -> dict[str, dict[str, str]]:
    """Return what the interface says: for each of its parts, sentences by key.

    Parameters
    ----------
    language : str, optional
        Such as ``"de"``, for which a file ``static/words.de.json`` stands beside the English ``words.json``.
        By default what the environment variable ``BPLIB_LANGUAGE`` says, or English.

    Raises
    ------
    ValueError
        If there is no such file, or it lacks a sentence, has one too many, or leaves out one of its places.

    Examples
    --------
    >>> words()["controls"]["stays"]
    '{fault} {name} stays at {x}.'
    """
    language = language or os.environ.get("BPLIB_LANGUAGE", "") or "en"
    english: dict[str, dict[str, str]] = json.loads(read(WORDS))
    if language == "en":
        return english
    name = WORDS.replace(".", f".{language}.")
    if not static(name).is_file():
        raise ValueError(f"There is no translation to {language!r}: no file {name} beside {WORDS}.")
    given: dict[str, dict[str, str]] = json.loads(read(name))
    if wrong := [*_lacking(english, given, "lacks"), *_lacking(given, english, "has no use for")]:
        raise ValueError(f"{name} {'; '.join(wrong)}. It needs the keys of {WORDS}, with the same places.")
    return given


def _lacking(a: Mapping[str, Mapping[str, str]], b: Mapping[str, Mapping[str, str]], verb: str) -> list[str]:
    """Say what `a` has that `b` has not: sentences, and places in them."""
    told = []
    for part, sentences in a.items():
        for key, sentence in sentences.items():
            other = b.get(part, {}).get(key)
            if other is None:
                told.append(f"{verb} {part}.{key}")
            elif extra := set(_PLACE.findall(sentence)) - set(_PLACE.findall(other)):
                told.append(f"{verb} {', '.join(f'{{{place}}}' for place in sorted(extra))} in {part}.{key}")
    return told


def _told(
    names: Iterable[str], language: str, tables: Mapping[str, str] | None = None
) -> Callable[[str], str]:
    """Return what reads files, with as much of the words as these say, and texts in the place of files."""
    given = dict(tables or {})

    def told(name: str) -> str:
        return given.get(name) or read(name)

    parts = set(_SAYS.findall(join(names, told)))
    given[WORDS] = json.dumps({part: said for part, said in words(language).items() if part in parts})
    return told


def views() -> dict[str, str]:
    """Return the paths of all views, by their names."""
    files = sorted(file.name for file in static(VIEWS).iterdir() if file.name.endswith(".js"))
    return {file.removesuffix(".js"): f"{VIEWS}/{file}" for file in files}


@cache
def _parted(language: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the files of the library that every page loads, and for each view those that it alone needs."""
    told = _told([ENTRY, *views().values()], language)
    needed = {view: _modules([path], told) for view, path in views().items()}
    users = Counter(name for files in needed.values() for name in files)
    shared = _modules([ENTRY, *(name for name, times in users.items() if times > 1)], told)
    return shared, {
        view: {name: text for name, text in files.items() if name not in shared}
        for view, files in needed.items()
    }


def module(language: str = "") -> str:
    """Return the library as an ES module, whose default export is the library: for Jupyter.

    Examples
    --------
    >>> module().splitlines()[-2:]
    ['export default library;', '//# sourceURL=bplib/live.js']
    """
    mounts = ", ".join(f"{view}: {_constant(path)}.mount" for view, path in views().items())
    names = [ENTRY, *views().values(), PREDICT]
    return (
        f"{join(names, _told(names, language))}const library = {_constant(ENTRY)}.library({{ {mounts} }});\n"
        f'library.add("predict", {_constant(PREDICT)}.render);\n'
        "export default library;\n//# sourceURL=bplib/live.js\n"
    )


def script(language: str = "") -> str:
    """Return the library without views as a classic script, which makes it known as `bplib`: for the site.

    A page that is opened from a folder may load such a script, but no module.

    Examples
    --------
    >>> script().splitlines()[:2]
    ['window.bplib = (() => {', '"use strict";']
    """
    files, _ = _parted(language)
    shared = ", ".join(map(_constant, files))
    made = f"{_constant(ENTRY)}.library({{}}, {{ {shared} }})"
    return f'window.bplib = (() => {{\n"use strict";\n{"".join(files.values())}return {made};\n}})();\n'


def view_script(view: str, language: str = "") -> str:
    """Return what one view needs and no other as a classic script, which adds the view to the library.

    Examples
    --------
    >>> view_script("bars").splitlines()[-2:]
    ['return views$bars$.mount;', '});']
    """
    shared, apart = _parted(language)
    text = "".join(apart[view].values())
    needs = ", ".join(name for name in map(_constant, shared) if f"= {name};" in text)
    mount = f"{_constant(views()[view])}.mount"
    taken = f"const {{ {needs} }} = shared;\n"
    return (
        f'window.bplib.extend("{view}", (shared) => {{\n"use strict";\n{taken}{text}return {mount};\n}});\n'
    )


def page_script(entry: str, parts: Mapping[str, Any] | None = None, language: str = "") -> str:
    """Return what runs Python in a page, offers it there, asks, leads or explains, as a classic script.

    Parameters
    ----------
    entry : str
        `PYTHON`, which makes itself known as `bplib_python`, `WORKBOOK`, as `bplib_workbook`, `PREDICT`, as
        `bplib_predict` and to the library, `RECALL`, `MAP` or `POINT`.
    parts : dict, optional
        What the page has to load for it, and its versions, as ``tools/page_python.py`` writes them.
    """
    joined = join([entry], _told([entry], language, {LOADED: json.dumps(parts)}))
    name = posixpath.basename(entry).removesuffix(".js")
    made = f"{_constant(entry)}.{name}"
    return f'window.bplib_{name} = (() => {{\n"use strict";\n{joined}return {made}();\n}})();\n'


def style(predictions: bool = True) -> str:
    """Return what all figures look like: ``live.css``, then the styles of single kinds, parts and views.

    Parameters
    ----------
    predictions : bool, optional
        With the style of predictions, which on the site is a file of its own.
    """
    folders = [static(), static(PARTS), static(VIEWS), *([static(PREDICTIONS)] if predictions else [])]
    found = [
        file
        for folder in folders
        for file in sorted(folder.iterdir(), key=lambda file: (file.name != "live.css", file.name))
        if file.name.endswith(".css")
    ]
    return "".join(file.read_text(encoding="utf-8") for file in found)


def for_page(state: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Leave out of the widgets on a page what every page shares: the library and what fetches it.

    Parameters
    ----------
    state : dict
        The widgets by their ids, as ``"state"`` of what Jupyter embeds in a page.

    Returns
    -------
    dict
        The same without the library and its loader.
    set of str
        The kinds of those that the library draws.
    """
    lighter: dict[str, Any] = {}
    kinds: set[str] = set()
    for key, model in state.items():
        data = model["state"]
        if "_bplib_kind" in data:
            kinds.add(data["_bplib_kind"])
            lighter[key] = {**model, "state": {k: v for k, v in data.items() if k not in _SHARED}}
        elif "_bplib_script" not in data:
            lighter[key] = model
    return lighter, kinds


def shown(state: Mapping[str, Any]) -> list[str]:
    """Return the names of the views in which these widgets, a page's, show something."""
    found: set[str] = set()
    for model in state.values():
        data = model["state"]
        specs = [one["spec"] for one in data.get("recorded", [])] or [data.get("spec", {})]
        found |= {view["view"] for spec in specs for view in spec.get("views", [])}
    return sorted(found & views().keys())
