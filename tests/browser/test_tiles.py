"""The view `tiles` in Chromium: sides, what meets, puzzles, forms; the page judges as Python does."""

from __future__ import annotations

import pytest
from equations import ARRAYS, EQUATIONS, START
from pages import inputs, settle, slider

from bplib.tiles_picture import joined
from bplib.widgets.live import live, reached, task
from bplib.widgets.shapes import Reader, Shapes, numbers, verdict, written
from bplib.widgets.views import tiles
from bplib.widgets.views.tiles import MAX_EQUATIONS

pytestmark = pytest.mark.browser

REASON = "The sum goes over the samples."


def tracker():
    shapes = Shapes("X (B, n0), W1 (n1, n0), b1 (n1,)", B=4, n0=3, n1=2)
    backward = ["backward: dW1 = dZ1.T @ X", "db1 = dZ1.sum(axis=0)", "dX = dZ1 @ W1.T"]
    view = tiles("forward: Z1 = X @ W1.T + b1", "A1 = relu(Z1)", *backward)
    return live(shapes, views=[view], name="tracker")


def puzzle(**sizes):
    shapes = Shapes("X (B, n0), dZ (B, n1), W (n1, n0)", **({"B": 4, "n0": 3, "n1": 2} | sizes))
    view = tiles(
        choose={"dW": ["dZ @ X", "dZ.T @ X", "X.T @ dZ", "X @ dZ.T"]}, right={"dW": ("dZ.T @ X", REASON)}
    )
    tasks = [
        task("Which product has the shape of W?", until=reached("dW", 2), opens=["tiles"], then="dZ.T @ X."),
        task("And if all sizes are 3?", start={"B": 3, "n0": 3, "n1": 3}, opens=["B", "n0", "n1"]),
    ]
    return live(shapes, views=[view], tasks=tasks, name="puzzle")


def forms():
    shapes = Shapes("X (B, n0), W (n1, n0), b (n1,)", B=4, n0=3, n1=2)
    rows = ["forward: Z = X @ W.T + b", "backward: dW = dZ.T @ X", "dX = dZ @ W"]
    declared = "X (n0, B), b (n1, 1)"
    columns = [declared, "forward: Z = W @ X + b", "backward: dW = dZ @ X.T", "dX = W.T @ dZ"]
    return live(shapes, views=[tiles(forms={"rows": rows, "columns": columns})], name="forms")


def two_layers():
    shapes = Shapes(
        "X (B, n0), W1 (n1, n0), b1 (n1,), W2 (n2, n1), b2 (n2,), Y (B, n2)", B=5, n0=4, n1=3, n2=2
    )
    forth = ["forward: Z1 = X @ W1.T + b1", "A1 = tanh(Z1)", "Z2 = A1 @ W2.T + b2", "dZ2 = (Z2 - Y) / B"]
    back = ["backward: dW2 = dZ2.T @ A1", "db2 = dZ2.sum(axis=0)", "dA1 = dZ2 @ W2"]
    back += ["dZ1 = dA1 * (1 - A1 * A1)", "dW1 = dZ1.T @ X", "db1 = dZ1.sum(axis=0)"]
    return live(shapes, views=[tiles(*forth, *back)], name="layers")


def sides(page, name, k=0):
    """Return the height and the width of a tile, in ones."""
    tile = page.locator(".bp-shown .bp-tile").filter(has=page.get_by_text(name, exact=True)).nth(k)
    box = tile.locator("i").bounding_box()
    one = page.evaluate(
        """() => {
          const i = document.querySelector(".bp-shown .bp-tile i");
          return parseFloat(getComputedStyle(i).height) / getComputedStyle(i).getPropertyValue("--bp-rows");
        }"""
    )
    return round(box["height"] / one, 2), round(box["width"] / one, 2)


def heard(page):
    """Return what a screen reader finds: each equation that is shown."""
    equations = page.locator(".bp-equation").and_(page.get_by_role("img"))
    seen = "(all) => all.filter((e) => e.checkVisibility({visibilityProperty: true}))"
    return equations.evaluate_all(f"(all) => ({seen})(all).map((e) => e.ariaLabel)")


