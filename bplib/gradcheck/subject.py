"""subject: what is checked, in one form, be it a loss, an op with its backward, or a layer.

A subject is a function of named arrays and, if there is one, its backward. A function with many outputs is
made a loss by a cotangent, loss = <dout, forward(arrays)>. A plain loss has the cotangent 1. Parameters in a
dict go to it by keyword, in a list or tuple by position, anything else alone.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeAlias

import numpy as np

from bplib.gradcheck.naive import Array as Array
from bplib.gradcheck.naive import Function as Function
from bplib.scalar import Value

# In quotes: NumPy loads its random numbers when they are first named, and a page waits for them.
Rng: TypeAlias = "np.random.Generator | None"
#: The precisions that can be checked, finest first, with the option that lets the coarser ones in.
PRECISIONS: dict[Any, str] = {np.float64: "", np.float32: "allow_float32", np.float16: "allow_float16"}


def are(dtype: Any, a: Array | float) -> bool:
    """Tell whether every number in it is a number of this precision, whatever its dtype."""
    with np.errstate(over="ignore"):
        return bool(np.array_equal(a, np.asarray(a, dtype)))


def plain(arrays: Sequence[Array]) -> list[Any]:
    """Return arrays as a function takes them: single numbers as floats."""
    return [a if a.ndim else a.item() for a in arrays]


@dataclass
class Subject:
    """A function of named arrays, its backward, and the gradient that arrives from behind.

    Attributes
    ----------
    names, arrays : list of str, list of array
        The parameters, where they stand.
    forward : callable
        Takes all arrays in a list, plain numbers as floats, and returns the output. It leaves them alone.
    back : callable, optional
        Takes a cotangent and all arrays in a list, and returns the gradients that somebody claims there.
    dout : array, optional
        The cotangent; None for 1, when `forward` returns the loss itself.
    batched : bool
        `forward` takes stacks of arrays and returns a stack of losses.
    coarsest : float dtype
        The coarsest precision that is welcome.
    graph : callable, optional
        `forward` for a list of Values, so that the paths of a wrong gradient can be followed.
    ordered : bool
        The parameters stand in the order of the forward pass.
    aside : dict of str to array
        What is known but isn't checked: targets, indices, constants.
    lengths : dict of int to str
        Known counts, such as the batch size.
    changed : str
        Name of an array that `forward` was seen to change.
    """

    names: list[str]
    arrays: list[Array]
    forward: Callable[[list[Any]], Any]
    back: Callable[[Any, list[Array]], list[Array]] | None = None
    dout: Array | None = None
    batched: bool = False
    coarsest: Any = np.float64
    graph: Callable[[list[Any]], Any] | None = None
    ordered: bool = True
    aside: Mapping[str, Array] = field(default_factory=dict)
    lengths: Mapping[int, str] = field(default_factory=dict)
    changed: str = field(default="", init=False)

    def __post_init__(self) -> None:
        welcome = list(PRECISIONS)[: list(PRECISIONS).index(self.coarsest) + 1]
        for name, array in zip(self.names, self.arrays, strict=True):
            if array.dtype.kind not in "iubfc":
                raise TypeError(f"{name} must be an array of numbers, got {array!r:.60}")
            as_64 = f"{name}.astype(np.float64)"
            if array.dtype.kind in "iub":
                said = f"{name} holds {array.dtype} numbers, and a small step would be cut off"
                raise TypeError(f"{said}; write {as_64}, or 1.0 for 1")
            if array.dtype not in welcome:
                option = PRECISIONS.get(array.dtype.type, "")
                rough = f", or pass {option}=True to gradcheck for a rough check" if option else ""
                said = f"{name} must be float64, got {array.dtype}, whose rounding drowns the differences"
                raise TypeError(f"{said}; check {as_64}{rough}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds NaN or infinity and must be finite; mend the inputs first")

    def loss(self, values: list[Any]) -> Any:
        """Return <dout, forward(values)>."""
        out = self.forward(values)
        return out if self.dout is None else np.sum(self.dout * out)

    def claim(self, values: list[Array]) -> list[Array]:
        """Return the gradients that `back` claims there."""
        return self.back(1.0 if self.dout is None else self.dout, values) if self.back else []

    @cached_property
    def eps(self) -> float:
        """Rounding of the coarsest array, or of a loss that is computed in less."""
        dtypes = [self.computed_in, *[a.dtype for a in self.arrays]] if self.arrays else []
        return max((float(np.finfo(dtype).eps) for dtype in dtypes), default=0.0)

    @cached_property
    def computed_in(self) -> Any:
        """The precision to which the loss is rounded. One value may look so by chance, but not all nearby."""
        if are(np.float32, self.value):
            rng = np.random.default_rng(0)
            with np.errstate(all="ignore"), suppress(ValueError, ArithmeticError):
                near = np.array([self.at(self.nearby(rng, 1e-2)) for _ in range(4)], float)
                for dtype in (np.float16, np.float32):
                    if are(dtype, near) and np.any(near != self.value):
                        return dtype
        return np.float64

    def nearby(self, rng: "np.random.Generator", size: float = 1e-3) -> list[Array]:
        """Return arrays that stand a small random step away."""
        steps = (size * np.maximum(1, abs(a)) * rng.standard_normal(a.shape) for a in self.arrays)
        return [np.asarray(a + step, a.dtype) for a, step in zip(self.arrays, steps, strict=True)]

    def evaluate(self) -> float:
        """Return the loss, checked to be one finite number."""
        arrays = [a.copy() for a in self.arrays]
        returned = self.at(arrays)
        for name, before, after in zip(self.names, self.arrays, arrays, strict=True):
            if not np.array_equal(before, after):
                self.changed = name
        if isinstance(returned, tuple | list | dict):
            got = f"a {type(returned).__name__} of {len(returned)}; wrap it, as in lambda x: f(x)[0]"
            raise TypeError(f"the function must return the loss alone, got {got}")
        value = np.asarray(returned)
        if value.dtype.kind not in "fiub":
            got = f"{returned!r:.60}; return a float, for a Value its .data"
            raise TypeError(f"the function must return one real number, got {got}")
        if value.shape != ((1,) if self.batched else ()):
            expected = "one loss per stacked entry, here shape (1,)" if self.batched else "one number"
            mend = "take its sum or mean, or use check_vjp for a function with many outputs"
            got = f"an array of shape {value.shape}"
            raise ValueError(f"the function must return {expected}, got {got}; {mend}")
        if not np.isfinite(value).all():
            raise ValueError(f"the loss is {value.item()} before anything is moved; check the inputs first")
        return float(value.item())

    value = cached_property(evaluate)  # where the arrays stand

    def moved(self, k: int, where: Array, to: Array) -> Array:
        """Return the losses with entry ``where[j]`` of array k moved to ``to[j]``, one for each j."""
        x, losses = self.arrays[k], []
        many = max(4, 2**17 // max(1, x.size))  # a stack of about a megabyte stays in the cache
        stack = np.empty((min(many, len(where)), *x.shape), to.dtype)
        stack[...] = x  # once: then only what was moved is put back
        flat = stack.reshape(len(stack), x.size)
        for start in range(0, max(1, len(where)), many):
            i = where[start : start + many]
            moved = np.arange(len(i)), i
            flat[moved] = to[start : start + many]
            losses.append(self.stacked(k, stack[: len(i)]))
            flat[moved] = x.ravel()[i]
        return np.concatenate(losses)

    def stacked(self, k: int, stack: Array) -> Array:
        """Return the losses with array k at every point of the stack; NaN outside the function's domain."""
        arguments = self.arguments(self.arrays)
        if self.batched:
            arguments[k] = stack
            return np.asarray(self.loss(arguments))
        out = np.full(len(stack), np.nan, np.result_type(stack, float))
        loss = self.forward if self.dout is None else self.loss
        for j, point in enumerate(stack if stack.ndim > 1 else stack.tolist()):
            arguments[k] = point
            with suppress(ValueError, ArithmeticError):
                out[j] = loss(arguments)
        return out

    def at(self, arrays: list[Array]) -> Any:
        """Return what the loss is for other values of the arrays."""
        return self.loss(self.arguments(arrays))

    def arguments(self, arrays: list[Array]) -> list[Any]:
        """Return arrays as the function takes them."""
        return [a[None] for a in arrays] if self.batched else plain(arrays)


