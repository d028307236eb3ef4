"""The page's arrays against Python's, in Chromium: every pair, whole programs, training, lanes, frames.

Sums in another order round otherwise, so each number is held to 1e-12 of the largest sum of absolute terms in
its array: for a gradient |dout| |Jacobian|, for an output its own size and that of what it is made of.
"""

from __future__ import annotations

import base64
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pages import modules

import bplib
from bplib import functional as fn
from bplib import layers, losses, optim
from bplib.contract import kept
from bplib.data import moons, xor
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets import program as page_program
from bplib.widgets.frames import frames
from bplib.widgets.packed import pack
from bplib.widgets.program import Program, by, d, normals, shuffled, uniforms, vjp

pytestmark = pytest.mark.browser

STATIC = Path(bplib.__file__).parent / "widgets/static"
#: What the page has beside the tables in Python, and why: attention's projections, and a residual's sum.
BESIDE = ["project", "add"]
#: What the tables in Python have and the page has not: nothing.
MISSING: list[str] = []
WITHIN = 1e-12


def recipes() -> Any:
    """The random calls of tests/unit/pairs.py."""
    if "pairs" not in sys.modules:
        path = Path(__file__).parents[1] / "unit/pairs.py"
        spec = importlib.util.spec_from_file_location("pairs", path)
        assert spec and spec.loader
        sys.modules["pairs"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["pairs"])
    return sys.modules["pairs"]


PAGE = """<!doctype html><meta charset="utf-8"><title>Engines</title><link rel="icon" href="data:,">
<script type="module">
import { PAIRS, count } from "./engine/pairs.js";
import { MEASURES, Program } from "./engine/program.js";
import { OPTIMIZERS, Optimizer } from "./engine/optim.js";
import { Lanes } from "./engine/lanes.js";
import { Frames } from "./engine/frames.js";
import { unpacked } from "./engine/packed.js";
import { normals, shuffled, uniforms } from "./engine/random.js";
const pack = (numbers) => {
  const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};
const send = (array) => ({ shape: array.shape, data: pack(array.data) });
const take = (sent) => {
  const data = unpacked(sent);
  return { shape: sent.shape, data, grad: sent.whole ? null : new Float64Array(data.length) };
};
// One pair: forward, then backward twice over into zeros, to see that nothing is left from the first time.
const call = ({ op, args, options, arrays, dout }) => {
  const pair = PAIRS[op];
  const step = { op, args: args.map(take), options, arrays: {}, saved: null };
  for (const [name, sent] of Object.entries(arrays)) step.arrays[name] = take(sent);
  const shape = pair.shape(step.args, options, step.arrays);
  step.out = { shape, data: new Float64Array(count(shape)).fill(7), grad: unpacked(dout) };
  step.saved = pair.save?.(step) ?? null;
  for (let k = 0; k < 2; k++) {
    for (const { grad } of step.args) grad?.fill(0);
    pair.forward(step);
    pair.backward(step);
  }
  const inputs = [...step.args, ...Object.values(step.arrays)];
  const before = [...args, ...Object.values(arrays)].map((sent) => unpacked(sent));
  const untouched = inputs.every(({ data }, k) => data.every((x, i) => Object.is(x, before[k][i])));
  pair.commit?.(step);
  return {
    out: send(step.out), untouched,
    grads: step.args.map(({ shape, grad }) => grad && send({ shape, data: grad })),
    arrays: Object.fromEntries(Object.entries(step.arrays).map(([name, array]) => [name, send(array)])),
  };
};
const answer = (program, q) => {
  try {
    const got = program.quantity(q);
    if (!got.names) return send(got);
    return { names: got.names, values: pack(got.values), gradients: pack(got.gradients) };
  } catch (error) {
    return { error: error.message };
  }
};
Object.assign(window, {
  PAIRS, OPTIMIZERS, MEASURES, Program, Optimizer, Lanes, Frames, pack, send, call, answer,
  uniforms, normals, shuffled,
});
window.ready = true;
</script>"""


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    with modules(chromium, tmp_path_factory.mktemp("engines"), PAGE) as page:
        yield page


def numbers(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed))


def array(sent: dict[str, Any]) -> np.ndarray:
    return numbers(sent["data"]).reshape(sent["shape"])


