"""The committed notebooks keep every chapter's promises: run, canonical, short cells, prose, alt texts."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path
from statistics import median

import nbformat
import pytest
import yaml
from notebooks import BOOK, ROOT, canonical, folds, predictions, sources, text
from pybtex.database import Entry, parse_file

from bplib.widgets.views import VIEWS

READ = sources()
PAGES = [path for path in READ if path.parent == BOOK]
CHAPTERS = [path for path in PAGES if re.match(r"(?!00)\d\d-", path.name)]
STUDENT = sorted((BOOK / "exercises").glob("*.ipynb"))

# Cells that nbval may not compare, and how many a notebook has; each needs a reason here.
UNCOMPARED: dict[str, int] = {}

WORKS = parse_file(BOOK / "references.bib").entries

# Words that tell a reader who is stuck that it's their fault.
BANNED = re.compile(r"\b(simply|obviously|just|easy|easily)\b", re.IGNORECASE)


def each(paths: list[Path]) -> pytest.MarkDecorator:
    assert paths, "no notebook found"
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.relative_to(BOOK).as_posix())


def cells(path: Path, kind: str = "code") -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def lines(cell: nbformat.NotebookNode) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def test_contents_name_every_page_and_no_other():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())

    def files(node):
        for key, value in node.items():
            if key in ("root", "file"):
                yield value
            elif isinstance(value, list):
                for child in value:
                    yield from files(child)

    exist = {
        path.relative_to(ROOT).with_suffix("").as_posix() for path in [*PAGES, *STUDENT, *BOOK.glob("*.md")]
    }
    assert set(files(toc)) == exist


@each([*READ, *STUDENT])
def test_every_code_cell_was_run_in_order(path):
    counts = [cell.execution_count for cell in cells(path)]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"


@each([*READ, *STUDENT])
def test_stored_form_is_canonical(path):
    stored = path.read_text(encoding="utf-8")
    assert "jupyter.widget" not in stored, (
        "a clone is untrusted: widget state and views don't belong in the file"
    )
    nb = nbformat.read(path, as_version=4)
    assert text(canonical(nb, nb)) == stored, "run `make notebooks`"


@each([*READ, *STUDENT])
def test_every_output_is_compared(path):
    marks = re.compile(r"nbval[-_](skip|ignore|raises)", re.IGNORECASE)
    found = [
        cell for cell in cells(path) if marks.search(" ".join([cell.source, *cell.metadata.get("tags", [])]))
    ]
    assert len(found) == UNCOMPARED.get(path.relative_to(BOOK).as_posix(), 0)


@each([*READ, *STUDENT])
def test_first_code_cell_holds_the_imports(path):
    code = cells(path)
    trees = [ast.parse(cell.source) for cell in code]
    if code:
        odd = [node for node in trees[0].body if not isinstance(node, ast.Import | ast.ImportFrom)]
        assert not odd, f"the first code cell imports and does nothing else, but has: {ast.unparse(odd[0])}"
    for tree in trees:
        stars = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.names[0].name == "*"]
        assert not stars, f"name what you import: {ast.unparse(stars[0])}"
    assert not [cell.source for cell in code if "sys.path" in cell.source]


@each([*PAGES, *STUDENT])
def test_code_cells_are_short(path):
    lengths = [lines(cell) for cell in cells(path)]
    assert all(length <= 20 for length in lengths), lengths
    if path in CHAPTERS:
        # What stands folded on the page, a figure's tasks, is not read as code.
        read = [lines(cell) for cell in cells(path) if "hide-input" not in cell.metadata.get("tags", [])]
        assert median(read) <= 6, read


@each(PAGES)
def test_prose_stands_before_every_code_cell(path):
    """But for folded cells that follow each other: on the page they are one line."""
    nb = nbformat.read(path, as_version=4)
    folded = ["hide-input" in cell.metadata.get("tags", []) for cell in nb.cells]
    bare = [
        b.source
        for k, (a, b) in enumerate(pairwise(nb.cells), start=1)
        if b.cell_type == "code" and a.cell_type != "markdown" and not (folded[k - 1] and folded[k])
    ]
    assert nb.cells[0].cell_type == "markdown" and not bare


@each(READ)
def test_every_picture_has_a_text_alternative(path):
    for cell in cells(path):
        own = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = own or output.metadata.get("image/png", {}).get("alt", "")
                assert len(alt) > 15, f"say what the picture shows: {cell.source}"
    for cell in cells(path, "markdown"):
        assert "![](" not in cell.source


@each(CHAPTERS)
def test_chapter_has_a_live_figure(path):
    assert any(re.search(r"\blive\(", cell.source) for cell in cells(path))


def test_the_gallery_shows_every_view():
    """Each under its name, so that #heat finds it, and its call stands there."""
    found = {}
    for cell in nbformat.read(BOOK / "A5-figures.ipynb", as_version=4).cells:
        if heading := re.match(r"## (\w+)\n", cell.source):
            name = heading[1]
        elif cell.cell_type == "code" and "live(" in cell.source:
            found.setdefault(name, cell.source)
    assert found.keys() == VIEWS.keys()
    assert [name for name, call in found.items() if f"{name}(" not in call] == []


