"""The sources of figures in the page against their twins in Python: what moves, is read, is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pages import modules

from bplib import layers, losses, optim
from bplib.data import moons
from bplib.widgets.frames import frames
from bplib.widgets.program import Program, by, d, field, history, jacobian, vjp
from bplib.widgets.sources import FramesSource, ProgramSource

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><meta charset="utf-8"><title>Sources</title><link rel="icon" href="data:,">
<script type="module">
import { FramesSource } from "./sources/frames.js";
import { ProgramSource } from "./sources/program.js";
import { Store } from "./store.js";
const SOURCES = { program: ProgramSource, frames: FramesSource };
window.open = (spec, rate = 0.1, controls = []) => {
  window.store = new Store(new SOURCES[spec.kind](spec), { controls, rate }, spec.start, rate);
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
    "optimizer", [optim.SGD(0.3), optim.Adam(0.05), optim.Momentum(0.1, momentum=0.8)], ids=lambda o: str(o)
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
          run.button.click();
        }""",
        [source.spec, controls],
    )
    if last:
        page.wait_for_function("store.inputs[0] === 25 && run.button.textContent === 'Train'")
    else:
        page.wait_for_function("store.inputs[0] >= 30")
        assert page.evaluate("run.button.textContent") == "Pause"
        page.evaluate("run.button.click()")
        assert page.evaluate("run.button.textContent") == "Train"
    steps = page.evaluate("store.inputs[0]")
    compare(page.evaluate("ask(store.now, ['0.W'])[0]"), source.quantity([steps], 0.3, "0.W"))
