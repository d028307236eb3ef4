"""The view `ribbons` in Chromium: lengths on one scale, factors, parts that join, both ends of the nudge."""

import math
import re
from itertools import pairwise

import pytest
from pages import inputs, number, settle, type_into

from bplib.scalar import Value
from bplib.widgets.live import live, task
from bplib.widgets.views import ribbons

pytestmark = pytest.mark.browser


def stretched(tasks=()):
    """sin^2(x^2), as three stages."""
    x, by = Value(1.0, "x"), Value(0.1, "Δx")
    u = (x**2).named("u")
    s = u.sin().named("s")
    y = (s**2).named("y")
    whole = (((x + by) ** 2).sin() ** 2 - y).named("Δy")
    controls = {x: (0, 1), by: (0.01, 0.2)}
    return live(whole, controls, views=[ribbons(x, u, s, y, nudge=by)], tasks=list(tasks), name="stretched")


def joined():
    """x^2 sin x, as two paths."""
    x, by = Value(2.0, "x"), Value(0.1, "Δx")
    u, v = (x**2).named("u"), x.sin().named("v")
    y = (u * v).named("y")
    whole = ((x + by) ** 2 * (x + by).sin() - y).named("Δy")
    controls = {x: (0, 3), by: (0.01, 0.2)}
    return live(whole, controls, views=[ribbons(x, (u, v), y, nudge=by)], name="joined")


def drawn(page, selector, k=0):
    """The numbers of a drawn path."""
    path = page.locator(selector).nth(k).get_attribute("d")
    return [float(text) for text in re.findall(r"-?[\d.]+", path)]


def factors(page):
    return [number(text.removeprefix("× ")) for text in page.locator(".bp-factor").all_text_contents()]


def captions(page):
    return page.locator(".bp-ribbons .bp-roomy > span").all_text_contents()


def true_factors(x, h):
    ends = [(at, at**2, math.sin(at**2), math.sin(at**2) ** 2) for at in (x, x + h)]
    lengths = [b - a for a, b in zip(*ends, strict=True)]
    return [b / a for a, b in pairwise(lengths)], lengths


@pytest.mark.parametrize(("x", "h"), [(1, 0.1), (0.4, 0.2), (0, 0.05)])
def test_a_nudge_is_as_long_on_each_line_as_its_stage_makes_it(show, x, h):
    page = (visit := show(stretched())).page
    type_into(page, "x", f"{x}")
    type_into(page, "Δx", f"{h}")
    found, lengths = true_factors(x, h)
    assert factors(page) == pytest.approx(found, rel=5e-3)
    # The last stretch is that of x itself. Upwards is less, in px.
    px = [a - b for _, a, b in (drawn(page, ".bp-stretch", k) for k in (3, 0, 1, 2))]
    assert [each / px[0] for each in px] == pytest.approx([each / lengths[0] for each in lengths], abs=0.02)
    # Each ribbon begins as long as the stretch that it comes from.
    for k, long in zip(range(3), px, strict=False):
        ribbon = drawn(page, ".bp-ribbon", k)
        assert ribbon[1] - ribbon[-1] == pytest.approx(long, abs=0.01)
    whole, slopes = captions(page)
    assert whole == f"Δy = {factors_text(math.prod(found))} × Δx"
    assert number(slopes.split(" = ")[-1]) == pytest.approx(
        2 * math.sin(x * x) * math.cos(x * x) * 2 * x, rel=5e-3
    )
    assert not visit.faults


def factors_text(x):
    return f"{x:.3g}".replace("-", "−")


def test_as_the_nudge_shrinks_factors_go_to_the_slopes(show):
    page = (visit := show(stretched())).page
    assert captions(page)[1] == "dy/dx = 1.68 × 0.54 × 2 = 1.82"
    slopes = [2, 0.5403, 1.683]
    apart = []
    for h in ("0.2", "0.05", "0.01"):
        type_into(page, "Δx", h)
        apart.append(max(abs(a - b) for a, b in zip(factors(page), slopes, strict=True)))
    assert apart == sorted(apart, reverse=True) and apart[-1] < 0.02
    assert not visit.faults


