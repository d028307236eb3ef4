"""Answers to chapter 10's exercises, right and wrong; `test_answers.py` says what is asked of them."""

from __future__ import annotations

import math

import numpy as np

from bplib import functional as fn
from bplib.lent import trainer as lent
from bplib.losses import VJP, cross_entropy_with_logits
from bplib.optim import SGD, Adam, AdamW, Momentum, RMSProp
from bplib.train import minibatches


def by_the_package():
    """Let the package's own optimisers walk."""

    def walk(optimizer):
        w, places = np.array([1.0]), []
        for _ in range(2):
            optimizer.step({"w": w}, {"w": 4 * w})
            places.append(float(w[0]))
        return np.array(places)

    rules = (
        SGD(0.1),
        Momentum(0.1, momentum=0.75),
        RMSProp(0.1, decay=0.75),
        Adam(0.1, beta1=0.5, beta2=0.9),
    )
    return (*(walk(rule) for rule in rules), (100.0, 100.0, 1.0, 1.0))


def rounded_steps():
    return [0.6, 0.36], [0.6, 0.06], [0.8, 0.6643], [0.9, 0.8016], [100, 100, 1, 1]


def averaged_as_pytorch_once_did():
    sgd, _, rmsprop, adam, grows = rounded_steps()
    return sgd, [0.9, 0.735], rmsprop, adam, grows


def averaged_at_other_places():
    sgd, _, rmsprop, adam, grows = rounded_steps()
    return sgd, [0.9, 0.765], rmsprop, adam, grows


def rmsprop_stale():
    sgd, momentum, _, adam, grows = rounded_steps()
    return sgd, momentum, [0.8, 0.64], adam, grows


def adam_alone_divides():
    return *rounded_steps()[:4], [100, 100, 100, 1]


def adam_uncorrected():
    sgd, momentum, rmsprop, _, grows = rounded_steps()
    first = 0.1 * 2 / math.sqrt(1.6)
    g = 4 * (1 - first)
    second = 0.1 * (1 + 0.5 * g) / math.sqrt(0.9 * 1.6 + 0.1 * g * g)
    return sgd, momentum, rmsprop, [1 - first, 1 - first - second], grows


def one_by_one(grads, sizes):
    """Add up sample by sample."""
    total = sum(int(n) for n in sizes)
    dw = np.zeros(grads.shape[1])
    for g, n in zip(grads, sizes, strict=True):
        for _ in range(int(n)):
            dw += g / total
    return dw, [n / total for n in sizes], [(1 / len(sizes) / n) / (1 / total) for n in sizes]


def mean_of_means(grads, sizes):
    return grads.mean(axis=0), sizes / sizes.sum(), sizes.sum() / (len(sizes) * sizes)


def by_pairs(X, Y, W1, b1, W2, b2, lam):
    """Take the package's pairs, and the penalty as a layer of its own."""
    Z1, to_Z1 = fn.affine(X, W1, b1)
    A1, to_A1 = fn.tanh(Z1)
    Z2, to_Z2 = fn.affine(A1, W2, b2)
    loss, to_loss = cross_entropy_with_logits(Z2, Y)
    dA1, dW2, db2 = fn.affine_backward(VJP[cross_entropy_with_logits](1.0, to_loss)[0], to_Z2)
    _, dW1, db1 = fn.affine_backward(fn.tanh_backward(dA1, to_A1)[0], to_Z1)
    for W, dW in ((W1, dW1), (W2, dW2)):
        loss = loss + lam * np.linalg.norm(W) ** 2 / 2
        dW += lam * W
    return loss, dW1, db1, dW2, db2


def penalty_in_the_gradient_alone(X, Y, W1, b1, W2, b2, lam):
    _, *grads = by_pairs(X, Y, W1, b1, W2, b2, lam)
    return by_pairs(X, Y, W1, b1, W2, b2, 0.0)[0], *grads


