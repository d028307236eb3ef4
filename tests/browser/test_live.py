"""The live figures in Chromium, without Jupyter: the state of real `Live` objects, drawn by their own module.

Everything a reader can do is done here; that the same module runs on the built site and in JupyterLab is
seen in the other tests.
"""

import math
import random
import re

import pytest
from pages import (
    assert_agrees,
    assert_clean,
    drag,
    entry,
    inputs,
    number,
    rows,
    said,
    settle,
    slider,
    type_into,
)

from bplib.scalar import Value
from bplib.widgets.live import curve, graph, live

pytestmark = pytest.mark.browser


def neuron(views=None, name="neuron"):
    w, b, x, y = (Value(number, key) for number, key in ((0.5, "w"), (0.1, "b"), (1.0, "x"), (0.8, "y")))
    z = (w * x + b).named("z")
    a = z.sigmoid().named("a")
    loss = ((a - y) ** 2).named("loss")
    spans = {w: (-2, 2), b: (-2, 2), x: (-2, 2), y: (0, 1)}
    views = views or [graph(), curve(of=loss, against=w)]
    return live(loss, spans, params=[w, b], views=views, name=name, rate=1.0)


def diamond():
    x = Value(3.0, "x")
    u = (x**2).named("u")
    return live((u**2 + u).named("loss"), {x: (-4, 4)}, views=[graph(), curve()], name="diamond")


def gaps():
    p, q = Value(0.5, "p"), Value(2.0, "q")
    result = (1 / p + p.sqrt() * q.log() + 3 * q).named("result")
    return live(result, {p: (-1, 2), q: (-1, 4)}, params=[p], views=[graph(), curve()], name="gaps")


# Controls.


def test_a_figure_shows_its_numbers_before_anyone_touches_it(show):
    fig = neuron()
    visit = show(fig)
    assert_agrees(visit.page, fig)
    nodes = visit.page.locator(".bp-node").all()
    labels = [node.get_attribute("aria-label") for node in nodes]
    assert "node z: value 0.6, gradient −0.0706228" in labels
    assert "node w × x: value 0.5, gradient −0.0706228" in labels
    assert len(labels) == 9
    assert visit.page.locator(".bp-live").get_attribute("aria-label").startswith("Live figure neuron")
    assert not visit.faults


def test_every_control_answers_to_keys_and_to_typing(show):
    fig = neuron()
    page = (visit := show(fig)).page
    for name in fig.controls:
        slider(page, name).press("ArrowLeft")
        settle(page)
        _, lo, hi, step = next(spec for spec in fig.spec["controls"] if fig.plan.input_name(spec[0]) == name)
        fig.controls[name] = float(f"{fig.controls[name] - step:.12g}")
        assert_agrees(page, fig)
        for key, there in (("Home", lo), ("End", hi), ("PageDown", float(f"{hi - 10 * step:.12g}"))):
            slider(page, name).press(key)
            settle(page)
            fig.controls[name] = there
            assert inputs(page) == fig.inputs, (name, key)
        type_into(page, name, "0.25")
        fig.controls[name] = 0.25
        assert_agrees(page, fig)
    assert not visit.faults


def test_a_slider_follows_the_mouse(show):
    page = (visit := show(neuron())).page
    drag(page, slider(page, "w"), to=slider(page, "w").bounding_box()["width"] * 0.9)
    w = inputs(page)[0]
    assert 1.5 < w < 1.9
    assert w == pytest.approx(round(w / 0.02) * 0.02, abs=1e-12), "not on the grid of steps"
    assert entry(page, "w").input_value() == f"{w:.6g}"
    assert not visit.faults


@pytest.mark.parametrize(
    "text", ["", "   ", "abc", "1e999", "NaN", "Infinity", "0,5", "--1", "0x10", "5", "1 2", "−"]
)
def test_typed_nonsense_keeps_the_last_good_state_and_says_why(show, text):
    fig = neuron()
    page = (visit := show(fig)).page
    type_into(page, "w", text)
    assert entry(page, "w").get_attribute("aria-invalid") == "true"
    assert "w stays at 0.5." in said(page)
    assert ("after a point" in said(page)) == (text == "0,5")
    assert_agrees(page, fig)
    # Escape, and the number that stayed, take the entry and the line back.
    for way_out in ("Escape", "0.5"):
        if way_out == "Escape":
            entry(page, "w").press("Escape")
        else:
            type_into(page, "w", way_out)
        settle(page)
        assert (entry(page, "w").input_value(), said(page)) == ("0.5", "")
        type_into(page, "w", text)
        assert entry(page, "w").get_attribute("aria-invalid") == "true"
    # Another control still answers; then the number on screen is again the one that counts.
    slider(page, "b").press("ArrowRight")
    settle(page)
    assert inputs(page)[1] == pytest.approx(0.12)
    assert entry(page, "w").get_attribute("aria-invalid") is None
    assert (entry(page, "w").input_value(), said(page)) == ("0.5", "")
    type_into(page, "w", " -0.5 ")
    assert entry(page, "w").get_attribute("aria-invalid") is None
    assert inputs(page)[0] == -0.5
    assert said(page) == ""
    assert entry(page, "w").input_value() == "−0.5"
    assert not visit.faults


def test_reset_and_escape_take_a_bad_entry_back(show):
    page = show(neuron()).page
    type_into(page, "w", "abc")
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert entry(page, "w").input_value() == "0.5"
    assert entry(page, "w").get_attribute("aria-invalid") is None
    entry(page, "w").fill("7")
    entry(page, "w").press("Escape")
    assert entry(page, "w").input_value() == "0.5"


def test_a_number_outside_the_domain_changes_nothing(show):
    fig = gaps()
    page = (visit := show(fig)).page
    type_into(page, "p", "-0.5")
    assert entry(page, "p").get_attribute("aria-invalid") == "true"
    assert "undefined" in said(page)
    assert "p stays at 0.5" in said(page)
    slider(page, "p").press("Home")
    settle(page)
    assert_agrees(page, fig)
    assert number(slider(page, "p").input_value()) == 0.5
    assert not visit.faults


