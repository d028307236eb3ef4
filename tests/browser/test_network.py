"""The network view in Chromium: units and edges read, three states stepped through, weights moved, epochs."""

import re

import pytest
from pages import (
    assert_agrees,
    assert_clean,
    entry,
    inputs,
    number,
    said,
    settle,
    slider,
    type_into,
)

from bplib.neurons import neurons
from bplib.widgets import library
from bplib.widgets.live import live, task
from bplib.widgets.views import bars as amounts
from bplib.widgets.views import compose, curve, graph, network

pytestmark = pytest.mark.browser

DATA = {"x1": [1, 2, -1, 0.5], "x2": [2, -1, 1, 0.5], "y": [1, 0, 0, 1]}


def two(data=None, b1=(0.2, -0.2), params=True):
    W, b = [[[0.5, -0.3], [0.2, 0.8]], [[1.0, -0.5]]], [list(b1), [0.5]]
    net = neurons(W, b, ["relu", "sigmoid"], x=[1.0, 2.0], y=[1.0], loss="bce")
    controls = {**{p: (-2, 2) for p in net.params}, "x1": (-3, 3), "x2": (-3, 3), "y": (0, 1)}
    view = network(net.layers, net.W, sums=net.z, biases=net.b)
    moving = net.params if params else []
    return live(net.loss, controls, params=moving, data=data, views=[view], name="two")


def one():
    W, b = [[[0.5]], [[0.8]]], [[0.1], [0.2]]
    net = neurons(W, b, ["relu", "sigmoid"], x=[2.0], y=[0.8], loss="squared")
    controls = {**{p: (-1, 3) for p in net.params}, "x": (-3, 3), "y": (0, 1)}
    view = network(net.layers, net.W, sums=net.z, biases=net.b)
    return live(net.loss, controls, params=net.params, views=[view], name="one")


def all_views():
    """A chain of two units, shown in five ways at once."""
    net = neurons([[[0.5]], [[0.8]]], [[0.1], [0.2]], ["tanh", "sigmoid"], x=[1.0], y=[0.8], loss="squared")
    (x,), (y,) = net.x, net.y
    named = [unit for rows in zip(net.z, net.a, strict=True) for (unit,) in rows]
    views = [
        network(net.layers, net.W, sums=net.z, biases=net.b),
        graph(),
        curve(of=net.loss, against=x),
        compose(x, *named, net.loss),
        amounts(*named),
    ]
    return live(net.loss, {x: (-3, 3), y: (0, 1)}, params=net.params, views=views, name="all")


@pytest.fixture
def show_all(show):
    """Return `show` followed by a press on "Show all" in every figure: they open before the first step."""

    def show_it(*figures, **options):
        visit = show(*figures, **options)
        for button in visit.page.get_by_role("button", name="Show all").all():
            button.click()
        settle(visit.page)
        return visit

    return show_it


def part(page, start):
    return page.locator(f'.bp-network g[aria-label^="{start}"]').first


def reading(page):
    return page.locator(".bp-network .bp-reading").inner_text()


def press(page, name, times=1):
    for _ in range(times):
        page.locator(".bp-network").get_by_role("button", name=name).click()
        settle(page)


def table(page):
    """Read the intermediates: {name: (value, gradient, sum so far / samples)}, "" where nothing is known."""
    lines = page.locator(".bp-intermediates tbody tr").all()
    return {line.locator("th").inner_text(): tuple(line.locator("td").all_text_contents()) for line in lines}


def known(page):
    """Return the names whose value, and those whose gradient, are shown."""
    rows = table(page).items()
    return {name for name, row in rows if row[0]}, {name for name, row in rows if row[1]}


def test_the_picture_is_drawn_once(open_page):
    """Drawn before its table has its width it would be drawn again, and WebKit report an error."""
    listen = "window.heard = []; addEventListener('error', (event) => heard.push(event.message));"
    page = open_page("book/04-two-layer-network.html", script=listen).page
    settle(page)
    assert page.evaluate("heard") == []


