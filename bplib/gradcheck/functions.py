"""functions: a function of its parameters as a subject, called as the parameters are built.

A dict goes by keyword, a list or tuple by position, anything else alone.
"""

import inspect
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from bplib.gradcheck.subject import Array, Function, Subject
from bplib.scalar import Value


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

    def match(self, grads: Any, what: str = "grads") -> list[Array]:
        """Return gradients that are built like the parameters as a list of arrays."""
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
        return [as_claim(name, grad) for name, grad in zip(self.names, grads, strict=True)]

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
