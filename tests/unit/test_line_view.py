"""The views line and profile from Python: arrays found, ranges fixed, what is refused, the still pictures."""

import json

import numpy as np
import pytest

from bplib import layers, losses
from bplib.line_pictures import layers as by_layer
from bplib.line_pictures import lines
from bplib.optim import SGD
from bplib.widgets.frames import frames
from bplib.widgets.live import live
from bplib.widgets.program import Program, by, d, history
from bplib.widgets.views import line, profile

H = 10.0 ** -np.arange(1, 7.0)


def errors(x, h):
    return {
        "h": H,
        "forward": H * x,
        "central": H**2 * x,
        "grid": np.ones((2, 3)),
        "short": H[:3],
        "signed": -H,
    }


def computed(view, **start):
    return live(frames(errors, error=0.0, x=[0.5, 3.0], h=list(H)), start, views=[view], name="curves")


def network(view, controls=None, optimizer=None):
    rng = np.random.default_rng(0)
    net = layers.mlp([2, 4, 4, 1], activation="tanh", rng=rng)
    program = Program.of(net, losses.mse, rng.normal(size=(6, 2)), np.zeros((6, 1)))
    return live(program, controls or {"spread": (0.5, 2)}, views=[view], optimizer=optimizer, name="net")


def spec(fig):
    assert json.loads(json.dumps(fig.spec, allow_nan=False)) == fig.spec
    return fig.spec["views"][0]


def test_curves_of_frames_have_ranges_for_all_stops():
    fig = computed(line("forward", over="h", C="central", log="xy", against="h", what="error"), x=3.0)
    view = spec(fig)
    assert [(curve["title"], curve["q"]) for curve in view["curves"]] == [
        ("forward", "forward"),
        ("C", "central"),
    ]
    assert (view["axis"], view["what"]) == ("h", "error")
    assert view["x"] == {"lo": H.min(), "hi": H.max(), "log": True}
    # 0.5e-12 is the least of all stops, 0.3 the largest; whole decades hold them.
    assert view["y"] == {"lo": pytest.approx(1e-13), "hi": 1.0, "log": True}
    assert view["against"] == 1 and view["claims"] == [1]
    assert view["quantities"] == [["h", "h"], ["forward", "forward"], ["C", "central"]]


def test_a_linear_range_has_room_and_one_that_is_given_stays():
    view = spec(computed(line("forward")))
    lo, hi = 0.5e-6, 0.3
    assert view["y"]["lo"] == pytest.approx(lo - 0.05 * (hi - lo))
    assert view["x"] == {"log": False} and view["axis"] == "index"
    assert spec(computed(line("forward", y=(0, 1))))["y"] == {"lo": 0.0, "hi": 1.0, "log": False}


def test_a_history_counts_steps_and_its_scales_grow():
    fig = network(line(loss=history("loss")), {"steps": (0, 50, 1)}, SGD(0.1))
    view = spec(fig)
    assert (view["axis"], view["steps"], view["x"], view["y"]) == ("step", 0, {"log": False}, {"log": False})
    assert view["curves"][0]["gradient"] is False
    assert spec(network(line(db=d("0.b"))))["curves"][0]["gradient"] is True


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (line(), r"1 to 6 curves, each with a title of its own; \[\] came"),
        (line("forward", forward="central"), "a title of its own"),
        (line("forward", log="z"), "is '', 'x', 'y' or 'xy'; 'z' came"),
        (line("forward", log="x"), "needs over="),
        (line("nothing"), "expected an array of the frames"),
        (line("grid"), r"1-D arrays; 'grid' has shape \(2, 3\)"),
        (line("short", over="h"), "arrays of one length; short 3, over 6 came"),
        (line(("", "forward")), "a title is a text"),
        (line("forward", against="q"), "no such input; it has x, h"),
        (line("forward", y=(1, 1)), r"line\(y=...\) runs from a number to a larger one"),
        (line("forward", log="y", y=(0, 1)), "a number above 0 to a larger one"),
        (profile(), "'f', backward='g'.*neither came"),
        (profile(by("layer", "rms"), forward="h"), "both came"),
        (profile(forward="grid"), r"one number a layer; 'grid' \(2, 3\) came"),
        (profile(forward="h", backward="short"), r"'h' \(6,\), 'short' \(3,\) came"),
        (profile(backward="signed"), "'signed' holds numbers below 0. Take np.abs"),
        (profile(forward="h", layers=["0"]), "goes with by"),
        (profile(forward="h", mark="q"), "no such input"),
        (profile({"d": "h"}), r"needs by\('layer', 'rms'\)"),
    ],
)
def test_what_does_not_fit_is_refused(view, message):
    with pytest.raises(ValueError, match=message):
        computed(view)