def arguments(call: Any) -> list[np.ndarray]:
    return [a for a in call.args if a is not None]


def sent(call: Any, dout: Any) -> dict[str, Any]:
    """A call as the page takes it: options that are arrays apart, a mask in place of its seed."""
    options, arrays = dict(call.options), {}
    if call.op is fn.dropout:
        rng = np.random.default_rng(options.pop("seed"))
        arrays["mask"] = fn.dropout(np.ones_like(call.args[0]), p=options["p"], rng=rng)[0]
    for name in ("mask", "running_mean", "running_var"):
        if options.get(name) is not None:
            arrays[name] = options[name]
        options.pop(name, None)
    args = [pack(a) | {"whole": a.dtype.kind != "f"} for a in arguments(call)]
    return {
        "op": call.op.__name__.lstrip("_"),
        "args": args,
        "options": options,
        "arrays": {name: pack(np.asarray(a, dtype=float)) for name, a in arrays.items()},
        "dout": pack(np.asarray(dout, dtype=float)),
    }


def backward(call: Any, dout: Any) -> list[np.ndarray | None]:
    vjps = recipes().VJP | {forward: back for forward, back in page_program.PAIRS.values()}
    _, cache = call.forward()
    grads = vjps[call.op](dout if np.ndim(dout) else float(dout), cache)
    return list(grads[: len(arguments(call))])


def sizes(call: Any, out: np.ndarray, dout: np.ndarray) -> tuple[float, list[float]]:
    """The largest sum of absolute terms in the output and in each gradient, by the full Jacobian."""
    floats = [a for a in arguments(call) if a.dtype.kind == "f"]
    rows = [backward(call, one.reshape(out.shape)) for one in np.eye(out.size)]
    rows = [[g for g in grads if g is not None] for grads in rows]
    jacobians = [np.abs(np.array([np.ravel(grads[k]) for grads in rows])) for k in range(len(rows[0]))]
    made = np.abs(out.ravel()) + sum(J @ np.abs(a.ravel()) for J, a in zip(jacobians, floats, strict=True))
    return float(made.max()), [float((np.abs(dout.ravel()) @ J).max()) for J in jacobians]


def agree(got: np.ndarray, want: Any, size: float, what: Any) -> None:
    want = np.asarray(want, dtype=float)
    assert got.shape == want.shape, what
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want), err_msg=str(what))
    assert np.nanmax(np.abs(got - want), initial=0) <= WITHIN * size, what