def lines(page):
    return page.locator(".bp-verdict").evaluate_all(
        """(all) => all.filter((e) => e.checkVisibility({visibilityProperty: true}))
          .map((e) => [e.dataset.state, e.textContent])"""
    )


def tall(page):
    return page.locator(".bp-live").bounding_box()["height"]


def go(page, **sizes):
    page.evaluate(
        """(sizes) => figures.forEach(({ store }) => Object.entries(sizes).forEach(([name, x]) =>
          store.set(store.source.names.indexOf(name), x)))""",
        sizes,
    )
    settle(page)


def test_sides_follow_the_sizes_and_what_meets_is_marked(show):
    page = (visit := show(tracker())).page
    height = tall(page)
    assert [sides(page, name) for name in ("X", "W1.T", "b1", "dZ1.T")] == [(4, 3), (3, 2), (1, 2), (2, 4)]
    first = page.locator(".bp-equation").first
    assert first.get_attribute("aria-label") == "Z1 (4, 2) = X (4, 3) @ W1.T (3, 2) + b1 (2,)"
    assert lines(page)[0] == ["fits", "Fits: inner sizes agree: n0."]
    assert lines(page)[-1] == ["differs", "Does not fit: inner sizes 2 and 3 differ (n1, n0)."]
    assert page.locator(".bp-clash").count() == 2  # hatched, in the one equation that does not fit
    below, left = page.evaluate(
        """[...document.querySelectorAll(".bp-equation")].at(-1).querySelectorAll("i").values()
          .map((i) => [getComputedStyle(i, "::after").borderBottomStyle,
                       getComputedStyle(i, "::before").borderLeftStyle]).toArray().slice(1)"""
    )
    assert (below, left) == (["dotted", "none"], ["none", "dotted"])
    slider(page, "n0").first.press("ArrowLeft")
    settle(page)
    assert inputs(page) == [4, 2, 2]
    assert sides(page, "X") == (4, 2)
    assert lines(page)[-1] == ["only", "Fits for these sizes only: n1 = n0 = 2."]
    assert page.locator(".bp-shown .bp-moved").count() == 6  # X and W1.T, both twice, dW1, dX
    slider(page, "B").first.press("End")
    settle(page)
    assert sides(page, "dZ1.T") == (2, 8)
    assert tall(page) == height
    assert not visit.faults


def test_gradients_have_their_own_colour_and_samples_their_lines(show):
    page = (visit := show(tracker())).page
    looks = page.locator(".bp-tile").evaluate_all(
        """(all) => all.map((e) => [e.querySelector("b").textContent,
          getComputedStyle(e.querySelector("i")).borderTopColor,
          getComputedStyle(e.querySelector("i")).backgroundImage])"""
    )
    colours = {name.startswith("d"): colour for name, colour, _ in looks}
    assert colours == {False: "rgb(0, 114, 178)", True: "rgb(213, 94, 0)"}
    # Samples lie below each other, and in a transposed array side by side; parameters have none.
    lines = {
        name: "repeating" in look and ("right" if "to right" in look else "down") for name, _, look in looks
    }
    assert {name for name, found in lines.items() if found == "right"} == {"dZ1.T"}
    assert {"X", "Z1", "A1", "dZ1"} <= {name for name, found in lines.items() if found == "down"}
    assert {"b1", "dW1", "db1"} <= {name for name, found in lines.items() if not found}
    assert not visit.faults