@pytest.mark.parametrize("label", ["learning rate", "w"])
def test_what_is_on_screen_is_what_a_step_uses(show, label):
    fig = neuron()
    page = (visit := show(fig)).page
    type_into(page, label, "-9")
    # The graph's own steps change no number: the refused entry and the line that says why stay.
    page.get_by_role("button", name="Backward").click()
    settle(page)
    assert entry(page, label).input_value() == "-9"
    assert f"{label} stays at" in said(page)
    page.get_by_role("button", name="Gradient step").click()
    settle(page)
    fig.step()
    assert_agrees(page, fig)
    assert entry(page, label).get_attribute("aria-invalid") is None
    assert number(entry(page, "learning rate").input_value()) == 1
    assert number(entry(page, "w").input_value()) == pytest.approx(fig.controls["w"], rel=1e-5)
    assert not visit.faults


@pytest.mark.parametrize("text", ["0", "-1", "abc", "1e999", ""])
def test_a_bad_learning_rate_is_refused(show, text):
    page = (visit := show(neuron())).page
    type_into(page, "learning rate", text)
    assert entry(page, "learning rate").get_attribute("aria-invalid") == "true"
    assert "learning rate stays at 1." in said(page)
    assert page.evaluate("figures[0].model.state.rate") == 1.0
    assert not visit.faults


def test_a_gradient_step_is_the_one_of_python_and_is_foretold(show):
    fig = neuron()
    page = (visit := show(fig)).page
    for rate in (1.0, 0.25, 3.0):
        type_into(page, "learning rate", f"{rate}")
        fig.rate = rate
        before, gradients = fig.values["loss"], fig.gradients
        page.get_by_role("button", name="Gradient step").click()
        settle(page)
        fig.step()
        assert_agrees(page, fig)
        predicted, true = (number(text) for text in re.findall(r"−?\d[\d.e−]*(?= \(|\.$)", said(page)))
        assert predicted == pytest.approx(-rate * (gradients["w"] ** 2 + gradients["b"] ** 2), rel=1e-5)
        assert true == pytest.approx(fig.values["loss"] - before, rel=1e-4)
    assert page.evaluate("figures[0].model.state.rate") == 3.0
    page.get_by_role("button", name="Reset").click()
    settle(page)
    fig.reset()
    assert_agrees(page, fig)
    assert page.evaluate("figures[0].model.state.rate") == fig.rate == 1.0
    assert entry(page, "learning rate").input_value() == "1"
    assert not visit.faults


def test_reset_brings_back_all_that_was_shown_at_the_start(show):
    page = (visit := show(neuron([curve(of="a", against="b"), graph()]))).page

    def shown():
        settle(page)
        return page.evaluate(
            """() => [
              ...[...document.querySelectorAll("input, select")].map((field) => field.value),
              ...[...document.querySelectorAll(".bp-curve, .bp-graph")].map((part) => part.innerText),
              document.querySelector(".bp-curve-line").getAttribute("d"),
            ]"""
        )

    before = shown()
    page.get_by_role("combobox", name="curve of").select_option(label="loss")
    page.get_by_role("combobox", name="against").select_option(label="x")
    page.locator('input[aria-label="nudge Δ"]').press("Home")
    page.locator(".bp-point").press("End")
    page.get_by_role("button", name="Backward").click()
    type_into(page, "learning rate", "0.25")
    page.get_by_role("button", name="Gradient step").click()
    assert shown() != before
    listening = page.evaluate("figures[0].store.listeners.size")
    page.get_by_role("button", name="Reset").click()
    assert shown() == before
    assert page.evaluate("figures[0].store.listeners.size") == listening, "the old views are gone"
    assert page.evaluate("document.activeElement.textContent") == "Reset"
    page.get_by_role("combobox", name="against").select_option(label="x")
    page.locator(".bp-point").press("End")
    settle(page)
    assert inputs(page)[2] == 2
    assert not visit.faults


def test_a_step_out_of_range_is_not_taken(show):
    fig = neuron()
    page = show(fig).page
    type_into(page, "learning rate", "500")
    page.get_by_role("button", name="Gradient step").click()
    settle(page)
    assert "No step" in said(page)
    assert "outside the range of w" in said(page)
    assert_agrees(page, fig)
    fig.rate = 500
    with pytest.raises(ValueError, match="outside its range"):
        fig.step()


# The graph.


def shape(page, start):
    return page.locator(f'[role="img"][aria-label^="{start}"]').first


def test_every_edge_reads_its_product_as_python_computes_it(show):
    fig = neuron()
    page = show(fig).page
    g = fig.gradients
    v = fig.values
    square = 2 * (v["a"] - v["y"])
    slope = v["a"] * (1 - v["a"])
    edges = {
        "w to w × x": (g["z"], v["x"], g["w"]),
        "x to w × x": (g["z"], v["w"], g["x"]),
        "w × x to z": (g["z"], 1, g["z"]),
        "b to z": (g["z"], 1, g["b"]),
        "z to a": (g["a"], slope, g["z"]),
        "a to a − y": (square, 1, g["a"]),
        "y to a − y": (square, -1, g["y"]),
        "a − y to loss": (1, square, square),
    }
    assert page.locator(".bp-edge").count() == len(edges)
    for name, expected in edges.items():
        shape(page, f"edge {name}:").focus()
        settle(page)
        numbers = page.locator(".bp-reading").inner_text().split("\n")[1]
        read = [number(text) for text in re.findall(r"−?\d[\d.e−]*", numbers)]
        assert read == pytest.approx(expected, rel=1e-5), name
        assert f"product {numbers.split('= ')[-1]}" in shape(page, f"edge {name}:").get_attribute(
            "aria-label"
        )
    shape(page, "edge w to w × x").focus()
    settle(page)
    text = page.locator(".bp-reading").inner_text()
    assert "dloss/dw = dloss/d(w × x) × ∂(w × x)/∂w\n= −0.0706228 × 1 = −0.0706228" in text