def penalty_in_the_loss_alone(X, Y, W1, b1, W2, b2, lam):
    _, *grads = by_pairs(X, Y, W1, b1, W2, b2, 0.0)
    return by_pairs(X, Y, W1, b1, W2, b2, lam)[0], *grads


def biases_too(X, Y, W1, b1, W2, b2, lam):
    loss, dW1, db1, dW2, db2 = by_pairs(X, Y, W1, b1, W2, b2, lam)
    return loss + lam / 2 * (b1 @ b1 + b2 @ b2), dW1, db1 + lam * b1, dW2, db2 + lam * b2


def decayed_by_the_package(w, g, eta, lam):
    def after(optimizer, grad):
        params = {"w": w.copy()}
        optimizer.step(params, {"w": grad})
        return params["w"]

    whole = g + lam * w
    shrinks = after(SGD(eta), lam * w).flat[0] / w.flat[0]
    return (
        after(SGD(eta), whole),
        shrinks,
        after(Adam(eta, eps=1e-12), whole),
        after(AdamW(eta, weight_decay=lam, eps=1e-12), g),
    )


def adamw_for_adam(w, g, eta, lam):
    sgd, shrinks, _, adamw = decayed_by_the_package(w, g, eta, lam)
    return sgd, shrinks, adamw, adamw


def decayed_twice_as_much(w, g, eta, lam):
    _, _, adam, adamw = decayed_by_the_package(w, g, eta, lam)
    return w - eta * (g + 2 * lam * w), 1 - 2 * eta * lam, adam, adamw


def line(params, X, y):
    w, b = params
    error = X @ w + b - y
    return float(np.mean(error**2)), [2 * error @ X / len(y), np.array([2 * error.mean()])]


def on_lines(train):
    """Call a trainer as the notebook does."""

    def answer(X, y, w, b, rate, epochs, size, seed):
        given, rng = [w, b], np.random.default_rng(int(seed))
        params, losses = train(line, given, X, y, rate, int(epochs), int(size), rng)
        if given[0] is not w or given[1] is not b:
            raise ValueError("trainer puts its results into the list that it was given")
        return *params, losses

    return answer


def by_pieces(gradients, params, X, Y, rate, epochs, size, rng):
    """Cut a shuffled epoch by np.split, and change copies in place."""
    mine, epoch_losses = [np.array(p) for p in params], []
    for _ in range(epochs):
        order = np.arange(len(X))
        rng.shuffle(order)
        each = []
        for part in np.split(order, range(size, len(X), size)):
            value, slopes = gradients(mine, X[part], Y[part])
            for k, slope in enumerate(slopes):
                mine[k] -= rate * slope
            each += [value] * len(part)
        epoch_losses.append(np.mean(each))
    return mine, epoch_losses


def in_place(gradients, params, X, Y, rate, epochs, size, rng):
    for _ in range(epochs):
        rows = rng.permutation(len(X))
        for p, g in zip(params, gradients(params, X[rows], Y[rows])[1], strict=True):
            p -= rate * g
    return params, [0.0] * epochs


def into_the_list(gradients, params, X, Y, rate, epochs, size, rng):
    for k, g in enumerate(gradients(params, X, Y)[1]):
        params[k] = params[k] - rate * g
    return params, [0.0] * epochs


def shuffles_in_place(gradients, params, X, Y, rate, epochs, size, rng):
    rng.shuffle(X)
    return by_pieces(gradients, params, X, Y, rate, epochs, size, rng)


