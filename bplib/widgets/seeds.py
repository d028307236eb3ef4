"""One graph of Values from many seeds: a hundred networks that train side by side in the page.

It adds to a tape the lanes of static/engine/lanes.js: a parameter has a number for each seed, data one for
each sample, and a loss or a gradient is the mean over a seed's samples. The same runs here, with NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bplib.contract import Array, wrong
from bplib.optim import Optimizer
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.places import Key, Places
from bplib.widgets.program import normals

#: More than this are no longer looked at one by one.
MAX_SEEDS = 400


class Seeds:
    """A loss, its parameters and its data, from many seeds. Make it with `Seeds.of`.

    Attributes
    ----------
    tape : Tape
    params : list of str
        What is trained; a seed's random numbers go to them in this order.
    drawn : dict of str to float
        How wide the numbers are that a parameter starts from; the others start where the graph says.
    data : dict of str to array
        The columns, one number a sample.
    count : int
        How many seeds there are.
    """

    def __init__(
        self, tape: Tape, params: list[str], drawn: dict[str, float], data: dict[str, Array], count: int
    ) -> None:
        self.tape, self.params, self.drawn, self.data, self.count = tape, params, drawn, data, count

    @classmethod
    def of(
        cls,
        loss: Value,
        params: Iterable[Key],
        data: Mapping[Key, Sequence[float]],
        *,
        seeds: int = 100,
        draw: Mapping[Key, float] | None = None,
    ) -> Seeds:
        """Read a graph.

        Parameters
        ----------
        loss : Value
            The loss of one sample; what is trained is its mean over the data.
        params : iterable of Value or str
            The named leaves that are trained.
        data : dict of {Value or str: sequence of float}
            A column of numbers for each named leaf that differs between samples.
        seeds : int
            How many networks, each from a seed of its own.
        draw : dict of {Value or str: float}, optional
            Parameters to draw, normal with this standard deviation; the others start where the graph says.
            By default all of them, with 1.

        Returns
        -------
        Seeds

        Raises
        ------
        ValueError
            If a name leads nowhere, the columns differ in length, or there are too few or too many seeds.

        Examples
        --------
        >>> w, x = Value(0.5, "w"), Value(1.0, "x")
        >>> lines = Seeds.of((w * x - 1) ** 2, [w], {x: [1.0, 2.0]}, seeds=3)
        >>> lines.start(0, 1.0)["w"].shape
        (3,)
        """
        if not isinstance(loss, Value):
            raise wrong(
                "loss", "a Value, the loss of one sample", type(loss).__name__, "Build it.", TypeError
            )
        if not 1 <= seeds <= MAX_SEEDS:
            raise wrong("seeds", f"1 to {MAX_SEEDS}", seeds, "A hundred fit a page.")
        places = Places(loss)

        def named(argument: str, key: Key) -> str:
            return places.inputs[places.input(argument, key)].name

        trained = [named("params", key) for key in params]
        widths = (
            dict.fromkeys(trained, 1.0) if draw is None else {named("draw", k): w for k, w in draw.items()}
        )
        columns = {named("data", key): np.asarray(column, float) for key, column in data.items()}
        if not trained or set(widths) - set(trained) or set(columns) & set(trained):
            raise ValueError(
                "Seeds.of needs params, all that draw names among them and none that data names; "
                f"params are {', '.join(trained) or 'none'}, draw names {', '.join(widths) or 'none'}, "
                f"data {', '.join(columns) or 'none'}."
            )
        lengths = {name: column.shape for name, column in columns.items()}
        if len(set(lengths.values())) != 1 or any(len(s) != 1 or not s[0] for s in lengths.values()):
            raise wrong("data", "columns of one length, one number a sample", lengths, "Check their shapes.")
        if not all(np.isfinite(column).all() for column in columns.values()):
            raise wrong("data", "finite numbers", "inf or nan among them", "Leave those samples out.")
        return cls(places.tape, trained, widths, columns, seeds)

    def start(self, first: int, spread: float) -> dict[str, Array]:
        """Return the parameters that seeds `first`, `first` + 1, ... draw, `spread` times as wide."""
        recorded = self.tape.start()
        numbers = np.stack([normals(first + s, 0, len(self.params)) for s in range(self.count)], axis=1)
        return {
            name: self.drawn[name] * spread * row
            if name in self.drawn
            else np.full(self.count, recorded[name])
            for name, row in zip(self.params, numbers, strict=True)
        }

    def run(self, params: Mapping[str, Array]) -> dict[str, Array]:
        """Return every named node as an array (seeds, samples)."""
        return self.tape.forward(**{name: w[:, None] for name, w in params.items()}, **self.data)

    def train(self, params: Mapping[str, Array], optimizer: Optimizer, steps: int) -> None:
        """Move the parameters; a network that has left the numbers stops, the others go on."""
        for _ in range(steps):
            self.run(params)
            slopes = self.tape.backward()
            means = np.stack([slopes[name].mean(axis=1) for name in params])
            means[:, ~np.isfinite(means).all(axis=0)] = 0.0
            optimizer.step(params, dict(zip(params, means, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """Write them as the page reads them, plain data."""
        return {
            "tape": self.tape.to_dict(),
            "params": self.params,
            "draw": self.drawn,
            "data": {name: column.tolist() for name, column in self.data.items()},
            "seeds": self.count,
        }
