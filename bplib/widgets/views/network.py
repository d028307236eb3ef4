"""The view `network`: units with z, a and delta, edges as wide as their weight or its gradient.

It adds what a graph does not show: which numbers are units, and which weights lead from one to another. The
parameters are chosen and moved in the picture, so they need no sliders beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from bplib.scalar import Value
from bplib.widgets.places import Key, Places
from bplib.widgets.views.base import View

if TYPE_CHECKING:
    from bplib.widgets.plan import Plan

#: More units than this in one layer don't fit a page.
MAX_UNITS = 8

Nodes = Sequence[Key]


def network(
    layers: Sequence[Nodes],
    weights: Sequence[Sequence[Nodes]],
    *,
    sums: Sequence[Nodes],
    biases: Sequence[Nodes] = (),
) -> dict[str, Any]:
    r"""Ask `live` for a network: units with z, a and delta, edges as wide as their weight or its gradient.

    The reader steps through forward, backward and update, layer by layer, for one sample or, if the figure
    has `data`, for an epoch. It opens before the first step, and an update waits until all gradients are
    known. A weight that is also a control can be chosen and moved, beside bars that compare gradient times
    change with the true change.

    Parameters
    ----------
    layers : sequence of sequence of Value or str
        The inputs first, then the activations of each layer.
    weights : sequence of matrices of Value or str
        One for each layer after the first, of shape (n_out, n_in); named leaves.
    sums : sequence of sequence of Value or str
        The number z that goes into each activation. Its gradient is delta.
    biases : sequence of sequence of Value or str, optional
        One for each sum; named leaves.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> from bplib.neurons import neurons
    >>> net = neurons([[[0.5]], [[0.8]]], [[0.1], [0.2]], ["relu", "sigmoid"], x=[2], y=[1], loss="squared")
    >>> sorted(network(net.layers, net.W, sums=net.z, biases=net.b))
    ['biases', 'layers', 'sums', 'view', 'weights']
    """
    return {"view": "network", "layers": layers, "weights": weights, "sums": sums, "biases": biases}


@dataclass(frozen=True)
class Network(View):
    """Units and sums by layer, as places on the tape; weights and biases as places among the inputs."""

    name: ClassVar[str] = "network"
    layers: list[list[int]]
    weights: list[list[list[int]]]
    sums: list[list[int]]
    biases: list[list[int]]

    @classmethod
    def beside(cls, **asked: Any) -> list[Value]:
        """List the units: a loss from logits does not need the prediction that is shown beside it."""
        return [unit for layer in asked["layers"] for unit in layer if isinstance(unit, Value) and unit.name]

    @classmethod
    def place(
        cls,
        places: Places,
        controls: Sequence[int],
        layers: Sequence[Nodes],
        weights: Sequence[Sequence[Nodes]],
        sums: Sequence[Nodes],
        biases: Sequence[Nodes],
    ) -> Network:
        """Find every unit and every parameter."""
        found = cls(
            [[places.node("network", "layers", key) for key in layer] for layer in layers],
            [[[places.input("network(weights=...)", key) for key in row] for row in W] for W in weights],
            [[places.node("network", "sums", key) for key in layer] for layer in sums],
            [[places.input("network(biases=...)", key) for key in layer] for layer in biases],
        )
        found._refuse_shapes()
        return found

    def _refuse_shapes(self) -> None:
        sizes = list(map(len, self.layers))
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(
                f"network(layers=...) needs two layers or more, none of them empty; got {sizes} units."
            )
        if max(sizes) > MAX_UNITS:
            raise ValueError(
                f"A layer has {max(sizes)} units; the network view is readable up to {MAX_UNITS}."
            )
        for l, (n_in, n_out) in enumerate(pairwise(sizes), 1):  # noqa: E741
            rows = [len(row) for row in self.weights[l - 1]] if l <= len(self.weights) else []
            if rows != [n_in] * n_out:
                raise ValueError(
                    f"Layer {l} has {n_out} units that read {n_in}: its weights must be {n_out} rows of "
                    f"{n_in}; rows of {rows} came."
                )
        for what, given in (("sums", self.sums), ("biases", self.biases)):
            if [len(layer) for layer in given] != sizes[1:] and (given or what == "sums"):
                raise ValueError(
                    f"network({what}=...) needs one node for each unit after the inputs, {sizes[1:]}; "
                    f"{[len(layer) for layer in given]} came."
                )
        if len(self.weights) != len(sizes) - 1:
            raise ValueError(
                f"{len(sizes)} layers have {len(sizes) - 1} matrices between them; {len(self.weights)} came."
            )

    @property
    def claims(self) -> list[int]:
        """The parameters: a reader chooses one in the picture and moves it there."""
        return [n for W in self.weights for row in W for n in row] + [n for b in self.biases for n in b]

    def still(self, plot: Any, plan: Plan, inputs: Sequence[float], rate: float) -> Any:
        """Draw the network with z, a and delta in its circles."""
        values, gradients = plan.source.run(inputs, rate)
        names = plan.tape.names
        weights = [[[inputs[n] for n in row] for row in matrix] for matrix in self.weights]
        first, *later = [[names[i] for i in layer] for layer in self.layers]
        units = [[f"{name}\n{plot.number(values[name])}" for name in first]]
        for sums, outputs in zip(self.sums, later, strict=True):
            units.append(
                [
                    f"z {plot.number(values[names[z]])}\na {plot.number(values[a])}\n"
                    f"δ {plot.number(gradients[names[z]])}"
                    for z, a in zip(sums, outputs, strict=True)
                ]
            )
        return plot.network(weights, units=units)
