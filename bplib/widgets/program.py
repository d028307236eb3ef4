"""A network as the page runs it: a list of array pairs, read off its layers.

A `Sequential` of layers that are pairs already is a program: the name of each op, the names of its arguments,
its options. `Program.of` reads it; `to_dict` is what static/engine/program.js takes. The same program runs
here, by `functional.VJP`, so that a text can quote and a test can hold what a reader sees there.

What the page can name, `quantity` names here as well:

- ``"0.W"``, ``"3"``, ``"out"``: a parameter, the output of layer 3, of the last layer;
- ``d("0.W")``: the gradient of the loss with respect to it; ``d("0.W", sample=3)``: what sample 3 adds to it;
  ``d("0.W", sample="each")``: what each of them adds, one after the other;
- ``vjp("out", (2, 0), "x")``: the footprint of one output cell, d out[2, 0] / d x;
- ``by("layer", "rms")``: one number a layer, of values and of gradients;
- ``jacobian("1", "0", sample=2)``: sample 2's part of one array with respect to its part of another;
- ``field("out", (-2, 2), (-2, 2))``: an array on a grid of inputs, as what colours a plane;
- ``history("loss")``: the loss before each step of training so far.

In place of a number, `sample` and `cell` may be the name of an input of the figure.

Random numbers are the page's own, from a seed, so that "draw again" means the same in both.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bplib import functional, layers, losses
from bplib.contract import Array, kept, wrong
from bplib.optim import Optimizer
from bplib.widgets.packed import pack

VERSION = 1
#: Where the streams of random numbers begin that order an epoch and that draw a mask; parameters come first.
EPOCHS, MASKS = 2**20, 2**21

Quantity = str | Mapping[str, Any]


# --- what the page has beside functional.VJP --------------------------------------------------------


def _project(x: Array, W: Array) -> tuple[Array, Any]:
    """Multiply the rows of x, under any leading axes, by W^T."""
    return x @ W.T, (x, W)


def _project_backward(dout: Array, cache: Any) -> tuple[Array, Array]:
    """Return dx = dout W and dW = dout^T x over all rows."""
    x, W = cache
    return dout @ W, dout.reshape(-1, len(W)).T @ x.reshape(-1, W.shape[1])


def _add(a: Array, b: Array) -> tuple[Array, Any]:
    """Return a + b, as a residual block ends."""
    return a + b, None


def _add_backward(dout: Array, cache: Any) -> tuple[Array, Array]:
    """Return dout for both."""
    return dout.copy(), dout.copy()


def _dropout(x: Array, *, mask: Array, p: float, train: bool = True) -> tuple[Array, Any]:
    """Return x times a mask that is given: 0, or 1 / (1 - p) where an entry is kept."""
    kept = mask if train else np.ones_like(mask)
    return x * kept, kept


#: Forward and backward of each op by its name. `functional.dropout` draws its mask; here it is given.
PAIRS: dict[str, tuple[Callable[..., tuple[Any, Any]], Callable[..., Any]]] = {
    **{op.__name__: (op, vjp) for op, vjp in {**functional.VJP, **losses.VJP}.items()},
    "dropout": (_dropout, lambda dout, kept: (dout * kept,)),
    "project": (_project, _project_backward),
    "add": (_add, _add_backward),
}

#: One number for an array. The page has the same ones.
MEASURES: dict[str, Callable[[Array], float]] = {
    "rms": lambda x: float(np.sqrt(np.mean(x * x))),
    "norm": lambda x: float(np.sqrt(np.sum(x * x))),
    "largest": lambda x: float(np.max(np.abs(x))),
    "zeros": lambda x: float(np.mean(x == 0)),
}


# --- the page's random numbers ----------------------------------------------------------------------


def _mix(a: Array) -> Array:
    """Mix 32 bits well (the finaliser of mulberry32)."""
    t = (a ^ (a >> 15)) * (a | 1)
    t = (t + (t ^ (t >> 7)) * (t | 61)) ^ t
    return np.asarray(t ^ (t >> 14))


def uniforms(seed: int, stream: int, n: int) -> Array:
    """Return n numbers between 0 and 1, the same as in the page.

    Examples
    --------
    >>> uniforms(0, 0, 2).round(6)
    array([0.266429, 0.00033 ])
    """
    start = _mix(_mix(np.array([seed % 2**32], np.uint32)) + np.array([stream % 2**32], np.uint32))
    bits = _mix(start + np.arange(1, n + 1, dtype=np.uint32) * np.array([0x6D2B79F5], np.uint32))
    return np.asarray((bits + 0.5) / 2**32)


def normals(seed: int, stream: int, n: int) -> Array:
    """Return n standard normal numbers, two uniform ones each (Box and Muller 1958)."""
    u = uniforms(seed, stream, 2 * n)
    return np.asarray(np.sqrt(-2 * np.log(u[:n])) * np.cos(2 * np.pi * u[n:]))


def shuffled(seed: int, stream: int, n: int) -> Array:
    """Return 0, 1, ..., n - 1 in an order that seed and stream decide (Fisher and Yates 1938)."""
    order = list(range(n))
    for k, u in reversed(list(enumerate(uniforms(seed, stream, n)))):
        other = int(u * (k + 1))
        order[k], order[other] = order[other], order[k]
    return np.array(order)


# --- what can be named ------------------------------------------------------------------------------


def d(name: str, *, sample: int | str | None = None) -> dict[str, Any]:
    """Name the gradient of the loss with respect to an array, or what one sample, or each, brings to it.

    Examples
    --------
    >>> d("0.W", sample=3)
    {'d': '0.W', 'sample': 3}
    """
    return {"d": name} if sample is None else {"d": name, "sample": sample}


def vjp(name: str, cell: tuple[int, ...] | str, of: str) -> dict[str, Any]:
    """Name the derivatives of one cell of an array with respect to another array: its footprint there.

    Examples
    --------
    >>> vjp("out", (2, 0), "x")
    {'vjp': 'out', 'cell': [2, 0], 'of': 'x'}
    """
    return {"vjp": name, "cell": cell if isinstance(cell, str) else list(cell), "of": of}


def by(group: str, measure: str) -> dict[str, Any]:
    """Name one number for each layer, or each parameter, of its values and of its gradient.

    Examples
    --------
    >>> by("layer", "rms")
    {'by': 'layer', 'measure': 'rms'}
    """
    return {"by": group, "measure": measure}


def jacobian(name: str, of: str, *, sample: int | str) -> dict[str, Any]:
    """Name the derivatives of one sample's part of an array with respect to its part of another.

    Examples
    --------
    >>> jacobian("1", "0", sample=2)
    {'jacobian': '1', 'of': '0', 'sample': 2}
    """
    return {"jacobian": name, "of": of, "sample": sample}


def field(
    name: str,
    x: tuple[float, float],
    y: tuple[float, float],
    *,
    over: tuple[str, str] | None = None,
    cells: int = 32,
) -> dict[str, Any]:
    """Name an array of a network with two inputs on a grid of them, rows from y's low end up.

    A graph of Values says with `over` which two of its inputs the grid has.

    Examples
    --------
    >>> field("out", (-2, 2), (0, 1))
    {'field': 'out', 'x': [-2.0, 2.0], 'y': [0.0, 1.0], 'cells': 32}
    """
    ends = {"x": [float(end) for end in x], "y": [float(end) for end in y]}
    return {"field": name, **({"over": list(over)} if over else {}), **ends, "cells": cells}


def grid(q: Mapping[str, Any]) -> Array:
    """Return the points of a field, each in the middle of its cell: an array of (cells * cells, 2).

    Examples
    --------
    >>> grid(field("out", (0, 2), (0, 4), cells=2)).tolist()
    [[0.5, 1.0], [1.5, 1.0], [0.5, 3.0], [1.5, 3.0]]
    """
    cells = q["cells"]
    at = [lo + (hi - lo) * (np.arange(cells) + 0.5) / cells for lo, hi in (q["x"], q["y"])]
    return np.stack(np.meshgrid(*at), axis=-1).reshape(-1, 2)


def history(name: str) -> dict[str, Any]:
    """Name the loss before each step of training so far.

    Examples
    --------
    >>> history("loss")
    {'history': 'loss'}
    """
    return {"history": name}


# --- the program ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One op: the names of its arguments and of what it makes, its options, those that are arrays by name."""

    op: str
    args: tuple[str, ...]
    out: str
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    arrays: dict[str, str] = dataclasses.field(default_factory=dict)


