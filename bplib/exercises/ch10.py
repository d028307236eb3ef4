"""Checks for the exercises of chapter 10, "Learning: XOR and beyond".

What learns hides its mistakes: a loop that loses rows, or keeps old gradients, still goes downhill. So the
loops here run on lines, where each plausible loop ends at numbers of its own, and those are compared.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead

Function = Callable[..., Any]
Stations = SimpleNamespace  # what a right answer computes on its way, by name

# 1. In the order to try it
check_order = Check(
    lambda: (2, 4, 5, 1, 3),
    returns=["a", "b", "c", "d", "e"],
    cases=[{}],
    mistakes={
        "that loss is a number like any other; what could have been printed before it?": lambda: {"d": 2},
        "of that loss the gradient may well be right, and pass; which look comes earlier?": (
            lambda: {"d": 4}
        ),
        "that the few samples are not learned says nothing of why; which look comes earlier?": (
            lambda: {"d": 3}
        ),
        "large numbers have the same shapes as small ones": lambda: {"a": 1},
        "something is odd before the first step already": lambda: {"a": 3},
        "the gradient is right; the place where training starts is not": lambda: {"a": 4},
        "norms would show it too; which look comes earlier?": lambda: {"a": 5},
        "a sum has the same shape as a difference": lambda: {"e": 1},
        "before the first step nothing has gone wrong yet": lambda: {"e": 2},
        "the gradient is right here; what is done with it is not": lambda: {"e": 4},
        "norms don't say in which direction a step goes": lambda: {"e": 5},
        "a factor that is missing changes no shape": lambda: {"b": 1},
        "the loss comes from the forward pass, and that is right": lambda: {"b": 2},
        "here the few samples are learned by heart, as it says": lambda: {"b": 3, "c": 3},
        "the norms of a wrong gradient look like any others": lambda: {"b": 5},
        "all that a forward pass gives is as it should be": lambda: {"c": 2},
        "here the gradient is right, as it says": lambda: {"c": 4},
    },
)

check_starts = Check(
    lambda: (np.log(3), np.log(10), np.log(2), np.log(2)),
    returns=["three", "ten", "one", "many"],
    cases=[{}],
    mistakes={
        "this is the logarithm to base 10; the book's is the natural one": lambda: {
            "three": np.log10(3),
            "ten": 1.0,
            "one": np.log10(2),
            "many": np.log10(2),
        },
        "this is the logarithm to base 2; the book's is the natural one": lambda: {
            "three": np.log2(3),
            "ten": np.log2(10),
            "one": 1.0,
            "many": 1.0,
        },
        "this is the probability; the loss is its logarithm, with a minus": lambda: {
            "three": 1 / 3,
            "ten": 1 / 10,
            "one": 1 / 2,
            "many": 1 / 2,
        },
        "this is what the other classes have together": lambda: {"three": 2 / 3, "ten": 9 / 10},
        "the logarithm of a probability is below 0, and a minus stands before it": lambda: {
            "three": -np.log(3),
            "ten": -np.log(10),
            "one": -np.log(2),
            "many": -np.log(2),
        },
        "one output says yes or no: these are two classes": lambda: {"one": 0.0},
        "these are ten questions, each with a yes or no, and not one question with ten answers": (
            lambda: {"many": np.log(10)}
        ),
        "this is the sum over the ten outputs; here the mean is taken over them too": (
            lambda: {"many": 10 * np.log(2)}
        ),
        "the mean is taken once; each of the ten is what one of them would be alone": (
            lambda: {"many": np.log(2) / 10}
        ),
    },
    tol=2e-3,
)


# 2. Four optimisers, two steps by hand: the loss 2 w^2 from w = 1, with a rate of 0.1
def _two_steps(rule: Function, slope: Function = lambda w: 4 * w) -> list[float]:
    """Walk two steps; a rule takes the gradient, its memory and the number of the step."""
    w, memory, places = 1.0, {"m": 0.0, "s": 0.0}, []
    for t in (1, 2):
        w -= 0.1 * rule(slope(w), memory, t)
        places.append(w)
    return places


def _plain(g: float, memory: Any, t: int) -> float:
    return g


def _momentum(keep: float = 0.75, new: float = 1.0) -> Function:
    def rule(g: float, memory: Any, t: int) -> float:
        memory["m"] = keep * memory["m"] + new * g
        return float(memory["m"])

    return rule


def _rmsprop(keep: float = 0.75, new: float = 0.25, root: float = 0.5, square: float = 2) -> Function:
    def rule(g: float, memory: Any, t: int) -> float:
        memory["s"] = keep * memory["s"] + new * g**square
        return float(g / memory["s"] ** root)

    return rule


def _adam(
    first: float = 0.5, second: float = 0.9, *, corrects: str = "ms", power: Function = lambda t: t,
    root: float = 0.5, stored: bool = False, mean: bool = True,
) -> Function:  # fmt: skip
    def rule(g: float, memory: Any, t: int) -> float:
        m = memory["m"] = first * memory["m"] + (1 - first) * g
        s = memory["s"] = second * memory["s"] + (1 - second) * g**2
        if "m" in corrects:
            m /= 1 - first ** power(t)
        if "s" in corrects:
            s /= 1 - second ** power(t)
        if stored:
            memory["m"], memory["s"] = m, s
        return float((m if mean else g) / s**root)

    return rule


def _uphill(rule: Function) -> Function:
    return lambda g, memory, t: -rule(g, memory, t)


def _stays(w: float) -> float:
    return 4.0


def _stale(g: float, memory: Any, t: int) -> float:
    """Divide as RMSProp does, by what is remembered from the first step."""
    memory["s"] = memory["s"] or 0.25 * g**2
    return float(g / memory["s"] ** 0.5)


def _averaged_elsewhere() -> list[float]:
    """Average the gradients of plain descent's places."""
    return _two_steps(lambda g, memory, t: _momentum(0.75, 0.25)((4.0, 4 * 0.6)[t - 1], memory, t))


