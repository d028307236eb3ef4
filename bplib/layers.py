"""Layers: pairs that remember. Each holds parameters, what its last forward saved, and its gradients.

After `functional` and `losses` this adds state, and `Sequential`, where the chain rule for whole networks is
one loop over the layers, last to first. Nothing here differentiates anything: that stands in `functional`.

Write a layer of your own like this; it then works in `Sequential`, with the optimizers and in `gradcheck`::

    class Scale(Layer):
        def __init__(self, n):
            super().__init__(s=np.ones(n))

        def forward(self, x):
            self.x = x
            return x * self.params["s"]

        def backward(self, dout):
            self.grads["s"] = (dout * self.x).sum(axis=0)
            return dout * self.params["s"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from bplib import functional
from bplib.functional import Array, Gradients, _floats, _wrong_shape
from bplib.init import he, normal, xavier

Init = Callable[[tuple[int, ...], np.random.Generator], Array]


class Layer:
    """What every layer has: `params` and `grads` with the same keys, `forward`, `backward`, `train`.

    Parameters
    ----------
    **params : arrays
        The parameters by name. Their gradients start at 0.

    Attributes
    ----------
    params, grads : dict of str to array
        `backward` sets the gradients anew each time; nothing adds up between calls.
    train : bool
        False for evaluation. Only `Dropout` and `BatchNorm` look at it.

    Examples
    --------
    >>> class Double(Layer):
    ...     def forward(self, x):
    ...         return 2 * x
    ...
    ...     def backward(self, dout):
    ...         return 2 * dout
    >>> Double()(np.ones(2))
    array([2., 2.])
    """

    params: MutableMapping[str, Array]
    grads: MutableMapping[str, Array]

    def __init__(self, **params: Array) -> None:
        self.params = params
        self.grads = {name: np.zeros_like(param) for name, param in params.items()}
        self._train = True

    @property
    def train(self) -> bool:
        """True in training, False in evaluation."""
        return self._train

    @train.setter
    def train(self, on: bool) -> None:
        self._train = on

    def forward(self, x: Array) -> Array:
        """Compute the output and save what `backward` will need."""
        raise NotImplementedError(f"{type(self).__name__} has no forward. Define forward(self, x).")

    def backward(self, dout: Array) -> Array | None:
        """Set `grads` and return dx; None if x has no gradient, as an embedding's indices have none."""
        raise NotImplementedError(f"{type(self).__name__} has no backward. Define backward(self, dout).")

    def backward_params(self, dout: Array) -> None:
        """Set `grads` alone. A first layer need not form dx; layers that save by that override this."""
        self.backward(dout)

    def __call__(self, x: Array) -> Array:
        """Call `forward`."""
        return self.forward(x)

    def __repr__(self) -> str:
        """Name the class and the shapes of its parameters."""
        shapes = (f"{name}={param.shape}" for name, param in self.params.items())
        return f"{type(self).__name__}({', '.join(shapes)})"


class PairLayer(Layer):
    """A layer made from an entry of `functional.VJP`: x first, then the parameters in order.

    Parameters
    ----------
    op : callable
        The forward function of the pair.
    params : dict of str to array, optional
    **options
        The op's keyword options.

    Examples
    --------
    >>> layer = PairLayer(functional.tanh)
    >>> layer.forward(np.zeros(1)), layer.backward(np.ones(1))
    (array([0.]), array([1.]))
    """

    def __init__(
        self, op: Callable[..., tuple[Array, Any]], params: dict[str, Array] | None = None, **options: Any
    ) -> None:
        super().__init__(**(params or {}))
        if op not in functional.VJP:
            raise ValueError(
                f"op: expected a key of functional.VJP, got {op!r:.60}. Derive from Layer instead."
            )
        self.op, self.vjp, self.options = partial(op, **options), functional.VJP[op], options
        self.names = tuple(self.params)  # the op's order, whatever order a dict set later has
        self.cache: Any = None

    def forward(self, x: Array) -> Array:
        """Call the op on x, the parameters and the options."""
        out, self.cache = self.op(x, *[self.params[name] for name in self.names])
        return out

    def backward(self, dout: Array) -> Array | None:
        """Call the op's backward on what the last forward saved."""
        if self.cache is None:
            raise _too_early(self)
        return self._keep(self.vjp(dout, self.cache))

    def _keep(self, gradients: Gradients) -> Array | None:
        """Put away the gradients of the parameters; return that of x."""
        for place, name in enumerate(self.names, 1):  # the None of a bias left out comes last
            self.grads[name] = gradients[place]  # type: ignore[assignment]
        return gradients[0]

    def __repr__(self) -> str:
        """Name the class, the shapes of its parameters and its options."""
        parts = [f"{name}={param.shape}" for name, param in self.params.items()]
        parts += [f"{name}={value!r}" for name, value in self.options.items() if name != "rng"]
        return f"{type(self).__name__}({', '.join(parts)})"


