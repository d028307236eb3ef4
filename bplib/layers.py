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

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import partial
from inspect import Parameter, Signature, signature
from itertools import pairwise
from typing import Any

import numpy as np

from bplib import functional
from bplib.contract import VJP, Array, check_one_of, check_shape, check_type, kept, takes, vjp_of, wrong
from bplib.functional import Pair
from bplib.init import he, normal, xavier

Op = Callable[..., tuple[Array, Any]]
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
    train: bool = True

    def __init__(self, **params: Array) -> None:
        self.params = params
        self.grads = {name: np.zeros_like(param) for name, param in params.items()}

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

    def _parts(self) -> list[str]:
        return [f"{name}={param.shape}" for name, param in self.params.items()]

    def __repr__(self) -> str:
        """Name the class, the shapes of its parameters, and its options if it has some."""
        return f"{type(self).__name__}({', '.join(self._parts())})"


class PairLayer(Layer):
    """A layer made from a pair, such as those of `functional.VJP`: x first, then the parameters in order.

    Parameters
    ----------
    op : callable
        The forward function of the pair; a backward is marked as its own by `contract.vjp_of`.
    params : dict of str to array, optional
    **options
        The op's keyword options.

    Examples
    --------
    >>> layer = PairLayer(functional.tanh)
    >>> layer.forward(np.zeros(1)), layer.backward(np.ones(1))
    (array([0.]), array([1.]))
    """

    def __init__(self, op: Op, params: dict[str, Array] | None = None, **options: Any) -> None:
        super().__init__(**(params or {}))
        if op not in VJP:
            raise wrong("op", "the forward of a pair", f"{op!r:.60}", "Derive from Layer instead.")
        self.op, self.vjp, self.options = partial(op, **options) if options else op, VJP[op], options
        self.spared = {"needs_dx": False} if "needs_dx" in signature(self.vjp).parameters else {}
        self.names = tuple(self.params)  # the op's order, whatever order a dict set later has
        self.cache: Any = None

    def forward(self, x: Array) -> Array:
        """Call the op on x, the parameters and the options."""
        # A list is not built for nothing: on a first network that counts.
        params = [self.params[name] for name in self.names] if self.names else ()
        out, self.cache = self.op(x, *params)
        return out

    def backward(self, dout: Array) -> Array | None:
        """Call the op's backward on what the last forward saved."""
        return self._back(dout, {})

    def backward_params(self, dout: Array) -> None:
        """Set `grads`, and save the work that dx would cost where the op can."""
        self._back(dout, self.spared)

    def _back(self, dout: Array, options: dict[str, bool]) -> Array | None:
        if self.cache is None:
            raise _too_early(self)
        gradients = self.vjp(dout, self.cache, **options)
        for place, name in enumerate(self.names, 1):  # the None of a bias left out comes last
            self.grads[name] = gradients[place]
        return gradients[0]  # type: ignore[no-any-return]

    def _parts(self) -> list[str]:
        options = (f"{name}={value!r}" for name, value in self.options.items() if name != "rng")
        return [*super()._parts(), *options]


def _too_early(layer: Layer) -> Exception:
    """Build the message for a backward that has nothing to go back over."""
    remedy = "Call forward(x) first: it saves what backward needs."
    return wrong(f"{type(layer).__name__}.backward", "a forward before it", "none", remedy)


# --- layers with weights ----------------------------------------------------------------------------


class Affine(PairLayer):
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
        super().__init__(functional.affine, {"W": init((n_out, n_in), rng), "b": np.zeros(n_out)})


