"""The tape: recorded once, it must say what the scalar engine says, on any number of samples."""

import copy
import json
import math
import pickle
import random

import numpy as np
import pytest
from expressions import KINKED, RATIONAL, SMOOTH, VALUE, Expression, expressions
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bplib.scalar import Value
from bplib.tape import Tape


def neuron(w, b, x, y):
    z = (w * x + b).named("z")
    a = z.sigmoid().named("a")
    return ((a - y) ** 2).named("loss")


@pytest.fixture
def tape() -> Tape:
    return Tape.record(neuron, w=0.5, b=0.1, x=1.0, y=0.8)


# Replay.


def by_values(expression: Expression, numbers, guarded=True) -> tuple[float, list[float]] | None:
    """Value and gradients of one sample by the scalar engine; None where it refuses."""
    try:
        leaves = [Value(x) for x in numbers]
        output = expression.run(leaves, VALUE, guarded)
        output.backward()
    except ValueError:
        return None
    return output.data, [leaf.grad for leaf in leaves]


def record(expression: Expression, guarded=True) -> Tape:
    leaves = [Value(x, f"x{k}") for k, x in enumerate(expression.start)]
    return Tape.record(expression.run(leaves, VALUE, guarded), inputs=leaves)


def samples(expression: Expression, seed: int, count: int = 5) -> dict[str, np.ndarray]:
    """The recorded numbers, some near zero and ties among them, and random ones."""
    rng = np.random.default_rng(seed)
    grid = rng.choice([-1.5, -1.0, 0.0, 0.5, 1.0, 2.0], size=(len(expression.start), count))
    grid[:, 0] = expression.start
    grid[:, 1:3] += rng.normal(size=(len(expression.start), 2))
    return {f"x{k}": row for k, row in enumerate(grid)}


@settings(max_examples=150)
@given(expressions(RATIONAL + KINKED, max_steps=20), st.integers(0, 99))
def test_replay_equals_the_scalar_engine_bit_for_bit(expression, seed):
    assume(by_values(expression, expression.start))
    tape, inputs = record(expression), samples(expression, seed)
    values, grads = tape.forward(**inputs), tape.backward()
    for s, numbers in enumerate(zip(*inputs.values(), strict=True)):
        expected = by_values(expression, numbers)
        got = (values["output"][s], [grads[name][s] for name in inputs])
        if expected is None:
            assert np.isnan(got[1]).all()
        else:
            assert got == expected


@settings(max_examples=150)
@given(expressions(SMOOTH), st.integers(0, 99))
def test_replay_of_transcendental_graphs(expression, seed):
    assume(by_values(expression, expression.start))
    tape, inputs = record(expression), samples(expression, seed)
    tape.forward(**inputs)
    grads = tape.backward()
    for s, numbers in enumerate(zip(*inputs.values(), strict=True)):
        assume(by_values(expression, numbers))
        leaves = [Value(x) for x in numbers]
        output = expression.run(leaves, VALUE)
        assume(all(abs(node.data) < 1e4 for node in output.graph()))
        output.backward()
        scale = max(abs(node.grad) * (1 + abs(node.data)) for node in output.graph())
        for name, leaf in zip(inputs, leaves, strict=True):
            assert grads[name][s] == pytest.approx(leaf.grad, rel=1e-9, abs=1e-11 * scale)


@settings(max_examples=200)
@given(expressions(SMOOTH + KINKED, max_steps=6), st.integers(0, 99))
def test_a_sample_is_a_gap_where_the_scalar_engine_refuses(expression, seed):
    assume(by_values(expression, expression.start, guarded=False))
    tape, inputs = record(expression, guarded=False), samples(expression, seed)
    values, grads = tape.forward(**inputs), tape.backward()
    for s, numbers in enumerate(zip(*inputs.values(), strict=True)):
        refused = by_values(expression, numbers, guarded=False) is None
        gaps = {math.isnan(grads[name][s]) for name in grads}
        assert gaps == {refused}
        if math.isnan(values["output"][s]):
            assert refused
            assert all(math.isnan(values[name][s]) for name in values)