def test_the_moment_a_weight_of_zero_has_no_contribution_and_a_gradient(show):
    page = show(neuron()).page
    type_into(page, "w", "0")
    assert (
        shape(page, "node w × x").get_attribute("aria-label").startswith("node w × x: value 0, gradient −0.1")
    )
    table = rows(page)
    assert table["w"][0] == "0"
    assert abs(number(table["w"][1])) > 0.1


def test_hover_and_touch_read_an_edge(show):
    visit = show(diamond(), has_touch=True)
    page = visit.page
    page.locator(".bp-edge").first.hover(force=True)
    settle(page)
    assert "dloss/dx = dloss/du × ∂u/∂x\n= 19 × 6 = 114" in page.locator(".bp-reading").inner_text()
    page.mouse.move(1, 1)
    settle(page)
    assert page.locator(".bp-reading").inner_text() == "Point at an edge or a node to read its numbers."
    page.locator(".bp-edge").first.tap(force=True)
    settle(page)
    assert "19 × 6 = 114" in page.locator(".bp-reading").inner_text()
    assert not visit.faults


def test_a_diamond_is_told_as_a_sum(show):
    page = show(diamond()).page
    shape(page, "edge u to u^2").focus()
    settle(page)
    text = page.locator(".bp-reading").inner_text()
    assert "= 1 × 18 = 18, one of 2 shares" in text
    assert "dloss/du = 18 + 1 = 19" in text
    # The direct edge's own slope is 1 and the total is 19: no symbol stands for both.
    shape(page, "edge u to loss").focus()
    settle(page)
    assert "dloss/du" in page.locator(".bp-reading").inner_text().split("Their sum")[1]
    assert "dloss/dloss × ∂loss/∂u = 1 × 1 = 1" in page.locator(".bp-reading").inner_text()
    assert "dloss/du" not in page.locator(".bp-reading").inner_text().split("Their sum")[0]
    shape(page, "node u:").focus()
    settle(page)
    assert "= 1 × 18 + 1 × 1 = 19, the sum over its 2 uses" in page.locator(".bp-reading").inner_text()


def test_arrow_keys_walk_the_graph_and_tab_leaves_it(show):
    page = show(neuron()).page
    page.get_by_role("button", name="Show all").focus()
    page.keyboard.press("Tab")
    heard = []
    for _ in range(17):
        heard.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        page.keyboard.press("ArrowRight")
    assert len(set(heard)) == 17, "every node and edge once"
    assert sum(text.startswith("edge") for text in heard) == 8
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == heard[0]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.bp-node, .bp-edge')") is None


def seen(page):
    """Which nodes show a value, and which a gradient."""
    shown = page.evaluate(
        """() => [...document.querySelectorAll(".bp-node")].map((node) => [
          node.querySelector(".bp-title").textContent,
          ...[...node.querySelectorAll(".bp-number")].map((text) => text.textContent !== "")])"""
    )
    return {name for name, value, _ in shown if value}, {name for name, _, grad in shown if grad}


def test_stepping_computes_one_node_at_a_time(show):
    page = (visit := show(neuron())).page
    reading = page.locator(".bp-reading")
    forward = page.get_by_role("button", name="Forward")
    backward = page.get_by_role("button", name="Backward")
    leaves = {"w", "b", "x", "y"}
    computed = ["w × x", "z", "a", "a − y", "loss"]
    for k in range(len(computed)):
        forward.click()
        settle(page)
        values, gradients = seen(page)
        assert values == leaves | set(computed[: k + 1])
        assert gradients == set()
        assert reading.inner_text().startswith(f"forward {k + 1} of 5: {computed[k]}")
    assert reading.inner_text() == "forward 5 of 5: loss = (a − y)^2 = (−0.154344)^2 = 0.023822"
    backward.click()
    settle(page)
    assert seen(page)[1] == {"loss"}
    backward.click()
    settle(page)
    assert seen(page)[1] == {"loss", "a − y"}
    assert reading.inner_text().startswith("backward 2 of 9: dloss/d(a − y) = dloss/dloss × ∂loss/∂(a − y)")
    for _ in range(7):
        backward.click()
    settle(page)
    assert len(seen(page)[1]) == 9
    assert reading.get_attribute("aria-live") == "polite"
    # Backward starts at the output, whatever was shown before: all of it, or half of a forward pass.
    backward.click()
    settle(page)
    assert seen(page)[1] == {"loss"}
    forward.click()
    backward.click()
    settle(page)
    assert seen(page) == (leaves | set(computed), {"loss"})
    # A slider moves the numbers that are shown and no others.
    forward.click()
    slider(page, "w").press("End")
    settle(page)
    assert seen(page) == (leaves | {"w × x"}, set())
    page.get_by_role("button", name="Show all").click()
    settle(page)
    assert len(seen(page)[1]) == 9
    assert not visit.faults


def test_play_runs_both_passes_and_pause_stops(show):
    context = show(neuron(), shared=False)
    page = context.page
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1200)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(5000)
    stopped = seen(page)
    assert len(stopped[0]) == 6
    assert not stopped[1]
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(20000)
    assert len(seen(page)[1]) == 9
    assert page.get_by_role("button", name="Play").is_visible()
    assert not context.faults


# The bars of the graph.


def bar_lengths(page, kind="grad"):
    """How long the bars of the nodes are, in px: {node: length}."""
    settle(page)
    return page.evaluate(
        """(kind) => Object.fromEntries([...document.querySelectorAll(".bp-node")].map((node) => [
          node.querySelector(".bp-title").textContent,
          node.querySelector(`.bp-size-${kind}`).getTotalLength()]))""",
        kind,
    )