class _Conv(PairLayer):
    """What convolutions along one axis or two share."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: Pair,
        *,
        rng: np.random.Generator,
        stride: Pair = 1,
        padding: Pair = 0,
        bias: bool = True,
        init: Init = he,
    ) -> None:
        op, axes = (functional.conv1d, 1) if isinstance(self, Conv1d) else (functional.conv2d, 2)
        kernel = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * axes
        params = {"W": init((c_out, c_in, *kernel), rng)} | ({"b": np.zeros(c_out)} if bias else {})
        super().__init__(op, params, stride=stride, padding=padding)


class Conv1d(_Conv):
    """Kernels slid along sequences, (B, C_in, T) to (B, C_out, T_out): see `functional.conv1d`.

    Examples
    --------
    >>> Conv1d(2, 3, 5, rng=np.random.default_rng(0))
    Conv1d(W=(3, 2, 5), b=(3,), stride=1, padding=0)
    """


class Conv2d(_Conv):
    """Kernels slid over images, (B, C_in, H, W) to (B, C_out, H_out, W_out): see `functional.conv2d`.

    Examples
    --------
    >>> Conv2d(1, 4, 3, rng=np.random.default_rng(0), padding=1, bias=False)
    Conv2d(W=(4, 1, 3, 3), stride=1, padding=1)
    """


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
        mean, var = (a.astype(gamma.dtype, copy=False) for a in (self.running_mean, self.running_var))
        out, self.cache = self.op(x, gamma, beta, running_mean=mean, running_var=var, train=self.train)
        saved = kept(self.cache)
        self.running_mean, self.running_var = saved.running_mean, saved.running_var
        return out


@takes("x (B, T, n_in), Wq (n_out, n_in), Wk (n_out, n_in), Wv (n_out, n_in)")
def _self_attention(x: Array, Wq: Array, Wk: Array, Wv: Array, *, causal: bool) -> tuple[Array, Any]:
    mask = np.tri(x.shape[1], dtype=bool) if causal else None
    out, attended = functional.attention(x @ Wq.T, x @ Wk.T, x @ Wv.T, mask=mask)
    return out, (x, (Wq, Wk, Wv), attended)


@vjp_of(_self_attention)
def _self_attention_backward(dout: Array, cache: Any) -> tuple[Array, ...]:
    x, weights, attended = cache
    dprojected = functional.attention_backward(dout, attended)
    # x was read three times, so its three gradients add up.
    dx: Array = sum(d @ W for d, W in zip(dprojected, weights, strict=True))
    rows = x.reshape(-1, x.shape[2])
    return dx, *(d.reshape(-1, d.shape[2]).T @ rows for d in dprojected)


class Attention(PairLayer):
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
        weights = {name: init((n_out, n_in), rng) for name in ("Wq", "Wk", "Wv")}
        super().__init__(_self_attention, weights, causal=causal)


@takes("x (B, n_in), Wx (n, n_in), h (B, n), Wh (n, n), b (n)", h="Leave h out to start.")
def _step(x: Array, Wx: Array, h: Array, Wh: Array, b: Array) -> tuple[Array, Any]:
    out, squashed = functional.tanh(x @ Wx.T + b + h @ Wh.T)
    return out, (x, Wx, h, Wh, squashed)


@vjp_of(_step)
def _step_backward(dout: Array, cache: Any) -> tuple[Array, ...]:
    x, Wx, h, Wh, squashed = cache
    (dz,) = functional.tanh_backward(dout, squashed)
    return dz @ Wx, dz.T @ x, dz @ Wh, dz.T @ h, dz.sum(axis=0)


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
        Wx, Wh, b = (self.params[name] for name in ("Wx", "Wh", "b"))
        start = np.zeros((*np.shape(x)[:1], len(b)), b.dtype)
        out, cache = _step(x, Wx, start if h is None else h, Wh, b)
        if h is None:
            self.steps = []
        self.steps.append(cache)
        self._summing = False
        return out

    def backward(self, dout: Array) -> tuple[Array | None, Array | None]:  # type: ignore[override]
        """Go back over the last step that is left; return dx and the gradient of the h that came in."""
        if not self.steps:
            raise _too_early(self)
        dx, dWx, dh, dWh, db = _step_backward(dout, self.steps.pop())
        for name, grad in {"Wx": dWx, "Wh": dWh, "b": db}.items():
            self.grads[name] = self.grads[name] + grad if self._summing else grad
        self._summing = True
        return dx, dh


# --- layers without weights -------------------------------------------------------------------------


class _Plain(PairLayer):
    """A layer whose op takes x alone. Its options are the op's; what must be given may come by place."""

    forward_op: Op
    __signature__: Signature

    def __init_subclass__(cls, *, op: Op | None = None) -> None:
        if op:
            _, *options = signature(op).parameters.values()
            first = [o.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for o in options if o.default is o.empty]
            cls.forward_op = staticmethod(op)
            cls.__signature__ = Signature([*first, *(o for o in options if o.default is not o.empty)])

    def __init__(self, *args: Any, **options: Any) -> None:
        given = self.__signature__.bind(*args, **options)
        given.apply_defaults()
        super().__init__(self.forward_op, **given.arguments)


class ReLU(_Plain, op=functional.relu):
    """max(x, 0)."""


class LeakyReLU(_Plain, op=functional.leaky_relu):
    """x or slope x."""


class ELU(_Plain, op=functional.elu):
    """x or alpha (e^x - 1)."""


class Sigmoid(_Plain, op=functional.sigmoid):
    """1 / (1 + e^-x)."""


class Tanh(_Plain, op=functional.tanh):
    """tanh(x)."""


class Softplus(_Plain, op=functional.softplus):
    """log(1 + e^x)."""


class GELU(_Plain, op=functional.gelu):
    """x Phi(x)."""


class Softmax(_Plain, op=functional.softmax):
    """Scores to probabilities along an axis."""


class LogSoftmax(_Plain, op=functional.log_softmax):
    """Scores to the logarithms of probabilities along an axis."""


class MaxPool2d(_Plain, op=functional.max_pool2d):
    """The largest entry of each window."""


class AvgPool2d(_Plain, op=functional.avg_pool2d):
    """The mean of each window."""


class Flatten(_Plain, op=functional.flatten):
    """Each sample as one row."""


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
        _check_layers(type(self).__name__, layers)
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


def _check_layers(name: str, layers: Sequence[Any]) -> None:
    if not layers:
        raise wrong(name, "at least one layer", "none", f"For example {name}(ReLU()).")
    met: set[int] = set()
    for i, layer in enumerate(layers):
        remedy = f"Write ReLU(), not ReLU; {name}(*layers) for a list; or derive your own class from Layer."
        check_type(name, layer, Layer, f"a Layer at place {i}", remedy)
        if not hasattr(layer, "params"):
            came, remedy = f"a {type(layer).__name__} without", "Call super().__init__() in its __init__."
            raise wrong(name, f"a Layer with params at place {i}", came, remedy, TypeError)
        for inner in _within(layer):
            if id(inner) in met:
                remedy = "Its second forward would overwrite what it saved in the first. Make another one."
                raise wrong(name, "a layer of its own at each place", f"{inner!r:.60} again at {i}", remedy)
        met.update(map(id, _within(layer)))


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
        check_shape("x", x.shape, out.shape, "what the layers return", "Give the last layer x's width.")
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
        raise wrong("sizes", "n_in, any hidden widths, n_out", f"{sizes!r:.60}", "Try [2, 8, 1].")
    check_one_of("activation", activation, ACTIVATIONS)
    make, fitting = ACTIVATIONS[activation]
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        layers += [Affine(n_in, n_out, rng=rng, init=init or fitting), make()]
    return Sequential(*layers[:-1])