@each([*READ, *STUDENT])
def test_prose_blames_no_reader(path):
    prose = [re.sub(r"`[^`]*`|\]\([^)]*\)", "", cell.source) for cell in cells(path, "markdown")]
    found = [line for source in prose for line in source.splitlines() if BANNED.search(line)]
    assert not found


ROLE = re.compile(r"(?<!\\)\{[a-z:]+\}`")


@each([*READ, *STUDENT])
def test_words_works_and_equations_are_links(path):
    """JupyterLab shows roles such as {term} and {eq} as they are written; links read well in both."""
    assert not [cell.source for cell in cells(path, "markdown") if ROLE.search(cell.source)]


def called(work: Entry) -> str:
    """Author and year, as the text calls it."""
    names = [" ".join(author.last_names) for author in work.persons["author"]]
    return f"{' and '.join(names) if len(names) < 3 else f'{names[0]} et al.'}, {work.fields['year']}"


@each([*READ, *STUDENT])
def test_works_are_linked_by_author_and_year(path):
    """A link to a heading of the references; tools/works.py lets it lead to the work."""
    prose = "\n".join(cell.source for cell in cells(path, "markdown"))
    for name, key in re.findall(r"\[([^]]*)\]\((?:\.\./)*A3-references\.md#([^)]*)\)", prose):
        assert name == called(WORKS[key])


@each([*READ, *STUDENT])
def test_printed_numbers_have_at_most_eight_digits(path):
    """The last bits differ between processors; a cell tagged `exact-digits` shows them on purpose."""
    number = re.compile(r"(?<![\w.])\d+\.\d+")
    for cell in cells(path):
        if "exact-digits" in cell.metadata.get("tags", []):
            continue
        for output in cell.outputs:
            printed = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            found = [n for n in number.findall(printed) if len(n.replace(".", "").lstrip("0")) > 8]
            assert not found, f"{found} printed by {cell.source}"


# Predictions.


def asked(path: Path) -> list[tuple[nbformat.NotebookNode, ast.Call]]:
    return [(cell, call) for cell in cells(path) for call in predictions(cell)]


def argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def is_typed(node: ast.expr) -> bool:
    """Whether an expression is written out: nothing in it is computed from what the notebook made."""
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node))


@each([*READ, *STUDENT])
def test_the_answer_to_a_prediction_is_computed(path):
    """Typed, it could be wrong, or become wrong when the cell above changes."""
    for _, call in asked(path):
        answer = argument(call, "answer")
        computed = answer is not None and not is_typed(answer)
        assert computed or any(word.arg is None for word in call.keywords), ast.unparse(call)


def test_a_typed_answer_would_be_seen():
    typed, computed = (ast.parse(f"predict(answer={a})").body[0].value for a in ('"larger"', "options[k]"))
    assert is_typed(argument(typed, "answer"))
    assert not is_typed(argument(computed, "answer"))


def test_every_sentence_of_a_prediction_is_its_own():
    """Within a call `predict` refuses what is there twice; this looks across the book."""
    told = [
        (path.name, part.value)
        for path in [*READ, *STUDENT]
        for _, call in asked(path)
        if (because := argument(call, "because")) is not None
        for part in getattr(because, "values", [])
        if isinstance(part, ast.Constant)
    ]
    assert told
    sentences = [sentence for _, sentence in told]
    assert [each for each in told if sentences.count(each[1]) > 1] == []


@each([*READ, *STUDENT])
def test_names_of_predictions_are_unique_in_their_page(path):
    names = [argument(call, "name").value for _, call in asked(path)]
    assert len(set(names)) == len(names)


@each([*READ, *STUDENT])
def test_a_prediction_ends_its_cell_and_few_of_them_fold(path):
    calls = asked(path)
    for cell, call in calls:
        last = ast.parse(cell.source).body[-1]
        assert ast.unparse(last) == ast.unparse(call), "end the cell with the prediction"
        assert "hide-input" in cell.metadata.tags, "run `make notebooks`"
    assert sum(folds(call) for _, call in calls) <= 5
    assert len(calls) <= 12


@each([*READ, *STUDENT])
def test_what_a_prediction_folds_starts_collapsed_in_jupyterlab(path):
    collapsed = [cell for cell in cells(path) if cell.metadata.get("jupyter", {}).get("outputs_hidden")]
    assert len(collapsed) == sum(folds(call) for _, call in asked(path)), "a fold needs an output after it"
    assert all(cell.metadata.collapsed and cell.outputs for cell in collapsed)
