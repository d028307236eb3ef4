"""A symbol that is pointed at lights up in formulas, in code and in figures."""

from __future__ import annotations

import pytest
from pages import modules, settle

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"
NETWORK = "book/04-two-layer-network.html"
LIGHTS = ".bp-lights > div"

# What is typed, and the keys that its symbols have.
FORMULAS = {
    r"w": ["w"],
    r"\mathcal L": ["loss"],
    r"\hat y - y": ["yhat", "y"],
    r"\frac{\partial \mathcal L}{\partial w}": ["dw"],
    r"-\eta\,\partial \mathcal L/\partial w": ["rate", "dw"],
    r"\left(\partial\mathcal L/\partial w\right)^2": ["dw"],
    r"\frac{\partial z}{\partial w}\,x": ["dz_dw", "x"],
    r"\frac{dy}{dx}": ["dy_dx"],
    r"\nabla_{\!x} \mathcal L": ["dx"],
    r"dW = dZ^{\mathsf T} X": ["dW", "X"],
    r"\texttt{dX} = G": ["dX", "G"],
    r"w + \Delta w": ["w", "Δw"],
    r"z^{[1]} = W^{[1]} x + b^{[1]}": ["z1", "W1", "x", "b1"],
    r"W^{[1]}_{11}\,x_1": ["W1_11", "x1"],
    r"z^{[l]}_j = a_i": ["z", "a"],
    r"\delta^{[2]} = \frac{\partial \mathcal L}{\partial z^{[2]}}": ["dz2", "dz2"],
    r"\sigma(z) = \frac{1}{1 + e^{-z}}": ["sigmoid", "z", "z"],
    # Others, whatever they are made of.
    r"u_K + a^{[l-1]} + \dot x + \tilde u + \mathbf X + \bar v": [],
}
TYPESET = """async (formulas) => {
  const all = [];
  const main = document.querySelector("main");
  for (const tex of formulas) {
    const place = document.createElement("div");
    place.className = "math";
    place.textContent = `\\\\(${tex}\\\\)`;
    main.append(place);
    await MathJax.typesetPromise([place]);
    const marked = [...place.querySelectorAll("mjx-math [data-symbol]")];
    all.push([...new Map(marked.map(({ dataset }) => [dataset.group, dataset.symbol])).values()]);
    place.remove();
  }
  return all;
}"""
# What code or a figure writes, and its key.
NAMES = {
    "dw": "dw", "dloss/dw": "dw", "dloss/\u200bdw": "dw", "dloss_da": "da", "∂a/∂z": "da_dz",
    "da_dz": "da_dz", "dy/dx": "dy_dx", "W1_11": "W1_11", '"w"': "w", "0.W": "W1", "2.W": "W2",
    "'2.b'": "b2", "delta1": "dz1", "delta": "dz", "Δx": "Δx",
    "w × x": "", "dloss/d(w × x)": "", "0.5": "", "3.W": "", "a.b": "",
}  # fmt: skip


def lit(page):
    """What lies under each light: its kind, and its key or its text."""
    return page.evaluate(
        """(lights) => [...document.querySelectorAll(lights)].map((light) => {
          const box = light.getBoundingClientRect();
          const at = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
          const kind = at.closest("mjx-math") ? "formula" : at.closest(".bp-live") ? "figure" : "code";
          return `${kind} ${at.closest("[data-symbol]")?.dataset.symbol ?? at.textContent.trim()}`;
        })""",
        LIGHTS,
    )


def bring(locator):
    locator.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    return locator


def test_names_have_their_keys(chromium, tmp_path):
    html = """<!doctype html><meta charset="utf-8"><title>Names</title><link rel="icon" href="data:,">
    <script type="module">
    import { keyOf } from "./point/spelling.js";
    window.keyOf = keyOf;
    window.ready = true;
    </script>"""
    with modules(chromium, tmp_path, html) as page:
        assert {name: page.evaluate("(name) => keyOf(name)", name) for name in NAMES} == NAMES


