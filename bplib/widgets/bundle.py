"""The joiner: hand-written ES modules become the one script that a widget carries with it.

It adds no syntax and no tool. A figure's script travels inside the notebook or the page and is imported from
a blob, where a module can't import its neighbours by address; so they are put into one file, in order.
"""

import re
from functools import cache
from importlib.resources import files

IMPORT = re.compile(r'^import \{ (.+) \} from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|function) (\w+))", re.MULTILINE)
COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
MARGIN = re.compile(r"^\s+", re.MULTILINE)


def read(name: str) -> str:
    """Return the text of a file in ``bplib/widgets/static``."""
    return files("bplib.widgets").joinpath("static", name).read_text(encoding="utf-8")


@cache
def script(entry: str) -> str:
    """Return ``static/<entry>.js`` and everything it imports as one ES module.

    Each file becomes a function that runs once and returns its exports, so that two files may use one name.
    Imports are ``import { a, b as c } from "./file.js";`` on one line; exports are named.

    Raises
    ------
    ValueError
        If files import each other in a circle, or an import or export is written in another form.

    Examples
    --------
    >>> print(script("format")[:30])
    const format$ = (() => {
    const
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in parts:
            if not parts[name]:
                raise ValueError(
                    f"{name}.js imports itself in a circle; move what both need to a third file."
                )
            return
        parts[name] = ""
        # Comments and indentation are for the reader of the file; every figure of a page repeats the script.
        source = MARGIN.sub("", COMMENT.sub("", read(f"{name}.js")))
        for _, needed in IMPORT.findall(source):
            add(needed)
        names = ", ".join(EXPORT.findall(source))
        body = IMPORT.sub(lambda m: f"const {{ {m[1].replace(' as ', ': ')} }} = {m[2]}$;", source)
        body = EXPORT.sub("", body)
        if stray := re.search(r"^(import|export)\b.*", body, re.MULTILINE):
            raise ValueError(f"{name}.js has a line the joiner does not understand: {stray[0]}")
        # Taken out and put back, so that the order of the dict is the order of need.
        del parts[name]
        parts[name] = f"const {name}$ = (() => {{\n{body}return {{ {names} }};\n}})();\n"

    add(entry)
    return "".join(parts.values()) + f"export default {entry}$;\n"
