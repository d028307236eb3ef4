"""The part `chart` by itself: scales and ticks, linear and logarithmic, and what is drawn on them."""

from __future__ import annotations

import math
import re

import pytest
from pages import settle

from bplib.widgets import library

pytestmark = pytest.mark.browser

PARTS = library.join(["parts/axes.js", "parts/chart.js"])


@pytest.fixture
def page(windows, visits, figures_served):
    """A page with `axes`, `chart(options)` that makes one in a box of 400 px, and nothing else."""
    folder, url = figures_served
    (folder / "chart.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Chart</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="chart.css"><body>'
        '<div class="bp-live" style="width: 434px"></div>'
        f'<script type="module">{PARTS}'
        """
        const place = document.querySelector(".bp-live");
        window.axes = parts$axes$;
        window.moved = [];
        window.chart = (options) => {
          window.resized = 0;
          const size = { height: 200, left: 50, levels: 4 };
          window.sheet = parts$chart$.chart({ ...size, ...options }, () => resized++);
          place.replaceChildren(sheet.element, sheet.legend);
        };
        </script></body></html>""",
        encoding="utf-8",
    )
    (folder / "chart.css").write_text(library.style(), encoding="utf-8")
    visit = windows.open(url, width=600, height=500)
    visits.append(visit)
    visit.page.goto(f"{url}chart.html")
    visit.page.wait_for_function("window.axes")
    yield visit.page
    assert not visit.faults


@pytest.mark.parametrize(
    ("lo", "hi", "count", "ticks"),
    [
        (1e-12, 1, 4, [1e-12, 1e-9, 1e-6, 1e-3, 1]),
        (1e-16, 1, 8, [10.0**p for p in range(-16, 1, 2)]),
        (0.9, 1100, 8, [1, 10, 100, 1000]),
        # Few powers of ten: numbers between them, and on a short range ticks as on a linear scale.
        (0.5, 40, 8, [1, 3, 10, 30]),
        (0.9, 11, 8, [1, 3, 10]),
        (1.5, 8, 4, [2, 4, 6, 8]),
        (1.5, 1.9, 4, [1.5, 1.6, 1.7, 1.8, 1.9]),
    ],
)
def test_ticks_of_a_logarithmic_scale(page, lo, hi, count, ticks):
    found = page.evaluate(
        "(axis) => axes.scaleOf(axis).ticks(axis.count)", {"lo": lo, "hi": hi, "log": True, "count": count}
    )
    assert found == pytest.approx(ticks, rel=1e-12)


@pytest.mark.parametrize("log", [False, True])
def test_a_scale_says_where_a_number_stands_and_which_stands_there(page, log):
    axis = {"lo": 1e-3, "hi": 10.0, "log": log}
    numbers = [1e-3, 0.02, 1.0, 10.0, 55.0]
    parts, back, rates, slopes = page.evaluate(
        """([axis, numbers]) => {
          const scale = axes.scaleOf(axis);
          const parts = numbers.map(scale.part);
          const slope = (x) => (scale.part(x * (1 + 1e-6)) - scale.part(x * (1 - 1e-6))) / (2e-6 * x);
          return [parts, parts.map(scale.at), numbers.map(scale.rate), numbers.map(slope)];
        }""",
        [axis, numbers],
    )
    to = math.log10 if log else float
    assert parts == pytest.approx([(to(x) - to(1e-3)) / (to(10) - to(1e-3)) for x in numbers])
    assert back == pytest.approx(numbers)
    assert rates == pytest.approx(slopes, rel=1e-6)


def test_ranges_hold_the_curve(page):
    found = page.evaluate(
        """() => [
          axes.rangeOf([3, 9, 20, 100], 5), axes.rangeOf([2, 2, 2], 2, 4),
          axes.logRangeOf([1e-8, 0, NaN, -1, 1]), axes.logRangeOf([5, 5]), axes.logRangeOf([]),
        ]"""
    )
    ranges = [(each["lo"], each["hi"]) for each in found]
    assert ranges[:2] == [pytest.approx((3 - 7.76, 107.76)), pytest.approx((0, 4))]
    decades = [(math.log10(lo), math.log10(hi)) for lo, hi in ranges[2:]]
    five = math.log10(5)
    assert decades == [
        pytest.approx((-8.64, 0.64)),
        pytest.approx((five - 0.5, five + 0.5)),
        pytest.approx((-0.5, 0.5)),
    ]


def test_a_range_grows_to_round_numbers_and_never_shrinks(page):
    """A range that is given stays."""
    seen = page.evaluate(
        """() => {
          const ends = ({ lo, hi }) => [lo, hi];
          const all = (range, ...given) => given.flatMap((numbers) => ends(range.widen(numbers)));
          return [
            all(axes.growing({ log: false }), [], [0.3, 3.2], [0.1], [-0.4, 21, NaN]),
            all(axes.growing({ log: true }, 6), [], [0.2, 0], [1e-9], [1, 30]),
            all(axes.growing({ lo: 1, hi: 2, log: false }), [0, 5]),
          ];
        }"""
    )
    assert seen == [
        pytest.approx([0, 1, 0, 5, 0, 5, -0.5, 50]),
        pytest.approx([0.1, 1, 1e-6, 1, 1e-9, 1, 1e-9, 100]),
        [1, 2],
    ]


def test_what_is_counted_has_whole_ticks(page):
    ticks = "(whole) => axes.scaleOf({ lo: 0.5, hi: 2.5, whole }).ticks(8)"
    assert page.evaluate(ticks, True) == [1, 2]
    assert page.evaluate(ticks, False) == [0.5, 1, 1.5, 2, 2.5]