def collected(op: Any, n: int = 25) -> list[Any]:
    made: list[Any] = []

    @settings(
        max_examples=n,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(recipes().calls(op))
    def collect(call: Any) -> None:
        made.append(call)

    collect()
    return made


def check(page: Any, calls: list[Any], seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    outs = [np.asarray(call.forward()[0]) for call in calls]
    douts = [rng.normal(size=out.shape) for out in outs]
    answers = page.evaluate(
        "calls => calls.map(call)", [sent(call, dout) for call, dout in zip(calls, douts, strict=True)]
    )
    for call, out, dout, answer in zip(calls, outs, douts, answers, strict=True):
        largest, terms = sizes(call, out, dout)
        agree(array(answer["out"]), out, largest, call)
        wanted = [g for g in backward(call, dout) if g is not None]
        got = [array(g) for g in answer["grads"] if g is not None]
        for mine, right, size in zip(got, wanted, terms, strict=True):
            agree(mine, right, size, call)
        assert answer["untouched"]
        if call.op is fn.batch_norm and "running_mean" in call.options:
            saved = kept(call.forward()[1])
            for name in ("running_mean", "running_var"):
                agree(array(answer["arrays"][name]), getattr(saved, name), 10.0, call)


# --- pairs ------------------------------------------------------------------------------------------


def test_the_same_pairs_in_the_same_order(page):
    python = [op.__name__ for op in (*fn.VJP, *losses.VJP)]
    assert page.evaluate("Object.keys(PAIRS)") == [op for op in python if op not in MISSING] + BESIDE
    assert set(page_program.PAIRS) == {*python, *BESIDE}


@pytest.mark.parametrize("op", [*fn.VJP, *losses.VJP], ids=lambda op: op.__name__)
def test_random_calls_of_each_pair(page, op):
    calls = collected(op)
    assert len(calls) > 12
    check(page, calls)


def test_what_the_page_has_beside(page):
    rng = np.random.default_rng(0)
    Call = recipes().Call
    project, add = (page_program.PAIRS[name][0] for name in BESIDE)
    calls = []
    for _ in range(20):
        *lead, n, m = rng.integers(1, 5, rng.integers(3, 5))
        x, other = rng.normal(size=(2, *lead, n))
        calls += [Call(project, [x, rng.normal(size=(m, n))]), Call(add, [x, other])]
    check(page, calls)


ENTRYWISE = [fn.relu, fn.leaky_relu, fn.elu, fn.sigmoid, fn.tanh, fn.softplus, fn.gelu]
FAR = np.array(
    [0.0, -0.0, 1e-310, 1e-20, 0.3, 1.0, 2.9999, 3.0001, 8.0, 19.99, 20.01, 37.0, 40.0, 1e4, 1e300]
)


def far_calls() -> list[Any]:
    """Numbers at the ends, each alone, so that no larger one hides an error; ties; axes of size 1."""
    Call, rng = recipes().Call, np.random.default_rng(1)
    calls = [Call(op, [np.array([[x]])]) for op in ENTRYWISE for x in np.concatenate([FAR, -FAR])]
    for op in (fn.softmax, fn.log_softmax):
        calls += [
            Call(op, [np.array(z)]) for z in ([[1e4, -1e4]], [[1e4, 1e4, 0.0]], [[3.0]], [[-1e4], [0.0]])
        ]
        calls += [Call(op, [rng.normal(size=(2, 1, 3))], {"axis": axis}) for axis in (0, 1, -1)]
    for op, targets in [(losses.bce_with_logits, (0.0, 0.3, 1.0)), (losses.mse, (0.0,))]:
        calls += [
            Call(op, [np.array([[z]]), np.array([[y]])])
            for z in (-1e4, -40.0, 0.0, 40.0, 1e4)
            for y in targets
        ]
    calls += [
        Call(losses.bce, [np.array([[p]]), np.array([[y]])]) for p in (0.0, 1e-300, 1.0) for y in (0.0, 1.0)
    ]
    calls += [
        Call(losses.cross_entropy, [np.array([[0.0, 1.0]]), y])
        for y in (np.array([0]), np.array([[0.0, 1.0]]))
    ]
    for z in ([[1e4, -1e4, 0.0]], [[0.0, 0.0, 0.0]], [[5.0]]):
        last = np.array([len(z[0]) - 1])
        calls += [
            Call(losses.cross_entropy_with_logits, [np.array(z), y]) for y in (last, np.ones_like(z) / 3)
        ]
    calls += [Call(fn.max_pool2d, [np.zeros((1, 2, 3, 3))], {"kernel_size": 2, "stride": 1})]
    calls += [Call(fn.layer_norm, [np.full((1, 4), 1e4), np.ones(4), np.zeros(4)])]
    calls += [Call(fn.affine, [np.full((1, 1), 1e4), np.ones((1, 1)), np.zeros(1)])]
    for n in (1, 3, 4, 5, 9):  # around the blocks of four in which products are taken
        calls += [
            Call(fn.affine, [rng.normal(size=(n, k)), rng.normal(size=(m, k)), rng.normal(size=m)])
            for k in (1, 4, 7)
            for m in (1, 4, 6)
        ]
    return calls


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_far_numbers_ties_and_axes_of_size_1(page):
    check(page, far_calls())


@pytest.mark.parametrize("op", [*fn.VJP, losses.mse, losses.bce_with_logits], ids=lambda op: op.__name__)
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_nan_stays_nan(page, op):
    """A NaN in the first argument: output and gradients are NaN where they are in Python."""
    calls = []
    for call in collected(op, 12):
        place = call.floats[0]
        call.args[place] = call.args[place].copy()
        call.args[place].flat[call.args[place].size // 2] = np.nan
        calls.append(call)
    douts = [np.ones_like(np.asarray(call.forward()[0])) for call in calls]
    answers = page.evaluate(
        "calls => calls.map(call)", [sent(call, dout) for call, dout in zip(calls, douts, strict=True)]
    )
    seen = 0
    for call, dout, answer in zip(calls, douts, answers, strict=True):
        got, want = array(answer["out"]), np.asarray(call.forward()[0])
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want), err_msg=str(call))
        seen += np.isnan(want).sum()
        grads = [g for g in backward(call, dout) if g is not None]
        for mine, right in zip([g for g in answer["grads"] if g is not None], grads, strict=True):
            np.testing.assert_array_equal(np.isnan(array(mine)), np.isnan(right), err_msg=str(call))
    assert seen or op is fn.embedding  # whose NaN row may not be asked for


def test_tanh_is_right_to_rounding(page):
    """The page's own tanh and its slope: relative errors over 40,000 numbers from 1e-8 to 700."""
    x = np.concatenate([np.geomspace(1e-8, 700, 20_000), np.linspace(0, 21, 20_000)])
    x = np.concatenate([x, -x])
    call = recipes().Call(fn.tanh, [x])
    answer = page.evaluate("call", sent(call, np.ones_like(x)))
    with np.errstate(under="ignore"):
        slope = backward(call, np.ones_like(x))[0]
    for got, want in ((answer["out"], np.tanh(x)), (answer["grads"][0], slope)):
        normal = np.abs(want) > 1e-300
        assert np.max(np.abs(array(got) / np.where(normal, want, 1) - 1)[normal]) < 2e-15


# --- programs ---------------------------------------------------------------------------------------


def network(name: str) -> Program:
    rng = np.random.default_rng(5)
    L = layers
    B = 6
    X = rng.normal(size=(B, 3))
    labels, image, tokens = rng.integers(0, 3, B), rng.normal(size=(B, 2, 6, 6)), rng.integers(0, 7, (B, 4))
    affine = [L.Affine(3, 5, rng=rng), L.Affine(5, 3, rng=rng)]
    chains: dict[str, tuple[list[L.Layer], Any, Any, Any]] = {
        "tanh": ([affine[0], L.Tanh(), affine[1]], losses.mse, X, rng.normal(size=(B, 3))),
        "norms": (
            [affine[0], L.BatchNorm(5), L.GELU(), L.LayerNorm(5), affine[1]],
            losses.cross_entropy_with_logits,
            X,
            labels,
        ),
        "evaluated": ([affine[0], L.BatchNorm(5), L.Dropout(0.5, rng=rng), affine[1]], losses.mse, X, X),
        "dropped": (
            [affine[0], L.ELU(), L.Dropout(0.4, rng=rng), affine[1], L.Dropout(0.5, rng=rng)],
            losses.mse,
            X,
            X,
        ),
        "image": (
            [
                L.Conv2d(2, 4, 3, rng=rng, padding=1, bias=False),
                L.ReLU(),
                L.MaxPool2d(2),
                L.Conv2d(4, 2, 2, rng=rng),
                L.AvgPool2d(2),
                L.Flatten(),
                L.Affine(2, 1, rng=rng),
                L.Sigmoid(),
            ],
            losses.bce,
            image,
            rng.uniform(size=(B, 1)),
        ),
        "sequence": (
            [
                L.Embedding(7, 4, rng=rng),
                L.Attention(4, 4, rng=rng, causal=True),
                L.Flatten(),
                L.Affine(16, 3, rng=rng),
                L.Softmax(),
            ],
            losses.cross_entropy,
            tokens,
            labels,
        ),
        "residual": (
            [
                L.Residual(L.Affine(3, 3, rng=rng), L.LeakyReLU(slope=0.2)),
                L.Sequential(L.Softplus(), affine[0]),
            ],
            losses.bce_with_logits,
            X,
            rng.uniform(size=(B, 5)),
        ),
        "conv1d": (
            [L.Conv1d(2, 3, 3, rng=rng, stride=2, padding=1), L.Flatten(), L.LogSoftmax()],
            losses.mse,
            image[:, :, 0],
            rng.normal(size=(B, 9)),
        ),
    }
    chain, loss, X, y = chains[name]
    net = L.Sequential(*chain)
    net.train = name != "evaluated"
    return Program.of(net, loss, X, y, seed=3)


NETWORKS = ["tanh", "norms", "evaluated", "dropped", "image", "sequence", "residual", "conv1d"]


def close(got: np.ndarray, want: Any, within: float = 1e-11) -> bool:
    """Within a part of the largest entry: what is left of 1e-12 an op over some ops."""
    want = np.asarray(want, dtype=float)
    return got.shape == want.shape and np.abs(got - want).max(initial=0) <= within * np.abs(want).max(
        initial=1e-3
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_named_quantities(page, name):
    program = network(name)
    program.run()
    floats = [n for n, a in program.arrays.items() if a.dtype.kind == "f" and n not in program.fixed]
    cell = tuple(n - 1 for n in program.arrays[program.out].shape)
    asked: list[Any] = [*program.arrays, "out"]
    asked += [d(n) for n in floats]
    asked += [d(n, sample=k) for n in program.params for k in range(program.rows)]
    asked += [vjp("out", cell, n) for n in floats]
    groups = [by(group, measure) for group in ("layer", "parameter") for measure in page_program.MEASURES]
    got = page.evaluate(
        """([wire, asked]) => {
          const program = new Program(wire);
          program.run();
          return asked.map((q) => answer(program, q));
        }""",
        [program.to_dict(), [*asked, *groups]],
    )
    for q, mine in zip(asked, got, strict=False):
        assert close(array(mine), program.quantity(q)), q
    for q, mine in zip(groups, got[len(asked) :], strict=True):
        want = program.quantity(q)
        assert mine["names"] == want["names"]
        for part in ("values", "gradients"):
            assert close(numbers(mine[part]), want[part]), q


def test_a_sample_of_a_weight_gradient_is_an_outer_product(page):
    program = network("tanh")
    terms = page.evaluate(
        """(wire) => {
          const program = new Program(wire);
          program.run();
          return [0, 1, 2, 3, 4, 5].map((k) => send(program.d("0.W", k)));
        }""",
        program.to_dict(),
    )
    rows = [array(term) for term in terms]
    assert close(sum(rows), program.quantity(d("0.W")))
    for k, term in enumerate(rows):
        assert close(term, np.outer(program.quantity(d("0"))[k], program.arrays["x"][k]))
        assert np.linalg.matrix_rank(term) == 1


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("9.W", "There is no array 9.W in this program. It has "),
        (d("9.W"), "There is no array 9.W"),
        (d("0.W", sample=6), "There is no sample 6; they count from 0 to 5."),
        (d("0", sample=1), "0 is no parameter: its gradient is not a sum over samples."),
        (vjp("out", (6, 0), "x"), "there is no cell ("),
        (vjp("out", (0,), "x"), "there is no cell ("),
        (vjp("0.W", (0, 0), "x"), "0.W is not computed, so nothing leads to it."),
        (by("neuron", "rms"), "There is no group"),
        (by("layer", "median"), "There is no measure"),
    ],
)
def test_what_cannot_be_asked_for_is_said_on_both_sides(page, q, words):
    program = network("tanh")
    with pytest.raises(ValueError) as raised:
        program.quantity(q)
    said = page.evaluate("([wire, q]) => answer(new Program(wire), q).error", [program.to_dict(), q])
    for text in (str(raised.value), said):
        assert words.replace("'", "") in text.replace("'", "")


