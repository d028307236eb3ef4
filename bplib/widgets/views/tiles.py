"""The view `tiles`: equations of arrays as rectangles, whose sides are as long as their sizes.

It adds shapes as types: which product fits, by the names of its sizes or only because two of them happen to
be equal. A puzzle lets a reader choose among products; a switch writes the same equations in another
convention.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from bplib.contract import wrong
from bplib.widgets.places import INPUT_NAME, Arrays
from bplib.widgets.shapes import FORM, Axis, Equation, Reader, verdict
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan
    from bplib.widgets.sources import ShapesSource

#: More equations in one form, or candidates of a puzzle, are no longer compared by eye.
MAX_EQUATIONS, MAX_CANDIDATES = 12, 6


def tiles(
    *equations: str,
    choose: Mapping[str, Sequence[str]] | None = None,
    right: Mapping[str, tuple[str, str]] | None = None,
    forms: Mapping[str, Sequence[str]] | None = None,
    samples: str = "B",
) -> dict[str, Any]:
    """Ask `live` for the shapes in some equations as tiles: rows high, columns wide.

    The sizes that meet in a product are marked, equal or not, and a sentence says which. An equation that
    fits only because two sizes happen to be equal is told apart from one that fits by their names.
    Gradients, whose names begin with d, are vermillion, all else blue. Lines part the samples of an array, so
    that they stand upright where samples are columns; an array without samples has none. Under two headings,
    such as forward and backward, equations stand beside each other where there is room.

    Parameters
    ----------
    *equations : str
        In order, written as NumPy does, ``"Z1 = X @ W1.T + b1"``. A left side that is not declared gets the
        shape of the right one. Words and a colon before an equation, ``"backward: dW1 = ..."``, are a heading
        for it and those that follow.
    choose : dict of {str: list of str}, optional
        Puzzles: for an array the expressions among which the reader chooses. Which one is chosen is a number
        of the figure, from 1, or 0; a task can wait for it, ``until=reached("dW1", 2)``.
    right : dict of {str: (str, str)}, optional
        Of a puzzle the right expression, and the reason that is told once one is chosen that fits.
    forms : dict of {str: list of str}, optional
        In place of `equations` the same ones in several conventions, by name; a menu switches between them. A
        line without ``=`` declares shapes for one form: ``"X (n0, B), b1 (n1, 1)"``.
    samples : str
        The size that counts samples.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> from bplib.widgets.live import live
    >>> from bplib.widgets.shapes import Shapes
    >>> shapes = Shapes("X (B, n0), W (n1, n0), b (n1,)", B=4, n0=3, n1=2)
    >>> fig = live(shapes, views=[tiles("forward: Z = X @ W.T + b", "backward: dW = dZ.T @ X")], name="one")
    >>> fig.figure()
    Shapes as tiles. forward: Z (4, 2) = X (4, 3) @ W.T (3, 2) + b (2,). Fits: inner sizes agree: n0.
    backward: dW (2, 3) = dZ.T (2, 4) @ X (4, 3). Fits: inner sizes agree: B.
    """
    return {
        "view": "tiles",
        "of": list(equations),
        "choose": {name: list(of) for name, of in (choose or {}).items()},
        "right": dict(right or {}),
        "forms": {name: list(of) for name, of in (forms or {}).items()},
        "samples": samples,
    }


@dataclass(frozen=True)
class Group:
    """Equations under a heading, which may be empty."""

    heading: str
    equations: list[Equation]


@dataclass(frozen=True)
class Puzzle:
    """Candidates for an array.

    `n` is the place of the input that says which is chosen; of `equations` the first shows what they are made
    of. `right` counts from 1; 0 if the author doesn't say.
    """

    name: str
    n: int
    candidates: list[str]
    equations: list[Equation]
    right: int
    reason: str


@dataclass(frozen=True)
class Tiles(View):
    """The equations in each of their forms, the input that says in which, the puzzles.

    `arrays` lists for each form what there is, as ``[name, axes, whether its gradient is shown]``.
    """

    name: ClassVar[str] = "tiles"
    reads: ClassVar[tuple[str, ...]] = ("shapes",)
    forms: list[list[Group]]
    written: int | None
    puzzles: list[Puzzle]
    samples: str
    arrays: list[list[tuple[str, tuple[Axis, ...], bool]]]

    @classmethod
    def choices(cls, **asked: Any) -> dict[str, Sequence[str]]:
        """Name the form, where there are several, and the arrays of the puzzles."""
        forms, choose = asked["forms"], asked["choose"]
        if len(forms) == 1 or (forms and asked["of"]):
            raise wrong("forms", "two or more, in place of equations", f"{len(forms)}", "Name each form.")
        for name, candidates in choose.items():
            if not INPUT_NAME.fullmatch(name) or name == FORM:
                raise wrong("choose", "names of arrays", repr(name), "Name what is looked for, such as dW1.")
            if not 2 <= len(candidates) <= MAX_CANDIDATES:
                raise wrong(name, f"2 to {MAX_CANDIDATES} candidates", str(len(candidates)), "Add or drop.")
        return {**({FORM: list(forms)} if forms else {}), **choose}

    @classmethod
    def place(
        cls,
        arrays: Arrays,
        controls: Sequence[int],
        of: Sequence[str],
        choose: Mapping[str, Sequence[str]],
        right: Mapping[str, tuple[str, str]],
        forms: Mapping[str, Sequence[str]],
        samples: str,
    ) -> Tiles:
        """Read the equations."""
        source = cast("ShapesSource", arrays.source)  # as `reads` says
        if unknown := [name for name in right if name not in choose]:
            raise wrong("right", f"puzzles, {', '.join(choose) or 'none'}", unknown[0], "Name one of them.")
        if not (of or choose or forms):
            raise wrong("tiles", "equations, forms or something to choose", "none", 'Write "Z = X @ W.T".')
        read = [_form(Reader(source.shapes), equations) for equations in forms.values() or [of]]
        reader, _ = _form(Reader(source.shapes), of)
        puzzles = []
        for name, candidates in choose.items():
            answer, reason = right.get(name, (None, ""))
            if answer is not None and answer not in candidates:
                raise wrong(
                    "right", f"one of {', '.join(candidates)}", repr(answer), "Write it the same way."
                )
            place = candidates.index(answer) + 1 if answer else 0
            n = arrays.input("choose", name)
            puzzles.append(Puzzle(name, n, list(candidates), reader.puzzle(name, candidates), place, reason))
        written = arrays.input("forms", FORM) if forms else None
        found = [_arrays(each, groups, puzzles) for each, groups in read]
        return cls([groups for _, groups in read], written, puzzles, samples, found)

    @property
    def spec(self) -> dict[str, Any]:
        """What the page needs to know, its tuples as the lists that they become on the way."""
        spec = super().spec
        del spec["arrays"]
        plain: dict[str, Any] = json.loads(json.dumps(spec))
        return plain

    @property
    def claims(self) -> list[int]:
        """What is chosen in it."""
        return [puzzle.n for puzzle in self.puzzles]

    @property
    def quantities(self) -> list[list[Any]]:
        """All arrays in one table."""
        return [["", {"arrays": self.arrays, "form": self.written}]]

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the equations in their present form, and of each puzzle what is chosen."""
        from bplib.tiles_picture import draw

        sizes = cast("ShapesSource", plan.source).sizes(inputs)
        groups = self.forms[0 if self.written is None else int(inputs[self.written])]
        rows = [
            (group.heading if k == 0 else "", equation, verdict(equation, sizes))
            for group in groups
            for k, equation in enumerate(group.equations)
        ]
        for puzzle in self.puzzles:
            k = int(inputs[puzzle.n])
            said = verdict(puzzle.equations[k], sizes) if k else ("fits", ", ".join(puzzle.candidates) + "?")
            rows.append((f"{puzzle.name} = ?", puzzle.equations[k], said))
        return draw(rows, sizes, self.samples)


