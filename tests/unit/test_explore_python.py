"""`explore` without a browser: its controls, its redraws, its frames, its errors."""

from __future__ import annotations

import warnings
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pytest
import traitlets
from PIL import Image

from bplib.widgets.explore import FRAME_BYTES, FRAMES, _Control, _thin, explore

X = np.linspace(-4, 4)


def line(ax, w=0.5):
    ax.plot(X, w * X)
    return f"A line of slope {w:g}."


def fixed(ax):
    ax.set(xlim=(-4, 4), ylim=(-4, 4))
    ax.plot(X, np.abs(X), "k:")


def pixels(fig):
    return np.asarray(Image.open(BytesIO(fig.picture["image"])).convert("RGB"))


def words(ax, **values):
    return f"{values}"


@pytest.mark.parametrize(
    ("given", "stops", "start"),
    [
        ((0, 3), [0, 1, 2, 3], 1),
        ((0, 10, 5), [0, 5, 10], 5),
        ((0.0, 0.3), [0.0, 0.1, 0.2, 0.3], 0.1),
        ((-0.2, 0.2, 0.2), [-0.2, 0.0, 0.2], 0.0),
        ((0, 1, 0.5), [0.0, 0.5, 1.0], 0.5),
        ((0.1, 0.35, 0.1), [0.1, 0.2, 0.3], 0.2),
        (2, [-2, -1, 0, 1, 2, 3, 4, 5, 6], 2),
        (-1, [-3, -2, -1, 0, 1], -1),
        (0, [0, 1], 0),
        (np.float64(0.1), [-0.1, 0.0, 0.1, 0.2, 0.3], 0.1),
        (True, [False, True], True),
        (False, [False, True], False),
        (["relu", "tanh"], ["relu", "tanh"], "relu"),
        ({"one": 1, "two": None}, [1, None], 1),
        ([0.1, 0.01, 0.001], [0.1, 0.01, 0.001], 0.1),
        (range(3), [0, 1, 2], 0),
        ([3, 1, 2], [3, 1, 2], 3),
    ],
)
def test_abbreviations_of_interact(given, stops, start):
    fig = explore(words, q=given)
    control = fig._controls["q"]
    assert control.stops == stops
    assert [type(stop) for stop in control.stops] == [type(stop) for stop in stops]
    assert fig.values == {"q": start}


@pytest.mark.parametrize(
    ("given", "kind"),
    [((0, 9), "slider"), (True, "checkbox"), (["a"], "menu"), ([1, 2, 4], "slider"), ([2, 1, 4], "menu")],
)
def test_kinds(given, kind):
    assert explore(words, q=given).controls[0]["kind"] == kind


def test_same_stops_as_interact():
    from ipywidgets import interactive

    for given in (3, -2, 1.5, (0, 5), (0, 10, 2), (-1.0, 1.0), (0.0, 1.0, 0.25), True, ["a", "b"], {"k": 1}):
        theirs = interactive(lambda q: None, q=given).children[0]
        ours = explore(words, q=given)
        assert ours.values["q"] == theirs.value
        stops = ours._controls["q"].stops
        if hasattr(theirs, "step"):
            assert [stops[0], stops[-1]] == pytest.approx([theirs.min, theirs.max])
            assert stops[1] - stops[0] == pytest.approx(theirs.step)


