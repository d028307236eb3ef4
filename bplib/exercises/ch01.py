"""Checks for the exercises of chapter 1, "Credit assignment: one neuron".

After `bplib.checks`, which knows how to read an answer, this file says what chapter 1 asks and what people
get wrong there. The right gradients are measured by nudging the loss.
"""

from typing import Any

import numpy as np

from bplib.checks import Check, by_nudging

X1, X2, X3 = np.array([2.0]), np.array([1.0, -2.0]), np.array([0.5, 2.0, -1.5])
W1, W2, W3 = np.array([0.5]), np.array([0.3, 0.4]), np.array([-0.6, 0.7, 0.2])


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
        "the move of b is left out": lambda dw, db, move_w, move_b: dw * move_w,
        "the move of w is left out": lambda dw, db, move_w, move_b: db * move_b,
        "each gradient stands with the other's move": lambda dw, db, move_w, move_b: (
            dw * move_b + db * move_w
        ),
        "the two moves are mixed: each gradient goes with its own move": lambda dw, db, move_w, move_b: (
            (dw + db) * (move_w + move_b)
        ),
        "one change is subtracted from the other; they add": lambda dw, db, move_w, move_b: (
            dw * move_w - db * move_b
        ),
        "the sign of a move is dropped; it can be below 0": lambda dw, db, move_w, move_b: (
            dw * abs(move_w) + db * abs(move_b)
        ),
        "a move is divided where it should be multiplied": lambda dw, db, move_w, move_b: (
            move_w / dw + move_b / db
        ),
        "this is the change for a gradient step of that size; here the moves are given": (
            lambda dw, db, move_w, move_b: -(dw * dw * move_w + db * db * move_b)
        ),
    },
)


# 2. Forward and backward by hand
def _by_hand(w: float = -0.5, b: float = 1.0, x: float = 3.0, y: float = 1.0) -> tuple[float, ...]:
    z = w * x + b
    a = _sigmoid(z)
    return z, a, (a - y) ** 2


def _by_hand_reference() -> tuple[float, ...]:
    def loss(w: float, b: float) -> float:
        return _by_hand(w, b)[2]

    return (*_by_hand(), *by_nudging(loss, "w", "b")(-0.5, 1.0))


def _wrong_by_hand(
    z: float = -0.5,
    a: float | None = None,
    da: float | None = None,
    slope: float | None = None,
    x: float = 3.0,
) -> tuple[float, ...]:
    """Carry one wrong number through the rest of the calculation."""
    a = _sigmoid(z) if a is None else a
    da = 2 * (a - 1) if da is None else da
    dz = da * (a * (1 - a) if slope is None else slope)
    return z, a, (a - 1) ** 2, dz * x, dz


check_by_hand = Check(
    _by_hand_reference,
    returns=["z", "a", "loss", "dw", "db"],
    cases=[{}],
    mistakes={
        "b is left out of it": lambda: _wrong_by_hand(z=-1.5),
        "w is negative, and its sign is lost": lambda: _wrong_by_hand(z=2.5),
        "all of 1 + e^-z is divided by: it needs brackets": lambda: _wrong_by_hand(a=1 / 1 + np.exp(0.5)),
        "the exponent in the sigmoid has the wrong sign": lambda: _wrong_by_hand(a=float(_sigmoid(0.5))),
        "the difference is not squared": lambda: (None, None, _by_hand()[1] - 1, None, None),
        "this is the distance of a and y, and not its square": lambda: (
            *(None, None, 1 - _by_hand()[1]),
            *(None, None),
        ),
        "the slope of the square is missing": lambda: _wrong_by_hand(da=1.0),
        "the square stands where its slope should": lambda: _wrong_by_hand(da=_by_hand()[2]),
        "the slope of the square is not the difference: a factor is missing": lambda: _wrong_by_hand(
            da=_by_hand()[1] - 1
        ),
        "the slope of the sigmoid is missing": lambda: _wrong_by_hand(slope=1.0),
        "the slope of the sigmoid is taken with z in the place of a": lambda: _wrong_by_hand(slope=-0.75),
        "the slope of the sigmoid is taken as a itself": lambda: _wrong_by_hand(slope=_by_hand()[1]),
        "the slope of the sigmoid has one more factor": lambda: _wrong_by_hand(slope=1 - _by_hand()[1]),
        "1 - a^2 is the slope of tanh, and this is a sigmoid": lambda: _wrong_by_hand(
            slope=1 - _by_hand()[1] ** 2
        ),
        "the factor that z = w x + b contributes is missing": lambda: _wrong_by_hand(x=1.0),
        "the factor that z = w x + b contributes is not w": lambda: _wrong_by_hand(x=-0.5),
    },
    tol=2e-3,
)