def test_the_neuron_of_chapter_1(tape):
    values = tape.forward()
    assert list(values) == ["w", "b", "x", "y", "z", "a", "loss"]
    assert values["a"] == pytest.approx(0.6456563062257955, rel=1e-12)
    assert values["loss"] == pytest.approx(0.02382197580786543, rel=1e-12)
    grads = tape.backward()
    assert list(grads) == list(values)
    assert grads["w"] == grads["b"] == pytest.approx(-0.07062280949881259, rel=1e-12)
    assert grads["loss"] == 1.0
    assert tape.start() == {"w": 0.5, "b": 0.1, "x": 1.0, "y": 0.8}
    assert repr(tape) == "Tape(w, b, x, y -> loss; 10 nodes)"


def test_ten_thousand_samples_in_one_call(tape):
    w = np.linspace(-8, 8, 10_000)
    values, grads = tape.forward(w=w), tape.backward()
    for name in values:
        assert values[name].shape == grads[name].shape == (10_000,)
        assert values[name].dtype == grads[name].dtype == np.float64
    for s in (0, 1234, 9_999):
        leaves = [Value(x, n) for n, x in {**tape.start(), "w": w[s]}.items()]
        loss = neuron(*leaves)
        loss.backward()
        assert values["loss"][s] == pytest.approx(loss.data, rel=1e-14)
        assert grads["w"][s] == pytest.approx(leaves[0].grad, rel=1e-13)


def test_inputs_broadcast_to_one_shape(tape):
    w, x = np.array([[0.0], [1.0]]), np.array([1.0, 2.0, 3.0])
    values, grads = tape.forward(w=w, x=x, b=0), tape.backward()
    assert {v.shape for v in values.values()} == {g.shape for g in grads.values()} == {(2, 3)}
    np.testing.assert_array_equal(values["z"], w * x)
    np.testing.assert_array_equal(values["y"], np.full((2, 3), 0.8))


def test_numbers_give_numbers_and_lists_give_arrays(tape):
    assert all(type(v) is np.float64 for v in tape.forward(w=1).values())
    assert all(type(g) is np.float64 for g in tape.backward().values())
    assert tape.forward(w=[1, 2])["w"].tolist() == [1.0, 2.0]
    assert tape.forward(w=[])["loss"].shape == tape.backward()["w"].shape == (0,)
    assert tape.forward(w=np.float32(0.5))["w"] == 0.5


def test_an_input_left_out_has_its_recorded_number_again(tape):
    tape.forward(w=3.0)
    assert tape.forward(x=1.0)["w"] == 0.5


def test_gaps_are_nan_throughout_and_leave_the_other_samples_alone():
    tape = Tape.record(lambda a, b: a.log().named("l") + b / a, a=1.0, b=1.0)
    values, grads = tape.forward(a=[-1.0, 0.0, 2.0], b=3.0), tape.backward()
    for name in values:
        np.testing.assert_array_equal(np.isnan(values[name]), [True, True, False])
        np.testing.assert_array_equal(np.isnan(grads[name]), [True, True, False])
    assert grads["a"][2] == 1 / 2 - 3 / 4
    assert math.isnan(tape.forward(a=-1.0)["b"])


def test_an_infinity_inside_is_a_gap_though_the_output_is_finite():
    tape = Tape.record(lambda x: (x.exp() * 1e200).sigmoid(), x=1.0)
    for results in (tape.forward(x=[300.0, 1.0]), tape.backward()):
        for name in results:
            np.testing.assert_array_equal(np.isnan(results[name]), [True, False])


def test_a_finite_value_with_an_infinite_slope_is_a_gap_backwards_only():
    tape = Tape.record(lambda x: x.sqrt(), x=1.0)
    assert tape.forward(x=0.0)["output"] == 0.0
    assert math.isnan(tape.backward()["x"])


def test_constants_do_not_move():
    tape = Tape.record(lambda x: x**3 + (x * 0) ** 2, x=2.0)
    tape.forward(x=[-2.0, 0.0])  # the slope by an exponent does not exist here
    np.testing.assert_array_equal(tape.backward()["x"], [12.0, 0.0])


def test_results_share_no_memory_with_the_tape(tape):
    w = np.array([0.5, 1.0])
    values = tape.forward(w=w)
    first = {name: g.copy() for name, g in tape.backward().items()}
    for array in (*values.values(), w):
        array[...] = 77.0
    second = tape.backward()
    for name in first:
        np.testing.assert_array_equal(second[name], first[name])
        second[name][...] = 55.0
    for name, g in tape.backward().items():
        np.testing.assert_array_equal(g, first[name])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda tape: pickle.loads(pickle.dumps(tape))])