def test_a_default_value_of_draw_is_the_start():
    assert explore(line, w=(-2, 2, 0.25)).values == {"w": 0.5}


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: explore(3, w=1), TypeError, "draw must be a function"),
        (lambda: explore(line), TypeError, "at least one control"),
        (lambda: explore(line, v=1), TypeError, r"can't be called as draw\(ax, v=...\)"),
        (lambda: explore(lambda ax, w, v: "", w=1), TypeError, "missing a required argument: 'v'"),
        (lambda: explore(words, q="relu"), TypeError, "The control q must be"),
        (lambda: explore(words, q=(1, 2, 3, 4)), TypeError, "The control q must be"),
        (lambda: explore(words, q=("a", "b")), TypeError, "The control q must be"),
        (lambda: explore(words, q=None), TypeError, "The control q must be"),
        (lambda: explore(words, q=[]), ValueError, "has no options"),
        (lambda: explore(words, q=(2, 1)), ValueError, "lo < hi"),
        (lambda: explore(words, q=(0, 1, 0)), ValueError, "step above 0"),
        (lambda: explore(words, q=(0, float("nan"))), ValueError, "lo < hi"),
        (lambda: explore(words, q=(0, float("inf"))), ValueError, "lo < hi"),
        (lambda: explore(words, q=(0, 1, 1e-4)), ValueError, "has 10001 stops; .* such as q=.0, 1, 0.025"),
        (lambda: explore(words, q=(0, 1, 5)), ValueError, "has 1 stops"),
        (lambda: explore(line, w=(1, 2)), ValueError, "w has the stops 1, 2; 0.5 came"),
        (lambda: explore(lambda ax, w: None, w=1), TypeError, "A picture needs words"),
        (lambda: explore(lambda ax, w: 1 / 0, w=1), ZeroDivisionError, "division"),
    ],
)
def test_what_is_wrong_at_the_start_is_the_authors_to_see(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_words_may_come_from_a_format_or_a_function():
    def silent(ax, w):
        pass

    assert repr(explore(silent, alt="w is {w:.2f}.", w=1)) == "w is 1.00."
    assert repr(explore(silent, alt=lambda w: f"Twice w is {2 * w}.", w=1)) == "Twice w is 2."


def test_values_can_be_assigned():
    fig = explore(lambda ax, w, kind: f"{kind} {w}", w=(0, 1, 0.1), kind=["a", "b"])
    fig.values = {"w": 0.1 + 0.2}
    assert fig.values == {"w": 0.3, "kind": "a"}
    assert fig.alt == "a 0.3"
    fig.values = {"kind": "b", "w": 1}
    assert fig.alt == "b 1.0"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"v": 1}, "Unknown control v; there are w"),
        ({"w": 0.55}, "w has the stops -2, -1.9, -1.8, -1.7, ..., 1.9, 2; 0.55 came"),
        ({"w": "0.5"}, "'0.5' came"),
        ({"w": True}, "True came"),
        ({"w": None}, "None came"),
        ({"w": float("nan")}, "nan came"),
    ],
)
def test_a_bad_assignment_changes_nothing(values, message):
    fig = explore(line, w=(-2.0, 2.0))
    with pytest.raises(ValueError, match=message):
        fig.values = values
    assert fig.values == {"w": 0.5} and fig.alt == "A line of slope 0.5."


@pytest.mark.parametrize("at", [[], [0, 0], [-1], [41], ["1"], [0.5], None])
def test_nonsense_from_the_page_is_refused(at):
    fig = explore(line, w=(-2.0, 2.0))
    with pytest.raises(traitlets.TraitError):
        fig.at = at
    assert fig.values == {"w": 0.5}


@pytest.mark.parametrize("backdrop", [None, fixed])
def test_a_draw_that_raises_keeps_the_last_good_picture(backdrop):
    def draw(ax, w):
        ax.plot(X, X)
        if w == 2:
            raise ArithmeticError("no slope 2")
        ax.plot(X, w * X)
        return f"Slope {w}."

    fig = explore(draw, backdrop, w=[1, 2, 3])
    before = fig.picture
    fig.values = {"w": 2}
    assert fig.values == {"w": 2}
    assert fig.picture == before and fig.alt == "Slope 1."
    assert fig.message == "No picture at w = 2. ArithmeticError: no slope 2"
    assert fig._repr_mimebundle_()[0]["text/plain"] == str(fig.figure()) == "Slope 1."
    fig.values = {"w": 3}
    assert fig.message == "" and fig.alt == "Slope 3."
    assert_same_picture(fig, fresh(draw, backdrop, [1, 2, 3], 3))