# 3. The neuron in NumPy
def forward(x: Any, w: Any, b: float, y: float) -> tuple[float, float, float]:
    """Return z, a and the loss of a sigmoid neuron with several inputs."""
    z = float(w @ x) + b
    a = float(_sigmoid(z))
    return z, a, (a - y) ** 2


def loss_of(x: Any, w: Any, b: float, y: float) -> float:
    """Return the loss of a sigmoid neuron with several inputs."""
    return forward(x, w, b, y)[2]


def _wrong_backward(*, error: Any = None, slope: Any = None, factor: Any = None, for_b: Any = None) -> Any:
    """Make a backward pass with one part replaced: `error` of (z, a, y), the others of (x, w, z, a)."""

    def backward(x: Any, w: Any, b: float, y: float) -> tuple[Any, Any]:
        z, a, _ = forward(x, w, b, y)
        dz = (error(z, a, y) if error else 2 * (a - y)) * (slope(x, w, z, a) if slope else a * (1 - a))
        dw = dz * (factor(x, w, z, a) if factor else x)
        return dw, dz * (for_b(x, w, z, a) if for_b else 1.0)

    return backward


NEURONS = [
    {"x": X1, "w": W1, "b": 0.1, "y": 0.8},
    {"x": X2, "w": W2, "b": -0.2, "y": 1.0},
    {"x": X3, "w": W3, "b": 0.3, "y": 0.0},
]

check_forward = Check(
    forward,
    returns=["z", "a", "loss"],
    cases=NEURONS,
    mistakes={
        "the products w_i x_i are not added up": lambda x, w, b, y: (
            w * x + b,
            _sigmoid(w * x + b),
            (_sigmoid(w * x + b) - y) ** 2,
        ),
        "b is left out": lambda x, w, b, y: (w @ x, _sigmoid(w @ x), None),
        "b is subtracted": lambda x, w, b, y: (w @ x - b, _sigmoid(w @ x - b), None),
        "b is added once for each input, and there is one b": lambda x, w, b, y: (
            (w * x + b).sum(),
            _sigmoid((w * x + b).sum()),
            None,
        ),
        "the mean over the inputs is taken; z is a sum": lambda x, w, b, y: ((w * x).mean() + b, None, None),
        "this is z again: the sigmoid is missing": lambda x, w, b, y: (None, forward(x, w, b, y)[0], None),
        "the exponent in the sigmoid has the wrong sign": lambda x, w, b, y: (
            None,
            _sigmoid(-forward(x, w, b, y)[0]),
            None,
        ),
        "all of 1 + e^-z is divided by: it needs brackets": lambda x, w, b, y: (
            None,
            1 / 1 + np.exp(-forward(x, w, b, y)[0]),
            None,
        ),
        "this is tanh z, and not the sigmoid": lambda x, w, b, y: (
            None,
            np.tanh(forward(x, w, b, y)[0]),
            None,
        ),
        "the difference is not squared": lambda x, w, b, y: (None, None, forward(x, w, b, y)[1] - y),
        "the difference y - a is not squared": lambda x, w, b, y: (None, None, y - forward(x, w, b, y)[1]),
        "this is the distance of a and y, and not its square": lambda x, w, b, y: (
            None,
            None,
            abs(forward(x, w, b, y)[1] - y),
        ),
        "y is compared with z; the neuron delivers a": lambda x, w, b, y: (
            None,
            None,
            (forward(x, w, b, y)[0] - y) ** 2,
        ),
    },
)

