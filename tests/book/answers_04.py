"""Answers to chapter 4's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib.lent import network
from bplib.neurons import neurons
from bplib.scalar import Value


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


def log_kept_from_zero(x, W1, b1, W2, b2, y):
    """Add a tiny number inside the logarithm, as many do."""
    yhat = 1 / (1 + np.exp(-(W2 @ np.tanh(W1 @ x + b1) + b2)))
    return yhat, np.mean(-y * np.log(yhat + 1e-8) - (1 - y) * np.log(1 - yhat + 1e-8))


def backward_loop(x, W1, b1, W2, b2, y):
    """Backward entry by entry, with 1 / cosh(z)**2 for the slope of tanh."""
    z1 = [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(W1, b1, strict=True)]
    yhat, _ = loop_forward(x, W1, b1, W2, b2, y)
    delta2 = [(p - t) / len(y) for p, t in zip(yhat, y, strict=True)]
    delta1 = [sum(W2[i][j] * d for i, d in enumerate(delta2)) / math.cosh(z) ** 2 for j, z in enumerate(z1)]
    dW2 = [[d * math.tanh(z) for z in z1] for d in delta2]
    return [[d * v for v in x] for d in delta1], delta1, dW2, delta2


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


def corner_without_relu(x, W1, b1, W2, b2, y):
    """Forget that the second unit may be silent."""
    z2 = W2[1] * (W1[1] @ x + b1[1]) + b2
    right = (1 / (1 + math.exp(-z2)) - y) * W2[0]
    return -W1[0] @ x, right, right / 2


RIGHT = [
    ("check_layer_gradients", lambda delta, a: (delta[:, None] * a[None, :], list(delta))),
    ("check_by_hand", lambda: [0.269, 0.313, 0.269, 0.538, -0.403, -1.21]),
    ("check_forward", loop_forward),
    ("check_forward", log_kept_from_zero),
    ("check_backward", by_arrays),
    ("check_backward", backward_loop),
    ("check_relative_error", lambda a, n: math.dist(a.ravel(), n.ravel()) / (
        math.hypot(*a.ravel()) + math.hypot(*n.ravel()))),
    ("check_counting", counting_by_values),
    ("check_repaired", step_by_values),
    ("check_input_gradient", lambda *case: [v.grad for v in by_neurons(*case).x]),
    ("check_corner", corner_by_formula),
    ("check_network", lambda *case: (loop_forward(*case)[1], *backward_loop(*case))),
    ("check_network", lambda *case: [np.array(part) for part in network(*case)]),
]  # fmt: skip


def without_half(*case):
    return tuple(2 * part for part in by_arrays(*case))


def half_of_each(x, W1, b1, W2, b2, y):
    """Divide by two, as in exercise 3, however many outputs there are."""
    return tuple(np.multiply(grad, len(y) / 2) for grad in backward_loop(x, W1, b1, W2, b2, y))


def without_transpose(x, W1, b1, W2, b2, y):
    _, _, dW2, delta2 = by_arrays(x, W1, b1, W2, b2, y)
    delta1 = (W2 @ delta2) * (1 - np.tanh(W1 @ x + b1) ** 2)
    return np.outer(delta1, x), delta1, dW2, delta2


def relu_forward(x, W1, b1, W2, b2, y):
    yhat = 1 / (1 + np.exp(-(W2 @ np.maximum(W1 @ x + b1, 0) + b2)))
    return yhat, np.mean(-y * np.log(yhat) - (1 - y) * np.log(1 - yhat))


def half_of_the_loss(x, W1, b1, W2, b2, y):
    yhat = np.array(loop_forward(x, W1, b1, W2, b2, y)[0])
    return yhat, np.mean(-y * np.log(yhat))


def step_without_relu(W1, b1, W2, b2, x, y, rate):
    a1 = max(W1 * x + b1, 0)
    delta2 = 1 / (1 + math.exp(-W2 * a1 - b2)) - y
    delta1 = delta2 * W2
    return W1 - rate * delta1 * x, b1 - rate * delta1, W2 - rate * delta2 * a1, b2 - rate * delta2


def step_in_two(W1, b1, W2, b2, x, y, rate):
    """Move the output first, and come back through the network as it is then."""
    _, _, W2, b2 = step_by_values(W1, b1, W2, b2, x, y, rate)
    W1, b1, _, _ = step_by_values(W1, b1, W2, b2, x, y, rate)
    return W1, b1, W2, b2


def step_in_two_from_x(W1, b1, W2, b2, x, y, rate):
    """Move the hidden unit first, and go through the network as it is then."""
    W1, b1, _, _ = step_by_values(W1, b1, W2, b2, x, y, rate)
    _, _, W2, b2 = step_by_values(W1, b1, W2, b2, x, y, rate)
    return W1, b1, W2, b2


def step_with_new_a1(W1, b1, W2, b2, x, y, rate):
    delta2 = 1 / (1 + math.exp(-W2 * max(W1 * x + b1, 0) - b2)) - y
    delta1 = delta2 * W2 * (W1 * x + b1 > 0)
    W1, b1 = W1 - rate * delta1 * x, b1 - rate * delta1
    return W1, b1, W2 - rate * delta2 * max(W1 * x + b1, 0), b2 - rate * delta2


WRONG = [
    (
        "check_by_hand",
        lambda: (0.269, 0.313, 0.106, 0.212, -0.159, -0.476),
        "delta2: this is the delta of the sq",
    ),
    ("check_by_hand", lambda: (0.269, 0.313, -0.731, -1.46, 1.1, 3.29), "delta2: this is the delta for y"),
    ("check_repaired", step_in_two_from_x, "W2: the hidden unit has moved"),
    ("check_repaired", step_with_new_a1, "W2: W1 and b1 have moved"),
    ("check_layer_gradients", lambda delta, a: (np.outer(delta, a), 0 * delta), "db: it is zero"),
    ("check_by_hand", lambda: (0.269, 0.313, 0.269, 0.538, -0.538, -1.614), "delta1: it is not the right"),
    ("check_by_hand", lambda: (0.269, 0.313, 0.269, 0.538, 0.403, 1.21), "delta1: the sign is wrong"),
    ("check_by_hand", lambda: (0.269, 0.136, 0.269, 0.538, -0.403, -1.21), "loss: log is the natural"),
    ("check_forward", relu_forward, "yhat: the hidden units have a ReLU"),
    ("check_forward", half_of_the_loss, "loss: the part with 1 - y is missing"),
    ("check_backward", without_transpose, "With x = [0.13], W1 = [[-0.13], [0.64], [0.1]]"),
    ("check_backward", without_half, "dW1: the loss is a mean over two outputs"),
    ("check_backward", lambda *case: by_arrays(*case)[::-1], "dW1: it and db2 have changed places"),
    ("check_backward", lambda *case: (by_arrays(*case)[0].T, *by_arrays(*case)[1:]), "dW1: it is transposed"),
    ("check_relative_error", lambda a, n: np.mean(abs(a - n) / (abs(a) + abs(n))), "not the mean over its"),
    ("check_repaired", step_without_relu, "W1: a silent unit passes nothing back"),
    ("check_repaired", step_in_two, "W1: the output has moved"),
    ("check_repaired", lambda *case: step_by_values(*case)[0], "Return W1, b1, W2, b2"),
    ("check_corner", corner_without_relu, "right: the second hidden unit has a ReLU too"),
    ("check_corner", lambda *case: (*corner_by_formula(*case)[:2], 0.0), "central: it is zero"),
    (
        "check_network",
        lambda *case: (loop_forward(*case)[1], *half_of_each(*case)),
        "dW1: the mean is over two outputs here",
    ),
    ("check_network", lambda *case: backward_loop(*case), "Return loss, dW1, db1, dW2, db2, in this order"),
    (
        "check_network",
        lambda *case: (*network(*case)[:3], *network(*case)[:2:-1]),
        "dW2: it and db2 have changed places",
    ),
    (
        "check_network",
        lambda *case: (loop_forward(*case)[1] * len(case[-1]), *backward_loop(*case)),
        "loss: the outputs' losses are summed",
    ),
]