def test_units_show_z_a_and_delta_and_the_table_every_intermediate(show_all):
    fig = two()
    page = (visit := show_all(fig)).page
    units = page.locator(".bp-unit").all()
    assert [unit.get_attribute("aria-label") for unit in units] == [
        "unit a1_1: z 0.1, a 0.1, delta −0.549834",
        "unit a1_2: z 1.6, a 1.6, delta 0.274917",
        "unit yhat: z −0.2, a 0.450166, delta −0.549834",
    ]
    rows = table(page)
    assert set(rows) == set(fig.values)
    for name, (value, gradient, _) in rows.items():
        assert number(value) == pytest.approx(fig.values[name], rel=1e-5)
        assert number(gradient) == pytest.approx(fig.gradients[name], rel=1e-5)
    # The weights have their controls in the view, inputs and target above it.
    panel = page.locator(".bp-panel input[type=range]").all()
    assert [control.get_attribute("aria-label") for control in panel] == ["x1", "x2", "y"]
    assert_agrees(page, fig)
    assert not visit.faults


def test_an_edge_reads_delta_times_a(show_all):
    page = show_all(two()).page
    part(page, "edge W1_12").focus()
    settle(page)
    assert "dloss/dW1_12 = δ1_1 × x2 = (−0.549834) × 2 = −1.09967" in reading(page)
    part(page, "edge W2_12").focus()
    settle(page)
    assert "dloss/dW2_12 = δ2 × a1_2 = (−0.549834) × 1.6 = −0.879734" in reading(page)
    part(page, "bias b1_2").focus()
    settle(page)
    assert "dloss/db1_2 = δ1_2 = 0.274917" in reading(page)
    part(page, "unit a1_2").focus()
    settle(page)
    assert "z1_2 = W1_21 × x1 + W1_22 × x2 + b1_2 = 0.2 × 1 + 0.8 × 2 + (−0.2) = 1.6" in reading(page)
    assert "δ1_2 = (W2_12 × δ2) × da1_2/dz1_2\n= ((−0.5) × (−0.549834)) × 1 = 0.274917" in reading(page)
    part(page, "unit yhat").focus()
    settle(page)
    assert "δ2 = dloss/dz2 = yhat − y = 0.450166 − 1 = −0.549834" in reading(page)
    # Pointing does the same.
    box = part(page, "edge W1_22").locator(".bp-reach").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    assert "dloss/dW1_22 = δ1_2 × x2 = 0.274917 × 2 = 0.549834" in reading(page)


def test_edges_are_as_wide_as_a_weight_or_its_gradient(show_all):
    page = show_all(two()).page

    def widths():
        lines = {name: part(page, f"edge {name}").locator(".bp-link") for name in ("W1_12", "W1_22", "W2_11")}
        return {
            name: (float(line.get_attribute("stroke-width")), line.get_attribute("stroke-dasharray"))
            for name, line in lines.items()
        }

    weights = widths()
    assert weights["W2_11"][0] > weights["W1_22"][0] > weights["W1_12"][0]
    assert weights["W1_12"][1] != "none" and weights["W1_22"][1] == "none"
    page.get_by_label("edges show").select_option("gradients")
    settle(page)
    gradients = widths()
    assert gradients["W1_12"][0] > gradients["W1_22"][0] > gradients["W2_11"][0]
    assert part(page, "edge W1_12").locator(".bp-link-gradients").count() == 1


def test_three_states_layer_by_layer(show):
    fig = two()
    page = (visit := show(fig)).page
    leaves = set(fig.tape.names[i] for i in fig.tape.inputs)
    assert known(page) == (leaves, set()), "it opens before the first step"
    press(page, "Forward")
    assert known(page) == (leaves | {"z1_1", "z1_2", "a1_1", "a1_2"}, set())
    assert reading(page).startswith("forward, layer 1")
    press(page, "Forward", 2)
    assert known(page) == (set(fig.values), {"loss"})
    press(page, "Backward")
    assert known(page)[1] == {"loss", "yhat", "z2", "W2_11", "W2_12", "b2"}
    assert reading(page).startswith("backward, layer 2")
    press(page, "Backward")
    assert known(page)[1] >= set(fig.gradients) - {"y"}
    press(page, "Update")
    fig.step()
    assert known(page) == (leaves, set())
    assert inputs(page) == fig.inputs
    assert "W1_11 0.5 → 0.554983" in reading(page)
    assert "predicted change of loss" in said(page)
    press(page, "Forward")
    assert known(page)[0] == leaves | {"z1_1", "z1_2", "a1_1", "a1_2"}
    press(page, "Show all")
    assert known(page) == (set(fig.values), set(fig.values))
    assert_agrees(page, fig)
    # After an update whoever moves something by hand, or resets, begins again.
    for move in (
        lambda: slider(page, "x1").press("ArrowRight"),
        page.get_by_role("button", name="Reset").click,
    ):
        press(page, "Show all")
        press(page, "Update")
        assert reading(page).startswith("update")
        move()
        settle(page)
        assert known(page) == (leaves, set())
        assert reading(page).startswith("Point at")
    assert not visit.faults


