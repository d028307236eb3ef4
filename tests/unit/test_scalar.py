"""The scalar engine: right gradients, micrograd's habits, and a clear refusal of what it can't do."""

import cmath
import copy
import math
import pickle
import pydoc
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from typing import get_type_hints

import numpy as np
import pytest
from expressions import KINKED, SMOOTH, VALUE, expressions
from hypothesis import assume, given, settings

from bplib.scalar import RULES, Value

# Right gradients.


def test_the_example_of_micrograds_readme():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert round(g.data, 4) == 24.7041
    assert round(a.grad, 4) == 138.8338
    assert round(b.grad, 4) == 645.5773


def test_the_neuron_with_a_sum_and_a_relu():
    # By hand: q = z x + relu(z x) with z = 2 x + 2 + x at x = -4, so z = -10, z x = 40 > 0.
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    y = (z * z).relu() + q + q * x
    y.backward()
    # relu(z) = 0; y = z^2 + z x (1 + x); dy/dx = 6 z + (3 x + z)(1 + x) + z x.
    assert y.data == 100 + 40 * -3
    assert x.grad == 6 * -10 + (-12 - 10) * -3 + 40


def test_a_network_in_micrograds_style_trains():
    rng = np.random.default_rng(3)

    class Neuron:
        def __init__(self, n):
            self.w = [Value(rng.uniform(-1, 1)) for _ in range(n)]
            self.b = Value(0)

        def __call__(self, x):
            return sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b).tanh()

    hidden, last = [Neuron(2) for _ in range(4)], Neuron(4)
    parameters = [p for neuron in [*hidden, last] for p in [*neuron.w, neuron.b]]
    xor = [((-1, -1), -1), ((-1, 1), 1), ((1, -1), 1), ((1, 1), -1)]
    losses = []
    for _ in range(80):
        loss = sum((last([neuron(x) for neuron in hidden]) - y) ** 2 for x, y in xor)
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.2 < 2 < losses[0]


def test_a_diamond_is_summed():
    x = Value(3.0)
    u = x**2
    loss = u**2 + u
    loss.backward()
    assert x.grad == 114.0  # overwriting gives 3, pushing on what was already pushed 276


def test_one_node_twice_in_one_operation():
    x = Value(3.0)
    for y, slope in ((x + x, 2.0), (x - x, 0.0), (x * x, 6.0), (x / x, 0.0), (x.maximum(x), 1.0)):
        y.backward()
        assert x.grad == pytest.approx(slope, abs=1e-15)


def test_a_second_backward_gives_the_same():
    x = Value(3.0)
    y = x * x * x
    for _ in range(2):
        y.backward()
        assert x.grad == 27.0
        assert y.grad == 1.0


def test_backward_from_an_inner_node_after_the_loss():
    x = Value(3.0)
    u = x * x
    loss = u * 5
    loss.backward()
    u.backward()
    assert (x.grad, u.grad) == (6.0, 1.0)
    loss.backward()
    assert (x.grad, u.grad) == (30.0, 5.0)


def test_leaves_that_only_another_loss_reached_keep_theirs():
    x, y = Value(2.0), Value(5.0)
    (x * 3).backward()
    (y * y).backward()
    assert (x.grad, y.grad) == (3.0, 10.0)


def test_a_leaf_is_its_own_gradient():
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0


@pytest.mark.parametrize("length", [100_000])
def test_a_chain_of_any_depth(length):
    x = Value(1.0)
    y = x
    for _ in range(length):
        y = y + 0.5
    z = x
    for _ in range(length):
        z = z * 1.0
    loss = y + z
    loss.backward()
    assert loss.data == 2.0 + length / 2
    assert x.grad == 2.0
    del y, z, loss  # taking such a chain apart must not recurse either


def test_doubling_visits_every_edge_once():
    x = n = Value(1.0)
    for _ in range(60):  # 2**60 paths
        n = n + n
    n.backward()
    assert x.grad == 2.0**60


COMPLEX = {
    **{op: VALUE[op] for op in ("add", "sub", "mul", "div", "pow", "neg")},
    **{op: getattr(cmath, op) for op in ("exp", "log", "sin", "cos", "tanh", "sqrt")},
    "sigmoid": lambda a: 1 / (1 + cmath.exp(-a)),
    "softplus": lambda a: cmath.log(1 + cmath.exp(a)),
}


