"""The map of the chapters: what each builds on, and what the site says of it."""

import json
import re
from html.parser import HTMLParser

import chapter_map
import nbformat
import pytest
import yaml
from docutils.core import publish_doctree
from notebooks import BOOK, ROOT

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
NEEDS = chapter_map.needs(TOC)


def before(page):
    """All chapters that one builds on, near and far."""
    return {page for near in NEEDS[page] for page in (near, *before(near))}


def test_each_chapter_says_what_it_builds_on():
    exist = {f"book/{path.stem}" for path in BOOK.glob("*.ipynb") if re.match(r"(?!00)\d\d-", path.name)}
    assert NEEDS.keys() == exist
    assert TOC["meta"]["needs"].keys() == exist, "a chapter that isn't written has no place in the map"
    assert [page for page in NEEDS if not NEEDS[page]] == ["book/01-credit-assignment"]
    assert not [page for page in NEEDS if page in before(page)]


NEEDED = re.compile(r"You need:? chapters? (\d+)(?: (to|and) (\d+))?\b")


def test_what_a_chapter_says_that_it_needs_is_what_it_builds_on():
    told = {}
    for page in NEEDS:
        nb = nbformat.read(ROOT / f"{page}.ipynb", as_version=4)
        text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", "\n".join(cell.source for cell in nb.cells))
        if found := NEEDED.search(text):
            first, last = int(found[1]), int(found[3] or found[1])
            told[page] = set(range(first, last + 1)) if found[2] == "to" else {first, last}
    assert told
    numbers = {page: {chapter_map.chapter(each) for each in before(page)} for page in told}
    assert told == numbers


def toc(**needs):
    chapters = [{"file": "book/00-home"}, {"file": "book/01-a"}, {"file": "book/02-b"}, {"file": "book/A1-c"}]
    told = {f"book/{name}": pages for name, pages in needs.items()}
    return {"parts": [{"chapters": chapters}], "meta": {"needs": told}}


def test_what_a_chapter_builds_on_is_told_and_comes_before_it():
    known = toc(**{"01-a": [], "02-b": ["book/01-a"]})
    assert chapter_map.needs(known) == {"book/01-a": [], "book/02-b": ["book/01-a"]}
    with pytest.raises(
        ValueError, match="has book/02-b and not what it builds on: add it under `meta: needs:`"
    ):
        chapter_map.needs(toc(**{"01-a": []}))
    with pytest.raises(ValueError, match="book/01-a builds on book/02-b, which is no chapter before it"):
        chapter_map.needs(toc(**{"01-a": ["book/02-b"], "02-b": []}))
    with pytest.raises(ValueError, match="book/02-b builds on book/09-z"):
        chapter_map.needs(toc(**{"01-a": [], "02-b": ["book/09-z"]}))


def cell(kind, source, name="", **metadata):
    return {"cell_type": kind, "source": source.splitlines(True), "metadata": metadata, "id": name}


@pytest.mark.parametrize(("words", "minutes"), [(20, 5), (1890, 45), (2940, 70)])
def test_minutes_are_those_of_the_core(words, minutes):
    text = "word " * words + "<details>" + "more " * 5000 + "</details>\n\n$$" + "x " * 5000 + "$$"
    assert chapter_map.minutes({"cells": [cell("markdown", text), cell("code", "a " * 5000)]}) == minutes


def test_an_exercise_has_its_checks():
    grade = {"nbgrader": {"grade": True}}
    cells = [
        cell("markdown", "# Exercises"),
        cell("markdown", "## 1. In words"),
        cell("markdown", "An answer", "words", **grade),
        cell("markdown", "## 2. In two steps\n\nCompute."),
        cell("code", "a = 1", "two", nbgrader={"grade": False}),
        cell("code", "check.a(a)", "two-a", **grade),
        cell("markdown", "And then"),
        cell("code", "check.b(a)", "two-b", **grade),
        cell("markdown", "## 3. Alone"),
        cell("code", "check.c(a)", "three", **grade),
    ]
    assert chapter_map.checks({"cells": cells}) == [["two-a", "two-b"], ["three"]]


def test_sections_have_their_anchors_and_formulas_as_the_page_sets_them():
    text = "Title\n=====\n\nOne :math:`w x` is\n------------------\n\nText.\n\nTwo\n~~~\n\nMore.\n"
    page = publish_doctree(text, settings_overrides={"doctitle_xform": False})
    assert chapter_map.sections(page) == [["one-w-x-is", r"One \(w x\) is"], ["two", "Two"]]


def about(number, title, *needs, **more):
    page = f"book/{number:02}-x"
    told = {"minutes": 45, "predictions": ["a", "b"], "exercises": [["c"]], "sections": [], "practice": None}
    return {"page": page, "href": f"{number:02}-x.html", "number": number, "title": title} | {
        "needs": [f"book/{need:02}-x" for need in needs],
        **told,
        **more,
    }


FEW = [about(1, "First: of all"), about(2, "Second", 1), about(4, "A & B, then C", 1, 2, exercises=[])]


class Links(HTMLParser):
    """The links of a text, and all that it says."""

    def __init__(self, text):
        super().__init__()
        self.links, self.said = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data):
        self.said.append(data)


def test_without_scripts_it_is_a_list_of_links():
    text = chapter_map.listed(FEW)
    plain = Links(text.partition("<script")[0])
    assert plain.links == ["01-x.html", "01-x.html", "02-x.html", "04-x.html"]
    lines = [re.sub(r"\s+", " ", line) for line in "".join(plain.said).split("\n")]
    assert lines[0] == "Begin: chapter 1, First: of all"
    items = re.findall(r"<li>.*?</li>", text)
    assert ["".join(Links(item).said) for item in items] == [
        "1 First: of all about 45 min 2 predictions 1 exercises",
        "2 Second about 45 min 2 predictions 1 exercises builds on 1",
        "4 A & B, then C about 45 min 2 predictions builds on 1 and 2",
    ]
    data = json.loads(re.search(r"<script.*?>(.*?)</script>", text)[1])
    assert data["chapters"] == FEW
    ranks = {k: rank for k, rank, _ in data["nodes"]}
    assert ranks == {0: 0, 1: 1, 2: 2}
    assert [edge[:2] for edge in data["edges"]] == [[0, 1], [0, 2], [1, 2]]


def test_a_site_with_some_chapters_has_what_leads_between_them():
    found = chapter_map.diagram([about(2, "Second", 1), about(4, "Fourth", 1, 2)])
    assert [edge[:2] for edge in found["edges"]] == [[0, 1]]
    assert "builds on 2<" in chapter_map.listed([about(2, "Second", 1), about(4, "Fourth", 1, 2)])