def test_an_older_program_is_refused_in_words(page):
    wire = network("tanh").to_dict() | {"version": 0}
    said = page.evaluate("(wire) => { try { new Program(wire); } catch (e) { return e.message; } }", wire)
    assert said == "This page reads programs of version 1, not 0."


def test_gradients_asked_for_aside_leave_those_of_the_loss(page):
    program = network("tanh")
    before, after = page.evaluate(
        """(wire) => {
          const program = new Program(wire);
          program.run();
          const before = pack(program.d("0.W").data);
          program.vjp("out", [0, 0]);
          program.d("2.W", 1);
          return [before, pack(program.d("0.W").data)];
        }""",
        program.to_dict(),
    )
    assert before == after


def test_other_inputs_with_the_same_parameters(page):
    """`over` colours a plane: it follows the parameters as they are trained, and leaves the program alone."""
    program = network("norms")
    points = np.random.default_rng(0).normal(size=(40, 3))
    field, again, own = page.evaluate(
        """([wire, inputs]) => {
          const program = new Program(wire);
          const data = Float64Array.from(inputs.flat());
          const plane = program.over({ shape: [inputs.length, inputs[0].length], data });
          program.advance(new Optimizer("SGD", { lr: 0.1 }), 3);
          program.forward();
          const before = pack(program.value("out").data);
          plane.forward();
          const field = send(plane.value("out"));
          program.forward();
          return [field, send(plane.value("out")), before === pack(program.value("out").data)];
        }""",
        [program.to_dict(), points.tolist()],
    )
    program.train(optim.SGD(0.1), 3)
    means, spreads = program.arrays["1.running_mean"], program.arrays["1.running_var"]
    net = layers.Sequential(
        layers.Affine(3, 5, rng=np.random.default_rng(0)),
        layers.BatchNorm(5),
        layers.GELU(),
        layers.LayerNorm(5),
        layers.Affine(5, 3, rng=np.random.default_rng(0)),
    )
    for name in program.params:
        net.params[name] = program.arrays[name]
    net.layers[1].running_mean, net.layers[1].running_var = means, spreads
    net.train = False
    assert close(array(field), net(points))
    assert field == again
    assert own