def fresh(draw, backdrop, options, w):
    """Return a figure that was never at another stop."""
    fig = explore(draw, backdrop, w=[w, *options])
    assert fig.values == {"w": w}
    return fig


def assert_same_picture(fig, other):
    """Before 3.11, matplotlib lays out anew in the last bit: an edge moves by 2 of 255 shades, unseen."""
    np.testing.assert_allclose(pixels(fig).astype(int), pixels(other).astype(int), rtol=0, atol=2)


def title_and_legend(ax, w):
    ax.plot(X, w * X, label=f"slope {w}")
    ax.set_title(f"w = {w}")
    ax.legend(loc="upper left")
    return str(w)


def text_fill_and_image(ax, w):
    ax.fill_between(X, w * X, alpha=0.3)
    ax.text(-3, 3, f"{w:.1f}")
    ax.imshow([[0, w], [1, 0]], extent=(1, 2, -3, -2), aspect="auto")
    ax.set(xlim=(-4, 4), ylim=(-4, 4))
    return str(w)


def limits(ax, w):
    ax.plot(X, w * X)
    ax.set_ylim(-2 * w * w, 2 * w * w)
    ax.set(xlabel=f"w is {w}", yticks=[-1, 0, 1])
    return str(w)


def scales(ax, w):
    ax.plot(X + 5, (X + 5) ** w)
    if w == -1:
        ax.set_xscale("log")
        ax.minorticks_off()
        ax.tick_params(labelcolor="red", length=9)
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.set(xticks=[], yticks=[], aspect=0.1)
    return str(w)


def sometimes_a_title(ax, w):
    if w == -1:
        ax.set_title("below zero")
    return str(w)


def beside_the_axes(ax, w):
    ax.figure.text(0.5, 0.5, f"w = {w}")
    return str(w)


def color_bar(ax, w):
    ax.figure.colorbar(ax.imshow([[0, abs(w)]], extent=(0, 1, 0, 1)), ax=ax)
    return str(w)


@pytest.mark.parametrize(
    ("draw", "backdrop", "stops"),
    [
        (title_and_legend, None, [2, 1]),
        (title_and_legend, fixed, [1]),
        (sometimes_a_title, fixed, [1]),
        (text_fill_and_image, None, [2, 1]),
        (text_fill_and_image, fixed, [2, 1]),
        (limits, None, [2, 1]),
        (limits, fixed, [2, 1]),
        (scales, None, [1]),
        (beside_the_axes, None, [2, 1]),
        (beside_the_axes, fixed, [2, 1]),
        (color_bar, None, [2, 1]),
    ],
)
def test_a_redraw_leaves_nothing_behind_and_forgets_nothing(draw, backdrop, stops):
    fig = explore(draw, backdrop, w=[1, 2, -1])
    for w in (2, -1, 1, -1, *stops):
        fig.values = {"w": w}
        assert fig.message == ""
        if w in stops:
            assert_same_picture(fig, fresh(draw, backdrop, [3, 2, -1], w))


def test_labels_that_grow_find_room():
    def draw(ax, w):
        ax.set_ylim(0, 10**w)
        ax.ticklabel_format(style="plain")
        ax.set_ylabel("height")
        return str(w)

    fig = explore(draw, w=[1, 7])
    fig.values = {"w": 7}
    ax = fig._stage.picture.axes[0]
    renderer = fig._stage.picture.agg.get_renderer()
    texts = [ax.yaxis.label, *ax.get_yticklabels()]
    assert max(len(text.get_text()) for text in texts) >= 8
    assert min(text.get_window_extent(renderer).x0 for text in texts) >= 0