_WALKS = {"sgd": _plain, "momentum": _momentum(), "rmsprop": _rmsprop(), "adam": _adam()}

check_steps = Check(
    lambda: (*(_two_steps(rule) for rule in _WALKS.values()), [100, 100, 1, 1]),
    returns=[*_WALKS, "grows"],
    cases=[{}],
    mistakes={
        "the second gradient is that of the new place, and this is the first one again": lambda: {
            name: _two_steps(rule, _stays) for name, rule in _WALKS.items()
        },
        "this goes uphill": lambda: {name: _two_steps(_uphill(rule)) for name, rule in _WALKS.items()},
        "the slope of 2 w squared is 4 w": lambda: {
            name: _two_steps(rule, lambda w: 2 * w) for name, rule in _WALKS.items()
        },
        "here the new gradient gets the weight 1 - mu; in this form it is added whole": lambda: {
            "momentum": _two_steps(_momentum(0.75, 0.25))
        },
        "the new gradient is added whole, and the second one is that of this walk's own place": lambda: {
            "momentum": _averaged_elsewhere()
        },
        "the second step has forgotten the first": lambda: {"momentum": _two_steps(_plain)},
        "what is old is kept whole; mu of it is kept": lambda: {"momentum": _two_steps(_momentum(1.0))},
        "it is not the gradient but its square that is remembered": lambda: {
            "rmsprop": _two_steps(_rmsprop(square=1, root=1))
        },
        "the root is missing": lambda: {
            "rmsprop": _two_steps(_rmsprop(root=1)),
            "adam": _two_steps(_adam(root=1)),
        },
        "the second step divides by what the first one left; its own square comes in before": lambda: {
            "rmsprop": _two_steps(_stale)
        },
        "the two weights have changed places: rho is for what is old": lambda: {
            "rmsprop": _two_steps(_rmsprop(0.25, 0.75))
        },
        "the new square is added whole; its weight is 1 - rho": lambda: {
            "rmsprop": _two_steps(_rmsprop(0.75, 1.0))
        },
        "nothing is remembered here, so each step is 0.1": lambda: {
            "rmsprop": _two_steps(_rmsprop(0, 1)),
            "adam": _two_steps(_rmsprop(0, 1)),
        },
        "RMSProp has no correction for its start at 0": lambda: {
            "rmsprop": _two_steps(_adam(second=0.75, mean=False))
        },
        "both averages start at 0, and neither is corrected for it": lambda: {
            "adam": _two_steps(_adam(corrects=""))
        },
        "the average of the squares starts at 0 too, and wants its correction": lambda: {
            "adam": _two_steps(_adam(corrects="m"))
        },
        "the average of the gradients starts at 0 too, and wants its correction": lambda: {
            "adam": _two_steps(_adam(corrects="s"))
        },
        "in the second step the corrections have the power 2": lambda: {
            "adam": _two_steps(_adam(power=lambda t: 1))
        },
        "the two decays have changed places": lambda: {"adam": _two_steps(_adam(0.9, 0.5))},
        "the corrected averages are for this step alone; those kept are not corrected": lambda: {
            "adam": _two_steps(_adam(stored=True))
        },
        "the numerator is the average of the gradients, not the newest one": lambda: {
            "adam": _two_steps(_adam(mean=False))
        },
        "two of them divide the gradient by its own size": lambda: {"grows": [100, 100, 100, 100]},
        "two of them have nothing to divide by": lambda: {"grows": [1, 1, 1, 1]},
        "they divide by the size of the gradient, and not by its square": lambda: {
            "grows": [100, 100, 0.01, 0.01]
        },
        "the root is taken of a square": lambda: {"grows": [100, 100, 10, 10]},
        "Adam divides as RMSProp does": lambda: {"grows": [100, 100, 1, 100]},
        "RMSProp divides as Adam does": lambda: {"grows": [100, 100, 100, 1]},
        "at the first step there is nothing old to remember": lambda: {"grows": [100, 200, 1, 1]},
    },
    tol=5e-4,
)


