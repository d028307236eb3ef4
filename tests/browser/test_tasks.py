"""Tasks in a figure: what it opens with, what it asks, how it notices, and what it opens then.

Conditions are tried as pure functions, then each kind by what a reader does; the pages of the site are
visited to count what a figure shows before anyone has touched it.
"""

import json

import pytest
from pages import inputs, rows, said, settle, slider, type_into
from states import FIGURE, STATES

from bplib.neurons import neurons
from bplib.scalar import Value
from bplib.widgets import library
from bplib.widgets.live import above, below, curve, graph, live, reached, read, stepped, task, walked
from bplib.widgets.views import network

pytestmark = pytest.mark.browser

TRAITS = ("spec", "inputs", "rate", "task")
MET = library.join(["tasks.js"])


def neuron(*tasks, **options):
    w, b, x, y = (Value(number, key) for number, key in ((0.5, "w"), (0.1, "b"), (2.0, "x"), (0.8, "y")))
    a = (w * x + b).sigmoid().named("a")
    loss = ((a - y) ** 2).named("loss")
    spans = {w: (-2, 2), b: (-2, 2), x: (-2, 2), y: (0, 1)}
    views = [graph(), curve(of=loss, against=w)]
    return live(loss, spans, params=[w, b], views=views, name="neuron", tasks=tasks, **options)


def lesson():
    return neuron(
        task(
            "Press Backward to the end.",
            passes="ahead",
            until=walked(),
            opens=["graph"],
            then="From the loss.",
        ),
        task(
            "Drag x to 0.",
            start={"x": 1},
            passes="done",
            until=reached("x", 0),
            opens=["x"],
            then="That of w.",
        ),
        task("Take two steps.", start={"w": -1}, rate=2, until=stepped(2), opens=["step", "curve"]),
        task(
            "What did you see? A long question, which needs more than one line on a phone.", opens=["nudge"]
        ),
    )


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def shown(page):
    """Read the question, whether it has its tick, and the answer if there is one."""
    return page.evaluate(
        """() => {
          const text = (place) => document.querySelector(`${place} .bp-shown`)?.textContent ?? "";
          return [text(".bp-asks"), text(".bp-then")];
        }"""
    )


def parts(page):
    return page.evaluate(
        """() => [...document.querySelectorAll("[data-part]")]
          .filter((element) => element.checkVisibility()).map(({ dataset }) => dataset.part)"""
    )


# Conditions.


@pytest.mark.parametrize(
    ("until", "seen", "done"),
    [
        (["reached", 1, 0, 0.01], {"inputs": [5, 0.009]}, True),
        (["reached", 1, 0, 0.01], {"inputs": [0, -0.02]}, False),
        (["below", 0, 1e-3], {"values": [9e-4]}, True),
        (["below", 0, 1e-3], {"values": [1e-3]}, False),
        (["above", 1, 2], {"values": [9, 2.5]}, True),
        (["above", 1, 2], {"values": [9, 2]}, False),
        (["stepped", 2], {"events": [["stepped"], ["read", 1], ["stepped"]]}, True),
        (["stepped", 2], {"events": [["stepped"], ["walked"]]}, False),
        (["walked"], {"events": [["read", 2], ["walked"]]}, True),
        (["walked"], {"events": [["stepped"]]}, False),
        (["read"], {"events": [["read", 3]]}, True),
        (["read"], {"events": [["walked"]]}, False),
        (["read", 3], {"events": [["read", 4], ["read", 3]]}, True),
        (["read", 3], {"events": [["read", 3, 4]]}, False),
        (["read", 3, 4], {"events": [["read", 3, 4]]}, True),
        (["read", 3, 4], {"events": [["read", 4, 3], ["read", 3]]}, False),
    ],
)
def test_a_condition_is_met_by_numbers_and_by_what_was_done(chromium, show, until, seen, done):
    page = show(neuron()).page
    assert (
        page.evaluate(f"([until, seen]) => {{ {MET} return tasks$.met(until, seen); }}", [until, seen])
        is done
    )


# In a figure.


def test_a_figure_opens_with_its_first_task_and_each_opens_more(show):
    page = (visit := show(lesson(), traits=TRAITS, whole=False)).page
    assert shown(page) == ["1 of 4Press Backward to the end.", ""]
    assert parts(page) == ["graph"]
    for question, there in (
        ("2 of 4Drag x to 0.", ["x", "graph"]),
        ("3 of 4Take two steps.", ["x", "step", "graph", "curve"]),
    ):
        press(page, "Next ▸")
        assert shown(page)[0] == question
        assert parts(page) == there
    assert not page.locator(".bp-nudge").is_visible()
    press(page, "Next ▸")
    assert page.locator(".bp-nudge").is_visible()
    assert page.get_by_role("button", name="Next ▸").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Next ▸").press("Enter")
    assert shown(page)[0].startswith("4 of 4")
    # Going back closes nothing.
    press(page, "◂ Back")
    assert page.locator(".bp-nudge").is_visible()
    press(page, "Show everything")
    assert parts(page) == ["w", "b", "x", "y", "step", "graph", "curve"]
    press(page, "Reset")
    press(page, "◂ Back")
    assert parts(page) == ["w", "b", "x", "y", "step", "graph", "curve"]
    assert not visit.faults


