"""The page draws the diagram that Python computed, and writes numbers as Python's formulas do."""

from __future__ import annotations

import re

import pytest

from bplib.diagram import constant
from bplib.scalar import Value
from bplib.widgets import library
from bplib.widgets.live import graph, live

pytestmark = pytest.mark.browser

FORMAT = library.join(["format.js"])
FMT = "([source, numbers]) => numbers.map(new Function(`${source} return (x) => format$.fmt(x);`)())"
CARDS = """[...document.querySelectorAll(".bp-graph .bp-node")].map((node) =>
  [node.querySelector(".bp-title").textContent, node.querySelector(".bp-tag").textContent,
   node.getAttribute("transform")])"""


def figure():
    x, y = Value(0.5, "x"), Value(0.3, "y")
    u = (x * y * -2).named("u")
    return live((u.exp() * x + y * y).named("out"), {x: (-2, 2)}, views=[graph()], name="diagram")


@pytest.mark.parametrize(("width", "down"), [(1000, False), (390, True)])
def test_nodes_stand_where_python_put_them(show, width, down):
    fig = figure()
    (view,) = fig.spec["views"]
    names = fig.spec["source"]["labels"]["names"]
    cards = show(fig, width=width).page.evaluate(CARDS)
    tags = {"u": "× −2", "out": "+"}
    for (title, tag, _), (i, *_) in zip(cards, view["nodes"], strict=True):
        assert names[i].startswith(title.removesuffix("…"))  # a narrow card cuts it
        assert tag == tags.get(names[i], "")
    corners = [tuple(map(float, re.findall(r"-?[\d.]+", card[2]))) for card in cards]
    along, aside = zip(*(corner[::-1] if down else corner for corner in corners), strict=True)
    for got, wanted in (
        (along, [rank for _, rank, _, _ in view["nodes"]]),
        (aside, [at for *_, at, _ in view["nodes"]]),
    ):
        scale = max(got) / max(wanted)
        assert scale > 50
        assert got == pytest.approx([scale * place for place in wanted], abs=0.01)


def test_constants_are_written_as_the_page_writes_numbers(chromium):
    numbers = [
        0.0,
        -0.0,
        1 / 3,
        -2 / 3,
        1e-4,
        9.9999999e-5,
        123456,
        999999.5,
        1234567,
        -2.5e-7,
        1e100,
        5e-300,
    ]
    page = chromium.new_page()
    assert page.evaluate(FMT, [FORMAT, numbers]) == [constant(x) for x in numbers]
    page.close()