# --- a function of its parameters, called as they are built -----------------------------------------------
class Arguments:
    """The parameters of a function: their names and numbers, and how the function takes them.

    Examples
    --------
    >>> at = Arguments(lambda w, b: w + b, {"w": 2.0, "b": 1.0})
    >>> at.names, at.call(lambda w, b: w - b, [5.0, 3.0]), at.build([5.0, 3.0])
    (['w', 'b'], 2.0, {'w': 5.0, 'b': 3.0})
    """

    def __init__(self, f: Function, params: Any) -> None:
        self.keys = list(params) if isinstance(params, Mapping) else None
        self.alone = not isinstance(params, Mapping | list | tuple)
        values = list(params.values()) if isinstance(params, Mapping) else [params] if self.alone else params
        self.traced = [isinstance(v, Value) for v in values]
        self.arrays = [np.array(v.data if isinstance(v, Value) else v) for v in values]
        names = bind(f, values, {}) if self.keys is None else bind(f, [], params) or self.keys
        self.names = [str(name) for name in names]

    def build(self, values: Sequence[Any]) -> Any:
        """Return something built like the parameters."""
        if self.keys is not None:
            return dict(zip(self.keys, values, strict=True))
        return values[0] if self.alone else tuple(values)

    def call(self, f: Function, values: Sequence[Any], *first: Any) -> Any:
        """Return f of these values, which may come after others."""
        return f(*first, *values) if self.keys is None else f(*first, **self.build(values))

    def match(self, grads: Any, what: str = "grads", *, exact: bool = False) -> list[Array]:
        """Return gradients that are built like the parameters as a list of arrays, and shaped like them."""
        if self.keys is not None:
            if not (isinstance(grads, Mapping) and set(grads) == set(self.keys)):
                got = f"the keys {list(grads)}" if isinstance(grads, Mapping) else f"{grads!r:.60}"
                raise ValueError(f"{what} must be a dict with the keys of params, {self.keys}; got {got}")
            grads = [grads[key] for key in self.keys]
        elif self.alone:
            grads = [grads]
        elif not (isinstance(grads, list | tuple) and len(grads) == len(self.arrays)):
            wanted = f"{what} must be a list or tuple as long as params, {len(self.arrays)}"
            raise ValueError(f"{wanted}; got {grads!r:.60}")
        found = [as_claim(name, grad) for name, grad in zip(self.names, grads, strict=True)]
        for name, x, a in zip(self.names, self.arrays, found, strict=True) if exact else ():
            if a.shape != x.shape:
                raise ValueError(f"{what} must have for {name} the shape {x.shape}, got {a.shape}")
        return found

    def subject(self, f: Function, batched: bool = False, coarsest: Any = np.float64) -> Subject:
        """Return a loss as a subject."""

        def on_values(values: list[Any]) -> Any:
            out = graph([Value(v) if traced else v for v, traced in zip(values, self.traced, strict=True)])
            return out.data if isinstance(out, Value) else out

        graph = partial(self.call, f)
        known = {"batched": batched, "coarsest": coarsest, "graph": graph, "aside": _reached(f)}
        return Subject(self.names, self.arrays, on_values if any(self.traced) else graph, **known)


