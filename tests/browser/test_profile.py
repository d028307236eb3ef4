"""The view `profile` in Chromium: one scale, what vanishes said in words, zeros, the mark, ghosts."""

from __future__ import annotations

import numpy as np
import pytest
from pages import inputs, number, settle

from bplib import layers, losses
from bplib.widgets.frames import frames
from bplib.widgets.live import live
from bplib.widgets.program import Program, by
from bplib.widgets.views import profile

pytestmark = pytest.mark.browser


def deep():
    rng = np.random.default_rng(1)
    chain = [layer for _ in range(6) for layer in (layers.Affine(8, 8, rng=rng), layers.Tanh())]
    draw = {f"{2 * k}.W": 0.35 for k in range(6)}
    X = rng.normal(size=(8, 8))
    program = Program.of(layers.Sequential(*chain), losses.mse, X, 0 * X, draw=draw)
    shown = [str(2 * k + 1) for k in range(6)]
    return live(
        program, {"spread": (0.02, 3)}, views=[profile(by("layer", "rms"), layers=shown)], name="deep"
    )


def cut():
    """Gradients that halve from layer to layer on their way back, and are cut below a layer."""

    def compute(truncate, w):
        back = w ** np.arange(9.0, -1, -1)
        back[: truncate - 1] = 0
        return {"f": np.ones(10), "g": back}

    made = frames(compute, error=0.0, truncate=range(1, 11), w=[0.5, 1.5])
    view = profile(forward="f", backward="g", mark="truncate")
    return live(made, {"truncate": 1}, views=[view], name="cut")


def sentences(page):
    return page.locator(".bp-profile > p.bp-roomy").all_inner_texts()[1:]


def curve(page, k, kind="drawn"):
    path = page.locator(f".bp-chart svg path.bp-{kind}").nth(k).get_attribute("d")
    return path.count("L") + path.count("M")


def test_what_is_halved_is_not_kept(show):
    made = frames(lambda w: {"f": np.ones(10), "g": w ** np.arange(10.0)}, error=0.0, w=[0.968, 1.08])
    page = (
        visit := show(live(made, {"w": 1.08}, views=[profile(forward="f", backward="g")], name="kept"))
    ).page
    assert sentences(page)[1] == "gradients, backward: fall 2-fold from layer 10 to 1, × 0.926 a layer."
    page.evaluate("figures[0].store.set(0, 0)")
    settle(page)
    assert sentences(page)[1] == "gradients, backward: keep their size from layer 10 to 1, × 1.34 in all."
    assert not visit.faults


def test_what_vanishes_and_grows_is_said_on_a_scale_from_the_start(show):
    page = (visit := show(cut())).page
    values, gradients, scale = sentences(page)
    assert values == "values, forward: keep their size from layer 1 to 10, × 1 in all."
    assert gradients == "gradients, backward: fall 510-fold from layer 10 to 1, × 0.5 a layer."
    assert scale == "Logarithmic scale, 0.001 to 100, and stays so."
    ticks = page.locator(".bp-tick-y").all_text_contents()
    height = page.locator(".bp-live").bounding_box()["height"]
    page.evaluate("figures[0].store.set(1, 1)")
    settle(page)
    assert sentences(page)[1] == "gradients, backward: grow 38-fold from layer 10 to 1, × 1.5 a layer."
    assert page.locator(".bp-tick-y").all_text_contents() == ticks
    assert curve(page, 1, "earlier") == 10
    assert page.locator(".bp-live").bounding_box()["height"] == height
    reader = page.get_by_role("slider", name="Read along layer")
    reader.focus()
    reader.press("Home")
    settle(page)
    told = page.locator(".bp-reading").inner_text()
    assert told == "layer 1: values, forward 1 (was 1), gradients, backward 38.4 (was 0.00195)"
    assert reader.get_attribute("aria-valuetext") == told
    assert not visit.faults


def test_the_mark_is_dragged_along_the_layers_and_zeros_are_said(show):
    page = (visit := show(cut())).page
    handle = page.get_by_role("slider", name="truncate", exact=True)
    axis, box = page.locator(".bp-axis").bounding_box(), handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(
        axis["x"] + 0.35 * axis["width"], box["y"], steps=4
    )  # layer 4, on an axis from 0.5 to 10.5
    page.mouse.up()
    settle(page)
    assert inputs(page)[0] == 3 and handle.get_attribute("aria-valuetext") == "truncate at 4"
    assert sentences(page)[1] == "gradients, backward: 0 at layer 1–3, which has no place on this scale."
    assert curve(page, 1) == 7  # not drawn at the floor
    handle.press("End")
    settle(page)
    assert inputs(page)[0] == 9 and curve(page, 1) == 1
    assert not visit.faults


def test_the_layers_of_a_program_and_a_scale_that_only_grows(show, axe):
    visit = show(deep(), width=390, height=844, color_scheme="dark", has_touch=True)
    page = visit.page
    found = page.evaluate("figures[0].store.read({ by: 'layer', measure: 'rms' }).gradients[3]")
    axis = page.locator(".bp-axis").bounding_box()
    page.touchscreen.tap(axis["x"] + 0.25 * axis["width"], axis["y"] - 60)  # layer 2 of 0.5 to 6.5
    settle(page)
    told = page.locator(".bp-reading").inner_text()
    assert told.startswith("layer 2 (3): values, forward ")
    assert number(told.split()[-1]) == pytest.approx(found, rel=5e-3)

    def ends():
        words = sentences(page)[-1].replace(";", "").split()
        return number(words[2].rstrip(",")), number(words[4])

    first = ends()
    assert first[1] / first[0] >= 0.99e6  # room to vanish
    page.evaluate("figures[0].store.set(0, 0.02)")
    settle(page)
    small = ends()
    assert small[0] < first[0] and small[1] == first[1]
    assert "gradients, backward: fall" in sentences(page)[1]
    page.evaluate("figures[0].store.set(0, 3)")
    settle(page)
    assert ends()[0] == small[0]
    page.locator(".bp-table summary").click()
    settle(page)
    rows = page.locator(".bp-table tbody tr").all_inner_texts()
    assert len(rows) == 12 and rows[3].startswith("3")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe(page) == []
    assert not visit.faults