check_backward = Check(
    by_nudging(loss_of, "w", "b"),
    returns=["dw", "db"],
    cases=NEURONS,
    mistakes={
        "the slope of the square is missing": _wrong_backward(error=lambda z, a, y: 1.0),
        "the square stands where its slope should": _wrong_backward(error=lambda z, a, y: (a - y) ** 2),
        "the difference is squared in it, and the slope of a square is not": _wrong_backward(
            error=lambda z, a, y: 2 * (a - y) ** 2
        ),
        "y is compared with z; the neuron delivers a": _wrong_backward(error=lambda z, a, y: 2 * (z - y)),
        "the slope of the sigmoid is missing": _wrong_backward(slope=lambda x, w, z, a: 1.0),
        "the slope of the sigmoid is missing, and a factor from that of the square": _wrong_backward(
            slope=lambda x, w, z, a: 0.5
        ),
        "the slope of the sigmoid has one more factor": _wrong_backward(slope=lambda x, w, z, a: 1 - a),
        "1 - a^2 is the slope of tanh, and this is a sigmoid": _wrong_backward(
            slope=lambda x, w, z, a: 1 - a**2
        ),
        "the slope of the sigmoid is taken with z in the place of a": _wrong_backward(
            slope=lambda x, w, z, a: z * (1 - z)
        ),
        "the slope of the sigmoid is taken as a itself": _wrong_backward(slope=lambda x, w, z, a: a),
        "the slope of the sigmoid is applied twice": _wrong_backward(
            slope=lambda x, w, z, a: (a * (1 - a)) ** 2
        ),
        "how z changes with w is not w": _wrong_backward(factor=lambda x, w, z, a: w),
        "how z changes with w has no w in it": _wrong_backward(factor=lambda x, w, z, a: w * x),
        "how z changes with w is missing": _wrong_backward(factor=lambda x, w, z, a: 1.0 + 0 * x),
        "the mean over the inputs is taken; z is a sum": _wrong_backward(
            factor=lambda x, w, z, a: x / len(x)
        ),
        "the entries are summed; each weight has its own": _wrong_backward(factor=lambda x, w, z, a: x.sum()),
        "how z changes with b is not x": _wrong_backward(for_b=lambda x, w, z, a: x.sum()),
        "how z changes with b is not b": lambda x, w, b, y: (None, b * _wrong_backward()(x, w, b, y)[1]),
        "this is the parameter after a step; return the gradient": lambda x, w, b, y: (
            w - _wrong_backward()(x, w, b, y)[0],
            b - _wrong_backward()(x, w, b, y)[1],
        ),
    },
)


# 4. Predicted against actual change
def _step(w: float, b: float, x: float, y: float, rate: float) -> tuple[float, float, float, float]:
    """Return dw, db and the loss before and after a gradient step."""

    def loss(w: float, b: float) -> float:
        return loss_of(np.array([x]), np.array([w]), b, y)

    dw, db = by_nudging(loss, "w", "b")(w, b)
    return dw, db, loss(w, b), loss(w - rate * dw, b - rate * db)


def _gap(w: float, b: float, x: float, y: float, rate: float) -> float:
    dw, db, before, after = _step(w, b, x, y, rate)
    return (after - before) + rate * (dw * dw + db * db)


def _wrong_gap(predicted: Any, actual: float = 1.0) -> Any:
    """Make the gap with another prediction; it is a function of (dw, db, rate)."""

    def gap(w: float, b: float, x: float, y: float, rate: float) -> float:
        dw, db, before, after = _step(w, b, x, y, rate)
        return actual * (after - before) - float(predicted(dw, db, rate))

    return gap


def _wrong_step(length: Any) -> Any:
    """Make the gap with a step of another rate; it is a function of the right one."""

    def gap(w: float, b: float, x: float, y: float, rate: float) -> float:
        dw, db, before, after = _step(w, b, x, y, length(rate))
        return (after - before) + rate * (dw * dw + db * db)

    return gap


