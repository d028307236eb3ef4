"""What a prediction asks, and how a bet on it is judged: five kinds of cases, without a page.

A case knows what is shown, the answer, and for each wrong bet the sentence that names the belief behind it.
What would leave a reader without such a sentence is refused here. static/predict/judge.js judges the same
way; one list of bets holds both to it (tests/unit/wagers.py).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from numbers import Real
from typing import Any, NamedTuple

from bplib.contract import check_number, check_type, wrong

#: A sentence has at least so many words, and so many of them say more than that the bet is wrong.
FEWEST_WORDS, FEWEST_TELLING = 5, 2
#: Heights closer than this part of the range are level.
LEVEL = 0.08
SIGNS = ("negative", "zero", "positive")
FEATURES = ("sign", "turn", "order")

_DISMISSALS = re.compile(
    r"\b(no|nope|not|wrong|false|incorrect|quite|right|true|correct|unfortunately|sorry|try|again|think|look|another|"
    r"option|answer|guess|bet|mistake|error|this|that|it|is|isn't|was|the|a|an|so|you|your|for|of|to|at|but|here)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S*\w\S*")


class Verdict(NamedTuple):
    """What is said of a bet: whether it is right, and of a wrong one the sentence that is meant for it."""

    right: bool
    sentence: str = ""


@dataclass(frozen=True)
class Handles:
    """Handles that a reader puts at heights: their names and places from left to right, and how far they go.

    Parameters
    ----------
    at : dict of {str: float}
        Three to five names, such as ``"w = -1"``, and where they stand.
    y : (float, float)
        The lowest and the highest place for a handle.

    Examples
    --------
    >>> Handles({"left": 0, "middle": 1, "right": 2}, y=(-1, 1)).level
    0.16
    """

    at: Mapping[str, float]
    y: tuple[float, float]

    @property
    def level(self) -> float:
        """Heights that differ by no more are level."""
        return LEVEL * (self.y[1] - self.y[0])


@dataclass(frozen=True)
class Case:
    """One question with its answer.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    question : str
    shown : dict
        What the page needs to ask it.
    answer : object
        As the page judges by it.
    because : list of [key, sentence]
        In the order in which they are tried.
    then : str
        What is said after every bet.
    """

    kind: str
    question: str
    shown: Mapping[str, Any]
    answer: Any
    because: list[tuple[Any, str]]
    then: str

    def for_page(self) -> dict[str, Any]:
        """Return what travels to the page; what is told after a bet is packed: nobody reads it by chance."""
        told = {"answer": self.answer, "because": self.because, "then": self.then}
        packed = base64.b64encode(json.dumps(told, ensure_ascii=False).encode()).decode("ascii")
        return {"kind": self.kind, "question": self.question, **self.shown, "packed": packed}

    def judge(self, bet: Any) -> Verdict:
        """Say whether a bet is right, and if not, which sentence is meant for it."""
        return _JUDGES[self.kind](self, bet)


def in_words(spec: Mapping[str, Any]) -> str:
    """Return in words what a prediction asks and what one may answer, and not the answer."""
    case = spec["cases"][0]
    match case["kind"]:
        case "choice":
            *some, last = case["options"]
            offer = f"{', '.join(some)} or {last}"
        case "sign":
            offer = "{}, {} or {}".format(*SIGNS)
        case "number":
            offer = "a number"
        case "order":
            offer = f"put in order: {', '.join(case['items'])}"
        case _:
            offer = f"a height for each of {', '.join(name for name, _ in case['handles'])}"
    return f"Predict: {case['question']} ({offer})"


# --- what is refused ----------------------------------------------------------------------------------


def _text(name: str, text: Any) -> str:
    check_type(name, text, str, "text", f"Write {name} in quotes.")
    if not text.strip():
        raise wrong(name, "some words", repr(text), "Say it in a sentence.")
    return str(text)


def _alike(text: str) -> str:
    """Return a text without what makes no difference to a reader."""
    return " ".join(re.findall(r"[\w.+−-]+", text.casefold())).rstrip(".")


def _items(name: str, items: Any, least: int, most: int) -> list[str]:
    """Return a list of texts, all different, of which there are enough and not too many."""
    if isinstance(items, str) or not isinstance(items, Sequence):
        raise wrong(name, "a list of texts", f"{items!r:.60}", f'Write {name}=["...", "..."].', TypeError)
    found = [_text(f"{name}[{k}]", item) for k, item in enumerate(items)]
    if not least <= len(found) <= most:
        raise wrong(name, f"{least} to {most} texts", len(found), "A reader has to see them all at once.")
    for a, b in combinations(found, 2):
        if a == b or (_alike(a) == _alike(b) != ""):
            raise wrong(name, "texts that differ", f"{a!r} and {b!r}", "Leave one of them out.")
    return found


def _sentences(because: Any, needed: Iterable[Any], also: Callable[[Any], bool]) -> list[tuple[Any, str]]:
    """Return the sentences for wrong bets: each needed one is there, and each names a belief of its own."""
    expected = "a dict with a sentence for each wrong bet"
    check_type("because", because, Mapping, expected, "Write because={...}.")
    needed = list(needed)
    for key in needed:
        if key not in because:
            expected = "a sentence that names the belief behind this bet"
            raise wrong(f"because[{key!r}]", expected, "none", "Add it.")
    seen: dict[str, Any] = {}
    for key, sentence in because.items():
        if key not in needed and not also(key):
            known = ", ".join(map(repr, needed))
            raise wrong("because", f"sentences for {known}", repr(key), "Leave it out, or mend its name.")
        name = f"because[{key!r}]"
        told = _alike(_text(name, sentence))
        telling = _WORD.findall(_DISMISSALS.sub(" ", sentence))
        if len(_WORD.findall(sentence)) < FEWEST_WORDS or len(telling) < FEWEST_TELLING:
            remedy = "Say what leads a reader to this bet."
            raise wrong(name, "a sentence that names the belief", repr(sentence), remedy)
        if told in seen:
            came = f"the sentence of {seen[told]!r}"
            raise wrong(name, "a sentence of its own", came, "Name the belief behind this bet.")
        seen[told] = key
    return list(because.items())


def _common(given: Mapping[str, Any]) -> tuple[str, str]:
    check_type("then", given["then"], str, "text", 'Write then="It is ...".')
    return _text("question", given["question"]), given["then"]


# --- the five kinds -----------------------------------------------------------------------------------


def _choice(given: Mapping[str, Any]) -> Case:
    question, then = _common(given)
    options = _items("options", given["options"], 2, 6)
    answer = given["answer"]
    if answer not in options:
        expected = f"one of {', '.join(map(repr, options))}"
        raise wrong("answer", expected, repr(answer), "Compute which of them is right.")
    told = _sentences(given["because"], [o for o in options if o != answer], lambda key: key == answer)
    return Case("choice", question, {"options": options}, answer, told, then)


def _judge_choice(case: Case, bet: Any) -> Verdict:
    options = SIGNS if case.kind == "sign" else case.shown["options"]
    if bet not in options:
        raise wrong("bet", f"one of {', '.join(map(repr, options))}", repr(bet), "Choose one of them.")
    truth = sign_of(case.answer) if case.kind == "sign" else case.answer
    return Verdict(True) if bet == truth else Verdict(False, dict(case.because)[bet])


def sign_of(x: float) -> str:
    """Return "negative", "zero" or "positive"."""
    return SIGNS[1 + (x > 0) - (x < 0)]


def _sign(given: Mapping[str, Any]) -> Case:
    question, then = _common(given)
    answer = check_number("answer", given["answer"])
    wrongs = [option for option in SIGNS if option != sign_of(answer)]
    told = _sentences(given["because"], wrongs, lambda key: key == sign_of(answer))
    return Case("sign", question, {}, answer, told, then)


def _number(given: Mapping[str, Any]) -> Case:
    question, then = _common(given)
    answer = check_number("answer", given["answer"])
    near = check_number("number", given["number"], "It says how far a bet may be off.", above=0)
    told = _sentences(given["because"], ["below", "above"], lambda key: isinstance(key, Real))
    beliefs = [check_number("because", key) for key, _ in told if isinstance(key, Real)]
    for belief in beliefs:
        if abs(belief - answer) <= near:
            came = f"{belief!r}, which is as near as {near!r} to the answer"
            remedy = "Make number smaller, or leave it out."
            raise wrong("because", "numbers that are wrong bets", came, remedy)
    for a, b in combinations(beliefs, 2):
        if abs(a - b) <= 2 * near:
            expected = f"numbers further apart than {2 * near!r}"
            raise wrong("because", expected, f"{a!r} and {b!r}", "Leave one out.")
    # A belief is more telling than a side.
    told = [(float(key) if isinstance(key, Real) else key, sentence) for key, sentence in told]
    told.sort(key=lambda each: isinstance(each[0], str))
    return Case("number", question, {"near": near}, answer, told, then)


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([\s,_])\d{3}(\1\d{3})*(\.\d*)?")


def number_in(text: str) -> float:
    """Return the number that a reader writes: as a page prints it, as a fraction, or in percent.

    >>> number_in("1,339,412"), number_in("1 339 412"), number_in("1/4"), number_in("25 %")
    (1339412.0, 1339412.0, 0.25, 0.25)
    """
    parts = re.sub(r"%\s*$", "/100", text.replace("−", "-")).split("/")
    plain = [re.sub(r"[\s,_]", "", p) if _GROUPED.fullmatch(p.strip()) else p.strip() for p in parts]
    if re.fullmatch(r"[+-]?\d+,\d+", plain[0]):
        raise wrong("bet", "a number", repr(text), "Write the decimals after a point, as in 0.5.")
    if len(plain) > 2 or not all(map(_NUMBER.fullmatch, plain)) or (plain[1:] and not float(plain[1])):
        raise wrong("bet", "a number", repr(text), "Write it in digits: 1339412, 1,339,412, 1/4 or 25%.")
    return float(plain[0]) / float(plain[1] if plain[1:] else 1)


def _judge_number(case: Case, bet: Any) -> Verdict:
    number = check_number("bet", number_in(bet) if isinstance(bet, str) else bet)
    near = case.shown["near"]
    if abs(number - case.answer) <= near:
        return Verdict(True)
    side = "below" if number < case.answer else "above"
    for key, sentence in case.because:
        if key == side or (isinstance(key, float) and abs(number - key) <= near):
            return Verdict(False, sentence)
    raise AssertionError("both sides have a sentence")


def _order(given: Mapping[str, Any]) -> Case:
    question, then = _common(given)
    items = _items("order", given["order"], 3, 6)
    answer = _items("answer", given["answer"], 3, 6)
    if sorted(answer) != sorted(items):
        raise wrong("answer", f"the items of order, {', '.join(items)}", ", ".join(answer), "Sort that list.")
    if answer == items:
        came = ", ".join(items)
        raise wrong("order", "another order than the answer's", came, "Show them in one that tells nothing.")
    place = {item: k for k, item in enumerate(answer)}

    def turned(key: Any) -> bool:
        known = isinstance(key, tuple) and len(key) == 2 and set(key) <= set(items)
        return known and place[key[0]] > place[key[1]]

    told = _sentences(given["because"], [(b, a) for a, b in pairwise(answer)], turned)
    return Case("order", question, {"items": items}, answer, told, then)


def _judge_order(case: Case, bet: Any) -> Verdict:
    made = list(bet)
    if sorted(made) != sorted(case.answer):
        came = ", ".join(map(str, made))
        raise wrong("bet", f"all of {', '.join(case.answer)} in an order", came, "Use each of them once.")
    if made == case.answer:
        return Verdict(True)
    # Of two neighbours in the answer at least one pair is the wrong way round.
    return Verdict(False, next(s for (a, b), s in case.because if made.index(a) < made.index(b)))


def _place(given: Mapping[str, Any]) -> Case:
    question, then = _common(given)
    handles = given["place"]
    check_type("place", handles, Handles, "Handles", 'Write place=Handles({"w = 0": 0, ...}, y=(-1, 1)).')
    check_type("place.at", handles.at, Mapping, "a dict of names and places", 'Write {"w = 0": 0, ...}.')
    names = _items("place.at", list(handles.at), 3, 5)
    xs = [check_number(f"place.at[{name!r}]", x) for name, x in handles.at.items()]
    if any(b <= a for a, b in pairwise(xs)):
        raise wrong("place.at", "places from left to right", xs, "Sort them.")
    lo, hi = (check_number("place.y", y) for y in handles.y)
    if lo >= hi:
        raise wrong("place.y", "a range (lo, hi) with lo < hi", (lo, hi), "Turn it round.")
    answer = _heights("answer", given["answer"], len(names), lo, hi)
    told = _sentences(given["because"], [], lambda key: key in FEATURES)
    if not told:
        expected = f"a sentence for one of {', '.join(FEATURES)}"
        raise wrong("because", expected, "none", "Say by what a bet is judged.")
    pictures = [_heights(f"pictures[{k}]", p, len(names), lo, hi) for k, p in enumerate(given["pictures"])]
    if len(pictures) != 3:
        raise wrong("pictures", "three lists of heights", len(pictures), "The fourth is the answer's.")
    shown = {"handles": [list(pair) for pair in zip(names, xs, strict=True)], "y": [lo, hi]}
    case = Case("place", question, shown, answer, told, then)
    for k, picture in enumerate(pictures):
        if case.judge(picture).right:
            came = "one that a bet is judged right by"
            raise wrong(f"pictures[{k}]", "a wrong picture", came, "Draw what a belief would lead to.")
    # The answer's picture stands where the question's letters put it.
    pictures.insert(sum(map(ord, question)) % 4, answer)
    return Case("place", question, {**shown, "pictures": pictures}, answer, told, then)


def _heights(name: str, heights: Any, count: int, lo: float, hi: float) -> list[float]:
    found = [check_number(f"{name}[{k}]", y) for k, y in enumerate(heights)]
    if len(found) != count:
        raise wrong(name, f"{count} heights, one for each handle", len(found), "Compute one for each.")
    if outside := [y for y in found if not lo <= y <= hi]:
        raise wrong(name, f"heights from {lo:g} to {hi:g}", outside[0], "Make the range of place wider.")
    return found


def features(heights: Sequence[float], level: float) -> dict[str, Any]:
    """Return what a line through these heights looks like: signs, turning points, which of two is higher.

    >>> features([-1, 1, 0], level=0.1)
    {'sign': [-1, 1, 0], 'turn': [-1], 'order': [1, 1, -1]}
    """

    def step(d: float) -> int:
        return 0 if abs(d) <= level else int(math.copysign(1, d))

    rises = [step(b - a) for a, b in pairwise(heights)]
    return {
        "sign": [step(y) for y in heights],
        "turn": [b if a * b < 0 else 0 for a, b in pairwise(rises)],
        "order": [step(b - a) for a, b in combinations(heights, 2)],
    }


def _judge_place(case: Case, bet: Any) -> Verdict:
    lo, hi = case.shown["y"]
    made = _heights("bet", bet, len(case.answer), lo, hi)
    level = LEVEL * (hi - lo)
    mine, truth = features(made, level), features(case.answer, level)
    wrongs = [sentence for key, sentence in case.because if mine[key] != truth[key]]
    return Verdict(False, wrongs[0]) if wrongs else Verdict(True)


#: By kind: the argument of `predict` that asks for it, and what makes a case of it.
KINDS: dict[str, tuple[str, Callable[[Mapping[str, Any]], Case]]] = {
    "choice": ("options", _choice),
    "number": ("number", _number),
    "sign": ("sign", _sign),
    "order": ("order", _order),
    "place": ("place", _place),
}
_JUDGES: dict[str, Callable[[Case, Any], Verdict]] = {
    "choice": _judge_choice,
    "sign": _judge_choice,
    "number": _judge_number,
    "order": _judge_order,
    "place": _judge_place,
}