def moderate(value: Value) -> bool:
    """Whether no node is so large that rounding alone would explain a difference."""
    return all(abs(node.data) < 1e4 for node in value.graph())


@settings(max_examples=150)
@given(expressions(SMOOTH))
def test_gradients_of_random_expressions_by_the_complex_step(expression):
    leaves = [Value(x) for x in expression.start]
    output = expression.run(leaves, VALUE)
    assume(moderate(output))
    output.backward()
    scale = max(abs(node.grad) * (1 + abs(node.data)) for node in output.graph())
    step = 1e-30
    for k, leaf in enumerate(leaves):
        moved = [complex(x, step * (i == k)) for i, x in enumerate(expression.start)]
        slope = complex(expression.run(moved, COMPLEX)).imag / step
        assert leaf.grad == pytest.approx(slope, rel=1e-9, abs=1e-11 * scale)


@settings(max_examples=100)
@given(expression=expressions(SMOOTH + KINKED))
def test_gradients_of_random_expressions_by_pytorch(torch, expression):
    ours = [Value(x) for x in expression.start]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in expression.start]
    ops = {
        **{op: VALUE[op] for op in ("add", "sub", "mul", "div", "pow", "neg")},
        **{
            op: getattr(torch, op)
            for op in ("exp", "log", "sin", "cos", "tanh", "sigmoid", "sqrt", "relu", "abs")
        },
        **{op: getattr(torch, op) for op in ("maximum", "minimum")},
        # Its softplus goes over to the identity above a threshold; its leaky_relu takes no tensor as slope.
        "softplus": lambda a: torch.logaddexp(a, torch.zeros_like(a)),
        "leaky_relu": lambda a, slope: torch.where(a > 0, a, slope * a),
    }
    output = expression.run(ours, VALUE)
    assume(moderate(output))
    output.backward()
    reference = expression.run(theirs, ops)
    reference.backward()
    scale = max(abs(node.grad) * (1 + abs(node.data)) for node in output.graph())
    assert output.data == pytest.approx(reference.item(), rel=1e-10, abs=1e-11)
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad == pytest.approx(b.grad.item(), rel=1e-9, abs=1e-11 * scale)


def test_what_a_node_holds():
    x, y = Value(2.0, "x"), Value(3.0)
    z = x * y
    assert (z.data, z.grad, z.name, z.op) == (6.0, 0.0, "", "mul")
    assert z.parents == (x, y)
    assert z.local_grads == (3.0, 2.0)
    assert (x.op, x.parents, x.local_grads) == ("leaf", (), ())
    assert (x + 1).parents[1].op == "const"
    assert (x + 1).graph()[-1].op == "add"
    assert isinstance(z, Value)
    assert (repr(x), repr(z)) == ("Value(2.0, 'x')", "Value(6.0)")
    assert z.named("z") is z
    assert +x is x


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda v: 5 + v, 7.0),
        (lambda v: 5 - v, 3.0),
        (lambda v: 5 * v, 10.0),
        (lambda v: 5 / v, 2.5),
        (lambda v: 5**v, 25.0),
        (lambda v: v - 5, -3.0),
        (lambda v: v / 5, 0.4),
        (lambda v: v**-2, 0.25),
        (lambda v: -v, -2.0),
        (lambda v: abs(-v), 2.0),
        (lambda v: sum([v, v, 1]), 5.0),
        (lambda v: v + True, 3.0),
        (lambda v: v * Fraction(1, 2), 1.0),
        (lambda v: np.float64(5) - v, 3.0),
        (lambda v: v * np.float32(0.5), 1.0),
        (lambda v: np.int64(5) ** v, 25.0),
        (lambda v: np.exp(v), math.exp(2)),
        (lambda v: np.sin(v), math.sin(2)),
        (lambda v: np.abs(-v), 2.0),
        (lambda v: np.maximum(v, 3.0), 3.0),
        (lambda v: np.dot([v, v], [1.0, 2.0]), 6.0),
        (lambda v: np.sum([v, v]), 4.0),
        (lambda v: v.leaky_relu(), 2.0),
        (lambda v: (-v).leaky_relu(0.5), -1.0),
        (lambda v: v.maximum(3), 3.0),
    ],
)
def test_what_users_of_micrograd_and_numpy_write(result, expected):
    v = Value(2.0)
    out = result(v)
    assert type(out) is Value
    assert out.data == expected
    out.backward()
    h = 1e-6
    slope = (result(Value(2 + h)).data - result(Value(2 - h)).data) / (2 * h)
    assert v.grad == pytest.approx(slope, rel=1e-7, abs=1e-9)


