"""The view `line` in Chromium: read, zoomed, dragged along; scales that stay or only grow; ghosts."""

from __future__ import annotations

import numpy as np
import pytest
from pages import inputs, number, settle, slider

from bplib import layers, losses
from bplib.optim import SGD
from bplib.widgets.frames import frames
from bplib.widgets.live import live
from bplib.widgets.program import Program, history
from bplib.widgets.views import line

pytestmark = pytest.mark.browser


def steps():
    h = np.array([float(f"1e-{k}") for k in range(13)])

    def errors(x, **stop):
        central = x * (h**2 + 1e-16 / h)
        central[0] = 0  # without a place on a logarithmic axis
        return {"h": h, "forward_error": x * (h + 1e-16 / h), "central_error": central}

    view = line(
        over="h", forward="forward_error", central="central_error", log="xy", against="h", what="error"
    )
    made = frames(errors, error=0.0, x=[1, 4], h=h.tolist())
    return live(made, {"h": 1e-5}, views=[view], name="steps")


def training(**view):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(16, 2))
    program = Program.of(layers.mlp([2, 4, 1], rng=rng), losses.mse, X, X[:, :1], draw={"0.W": 1.0})
    controls = {"seed": (0, 3, 1), "steps": (0, 40, 1)}
    return live(
        program, controls, views=[line(loss=history("loss"), **view)], optimizer=SGD(0.1), name="training"
    )


def reading(page):
    return page.locator(".bp-line .bp-reading").inner_text()


def note(page):
    return page.locator(".bp-line > .bp-note").first.inner_text()


def ticks(page, axis):
    return page.locator(f".bp-tick-{axis}").all_text_contents()


def plot(page):
    """Return the box of the plot: the line of the horizontal axis, and up to the picture's top."""
    axis, picture = page.locator(".bp-axis").bounding_box(), page.locator(".bp-chart").bounding_box()
    return {"x": axis["x"], "width": axis["width"], "y": picture["y"] + 40, "bottom": axis["y"]}


def over(page, part, dy=40):
    box = plot(page)
    page.mouse.move(box["x"] + part * box["width"], box["y"] + dy)
    settle(page)


def curve(page, k, kind="drawn"):
    """Count the points of a curve."""
    path = page.locator(f".bp-chart svg path.bp-{kind}").nth(k).get_attribute("d")
    return path.count("L") + path.count("M")


def test_curves_are_read_at_the_mark_and_where_one_points(show):
    page = (visit := show(steps())).page
    assert reading(page) == "h = 1e−5: forward 1e−5, central 1.1e−10"
    assert "central 1.1e−10" in page.locator(".bp-line .bp-reading").get_attribute("title")
    over(page, 0.5)  # 1e-12 to 1: 1e-6 in the middle
    assert reading(page).startswith("h = 1e−6: forward")
    over(page, 0.99)
    assert reading(page) == "h = 1: forward 1, central 0"
    assert "Not drawn, because they are 0 or less: 1 of central." in page.locator(".bp-line").inner_text()
    assert [curve(page, k) for k in (0, 1)] == [13, 12]
    page.mouse.move(2, 2)
    settle(page)
    assert reading(page).startswith("h = 1e−5")
    # Dashes differ as well as colours.
    dashes = page.locator(".bp-chart svg path.bp-drawn").evaluate_all(
        "(all) => all.map((e) => [getComputedStyle(e).strokeDasharray, getComputedStyle(e).stroke])"
    )
    assert len({a for a, _ in dashes}) == len({b for _, b in dashes}) == 2
    assert not visit.faults


