"""The page's tape against Python's, in a real Chromium.

Two programs whose exponentials differ in the last bit can't agree from end to end on an ill-conditioned
graph. So the page is held to its own inputs: each node to 4 units in the last place of what Python's rule
makes of the page's arguments, each gradient to 8 eps of the sum of its absolute terms. Graphs of rational
operations agree bit for bit.
"""

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bplib
from bplib.recording import LEAVES
from bplib.tape import ARITY, FORMAT, RULES, VERSION, Tape

pytestmark = pytest.mark.browser

SOURCE = (Path(bplib.__file__).parent / "widgets/static/engine/tape.js").read_text()
RATIONAL = ["add", "sub", "mul", "div", "neg", "relu", "leaky_relu", "abs", "maximum", "minimum"]
EDGES = [0.0, -0.0, 5e-324, -1e-310, 1e-20, 0.3, -0.5, 1.0, -1.0, 2.0, -3.0, 30.0, -40.0, 709.0]
EDGES += [-720.0, 745.0, -745.0, 1e4, -1e4, 1e154, -1e300, math.nan]
SAMPLES = 8
EPS = np.finfo(float).eps

# Everything in one call: numbers come back as the bytes of a Float64Array, so that no text stands between.
SCRIPT = """async ([source, edges, graphs]) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const {RULES, Tape} = await import(url);
  const pack = (rows) => {
    const bytes = new Uint8Array(new Float64Array(rows.flatMap((row) => Array.from(row))).buffer);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const rule = ([op, a, b]) => {
    const [value, ...slopes] = RULES[op];
    const y = value(a, b);
    return [y, ...slopes.map((slope) => slope(a, b, y))];
  };
  const run = ({dict, inputs, of}) => {
    const tape = new Tape(JSON.parse(dict));
    const samples = inputs[0].length;
    const values = tape.forward(inputs, samples);
    const grads = tape.backward(values);
    // One row an argument, NaN for a constant.
    const locals = tape.nodes.flatMap(([op, ...args], i) => op === "input" || op === "const" ? [] :
      args.map((_, k) => values[i].map((_, s) => tape.locals(i, values, s)[k] ?? NaN)));
    const one = tape.forward(inputs.map((row) => row[0]));
    return {
      values: pack(values), grads: pack(grads), locals: pack(locals),
      one: pack(one), one_grads: pack(tape.backward(one)), of: pack(tape.backward(values, of)),
      finite: Array.from({length: samples}, (_, s) => tape.finite(values, grads, s)),
      known: Array.from({length: samples}, (_, s) => tape.finite(values, undefined, s)),
      start: pack([tape.start]),
    };
  };
  return {
    arities: Object.entries(RULES).map(([op, rule]) => [op, rule.length - 1]),
    edges: edges.map((edge) => pack([rule(edge)])),
    graphs: graphs.map(run),
  };
}"""


def random_graph(rng: np.random.Generator, ops: list[str]) -> dict[str, Any]:
    """A tape of 10 to 40 operations whose output is the sum of every node, so that all are reached."""
    nodes: list[list[Any]] = [["input", float(x)] for x in rng.normal(size=rng.integers(1, 5))]
    count = len(nodes)
    nodes += [["const", float(x)] for x in rng.choice([-1.0, 0.5, 2.0, 3.0], rng.integers(0, 3))]
    for _ in range(rng.integers(10, 40)):
        op = str(rng.choice(ops))
        # Most arguments are recent, so that the graph is deep as well as wide.
        places = [len(nodes) - 1 - int(min(rng.exponential(4), len(nodes) - 1)) for _ in range(ARITY[op])]
        nodes.append([op, *places])
    total = 0
    for i in range(1, len(nodes)):
        nodes.append(["add", total, i])
        total = len(nodes) - 1
    return {
        "format": FORMAT,
        "version": VERSION,
        "nodes": nodes,
        "names": [[i, f"n{i}"] for i in range(len(nodes))],
        "inputs": rng.permutation(count).tolist(),
        "watch": [i for i, node in enumerate(nodes[:-1]) if node[0] != "input"],
        "output": total,
    }


def tape_of(d: dict[str, Any]) -> Tape:
    """Python's tape of a graph whose nodes all have names, in order."""
    names = [name for _, name in d["names"]]
    return Tape([tuple(node) for node in d["nodes"]], names, d["inputs"], d["watch"], d["output"])


def cases() -> list[tuple[bool, dict[str, Any], np.ndarray]]:
    rng = np.random.default_rng(2024)
    made = []
    for n in range(200):
        rational = n < 80
        d = random_graph(rng, RATIONAL if rational else list(RULES))
        inputs = rng.normal(size=(len(d["inputs"]), SAMPLES)) * 1.5
        inputs[:, 0] = rng.choice([0.0, 1.0, -1.0], len(inputs))  # ties and kinks
        made.append((rational, d, inputs))
    return made


CASES = cases()
EDGE_CASES = [
    (op, a, b)
    for op in RULES
    for a in EDGES
    for b in (EDGES if ARITY[op] == 2 else [0.0])
    if not (op == "pow" and math.isnan(b))  # 1 to the power of NaN is 1 in C and NaN in the page
]


def numbers(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed))


