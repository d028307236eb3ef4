"""What a view shows, asked for in Values and found again on the tape: network, bars.

It adds to `live` what a computational graph does not show: which numbers are units, which weights lead from
one unit to another, and which quantities are to be compared.
"""

from collections.abc import Callable, Sequence
from typing import Any

from bplib.scalar import Value
from bplib.tape import Tape

Nodes = Sequence[Value | str]


def network(
    layers: Sequence[Nodes],
    weights: Sequence[Sequence[Nodes]],
    *,
    sums: Sequence[Nodes],
    biases: Sequence[Nodes] = (),
) -> dict[str, Any]:
    r"""Ask `live` for a network: units with z, a and delta, edges as wide as their weight or its gradient.

    The reader steps through forward, backward and update, layer by layer, for one sample or, if the figure
    has `data`, for an epoch. A weight that is also a control can be chosen and moved, beside bars that
    compare gradient times change with the true change.

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


def place_network(
    view: dict[str, Any], tape: Tape, output: Value, place: Callable[[str, Value | str], int], _: list[int]
) -> dict[str, Any]:
    """Return the view with its nodes as places on the tape, and its weights as places among the inputs."""
    node = finder("network", tape, output)
    layers = [[node("layers", key) for key in layer] for layer in view["layers"]]
    sums = [[node("sums", key) for key in layer] for layer in view["sums"]]
    weights = [
        [[place("network(weights=...)", key) for key in row] for row in matrix] for matrix in view["weights"]
    ]
    biases = [[place("network(biases=...)", key) for key in layer] for layer in view["biases"]]
    sizes = list(map(len, layers))
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"network(layers=...) needs two layers or more, none of them empty; got {sizes} units."
        )
    if max(sizes) > MAX_UNITS:
        raise ValueError(f"A layer has {max(sizes)} units; the network view is readable up to {MAX_UNITS}.")
    for l, (n_in, n_out) in enumerate(zip(sizes, sizes[1:], strict=False), 1):  # noqa: E741
        rows = [len(row) for row in weights[l - 1]] if l <= len(weights) else []
        if rows != [n_in] * n_out:
            raise ValueError(
                f"Layer {l} has {n_out} units that read {n_in}: its weights must be {n_out} rows of {n_in}; "
                f"rows of {rows} came."
            )
    for what, given in (("sums", sums), ("biases", biases)):
        if [len(layer) for layer in given] != sizes[1:] and (given or what == "sums"):
            raise ValueError(
                f"network({what}=...) needs one node for each unit after the inputs, {sizes[1:]}; "
                f"{[len(layer) for layer in given]} came."
            )
    if len(weights) != len(sizes) - 1:
        raise ValueError(
            f"{len(sizes)} layers have {len(sizes) - 1} matrices between them; {len(weights)} came."
        )
    return {"view": "network", "layers": layers, "weights": weights, "sums": sums, "biases": biases}


def bars(*nodes: Value | str, log: bool = False) -> dict[str, Any]:
    """Ask `live` for bars: some named quantities one below the other, each as long as its number.

    The scale is fixed: it reaches from the smallest to the largest number at the corners of the controls'
    ranges, so that bars can be compared while a control moves.

    Parameters
    ----------
    *nodes : Value or str
        Named nodes, from top to bottom.
    log : bool, default False
        A logarithmic scale, for numbers of very different size; what is not above 0 has no bar there.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> bars("forward", "reverse", log=True)
    {'view': 'bars', 'of': ['forward', 'reverse'], 'log': True}
    """
    return {"view": "bars", "of": list(nodes), "log": log}


def place_bars(
    view: dict[str, Any], tape: Tape, output: Value, place: Callable[[str, Value | str], int], _: list[int]
) -> dict[str, Any]:
    """Return the view with its nodes as places on the tape."""
    node = finder("bars", tape, output)
    if not 1 <= len(view["of"]) <= MAX_BARS:
        raise ValueError(f"bars(...) compares 1 to {MAX_BARS} named nodes; {len(view['of'])} came.")
    return {"view": "bars", "of": [node("", key) for key in view["of"]], "log": bool(view["log"])}


def finder(view: str, tape: Tape, output: Value) -> Callable[[str, Any], int]:
    """Return a function that finds a named node of this graph on the tape, or says what there is."""
    named = {name: i for i, name in enumerate(tape.names) if name}
    graph = set(output.graph())

    def node(argument: str, key: Any) -> int:
        name = key.name if isinstance(key, Value) else key
        if not isinstance(name, str) or name not in named or (isinstance(key, Value) and key not in graph):
            asked = f"{argument}=..." if argument else "..."
            raise ValueError(
                f"{view}({asked}) needs named nodes on the way to {output.name!r}; {key!r} came. "
                f"There are {', '.join(named)}."
            )
        return named[name]

    return node


#: More units than this in one layer don't fit a page.
MAX_UNITS = 8
#: More bars than this are no longer compared at a glance.
MAX_BARS = 16
