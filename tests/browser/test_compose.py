"""The view `compose` in Chromium: each stage's slope where its input is, the product, and the wrong one."""

import math
import re

import pytest
from pages import drag, inputs, number, settle, slider, type_into

from bplib.scalar import Value
from bplib.widgets.live import live
from bplib.widgets.views import compose

pytestmark = pytest.mark.browser


def squares(x=1.0):
    """sin^2(x^2), as three stages."""
    x = Value(x, "x")
    u = (x**2).named("u")
    s = u.sin().named("s")
    return live((s**2).named("y"), {x: (-2, 2)}, views=[compose(x, u, s, "y")], name="squares")


def gap():
    """A stage that has no value where the chain begins, and another input that moves the curves."""
    x, c = Value(-1.0, "x"), Value(2.0, "c")
    u = (x * x + c).named("u")
    spans = {x: (-2, 2), c: (1, 3)}
    return live(u.log().named("y"), spans, views=[compose(x, u, "y")], name="gap")


def slopes(page):
    """Read the slopes under the stages and under the whole, as numbers."""
    return [number(text) for text in page.locator(".bp-stages p .bp-grad").all_inner_texts()]


def product(page):
    return page.locator(".bp-product").first.inner_text()


def wrong(page):
    return page.locator(".bp-product.bp-wrong").inner_text()


@pytest.mark.parametrize(("x", "slope"), [(1.0, 1.818594853651363), (1.3, -0.6140038338119325)])
def test_the_slopes_of_the_stages_multiply_to_the_slope_of_the_whole(show, x, slope):
    page = (visit := show(squares())).page
    type_into(page, "x", f"{x}")
    stages = [2 * x, math.cos(x * x), 2 * math.sin(x * x)]
    assert slopes(page) == pytest.approx([*stages, slope], rel=1e-5)
    assert product(page).startswith("dy/dx = dy/ds × ds/du × du/dx")
    assert number(product(page).split(" = ")[-1]) == pytest.approx(slope, rel=1e-5)
    assert (
        page.locator(".bp-product .bp-grad").last.inner_text()
        == page.locator(".bp-whole .bp-grad").inner_text()
    )
    assert not visit.faults


def test_the_wrong_product_reads_every_slope_at_x(show):
    page = show(squares(1.3)).page
    claim = 2 * 1.3 * math.cos(1.3) * 2 * 1.3
    assert number(re.search(r"= (\S+), but the slope is", wrong(page))[1]) == pytest.approx(claim, rel=1e-5)
    told = page.locator(".bp-stage .bp-wrong").all_inner_texts()
    assert len(told) == 2
    assert number(told[0].split(": ")[1]) == pytest.approx(math.cos(1.3), rel=1e-5)
    type_into(page, "x", "0")
    assert "right by chance, at one of 3 places from −2 to 2" in wrong(page)
    ghosts = page.locator(".bp-stage .bp-ghost")
    assert len(ghosts.last.get_attribute("d")) > 5
    page.get_by_role("checkbox").uncheck()
    settle(page)
    assert wrong(page) == "" and ghosts.last.get_attribute("d") == ""


def place(page, selector):
    """Where the middle of a stage's line or point is, left of the picture's edge."""
    boxes = [part.bounding_box() for part in page.locator(selector).all()]
    return [box["x"] + box["width"] / 2 for box in boxes]


def test_the_outer_tangent_slides_to_g_of_x_and_the_ghost_stays_at_x(show):
    page = show(squares(1.0)).page
    # At x = 1 the middle stage stands at u = 1, too: tangent and ghost lie on each other.
    (_, tangent, _, _), (_, ghost, _, _) = place(page, ".bp-tangent"), place(page, ".bp-ghost")
    assert tangent == pytest.approx(ghost, abs=1)
    type_into(page, "x", "-1.5")
    (_, tangent, _, _), (_, ghost, _, _) = place(page, ".bp-tangent"), place(page, ".bp-ghost")
    (_, cross, _, _) = place(page, ".bp-at-ghost")
    assert tangent - ghost > 60 and cross == pytest.approx(ghost, abs=60)


def test_drawn_tangents_have_the_slopes_of_the_drawn_curves(show):
    page = show(squares(1.3)).page
    pairs = page.evaluate(
        """() => [...document.querySelectorAll(".bp-stages svg:has(.bp-tangent)")].map((picture) => {
          const numbers = (s) => picture.querySelector(s).getAttribute("d").match(/-?[\\d.]+/g).map(Number);
          const [x0, y0, x1, y1] = numbers(".bp-tangent");
          const line = numbers(".bp-curve-line");
          let k = 2;
          while (k < line.length - 4 && line[k] < (x0 + x1) / 2) k += 2;
          return [(y1 - y0) / (x1 - x0), (line[k + 3] - line[k - 1]) / (line[k + 2] - line[k - 2])];
        })"""
    )
    assert len(pairs) == 4
    for drawn, beside in pairs:
        assert drawn == pytest.approx(beside, rel=0.1, abs=0.1)


