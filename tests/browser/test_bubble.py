"""What is read stands where it was tapped: a bubble beside the part, in both pictures that can be read."""

from __future__ import annotations

import pytest
from pages import number, settle, slider
from test_live import diamond, neuron
from test_network import DATA, two

pytestmark = pytest.mark.browser

PARTS = ".bp-live :is(.bp-node, .bp-edge)"

# Where the bubble stands against the parts that it speaks of and the figure.
STANDS = """(parts) => {
  const bubble = document.querySelector(".bp-bubble");
  if (!bubble) return null;
  const a = bubble.getBoundingClientRect();
  const b = parts.getBoundingClientRect();
  const frame = bubble.closest(".bp-section").getBoundingClientRect();
  const tip = a.left + parseFloat(bubble.style.getPropertyValue("--bp-tip"));
  return {
    apart: a.bottom <= b.top || a.top >= b.bottom,
    inside: a.left >= frame.left - 0.5 && a.right <= frame.right + 0.5,
    together: Math.max(a.bottom, b.bottom) - Math.min(a.top, b.top),
    points: tip >= Math.max(a.left, b.left) - 14 && tip <= Math.min(a.right, b.right) + 14,
    words: bubble.textContent,
  };
}"""


@pytest.mark.parametrize("width", [320, 390, 800])
@pytest.mark.parametrize("figure", [neuron, diamond, lambda: two(DATA)], ids=["neuron", "diamond", "network"])
def test_every_part_is_read_beside_it(show, figure, width):
    page = (visit := show(figure(), width=width, height=844)).page
    page.get_by_role("button", name="Show all").click()
    page.mouse.move(0, 0)  # or what scrolls under it would be read
    height = page.locator(".bp-live").evaluate("(e) => e.offsetHeight")
    read = set()
    for part in page.locator(PARTS).all():
        part.focus()
        settle(page)
        stands = part.evaluate(STANDS)
        label = part.get_attribute("aria-label")
        assert stands["apart"] and stands["inside"] and stands["points"], label
        assert stands["together"] <= 600, label
        assert page.locator(".bp-live").evaluate("(e) => e.offsetHeight") == height
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        read.add(stands["words"])
    assert len(read) == page.locator(PARTS).count(), "each says something of its own"
    assert not visit.faults


def test_a_tap_reads_and_a_tap_beside_or_escape_closes(show):
    page = (visit := show(neuron(), width=390, height=844, has_touch=True)).page
    bubble = page.locator(".bp-bubble")
    node = page.locator('[aria-label^="node z"]')
    node.tap()
    settle(page)
    assert "z = (w × x) + b" in bubble.inner_text()
    picture = page.locator(".bp-graph svg")
    picture.tap(position={"x": 3, "y": picture.bounding_box()["height"] - 3})
    settle(page)
    assert bubble.count() == 0
    node.tap()
    settle(page)
    assert bubble.count() == 1
    page.keyboard.press("Escape")
    settle(page)
    assert bubble.count() == 0
    assert page.locator(".bp-reading").inner_text().startswith("Point at")
    assert not visit.faults


def test_escape_closes_what_the_mouse_reads_wherever_the_focus_is(show):
    page = show(neuron()).page
    page.locator('[aria-label^="node z"]').hover()
    settle(page)
    assert page.locator(".bp-bubble").count() == 1
    page.keyboard.press("Escape")
    settle(page)
    assert page.locator(".bp-bubble").count() == 0
    # What has the focus is read again when the mouse leaves another part.
    page.locator('[aria-label^="node a:"]').click()
    page.locator('[aria-label^="node z"]').hover()
    page.mouse.move(1, 1)
    settle(page)
    assert page.locator(".bp-bubble").inner_text().startswith("a = sigmoid")


