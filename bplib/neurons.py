"""A network drawn neuron by neuron: every weight, every sum and every activation is a Value.

It adds to the scalar engine the loops that build z = W x + b and a = phi(z), layer by layer, and a name for
each number. For a figure or a page of arithmetic; `layers` computes the same with arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bplib.scalar import Value

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")
LOSSES = ("squared", "bce", "bce_from_logit")


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
    n_W, n_b, n_activations = _count("W", W), _count("b", b), _count("activations", activations)
    if not n_W == n_b == n_activations > 0:
        raise ValueError(
            f"W, b and activations need one entry for each layer; {n_W}, {n_b} and {n_activations} came."
        )
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}.")
    if not _count("x", x):
        raise ValueError("x needs at least one number; an empty list came.")
    inputs = [Value(v, _name("x", i, len(x))) for i, v in enumerate(x)]
    weights: list[list[list[Value]]] = []
    biases: list[list[Value]] = []
    sums: list[list[Value]] = []
    outputs = [inputs]
    for layer, (matrix, vector, activation) in enumerate(zip(W, b, activations, strict=True), 1):
        _check_layer(layer, matrix, vector, activation, len(outputs[-1]))
        l, n_out, n_in = str(layer) if len(W) > 1 else "", len(matrix), len(matrix[0])  # noqa: E741
        last = layer == len(W)
        weights.append(
            [
                [Value(w, f"W{l}" + _index(i, j, n_out, n_in)) for j, w in enumerate(row)]
                for i, row in enumerate(matrix)
            ]
        )
        biases.append([Value(v, _name(f"b{l}", i, n_out, "_")) for i, v in enumerate(vector)])
        sums.append([])
        outputs.append([])
        for i, (row, bias) in enumerate(zip(weights[-1], biases[-1], strict=True)):
            first, *others = (w * v for w, v in zip(row, outputs[layer - 1], strict=True))
            z = (sum(others, first) + bias).named(_name(f"z{l}", i, n_out, "_"))
            a = (1.0 * z) if activation == "identity" else getattr(z, activation)()
            sums[-1].append(z)
            outputs[-1].append(a.named(_name("yhat" if last else f"a{l}", i, n_out, "" if last else "_")))
    if _count("y", y) != len(outputs[-1]):
        raise ValueError(f"y needs one target for each of {len(outputs[-1])} outputs; {len(y)} came.")
    targets = [Value(v, _name("y", i, len(y))) for i, v in enumerate(y)]
    if loss == "bce_from_logit" and activations[-1] != "sigmoid":
        raise ValueError(f"bce_from_logit goes with a sigmoid in the last layer; got {activations[-1]!r}.")
    terms = [
        _term(loss, z, yhat, target) for z, yhat, target in zip(sums[-1], outputs[-1], targets, strict=True)
    ]
    total = sum(terms[1:], terms[0])
    mean = total if len(terms) == 1 else total / len(terms)
    return Neurons(inputs, weights, biases, sums, outputs[1:], targets, mean.named("loss"))


def _term(loss: str, z: Value, yhat: Value, y: Value) -> Value:
    if loss == "squared":
        return (yhat - y) ** 2
    if loss == "bce":
        return -(y * yhat.log() + (1 - y) * (1 - yhat).log())
    return z.softplus() - y * z


def _check_layer(
    layer: int, matrix: Sequence[Sequence[float]], vector: Sequence[float], activation: str, n_in: int
) -> None:
    if activation not in ACTIVATIONS:
        raise ValueError(f"The activation must be one of {', '.join(ACTIVATIONS)}; got {activation!r}.")
    n_out = _count(f"W of layer {layer}", matrix)
    lengths = [_count(f"A row of W of layer {layer}", row) for row in matrix]
    if set(lengths) != {n_in}:
        raise ValueError(
            f"W of layer {layer} needs rows of {n_in} numbers, one for each unit before it; "
            f"its rows have {lengths}."
        )
    if _count(f"b of layer {layer}", vector) != n_out:
        raise ValueError(
            f"b of layer {layer} needs {n_out} numbers, one for each row of W; {len(vector)} came."
        )


def _count(what: str, entries: Any) -> int:
    try:
        return len(entries)
    except TypeError:
        raise TypeError(
            f"{what} must be a list; {entries!r} came. One unit a layer is "
            'neurons([[[0.5]]], [[0.1]], ["relu"], x=[2.0], y=[1.0], loss="squared").'
        ) from None


def _name(stem: str, i: int, count: int, join: str = "") -> str:
    return stem if count == 1 else f"{stem}{join}{i + 1}"


def _index(i: int, j: int, n_out: int, n_in: int) -> str:
    if n_out == n_in == 1:
        return ""
    between = "_" if max(n_out, n_in) > 9 else ""  # 111 could be 1, 11 or 11, 1
    return f"_{i + 1}{between}{j + 1}"