def _too_early(layer: Layer) -> ValueError:
    """Build the message for a backward that has nothing to go back over."""
    return ValueError(
        f"{type(layer).__name__}.backward: expected a forward before it, got none. Call forward(x) first: it "
        f"saves what backward needs."
    )


# --- layers with weights ----------------------------------------------------------------------------


class _Weighted(PairLayer):
    """A layer with weights W and perhaps a bias b, whose backward can leave dx out."""

    def __init__(
        self,
        op: Callable[..., tuple[Array, Any]],
        shape: tuple[int, ...],
        rng: np.random.Generator,
        init: Init,
        bias: bool,
        **options: Any,
    ) -> None:
        params = {"W": init(shape, rng)} | ({"b": np.zeros(shape[0])} if bias else {})
        super().__init__(op, params, **options)

    def backward_params(self, dout: Array) -> None:
        """Set `grads` and save the work that dx would cost."""
        if self.cache is None:
            raise _too_early(self)
        self._keep(self.vjp(dout, self.cache, needs_dx=False))


class Affine(_Weighted):
    """Each row times a matrix, plus a bias: x W^T + b.

    Parameters
    ----------
    n_in, n_out : int
    rng : numpy.random.Generator
    init : callable
        Makes W from a shape and rng, such as those of `bplib.init`; b starts at 0.

    Examples
    --------
    >>> Affine(2, 3, rng=np.random.default_rng(0))
    Affine(W=(3, 2), b=(3,))
    """

    def __init__(self, n_in: int, n_out: int, *, rng: np.random.Generator, init: Init = he) -> None:
        super().__init__(functional.affine, (n_out, n_in), rng, init, bias=True)


class Conv1d(_Weighted):
    """Kernels slid along sequences, (B, C_in, T) to (B, C_out, T_out): see `functional.conv1d`.

    Examples
    --------
    >>> Conv1d(2, 3, 5, rng=np.random.default_rng(0))
    Conv1d(W=(3, 2, 5), b=(3,), stride=1, padding=0)
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: int,
        *,
        rng: np.random.Generator,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        init: Init = he,
    ) -> None:
        shape = (c_out, c_in, kernel_size)
        super().__init__(functional.conv1d, shape, rng, init, bias, stride=stride, padding=padding)


class Conv2d(_Weighted):
    """Kernels slid over images, (B, C_in, H, W) to (B, C_out, H_out, W_out): see `functional.conv2d`.

    Examples
    --------
    >>> Conv2d(1, 4, 3, rng=np.random.default_rng(0), padding=1, bias=False)
    Conv2d(W=(4, 1, 3, 3), stride=1, padding=1)
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: int | tuple[int, int],
        *,
        rng: np.random.Generator,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        bias: bool = True,
        init: Init = he,
    ) -> None:
        kernel = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        shape = (c_out, c_in, *kernel)
        super().__init__(functional.conv2d, shape, rng, init, bias, stride=stride, padding=padding)


class Embedding(PairLayer):
    """A row of a table for each index; `backward` returns None, since an index has no gradient.

    Examples
    --------
    >>> Embedding(10, 4, rng=np.random.default_rng(0))(np.array([[1, 2, 1]])).shape
    (1, 3, 4)
    """

    def __init__(self, n_rows: int, n_out: int, *, rng: np.random.Generator, init: Init = normal) -> None:
        super().__init__(functional.embedding, {"W": init((n_rows, n_out), rng)})