# 3. Unequal micro-batches
def _micro(grads: Any, sizes: Any) -> Stations:
    B, K = np.sum(sizes), len(sizes)
    return Stations(g=grads, b=sizes, B=B, K=K, weights=sizes / B, times=B / (K * sizes))


def _accumulated(grads: Any, sizes: Any) -> tuple[Any, ...]:
    s = _micro(grads, sizes)
    return s.weights @ s.g, s.weights, s.times


check_micro = Check(
    _accumulated,
    returns=["dw", "weights", "times"],
    cases=[
        {"grads": np.array([[2.0], [6.0]]), "sizes": np.array([3, 1])},
        {"grads": np.array([[1.0, -2.0], [0.5, 3.0], [-4.0, 1.0]]), "sizes": np.array([5, 2, 1])},
        {"grads": np.array([[1.0, 0.0], [3.0, -1.0]]), "sizes": np.array([4, 4])},
    ],
    mistakes={
        "this is the mean of the means; they stand for different numbers of samples": instead(
            _micro, dw=lambda s: s.g.mean(axis=0)
        ),
        "this is the plain sum, which is larger the more micro-batches there are": instead(
            _micro, dw=lambda s: s.g.sum(axis=0)
        ),
        "this is the sum over all samples; the loss is their mean": instead(_micro, dw=lambda s: s.b @ s.g),
        "it is divided by the number of micro-batches, and the weights have to add up to 1": instead(
            _micro, dw=lambda s: s.b @ s.g / s.K
        ),
        "it is divided twice: the weights add up to 1 already": instead(
            _micro, dw=lambda s: s.b @ s.g / s.B / s.K
        ),
        "each mean is divided by its size once more; it has been already": instead(
            _micro, dw=lambda s: (1 / s.b) @ s.g
        ),
        "this is for micro-batches of the same size": instead(
            _micro, weights=lambda s: np.full(s.K, 1 / s.K), times=lambda s: np.ones(s.K)
        ),
        "they have to add up to 1": instead(_micro, weights=lambda s: s.b),
        "this is what one sample weighs; a micro-batch has several": instead(
            _micro, weights=lambda s: np.full(s.K, 1 / s.B)
        ),
        "this is the other way round: how much less it counts": instead(_micro, times=lambda s: 1 / s.times),
        "this is what a sample weighs in the mean of means; compare it with 1/B": instead(
            _micro, times=lambda s: 1 / (s.K * s.b)
        ),
        "in the mean of means a micro-batch weighs 1/K, and that K is missing": instead(
            _micro, times=lambda s: s.B / s.b
        ),
    },
)


# 4. A penalty inside a check
def _penalised(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, lam: float) -> float:
    Z = np.tanh(X @ W1.T + b1) @ W2.T + b2
    cross = np.log(np.exp(Z).sum(axis=1)) - np.sum(Y * Z, axis=1)
    return float(np.mean(cross) + lam / 2 * (np.sum(W1**2) + np.sum(W2**2)))


def _penalised_and_slopes(*case: Any) -> tuple[Any, ...]:
    slopes = by_nudging(_penalised, "W1", "b1", "W2", "b2")
    return _penalised(*case), *slopes(*case)


def _classified(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any, lam: float) -> Stations:
    A1 = np.tanh(X @ W1.T + b1)
    A2 = np.exp(A1 @ W2.T + b2)
    A2 /= A2.sum(axis=1, keepdims=True)
    dZ2 = (A2 - Y) / len(X)
    back = dZ2 @ W2
    dZ1 = back * (1 - A1**2)
    grads = {"dW1": dZ1.T @ X, "db1": dZ1.sum(axis=0), "dW2": dZ2.T @ A1, "db2": dZ2.sum(axis=0)}
    return Stations(
        **grads, X=X, A1=A1, A2=A2, dZ2=dZ2, back=back, W1=W1, b1=b1, W2=W2, b2=b2, lam=lam,
        cross=_penalised(X, Y, W1, b1, W2, b2, 0.0), B=len(X), C=Y.shape[1],
    )  # fmt: skip


def _all_grads(part: Callable[[Stations, str], Any]) -> dict[str, Callable[[Stations], Any]]:
    """For each weight matrix `part` says what stands in place of its gradient."""

    def of(name: str) -> Callable[[Stations], Any]:
        return lambda s: part(s, name)

    return {"dW1": of("W1"), "dW2": of("W2")}


