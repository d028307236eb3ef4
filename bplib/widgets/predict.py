"""`predict`: a question that the reader answers before the page does.

It adds to a figure the reader's bet: the page asks, the reader commits, and only then it tells. What is asked
is a case of a kind (`bets.py`), its answer is computed by the cell. static/predict shows it and keeps bets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bplib.contract import check_type, wrong
from bplib.widgets.bets import KINDS, Case, Handles, Verdict, in_words
from bplib.widgets.figure import Figure

try:
    import traitlets
except ImportError as error:
    raise ImportError('Predictions need anywidget: pip install "bplib[widgets]"') from error

__all__ = ["Handles", "Prediction", "predict"]

#: So many variants are made, from the first seeds, at most TRIES, that give so many different ones.
VARIANTS, TRIES = 8, 64
#: What a variant may bring anew.
VARIES = ("question", "options", "number", "order", "place", "pictures", "answer", "because", "then")

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def predict(
    question: str,
    options: Sequence[str] | None = None,
    *,
    number: float | None = None,
    sign: bool = False,
    order: Sequence[str] | None = None,
    place: Handles | None = None,
    pictures: Iterable[Sequence[float]] = (),
    answer: Any,
    because: Mapping[Any, str],
    then: str = "",
    name: str,
    folds: bool = False,
    returns: bool = True,
    vary: Callable[[np.random.Generator], Mapping[str, Any]] | None = None,
) -> Prediction:
    """Ask the reader for a prediction, one of five kinds.

    Parameters
    ----------
    question : str
        What is asked, as plain text; `code` in backticks.
    options : list of str, optional
        A choice of two to six. The answer is one of them; `because` has a sentence for each of the others.
    number : float, optional
        A number, and how far a bet may be off, such as ``0.1 * abs(answer)``. The answer is a number;
        `because` has a sentence for ``"below"`` and for ``"above"``, and may have one for numbers that a
        belief leads to: ``{0.25: "That leaves out the factor x.", "below": ...}``.
    sign : bool, optional
        ``"negative"``, ``"zero"`` or ``"positive"``. The answer is the number whose sign it is.
    order : list of str, optional
        Three to six things to put in order, in the order in which they are shown. The answer is the list in
        its order; `because` has a sentence for each pair of neighbours in it, the wrong way round:
        ``{("b", "a"): "Who puts b before a ..."}``, and may have one for other pairs.
    place : Handles, optional
        Three to five named handles to put at heights, ``Handles({"w = 0": 0, ...}, y=(-1, 1))``. The answer
        is a list of heights; `because` has a sentence for each feature by which a bet is judged, in turn:
        ``"sign"``, ``"turn"`` (at which handles the line turns), ``"order"`` (which of two is higher).
    pictures : list of three lists of heights, optional
        With `place`: pictures to choose from in place of drawing, beside that of the answer. In each of them
        one of these features is wrong.
    answer : computed
        The right answer. It is computed by the notebook, never typed.
    because : dict
        For each wrong bet a sentence that names the belief behind it. No sentence is used twice.
    then : str, optional
        What is so, said after every bet: ``f"It is {ratio:.2f} times larger."`` By default the answer alone.
    name : str
        A short name, unique in its page, such as ``"weight-zero"``. Bets are kept under it.
    folds : bool, optional
        Whether the next output and the next paragraph stay folded on the page until the reader has predicted.
    returns : bool, optional
        Whether it may come back on later pages of the site; not where it needs what stands around it.
    vary : callable, optional
        Called as ``vary(rng)``, it returns what another case of the same question has of its own, with
        `answer`: ``{"question": ..., "answer": ..., "because": ...}``. Eight are built in.

    Returns
    -------
    Prediction
        The question; end a cell with it to ask it.

    Raises
    ------
    TypeError
        If an argument is of another kind than said above.
    ValueError
        If not one kind is asked for; an option, a sentence or a name is empty or there twice; the answer is
        not among the options or not finite; a wrong bet has no sentence, or one that says no more than that
        it is wrong; or variants don't differ.

    Examples
    --------
    >>> slope = 2 * 3
    >>> bet = predict(
    ...     "How steep is x * x at 3?", ["3", "6", "9"], answer=str(slope), name="square",
    ...     because={"3": "That is x: the other factor grows too.", "9": "That is the value, not the slope."},
    ... )
    >>> bet
    Predict: How steep is x * x at 3? (3, 6 or 9)
    >>> bet.judge("9")
    Verdict(right=False, sentence='That is the value, not the slope.')
    """
    given = {
        "question": question, "options": options, "number": number, "sign": sign or None, "order": order,
        "place": place, "pictures": list(pictures), "answer": answer, "because": because, "then": then,
    }  # fmt: skip
    check_type("name", name, str, "a short name in small letters", 'Write name="weight-zero", say.')
    if not _NAME.fullmatch(name):
        raise wrong("name", "small letters, digits and hyphens", repr(name), 'Write name="weight-zero", say.')
    cases = [_case(given)]
    if vary is not None:
        cases += _varied(given, cases[0], vary)
    return Prediction(name, cases, folds=bool(folds), returns=bool(returns))


def _case(given: Mapping[str, Any]) -> Case:
    """Return the case that these arguments ask, of the one kind that they name."""
    asked = [kind for kind, (argument, _) in KINDS.items() if given[argument] is not None]
    if len(asked) != 1:
        arguments = ", ".join(argument for argument, _ in KINDS.values())
        came = " and ".join(KINDS[kind][0] for kind in asked) or "none"
        raise wrong("predict", f"one of {arguments}", came, "Say in one way what a bet looks like.")
    if given["pictures"] and asked != ["place"]:
        raise wrong("pictures", "none without place", len(given["pictures"]), "Leave them out.")
    return KINDS[asked[0]][1](given)


def _varied(given: Mapping[str, Any], first: Case, vary: Any) -> list[Case]:
    """Return the first eight variants that differ from each other and from the first case."""
    found = [first]
    for seed in range(TRIES):
        new = vary(np.random.default_rng(seed))
        remedy = "Return {'question': ..., 'answer': ...}."
        check_type("vary", new, Mapping, "a function that returns a dict", remedy)
        if foreign := [key for key in new if key not in VARIES]:
            expected = f"a dict of {', '.join(VARIES)}"
            raise wrong("vary", expected, repr(foreign[0]), "Leave it out, or mend its name.")
        if "answer" not in new:
            raise wrong("vary", "an answer with the new numbers", ", ".join(new) or "none", "Compute it.")
        case = _case({**given, **new})
        if all((case.question, case.answer) != (other.question, other.answer) for other in found):
            found.append(case)
        if len(found) > VARIANTS:
            break
    if len(found) <= VARIANTS:
        remedy = "Draw its numbers from a wider range."
        raise wrong("vary", f"{VARIANTS} different variants", len(found) - 1, remedy)
    if len({repr(case.answer) for case in found}) == 1:
        came = f"always {first.answer!r}"
        raise wrong("vary", "variants with different answers", came, "Let the answer vary too.")
    return found[1:]


class Prediction(Figure):
    """A question to the reader. Make one with `predict`.

    Attributes
    ----------
    name : str
    cases : list of Case
        The question as it stands in the book, then its variants.
    """

    _bplib_kind = traitlets.Unicode("predict").tag(sync=True)
    # What the page shows, and beside it, packed, what it tells after a bet.
    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, name: str, cases: list[Case], *, folds: bool = False, returns: bool = True) -> None:
        self.name = name
        self.cases = cases
        first, *others = [case.for_page() for case in cases]
        # A variant says what it has of its own.
        own = [{key: part for key, part in other.items() if part != first[key]} for other in others]
        super().__init__(spec={"name": name, "folds": folds, "returns": returns, "cases": [first, *own]})

    @property
    def folds(self) -> bool:
        """Whether the next output and paragraph stay folded until the reader has predicted."""
        return bool(self.spec["folds"])

    def judge(self, bet: Any, case: int = 0) -> Verdict:
        """Say whether a bet on a case is right, and if not, what its reader may believe.

        Raises
        ------
        ValueError
            If it is no bet of this kind, such as an option that there is not.
        """
        return self.cases[case].judge(bet)

    def __repr__(self) -> str:
        return in_words(self.spec) if self.spec else "prediction"  # while traitlets is still building it

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        data, metadata = bundle
        data["text/plain"] = repr(self)
        return data, metadata