def bind(f: Function, args: Sequence[Any], keywords: Mapping[str, Any], kind: str = "params") -> list[str]:
    """Return the names under which f takes its positional arguments, or numbers of their kind."""
    try:
        bound = inspect.signature(f).bind(*args, **keywords).arguments
    except ValueError:  # a builtin: let the call speak
        bound = {}
    except TypeError as error:
        call = ", ".join(["..."] * len(args) + [f"{k}=..." for k in keywords])
        said = f"the function would be called as f({call}), and that fails: {error}. Rename its arguments"
        raise TypeError(f"{said}, or wrap it, as in lambda **params: f(params)") from None
    names = [name for name, a in zip(bound, args, strict=False) if bound[name] is a]
    return names if len(names) == len(args) else [f"{kind}[{i}]" for i in range(len(args))]


def as_claim(name: str, grad: Any) -> Array:
    """Return a claimed gradient as a new array of float64."""
    if np.asarray(grad).dtype.kind not in "fiub":
        forgotten = "; does backward forget to return or to store it?" if grad is None else ""
        raise TypeError(f"the claimed gradient of {name} must hold real numbers, got {grad!r:.60}{forgotten}")
    return np.array(grad, np.float64)


def _reached(f: Function) -> dict[str, Array]:
    """Return the arrays that a function reaches by name: targets and matrices of a loss."""
    with suppress(TypeError, ValueError):  # not written in Python, or not yet defined
        seen = inspect.getclosurevars(f)
        return {k: v for k, v in {**seen.globals, **seen.nonlocals}.items() if isinstance(v, np.ndarray)}
    return {}
