"""What a view shows, asked for in Values and found again on the tape: network, bars, compose.

It adds to `live` what a computational graph does not show: which numbers are units, which weights lead from
one unit to another, which quantities are to be compared, and which stages make up a chain.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from bplib.recording import LEAVES
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
    for l, (n_in, n_out) in enumerate(pairwise(sizes), 1):  # noqa: E741
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


def compose(*chain: Value | str) -> dict[str, Any]:
    """Ask `live` for a composition: a curve and a slope for each stage, and their product for the whole.

    Each stage's curve shows its output against its own input, and its slope is read where that input is. A
    dashed tangent shows the mistake of reading it where the first number of the chain is.

    Parameters
    ----------
    *chain : Value or str
        A control, then named nodes; each depends on the control only through the one before it.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> compose("x", "u", "y")
    {'view': 'compose', 'chain': ['x', 'u', 'y']}
    """
    return {"view": "compose", "chain": list(chain)}


def place_compose(
    view: dict[str, Any],
    tape: Tape,
    output: Value,
    place: Callable[[str, Value | str], int],
    controls: list[int],
) -> dict[str, Any]:
    """Return the view with its chain as places on the tape, and its control as a place among the inputs."""
    if not 3 <= len(view["chain"]) <= MAX_STAGES + 1:
        raise ValueError(
            f"compose(x, u, y) needs a control and 2 to {MAX_STAGES} stages; {len(view['chain'])} nodes came."
        )
    against = place("compose(...)", view["chain"][0])
    start = tape.inputs[against]
    if against not in controls:
        raise ValueError(f"compose(...) starts with a control; {tape.names[start]!r} is none.")
    node = finder("compose", tape, output)
    chain = [start, *(node("", key) for key in view["chain"][1:])]
    for before, after in pairwise(chain):
        reached = _made_from(tape, after, before)
        if before not in reached:
            raise ValueError(
                f"compose(...): {tape.names[after]!r} is not computed from {tape.names[before]!r}. Give the "
                "chain in the order in which it is computed."
            )
        if before != start and start in reached:
            raise ValueError(
                f"compose(...): {tape.names[after]!r} depends on {tape.names[start]!r} also past "
                f"{tape.names[before]!r}, so the slopes of the stages don't multiply to the slope of the "
                "whole. Show such a graph with graph()."
            )
    return {"view": "compose", "chain": chain, "against": against}


def _made_from(tape: Tape, node: int, stop: int) -> set[int]:
    """Return what a node is computed from, without what lies below the node `stop`."""
    found: set[int] = set()
    ahead = [node]
    while ahead:
        i = ahead.pop()
        op, *args = tape.nodes[i]
        if i != stop and op not in LEAVES:
            ahead += set(args) - found
            found.update(args)
    return found


def paths(depth: Value | str) -> dict[str, Any]:
    """Ask `live` for the path counter: k doublings n = n + n, every path racing each edge once.

    Parameters
    ----------
    depth : Value or str
        The control k: whole numbers from 1 to at most 24.

    Returns
    -------
    dict
        An entry for the `views` of `live`.

    Examples
    --------
    >>> paths("k")
    {'view': 'paths', 'depth': 'k'}
    """
    return {"view": "paths", "depth": depth}


def place_paths(
    view: dict[str, Any],
    tape: Tape,
    output: Value,
    place: Callable[[str, Value | str], int],
    controls: list[int],
) -> dict[str, Any]:
    """Return the view with its control as a place among the inputs."""
    n = place("paths(...)", view["depth"])
    if n not in controls:
        raise ValueError(
            f"paths(...) needs a control, such as live(..., {{k: (1, 20, 1)}}); {view['depth']!r} is none."
        )
    return {"view": "paths", "depth": n}


def beside(views: Sequence[Any], output: Value) -> list[Value]:
    """List the units of networks that the output does not need, as a prediction beside a loss from logits."""
    graph = set(output.graph())
    layers = [layer for view in views if isinstance(view, dict) for layer in view.get("layers", ())]
    units = [unit for layer in layers for unit in layer if isinstance(unit, Value)]
    return [unit for unit in units if unit.name and unit not in graph and _made_of(unit, graph)]


def _made_of(node: Value, graph: set[Value]) -> bool:
    """Whether every named leaf below a node belongs to a graph."""
    return all(leaf in graph for leaf in node.graph() if leaf.name and not leaf.parents)


def finder(view: str, tape: Tape, output: Value) -> Callable[[str, Any], int]:
    """Return a function that finds a named node of this graph on the tape, or says what there is."""
    named = {name: i for i, name in enumerate(tape.names) if name}
    graph = set(output.graph())

    def node(argument: str, key: Any) -> int:
        name = key.name if isinstance(key, Value) else key
        foreign = isinstance(key, Value) and key not in graph and not _made_of(key, graph)
        if not isinstance(name, str) or name not in named or foreign:
            asked = f"{argument}=..." if argument else "..."
            raise ValueError(
                f"{view}({asked}) needs named nodes on the way to {output.name!r}; {key!r} came. "
                f"There are {', '.join(named)}."
            )
        return named[name]

    return node


def draw_network(
    plot: Any, view: dict[str, Any], tape: Tape, values: dict[str, float], gradients: dict[str, float]
) -> Any:
    """Return the network as a picture of `bplib.plot`, with z, a and delta in its circles."""
    weights = [
        [[values[tape.names[tape.inputs[n]]] for n in row] for row in matrix] for matrix in view["weights"]
    ]
    first, *later = [[tape.names[i] for i in layer] for layer in view["layers"]]
    units = [[f"{name}\n{plot.number(values[name])}" for name in first]]
    for sums, outputs in zip(view["sums"], later, strict=True):
        rows = [(plot.number(values[tape.names[z]]), tape.names[z]) for z in sums]
        units.append(
            [
                f"z {z}\na {plot.number(values[a])}\nδ {plot.number(gradients[name])}"
                for (z, name), a in zip(rows, outputs, strict=True)
            ]
        )
    return plot.network(weights, units=units)


#: More units than this in one layer don't fit a page.
MAX_UNITS = 8
#: More bars than this are no longer compared at a glance.
MAX_BARS = 16
#: More stages than this make curves too small to read.
MAX_STAGES = 5
