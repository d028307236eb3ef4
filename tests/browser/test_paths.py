"""The path counter in Chromium: recursion against each edge once, both in edge steps, stepped and raced."""

import pytest
from pages import settle, slider, type_into

from bplib.scalar import Value
from bplib.widgets.live import live, task, walked
from bplib.widgets.views import paths

pytestmark = pytest.mark.browser


def race(k=3, **asked):
    k = Value(float(k), "k")
    every, once = (2 ** (k + 1) - 2).named("every path"), (2 * k).named("each edge once")
    return live((every / once).named("ratio"), {k: (1, 20, 1)}, views=[paths(k)], name="race", **asked)


def recursion(k):
    """Walk the doublings by recursion; record the edges that lead to each visit, and the ends so far."""
    seen, ends = [], 0

    def go(path):
        nonlocal ends
        ends += len(path) == k
        seen.append((path, ends))
        if len(path) < k:
            go((*path, 0))
            go((*path, 1))

    go(())
    return seen


def state(page):
    """Return for each pass its words, and which edges are lit: (level from the output, edge)."""
    return page.evaluate(
        """[...document.querySelectorAll('.bp-route')].map((route) => [
          route.querySelector('.bp-tally').textContent, route.querySelector('.bp-grad').textContent,
          [...route.querySelectorAll('.bp-wire')].flatMap((wire, n) =>
            wire.classList.contains('bp-lit') ? [n] : []),
        ])"""
    )


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_every_step_is_that_of_the_recursion_and_of_the_reverse_order(show, k):
    page = (visit := show(race(k))).page
    total = len(recursion(k)) - 1  # every visit but the first is a step along an edge
    assert [words for words, _, _ in state(page)] == [
        f"{total} of {total} edge steps",
        f"{2 * k} of {2 * k} edge steps",
    ]
    for t, (path, ends) in enumerate(recursion(k)[1:-1], start=1):
        press(page, "Step")
        (steps, gradient, lit), (edges, other, marked) = state(page)
        assert steps == f"{t} of {total} edge steps"
        assert gradient == f"gradient of x so far: {ends}"
        assert lit == [2 * level + edge for level, edge in enumerate(path)]
        done = min(t, 2 * k)
        assert edges == f"{done} of {2 * k} edge steps"
        assert marked == list(range(done))
        if done == 2 * k:
            assert other == f"gradient of x so far: {2**k}"
    press(page, "Step")
    assert state(page)[0][:2] == [f"{total} of {total} edge steps", f"gradient of x so far: {2**k}"]
    assert not visit.faults


def test_the_counts_are_those_of_the_tape_at_every_depth(show):
    fig = race()
    page = (visit := show(fig)).page
    for k in range(1, 21):
        page.evaluate(f"figures[0].store.set(0, {k})")
        settle(page)
        fig.controls["k"] = k
        every, once = fig.values["every path"], fig.values["each edge once"]
        assert [words for words, _, _ in state(page)] == [
            f"{every:,.0f} of {every:,.0f} edge steps",
            f"{once:,.0f} of {once:,.0f} edge steps",
        ]
    assert state(page)[0][0] == "2,097,150 of 2,097,150 edge steps"
    assert not visit.faults


def test_a_race_runs_pauses_and_ends(show):
    page = (visit := show(race(3))).page
    press(page, "Race")
    page.wait_for_function("document.querySelectorAll('.bp-tally')[1].textContent === '6 of 6 edge steps'")
    press(page, "Pause")
    first = state(page)
    page.wait_for_timeout(150)
    assert state(page) == first
    press(page, "Race")
    page.wait_for_function("document.querySelector('.bp-tally').textContent === '14 of 14 edge steps'")
    page.get_by_role("button", name="Race", exact=True).wait_for()
    press(page, "Race")
    slider(page, "k").press("End")
    settle(page)
    assert state(page)[0][0] == "2,097,150 of 2,097,150 edge steps", "a new k stops the race"
    assert not visit.faults


def test_before_a_bet_no_number_says_how_far_it_is(show):
    """Not before the race was seen to its end, and not again when k has moved; then the task is done."""
    bet = task("Which is first?", passes="ahead", until=walked(), opens=["k", "paths"], then="The second.")
    page = (visit := show(race(3, tasks=[bet, task("And then?", passes="done")]))).page
    told = lambda: [words for words, _, _ in state(page)]  # noqa: E731
    ticked = lambda: page.locator(".bp-tick").first.text_content() == "✓"  # noqa: E731
    assert told() == ["edge steps: 0"] * 2
    press(page, "Step")
    assert told() == ["edge steps: 1"] * 2
    assert not ticked()
    press(page, "Show the end")
    assert told() == ["14 of 14 edge steps", "6 of 6 edge steps"]
    assert ticked()
    press(page, "Step")
    assert told() == ["1 of 14 edge steps", "1 of 6 edge steps"], "what was seen is known"
    slider(page, "k").press("ArrowRight")
    settle(page)
    assert told() == ["edge steps: 0"] * 2
    press(page, "Next ▸")
    assert told() == ["30 of 30 edge steps", "8 of 8 edge steps"]
    assert not visit.faults


def test_doublings_are_whole_whatever_is_typed(show):
    page = (visit := show(race(3))).page
    type_into(page, "k", "2.5")
    assert page.locator(".bp-said").text_content() == "k counts: 2.5 is no whole number. k stays at 3."
    assert state(page)[1][0] == "6 of 6 edge steps"
    type_into(page, "k", "2")
    assert state(page)[1][0] == "4 of 4 edge steps"
    assert not visit.faults


def test_with_reduced_motion_the_race_is_its_end(show):
    page = show(race(4), reduced_motion="reduce").page
    press(page, "Step")
    press(page, "Race")
    assert state(page)[0][0] == "30 of 30 edge steps"


def test_it_fits_a_phone_and_axe_finds_nothing(show, axe_in_both):
    visit = show(race(20), width=320)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe_in_both(visit.page) == []
    assert not visit.faults