def test_a_subclass_is_a_value_too():
    class Weight(Value):
        pass

    w = Weight(3.0, "w")
    y = 2 * w + w * w
    y.backward()
    assert w.grad == 8.0


@pytest.mark.parametrize("number", [3, np.float64(3), np.float32(3), np.int64(3), Fraction(3)])
def test_a_number_set_by_hand_is_kept_as_a_float(number):
    x = Value(2.0)
    x.data = number
    y = x / 10
    y.backward()
    assert {type(n) for n in (x.data, x.grad, y.data, *y.local_grads)} == {float}
    assert (repr(x), y.data) == ("Value(3.0)", 0.3)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (math.nan, ValueError, "expected a finite number, got nan"),
        (np.float64(-np.inf), ValueError, "expected a finite number, got -inf"),
        (10**400, ValueError, "finite number"),
        ("2", TypeError, "expected a finite number, got str '2'"),
        (np.ones(2), TypeError, r"got an array of shape \(2,\)"),
        (Value(1.0), TypeError, r"got Value Value\(1\.0\)"),
    ],
)
def test_what_can_not_be_set(data, error, message):
    x = Value(2.0)
    with pytest.raises(error, match=message):
        x.data = data
    assert x.data == 2.0


# The operators are a table, and still methods that one can look up.


METHODS = [op for op in RULES if hasattr(Value, op)]


def test_every_operation_is_a_method_or_an_operator():
    assert set(RULES) - set(METHODS) == {"add", "sub", "mul", "div", "pow", "neg"}
    a, b = Value(0.5), Value(0.25)
    nodes = [a + b, a - b, a * b, a / b, a**b, -a]
    nodes += [2 + b, 2 - b, 2 * b, 2 / b, 2**b]
    assert [node.op for node in nodes] == [
        "add",
        "sub",
        "mul",
        "div",
        "pow",
        "neg",
        "add",
        "sub",
        "mul",
        "div",
        "pow",
    ]
    assert [parent.data for parent in nodes[-2].parents] == [2.0, 0.25]


@pytest.mark.parametrize("op", [*METHODS, "__neg__"])
def test_help_shows_the_formula_and_an_example(op):
    told = pydoc.plain(pydoc.render_doc(getattr(Value, op)))
    assert "Return " in told
    assert ">>> " in told and (f".{op}(" in told or op == "__neg__")


def test_the_types_of_the_operators_are_written_down():
    for op in (*METHODS, "__neg__", "__add__", "__radd__", "__pow__", "__rpow__"):
        assert get_type_hints(getattr(Value, op))["return"] is Value


def test_a_refusal_names_the_method_in_its_traceback():
    with pytest.raises(ValueError, match="log needs") as caught:
        Value(-1.0).log()
    assert "log" in [frame.name for frame in caught.traceback]


def test_a_graph_of_several_nodes_is_walked_once():
    x = Value(2.0, "x")
    u, v = x * 3, x.exp()
    y = u + 1
    assert [node.op for node in y.graph(v)] == ["leaf", "const", "mul", "exp", "const", "add"]


# Copies.


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_a_copy_is_a_graph_of_its_own(duplicate):
    x = Value(3.0, "x")
    y = x * x + 1
    again = duplicate(y)
    (inner,) = [node for node in again.graph() if node.name == "x"]
    assert inner is not x
    (again * 2).backward()
    assert (inner.grad, x.grad) == (12.0, 0.0)


def test_a_copy_of_any_depth():
    x = y = Value(1.0, "x")
    for _ in range(20_000):
        y = y + 0.5
    inner, again = copy.deepcopy([x, y])
    again.backward()
    assert (again.data, inner.grad, inner.name, x.grad) == (10_001.0, 1.0, "x", 0.0)