KNOWN = """([source, depth, rows]) => {
  const { stepsOf, knownAfter } = new Function(`${source} return network$passes$;`)();
  const steps = stepsOf(depth, rows, true);
  const layers = Array.from({ length: depth + 2 }, (_, layer) => layer);
  const tell = (taken) => {
    const { value, gradient, rows: left } = knownAfter(steps[taken - 1], taken, depth, rows);
    return layers.map((layer) => [value(layer), layer > 0 && gradient(layer), left(layer)]);
  };
  return [steps, [...steps.keys(), steps.length].map(tell), tell(null)];
}"""


@pytest.mark.parametrize(("depth", "rows"), [(1, 0), (3, 0), (2, 3)])
def test_what_is_known_is_what_the_steps_so_far_have_found(chromium, depth, rows):
    page = chromium.new_page()
    steps, seen, whole = page.evaluate(KNOWN, [library.join(["network/passes.js"]), depth, rows])
    page.close()
    assert len(steps) == (2 * depth + 1) * max(1, rows) + 1
    layers = range(depth + 2)
    for taken, known in enumerate(seen):
        now = steps[taken - 1] if taken else {}
        so_far = [] if now.get("phase") == "update" else steps[:taken]
        mine = {(step["phase"], step["layer"]) for step in so_far if step.get("row") == now.get("row")}
        back = [step["layer"] for step in so_far if step["phase"] == "backward"]
        for k in layers:
            value, gradient, left = known[k]
            assert value == (k == 0 or ("forward", k) in mine)
            if 0 < k <= depth:
                assert (gradient, left) == (("backward", k) in mine, back.count(k))
    assert all(value for value, _, _ in whole) and all(gradient for _, gradient, _ in whole[1:])
    assert {left for *_, left in whole} == {rows}


def move_panel(page):
    return " ".join(page.locator(".bp-move").inner_text().split())


def update(page):
    """Return whether Update is offered, what the page says is the reason, and the name of that reason."""
    button = page.get_by_role("button", name="Update")
    said_by = f"#{button.get_attribute('aria-describedby')}"
    return button.get_attribute("aria-disabled") is None, page.locator(said_by).inner_text()


def test_update_waits_for_the_gradients_of_all_layers(show):
    page = (visit := show(two())).page
    start = inputs(page)
    waits = "Update waits for the gradients of all layers."
    for phase in [None, "Forward", "Forward", "Forward", "Backward"]:
        if phase:
            press(page, phase)
        assert update(page) == (False, waits)
        page.get_by_role("button", name="Update").click(force=True)  # no test may call it enabled
        settle(page)
        assert inputs(page) == start
        assert said(page).strip() == waits
        assert "W1_11: not computed yet" in move_panel(page)
    press(page, "Backward")
    assert update(page) == (True, "All gradients are known. Update can follow.")
    assert "measured from W1_11 = 0.5, where dloss/dW1_11 = −0.549834" in move_panel(page)
    # What is stale says so, and the new gradient is not there yet.
    press(page, "Update")
    assert inputs(page) != start
    assert update(page) == (False, "The weights have moved: what was known is stale.")
    panel = move_panel(page)
    assert panel.endswith("The weights have moved: what was known is stale.")
    assert re.search(r"dloss/dW1_11: not computed yet .*predicted: gradient × change = \?", panel)
    assert "true change of loss = ?" in panel
    assert page.locator(".bp-move .bp-track div:visible").count() == 0
    moved = inputs(page)
    page.get_by_role("button", name="Update").press("Enter")
    settle(page)
    assert inputs(page) == moved
    # The step beside the sliders would not wait.
    assert not page.get_by_role("button", name="Gradient step").is_visible()
    assert page.get_by_label("learning rate").is_visible()
    assert not visit.faults


