"""A page of the site puts its figures in their places; the widget manager comes only where it is needed."""

from __future__ import annotations

import re

import anywidget
import ipywidgets
import pytest

from bplib.scalar import Value
from bplib.widgets.live import curve, live

pytestmark = pytest.mark.browser

MANAGER = "'requirejs' in window"


SLIDER = ".bp-panel input[type=range][aria-label=w]"


def parabola(name="parabola"):
    w = Value(0.5, "w")
    return live((w * w).named("loss"), {w: (-2, 2)}, views=[curve()], name=name)


def test_figures_need_no_widget_manager(show_widgets):
    visit = show_widgets(parabola("one"), parabola("two"))
    visit.page.locator(".bp-live").nth(1).wait_for()
    sliders = visit.page.locator(SLIDER)
    sliders.first.fill("1")
    assert [sliders.nth(k).input_value() for k in range(2)] == ["1", "0.5"]
    assert not visit.page.evaluate(MANAGER)
    assert not visit.faults


def test_figures_share_the_library_but_no_id(show_widgets):
    visit = show_widgets(parabola("one"), parabola("two"))
    page = visit.page
    page.locator(".bp-live").nth(1).wait_for()
    ids = page.evaluate("[...document.querySelectorAll('.bp-live [id]')].map(({ id }) => id)")
    assert len(ids) == len(set(ids)) > 4
    clips = page.locator(".bp-live clipPath").evaluate_all("(clips) => clips.map(({ id }) => id)")
    used = page.locator(".bp-live [clip-path]").evaluate_all(
        "(es) => es.map((e) => e.getAttribute('clip-path'))"
    )
    assert used == [f"url(#{clip})" for clip in clips] and len(clips) == 2
    # The page's own style is all: a figure brings none.
    assert page.locator("style").count() == 1
    assert not visit.faults


def test_a_figure_shown_twice_moves_in_both_places(show_widgets):
    fig = parabola()
    visit = show_widgets(fig, fig)
    visit.page.locator(".bp-live").nth(1).wait_for()
    sliders = visit.page.locator(SLIDER)
    for moved, to in ((0, "1.5"), (1, "-1")):
        sliders.nth(moved).fill(to)
        visit.page.wait_for_function(
            "([selector, to]) => [...document.querySelectorAll(selector)].every(({ value }) => value === to)",
            arg=[SLIDER, to],
        )
    assert not visit.faults


def test_other_widgets_are_alive_too(show_widgets):
    slider, shown = ipywidgets.IntSlider(3, description="n"), ipywidgets.IntText()
    ipywidgets.jslink((slider, "value"), (shown, "value"))
    visit = show_widgets(slider, shown, parabola())
    visit.page.locator(".bp-live svg").wait_for()
    visit.page.locator(".noUi-handle").press("ArrowRight")
    visit.page.wait_for_function("document.querySelector('.widget-text input').value === '4'")
    assert visit.page.evaluate(MANAGER)
    assert not visit.faults


class Lamp(anywidget.AnyWidget):
    """A widget that brings a script and a style of its own."""

    _esm = """export default { render({ el }) {
      el.append(Object.assign(document.createElement("p"), { className: "lamp", textContent: "lit" }));
    } };"""
    _css = ".lamp { color: rgb(1, 2, 3); }"


def test_a_foreign_anywidget_and_a_figure_live_side_by_side(show_widgets):
    visit = show_widgets(Lamp(), parabola())
    lamp = visit.page.locator(".lamp")
    lamp.wait_for()
    assert lamp.evaluate("(e) => getComputedStyle(e).color") == "rgb(1, 2, 3)"
    visit.page.locator(".bp-live svg").wait_for()
    visit.page.locator(SLIDER).fill("1")
    table = visit.page.locator(".bp-live details")
    table.locator("summary").click()
    table.locator("tr", has_text="loss").get_by_text("1", exact=True).first.wait_for()
    assert visit.page.evaluate(MANAGER)
    assert not visit.faults


def test_a_figure_that_fails_says_so_and_the_next_one_lives(show_widgets):
    broken = parabola("broken")
    broken.spec = {**broken.spec, "views": [{"view": "sculpture"}]}
    visit = show_widgets(broken, parabola("whole"))
    visit.page.locator(".bp-live svg").wait_for()
    said = visit.page.locator(".widget-subarea").first.inner_text()
    assert said == "This figure cannot be drawn here. TypeError: views[view.view] is not a function"
    assert [re.search(r"live\.js:(\d+)", fault) is not None for fault in visit.errors] == [True]