def test_ten_equations_fit_a_screen_forward_beside_backward(show):
    page = (visit := show(two_layers(), width=800)).page
    assert tall(page) <= 700
    boxes = [each.bounding_box() for each in page.locator(".bp-equation").all()]
    left, right = boxes[:4], boxes[4:]
    assert len({box["x"] for box in left}) == len({box["x"] for box in right}) == 1
    assert left[0]["x"] + left[0]["width"] < right[0]["x"]
    assert left[0]["y"] == right[0]["y"]
    for column in (left, right):
        assert [box["y"] for box in column] == sorted(box["y"] for box in column)
    assert "Thin lines part the samples." in page.locator(".bp-tiles > .bp-note").inner_text()
    page.set_viewport_size({"width": 320, "height": 800})
    settle(page)
    go(page, **{size: 8 for size in ("B", "n0", "n1", "n2")})
    found = page.locator(".bp-equation").evaluate_all(
        """(all) => all.map((equation) => {
          const [within, apart] = [equation.getBoundingClientRect(), []];
          for (const term of equation.children) {
            const boxes = [...term.children].map((part) => part.getBoundingClientRect());
            boxes.slice(1).forEach((box, k) => apart.push(box.left - boxes[k].right));
          }
          return [Math.min(...apart), equation.scrollWidth - within.width];
        })"""
    )
    # What closes a bracket, or adds up, stays with its array, which touches nothing.
    assert all(apart >= 5 and over <= 2 for apart, over in found), str(found)
    assert not visit.faults


def test_the_page_judges_as_python_does(show):
    chunks = [EQUATIONS[k : k + MAX_EQUATIONS] for k in range(0, len(EQUATIONS), MAX_EQUATIONS)]
    figures = [
        live(Shapes(ARRAYS, **START), views=[tiles(*chunk)], name=f"part{k}")
        for k, chunk in enumerate(chunks)
    ]
    page = (visit := show(*figures)).page
    read = [Reader(Shapes(ARRAYS, **START)).equation(text) for text in EQUATIONS]
    states = set()
    for sizes in (START, {"B": 3, "n0": 3, "n1": 3}, {"B": 1, "n0": 4, "n1": 2}, {"B": 4, "n0": 2, "n1": 2}):
        go(page, **sizes)
        judged = [list(verdict(equation, sizes)) for equation in read]
        assert lines(page) == judged, sizes
        states |= {state for state, _ in judged}
        assert heard(page) == [
            joined(
                [
                    part if isinstance(part, str) else f"{part.name} {written(numbers(part.axes, sizes))}"
                    for part in equation.parts
                ]
            )
            for equation in read
        ]
        marks = page.locator(".bp-equation").evaluate_all(
            """(all) => all.map((e) => [...e.querySelectorAll(".bp-tile")].map((tile) =>
              ["left", "below"].map((side) => tile.style.getPropertyValue(`--bp-${side}`))))"""
        )
        lined = {"fits": "solid", "only": "dashed", "differs": "dotted", None: "none"}
        assert marks == [
            [
                [lined[found.get(0)], lined[found.get(1)]]
                for part, found in zip(equation.parts, equation.marks(sizes), strict=True)
                if not isinstance(part, str)
            ]
            for equation in read
        ]
    assert states == {"fits", "only", "differs"}
    assert not visit.faults


def test_a_puzzle_is_answered_by_keys_and_its_task_notices(show):
    page = (visit := show(puzzle(), whole=False)).page
    assert page.get_by_role("slider").count() == 0
    height = tall(page)
    assert heard(page) == ["dW (2, 3) = ? dZ (4, 2) X (4, 3)"]
    assert page.get_by_role("group", name="dW = ?").get_by_role("radio").count() == 4
    status = page.locator(".bp-verdict")
    assert status.inner_text() == "Choose a product."
    asked, told = page.locator(".bp-guide").bounding_box(), status.bounding_box()
    assert told["y"] - asked["y"] - asked["height"] <= 200, "what is chosen is judged below the task"
    page.get_by_role("radio", name="dZ @ X").focus()
    page.keyboard.press("Space")
    settle(page)
    assert inputs(page) == [4, 3, 2, 1]
    assert status.inner_text() == "Does not fit: inner sizes 2 and 4 differ (n1, B)."
    assert REASON not in page.locator(".bp-tiles").inner_text()
    assert page.locator(".bp-next.bp-main").count() == 0
    page.keyboard.press("ArrowDown")
    settle(page)
    assert inputs(page) == [4, 3, 2, 2]
    assert status.inner_text() == f"Fits: inner sizes agree: B. Right. {REASON}"
    assert heard(page) == ["dW (2, 3) = dZ.T (2, 4) @ X (4, 3)"]
    assert page.locator(".bp-next.bp-main").count() == 1
    page.keyboard.press("ArrowDown")
    settle(page)
    assert status.inner_text() == "Does not fit: the right side has shape (3, 2), dW has (2, 3)."
    assert tall(page) == height
    assert page.evaluate("figures[0].store.state('puzzle')") == "puzzle:1:B=4,n0=3,n1=2,dW=3"
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert page.locator("input:checked").count() == 0 and status.inner_text() == "Choose a product."
    assert not visit.faults


