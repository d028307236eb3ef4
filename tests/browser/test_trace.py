"""The view `trace` in Chromium: moments by buttons, keys and by themselves; what changed is marked."""

from __future__ import annotations

import pytest
from pages import inputs, settle

from bplib.widgets.live import live
from bplib.widgets.trace import Moment, recorded
from bplib.widgets.views import trace

pytestmark = pytest.mark.browser


def figure(**start):
    moments = [
        Moment("w = parameter([1, 2])", "A new parameter has no gradient.", {"w": [1, 2]}),
        Moment("loss.backward()", "There it is.", {"w": [1, 2], "w.grad": [4, 8]}),
        Moment("loss.backward()", "Gradients are added, not set.", {"w": [1, 2], "w.grad": [8, 16]}),
        Moment("w.zero_grad()", "Gone again.", {"w": [1, 2]}),
    ]
    return live(recorded(moments), start, views=[trace()], name="moments")


def state(page):
    """Return the line that is marked, the sentence, and the cells of each row."""
    marked = page.locator(".bp-listing li[aria-current=step]")
    assert marked.count() == 1
    at = page.locator(".bp-listing li").evaluate_all(
        "(all) => all.findIndex((item) => item.hasAttribute('aria-current'))"
    )
    rows = page.locator(".bp-state tbody tr").all()
    return (
        at,
        page.locator(".bp-state .bp-reading").inner_text(),
        [row.locator("td").all_inner_texts() for row in rows],
    )


def press(page, name):
    page.get_by_role("button", name=name).click()
    settle(page)


def test_forward_and_back_and_what_changed(show):
    page = (visit := show(figure())).page
    height = page.locator(".bp-live").bounding_box()["height"]
    assert state(page) == (0, "A new parameter has no gradient.", [["–", "[1, 2]", ""], ["–", "none", ""]])
    assert page.get_by_role("button", name="Back").is_disabled()
    press(page, "Next")
    assert state(page)[2] == [["[1, 2]", "[1, 2]", ""], ["none", "[4, 8]", "new"]]
    press(page, "Next")
    at, said, rows = state(page)
    assert (at, said, rows[1]) == (2, "Gradients are added, not set.", ["[4, 8]", "[8, 16]", "changed"])
    assert page.locator("tr.bp-changed").count() == 1
    press(page, "To the end")
    assert state(page)[2][1] == ["[8, 16]", "none", "gone"]
    assert page.get_by_role("button", name="Next").is_disabled()
    press(page, "Back")
    assert inputs(page) == [2] and "3 of 4" in page.locator(".bp-trace .bp-bar").inner_text()
    assert page.locator(".bp-live").bounding_box()["height"] == height
    assert not visit.faults


def test_keys_links_and_reset_move_the_same_moment(show):
    page = (visit := show(figure(moment=2), address="#moments:moment=3")).page
    assert inputs(page) == [3]
    slider = page.get_by_role("slider", name="Moment")
    slider.press("ArrowLeft")
    settle(page)
    assert slider.get_attribute("aria-valuetext") == "3 of 4, loss.backward(): Gradients are added, not set."
    slider.press("Home")
    settle(page)
    assert state(page)[0] == 0
    press(page, "Next")
    assert state(page)[0] == 1
    slider.press("End")
    press(page, "Reset")
    assert state(page)[0] == 1 and inputs(page) == [1]  # where it started
    assert not visit.faults


def test_it_plays_to_the_end_and_stops(show):
    page = (visit := show(figure(), shared=False)).page
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(100)
    assert inputs(page) == [1]
    page.clock.run_for(1700)
    assert inputs(page) == [2]
    page.clock.run_for(10_000)
    assert inputs(page) == [3]
    assert page.get_by_role("button", name="Play").count() == 1  # it rests
    assert not visit.faults


def test_a_phone_in_the_dark(show, axe):
    visit = show(figure(), width=390, height=844, has_touch=True, color_scheme="dark")
    page = visit.page
    page.get_by_role("button", name="Next").tap()
    settle(page)
    assert state(page)[0] == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe(page) == []
    assert not visit.faults