# --- training ---------------------------------------------------------------------------------------


def test_the_same_random_numbers(page):
    for seed, stream in [(0, 0), (1, 0), (0, 1), (7, 2**20 + 3), (2**31, 5), (-1, 2)]:
        got = page.evaluate(
            "([s, t]) => [pack(uniforms(s, t, 999)), pack(normals(s, t, 999)), pack(shuffled(s, t, 999))]",
            [seed, stream],
        )
        u, z, order = (numbers(part) for part in got)
        np.testing.assert_array_equal(u, uniforms(seed, stream, 999))
        np.testing.assert_array_equal(order, shuffled(seed, stream, 999))
        np.testing.assert_allclose(z, normals(seed, stream, 999), rtol=1e-12, atol=1e-14)
        assert abs(z.mean()) < 0.15 and abs(z.std() - 1) < 0.1


OPTIMIZERS = {
    "SGD": {"lr": 0.2},
    "Momentum": {"lr": 0.05, "momentum": 0.8},
    "Nesterov": {"lr": 0.05, "momentum": 0.8},
    "RMSProp": {"lr": 0.01, "decay": 0.95},
    "Adam": {"lr": 0.02, "beta1": 0.8},
    "AdamW": {"lr": 0.02, "weight_decay": 0.1},
}
TRAIN = """([wire, name, options, steps]) => {
  const program = new Program(wire);
  const optimizer = new Optimizer(name, options);
  const losses = [];
  for (let k = 0; k < steps; k++) {
    const fault = program.advance(optimizer, 1);
    if (fault) throw new Error(fault);
    losses.push(program.loss.data[0]);
  }
  return { losses: pack(losses), params: pack(program.params) };
}"""


