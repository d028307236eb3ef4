"""What the sources that an optimiser trains share: the input "steps", and what the page is told of the rule.

It adds to a source that a state is a number of steps from the start, whatever the size of what is trained:
training is replayed.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from bplib.contract import wrong
from bplib.optim import Optimizer
from bplib.widgets.sources.base import Source


class Trained(Source):
    """A source with an optimiser, or with none if nothing is trained.

    Raises
    ------
    TypeError
        If what trains it is none of bplib's optimisers with one learning rate.
    """

    def __init__(self, names: Iterable[str], optimizer: Optimizer | None) -> None:
        self.names = list(names)
        self.optimizer: Any = optimizer
        if optimizer is not None and not isinstance(getattr(optimizer, "lr", None), int | float):
            raise wrong(
                "optimizer", "one of bplib.optim with a number as lr", repr(optimizer), "SGD(0.1)?", TypeError
            )
        self.output = "loss"
        self.learns = optimizer is not None
        self.movable = [self.names.index("steps")] if self.learns else []

    @property
    def options(self) -> dict[str, Any]:
        """The optimiser's options beside the learning rate, which is the figure's."""
        kind = type(self.optimizer)
        names = [
            p for c in kind.__mro__ for p in inspect.signature(c).parameters if hasattr(self.optimizer, p)
        ]
        return {name: getattr(self.optimizer, name) for name in dict.fromkeys(names) if name != "lr"}

    @property
    def rule(self) -> dict[str, Any]:
        """What the page needs to know of the optimiser, if there is one."""
        if self.optimizer is None:
            return {}
        return {"optimizer": {"name": type(self.optimizer).__name__, "options": self.options}}

    def trainer(self, rate: float) -> Optimizer:
        """Return a new optimiser of this kind, which remembers nothing."""
        rule: Optimizer = type(self.optimizer)(rate, **self.options)
        return rule

    def step(self, inputs: Sequence[float], rate: float) -> list[float]:
        """Return the inputs with one step of training more."""
        if not self.learns:
            return super().step(inputs, rate)
        n = self.names.index("steps")
        return [x + 1 if k == n else x for k, x in enumerate(inputs)]
