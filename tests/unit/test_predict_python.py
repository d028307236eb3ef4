"""Predictions in Python: what is refused, how bets are judged, what travels to the page, variants."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest
import wagers
from offline import with_questions
from wagers import (
    BELOW,
    HANDLES,
    KINDS,
    NO_NUMBERS,
    SMALLER,
    WAGERS,
    ZERO,
    choice,
    number,
    order,
    place,
    sign,
)

from bplib.widgets.bets import Case, features
from bplib.widgets.predict import Handles, predict


@pytest.mark.parametrize(("make", "bet", "sentence"), WAGERS)
def test_a_bet_gets_its_own_sentence(make, bet, sentence):
    assert make().judge(bet) == (not sentence, sentence)


@pytest.mark.parametrize("make", KINDS)
def test_every_kind_is_tried_rightly_and_wrongly(make):
    tried = [sentence for made, _, sentence in WAGERS if made is make]
    told = [sentence for _, sentence in make().cases[0].because]
    assert "" in tried
    assert set(tried) - {""} == set(told)


@pytest.mark.parametrize(
    ("make", "bet", "said"),
    [
        (choice, "huge", "bet: expected one of 'zero', 'smaller', 'larger', got 'huge'"),
        (number, math.nan, "bet: expected a finite number"),
        (sign, "plus", "bet: expected one of 'negative'"),
        (order, ["mix", "mix", "loss"], "bet: expected all of loss, squash, mix in an order"),
        (place, [0, 0, 0], "bet: expected 4 heights"),
        (place, [0, 0, 0, 2], "bet: expected heights from -1 to 1, got 2.0"),
    ],
)
def test_what_is_no_bet_is_refused(make, bet, said):
    with pytest.raises(ValueError, match=said):
        make().judge(bet)


@pytest.mark.parametrize(("text", "said"), NO_NUMBERS.items())
def test_what_is_no_number_says_why(text, said):
    with pytest.raises(ValueError, match=said):
        number().judge(text)


TWICE = {"zero": ZERO, "smaller": ZERO.upper().replace(",", "")}


@pytest.mark.parametrize(
    ("make", "given", "said"),
    [
        # What is asked.
        (choice, {"options": ["larger"]}, "options: expected 2 to 6 texts, got 1"),
        (
            choice,
            {"options": ["larger", "zero", "Larger."]},
            "options: expected texts that differ, got 'larger' and",
        ),
        (choice, {"options": ["larger", "zero", " "]}, r"options\[2\]: expected some words"),
        (choice, {"options": "larger"}, "options: expected a list of texts"),
        (choice, {"options": ["larger", 2]}, r"options\[1\]: expected text"),
        (
            choice,
            {"sign": True},
            "predict: expected one of options, number, sign, order, place, got options and sign",
        ),
        (choice, {"options": None}, "predict: expected one of .* got none"),
        (choice, {"pictures": [[1]]}, "pictures: expected none without place, got 1"),
        (choice, {"name": "Weight zero"}, "name: expected small letters, digits and hyphens"),
        (choice, {"name": 3}, "name: expected a short name"),
        (choice, {"then": None}, "then: expected text"),
        (order, {"order": ["mix", "loss"]}, "order: expected 3 to 6 texts, got 2"),
        (order, {"order": ["loss", "squash", "mix"]}, "order: expected another order than the answer's"),
        (place, {"place": {"left": 0}}, "place: expected Handles"),
        (place, {"place": Handles({"a": 0, "b": 1}, (0, 1))}, "place.at: expected 3 to 5 texts, got 2"),
        (
            place,
            {"place": Handles({"a": 0, "b": 1, "c": 1}, (0, 1))},
            "place.at: expected places from left to right",
        ),
        (place, {"place": Handles(HANDLES.at, (1, 1))}, "place.y: expected a range"),
        (place, {"pictures": []}, "pictures: expected three lists of heights, got 0"),
        (place, {"pictures": [[0.4, 0.4, -0.5, -0.3]] * 3}, r"pictures\[0\]: expected a wrong picture"),
        # The answer.
        (choice, {"answer": "huge"}, "answer: expected one of 'zero', 'smaller', 'larger', got 'huge'"),
        (number, {"answer": math.nan}, "answer: expected a finite number, got nan"),
        (number, {"answer": math.inf}, "answer: expected a finite number, got inf"),
        (number, {"answer": "6"}, "answer: expected a finite number, got str '6'"),
        (number, {"number": 0}, "number: expected a finite number, above 0, got 0.0. It says how far"),
        (number, {"number": -1}, "number: expected a finite number, above 0"),
        (number, {"number": math.inf}, "number: expected a finite number, above 0"),
        (sign, {"answer": -math.inf}, "answer: expected a finite number"),
        (
            order,
            {"answer": ["loss", "mix", "step"]},
            "answer: expected the items of order, mix, squash, loss, got",
        ),
        (place, {"answer": [0, 0, 0]}, "answer: expected 4 heights"),
        (place, {"answer": [0, 0, 0, math.nan]}, r"answer\[3\]: expected a finite number"),
        (place, {"answer": [0, 0, 0, 2]}, "answer: expected heights from -1 to 1, got 2.0. Make the range"),
        # The sentences.
        (
            choice,
            {"because": {"zero": ZERO}},
            "because.'smaller'.: expected a sentence that names the belief .* none",
        ),
        (choice, {"because": [ZERO, SMALLER]}, "because: expected a dict with a sentence for each wrong bet"),
        (
            choice,
            {"because": {"zero": ZERO, "smaller": ZERO}},
            "a sentence of its own, got the sentence of 'zero'",
        ),
        (choice, {"because": TWICE}, "a sentence of its own, got the sentence of 'zero'"),
        (
            choice,
            {"because": {"zero": ZERO, "smaller": SMALLER, "huge": BELOW}},
            "sentences for 'zero', 'smaller', got",
        ),
        (number, {"because": {"below": BELOW}}, "because.'above'.: expected a sentence"),
        (
            number,
            {"because": {"below": BELOW, "above": ZERO, 6.2: SMALLER}},
            "wrong bets, got 6.2, which is as near as",
        ),
        (
            number,
            {"because": {"below": BELOW, "above": ZERO, 1: SMALLER, 1.5: TWICE["smaller"]}},
            "of its own",
        ),
        (
            number,
            {"because": {"below": BELOW, "above": ZERO, 1: SMALLER, 1.5: wagers.FAR}},
            "further apart than 0.5",
        ),
        (
            number,
            {"because": {"below": BELOW, "above": ZERO, "nearly": SMALLER}},
            "'below', 'above', got 'nearly'",
        ),
        (sign, {"because": {"zero": ZERO}}, "because.'negative'.: expected a sentence"),
        (order, {"because": {("squash", "loss"): BELOW}}, "because.*'mix', 'squash'.*: expected a sentence"),
        (place, {"because": {}}, "because: expected a sentence for one of sign, turn, order, got none"),
        (place, {"because": {"colour": BELOW}}, "because: expected sentences for , got 'colour'"),
    ],
)
def test_what_would_leave_a_reader_without_an_answer_is_refused(make, given, said):
    with pytest.raises((ValueError, TypeError), match=said):
        make(**given)


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "Wrong.",
        "No",
        "Not quite, try again.",
        "This is not the right answer, sorry.",
        "Too small.",
        "That is wrong: look again.",
    ],
)
def test_a_sentence_says_more_than_that_it_is_wrong(sentence):
    said = "expected (a sentence that names the belief|some words)"
    with pytest.raises(ValueError, match=said):
        choice(because={"zero": ZERO, "smaller": sentence})


def test_a_question_has_words():
    with pytest.raises(ValueError, match="question: expected some words"):
        predict("  ", ["a", "b"], answer="a", because={"b": ZERO}, name="a")


# Variants.


def test_variants_ask_something_else_and_have_their_own_answers():
    made = wagers.varied()
    assert len(made.cases) == 9
    assert len({case.question for case in made.cases}) == 9
    assert len({case.answer for case in made.cases}) > 4
    for k, case in enumerate(made.cases):
        assert made.judge(case.answer, k).right
        assert made.judge(case.answer / 2, k).sentence == wagers.HALF
    # The same each time: the page of an edition is one.
    assert wagers.varied().spec == made.spec


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (lambda rng: 3, "vary: expected a function that returns a dict"),
        (lambda rng: {"question": "?!"}, "vary: expected an answer with the new numbers, got question"),
        (lambda rng: {"answer": 6.0, "folds": True}, "vary: expected a dict of .* got 'folds'"),
        (lambda rng: {"answer": 6.0}, "vary: expected 8 different variants, got 0"),
        (
            lambda rng: {"question": f"{rng.random()}", "answer": 6.0},
            "with different answers, got always 6.0",
        ),
        (lambda rng: {"question": f"{rng.random()}", "answer": math.nan}, "answer: expected a finite number"),
    ],
)
def test_variants_that_are_none_are_refused(vary, said):
    with pytest.raises((ValueError, TypeError), match=said):
        number(vary=vary)


# What travels.


def unpacked(case):
    return json.loads(base64.b64decode(case["packed"]))


@pytest.mark.parametrize("make", KINDS)
def test_what_is_told_after_a_bet_is_packed(make):
    made = make()
    (case,) = made.spec["cases"]
    told = unpacked(case)
    assert told["then"] == made.cases[0].then
    assert [sentence for _, sentence in told["because"]] == [s for _, s in made.cases[0].because]
    plain = json.dumps(made.spec)
    assert not [sentence for _, sentence in told["because"] if sentence in plain]
    assert '"answer"' not in plain


@pytest.mark.parametrize("make", KINDS)
def test_what_is_stored_is_the_question_and_no_answer(make):
    made = make()
    data, _ = made._repr_mimebundle_()
    assert data["text/plain"] == repr(made)
    assert repr(made).startswith(f"Predict: {made.cases[0].question} (")
    assert set(data) <= {"text/plain", "application/vnd.jupyter.widget-view+json"}
    for _, sentence in made.cases[0].because:
        assert sentence not in repr(made)
    if make in (number, sign, place):
        assert str(made.cases[0].answer) not in repr(made)
    if make is order:
        assert ", ".join(made.cases[0].answer) not in repr(made)


def test_a_page_without_scripts_has_the_words():
    made = choice(options=["zero", "smaller", "<larger>"], answer="<larger>")
    view = '<script type="application/vnd.jupyter.widget-view+json">{"model_id": "%s"}</script>'
    body = f"{view % 'a'}<p>{view % 'b'}"
    state = {"a": {"state": {"_bplib_kind": "live"}}, "b": {"state": made.get_state()}}
    words = "Predict: How large is the gradient at `w` = 0? (zero, smaller or &lt;larger&gt;)"
    assert with_questions(body, state) == f"{view % 'a'}<p><noscript><p>{words}</p></noscript>\n{view % 'b'}"


def test_a_variant_carries_what_is_its_own():
    first, *others = wagers.varied().spec["cases"]
    assert {"kind", "question", "near", "packed"} == first.keys()
    assert all("question" in other and other.keys() <= {"question", "packed"} for other in others)


def test_it_folds_when_asked():
    assert choice(folds=True).folds
    assert not choice().folds


def test_it_says_how_to_draw():
    assert features([0.0, 1.0, 0.0, 0.01], 0.05) == {
        "sign": [0, 1, 0, 0],
        "turn": [-1, 0],
        "order": [1, 0, 0, -1, -1, 0],
    }
    assert HANDLES.level == pytest.approx(0.16)


def test_one_of_the_pictures_is_the_answer_and_not_always_the_same():
    places = set()
    for question in ("Where?", "Where is it?", "How steep?", "At which?"):
        case = predict(
            question, place=HANDLES, answer=place().cases[0].answer, because={"sign": wagers.SIGN},
            pictures=[[0.9] * 4, [-0.9] * 4, [-0.9, -0.9, 0.9, 0.9]], name="a",
        ).cases[0]  # fmt: skip
        assert isinstance(case, Case)
        right = [k for k, picture in enumerate(case.shown["pictures"]) if case.judge(picture).right]
        places.add(*right)
    assert len(places) > 1


def test_numbers_of_numpy_are_numbers():
    assert number(answer=np.float64(6), number=np.float64(0.25)).judge(np.float64(6)).right