def test_the_optimisers_are_those_of_python(page):
    python = [
        name
        for name, kind in vars(optim).items()
        if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer
    ]
    assert page.evaluate("OPTIMIZERS") == python == list(OPTIMIZERS)


@pytest.mark.parametrize("rows", [None, 16])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_hundred_steps_of_training(page, name, rows):
    X, y = moons(40, np.random.default_rng(0))
    net = layers.mlp([2, 8, 8, 1], activation="tanh", rng=np.random.default_rng(0))
    draw = {"0.W": 0.7, "2.W": 0.4, "4.W": 0.4}
    options = OPTIMIZERS[name]
    program = Program.of(
        net, losses.bce_with_logits, X, y.reshape(-1, 1).astype(float), rows=rows, draw=draw, seed=2
    )
    got = page.evaluate(TRAIN, [program.to_dict(), name, options, 200])
    seen = program.train(getattr(optim, name)(**options), 200)
    np.testing.assert_allclose(numbers(got["losses"]), seen, rtol=1e-6, atol=1e-9)
    flat = np.concatenate([program.arrays[p].ravel() for p in program.params])
    np.testing.assert_allclose(numbers(got["params"]), flat, rtol=1e-6, atol=1e-6)
    assert seen[-10:].mean() < 0.7 * seen[0]


