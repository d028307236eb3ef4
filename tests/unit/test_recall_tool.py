"""What the site gets so that predictions come back: their index, and the places where they do."""

import json
import re
from types import SimpleNamespace

import pytest
import recall
import wagers
from test_library import one_of_each

BODY = """<section class="tex2jax_ignore" id="a">
<h1>A chapter</h1>
<p>Its opening.</p>
<section id="the-question">
<span id="eq"></span><h2>The question</h2>
</section>
<section id="summary">
<h2>Summary</h2>
</section>
</section>
"""


def states(*made):
    return {f"{k}": {"state": each.get_state()} for k, each in enumerate(made)}


def test_predictions_that_may_come_back_are_asked_for_once():
    at_home = wagers.sign(returns=False)
    again = wagers.choice(answer="smaller", because={"zero": wagers.ZERO, "larger": wagers.SMALLER})
    found = recall.asked(states(*one_of_each(), wagers.varied(), at_home, wagers.choice(), again))
    assert [spec["name"] for spec in found] == ["varied", "choice"]
    assert found[0]["cases"] == wagers.varied().spec["cases"]
    assert found[1]["cases"] == wagers.choice().spec["cases"]


def loaded(script):
    """What a script puts into its page."""
    name, told = re.fullmatch(r"(.*?) = (.*);\n", script).groups()
    return name, json.loads(told)


def test_the_index_says_what_there_is_and_each_chapter_has_its_own_script():
    questions = {
        "book/01-a": recall.asked(states(wagers.choice(), wagers.varied())),
        "book/02-b": recall.asked(states(wagers.number())),
    }
    about = {page: {"title": page[-1], "href": f"{page}.html"} for page in questions}
    scripts = recall.index(questions, about)
    assert scripts.keys() == {"questions.js", "questions/01-a.js", "questions/02-b.js"}
    assert loaded(scripts["questions.js"]) == (
        "window.bplib_contents",
        [
            {"page": "book/01-a", "title": "a", "href": "book/01-a.html", "names": ["choice", "varied"]},
            {"page": "book/02-b", "title": "b", "href": "book/02-b.html", "names": ["number"]},
        ],
    )
    name, told = loaded(scripts["questions/01-a.js"])
    assert name == '(window.bplib_questions ??= {})["book/01-a"]'
    assert told == questions["book/01-a"]
    # Nobody reads an answer by chance.
    assert wagers.SMALLER not in scripts["questions/01-a.js"]
    assert len(scripts["questions.js"]) < 400


@pytest.mark.parametrize(
    ("page", "number"),
    [("book/05-a", 5), ("book/exercises/12-a", 12), ("book/00-introduction", 0), ("book/A5-figures", 0)],
)
def test_chapters_and_their_exercises_have_a_number(page, number):
    assert recall.chapter(page) == number


def test_a_chapter_has_its_place_after_its_opening_and_exercises_at_their_end():
    line = '<section class="bp-recall bp-{}"><details><summary>{}</summary></details></section>\n'
    back = line.format("back", "Two minutes back: 3 questions")
    before, after = BODY.split('<section id="the-question">')
    assert recall.with_place("book/02-b", BODY) == before + back + '<section id="the-question">' + after
    mixed = line.format("mixed", "Mixed problems: 3 from earlier chapters")
    assert recall.with_place("book/exercises/02-b", BODY) == BODY + mixed


class Pretended:
    """As much of Sphinx as the tool asks."""

    def __init__(self, folder, builder="html"):
        def script(*made):
            return {"js_files": {"ipywidgets_state": (None, {"body": json.dumps({"state": states(*made)})})}}

        pages = {
            "book/01-a": script(wagers.choice(), wagers.varied()),
            "book/02-b": script(wagers.number()),
            "book/03-c": {},
            "book/A5-figures": script(wagers.sign()),
        }
        titles = {page: SimpleNamespace(astext=lambda page=page: page[8:]) for page in pages}
        self.env = SimpleNamespace(nb_metadata=pages, titles=titles)
        self.builder = SimpleNamespace(format=builder, get_target_uri=lambda page: f"{page}.html")
        self.outdir = folder
        self.files = []

    def add_js_file(self, name, **how):
        self.files.append(name)

    add_css_file = add_js_file

    def page(self, name):
        """Return the text that a page gets, and the files that it loads."""
        self.files, context = [], {"body": BODY}
        recall.place(self, name, "", context)
        return context["body"], self.files


def test_a_page_has_a_place_where_three_questions_come_before_it(tmp_path):
    app = Pretended(tmp_path)
    both = ["bp/recall.js", "bp/recall.css"]
    assert app.page("book/01-a") == (BODY, both), "its summary is written from memory"
    assert app.page("book/02-b") == (BODY, both)
    assert app.page("book/exercises/02-b") == (BODY, both), "it keeps how far its reader came"
    assert app.page("book/03-c") == (recall.with_place("book/03-c", BODY), both)
    assert app.page("book/exercises/03-c") == (recall.with_place("book/exercises/03-c", BODY), both)
    assert app.page("book/A5-figures") == (BODY, [])
    assert Pretended(tmp_path, builder="latex").page("book/03-c") == (BODY, [])


def test_the_site_gets_the_questions_and_keeps_none_of_before(tmp_path):
    folder = tmp_path / "_static" / "bp"
    (folder / "questions").mkdir(parents=True)
    (folder / "questions" / "09-gone.js").touch()
    app = Pretended(tmp_path)
    recall.write_index(app, None)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    assert found == {"questions.js", "questions/01-a.js", "questions/02-b.js"}
    _, contents = loaded((folder / "questions.js").read_text())
    assert [chapter["names"] for chapter in contents] == [["choice", "varied"], ["number"]]
    assert contents[1] | {"names": []} == {
        "page": "book/02-b",
        "title": "b",
        "href": "book/02-b.html",
        "names": [],
    }
