"""On a phone the control in use and the picture that it moves are on screen together, made for fingers."""

from __future__ import annotations

import numpy as np
import pytest
from pages import REACH, SPANS, inputs, settle
from test_bars import race
from test_compose import chain, squares
from test_live import neuron
from test_ribbons import joined

from bplib.scalar import Value
from bplib.widgets.frames import frames
from bplib.widgets.live import curve, live, reached, task
from bplib.widgets.shapes import Shapes
from bplib.widgets.views import bars, compose, line, tiles

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844, "has_touch": True}


def five():
    """As many stages as there may be, with another view above them."""
    x = Value(0.5, "x")
    chain = [x]
    for k in range(5):
        chain.append((chain[-1] * 0.5 + 0.1 * k).named(f"u{k}"))
    views = [curve(), compose(*chain)]
    return live(chain[-1], {x: (-2, 2)}, views=views, name="five")


@pytest.mark.parametrize(("make", "pictures"), [(neuron, 1), (squares, 5), (five, 8), (race, 1), (joined, 2)])
def test_a_picture_and_its_control_are_on_the_screen_together(show, make, pictures):
    page = (visit := show(make(), **PHONE)).page
    spans = page.evaluate(SPANS)
    assert len(spans) == pictures
    assert [span for span in spans if span[1] > REACH] == []
    assert not visit.faults


def test_twelve_bars_and_all_their_sliders_are_on_the_screen_together(show):
    """As the knobs of chapter 1: one turns a knob against its own bar, whichever it is."""
    knobs = [Value(0.08 * n, f"k{n}") for n in range(1, 13)]
    rates = [(2 * knob).named(f"dk{n}") for n, knob in enumerate(knobs, 1)]
    loss = sum((knob**2 for knob in knobs[1:]), knobs[0] ** 2).named("loss")
    fig = live(loss, dict.fromkeys(knobs, (-1, 1)), views=[bars(loss), bars(*rates)], name="knobs")
    page = (visit := show(fig, **PHONE)).page
    picture = page.locator(".bp-many").bounding_box()
    sliders = [near.bounding_box() for near in page.locator(".bp-many ~ .bp-near").all()]
    assert len(sliders) == 12
    assert max(box["y"] + box["height"] for box in sliders) - picture["y"] <= REACH
    assert all(box["x"] >= 16 and box["x"] + box["width"] <= 374 for box in sliders)
    names = page.locator(".bp-many ~ .bp-near .bp-name").all()
    assert {round(name.bounding_box()["height"]) for name in names} == {
        round(names[0].bounding_box()["height"])
    }
    page.locator(".bp-many ~ .bp-near").last.get_by_role("slider").press("End")
    settle(page)
    assert page.locator(".bp-many .bp-grad").last.inner_text() == "2"
    assert not visit.faults


def test_what_the_figure_says_does_not_cover_the_slider(show):
    page = (visit := show(chain(lambda x: x + 1, lambda u: 1 / u), **PHONE)).page
    slider = page.locator(".bp-near")
    slider.get_by_role("slider").press("Home")
    page.evaluate("figures[0].store.set(0, -1)")
    page.evaluate("scrollTo(0, 0)")
    settle(page)
    told = page.locator(".bp-said").bounding_box()
    assert page.locator(".bp-said").inner_text().endswith("x stays at −2.")
    at = slider.bounding_box()
    assert 300 < told["y"] < told["y"] + told["height"] <= at["y"] < at["y"] + at["height"] <= 844
    assert not visit.faults


def test_a_wide_figure_has_no_second_slider(show):
    page = show(neuron(), width=800).page
    assert page.locator(".bp-near").is_hidden()


def test_the_slider_under_a_curve_is_that_of_its_horizontal_axis(show):
    page = (visit := show(neuron(), **PHONE)).page
    near = page.locator(".bp-near")
    near.get_by_role("slider", name="w").press("Home")
    settle(page)
    assert inputs(page)[0] == -2 and near.inner_text() == "w\n−2"
    page.get_by_role("combobox", name="against").select_option(label="b")
    near.get_by_role("slider", name="b").press("End")
    settle(page)
    assert inputs(page)[:2] == [-2, 2] and near.inner_text() == "b\n2"
    assert near.get_by_role("slider").count() == 1
    assert not visit.faults


