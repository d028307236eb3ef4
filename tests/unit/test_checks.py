"""The reader of answers: every kind of wrong gets its own line, nothing a student returns makes it raise."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bplib.checks import Check, NotYetError, by_nudging, within
from bplib.scalar import Value

A = np.array([[1.0, 2.0], [3.0, 5.0]])


def right(w, x):
    return 2 * w * x * x


ONE = Check(
    by_nudging(lambda w, x: (w * x) ** 2, "w"),
    returns=["dw"],
    cases=[{"w": 1.0, "x": 2.0}, {"w": -1.0, "x": 3.0}, {"w": 0.5, "x": -1.5}],
    mistakes={"the inner slope is missing": lambda w, x: 2 * w * x},
)
TWO = Check(
    lambda A, v: (A @ v, A.T @ A),
    returns=["out", "gram"],
    cases=[{"A": A, "v": np.array([1.0, -1.0])}, {"A": 2 * A, "v": np.array([0.5, 4.0])}],
    mistakes={"the transpose is used": lambda A, v: {"out": A.T @ v}},
)
PAIR = Check(lambda a, b: (a, b), returns=["da", "db"], cases=[{"a": 1.0, "b": 2.0}])
ROW = Check(lambda v: v, returns=["dv"], cases=[{"v": np.array([1.0, 2.0])}])
MATRIX = Check(lambda A: A, returns=["dA"], cases=[{"A": A}, {"A": -A}])


def stub(*args):
    raise NotImplementedError("Replace this line by your answer.")


class Stubborn:
    """Like a tensor of PyTorch that requires its gradient."""

    data = grad = 1.0

    def __array__(self, *args, **kwargs):
        raise RuntimeError("Can't call numpy() on a tensor that requires grad.")


def fails(error):
    raise error


def inplace(A, v):
    out = A @ v
    A *= 2
    return out, A.T @ A / 4


@pytest.mark.parametrize("answer", [
    right,
    lambda w, x: w * x * (x + x),
    lambda w, x: np.float64(right(w, x)),
    lambda w, x: np.array(right(w, x)),
    lambda w, x: (right(w, x),),
    lambda u, v: right(u, v) * (1 + 1e-9),
])  # fmt: skip
def test_right_answers_written_differently(answer):
    feedback = ONE.judge(answer)
    assert feedback
    assert repr(feedback) == "Right: dw, in 3 cases of 3."


def test_right_arrays_as_tuple_or_list():
    assert TWO.judge(lambda A, v: (A @ v, A.T @ A))
    assert TWO.judge(lambda A, v: [(A @ v).tolist(), A.T.dot(A)])
    assert PAIR.judge(lambda a, b: np.array([a, b]))
    assert ROW.judge(lambda v: tuple(v.tolist()))


def test_a_mask_is_an_array_of_numbers():
    slope = Check(lambda z: (z > 0) * 1.0, returns=["slope"], cases=[{"z": np.array([-1.0, 2.0])}])
    assert slope.judge(lambda z: z > 0)
    assert not slope.judge(lambda z: z < 0)


KINDS = [
    (ONE, stub, "Nothing is written yet"),
    (ONE, 3.0, "its name, without brackets"),
    (ONE, None, "its name, without brackets"),
    (ONE, lambda w, x: None, "returns None"),
    (ONE, lambda w, x: "0.5", "is a str"),
    (ONE, lambda w, x: True, "is a bool"),
    (ONE, lambda w, x: 1j, "is a complex"),
    (ONE, lambda w, x: {"dw": 1.0}, "is a dict"),
    (ONE, lambda w, x: Stubborn(), "is a Stubborn; return its .data"),
    (ONE, lambda w, x: [Value(w)], "is a list of Values; return their .data"),
    (ONE, lambda w, x: fails(AssertionError()), "stops with AssertionError"),
    (ONE, lambda w, x: Value(w), "is a Value; return its .data"),
    (ONE, lambda w, x: [[1.0], [1.0, 2.0]], "should be a number or an array"),
    (ONE, lambda w, x: (1.0, 2.0), "the number of results is 2"),
    (ONE, lambda w, x: w / 0, "stops with ZeroDivisionError"),
    (ONE, lambda w: w, "stops with TypeError"),
    (ONE, lambda w, x: math.nan, "holds NaN or infinity"),
    (ONE, lambda w, x: np.float64(1e308) * 10 * w, "holds NaN or infinity"),
    (ONE, lambda w, x: np.array([1.0]), "its shape should be that of a single number, and is (1,)"),
    (ONE, lambda w, x: 0, "it is zero, whatever comes in"),
    (ONE, lambda w, x: 8.0, "it is the same for every input"),
    (ONE, lambda w, x: -right(w, x), "the sign is wrong"),
    (ONE, lambda w, x: 2 * right(w, x), "twice as large"),
    (ONE, lambda w, x: right(w, x) / 2, "half as large"),
    (ONE, lambda w, x: -2 * right(w, x), "twice as large as it should be, and the sign"),
    (ONE, lambda w, x: -right(w, x) / 2, "half as large as it should be, and the sign"),
    (ONE, lambda w, x: 2 * w * x, "dw: the inner slope is missing. With w = 1, x = 2 it comes out as 4."),
    (ONE, lambda w, x: 2 * w * x * abs(x), "right in 2 cases of 3 only"),
    (ONE, lambda w, x: right(w, x) + 1, "it is not the right number"),
    (ONE, lambda w, x: right(w, x) * (1 + 0.01 * w), "within 2 percent"),
    (ONE, lambda w, x: (right(w, x), w), "Return dw, and nothing else; the number of results is 2"),
    (ONE, lambda w, x: np.ones(2) @ np.ones(3), "matmul: axes of length 2 and 3 don't fit in "),
    (TWO, lambda A, v: A @ v, "Return out, gram, in this order, with commas between; the number"),
    (TWO, lambda A, v: (A @ v, A.T @ A, 1.0), "the number of results is 3"),
    (TWO, lambda A, v: (A.T @ A, A @ v), "out: it and gram have changed places"),
    (TWO, lambda A, v: (A.T @ A, A.T @ A), "out: its shape should be (2,), and is (2, 2)"),
    (TWO, lambda A, v: (A.T @ v, A.T @ A), "out: the transpose is used. With A = [[1, 2], [3, 5]], v"),
    (TWO, lambda A, v: (A @ v + 1, A.T @ A), "its numbers are not the right ones"),
    (TWO, inplace, "changes its argument A in place"),
    (ROW, lambda v: (v, v), "Return dv, and nothing else; the number of results is 2"),
    (TWO, lambda A, v: np.array([1.0, 2.0]), "with commas between; the number of results is 1"),
    (ONE, lambda w, x: w * x if w == 1 else math.nan, "holds NaN or infinity. With w = -1"),
    (MATRIX, lambda A: A.T, "it is transposed"),
    (Check(lambda A: A[:, :1], ["d"], [{"A": A}]), lambda A: A[:, :1].T, "it is transposed"),
    (PAIR, lambda a, b: (b, b), "da: what stands here is db"),
    (ONE, lambda w, x: right(w, x) if w == 1 else -1.0, "right in 1 case of 3 only"),
    (PAIR, lambda a, b: (b, a), "da: it and db have changed places"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answer", "said"), KINDS, ids=range(len(KINDS)))
def test_each_kind_of_wrong_has_its_line(check, answer, said):
    feedback = check.judge(answer)
    assert not feedback
    assert said in feedback.text
    assert feedback.text.startswith("Not yet. ")


def test_shows_the_first_case_that_fails_and_never_the_answer():
    feedback = ONE.judge(lambda w, x: right(w, x) if w == 1 else 7.0)
    assert "With w = -1, x = 3 it comes out as 7." in feedback.text
    assert "-18" not in feedback.text


def test_an_error_of_many_lines_is_told_in_one():
    def fails(w, x):
        raise ValueError("first\nsecond")

    assert ONE.judge(fails).text == "Not yet. With w = 1, x = 2 your function stops with ValueError: first"


def test_one_mark_ends_a_sentence():
    assert "on the way? With w" in ONE.judge(lambda w, x: right(w, x) * (1 + 0.01 * w)).text


def test_no_minus_zero():
    assert "comes out as 0." in ONE.judge(lambda w, x: -0.0).text


def test_an_answer_cannot_change_the_cases():
    TWO.judge(inplace)
    assert TWO.judge(TWO.reference)


@pytest.mark.parametrize(("mistake", "said"), [
    (lambda a, b: {"da": b, "dc": a}, "names a result dc; the results are da, db"),
    (lambda a, b: (b, None), "has None for db; leave it out"),
    (lambda a, b: b, "returns other than the 2 results da, db"),
    (lambda a, b: (b, a, b), "returns other than the 2 results da, db"),
])  # fmt: skip
def test_a_mistake_in_no_result_there_is_is_refused(mistake, said):
    with pytest.raises(ValueError, match=said):
        Check(PAIR.reference, PAIR.returns, PAIR.cases, {"something is wrong": mistake})


def test_a_mistake_may_name_the_results_it_touches():
    named = Check(
        PAIR.reference,
        PAIR.returns,
        PAIR.cases,
        {"it is b": lambda a, b: {"da": b}, "both": lambda a, b: (9, 9)},
    )
    assert "da: it is b" in named.judge(lambda a, b: (b, 7.0)).text
    assert "db: both" in named.judge(lambda a, b: (a, 9.0)).text


def test_called_it_prints_right_and_raises_the_sentence_alone(capsys):
    ONE(right)
    assert capsys.readouterr().out == "Right: dw, in 3 cases of 3.\n"
    with pytest.raises(NotYetError) as raised:
        ONE(lambda w, x: 2 * w * x)
    sentence = "Not yet. dw: the inner slope is missing. With w = 1, x = 2 it comes out as 4."
    assert str(raised.value) == sentence
    assert raised.value._render_traceback_() == [sentence], "IPython shows these lines in place of a stack"
    assert capsys.readouterr().out == ""


def test_a_right_answer_that_warns_is_right_and_leaves_stderr_empty(capsys):
    def warns(w, x):
        warnings.warn("careful", stacklevel=2)
        print("careful", file=sys.stderr)
        return right(w, x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ONE(warns)
    assert capsys.readouterr() == ("Right: dw, in 3 cases of 3.\n", "")


def test_what_an_answer_prints_is_shown_up_to_twenty_lines(capsys):
    def prints(w, x):
        for k in range(100):
            print(k, "x" * 1000)
        print("no end", end="")
        return right(w, x)

    ONE(prints)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:20]] == [str(k) for k in range(20)]
    assert max(map(len, lines)) <= 200
    assert lines[20:] == ["... and 281 lines more from your function.", "Right: dw, in 3 cases of 3."]


def test_a_few_lines_are_shown_as_they_are(capsys):
    ONE(lambda w, x: print("w is", w, end="; ") or print("x is", x) or right(w, x))
    assert capsys.readouterr().out.splitlines()[1] == "w is -1.0; x is 3.0"


@pytest.mark.parametrize(("error", "said"), [
    (RuntimeError("ValueError: no such number"), "your function stops with ValueError: no such number"),
    (RuntimeError("KeyError"), "your function stops with KeyError"),
    (RuntimeError("NotImplementedError: Replace this line."), "Nothing is written yet"),
    (RuntimeError("An Error: happened"), "your function stops with RuntimeError: An Error: happened"),
    (SystemExit(1), "your function stops with SystemExit: 1"),
])  # fmt: skip
def test_an_error_from_another_process_is_told_by_the_type_in_its_message(error, said):
    assert said in ONE.judge(lambda w, x: fails(error)).text


MEASURED = Check(
    lambda x: (2 * x, 2 * x + 1e-9),
    returns=["by_rule", "measured"],
    cases=[{"x": 1.0}, {"x": 2.0}],
    differ={"nothing is measured": {"x": 0.5}},
)


def test_two_results_that_must_differ():
    assert MEASURED.judge(MEASURED.reference)
    said = "Not yet. measured: nothing is measured. With x = 0.5 it comes out as 1."
    assert MEASURED.judge(lambda x: (2 * x, 2 * x)).text == said


HIDDEN = {"w": 2.0, "x": 5.0}


@pytest.mark.parametrize(("answer", "said"), [
    (lambda w, x: 2 * w * x, "Not yet. dw: it is not right in a case that is not shown."),
    (lambda w, x: fails(ValueError(f"{w} {x}")), "Not yet. In a case that is not shown your function stops "
     "with ValueError."),
    (stub, "Not yet. Nothing is written yet: put your lines in the place of NotImplementedError."),
    (lambda w, x: (w, x), "Not yet. Return dw, and nothing else; the number of results is 2."),
])  # fmt: skip
def test_a_hidden_test_tells_nothing_of_its_case(answer, said, capsys):
    ONE.hidden(right, HIDDEN, {"dw": 100.0})
    with pytest.raises(NotYetError) as raised:
        ONE.hidden(lambda *args: print(args) or answer(*args), HIDDEN, {"dw": 100.0})
    assert str(raised.value) == said
    assert capsys.readouterr().out == ""


def test_a_hidden_test_of_a_question_without_arguments():
    question = Check(lambda: (1.0, 2.0), returns=["a", "b"], cases=[{}])
    question.hidden(lambda: (1.0, 2.0), {}, {"a": 1.0, "b": 2.0})
    with pytest.raises(NotYetError, match=r"Not yet\. b: it is not right\.$"):
        question.hidden(lambda: (1.0, 3.0), {}, {"a": 1.0, "b": 2.0})


@pytest.mark.parametrize(("case", "results", "said"), [
    ({"x": 5.0, "w": 2.0}, {"dw": 100.0}, "The arguments of this check are w, x, in this order; got x, w"),
    ({}, {"dw": 100.0}, "got none"),
    (HIDDEN, {"dx": 100.0}, "The results of this check are dw, in this order; got dx"),
])  # fmt: skip
def test_a_hidden_test_with_other_names_is_refused(case, results, said):
    with pytest.raises(ValueError, match=said):
        ONE.hidden(right, case, results)


def test_what_a_check_shows_of_itself_is_neither_answer_nor_mistake():
    assert repr(ONE) == "A check of dw: call it on your function."


def test_within_counts_calls_and_leaves_nothing_behind():
    def chain(k):
        return chain(k - 1) if k else 0

    before = sys.getprofile()
    assert within(12, lambda: chain(9)) == 1.0  # the lambda, ten of chain, and the one that ends the count
    assert within(10, lambda: chain(9)) == 0.0
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 / 0)
    assert sys.getprofile() is before


def test_by_nudging_names_the_arguments_there_are():
    with pytest.raises(ValueError, match="loss has no argument v; its arguments are w, x"):
        by_nudging(lambda w, x: w * x, "v")


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.just(A)
    | st.just(stub),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=5,
)


@given(ODD)
def test_never_raises_on_what_comes_back(value):
    for check in (ONE, TWO, MATRIX):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not check.judge(lambda *args: value)
            assert not check.judge(lambda *args: [value, value])