def test_a_gradient_that_vanishes_has_a_small_bar_on_a_scale_that_stays(show):
    page = (visit := show(neuron())).page
    note = page.locator(".bp-legend .bp-note")
    scale = note.inner_text()
    assert scale == "bars: 0.0001 to 10, each part × 10"
    dashes = page.locator(".bp-size").first.get_attribute("stroke-dasharray")
    decade = sum(float(text) for text in dashes.split())
    before, gradient = bar_lengths(page), number(rows(page)["a"][1])
    assert before["loss"] == pytest.approx(4 * decade, abs=0.1), "1 is four decades above 0.0001"
    # Where the loss is nearly 0 every gradient but its own is 190 times smaller, and every bar shorter.
    a = page.evaluate("figures[0].store.values[figures[0].store.tape.names.indexOf('a')]")
    type_into(page, "y", repr(a - gradient / 2 / 190))
    after = bar_lengths(page)
    assert after["loss"] == before["loss"], "the loss's own gradient is 1 as ever"
    for name in ("w", "b", "x", "y", "z", "a"):
        shrunk = (before[name] - after[name]) / decade
        assert shrunk == pytest.approx(math.log10(190), abs=0.01), name
        assert after[name] < before["loss"] / 2
    for name in ("w", "b", "x", "y"):
        for key in ("Home", "End"):
            slider(page, name).press(key)
            settle(page)
            assert note.inner_text() == scale
            assert page.locator(".bp-size").first.get_attribute("stroke-dasharray") == dashes
    assert not visit.faults


def test_what_explodes_at_the_end_of_a_range_leaves_the_bars_of_the_start_visible(show):
    x = Value(0.0, "x")
    y = (x * 10).exp().named("y")
    page = show(live(y, {x: (-4, 4)}, views=[graph()], name="explodes")).page
    assert max(bar_lengths(page).values()) > 20
    assert bar_lengths(page, "value")["y"] > 20
    slider(page, "x").press("End")
    settle(page)
    width = page.locator(".bp-box").first.bounding_box()["width"]
    assert bar_lengths(page)["x"] == pytest.approx(width - 10, abs=2), "full, and no more"


def test_a_node_shows_three_digits_and_reads_all_of_them(show):
    page = show(neuron()).page
    z = shape(page, "node z:")
    assert z.locator(".bp-number").all_text_contents() == ["0.6", "−0.0706"]
    z.focus()
    settle(page)
    assert "−0.0706228" in page.locator(".bp-reading").inner_text()
    assert rows(page)["z"] == ["0.6", "−0.0706228"]


# The curve.


def test_the_tangent_has_the_slope_of_the_gradient(show):
    fig = neuron()
    page = show(fig).page
    for w in (-1.5, 0.0, 0.5, 1.9):
        type_into(page, "w", f"{w}")
        fig.controls["w"] = w
        shown = page.locator(".bp-side .bp-grad").first
        assert number(shown.get_attribute("title")) == pytest.approx(fig.gradients["w"], rel=1e-5)
        assert number(shown.inner_text()) == number(f"{fig.gradients['w']:.3g}"), "three digits"
        # The drawn line, against the drawn curve at the point.
        drawn, beside = page.evaluate(
            """() => {
              const path = (s) => document.querySelector(s).getAttribute("d");
              const numbers = (s) => path(s).match(/-?[\\d.]+/g).map(Number);
              const [x0, y0, x1, y1] = numbers(".bp-tangent");
              const line = numbers(".bp-curve-line");
              const here = new DOMPoint().matrixTransform(
                document.querySelector(".bp-point").transform.baseVal.consolidate().matrix);
              let k = 2;
              while (k < line.length - 4 && line[k] < here.x) k += 2;
              return [(y1 - y0) / (x1 - x0), (line[k + 3] - line[k - 1]) / (line[k + 2] - line[k - 2])];
            }"""
        )
        assert drawn == pytest.approx(beside, abs=0.03)


def test_the_point_moves_by_mouse_by_touch_and_by_keys(show):
    page = (visit := show(neuron(), has_touch=True)).page
    point = page.locator(".bp-point")
    drag(page, point, to=-60)
    dragged = inputs(page)[0]
    assert dragged < 0.2
    point.press("ArrowRight")
    settle(page)
    assert inputs(page)[0] == pytest.approx(dragged + 0.02, abs=1e-9)
    point.press("Home")
    settle(page)
    assert inputs(page)[0] == -2
    assert point.get_attribute("aria-valuenow") == "-2"
    assert "slope" in point.get_attribute("aria-valuetext")
    plot = page.locator(".bp-curve svg").bounding_box()
    page.touchscreen.tap(plot["x"] + plot["width"] - 20, plot["y"] + 60)
    settle(page)
    assert inputs(page)[0] > 1.8
    assert not visit.faults


def test_the_vertical_range_is_steady_while_the_point_moves(show):
    page = show(neuron()).page
    before = page.locator(".bp-curve [aria-hidden]").first.inner_html()
    path = page.locator(".bp-curve-line").get_attribute("d")
    for _ in range(5):
        page.locator(".bp-point").press("PageUp")
    settle(page)
    assert page.locator(".bp-curve [aria-hidden]").first.inner_html() == before
    assert page.locator(".bp-curve-line").get_attribute("d") == path
    slider(page, "b").press("Home")
    settle(page)
    assert page.locator(".bp-curve-line").get_attribute("d") != path


def test_the_vertical_axis_has_a_floor_where_the_curve_is_flat(show):
    page = (visit := show(neuron())).page

    def span():
        settle(page)
        levels = [number(text) for text in page.locator(".bp-tick-y").all_text_contents()]
        return max(levels) - min(levels)

    first = span()
    # With x = 0 the curve is a flat line, and y moves it to nearly 0: a figure of rounding without a floor.
    type_into(page, "x", "0")
    a = page.evaluate("figures[0].store.values[figures[0].store.tape.names.indexOf('a')]")
    type_into(page, "y", f"{a + 2e-5:.17g}")
    assert number(rows(page)["loss"][0]) == pytest.approx(4e-10, rel=1e-3)
    assert span() >= 3e-4 * first
    page.get_by_role("button", name="Reset").click()
    assert span() == first
    assert not visit.faults