def test_a_second_slider_tells_its_stop(show):
    """Of arrays computed in advance a control counts stops; beside a picture stands what they are."""
    known = frames(lambda x: {"made": x * np.arange(4.0)}, x=[0.5, 2.0])
    page = (visit := show(live(known, views=[line("made"), line("made")], name="known"), **PHONE)).page
    near = page.locator(".bp-near").last
    assert near.inner_text() == "x\n0.5"
    near.get_by_role("slider", name="x").press("End")
    settle(page)
    assert near.inner_text() == "x\n2" and inputs(page) == [1]
    assert not visit.faults


def test_the_sliders_beside_a_picture_are_those_that_the_task_is_about(show):
    shapes = Shapes("X (B, n0), W1 (n1, n0), W2 (n2, n1)", B=5, n0=4, n1=3, n2=2)
    equations = ["Z = X @ W1.T", "Y = Z @ W2.T"]
    tasks = [
        task("Raise B.", until=reached("B", 8), opens=["B", "tiles"]),
        task("Lower n2.", until=reached("n2", 1), opens=["n1", "n2"]),
        task("Raise B, and then n0.", start={}, until=reached("B", 8), opens=["n0"]),
    ]
    asks = live(shapes, views=[tiles(*equations)], tasks=tasks, name="asks")
    free = live(shapes, views=[tiles(*equations)], name="free")
    page = (visit := show(asks, free, whole=False, **PHONE)).page
    first, second = page.locator(".bp-live").all()

    def beside(figure):
        return [
            each.inner_text().split()[0] for each in figure.locator(".bp-near").all() if each.is_visible()
        ]

    found = [beside(first)]
    for _ in tasks[1:]:
        first.get_by_role("button", name="Next").click()
        settle(page)
        found.append(beside(first))
    assert found == [["B"], ["n1", "n2"], ["B", "n0"]]
    # Where nothing is asked, what was moved last; while a finger moves one, none changes its place.
    assert beside(second) == ["B", "n0"]
    second.locator(".bp-open").click()
    second.locator(".bp-panel").get_by_role("slider", name="n2").press("Home")
    settle(page)
    assert beside(second) == ["B", "n2"]
    second.locator(".bp-near").get_by_role("slider", name="B").press("End")
    settle(page)
    assert beside(second) == ["B", "n2"]
    assert not visit.faults


def slide(page, start, by):
    """A finger goes down at `start`, moves by so many px in small steps, and is lifted."""
    hand = page.context.new_cdp_session(page)
    (x, y), (dx, dy) = start, by
    steps = [(x + dx * k / 10, y + dy * k / 10) for k in range(11)]
    for k, (a, b) in enumerate(steps):
        kind = "touchMove" if k else "touchStart"
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b}]})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)
    hand.detach()


def test_a_finger_that_scrolls_past_a_curve_moves_nothing(show):
    page = (visit := show(neuron(), squares(), **PHONE)).page
    for k, picture in enumerate((page.locator(".bp-curve .bp-chart"), page.locator(".bp-whole .bp-chart"))):
        picture.scroll_into_view_if_needed()
        settle(page)
        box, before, top = picture.bounding_box(), inputs(page, k), page.evaluate("scrollY")
        start = (box["x"] + box["width"] / 3, box["y"] + 60)
        slide(page, start, (0, -120))
        page.wait_for_function("(top) => scrollY > top + 60", arg=top)
        assert inputs(page, k) == before
        # To the side it moves the control, and a tap does.
        box = picture.bounding_box()
        slide(page, start := (box["x"] + box["width"] / 3, box["y"] + 100), (80, 0))
        dragged = inputs(page, k)
        assert dragged[0] != before[0] and dragged[1:] == before[1:]
        page.touchscreen.tap(*start)
        settle(page)
        assert inputs(page, k)[0] < dragged[0]
    assert not visit.faults


def test_a_point_taken_beside_its_middle_does_not_jump(show):
    page = (visit := show(neuron(), **PHONE)).page
    page.evaluate("figures[0].store.set(0, 0.123)")
    settle(page)
    point = page.locator(".bp-point")
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert min(box["width"], box["height"]) >= 44, "as large as a finger"
    at = (box["x"] + box["width"] / 2 + 12, box["y"] + box["height"] / 2 + 5)
    page.touchscreen.tap(*at)
    settle(page)
    assert inputs(page)[0] == 0.123
    moved = 70 / (page.locator(".bp-chart svg").bounding_box()["width"] - 58 - 14) * 4
    slide(page, at, (70, 0))
    assert inputs(page)[0] == pytest.approx(0.123 + moved, abs=0.025)
    assert not visit.faults
