"""Every page in Firefox and in WebKit: whole, and its figures answer the keyboard."""

from __future__ import annotations

import pytest
from engines import equip
from pages import OPEN_ALL, SETTLED, THIN, serve

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"
ALONE = "embed/neuron.html"

# How far the page is wider than the window, in pixels.
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# The figures that have a slider in sight, and stand in no other figure.
FIGURES = """
  const sliders = (figure) =>
    [...figure.querySelectorAll('input[type="range"]')].filter((slider) => slider.checkVisibility());
  const figures = [...document.querySelectorAll(".bp-live")].filter(
    (figure) => !figure.parentElement.closest(".bp-live") && sliders(figure).length);
"""
COUNT = f"() => {{ {FIGURES} return figures.length; }}"
# What a figure says and the key that moves its first slider, which has the focus now.
TAKE = f"""(k) => {{
  {FIGURES}
  const [slider] = sliders(figures[k]);
  slider.focus();
  const key = Number(slider.value) < Number(slider.max) ? "ArrowRight" : "ArrowLeft";
  return {{ said: figures[k].textContent, key, name: slider.ariaLabel }};
}}"""
ANSWERED = f"(k, said) => {{ {FIGURES} return figures[k].textContent !== said; }}"


def faults_on(engine, home, path, mount_within=30, answer_within=30):
    """Visit a page, move the first slider of each figure by one key, and tell all that is wrong."""
    engine.open(home, path)
    found, wide = [], 0
    try:
        engine.wait_for(SETTLED, what="figures mounted and mathematics set", seconds=mount_within)
        wide = engine.ask(TOO_WIDE)
        engine.ask(THIN)  # a page is laid out again with every part that opens, most of all its formulas
        engine.ask(OPEN_ALL)
        for k in range(engine.ask(COUNT)):
            figure = engine.ask(TAKE, k)
            engine.press(figure["key"])
            what = f"figure {k + 1} answers when {figure['name']} is moved"
            engine.wait_for(ANSWERED, k, figure["said"], what=what, seconds=answer_within)
    except TimeoutError as error:
        found.append(str(error))
    if (px := max(wide, engine.ask(TOO_WIDE))) > 0:
        found.append(f"{px} px too wide")
    return found + engine.faults()


def test_every_page_is_whole_and_answers(engine, equipped, site):
    assert CHAPTER in site.pages
    with serve(equipped) as home:
        visited = {path: faults_on(engine, home, path) for path in [*site.pages, ALONE]}
    assert {path: faults for path, faults in visited.items() if faults} == {}


def test_a_chapter_from_a_folder(engine, equipped):
    assert faults_on(engine, equipped.as_uri() + "/", CHAPTER) == []
    assert engine.ask(COUNT) > 0


# A mouse comes over the first of these elements that is in sight and has this text.
POINT_AT = """(selector, text) => {
  const found = [...document.querySelectorAll(selector)];
  const element = found.find((e) => e.checkVisibility() && e.textContent.includes(text));
  element.scrollIntoView({ block: "center", behavior: "instant" });
  element.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }));
}"""
SAYS_THE_WORD = """() => {
  const box = document.querySelector("#bp-term");
  const { left, right, top, bottom } = box.getBoundingClientRect();
  const fits = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
  return box.matches(":popover-open") && !!box.querySelector("mjx-container") && fits;
}"""
LIT = """() => document.querySelectorAll(".bp-lights > div").length > 1 &&
  [...document.querySelectorAll('mjx-math [data-symbol="dw"]')].some((e) => e.checkVisibility())"""


def test_what_is_pointed_at_answers(engine, equipped):
    engine.open(equipped.as_uri() + "/", CHAPTER)
    engine.wait_for(SETTLED, what="figures mounted and mathematics set", seconds=30)
    engine.ask(POINT_AT, 'a[href$="#term-activation"]', "activation")
    engine.wait_for(SAYS_THE_WORD, what="the word is told, with its formulas", seconds=10)
    engine.ask(POINT_AT, ".highlight .n", "dw")
    engine.wait_for(LIT, what="dw is lit in code and formula", seconds=10)
    assert engine.faults() == []


def plant(page):
    """Spoil a chapter: a fault of each kind that a visit must see."""
    faults = """<script>
      console.error("planted");
      setTimeout(() => { throw new Error("thrown"); });
      Promise.reject(new Error("rejected"));
      fetch("https://example.org/x").catch(() => {});
    </script><img src="missing.png" alt="Lost"><p style="width: 2000px">A long line</p></article>"""
    return page.replace("</article>", faults, 1).replace('"model_id": "', '"model_id": "lost-', 1)


def test_planted_faults_are_seen(engine, site, tmp_path):
    spoilt = equip(engine, site.root, tmp_path / "html", plant)
    with serve(spoilt) as home:
        found = "\n".join(faults_on(engine, home, CHAPTER, mount_within=2))
    for fault in (
        "figures mounted and mathematics set: still not so after 2 s",
        "console: planted",
        "thrown",
        "rejected",
        "foreign request: https://example.org",
        "missing.png",
        "px too wide",
    ):
        assert fault in found


def test_a_figure_that_does_not_answer_is_seen(engine, site, tmp_path):
    deaf = """<script>
      const refuse = (event) => (event.preventDefault(), event.stopImmediatePropagation());
      addEventListener("keydown", refuse, true);
    </script></head>"""
    spoilt = equip(engine, site.root, tmp_path / "html", lambda page: page.replace("</head>", deaf, 1))
    with serve(spoilt) as home:
        found = faults_on(engine, home, CHAPTER, answer_within=2)
    assert [fault.split(": still")[0] for fault in found] == [
        f"{engine.name}: figure 1 answers when k1 is moved"
    ]
