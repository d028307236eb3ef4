"""Checks for the exercises of chapter 1, "Credit assignment: one neuron".

After `bplib.checks`, which knows how to read an answer, this file says what chapter 1 asks and what people
get wrong there. The right gradients are measured by nudging the loss.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging, instead

Stations = SimpleNamespace  # what a right pass computes on its way, by name


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


# 1. Read a gradient
check_predicted_change = Check(
    lambda dw, db, move_w, move_b: dw * move_w + db * move_b,
    returns=["change"],
    cases=[
        {"dw": -0.5, "db": 0.25, "move_w": 0.1, "move_b": 0.0},
        {"dw": -0.5, "db": 0.25, "move_w": 0.1, "move_b": 0.4},
        {"dw": 0.2, "db": -0.3, "move_w": -0.01, "move_b": 0.03},
    ],
    mistakes={
        "the move of b is left out": lambda dw, db, mw, mb: dw * mw,
        "the move of w is left out": lambda dw, db, mw, mb: db * mb,
        "each gradient stands with the other's move": lambda dw, db, mw, mb: dw * mb + db * mw,
        "the two moves are mixed: each gradient goes with its own move": (
            lambda dw, db, mw, mb: (dw + db) * (mw + mb)
        ),
        "one change is subtracted from the other; they add": lambda dw, db, mw, mb: dw * mw - db * mb,
        "the sign of a move is dropped; it can be below 0": (
            lambda dw, db, mw, mb: dw * abs(mw) + db * abs(mb)
        ),
        "a move is divided where it should be multiplied": lambda dw, db, mw, mb: mw / dw + mb / db,
        "this is the change for a gradient step of that size; here the moves are given": (
            lambda dw, db, mw, mb: -(dw * dw * mw + db * db * mb)
        ),
    },
)


# The neuron of exercises 2, 3 and 6
def forward(x: Any, w: Any, b: float, y: float) -> tuple[float, float, float]:
    """Return z, a and the loss of a sigmoid neuron with one input or several."""
    z = float(np.dot(w, x)) + b
    a = float(_sigmoid(z))
    return z, a, (a - y) ** 2


def loss_of(x: Any, w: Any, b: float, y: float) -> float:
    """Return the loss of a sigmoid neuron with one input or several."""
    return forward(x, w, b, y)[2]


def _neuron(x: Any, w: Any, b: float, y: float) -> Stations:
    z, a, loss = forward(x, w, b, y)
    return Stations(x=x, w=w, b=b, y=y, z=z, a=a, loss=loss, dz=2 * (a - y) * a * (1 - a))


def _wrong_backward(**other: Callable[[Any], Any]) -> Callable[..., dict[str, Any]]:
    """Make a backward pass with some of its four factors replaced, each by a function of the stations."""

    def backward(*case: Any) -> dict[str, Any]:
        s = _neuron(*case)
        factors = {"error": 2 * (s.a - s.y), "slope": s.a * (1 - s.a), "for_w": s.x, "for_b": 1.0}
        factors |= {name: factor(s) for name, factor in other.items()}
        dz = factors["error"] * factors["slope"]
        return {"dw": dz * factors["for_w"], "db": dz * factors["for_b"]}

    return backward


# 2. Forward and backward by hand
_HAND = (3.0, -0.5, 1.0, 1.0)  # x, w, b, y
_A = forward(*_HAND)[1]


def _wrong_by_hand(
    z: float = -0.5,
    a: float | None = None,
    da: float | None = None,
    slope: float | None = None,
    x: float = 3.0,
) -> Callable[[], tuple[float, ...]]:
    """Carry one wrong number through the rest of the calculation."""
    a = _sigmoid(z) if a is None else a
    dz = (2 * (a - 1) if da is None else da) * (a * (1 - a) if slope is None else slope)
    return lambda: (z, a, (a - 1) ** 2, dz * x, dz)


check_by_hand = Check(
    lambda: (*forward(*_HAND), *by_nudging(loss_of, "w", "b")(*_HAND)),
    returns=["z", "a", "loss", "dw", "db"],
    cases=[{}],
    mistakes={
        "b is left out of it": _wrong_by_hand(z=-1.5),
        "w is negative, and its sign is lost": _wrong_by_hand(z=2.5),
        "all of 1 + e^-z is divided by: it needs brackets": _wrong_by_hand(a=1 / 1 + np.exp(0.5)),
        "the exponent in the sigmoid has the wrong sign": _wrong_by_hand(a=float(_sigmoid(0.5))),
        "the difference is not squared": lambda: {"loss": _A - 1},
        "this is the distance of a and y, and not its square": lambda: {"loss": 1 - _A},
        "the slope of the square is missing": _wrong_by_hand(da=1.0),
        "the square stands where its slope should": _wrong_by_hand(da=(_A - 1) ** 2),
        "the slope of the square is not the difference: a factor is missing": _wrong_by_hand(da=_A - 1),
        "the slope of the sigmoid is missing": _wrong_by_hand(slope=1.0),
        "the slope of the sigmoid is taken with z in the place of a": _wrong_by_hand(slope=-0.75),
        "the slope of the sigmoid is taken as a itself": _wrong_by_hand(slope=_A),
        "the slope of the sigmoid has one more factor": _wrong_by_hand(slope=1 - _A),
        "1 - a^2 is the slope of tanh, and this is a sigmoid": _wrong_by_hand(slope=1 - _A**2),
        "the factor that z = w x + b contributes is missing": _wrong_by_hand(x=1.0),
        "the factor that z = w x + b contributes is not w": _wrong_by_hand(x=-0.5),
    },
    tol=2e-3,
)

# 3. The neuron in NumPy
NEURONS = [
    {"x": np.array([2.0]), "w": np.array([0.5]), "b": 0.1, "y": 0.8},
    {"x": np.array([1.0, -2.0]), "w": np.array([0.3, 0.4]), "b": -0.2, "y": 1.0},
    {"x": np.array([0.5, 2.0, -1.5]), "w": np.array([-0.6, 0.7, 0.2]), "b": 0.3, "y": 0.0},
]


def _wrong_sum(z: Callable[[Any, Any, float], Any]) -> Callable[..., tuple[Any, ...]]:
    """Carry a wrong z through the rest of the forward pass."""
    return lambda x, w, b, y: (z(x, w, b), _sigmoid(z(x, w, b)), (_sigmoid(z(x, w, b)) - y) ** 2)


check_forward = Check(
    forward,
    returns=["z", "a", "loss"],
    cases=NEURONS,
    mistakes={
        "the products w_i x_i are not added up": _wrong_sum(lambda x, w, b: w * x + b),
        "b is left out": _wrong_sum(lambda x, w, b: w @ x),
        "b is subtracted": _wrong_sum(lambda x, w, b: w @ x - b),
        "b is added once for each input, and there is one b": _wrong_sum(lambda x, w, b: (w * x + b).sum()),
        "the mean over the inputs is taken; z is a sum": _wrong_sum(lambda x, w, b: (w * x).mean() + b),
        "this is z again: the sigmoid is missing": instead(_neuron, a=lambda s: s.z),
        "the exponent in the sigmoid has the wrong sign": instead(_neuron, a=lambda s: _sigmoid(-s.z)),
        "all of 1 + e^-z is divided by: it needs brackets": instead(_neuron, a=lambda s: 1 + np.exp(-s.z)),
        "this is tanh z, and not the sigmoid": instead(_neuron, a=lambda s: np.tanh(s.z)),
        "the difference is not squared": instead(_neuron, loss=lambda s: s.a - s.y),
        "the difference y - a is not squared": instead(_neuron, loss=lambda s: s.y - s.a),
        "this is the distance of a and y, and not its square": instead(
            _neuron, loss=lambda s: abs(s.a - s.y)
        ),
        "y is compared with z; the neuron delivers a": instead(_neuron, loss=lambda s: (s.z - s.y) ** 2),
    },
)

check_backward = Check(
    by_nudging(loss_of, "w", "b"),
    returns=["dw", "db"],
    cases=NEURONS,
    mistakes={
        "the slope of the square is missing": _wrong_backward(error=lambda s: 1.0),
        "the square stands where its slope should": _wrong_backward(error=lambda s: (s.a - s.y) ** 2),
        "the difference is squared in it, and the slope of a square is not": _wrong_backward(
            error=lambda s: 2 * (s.a - s.y) ** 2
        ),
        "y is compared with z; the neuron delivers a": _wrong_backward(error=lambda s: 2 * (s.z - s.y)),
        "the slope of the sigmoid is missing": _wrong_backward(slope=lambda s: 1.0),
        "the slope of the sigmoid is missing, and a factor from that of the square": _wrong_backward(
            slope=lambda s: 0.5
        ),
        "the slope of the sigmoid has one more factor": _wrong_backward(slope=lambda s: 1 - s.a),
        "1 - a^2 is the slope of tanh, and this is a sigmoid": _wrong_backward(slope=lambda s: 1 - s.a**2),
        "the slope of the sigmoid is taken with z in the place of a": _wrong_backward(
            slope=lambda s: s.z * (1 - s.z)
        ),
        "the slope of the sigmoid is taken as a itself": _wrong_backward(slope=lambda s: s.a),
        "the slope of the sigmoid is applied twice": _wrong_backward(slope=lambda s: (s.a * (1 - s.a)) ** 2),
        "how z changes with w is not w": _wrong_backward(for_w=lambda s: s.w),
        "how z changes with w has no w in it": _wrong_backward(for_w=lambda s: s.w * s.x),
        "how z changes with w is missing": _wrong_backward(for_w=lambda s: 1.0 + 0 * s.x),
        "the mean over the inputs is taken; z is a sum": _wrong_backward(for_w=lambda s: s.x / len(s.x)),
        "the entries are summed; each weight has its own": _wrong_backward(for_w=lambda s: s.x.sum()),
        "how z changes with b is not x": _wrong_backward(for_b=lambda s: s.x.sum()),
        "how z changes with b is not b": instead(_neuron, db=lambda s: s.b * s.dz),
        "this is the parameter after a step; return the gradient": instead(
            _neuron, dw=lambda s: s.w - s.dz * s.x, db=lambda s: s.b - s.dz
        ),
    },
)


# 4. Predicted against actual change
def _scalar_loss(w: float, b: float, x: float, y: float) -> float:
    return loss_of(x, w, b, y)


def _step(w: float, b: float, x: float, y: float, rate: float) -> Stations:
    """Take a gradient step."""
    dw, db = by_nudging(_scalar_loss, "w", "b")(w, b, x, y)
    w, b, before = w - rate * dw, b - rate * db, _scalar_loss(w, b, x, y)
    change = _scalar_loss(w, b, x, y) - before
    return Stations(w=w, b=b, x=x, y=y, rate=rate, dw=dw, db=db, change=change, fall=rate * (dw**2 + db**2))


def _gap(w: float, b: float, x: float, y: float, rate: float, step: float | None = None) -> float:
    """Return the gap; with `step`, that of a prediction for `rate` and a step of another size."""
    s = _step(w, b, x, y, rate if step is None else step)
    return float(s.change + rate * (s.dw**2 + s.db**2))


def _gap_of_w(w: float, b: float, x: float, y: float, rate: float) -> float:
    s = _step(w, b, x, y, rate)
    return float(_scalar_loss(s.w, b, x, y) - _scalar_loss(w, b, x, y) + rate * s.dw**2)


check_gap = Check(
    _gap,
    returns=["gap"],
    cases=[
        {"w": 0.5, "b": 0.1, "x": 1.0, "y": 0.8, "rate": 4.0},
        {"w": 0.5, "b": 0.1, "x": 2.0, "y": 0.8, "rate": 2.0},
        {"w": -1.0, "b": 0.5, "x": 1.5, "y": 1.0, "rate": 1.0},
        {"w": -2.0, "b": -0.5, "x": 1.5, "y": 1.0, "rate": 3.0},  # the curve bends down: a gap below 0
    ],
    mistakes={
        "this is the actual change alone": instead(_step, gap=lambda s: s.change),
        "this is the predicted change alone": instead(_step, gap=lambda s: -s.fall),
        "the predicted change is added where it should be subtracted": instead(
            _step, gap=lambda s: s.change - s.fall
        ),
        "the gap is the change minus the prediction; here it is the other way round": (
            lambda *case: -_gap(*case)
        ),
        "the losses before and after have changed places": instead(_step, gap=lambda s: s.fall - s.change),
        "the prediction takes the gradients after the step": instead(
            _step, gap=lambda s: s.change + _step(s.w, s.b, s.x, s.y, s.rate).fall
        ),
        "the step leaves out the rate": lambda w, b, x, y, rate: _gap(w, b, x, y, rate, 1.0),
        "the step goes uphill: an update subtracts": (lambda w, b, x, y, rate: _gap(w, b, x, y, rate, -rate)),
        "the step goes uphill, and the prediction with it: an update subtracts": (
            lambda w, b, x, y, rate: _gap(w, b, x, y, -rate)
        ),
        "only w is moved; the step moves b too": _gap_of_w,
        "the sign of the gap is dropped; it can be below 0": lambda *case: abs(_gap(*case)),
        "the prediction is gradient times move, and each move holds its gradient again": instead(
            _step, gap=lambda s: s.change + s.rate * (s.dw + s.db)
        ),
        "the prediction adds first and squares then": instead(
            _step, gap=lambda s: s.change + s.rate * (s.dw + s.db) ** 2
        ),
        "the rate stands twice in the prediction": instead(_step, gap=lambda s: s.change + s.rate * s.fall),
        "the prediction leaves out b": instead(_step, gap=lambda s: s.change + s.rate * s.dw**2),
        "the prediction leaves out the rate": instead(_step, gap=lambda s: s.change + s.fall / s.rate),
    },
)

check_factor = Check(
    lambda: _gap(0.5, 0.1, 1.0, 0.8, 0.01) / _gap(0.5, 0.1, 1.0, 0.8, 0.001),
    returns=["factor"],
    cases=[{}],
    mistakes={
        "the predicted change falls by that much; the gap is what a tangent leaves out": lambda: 10.0,
        "that would be the cube of the step": lambda: 1000.0,
        "this is the factor for half the step": lambda: 4.0,
        "this is the exponent of the step": lambda: 2.0,
        "give how many times smaller the gap becomes, a number above 1": lambda: 0.01,
    },
    tol=0.03,
)


# 5. Spot the bug
def _scalar_neuron(w: float, b: float, x: float, y: float) -> Stations:
    return _neuron(x, w, b, y)


check_repaired = Check(
    by_nudging(_scalar_loss, "w", "b"),
    returns=["dw", "db"],
    cases=[
        {"w": 1.0, "b": 0.0, "x": 2.0, "y": 1.0},
        {"w": 0.5, "b": 0.1, "x": 1.0, "y": 0.8},
        {"w": -0.7, "b": 0.4, "x": 3.0, "y": 0.0},
        {"w": 0.0, "b": 0.3, "x": 1.5, "y": 1.0},  # repaired by x / w, dw has no number here
    ],
    mistakes={
        "this is still what was published": instead(_scalar_neuron, dw=lambda s: s.dz * s.w),
        "the wrong factor is gone, and nothing stands in its place": instead(
            _scalar_neuron, dw=lambda s: s.dz
        ),
        "how z changes with w has no w in it": instead(_scalar_neuron, dw=lambda s: s.dz * s.w * s.x),
        "the slope of the sigmoid has gone; it was right": instead(
            _scalar_neuron, dw=lambda s: 2 * (s.a - s.y) * s.x, db=lambda s: 2 * (s.a - s.y)
        ),
        "this one was right as published": instead(_scalar_neuron, db=lambda s: s.dz * s.x),
        "how z changes with b is not b": instead(_scalar_neuron, db=lambda s: s.dz * s.b),
    },
    without=["loss_and_gradients"],
)

# 6. The gradient with respect to the input
check_input_gradient = Check(
    by_nudging(loss_of, "x"),
    returns=["dx"],
    cases=NEURONS,
    mistakes={
        "this is the gradient with respect to w; here x is what moves": instead(
            _neuron, dx=lambda s: s.dz * s.x
        ),
        "the slope of the square is missing": instead(_neuron, dx=lambda s: s.a * (1 - s.a) * s.w),
        "the slope of the sigmoid is missing": instead(_neuron, dx=lambda s: 2 * (s.a - s.y) * s.w),
        "how z changes with x has no x in it": instead(_neuron, dx=lambda s: s.dz * s.w * s.x),
        "this is only how z changes with x": instead(_neuron, dx=lambda s: s.w),
        "this is dz: how z changes with x is missing": instead(_neuron, dx=lambda s: s.dz + 0 * s.x),
        "the entries are summed; each input has its own": instead(_neuron, dx=lambda s: s.dz * s.w.sum()),
    },
)


# 7. Exchange two stations
def _other_loss(w: float, b: float, x: float, y: float) -> float:
    return float(np.log(np.cosh(np.tanh(w * x + b) - y)))


def _other(w: float, b: float, x: float, y: float) -> Stations:
    z = w * x + b
    a = np.tanh(z)
    return Stations(w=w, b=b, x=x, y=y, z=z, a=a, dz=np.tanh(a - y) * (1 - a**2))


def _wrong_other(**other: Callable[[Any], Any]) -> Callable[..., dict[str, Any]]:
    """Make the new backward pass with `da` or `slope` replaced, each by a function of the stations."""

    def backward(*case: float) -> dict[str, Any]:
        s = _other(*case)
        factors = {"da": np.tanh(s.a - s.y), "slope": 1 - s.a**2}
        factors |= {name: factor(s) for name, factor in other.items()}
        dz = factors["da"] * factors["slope"]
        return {"dw": dz * s.x, "db": dz}

    return backward


check_other_stations = Check(
    by_nudging(_other_loss, "w", "b"),
    returns=["dw", "db"],
    cases=[
        {"w": 0.5, "b": 0.1, "x": 2.0, "y": 0.0},
        {"w": -1.0, "b": 0.5, "x": 1.5, "y": 1.0},
        {"w": 0.3, "b": -0.2, "x": -2.0, "y": -0.5},
    ],
    mistakes={
        "this is the gradient of the old line, sigmoid and squared error": by_nudging(_scalar_loss, "w", "b"),
        "how z changes with w is missing": instead(_other, dw=lambda s: s.dz),
        "how z changes with w is not w": instead(_other, dw=lambda s: s.dz * s.w),
        "how z changes with b is not b": instead(_other, db=lambda s: s.dz * s.b),
        "y is missing from it": _wrong_other(da=lambda s: np.tanh(s.a)),
        "the slope of log cosh is missing": _wrong_other(da=lambda s: 1.0),
        "log cosh stands where its slope should": _wrong_other(da=lambda s: np.log(np.cosh(s.a - s.y))),
        "the slope of the sigmoid is still in it": _wrong_other(slope=lambda s: s.a * (1 - s.a)),
        "the slope of the squared error is still in it": _wrong_other(da=lambda s: 2 * (s.a - s.y)),
        "the slope of log cosh u is not u": _wrong_other(da=lambda s: s.a - s.y),
        "both old slopes are still in it": _wrong_other(
            slope=lambda s: s.a * (1 - s.a), da=lambda s: 2 * (s.a - s.y)
        ),
        "the slope of tanh is missing": _wrong_other(slope=lambda s: 1.0),
        "the slope of tanh is taken with z in the place of a": _wrong_other(slope=lambda s: 1 - s.z**2),
        "the slope of tanh lacks its square": _wrong_other(slope=lambda s: 1 - s.a),
        "1 / cosh z lacks its square": _wrong_other(slope=lambda s: 1 / np.cosh(s.z)),
        "the slope of tanh is read at a, where that station is not": _wrong_other(
            slope=lambda s: 1 - np.tanh(s.a) ** 2
        ),
        "the slope of log u is 1 / u, and the slope of u goes with it": _wrong_other(
            da=lambda s: 1 / np.cosh(s.a - s.y)
        ),
        "the slope of log is missing": _wrong_other(da=lambda s: np.sinh(s.a - s.y)),
    },
)


# 9. A tool to keep: slope, tried on a x^3, where one side, two sides and the limit differ at any step
check_slope = Check(
    lambda a, x, h: a * (3 * x**2 + h**2),
    returns=["slope"],
    cases=[
        {"a": 1.0, "x": 1.0, "h": 0.1},
        {"a": -0.5, "x": 2.0, "h": 0.25},
        {"a": 2.0, "x": -1.0, "h": 0.2},
    ],
    mistakes={
        "this looks to the right only, from x to x + h; measure on both sides": (
            lambda a, x, h: a * (3 * x**2 + 3 * x * h + h**2)
        ),
        "this looks to the left only, from x - h to x; measure on both sides": (
            lambda a, x, h: a * (3 * x**2 - 3 * x * h + h**2)
        ),
        "the places are half a step h away; go a whole one to each side": (
            lambda a, x, h: a * (3 * x**2 + h**2 / 4)
        ),
        "this is the difference of two values; a slope is that, divided by the distance": (
            lambda a, x, h: 2 * a * h * (3 * x**2 + h**2)
        ),
        "the difference is multiplied by the distance; a slope is the difference, divided by it": (
            lambda a, x, h: 4 * a * h**2 * (3 * x**2 + h**2)
        ),
        "f(x + h) - f(x - h) / 2h divides the second value alone: the difference needs brackets": (
            lambda a, x, h: a * (x + h) ** 3 - a * (x - h) ** 3 / (2 * h)
        ),
        "/ 2 * h divides by 2 and multiplies by h: the distance needs brackets": (
            lambda a, x, h: a * h**2 * (3 * x**2 + h**2)
        ),
        "the step h that was handed over is not the one that is taken": lambda a, x, h: 3 * a * x**2,
        "this is the value of f and not its slope": lambda a, x, h: a * x**3,
    },
)