@pytest.mark.parametrize("x", ["2", "1", "2.29", "0.5"])
def test_two_paths_join_end_to_end(show, x):
    page = (visit := show(joined())).page
    type_into(page, "x", x)
    (_, _, through_u), (_, _, through_v) = (drawn(page, ".bp-stretch", k) for k in (2, 3))
    (_, first, _), (_, second, _) = (drawn(page, ".bp-stretch", k) for k in (2, 3))
    assert through_u == second, "the second begins where the first has ended"
    here, there = (page.locator(f"circle.bp-{name}").nth(2).get_attribute("cy") for name in ("here", "there"))
    assert (first, through_v) == (pytest.approx(float(here)), pytest.approx(float(there)))
    at, h = float(x), 0.1
    to_u, to_v = (at + h) ** 2 - at**2, math.sin(at + h) - math.sin(at)
    # From x to u and to v; from u with v as it was, from v with u moved. By rows: through u, through v.
    assert factors(page) == pytest.approx([to_u / h, math.sin(at), to_v / h, (at + h) ** 2], rel=5e-3)
    slope = 2 * at * math.sin(at) + at**2 * math.cos(at)
    assert number(captions(page)[1].split(" = ")[-1]) == pytest.approx(slope, rel=5e-3, abs=0.02)
    assert " + " in captions(page)[1]
    assert not visit.faults


def test_both_ends_of_the_nudge_are_dragged_and_moved_by_keys(show):
    page = (visit := show(stretched(), has_touch=True)).page
    nudge, x = page.get_by_role("slider", name="Δx").last, page.locator(".bp-point").last
    assert page.locator(".bp-point").count() == 2
    for handle, k, rest in ((page.locator(".bp-point").first, 1, 0), (x, 0, 1)):
        before = inputs(page)
        box = handle.locator(".bp-reach").bounding_box()
        assert min(box["width"], box["height"]) >= 44, "as large as a finger"
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.move(*middle)
        page.mouse.down()
        settle(page)
        assert inputs(page) == before, "taking it moves nothing"
        page.mouse.move(middle[0], middle[1] + 12, steps=4)
        page.mouse.up()
        settle(page)
        assert inputs(page)[k] < before[k] and inputs(page)[rest] == before[rest]
        handle.press("End")
        settle(page)
        assert inputs(page)[k] == (1, 0.2)[k]
        handle.press("ArrowLeft")
        settle(page)
        assert inputs(page)[k] < (1, 0.2)[k]
    assert nudge.get_attribute("aria-valuenow") == f"{inputs(page)[1]:g}"
    assert "u from" in page.locator(".bp-ribbons svg").get_attribute("aria-label")
    assert not visit.faults


def test_what_is_not_open_yet_can_not_be_dragged(show):
    tasks = [
        task("Drag x.", opens=["x", "ribbons"]),
        task("Move the end.", opens=["Δx"]),
        task("And?", opens=["slopes"]),
    ]
    page = (visit := show(stretched(tasks), whole=False)).page
    nudge, x = page.locator(".bp-point").all()
    seen = []
    for k in range(3):
        seen.append((x.is_visible(), nudge.is_visible(), page.locator(".bp-ribbons .bp-slopes").is_visible()))
        if k < 2:
            page.get_by_role("button", name="Next").click()
        settle(page)
    assert seen == [(True, False, False), (True, True, False), (True, True, True)]
    assert not visit.faults


def gap():
    x, by = Value(1.0, "x"), Value(0.1, "Δx")
    u = (x - 1.5).named("u")
    y = (u**2 + 0.04).named("y")
    z = (1 / y - by).named("z")
    s = (2 - x).log().named("s")
    t = (s * 2).named("t")
    return live(
        (z + t).named("out"), {x: (0, 1.9), by: (0.05, 0.5)}, views=[ribbons(x, s, t, nudge=by)], name="gap"
    )


def test_a_nudge_out_of_the_domain_draws_no_ribbon(show):
    page = (visit := show(gap())).page
    type_into(page, "x", "1.9")
    type_into(page, "Δx", "0.5")
    assert [page.locator(".bp-ribbon").nth(k).get_attribute("d") for k in (0, 1)] == ["", ""]
    assert "NaN" not in page.locator(".bp-live").inner_html()
    type_into(page, "x", "0")
    assert all(page.locator(".bp-ribbon").nth(k).get_attribute("d") for k in (0, 1))
    assert not visit.faults


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_changes_size_and_the_scale_stays(show, width):
    page = (visit := show(stretched(), joined(), width=width)).page

    def heights():
        settle(page)
        return page.evaluate(
            """() => [...document.querySelectorAll(".bp-live, .bp-canvas, .bp-roomy")]
              .map((part) => part.offsetTop + part.offsetHeight)
              .concat([...document.querySelectorAll(".bp-tick-y")].map((tick) => tick.textContent))"""
        )

    before = heights()
    for x in (0, 0.123456789, 0.5, 1):
        for h in (0.01, 0.0123456789, 0.2):
            for k in (0, 1):
                page.evaluate(f"figures[{k}].store.set(0, {x}), figures[{k}].store.set(1, {h})")
            assert heights() == before, (x, h)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for text in page.locator(".bp-told text").all():
        box = text.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert not visit.faults


@pytest.mark.parametrize("width", [900, 390])
def test_axe_finds_nothing(show, axe_in_both, width):
    assert axe_in_both(show(stretched(), joined(), width=width).page) == []
