"""The view heat from Python: what it asks for, which arrays share a scale, what is refused, the picture."""

import json

import numpy as np
import pytest

from bplib import heat_picture, layers, losses, plot
from bplib.scalar import Value
from bplib.widgets import library
from bplib.widgets.frames import frames
from bplib.widgets.live import live
from bplib.widgets.program import Program, by, d, field, history, jacobian, vjp
from bplib.widgets.views import heat


def affine(rows=4):
    rng = np.random.default_rng(0)
    net = layers.Sequential(layers.Affine(2, 3, rng=rng), layers.Tanh())
    return Program.of(net, losses.mse, rng.normal(size=(rows, 2)), np.zeros((rows, 3)))


def conv():
    rng = np.random.default_rng(1)
    net = layers.Sequential(layers.Conv2d(1, 2, 3, rng=rng), layers.Flatten())
    return Program.of(net, losses.mse, rng.normal(size=(2, 1, 4, 5)), np.zeros((2, 12)))


def figure(*shown, controls=None, net=None, **options):
    controls = controls or {"rows": (1, 4, 1), "sample": (0, 3, 1)}
    return live(net or affine(), controls, views=[heat(*shown, **options)], name="arrays")


def test_it_knows_titles_shapes_and_colours():
    fig = figure(
        "x", ("Z, before tanh", "0"), d("0.W"), dW=d("0.W", sample="sample"), J=jacobian("1", "0", sample=0)
    )
    (view,) = fig.spec["views"]
    assert [sheet["title"] for sheet in view["sheets"]] == ["x", "Z, before tanh", "d0.W", "dW", "J"]
    assert [sheet["shape"] for sheet in view["sheets"]] == [[4, 2], [4, 3], [3, 2], [3, 2], [3, 3]]
    assert [sheet["gradient"] for sheet in view["sheets"]] == [False, False, True, True, True]
    assert view["quantities"][1] == ["Z, before tanh", "0"]
    assert json.loads(json.dumps(fig.spec, allow_nan=False)) == fig.spec


def test_a_gradient_and_a_samples_part_of_it_share_a_scale():
    shown = ("x", d("0.W"), ("part", d("0.W", sample="sample")), d("0.b"))

    def scales(**options):
        return [sheet["scale"] for sheet in figure(*shown, **options).spec["views"][0]["sheets"]]

    assert scales() == [0, 1, 1, 2]
    assert scales(common=True) == [0, 0, 0, 0]


def test_what_belongs_to_a_sample_is_known():
    shown = (
        "x",
        "0",
        d("1"),
        d("0.W"),
        ("each", d("0.W", sample="each")),
        ("one", d("0.W", sample="sample")),
    )
    (view,) = figure(*shown, sample="sample").spec["views"]
    assert [sheet["each"] for sheet in view["sheets"]] == [True, True, True, False, True, False]
    assert view["sheets"][4]["shape"] == [4, 3, 2]
    assert view["sample"] == 1
    (view,) = figure(*shown).spec["views"]
    assert view["sample"] is None and not any(sheet["each"] for sheet in view["sheets"])
    with pytest.raises(ValueError, match="no such input; it has rows, sample"):
        figure("x", sample="which")
    with pytest.raises(ValueError, match="no array shown has a part for each"):
        figure(d("0.W"), "0.W", sample="sample")


def test_shapes_are_those_of_the_largest_batch():
    net = affine(rows=6)
    fig = live(net.again(2), {"rows": (1, 6, 1)}, views=[heat("x")], name="arrays")
    assert fig.spec["views"][0]["sheets"][0]["shape"] == [6, 2]


def test_a_pick_is_an_input_for_each_axis_and_needs_no_slider():
    fig = figure(
        "0", controls={"x[0][0][1][1]": (-4, 4)}, net=conv(), pick="cell", dX=vjp("0", "cell", "x")
    )  # fmt: skip
    (view,) = fig.spec["views"]
    names = fig.plan.source.names
    assert [names[n] for n in view["pick"]] == ["cell[0]", "cell[1]", "cell[2]", "cell[3]"]
    assert (view["picked"], view["claims"]) == (0, view["pick"])
    assert dict(fig.controls) == {
        "x[0][0][1][1]": fig.controls["x[0][0][1][1]"], "cell[0]": 0, "cell[1]": 0, "cell[2]": 0, "cell[3]": 0
    }  # fmt: skip
    fig.controls["cell[2]"] = 1
    reached = np.argwhere(fig.quantity(vjp("0", "cell", "x")))
    assert reached.min(axis=0).tolist() == [0, 0, 1, 0] and len(reached) == 9
    with pytest.raises(ValueError, match="outside its range 0 to 1"):
        fig.controls["cell[2]"] = 2


