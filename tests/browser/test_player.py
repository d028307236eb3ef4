"""The player as a part: it knows no view, so here it plays letters, on a clock that the test turns."""

from __future__ import annotations

import pytest

from bplib.widgets import library

pytestmark = pytest.mark.browser

# A player of the steps a, b (forward) and c, d (backward) on a page of its own. `told` counts what it tells.
MOUNT = """([source, interval, start]) => {
  const { player } = new Function(`${source} return parts$player$;`)();
  const step = (name, phase) => ({ name, phase });
  window.steps = [step("a", "forward"), step("b", "forward"), step("c", "backward"), step("d", "backward")];
  window.told = 0;
  window.done = [];
  window.refused = "";
  const take = (step) => step?.name === refused || void done.push(step?.name);
  window.it = player({ steps: () => steps, interval, taken: start, take, onchange: () => told++ });
  const to = (phase) => () => it.next(phase);
  document.body.append(it.group(
    "Steps", it.button("Forward", "", to("forward")), it.button("Backward", "", to("backward")),
    it.button("Next", "", to()), it.playButton("Run", ""), it.button("All", "", () => it.goTo(null)),
  ));
}"""


@pytest.fixture
def play(windows, visits):
    """Return a function that opens a page with a player on it, and its clock stopped."""
    source = library.join(["parts/player.js"])

    def open_player(interval=1000, start=0, **options):
        visit = windows.open("about:blank", shared=False, **options)
        visits.append(visit)
        visit.page.clock.install()
        visit.page.evaluate(MOUNT, [source, interval, start])
        return visit.page

    return open_player


def press(page, name):
    page.get_by_role("button", name=name).click()


def shown(page):
    """Return the name of the step that is shown, "all", or None before the first."""
    return page.evaluate("it.taken === null ? 'all' : it.current?.name ?? null")


def test_each_button_leads_to_the_next_step_of_its_phase_and_begins_again(play):
    page = play()
    assert shown(page) is None
    for name, step in [
        ("Forward", "a"),
        ("Backward", "c"),
        ("Backward", "d"),
        ("Backward", "c"),
        ("Forward", "a"),
        ("Forward", "b"),
        ("Next", "c"),
        ("Next", "d"),
        ("Next", "a"),
        ("All", "all"),
        ("Backward", "c"),
        ("All", "all"),
        ("Forward", "a"),
    ]:
        press(page, name)
        assert shown(page) == step, name
    assert page.evaluate("told") == 13
    assert page.evaluate("done.join('')") == "acdcabcdaca"


def test_it_plays_to_the_end_pauses_and_begins_again(play):
    page = play()
    press(page, "Run")
    assert shown(page) == "a", "the first step comes at once"
    page.clock.run_for(1000)
    press(page, "Pause")
    page.clock.run_for(10_000)
    assert shown(page) == "b"
    press(page, "Run")
    page.clock.run_for(10_000)
    assert shown(page) == "d"
    assert page.evaluate("done.join('')") == "abcd"
    press(page, "Run")
    assert shown(page) == "a"
    press(page, "Next")
    page.clock.run_for(10_000)
    assert shown(page) == "b", "another button ends the play"
    assert page.get_by_role("button", name="Run").is_visible()


def test_a_step_that_is_refused_is_not_taken_and_ends_the_play(play):
    page = play()
    page.evaluate("refused = 'c'")
    press(page, "Run")
    page.clock.run_for(10_000)
    assert shown(page) == "b"
    assert page.get_by_role("button", name="Run").is_visible()
    page.evaluate("refused = ''")
    press(page, "Run")
    assert shown(page) == "c"


def test_the_list_may_change_and_need_be_no_list(play):
    page = play(start=None)
    assert shown(page) == "all"
    page.evaluate("steps = steps.slice(0, 2)")
    page.evaluate("it.set(2)")
    assert (shown(page), page.evaluate("told")) == ("b", 0), "set tells nobody"
    press(page, "Next")
    assert shown(page) == "a"
    page.evaluate("steps = { length: 3 }; it.set(2)")
    for taken in (3, 1, 2):
        press(page, "Next")
        assert page.evaluate("it.taken") == taken


@pytest.mark.parametrize(("interval", "after"), [(40, "all"), (1000, "a")])
def test_with_reduced_motion_what_would_move_is_its_end(play, interval, after):
    """Steps a second apart are read; steps 40 ms apart are motion."""
    page = play(interval, reduced_motion="reduce")
    press(page, "Run")
    assert shown(page) == after


def test_a_view_that_is_left_leaves_no_clock(play):
    page = play()
    press(page, "Run")
    page.evaluate("it.pause()")
    told = page.evaluate("told")
    page.clock.run_for(10_000)
    assert page.evaluate("told") == told
