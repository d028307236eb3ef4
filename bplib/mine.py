"""mine: the tools that a reader made in the exercises, to be imported in later ones.

``from bplib.mine import slope`` gives the `slope` that the reader wrote in chapter 1, or where there is none
the book's, lent, and prints which of the two. The cell of the answer that is kept has the tag ``mine:slope``;
its text runs alone, with `math`, `np` and the book's `Value` at hand.

On a page the browser keeps an answer when its check has said "Right", and hands it over before a cell runs.
In JupyterLab `keep` writes it into ``mine.py``, in the exercises' folder, when its reader asks for that.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import linecache
import math
import re
import sys
from collections.abc import Container, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from traceback import walk_tb
from types import CodeType
from typing import Any

import numpy as np

from bplib import scalar  # no piece's name may stand here: it would be found before `__getattr__` is asked

#: The pieces, each with the module that lends it: the book's own functions, never an exercise's solution.
#: Where a function has another name there, it stands behind a colon.
LENT = {
    "slope": "bplib.gradcheck.naive",
    "numerical_gradient": "bplib.gradcheck",
    "Value": "bplib.scalar",
    "network": "bplib.lent",
    "batches": "bplib.lent",
    "losses": "bplib.lent",
    "checker": "bplib.gradcheck.naive:naive_check",
    "layers": "bplib.lent",
    "trainer": "bplib.lent",
    "initialisation": "bplib.lent",
    "checkpoint": "bplib.lent",
    "rnn": "bplib.lent",
}
#: Where `keep` writes, where it is found from there and from a chapter, and what the file begins with.
FILE = "mine.py"
PLACES = (Path(FILE), Path("exercises") / FILE)
HEAD = '"""What I made in the exercises; `bplib.mine` imports it from here."""\n\n'
HEAD += "import math\n\nimport numpy as np\n\nfrom bplib.scalar import Value\n"

#: What a piece finds beside itself.
_AT_HAND = {"math": math, "np": np, "Value": scalar.Value}

_PLACE = re.compile(r"<your (\w+)>")
_brought: dict[str, str] = {}  # by the page
_made: dict[str, tuple[str, Any]] = {}  # each piece with the text of which it was made


class PieceError(Exception):
    """A reader's piece can't be made: its text doesn't run, or defines something else."""

    def __init__(self, piece: str, why: str) -> None:
        super().__init__(f"Your {piece} can't be imported: {why}")
        self.piece = piece


def __getattr__(name: str) -> Any:
    if name not in LENT:
        raise AttributeError(f"There is no piece {name!r}; there are: {', '.join(LENT)}.")
    text, place = _found(name)
    if name not in _made or _made[name][0] != text:
        _made[name] = text, _run(name, text, place)
        print(f"{name}: {'yours' if text else 'lent by the book'}")
    return _made[name][1]


def _found(name: str) -> tuple[str, str]:
    """Return the reader's text that holds a piece, and what tracebacks call it; nothing if the book lends."""
    if name in _brought:
        return _brought[name], f"<your {name}>"
    for path in filter(Path.is_file, PLACES):
        text = path.read_text(encoding="utf-8")
        try:
            if _spans(text, name):
                return text, str(path)
        except SyntaxError as error:
            raise PieceError(name, f"{path} can't be read, {error}") from error
    return "", ""


def _spans(text: str, name: str) -> list[slice]:
    """Say which lines of a text define a name, as a function or a class."""
    body = ast.parse(text).body
    nodes = [n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == name]
    return [slice(min(p.lineno for p in (n, *n.decorator_list)) - 1, n.end_lineno) for n in nodes]


def _run(name: str, text: str, place: str) -> Any:
    if not text:
        module, _, own = LENT[name].partition(":")
        return getattr(import_module(module), own or name)
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    space: dict[str, Any] = {"__name__": "mine", **_AT_HAND}
    space.pop(name, None)
    try:
        exec(compile(text, place, "exec", dont_inherit=True), space)
        return space[name]
    except KeyError as error:
        why = f"there is no {name} in it." if error.args == (name,) else f"KeyError: {error}"
        raise PieceError(name, why) from error
    except Exception as error:
        raise PieceError(name, f"{type(error).__name__}: {error}") from error