def test_x_moves_by_mouse_touch_and_keys_in_the_first_stage_and_in_the_whole(show):
    page = (visit := show(squares(), has_touch=True)).page
    points = page.locator(".bp-point")
    assert points.count() == 2
    for k in (0, 1):
        drag(page, points.nth(k), to=-50)
        dragged = inputs(page)[0]
        assert dragged < 0.9
        points.nth(k).press("ArrowRight")
        settle(page)
        assert inputs(page)[0] == pytest.approx(dragged + 0.02, abs=1e-9)
        points.nth(k).press("Home")
        settle(page)
        assert inputs(page)[0] == -2
        assert "slope" in points.nth(k).get_attribute("aria-valuetext")
        type_into(page, "x", "1")
    plot = page.locator(".bp-whole svg").bounding_box()
    page.touchscreen.tap(plot["x"] + plot["width"] - 12, plot["y"] + 60)
    settle(page)
    assert inputs(page)[0] > 1.9
    assert not visit.faults


def test_curves_stay_while_x_moves_and_follow_the_other_inputs(show):
    page = (visit := show(gap())).page
    lines = page.locator(".bp-curve-line")
    before = [line.get_attribute("d") for line in lines.all()]
    axis = page.locator(".bp-stage [aria-hidden]").first
    assert "6" in axis.locator("text").all_text_contents()
    slider(page, "x").press("PageUp")
    settle(page)
    assert [line.get_attribute("d") for line in lines.all()] == before
    slider(page, "c").press("Home")
    settle(page)
    after = [line.get_attribute("d") for line in lines.all()]
    assert after[2] != before[2]
    assert "6" not in axis.locator("text").all_text_contents()  # u is at most 5 now
    assert not visit.faults


def test_a_stage_that_is_undefined_at_x_has_no_ghost(show):
    page = (visit := show(gap())).page
    assert "undefined here" in page.locator(".bp-stage .bp-wrong").last.inner_text()
    assert wrong(page).endswith("a stage is undefined there")
    assert page.locator(".bp-stage .bp-ghost").last.get_attribute("d") == ""
    assert "NaN" not in page.locator(".bp-live").inner_html()
    assert not visit.faults


def test_axe_finds_nothing(show, axe_in_both):
    assert axe_in_both(show(squares(), gap()).page) == []


@pytest.mark.parametrize("width", [320, 375, 800])
def test_nothing_is_wider_than_the_page(show, width):
    page = show(squares(1.3), width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for canvas in page.locator(".bp-canvas").all():
        assert canvas.evaluate("(e) => e.scrollWidth <= e.clientWidth")


def test_a_node_can_be_held_at_numbers_of_its_own(show):
    """The store sweeps any node: what it is computed from stays, what is computed from it follows."""
    page = show(squares(1.3)).page
    tape = "figures[0].store.tape"
    run = f"figures[0].store.replaced({tape}.names.indexOf('u'), Float64Array.of(0.5, 2))"
    rows = page.evaluate(f"{run}.map((row) => [...row])")
    names = page.evaluate(f"{tape}.names")
    held = dict(zip(names, rows, strict=True))
    assert held["x"] == [1.3, 1.3]
    assert held["u"] == [0.5, 2]
    assert held["y"] == pytest.approx([math.sin(0.5) ** 2, math.sin(2) ** 2], rel=1e-12)
    assert page.evaluate("figures[0].store.values[figures[0].store.tape.output]") == pytest.approx(
        math.sin(1.69) ** 2
    )


def test_ids_differ_between_the_figures_of_a_page(show):
    page = show(squares(), gap()).page
    assert page.evaluate("[...document.querySelectorAll('[id]')].length > 8")
    assert page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
    ) == page.evaluate("document.querySelectorAll('[id]').length")


def ends(page, selector):
    """The numbers of a drawn line, as pairs."""
    numbers = [float(text) for text in re.findall(r"-?[\d.]+", page.locator(selector).get_attribute("d"))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_the_mistake_is_drawn_on_the_whole_curve_with_the_slope_it_claims(show):
    page = (visit := show(squares(1.3))).page
    claim = number(re.search(r"= (\S+), but the slope is (\S+)$", wrong(page))[1])
    slope = number(page.locator(".bp-whole .bp-grad").inner_text())
    (x0, y0), (x1, y1) = ends(page, ".bp-whole .bp-tangent")
    (a0, b0), (a1, b1) = ends(page, ".bp-whole .bp-ghost")
    assert (b1 - b0) / (y1 - y0) * (x1 - x0) / (a1 - a0) == pytest.approx(claim / slope, rel=0.01)
    assert ((a0 + a1) / 2, (b0 + b1) / 2) == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2), abs=0.1)
    page.get_by_role("checkbox").uncheck()
    settle(page)
    assert page.locator(".bp-whole .bp-ghost").get_attribute("d") == ""
    assert page.locator(".bp-chart .bp-claim-line").get_attribute("d") == ""
    assert page.get_by_text("✗ the mistake").is_hidden()
    assert not visit.faults