def test_defaults_of_the_optimisers(page):
    program = network("tanh")
    for name in ("RMSProp", "Adam", "AdamW"):
        got = page.evaluate(TRAIN, [program.to_dict(), name, {}, 5])
        again = network("tanh")
        again.train(getattr(optim, name)(), 5)
        flat = np.concatenate([again.arrays[p].ravel() for p in again.params])
        np.testing.assert_allclose(numbers(got["params"]), flat, rtol=1e-9)


@pytest.mark.parametrize("name", ["dropped", "norms"])
def test_masks_and_statistics_move_on_alike(page, name):
    program = network(name)
    got = page.evaluate(TRAIN, [program.to_dict(), "SGD", {"lr": 0.1}, 20])
    seen = program.train(optim.SGD(0.1), 20)
    np.testing.assert_allclose(numbers(got["losses"]), seen, rtol=1e-9)
    assert len(set(seen.round(6))) == 20


def test_a_step_that_leaves_the_numbers_moves_nothing(page):
    program = network("tanh")
    said, same, done = page.evaluate(
        """(wire) => {
          const program = new Program(wire);
          program.set("2.W", program.value("2.W").data.map(() => 1e300));
          const before = pack(program.params);
          const said = program.advance(new Optimizer("SGD", { lr: 1 }), 3);
          return [said, before === pack(program.params), program.done];
        }""",
        program.to_dict(),
    )
    assert "no step" in said and same and done == 0


def test_no_buffer_is_made_in_a_step(page):
    """What a step needs, the constructor has made: typed arrays are counted while 50 steps run."""
    for name in NETWORKS:
        made = page.evaluate(
            """(wire) => {
              const program = new Program(wire);
              const optimizer = new Optimizer("Adam");
              program.learn(optimizer);
              const Own = Float64Array;
              let made = 0;
              const construct = (kind, args) => (made++, new kind(...args));
              window.Float64Array = new Proxy(Own, { construct });
              try {
                for (let k = 0; k < 50; k++) program.learn(optimizer);
              } finally {
                window.Float64Array = Own;
              }
              return made;
            }""",
            network(name).to_dict(),
        )
        assert made == 0, name


# --- lanes ------------------------------------------------------------------------------------------


def xor_tape() -> tuple[Tape, list[str]]:
    """A 2-2-1 network as a scalar graph."""
    w = {f"{p}{i}": Value(0.3 + 0.1 * i, f"{p}{i}") for p, n in (("w", 6), ("b", 3)) for i in range(n)}
    x, t, y = Value(0.5, "x"), Value(0.25, "t"), Value(1.0, "y")
    h = [(w[f"w{2 * i}"] * x + w[f"w{2 * i + 1}"] * t + w[f"b{i}"]).tanh() for i in range(2)]
    z = w["w4"] * h[0] + w["w5"] * h[1] + w["b2"]
    loss = ((z.sigmoid() - y) ** 2).named("loss")
    return Tape.record(loss, inputs=[*w.values(), x, t, y]), list(w)


def test_lanes_against_single_runs(page):
    tape, params = xor_tape()
    X, y = xor()
    columns = {"x": X[:, 0].tolist(), "t": X[:, 1].tolist(), "y": y[:, 0].tolist()}
    start = np.random.default_rng(0).normal(size=(len(params), 7))
    script = """([tape, params, data, start, steps, rule]) => {
      const seeds = start[0].length;
      const lanes = new Lanes(tape, { params, data, seeds });
      params.forEach((name, p) => lanes.of(name).set(start[p]));
      const fault = lanes.advance(new Optimizer(...rule), steps);
      lanes.forward();
      return { fault, params: pack(lanes.params), losses: pack(lanes.losses) };
    }"""
    rule = ["Adam", {"lr": 0.05}]
    many = page.evaluate(script, [tape.to_dict(), params, columns, start.tolist(), 100, rule])
    assert many["fault"] == ""
    together = numbers(many["params"]).reshape(len(params), 7)
    for seed in range(7):
        one = page.evaluate(script, [tape.to_dict(), params, columns, start[:, [seed]].tolist(), 100, rule])
        np.testing.assert_array_equal(numbers(one["params"]), together[:, seed])
        np.testing.assert_array_equal(numbers(one["losses"]), numbers(many["losses"])[[seed]])
    # And in Python: the mean over the samples of the tape's gradients.
    optimizer = optim.Adam(lr=0.05)
    weights = {name: start[p].copy() for p, name in enumerate(params)}
    for _ in range(100):
        tape.forward(
            **{name: np.repeat(w, 4) for name, w in weights.items()},
            **{name: np.tile(column, 7) for name, column in columns.items()},
        )
        grads = tape.backward()
        optimizer.step(weights, {name: grads[name].reshape(7, 4).mean(axis=1) for name in params})
    np.testing.assert_allclose(together, np.array([weights[name] for name in params]), rtol=1e-6)


