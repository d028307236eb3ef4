"""Chapter 4's checks, as students meet them: stubs, zeros, likely mistakes, right answers of many kinds."""

from __future__ import annotations

import math
import re

import nbformat
import numpy as np
import pytest
from notebooks import BOOK

from bplib import functional as fn
from bplib.checks import Check
from bplib.exercises import ch04
from bplib.neurons import neurons
from bplib.scalar import Value

CHECKS = {name: check for name, check in vars(ch04).items() if isinstance(check, Check)}
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


def by_arrays(x, W1, b1, W2, b2, y):
    """Backward with the package's own pairs, a batch of one."""
    z1, c1 = fn.affine(x[None, :], W1, b1)
    a1, ct = fn.tanh(z1)
    z2, c2 = fn.affine(a1, W2, b2)
    yhat, _ = fn.sigmoid(z2)
    da1, dW2, db2 = fn.affine_backward((yhat - y) / y.size, c2)
    (dz1,) = fn.tanh_backward(da1, ct)
    _, dW1, db1 = fn.affine_backward(dz1, c1)
    return dW1, db1, dW2, db2


def by_neurons(x, W1, b1, W2, b2, y):
    """Backward with the scalar engine, for two layers of any width and one output."""
    net = neurons([W1, [W2]], [b1, [b2]], ["relu", "sigmoid"], x=x, y=[y], loss="bce_from_logit")
    net.loss.backward()
    return net


def loop_forward(x, W1, b1, W2, b2, y):
    a = [
        math.tanh(sum(w * v for w, v in zip(row, x, strict=True)) + b) for row, b in zip(W1, b1, strict=True)
    ]
    z = [sum(w * v for w, v in zip(row, a, strict=True)) + b for row, b in zip(W2, b2, strict=True)]
    terms = [math.log(1 + math.exp(-v if t else v)) for v, t in zip(z, y, strict=True)]
    return [1 / (1 + math.exp(-v)) for v in z], sum(terms) / len(terms)


def step_by_values(W1, b1, W2, b2, x, y, rate):
    net = neurons([[[W1]], [[W2]]], [[b1], [b2]], ["relu", "sigmoid"], x=[x], y=[y], loss="bce")
    net.loss.backward()
    return tuple(p.data - rate * p.grad for p in net.params)


def counting_by_values(W1, W2, x, y):
    w1, w2 = Value(W1, "W1"), Value(W2, "W2")
    z2 = w2 * (w1 * x).tanh()
    (z2.exp() - y * z2).backward()
    return z2.grad, w2.grad, w1.grad


def corner_by_formula(x, W1, b1, W2, b2, y):
    z2 = W2[1] * max(float(W1[1] @ x + b1[1]), 0.0) + b2
    right = (1 / (1 + math.exp(-z2)) - y) * W2[0]
    return float(-np.dot(W1, x)[0]), right, 0.5 * right


RIGHT = [
    ("check_layer_gradients", lambda delta, a: (delta[:, None] * a[None, :], list(delta))),
    ("check_by_hand", lambda: [0.269, 0.313, 0.269, 0.538, -0.403, -1.21]),
    ("check_forward", loop_forward),
    ("check_backward", by_arrays),
    ("check_relative_error", lambda a, n: math.dist(a.ravel(), n.ravel()) / (
        math.hypot(*a.ravel()) + math.hypot(*n.ravel()))),
    ("check_counting", counting_by_values),
    ("check_repaired", step_by_values),
    ("check_input_gradient", lambda *case: [v.grad for v in by_neurons(*case).x]),
    ("check_corner", corner_by_formula),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_written_differently(name, answer):
    feedback = CHECKS[name](answer)
    assert feedback, feedback


def test_every_check_has_a_right_answer_written_differently():
    assert {name for name, _ in RIGHT} == set(CHECKS)


def without_half(*case):
    return tuple(2 * part for part in by_arrays(*case))


WRONG = [
    ("check_layer_gradients", lambda delta, a: (np.outer(delta, a), 0 * delta), "db: it is zero"),
    ("check_by_hand", lambda: (0.269, 0.313, 0.269, 0.538, -0.538, -1.614), "delta1: it is not the right"),
    ("check_by_hand", lambda: (0.269, 0.313, 0.269, 0.538, 0.403, 1.21), "delta1: the sign is wrong"),
    ("check_backward", without_half, "dW1: the loss is a mean over two outputs"),
    ("check_backward", lambda *case: by_arrays(*case)[::-1], "dW1: it and db2 have changed places"),
    ("check_backward", lambda *case: (by_arrays(*case)[0].T, *by_arrays(*case)[1:]), "dW1: it is transposed"),
    ("check_repaired", lambda *case: step_by_values(*case)[0], "Return W1, b1, W2, b2"),
    ("check_corner", lambda *case: (*corner_by_formula(*case)[:2], 0.0), "central: it is zero"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_wrong_answers_as_students_write_them(name, answer, said):
    feedback = CHECKS[name](answer)
    assert not feedback
    assert said in feedback.text


def test_the_notebook_uses_every_check():
    nb = nbformat.read(BOOK / "solutions/04-two-layer-network.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    assert set(re.findall(r"ch04\.(\w+)\(", code)) == set(CHECKS)


def test_what_the_frameworks_do_is_what_they_do(torch, capsys):
    """The chapter quotes lines for PyTorch and what they print; run them and compare."""
    nb = nbformat.read(BOOK / "04-two-layer-network.ipynb", as_version=4)
    (text,) = [cell.source for cell in nb.cells if "import torch" in cell.source]
    source, quoted = re.search(r"```python\n(.*?)```\n\nIt prints `(.*?)`", text, re.DOTALL).groups()
    exec(compile(source, "chapter 4", "exec"), {})
    assert capsys.readouterr().out.strip() == quoted
    slopes = []
    for rectifier in (torch.relu, lambda z: torch.maximum(z, 0 * z.detach()), lambda z: z.clamp(min=0)):
        z = torch.zeros(1, requires_grad=True)
        rectifier(z).backward()
        slopes.append(z.grad.item())
    assert slopes == [0, 0.5, 1]