def test_the_mark_is_dragged_from_stop_to_stop_and_by_keys(show):
    page = (visit := show(steps())).page
    handle = page.get_by_role("slider", name="h", exact=True)
    assert handle.get_attribute("aria-valuetext") == "h at 1e−5"
    assert page.locator('.bp-panel input[aria-label="h"]').count() == 0  # it is moved here
    box, area = handle.bounding_box(), plot(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(area["x"] + 0.26 * area["width"], box["y"], steps=4)  # 1e-9 stands at a quarter
    page.mouse.up()
    settle(page)
    assert inputs(page)[1] == 9
    assert page.locator(".bp-note", has_text="Zoomed").count() == 0
    handle.press("ArrowRight")
    settle(page)
    assert inputs(page)[1] == 8  # to the right, where h is larger
    assert handle.get_attribute("aria-valuenow") == "4"  # of the stops from left to right
    # Elsewhere in the picture a click reads and moves nothing.
    page.mouse.click(area["x"] + 0.75 * area["width"], area["y"] + 30)
    settle(page)
    assert inputs(page)[1] == 8 and reading(page).startswith("h = 0.001")
    assert not visit.faults


def test_zoom_by_drag_buttons_keys_and_back(show):
    page = (visit := show(steps())).page
    first = ticks(page, "x"), ticks(page, "y")
    area = plot(page)
    height = page.locator(".bp-live").bounding_box()["height"]
    page.mouse.move(area["x"] + 0.25 * area["width"], area["y"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.5 * area["width"], area["y"] + 20, steps=4)
    page.mouse.up()
    settle(page)
    zoomed = ticks(page, "x")
    assert zoomed[0] == "1e−9" and zoomed[-1] == "1e−6"
    ends = [number(word.rstrip(";")) for word in note(page).split() if "e" in word and word[0].isdigit()]
    assert ends == pytest.approx([1e-9, 1e-6], rel=0.1)
    assert note(page).endswith("the vertical scale fits what is in sight.")
    assert ticks(page, "y") != first[1]
    assert page.locator(".bp-live").bounding_box()["height"] == height
    page.mouse.dblclick(area["x"] + 100, area["y"] + 60)
    settle(page)
    assert (ticks(page, "x"), ticks(page, "y")) == first and note(page) == "The scales stay as they are."
    page.get_by_role("button", name="Zoom in").click()
    settle(page)
    assert note(page).startswith("Zoomed to h from 1e−")
    page.get_by_role("button", name="Zoom out").click()
    settle(page)
    assert ticks(page, "x") == first[0]
    reader = page.get_by_role("slider", name="Read along h")
    reader.focus()
    reader.press("End")
    settle(page)
    assert reader.get_attribute("aria-valuetext") == reading(page) == "h = 1: forward 1, central 0"
    reader.press("ArrowLeft")
    settle(page)
    assert reading(page).startswith("h = 0.1")
    reader.press("+")
    settle(page)
    assert "Zoomed" in note(page)
    reader.press("0")
    settle(page)
    assert ticks(page, "x") == first[0]
    reader.press("Escape")
    settle(page)
    assert reading(page).startswith("h = 1e−5")  # at the mark again
    assert not visit.faults


def test_the_scale_stays_and_the_curves_before_the_move_stay_too(show):
    page = (visit := show(steps())).page
    first = ticks(page, "y")
    height = page.locator(".bp-live").bounding_box()["height"]
    assert curve(page, 0, "earlier") == 0
    page.evaluate("figures[0].store.set(0, 1)")
    settle(page)
    assert ticks(page, "y") == first
    assert [curve(page, k, "earlier") for k in (0, 1)] == [13, 12]
    assert reading(page) == "h = 1e−5: forward 4e−5 (was 1e−5), central 4.4e−10 (was 1.1e−10)"
    assert page.locator(".bp-lines").inner_text().endswith("faint: before the last move")
    assert page.locator(".bp-live").bounding_box()["height"] == height
    assert not visit.faults


def test_a_given_height_stays_while_the_curve_grows_to_the_last_step(show):
    page = (visit := show(training(y=(0, 0.01)))).page
    assert note(page) == "The scales stay as they are."
    before = ticks(page, "x"), ticks(page, "y")
    page.evaluate("figures[0].store.set(1, 40)")
    settle(page)
    assert curve(page, 0) > 0 and (ticks(page, "x"), ticks(page, "y")) == before
    assert not visit.faults


def test_training_draws_the_curve_on_scales_that_only_grow(show):
    page = (visit := show(training(), shared=False)).page
    page.clock.install()
    assert reading(page) == "No point yet: the curve begins with the first step."
    assert note(page) == "The scales grow where they must, and never shrink."
    assert ticks(page, "x")[-1] == "40"  # as many steps as there can be
    height = page.locator(".bp-live").bounding_box()["height"]
    page.get_by_role("button", name="Train").click()
    page.clock.run_for(150)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(100)
    done = inputs(page)[1]
    assert done > 0 and curve(page, 0) == done
    assert curve(page, 0, "earlier") == 0  # it only went on
    losses_seen = page.evaluate("[...figures[0].store.read({ history: 'loss' }).data]")
    reader = page.get_by_role("slider", name="Read along step")
    reader.focus()
    reader.press("Home")
    page.clock.run_for(100)
    assert reading(page).startswith("step = 0: loss ")
    assert float(reading(page).split()[-1]) == pytest.approx(losses_seen[0], rel=5e-3)
    top = ticks(page, "y")
    slider(page, "seed").press("End")
    page.clock.run_for(100)
    assert curve(page, 0) == curve(page, 0, "earlier") == done  # another start, and the one before
    assert float(ticks(page, "y")[-1]) >= float(top[-1])
    assert page.locator(".bp-live").bounding_box()["height"] == height
    assert not visit.faults


def test_on_a_phone_a_tap_reads(show, axe):
    visit = show(steps(), width=390, height=844, has_touch=True, color_scheme="dark")
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    area = plot(page)
    page.touchscreen.tap(area["x"] + 0.5 * area["width"], area["y"] + 40)
    settle(page)
    assert reading(page).startswith("h = 1e−6: forward")
    assert axe(page) == []
    assert not visit.faults