class Program:
    """A network, a loss and samples, as a list of array pairs. Make it with `Program.of`.

    Attributes
    ----------
    steps : list of Step
    arrays : dict of str to array
        Everything by name, after `run`: what was given and what the steps made.
    params, fixed : tuples of str
        The names of the parameters; of masks and statistics, which have no gradient.
    layers : tuple of str
        The names of the layers' outputs, in order.
    weight : float
        The loss's own gradient: 1, or the number of rows for a sum over them in place of a mean.
    losses : list of float
        The loss before each step of training.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.arrays: dict[str, Array] = {}
        self.samples: dict[str, Array] = {}  # all of x and y; `arrays` holds a batch
        self.params: tuple[str, ...] = ()
        self.fixed: tuple[str, ...] = ()
        self.layers: tuple[str, ...] = ()
        self.out = ""
        self.rows = 0
        self.drawn: dict[str, float] = {}
        self.seed = self.done = 0
        self.weight = 1.0
        self.losses: list[float] = []
        self.caches: list[Any] = []

    @classmethod
    def of(
        cls,
        net: layers.Layer,
        loss: Callable[..., tuple[Any, Any]],
        X: Array,
        y: Array,
        *,
        rows: int | None = None,
        draw: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> Program:
        """Read a network.

        Parameters
        ----------
        net : Sequential, or a single layer
            Of layers whose ops are pairs, of `Attention`, `Residual` and other `Sequential`.
        loss : function of `losses.VJP`
        X, y : arrays
            All samples, one a row.
        rows : int, optional
            How many samples a batch has; all if not given.
        draw : dict of str to float, optional
            Parameters to draw anew, normal with this standard deviation: ``{"0.W": 0.5}``. They are not sent:
            the page draws the same ones, and others for another seed.
        seed : int
            For those, for the order of the batches and for dropout's masks.

        Returns
        -------
        Program
            It has copies of the network's parameters.

        Raises
        ------
        TypeError
            If a layer has no pair on the page, or the loss is none of bplib's.
        ValueError
            If the samples don't go with each other, or `draw` names no parameter.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> net = layers.mlp([2, 4, 1], activation="tanh", rng=rng)
        >>> program = Program.of(net, losses.mse, np.ones((3, 2)), np.zeros((3, 1)))
        >>> [(step.op, *step.args) for step in program.steps[:2]]
        [('affine', 'x', '0.W', '0.b'), ('tanh', '0')]
        >>> program.quantity(d("0.W")).shape
        (4, 2)
        """
        if loss not in losses.VJP:
            names = ", ".join(op.__name__ for op in losses.VJP)
            raise wrong("loss", "one of bplib.losses", f"{loss!r:.60}", f"There are {names}.", TypeError)
        if len(X) != len(y):
            raise ValueError(
                f"y: expected a row for each of X's {len(X)}, got {len(y)}. Are they of one set?"
            )
        self = cls()
        self.rows = len(X) if rows is None else rows
        if not 1 <= self.rows <= len(X):
            raise wrong("rows", f"from 1 to X's {len(X)}", rows, "Leave it out for all.")
        self.samples = {"x": _numbers(X), "y": _numbers(y)}
        self.arrays = {name: array[: self.rows] for name, array in self.samples.items()}
        self.seed = seed
        whole = type(net).forward is layers.Sequential.forward
        self.layers = self._chain(net.layers if whole else (net,), "", "x")  # type: ignore[attr-defined]
        self.out = self.layers[-1]
        self._step(loss.__name__, (self.out, "y"), "loss")
        self.drawn = dict(draw or {})
        if unknown := self.drawn.keys() - set(self.params):
            came = ", ".join(sorted(unknown))
            raise wrong("draw", f"parameters, {', '.join(self.params)}", came, "Name them as in net.params.")
        self.draw(seed)
        self.run()
        return self

    # --- reading ------------------------------------------------------------------------------------

    def _chain(self, chain: Iterable[layers.Layer], within: str, x: str) -> tuple[str, ...]:
        """Add the steps of layers one after the other; return the names of their outputs."""
        outs: list[str] = []
        for i, layer in enumerate(chain):
            outs.append(self._read(layer, f"{within}{i}", outs[-1] if outs else x))
        return tuple(outs)

    def _read(self, layer: layers.Layer, name: str, x: str) -> str:
        """Add the steps of one layer that reads array `x`; return the name of what it makes."""
        kind = type(layer)
        does = kind.forward, kind.backward
        if isinstance(layer, layers.Sequential) and does == _methods(layers.Sequential):
            return self._chain(layer.layers, f"{name}.", x)[-1]
        if isinstance(layer, layers.Sequential) and does == _methods(layers.Residual):
            return self._step("add", (x, self._chain(layer.layers, f"{name}.", x)[-1]), name)
        if isinstance(layer, layers.Attention) and does == _methods(layers.Attention):
            return self._read_attention(layer, name, x)
        if isinstance(layer, layers.PairLayer) and does in map(_methods, _PAIR_LAYERS):
            op = getattr(layer.op, "func", layer.op)  # without its options
            if op in functional.VJP:
                return self._read_pair(layer, op.__name__, name, x)
        remedy = (
            "Build it from layers of bplib.layers, or compute arrays in advance with bplib.widgets.frames."
        )
        raise wrong(
            "net", "layers that have a pair on the page", f"{kind.__name__} at {name}", remedy, TypeError
        )

    def _read_attention(self, layer: layers.Attention, name: str, x: str) -> str:
        """Add the three projections, then the attention itself."""
        rows = [
            self._step("project", (x, self._give(layer, name, W)), f"{name}.{W[1:]}") for W in layer.names
        ]
        mask = {}
        if layer.options["causal"]:
            mask["mask"] = self._fix(f"{name}.mask", np.tri(self.arrays[x].shape[1]))
        return self._step("attention", tuple(rows), name, {}, mask)

    def _read_pair(self, layer: layers.PairLayer, op: str, name: str, x: str) -> str:
        """Add the one step of a layer that is a pair."""
        options = {k: v for k, v in layer.options.items() if k != "rng" and v is not None}
        arrays: dict[str, str] = {}
        if isinstance(layer, layers.BatchNorm | layers.Dropout):
            options["train"] = layer.train
        if isinstance(layer, layers.BatchNorm):
            for which in ("running_mean", "running_var"):
                arrays[which] = self._fix(f"{name}.{which}", getattr(layer, which))
        if isinstance(layer, layers.Dropout):
            arrays["mask"] = self._fix(f"{name}.mask", np.ones(self.arrays[x].shape))
        return self._step(
            op, (x, *(self._give(layer, name, param) for param in layer.names)), name, options, arrays
        )

    def _step(
        self,
        op: str,
        args: tuple[str, ...],
        out: str,
        options: Mapping[str, Any] | None = None,
        arrays: Mapping[str, str] | None = None,
    ) -> str:
        """Add a step and run it, so that the next one can see the shape of what it made."""
        self.steps.append(Step(op, args, out, dict(options or {}), dict(arrays or {})))
        self._run(self.steps[-1])
        return out

    def _give(self, layer: layers.Layer, name: str, param: str) -> str:
        """Take over a parameter."""
        self.params += (f"{name}.{param}",)
        self.arrays[self.params[-1]] = _numbers(layer.params[param])
        return self.params[-1]

    def _fix(self, name: str, array: Array) -> str:
        """Take over an array that has no gradient."""
        self.fixed += (name,)
        self.arrays[name] = _numbers(array)
        return name

    # --- running ------------------------------------------------------------------------------------

    def run(self) -> float:
        """Run forward on the present batch; return the loss."""
        self.caches = []
        dropouts = [step for step in self.steps if step.op == "dropout"]
        for k, step in enumerate(dropouts):
            mask, p = step.arrays["mask"], step.options["p"]
            u = uniforms(self.seed, MASKS + self.done * len(dropouts) + k, self.arrays[mask].size)
            self.arrays[mask] = np.where(u < p, 0, 1 / (1 - p)).reshape(self.arrays[mask].shape)
        for step in self.steps:
            self._run(step)
        return float(self.arrays["loss"])

    def _run(self, step: Step) -> None:
        given = {option: self.arrays[name] for option, name in step.arrays.items()}
        if step.op == "attention" and given:
            given["mask"] = given["mask"].astype(bool)
        out, cache = PAIRS[step.op][0](*(self.arrays[name] for name in step.args), **step.options, **given)
        self.arrays[step.out] = np.asarray(out)
        self.caches.append(cache)

    def gradients(self, of: str = "loss", dout: Array | None = None) -> dict[str, Array]:
        """Carry `dout`, or `weight`, back from an array; return the gradient of every array it reaches."""
        grads = {self._name(of): np.full((), self.weight) if dout is None else dout}
        for step, cache in zip(reversed(self.steps), reversed(self.caches), strict=True):
            if step.out not in grads:  # `of` does not depend on it
                continue
            back = PAIRS[step.op][1](grads[step.out], cache)
            for name, grad in zip(step.args, back, strict=False):  # the None of a bias left out comes last
                if grad is not None:
                    grads[name] = grads[name] + grad if name in grads else grad
        return grads

    def quantity(self, q: Quantity) -> Any:
        """Return what a name stands for: an array, or for `by` names, values and gradients.

        Raises
        ------
        ValueError
            If there is no such array, cell, sample, group or measure.
        """
        if isinstance(q, str):
            return self.arrays[self._name(q)]
        if "by" in q:
            return self._by(q["by"], q["measure"])
        if "history" in q:
            if q["history"] != "loss":
                raise ValueError(f"There is no history of {q['history']!r}: only of the loss.")
            return np.array(self.losses)
        if "jacobian" in q:
            return self._jacobian(q["jacobian"], q["of"], q["sample"])
        if "field" in q:
            return self._field(self._name(q["field"]), q)
        if "vjp" in q:
            name, cell = self._name(q["vjp"]), tuple(q["cell"])
            shape = self.arrays[name].shape
            if all(step.out != name for step in self.steps):
                raise ValueError(f"{name} is not computed, so nothing leads to it.")
            if len(cell) != len(shape) or any(not 0 <= k < n for k, n in zip(cell, shape, strict=True)):
                raise ValueError(f"{q['vjp']} has shape {shape}: there is no cell {cell}.")
            seed = np.zeros(shape)
            seed[cell] = 1
            return self._gradient(self.gradients(name, seed), q["of"])
        if q.get("sample") is None:
            return self._gradient(self.gradients(), q["d"])
        if q["sample"] == "each":
            return np.stack([self._term(self._name(q["d"]), k) for k in range(self.rows)])
        return self._term(self._name(q["d"]), q["sample"])

    def _name(self, name: str) -> str:
        """Return the name under which `name` is kept; refuse one that isn't."""
        name = self.out if name == "out" else name
        if name in self.arrays:
            return name
        raise ValueError(f"There is no array {name!r} in this program. It has {', '.join(self.arrays)}, out.")

    def _gradient(self, grads: Mapping[str, Array], name: str) -> Array:
        name = self._name(name)
        if name in self.fixed or self.arrays[name].dtype.kind != "f":
            raise ValueError(f"{name} has no gradient: it holds whole numbers, a mask or statistics.")
        return grads.get(name, np.zeros_like(self.arrays[name]))

    def _term(self, name: str, sample: int) -> Array:
        """Return what one sample brings to a parameter's gradient."""
        if name not in self.params:
            raise ValueError(f"{name} is no parameter: its gradient is not a sum over samples.")
        if not 0 <= sample < self.rows:
            raise ValueError(f"There is no sample {sample}; they count from 0 to {self.rows - 1}.")
        grads, term = self.gradients(), np.zeros_like(self.arrays[name])
        for step, cache in zip(self.steps, self.caches, strict=True):
            if name in step.args:
                alone = np.zeros_like(grads[step.out])
                alone[sample] = grads[step.out][sample]
                term = term + PAIRS[step.op][1](alone, cache)[step.args.index(name)]
        return term

    def _jacobian(self, of: str, name: str, sample: int) -> Array:
        """Return one row for each number that a sample has in array `of`."""
        shapes = [self.arrays[self._name(which)].shape for which in (of, name)]
        if any(not shape or shape[0] != self.rows for shape in shapes):
            raise ValueError(
                f"{of} and {name} need a row for each sample; they are {shapes[0]}, {shapes[1]}."
            )
        if not 0 <= sample < self.rows:
            raise ValueError(f"There is no sample {sample}; they count from 0 to {self.rows - 1}.")
        cells = np.ndindex(*shapes[0][1:])
        return np.stack([self.quantity(vjp(of, (sample, *cell), name))[sample].ravel() for cell in cells])

    def _field(self, name: str, q: Mapping[str, Any]) -> Array:
        """Return an array on a grid of inputs, in evaluation."""
        if self.samples["x"].shape[1:] != (2,):
            raise ValueError(f"A field needs x with two columns; here it is {self.samples['x'].shape}.")
        other = self.again()
        other.arrays |= {key: self.arrays[key] for key in (*self.params, *self.fixed)}
        other.arrays["x"] = grid(q)
        for step in other.steps[:-1]:  # not the loss: a grid has no targets
            evaluated = {"train": False} if "train" in step.options else {}
            if step.op == "dropout":
                other.arrays[step.arrays["mask"]] = np.ones(other.arrays[step.args[0]].shape)
            other._run(dataclasses.replace(step, options=step.options | evaluated))
        return other.arrays[name].reshape(q["cells"], q["cells"], *other.arrays[name].shape[1:])

    def _by(self, group: str, measure: str) -> dict[str, Any]:
        names = {"layer": self.layers, "parameter": self.params}.get(group)
        if names is None:
            raise ValueError(f'There is no group {group!r}: by("layer", ...) or by("parameter", ...).')
        if measure not in MEASURES:
            raise ValueError(f"There is no measure {measure!r}: it is one of {', '.join(MEASURES)}.")
        grads, f = self.gradients(), MEASURES[measure]
        return {
            "names": list(names),
            "values": np.array([f(self.arrays[name]) for name in names]),
            "gradients": np.array([f(self._gradient(grads, name)) for name in names]),
        }

    # --- moving -------------------------------------------------------------------------------------

    def draw(self, seed: int, spread: float = 1.0) -> None:
        """Draw the parameters that are drawn, `spread` times as wide as was said, and begin anew."""
        for name, width in self.drawn.items():
            shape = self.arrays[name].shape
            numbers = normals(seed, self.params.index(name), int(np.prod(shape)))
            self.arrays[name] = (width * spread * numbers).reshape(shape)
        self.seed, self.done, self.losses = seed, 0, []

    def again(self, rows: int | None = None) -> Program:
        """Return another one with the present arrays, on the first `rows` samples."""
        other = copy.deepcopy(self)
        if rows is not None:
            other.rows = rows
            for step in self.steps:  # a mask of dropout has a row for each sample
                if step.op == "dropout":
                    mask = step.arrays["mask"]
                    other.arrays[mask] = np.ones((rows, *self.arrays[mask].shape[1:]))
        other.arrays |= {name: array[: other.rows] for name, array in other.samples.items()}
        return other

    def train(self, optimizer: Optimizer, steps: int) -> Array:
        """Train for some steps, each on the batch that comes next; return the loss before each.

        An epoch has an order of its own and as many whole batches as fit.

        Examples
        --------
        >>> from bplib.optim import SGD
        >>> net = layers.mlp([1, 1], rng=np.random.default_rng(0))
        >>> X = np.array([[0.0], [1.0]])
        >>> program = Program.of(net, losses.mse, X, 2 * X, draw={"0.W": 1.0})
        >>> before, after = program.train(SGD(0.5), 40)[[0, -1]]
        >>> bool(after < 1e-3 * before)
        True
        """
        for _ in range(steps):
            self.next()
            self.losses.append(self.run())
            grads = self.gradients()
            optimizer.step(
                {name: self.arrays[name] for name in self.params}, {name: grads[name] for name in self.params}
            )
            for step, cache in zip(self.steps, self.caches, strict=True):
                if step.op == "batch_norm" and step.options["train"]:
                    saved = kept(cache)
                    self.arrays[step.arrays["running_mean"]] = saved.running_mean
                    self.arrays[step.arrays["running_var"]] = saved.running_var
            self.done += 1
        return np.array(self.losses[len(self.losses) - steps :])

    def next(self) -> None:
        """Take the batch that comes next in training."""
        if self.rows < (total := len(self.samples["x"])):
            epoch, k = divmod(self.done, total // self.rows)
            chosen = shuffled(self.seed, EPOCHS + epoch, total)[k * self.rows : (k + 1) * self.rows]
            self.arrays |= {name: array[chosen] for name, array in self.samples.items()}

    # --- to the page --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Write the program as static/engine/program.js reads it: plain data, arrays packed.

        Examples
        --------
        >>> net = layers.mlp([1, 1], rng=np.random.default_rng(0))
        >>> wire = Program.of(net, losses.mse, np.ones((2, 1)), np.ones((2, 1))).to_dict()
        >>> wire["params"], wire["out"], wire["steps"][0]["op"]
        (['0.W', '0.b'], '0', 'affine')
        """
        arrays = []
        for name in ("x", "y", *self.params, *self.fixed):
            array = self.samples.get(name, self.arrays[name])
            masked = any(step.op == "dropout" and name in step.arrays.values() for step in self.steps)
            sent = {"shape": list(array.shape)} if name in self.drawn or masked else pack(array)
            marks = {"whole": array.dtype.kind != "f", "rowwise": name in ("x", "y") or masked}
            arrays.append({"name": name, **sent, **{mark: True for mark, on in marks.items() if on}})
        steps = [
            {
                "op": step.op,
                "args": list(step.args),
                "out": step.out,
                "options": {k: list(v) if isinstance(v, tuple) else v for k, v in step.options.items()},
                "arrays": step.arrays,
            }
            for step in self.steps
        ]
        return {
            "version": VERSION,
            "arrays": arrays,
            "steps": steps,
            "params": list(self.params),
            "layers": list(self.layers),
            "out": self.out,
            "rows": self.rows,
            "draw": self.drawn,
            "seed": self.seed,
        }


def _numbers(array: Array) -> Array:
    """Return a copy in float64, or of whole numbers as they are."""
    array = np.asarray(array)
    return array.astype(float if array.dtype.kind == "f" else int)


def _methods(kind: type[layers.Layer]) -> tuple[Any, Any]:
    """Return what a layer does. A class that overrides either does something that its op does not say."""
    return kind.forward, kind.backward


_PAIR_LAYERS = (layers.PairLayer, layers.BatchNorm, layers.Dropout)