def test_a_pickled_graph_goes_on_in_another_process():
    # There the count of nodes starts again: with their old serials the new nodes would come out as older.
    for _ in range(50):
        x = Value(3.0, "x")
    code = (
        "import pickle, sys\n"
        "y = pickle.load(sys.stdin.buffer)\n"
        "z = y * y\n"
        "z.backward()\n"
        "print(*(node.grad for node in z.graph() if node.name == 'x'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(x * x), capture_output=True, check=True
    )
    assert float(done.stdout) == 4 * 27


# Refusals.

BRANCH = r"a recorded graph would keep the branch .* Use maximum, minimum or relu; .* write \.data"


@pytest.mark.parametrize(
    "use",
    [
        bool,
        lambda v: not v,
        lambda v: v and 1,
        lambda v: v < 1,
        lambda v: v <= v,
        lambda v: 1 < v,  # noqa: SIM300
        lambda v: v >= 1.0,
        lambda v: v == 2.0,
        lambda v: v != 2,
        lambda v: v == 1j,
        lambda v: v == Decimal(2),
        lambda v: v in [1, 2],
        lambda v: v == np.float64(2),
        lambda v: np.float64(2) == v,
        lambda v: np.float64(2) < v,
        lambda v: v == np.array([2.0]),
        lambda v: max(v, Value(1.0)),
        lambda v: sorted([v, v]),
    ],
)
def test_a_branch_on_a_value_is_refused(use):
    with pytest.raises(TypeError, match=BRANCH):
        use(Value(2.0))


def test_values_can_be_looked_up_by_identity():
    v, w = Value(2.0), Value(2.0)
    assert v == v
    assert v != w
    assert v in [w, v]
    assert v not in {w}
    assert v != "v"
    assert v is not None and v != None  # noqa: E711
    assert len({v, w, v}) == 2


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (float, r"v\.exp\(\) instead of math\.exp\(v\), and v\.data"),
        (int, r"v\.data"),
        (complex, r"v\.data"),
        (math.exp, r"v\.exp\(\) instead of math\.exp"),
        (math.sqrt, r"v\.exp\(\) instead"),
        (range, r"v\.data"),
        (lambda v: np.array([v], dtype=float), r"v\.data"),
        (np.arctan, r"np\.arctan can't be differentiated.*Write it with .*, tanh, sigmoid"),
        (lambda v: np.exp(v, dtype=float), r"np\.exp can't be differentiated"),
        (np.add.reduce, r"np\.add can't"),
        (lambda v: np.array([1.0, 2.0]) * v, r"got an array of shape \(2,\).*bplib\.functional"),
        (lambda v: v * np.array([1.0, 2.0]), r"got an array of shape \(2,\)"),
        (lambda v: v + "1", r"expected a finite number, got str '1'"),
        (lambda v: "1" + v, r"got str '1'|can only concatenate str"),
        (lambda v: v * None, r"got NoneType None"),
        (lambda v: v**1j, r"got complex 1j"),
        (lambda v: {} + v, r"got dict {}"),
        (lambda v: v // 2, r"//, %, round, floor and ceil are flat.*v\.data"),
        (lambda v: 2 % v, r"are flat"),
        (lambda v: divmod(v, 2), r"are flat"),
        (round, r"are flat"),
        (lambda v: round(v, 2), r"are flat"),
        (math.floor, r"are flat"),
    ],
)
def test_what_has_no_gradient_is_refused(use, message):
    with pytest.raises(TypeError, match=message):
        use(Value(2.0))


@pytest.mark.parametrize(
    ("data", "came"),
    [
        ("2", "str '2'"),
        (None, "NoneType None"),
        (1j, "complex 1j"),
        ([1.0], r"list \[1.0\]"),
        (np.array(2.0), r"ndarray array\(2.\)"),
        (np.True_, "bool np.True_"),
        (np.array([1, 2]), r"an array of shape \(2,\)"),
        ({}, "dict {}"),
        (Decimal(2), r"Decimal Decimal\('2'\)"),
        (Value(1.0), r"Value Value\(1.0\)"),
    ],
)
def test_a_value_holds_one_real_number(data, came):
    remedy = r"Convert a single number with float\(...\); make one Value for each entry of .*functional"
    with pytest.raises(TypeError, match=f"Value: expected a finite number, got {came}. {remedy}"):
        Value(data)


