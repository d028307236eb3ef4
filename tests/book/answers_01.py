"""Answers to chapter 1's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib.gradcheck import numerical_gradient
from bplib.scalar import Value
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


def value_forward(x, w, b, y):
    z = sum((w_i * Value(x_i) for w_i, x_i in zip(w.tolist(), x, strict=True)), Value(b))
    a = z.sigmoid()
    return [np.array(part.data) for part in (z, a, (a - y) ** 2)]


def by_numerical_gradient(x, w, b, y):
    return numerical_gradient(lambda v: (s(v[:-1] @ x + v[-1]) - y) ** 2, np.append(w, b))


def by_hand_in_numpy():
    a = s(np.array(-0.5))
    db = 2 * (a - 1) * a * (1 - a)
    return np.float64(-0.5), a, (1 - a) ** 2, 3 * db, db


def gap_by_differences(w, b, x, y, rate):
    def loss(w, b):
        return (s(w * x + b) - y) ** 2

    dw = (loss(w + 1e-6, b) - loss(w - 1e-6, b)) / 2e-6
    db = (loss(w, b + 1e-6) - loss(w, b - 1e-6)) / 2e-6
    return np.array(loss(w - rate * dw, b - rate * db) - loss(w, b) + rate * (dw * dw + db * db))


def loop_forward(x, w, b, y):
    z = b
    for k in range(len(x)):
        z += x[k] * w[k]
    a = (1 + math.tanh(z / 2)) / 2
    return z, a, a * a - 2 * a * y + y * y


RIGHT = [
    ("check_predicted_change", lambda dw, db, mw, mb: np.dot([dw, db], [mw, mb])),
    ("check_by_hand", lambda: [-0.5, 0.378, 0.387, -0.878, -0.293]),
    ("check_by_hand", lambda: np.array([-0.5, 0.378, 0.387, -0.878, -0.293])),
    ("check_by_hand", by_hand_in_numpy),
    ("check_forward", loop_forward),
    ("check_forward", value_forward),
    ("check_backward", by_complex_step),
    ("check_backward", lambda *case: (by_numerical_gradient(*case)[:-1], by_numerical_gradient(*case)[-1])),
    ("check_gap", gap_by_differences),
    ("check_gap", lambda w, b, x, y, r: (
        (s((w - r * by_tape(w, b, x, y)[0]) * x + b - r * by_tape(w, b, x, y)[1]) - y) ** 2
        - (s(w * x + b) - y) ** 2 + r * np.sum(np.square(by_tape(w, b, x, y))))),
    ("check_factor", lambda: 99),
    ("check_factor", lambda: 10**2),
    ("check_repaired", by_tape),
    ("check_input_gradient", lambda x, w, b, y: (by_complex_step(x, w, b, y)[1] * w).tolist()),
    ("check_other_stations", lambda w, b, x, y: tuple(
        np.tanh(np.tanh(w * x + b) - y) / np.cosh(w * x + b) ** 2 * np.array([x, 1.0]))),
    ("check_slope", lambda a, x, h: a * np.diff(np.array([x - h, x + h]) ** 3) @ [1 / (2 * h)]),
]  # fmt: skip


def doubled(x, w, b, y):
    dw, db = by_complex_step(x, w, b, y)
    return 2 * np.array(dw), 2 * db


def loss_and_gradients(w, b, x, y):
    dw, db = by_tape(w, b, x, y)
    return (s(w * x + b) - y) ** 2, dw, db


def published(w, b, x, y):
    a = s(w * x + b)
    dz = 2 * (a - y) * a * (1 - a)
    return dz * w, dz


def as_column(x, w, b, y):
    dw, db = by_complex_step(x, w, b, y)
    return np.array(dw)[:, None], db


WRONG = [
    ("check_predicted_change", lambda dw, db, mw, mb: -(dw * mw + db * mb), "change: the sign is wrong"),
    ("check_by_hand", lambda: (-0.5, 0.378, 0.387, 0.878, 0.293), "dw: the sign is wrong"),
    ("check_by_hand", lambda: (-0.5, 0.378, 0.387, -0.293, -0.878), "dw: it and db have changed places"),
    ("check_by_hand", lambda: (-0.5, 0.4, 0.36, -0.864, -0.288), "a: it is not the right number"),
    ("check_by_hand", lambda: (-0.5, 0.38, 0.39, -0.88, -0.29), "a: it is within 2 percent"),
    ("check_predicted_change", lambda dw, db, mw, mb: print(dw * mw + db * mb), "returns None"),
    ("check_predicted_change", lambda dw, db, mw, mb: dw + db + mw + mb, "not the right number"),
    ("check_by_hand", lambda: (-0.5, 0.3775, "0.3875", -0.8776, -0.2925), "loss should be a number"),
    ("check_forward", lambda x, w, b, y: (w * x + b, 0.0, 0.0), "z: the products w_i x_i are not added up"),
    (
        "check_forward",
        lambda x, w, b, y: (w @ x[:, None] + b, 0.0, 0.0),
        "z: its shape should be that of a single",
    ),
    (
        "check_forward",
        lambda x, w, b, y: loop_forward(x[:1], w[:1], b, y),
        "z: it is right in 1 case of 3 only",
    ),
    (
        "check_forward",
        lambda x, w, b, y: (w @ x + b, s(w @ x + b), s(w @ x + b) - y ^ 2),
        "stops with TypeError",
    ),
    ("check_backward", doubled, "dw: it is twice as large"),
    ("check_backward", lambda *case: by_complex_step(*case)[::-1], "dw: it and db have changed places"),
    ("check_backward", lambda *case: (by_complex_step(*case)[0], None), "db should be a number"),
    ("check_backward", as_column, "dw: its shape should be (1,), and is (1, 1)"),
    (
        "check_backward",
        lambda x, w, b, y: (as_column(x, w, b, y)[0].sum(), 0.0),
        "dw: the entries are summed",
    ),
    (
        "check_backward",
        lambda x, w, b, y: (2 * (s(w @ x + b) - y) * (w * x), 0.0),
        "its numbers are not the right",
    ),
    ("check_gap", lambda w, b, x, y, r: (r, r), "Return gap, and nothing else; the number of results is 2"),
    ("check_factor", lambda: "100", "factor should be a number"),
    ("check_repaired", lambda w, b, x, y: loss_and_gradients(w, b, x, y)[1:], "It calls loss_and_gradients;"),
    (
        "check_repaired",
        lambda w, b, x, y: (published(w, b, x, y)[0] * x / w, 0.0),
        "dw: it holds NaN or infinity",
    ),
    ("check_repaired", lambda w, b, x, y: Value(w) * x + b, "the number of results is 1"),
    (
        "check_input_gradient",
        lambda x, w, b, y: by_complex_step(x, w, b, y)[1],
        "dx: its shape should be (1,)",
    ),
    ("check_input_gradient", lambda *case: [0 * number for number in case[0]], "dx: it is zero"),
    ("check_other_stations", by_tape, "dw: this is the gradient of the old line"),
    ("check_slope", lambda a, x, h: a * ((x + h) ** 3 - (x - h) ** 3) / h, "slope: it is twice as large"),
    ("check_slope", lambda a, x, h: a * ((x + h) ** 3 - x**3) / h, "slope: this looks to the right only"),
    (
        "check_slope",
        lambda a, x, h: a * ((x + h / 2) ** 3 - (x - h / 2) ** 3) / h,
        "slope: the places are half a step h away",
    ),
    ("check_slope", lambda a, x, h: a * ((x - h) ** 3 - (x + h) ** 3) / 2 / h, "slope: the sign is wrong"),
]