def test_other_views_of_a_program_are_refused():
    with pytest.raises(ValueError, match=r"is shown by profile\(...\)"):
        network(line(("rms", by("layer", "rms"))))
    with pytest.raises(ValueError, match="a history has its steps as its axis"):
        network(line("0.b", loss=history("loss")), optimizer=SGD(0.1))
    with pytest.raises(ValueError, match=r"profile\(layers=...\) names 0, 1, 2, 3, 4; '9' came"):
        network(profile(by("layer", "rms"), layers=["0", "9"]))
    with pytest.raises(ValueError, match="compares 2 to 200 layers; 1 came"):
        network(profile(by("layer", "rms"), layers=["0"]))
    with pytest.raises(ValueError, match="There is no measure 'mean'"):
        network(profile(by("layer", "mean")))


def test_a_mark_is_a_control_with_numbers():
    words = frames(lambda kind: {"h": H}, kind=["one", "two"])
    with pytest.raises(ValueError, match="needs stops that are numbers; 'kind' has 'one'"):
        live(words, views=[profile(forward="h", mark="kind")], name="words")
    with pytest.raises(ValueError, match=r"line\(against=...\) needs a control; 'steps' is none"):
        network(line(loss=history("loss"), against="steps"), optimizer=SGD(0.1))


def test_layers_are_chosen_by_name_and_counted_from_one():
    view = spec(network(profile(by("layer", "rms"), layers=["1", "3"])))
    assert (view["at"], view["names"], view["backward"]) == ([1, 3], ["1", "3"], [False, True])
    assert view["what"] == "rms" and view["y"] == {"log": True} and "claims" not in view
    assert view["quantities"] == [["rms", by("layer", "rms")]]
    view = spec(network(profile(by("layer", "rms"), mark="cut"), {"cut": (0, 5, 1)}))
    assert view["claims"] == [view["mark"]] == [0]
    view = spec(computed(profile(backward="central", mark="x"), x=3.0))
    assert (view["of"], view["backward"], view["at"]) == (["central"], [True], list(range(6)))
    assert view["claims"] == [0]


def test_the_still_pictures_say_what_they_show():
    fig = computed(line("forward", "central", over="h", log="xy"), x=0.5)
    told = repr(fig.figure())
    assert told.startswith(
        "Curves over h from 1e−06 to 0.1, both axes logarithmic. forward: from 5e−07 to 0.05"
    )
    axes = fig.figure().axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    styles = [drawn.get_linestyle() for drawn in axes.lines]
    assert len(set(styles)) == len(styles) == 2
    assert "loss: no point yet" in repr(network(line(loss=history("loss")), optimizer=SGD(0.1)).figure())
    assert repr(network(profile(by("layer", "rms"))).figure()).startswith("The rms by layer, 1 to 5")


def test_what_has_no_place_is_left_out_of_the_picture():
    picture = lines(np.arange(3.0), {"a": np.array([0.0, 1.0, np.nan])}, log="y", names=("k", ""))
    assert repr(picture).endswith("a: from 1 to 1, least 1 at 1.")
    marks = [text.get_text() for text in by_layer({"gradients": np.array([0.0, 2.0])}).axes[0].texts]
    assert marks == ["0"]
