"""A network drawn neuron by neuron: every weight, every sum and every activation is a Value.

It adds to the scalar engine the loops that build z = W x + b and a = phi(z), layer by layer, and a name for
each number. For a figure or a page of arithmetic; `layers` computes the same with arrays.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bplib.contract import check_one_of, wrong
from bplib.scalar import Value

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")
#: What one output costs, from its logit z, its activation yhat and its target y.
LOSSES: dict[str, Callable[[Value, Value, Value], Value]] = {
    "squared": lambda z, yhat, y: (yhat - y) ** 2,
    "bce": lambda z, yhat, y: -(y * yhat.log() + (1 - y) * (1 - yhat).log()),
    "bce_from_logit": lambda z, yhat, y: z.softplus() - y * z,
}


@dataclass(frozen=True)
class Neurons:
    """A small network as Values. Make one with `neurons`.

    Attributes
    ----------
    x : list of Value
        The inputs, which are also the activations of layer 0.
    W : list of list of list of Value
        ``W[l][i][j]`` leads from unit j of layer l to unit i of layer l + 1: shape (n_out, n_in).
    b, z, a : list of list of Value
        The bias, the sum and the activation of each unit, layer by layer.
    y : list of Value
        The targets.
    loss : Value
    """

    x: list[Value]
    W: list[list[list[Value]]]
    b: list[list[Value]]
    z: list[list[Value]]
    a: list[list[Value]]
    y: list[Value]
    loss: Value

    @property
    def layers(self) -> list[list[Value]]:
        """The inputs, then the activations of each layer."""
        return [self.x, *self.a]

    @property
    def params(self) -> list[Value]:
        """All weights and biases, layer by layer.

        Examples
        --------
        >>> net = neurons([[[0.5]]], [[0.1]], ["sigmoid"], x=[1.0], y=[0.8], loss="squared")
        >>> [p.name for p in net.params]
        ['W', 'b']
        """
        layers = zip(self.W, self.b, strict=True)
        return [p for W, b in layers for p in (*(w for row in W for w in row), *b)]


def neurons(
    W: Sequence[Sequence[Sequence[float]]],
    b: Sequence[Sequence[float]],
    activations: Sequence[str],
    *,
    x: Sequence[float],
    y: Sequence[float],
    loss: str,
) -> Neurons:
    r"""Build a fully connected network out of Values.

    Layer l computes :math:`z_i = \sum_j W_{ij} a_j + b_i`, products first and the bias last, as the formula
    is read, and :math:`a_i = \phi(z_i)`.

    Parameters
    ----------
    W : sequence of matrices
        One for each layer, of shape (n_out, n_in).
    b : sequence of vectors
        One for each layer, of length n_out.
    activations : sequence of str
        One for each layer: "sigmoid", "tanh", "relu", "leaky_relu", "softplus" or "identity".
    x, y : sequence of float
        One sample and its targets.
    loss : str
        "squared", :math:`\frac1n\sum_i (\hat y_i - y_i)^2`; "bce", the mean over i of
        :math:`-y_i \log \hat y_i - (1 - y_i) \log(1 - \hat y_i)`; or "bce_from_logit", the same number as
        :math:`\mathrm{softplus}(z_i) - y_i z_i`, with `yhat` beside the path to the loss.

    Returns
    -------
    Neurons
        With the names x1, W1_12 (layer 1, to unit 1, from unit 2; W1_1_12 where either layer has ten units
        or more), b1_1, z1_1, a1_1, y1, loss. An index that can only be 1 is left out, and the last
        activations are called yhat.

    Raises
    ------
    ValueError
        If shapes don't fit, or an activation or the loss is unknown.
    TypeError
        If a number stands where a list should.

    Examples
    --------
    >>> W, b = [[[0.5]], [[0.8]]], [[0.1], [0.2]]
    >>> net = neurons(W, b, ["relu", "sigmoid"], x=[2.0], y=[1.0], loss="squared")
    >>> net.loss.backward()
    >>> net.W[0][0][0].name, round(net.W[0][0][0].grad, 8)
    ('W1', -0.15351571)
    """
    _check(W, b, activations, x, y, loss)
    inputs = [Value(v, name) for v, name in zip(x, _names("x", len(x)), strict=True)]
    weights: list[list[list[Value]]] = []
    biases: list[list[Value]] = []
    sums: list[list[Value]] = []
    outputs = [inputs]
    for layer, (matrix, vector, activation) in enumerate(zip(W, b, activations, strict=True), 1):
        l, n_out = str(layer) if len(W) > 1 else "", len(matrix)  # noqa: E741
        b_names, z_names, a_names = (_names(f"{letter}{l}", n_out, "_") for letter in "bza")
        if layer == len(W):
            a_names = _names("yhat", n_out)
        index = _indices(n_out, len(matrix[0]))
        weights.append([[Value(w, f"W{l}{next(index)}") for w in row] for row in matrix])
        biases.append([Value(v, name) for v, name in zip(vector, b_names, strict=True)])
        sums.append([])
        outputs.append([])
        for i, (row, bias) in enumerate(zip(weights[-1], biases[-1], strict=True)):
            first, *others = (w * v for w, v in zip(row, outputs[layer - 1], strict=True))
            z = (sum(others, first) + bias).named(z_names[i])
            a = (1.0 * z) if activation == "identity" else getattr(z, activation)()
            sums[-1].append(z)
            outputs[-1].append(a.named(a_names[i]))
    targets = [Value(v, name) for v, name in zip(y, _names("y", len(y)), strict=True)]
    terms = [LOSSES[loss](*unit) for unit in zip(sums[-1], outputs[-1], targets, strict=True)]
    total = sum(terms[1:], terms[0])
    mean = total if len(terms) == 1 else total / len(terms)
    return Neurons(inputs, weights, biases, sums, outputs[1:], targets, mean.named("loss"))


def _names(stem: str, count: int, join: str = "") -> list[str]:
    return [stem] if count == 1 else [f"{stem}{join}{i}" for i in range(1, count + 1)]


def _indices(n_out: int, n_in: int) -> Iterator[str]:
    """Yield the indices of a matrix row by row: 12 is to unit 1, from unit 2."""
    between = "_" if max(n_out, n_in) > 9 else ""  # 111 could be 1, 11 or 11, 1
    for i in range(1, n_out + 1):
        for j in range(1, n_in + 1):
            yield f"_{i}{between}{j}" if n_out * n_in > 1 else ""


# What makes no network.

_EXAMPLE = 'One unit a layer is neurons([[[0.5]]], [[0.1]], ["relu"], x=[2.0], y=[1.0], loss="squared").'


def _check(W: Any, b: Any, activations: Any, x: Any, y: Any, loss: str) -> None:
    n_layers, n_in = _length("W", W, of="layer"), _length("x", x, of="input")
    _length("b", b, n_layers, "layer")
    _length("activations", activations, n_layers, "layer")
    for layer, (matrix, vector, activation) in enumerate(zip(W, b, activations, strict=True), 1):
        n_out = _length(f"W of layer {layer}", matrix, of="unit")
        for row in matrix:
            _length(f"a row of W of layer {layer}", row, n_in, "unit before it")
        _length(f"b of layer {layer}", vector, n_out, "row of W")
        check_one_of("activation", activation, ACTIVATIONS)
        n_in = n_out
    _length("y", y, n_in, "output")
    check_one_of("loss", loss, LOSSES)
    if loss == "bce_from_logit" and activations[-1] != "sigmoid":
        expected = "a sigmoid in the last layer for bce_from_logit"
        raise wrong("activations", expected, repr(activations[-1]), "Write 'sigmoid', or another loss.")


def _length(name: str, entries: Any, wanted: int | None = None, of: str = "") -> int:
    """Return the length of a list; refuse what is none, and another length than the one that is wanted."""
    try:
        count = len(entries)
    except TypeError:
        raise wrong(name, "a list", repr(entries), _EXAMPLE, TypeError) from None
    if count == 0 or wanted not in (None, count):
        raise wrong(name, f"{wanted or 'at least one'}, one for each {of}", f"{count} of them", _EXAMPLE)
    return count
