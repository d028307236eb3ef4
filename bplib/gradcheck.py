"""gradcheck: check a gradient of your own.

`verdict` judges a loss and a claimed gradient. This file makes both out of what you have: a function of its
parameters, a layer with a loss behind it, or an op with its backward.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from bplib.diagnosis import Finding, same
from bplib.numerical import Array, Loss, slopes, steps
from bplib.report import Report
from bplib.verdict import How, check


def numerical_gradient(
    f: Callable[[Any], Any], x: Any, *, method: str = "central", h: float | None = None, batched: bool = False
) -> Any:
    r"""Gradient of a scalar function, measured by moving one entry of `x` at a time.

    ======== ============================================= ========================= =================
    method   slope of entry i                              error                     default step
    ======== ============================================= ========================= =================
    central  :math:`(f(x+he_i)-f(x-he_i))\,/\,2h`          :math:`h^2`, rounding/h   eps^(1/3) max(1, abs(x))
    forward  :math:`(f(x+he_i)-f(x))\,/\,h`                :math:`h`, rounding/h     eps^(1/2) max(1, abs(x))
    complex  :math:`\mathrm{Im}\,f(x+ihe_i)\,/\,h`         :math:`h^2`, no rounding  1e-20
    ======== ============================================= ========================= =================

    The steps balance the formula's own error against rounding (Gill, Murray and Wright 1981; Higham 2002);
    the complex step (Squire and Trapp 1998) subtracts nothing and so has nothing to balance.

    Parameters
    ----------
    f : callable
        Takes an array shaped like `x` and returns one number.
    x : float or array of float64 or float32
        Where to measure. It is copied, never changed.
    method : {"central", "forward", "complex"}
        "complex" needs code that keeps imaginary parts: ``np.abs`` drops them.
    h : float, optional
        One step for all entries.
    batched : bool
        `f` takes a stack of shape (K, ``*x.shape``) and returns K losses. Many entries are then moved in one
        call.

    Returns
    -------
    array or float
        Shaped like `x`.

    Raises
    ------
    TypeError, ValueError
        If `x` is not floating point, `f` doesn't return one finite number, changes its argument, or drops
        the imaginary part of a complex step.

    Examples
    --------
    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([1.0, -2.0, 0.5])).round(8).tolist()
    [2.0, -4.0, 1.0]
    """
    loss = Loss(["x"], [np.array(x)], lambda values: f(*values), batched, float32=True)
    loss.evaluate()
    if loss.changed:
        raise ValueError("f changed its argument in place; let it work on a copy")
    gradient = slopes(loss, 0, method, h)[0].reshape(np.shape(x))
    return gradient if gradient.ndim else gradient.item()


def gradcheck(
    f: Any,
    params: Any,
    grads: Any,
    y: Any = None,
    *,
    method: str = "central",
    h: float | None = None,
    rtol: float | None = None,
    directions: int | None = None,
    rng: np.random.Generator | None = None,
    batched: bool = False,
    allow_float32: bool = False,
) -> Report:
    r"""Compare a claimed gradient with a measured one, and say what is wrong with it.

    ``gradcheck(f, params, grads)`` checks a function of its parameters, ``gradcheck(layer, x, loss, y)``
    a Layer or a network.

    An entry is right if :math:`|a-n| \le rtol\,(|a|+|n|) + 8\,\varepsilon|f|/h`. The last term is what
    rounding may do to a difference; where `f` is noisier than that, its noise is estimated. So no wrong entry
    can hide among many, and each parameter's norm-wise relative error, :math:`\|a-n\|/(\|a\|+\|n\|)`, is at
    most `rtol` beyond rounding. Entries that fail are measured again over a ladder of steps and from both
    sides, which settles kinks and ill-scaled functions: at a kink every value between the one-sided slopes is
    right. If no parameter moves the loss, the check fails: 0 = 0 proves nothing.

    Parameters
    ----------
    f : callable, or an object with params, grads, forward and backward
        A function that returns one number. It is called as `params` is built: with keyword arguments
        for a dict, positional ones for a list or tuple, ``f(x)`` for a single array or number.
    params : dict, list, tuple, array or float
        Where to check; with a layer the input `x`. Arrays are float64 and are copied for a function.
    grads : like `params`
        The claimed gradients. With a layer: the loss, a pair ``(loss, loss_backward)`` or a function whose
        ``<name>_backward`` stands in the same module. ``loss(yhat, y)`` returns ``(value, cache)`` and
        ``loss_backward(1.0, cache)`` the gradient of yhat, or a tuple that starts with it.
    y : any
        With a layer: the target, handed to the loss.
    method : {"central", "forward", "complex"}
        See `numerical_gradient`.
    h : float, optional
        One step for all entries; left out, one fit for each.
    rtol : float, optional
        Relative tolerance. By default 1e-6 (forward 1e-5, float32 1e-2).
    directions : int, optional
        Compare slopes along so many random directions in each parameter instead of along every entry:
        two losses each, for large models. Weaker, and the report says so.
    rng : numpy.random.Generator, optional
        Draws the directions.
    batched : bool
        Parameters reach `f` with one more leading axis, of length K for the one that is being moved and 1 for
        the others; `f` returns K losses. Many entries are then moved in one call.
    allow_float32 : bool
        Check float32 parameters all the same, with a tolerance that fits.

    Returns
    -------
    Report
        True if the gradients are right. Print it, or write ``assert report, report``.

    Raises
    ------
    TypeError, ValueError
        If names don't match, numbers aren't float64 or finite, or `f` doesn't return one number.

    Examples
    --------
    >>> def loss(w, b):
    ...     return (w * 2.0 + b - 1.0) ** 2
    >>> report = gradcheck(loss, {"w": 0.5, "b": 0.1}, {"w": 0.4, "b": 0.4})
    >>> bool(report)
    False
    >>> print(report)
    gradient check (central difference): WRONG
      w: right, 1 number compared
      b: WRONG, 1 number compared, relative error 0.33, worst: claimed 0.4, numerical 0.2
    diagnosis: The claimed gradient of b is 2 times the numerical one (the 2 of a derived square, counted once
    too often?).
    """
    how = How(method, h, rtol, directions, rng)
    if directions is not None and (method != "central" or batched or directions < 1):
        raise ValueError("directions is a count, with central differences; leave method and batched out")
    if all(hasattr(f, name) for name in ("params", "grads", "forward", "backward")):
        return _check_layer(f, params, grads, y, how, allow_float32)
    if not callable(f) or y is not None:
        raise TypeError(f"write gradcheck(f, params, grads) or gradcheck(layer, x, loss, y); f is {f!r:.60}")
    loss, claimed = _function_loss(f, params, grads, batched, allow_float32)
    return check(loss, claimed, how, [])


def _function_loss(f: Any, params: Any, grads: Any, batched: bool, float32: bool) -> tuple[Loss, list[Array]]:
    """Return a function of its parameters as a loss, and the claimed gradients."""
    by_name = isinstance(params, Mapping)
    if by_name and not (isinstance(grads, Mapping) and set(grads) == set(params)):
        got = f"the keys {list(grads)}" if isinstance(grads, Mapping) else f"{grads!r:.60}"
        raise ValueError(f"grads must be a dict with the keys of params, {list(params)}; got {got}")
    if not isinstance(params, Mapping | list | tuple):
        params, grads = [params], [grads]
    if not by_name and not (isinstance(grads, list | tuple) and len(grads) == len(params)):
        wanted = f"grads must be a list or tuple as long as params, {len(params)}"
        raise ValueError(f"{wanted}; got {grads!r:.60}")
    if by_name:
        _bind(f, [], params, "params")
        names, values, claimed = list(params), list(params.values()), [grads[n] for n in params]
    else:
        names, values, claimed = _bind(f, params, {}, "params"), params, grads

    def call(values: list[Any]) -> Any:
        return f(**dict(zip(names, values, strict=True))) if by_name else f(*values)

    loss = Loss([str(n) for n in names], [np.array(v) for v in values], call, batched, float32=float32)
    return loss, [_claim(n, g) for n, g in zip(loss.names, claimed, strict=True)]


def _bind(f: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any], kind: str) -> list[str]:
    """Return the names under which f takes its positional arguments, or numbers of their kind."""
    try:
        bound = inspect.signature(f).bind(*args, **keywords).arguments
    except ValueError:  # a builtin: let the call speak
        bound = {}
    except TypeError as error:
        call = ", ".join(["..."] * len(args) + [f"{k}=..." for k in keywords])
        raise TypeError(
            f"the function would be called as f({call}), and that fails: {error}. Rename its arguments, or "
            "wrap it, as in lambda **params: f(params)"
        ) from None
    names = [name for name, a in zip(bound, args, strict=False) if bound[name] is a]
    return names if len(names) == len(args) else [f"{kind}[{i}]" for i in range(len(args))]


def _claim(name: str, grad: Any) -> Array:
    array = np.asarray(grad)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"the claimed gradient of {name} must hold real numbers, got {grad!r:.60}")
    return array.astype(np.float64)


def _check_layer(layer: Any, x: Any, loss: Any, y: Any, how: How, allow_float32: bool) -> Report:
    """Check the gradients of a layer's parameters and input."""
    if how.method == "complex":
        raise ValueError("a layer can't be checked by complex step; use method='central'")
    value, value_backward = _loss_pair(loss)
    x, params = np.array(x), dict(layer.params)
    inputs = {"x" if "x" not in params else "input": x} if x.dtype.kind == "f" else {}
    names, arrays = [*inputs, *params], [*inputs.values(), *params.values()]
    for name, array in params.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"layer.params[{name!r}] must be an array, got {type(array).__name__}")

    def forward(values: list[Any]) -> Any:
        for array, moved in zip(arrays, values, strict=True):
            array[...] = moved
        return value(layer.forward(x), y)

    def call(values: list[Any]) -> Any:
        return forward(values)[0]

    def claim(values: list[Any]) -> list[Array]:
        dyhat = value_backward(1.0, forward(values)[1])
        dx = layer.backward(dyhat[0] if isinstance(dyhat, tuple) else dyhat)
        if set(layer.grads) != set(params):
            raise ValueError(
                f"grads has the keys {list(layer.grads)} and params {list(params)}; they must agree"
            )
        grads = {**dict.fromkeys(inputs, dx), **layer.grads}
        return [_claim(n, grads[n]) for n in names]

    before, problems = [a.copy() for a in arrays], []

    def hints(k: int, n: Array) -> dict[str, Any]:
        return {"lengths": {np.size(y): "the number of targets", (x.shape or (1,))[0]: "the batch size B"}}

    here = Loss(names, before, call, claim=claim, float32=allow_float32, hints=hints)
    try:
        claimed = claim(before)
        if not _equal(before, arrays):
            problems.append(
                "forward or backward changes parameters or input in place; they must leave them alone."
            )
        if not _equal(claimed, claim(before), 1e-12):
            problems.append(
                "A second backward gives other gradients: grads must be set anew in each call, not added to, "
                "and nothing may be drawn at random."
            )
        return check(here, claimed, how, problems)
    finally:
        for array, was in zip(arrays, before, strict=True):
            array[...] = was


