"""Chapter 1's checks, as students meet them: stubs, zeros, likely mistakes, right answers of many kinds."""

from __future__ import annotations

import math
import re

import nbformat
import numpy as np
import pytest
from notebooks import BOOK

from bplib.checks import Check
from bplib.exercises import ch01
from bplib.tape import Tape

CHECKS = {name: check for name, check in vars(ch01).items() if isinstance(check, Check)}
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
    feedback = check(lambda *args: tuple(0 * good + number for good in as_tuple(check.reference(*args))))
    assert not feedback
    if number == 0:
        assert "zero, whatever comes in" in feedback.text


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_each_mistake_gets_its_own_sentence(name, sentence):
    check = CHECKS[name]
    feedback = check(with_one_mistake(check, check.mistakes[sentence]))
    assert not feedback
    assert f": {sentence}. " in feedback.text


def s(z):
    return 1 / (1 + np.exp(-z))


def by_tape(w, b, x, y):
    tape = Tape.record(lambda w, b: ((w * x + b).sigmoid() - y) ** 2, w=w, b=b)
    tape.forward()
    grads = tape.backward()
    return grads["w"], grads["b"]


def by_complex_step(x, w, b, y):
    def loss(w, b):
        return (s(w @ x + b) - y) ** 2

    dw = [loss(w + 1e-30j * e, b).imag / 1e-30 for e in np.eye(len(w))]
    return dw, loss(w, b + 1e-30j).imag / 1e-30


def loop_forward(x, w, b, y):
    z = b
    for k in range(len(x)):
        z += x[k] * w[k]
    a = (1 + math.tanh(z / 2)) / 2
    return z, a, a * a - 2 * a * y + y * y


RIGHT = [
    ("check_predicted_change", lambda dw, db, mw, mb: np.dot([dw, db], [mw, mb])),
    ("check_by_hand", lambda: [-0.5, 0.378, 0.387, -0.878, -0.293]),
    ("check_forward", loop_forward),
    ("check_backward", by_complex_step),
    ("check_gap", lambda w, b, x, y, r: (
        (s((w - r * by_tape(w, b, x, y)[0]) * x + b - r * by_tape(w, b, x, y)[1]) - y) ** 2
        - (s(w * x + b) - y) ** 2 + r * np.sum(np.square(by_tape(w, b, x, y))))),
    ("check_factor", lambda: 99),
    ("check_factor", lambda: 10**2),
    ("check_repaired", by_tape),
    ("check_input_gradient", lambda x, w, b, y: (by_complex_step(x, w, b, y)[1] * w).tolist()),
    ("check_other_stations", lambda w, b, x, y: tuple(
        np.tanh(np.tanh(w * x + b) - y) / np.cosh(w * x + b) ** 2 * np.array([x, 1.0]))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_written_differently(name, answer):
    feedback = CHECKS[name](answer)
    assert feedback, feedback


def test_every_check_has_a_right_answer_written_differently():
    assert {name for name, _ in RIGHT} == set(CHECKS)


def doubled(x, w, b, y):
    dw, db = by_complex_step(x, w, b, y)
    return 2 * np.array(dw), 2 * db


def as_column(x, w, b, y):
    dw, db = by_complex_step(x, w, b, y)
    return np.array(dw)[:, None], db


WRONG = [
    ("check_predicted_change", lambda dw, db, mw, mb: -(dw * mw + db * mb), "change: the sign is wrong"),
    ("check_by_hand", lambda: (-0.5, 0.378, 0.387, 0.878, 0.293), "dw: the sign is wrong"),
    ("check_by_hand", lambda: (-0.5, 0.378, 0.387, -0.293, -0.878), "dw: it and db have changed places"),
    ("check_by_hand", lambda: (-0.5, 0.4, 0.36, -0.864, -0.288), "a: it is not the right number"),
    ("check_by_hand", lambda: (-0.5, 0.38, 0.39, -0.88, -0.29), "a: it is within 2 percent"),
    ("check_by_hand", lambda: np.array([-0.5, 0.378, 0.387, -0.878, -0.293]), "with commas between"),
    ("check_forward", lambda x, w, b, y: (w * x + b, 0.0, 0.0), "z: its shape should be that of a single"),
    ("check_backward", doubled, "dw: it is twice as large"),
    ("check_backward", lambda *case: by_complex_step(*case)[::-1], "dw: it and db have changed places"),
    ("check_backward", lambda *case: (by_complex_step(*case)[0], None), "db should be a number"),
    ("check_backward", as_column, "dw: its shape should be (1,), and is (1, 1)"),
    ("check_other_stations", by_tape, "dw: this is the gradient of the old line"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_wrong_answers_as_students_write_them(name, answer, said):
    feedback = CHECKS[name](answer)
    assert not feedback
    assert said in feedback.text


def test_the_notebook_uses_every_check():
    nb = nbformat.read(BOOK / "solutions/01-credit-assignment.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    assert set(re.findall(r"ch01\.(\w+)\(", code)) == set(CHECKS)


def test_what_the_frameworks_do_is_what_they_do(torch, capsys):
    """The chapter quotes lines for PyTorch and what they print; run them and compare."""
    nb = nbformat.read(BOOK / "01-credit-assignment.ipynb", as_version=4)
    (text,) = [cell.source for cell in nb.cells if "import torch" in cell.source]
    source, quoted = re.search(r"```python\n(.*?)```\n\nIt prints `(.*?)`", text, re.DOTALL).groups()
    exec(compile(source, "chapter 1", "exec"), {})
    assert capsys.readouterr().out.strip() == quoted
