"""What a layer's backward costs beside its forward: timed, and counted in operations on numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Table, compare, duration

from bplib import layers
from bplib.layers import Layer

RNG = np.random.default_rng(0)
ROWS, SEQUENCE, IMAGE = (256, 512), (16, 128, 64), (16, 8, 32, 32)

#: For every layer how to make it and the shape of its input.
CASES: dict[str, tuple[Callable[[], Layer], tuple[int, ...]]] = {
    "Affine": (lambda: layers.Affine(512, 512, rng=RNG), ROWS),
    "Conv1d": (lambda: layers.Conv1d(128, 64, 5, rng=RNG, padding=2), SEQUENCE),
    "Conv2d": (lambda: layers.Conv2d(8, 16, 3, rng=RNG, padding=1), IMAGE),
    "Embedding": (lambda: layers.Embedding(1000, 64, rng=RNG), (16, 128)),
    "LayerNorm": (lambda: layers.LayerNorm(512), ROWS),
    "BatchNorm": (lambda: layers.BatchNorm(512), ROWS),
    "Attention": (lambda: layers.Attention(64, 64, rng=RNG), SEQUENCE),
    "RNNCell": (lambda: layers.RNNCell(512, 256, rng=RNG), ROWS),
    **{
        name: (getattr(layers, name), ROWS)
        for name in (
            "ReLU",
            "LeakyReLU",
            "ELU",
            "Sigmoid",
            "Tanh",
            "Softplus",
            "GELU",
            "Softmax",
            "LogSoftmax",
        )
    },
    "MaxPool2d": (lambda: layers.MaxPool2d(2), IMAGE),
    "AvgPool2d": (lambda: layers.AvgPool2d(2), IMAGE),
    "Flatten": (layers.Flatten, IMAGE),
    "Dropout": (lambda: layers.Dropout(0.5, rng=RNG), ROWS),
    "Residual": (lambda: layers.Residual(layers.Affine(512, 512, rng=RNG), layers.ReLU()), ROWS),
}


#: What a function value costs: about a polynomial of the fifth degree and the reduction of its argument.
FUNCTION = 10
FUNCTIONS = {np.exp, np.expm1, np.log, np.log1p, np.tanh}


class Counted(np.ndarray):
    """An array that counts operations on numbers.

    One for each number a ufunc makes or adds up, n for a product of n terms, `FUNCTION` for exp and its like.
    """

    total = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Count, then compute on plain arrays."""
        plain = [np.asarray(i) if isinstance(i, Counted) else i for i in inputs]
        if "out" in options:
            options["out"] = tuple(
                o.view(np.ndarray) if isinstance(o, Counted) else o for o in options["out"]
            )
        result = getattr(ufunc, method)(*plain, **options)
        if method in ("reduce", "at"):
            Counted.total += np.size(plain[0 if method == "reduce" else -1])
        else:
            each = plain[0].shape[-1] if ufunc is np.matmul else FUNCTION if ufunc in FUNCTIONS else 1
            Counted.total += np.size(result) * each
        return counted(result)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        """Count the products that are no ufuncs; let what they are made of count itself."""
        if function is np.dot:
            a, b = (np.asarray(x) for x in args)
            Counted.total += a.size * b.size // a.shape[-1]
            return counted(np.dot(a, b))
        return super().__array_function__(function, types, args, options)


def counted(array: Any) -> Any:
    """Return an array as one that counts; other things as they are."""
    return array.view(Counted) if isinstance(array, np.ndarray) else array


def operations(layer: Layer, x: np.ndarray, dout: np.ndarray) -> tuple[int, int]:
    """Return how many operations a forward and a backward take."""
    for name, param in layer.params.items():
        layer.params[name] = counted(param)
    Counted.total = 0
    layer.forward(counted(x))
    forward, Counted.total = Counted.total, 0
    layer.backward(counted(dout))
    return forward, Counted.total


def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return an input: indices for an embedding, numbers for the rest."""
    return RNG.integers(1000, size=shape) if name == "Embedding" else RNG.normal(size=shape)


def table() -> Table:
    """Measure every layer there is."""
    public = {
        name for name, kind in vars(layers).items()
        if isinstance(kind, type) and issubclass(kind, Layer) and not name.startswith("_")
    } - {"Layer", "PairLayer", "Sequential"}  # fmt: skip
    if public != set(CASES):
        raise RuntimeError(f"These layers are measured or exist, but not both: {public ^ set(CASES)}.")
    result = Table(
        "Backward over forward",
        ["layer", "input", "forward", "backward / forward, timed", "backward / forward, counted"],
        notes=[
            "Goal: at most 3. Counted are multiplications and additions, each as one, and values of exp, log "
            f"and tanh, each as {FUNCTION}; copies and look-ups are not. An embedding's forward copies rows "
            "and computes nothing; its backward must add them up."
        ],
    )
    for name, (make, shape) in CASES.items():
        layer, x = make(), draw(name, shape)
        dout = RNG.normal(size=layer.forward(x).shape)

        steps = list(getattr(layer, "steps", ()))

        def back(layer: Layer = layer, dout: np.ndarray = dout, steps: list[Any] = steps) -> None:
            if steps:  # a recurrent cell takes off the step it goes back over
                layer.steps = steps.copy()  # type: ignore[attr-defined]
            layer.backward(dout)

        times = compare({"forward": lambda layer=layer, x=x: layer.forward(x), "backward": back}, turn=0.01)
        forward, backward = operations(make(), x, dout)
        timed = f"{times.ratio('backward', 'forward'):.2f}"
        ratio = f"{backward / forward:.2f}" if forward else "copies only"
        shown = "x".join(map(str, shape))
        result.rows.append([name, shown, duration(times.seconds("forward")), timed, ratio])
    return result
