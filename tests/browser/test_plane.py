"""The view `plane` in Chromium: a boundary that trains, a surface to walk on, a hundred networks."""

import re

import numpy as np
import pytest
from pages import drag, inputs, number, said, settle

from bplib import layers, losses, optim
from bplib.data import moons, xor
from bplib.scalar import Value
from bplib.widgets.live import live, task
from bplib.widgets.program import Program, field
from bplib.widgets.seeds import Seeds
from bplib.widgets.views import plane

pytestmark = pytest.mark.browser


def boundary(targets=None, loss=losses.bce_with_logits, tasks=(), **asked):
    rng = np.random.default_rng(0)
    X, labels = moons(20, noise=0.1, rng=rng)
    net = layers.mlp([2, 6, 1], activation="tanh", rng=rng)
    y = labels.reshape(-1, 1).astype(float) if targets is None else targets
    program = Program.of(net, loss, X, y)
    view = plane(field=field("out", (-1.5, 2.5), (-1, 1.5), cells=24), **asked)
    shown = {"views": [view], "tasks": list(tasks)}
    return live(program, {"steps": (0, 400, 1)}, optimizer=optim.Adam(0.05), **shown, name="boundary")


def valley(**options):
    w, b = Value(1.5, "w"), Value(0.5, "b")
    loss = ((w * b - 1) ** 2 + 0.1 * (w - b) ** 2).named("loss")
    views = [plane(over=("w", "b"))]
    return live(loss, {w: (-2, 2), b: (-2, 2)}, params=[w, b], views=views, name="valley", **options)


def xors(seeds=100):
    """Networks 2-4-4-1 on the four points of exclusive or."""
    x = [Value(0.0, "x1"), Value(0.0, "x2")]
    params, a = [], x
    for layer, size in enumerate((4, 4, 1), start=1):
        W = [[Value(0.0, f"w{layer}_{i}{j}") for j in range(len(a))] for i in range(size)]
        b = [Value(0.0, f"b{layer}_{i}") for i in range(size)]
        params += [*(w for row in W for w in row), *b]
        sums = [sum((w * u for w, u in zip(row, a, strict=True)), c) for row, c in zip(W, b, strict=True)]
        a = sums if layer == 3 else [z.tanh() for z in sums]
    z, y = a[0].named("z"), Value(0.0, "y")
    X, t = xor()
    many = Seeds.of(
        (z.softplus() - y * z).named("loss"),
        params,
        {x[0]: X[:, 0], x[1]: X[:, 1], y: t.ravel()},
        seeds=seeds,
    )
    at = field("z", (-0.5, 1.5), (-0.5, 1.5), over=("x1", "x2"), cells=12)
    view = plane(("x1", "x2"), "y", at, squash="sigmoid", each="seed")
    controls = {"steps": (0, 600, 1), "seed": (0, 900, 100)}
    return live(many, controls, optimizer=optim.Adam(0.03), views=[view], name="xors")


def reading(page):
    return page.locator(".bp-plane .bp-reading > span").inner_text()


def height(page):
    return page.evaluate("document.querySelector('.bp-live').offsetHeight")


def picture(page):
    """The pixels of the canvas, as a text to compare."""
    return page.evaluate("document.querySelector('.bp-plane canvas').toDataURL()")


def at(page, figure, x, y):
    """Where a point of the plane stands on the screen."""
    box = page.locator(".bp-plane svg .bp-axis").bounding_box()  # of the plane itself
    q = figure.spec["views"][0]["field"]
    part = [(v - lo) / (hi - lo) for v, (lo, hi) in ((x, q["x"]), (y, q["y"]))]
    return box["x"] + part[0] * box["width"], box["y"] + (1 - part[1]) * box["height"]


# --- a boundary that trains -------------------------------------------------------------------------


def test_training_moves_the_boundary_and_says_how_many_points_are_right(show):
    fig = boundary(squash="sigmoid")
    page = (visit := show(fig)).page
    count = page.locator(".bp-side .bp-roomy > span").first
    start, tall = picture(page), height(page)
    told = {}
    for steps in (0, 40, 300):
        page.evaluate("(k) => figures[0].store.set(0, k)", steps)
        settle(page)
        fig.controls["steps"] = steps
        right = int(np.sum((fig.quantity("out") > 0) == (fig.quantity("y") == 1)))
        told[steps] = right
        assert count.inner_text().startswith(f"{right} of 20 points on the side of their class")
        assert height(page) == tall
    assert told[300] > told[0]
    # One drag from 0 to 300: what it began with is the ghost.
    assert count.inner_text().endswith(f", was {told[0]}")
    assert picture(page) != start
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert count.inner_text() == f"{told[0]} of 20 points on the side of their class"
    assert picture(page) == start  # and no ghost
    assert not visit.faults