class LayerNorm(PairLayer):
    """Each sample normalised over its last axes, of shape `shape`: see `functional.layer_norm`.

    Examples
    --------
    >>> LayerNorm(2)(np.array([[1.0, 3.0]])).round(4)
    array([[-1.,  1.]])
    """

    def __init__(self, shape: int | tuple[int, ...], *, eps: float = 1e-5) -> None:
        super().__init__(functional.layer_norm, {"gamma": np.ones(shape), "beta": np.zeros(shape)}, eps=eps)


class BatchNorm(PairLayer):
    """Each channel normalised over the batch, (B, C) or (B, C, ...): see `functional.batch_norm`.

    Attributes
    ----------
    running_mean, running_var : arrays of shape (C,)
        What `train = False` normalises with; each forward in training moves them on.

    Examples
    --------
    >>> layer = BatchNorm(1, momentum=1.0)
    >>> layer(np.array([[1.0], [3.0]])).round(4).ravel(), layer.running_mean
    (array([-1.,  1.]), array([2.]))
    >>> layer.train = False
    >>> layer(np.array([[2.0]]))
    array([[0.]])
    """

    def __init__(self, n: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        params = {"gamma": np.ones(n), "beta": np.zeros(n)}
        super().__init__(functional.batch_norm, params, momentum=momentum, eps=eps)
        self.running_mean, self.running_var = np.zeros(n), np.ones(n)

    def forward(self, x: Array) -> Array:
        """Normalise with the batch's statistics in training, with the running ones otherwise."""
        gamma, beta = self.params["gamma"], self.params["beta"]
        out, self.cache = functional.batch_norm(
            x,
            gamma,
            beta,
            running_mean=self.running_mean.astype(gamma.dtype, copy=False),
            running_var=self.running_var.astype(gamma.dtype, copy=False),
            train=self.train,
            **self.options,
        )
        self.running_mean, self.running_var = self.cache.running_mean, self.cache.running_var
        return out


class Attention(Layer):
    """Self-attention with one head: every row of a sequence asks all rows, (B, T, n_in) to (B, T, n_out).

    q, k, v = x Wq^T, x Wk^T, x Wv^T, then `functional.attention`.

    Parameters
    ----------
    n_in, n_out : int
    rng : numpy.random.Generator
    causal : bool
        True: a row asks only itself and the rows before it.
    init : callable

    Examples
    --------
    >>> layer = Attention(4, 8, rng=np.random.default_rng(0), causal=True)
    >>> layer(np.ones((2, 3, 4))).shape, layer.backward(np.ones((2, 3, 8))).shape
    ((2, 3, 8), (2, 3, 4))
    """

    def __init__(
        self, n_in: int, n_out: int, *, rng: np.random.Generator, causal: bool = False, init: Init = xavier
    ) -> None:
        super().__init__(**{name: init((n_out, n_in), rng) for name in ("Wq", "Wk", "Wv")})
        self.causal = causal
        self.cache: Any = None

    def forward(self, x: Array) -> Array:
        """Project x three ways and attend."""
        Wq, Wk, Wv = weights = [self.params[name] for name in ("Wq", "Wk", "Wv")]
        _floats("x Wq Wk Wv", x, Wq, Wk, Wv)
        if x.ndim != 3 or x.shape[2] != Wq.shape[1]:
            raise _wrong_shape("x", x, f"(B, T, {Wq.shape[1]})", "Write x[None] for one sequence.")
        mask = np.tri(x.shape[1], dtype=bool) if self.causal else None
        out, attended = functional.attention(x @ Wq.T, x @ Wk.T, x @ Wv.T, mask=mask)
        self.cache = x, weights, attended
        return out

    def backward(self, dout: Array) -> Array:
        """Go back through the attention, then the three projections: their gradients of x add up."""
        if self.cache is None:
            raise _too_early(self)
        x, weights, attended = self.cache
        dx: Array = np.zeros_like(x)
        rows = x.reshape(-1, x.shape[2])
        dqkv = functional.attention_backward(dout, attended)
        for name, W, d in zip(("Wq", "Wk", "Wv"), weights, dqkv, strict=True):
            self.grads[name] = d.reshape(-1, d.shape[2]).T @ rows
            dx += d @ W
        return dx


class RNNCell(Layer):
    """One step of a recurrent network, unrolled by you: h' = tanh(x Wx^T + h Wh^T + b) (Elman 1990).

    Call `forward` once a time step and `backward` as often as you go back, last step first. Each forward
    saves its step, each backward takes the last one off. The weights are shared, so their gradients sum over
    the steps; the first backward after a forward starts the sums anew.

    Parameters
    ----------
    n_in, n_hidden : int
    rng : numpy.random.Generator
    init : callable

    Examples
    --------
    >>> cell = RNNCell(1, 2, rng=np.random.default_rng(0))
    >>> h = cell.forward(np.ones((1, 1)))            # no h: a new sequence, from h = 0
    >>> h = cell.forward(np.ones((1, 1)), h)
    >>> dx2, dh = cell.backward(np.ones((1, 2)))
    >>> dx1, dh = cell.backward(dh)
    >>> cell.grads["Wh"].shape, dx1.shape
    ((2, 2), (1, 1))
    """

    def __init__(self, n_in: int, n_hidden: int, *, rng: np.random.Generator, init: Init = xavier) -> None:
        weights = {"Wx": init((n_hidden, n_in), rng), "Wh": init((n_hidden, n_hidden), rng)}
        super().__init__(**weights, b=np.zeros(n_hidden))
        self.steps: list[Any] = []
        self._summing = False

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """Return the next h. Without an h a new sequence begins, and unused steps are forgotten."""
        Wx, Wh, b = self.params["Wx"], self.params["Wh"], self.params["b"]
        z, from_x = functional.affine(x, Wx, b)
        if h is None:
            self.steps, h = [], np.zeros_like(z)
        _floats("x h", x, h)
        if h.shape != z.shape:
            raise _wrong_shape("h", h, f"{z.shape}, a row for each row of x", "Leave h out to start.")
        from_h, recurrent = functional.affine(h, Wh, np.zeros_like(b))
        out, squashed = functional.tanh(z + from_h)
        self.steps.append((from_x, recurrent, squashed))
        self._summing = False
        return out

    def backward(self, dout: Array) -> tuple[Array | None, Array | None]:  # type: ignore[override]
        """Go back over the last step that is left; return dx and the gradient of the h that came in."""
        if not self.steps:
            raise _too_early(self)
        from_x, recurrent, squashed = self.steps.pop()
        (dz,) = functional.tanh_backward(dout, squashed)
        dx, dWx, db = functional.affine_backward(dz, from_x)
        dh, dWh, _ = functional.affine_backward(dz, recurrent)
        for name, grad in {"Wx": dWx, "Wh": dWh, "b": db}.items():
            self.grads[name] = self.grads[name] + grad if self._summing else grad
        self._summing = True
        return dx, dh


# --- layers without weights -------------------------------------------------------------------------


class ReLU(PairLayer):
    """max(x, 0)."""

    def __init__(self) -> None:
        super().__init__(functional.relu)


class LeakyReLU(PairLayer):
    """x or slope x."""

    def __init__(self, *, slope: float = 0.01) -> None:
        super().__init__(functional.leaky_relu, slope=slope)


class ELU(PairLayer):
    """x or alpha (e^x - 1)."""

    def __init__(self, *, alpha: float = 1.0) -> None:
        super().__init__(functional.elu, alpha=alpha)


class Sigmoid(PairLayer):
    """1 / (1 + e^-x)."""

    def __init__(self) -> None:
        super().__init__(functional.sigmoid)


class Tanh(PairLayer):
    """tanh(x)."""

    def __init__(self) -> None:
        super().__init__(functional.tanh)


class Softplus(PairLayer):
    """log(1 + e^x)."""

    def __init__(self) -> None:
        super().__init__(functional.softplus)


class GELU(PairLayer):
    """x Phi(x)."""

    def __init__(self) -> None:
        super().__init__(functional.gelu)


class Softmax(PairLayer):
    """Scores to probabilities along an axis."""

    def __init__(self, *, axis: int = -1) -> None:
        super().__init__(functional.softmax, axis=axis)


class LogSoftmax(PairLayer):
    """Scores to the logarithms of probabilities along an axis."""

    def __init__(self, *, axis: int = -1) -> None:
        super().__init__(functional.log_softmax, axis=axis)


class MaxPool2d(PairLayer):
    """The largest entry of each window."""

    def __init__(
        self, kernel_size: int | tuple[int, int], *, stride: int | tuple[int, int] | None = None
    ) -> None:
        super().__init__(functional.max_pool2d, kernel_size=kernel_size, stride=stride)


class AvgPool2d(PairLayer):
    """The mean of each window."""

    def __init__(
        self, kernel_size: int | tuple[int, int], *, stride: int | tuple[int, int] | None = None
    ) -> None:
        super().__init__(functional.avg_pool2d, kernel_size=kernel_size, stride=stride)


class Flatten(PairLayer):
    """Each sample as one row."""

    def __init__(self) -> None:
        super().__init__(functional.flatten)


class Dropout(PairLayer):
    """Entries set to 0 with probability p, in training only.

    Examples
    --------
    >>> layer = Dropout(0.5, rng=np.random.default_rng(0))
    >>> layer(np.ones(4))
    array([2., 0., 0., 0.])
    >>> layer.train = False
    >>> layer(np.ones(4))
    array([1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        super().__init__(functional.dropout, p=p, rng=rng)

    def forward(self, x: Array) -> Array:
        """Drop entries in training, none otherwise."""
        out, self.cache = functional.dropout(x, train=self.train, **self.options)
        return out


# --- networks ---------------------------------------------------------------------------------------


def _within(layer: Layer) -> Iterator[Layer]:
    """Yield a layer, and every layer within it."""
    yield layer
    inside = getattr(layer, "layers", ())
    for inner in inside if isinstance(inside, (list, tuple)) else ():
        if isinstance(inner, Layer):
            yield from _within(inner)


class _Joined(MutableMapping[str, Array]):
    """The `params` or `grads` of several layers as one: "0.W" is "W" of layer 0, to read and to set."""

    def __init__(self, layers: tuple[Layer, ...], which: str) -> None:
        self.layers, self.which = layers, which

    def _find(self, name: str) -> tuple[MutableMapping[str, Array], str]:
        number, _, rest = name.partition(".")
        if not (number.isdecimal() and int(number) < len(self.layers)):
            raise KeyError(name)
        return getattr(self.layers[int(number)], self.which), rest

    def __getitem__(self, name: str) -> Array:
        arrays, rest = self._find(name)
        return arrays[rest]

    def __setitem__(self, name: str, array: Array) -> None:
        arrays, rest = self._find(name)
        arrays[rest] = array

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name}: a network's {self.which} can't be deleted. Build the network without it.")

    def __iter__(self) -> Iterator[str]:
        for i, layer in enumerate(self.layers):
            yield from (f"{i}.{name}" for name in getattr(layer, self.which))

    def __len__(self) -> int:
        return sum(len(getattr(layer, self.which)) for layer in self.layers)

    def __repr__(self) -> str:
        return repr(dict(self))


class Sequential(Layer):
    """Layers one after the other. It is a Layer itself, so networks nest.

    Parameters
    ----------
    *layers : Layer

    Attributes
    ----------
    layers : tuple of Layer
    params, grads : mappings
        Those of all layers: "0.W" is W of the first. Arrays are shared, and what you set reaches the layer.

    Raises
    ------
    TypeError, ValueError
        If there is no layer, something is not a Layer, or one layer is given twice: its second forward would
        overwrite what its first backward needs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> net = Sequential(Affine(2, 3, rng=rng), ReLU(), Affine(3, 1, rng=rng))
    >>> net
    Sequential(
      0: Affine(W=(3, 2), b=(3,))
      1: ReLU()
      2: Affine(W=(1, 3), b=(1,))
    )
    >>> net(np.ones((4, 2))).shape, net.backward(np.ones((4, 1))).shape, list(net.grads)
    ((4, 1), (4, 2), ['0.W', '0.b', '2.W', '2.b'])
    """

    def __init__(self, *layers: Layer) -> None:
        name = type(self).__name__
        if not layers:
            raise ValueError(f"{name}: expected at least one layer, got none. For example {name}(ReLU()).")
        seen: list[Layer] = []
        for i, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                remedy = "Write ReLU(), not ReLU; derive a class of your own from bplib.layers.Layer."
                if isinstance(layer, (list, tuple)):
                    remedy = f"Write {name}(*layers) for a list."
                raise TypeError(f"{name}: expected a Layer at place {i}, got {layer!r:.60}. {remedy}")
            if not hasattr(layer, "params"):
                raise TypeError(
                    f"{name}: expected {type(layer).__name__} at place {i} to have params, got none. Call "
                    f"super().__init__() first in its __init__."
                )
            for inner in _within(layer):
                if any(inner is other for other in seen):
                    raise ValueError(
                        f"{name}: expected a layer of its own at each place, got {inner!r:.60} again at {i}. "
                        f"Its second forward would overwrite what it saved in the first. Make another one."
                    )
            seen += _within(layer)
        self.layers = layers
        self.params, self.grads = _Joined(layers, "params"), _Joined(layers, "grads")
        self._train = True

    @property
    def train(self) -> bool:
        """True in training, False in evaluation; setting it reaches every layer."""
        return self._train

    @train.setter
    def train(self, on: bool) -> None:
        self._train = on
        for layer in self.layers:
            layer.train = on

    def forward(self, x: Array) -> Array:
        """Run the layers, first to last."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout: Array) -> Array | None:
        """Run the layers' backwards, last to first: the chain rule."""
        d: Array | None = dout
        for layer in reversed(self.layers):
            d = layer.backward(d)  # type: ignore[arg-type]
        return d

    def backward_params(self, dout: Array) -> None:
        """Set `grads` alone, for training: no gradient is formed below the first layer with parameters."""
        first = 0  # looked for each time, since a layer may make its parameters at the first forward
        while not self.layers[first].params and first < len(self.layers) - 1:
            first += 1
        for layer in self.layers[:first:-1]:
            dout = layer.backward(dout)  # type: ignore[assignment]
        self.layers[first].backward_params(dout)

    def __repr__(self) -> str:
        """List the layers, one a line."""
        lines = [f"{i}: {layer!r}".replace("\n", "\n  ") for i, layer in enumerate(self.layers)]
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"


class Residual(Sequential):
    """x plus what the layers make of it (He et al. 2016). The sum's gradient goes both ways whole.

    Examples
    --------
    >>> block = Residual(ReLU())
    >>> block(np.array([-1.0, 2.0])), block.backward(np.array([1.0, 1.0]))
    (array([-1.,  4.]), array([1., 2.]))
    """

    def forward(self, x: Array) -> Array:
        """Return x + layers(x)."""
        out = super().forward(x)
        if out.shape != x.shape:
            raise _wrong_shape(
                "x", x, f"of what the layers return, {out.shape}", "Give the last layer x's width."
            )
        return x + out

    def backward(self, dout: Array) -> Array:
        """Return dout + the gradient through the layers."""
        return dout + super().backward(dout)


#: What `mlp` knows by name, and the initialisation that fits.
ACTIVATIONS: dict[str, tuple[Callable[[], Layer], Init]] = {
    "relu": (ReLU, he),
    "leaky_relu": (LeakyReLU, he),
    "elu": (ELU, he),
    "gelu": (GELU, he),
    "softplus": (Softplus, he),
    "sigmoid": (Sigmoid, xavier),
    "tanh": (Tanh, xavier),
}


def mlp(
    sizes: Sequence[int], *, activation: str = "relu", rng: np.random.Generator, init: Init | None = None
) -> Sequential:
    """Build the usual network: affine layers of the given sizes, an activation between each two.

    The last layer is affine: its outputs are logits, or a regression's values.

    Parameters
    ----------
    sizes : sequence of int
        n_in, the hidden widths, n_out.
    activation : str
        A key of `ACTIVATIONS`.
    rng : numpy.random.Generator
    init : callable, optional
        Makes each W; if not given, the one that fits the activation. Biases start at 0.

    Returns
    -------
    Sequential

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or no such activation.

    Examples
    --------
    >>> mlp([2, 8, 1], activation="tanh", rng=np.random.default_rng(0))
    Sequential(
      0: Affine(W=(8, 2), b=(8,))
      1: Tanh()
      2: Affine(W=(1, 8), b=(1,))
    )
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes: expected n_in, any hidden widths, n_out, got {sizes!r}. Try [2, 8, 1].")
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"activation: expected one of {', '.join(ACTIVATIONS)}, got {activation!r}. Try 'relu'."
        )
    make, fitting = ACTIVATIONS[activation]
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        layers += [Affine(n_in, n_out, rng=rng, init=init or fitting), make()]
    return Sequential(*layers[:-1])