def test_a_copy_of_a_tape_runs_on_its_own(tape, duplicate):
    tape.forward(w=2.0)
    before = tape.backward()
    again = duplicate(tape)
    assert again.backward() == before
    again.forward(w=3.0)
    assert tape.backward() == before != again.backward()


def test_a_refused_forward_leaves_the_last_run_in_place(tape):
    tape.forward(w=2.0)
    before = tape.backward()
    with pytest.raises(ValueError, match="finite"):
        tape.forward(w=math.nan)
    assert tape.backward() == before


def test_backward_needs_a_forward(tape):
    with pytest.raises(
        ValueError,
        match=r"Tape\.backward: expected a forward before it, got none\. Call forward\(...\) first",
    ):
        tape.backward()


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ({"v": 1.0}, ValueError, "input: expected one of 'w', 'b', 'x', 'y', got 'v'"),
        ({"loss": 1.0}, ValueError, "input: expected .* got 'loss'"),
        ({"w": math.nan}, ValueError, "w: expected finite numbers, got NaN or infinity.*Drop those samples"),
        ({"w": [1.0, math.inf]}, ValueError, "w: expected finite numbers"),
        (
            {"w": [1, 2], "x": [1, 2, 3]},
            ValueError,
            r"^w, x: expected shapes that broadcast to one, got \[\(2,\), \(3,\)\]",
        ),
        ({"w": [[1.0, 2.0], [3.0]]}, ValueError, "w: expected one shape, got rows that differ"),
        ({"w": "1"}, TypeError, "w: expected real numbers, got <U1"),
        ({"w": None}, TypeError, "w: expected real numbers, got object .*Give floats"),
        ({"w": 1j}, TypeError, "got complex128"),
        ({"w": True}, TypeError, "got bool"),
        ({"w": Value(1.0)}, TypeError, "got object"),
        ({"w": [10**400]}, TypeError, "got object"),
    ],
)
def test_bad_inputs_of_a_run(tape, inputs, error, message):
    with pytest.raises(error, match=message):
        tape.forward(**inputs)


def test_an_input_may_have_any_name():
    tape = Tape.record(lambda self, cls: self * cls, self=2.0, cls=3.0)
    assert tape.forward(self=5.0)["output"] == 15.0


# Recording.


def test_record_from_values():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    z = (w * x).named("z")
    a = z.tanh().named("a")
    tape = Tape.record(a * z, inputs=[x, w], watch=[a])
    assert list(tape.forward()) == ["x", "w", "a", "output"]
    assert list(Tape.record(a * z, inputs=[x, w]).forward()) == ["x", "w", "z", "a", "output"]


def test_inputs_from_any_iterable():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    for inputs in ((w, x), iter([w, x]), np.array([w, x]), {w: 1, x: 2}):
        assert list(Tape.record(w * x, inputs=inputs).start()) == ["w", "x"]


def test_recording_leaves_the_values_as_they_were():
    x = Value(2.0, "x")
    y = x * x
    Tape.record(y, inputs=[x])
    assert y.name == ""
    assert list(Tape.record(y + 1, inputs=[x]).forward()) == ["x", "output"]


def test_a_watched_node_beside_the_path_to_the_output():
    z, y = Value(0.3, "z"), Value(1.0, "y")
    loss = (z.softplus() - y * z).named("loss")
    p = z.sigmoid().named("p")
    tape = Tape.record(loss, inputs=[z, y], watch=[p])
    values, grads = tape.forward(z=[0.0, 1.0]), tape.backward()
    assert values["p"][0] == 0.5
    np.testing.assert_array_equal(grads["p"], [0.0, 0.0])  # the loss does not go through it
    np.testing.assert_allclose(grads["z"], values["p"] - 1, rtol=1e-14)
    again = rebuilt(tape.to_dict())
    np.testing.assert_array_equal(again.forward(z=[0.0, 1.0])["p"], values["p"])


def test_unnamed_leaves_are_constants():
    w, c = Value(2.0, "w"), Value(7.0)
    tape = Tape.record(w * c, inputs=[w])
    assert tape.to_dict()["nodes"] == [["input", 2.0], ["const", 7.0], ["mul", 0, 1]]


def test_a_function_near_the_edge_of_its_domain():
    # Just below 0 the logarithm refuses; the neighbour on the other side is taken.
    tape = Tape.record(lambda x: (1 - x).log(), x=0.9999)
    assert tape.forward(x=0.0)["output"] == 0.0
    with pytest.raises(ValueError, match=r"reads \.data"):
        Tape.record(lambda x: (1 - x).log() * x.data, x=0.9999)