def test_the_train_button_moves_the_boundary(show):
    page = (visit := show(boundary())).page
    before = picture(page)
    page.get_by_role("button", name="Train").click()
    page.wait_for_function("figures[0].store.inputs[0] >= 20")
    page.get_by_role("button", name="Pause").click()
    settle(page)
    assert picture(page) != before
    assert not visit.faults


def test_training_ends_where_a_task_begins_anew(show):
    tasks = [task("Train it.", opens=["step"]), task("And on?"), task("Again.", start={"steps": 0})]
    page = (visit := show(boundary(tasks=tasks))).page
    steps = "figures[0].store.inputs[0]"
    page.get_by_role("button", name="Train").click()
    page.get_by_role("button", name="Next").click()  # this task goes on from where the reader is
    before = page.evaluate(steps)
    page.wait_for_function(f"{steps} > {before}")
    page.get_by_role("button", name="Next").click()
    assert page.evaluate(steps) == 0
    assert page.get_by_role("button", name="Train").count() == 1
    page.wait_for_timeout(300)  # three steps' time
    assert page.evaluate(steps) == 0
    assert not visit.faults


def test_the_arrow_keys_read_the_points(show):
    fig = boundary(squash="sigmoid")
    page = (visit := show(fig)).page
    cursor = page.locator(".bp-cursor")
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Shift+Tab")
    assert cursor.evaluate("(element) => element === document.activeElement")
    x, y, z = fig.quantity("x"), fig.quantity("y"), fig.quantity("out")

    def expected(k):
        p = 1 / (1 + np.exp(-z[k, 0]))
        side = "on its side" if (p > 0.5) == y[k, 0] else "on the wrong side"
        place = ", ".join(f"{v:.3g}" for v in x[k]).replace("-", "−")
        return f"point {k + 1} of 20, at ({place}): class {y[k, 0]:g}, sigmoid(out) {p:.3g}; {side}"

    assert reading(page) == expected(0)
    page.keyboard.press("ArrowRight")
    assert reading(page) == expected(1)
    page.keyboard.press("End")
    assert reading(page) == expected(19)
    page.keyboard.press("ArrowDown")  # no further
    assert reading(page) == expected(19)
    assert cursor.get_attribute("aria-valuetext") == expected(19)
    assert cursor.get_attribute("aria-valuenow") == "20"
    page.keyboard.press("Home")
    assert reading(page) == expected(0)
    page.keyboard.press("Escape")
    assert reading(page).startswith("Point at the plane")
    assert page.evaluate("bubbled.length") == 0
    assert not visit.faults


def test_pointing_reads_points_and_places(show):
    fig = boundary()
    page = (visit := show(fig)).page
    page.locator(".bp-plane svg").scroll_into_view_if_needed()
    values = fig.quantity(fig.spec["views"][0]["field"])[:, :, 0]
    x, y = -1.5 + 4 * 2.5 / 24, -1 + 2.5 * 1.5 / 24  # the middle of column 2, row 1: a corner without points
    page.mouse.move(*at(page, fig, x, y))
    found = re.fullmatch(r"at \((.+), (.+)\): out (.+)", reading(page))
    assert found, reading(page)
    assert [number(part) for part in found.groups()[:2]] == pytest.approx([x, y], abs=0.04)  # a few pixels
    assert number(found[3]) == pytest.approx(values[1, 2], abs=0.006)
    point = fig.quantity("x")[3]
    page.mouse.click(*at(page, fig, *point))
    assert reading(page).startswith("point 4 of 20, ")
    assert not visit.faults


def test_numbers_as_targets_are_read_as_such(show):
    fig = boundary(targets=np.linspace(-1, 3, 20).reshape(-1, 1), loss=losses.mse)
    page = (visit := show(fig)).page
    page.locator(".bp-cursor").focus()
    page.keyboard.press("ArrowRight")
    assert "target −" in reading(page)
    assert "points on the side" not in page.locator(".bp-plane").inner_text()
    assert page.locator(".bp-shades-one").count() == 1
    assert not visit.faults


# --- a surface --------------------------------------------------------------------------------------


def test_the_point_is_dragged_in_both_directions_at_once(show):
    fig = valley()
    page = (visit := show(fig)).page
    point = page.locator(".bp-point")
    point.scroll_into_view_if_needed()
    tall = height(page)
    page.mouse.move(*at(page, fig, 1.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, fig, 0, -1), steps=4)
    page.mouse.move(*at(page, fig, -1, 1.2), steps=4)
    page.mouse.up()
    settle(page)
    assert inputs(page) == pytest.approx([-1, 1.2], abs=0.03)
    fig.inputs = inputs(page)
    text = page.locator(".bp-side .bp-roomy > span").first.inner_text()
    loss = fig.values["loss"]
    # One drag is one move: what it began with is what it was.
    assert text.endswith(f": loss = {loss:.3g}, was 0.163")
    slopes = page.locator(".bp-side .bp-grad > span").inner_text()
    told = [number(part) for part in re.search(r"= \((.+), (.+)\)", slopes).groups()]
    assert told == pytest.approx([fig.gradients["w"], fig.gradients["b"]], rel=0.005)
    assert height(page) == tall
    assert not visit.faults


