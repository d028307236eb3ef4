"""The sources of figures in the page against their twins in Python: what moves, is read, is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pages import modules

from bplib import layers, losses, optim
from bplib.data import moons, xor
from bplib.scalar import Value
from bplib.widgets.frames import frames
from bplib.widgets.plan import plan
from bplib.widgets.program import Program, by, d, field, history, jacobian, vjp
from bplib.widgets.seeds import Seeds
from bplib.widgets.sources import FramesSource, LanesSource, ProgramSource

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><meta charset="utf-8"><title>Sources</title><link rel="icon" href="data:,">
<script type="module">
import { FramesSource } from "./sources/frames.js";
import { LanesSource } from "./sources/lanes.js";
import { ProgramSource } from "./sources/program.js";
import { TapeSource } from "./sources/tape.js";
import { Store } from "./store.js";
const SOURCES = { tape: TapeSource, program: ProgramSource, frames: FramesSource, lanes: LanesSource };
window.open = (spec, rate = 0.1, controls = []) => {
  const source = new SOURCES[spec.kind](spec);
  window.store = new Store(source, { controls, rate }, source.start, rate);
};
const plain = (x) => (ArrayBuffer.isView(x) ? [...x] : x);
// Each quantity, or the sentence that refuses it.
window.ask = (frame, qs) => qs.map((q) => {
  try {
    return Object.fromEntries(Object.entries(store.read(q, frame)).map(([key, x]) => [key, plain(x)]));
  } catch (error) {
    return { error: error.message };
  }
});
window.ready = true;
</script>"""

NAMES = ["rows", "seed", "spread", "sum", "x[1][0]", "0.W[2][1]", "steps", "sample", "cell[0]", "cell[1]"]
QUANTITIES = [
    "0.W",
    "out",
    "x",
    "y",
    "loss",
    d("0.W"),
    d("0.W", sample="sample"),
    d("0.W", sample="each"),
    d("x"),
    vjp("out", "cell", "x"),
    vjp("1", (0, 2), "0.W"),
    by("layer", "rms"),
    jacobian("2", "0", sample="sample"),
    field("out", (-1, 2), (-1, 1), cells=5),
    history("loss"),
]
#: Inputs in the order of NAMES.
STATES = [
    [40, 3, 1, 0, 0.5, -0.25, 0, 0, 0, 0],
    [12, 3, 1, 1, 0.5, -0.25, 0, 5, 3, 0],
    [1, 4, 2, 0, -1.5, 0.75, 0, 30, 39, 0],  # a sample and a cell beyond the only row
    [40, 3, 1, 0, 0.5, -0.25, 7, 2, 1, 0],
    [16, 5, 0.5, 0, 0.5, 0.1, 11, 2, 1, 0],  # four batches' epochs, and into the fifth
    [16, 5, 0.5, 0, 0.5, 0.1, 3, 2, 1, 0],  # back in training
]


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    with modules(chromium, tmp_path_factory.mktemp("sources"), PAGE) as page:
        yield page


def program():
    rng = np.random.default_rng(0)
    X, labels = moons(40, noise=0.1, rng=rng)
    chain = [layers.Affine(2, 5, rng=rng), layers.Tanh(), layers.LayerNorm(5), layers.Affine(5, 1, rng=rng)]
    net = layers.Sequential(*chain)
    return Program.of(net, losses.bce_with_logits, X, labels.reshape(-1, 1).astype(float), draw={"3.W": 0.7})


def compare(got, expected):
    if isinstance(expected, dict):
        assert got["names"] == expected["names"]
        pairs = [(got[key], expected[key]) for key in ("values", "gradients")]
    else:
        assert got["shape"] == list(np.shape(expected))
        pairs = [(got["data"], np.ravel(expected))]
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12 * max(1, np.max(np.abs(b), initial=0)))


