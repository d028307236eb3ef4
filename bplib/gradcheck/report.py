"""report: what a gradient check says, as text, as a table in a notebook, and as true or false.

`verdict` fills it in with words that `diagnosis` finds. A report is true when the gradients are right, so
``assert report, report`` is a test that explains its failure.
"""

from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from bplib.gradcheck.diagnosis import at, listed
from bplib.gradcheck.subject import Array


@dataclass(frozen=True)
class Line:
    """What was found for one parameter.

    Attributes
    ----------
    name, shape : str, tuple of int
    ok : bool or None
        None where nothing can be said, which is neither right nor wrong.
    said : str
        What was seen.
    finding : str
        What is wrong: ends the sentence "The claimed gradient of W ...". Empty if nothing is.
    """

    name: str
    shape: tuple[int, ...]
    ok: bool | None
    said: str
    finding: str

    def __str__(self) -> str:
        return f"{self.name} {self.shape or ''}".rstrip() + f": {_WORDS[self.ok]}, {self.said}"


@dataclass(frozen=True)
class Result(Line):
    """What a comparison of numbers found for one parameter.

    Attributes
    ----------
    entries : int
        How many numbers were compared (random directions, with ``directions=k``).
    worst : tuple of int
        Index of the entry that is furthest off.
    claimed, numerical : float
        The two numbers there.
    error : float
        Norm-wise relative error, norm(a - n) / (norm(a) + norm(n)); 0 where both are 0.
    resolution : float
        The smallest relative error that would have been seen, if the whole gradient were off by it.
    errors : array
        The relative error of every entry, 0 where rounding explains it.
    """

    entries: int
    worst: tuple[int, ...]
    claimed: float
    numerical: float
    error: float
    resolution: float
    errors: Array = field(repr=False, compare=False)


_WORDS = {True: "right", False: "WRONG", None: "inconclusive"}


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of a check: true when the gradients are right, readable when they are not.

    Attributes
    ----------
    results : tuple of Result or Line
        One for each parameter; ``report["W"]`` is that of W.
    problems : tuple of str
        What is wrong apart from the numbers: a changed input, an ignored `dout`.
    warnings : tuple of str
        What you should know although it is no error.
    how : str
        How the slopes were measured.
    title : str
        Which check it was.
    noun : str
        What was claimed.
    verdict : str
        "right", "WRONG", or "inconclusive" if no parameter is wrong and nothing can be said about some.
    ok : bool
    diagnosis : str
        All that is wrong, in sentences; empty if nothing is.
    """

    results: tuple[Any, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    how: str
    title: str = "gradient check"
    noun: str = "gradient"

    @property
    def verdict(self) -> str:
        """What the check says, in a word."""
        said = {r.ok for r in self.results} or {None}
        return _WORDS[False if self.problems or False in said else None if None in said else True]

    @property
    def ok(self) -> bool:
        """True if everything is right."""
        return self.verdict == "right"

    @property
    def diagnosis(self) -> str:
        """All that is wrong, in sentences."""
        return " ".join(self._sentences())

    def __bool__(self) -> bool:
        return self.ok

    def __getitem__(self, name: str) -> Any:
        found = {r.name: r for r in self.results}
        if name not in found:
            raise KeyError(f"{name!r} was not checked, only {', '.join(found)}")
        return found[name]

    def __repr__(self) -> str:
        lines = [f"{self.title} ({self.how}): {self.verdict}"]
        lines += [f"  {result}" for result in self.results]
        lines += [f"diagnosis: {sentence}" for sentence in self._sentences()]
        return "\n".join(lines + [f"note: {warning}" for warning in self.warnings])

    def _sentences(self) -> list[str]:
        """Return the problems, then one sentence for all parameters with the same finding."""
        found = dict.fromkeys(r.finding for r in self.results if r.finding)
        sentences = list(self.problems)
        for finding in found:
            first, *rest = (r.name for r in self.results if r.finding == finding)
            likewise = f", and likewise of {listed(rest)}," if rest else ""
            sentences.append(f"The claimed {self.noun} of {first}{likewise} {finding}.")
        return sentences

    def _repr_html_(self) -> str:
        wrong = [r for r in self.results if isinstance(r, Result) and not r.ok]
        heads = ["parameter", "shape", "compared" if self.title == "gradient check" else "seen", "verdict"]
        heads += ["relative error", "worst", "claimed", "numerical"] if wrong else []
        head = "".join(f'<th scope="col">{h}</th>' for h in heads)
        rows = "".join(_html_row(r) for r in self.results)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        said = [escape(s) for s in self._sentences()] + [f"<em>Note:</em> {escape(w)}" for w in self.warnings]
        verdict = f"<p><strong>{_html_verdict(self.verdict)}</strong>, by {escape(self.how)}</p>"
        worst = _heat_map(max(wrong, key=lambda r: r.error)) if wrong else ""
        return f"<div>{verdict}{table}{''.join(f'<p>{s}</p>' for s in said)}{worst}</div>"


def _html_verdict(verdict: str) -> str:
    colour = "light-dark(#00573f,#5ad1a8)" if verdict == "right" else "light-dark(#9a3a00,#ffa366)"
    return f'<span style="color:{colour}">{verdict.lower()}</span>'


def _html_row(r: Line) -> str:
    seen = f"{r.entries:,}" if isinstance(r, Result) else escape(r.said)
    cells = [str(r.shape or "number"), seen, _html_verdict(_WORDS[r.ok])]
    if isinstance(r, Result) and not r.ok:
        cells += [f"{r.error:.2g}", at(r.worst), f"{r.claimed:.6g}", f"{r.numerical:.6g}"]
    return f'<tr><th scope="row">{escape(r.name)}</th>{"".join(f"<td>{c}</td>" for c in cells)}</tr>'


_SHADES = (45, 32, 20, 10, 0)  # per cent of colour for 0, 1, 2, 3 digits that agree, then for more


def _heat_map(r: Result) -> str:
    """Return a table of how many digits agree in each entry, at most 16 by 24: more entries share a cell."""
    grid = r.errors.reshape(-1, r.errors.shape[-1]) if r.errors.ndim else r.errors.reshape(1, 1)
    down, across = -(-grid.shape[0] // 16), -(-grid.shape[1] // 24)
    for axis, block in ((0, down), (1, across)):
        grid = np.maximum.reduceat(grid, range(0, grid.shape[axis], block), axis=axis)
    rows = ""
    for row in np.clip(-np.log10(np.maximum(grid, 1e-9)), 0, 4).astype(int).tolist():
        style = 'style="padding:0.2em 0.5em;background:rgb(213 94 0/{}%)"'
        cells = (f"<td {style.format(_SHADES[d])}>{d if d < 4 else '·'}</td>" for d in row)
        rows += f"<tr>{''.join(cells)}</tr>"
    shared = f"; a cell shows the worst of {down} by {across} entries" if down * across > 1 else ""
    caption = f"Digits that agree in the gradient of {escape(r.name)} (a dot: 4 or more){shared}"
    return f'<p>{caption}:</p><table aria-label="{caption}"><tbody>{rows}</tbody></table>'