def lacks(text: str, also: Container[str] = ()) -> list[str]:
    r"""Name what a piece's text asks for and would not find when it runs alone; `also` is there too.

    Examples
    --------
    >>> lacks("def network(x):\n    a = np.tanh(x)\n    return sigmoid(a)")
    ['sigmoid']
    """
    code = compile(text, "<piece>", "exec", dont_inherit=True)
    made = _names(code, "STORE_NAME")
    found = {*vars(builtins), *_AT_HAND, *made}
    asked = (
        name
        for part in _parts(code)
        for name in _names(part, "LOAD_NAME", "LOAD_GLOBAL")
        if name not in _names(part, "STORE_NAME")  # of a class, beside its methods
    )
    return [name for name in dict.fromkeys(asked) if name not in found and name not in also]


def _parts(code: CodeType) -> Iterator[CodeType]:
    """Give a text's code, and that of all functions and classes in it."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _parts(part)


def _names(code: CodeType, *does: str) -> list[str]:
    return [step.argval for step in dis.get_instructions(code) if step.opname in does]


def bring(texts: Mapping[str, str]) -> None:
    r"""Take the reader's texts in place of those before; the book lends the rest. The page calls this.

    Examples
    --------
    >>> bring({"slope": "def slope(f, x, h=1e-5):\n    return (f(x + h) - f(x - h)) / (2 * h)"})
    >>> from bplib.mine import slope
    slope: yours
    >>> bring({})
    >>> from bplib.mine import slope
    slope: lent by the book
    """
    _brought.clear()
    _brought.update(texts)


def broken(error: BaseException) -> str | None:
    """Return the piece, brought by the page, in which an error arose; None if it arose elsewhere.

    A function that a cell hands to a piece is the cell's: what it raises is no fault of the piece. A cell
    that asks a piece for what it can't do fails by the piece.
    """
    if isinstance(error, PieceError):
        return error.piece
    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        if found := _PLACE.fullmatch(frame.f_code.co_filename):
            return found[1]
        if frame.f_globals.get("__name__") == "__main__":
            return _refused(error)
    return None


def _refused(error: BaseException) -> str | None:
    """Return the piece of which Python says that it has no such method, operation or argument."""
    words = re.findall(r"\w+", str(error)) if isinstance(error, AttributeError | TypeError) else []
    return next((name for name in _brought if name in words), None)


def keep(piece: Any) -> None:
    """Write a piece into ``mine.py``, in place of one of the same name, once its check has said "Right".

    Parameters
    ----------
    piece : function or class
        One of those in `LENT`, as it stands in a cell of the notebook.

    Raises
    ------
    ValueError
        If the book keeps no piece of that name, or if it asks for what ``mine.py`` does not have.
    """
    name = getattr(piece, "__name__", repr(piece))
    if name not in LENT:
        raise ValueError(f"The book keeps no {name}; it keeps: {', '.join(LENT)}.")
    if sys.platform == "emscripten":
        print(f"The page keeps {name} by itself when its check says Right.")
        return
    path = Path(FILE)
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    lines = text.splitlines(keepends=True)
    for span in reversed(_spans(text, name)):
        del lines[span]
    kept, own = "".join(lines).rstrip(), _source(name, piece).rstrip()
    if missing := lacks(own, also=_names(compile(kept, FILE, "exec", dont_inherit=True), "STORE_NAME")):
        raise ValueError(
            f"{name} is not kept: it asks for {', '.join(missing)}, which {path} does not have. "
            f"Write what it needs into {name} itself."
        )
    path.write_text(f"{kept}\n\n\n{own}\n", encoding="utf-8")
    print(f"{name}: kept in {path}")


def _source(name: str, piece: Any) -> str:
    """Return the lines of a function or class; of a notebook's class `inspect` finds only the methods."""
    known = piece if inspect.isfunction(piece) else next(filter(inspect.isfunction, vars(piece).values()))
    lines, _ = inspect.findsource(known)
    return "".join(lines[_spans("".join(lines), name)[-1]])