@pytest.fixture(scope="module")
def answer(chromium):
    page = chromium.new_page()
    graphs = [
        {"dict": json.dumps(d), "inputs": inputs.tolist(), "of": len(d["nodes"]) // 2}
        for _, d, inputs in CASES
    ]
    answer = page.evaluate(SCRIPT, [SOURCE, EDGE_CASES, graphs])
    page.close()
    return answer


def close(x: float, y: float) -> bool:
    """Both not finite, or equal with the same sign of zero, or within 4 units in the last place."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return not (math.isfinite(x) or math.isfinite(y))
    return abs(x - y) <= 4 * math.ulp(max(abs(x), abs(y))) and math.copysign(1, x) == math.copysign(1, y)


def test_the_same_operations_in_the_same_order(answer):
    assert answer["arities"] == [list(item) for item in ARITY.items()]


def test_every_operation_on_its_edges(answer):
    finite = set()
    for (op, *args), packed in zip(EDGE_CASES, answer["edges"], strict=True):
        with np.errstate(all="ignore"):
            value, slopes = RULES[op](*(np.float64(a) for a in args[: ARITY[op]]))
        for x, y in zip(numbers(packed), (value, *slopes), strict=True):
            assert close(float(x), float(y)), (op, args, x, y)
        if np.isfinite(numbers(packed)).all():
            finite.add(op)
    assert finite == set(RULES)


def test_each_node_by_its_own_arguments(answer):
    checked = dict.fromkeys(RULES, 0)
    for (_, d, inputs), run in zip(CASES, answer["graphs"], strict=True):
        values = numbers(run["values"]).reshape(-1, SAMPLES)
        slopes = iter(numbers(run["locals"]).reshape(-1, SAMPLES))
        np.testing.assert_array_equal(values[d["inputs"]], inputs)
        for row, (op, *args) in zip(values, d["nodes"], strict=True):
            if op in LEAVES:
                continue
            with np.errstate(all="ignore"):
                value, local_grads = RULES[op](*values[args])
            wanted = [(row, value)]
            for j, local in zip(args, local_grads, strict=True):
                got = next(slopes)
                if d["nodes"][j][0] == "const":
                    assert np.isnan(got).all()  # null: a constant does not move
                else:
                    wanted.append((got, local))
            for got, want in wanted:
                for s, y in enumerate(np.broadcast_to(want, SAMPLES)):
                    if np.isfinite(values[args, s]).all():
                        assert close(float(got[s]), float(y)), (op, values[args, s], got[s], y)
                        checked[op] += 1
        assert next(slopes, None) is None
    assert min(checked.values()) > 500


def test_each_gradient_by_its_own_terms(answer):
    checked = 0
    for (_, d, _), run in zip(CASES, answer["graphs"], strict=True):
        fine = np.array(run["finite"])
        values = numbers(run["values"]).reshape(-1, SAMPLES)[:, fine]
        grads = numbers(run["grads"]).reshape(-1, SAMPLES)[:, fine]
        total, size = np.zeros_like(grads), np.zeros_like(grads)
        total[d["output"]] = 1.0
        for i, (op, *args) in enumerate(d["nodes"]):
            if op in LEAVES:
                continue
            with np.errstate(all="ignore"):
                local_grads = RULES[op](*values[args])[1]
            for j, local in zip(args, local_grads, strict=True):
                if d["nodes"][j][0] != "const":
                    total[j] += grads[i] * local
                    size[j] += np.abs(grads[i] * local)
        assert (np.abs(grads - total) <= 8 * EPS * size).all()
        checked += grads.size
    assert checked > 40_000


def test_rational_graphs_agree_bit_for_bit(answer):
    for (rational, d, inputs), run in zip(CASES, answer["graphs"], strict=True):
        if not rational:
            continue
        tape = tape_of(d)
        named = {f"n{i}": row for i, row in zip(d["inputs"], inputs, strict=True)}
        for packed, rows in (("values", tape.forward(**named)), ("grads", tape.backward())):
            got = numbers(run[packed]).reshape(-1, SAMPLES)
            fine = np.array(run["finite"])
            for name, row in rows.items():
                assert got[int(name[1:]), fine].tobytes() == row[fine].tobytes()


def test_gaps_are_where_python_has_them(answer):
    gaps = 0
    for (_, d, inputs), run in zip(CASES, answer["graphs"], strict=True):
        tape = tape_of(d)
        values = tape.forward(**{f"n{i}": row for i, row in zip(d["inputs"], inputs, strict=True)})
        output = tape.names[tape.output]
        np.testing.assert_array_equal(run["known"], ~np.isnan(values[output]))
        np.testing.assert_array_equal(run["finite"], ~np.isnan(tape.backward()[output]))
        gaps += SAMPLES - sum(run["finite"])
    assert 50 < gaps < 100 * SAMPLES


def test_one_sample_of_plain_numbers(answer):
    for (_, d, _), run in zip(CASES, answer["graphs"], strict=True):
        for many, one in (("values", "one"), ("grads", "one_grads")):
            np.testing.assert_array_equal(numbers(run[one]), numbers(run[many])[::SAMPLES])
        recorded = [d["nodes"][i][1] for i in d["inputs"]]
        np.testing.assert_array_equal(numbers(run["start"]), recorded)


def test_the_derivatives_of_another_node(answer):
    for (rational, d, inputs), run in zip(CASES, answer["graphs"], strict=True):
        if not rational:
            continue
        whole = tape_of(d)
        of = len(d["nodes"]) // 2
        tape = Tape(whole.nodes, whole.names, whole.inputs, whole.watch, of)
        tape.forward(**{f"n{i}": row for i, row in zip(d["inputs"], inputs, strict=True)})
        got = numbers(run["of"]).reshape(-1, SAMPLES)
        for name, row in tape.backward().items():
            fine = np.array(run["finite"]) & ~np.isnan(row)
            np.testing.assert_array_equal(got[int(name[1:]), fine], row[fine])
