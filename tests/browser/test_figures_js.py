"""A page of the site puts its figures in their places; the widget manager comes only where it is needed."""

from __future__ import annotations

import ipywidgets
import pytest

from bplib.scalar import Value
from bplib.widgets.live import curve, live

pytestmark = pytest.mark.browser

MANAGER = "'requirejs' in window"


SLIDER = ".bp-live input[type=range][aria-label=w]"


def parabola(name="parabola"):
    w = Value(0.5, "w")
    return live((w * w).named("loss"), {w: (-2, 2)}, views=[curve()], name=name)


def test_figures_need_no_widget_manager(show_widgets):
    visit = show_widgets(parabola("one"), parabola("two"))
    visit.page.locator(".bp-live").nth(1).wait_for()
    sliders = visit.page.locator(SLIDER)
    sliders.first.fill("1")
    assert [sliders.nth(k).input_value() for k in range(2)] == ["1", "0.5"]
    styles = "[...document.styleSheets].filter((sheet) => /bp-live/.test(sheet.cssRules[0].cssText)).length"
    assert visit.page.evaluate(styles) == 1
    assert not visit.page.evaluate(MANAGER)
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


def test_a_figure_that_fails_says_so_and_the_next_one_lives(show_widgets):
    broken = parabola("broken")
    broken._esm = "export default { render() { throw new Error('out of ink'); } }"
    visit = show_widgets(broken, parabola("whole"))
    visit.page.locator(".bp-live svg").wait_for()
    said = visit.page.locator(".widget-subarea").first.inner_text()
    assert said == "This figure cannot be drawn here. Error: out of ink"
    assert any("out of ink" in fault for fault in visit.errors)