def _late_gap(w: float, b: float, x: float, y: float, rate: float) -> float:
    dw, db, before, after = _step(w, b, x, y, rate)
    dw, db, *_ = _step(w - rate * dw, b - rate * db, x, y, rate)
    return (after - before) + rate * (dw * dw + db * db)


def _gap_of_w(w: float, b: float, x: float, y: float, rate: float) -> float:
    dw, _, before, _ = _step(w, b, x, y, rate)
    return _step(w - rate * dw, b, x, y, rate)[2] - before + rate * dw * dw


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
        "this is the actual change alone": _wrong_gap(lambda dw, db, rate: 0.0),
        "this is the predicted change alone": _wrong_gap(
            lambda dw, db, rate: rate * (dw * dw + db * db), actual=0.0
        ),
        "the predicted change is added where it should be subtracted": _wrong_gap(
            lambda dw, db, rate: rate * (dw * dw + db * db)
        ),
        "the gap is the change minus the prediction; here it is the other way round": lambda *case: (
            -_gap(*case)
        ),
        "the losses before and after have changed places": _wrong_gap(
            lambda dw, db, rate: -rate * (dw * dw + db * db), actual=-1.0
        ),
        "the prediction takes the gradients after the step": _late_gap,
        "the step leaves out the rate": _wrong_step(lambda rate: 1.0),
        "the step goes uphill: an update subtracts": _wrong_step(lambda rate: -rate),
        "the step goes uphill, and the prediction with it: an update subtracts": lambda w, b, x, y, rate: (
            _gap(w, b, x, y, -rate)
        ),
        "only w is moved; the step moves b too": _gap_of_w,
        "the sign of the gap is dropped; it can be below 0": lambda *case: abs(_gap(*case)),
        "the prediction is gradient times move, and each move holds its gradient again": _wrong_gap(
            lambda dw, db, rate: -rate * (dw + db)
        ),
        "the prediction adds first and squares then": _wrong_gap(lambda dw, db, rate: -rate * (dw + db) ** 2),
        "the rate stands twice in the prediction": _wrong_gap(
            lambda dw, db, rate: -(rate**2) * (dw * dw + db * db)
        ),
        "the prediction leaves out b": _wrong_gap(lambda dw, db, rate: -rate * dw * dw),
        "the prediction leaves out the rate": _wrong_gap(lambda dw, db, rate: -(dw * dw + db * db)),
    },
)

check_factor = Check(
    lambda: _gap(0.5, 0.1, 1.0, 0.8, 0.01) / _gap(0.5, 0.1, 1.0, 0.8, 0.001),
    returns=["factor"],
    cases=[{}],
    mistakes={
        "so much falls the predicted change; the gap is what a tangent leaves out": lambda: 10.0,
        "that would be the cube of the step": lambda: 1000.0,
        "this is the factor for half the step": lambda: 4.0,
        "this is the exponent of the step": lambda: 2.0,
        "give how many times smaller the gap becomes, a number above 1": lambda: 0.01,
    },
    tol=0.03,
)


# 5. Spot the bug
def _published(w: float, b: float, x: float, y: float) -> tuple[float, float]:
    a = float(_sigmoid(w * x + b))
    dz = 2 * (a - y) * a * (1 - a)
    return dz * w, dz


def _scalar_loss(w: float, b: float, x: float, y: float) -> float:
    return float((_sigmoid(w * x + b) - y) ** 2)


check_repaired = Check(
    by_nudging(_scalar_loss, "w", "b"),
    returns=["dw", "db"],
    cases=[
        {"w": 1.0, "b": 0.0, "x": 2.0, "y": 1.0},
        {"w": 0.5, "b": 0.1, "x": 1.0, "y": 0.8},
        {"w": -0.7, "b": 0.4, "x": 3.0, "y": 0.0},
    ],
    mistakes={
        "this is still what was published": lambda *case: (_published(*case)[0], None),
        "the wrong factor is gone, and nothing stands in its place": lambda *case: (
            _published(*case)[1],
            None,
        ),
        "how z changes with w has no w in it": lambda w, b, x, y: (_published(w, b, x, y)[0] * x, None),
        "the slope of the sigmoid has gone; it was right": lambda w, b, x, y: (
            2 * (_sigmoid(w * x + b) - y) * x,
            2 * (_sigmoid(w * x + b) - y),
        ),
        "this one was right as published": lambda w, b, x, y: (None, _published(w, b, x, y)[1] * x),
        "how z changes with b is not b": lambda w, b, x, y: (None, _published(w, b, x, y)[1] * b),
    },
)