def test_in_an_epoch_update_waits_for_every_sample(show):
    page = show(two(DATA)).page
    page.get_by_label("steps for").select_option(index=1)
    settle(page)
    for _ in range(4):
        assert update(page) == (False, "Update waits for the gradients of all 4 samples.")
        press(page, "Forward", 3)
        press(page, "Backward", 2)
    assert update(page)[0]


def test_delta_of_an_output_is_told_from_the_graph(show_all):
    """Cross-entropy of a sigmoid gives yhat − y, over the number of outputs; a squared error its product."""
    W, b = [[[0.5], [-0.4]]], [[0.1, 0.3]]
    options = {"x": [2.0], "y": [0.25, 0.75]}
    pair = neurons(W, b, ["sigmoid"], **options, loss="bce")
    error = neurons(W, b, ["sigmoid"], **options, loss="squared")
    expected = ["δ_1 = dloss/dz_1 = (yhat1 − y1) / 2 = (0.750260 − 0.25) / 2", "dloss/dyhat1 × dyhat1/dz_1"]
    for net, sentence in zip((pair, error), expected, strict=True):
        view = network(net.layers, net.W, sums=net.z, biases=net.b)
        fig = live(net.loss, {p: (-1, 1) for p in net.params}, views=[view], name="outputs")
        page = (visit := show_all(fig)).page
        part(page, "unit yhat1").focus()
        settle(page)
        assert sentence.replace("0.750260", "0.75026") in reading(page)
        assert not visit.faults


def test_play_runs_to_the_update(show):
    fig = two()
    page = show(fig, shared=False).page
    page.clock.install()
    press(page, "Play")
    page.clock.run_for(10_000)
    page.clock.resume()
    settle(page)
    fig.step()
    assert inputs(page) == fig.inputs
    assert page.get_by_role("button", name="Play").count() == 1


def test_an_epoch_takes_every_sample_averages_and_updates_once(show):
    fig = two(DATA)
    page = (visit := show(fig)).page
    each = []
    for sample in range(4):
        fig.select(sample)
        each.append(fig.gradients)
    fig.reset()
    page.get_by_label("steps for").select_option(index=1)
    settle(page)
    for sample in range(4):
        press(page, "Forward", 3)
        assert reading(page).startswith(f"sample {sample + 1} of 4, forward, loss")
        assert inputs(page)[0] == DATA["x1"][sample]
        press(page, "Backward", 2)
        for name in ("W1_11", "W2_12", "b2"):
            share = sum(grads[name] for grads in each[: sample + 1]) / 4
            assert number(table(page)[name][2]) == pytest.approx(share, rel=1e-5)
        part(page, "edge W1_11").focus()
        settle(page)
        assert f"sum over {sample + 1} of 4 samples, / 4 = {table(page)['W1_11'][2]}" in reading(page)
    assert page.locator(".bp-intermediates th").all_text_contents()[3] == "sum so far / 4"
    press(page, "Update")
    fig.select(3)
    fig.epoch()
    assert inputs(page) == pytest.approx(fig.inputs, rel=1e-15)
    assert "predicted change of mean loss" in said(page)
    # Update once all is shown is the same as walking there.
    page.get_by_role("button", name="Reset").click()
    settle(page)
    page.get_by_label("steps for").select_option(index=1)
    press(page, "Show all")
    press(page, "Update")
    fig.reset()
    fig.epoch()
    assert inputs(page) == pytest.approx(fig.inputs, rel=1e-15)
    assert not visit.faults


def test_samples_are_chosen_from_a_menu(show):
    page = show(two(DATA)).page
    page.get_by_label("sample", exact=True).select_option("2 of 4")
    settle(page)
    assert inputs(page)[:2] == [2, -1]
    slider(page, "x1").press("ArrowRight")
    settle(page)
    menu = page.get_by_label("sample", exact=True)
    assert menu.evaluate("(select) => select.selectedOptions[0].text") == "none of 4"
    menu.select_option("1 of 4")
    settle(page)
    assert inputs(page)[:2] == [1, 2]


def bars(page):
    """Return the two numbers and the two bars: (left, width) in percent of the track."""
    numbers = [number(text.split("= ")[1]) for text in page.locator(".bp-changes span").all_inner_texts()]
    styles = page.locator(".bp-changes .bp-track div").evaluate_all(
        "(bars) => bars.map(({style}) => [parseFloat(style.left), parseFloat(style.width)])"
    )
    return numbers, styles


