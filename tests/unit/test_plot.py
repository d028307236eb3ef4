"""Pictures: they show what was computed, say it in words, and leave matplotlib's global state alone."""

import subprocess
import sys
from io import BytesIO
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from bplib import plot
from bplib.scalar import Value
from bplib.tape import Tape


def neuron() -> Tape:
    w, b, x, y = Value(0.5, "w"), Value(0.1, "b"), Value(1.0, "x"), Value(0.8, "y")
    a = (w * x + b).named("z").sigmoid().named("a")
    return Tape.record(((a - y) ** 2).named("loss"), inputs=[w, b, x, y])


X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
PICTURES = {
    "graph": lambda: plot.graph(neuron()),
    "curve": lambda: plot.curve(neuron(), against="w", lo=-6, hi=6),
    "error_against_step": lambda: plot.error_against_step([1e-1, 1e-5, 1e-9], {"central": [1e-2, 0, 1e-6]}),
    "network": lambda: plot.network([np.ones((3, 2)), -np.ones((1, 3))]),
    "boundary": lambda: plot.boundary(lambda P: P.sum(axis=1) - 0.7, X, [0, 1, 1, 0]),
    "gradient_norms": lambda: plot.gradient_norms([1e-6, 0.0, 1e-2]),
    "landscape": lambda: plot.landscape(lambda x, y: x * x + y * y, path=[[1, 1], [0, 0]]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_sharp_told_and_the_same_twice(name):
    picture = PICTURES[name]()
    data, metadata = picture._repr_mimebundle_()
    assert data["text/plain"] == repr(picture) == str(picture) == picture.alt
    assert len(picture.alt) > 40 and "0x" not in picture.alt and "Figure" not in picture.alt
    size = metadata["image/png"]
    image = Image.open(BytesIO(data["image/png"]))
    assert (image.width, image.height) == pytest.approx((2 * size["width"], 2 * size["height"]), abs=2)
    assert image.convert("RGB").getpixel((1, 1)) == (255, 255, 255)
    assert len(data["image/png"]) < 40_000
    assert PICTURES[name]().png() == data["image/png"]


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_is_cut_off_or_lies_on_another(name, monkeypatch):
    picture = PICTURES[name]()
    boxes = []
    draw = mpl.text.Text.draw

    def note(text, renderer):
        draw(text, renderer)
        if text.get_visible() and text.get_text().strip():
            boxes.append((text.get_text(), text.get_window_extent(renderer)))

    picture.agg.draw()  # settles the layout
    monkeypatch.setattr(mpl.text.Text, "draw", note)
    picture.agg.draw()
    sheet = picture.bbox
    for words, box in boxes:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= sheet.x1 + 1 and box.y1 <= sheet.y1 + 1
        assert inside, f"{words!r} is cut off"
    for (words, box), (others, other) in combinations(boxes, 2):
        wide = min(box.x1, other.x1) - max(box.x0, other.x0)
        high = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert min(wide, high) <= 1, f"{words!r} lies on {others!r}"


def test_pyplot_is_not_even_imported():
    code = (
        "import sys; from bplib import plot; from bplib.tape import Tape;"
        "plot.curve(Tape.record(lambda w: w * w, w=1.0)).png();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_settings_of_others_stay():
    before = dict(mpl.rcParams)
    plot.curve(neuron())
    assert dict(mpl.rcParams) == before


def test_graph_tells_every_value_and_gradient():
    tape = neuron()
    alt = plot.graph(tape, {"w": -1.0}).alt
    values, grads = tape.forward(w=-1.0), tape.backward()
    for name in ("w", "b", "x", "y", "a", "loss"):
        assert f"{plot.number(values[name])}, gradient {plot.number(grads[name])}" in alt
    assert "a = sigmoid(z)" in alt and "loss = (a − y)^2" in alt and " 2 = 2" not in alt


def test_graph_draws_values_blue_and_gradients_vermillion():
    picture = plot.graph(neuron())
    colors = {text.get_text(): text.get_color() for text in picture.axes[0].texts}
    assert colors["0.023822"] == "#0072B2"
    assert colors["−0.070623"] == "#D55E00"


def test_curve_draws_the_tangent_with_the_slope_of_the_gradient():
    tape = neuron()
    ax = plot.curve(tape, {"w": 2.0}, of="z", against="b").axes[0]
    line, tangent, point = ax.lines
    np.testing.assert_allclose(line.get_ydata(), 2.0 + line.get_xdata())
    assert np.diff(tangent.get_ydata()) / np.diff(tangent.get_xdata()) == pytest.approx([1.0])
    assert (point.get_xdata()[0], point.get_ydata()[0]) == pytest.approx((0.1, 2.1))


def test_curve_leaves_a_gap_where_there_is_no_value():
    tape = Tape.record(lambda x: x.log(), x=1.0)
    line = plot.curve(tape, against="x", lo=-1, hi=2).axes[0].lines[0]
    assert np.isnan(line.get_ydata()[line.get_xdata() <= 0]).all()


def test_network_draws_a_negative_weight_dashed_and_a_larger_one_wider():
    lines = plot.network([[[1.0, -2.0]]]).axes[0].lines
    assert [line.get_linestyle() for line in lines] == ["-", "--"]
    assert lines[0].get_linewidth() < lines[1].get_linewidth()


def test_boundary_counts_who_is_on_the_right_side():
    assert "3 of 4 points" in plot.boundary(lambda P: np.ones((len(P), 1)), X, [[1], [1], [1], [0]]).alt


def test_a_norm_of_zero_is_marked():
    ax = plot.gradient_norms([0.0, 1.0]).axes[0]
    assert [text.get_text() for text in ax.texts] == ["0"]


LINE = Tape.record(lambda w: w * 2, w=1.0)
LONG = Tape.record(lambda w: sum((w * k for k in range(2, 40)), w), w=1.0)
WRONG = {
    "not a tape": (lambda: plot.graph(3), TypeError, "^tape: expected a Tape, got int"),
    "too large": (lambda: plot.graph(LONG), ValueError, "readable up to 60"),
    "unknown input": (lambda: plot.graph(LINE, {"v": 1}), ValueError, "^input: expected one of 'w', got 'v'"),
    "many points": (lambda: plot.graph(LINE, {"w": [1, 2]}), TypeError, "A picture shows one point"),
    "not finite": (
        lambda: plot.graph(Tape.record(lambda x: x.log(), x=1.0), {"x": -1.0}),
        ValueError,
        "not finite at x = -1",
    ),
    "unknown node": (
        lambda: plot.curve(LINE, of="q"),
        ValueError,
        r"named node of the tape \(w, output\); 'q'",
    ),
    "unknown axis": (lambda: plot.curve(LINE, against="q"), ValueError, "an input of the tape"),
    "empty range": (lambda: plot.curve(LINE, lo=2, hi=2), ValueError, "from a smaller to a larger"),
    "step of 0": (lambda: plot.error_against_step([0.0], [1.0]), ValueError, "Every step must be above 0"),
    "other length": (lambda: plot.error_against_step([1.0], [1.0, 2]), ValueError, "one error for each step"),
    "no error": (lambda: plot.error_against_step([1.0], [0.0]), ValueError, "nothing to draw"),
    "no chain": (lambda: plot.compose(LINE, None, ["w"], 0, 1), ValueError, "then at least one node"),
    "signed error": (lambda: plot.error_against_step([1.0], [-1.0]), ValueError, r"holds -1\. Draw np\.abs"),
    "no method": (lambda: plot.error_against_step([1.0], {}), ValueError, "at least one method"),
    "words": (
        lambda: plot.error_against_step(["a"], [0.0]),
        TypeError,
        "^steps: expected real numbers, got <U1",
    ),
    "no layers": (lambda: plot.network([]), ValueError, "at least one matrix"),
    "layers don't fit": (lambda: plot.network([np.ones((3, 2)), np.ones((1, 2))]), ValueError, r"\(1, 3\)"),
    "other gradients": (
        lambda: plot.network([np.ones((3, 2))], grads=[np.ones((2, 3))]),
        ValueError,
        "grads must have the shapes of weights",
    ),
    "too wide": (lambda: plot.network([np.ones((21, 2))]), ValueError, "readable up to 20"),
    "labels": (lambda: plot.network([np.ones((1, 2))], labels=["x"]), ValueError, "one label for each of 2"),
    "not in a plane": (
        lambda: plot.boundary(len, np.ones((4, 3)), [0, 1, 0, 1]),
        ValueError,
        r"shape \(B, 2\)",
    ),
    "three classes": (lambda: plot.boundary(len, X, [0, 1, 2, 1]), ValueError, "must be 0 or 1"),
    "two answers": (lambda: plot.boundary(lambda P: P, X, [0, 1, 1, 0]), ValueError, "one number for each"),
    "NaN answer": (
        lambda: plot.boundary(lambda P: P[:, 0] * np.nan, X, [0, 1, 1, 0]),
        ValueError,
        "^what predict returns: expected finite numbers",
    ),
    "negative norm": (lambda: plot.gradient_norms([-1.0]), ValueError, "0 or more"),
    "other depths": (lambda: plot.gradient_norms({"a": [1], "b": [1, 2]}), ValueError, "as many for each"),
    "one height": (lambda: plot.landscape(lambda x, y: 1.0), ValueError, "one height for each point"),
    "nowhere": (lambda: plot.landscape(lambda x, y: x * np.nan), ValueError, "finite nowhere"),
    "path": (
        lambda: plot.landscape(lambda x, y: x, path=[[1, 2, 3]]),
        ValueError,
        r"path must have shape \(n, 2\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_can_not_be_drawn_is_refused_with_a_remedy(name):
    draw, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        draw()