def _form(reader: Reader, lines: Sequence[str]) -> tuple[Reader, list[Group]]:
    """Read the equations of one form, under their headings."""
    groups: list[Group] = []
    for line in lines:
        if not isinstance(line, str):
            raise wrong("tiles", "equations as texts", repr(line), 'Write "Z = X @ W.T".')
        if "=" not in line:
            reader.declare(line)
            continue
        heading, colon, equation = line.rpartition(":")
        if colon or not groups:
            groups.append(Group(heading.strip(), []))
        groups[-1].equations.append(reader.equation(equation))
    if sum(len(group.equations) for group in groups) > MAX_EQUATIONS:
        raise wrong("tiles", f"at most {MAX_EQUATIONS} equations", "more", "Make a second figure.")
    return reader, groups


def _arrays(
    reader: Reader, groups: Sequence[Group], puzzles: Sequence[Puzzle]
) -> list[tuple[str, tuple[Axis, ...], bool]]:
    """List all arrays once, a gradient in the row of what it belongs to."""
    equations = [equation for group in groups for equation in group.equations]
    equations += [equation for puzzle in puzzles for equation in puzzle.equations]
    seen = {tile.name.removesuffix(".T") for equation in equations for tile in equation.tiles}
    return [
        (name, axes, f"d{name}" in seen)
        for name, axes in reader.known.items()
        if not (name[0] == "d" and name[1:] in reader.known)
    ]