# 6. The gradient with respect to the input
check_input_gradient = Check(
    by_nudging(loss_of, "x"),
    returns=["dx"],
    cases=NEURONS,
    mistakes={
        "this is the gradient by w; here x is what moves": lambda *case: _wrong_backward()(*case)[0],
        "the slope of the square is missing": lambda *case: _wrong_backward(
            error=lambda z, a, y: 1.0, factor=lambda x, w, z, a: w
        )(*case)[0],
        "the slope of the sigmoid is missing": lambda x, w, b, y: 2 * (forward(x, w, b, y)[1] - y) * w,
        "how z changes with x has no x in it": lambda *case: _wrong_backward(factor=lambda x, w, z, a: w * x)(
            *case
        )[0],
        "this is only how z changes with x": lambda x, w, b, y: w,
        "this is dz: how z changes with x is missing": lambda x, w, b, y: (
            _wrong_backward()(x, w, b, y)[1] + 0 * x
        ),
        "the entries are summed; each input has its own": lambda x, w, b, y: (
            _wrong_backward()(x, w, b, y)[1] * w.sum()
        ),
    },
)


# 7. Exchange two stations
def _other_loss(w: float, b: float, x: float, y: float) -> float:
    return float(np.log(np.cosh(np.tanh(w * x + b) - y)))


def _wrong_other(slope: Any = None, da: Any = None) -> Any:
    """Make the new backward pass with one local slope replaced; each is a function of (z, a, y)."""

    def backward(w: float, b: float, x: float, y: float) -> tuple[float, float]:
        z = w * x + b
        a = float(np.tanh(z))
        dz = (da(z, a, y) if da else np.tanh(a - y)) * (slope(z, a, y) if slope else 1 - a * a)
        return float(dz * x), float(dz)

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
        "how z changes with w is missing": lambda *case: (_wrong_other()(*case)[1], None),
        "how z changes with w is not w": lambda w, b, x, y: (w * _wrong_other()(w, b, x, y)[1], None),
        "how z changes with b is not b": lambda w, b, x, y: (None, b * _wrong_other()(w, b, x, y)[1]),
        "y is missing from it": _wrong_other(da=lambda z, a, y: np.tanh(a)),
        "the slope of log cosh is missing": _wrong_other(da=lambda z, a, y: 1.0),
        "log cosh stands where its slope should": _wrong_other(da=lambda z, a, y: np.log(np.cosh(a - y))),
        "the slope of the sigmoid is still in it": _wrong_other(slope=lambda z, a, y: a * (1 - a)),
        "the slope of the squared error is still in it": _wrong_other(da=lambda z, a, y: 2 * (a - y)),
        "the slope of log cosh u is not u": _wrong_other(da=lambda z, a, y: a - y),
        "both old slopes are still in it": _wrong_other(
            slope=lambda z, a, y: a * (1 - a), da=lambda z, a, y: 2 * (a - y)
        ),
        "the slope of tanh is missing": _wrong_other(slope=lambda z, a, y: 1.0),
        "the slope of tanh is taken with z in the place of a": _wrong_other(slope=lambda z, a, y: 1 - z * z),
        "the slope of tanh lacks its square": _wrong_other(slope=lambda z, a, y: 1 - a),
        "1 / cosh z lacks its square": _wrong_other(slope=lambda z, a, y: 1 / np.cosh(z)),
        "the slope of tanh is read at a, where that station is not": _wrong_other(
            slope=lambda z, a, y: 1 - np.tanh(a) ** 2
        ),
        "the slope of log u is 1 / u, and the slope of u goes with it": _wrong_other(
            da=lambda z, a, y: 1 / np.cosh(a - y)
        ),
        "the slope of log is missing": _wrong_other(da=lambda z, a, y: np.sinh(a - y)),
    },
)
