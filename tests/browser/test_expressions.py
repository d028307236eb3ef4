"""Formulas as live figures in Chromium: the menu without Python, the entry with it."""

import json

import pytest
from pages import number, settle

from bplib.widgets.expressions import expressions

pytestmark = pytest.mark.browser

LONG = "w = 0.5; b = 0.1; x = 2; y = 0.8; z = w*x + b; a = sigmoid(z); (a - y)**2"
FORMULAS = ["x = 3; u = x**2; u**2 + u", "sin(x) * y", LONG]


def numbers(page):
    return page.locator(".bp-node").first.get_attribute("aria-label")


@pytest.fixture
def figure(show):
    """Return a function that shows the figure with its own traits as the model's state."""

    def open_figure(site, **options):
        fig = expressions(FORMULAS, name="formula")
        return fig, show(fig, traits=("recorded", "shown", "asked", "fault"), site=site, **options)

    return open_figure


def set_trait(page, key, value):
    page.evaluate("([key, value]) => figures[0].model.set(key, value)", [key, value])
    settle(page)


def test_on_the_site_the_menu_works_and_the_entry_says_what_it_needs(figure):
    _, visit = figure(site=True)
    page = visit.page
    assert numbers(page) == "node x: value 3, gradient 114"
    assert page.get_by_text("open this page in JupyterLab").is_visible()
    assert page.locator(".bp-formulas input").count() == 0
    page.locator(".bp-formulas select").select_option(index=1)
    settle(page)
    assert "gradient 0.0353686" in numbers(page)
    page.locator('.bp-live .bp-live input[type="range"]').first.press("ArrowRight")
    settle(page)
    assert "value 1.55" in numbers(page)
    # The former figure is gone, and its listeners with it.
    assert page.locator(".bp-live .bp-live").count() == 1
    page.evaluate("figures[0].cleanup()")
    assert page.evaluate("figures[0].model.listening()") == 0
    assert not visit.faults


def test_each_formula_moves_where_it_makes_sense_and_names_what_it_shows(show):
    formulas = [
        ("x = 0.3; y1 = 4*x*(1 - x); y2 = 4*y1*(1 - y1); 4*y2*(1 - y2)", {"x": (0, 1)}),
        "a = 0.5; b = 2; softplus(a) + softplus(b) - a",
    ]
    fig = expressions(formulas, name="formula")
    page = (visit := show(fig, traits=("recorded", "shown", "asked", "fault"))).page
    control = page.locator('.bp-panel input[type="range"]').first
    assert (control.get_attribute("min"), control.get_attribute("max")) == ("0", "1")
    curve = page.locator(".bp-curve")
    ticks = [number(text) for text in curve.locator(".bp-tick-y").all_text_contents()]
    assert max(map(abs, ticks)) <= 2  # it was −1.4e10 on a range from −5 to 5
    # A name that nobody gave says what it stands for.
    note = page.locator(".bp-formulas p.bp-note").last
    assert note.inner_text() == ""
    page.locator(".bp-formulas select").select_option(index=1)
    settle(page)
    assert page.locator('.bp-node[aria-label^="node u4"]').count() == 1
    assert note.inner_text() == "u4 = softplus(a) + softplus(b)"
    assert not visit.faults


def test_a_link_chooses_the_formula_and_its_state(figure):
    _, visit = figure(site=True, address="#formula-2:x=0.5,y=2")
    page = visit.page
    assert numbers(page).startswith("node x: value 0.5,")
    assert page.locator(".bp-formulas select").input_value() == FORMULAS[1]
    page.evaluate("location.hash = '#formula-1:x=2'")
    page.wait_for_function(
        "document.querySelector('.bp-node').getAttribute('aria-label').includes('value 2,')"
    )
    assert not visit.faults


def test_a_damaged_link_leaves_the_figure_whole(figure):
    _, visit = figure(site=True, address="#formula-2:x=%E0%A4%A")
    assert numbers(visit.page).startswith("node x: ")
    assert "can't be taken" in visit.page.locator(".bp-live .bp-live .bp-said").inner_text()
    assert not visit.faults


def test_in_jupyter_a_typed_formula_goes_to_python_and_comes_back(figure):
    fig, visit = figure(site=False, shared=False)
    page = visit.page
    entry = page.get_by_label("your own")
    assert entry.input_value() == FORMULAS[0]

    def type_in(text):
        entry.fill(text)
        entry.press("Enter")
        asked = page.evaluate("figures[0].model.state.asked")
        assert asked["text"] == text
        fig.asked = asked
        for key in ("shown", "fault"):
            set_trait(page, key, json.loads(json.dumps(getattr(fig, key))))

    type_in("exp(z) * 0 + 7")
    assert numbers(page) == "node z: value 1.5, gradient 0"
    assert page.locator(".bp-formulas select").evaluate("(select) => select.selectedIndex") == -1
    type_in("exp(z")
    said = page.locator(".bp-formulas .bp-said")
    assert said.inner_text().strip() == "A closing bracket is missing."
    assert entry.get_attribute("aria-invalid") == "true"
    assert numbers(page) == "node z: value 1.5, gradient 0"
    type_in("exp(z) * 0 + 8")
    assert entry.get_attribute("aria-invalid") is None
    assert said.inner_text() == ""
    page.clock.install()
    type_in("exp(z) * 0 + 8")  # shown already, and answered all the same
    page.clock.fast_forward(9000)
    assert said.inner_text() == ""
    page.clock.resume()
    page.locator(".bp-formulas select").select_option(index=0)
    settle(page)
    assert numbers(page) == "node x: value 3, gradient 114"
    assert page.evaluate("figures[0].model.state.asked.text") == FORMULAS[0]
    assert page.evaluate("bubbled") == []
    assert not visit.faults


def test_silence_is_told(figure):
    _, visit = figure(site=False, shared=False)  # its clock is moved
    page = visit.page
    page.clock.install()
    page.get_by_label("your own").fill("a + b")
    page.get_by_role("button", name="Show", exact=True).click()
    page.clock.fast_forward(9000)
    assert "Python does not answer" in page.locator(".bp-formulas .bp-said").inner_text()
    assert not visit.faults


@pytest.mark.parametrize("site", [True, False])
def test_it_fits_a_phone_and_axe_finds_nothing(figure, axe_in_both, site):
    _, visit = figure(site=site, width=320)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe_in_both(visit.page) == []
    assert not visit.faults