def test_the_words_of_a_step_cover_what_comes_after_it(show):
    """Below the node on the way forward, above it on the way back; a slider leaves them, Escape ends them."""
    page = (visit := show(neuron(), width=390, height=1200)).page
    height = page.locator(".bp-live").evaluate("(e) => e.offsetHeight")

    def below():
        settle(page)
        assert page.locator(".bp-live").evaluate("(e) => e.offsetHeight") == height
        bubble, node = (page.locator(shape).bounding_box() for shape in (".bp-bubble", ".bp-current"))
        return bubble["y"] > node["y"]

    forward, backward = (page.get_by_role("button", name=name) for name in ("Forward", "Backward"))
    for _ in range(3):
        forward.click()
        assert below()
    words = page.locator(".bp-bubble").inner_text()
    slider(page, "w").press("ArrowRight")
    settle(page)
    assert page.locator(".bp-bubble").inner_text() not in ("", words)
    for _ in range(3):
        backward.click()
        assert not below()
    page.keyboard.press("Escape")
    settle(page)
    assert page.locator(".bp-bubble").count() == 0
    backward.click()
    settle(page)
    assert page.locator(".bp-bubble").count() == 1, "the next step speaks again"
    assert not visit.faults


def test_a_figure_that_is_gone_hears_no_key(show):
    page = (visit := show(neuron())).page
    page.locator('[aria-label^="node z"]').hover()
    settle(page)
    page.evaluate("figures[0].store.changed = () => { throw new Error('heard'); }; figures[0].cleanup()")
    page.keyboard.press("Escape")
    assert not visit.faults


def test_on_a_phone_the_network_is_one_screen_and_little_more(show):
    page = (visit := show(two(DATA), width=390, height=844)).page

    def box(shape):
        return page.locator(f".bp-network {shape}").first.bounding_box()

    slider_box = box(".bp-control")
    assert slider_box["y"] + slider_box["height"] - box(".bp-buttons")["y"] <= 600, "buttons, picture, slider"
    assert page.locator(".bp-live").bounding_box()["height"] <= 1250
    # Every intermediate is a tap away, and within the page.
    summary = page.get_by_text("Every intermediate", exact=True)
    assert not page.locator(".bp-intermediates").is_visible()
    summary.click()
    assert page.locator(".bp-intermediates").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # Each step is told beside its layer, an update beside its button.
    for name, times in (("Forward", 3), ("Backward", 2), ("Update", 1)):
        button = page.locator(".bp-network").get_by_role("button", name=name)
        for _ in range(times):
            button.click()
            settle(page)
            about = page.locator(".bp-network .bp-current").first if name != "Update" else button
            stands = about.evaluate(STANDS)
            assert stands["apart"] and stands["inside"] and stands["together"] <= 600, name
    assert not visit.faults


def test_on_a_phone_an_update_is_two_lines_and_the_table_has_the_rest(show):
    fig = two(DATA)
    page = (visit := show(fig, width=390, height=844)).page
    before = {name: x for name, x in fig.values.items() if name[0] in "Wb"}
    for name in ("Show all", "Update"):
        page.locator(".bp-network").get_by_role("button", name=name).click()
        settle(page)
    fig.step()
    moved = {name: fig.values[name] - x for name, x in before.items() if fig.values[name] != x}
    most = max(moved, key=lambda name: abs(moved[name]))
    bubble, canvas = (
        page.locator(f".bp-network {shape}").bounding_box() for shape in (".bp-bubble", ".bp-canvas")
    )
    assert bubble["height"] <= 60
    assert bubble["y"] + bubble["height"] - canvas["y"] <= canvas["height"] / 6, "the picture stays in sight"
    words = page.locator(".bp-bubble").inner_text()
    assert words.startswith(f"update: {len(moved)} moved, {most} the most, by {moved[most]:.3g}.\n")
    summary = page.get_by_text("Every intermediate", exact=True)
    summary.click()
    rows = dict(row.inner_text().split("\t")[:2] for row in page.locator(".bp-intermediates tbody tr").all())
    assert {name for name, value in rows.items() if "→" in value} == set(before)
    assert [number(x) for x in rows[most].split(" → ")] == pytest.approx(
        [before[most], fig.values[most]], 1e-5
    )
    assert page.locator(".bp-intermediates").evaluate("(e) => e.scrollWidth <= e.clientWidth")
    # With the next step the table is as it was.
    page.locator(".bp-network").get_by_role("button", name="Forward").click()
    settle(page)
    assert "→" not in page.locator(".bp-intermediates").inner_text()
    assert not visit.faults