def _net_case(seed: int, B: int, n0: int, n1: int, C: int, lam: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = {"W1": (n1, n0), "b1": (n1,), "W2": (C, n1), "b2": (C,)}
    case = {"X": rng.normal(size=(B, n0)).round(1), "Y": np.eye(C)[rng.integers(C, size=B)]}
    return case | {name: rng.normal(size=size).round(1) for name, size in sizes.items()} | {"lam": lam}


check_penalised = Check(
    _penalised_and_slopes,
    returns=["loss", "dW1", "db1", "dW2", "db2"],
    cases=[
        _net_case(1, 2, 1, 2, 2, 0.5),
        _net_case(2, 5, 2, 3, 3, 2.0),
        _net_case(3, 3, 2, 2, 3, 0.0),
    ],
    mistakes={
        "the penalty is missing in it; where lam is 0 nobody sees that": instead(
            _classified, loss=lambda s: s.cross, **_all_grads(lambda s, W: vars(s)[f"d{W}"])
        ),
        "the half is missing": instead(
            _classified, loss=lambda s: s.cross + s.lam * (np.sum(s.W1**2) + np.sum(s.W2**2))
        ),
        "the penalty has the biases in it; they have none": instead(
            _classified,
            loss=lambda s: s.cross + s.lam / 2 * sum(np.sum(p**2) for p in (s.W1, s.b1, s.W2, s.b2)),
            db1=lambda s: s.db1 + s.lam * s.b1,
            db2=lambda s: s.db2 + s.lam * s.b2,
        ),
        "the penalty is a mean over the weights; it is their sum": instead(
            _classified, loss=lambda s: s.cross + s.lam / 2 * (np.mean(s.W1**2) + np.mean(s.W2**2))
        ),
        "the penalty is divided by the number of samples; it belongs to none of them": instead(
            _classified,
            loss=lambda s: s.cross + s.lam / 2 * (np.sum(s.W1**2) + np.sum(s.W2**2)) / s.B,
            **_all_grads(lambda s, W: vars(s)[f"d{W}"] + s.lam * vars(s)[W] / s.B),
        ),
        "one of the two weight matrices has no penalty in it": instead(
            _classified, loss=lambda s: s.cross + s.lam / 2 * np.sum(s.W1**2)
        ),
        "only the last layer's weights have a penalty in it": instead(
            _classified, loss=lambda s: s.cross + s.lam / 2 * np.sum(s.W2**2)
        ),
        "the cross-entropy is averaged over the classes too; the mean is over samples": instead(
            _classified,
            loss=lambda s: s.cross / s.C + s.lam / 2 * (np.sum(s.W1**2) + np.sum(s.W2**2)),
            db1=lambda s: s.db1 / s.C,
            db2=lambda s: s.db2 / s.C,
            **_all_grads(lambda s, W: vars(s)[f"d{W}"] / s.C + s.lam * vars(s)[W]),
        ),
        "lam multiplies the gradient; it multiplies the weights": instead(
            _classified, **_all_grads(lambda s, W: (1 + s.lam) * vars(s)[f"d{W}"])
        ),
        "the half is still there, and the square has brought a 2": instead(
            _classified, **_all_grads(lambda s, W: vars(s)[f"d{W}"] + s.lam / 2 * vars(s)[W])
        ),
        "the square's 2 is left, and the half has taken it": instead(
            _classified, **_all_grads(lambda s, W: vars(s)[f"d{W}"] + 2 * s.lam * vars(s)[W])
        ),
        "the penalty pulls weights to 0, and this pushes them away": instead(
            _classified, **_all_grads(lambda s, W: vars(s)[f"d{W}"] - s.lam * vars(s)[W])
        ),
        "this adds the penalty itself, and not its slope": instead(
            _classified, **_all_grads(lambda s, W: vars(s)[f"d{W}"] + s.lam / 2 * np.sum(vars(s)[W] ** 2))
        ),
        "the 1/B of the mean is missing": instead(
            _classified,
            db1=lambda s: s.B * s.db1,
            db2=lambda s: s.B * s.db2,
            **_all_grads(lambda s, W: s.B * vars(s)[f"d{W}"] + s.lam * vars(s)[W]),
        ),
        "the slope of tanh is missing": instead(
            _classified,
            dW1=lambda s: s.back.T @ s.X + s.lam * s.W1,
            db1=lambda s: s.back.sum(axis=0),
        ),
        "the softmax has been sent back twice: the outputs minus the targets hold its slope": instead(
            _classified,
            dW2=lambda s: (s.dZ2 * s.A2 * (1 - s.A2)).T @ s.A1 + s.lam * s.W2,
            db2=lambda s: (s.dZ2 * s.A2 * (1 - s.A2)).sum(axis=0),
        ),
    },
)


def _stepped(w: Any, g: Any, eta: float, lam: float) -> Stations:
    both = g + lam * w
    return Stations(w=w, g=g, eta=eta, lam=lam, both=both, shrinks=1 - eta * lam)


def _decayed(*case: Any) -> tuple[Any, ...]:
    s = _stepped(*case)
    return (
        s.w - s.eta * s.both,
        s.shrinks,
        s.w - s.eta * np.sign(s.both),
        s.shrinks * s.w - s.eta * np.sign(s.g),
    )


check_decay = Check(
    _decayed,
    returns=["sgd", "shrinks", "adam", "adamw"],
    cases=[
        {"w": np.array([2.0]), "g": np.array([-0.5]), "eta": 0.1, "lam": 0.5},
        {"w": np.array([1.0, -3.0, 0.2]), "g": np.array([0.7, 0.1, -4.0]), "eta": 0.2, "lam": 0.25},
        {"w": np.array([[5.0, -1.0]]), "g": np.array([[-0.1, -0.3]]), "eta": 0.05, "lam": 2.0},
    ],
    mistakes={
        "the penalty is missing": instead(
            _stepped, sgd=lambda s: s.w - s.eta * s.g, adam=lambda s: s.w - s.eta * np.sign(s.g)
        ),
        "the penalty pushes the weight away from 0": instead(
            _stepped,
            sgd=lambda s: s.w - s.eta * (s.g - s.lam * s.w),
            adam=lambda s: s.w - s.eta * np.sign(s.g - s.lam * s.w),
            shrinks=lambda s: 1 + s.eta * s.lam,
        ),
        "the penalty's half is left over": instead(
            _stepped,
            sgd=lambda s: s.w - s.eta * (s.g + s.lam / 2 * s.w),
            shrinks=lambda s: 1 - s.eta * s.lam / 2,
        ),
        "the square brings a 2, and the penalty's half takes it away": instead(
            _stepped,
            sgd=lambda s: s.w - s.eta * (s.g + 2 * s.lam * s.w),
            shrinks=lambda s: 1 - 2 * s.eta * s.lam,
        ),
        "the rate multiplies the penalty's part too": instead(
            _stepped, sgd=lambda s: s.w - s.eta * s.g - s.lam * s.w, shrinks=lambda s: 1 - s.lam
        ),
        "this is by what part of itself the weight gets smaller; what is left of it?": instead(
            _stepped, shrinks=lambda s: s.eta * s.lam
        ),
        "here the decay stands beside Adam's step, and the penalty is part of what Adam steps along": instead(
            _stepped, adam=lambda s: s.shrinks * s.w - s.eta * np.sign(s.g)
        ),
        "that is one of plain gradient descent; Adam's first step has one size": instead(
            _stepped, adam=lambda s: s.w - s.eta * s.both, adamw=lambda s: s.w - s.eta * s.both
        ),
        "the two parts have each their sign here; the sign is that of their sum": instead(
            _stepped, adam=lambda s: s.w - s.eta * (np.sign(s.g) + np.sign(s.w))
        ),
        "the penalty is part of the gradient here, and was to stand beside it": instead(
            _stepped, adamw=lambda s: s.w - s.eta * np.sign(s.both)
        ),
        "nothing shrinks here": instead(_stepped, adamw=lambda s: s.w - s.eta * np.sign(s.g)),
        "the rate is missing in what shrinks": instead(
            _stepped, adamw=lambda s: (1 - s.lam) * s.w - s.eta * np.sign(s.g)
        ),
        "this shrinks the step as well; the weight shrinks before it": instead(
            _stepped, adamw=lambda s: s.shrinks * (s.w - s.eta * np.sign(s.g))
        ),
        "the penalty acts twice, inside the gradient and beside it": instead(
            _stepped, adamw=lambda s: s.shrinks * s.w - s.eta * np.sign(s.both)
        ),
    },
)


# 5. A trainer for your engine, on lines
def _line(params: Any, X: Any, y: Any) -> tuple[float, list[Any]]:
    w, b = params
    error = X @ w + b - y
    return float(np.mean(error**2)), [2 * X.T @ error / len(y), np.array([2 * np.mean(error)])]


def _orders(X: Any, epochs: int, rng: Any, kind: str) -> list[Any]:
    n = len(X)
    if kind == "once":
        return [rng.permutation(n)] * epochs
    draws: dict[str, Function] = {
        "": lambda: rng.permutation(n),
        "never": lambda: np.arange(n),
        "again": lambda: rng.integers(n, size=n),
        "choice": lambda: rng.choice(n, n, replace=False),
    }
    return [draws[kind]() for _ in range(epochs)]


def _train(
    X: Any, y: Any, w: Any, b: Any, rate: float, epochs: int, size: int, seed: int, *,
    shuffles: str = "", rows: str = "", means: str = "", goes: Function | None = None, fresh: bool = False,
) -> tuple[Any, Any, list[float]]:  # fmt: skip
    """Train a line; what is given differs from what is right.

    `goes` makes, once or for each epoch, a function of the parameters, their gradients and the mini-batch:
    along what each parameter is stepped.
    """
    params, losses, n, size = [w, b], [], len(X), int(size)
    starts = {"drop": range(0, n - n % size, size), "first": [0], "all": [0]}.get(rows, range(0, n, size))
    along = goes() if goes else None
    for order in _orders(X, int(epochs), np.random.default_rng(int(seed)), shuffles):
        along = goes() if goes and fresh else along
        found, counts = [], []
        for i in starts:
            picked = order if rows == "all" else order[i : i + size]
            some = X[picked], y[i : i + size] if rows == "apart" else y[picked]
            loss, grads = _line(params, *some)
            grads = along(params, grads, *some) if along else grads
            params = [p - rate * g for p, g in zip(params, grads, strict=True)]
            found.append(_line(params, *some)[0] if means == "after" else loss)
            counts.append(len(picked))
        losses.append(
            _line(params, X, y)[0]
            if means == "whole"
            else _EPOCH["" if means == "after" else means](found, counts, n)
        )
    return params[0], params[1], losses


#: What an epoch's loss is, of its mini-batches' losses and sizes and the number of all rows.
_EPOCH: dict[str, Function] = {
    "": lambda found, counts, n: np.dot(found, counts) / n,
    "plain": lambda found, counts, n: np.sum(found) / max(len(found), 1),
    "last": lambda found, counts, n: found[-1],
    "sum": lambda found, counts, n: np.sum(found),
    "rows": lambda found, counts, n: np.dot(found, counts),
}


def _other_train(*results: str, **differs: Any) -> Function:
    """Make a mistake of a trainer that differs in this; it is seen in these results, or in all."""

    def wrong(*case: Any) -> dict[str, Any]:
        out = dict(zip(("w", "b", "losses"), _train(*case, **differs), strict=True))
        return {name: out[name] for name in results or out}

    return wrong


def _line_case(seed: int, n: int, many: int, rate: float, epochs: int, size: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    case = {"X": rng.normal(size=(n, many)), "y": rng.normal(size=n), "w": rng.normal(size=many)}
    rounded = {name: array.round(1) for name, array in case.items()}
    return rounded | {"b": np.array([0.5]), "rate": rate, "epochs": epochs, "size": size, "seed": seed}


_LINES = [
    _line_case(1, 3, 1, 0.1, 2, 2),
    _line_case(2, 7, 2, 0.05, 3, 3),
    _line_case(3, 4, 2, 0.2, 3, 4),
    _line_case(4, 6, 1, 0.1, 2, 1),
]

check_trainer = Check(
    _train,
    returns=["w", "b", "losses"],
    cases=_LINES,
    mistakes={
        "the rows are never shuffled": _other_train(shuffles="never"),
        "the order is drawn once, and is the same in all epochs": _other_train(shuffles="once"),
        "a row is drawn again and again; an epoch takes each once": _other_train(shuffles="again"),
        "the order is drawn in another way; rng.permutation(len(X)) is asked for": _other_train(
            shuffles="choice"
        ),
        "inputs and targets are of different rows: Y has to follow the same order": _other_train(
            rows="apart"
        ),
        "the last mini-batch is left out where it is smaller": _other_train(rows="drop"),
        "each epoch takes one mini-batch, and leaves the rest": _other_train(rows="first"),
        "each step takes all rows, whatever size says": _other_train(rows="all"),
        "this goes uphill": _other_train("w", "b", goes=lambda: lambda p, grads, X, y: [-g for g in grads]),
        "the gradients that come back are means already, and are divided once more": _other_train(
            "w", "b", goes=lambda: lambda p, grads, X, y: [g / len(X) for g in grads]
        ),
        "the gradients that come back are means over the rows, and are turned into sums here": _other_train(
            "w", "b", goes=lambda: lambda p, grads, X, y: [g * len(X) for g in grads]
        ),
        "a mini-batch that is smaller counts as much as the others": _other_train("losses", means="plain"),
        "it is that of an epoch's last mini-batch": _other_train("losses", means="last"),
        "it is the sum over an epoch's mini-batches, and not their mean": _other_train("losses", means="sum"),
        "it is the sum over all rows, and not their mean": _other_train("losses", means="rows"),
        "it is taken behind the step; gradients gives it before, at no further cost": _other_train(
            "losses", means="after"
        ),
        "it is that of all rows after the epoch; what was seen during it is asked for": _other_train(
            "losses", means="whole"
        ),
    },
)


# 6. Spot the bugs
check_loops = Check(
    lambda: (2, 4, 1, 5, 3),
    returns=["a", "b", "c", "d", "e"],
    cases=[{}],
    mistakes={
        "a new order is drawn in each epoch; of what is it the order?": lambda: {"a": 4},
        "range reaches the last row; whose targets are used?": lambda: {"a": 1},
        "a permutation has each row once; whose targets are used?": lambda: {"a": 7},
        "range reaches the last row; what is new in the second epoch?": lambda: {"b": 1},
        "inputs and targets are picked by the same rows; what is new in the second epoch?": lambda: {"b": 2},
        "a permutation has each row once; what is new in the second epoch?": lambda: {"b": 7},
        "its order is new in each epoch; how many mini-batches does it make of ten rows?": lambda: {"c": 4},
        "inputs and targets are picked by the same rows; how many of ten are picked?": lambda: {"c": 2},
        "a permutation has each row once; how many mini-batches does it make of ten rows?": lambda: {"c": 7},
        "a sum of two arrays is a new array; what is in the second step's sum?": lambda: {"d": 6},
        "all gradients are computed before a parameter moves; what is in the second step's sum?": (
            lambda: {"d": 3}
        ),
        "nothing is kept from step to step here; when are the gradients computed?": lambda: {"e": 5},
        "what moves is an entry of a new list, and gets a new array; when are the gradients computed?": (
            lambda: {"e": 6}
        ),
        "all its gradients are of the same rows; when are they computed?": lambda: {"e": 2},
    },
)


def _velocity(keep: float, new: float = 1.0, *, ahead: bool = False, only: int = 2) -> Function:
    """Make what follows a decaying sum of gradients; `only` so many parameters have one."""

    def made() -> Function:
        kept = [0.0, 0.0]

        def along(params: Any, grads: Any, X: Any, y: Any) -> Any:
            for k in range(only):
                kept[k] = keep * kept[k] + new * grads[k]
            steps = [g + keep * v for g, v in zip(grads, kept, strict=True)] if ahead else list(kept)
            return [*steps[:only], *grads[only:]]

        return along

    return made


def _heavy(*case: Any) -> tuple[Any, Any]:
    *line, mu = case
    w, b, _ = _train(*line, goes=_velocity(mu))
    return w, b


def _other_heavy(goes: Function, **differs: Any) -> Function:
    def wrong(*case: Any) -> dict[str, Any]:
        *line, mu = case
        w, b, _ = _train(*line, goes=goes(mu), **differs)
        return {"w": w, "b": b}

    return wrong


check_heavy = Check(
    _heavy,
    returns=["w", "b"],
    cases=[case | {"mu": mu} for case, mu in zip(_LINES, (0.5, 0.9, 0.8, 0.0), strict=True)],
    mistakes={
        "nothing of the old steps is kept; that is plain gradient descent": _other_heavy(
            lambda mu: _velocity(0.0)
        ),
        "all of the old is kept, as before; mu of it is to be kept": _other_heavy(lambda mu: _velocity(1.0)),
        "the new gradient gets the weight 1 - mu; it is added whole": _other_heavy(
            lambda mu: _velocity(mu, 1 - mu)
        ),
        "mu and 1 - mu have changed places": _other_heavy(lambda mu: _velocity(1 - mu, mu)),
        "the new gradient is multiplied by mu too; only what is old fades": _other_heavy(
            lambda mu: _velocity(mu, mu)
        ),
        "each epoch starts again from rest; a velocity lives as long as the run": _other_heavy(
            _velocity, fresh=True
        ),
        "this looks ahead, as Nesterov does": _other_heavy(lambda mu: _velocity(mu, ahead=True)),
        "one parameter has a velocity, and the other has none": _other_heavy(
            lambda mu: _velocity(mu, only=1)
        ),
        "the order is drawn once, and is the same in all epochs": _other_heavy(_velocity, shuffles="once"),
        "inputs and targets are of different rows": _other_heavy(_velocity, rows="apart"),
        "the last mini-batch is left out where it is smaller": _other_heavy(_velocity, rows="drop"),
    },
)


# 7. The stall at 75 %
_H3 = -(np.log(1 / 3) + 2 * np.log(2 / 3)) / 4  # three corners of four, one of another class

check_pair = Check(
    lambda: (1 / 2, [1 / 8, -1 / 8, 0, 0], _H3, np.log(2)),
    returns=["p", "dz", "three", "four"],
    cases=[{}],
    mistakes={
        "that is right for one of the two, and infinitely wrong for the other": lambda: {"p": 1.0},
        "this is the share of all corners; two share this output": lambda: {"p": 1 / 4},
        "the 1/4 of the mean over four corners is missing": lambda: {"dz": [1 / 2, -1 / 2, 0, 0]},
        "the mean is over all four corners, and not over the two": lambda: {"dz": [1 / 4, -1 / 4, 0, 0]},
        "the gradient is the output minus the target": lambda: {"dz": [-1 / 8, 1 / 8, 0, 0]},
        "each of the two hears something; it is the sum of the two that vanishes": lambda: {
            "dz": [0, 0, 0, 0]
        },
        "the slope of the sigmoid has cancelled against that of the loss": lambda: {
            "dz": [1 / 32, -1 / 32, 0, 0]
        },
        "this is what the three lose on average; the fourth loses nothing, and the mean is over four": (
            lambda: {"three": _H3 * 4 / 3}
        ),
        "this is the sum over the corners; the loss is their mean": lambda: {
            "three": 4 * _H3,
            "four": 4 * np.log(2),
        },
        "one half is the best common output of one corner against one; here it is two against one": lambda: {
            "three": 3 / 4 * np.log(2)
        },
        "this is the loss of two corners that share an output": lambda: {"four": np.log(2) / 2},
        "four corners are not four classes": lambda: {"four": np.log(4)},
    },
    tol=1e-3,
)


def _grouped(group: Any, y: Any) -> Stations:
    names = np.unique(group)
    p = np.array([np.mean(y[group == g]) for g in group])
    sizes = np.array([np.sum(group == g) for g in group])
    with np.errstate(all="ignore"):
        each = -np.log(np.where(y == 1, p, 1 - p))
    return Stations(p=p, y=y, sizes=sizes, each=each, B=len(y), names=names, best=np.maximum(p, 1 - p))


def _stalled(group: Any, y: Any) -> tuple[Any, ...]:
    s = _grouped(group, y)
    return s.each.mean(), s.best.mean(), (s.p - s.y) / s.B


check_stall = Check(
    _stalled,
    returns=["loss", "right", "dz"],
    cases=[
        {"group": np.array([0, 0, 1, 2]), "y": np.array([0, 1, 1, 0])},
        {"group": np.array([0, 1, 0, 1, 0, 2, 2]), "y": np.array([0, 1, 1, 0, 0, 1, 1])},
        {"group": np.array([3, 3, 3, 3, 3]), "y": np.array([1, 0, 0, 0, 1])},
    ],
    mistakes={
        "all rows have one output here; each group has its own": instead(
            _grouped,
            loss=lambda s: -np.mean(np.log(np.where(s.y == 1, s.y.mean(), 1 - s.y.mean()))),
            dz=lambda s: (s.y.mean() - s.y) / s.B,
        ),
        # In two of the cases a row counted so is as frequent as where all share one output.
        "ties count too: of a group that is half ones and half zeros, half of the rows are right": instead(
            _grouped, right=lambda s: np.mean(np.where(s.y == 1, s.p, 1 - s.p) > 0.5)
        ),
        "groups of different sizes weigh the same here": instead(
            _grouped,
            loss=lambda s: np.sum(s.each / s.sizes) / len(s.names),
            right=lambda s: np.sum(s.best / s.sizes) / len(s.names),
        ),
        "it is the sum over the rows, and not their mean": instead(
            _grouped, loss=lambda s: s.each.sum(), right=lambda s: s.best.sum()
        ),
        "the logarithm is the one to base 2": instead(_grouped, loss=lambda s: s.each.mean() / np.log(2)),
        "half of it is missing: rows with target 0 lose something too": instead(
            _grouped, loss=lambda s: np.mean(np.where(s.y == 1, s.each, 0))
        ),
        "this is the squared error": instead(_grouped, loss=lambda s: np.mean((s.p - s.y) ** 2)),
        "this is the share of ones, and the larger class of a group may be the zeros": instead(
            _grouped, right=lambda s: s.p.mean()
        ),
        "this is the chance of a guess that follows p; the class is the more likely one": instead(
            _grouped, right=lambda s: np.mean(np.where(s.y == 1, s.p, 1 - s.p))
        ),
        "this counts the rows of groups that are right as a whole": instead(
            _grouped, right=lambda s: np.mean(s.best == 1)
        ),
        "the mean over all rows is missing": instead(_grouped, dz=lambda s: s.p - s.y),
        "the mean is over all rows, and not over a group": instead(
            _grouped, dz=lambda s: (s.p - s.y) / s.sizes
        ),
        "the slope of the sigmoid has cancelled against that of the loss": instead(
            _grouped, dz=lambda s: (s.p - s.y) * s.p * (1 - s.p) / s.B
        ),
    },
)