def test_a_nudge_compares_prediction_and_truth(show):
    fig = neuron()
    page = show(fig).page
    slope, before = fig.gradients["w"], fig.values["loss"]
    nudge = page.locator('input[aria-label="nudge Δ"]')
    for key, delta in (("End", 1.0), ("Home", -1.0)):
        nudge.press(key)
        settle(page)
        assert page.locator(".bp-delta").inner_text() == f"{delta:g}".replace("-", "−")
        fig.controls["w"] = 0.5 + delta
        true = fig.values["loss"] - before
        lines = [*page.locator(".bp-changes > .bp-roomy").all(), page.locator(".bp-apart")]
        for line, x in zip(lines, (slope * delta, true, abs(slope * delta - true)), strict=True):
            assert number(line.get_attribute("title")) == pytest.approx(x, rel=1e-5)
            assert number(re.split("= |apart by ", line.inner_text())[1]) == pytest.approx(x, rel=5e-3)


def test_curves_of_other_quantities_and_gaps(show):
    fig = neuron()
    page = (visit := show(fig, gaps())).page
    page.get_by_role("combobox", name="curve of").first.select_option(label="a")
    page.get_by_role("combobox", name="against").first.select_option(label="x")
    settle(page)
    a = fig.values["a"]
    slope = number(page.locator(".bp-side .bp-grad").first.get_attribute("title"))
    assert slope == pytest.approx(a * (1 - a) * 0.5, rel=1e-5)
    page.locator(".bp-point").first.press("ArrowRight")
    settle(page)
    assert inputs(page)[2] == pytest.approx(1.02)
    # 1 / p + sqrt(p) has no value up to 0: the curve begins right of it, though the axis begins at -1.
    starts = page.locator("#figure-1 .bp-curve-line").get_attribute("d")
    assert starts.count("M") == 1
    axis = page.locator("#figure-1 .bp-axis").get_attribute("d")
    left, right = (float(text) for text in re.findall(r"[\d.]+", axis)[0::2])
    first = float(re.findall(r"[\d.]+", starts)[0])
    assert first > left + (right - left) / 3
    page.locator('#figure-1 input[aria-label="nudge Δ"]').press("Home")
    settle(page)
    assert "is undefined there" in page.locator("#figure-1 .bp-changes").inner_text()
    assert not visit.faults


def test_the_marks_of_a_nudge_stay_in_sight(show):
    page = (visit := show(neuron(), address="#neuron:w=0,b=0.1,x=2,y=0.8")).page
    plot = page.locator(".bp-curve .bp-canvas")
    shapes = ["bp-dot-predicted", "bp-dot-true", "bp-here"]

    def arrows():
        """Which marks are arrows, and which way they point; every one is inside the picture."""
        settle(page)
        box = plot.bounding_box()
        found = {}
        for name in shapes:
            shape = plot.locator(f".{name}")
            at = shape.bounding_box()
            assert box["x"] <= at["x"], name
            assert at["x"] + at["width"] <= box["x"] + box["width"], name
            assert box["y"] <= at["y"], name
            assert at["y"] + at["height"] <= box["y"] + box["height"], name
            assert shape.evaluate("(e) => !e.closest('[clip-path]')"), name
            if turn := re.match(r"rotate\((.*)\)", shape.get_attribute("transform")):
                found[name] = round(float(turn[1]))
        return found

    # The tangent falls below the plot before the nudge ends.
    assert arrows() == {"bp-dot-predicted": 90}
    axes = page.locator(".bp-curve [aria-hidden]").first.inner_html()
    page.locator(".bp-point").press("End")
    assert set(arrows()) == {"bp-dot-predicted", "bp-dot-true"}, "both are right of the plot"
    page.locator('input[aria-label="nudge Δ"]').press("Home")
    assert arrows() == {}
    assert page.locator(".bp-curve [aria-hidden]").first.inner_html() == axes, "the range is steady"
    assert not visit.faults


@pytest.mark.parametrize("f", [lambda x: x * 0.1 + 1000, lambda x: x * 5e-5 - 1.5e-4, lambda x: x * 1.5e308])
def test_numbers_beside_the_axis_differ_and_have_room(show, f):
    x = Value(0.5, "x")
    visit = show(live(f(x).named("loss"), {x: (-1, 1)}, views=[curve()], name="sizes"), width=375)
    page = visit.page
    for key in ("Home", "End"):
        slider(page, "x").press(key)
        settle(page)
        assert_clean(page)
    numbers = page.locator(".bp-tick-y").all_text_contents()
    assert len(set(numbers)) == len(numbers) > 2
    edge = page.locator(".bp-curve svg").bounding_box()["x"]
    title = page.locator(".bp-axis-y").bounding_box()
    for tick in page.locator(".bp-tick-y").all():
        box = tick.bounding_box()
        assert box["x"] >= edge
        assert box["y"] >= title["y"] + title["height"] - 2
    assert not visit.faults


def test_what_only_rounding_moves_is_flat(show):
    x = Value(0.5, "x")
    one = (x.sigmoid() + (-x).sigmoid()).named("one")
    page = show(live(one, {x: (-3, 3)}, views=[curve()], name="flat")).page
    heights = {
        round(float(y)) for y in re.findall(r" ([\d.]+)", page.locator(".bp-curve-line").get_attribute("d"))
    }
    assert len(heights) == 1


# Memory: what was before the last move.


