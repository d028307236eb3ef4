"""The view `bars` in Chromium: lengths and numbers follow the controls on a scale that stays."""

import math
from itertools import pairwise

import pytest
from pages import rows, settle, slider

from bplib.scalar import Value
from bplib.widgets.live import live
from bplib.widgets.views import bars

pytestmark = pytest.mark.browser


def race(log=True, most=20):
    k = Value(3.0, "k")
    visits = (2 ** (k + 1) - 1).named("every path")
    edges = (2 * k).named("each edge once")
    views = [bars(visits, edges, log=log)]
    return live((visits / edges).named("ratio"), {k: (1, most, 1)}, views=views, name="race")


def signed():
    x = Value(1.0, "x")
    return live((x * x - 3).named("y"), {x: (-2, 2)}, views=[bars("x", "y")], name="signed")


def lengths(page):
    return page.evaluate(
        "[...document.querySelectorAll('.bp-amount')].map((bar) => [bar.offsetLeft, bar.offsetWidth,"
        " bar.parentElement.offsetWidth].map(Number))"
    )


def texts(page):
    return page.locator(".bp-amounts > .bp-value").all_inner_texts()


def test_lengths_are_logarithms_on_a_scale_that_stays(show):
    page = (visit := show(race())).page
    ticks = page.locator(".bp-marks").inner_text()
    for k in (3, 20, 1):
        page.evaluate(f"figures[0].store.set(0, {k})")
        settle(page)
        numbers = [2 ** (k + 1) - 1, 2 * k]
        assert texts(page) == [f"{n:,}" for n in numbers]
        for n, (left, width, lane) in zip(numbers, lengths(page), strict=True):
            assert left == 0
            assert width == pytest.approx(lane * math.log10(n) / 7, abs=1.5)
        assert page.locator(".bp-marks").inner_text() == ticks
    assert not visit.faults


@pytest.mark.parametrize(("most", "factor"), [(20, "100"), (12, "10"), (24, "100")])
def test_a_logarithmic_scale_says_where_it_starts_and_what_a_mark_is(show, most, factor):
    """A bar of two million is five times as long as one of 20: no ratio, and nothing must look like one."""
    page = (visit := show(race(most=most))).page
    note = page.locator(".bp-amounts .bp-note").inner_text()
    assert note.startswith(f"Logarithmic scale from 1: each mark is {factor} times the one before.")
    marks = page.locator(".bp-marks > span").all()
    assert marks[0].inner_text() == "1"
    assert marks[1].inner_text() == factor
    lane = page.locator(".bp-marks").bounding_box()
    places = [mark.bounding_box() for mark in marks]
    middles = [box["x"] + box["width"] / 2 - lane["x"] for box in places]
    assert middles[0] == pytest.approx(0, abs=1)
    steps = [b - a for a, b in pairwise(middles)]
    assert steps == pytest.approx([steps[0]] * len(steps), abs=1)
    assert not visit.faults


def test_the_ends_of_a_linear_scale_stay_within_it(show):
    x = Value(0.5, "x")
    fig = live((x**3).named("cube"), {x: (-1.3, 1.7)}, views=[bars("cube")], name="long")
    page = (visit := show(fig, width=390)).page
    lane = page.locator(".bp-marks").bounding_box()
    marks = [mark.bounding_box() for mark in page.locator(".bp-marks > span").all()]
    assert len(marks) == 3
    assert min(box["x"] for box in marks) >= lane["x"] - 1
    assert max(box["x"] + box["width"] for box in marks) <= lane["x"] + lane["width"] + 1
    assert not visit.faults


def test_a_scale_of_fractions_starts_below_one(show):
    x = Value(0.5, "x")
    fig = live((x**3).named("cube"), {x: (0.01, 1)}, views=[bars("cube", log=True)], name="small")
    assert "scale from 10−6: each mark is 100 times" in show(fig).page.locator(".bp-note").inner_text()


def test_on_a_linear_scale_bars_start_at_zero_and_go_both_ways(show):
    page = (visit := show(signed())).page
    (left, width, lane), (y_left, y_width, _) = lengths(page)
    # x from -2 to 2 and y at the corners and the start from -2 to 1: the scale is -2 to 2.
    assert (left, width) == (pytest.approx(lane / 2, abs=1.5), pytest.approx(lane / 4, abs=1.5))
    assert (y_left, y_width) == (pytest.approx(0, abs=1.5), pytest.approx(lane / 2, abs=1.5))
    slider(page, "x").press("Home")
    settle(page)
    assert texts(page) == ["−2", "1"]
    assert page.locator(".bp-amounts .bp-note").count() == 0
    assert not visit.faults


def test_nothing_is_wider_than_a_phone(show, axe):
    visit = show(race(), width=320, color_scheme="dark")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe(visit.page) == []
    assert not visit.faults


def falling():
    # Of the constant 3 there is a d3, and no gradient.
    k = Value(0.5, "k")
    loss = ((3 * k - 1) ** 2).named("loss")
    views = [bars(loss), bars((6 * (3 * k - 1)).named("dk"), *((k / n).named(f"d{n}") for n in range(3, 12)))]
    return live(loss, {k: (-1, 1)}, params=[k], views=views, name="falling", rate=0.0123)


def test_what_is_called_as_a_gradient_looks_like_one(show):
    """A "d" before a name that the figure has, and not before anything else."""
    page = (visit := show(falling())).page
    bars = "[...document.querySelectorAll('.bp-amount')].map((bar) => getComputedStyle(bar).backgroundColor)"
    loss, dk, d3, *_ = page.evaluate(bars)
    assert loss == d3 != dk
    grads = page.locator(".bp-amounts > .bp-grad")
    assert grads.count() == 1
    assert grads.inner_text() == "3"
    assert not visit.faults


@pytest.mark.parametrize("width", [1280, 390])
def test_no_row_grows_with_the_digits_of_its_number(show, width):
    page = (visit := show(falling(), width=width)).page
    sizes = "[...document.querySelectorAll('.bp-lane, .bp-live')].map((e) => [e.offsetWidth, e.offsetHeight])"
    before = page.evaluate(sizes)
    for k in (-1, -0.123456, 1 / 3 + 1e-6, 0.0123456):
        page.evaluate(f"figures[0].store.set(0, {k})")
        settle(page)
        assert page.evaluate(sizes) == before, k
    assert not visit.faults


def test_the_table_leaves_out_what_nobody_named(show):
    """Only a graph draws the numbers between, and only there a reader can know them by their names."""
    page = (visit := show(falling())).page
    assert set(rows(page)) == {"k", "loss", "dk", *(f"d{n}" for n in range(3, 12))}
    assert not visit.faults
