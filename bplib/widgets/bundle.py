"""The joiner: hand-written ES modules become the one script that a widget carries with it.

It adds no syntax and no tool. A figure's script travels inside the notebook or the page and is imported from
a blob, where a module can't import its neighbours by address; so they are put into one file, in order.
"""

import re
from functools import cache
from importlib.resources import files

IMPORT = re.compile(r'^import \{ (.+) \} from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|function) (\w+))", re.MULTILINE)
COMMENT = re.compile(r"(^|[ \t])[ \t]*// .*", re.MULTILINE)
MARGIN = re.compile(r"^\s+", re.MULTILINE)
BREAK = re.compile(r"(?<=[,;{(\[])\n|\n(?=[}\])])")
BLANK = re.compile(r" *([{}()\[\];,:?=<>*&|/]) *| ([+-]) (?![+-])")
CODE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[`{}]|[^`{}\"']+")
TEXT = re.compile(r"(?:[^`$\\]|\\.|\$(?!\{))+|`|\$\{")


def read(name: str) -> str:
    """Return the text of a file in ``bplib/widgets/static``."""
    return files("bplib.widgets").joinpath("static", name).read_text(encoding="utf-8")


@cache
def script(entry: str, views: tuple[str, ...] = ()) -> str:
    """Return ``static/<entry>.js`` and everything it imports as one ES module.

    Each file becomes a function that runs once and returns its exports, so that two files may use one name.
    Imports are ``import { a, b as c } from "./file.js";`` on one line; exports are named.

    Parameters
    ----------
    entry : str
        The file whose exports the module exports.
    views : tuple of str
        Further files, each with a function `mount`. With them the entry's `figure` makes the module, so that
        a figure carries only the views it shows.

    Returns
    -------
    str
        The module; its default export is what anywidget calls.

    Raises
    ------
    ValueError
        If files import each other in a circle, or an import or export is written in another form.

    Examples
    --------
    >>> print(script("format").splitlines()[0])
    const format$ = (() => {
    >>> print(script("main", ("graph",)).splitlines()[-1])
    export default { render: main$.figure({ graph: graph$.mount }) };
    """
    parts: dict[str, str] = {}

    def add(name: str, needed_by: tuple[str, ...] = ()) -> None:
        if name in needed_by:
            circle = " -> ".join((*needed_by, name))
            raise ValueError(f"The imports go in a circle, {circle}; move what both need to a third file.")
        if name in parts:
            return
        # Comments, indentation and the like are for whoever reads the file; every figure of a page repeats
        # the script.
        source = MARGIN.sub("", COMMENT.sub("", read(f"{name}.js")))
        for _, needed in IMPORT.findall(source):
            add(needed, (*needed_by, name))
        names = ", ".join(EXPORT.findall(source))
        body = IMPORT.sub(lambda m: f"const {{ {m[1].replace(' as ', ': ')} }} = {m[2]}$;", source)
        body = EXPORT.sub("", body)
        if stray := re.search(r"^(import|export)\b.*", body, re.MULTILINE):
            raise ValueError(f"{name}.js has a line the joiner does not understand: {stray[0]}")
        body = _squeeze(BREAK.sub("", body))
        parts[name] = f"const {name}$ = (() => {{\n{body}return {{ {names} }};\n}})();\n"

    for name in (entry, *views):
        add(name)
    mounts = ", ".join(f"{view}: {view}$.mount" for view in views)
    exports = f"{{ render: {entry}$.figure({{ {mounts} }}) }}" if views else f"{entry}$"
    return "".join(parts.values()) + f"export default {exports};\n"


def _squeeze(source: str) -> str:
    """Leave out the spaces beside punctuation, except in strings and in templates."""
    parts: list[str] = []
    braces: list[int] = []  # those that are open in each ${...}
    in_text, at = False, 0
    while at < len(source):
        match = (TEXT if in_text else CODE).match(source, at)
        if match is None:
            raise ValueError(f"A string is not closed: {source[at : at + 60]!r}")
        token, at = match[0], match.end()
        if token == "`":
            in_text = not in_text
        elif in_text and token == "${":
            braces.append(0)
            in_text = False
        elif not in_text and braces and token in "{}":
            braces[-1] += 1 if token == "{" else -1
            if braces[-1] < 0:
                braces.pop()
                in_text = True
        elif not in_text and token[0] not in "\"'":
            token = BLANK.sub(r"\1\2", token).strip(" ")
        parts.append(token)
    return "".join(parts)
