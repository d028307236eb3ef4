"""Chapter 2's checks, as students meet them: stubs, zeros, likely mistakes, right answers of many kinds."""

from __future__ import annotations

import math
import re

import nbformat
import numpy as np
import pytest
from notebooks import BOOK

from bplib.checks import Check
from bplib.exercises import ch02
from bplib.scalar import Value

CHECKS = {name: check for name, check in vars(ch02).items() if isinstance(check, Check)}
MISTAKES = [(name, sentence) for name, check in CHECKS.items() for sentence in check.mistakes]
each_check = pytest.mark.parametrize("name", CHECKS)


def as_tuple(out):
    return out if isinstance(out, tuple) else (out,)


def with_one_mistake(check, mistake):
    """Return the right results, except where the mistake says otherwise."""

    def answer(*args):
        wrong = mistake(*args) if len(check.returns) > 1 else (mistake(*args),)
        return tuple(
            good if bad is None else bad
            for good, bad in zip(as_tuple(check.reference(*args)), wrong, strict=True)
        )

    return answer


@each_check
def test_reference_is_right(name):
    assert CHECKS[name](CHECKS[name].reference).text.startswith("Right: ")


@each_check
def test_stub_is_told_to_begin(name):
    def stub(*args):
        raise NotImplementedError("Replace this line by your answer.")

    assert CHECKS[name](stub).text.startswith("Not yet. Nothing is written yet")


@each_check
@pytest.mark.parametrize("number", [0.0, 1.0, -1.0])
def test_zeros_and_ones_are_wrong(name, number):
    check = CHECKS[name]
    feedback = check(
        lambda *args: tuple(0 * np.asarray(good) + number for good in as_tuple(check.reference(*args)))
    )
    assert not feedback
    if number == 0:
        assert "zero, whatever comes in" in feedback.text


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_each_mistake_gets_its_own_sentence(name, sentence):
    check = CHECKS[name]
    feedback = check(with_one_mistake(check, check.mistakes[sentence]))
    assert not feedback
    assert f": {sentence}. " in feedback.text


def by_values(f):
    """Let the scalar engine find the gradients: a right answer that shares no line with the solution."""

    def gradients(*numbers):
        leaves = [Value(number, f"x{k}") for k, number in enumerate(numbers)]
        f(*leaves).backward()
        return tuple(leaf.grad for leaf in leaves)

    return gradients


def complex_step(loss, wrt):
    """Differentiate by the entries of one argument with steps into the complex plane."""

    def gradient(*args):
        grad = np.zeros(args[wrt].shape)
        for at in np.ndindex(grad.shape):
            moved = [np.array(arg, complex) if isinstance(arg, np.ndarray) else arg for arg in args]
            moved[wrt][at] += 1e-30j
            grad[at] = loss(*moved).imag / 1e-30
        return grad.tolist()

    return gradient


def power_paths(x):
    log = math.log(x)
    return math.exp(x * log), math.exp(x * log) * log, math.exp(x * log) * (1 + log)


def shapes_by_looking():
    x, W, X = np.ones(5), np.ones((3, 5)), np.ones((8, 5))
    return np.outer(W @ x, x).shape, x.shape, (X @ W.T).shape, W.shape, list(X.shape)


def count_by_dimensions(sizes, k):
    n, total = np.array(sizes), 0
    total += n[0] * (n[2 : k + 1] @ n[1:k])
    total += n[-1] * (n[k + 1 : -1] @ n[k:-2])
    return total + n[-1] * n[0] * n[k]


def verified(x):
    (slope,) = by_values(lambda x: (3 * x + 1).relu() ** 2)(x)
    return slope, (max(3 * x + 3e-4 + 1, 0) ** 2 - max(3 * x - 3e-4 + 1, 0) ** 2) / 2e-4


def stations(A, C, x):
    t = C @ np.tanh(A @ x)
    return 0.5 * (t * t).sum()


RIGHT = [
    ("check_by_hand", lambda: [7, 49, 2 * 7, 1, 3, 42]),
    ("check_verified", verified),
    ("check_shapes", shapes_by_looking),
    ("check_power", power_paths),
    ("check_meeting", by_values(lambda x, y: x * y * (x + y).sin() + (x * y) ** 2)),
    ("check_repaired", complex_step(stations, 2)),
    ("check_count", count_by_dimensions),
    ("check_middle", complex_step(lambda P, W, Q, T: 0.5 * ((P @ W @ Q - T) ** 2).sum(), 1)),
    ("check_tied", complex_step(lambda X, W: 0.5 * ((X @ W.T @ W - X) ** 2).sum(), 1)),
    (
        "check_unit",
        lambda x, du: (np.eye(len(x)) - np.outer(x, x) / (x @ x)) @ du / math.hypot(*x),
    ),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_written_differently(name, answer):
    feedback = CHECKS[name](answer)
    assert feedback, feedback


def test_every_check_has_a_right_answer_written_differently():
    assert {name for name, _ in RIGHT} == set(CHECKS)


WRONG = [
    ("check_by_hand", lambda: (7, 49, 14, 1, 3, -42), "dy_dx: the sign is wrong"),
    ("check_verified", lambda x: (verified(x)[0], 2 * verified(x)[1]), "measured: it is twice as large"),
    ("check_verified", lambda x: (6 * (3 * x + 1) * (x > 0), 0.0), "it is right in 3 "),
    ("check_shapes", lambda: ((3, 5), 5, (8, 3), (3, 5), (8, 5)), "dx: its shape should be (1,)"),
    ("check_meeting", lambda x, y: (x, y), "it is not the right number"),
    ("check_meeting", lambda x, y: CHECKS["check_meeting"].reference(x, y)[::-1], "dy"),
    (
        "check_repaired",
        lambda A, C, x: A.T @ (C.T @ (C @ np.tanh(A @ x)))[:, None],
        "its shape should be (2,), and is (2, 1)",
    ),
    ("check_count", lambda sizes, k: 1.0, "the same for every input"),
    ("check_middle", lambda P, W, Q, T: (P.T @ (P @ W @ Q - T) @ Q.T).T, "it is transposed"),
    ("check_middle", lambda P, W, Q, T: P @ (P @ W @ Q - T) @ Q, "your function stops with ValueError"),
    ("check_tied", lambda X, W: complex_step(lambda X, W: 0.5 * ((X @ W.T @ W - X) ** 2).sum(), 0)(X, W),
     "its shape should be"),
    ("check_unit", lambda x, du: x / math.hypot(*x), "its numbers are not the right ones"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_wrong_answers_as_students_write_them(name, answer, said):
    feedback = CHECKS[name](answer)
    assert not feedback
    assert said in feedback.text


def test_the_notebook_uses_every_check():
    nb = nbformat.read(BOOK / "solutions/02-chain-rule.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    assert set(re.findall(r"ch02\.(\w+)\(", code)) == set(CHECKS)


def test_what_the_frameworks_do_is_what_they_do(torch, capsys):
    """The chapter quotes lines for PyTorch and what they print; run them and compare."""
    nb = nbformat.read(BOOK / "02-chain-rule.ipynb", as_version=4)
    (text,) = [cell.source for cell in nb.cells if "import torch" in cell.source]
    source, quoted = re.search(r"```python\n(.*?)```\n\nIt prints `(.*?)`", text, re.DOTALL).groups()
    exec(compile(source, "chapter 2", "exec"), {})
    assert capsys.readouterr().out.strip() == quoted