def test_in_the_square_case_shapes_can_not_decide(show):
    page = (visit := show(puzzle(), address="#puzzle:1:dW=1&task=2")).page
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Next").click()
    settle(page)
    assert inputs(page) == [3, 3, 3, 0]
    page.get_by_role("radio", name="dZ @ X").check()
    settle(page)
    decided = "4 of 4 fit at these sizes, so shapes can't decide."
    assert page.locator(".bp-verdict").inner_text() == (
        f"Fits for these sizes only: n1 = B = 3. {decided} dZ @ X has the shape of dW and is not dW. "
        "Over which size does it add up? Over which should dW?"
    )
    page.get_by_role("radio", name="dZ.T @ X").check()
    settle(page)
    assert page.locator(".bp-verdict").inner_text() == (
        f"Fits: inner sizes agree: B. {decided} Right. {REASON}"
    )
    assert not visit.faults


def test_a_link_brings_a_choice(show):
    page = (visit := show(puzzle(), address="#puzzle:1:n0=5,dW=2")).page
    assert inputs(page) == [4, 5, 2, 2]
    assert page.get_by_role("radio", name="dZ.T @ X").is_checked()
    assert heard(page) == ["dW (2, 5) = dZ.T (2, 4) @ X (4, 5)"]
    assert not visit.faults


def test_a_menu_writes_the_same_equations_in_another_form(show, axe):
    page = (visit := show(forms(), width=1000)).page
    before = (tall(page), heard(page))
    assert before[1][0] == "Z (4, 2) = X (4, 3) @ W.T (3, 2) + b (2,)"
    page.get_by_role("combobox", name="written").first.select_option("columns")
    settle(page)
    assert inputs(page)[0] == 1
    assert heard(page) == [
        "Z (2, 4) = W (2, 3) @ X (3, 4) + b (2, 1)",
        "dW (2, 3) = dZ (2, 4) @ X.T (4, 3)",
        "dX (3, 4) = W.T (3, 2) @ dZ (2, 4)",
    ]
    assert tall(page) == before[0]
    page.get_by_text("All numbers as a table").click()
    settle(page)
    rows = page.locator(".bp-table tbody tr").evaluate_all(
        "(all) => all.map((row) => row.innerText.split('\\t'))"
    )
    assert rows[:2] == [["X", "(n0, B) (3, 4)", "12"], ["dX", "(n0, B) (3, 4)", "12"]]
    assert ["b", "(n1, 1) (2, 1)", "2"] in rows and "db" not in [name for name, *_ in rows]
    assert axe(page) == []
    assert not visit.faults


@pytest.mark.parametrize("figure", [tracker, puzzle, forms])
def test_a_phone_in_the_dark(show, axe, figure):
    visit = show(figure(), width=390, height=844, has_touch=True, color_scheme="dark")
    page = visit.page
    height = tall(page)
    if figure is puzzle:
        page.get_by_text("X.T @ dZ", exact=True).tap()
        settle(page)
        assert inputs(page)[-1] == 3
    else:
        # Beside the tiles are sliders, and they stay in sight.
        near = page.locator(".bp-near").get_by_role("slider", name="B")
        page.locator(".bp-equation").first.scroll_into_view_if_needed()
        near.tap()
        box = near.bounding_box()
        assert 0 <= box["y"] <= box["y"] + box["height"] <= 844
        for size in ("B", "n0", "n1"):
            go(page, **{size: 8})
        assert tall(page) == height
    first = page.locator(".bp-shown .bp-equation, .bp-shown.bp-equation").first
    places = first.locator(".bp-tile").evaluate_all("(all) => all.map((e) => e.getBoundingClientRect().top)")
    assert len(set(places)) == 1  # in one row
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe(page) == []
    assert not visit.faults
