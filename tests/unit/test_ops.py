"""The op table against 500-digit arithmetic, at its ends and at its ties."""

import math
import re
from collections.abc import Callable
from decimal import Decimal, getcontext, localcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bplib
from bplib import functional
from bplib.ops import SYMBOLS
from bplib.scalar import RULES as MATH
from bplib.tape import ARITY
from bplib.tape import RULES as NUMPY

NAMES = [
    *("add", "sub", "mul", "div", "pow", "neg", "exp", "log", "sin", "cos", "tanh", "sigmoid"),
    *("relu", "leaky_relu", "softplus", "sqrt", "abs", "maximum", "minimum"),
]
NAN = math.nan


def series(a: Decimal, term: Decimal, n: int) -> Decimal:
    """Sum of the alternating series of sin (term a, n 1) or cos (term 1, n 0), by its own ratio of terms."""
    total = Decimal(0)
    while total + term != total:
        total += term
        term *= -a * a / ((n + 1) * (n + 2))
        n += 2
    return total


#: The definition of each operation in exact arithmetic; the slopes are differences of these and nothing else.
EXACT: dict[str, Callable[..., Decimal]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    "exp": lambda a: a.exp(),
    "log": lambda a: a.ln(),
    "sin": lambda a: series(a, a, 1),
    "cos": lambda a: series(a, Decimal(1), 0),
    "tanh": lambda a: (a.exp() - (-a).exp()) / (a.exp() + (-a).exp()),
    "sigmoid": lambda a: 1 / (1 + (-a).exp()),
    "relu": lambda a: max(a, Decimal(0)),
    "leaky_relu": lambda a, slope: a if a > 0 else slope * a,
    "softplus": lambda a: (1 + a.exp()).ln(),
    "sqrt": lambda a: a.sqrt(),
    "abs": lambda a: abs(a),
    "maximum": lambda a, b: max(a, b),
    "minimum": lambda a, b: min(a, b),
}


def by_numpy(op: str, *args: float) -> tuple[float, tuple[float, ...]]:
    """One sample through the NumPy table, as an array of length one."""
    value, slopes = NUMPY[op](*(np.array([a]) for a in args))
    return float(np.ravel(value)[0]), tuple(float(np.ravel(slope)[0]) for slope in slopes)


TABLES = {"math": MATH.__getitem__, "numpy": lambda op: lambda *args: by_numpy(op, *args)}


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest) -> Callable[[str], Callable[..., Any]]:
    return TABLES[request.param]


def points(op: str) -> list[tuple[float, ...]]:
    """Ordinary, tiny and large arguments within the domain of an operation."""
    rng = np.random.default_rng(7)
    a = np.concatenate([3 * rng.normal(size=15), rng.choice([-1, 1], 15) * 10.0 ** rng.uniform(-12, 1.3, 15)])
    if op in ("tanh", "sigmoid", "softplus", "exp"):
        a = np.concatenate([a, [-700.0, -300.0, -40.0, 40.0, 300.0, 700.0]])
    if op in ("log", "sqrt", "pow"):
        a = np.abs(a)
    if ARITY[op] == 1:
        return [(float(x),) for x in a]
    b = rng.permutation(a) if op != "pow" else rng.normal(size=a.size)
    pairs = [(float(x), float(y)) for x, y in zip(a, b, strict=True)]
    return pairs + ([(-2.5, 3.0), (-2.5, -2.0), (7.0, 0.0)] if op == "pow" else [])


@cache
def exact(op: str, args: tuple[float, ...]) -> tuple[Decimal, list[Decimal | None]]:
    """Value and central differences with 500 digits and a step of 1e-100."""
    step = Decimal("1e-100")
    with localcontext() as context:
        context.prec = 500
        f, at = EXACT[op], [Decimal(a) for a in args]
        slopes: list[Decimal | None] = []
        for k in range(len(at)):
            if op == "pow" and k == 1 and at[0] < 0:
                slopes.append(None)  # a negative base to a moving exponent has no slope
                continue
            up, down = ([x + sign * step * (i == k) for i, x in enumerate(at)] for sign in (1, -1))
            slopes.append((f(*up) - f(*down)) / (2 * step))
        return f(*at), slopes


def ulps(got: float, want: Decimal) -> float:
    """How far got is from want, in units of the last place of want."""
    unit = Decimal(math.ulp(float(want)))
    return float(abs(Decimal(float(got)) - want) / unit)


def test_the_table_holds_these_operations_in_this_order():
    assert list(MATH) == list(NUMPY) == list(EXACT) == NAMES
    assert set(SYMBOLS) <= set(NAMES)


def test_the_page_has_the_same_operations_in_the_same_order():
    source = (Path(bplib.__file__).parent / "widgets/static/engine/tape.js").read_text()
    body = source[source.index("export const RULES = {") :]
    body = body[: body.index("\n};")]
    assert re.findall(r"^  (\w+): \[", body, re.MULTILINE) == NAMES


@pytest.mark.parametrize("op", NAMES)
def test_value_and_slopes_against_500_digits(op, table):
    for args in points(op):
        value, slopes = table(op)(*args)
        want, differences = exact(op, args)
        assert ulps(value, want) <= 4, (op, args, value, want)
        assert len(slopes) == len(args)
        for k, (slope, difference) in enumerate(zip(slopes, differences, strict=True)):
            if difference is None:
                assert math.isnan(slope)
                continue
            # b - 1 is rounded before it becomes an exponent, which the power magnifies by (b - 1) log a.
            extra = abs((args[1] - 1) * math.log(abs(args[0]))) if (op, k) == ("pow", 0) else 0.0
            assert ulps(slope, difference) <= 4 + extra, (op, args, k, slope, difference)