def test_the_prediction_bar_agrees_parts_and_changes_sign(show_all):
    fig = one()
    page = (visit := show_all(fig)).page
    start, slope = fig.values["loss"], fig.gradients["W1"]
    near, turn = 0.6, 1.2  # the loss is below its start at the one, above it at the other
    for _ in range(40):
        fig.controls["W1"] = (near + turn) / 2
        near, turn = (near, (near + turn) / 2) if fig.values["loss"] > start else ((near + turn) / 2, turn)
    fig.reset()
    part(page, "edge W1").focus()
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "W1"
    words = page.locator(".bp-move .bp-apart")
    assert "nothing has changed" in words.inner_text()
    assert page.locator(".bp-move .bp-track div:visible").count() == 0  # a change of 0 has no length
    for w, said_of_it in ((0.52, "they agree"), (0.8, "they part"), (1.2, "opposite signs")):
        fig.controls["W1"] = w
        type_into(page, "W1", str(w))
        (predicted, true), (hollow, solid) = bars(page)
        assert predicted == pytest.approx(slope * (w - 0.5), rel=1e-4)
        assert true == pytest.approx(fig.values["loss"] - start, rel=1e-4)
        assert said_of_it in words.inner_text()
        assert (f"from W1 = {turn:.3g} on" in words.inner_text()) == (w == 1.2)
        assert hollow[0] == pytest.approx(50 - hollow[1], abs=0.01)
        assert solid[0] == pytest.approx(50 - solid[1] if true < 0 else 50, abs=0.01)
    # Chosen again it is measured on.
    before = bars(page)
    part(page, "edge W1").press("Enter")
    settle(page)
    assert bars(page) == before and before[0][1] != 0
    # A new point to measure from; and another input moves it too.
    page.get_by_role("button", name="Measure from here").click()
    settle(page)
    assert bars(page)[0] == [0, 0]
    slider(page, "W1").press("ArrowRight")
    settle(page)
    assert bars(page)[0][0] == pytest.approx(fig.gradients["W1"] * 0.02, rel=1e-4)
    slider(page, "y").press("ArrowLeft")
    settle(page)
    assert bars(page)[0] == [0, 0]
    assert not visit.faults


def test_a_click_chooses_a_weight_and_typed_nonsense_is_refused(show_all):
    page = show_all(two()).page
    part(page, "bias b1_2").locator(".bp-box").click()
    settle(page)
    assert entry(page, "b1_2").input_value() == "−0.2"
    assert "bp-chosen" in part(page, "bias b1_2").get_attribute("class")
    type_into(page, "b1_2", "9")
    assert "outside the range" in said(page)
    type_into(page, "b1_2", "0.3")
    assert table(page)["z1_2"][0] == "2.1"


@pytest.mark.parametrize(("width", "touch"), [(390, True), (1000, False)])
def test_a_table_that_no_task_has_opened_takes_no_room(show, width, touch):
    """Nor does the figure speak of a slider that is not there yet."""
    net = neurons([[[0.5]], [[0.8]]], [[0.1], [0.2]], ["relu", "sigmoid"], x=[2.0], y=[0.8], loss="squared")
    drawing = network(net.layers, net.W, sums=net.z, biases=net.b)
    asked = [
        task("Step.", opens=["network"]),
        task("Read.", passes="done", opens=["table"]),
        task("Move.", opens=["move"]),
    ]
    spans = {p: (-1, 3) for p in net.params}
    fig = live(net.loss, spans, params=net.params, views=[drawing], tasks=asked, name="asked")
    page = (visit := show(fig, whole=False, width=width, height=844, has_touch=touch)).page
    picture, columns = page.locator(".bp-network svg"), page.locator(".bp-network .bp-columns")
    every, hint = page.locator(".bp-every"), page.locator(".bp-network .bp-reading")

    def share():
        return picture.bounding_box()["width"] / columns.bounding_box()["width"]

    assert not every.is_visible() and share() > 0.95
    assert "Click" not in hint.inner_text()
    page.get_by_role("button", name="Next").click()
    settle(page)
    assert every.is_visible()
    assert page.locator(".bp-intermediates").is_visible() == (not touch)
    assert (share() > 0.95) == touch
    page.get_by_role("button", name="Next").click()
    settle(page)
    assert "Click an edge" in hint.inner_text()
    assert not visit.faults