def test_what_draw_adds_shows_on_the_backdrop():
    def both(ax, w):
        fixed(ax)
        ax.autoscale(False)
        ax.set_prop_cycle(None)
        return line(ax, w)

    added, whole = explore(line, fixed, w=[0.5, 2]), explore(both, w=[0.5, 2])
    for fig in (added, whole):
        fig.values = {"w": 2}
    off = np.abs(pixels(added).astype(int) - pixels(whole)).max(axis=2) > 8
    # The line lies above the frame of the axes in one and below it in the other: a few pixels at its ends.
    assert off.mean() < 2e-4


def test_only_what_draw_adds_is_drawn_again(monkeypatch):
    calls = []
    fig = explore(line, lambda ax: calls.append(fixed(ax)), w=[0.5, 1, 2])
    drawn = []
    monkeypatch.setattr(mpl.axis.Axis, "draw", lambda *args: drawn.append(args))
    fig.values = {"w": 1}
    fig.values = {"w": 2}
    assert len(calls) == 1 and drawn == []


def test_each_draw_starts_with_the_first_colour():
    colors = []

    def draw(ax, w):
        colors.append(ax.plot(X, w * X)[0].get_color())
        return str(w)

    for backdrop in (None, fixed):
        fig = explore(draw, backdrop, w=[1, 2, 3])
        fig.values = {"w": 2}
        fig.values = {"w": 3}
    assert set(colors) == {"#0072B2"}


def test_panels():
    def draw(axes, w):
        for ax in axes:
            ax.plot(X, w * X)
        return f"{len(axes)} panels."

    assert explore(draw, w=[1, 2], panels=(1, 2)).alt == "2 panels."
    assert explore(draw, lambda axes: [fixed(ax) for ax in axes], w=[1, 2], panels=(2, 1)).alt == "2 panels."


def test_it_shows_as_widget_picture_and_words():
    fig = explore(line, w=(-2.0, 2.0))
    data, metadata = fig._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert data["text/plain"] == repr(fig) == "A line of slope 0.5."
    assert metadata["image/png"] == {"width": 560, "height": 340, "alt": "A line of slope 0.5."}
    assert len(data["image/png"]) < 25_000
    assert data["image/png"] == explore(line, w=(-2.0, 2.0))._repr_mimebundle_()[0]["image/png"]


def test_figure_is_a_copy_to_keep():
    fig = explore(line, w=[0.5, 1])
    kept = fig.figure()
    fig.values = {"w": 1}
    assert str(kept) == "A line of slope 0.5."
    assert kept.axes[0].lines[0].get_ydata()[-1] == 2


def test_pyplot_holds_no_figure_and_settings_stay():
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    fig = explore(line, w=[0.5, 1])
    fig.values = {"w": 1}
    fig._repr_mimebundle_()
    assert plt.get_fignums() == [] and dict(mpl.rcParams) == before


# Frames.


@pytest.fixture
def in_advance(monkeypatch):
    monkeypatch.setenv("BPLIB_FRAMES", "1")


def test_without_the_variable_nothing_is_drawn_in_advance():
    assert explore(line, w=(-2.0, 2.0)).frames == []


@pytest.mark.parametrize("backdrop", [None, fixed])
def test_every_stop_has_a_small_frame(in_advance, backdrop):
    fig = explore(title_and_legend, backdrop, w=(1, 5))
    assert [frame["at"] for frame in fig.frames] == [[i] for i in range(5)]
    assert [frame["alt"] for frame in fig.frames] == [str(w) for w in range(1, 6)]
    assert max(len(frame["image"]) for frame in fig.frames) <= FRAME_BYTES
    assert len({frame["image"] for frame in fig.frames}) == 5
    assert fig.picture == fig.frames[fig.at[0]]