def test_the_reference_is_independent_and_sharp():
    # The referee itself: a slope off by one part in 1e15 is seen.
    assert getcontext().prec == 28
    _, (slope,) = exact("sigmoid", (0.7,))
    assert slope is not None
    assert ulps(float(slope) * (1 + 2e-15), slope) > 4


@pytest.mark.parametrize(
    ("op", "args", "value", "slopes"),
    [
        ("relu", (0.0,), 0.0, (0.0,)),
        ("relu", (-0.0,), 0.0, (0.0,)),
        ("abs", (0.0,), 0.0, (0.0,)),
        ("abs", (-0.0,), 0.0, (0.0,)),
        ("leaky_relu", (0.0, 0.1), 0.0, (0.1, 0.0)),
        ("maximum", (2.0, 2.0), 2.0, (0.5, 0.5)),
        ("minimum", (2.0, 2.0), 2.0, (0.5, 0.5)),
        ("maximum", (0.0, -0.0), 0.0, (0.5, 0.5)),
        ("maximum", (3.0, 2.0), 3.0, (1.0, 0.0)),
        ("minimum", (3.0, 2.0), 2.0, (0.0, 1.0)),
        ("pow", (0.0, 2.0), 0.0, (0.0, 0.0)),
        ("pow", (0.0, 1.0), 0.0, (1.0, 0.0)),
        ("pow", (-2.0, 0.0), 1.0, (0.0, NAN)),
        ("pow", (0.0, 0.0), 1.0, (0.0, NAN)),
        ("tanh", (0.0,), 0.0, (1.0,)),
        ("sigmoid", (0.0,), 0.5, (0.25,)),
        ("softplus", (0.0,), math.log(2), (0.5,)),
    ],
)
def test_ties_and_zeros(op, args, value, slopes, table):
    got, got_slopes = table(op)(*args)
    assert got == value
    np.testing.assert_array_equal(got_slopes, slopes)


BIG = [1e4, 745.0, 746.0, 1e300]


@pytest.mark.parametrize("a", BIG)
def test_no_overflow_at_the_ends(a, table):
    # Warnings are errors in this suite, so that a NumPy warning fails here too.
    assert table("sigmoid")(a) == (1.0, (math.exp(-a),))
    assert table("sigmoid")(-a) == (math.exp(-a), (math.exp(-a),))
    assert table("tanh")(a) == (1.0, (0.0,))
    assert table("tanh")(-a) == (-1.0, (0.0,))
    assert table("softplus")(a) == (a, (1.0,))
    assert table("softplus")(-a) == (math.exp(-a), (math.exp(-a),))
    assert table("exp")(-a) == (math.exp(-a), (math.exp(-a),))
    assert table("relu")(-a) == (0.0, (0.0,))
    assert table("abs")(-a) == (a, (-1.0,))
    for op in ("sin", "cos"):
        value, (slope,) = table(op)(a)
        assert value**2 + slope**2 == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("a", [5e-324, 1e-310, 1e-200, 1e-20])
def test_tiny_arguments_keep_their_digits(a, table):
    for x in (a, -a):
        assert table("tanh")(x)[0] == x
        assert table("sin")(x)[0] == x
        assert table("tanh")(x)[1] == (1.0,)
        assert table("sigmoid")(x) == (0.5, (0.25,))


@pytest.mark.parametrize("op", NAMES)
def test_nan_stays_nan(op, table):
    for k in range(ARITY[op]):
        for other in (-1.0, 2.0):
            args = [other] * ARITY[op]
            args[k] = NAN
            if (op, k, other) == ("leaky_relu", 1, 2.0):
                continue  # above 0 the slope plays no part
            assert math.isnan(table(op)(*args)[0]), (op, args)
    if op == "pow":
        assert table(op)(NAN, 0.0)[0] == table(op)(1.0, NAN)[0] == 1.0


@pytest.mark.parametrize("op", NAMES)
def test_math_and_numpy_agree_on_edges(op):
    edges = [0.0, -0.0, 5e-324, 1e-12, 0.3, 1.0, -1.0, 1.5, 2.0, 30.0, -30.0, 745.0, -745.0, 1e4, -1e4]
    grid = [(a,) for a in edges] if ARITY[op] == 1 else [(a, b) for a in edges for b in edges]
    seen = 0
    for args in grid:
        try:
            value, slopes = MATH[op](*args)
        except (ArithmeticError, ValueError):
            with np.errstate(all="ignore"):
                other, other_slopes = by_numpy(op, *args)
            # What Python refuses with an exception is a gap in a sweep.
            assert not all(map(math.isfinite, (other, *other_slopes))), (op, args)
            continue
        with np.errstate(all="ignore"):
            other, other_slopes = by_numpy(op, *args)
        for x, y in zip((value, *slopes), (other, *other_slopes), strict=True):
            if math.isfinite(x) or math.isfinite(y):  # NaN in one may be infinity in the other
                assert x == y or abs(x - y) <= 4 * math.ulp(x), (op, args, x, y)
            seen += 1
    assert seen >= 4


@pytest.mark.parametrize("op", sorted(set(NAMES) & {pair.__name__ for pair in functional.VJP}))
def test_the_array_pairs_compute_what_the_table_says(op):
    pair = getattr(functional, op)
    for x, *options in points(op):
        out, cache = pair(np.array([x]), **({"slope": options[0]} if options else {}))
        value, slopes = by_numpy(op, x, *options)
        assert ulps(out.item(), Decimal(value)) <= 4, (op, x)
        assert ulps(functional.VJP[pair](np.ones(1), cache)[0].item(), Decimal(slopes[0])) <= 4, (op, x)


def test_five_rules_stand_in_both():
    assert {"relu", "leaky_relu", "sigmoid", "tanh", "softplus"} == set(NAMES) & {
        f.__name__ for f in functional.VJP
    }