def test_a_task_begins_at_its_own_state_and_again_after_reset(show):
    page = (visit := show(lesson(), traits=TRAITS, whole=False)).page
    press(page, "Next ▸")
    assert inputs(page) == [0.5, 0.1, 1, 0.8]
    slider(page, "x").press("Home")
    press(page, "Reset")
    assert inputs(page) == [0.5, 0.1, 1, 0.8]
    press(page, "Next ▸")
    assert inputs(page) == [-1, 0.1, 2, 0.8]
    assert page.evaluate("figures[0].model.state.rate") == 2
    press(page, "Gradient step")
    moved = inputs(page)
    assert moved[0] > -1
    # The fourth goes on from where the reader is.
    press(page, "Next ▸")
    assert inputs(page) == moved
    assert page.evaluate("figures[0].model.state.task") == 4
    assert not visit.faults


def test_what_is_done_is_noticed_and_then_the_answer_comes(show):
    page = (visit := show(lesson(), traits=TRAITS, whole=False)).page
    heard = page.locator(".bp-heard")
    for _ in range(6):
        assert shown(page) == ["1 of 4Press Backward to the end.", ""]
        press(page, "◂ Backward")
    for _ in range(3):
        press(page, "◂ Backward")
    assert shown(page) == ["✓1 of 4Press Backward to the end.", "From the loss."]
    assert heard.inner_text() == "Done. From the loss."
    press(page, "Next ▸")
    assert shown(page) == ["2 of 4Drag x to 0.", ""]
    type_into(page, "x", "0")
    assert shown(page) == ["✓2 of 4Drag x to 0.", "That of w."]
    # Once done, it stays so.
    type_into(page, "x", "1")
    assert shown(page)[0].startswith("✓")
    press(page, "Next ▸")
    press(page, "Gradient step")
    assert not shown(page)[0].startswith("✓")
    press(page, "Gradient step")
    assert shown(page)[0].startswith("✓")
    # The last has nothing to be noticed: leaving it is doing it.
    press(page, "Next ▸")
    press(page, "◂ Back")
    press(page, "Next ▸")
    assert shown(page)[0].startswith("✓4 of 4")
    assert not visit.faults


def test_an_answer_can_be_asked_for(show):
    page = show(lesson(), traits=TRAITS, whole=False).page
    press(page, "Show answer")
    assert shown(page) == ["1 of 4Press Backward to the end.", "From the loss."]
    press(page, "Next ▸")
    assert shown(page)[1] == ""
    press(page, "Next ▸")
    assert not page.get_by_role("button", name="Show answer").is_visible()  # it has none


def test_reading_and_bounds_are_noticed(show):
    fig = neuron(
        task("Read a.", until=read("a"), opens=["graph", "y"]),
        task("Lower the loss.", until=below("loss", 1e-4)),
        task("Raise it.", until=above("loss", 0.1)),
    )
    page = show(fig, traits=TRAITS, whole=False).page
    page.locator('.bp-node[aria-label^="node loss"]').hover()
    settle(page)
    assert not shown(page)[0].startswith("✓")
    page.locator('.bp-node[aria-label^="node a:"]').hover()
    settle(page)
    assert shown(page)[0].startswith("✓")
    press(page, "Next ▸")
    type_into(page, "y", "0.75")
    assert shown(page)[0].startswith("✓")
    press(page, "Next ▸")
    type_into(page, "y", "0")
    assert shown(page)[0].startswith("✓")


def test_a_network_tells_of_its_passes_its_updates_and_what_is_read(show):
    net = neurons([[[0.5]], [[0.8]]], [[0.1], [0.2]], ["relu", "sigmoid"], x=[2.0], y=[1.0], loss="squared")
    spans = {"x": (-3, 3)} | {p: (-1, 3) for p in net.params}
    fig = live(
        net.loss, spans, params=net.params, views=[network(net.layers, net.W, sums=net.z, biases=net.b)],
        name="pair",
        tasks=[task("A", until=walked()), task("B", until=stepped()), task("C", until=read("W1"))],
    )  # fmt: skip
    page = (visit := show(fig, traits=TRAITS, whole=False)).page
    for name in ("Forward ▸",) * 3 + ("◂ Backward",):
        press(page, name)
    assert not shown(page)[0].startswith("✓")
    press(page, "◂ Backward")
    assert shown(page)[0].startswith("✓")
    press(page, "Next ▸")
    press(page, "Update")
    assert shown(page)[0].startswith("✓")
    press(page, "Next ▸")
    page.locator('.bp-edge[aria-label^="bias b1"]').focus()
    settle(page)
    assert not shown(page)[0].startswith("✓")
    page.locator('.bp-edge[aria-label^="edge W1"]').focus()
    settle(page)
    assert shown(page)[0].startswith("✓")
    assert not visit.faults


