"""The hidden tests that grade a class take every right answer that the open checks take."""

from __future__ import annotations

import re
from importlib import import_module

import nbformat
import pytest
from notebooks import BOOK

SOLUTIONS = sorted((BOOK / "solutions").glob("*.ipynb"))


def listed(answer):
    """Return the results of an answer in a list, which the checks take as well."""

    def lists(*args):
        results = answer(*args)
        return list(results) if isinstance(results, tuple) else results

    return lists


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_hidden_tests_take_right_answers_written_differently(path):
    chapter = path.stem[:2]
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    names: dict[str, object] = {}
    for source in cells:
        exec(source, names)
    graded = [source for source in cells if "BEGIN HIDDEN TESTS" in source]
    assert graded
    for name, answer in import_module(f"answers_{chapter}").RIGHT:
        for source in graded:
            for function in re.findall(rf"\b{name}\((\w+)\)", source)[:1]:
                exec(source, {**names, function: answer})
                exec(source, {**names, function: listed(answer)})