def test_a_lost_network_does_not_stop_the_others(page):
    w, x = Value(1.0, "w"), Value(1.0, "x")
    tape = Tape.record(((w * x).exp()).named("loss"), inputs=[w, x]).to_dict()
    script = """([tape, start]) => {
      const lanes = new Lanes(tape, { params: ["w"], data: { x: [1] }, seeds: start.length });
      lanes.of("w").set(start);
      return [lanes.advance(new Optimizer("SGD", { lr: 0.1 }), 1), pack(lanes.params)];
    }"""
    said, params = page.evaluate(script, [tape, [0.0, 1e4]])
    assert said == ""
    np.testing.assert_array_equal(numbers(params), [-0.1, 1e4])


def test_lanes_say_what_the_tape_lacks(page):
    tape, params = xor_tape()
    said = page.evaluate(
        """([tape, params]) => [["w0", "v"], params].map((names, k) => {
          try { new Lanes(tape, { params: names, data: k ? { x: [1, 2], t: [1] } : {}, seeds: 1 }); }
          catch (error) { return error.message; }
        })""",
        [tape.to_dict(), params],
    )
    assert said[0].startswith("The tape has no input v. It has w0, w1")
    assert said[1] == "The columns of data differ in length."


# --- frames -----------------------------------------------------------------------------------------


def test_frames_arrive_as_python_has_them(page):
    rng = np.random.default_rng(0)
    table = {(B, s): rng.normal(size=(3, 4)) * 10.0**s for B in (1, 2, 4) for s in (0, 1)}
    table[1, 0][0, 0] = np.nan

    def compute(B, s):
        return {"map": table[B, s], "loss": np.array(1 / B), "fine": table[B, s][0], "exact": table[B, s]}

    made = frames(
        compute, error={"map": 0.1, "loss": 1e-3, "fine": 1e-5, "exact": 0.0}, B=[1, 2, 4], s=[0, 1]
    )
    assert [made.packed[name]["type"] for name in made.values] == ["u1", "u2", "f4", "f8"]
    got = page.evaluate(
        """(wire) => {
          const frames = new Frames(wire);
          return wire.stops[0][1].map((_, B) => wire.stops[1][1].map((_, s) =>
            wire.arrays.map(({ name }) => send(frames.value(name, { B, s })))));
        }""",
        made.to_dict(),
    )
    for i, B in enumerate((1, 2, 4)):
        for j, s in enumerate((0, 1)):
            for k, (name, right) in enumerate(compute(B, s).items()):
                shown = array(got[i][j][k])
                np.testing.assert_array_equal(shown, made.at(B=B, s=s)[name])
                assert np.nanmax(np.abs(shown - right)) <= made.error[name]
                np.testing.assert_array_equal(np.isnan(shown), np.isnan(right))
    said = page.evaluate(
        """(wire) => {
          const frames = new Frames(wire);
          return [["map", { B: 3, s: 0 }], ["mop", { B: 0, s: 0 }]].map((asked) => {
            try { frames.value(...asked); } catch (error) { return error.message; }
          });
        }""",
        made.to_dict(),
    )
    assert said == [
        "B has stops 0 to 2, not 3.",
        "There is no array mop in these frames. There are map, loss, fine, exact.",
    ]


# --- the files --------------------------------------------------------------------------------------


def test_an_engine_does_not_touch_the_document():
    for file in (STATIC / "engine").glob("*.js"):
        text = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
        touched = re.search(r"\b(document|window|globalThis|requestAnimationFrame|fetch|innerHTML)\b", text)
        assert touched is None, (file.name, touched)


def test_the_engines_are_small():
    files = [*(STATIC / "engine").glob("*.js")]
    assert sum(file.stat().st_size for file in files) < 70_000