def test_the_arrow_keys_move_the_point_on_its_controls_stops(show):
    fig = valley()
    page = (visit := show(fig)).page
    page.locator(".bp-point").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "PageDown"):
        page.keyboard.press(key)
    settle(page)
    assert inputs(page) == pytest.approx([1.54, 0.5 + 0.02 - 0.2])
    fig.inputs = inputs(page)
    told = f"w 1.54, b 0.32, loss {fig.values['loss']:.3g}"
    assert page.locator(".bp-point").get_attribute("aria-valuetext") == told
    for _ in range(13):
        page.keyboard.press("PageDown")
    settle(page)
    assert inputs(page)[1] == -2  # the control's end
    assert page.evaluate("bubbled.length") == 0
    assert not visit.faults


def test_the_arrow_goes_against_the_gradient_and_is_longer_where_it_is_steeper(show):
    fig = valley()
    page = (visit := show(fig)).page

    def arrow():
        turned = page.locator(".bp-arrow-head").get_attribute("transform")
        long = page.locator(".bp-arrow-head").get_attribute("d")
        return float(turned.split("rotate(")[1][:-1]), float(re.match(r"M([\d.]+)", long)[1])

    seen = {}
    for point in ([1.5, 0.5], [-1.8, 1.9], [0.9, 0.96]):
        page.evaluate("(inputs) => figures[0].store.propose(inputs)", point)
        settle(page)
        fig.inputs = point
        angle, seen[point[0]] = arrow()
        down, right = fig.gradients["b"], -fig.gradients["w"]  # the screen's y goes down
        assert angle == pytest.approx(np.degrees(np.arctan2(down, right)), abs=1e-6)
    assert seen[-1.8] > seen[1.5] > seen[0.9]
    assert not visit.faults


def test_steps_leave_a_trail_and_the_surface_stays(show):
    fig = valley(rate=0.05)
    page = (visit := show(fig)).page
    before = picture(page)
    for _ in range(3):
        page.get_by_role("button", name="Gradient step").click()
        fig.step()
    settle(page)
    assert inputs(page) == pytest.approx(fig.inputs)
    assert page.locator(".bp-steps").get_attribute("d").count("M") == 3
    assert page.locator(".bp-trail").get_attribute("d").count("L") == 3
    assert picture(page) == before
    assert not visit.faults


def test_a_point_that_would_leave_the_domain_stays(show):
    w, b = Value(1.0, "w"), Value(1.0, "b")
    fig = live(
        (w.log() * b + b * b).named("loss"), {w: (-2, 2), b: (-2, 2)}, views=[plane(over=(w, b))], name="log"
    )
    page = (visit := show(fig)).page
    page.locator(".bp-point").scroll_into_view_if_needed()
    page.mouse.click(*at(page, fig, -1, 1))
    settle(page)
    assert inputs(page) == [1, 1]
    assert said(page).endswith("is undefined there. The point stays at 1, 1.")
    assert not visit.faults


def test_a_finger_drags_the_point_and_taps_beside_it(show):
    fig = valley()
    page = (visit := show(fig, has_touch=True, width=390)).page
    page.locator(".bp-point").scroll_into_view_if_needed()
    page.touchscreen.tap(*at(page, fig, -1, -1))
    settle(page)
    assert inputs(page) == pytest.approx([-1, -1], abs=0.04)
    assert page.locator(".bp-point").evaluate("(point) => getComputedStyle(point).touchAction") == "none"
    assert not visit.faults


# --- a hundred networks -----------------------------------------------------------------------------


def test_a_hundred_networks_train_and_are_counted(show):
    fig = xors()
    page = (visit := show(fig)).page
    count = page.locator(".bp-plane .bp-bar .bp-roomy > span")
    assert count.inner_text() == "0 of 100 below 0.01, in bold frames"
    tall = height(page)
    page.evaluate("figures[0].store.set(0, 150)")
    settle(page)
    fig.controls["steps"] = 150
    below = int((fig.quantity("loss") < 0.01).sum())
    assert 20 < below < 100
    assert count.inner_text() == f"{below} of 100 below 0.01, in bold frames; was 0"
    assert height(page) == tall
    assert not visit.faults