def test_the_nearest_is_found_as_the_axis_measures(page):
    nearest = "(log) => axes.nearest([1, 10, 100], 32, log ? Math.log : undefined)"
    assert [page.evaluate(nearest, log) for log in (False, True)] == [1, 2]


DRAW = """(log) => {
  chart({ named: true });
  const names = ["one", "two"];
  const lines = names.map((name) => sheet.line(`series-${name}`, name));
  window.tangent = sheet.tangent("tangent", 0.2);
  window.dot = sheet.mark("dot", 5);
  window.draw = (horizontal, vertical) => {
    sheet.rule({ ...horizontal, log, name: "h" }, { ...vertical, log, name: "error" });
    const hs = Array.from({ length: 17 }, (_, k) => 10 ** -k);
    lines[0].show(hs.map((h) => [h, h * h]));
    lines[1].show(hs.map((h) => [h, h === 1e-3 ? 0 : h]));
  };
}"""


def numbers(page, selector):
    d = page.locator(f".bp-chart {selector}").get_attribute("d")
    found = [float(text) for text in re.findall(r"-?[\d.]+", d)]
    return d, list(zip(found[::2], found[1::2], strict=True))


def test_powers_are_straight_lines_on_two_logarithmic_axes(page):
    page.evaluate(DRAW, True)
    page.wait_for_function("sheet.ready")
    page.evaluate("draw({ lo: 1e-16, hi: 1 }, { lo: 1e-16, hi: 1 })")
    _, square = numbers(page, ".bp-series-one")
    d, same = numbers(page, ".bp-series-two")
    across, down = same[1][0] - same[0][0], same[1][1] - same[0][1]
    assert across < -10 < 5 < down
    for k, (x, y) in enumerate(square[:8]):
        assert (x, y) == pytest.approx((square[0][0] + k * across, square[0][1] + 2 * k * down), abs=0.1)
    # 0 has no place on a logarithmic scale: a gap.
    assert len(same) == 16 and d.count("M") == 2
    # The drawn tangent of h ** 2 has twice the drawn slope of h.
    page.evaluate("tangent.show(1e-4, 1e-8, 2e-4, '2')")
    _, ((a0, b0), (a1, b1)) = numbers(page, ".bp-tangent")
    assert (b1 - b0) / (a1 - a0) == pytest.approx(2 * down / across, rel=1e-3)
    assert ((a0 + a1) / 2, (b0 + b1) / 2) == pytest.approx(square[4], abs=0.02)
    assert page.locator(".bp-tick-x").all_text_contents()[-1] == "1"
    assert page.locator(".bp-lines").inner_text().split() == ["one", "two"]


def test_a_range_can_be_zoomed_and_what_is_outside_is_an_arrow(page):
    page.evaluate(DRAW, False)
    page.wait_for_function("sheet.ready")
    plot = page.locator(".bp-chart svg").bounding_box()
    for hi in (1, 0.1):
        page.evaluate("(hi) => { draw({ lo: 0, hi }, { lo: 0, hi }); dot.show(0.5, 0.05); }", hi)
        turn = page.locator(".bp-dot").get_attribute("transform")
        assert turn == ("" if hi == 1 else "rotate(0)")
        box = page.locator(".bp-dot").bounding_box()
        assert plot["x"] < box["x"] and box["x"] + box["width"] < plot["x"] + plot["width"]
        _, line = numbers(page, ".bp-series-two")
        assert line[0][0] == pytest.approx(386 if hi == 1 else 50 + 10 * 336, abs=1)
    page.evaluate("dot.show(NaN, 0.05)")
    assert page.locator(".bp-dot").is_hidden()


def test_what_stands_is_drawn_again_only_when_it_or_the_width_is_another(page):
    page.evaluate("chart()")
    page.wait_for_function("sheet.ready")
    page.evaluate("() => { window.times = 0; window.stand = (key) => sheet.standing(key, () => times++); }")
    for key, width, times in (("a", 434, 1), ("a", 434, 1), ("b", 434, 2), ("b", 334, 3), ("b", 334, 3)):
        page.evaluate("(width) => { document.querySelector('.bp-live').style.width = `${width}px`; }", width)
        settle(page)
        page.evaluate("(key) => stand(key)", key)
        assert page.evaluate("times") == times
    assert page.evaluate("resized") == 2
    assert page.locator(".bp-chart svg").bounding_box()["height"] == 200


def test_the_point_moves_along_a_logarithmic_axis(page):
    page.evaluate(
        """() => {
          chart();
          let x = 0.01;
          const control = { lo: 0.0001, hi: 1, step: 0.0001 };
          window.point = sheet.point(() => control, () => x, (to) => { x = to; moved.push(to); });
        }"""
    )
    page.wait_for_function("sheet.ready")
    page.evaluate(
        "() => { sheet.rule({ lo: 1e-4, hi: 1, log: true, name: 'h' }, { lo: 0, hi: 1, name: '' }); "
        "point.show(0.01, 0.5, 'h', '0.01'); }"
    )
    box = page.locator(".bp-point").bounding_box()
    middle = box["x"] + box["width"] / 2
    plot = page.locator(".bp-chart svg").bounding_box()
    left, right = plot["x"] + 50, plot["x"] + plot["width"] - 14
    assert middle == pytest.approx((left + right) / 2, abs=1)
    for part, x in ((0.25, 1e-3), (0.75, 1e-1), (1, 1)):
        page.mouse.click(left + part * (right - left), plot["y"] + 40)
        assert page.evaluate("moved.at(-1)") == pytest.approx(x, rel=0.06)
    page.locator(".bp-point").press("Home")
    assert page.evaluate("moved.at(-1)") == 0.0001
    assert page.locator(".bp-point").get_attribute("aria-valuetext") == "0.01"