def test_the_two_products_cross_where_the_mistake_is_right_by_chance(show):
    page = (visit := show(squares(1.3))).page
    # One slider step beside the place the products differ; with the digits that one reads off, they agree.
    for at, says in (
        ("1.7", "but the slope is"),
        ("1.7046", "at one of 3 places"),
        ("-1.36585", "of 3 places"),
    ):
        type_into(page, "x", at)
        assert says in wrong(page), at
    type_into(page, "x", "1.70457")
    here = page.locator(".bp-slope-here").bounding_box()
    there = page.locator(".bp-claim-here").bounding_box()
    assert here["y"] == pytest.approx(there["y"], abs=1.5)
    plot = page.locator(".bp-slopes .bp-chart svg").bounding_box()
    assert plot["y"] < here["y"] < plot["y"] + 146, "the crossing is in sight"
    slopes, claims = ends(page, ".bp-chart .bp-slope-line"), ends(page, ".bp-chart .bp-claim-line")
    assert len(slopes) == len(claims) == 161
    above = [a[1] > b[1] for a, b in zip(slopes, claims, strict=True)]
    crossings = [x for (x, _), one, other in zip(slopes, above, above[1:], strict=False) if one != other]
    middle = here["x"] + here["width"] / 2 - plot["x"]
    assert min(abs(x - middle) for x in crossings) < 4
    assert "with the mistake" in page.locator(".bp-slopes .bp-chart svg").get_attribute("aria-label")
    assert not visit.faults


# Width and height of each picture with a tangent, and the boxes of what is written at its tangents.
WRITTEN = """() => [...document.querySelectorAll(".bp-compose svg:has(.bp-tangent)")].map((picture) => [
  picture.clientWidth, picture.clientHeight,
  ...[...picture.querySelectorAll(".bp-at-tangent, .bp-at-ghost:not(:empty)")].map((text) => {
    const { x, y, width, height } = text.getBBox();
    return [x, y, x + width, y + height];
  }),
])"""


@pytest.mark.parametrize("width", [390, 800])
def test_each_tangent_has_its_slope_written_at_it(show, width):
    """Each chart has a scale of its own: a slope of 2 and one of a half may look alike."""
    page = (visit := show(squares(), width=width)).page
    for x in (-2, -1.7, -1.3, 0, 0.4, 1, 1.3, 1.9, 2):
        type_into(page, "x", f"{x}")
        told = [number(text) for text in page.locator(".bp-at-tangent").all_text_contents()]
        assert told == pytest.approx([slopes(page)[k] for k in range(4)], rel=5e-3)
        claim = number(re.search(r" = (\S+?)[,:]", wrong(page).split(": ", 1)[1])[1])
        assert number(page.locator(".bp-whole .bp-at-ghost").text_content()[2:]) == pytest.approx(
            claim, rel=5e-3
        )
        for wide, high, *boxes in page.evaluate(WRITTEN):
            for left, top, right, bottom in boxes:
                assert 38 < left < right < wide and -1 < top < bottom < high - 20, x
            if len(boxes) == 2:
                (a, _, b, c), (d, _, e, f) = boxes
                assert b < d + 2 or e < a + 2 or abs(c - f) > 11, (x, boxes)
    page.get_by_role("checkbox").uncheck()
    settle(page)
    assert set(page.locator(".bp-at-ghost").all_text_contents()) == {""}
    assert not visit.faults


def chain(first, second, start=0.5):
    x = Value(start, "x")
    u = first(x).named("u")
    return live(second(u).named("y"), {x: (-2, 2)}, views=[compose(x, u, "y")], name="chain")


@pytest.mark.parametrize(
    ("first", "second", "x", "says"),
    [
        (lambda x: x * 2, lambda u: u**2, "0", "right, but only here"),
        (lambda x: x * 2, lambda u: u * 3, "0.5", "right here, and not only here"),
        (lambda x: x**2, lambda u: u**2, "1", "right by chance, at one of 2 places from −2 to 2"),
        # At a pole both are infinite: no place where they meet.
        (lambda x: x + 1, lambda u: 1 / u, "-0.5", "right, but only here"),
    ],
)
def test_right_but_only_here_is_said_only_where_it_is_true(show, first, second, x, says):
    page = (visit := show(chain(first, second))).page
    type_into(page, "x", x)
    assert wrong(page).endswith(says)
    assert not visit.faults


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_changes_size_while_x_moves(show, width):
    page = (visit := show(squares(), width=width)).page

    def heights():
        settle(page)
        return page.evaluate(
            """() => [...document.querySelectorAll(".bp-live, .bp-canvas, .bp-roomy, .bp-stages, .bp-check")]
              .map((part) => part.offsetTop + part.offsetHeight)"""
        )

    before = heights()
    for at in ("-2", "-1.26", "-1", "0", "0.02", "1.1", "1.26", "1.3", "1.70457", "1.123456789", "2"):
        type_into(page, "x", at)
        assert heights() == before, at
    page.get_by_role("checkbox").uncheck()
    assert heights() == before
    assert not visit.faults