def test_refused_recordings_of_values():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    loss = w * x
    stranger = Value(1.0, "v")
    inner = (w * 2).named("inner")
    cases = [
        (
            lambda: Tape.record(loss, inputs=[w, x, Value(1.0)]),
            ValueError,
            r"^inputs: expected leaves with a name, got Value\(1\.0\)",
        ),
        (
            lambda: Tape.record(loss, inputs=[w, x, stranger]),
            ValueError,
            "leaves on which the output depends, got .*'v'",
        ),
        (lambda: Tape.record(loss, inputs=[w]), ValueError, "every leaf that has a name, got none for 'x'"),
        (lambda: Tape.record(loss), ValueError, "inputs: expected at least one, .*inputs=.w, x"),
        (lambda: Tape.record(Value(1.0) * 2, inputs=[]), ValueError, "inputs: expected at least one"),
        (lambda: Tape.record(w * Value(1.0, "w"), inputs=[w]), ValueError, "none for 'w'. Add it to inputs"),
        (
            lambda: Tape.record(loss, inputs=[w, w, x]),
            ValueError,
            "inputs: expected each node once, got w, w, x",
        ),
        (lambda: Tape.record(inner * w, inputs=[inner, w]), ValueError, "leaves with a name, got .*op 'mul'"),
        (
            lambda: Tape.record(loss, inputs=[w, x], watch=[w * 3]),
            ValueError,
            "watch: expected nodes with a name, got Value",
        ),
        (
            lambda: Tape.record(loss, inputs=[w, x], watch=[stranger]),
            ValueError,
            "none for 'v'. Add it to inputs",
        ),
        (
            lambda: Tape.record(loss, inputs=w),
            TypeError,
            "inputs: expected a list of Values, got .*inputs=.a, b",
        ),
        (lambda: Tape.record(loss, inputs=5), TypeError, "inputs: expected a list of Values, got .5"),
        (lambda: Tape.record(loss, inputs="wx"), TypeError, "inputs: expected a list of Values, got .'w'"),
        (lambda: Tape.record(loss, inputs=[w, 2.0]), TypeError, "expected a list of Values, got .*2.0"),
        (lambda: Tape.record(loss, inputs=[w, x], watch="z"), TypeError, "watch: expected a list of Values"),
        (
            lambda: Tape.record(loss, [w, x], w=1.0),
            TypeError,
            "got Value.* with inputs and starting numbers",
        ),
        (
            lambda: Tape.record(3.0),
            TypeError,
            "output: expected a Value with inputs and watch, .*got 3.0 with",
        ),
    ]
    for attempt, error, message in cases:
        with pytest.raises(error, match=message):
            attempt()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda w, x: (w.named("a") * 1).named("a") + x, "another one for each node, got a twice"),
        (lambda w, x: (w * x).named("z") + (w + x).named("z"), "got z twice"),
        (lambda w, x: (w * x).named("output") + 1, "got output twice"),
    ],
)
def test_names_must_differ(build, message):
    w, x = Value(2.0, "w"), Value(3.0, "x")
    output = build(w, x)
    with pytest.raises(ValueError, match=message):
        Tape.record(output, inputs=[w, x])


def test_two_inputs_of_one_name():
    a, b = Value(1.0, "w"), Value(2.0, "w")
    with pytest.raises(ValueError, match="name: expected another one for each node, got w twice"):
        Tape.record(a * b, inputs=[a, b])


def test_numbers_and_names_set_by_hand():
    w = Value(1.0, "w")
    w.data = np.float32(0.5)
    d = Tape.record(w * 2, inputs=[w]).to_dict()
    assert json.loads(json.dumps(d)) == d
    w.name = 5
    with pytest.raises(TypeError, match="name: expected a string, got int"):
        Tape.record(w * 2, inputs=[w])


OUTSIDE = Value(2.0)
RNG = random.Random(0)
MEMORY: list[Value] = []


