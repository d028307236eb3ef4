"""The view trace from Python: moments written down or run, what is refused, the still picture."""

import json

import numpy as np
import pytest

from bplib.scalar import Value
from bplib.widgets.frames import frames
from bplib.widgets.live import live
from bplib.widgets.trace import MAX_MOMENTS, Moment, recorded, run
from bplib.widgets.views import trace

STEPS = [
    Moment("w = parameter([1, 2])", "It has no gradient.", {"w": [1.0, 2.0], "w.grad": None}),
    Moment("loss.backward()", "There it is.", {"w": [1.0, 2.0], "w.grad": [4.0, 8.0]}),
    Moment("w.zero_grad()", "Gone again.", {"w": [1.0, 2.0]}),
]


def figure(*names, steps=STEPS, code=None, **start):
    return live(recorded(steps, code), start, views=[trace(*names)], name="steps")


def test_moments_are_frames_and_what_does_not_exist_is_a_gap():
    fig = figure()
    assert json.loads(json.dumps(fig.spec, allow_nan=False)) == fig.spec
    (view,) = fig.spec["views"]
    assert view["of"] == ["w", "w.grad"] and view["claims"] == [0]
    assert view["listing"] == [moment.line for moment in STEPS] and view["lines"] == [0, 1, 2]
    assert np.isnan(fig.quantity("w.grad")).all()
    fig.controls["moment"] = 1
    np.testing.assert_array_equal(fig.quantity("w.grad"), [4, 8])
    assert repr(fig) == "live figure 'steps': moment = 2"


def test_lines_of_a_listing_may_run_again():
    code = "for x in data:\n    loss = w * x\n    loss.backward()"
    steps = [Moment(2, "", {"w": 1}), Moment("loss.backward()", "", {"w": 1}), Moment(2, "", {"w": 1})]
    assert recorded(steps, code).lines == (1, 2, 1)
    with pytest.raises(ValueError, match=r"'w.step\(\)', which stands there 0 times. Give its number"):
        recorded([*steps, Moment("w.step()", "", {})], code)
    with pytest.raises(ValueError, match="line: expected from 1 to 3, got 4"):
        recorded([*steps, Moment(4, "", {})], code)


def test_code_runs_line_by_line():
    code = "w = Value(3.0)\nloss = w * w\nloss.backward()"
    made = run(code, ["w.data", "loss.data", "w.grad", "w.nothing"], ["a", "b", "c"], Value=Value)
    assert made.at(moment=1)["w.data"] == 3 and np.isnan(made.at(moment=1)["loss.data"])
    assert made.at(moment=3)["w.grad"] == 6
    assert "w.nothing" not in made.values
    with pytest.raises(ValueError, match="a sentence for each of 3 lines, got 2"):
        run(code, ["w.data"], ["a", "b"], Value=Value)
    with pytest.raises(ZeroDivisionError):
        run("a = 1\nb = 1 / 0", ["a"], ["", ""])


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (STEPS[:1], f"expected 2 to {MAX_MOMENTS} of them, got 1"),
        (STEPS * 21, "got 63"),
        ([*STEPS, Moment("w = 1", "", {"w": 1.0})], r"w: expected shape \(2,\) at every moment, got \(\)"),
        ([*STEPS, Moment("x", "", {"x": np.zeros(17)})], "x: expected at most 16 numbers, got 17"),
    ],
)
def test_what_does_not_fit_is_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        figure(steps=steps)


def test_a_trace_needs_moments_and_names_of_theirs():
    plain = frames(lambda k: {"a": np.zeros(2)}, k=[1, 2])
    with pytest.raises(ValueError, match=r"trace\(...\) shows moments"):
        live(plain, views=[trace()], name="plain")
    with pytest.raises(ValueError, match=r"expected an array of the frames, w, w\.grad, got 'b'"):
        figure("b")


def test_the_still_picture_marks_the_line_and_the_change():
    fig = figure(moment=2)
    assert repr(fig.figure()) == (
        "After line 2 of 3, loss.backward(): There it is. w is [1, 2], w.grad was none, is [4, 8]."
    )
    texts = [text.get_text() for text in fig.figure().axes[0].texts]
    assert texts[:6] == ["", "w = parameter([1, 2])", "▸", "loss.backward()", "", "w.zero_grad()"]
    assert "none → [4, 8]" in texts