@pytest.mark.parametrize(
    ("shown", "options", "message"),
    [
        ((), {}, "shows 1 to 8 arrays; 0 came"),
        (["x"] * 9, {}, "9 came"),
        (("x", "x"), {}, "a title of its own"),
        (("9.W",), {}, r"heat\(...\): There is no array '9.W'"),
        ((("", "x"),), {}, "a title is a text"),
        ((3,), {}, "; 3 came"),
        ((by("layer", "rms"),), {}, r"; \{'by'"),
        ((history("loss"),), {}, r"; \{'history'"),
        ((field("out", (0, 1), (0, 1)),), {}, r"; \{'field'"),
        (("x",), {"gradients": ["dX"]}, "names titles, x; 'dX' came"),
        (("out",), {"pick": "cell"}, "no footprint came"),
        (("out",), {"pick": "a cell", "dX": vjp("out", "a cell", "x")}, "is a name such as 'cell'"),
        (("out",), {"pick": 3}, "is a name such as 'cell'; 3 came"),
        ((), {"pick": "cell", "dX": vjp("out", "cell", "x")}, r"must show it: heat\('out', ...\)"),
        (
            ("out", "0"),
            {"pick": "cell", "dX": vjp("out", "cell", "x"), "dW": vjp("0", "cell", "0.W")},
            "'out' and '0' came",
        ),
        (("loss",), {"pick": "cell", "dX": vjp("loss", "cell", "x")}, "nothing to pick"),
        ((vjp("out", "cell", "x"),), {}, "Make it a control, or pick it"),
    ],
)
def test_what_cannot_be_shown_is_refused(shown, options, message):
    with pytest.raises(ValueError, match=message):
        figure(*shown, **options)


def test_arrays_that_are_too_large_are_refused():
    wide = frames(lambda k: {"wide": np.zeros((2, 129)), "big": np.zeros((65, 65))}, k=[1])
    for name in ("wide", "big"):
        with pytest.raises(ValueError, match="at most 4096 cells, 128 along an axis"):
            live(wide, views=[heat(name)], name="arrays")
    with pytest.raises(ValueError, match=r"sums=True\) adds rows and columns; 0 has shape \(2, 2, 2, 3\)"):
        figure("0", controls={"seed": (0, 1, 1)}, net=conv(), sums=True)


def test_a_graph_of_values_has_no_arrays():
    w = Value(0.5, "w")
    with pytest.raises(TypeError, match="heat"):
        live((w * w).named("y"), {w: (0, 1)}, views=[heat("w")], name="arrays")


def test_frames_may_have_gaps_and_gradients():
    made = frames(lambda k: {"W": np.ones((2, 2)), "dW": np.array([k, np.nan])}, k=[1, 2])
    fig = live(made, views=[heat("W", "dW", gradients=["dW"])], name="arrays")
    (view,) = fig.spec["views"]
    assert view["gaps"] is True
    assert [sheet["gradient"] for sheet in view["sheets"]] == [False, True]
    assert live(made, views=[heat("W")], name="arrays").spec["views"][0]["gaps"] is False
    assert repr(fig.figure()) == (
        "Arrays as grids of cells: W (2 × 2), from 1 to 1; dW, a gradient (2), from 1 to 1, 1 gap."
    )


def test_the_still_picture_says_what_it_shows_on_a_scale_that_is_shared():
    fig = figure("x", dW=d("0.W"), part=d("0.W", sample="sample"))
    picture = fig.figure()
    gradient, part = fig.quantity(d("0.W")), fig.quantity(d("0.W", sample="sample"))
    most = max(np.abs(gradient).max(), np.abs(part).max())
    assert [ax.get_title("left") for ax in picture.axes] == ["x  4 × 2", "dW  3 × 2", "part  3 × 2"]
    assert [ax.get_xlabel() for ax in picture.axes][1:] == [f"0 to {plot.number(most, 3)}"] * 2
    texts = [text.get_text() for text in picture.axes[1].texts]
    assert texts == [plot.number(x, 3) for x in gradient.ravel()]
    assert "dW, a gradient (3 × 2), from " in repr(picture)


def test_a_picture_is_as_deep_as_its_numbers():
    def depths(array, **options):
        (ax,) = plot.heat({"a": array}, **options).axes
        pixels = ax.images[0].get_array()
        return 1 - np.asarray(pixels).min(axis=-1)

    (low, high, zero), *_ = depths([1.0, -2.0, 0.0])
    assert zero == 0 and 0 < low < high
    (small, large), *_ = depths([1e-4, 1.0], log=True)
    assert 0.2 * large < small < large
    assert depths([1.0], full={"a": 4.0})[0, 0] < depths([1.0])[0, 0]


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (70,), (64, 64), (2, 3, 4, 4)])
def test_pictures_of_all_sizes(shape):
    picture = plot.heat({"a": np.full(shape, -0.5), "nothing": [np.nan]})
    assert max(picture.get_size_inches()) < 8
    assert repr(picture).endswith("from −0.5 to −0.5; nothing (1), no number, 1 gap.")
    assert picture.png()
    assert repr(plot.heat({"one": np.nan})).endswith("no number, 1 gap.")  # a scalar, with no warning


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({}, {}, "at least one array"),
        ({"a": []}, {}, "finite numbers"),
        ({"a": [np.inf]}, {}, "Put NaN for a gap"),
        ({"a": [1.0]}, {"gradients": ["b"]}, "expected a, got b. Use the titles"),
        ({"a": [1.0]}, {"full": {"b": 1.0}}, "expected a, got b. Use the titles"),
    ],
)
def test_what_a_picture_refuses(arrays, options, message):
    with pytest.raises(ValueError, match=message):
        plot.heat(arrays, **options)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cells.js", f"const [MOST, MOST_ROWS] = [{heat_picture.MOST}, {heat_picture.MOST_ROWS}];"),
        ("scale.js", f"const DECADES = {heat_picture.DECADES};"),
        ("scale.js", f"const FAINT = {heat_picture.FAINT};"),
    ],
)
def test_the_page_and_the_picture_have_one_measure(file, line):
    assert line in library.read(f"parts/{file}")