def test_formulas_have_their_keys(open_page):
    visit = open_page(CHAPTER)
    assert dict(zip(FORMULAS, visit.page.evaluate(TYPESET, list(FORMULAS)), strict=True)) == FORMULAS
    assert not visit.faults


def test_a_gradient_lights_in_formula_and_code_and_nothing_moves(open_page):
    visit = open_page(CHAPTER, scheme="file", height=800)
    page = visit.page
    place = bring(page.locator(".highlight .n").get_by_text("dw", exact=True).first)
    before = page.evaluate("document.documentElement.scrollHeight")
    place.hover()
    page.locator(LIGHTS).nth(1).wait_for()
    found = lit(page)
    assert "formula dw" in found
    assert "code dw" in found
    assert {told.split()[-1] for told in found} == {"dw"}
    assert page.evaluate("document.documentElement.scrollHeight") == before
    assert page.locator("mjx-math [tabindex], .highlight .n[tabindex]").count() == 0
    page.evaluate("scrollBy({ top: 4, behavior: 'instant' })")  # the lights stay with what they light
    settle(page)
    assert {told.split()[-1] for told in lit(page)} == {"dw"}
    page.mouse.move(2, 2)
    page.locator(LIGHTS).first.wait_for(state="detached")
    assert not visit.faults


def test_what_is_folded_gets_no_light_and_a_light_is_no_larger_than_its_symbol(open_page):
    page = open_page(CHAPTER, height=800).page
    name = page.locator(".highlight .n:visible").get_by_text("dw", exact=True).first
    page.evaluate(
        """() => {
          const fold = document.createElement("details");
          fold.className = "folded";
          const code = '<pre><span class="n">dw</span></pre>';
          fold.innerHTML = `<summary>Code</summary><div class="highlight">${code}</div>`;
          document.querySelector("main .highlight .n").closest(".cell").before(fold);
        }"""
    )
    bring(name).hover()
    page.locator(LIGHTS).nth(1).wait_for()
    boxes = "(all) => all.map((e) => e.getBoundingClientRect().toJSON())"
    lights = page.locator(LIGHTS).evaluate_all(boxes)

    def apart(light, box):
        return abs(light["x"] - box["x"]) + abs(light["y"] - box["y"])

    (folded,) = page.locator("main details.folded .n").evaluate_all(boxes)
    assert min(apart(light, folded) for light in lights) > 4
    own = name.bounding_box()
    light = min(lights, key=lambda each: apart(each, own))
    assert light["width"] <= own["width"] + 2 and light["height"] <= own["height"] + 2


def test_what_stands_in_code_alone_stays_dark(open_page):
    page = open_page(CHAPTER).page
    bring(page.locator(".highlight .n:visible").get_by_text("math", exact=True).first).hover()
    page.wait_for_timeout(400)
    assert page.locator(LIGHTS).count() == 0


def test_keys_in_a_figure_light_what_they_read(open_page):
    visit = open_page(NETWORK)
    page = visit.page
    figure = bring(page.locator(".bp-network").first)
    edge = figure.locator('[data-symbol="W1"]')
    edge.evaluate("(e) => e.focus()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.locator(".bp-edge.bp-lit").wait_for(state="attached")  # a line has no height, so it isn't "visible"
    assert edge.evaluate("(e) => e.classList.contains('bp-lit')")
    page.keyboard.press("Escape")
    page.locator(".bp-edge.bp-lit").wait_for(state="detached")
    assert not visit.faults


def test_a_tap_lights_and_a_tap_elsewhere_ends_it(open_page):
    visit = open_page(NETWORK, width=390, height=844, has_touch=True)
    page = visit.page
    code = bring(page.locator(".highlight .n").get_by_text("W2", exact=True).first)
    code.tap()
    page.locator(LIGHTS).nth(1).wait_for()
    assert {told.split()[-1] for told in lit(page)} == {"W2"}
    bring(page.locator("article h2").first).tap()
    page.locator(LIGHTS).first.wait_for(state="detached")
    assert not visit.faults