def test_keys_and_taps_read_one_seed(show):
    fig = xors()
    page = (visit := show(fig, has_touch=True)).page
    page.evaluate("figures[0].store.propose([60, 200])")
    settle(page)
    fig.inputs = [60, 200]
    loss = fig.quantity("loss")

    def expected(k):
        return f"seed {200 + k}: loss {loss[k]:.3g} after 60 steps" + (", solved" if loss[k] < 0.01 else "")

    cursor = page.locator(".bp-cursor")
    page.get_by_role("button", name="Sort by loss").focus()
    page.keyboard.press("Tab")
    assert reading(page) == expected(0)
    page.keyboard.press("ArrowRight")
    assert reading(page) == expected(1)
    left = cursor.bounding_box()
    page.keyboard.press("ArrowDown")
    below = cursor.bounding_box()
    across = int(cursor.get_attribute("aria-valuenow")) - 2
    assert reading(page) == expected(1 + across)
    assert (below["x"], below["y"] > left["y"]) == (left["x"], True)
    page.keyboard.press("End")
    assert reading(page) == expected(99)
    page.keyboard.press("Escape")
    assert reading(page).startswith("Point at a plane")
    page.touchscreen.tap(left["x"] + 15, left["y"] + 15)
    assert reading(page) == expected(1)
    assert not visit.faults


def test_seeds_are_sorted_when_it_is_asked_for(show):
    fig = xors(12)
    page = (visit := show(fig)).page
    page.evaluate("figures[0].store.set(0, 100)")
    settle(page)
    fig.controls["steps"] = 100
    loss = fig.quantity("loss")
    button = page.locator(".bp-plane .bp-bar button")
    button.click()
    cursor = page.locator(".bp-cursor")
    for k, seed in enumerate(np.argsort(loss)):
        cursor.press("Home" if k == 0 else "ArrowRight")
        assert reading(page).startswith(f"seed {seed}: loss {loss[seed]:.3g}")
    # Planes keep their places while they train, so that one can be followed.
    before = reading(page).split(":")[0]
    page.evaluate("figures[0].store.set(0, 200)")
    settle(page)
    assert reading(page).split(":")[0] == before
    assert button.inner_text() == "In order of seeds"
    button.click()
    assert reading(page).startswith("seed 11: ")
    assert not visit.faults


# --- all of them ------------------------------------------------------------------------------------


def test_a_phone_shows_all_of_it_and_axe_finds_nothing(show, axe_in_both):
    visit = show(boundary(squash="sigmoid"), valley(), xors(), width=390)
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe_in_both(page) == []
    # A hundred planes and their slider fit one screen; each is large enough to be tapped.
    sheet = page.locator("#figure-2 .bp-sheet").bounding_box()
    assert sheet["height"] < 420
    box = page.locator("#figure-2 .bp-cursor").bounding_box()
    assert min(box["width"], box["height"]) >= 24
    assert not visit.faults


def test_a_figure_can_be_left_and_opened_again(show):
    page = (visit := show(boundary(), valley(), xors(9))).page
    page.evaluate(
        """() => figures.forEach((figure) => {
          figure.cleanup();
          figure.el.replaceChildren();
          figure.cleanup = figure.widget.render(figure);
        })"""
    )
    settle(page)
    assert page.locator(".bp-plane canvas").count() == 3
    page.emulate_media(color_scheme="dark")
    settle(page)
    assert not visit.faults


def test_the_table_has_the_points_and_what_seeds_come_to(show):
    page = (visit := show(boundary(), xors(9))).page
    for k, captions in ((0, ["x, 20 × 2", "y, 20 × 1", "out, 20 × 1"]), (1, ["loss, 9"])):
        details = page.locator(f"#figure-{k} details")
        details.locator("summary").click()
        settle(page)
        assert details.locator("caption").all_inner_texts() == captions
    assert not visit.faults


def test_dragging_a_slider_beside_the_plane_is_one_move(show):
    page = (visit := show(valley())).page
    drag(page, page.locator('input[type="range"]').first, 20)
    assert page.locator(".bp-past").get_attribute("d")
    assert not visit.faults


def test_a_state_that_was_never_drawn_is_remembered_too(show):
    """Two steps within one frame of the screen: the ghost is the state between them."""
    fig = boundary()
    page = (visit := show(fig)).page
    page.evaluate("() => { const { store } = figures[0]; store.set(0, 30); store.step(); store.step(); }")
    settle(page)
    right = []
    for steps in (31, 32):
        fig.controls["steps"] = steps
        right.append(int(np.sum((fig.quantity("out") > 0) == (fig.quantity("y") == 1))))
    count = page.locator(".bp-side .bp-roomy > span").first.inner_text()
    assert count == f"{right[1]} of 20 points on the side of their class, was {right[0]}"
    assert not visit.faults
