"""The benchmarks measure the same thing: bare NumPy and bplib agree, and the clock's ratios are ratios."""

import importlib
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.mark.parametrize(("sizes", "batch"), [([2, 8, 2], 1), ([5, 4, 4, 3], 7)])
def test_the_yardstick_and_bplib_give_the_same_gradients(bench, sizes, batch):
    networks = bench("networks")
    problem = networks.Problem.draw(sizes, batch)
    yardstick, ours = networks.numpy_step(problem)(), list(networks.bplib_step(problem)())
    assert len(yardstick) == len(ours) == 2 * (len(sizes) - 1)
    for right, grad in zip(yardstick, ours, strict=True):
        np.testing.assert_allclose(grad, right, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sizes", [[2, 4, 2, 1], [3, 5, 5]])
def test_the_page_trains_the_network_whose_gradient_is_asserted(bench, sizes):
    training_page = bench("training_page")
    problem = training_page.problem(sizes, 12, 4)
    assert [array["name"] for array in problem["wire"]["arrays"]][:3] == ["x", "y", "0.W"]
    program = training_page.program(sizes, 12, None)
    grads = program.gradients()
    flat = np.concatenate([grads[name].ravel() for name in program.params])
    np.testing.assert_allclose(flat, training_page.gradient(sizes, 12), rtol=1e-12, atol=1e-15)
    assert len(problem["params"]) == flat.size


def test_a_hundred_networks_as_lanes_are_one_tape(bench):
    lanes = bench("training_page").networks_of_xor(100, 10)
    assert len(lanes["params"]) == 2 * 4 + 4 + 4 * 4 + 4 + 4 + 1
    assert len(lanes["start"]) == 100 * len(lanes["params"])


def test_ratios_compare_entries_of_the_same_round(bench):
    times = bench("measure").Times({"a": [2.0, 30.0, 4.0], "b": [1.0, 10.0, 4.0]})
    assert times.ratio("a", "b") == 2.0
    assert times.seconds("a") == 4.0


def test_every_contestant_gets_every_round(bench):
    calls = {"a": 0, "b": 0}

    def count(name):
        calls[name] += 1

    times = bench("measure").compare(
        {name: lambda name=name: count(name) for name in calls}, rounds=3, turn=0.0
    )
    assert {name: len(seconds) for name, seconds in times.rounds.items()} == {"a": 3, "b": 3}
    assert calls == {"a": 4, "b": 4}  # one to warm up, then one in each round


def test_tables_are_markdown(bench):
    measure = bench("measure")
    table = measure.Table("T", ["a", "b"], rows=[["1", "2"]], notes=["n"])
    assert table.markdown() == "## T\n\nn\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    assert [measure.duration(s) for s in (2.0, 0.0123, 4.56e-6)] == ["2 s", "12.3 ms", "4.56 µs"]


def test_the_results_that_are_kept_hold_every_topic():
    results = (FOLDER / "RESULTS.md").read_text(encoding="utf-8")
    for title in [
        "Training step of an MLP",
        "Scalar engine",
        "Gradient check of 7,510 parameters",
        "Convolution and attention",
        "Backward over forward",
        "Peak memory of a training step",
        "Figures",
    ]:
        assert f"## {title}\n" in results
    assert "not installed" not in results


def rows(path: Path, after: str = "\n") -> list[list[str]]:
    """The cells of the tables' rows that stand in a Markdown file, after a heading."""
    text = path.read_text(encoding="utf-8").split(after, 1)[-1]
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_the_readme_quotes_what_was_measured():
    """Each row of the README is a row of the results with some cells left out."""
    measured = rows(FOLDER / "RESULTS.md")
    quoted = rows(FOLDER.parent / "README.md", after="\n## How fast it is\n")
    quoted = [row for row in quoted if any(cell[0].isdigit() for cell in row[1:])]
    assert len(quoted) > 8
    for row in quoted:
        remaining = [iter(cells) for cells in measured]
        assert any(all(cell in cells for cell in row) for cells in remaining), row
