"""Answers to chapter 1's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib.tape import Tape


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