def whole_batches(gradients, params, X, Y, rate, epochs, size, rng):
    losses = []
    for _ in range(epochs):
        order, found = rng.permutation(len(X)), []
        for i in range(len(X) // size):
            rows = order[i * size : (i + 1) * size]
            loss, grads = gradients(params, X[rows], Y[rows])
            params = [p - rate * g for p, g in zip(params, grads, strict=True)]
            found.append(loss)
        losses.append(np.mean(found))
    return params, losses


def mean_of_losses(gradients, params, X, Y, rate, epochs, size, rng):
    losses = []
    for _ in range(epochs):
        order, found = rng.permutation(len(X)), []
        for i in range(0, len(X), size):
            rows = order[i : i + size]
            loss, grads = gradients(params, X[rows], Y[rows])
            params = [p - rate * g for p, g in zip(params, grads, strict=True)]
            found.append(loss)
        losses.append(np.mean(found))
    return params, losses


def one_order(gradients, params, X, Y, rate, epochs, size, rng):
    order = rng.permutation(len(X))
    return by_pieces(gradients, params, X[order], Y[order], rate, epochs, size, Still())


class Still:
    """A generator that leaves everything where it is."""

    def shuffle(self, order):
        pass


def losses_forgotten(gradients, params, X, Y, rate, epochs, size, rng):
    params, losses = by_pieces(gradients, params, X, Y, rate, epochs, size, rng)
    return params, losses[-1]


def rolls(X, y, w, b, rate, epochs, size, seed, mu):
    """Put the rate into the velocity, as other books do."""
    rng, pull_w, pull_b = np.random.default_rng(int(seed)), 0 * w, 0 * b
    for _ in range(int(epochs)):
        rows = list(rng.permutation(len(X)))
        while rows:
            now, rows = rows[: int(size)], rows[int(size) :]
            _, (gw, gb) = line([w, b], X[now], y[now])
            pull_w, pull_b = mu * pull_w - rate * gw, mu * pull_b - rate * gb
            w, b = w + pull_w, b + pull_b
    return w, b


def by_the_package_s_momentum(X, y, w, b, rate, epochs, size, seed, mu):
    params, optimizer = {"w": w.copy(), "b": b.copy()}, Momentum(rate, momentum=mu)
    rng = np.random.default_rng(int(seed))
    for _ in range(int(epochs)):
        for X_some, y_some in minibatches(X, y, int(size), rng):
            gw, gb = line(list(params.values()), X_some, y_some)[1]
            optimizer.step(params, {"w": gw, "b": gb})
    return params["w"], params["b"]


def starts_again(X, y, w, b, rate, epochs, size, seed, mu):
    """Rest at the beginning of each epoch."""
    rng = np.random.default_rng(int(seed))
    for _ in range(int(epochs)):
        order, vw, vb = rng.permutation(len(X)), 0, 0
        for i in range(0, len(X), int(size)):
            _, (gw, gb) = line([w, b], X[order[i : i + int(size)]], y[order[i : i + int(size)]])
            vw, vb = mu * vw + gw, mu * vb + gb
            w, b = w - rate * vw, b - rate * vb
    return w, b


def as_before(*case):
    return rolls(*case[:-1], 1.0)


def searched():
    """Find the best common output by looking at many."""
    p = np.linspace(0.001, 0.999, 9981)
    one, two = -np.log(p) - np.log(1 - p), -np.log(1 - p) - 2 * np.log(p)
    best = p[np.argmin(one)]
    dz = (np.array([best, best, 1, 0]) - [0, 1, 1, 0]) / 4
    return best, dz, two.min() / 4, 2 * one.min() / 4


def by_counting(group, y):
    loss, right, dz = 0.0, 0, [0.0] * len(y)
    for name in sorted(set(group.tolist())):
        rows = [k for k in range(len(y)) if group[k] == name]
        ones = sum(int(y[k]) for k in rows)
        zeros = len(rows) - ones
        for count in (ones, zeros):
            if count:
                loss -= count * math.log(count / len(rows))
        right += max(ones, zeros)
        for k in rows:
            dz[k] = (ones / len(rows) - y[k]) / len(y)
    return loss / len(y), right / len(y), dz


def with_log_of_zero(group, y):
    p = np.array([np.mean(y[group == g]) for g in group])
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    return loss, np.mean(np.maximum(p, 1 - p)), (p - y) / len(y)


def without_groups(group, y):
    p = np.full(len(y), y.mean())
    return -np.mean(np.log(np.where(y == 1, p, 1 - p))), max(p[0], 1 - p[0]), (p - y) / len(y)


def ties_as_wrong(group, y):
    loss, _, dz = by_counting(group, y)
    p = np.array([np.mean(y[group == g]) for g in group])
    pt = np.where(y == 1, p, 1 - p)
    return loss, np.mean(pt > 0.5), dz


RIGHT = [
    ("check_order", lambda: [2, 4, 5, 1, 3]),
    ("check_starts", lambda: np.array([1.0986, 2.3026, 0.6931, 0.6931])),
    ("check_steps", by_the_package),
    ("check_steps", rounded_steps),
    ("check_micro", one_by_one),
    ("check_penalised", by_pairs),
    ("check_decay", decayed_by_the_package),
    ("check_trainer", on_lines(by_pieces)),
    ("check_trainer", on_lines(lent)),
    ("check_loops", lambda: [2, 4, 1, 5, 3]),
    ("check_heavy", rolls),
    ("check_heavy", by_the_package_s_momentum),
    ("check_pair", searched),
    ("check_stall", by_counting),
]

WRONG = [
    ("check_order", lambda: (3, 4, 5, 1, 3), "before the first step already"),
    ("check_order", lambda: (2, 3, 5, 1, 3), "learned by heart"),
    ("check_order", lambda: (2, 4, 4, 1, 3), "the gradient is right, as it says"),
    ("check_starts", lambda: (1 / 3, 1 / 10, 1 / 2, 1 / 2), "this is the probability"),
    ("check_starts", lambda: (math.log(3), math.log(10), math.log(2), math.log(10)), "not one question"),
    ("check_steps", averaged_as_pytorch_once_did, "it is added whole"),
    ("check_steps", averaged_at_other_places, "this walk's own place"),
    ("check_steps", rmsprop_stale, "its own square comes in before"),
    ("check_steps", adam_alone_divides, "RMSProp divides as Adam does"),
    ("check_steps", adam_uncorrected, "neither is corrected"),
    ("check_micro", mean_of_means, "the mean of the means"),
    ("check_penalised", penalty_in_the_gradient_alone, "the penalty is missing in it"),
    ("check_penalised", penalty_in_the_loss_alone, "the penalty is missing in it"),
    ("check_penalised", biases_too, "the biases"),
    ("check_decay", adamw_for_adam, "stands beside Adam's step"),
    ("check_decay", decayed_twice_as_much, "the square brings a 2"),
    ("check_trainer", on_lines(in_place), "changes its argument w in place"),
    ("check_trainer", on_lines(into_the_list), "the list that it was given"),
    ("check_trainer", on_lines(shuffles_in_place), "changes its argument X in place"),
    ("check_trainer", on_lines(whole_batches), "the last mini-batch is left out"),
    ("check_trainer", on_lines(mean_of_losses), "counts as much as the others"),
    ("check_trainer", on_lines(one_order), "the order is drawn once"),
    ("check_trainer", on_lines(losses_forgotten), "its shape should be"),
    ("check_loops", lambda: (4, 4, 1, 5, 3), "of what is it the order"),
    ("check_loops", lambda: (2, 4, 1, 3, 3), "in the second step's sum"),
    ("check_heavy", starts_again, "starts again from rest"),
    ("check_heavy", as_before, "as before"),
    ("check_pair", lambda: (0.5, [0.5, -0.5, 0, 0], 0, 0), "the 1/4 of the mean"),
    ("check_pair", lambda: (0.5, [1 / 8, -1 / 8, 0, 0], 0.75 * math.log(2), 0), "two against one"),
    ("check_stall", with_log_of_zero, "it holds NaN or infinity"),
    ("check_stall", without_groups, "each group has its own"),
    ("check_stall", ties_as_wrong, "ties count too"),
]