def test_the_state_before_the_last_move_stays_as_a_ghost(show):
    page = (visit := show(neuron())).page
    bar, was = (shape(page, "node z:").locator(f".bp-{kind}-grad") for kind in ("size", "was"))
    before = page.locator(".bp-before")
    assert (was.get_attribute("d"), before.inner_text()) == ("", ""), "nothing has moved"
    old = bar.evaluate("(bar) => bar.getTotalLength()")
    slope = page.locator(".bp-side .bp-grad").first.inner_text()
    place = page.locator(".bp-curve .bp-here").bounding_box()
    # A drag is one move, however many numbers it passes.
    drag(page, page.locator(".bp-point"), to=-60)
    assert bar.evaluate("(bar) => bar.getTotalLength()") != old
    assert float(re.match(r"M([\d.]+)", was.get_attribute("d"))[1]) == pytest.approx(5 + old, abs=0.1)
    assert before.inner_text() == f", was {slope}"
    ghost = page.locator(".bp-past").bounding_box()
    for at, size in (("x", "width"), ("y", "height")):
        assert ghost[at] + ghost[size] / 2 == pytest.approx(place[at] + place[size] / 2, abs=1)
    shape(page, "node z:").focus()
    settle(page)
    assert page.locator(".bp-reading").inner_text().endswith("it was 0.6, its gradient −0.0706228")
    # Another control is another move, and a new start has nothing before it.
    moved = page.locator(".bp-side .bp-grad").first.inner_text()
    slider(page, "b").press("PageUp")
    settle(page)
    assert before.inner_text() == f", was {moved}"
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert before.inner_text() == "" and page.locator(".bp-past").get_attribute("d") == ""
    assert not visit.faults


def test_gradient_steps_leave_a_trail_until_something_else_moves(show):
    page = (visit := show(neuron(), address="#neuron:w=-1.5")).page
    trail, steps = page.locator(".bp-trail"), page.locator(".bp-steps")
    places = []
    for k in range(3):
        box = page.locator(".bp-curve .bp-here").bounding_box()
        places.append(box["x"] + box["width"] / 2)
        page.get_by_role("button", name="Gradient step").click()
        settle(page)
        assert steps.get_attribute("d").count("M") == k + 1
    left = page.locator(".bp-curve svg").bounding_box()["x"]
    drawn = [float(text) for text in re.findall(r"M([\d.]+)", steps.get_attribute("d"))]
    assert [left + x for x in drawn] == pytest.approx(places, abs=0.5)
    assert len(set(drawn)) == 3 and trail.get_attribute("d").count("L") == 3
    slider(page, "x").press("ArrowLeft")
    settle(page)
    assert (trail.get_attribute("d"), steps.get_attribute("d")) == ("", "")
    assert not visit.faults


# Measure: nothing changes size while a control moves.