TOPS = """() => [".bp-guide .bp-buttons", ".bp-panel", ".bp-graph"]
  .map((part) => document.querySelector(part).getBoundingClientRect().top)"""


@pytest.mark.parametrize("width", [800, 390])
def test_nothing_that_is_looked_at_jumps(show, width):
    page = show(lesson(), traits=TRAITS, whole=False, width=width).page
    before = page.evaluate(TOPS)
    press(page, "Show answer")
    assert page.evaluate(TOPS) == before
    for _ in range(3):  # the buttons that were pressed stay under the finger, whatever opens
        press(page, "Next ▸")
        assert page.evaluate(TOPS)[0] == before[0]
    press(page, "◂ Back")
    before = page.evaluate(TOPS)
    press(page, "Gradient step")
    press(page, "Gradient step")
    assert shown(page)[0].startswith("✓")
    assert page.evaluate(TOPS)[:2] == before[:2]


def test_without_tasks_the_first_two_controls_are_shown(show):
    page = show(neuron(), traits=TRAITS, whole=False, height=500).page
    assert parts(page) == ["w", "b", "step", "graph", "curve"]
    assert len([part for part in parts(page) if part in "wbxy"]) == 2
    curve_top = "document.querySelector('.bp-curve').getBoundingClientRect().top"
    page.get_by_role("button", name="Show all controls").scroll_into_view_if_needed()
    page.mouse.wheel(0, 60)
    settle(page)
    before = page.evaluate(curve_top)
    press(page, "Show all controls")
    assert len([part for part in parts(page) if part in "wbxy"]) == 4
    assert page.evaluate(curve_top) == pytest.approx(before, abs=1)
    assert page.get_by_role("button", name="Show all controls").count() == 0
    press(page, "Reset")
    assert len([part for part in parts(page) if part in "wbxy"]) == 4


def test_one_question_alone_has_no_number(show):
    page = show(neuron(asks="What will happen?"), traits=TRAITS, whole=False).page
    assert shown(page) == ["What will happen?", ""]
    assert page.get_by_role("button", name="Next ▸").count() == 0


def test_axe_finds_nothing(show, axe_in_both):
    page = show(lesson(), traits=TRAITS, whole=False).page
    assert axe_in_both(page) == []
    press(page, "Show answer")
    press(page, "Next ▸")
    type_into(page, "x", "0")
    assert axe_in_both(page) == []


# States.


def test_the_page_reads_states_as_python_does(show):
    page = (visit := show(FIGURE(), traits=TRAITS)).page
    for text, expected in STATES:
        page.evaluate("figures[0].store.restore('1:w=0.5,b=0.1')")
        fault = page.evaluate("(text) => figures[0].store.restore(text)", text)
        state = page.evaluate(
            "(() => { const { inputs, rate, task } = figures[0].store; return [inputs, rate, task]; })()"
        )
        if expected is None:
            assert fault, text
            assert state[:2] == [[0.5, 0.1], 0.1], text
        else:
            assert (fault, state) == ("", json.loads(json.dumps(expected))), text
        page.evaluate("figures[0].store.task = 1")
    assert not visit.faults


def test_a_link_carries_the_rate_and_the_task(show):
    page = (
        visit := show(lesson(), traits=TRAITS, whole=False, address="#neuron:1:w=-0.5&rate=3&task=3")
    ).page
    assert shown(page)[0] == "3 of 4Take two steps."
    assert inputs(page) == [-0.5, 0.1, 2, 0.8]
    assert (
        page.evaluate("figures[0].store.state('neuron')") == "neuron:1:w=-0.5,b=0.1,x=2,y=0.8&rate=3&task=3"
    )
    assert parts(page) == ["x", "step", "graph", "curve"]
    page.evaluate("location.hash = '#neuron:9:w=0'")
    settle(page)
    assert "newer edition" in said(page)
    assert inputs(page)[0] == -0.5
    page.evaluate("location.hash = '#neuron:v=0'")
    settle(page)
    assert "names v" in said(page) and "older edition" in said(page)
    assert inputs(page)[0] == -0.5
    assert not visit.faults


def test_a_link_in_the_text_works_in_jupyterlab_too(show):
    page = (visit := show(neuron(), traits=TRAITS, site=False)).page
    page.evaluate(
        """() => document.querySelector("h1").insertAdjacentHTML("beforeend",
          '<a href="#neuron:1:w=-1">set w</a> <a href="#other:1:w=0">other</a>')"""
    )
    address = page.url
    page.get_by_role("link", name="set w").click()
    settle(page)
    assert inputs(page)[0] == -1
    assert page.url == address
    page.get_by_role("link", name="other").click()
    settle(page)
    assert inputs(page)[0] == -1
    assert page.url == f"{address}#other:1:w=0"
    assert rows(page)["w"][0] == "−1"
    assert not visit.faults