@pytest.mark.parametrize(
    "optimizer",
    [optim.SGD(0.3), optim.Adam(0.05), optim.Momentum(0.1, momentum=0.8)],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_a_program_reads_the_same_in_every_state(page, optimizer):
    source = ProgramSource(program(), NAMES, optimizer)
    page.evaluate("([spec, rate]) => open(spec, rate)", [source.spec, optimizer.lr])
    for inputs in STATES:
        assert page.evaluate("(inputs) => store.propose(inputs)", inputs) == ""
        for q, got in zip(QUANTITIES, page.evaluate("(qs) => ask(store.now, qs)", QUANTITIES), strict=True):
            compare(got, source.quantity(inputs, optimizer.lr, q))


def test_an_earlier_frame_can_be_read_and_changes_nothing(page):
    source = ProgramSource(program(), NAMES, optim.SGD(0.3))
    page.evaluate("([spec, rate]) => open(spec, rate)", [source.spec, 0.3])
    before, after = STATES[3], STATES[1]
    page.evaluate("(inputs) => { store.propose(inputs); window.earlier = store.now; }", before)
    page.evaluate("(inputs) => store.propose(inputs)", after)
    for q in (d("0.W"), by("layer", "rms"), "out"):
        compare(page.evaluate("(q) => ask(earlier, [q])[0]", q), source.quantity(before, 0.3, q))
        compare(page.evaluate("(q) => ask(store.now, [q])[0]", q), source.quantity(after, 0.3, q))


def test_training_steps_by_the_button_and_says_what_the_loss_did(page):
    source = ProgramSource(program(), ["steps"], optim.SGD(0.3))
    page.evaluate("([spec, rate]) => open(spec, rate)", [source.spec, 0.3])
    losses_seen = [source.run([k], 0.3)[0]["loss"] for k in range(3)]
    assert losses_seen[0] > losses_seen[1] > losses_seen[2]
    assert page.evaluate("store.step()") == ""
    assert page.evaluate("store.step()") == ""
    assert page.evaluate("store.inputs") == [2]
    told = page.evaluate("store.message.text")
    assert told == f"After step 2: loss {losses_seen[1]:.6g} → {losses_seen[2]:.6g}."
    assert page.evaluate("store.trail.length") == 2


def test_a_state_that_is_no_number_or_no_whole_one_leaves_the_last_good_one(page):
    source = ProgramSource(program(), NAMES, optim.SGD(0.3))
    page.evaluate("([spec, rate]) => open(spec, rate)", [source.spec, 0.3])
    good = STATES[3]
    assert page.evaluate("(inputs) => store.propose(inputs)", good) == ""
    broken = [1.5, *good[1:]]
    assert (
        page.evaluate("(inputs) => store.propose(inputs)", broken) == "rows counts: 1.5 is no whole number."
    )
    blown = [*good[:2], 1e308, *good[3:6], 0, *good[7:]]  # the spread of the last layer
    assert page.evaluate("(inputs) => store.propose(inputs)", blown) == "A gradient is undefined there."
    assert page.evaluate("store.inputs") == good
    compare(page.evaluate("ask(store.now, ['out'])[0]"), source.quantity(good, 0.3, "out"))


def test_unknown_quantities_are_refused_in_the_same_words(page):
    source = ProgramSource(program(), NAMES, optim.SGD(0.3))
    page.evaluate("([spec, rate]) => open(spec, rate)", [source.spec, 0.3])
    for q in ("9.W", d("9.W"), jacobian("loss", "0", sample=0), by("colour", "rms")):
        (got,) = page.evaluate("(qs) => ask(store.now, qs)", [q])
        with pytest.raises(ValueError, match=r"no (array|group)|a row for each sample") as refused:
            source.quantity(source.start, 0.3, q)
        first = got["error"].replace('"', "'").split()[:4]
        assert (
            first
            == str(refused.value)
            .replace('"', "'")
            .replace("'9.W'", "9.W")
            .replace("'colour'", "colour")
            .split()[:4]
        )


def test_frames_are_read_by_stop(page):
    made = frames(
        lambda B, kind: {"mean": np.arange(6.0).reshape(2, 3) / B * (2 if kind == "twice" else 1)},
        B=[1, 2, 4],
        kind=["once", "twice"],
    )
    source = FramesSource(made, [0.0, 0.0])
    page.evaluate("(spec) => open(spec)", json.loads(json.dumps(source.spec)))
    for inputs in ([0, 0], [2, 1], [1, 0]):
        assert page.evaluate("(inputs) => store.propose(inputs)", inputs) == ""
        compare(page.evaluate("ask(store.now, ['mean'])[0]"), source.quantity(inputs, 0.1, "mean"))
    (got,) = page.evaluate("ask(store.now, [{ d: 'mean' }])")
    assert got["error"] == 'There is nothing named {"d":"mean"} in this figure.'


@pytest.mark.parametrize("last", [25, None])
def test_the_train_button_goes_on_until_the_last_step(page, last):
    source = ProgramSource(program(), ["steps"], optim.SGD(0.3))
    controls = [[0, 0, last, 1]] if last else []
    page.evaluate(
        """async ([spec, controls]) => {
          const { training } = await import("./parts/training.js");
          open(spec, 0.3, controls);
          window.run = training(store);
          run.click();
        }""",
        [source.spec, controls],
    )
    if last:
        page.wait_for_function("store.inputs[0] === 25 && run.textContent === 'Train'")
    else:
        page.wait_for_function("store.inputs[0] >= 30")
        assert page.evaluate("run.textContent") == "Pause"
        page.evaluate("run.click()")
        assert page.evaluate("run.textContent") == "Train"
    steps = page.evaluate("store.inputs[0]")
    compare(page.evaluate("ask(store.now, ['0.W'])[0]"), source.quantity([steps], 0.3, "0.W"))


# --- a graph, and a graph from many seeds -----------------------------------------------------------


def test_a_surface_reads_the_same_and_has_the_same_gaps(page):
    w, b, c = Value(1.0, "w"), Value(0.5, "b"), Value(2.0, "c")
    loss = ((w * c).tanh() * b.log() + b).named("loss")
    figure = plan(loss, {w: (-2, 2), b: (0.1, 2)}, params=[w], name="surface")
    page.evaluate("(spec) => open(spec)", json.loads(json.dumps(figure.source.spec)))
    for at in ({"w": 1.0, "b": 0.5, "c": 2.0}, {"w": 0.5, "b": 0.25, "c": -1.0}):
        inputs = [at[name] for name in figure.source.names]
        assert page.evaluate("(inputs) => store.propose(inputs)", inputs) == ""
        for over, q in (("w", "b"), (-2, 2)), (("b", "c"), (-1, 3)):
            asked = field("loss", q, (-1, 2), over=over, cells=9)
            expected = figure.source.quantity(inputs, 0.1, asked)
            assert np.isnan(expected).any()
            (got,) = page.evaluate("(qs) => ask(store.now, qs)", [asked])
            compare({**got, "data": [np.nan if x is None else x for x in got["data"]]}, expected)


def seeds():
    x1, x2, y = Value(0.5, "x1"), Value(0.25, "x2"), Value(0.0, "y")
    w = [Value(0.1 * k, f"w{k}") for k in range(9)]
    h = [(w[2 * k] * x1 + w[2 * k + 1] * x2 + w[6 + k]).tanh() for k in range(2)]
    z = (w[4] * h[0] + w[5] * h[1] + w[8]).named("z")
    X, t = xor()
    columns = {x1: X[:, 0], x2: X[:, 1], y: t.ravel()}
    draw = {leaf: 1.5 for leaf in w[:6]}  # the biases start where the graph says
    return Seeds.of((z.softplus() - y * z).named("loss"), w, columns, seeds=7, draw=draw)


@pytest.mark.parametrize(
    "optimizer",
    [optim.SGD(0.5), optim.Adam(0.05), optim.Nesterov(0.1)],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_seeds_read_the_same_in_every_state(page, optimizer):
    source = LanesSource(seeds(), ["steps", "seed", "spread"], optimizer)
    page.evaluate("([spec, rate]) => open(spec, rate)", [source.spec, optimizer.lr])
    quantities = [
        "loss",
        "w0",
        "w6",
        "z",
        "x2",
        field("z", (-0.5, 1.5), (-1, 1), over=("x1", "x2"), cells=5),
        field("loss", (-0.5, 1.5), (-1, 1), over=("x1", "w0"), cells=3),
    ]
    for inputs in ([0, 0, 1], [9, 0, 1], [25, 0, 1], [4, 0, 1], [4, 1000, 0.5]):
        assert page.evaluate("(inputs) => store.propose(inputs)", inputs) == ""
        for q, got in zip(quantities, page.evaluate("(qs) => ask(store.now, qs)", quantities), strict=True):
            compare(got, source.quantity(inputs, optimizer.lr, q))


def test_seeds_step_and_say_what_the_median_did(page):
    source = LanesSource(seeds(), ["steps"], optim.SGD(0.5))
    page.evaluate("([spec, rate]) => open(spec, rate, [[0, 0, 12, 1]])", [source.spec, 0.5])
    medians = [source.run([k], 0.5)[0]["median loss"] for k in range(2)]
    assert page.evaluate("store.step()") == ""
    told = page.evaluate("store.message.text")
    assert told == f"After step 1: median loss {medians[0]:.6g} → {medians[1]:.6g}."
    earlier = page.evaluate(
        "() => { const one = store.now; store.step(store.source.ahead(one, 10, store.controls));"
        " return [store.inputs[0], ask(one, ['loss'])[0], ask(store.now, ['loss'])[0]]; }"
    )
    assert earlier[0] == 11
    compare(earlier[1], source.quantity([1], 0.5, "loss"))
    compare(earlier[2], source.quantity([11], 0.5, "loss"))
    assert page.evaluate("store.source.ahead(store.now, 10, store.controls).next") == [12]


def test_seeds_that_are_lost_stop_alone_and_all_lost_is_no_state(page):
    w, x = Value(1.0, "w"), Value(1.0, "x")
    lost = Seeds.of((w * x).exp().named("loss"), [w], {x: [1.0, 2.0]}, seeds=6)
    source = LanesSource(lost, ["steps", "spread"], optim.SGD(0.01))
    page.evaluate("([spec, rate]) => open(spec, rate)", [source.spec, 0.01])
    # Some of exp(1000 times a normal number) are infinite, some are 0.
    inputs = [3, 1000]
    expected = source.quantity(inputs, 0.01, "loss")
    assert 0 < np.isfinite(expected).sum() < 6
    assert page.evaluate("(inputs) => store.propose(inputs)", inputs) == ""
    got = page.evaluate("ask(store.now, ['loss'])[0].data.map((x) => Number.isFinite(x) ? x : null)")
    np.testing.assert_allclose([np.nan if x is None else x for x in got], expected, rtol=1e-9)
    assert page.evaluate("(q) => ask(store.now, [q])[0].error", d("w")) == (
        'There is nothing named {"d":"w"} in this figure.'
    )
    w0 = np.array([source.at([0, 1], 0.01)["w"]]).ravel()
    positive = [s for s in range(6) if w0[s] > 0]
    alone = Seeds.of((w * x).exp().named("loss"), [w], {x: [1.0]}, seeds=1)
    page.evaluate(
        "([spec, rate]) => open(spec, rate)",
        [LanesSource(alone, ["seed", "spread", "steps"], optim.SGD(0.01)).spec, 0.01],
    )
    assert page.evaluate("(s) => store.propose([s, 1e5, 0])", positive[0]) == "A gradient is undefined there."
    assert page.evaluate("store.inputs") == [0, 1, 0]