def heights(page):
    """Where the parts of a figure begin and end, below its top."""
    settle(page)
    return page.evaluate(
        """() => {
          const top = document.querySelector(".bp-live").getBoundingClientRect().top;
          const named = ".bp-live, .bp-live .bp-section, .bp-nudge, .bp-live .bp-roomy:not(.bp-said)";
          const parts = document.querySelectorAll(named);
          return [...parts].map((part) => {
            const box = part.getBoundingClientRect();
            return [box.top - top, box.bottom - top];
          });
        }"""
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_changes_size_while_a_control_moves(show, width):
    page = (visit := show(neuron(), width=width)).page
    page.get_by_role("button", name="Backward").click()
    before = heights(page)
    for name in ("w", "x", "y", "b"):
        slider(page, name).press("Home")
        for _ in range(7):
            assert heights(page) == before, inputs(page)
            for _ in range(3):
                slider(page, name).press("PageUp")
        type_into(page, name, "0.123456789")
    for nudge in ("Home", "End", "ArrowLeft"):
        page.locator('input[aria-label="nudge Δ"]').press(nudge)
        assert heights(page) == before, nudge
    page.get_by_role("button", name="Gradient step").click()
    settle(page)
    assert "Gradient step: predicted" in said(page)
    assert heights(page) == before
    for part in page.locator(".bp-node, .bp-edge").all():
        part.focus()
        assert heights(page) == before, part.get_attribute("aria-label")
    for phase in ["Forward"] * 5 + ["Backward"] * 9 + ["Show all"]:
        page.get_by_role("button", name=phase).click()
        assert heights(page) == before, phase
    assert not visit.faults


# The whole figure.


def test_any_sequence_of_moves_leaves_no_fault_and_no_nan(show):
    visit = show(neuron(), diamond(), gaps())
    page = visit.page
    rng = random.Random(7)
    texts = ["", "abc", "1e999", "NaN", "0,5", " ", "-3", "0", "0.3", "1e-9", "-0", "4", "99", "1e-320", "."]
    keys = ["ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Escape", "b", "Enter", "Tab"]
    buttons = page.locator("button").all()
    entries = page.locator('input[type="text"]:not([readonly])').all()
    targets = [*page.locator('input[type="range"]:visible').all(), *page.locator(".bp-point").all()]
    targets += page.locator(".bp-edge, .bp-node").all()
    menus = page.locator("select").all()
    for k in range(400):
        kind = rng.randrange(6)
        if kind == 0:
            rng.choice(buttons).click()
        elif kind == 1:
            field = rng.choice(entries)
            field.fill(rng.choice(texts))
            field.press(rng.choice(["Enter", "Tab", "Escape"]))
        elif kind == 2:
            menu = rng.choice(menus)
            menu.select_option(index=rng.randrange(menu.locator("option").count()))
        elif kind == 3:
            page.evaluate(
                """([factor, k]) => {
                  const { model } = figures[k];
                  model.set("inputs", model.get("inputs").map((x) => x * factor));
                }""",
                [rng.choice([-1, 0.5, 1.1, 0]), rng.randrange(3)],
            )
        else:
            rng.choice(targets).press(rng.choice(keys))
        if k % 10 == 0:
            settle(page)
            assert_clean(page)
    settle(page)
    assert_clean(page)
    assert not visit.faults


@pytest.mark.parametrize("part", ['input[type="range"]', ".bp-point", ".bp-node"])
def test_a_key_with_a_modifier_is_the_browsers(show, part):
    page = (visit := show(neuron())).page
    before = inputs(page)
    page.locator(part).first.focus()
    # Alt and an arrow go back in the history; the figure must not take them.
    taken = page.locator(".bp-live").evaluate(
        """(root) => {
          const init = {key: "ArrowLeft", altKey: true, bubbles: true, cancelable: true};
          const event = new KeyboardEvent("keydown", init);
          return !document.activeElement.dispatchEvent(event);
        }"""
    )
    settle(page)
    assert (taken, inputs(page)) == (False, before)
    assert not visit.faults


def test_keys_do_not_leave_the_figure(show):
    page = show(neuron()).page
    for selector in ('input[type="range"]', ".bp-point", '[role="img"][tabindex="0"]', "button"):
        for key in ("ArrowRight", "b", "Escape"):
            page.locator(selector).first.press(key)
    assert page.evaluate("bubbled") == []
    # Ctrl+S is the application's: with the focus in a figure it saves the notebook.
    for keys in ("Control+s", "Meta+s"):
        page.locator('input[type="range"]').first.press(keys)
        assert page.evaluate("bubbled.pop()") == "s"
    page.evaluate("() => void bubbled.splice(0)")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("b")
    assert page.evaluate("bubbled") == ["b"]


def test_the_kernel_and_the_page_follow_each_other(show):
    fig = neuron()
    page = (visit := show(fig)).page
    assert page.evaluate("figures[0].model.saves") == 0, "nothing to tell before anything moved"
    fig.controls["w"] = -1.25
    page.evaluate("(inputs) => figures[0].model.set('inputs', inputs)", fig.inputs)
    settle(page)
    assert_agrees(page, fig)
    assert entry(page, "w").input_value() == "−1.25"
    assert page.evaluate("figures[0].model.saves") == 0, "no echo"
    slider(page, "b").press("ArrowRight")
    settle(page)
    assert page.evaluate("figures[0].model.saves") == 1
    fig.inputs = inputs(page)
    assert fig.controls["b"] == 0.12
    assert_agrees(page, fig)
    page.evaluate("() => figures[0].model.set('rate', 0.5)")
    settle(page)
    assert entry(page, "learning rate").input_value() == "0.5"
    assert not visit.faults


def test_two_views_of_one_figure_stay_in_step_and_leave_nothing_behind(show):
    page = (visit := show(neuron())).page
    page.evaluate(
        """() => {
          const place = document.createElement("div");
          document.querySelector("main").append(place);
          window.second = figures[0].widget.render({ model: figures[0].model, el: place });
          window.place = place;
        }"""
    )
    slider(page, "w").press("End")
    settle(page)
    settle(page)
    assert page.evaluate("place.firstChild.store.inputs[0]") == 2
    page.evaluate("() => { second(); place.remove(); figures[0].cleanup(); }")
    assert page.evaluate("figures[0].model.listening()") == 0
    assert page.evaluate("figures[0].store.listeners.size") == 0
    assert not visit.faults


# Sharing a state.


def test_a_link_brings_a_state_back(show):
    fig = neuron()
    page = (visit := show(fig, address="#neuron:w=-1.5,b=0.25")).page
    fig.state = "neuron:w=-1.5,b=0.25"
    assert_agrees(page, fig)
    page.evaluate("location.hash = '#neuron:w=0'")
    settle(page)
    fig.state = "neuron:w=0"
    assert_agrees(page, fig)
    # The same link, once more, after a move.
    page.evaluate(
        """() => {
          const link = document.createElement("a");
          link.href = "#neuron:w=0";
          link.textContent = "again";
          document.querySelector("h1").append(link);
        }"""
    )
    slider(page, "w").press("End")
    page.get_by_role("link", name="again").click()
    settle(page)
    assert_agrees(page, fig)
    page.evaluate("location.hash = '#something-else'")
    settle(page)
    assert_agrees(page, fig)
    assert not visit.faults


DAMAGED = [
    "w=",
    "w=abc",
    "w=NaN",
    "w=1,w=1",
    "q=1",
    "w=5",
    "w=0.5,",
    "w=0=1",
    "",
    "%",
    "w=1e999",
    "W=1",
    "w=0.1;b=2",
]


@pytest.mark.parametrize("text", [*DAMAGED, ""])
def test_a_damaged_link_is_told_and_changes_nothing(show, text):
    fig = neuron()
    visit = show(fig, address=f"#neuron:{text}")
    assert "The figure stays as it was." in said(visit.page)
    assert_agrees(visit.page, fig)
    assert not visit.faults
    with pytest.raises(ValueError):
        fig.state = f"neuron:{text}"


def test_a_number_that_is_too_large_is_called_so_in_a_link_as_in_an_entry(show):
    page = show(neuron(), address="#neuron:w=1e999").page
    assert "w: That number is too large." in said(page)


def test_copy_link_writes_the_address(show):
    fig = neuron()
    page = (visit := show(fig, permissions=["clipboard-read", "clipboard-write"])).page
    type_into(page, "w", "-1.5")
    fig.controls["w"] = -1.5
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("document.querySelector('.bp-said').textContent.includes('Copied')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    fig.reset()
    fig.state = copied.split("#")[1]
    assert fig.controls["w"] == -1.5
    page.get_by_role("button", name="Reset").click()
    page.reload()
    page.wait_for_function("window.figures")
    settle(page)
    assert_agrees(page, fig)
    assert not visit.faults


def test_where_copying_is_refused_the_text_is_selected(show):
    page = show(neuron(), site=False).page
    page.evaluate("() => void (navigator.clipboard.writeText = () => Promise.reject(new Error('denied')))")
    page.get_by_role("button", name="Copy state").click()
    page.wait_for_selector(".bp-address:not([hidden])")
    assert (
        page.evaluate("getSelection().toString() || document.activeElement.value")
        == "neuron:1:w=0.5,b=0.1,x=1,y=0.8"
    )
    page.locator(".bp-address").press("Escape")


# Looks.


def test_axe_finds_nothing(show, axe_in_both):
    page = show(neuron(), diamond(), gaps()).page
    for details in page.locator("details").all():
        details.locator("summary").click()
    type_into(page, "w", "abc")
    page.get_by_role("button", name="Backward").first.click()
    settle(page)
    assert axe_in_both(page) == []


@pytest.mark.parametrize("width", [320, 375, 600, 1200])
def test_nothing_is_wider_than_the_page(show, width):
    page = show(neuron(), diamond(), width=width).page
    rows(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for canvas in page.locator(".bp-canvas").all():
        assert canvas.evaluate("(e) => e.scrollWidth <= e.clientWidth"), "the graph fits"
    targets = page.locator(".bp-live :is(button, input, select, summary)").all()
    for target in targets:
        if target.is_visible():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= 24, target.evaluate("(e) => e.outerHTML")


def long_names():
    rate = Value(0.3, "learning_rate_of_the_outer_loop")
    out = (rate * 2).named("some_quantity_with_a_long_name").sigmoid().named("output_probability")
    return live(out, {rate: (-1, 1)}, params=[rate], views=[graph(), curve()], name="long")


@pytest.mark.parametrize("width", [375, 800])
def test_long_names_keep_to_the_figure(show, width):
    page = show(long_names(), width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    right = page.locator(".bp-live").bounding_box()
    right = right["x"] + right["width"]
    for element in page.locator(".bp-live :is(p, input, select, .bp-name):visible").all():
        box = element.bounding_box()
        assert box["x"] + box["width"] <= right, element.evaluate("(e) => e.outerHTML")


def test_a_node_whose_formula_is_too_long_for_a_name_shows_its_operation(show):
    x = Value(2.0, "x")
    page = show(live(((x + 1) * (x + 2) - 5).named("y"), {x: (-4, 4)}, name="long")).page
    node = page.locator(".bp-node", has=page.locator(".bp-title", has_text=re.compile(r"^u\d+$")))
    assert node.locator(".bp-tag").all_text_contents() == ["×"]


def test_texts_do_not_leave_their_boxes(show):
    for width in (320, 500, 800, 1200):
        page = show(neuron(), diamond(), gaps(), long_names(), width=width).page
        outside = page.evaluate(
            """() => [...document.querySelectorAll(".bp-node")].flatMap((node) => {
              const box = node.querySelector(".bp-box").getBoundingClientRect();
              return [...node.querySelectorAll("text")].filter((text) => {
                const at = text.getBoundingClientRect();
                return at.width && (at.left < box.left || at.right > box.right + 0.5);
              }).map((text) => text.textContent);
            })"""
        )
        assert outside == [], width


LONG = "#neuron:w=0.1328947703737676,b=1.1664473851868837,x=2,y=0.8"


@pytest.mark.parametrize("width", [320, 375, 600, 720, 800, 1280])
@pytest.mark.parametrize("address", [LONG, "#neuron:w=-1.9999999,b=-1.9999999,x=1.9999999,y=0"])
def test_no_number_runs_into_its_sign(show, width, address):
    page = show(neuron(), gaps(), width=width, address=address).page
    page.evaluate("figures[1].store.propose([-1e-7 + 0.5, 1.2345678])")
    settle(page)
    lines = page.evaluate(
        """() => [...document.querySelectorAll(".bp-node")].flatMap((node) =>
          ["value", "grad"].map((kind) => {
            const [sign, number] = [...node.querySelectorAll(`text.bp-${kind}`)];
            const room = number.getBoundingClientRect().left - sign.getBoundingClientRect().right;
            return [number.textContent, room];
          }))"""
    )
    assert len(lines) > 20
    assert [line for line in lines if not line[0] or line[1] < 2] == []


def crossing():
    """An input that is used again three ranks later, past cards of other nodes."""
    p, q = Value(0.5, "p"), Value(0.7, "q")
    r = (p * q).named("r")
    s = (r.sin() * q).named("s")
    t = (s.exp() * p + r * q + s * p).named("t")
    return live((t * p + q * r).named("loss"), {p: (-1, 1), q: (-1, 1)}, name="crossing")


@pytest.mark.parametrize("width", [320, 800, 1400])
def test_no_edge_runs_behind_a_node_that_it_does_not_join(show, width):
    page = show(neuron(), gaps(), crossing(), width=width).page
    behind = page.evaluate(
        """() => figures.flatMap(({ el }) => {
          const boxes = [...el.querySelectorAll(".bp-box")].map((box) => box.getBoundingClientRect());
          return [...el.querySelectorAll(".bp-edge")].flatMap((edge) => {
            const wire = edge.querySelector(".bp-wire");
            const matrix = wire.getScreenCTM();
            const long = wire.getTotalLength();
            const hits = new Set();
            for (let at = 4; at < long - 4; at += 1) {
              const p = wire.getPointAtLength(at).matrixTransform(matrix);
              boxes.forEach((b, k) => {
                if (p.x > b.left + 1 && p.x < b.right - 1 && p.y > b.top + 1 && p.y < b.bottom - 1)
                  hits.add(k);
              });
            }
            return hits.size ? [edge.getAttribute("aria-label")] : [];
          });
        })"""
    )
    assert behind == []


def test_reduced_motion_has_no_transition(show):
    for motion, expected in (("no-preference", True), ("reduce", False)):
        page = show(neuron(), reduced_motion=motion).page
        moving = page.evaluate(
            "() => [...document.querySelectorAll('.bp-live *')]"
            ".some((e) => getComputedStyle(e).transitionDuration.split(', ').some((t) => parseFloat(t) > 0))"
        )
        assert moving is expected