def test_a_frame_keeps_pale_grids_thin_lines_and_small_dots(in_advance):
    def draw(ax, w):
        ax.plot([0, w], "--", lw=1, color="#D55E00")
        ax.plot([0.2], [0.2], ".", ms=4, color="#009E73")
        ax.fill_between([0, 1], [0, w], color="#0072B2")
        return str(w)

    frame = Image.open(BytesIO(explore(draw, w=[1, 2]).frames[0]["image"])).convert("RGB")
    colors = np.array([color for _, color in frame.getcolors()])
    assert len(colors) <= 16 and [255, 255, 255] in colors.tolist()
    for wanted in ("#E4E4E4", "#D55E00", "#009E73", "#0072B2"):
        rgb = 255 * np.array(mpl.colors.to_rgb(wanted))
        assert np.abs(colors - rgb).sum(axis=1).min() < 40, wanted


def test_frames_answer_without_drawing(in_advance):
    calls = []

    def draw(ax, w):
        calls.append(w)
        return str(w)

    fig = explore(draw, w=[1, 2, 3])
    calls.clear()
    fig.values = {"w": 3}
    assert calls == [] and fig.alt == "3" and fig.picture == fig.frames[2]


def test_too_many_stops_are_thinned(in_advance):
    fig = explore(words, a=(0, 100), b=[1, 2, 4, 8], c=True, size=(1, 1))
    counts = [len(control["stops"]) for control in fig.controls]
    assert np.prod(counts) == len(fig.frames) <= FRAMES
    assert counts == [5, 4, 2]
    assert fig._controls["a"].stops == [0, 25, 50, 75, 100]
    assert fig.values == {"a": 50, "b": 1, "c": True}


@pytest.mark.parametrize("start", [0, 1, 37, 99, 100])
def test_thinning_keeps_the_start_and_both_ends(start):
    a, b = _Control("a", (0, 100), start), _Control("b", (0, 7), None)
    _thin([a, b])
    assert a.stops[a.start] == start and {0, 100, start} <= set(a.stops)
    assert len(a.stops) * len(b.stops) <= FRAMES and sorted(a.stops) == a.stops
    assert len(a.stops) * (len(b.stops) + 1) > FRAMES


def test_the_first_picture_is_the_same_with_frames_and_without(monkeypatch):
    without = explore(line, w=(-1, 1, 0.5))
    monkeypatch.setenv("BPLIB_FRAMES", "1")
    frames = explore(line, w=(-1, 1, 0.5))
    assert repr(frames) == repr(without) and frames.values == without.values
    assert frames._repr_mimebundle_()[0]["image/png"] == without._repr_mimebundle_()[0]["image/png"]


def test_a_stop_that_can_not_be_drawn_has_a_frame_that_says_so(in_advance):
    fig = explore(lambda ax, w: f"1/w is {1 / w}.", w=[1, 0, -1])
    assert fig.frames[1] == {"at": [1], "message": "No picture at w = 0. ZeroDivisionError: division by zero"}
    fig.values = {"w": 0}
    assert fig.message.startswith("No picture at w = 0") and fig.alt == "1/w is 1.0."


def test_a_picture_that_can_not_be_made_small_is_refused(in_advance):
    noise = np.random.default_rng(0).normal(size=(300, 500))
    with pytest.raises(ValueError, match=r"takes [\d,]+ bytes and may take 6,000"):
        explore(lambda ax, w: str(ax.imshow(w * noise)), w=[1, 2])


def test_too_many_controls_for_frames(in_advance):
    with pytest.raises(ValueError, match="6 controls make 64 pictures even at two stops each"):
        explore(words, **dict.fromkeys("abcdef", True))


def test_any_sequence_of_moves_leaves_no_exception():
    def draw(ax, a, b):
        if a == b:
            raise RuntimeError("a equals b")
        ax.plot([0, 1 / (a - b)])
        return f"{a} {b}"

    fig = explore(draw, fixed, a=(0, 4), b=(1, 5))
    rng = np.random.default_rng(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for a, b in rng.integers(0, 5, size=(30, 2)).tolist():
            fig.at = [a, b]
            assert bool(fig.message) == (a == b + 1)
            if not fig.message:
                assert fig.alt == f"{a} {b + 1}" and fig.picture["at"] == fig.at
