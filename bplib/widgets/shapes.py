"""Shapes as types: arrays whose axes have names, and equations that are checked by these names.

It adds the figure that computes no number but sizes. An equation is written as code writes it,
``"Z1 = X @ W1.T + b1"``; Python reads it once, into tiles and the checks between them. Whether a check holds
for some sizes, the page finds out by itself, with the few lines that `verdict` has here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bplib.contract import wrong
from bplib.widgets.library import words

#: The name of a size, or a size that is written as a number.
Axis = str | int
#: How far a size may go if its author does not say.
SPAN = (1, 8)
#: The input that says in which of several forms equations are written.
FORM = "written"

_DECLARED = re.compile(r"\s*([A-Za-z_]\w*)\s*\(([^()]*)\)\s*(?:,|$)")
_SIGNS = {ast.MatMult: ("@", 2), ast.Mult: ("*", 2), ast.Div: ("/", 2), ast.Add: ("+", 1), ast.Sub: ("−", 1)}
_ALONG = ("sum", "mean", "max")
_SYNTAX = "Write it as NumPy does: names, @ + - * /, .T, .sum(axis=0), relu(Z1)."


@dataclass(frozen=True)
class Shapes:
    """Arrays with named axes, and a number for each name: what `live` shows with the view `tiles`.

    Parameters
    ----------
    arrays : str
        ``"X (B, n0), W1 (n1, n0), b1 (n1,), loss ()"``. The gradient ``dW1`` has the shape of ``W1``.
    **sizes : int
        Where each name starts.

    Raises
    ------
    ValueError
        If a declaration can't be read, or a size is missing, unknown or no whole number from 1.

    Examples
    --------
    >>> shapes = Shapes("X (B, n0), W1 (n1, n0)", B=4, n0=3, n1=2)
    >>> shapes.arrays["W1"], shapes.sizes
    (('n1', 'n0'), {'B': 4, 'n0': 3, 'n1': 2})
    """

    arrays: dict[str, tuple[Axis, ...]]
    sizes: dict[str, int]

    def __init__(self, arrays: str, **sizes: int) -> None:
        for name, size in sizes.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise wrong(name, "a size, a whole number from 1", repr(size), "Try 3.")
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "arrays", declared(arrays, sizes))
        used = {axis for axes in self.arrays.values() for axis in axes}
        if unused := [name for name in sizes if name not in used]:
            raise wrong(unused[0], f"a size of {', '.join(self.arrays)}", "one of none", "Leave it out.")


@dataclass(frozen=True)
class Tile:
    """An array in an equation: its name there, and its axes as it lies."""

    name: str
    axes: tuple[Axis, ...]

    @property
    def gradient(self) -> bool:
        """Whether it is a derivative: its name begins with d."""
        return self.name[0] == "d" and len(self.name) > 1


@dataclass(frozen=True)
class Check:
    """Sizes that have to be equal.

    Attributes
    ----------
    kind : {"inner", "along", "result"}
        In a product, in a sum or another operation on entries, or of the right side with the left.
    at : int
        The sign between them, by its place among the parts.
    left, right : tuple of Axis
    marks : tuple of (int, int)
        The sides they are, as a tile and 0 for its height, 1 for its width.
    """

    kind: str
    at: int
    left: tuple[Axis, ...]
    right: tuple[Axis, ...]
    marks: tuple[tuple[int, int], ...] = ()

    @property
    def named(self) -> bool:
        """Whether they are equal for all sizes, because they have the same names."""
        return self.left == self.right

    def holds(self, sizes: Mapping[str, float]) -> bool:
        """Whether they are equal for these sizes.

        Where a size happens to be 1 NumPy would repeat the array; nobody has meant that.
        """
        return numbers(self.left, sizes) == numbers(self.right, sizes)


@dataclass(frozen=True)
class Equation:
    """An equation as what is drawn from left to right, texts and tiles, and what has to be equal in it."""

    parts: list[str | Tile] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def tiles(self) -> list[Tile]:
        """The arrays in it."""
        return [part for part in self.parts if isinstance(part, Tile)]

    def failing(self, sizes: Mapping[str, float]) -> Check | None:
        """Return the first check that does not hold; those behind it hang on it."""
        return next((check for check in self.checks if not check.holds(sizes)), None)

    def marks(self, sizes: Mapping[str, float]) -> list[dict[int, str]]:
        """Return for each part which of its sides meet another, and how."""
        failing = self.failing(sizes)
        found: list[dict[int, str]] = [{} for _ in self.parts]
        for check in self.checks:
            state = "fits" if check.named else "only" if check.holds(sizes) else "differs"
            for part, side in check.marks:
                if state != "differs" or check is failing:
                    found[part][side] = state
        if failing and failing.kind == "result":
            found[0] |= dict.fromkeys(range(2), "differs")
        return found


def declared(text: str, sizes: Mapping[str, int]) -> dict[str, tuple[Axis, ...]]:
    """Read declarations such as ``"X (B, n0), b1 (n1, 1)"``, or say what is wrong with them.

    Examples
    --------
    >>> declared("X (B, n0), b1 (n0,)", {"B": 4, "n0": 3})
    {'X': ('B', 'n0'), 'b1': ('n0',)}
    """
    found: dict[str, tuple[Axis, ...]] = {}
    at = 0
    while at < len(text.rstrip()):
        if not (match := _DECLARED.match(text, at)):
            raise wrong("arrays", "declarations such as 'X (B, n0), b1 (n1,)'", repr(text[at:]), "Mend it.")
        name, inside = match.groups()
        axes = [axis.strip() for axis in inside.split(",") if axis.strip()]
        if name in found or name in sizes:
            raise wrong(name, "a name of its own", "one that is taken", "Rename it.")
        for axis in axes:
            if axis not in sizes and not (axis.isdecimal() and int(axis) > 0):
                came = f"{axis!r}, an unknown size"
                raise wrong(name, f"axes of {', '.join(sizes) or 'no size'}", came, f"Give it: {axis}=3.")
        if len(axes) > 2:
            raise wrong(name, "at most two axes, to be drawn", str(len(axes)), "Leave axes out.")
        found[name] = tuple(int(axis) if axis.isdecimal() else axis for axis in axes)
        at = match.end()
    return found


class Reader:
    """Reads equations one after the other; what stands on a left side is known from there on."""

    def __init__(self, shapes: Shapes) -> None:
        self.sizes = shapes.sizes
        self.known = dict(shapes.arrays)

    def declare(self, text: str) -> None:
        """Know further arrays, or known ones by another shape."""
        self.known.update(declared(text, self.sizes))

    def axes(self, name: str, where: str) -> tuple[Axis, ...]:
        """Return the shape of an array, or say that there is none."""
        found = self.known.get(name, self.known.get(name[1:]) if name[:1] == "d" else None)
        if found is None:
            has = ", ".join(self.known) or "none"
            raise wrong(where, f"known arrays, {has}", f"{name!r}", f"Declare its shape: {name} (...).")
        return found

    def equation(self, text: str) -> Equation:
        """Read ``"Z1 = X @ W1.T + b1"``."""
        tree = _parsed(text)
        if not (isinstance(tree, ast.Assign) and len(tree.targets) == 1):
            raise wrong("equation", "name = expression", repr(text), _SYNTAX)
        target = tree.targets[0]
        if not isinstance(target, ast.Name):
            raise wrong("equation", "one name on the left", repr(text), _SYNTAX)
        name = target.id
        if name in self.sizes:
            raise wrong("equation", "an array on the left", f"the size {name!r}", "Rename one of them.")
        made = Equation([Tile(name, ()), "="], [])
        axes = tuple(axis for axis, _ in _Writer(self, text, made).write(tree.value))
        if name in self.known or (name[0] == "d" and name[1:] in self.known):
            if axes != (expected := self.axes(name, text)):
                made.checks.append(Check("result", 1, axes, expected))
        else:
            self.known[name] = expected = axes
        made.parts[0] = Tile(name, expected)
        return made

    def puzzle(self, name: str, candidates: Sequence[str]) -> list[Equation]:
        """Read the candidates for an array, and before them what they are made of."""
        self.axes(name, "choose")
        for text in candidates:
            if not isinstance(_parsed(text), ast.Expr):
                raise wrong("choose", "expressions such as 'dZ1.T @ X'", repr(text), _SYNTAX)
        read = [self.equation(f"{name} = {text}") for text in candidates]
        made_of = dict.fromkeys(
            tile.name.removesuffix(".T") for equation in read for tile in equation.tiles[1:]
        )
        lie = [Tile(each, self.axes(each, "choose")) for each in made_of]
        return [Equation([read[0].parts[0], "= ?", *lie], []), *read]


def _parsed(text: Any) -> ast.stmt:
    if not isinstance(text, str):
        raise wrong("equation", "a text such as 'Z1 = X @ W1.T + b1'", repr(text), _SYNTAX)
    try:
        (statement,) = ast.parse(text.strip()).body
    except (SyntaxError, ValueError) as error:  # of no statement, or several
        raise wrong("equation", "one that Python can read", repr(text), _SYNTAX) from error
    return statement


#: The axes of a result, each with the side of a tile that it is.
Axes = list[tuple[Axis, tuple[int, int]]]


class _Writer:
    """Writes an expression as parts from left to right, and returns the axes of its result."""

    def __init__(self, reader: Reader, text: str, made: Equation) -> None:
        self.reader, self.text = reader, text
        self.parts, self.checks = made.parts, made.checks

    def write(self, node: ast.expr) -> Axes:
        match node:
            case ast.Name(name) if name in self.reader.sizes:
                return self.said(name)
            case ast.Constant(int() | float() as number):
                return self.said(f"{number:g}")
            case ast.Name(name):
                return self.tile(name)
            case ast.Attribute(ast.Name(name), "T"):
                return self.tile(name, turned=True)
            case ast.Attribute(inner, "T"):
                return self.enclosed(inner, 4, ".T")[::-1]
            case ast.UnaryOp(ast.USub(), inner):
                self.said("−")
                return self.enclosed(inner, 3)
            case ast.BinOp(left, op, right) if type(op) in _SIGNS:
                return self.operation(left, *_SIGNS[type(op)], right)
            case ast.Call(ast.Name(name), [inner], []):
                self.said(f"{name}(")
                axes = self.write(inner)
                self.said(")")
                return axes
            case ast.Call(ast.Attribute(inner, how), args, keywords) if how in _ALONG:
                return self.along(inner, how, args, {k.arg: ast.unparse(k.value) for k in keywords})
        raise wrong("equation", "what can be drawn", f"{ast.unparse(node)!r} in {self.text!r}", _SYNTAX)

    def said(self, text: str) -> Axes:
        self.parts.append(text)
        return []

    def tile(self, name: str, turned: bool = False) -> Axes:
        axes = self.reader.axes(name, self.text)
        place = len(self.parts)
        if turned:
            axes = axes[::-1]
        self.parts.append(Tile(f"{name}.T" if turned else name, axes))
        # A vector lies, as NumPy prints it.
        return [(axis, (place, k + 2 - len(axes))) for k, axis in enumerate(axes)]

    def enclosed(self, node: ast.expr, binds: int, after: str = "") -> Axes:
        """Write an operand, in brackets if it binds less."""
        brackets = isinstance(node, ast.BinOp | ast.UnaryOp) and _binds(node) < binds
        if brackets:
            self.said("(")
        axes = self.write(node)
        if brackets or after:
            self.said((")" if brackets else "") + after)
        return axes

    def operation(self, left: ast.expr, sign: str, binds: int, right: ast.expr) -> Axes:
        a = self.enclosed(left, binds)
        at = len(self.parts)
        self.said(sign)
        b = self.enclosed(right, binds + 1)
        if sign != "@":
            return self.entries(at, a, b)
        if not (a and b):
            raise wrong("equation", "arrays on both sides of @", repr(self.text), "Multiply numbers by *.")
        inner, other = a[-1], b[-2:][0]
        self.checks.append(Check("inner", at, (inner[0],), (other[0],), (inner[1], other[1])))
        return [*a[:-1], *b[1:]]

    def entries(self, at: int, a: Axes, b: Axes) -> Axes:
        """Return the axes of an operation entry by entry: they are matched from the last one."""
        long, short = (a, b) if len(a) >= len(b) else (b, a)
        axes = long[: len(long) - len(short)]
        for one, other in zip(long[len(axes) :], short, strict=True):
            if one[0] != other[0] and 1 not in (one[0], other[0]):
                self.checks.append(Check("along", at, (one[0],), (other[0],), (one[1], other[1])))
            axes = [*axes, other if one[0] == 1 else one]
        return axes

    def along(self, inner: ast.expr, how: str, args: Sequence[ast.expr], given: dict[Any, str]) -> Axes:
        """Write a sum along an axis, or of all."""
        axes = self.enclosed(inner, 4)
        given = {**dict(zip(["axis"], map(ast.unparse, args), strict=False)), **given}
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        self.said(f".{how}({told})")
        axis, kept = given.pop("axis", None), given.pop("keepdims", "False") == "True"
        if given or axis not in (None, *map(str, range(len(axes)))):
            raise wrong("axis", f"one of {len(axes)}, from 0", f"{told} in {self.text!r}", _SYNTAX)
        gone = [str(k) == axis or axis is None for k in range(len(axes))]
        if kept:
            return [(1, side) if out else (one, side) for (one, side), out in zip(axes, gone, strict=True)]
        return [one for one, out in zip(axes, gone, strict=True) if not out]


def _binds(node: ast.expr) -> int:
    return _SIGNS[type(node.op)][1] if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS else 3


def numbers(axes: Sequence[Axis], sizes: Mapping[str, float]) -> tuple[int, ...]:
    """Return a shape in numbers.

    Examples
    --------
    >>> numbers(("B", 1), {"B": 4.0})
    (4, 1)
    """
    return tuple(axis if isinstance(axis, int) else int(sizes[axis]) for axis in axes)


def written(axes: Sequence[Axis]) -> str:
    """Write a shape as Python does.

    Examples
    --------
    >>> written(("n1",)), written((4, 3))
    ('(n1,)', '(4, 3)')
    """
    return f"({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"


def verdict(equation: Equation, sizes: Mapping[str, float]) -> tuple[str, str]:
    """Say whether an equation fits: "fits", "only" for these sizes, or "differs", and a sentence.

    Examples
    --------
    >>> read = Reader(Shapes("X (B, n0), W (n1, n0), Z (B, n1)", B=4, n0=3, n1=2)).equation
    >>> verdict(read("Z = X @ W.T"), {"B": 4, "n0": 3, "n1": 2})
    ('fits', 'Fits: inner sizes agree: n0.')
    >>> verdict(read("Z = X @ W"), {"B": 4, "n0": 3, "n1": 2})
    ('differs', 'Does not fit: inner sizes 3 and 2 differ (n0, n1).')
    >>> verdict(read("Z = X @ W"), {"B": 4, "n0": 3, "n1": 3})
    ('only', 'Fits for these sizes only: n0 = n1 = 3.')
    """
    told = words()["tiles"]
    if failing := equation.failing(sizes):
        left, right = numbers(failing.left, sizes), numbers(failing.right, sizes)
        if failing.kind == "result":
            name = equation.tiles[0].name
            return "differs", told["result"].format(a=written(left), b=written(right), name=name)
        places = {"a": left[0], "b": right[0], "left": failing.left[0], "right": failing.right[0]}
        return "differs", told[failing.kind].format(**places)
    if chance := [check for check in equation.checks if not check.named]:
        return "only", told["only"].format(pairs=_equal(chance, sizes))
    inner = dict.fromkeys(str(check.left[0]) for check in equation.checks)  # by the same name on both sides
    return "fits", told["fits"].format(pairs=", ".join(inner)) if inner else told["plain"]


def _equal(checks: Sequence[Check], sizes: Mapping[str, float]) -> str:
    """Write what happens to be equal, ``n0 = n1 = 3``."""
    pairs = [pair for check in checks for pair in zip(check.left, check.right, strict=True)]
    alike: dict[Axis, dict[Axis, None]] = {}
    for axis in (axis for a, b in pairs if a != b for axis in (a, b)):
        alike.setdefault(numbers([axis], sizes)[0], {})[axis] = None
    return ", ".join(" = ".join(map(str, {**axes, x: None})) for x, axes in alike.items())
