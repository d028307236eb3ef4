"""What the chapters say of PyTorch is what PyTorch does."""

from __future__ import annotations

import re

import nbformat
import pytest
from notebooks import BOOK

CHAPTERS = [path for path in sorted(BOOK.glob("[0-9][0-9]-*.ipynb")) if not path.name.startswith("00")]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_what_the_frameworks_do_is_what_they_do(torch, capsys, path):
    """The chapter quotes lines for PyTorch and what they print; run them and compare."""
    nb = nbformat.read(path, as_version=4)
    (text,) = [cell.source for cell in nb.cells if "import torch" in cell.source]
    source, quoted = re.search(r"```python\n(.*?)```\n\nIt prints `(.*?)`", text, re.DOTALL).groups()
    exec(compile(source, path.stem, "exec"), {})
    assert capsys.readouterr().out.strip() == quoted


def test_a_second_walk_of_a_product_needs_its_graph_and_of_a_sum_does_not(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()
    z = x + x
    z.backward()
    z.backward()


def test_the_slope_of_a_rectifier_at_zero_is_how_it_is_written(torch):
    slopes = []
    for rectifier in (torch.relu, lambda z: torch.maximum(z, 0 * z.detach()), lambda z: z.clamp(min=0)):
        z = torch.zeros(1, requires_grad=True)
        rectifier(z).backward()
        slopes.append(z.grad.item())
    assert slopes == [0, 0.5, 1]