def test_the_zero_that_is_none(show_all):
    page = show_all(two(b1=(0.1, -0.2))).page
    assert table(page)["z1_1"][0] == "2.77556e−17"
    assert number(table(page)["W1_11"][1]) == pytest.approx(-0.574443)
    assert "z 2.8e−17" in part(page, "unit a1_1").locator("text").all_text_contents()


def test_a_prediction_beside_the_loss_has_its_delta_at_once(show_all):
    W, b = [[[0.5]], [[0.8]]], [[0.1], [0.2]]
    net = neurons(W, b, ["relu", "sigmoid"], x=[2.0], y=[1.0], loss="bce_from_logit")
    view = network(net.layers, net.W, sums=net.z, biases=net.b)
    fig = live(net.loss, {p: (-1, 1) for p in net.params}, views=[view], name="logit")
    page = (visit := show_all(fig)).page
    part(page, "unit yhat").focus()
    settle(page)
    assert "yhat = sigmoid(z2) = 0.746494" in reading(page)
    assert "δ2 = dloss/dz2 = yhat − y = 0.746494 − 1 = −0.253506" in reading(page)
    assert not visit.faults


def test_without_parameters_there_is_no_update(show):
    page = show(two(params=False)).page
    assert page.get_by_role("button", name="Update").count() == 0
    press(page, "Forward", 3)
    press(page, "Backward", 2)
    assert known(page)[1] >= {"W1_11", "W2_12"}


def test_any_moves_leave_no_fault(show):
    page = (visit := show(two(DATA))).page
    for key in ["Home", "End"]:
        for name in ("x1", "x2", "y"):
            slider(page, name).press(key)
        settle(page)
        assert_clean(page)
    for name in ("edge W1_21", "edge W2_11", "bias b2"):
        part(page, name).focus()
        page.keyboard.press("Enter")
        for key in ("End", "Home", "PageUp", "Escape"):
            page.keyboard.press(key)
        settle(page)
        press(page, "Show all")
        press(page, "Update")
        press(page, "Backward")
        assert_clean(page)
    type_into(page, "learning rate", "1000")
    press(page, "Show all")
    press(page, "Update")
    assert "No step" in said(page)
    assert_clean(page)
    assert not visit.faults


def test_axe_finds_nothing(show, axe_in_both):
    page = show(two(DATA), one()).page
    page.get_by_role("button", name="Forward").first.click()
    settle(page)
    assert axe_in_both(page) == []


