"""Explorers in a real browser: on a page behind which no Python runs, and in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from pages import Visit

from bplib.widgets.explore import Explorer, explore

pytestmark = pytest.mark.browser


def line(ax, w=0.5, kind="line", grid=True):
    ax.plot([0, 1], [0, w], "o" if kind == "dots" else "-")
    ax.set(xlim=(0, 1), ylim=(-2, 2))
    ax.grid(grid)
    return f"A {kind} of slope {w}."


def reciprocal(ax, w=0):
    ax.bar([0, 1], [1, 1 / (w - 1)])
    return f"1 / (w - 1) is {1 / (w - 1)}."


CONTROLS = {
    line: {"w": (-1, 1, 0.5), "kind": ["line", "dots"], "grid": True},
    reciprocal: {"w": [0, 1, 2]},
}

# Whether the picture on screen is that of the control's stop: its pixels, not its words.
DIGEST = """async (image) => {
  await image.decode();
  const bytes = await (await fetch(image.src)).arrayBuffer();
  return new Uint8Array(bytes).reduce((sum, byte) => (sum * 31 + byte) % 1000000007, 7);
}"""


@cache
def explorer(draw: Callable[..., str], frames: bool) -> Explorer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BPLIB_FRAMES", "1" if frames else "0")
        return explore(draw, **CONTROLS[draw])


@pytest.fixture
def show(show_widgets: Callable[..., Visit]) -> Callable[..., Visit]:
    def show_explorers(*draws: Callable[..., str], frames: bool = True, **options: Any) -> Visit:
        visit = show_widgets(*(explorer(draw, frames) for draw in draws), **options)
        ready = f"document.querySelectorAll('.bp-explore img[src]').length === {len(draws)}"
        visit.page.wait_for_function(ready)
        return visit

    return show_explorers


def caption(page: Any) -> str:
    return page.locator(".bp-caption").text_content()


def said(page: Any) -> str:
    return page.locator(".bp-said").text_content()


def digest(page: Any) -> int:
    return page.locator(".bp-picture").evaluate(DIGEST)


def test_frames_answer_without_python(show):
    visit = show(line)
    page = visit.page
    slider, menu, box = page.get_by_role("slider"), page.get_by_role("combobox"), page.get_by_role("checkbox")
    assert caption(page) == "A line of slope 0.5." and box.is_checked()
    seen = [digest(page)]
    slider.press("ArrowRight")
    assert caption(page) == "A line of slope 1.0."
    seen.append(digest(page))
    menu.select_option("dots")
    assert caption(page) == "A dots of slope 1.0."
    seen.append(digest(page))
    box.uncheck()
    seen.append(digest(page))
    assert len(set(seen)) == 4
    page.get_by_role("button", name="Reset").click()
    assert caption(page) == "A line of slope 0.5." and box.is_checked()
    assert digest(page) == seen[0]
    assert not said(page) and not visit.faults


def test_every_key_of_a_slider_and_none_reaches_the_page(show):
    page = show(line).page
    page.evaluate("window.bubbled = []; addEventListener('keydown', (event) => bubbled.push(event.key))")
    slider = page.get_by_role("slider")
    for key, stop in (("Home", "−1"), ("ArrowUp", "−0.5"), ("End", "1"), ("ArrowLeft", "0.5"), ("b", "0.5")):
        slider.press(key)
        assert slider.get_attribute("aria-valuetext") == stop
    assert caption(page) == "A line of slope 0.5."
    assert page.evaluate("bubbled") == []


@pytest.mark.parametrize(
    ("typed", "words", "slope"),
    [
        ("1", "", "1.0"),
        ("−1", "", "-1.0"),
        (" -5e-1 ", "", "-0.5"),
        ("0.4", "w moves in steps; 0.5 is the nearest to 0.4.", "0.5"),
        ("-0.1", "w moves in steps; 0 is the nearest to −0.1.", "0.0"),
        ("3", "3 is outside the range −1 to 1. w stays at 0.5.", "0.5"),
        ("nonsense", "That is not a number. w stays at 0.5.", "0.5"),
        ("", "A number is missing. w stays at 0.5.", "0.5"),
        ("1e999", "That number is too large. w stays at 0.5.", "0.5"),
        ("0,5", "write the decimals after a point", "0.5"),
    ],
)
def test_typed_entries(show, typed, words, slope):
    visit = show(line)
    entry = visit.page.get_by_label("w, typed")
    entry.fill(typed)
    entry.press("Enter")
    assert words in said(visit.page) and bool(words) == bool(said(visit.page))
    assert caption(visit.page) == f"A line of slope {slope}."
    refused = entry.get_attribute("aria-invalid") == "true"
    assert refused == ("stays" in words or "decimals" in words)
    entry.press("Escape")
    assert entry.get_attribute("aria-invalid") is None
    assert not visit.faults


def test_a_stop_that_can_not_be_drawn_keeps_the_picture_and_says_why(show):
    visit = show(reciprocal)
    page = visit.page
    before = digest(page)
    page.get_by_role("slider").press("ArrowRight")
    assert said(page) == "No picture at w = 1. ZeroDivisionError: division by zero"
    assert "bp-fault" in page.locator(".bp-said").get_attribute("class")
    assert caption(page) == "1 / (w - 1) is -1.0." and digest(page) == before
    page.get_by_role("slider").press("ArrowRight")
    assert said(page) == "" and caption(page) == "1 / (w - 1) is 1.0." and digest(page) != before
    assert not visit.faults


def test_without_frames_the_nearest_picture_stays_and_says_so(show):
    visit = show(line, frames=False)
    page = visit.page
    before = digest(page)
    page.get_by_role("slider").press("Home")
    assert said(page) == ""
    page.locator(".bp-said:not(:empty)").wait_for()
    assert said(page) == (
        "No picture yet at w = −1, kind = line, grid = on: Python draws it when it is running. "
        "Shown: w = 0.5, kind = line, grid = on."
    )
    assert digest(page) == before and caption(page) == "A line of slope 0.5."
    page.get_by_role("button", name="Reset").click()
    assert said(page) == "" and not visit.faults


def test_touch(show):
    visit = show(line, has_touch=True, width=390)
    slider = visit.page.get_by_role("slider")
    box = slider.bounding_box()
    visit.page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert caption(visit.page) == "A line of slope 1.0."
    assert not visit.faults


@pytest.mark.parametrize("width", [320, 900])
def test_it_fits_and_the_picture_keeps_its_shape(show, width):
    page = show(line, reciprocal, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    above = page.locator(".bp-controls").first.bounding_box()
    reset = page.get_by_role("button", name="Reset").first.bounding_box()
    assert reset["y"] >= above["y"] + above["height"] + 6, "apart from the controls"
    for image in page.locator(".bp-picture").all():
        box = image.bounding_box()
        assert box["width"] == pytest.approx(min(560, width), abs=60)
        assert box["width"] / box["height"] == pytest.approx(560 / 340, rel=0.01)
        assert image.evaluate("image => image.naturalWidth") == 2 * 560
        assert image.evaluate("image => getComputedStyle(image).backgroundColor") == "rgb(255, 255, 255)"


def test_axe_finds_nothing(show, axe_in_both):
    page = show(line, reciprocal).page
    page.get_by_role("slider").nth(1).press("ArrowRight")
    assert axe_in_both(page) == []