def _loss_pair(loss: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if isinstance(loss, tuple) and len(loss) == 2 and callable(loss[0]) and callable(loss[1]):
        return loss
    name = getattr(loss, "__name__", repr(loss))
    backward = getattr(loss, "__globals__", {}).get(f"{name}_backward")
    if not callable(backward):
        raise TypeError(
            f"the loss's backward is needed, and no {name}_backward stands beside {name}; pass the pair "
            "(loss, loss_backward)"
        )
    return loss, backward


def check_vjp(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *args: Any,
    method: str = "central",
    h: float | None = None,
    rtol: float | None = None,
    rng: np.random.Generator | None = None,
    **options: Any,
) -> Report:
    r"""Check a pure pair, ``forward(*args) -> (out, cache)`` and ``backward(dout, cache) -> grads``.

    The gradients of :math:`\langle dout, forward(args)\rangle` are compared with numerical ones for a
    *random* cotangent `dout`. All ones would hide errors: softmax and the normalisations have
    :math:`J^T 1 = 0`, so a backward of zeros would pass. Besides, backward must be linear in `dout`, give
    zeros for zeros, have the shapes and dtypes of the arguments, give the same answer twice, share no memory
    between gradients, and change neither the arguments nor `dout` nor the cache.

    Parameters
    ----------
    forward, backward : callable
        The pair. `backward` returns a tuple in argument order, None for what has no gradient.
    *args : arrays
        Float64 arrays are checked; integers, None and other things are handed on.
    method, h, rtol
        See `gradcheck`.
    rng : numpy.random.Generator, optional
        Draws the cotangent. (A forward that wants an ``rng`` of its own: wrap it in a lambda.)
    **options
        Handed to `forward`.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        If there is nothing to check, arguments are float32, or the functions don't return what they should.

    Examples
    --------
    >>> def double(x):
    ...     return 2 * x, None
    >>> bool(check_vjp(double, lambda dout, cache: (2 * dout,), np.arange(3.0)))
    True
    >>> check_vjp(double, lambda dout, cache: (dout,), np.arange(3.0)).diagnosis
    'The claimed gradient of x is 1/2 times the numerical one (the 2 of a derived square, or one of two equal
    paths, missing?).'
    """
    args = tuple(np.array(a) if isinstance(a, np.ndarray) else a for a in args)
    pair = _Pair(forward, backward, args, options, rng or np.random.default_rng(0))
    problems = list(pair.complaints())
    return check(pair.loss, pair.claim(pair.loss.arrays), How(method, h, rtol), problems)


@dataclass
class _Pair:
    """An op pair with its arguments: a loss, <dout, forward(args)>, and the gradient it claims."""

    f: Callable[..., Any]
    b: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any]
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.names = _bind(self.f, self.args, self.options, "args")
        self.arrays = {i: a for i, a in enumerate(self.args) if isinstance(a, np.ndarray)}
        self.checked = [i for i, a in self.arrays.items() if a.dtype.kind == "f"]
        if not self.checked:
            raise TypeError("there is no float64 array among the arguments, so there is nothing to check")
        names, arrays = [self.names[i] for i in self.checked], [self.arrays[i] for i in self.checked]
        self.loss = Loss(names, arrays, self.call, claim=self.claim, hints=self.hints)
        self.before = _snapshot(self.args)
        out, self.cache = self.forward(arrays)
        self.dout = np.asarray(self.rng.standard_normal(out.shape))

    def call(self, values: list[Any]) -> Any:
        return np.sum(self.dout * self.forward(values)[0])

    def claim(self, values: list[Any]) -> list[Array]:
        grads = self.backward(self.dout, self.forward(values)[1])
        mine = [(self.names[i], self.args[i], grads[i]) for i in self.checked]
        return [_claim(name, 0 * x if grad is None else grad) for name, x, grad in mine]

    def forward(self, values: list[Any]) -> tuple[Array, Any]:
        """Call forward with these in place of the arrays that are checked."""
        args = list(self.args)
        for i, value in zip(self.checked, values, strict=True):
            args[i] = np.asarray(value)
        pair = self.f(*args, **self.options)
        if not isinstance(pair, tuple) or len(pair) != 2 or np.asarray(pair[0]).dtype.kind not in "fc":
            raise TypeError(
                f"forward must return a pair (out, cache) with a float array first, got {pair!r:.60}"
            )
        return np.asarray(pair[0]), pair[1]

    def backward(self, dout: Array, cache: Any) -> tuple[Any, ...]:
        grads, n = self.b(dout, cache), len(self.args)
        if not isinstance(grads, tuple):
            raise TypeError(
                f"backward must return a tuple, got {type(grads).__name__}; for one gradient write (dx,)"
            )
        if len(grads) < n or any(g is not None for g in grads[n:]):
            raise ValueError(
                f"backward must return a gradient or None for each of {n} arguments, got {len(grads)}"
            )
        return grads[:n]

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong apart from the numbers."""
        before, stored, given = _snapshot(self.args), _snapshot(self.cache), self.dout.copy()
        if not _equal(self.before, before):
            yield "forward changes its arguments in place; it must leave its inputs as they are."
        grads = self.backward(given, self.cache)
        first, spoilt = _snapshot(grads), False
        for what, was, now in (
            ("dout", [self.dout], given), ("forward's arguments", before, self.args),
            ("the cache", stored, self.cache),
        ):  # fmt: skip
            if not _equal(was, _snapshot(now)):
                spoilt = True
                yield f"backward changes {what} in place; work on a copy: someone else may still need it."
        for name, x, grad in ((self.names[i], self.args[i], grads[i]) for i in self.checked):
            if grad is None:
                yield f"backward returns None for {name}, which is a float array: its gradient is missing."
            elif (dtype := np.asarray(grad).dtype) != x.dtype:
                yield f"The gradient of {name} has dtype {dtype}; compute in {x.dtype} throughout."
        arrays = [g for g in grads if isinstance(g, np.ndarray)]
        if any(np.shares_memory(a, b) for a, b in combinations(arrays, 2)):
            yield "Two returned gradients share memory: to change one is to change the other; return a copy."
        if not spoilt:
            yield from self._moody(first)

    def _moody(self, first: list[Array]) -> Iterator[str]:
        """Yield how backward depends on anything but dout and cache, or on dout not linearly."""

        def again(dout: Array) -> list[Array]:
            return _snapshot(self.backward(dout, self.cache))

        if not _equal(first, again(self.dout), 1e-12):
            yield "A second backward on the same cache gives another answer: it keeps a state between calls."
            return
        with suppress(ValueError, ArithmeticError):  # outside the function's domain
            self.forward([0.75 * a for a in self.loss.arrays])
        if not _equal(first, again(self.dout), 1e-12):
            yield "A later forward changes an earlier backward: something stale stands outside the cache."
            return
        other = np.asarray(self.rng.standard_normal(self.dout.shape))
        second, mixed, zero = again(other), again(2 * self.dout - 3 * other), again(0 * self.dout)
        expected = [2 * u - 3 * v for u, v in zip(first, second, strict=True)]
        if any(np.any(g) for g in first) and _equal(first, second):
            yield "backward ignores dout: another upstream gradient gives the same answer. Multiply by dout."
        elif any(np.any(g) for g in zero):
            yield "backward gives a gradient for dout = 0: every term must contain dout."
        elif not all(map(same, expected, mixed)):
            yield "backward is not linear in dout: dout must stand once, as a factor, in every term."

    def hints(self, k: int, n: Array) -> dict[str, Any]:
        """Return what the diagnosis may compare with."""
        sizes = [(m, i, j) for i, a in self.arrays.items() for j, m in enumerate(a.shape)]
        lengths = {m: f"the length of axis {j} of {self.names[i]}" for m, i, j in sizes}
        return {"lengths": lengths, "places": self.rows(n), "guesses": self.guesses(k, n), "right_after": ()}

    def rows(self, x: Array) -> Iterator[tuple[str, Array]]:
        """Yield which rows of x an array of indices names more than once."""
        why = "their contributions are overwritten or shared out, and should be added up (np.add.at)"
        for i, a in self.arrays.items():
            if a.dtype.kind in "iu" and a.size and x.ndim and a.min() >= 0 and a.max() < len(x):
                often = np.bincount(a.ravel(), minlength=len(x)) > 1
                words = f"in the rows that {self.names[i]} names more than once: {why}"
                yield words, np.broadcast_to(often, x.T.shape).T

    def guesses(self, k: int, n: Array) -> Iterator[Finding]:
        if n.shape == self.dout.shape:
            yield "is dout itself: the local derivative, or a mask, is missing", self.dout
            yield "misses dout itself as a term: the skip path", n - self.dout
            yield "has dout itself as an extra term: the skip path", n + self.dout
            said = "uses only the diagonal of the Jacobian, as if the function were elementwise: the terms"
            yield f"{said} of the other entries are missing", self.dout * self.diagonal(k)
        for j, other in enumerate(self.loss.arrays):
            if j != k and other.ndim:
                flipped = list(self.loss.arrays)
                flipped[j] = np.flip(other, tuple(range(other.ndim))[-2:])
                gradient, _ = slopes(replace(self.loss, arrays=flipped), k)
                said = f"would be right for a flipped {self.loss.names[j]}"
                yield f"{said}: a kernel is flipped once too often or too rarely", gradient.reshape(n.shape)

    def diagonal(self, k: int) -> Array:
        """Return the slope of every output with respect to the entry in its place."""
        x = self.loss.arrays[k]

        def slope(i: int, h: float) -> Any:
            output = replace(self.loss, f=lambda values: self.forward(values)[0].flat[i])
            up, down = output.moved(k, np.array([i, i]), x.flat[i] + np.array([h, -h]))
            return (up - down) / (2 * h)

        return np.reshape([slope(i, h) for i, h in enumerate(steps(x, "central", None).flat)], x.shape)


def _snapshot(thing: Any) -> list[Array]:
    """Return copies of all arrays and numbers in a nest of tuples, lists, dicts and objects."""
    if isinstance(thing, np.ndarray) or np.isscalar(thing):
        return [np.array(thing)]
    if not isinstance(thing, list | tuple | Mapping):
        thing = getattr(thing, "__dict__", ())
    parts = thing.values() if isinstance(thing, Mapping) else thing
    return [array for part in parts if not callable(part) for array in _snapshot(part)]


def _equal(u: list[Array], v: list[Array], slack: float = 0.0) -> bool:
    """Compare arrays; numbers may differ by the slack times the largest of their array."""

    def equal(a: Array, b: Array) -> bool:
        if not slack or a.dtype.kind != "f":
            return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        largest = np.max(abs(a), initial=0, where=np.isfinite(a))
        return np.allclose(a, b, rtol=0, atol=slack * largest, equal_nan=True)

    return [a.shape for a in u] == [b.shape for b in v] and all(map(equal, u, v))