def remembers(w):
    if not MEMORY:
        MEMORY.append(w * 2)
    return w * MEMORY[0]


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (
            lambda w: w * OUTSIDE,
            ValueError,
            "output: expected Values of this call only, got .* of another recording",
        ),
        (remembers, ValueError, "output: expected Values of this call only, got .* of another recording"),
        (lambda w: w * w.data, ValueError, r"reads \.data or draws at random"),
        (lambda w: w * 2 + math.exp(w.data), ValueError, r"reads \.data"),
        (
            lambda w: w * RNG.random(),
            ValueError,
            r"same graph at inputs nearby, got first \('const', .*draws at random",
        ),
        (
            lambda w: w * 2 if w.data <= 1.0 else w + 2,
            ValueError,
            r"first \('mul', 0, 1\), then \('add', 0, 1\)",
        ),
        (lambda w: w.exp() if w.data > 1 else w * 2, ValueError, "first .*then .*branches on a number"),
        (lambda w: w * 2 if w > 0 else w, TypeError, "can't be compared"),
        (lambda w: w * 2 if w else w, TypeError, "no truth value"),
        (lambda w: 3.0, TypeError, "what the function returns: expected a Value, got float"),
        (lambda w: None, TypeError, "expected a Value, got NoneType"),
        (lambda w: Value(3.0), ValueError, "on which the output depends, got .*'w'"),
        (lambda w: Value(3.0, "c") * w, ValueError, "every leaf that has a name, got none for 'c'"),
        (
            lambda w, x: w * x,
            TypeError,
            r"output: expected a function of w, got missing .*'x'.*number for each argument",
        ),
        (lambda: Value(1.0), TypeError, "expected a function of w, got"),
        (lambda w: (w - 1).log(), ValueError, "log"),
        (
            lambda w: w.named("v") * 2,
            ValueError,
            "^w: expected .* argument's name, got the name 'v'.*Rename the argument itself",
        ),
        (lambda w: w.named(""), ValueError, "got the name ''"),
        (max, TypeError, r"no signature found.*have no names: Tape\.record\(lambda x: f\(x\), x=1\.0\)"),
        (np.exp, TypeError, "expected a function of w, got .*have no names"),
    ],
)
def test_refused_recordings_of_functions(f, error, message):
    MEMORY.clear()
    with pytest.raises(error, match=message):
        Tape.record(f, w=1.0)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: Tape.record(lambda w: w, w="1"), TypeError, "expected a finite number, got str '1'"),
        (lambda: Tape.record(lambda w: w, w=math.nan), ValueError, "expected a finite number, got nan"),
        (
            lambda: Tape.record(lambda w, v: w * 2, w=1.0, v=1.0),
            ValueError,
            "on which the output depends, got .*'v'",
        ),
        (
            lambda: Tape.record(lambda w: w, inputs=[Value(1.0, "w")], w=1.0),
            TypeError,
            "a function with starting numbers, got .*lambda.* with inputs and starting numbers",
        ),
        (lambda: Tape.record(lambda: Value(1.0)), ValueError, "at least one, to move"),
    ],
)
def test_bad_starting_numbers(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


# The form that travels. It goes to the page; nothing in bplib reads it back, so the tests do.


def rebuilt(d) -> Tape:
    """The tape that a dict describes, by nothing but the dict."""
    names = dict(d["names"])
    nodes = [tuple(node) for node in d["nodes"]]
    return Tape(nodes, [names.get(i, "") for i in range(len(nodes))], d["inputs"], d["watch"], d["output"])


@settings(max_examples=100)
@given(expressions(SMOOTH + KINKED), st.integers(0, 99))
def test_a_tape_comes_back_from_json(expression, seed):
    assume(by_values(expression, expression.start))
    tape, inputs = record(expression), samples(expression, seed)
    d = tape.to_dict()
    again = rebuilt(json.loads(json.dumps(d, allow_nan=False)))
    assert again.to_dict() == d
    tape.forward(**inputs)
    again.forward(**inputs)
    for a, b in zip(tape.backward().values(), again.backward().values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_format(tape):
    assert tape.to_dict() == {
        "format": "bplib.tape",
        "version": 1,
        "nodes": [
            *(["input", 0.5], ["input", 0.1], ["input", 1.0], ["input", 0.8]),
            *(["mul", 0, 2], ["add", 4, 1], ["sigmoid", 5], ["sub", 6, 3]),
            *(["const", 2.0], ["pow", 7, 8]),
        ],
        "names": [[0, "w"], [1, "b"], [2, "x"], [3, "y"], [5, "z"], [6, "a"], [9, "loss"]],
        "inputs": [0, 1, 2, 3],
        "watch": [5, 6],
        "output": 9,
    }


def test_a_tape_and_its_dict_share_nothing(tape):
    d = tape.to_dict()
    before = tape.to_dict()
    d["nodes"][4][1] = 3
    d["inputs"].clear()
    d["names"].clear()
    assert tape.to_dict() == before