@pytest.mark.parametrize("data", [math.nan, math.inf, -math.inf, np.float64("nan"), 10**400])
def test_a_value_is_finite(data):
    with pytest.raises(ValueError, match=r"Value: expected a finite number, got .*\. Look for an overflow"):
        Value(data)
    with pytest.raises(ValueError, match="finite number"):
        Value(1.0) + data


@pytest.mark.parametrize("name", [5, None, ("a",), ()])
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match="name: expected a string, got"):
        Value(1.0, name)
    with pytest.raises(TypeError, match="name: expected a string, got"):
        Value(1.0).named(name)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda v: v(0.0) ** -1, r"pow\(q = 0\.0, -1\.0\).*base of 0 needs"),
        (lambda v: v(-2.0) ** 0.5, r"pow\(q = -2\.0, 0\.5\).*base below 0 needs a whole number"),
        (lambda v: v(-2.0) ** Value(3.0), r"pow.*written as a plain number"),
        (lambda v: v(0.0) ** 0.5, r"pow.*at least 1"),
        (lambda v: v(1e200) ** 2, r"pow.*below 1e308"),
        (lambda v: v(-1.0).log(), r"log\(q = -1\.0\).*above 0.*softplus"),
        (lambda v: v(0.0).log(), r"log\(q = 0\.0\).*above 0"),
        (lambda v: v(1e-320).log(), r"log\(q = 1e-320\).*1/a overflows"),
        (lambda v: v(0.0).sqrt(), r"sqrt\(q = 0\.0\).*at 0 its slope is infinite"),
        (lambda v: v(-1.0).sqrt(), r"sqrt\(q = -1\.0\).*above 0"),
        (lambda v: 1 / v(0.0), r"div\(1\.0, q = 0\.0\).*denominator away from 0"),
        (lambda v: v(0.0) / 0, r"div\(q = 0\.0, 0\.0\).*denominator"),
        (lambda v: v(1e-200) / 1e-320, r"div"),
        (lambda v: v(710.0).exp(), r"exp\(q = 710\.0\).*above 709"),
        (lambda v: v(1e200) * 1e200, r"mul\(q = 1e\+200, 1e\+200\).*smaller numbers"),
        (lambda v: v(1e308) + 1e308, r"add\(q = 1e\+308, 1e\+308\)"),
    ],
)
def test_what_is_not_finite_is_refused_with_node_and_remedy(compute, message):
    with pytest.raises(ValueError, match=message):
        compute(lambda x: Value(x, "q"))


def test_finite_terms_whose_sum_overflows_are_no_overflow():
    # The engine looks at the sum of value and slopes first: 1.7e308 twice is more than float64 holds.
    product = Value(1.0) * Value(1.7e308)
    assert product.data == 1.7e308
    assert product.local_grads == (1.7e308, 1.0)


def test_a_constant_needs_no_slope():
    assert (Value(-2.0) ** 3).local_grads[0] == 12.0
    assert (Value(0.0) ** 0).data == 1.0
    x = Value(0.0)
    y = x**1 + x**2
    y.backward()
    assert x.grad == 1.0
    assert (Value(1.0) / 1e-200).data == 1e200  # its slope by the constant would overflow
    assert (0 ** Value(0.5)).local_grads[1] == 0.0  # by the base the slope is infinite
    assert (0.001 ** Value(-102.0)).data == pytest.approx(1e306)  # by the base it would overflow


def test_a_gradient_that_overflows_is_refused_by_name():
    x = Value(1.0, "x")
    y = x * 1e200 * 1e-200
    z = y * 1e200 * 1e-10
    z.backward()
    assert x.grad == pytest.approx(1e190)
    tiny = Value(1e-300, "tiny")
    steep = (tiny * 1e200) * 1e200
    with pytest.raises(
        ValueError, match=r"gradient of tiny: expected a finite number, got inf.*moderate size"
    ):
        steep.backward()


def test_only_gradients_that_someone_wants_may_overflow():
    x = Value(1e300, "x")
    y = x * 1e-300 * 1e200  # by the constant 1e-300 the slope would be 1e500
    y.backward()
    assert x.grad == pytest.approx(1e-100)