@pytest.mark.parametrize("width", [288, 320, 375, 480, 1000])
def test_nothing_is_wider_than_the_page(show, width):
    page = show(two(DATA), width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    canvas = page.locator(".bp-network .bp-canvas")
    assert canvas.evaluate("(box) => box.scrollWidth <= box.clientWidth + 4")
    # Every row below the picture keeps to its column; units and biases stand clear of each other, in sight.
    page.locator(".bp-network .bp-edge[role=button]").first.press("Enter")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    clear = page.evaluate(
        """() => {
          const frame = document.querySelector(".bp-network svg").getBoundingClientRect();
          const boxes = ".bp-network :is(.bp-node, .bp-pill) .bp-box";
          const shapes = [...document.querySelectorAll(boxes)]
            .map((shape) => shape.getBoundingClientRect());
          const inside = shapes.every((a) => a.left >= frame.left - 1 && a.right <= frame.right + 1);
          const apart = shapes.every((a, i) => shapes.every((b, k) => i === k || a.right <= b.left + 1
            || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1));
          return [shapes.length > 4, inside, apart];
        }"""
    )
    assert clear == [True, True, True]


# The windows that a figure is tried at, and the width that chapter 4 gives it there.
WINDOWS = [(1280, 600, 654), (1366, 650, 723), (1440, 780, 756), (390, 844, 324)]


@pytest.mark.parametrize(("wide", "tall", "inner"), WINDOWS)
def test_it_never_turns_and_keeps_its_height(show, wide, tall, inner):
    page = (visit := show(two(DATA), width=wide, height=tall)).page
    page.add_style_tag(content=f"main {{ width: {inner + 34}px; margin-left: {-8 if wide < 400 else 0}px; }}")
    settle(page)

    def measure():
        return page.evaluate(
            """() => {
              const box = (shape) => document.querySelector(shape).getBoundingClientRect();
              const x = box(".bp-input circle");
              const picture = box(".bp-network svg");
              const down = box(".bp-unit circle").top > x.bottom;
              return [down, Math.round(picture.width), Math.round(picture.height),
                ...[".bp-live", ".bp-network", ".bp-network .bp-bar"]
                  .map((part) => Math.round(box(part).height))];
            }"""
        )

    # From left to right wherever there is room, so that the picture and its buttons share a screen.
    first = measure()
    assert first[0] == (inner < 400)
    seen = [first]
    see = lambda: seen.append(measure())  # noqa: E731
    page.get_by_label("steps for").select_option(index=1)
    settle(page)
    see()
    for _ in range(2):  # the second epoch with weights of six digits
        for _ in range(4):
            for phase in ["Forward"] * 3 + ["Backward"] * 2:
                press(page, phase)
                see()
        press(page, "Update")
        see()
    press(page, "Show all")
    see()
    for name in ("edge W1_12", "bias b1_1", "unit a1_2", "input x2"):
        part(page, name).focus()
        settle(page)
        see()
    part(page, "edge W1_11").press("Enter")
    for control in (slider(page, "W1_11"), slider(page, "x1")):
        for key in ("ArrowRight", "PageUp", "End", "Home"):
            control.press(key)
            settle(page)
            see()
    assert set(map(tuple, seen)) == {tuple(first)}
    assert not visit.faults


@pytest.mark.parametrize(("wide", "tall", "inner"), WINDOWS)
def test_control_and_picture_are_on_screen_together(show, wide, tall, inner):
    """A chosen weight's slider, the picture above it and the bars below, each within 600 px of it."""
    page = show(two(DATA), width=wide, height=tall).page
    page.add_style_tag(content=f"main {{ width: {inner + 34}px; margin-left: {-8 if wide < 400 else 0}px; }}")
    settle(page)
    top = page.locator(".bp-network svg").bounding_box()["y"]
    control = slider(page, "W1_11").bounding_box()
    bars = page.locator(".bp-changes").bounding_box()
    assert control["y"] + control["height"] - top <= 600
    assert bars["y"] + bars["height"] - control["y"] <= 600


@pytest.mark.parametrize("width", [375, 800])
@pytest.mark.parametrize("shows", ["weights", "gradients"])
def test_every_number_has_room(show_all, width, shows):
    page = (visit := show_all(two(DATA, b1=(-0.123, 0.2)), one(), width=width)).page
    for menu in page.get_by_label("edges show").all():
        menu.select_option(shows)
    page.evaluate("figures[0].store.propose(figures[0].store.inputs.map((x) => x / 1.2345678))")
    settle(page)
    crowded = page.evaluate(
        """() => {
          const box = (element) => element.getBoundingClientRect();
          // What is written beside a pill: a name and a number, inside it and apart.
          const pills = [...document.querySelectorAll(".bp-pill")].flatMap((pill) => {
            const frame = box(pill.querySelector("rect"));
            const [a, b] = [...pill.nextSibling.children].map(box);
            const inside = [a, b].every((text) => text.left > frame.left && text.right < frame.right);
            return inside && (a.right < b.left || a.bottom < b.top + 4) ? [] : [pill.nextSibling.textContent];
          });
          // The corners of a number, without the room above and below its digits, inside the circle.
          const circles = [...document.querySelectorAll(".bp-unit")].flatMap((unit) => {
            const circle = box(unit.querySelector("circle"));
            const r = circle.width / 2;
            return [...unit.querySelectorAll("text:not(.bp-title)")].filter((text) => {
              const at = box(text);
              const aside = Math.abs((at.top + at.bottom) / 2 - circle.top - r) + 0.2 * at.height;
              return Math.hypot(at.width / 2, aside) > r - 2;
            }).map((text) => text.textContent);
          });
          return [document.querySelectorAll(".bp-pill").length, ...pills, ...circles];
        }"""
    )
    assert crowded == [5]
    assert not visit.faults


def test_any_views_stand_in_one_figure(show):
    visit = show(all_views(), height=3000)
    page = visit.page
    kinds = ["network", "graph", "curve", "compose", "bars"]
    for kind in kinds:
        assert page.locator(f".bp-{kind}").evaluate("(e) => e.clientHeight") > 80, kind
    before = page.locator(".bp-live").inner_text()
    type_into(page, "x", "-2")
    for kind in kinds:
        assert page.locator(f".bp-{kind}").inner_text() not in before, kind
    assert not visit.faults
