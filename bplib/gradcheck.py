"""gradcheck: check a gradient of your own.

`verdict` judges a loss and a claimed gradient. This file makes both out of what you have: a function of its
parameters, a layer with a loss behind it, or an op with its backward.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from bplib.diagnosis import Finding, at, same
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
    loss.value = loss.evaluate()
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
        Check float32 parameters, or a loss computed in float32, all the same, with a tolerance that fits.

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
    if directions is not None and (
        not isinstance(directions, int | np.integer) or method != "central" or batched or directions < 1
    ):
        raise ValueError("directions is a count, with central differences; leave method and batched out")
    if all(hasattr(f, name) for name in ("params", "grads", "forward", "backward")):
        return _check_layer(f, params, grads, y, how, allow_float32)
    if not callable(f) or y is not None:
        raise TypeError(f"write gradcheck(f, params, grads) or gradcheck(layer, x, loss, y); f is {f!r:.60}")
    if callable(params) or callable(grads):
        raise TypeError("write gradcheck(f, x, g(x)): where to check, then the gradient itself, no function")
    loss, claimed = _function_loss(f, params, grads, batched, allow_float32)
    return check(loss, claimed, how, [])


def _function_loss(f: Any, params: Any, grads: Any, batched: bool, float32: bool) -> tuple[Loss, list[Array]]:
    """Return a function of its parameters as a loss, and the claimed gradients."""
    if isinstance(params, Mapping):
        if not (isinstance(grads, Mapping) and set(grads) == set(params)):
            got = f"the keys {list(grads)}" if isinstance(grads, Mapping) else f"{grads!r:.60}"
            raise ValueError(f"grads must be a dict with the keys of params, {list(params)}; got {got}")
        _bind(f, [], params, "params")
        keys, values, grads = list(params), list(params.values()), [grads[key] for key in params]
        names, call = [str(key) for key in keys], lambda values: f(**dict(zip(keys, values, strict=True)))
    else:
        values, grads = (list(params), grads) if isinstance(params, list | tuple) else ([params], [grads])
        if not (isinstance(grads, list | tuple) and len(grads) == len(values)):
            wanted = f"grads must be a list or tuple as long as params, {len(values)}"
            raise ValueError(f"{wanted}; got {grads!r:.60}")
        names, call = _bind(f, values, {}, "params"), lambda values: f(*values)
    loss = Loss(names, [np.array(v) for v in values], call, batched, float32=float32)
    return loss, [_claim(n, g) for n, g in zip(names, grads, strict=True)]


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
        forgotten = "; does backward forget to return or to store it?" if grad is None else ""
        raise TypeError(f"the claimed gradient of {name} must hold real numbers, got {grad!r:.60}{forgotten}")
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
        return layer.forward(x)

    def call(values: list[Any]) -> Any:
        return value(forward(values), y)[0]

    def upstream(yhat: Any) -> Array:
        dyhat = value_backward(1.0, value(yhat, y)[1])
        return np.asarray(dyhat[0] if isinstance(dyhat, tuple) else dyhat)

    def back(dyhat: Array, values: list[Any]) -> list[Array]:
        forward(values)
        dx = layer.backward(dyhat)
        if set(layer.grads) != set(params):
            raise ValueError(
                f"grads has the keys {list(layer.grads)} and params {list(params)}; they must agree"
            )
        grads = {**dict.fromkeys(inputs, dx), **layer.grads}
        return [_claim(n, grads[n]) for n in names]

    def claim(values: list[Any]) -> list[Array]:
        return back(upstream(forward(values)), values)

    before, problems = [a.copy() for a in arrays], []
    lengths = {np.size(y): "the number of targets", (x.shape or (1,))[0]: "the batch size B"}
    known: dict[str, Any] = {"lengths": lengths, "all_wrong": False}
    here = Loss(names, before, call, claim=claim, float32=allow_float32, hints=lambda k, n: known)
    try:
        if inputs:  # what a layer keeps of another input must not matter here
            with suppress(ValueError, ArithmeticError):
                layer.forward(x * np.random.default_rng(0).uniform(0.5, 1, x.shape))
        dyhat = upstream(forward(before))
        given = dyhat.copy()
        claimed = back(given, before)
        if not np.array_equal(given, dyhat, equal_nan=True):
            problems.append("backward changes dout in place; work on a copy: someone else may still need it.")
        if not _equal(before, arrays):
            problems.append(
                "forward or backward changes parameters or input in place; they must leave them alone."
            )
        if not _equal(claimed, claim(before), 1e-12):
            problems.append(
                "A second backward gives other gradients: grads must be set anew in each call, not added to, "
                "and nothing may be drawn at random."
            )
        twice = back(2 * dyhat, before)
        if any(map(np.any, claimed)) and _equal(claimed, twice, 1e-12):
            problems.append("backward ignores dout: twice the dout gives the same answer. Multiply by dout.")
        elif not all(same(2 * a, b) for a, b in zip(claimed, twice, strict=True)):
            problems.append("backward is not linear in dout: it must stand once, as a factor, in every term.")
        report = check(here, claimed, how, problems)
        if all(result.ok for result in report.results):
            return report
        yhat = np.array(forward(before))  # is it the layer, or the loss?
        alone = Loss(["yhat"], [yhat], lambda values: value(values[0], y)[0], float32=allow_float32)
        alone.hints = lambda k, n: known | {"others": {"y": np.asarray(y)}}
        of_loss = check(alone, [_claim("yhat", dyhat)], how._replace(directions=None), [])
        if of_loss:
            op = _Op(names, before, lambda values: np.array(forward(values)), back, dyhat)
            here.hints = lambda k, n: known | op.hints(k, n)
        else:
            problems.append(f"The loss's own backward is wrong. {of_loss.diagnosis}")
        return check(here, claimed, how, problems)
    finally:
        for array, was in zip(arrays, before, strict=True):
            array[...] = was


def _loss_pair(loss: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if isinstance(loss, tuple) and len(loss) == 2 and callable(loss[0]) and callable(loss[1]):
        return loss
    if not callable(loss):
        raise TypeError(f"write gradcheck(layer, x, loss, y): loss must be a function, got {loss!r:.60}")
    name = getattr(loss, "__name__", repr(loss))
    backward = getattr(inspect.unwrap(loss), "__globals__", {}).get(f"{name}_backward")
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
    pair = _Pair(forward, backward, args, options, np.random.default_rng(0 if rng is None else rng))
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
            raise TypeError(
                "there is no float64 array among the arguments, so there is nothing to check; write "
                "np.array(x, dtype=float) for what has a gradient"
            )
        names, arrays = [self.names[i] for i in self.checked], [self.arrays[i] for i in self.checked]
        self.loss = Loss(names, arrays, self.call, claim=self.claim, hints=self.hints)
        self.before = _snapshot(self.args)
        out, self.cache = self.forward(arrays)
        self.dout = np.asarray(self.rng.standard_normal(out.shape), out.dtype)
        self.op = _Op(names, arrays, lambda values: self.forward(values)[0], self.back, self.dout)

    def call(self, values: list[Any]) -> Any:
        return np.sum(self.dout * self.forward(values)[0])

    def claim(self, values: list[Any]) -> list[Array]:
        return self.back(self.dout, values)

    def back(self, dout: Array, values: list[Any]) -> list[Array]:
        grads = self.backward(dout, self.forward(values)[1])
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
        known = {"lengths": lengths, "places": self.rows(n), "right_after": (), "all_wrong": False}
        return known | self.op.hints(k, n)

    def rows(self, x: Array) -> Iterator[tuple[str, Array]]:
        """Yield which rows of x an array of indices names more than once."""
        why = "their contributions are overwritten or shared out, and should be added up (np.add.at)"
        for i, a in self.arrays.items():
            if a.dtype.kind in "iu" and a.size and x.ndim and a.min() >= 0 and a.max() < len(x):
                often = np.bincount(a.ravel(), minlength=len(x)) > 1
                words = f"in the rows that {self.names[i]} names more than once: {why}"
                yield words, np.broadcast_to(often, x.T.shape).T


# --- guesses at a mistake, from the inside of a function --------------------------------------------------
@dataclass
class _Op:
    """A function of named arrays with many outputs, its backward, and the gradient `dout` that reaches it."""

    names: list[str]
    arrays: list[Array]
    forward: Callable[[list[Array]], Array]
    backward: Callable[[Array, list[Array]], list[Array]]
    dout: Array

    def hints(self, k: int, n: Array) -> dict[str, Any]:
        """Return what the diagnosis may compare the gradient of array k with."""
        if self.dout.size * n.size > 10**7:
            return {}
        jacobian = self.jacobian(k)
        elementwise = np.array_equal(jacobian, np.diag(jacobian.diagonal()))
        return {
            "guesses": self.guesses(k, n, jacobian),
            "vaguer_guesses": self.derivatives(k, n) if elementwise else self.lost(n, jacobian),
            "partials": self.partials(k, n, jacobian),
        }

    def jacobian(self, k: int, instead: dict[int, Array] | None = None) -> Array:
        """Return the slopes of all outputs, a row each, with respect to array k; others may stand instead."""
        arrays = dict(enumerate(self.arrays)) | (instead or {})
        x, columns = arrays[k], []
        for i, h in enumerate(steps(x.ravel(), "central", None)):
            step = h * (np.arange(x.size) == i).reshape(x.shape)
            up, down = (self.forward([*(arrays | {k: moved}).values()]) for moved in (x + step, x - step))
            columns.append((up - down).ravel() / (2 * h))
        return np.stack(columns, axis=1)

    def guesses(self, k: int, n: Array, jacobian: Array) -> Iterator[Finding]:
        """Yield mistakes that have a name."""
        dout = self.dout
        if n.shape == dout.shape:
            yield "is dout itself: the local derivative, or a mask, is missing", dout
            yield "misses dout itself as a term: the skip path", n - dout
            yield "has dout itself as an extra term: the skip path", n + dout
            said = "uses only the diagonal of the Jacobian, as if the function were elementwise: the terms"
            diagonal = jacobian.diagonal().reshape(n.shape)
            yield f"{said} of the other entries are missing", dout * diagonal
        for j, other in enumerate(self.arrays):
            if j != k and other.ndim:
                flipped = np.flip(other, tuple(range(other.ndim))[-2:])
                gradient = dout.ravel() @ self.jacobian(k, {j: flipped})
                said = f"would be right for a flipped {self.names[j]}"
                yield f"{said}: a kernel is flipped once too often or too rarely", gradient.reshape(n.shape)

    def lost(self, n: Array, jacobian: Array) -> Iterator[Finding]:
        """Yield how outputs may have been lost."""
        dout = self.dout
        if n.size == dout.size:
            said = (
                "multiplies dout by the Jacobian, not by its transpose (W for W.T? a factor outside a sum?)"
            )
            yield said, (jacobian @ dout.ravel()).reshape(n.shape)
        for axis, length in enumerate(dout.shape):
            for i in (0, length - 1) if length > 1 else ():
                part = np.zeros_like(dout)
                np.moveaxis(part, axis, 0)[i] = np.moveaxis(dout, axis, 0)[i]
                gradient = (part.ravel() @ jacobian).reshape(n.shape)
                where = f"dout at index {i} along axis {axis}"
                yield f"comes from {where} alone: the rest is overwritten, and should be added up", gradient
                yield f"takes no account of {where}", n - gradient

    def derivatives(self, k: int, n: Array) -> Iterator[Finding]:
        """Yield what may stand in the place of an elementwise function's local derivative."""
        name, x = self.names[k], self.arrays[k]
        dout, y = (values.reshape(n.shape) for values in (self.dout, self.forward(self.arrays)))
        with np.errstate(all="ignore"), suppress(ValueError, ArithmeticError):
            at_output = dout * self.jacobian(k, {k: y}).diagonal().reshape(n.shape)
            yield f"takes the local derivative at the output, and should take it at {name}", at_output
        for word, t in (("the output", y), (name, x)):
            for formula, local in _LOCALS.items():
                with np.errstate(all="ignore"):
                    gradient = dout * local(t)
                yield f"is dout times {formula.format(word)}, which is not the local derivative", gradient

    def partials(self, k: int, n: Array, jacobian: Array) -> Iterator[Finding]:
        """Yield in which partial derivatives the Jacobian that backward applies is wrong, and the worst."""
        m = self.dout.size
        ones = np.eye(m).reshape(m, *self.dout.shape)
        claimed = np.stack([self.backward(one, self.arrays)[k].ravel() for one in ones])
        gap, least = abs(claimed - jacobian), 1e-5 * abs(jacobian).max()
        wrong = gap > least
        if not np.any(wrong & (abs(jacobian) > least)):
            said = "has terms that do not belong there (a sum over the wrong axis? a missing mask?)"
        elif not np.any(wrong & (abs(claimed) > least)):
            said = "misses terms"
        elif m == n.size and np.all(wrong <= np.eye(m, dtype=bool)):
            said = "is wrong on the Jacobian's diagonal only: a wrong local derivative"
        else:
            said = "is made with wrong partial derivatives"
        row, column = (int(index) for index in np.unravel_index(np.argmax(gap), gap.shape))
        entry = f"{self.names[k]}{at(np.unravel_index(column, n.shape))}"
        where = f"d out{at(np.unravel_index(row, self.dout.shape))} / d {entry}"
        said += f": {where} is {jacobian[row, column]:.6g}, and it takes {claimed[row, column]:.6g}"
        said += f" ({entry} is {self.arrays[k].flat[column]:.6g})"
        yield said, (self.dout.ravel() @ claimed).reshape(n.shape)


# What people take for the local derivative of an elementwise function, as a function of its input or output.
_LOCALS: dict[str, Callable[[Array], Array]] = {
    "{}": lambda t: t,
    "1 - {} squared": lambda t: 1 - t * t,
    "{0} (1 - {0})": lambda t: t * (1 - t),
    "1 - {}": lambda t: 1 - t,
    "the exponential of {}": np.exp,
    "one over {}": lambda t: 1 / t,
    "the square of {}": np.square,
    "the sigmoid of {}": lambda t: 1 / (1 + np.exp(-t)),
    "the mask {} > 0": lambda t: t > 0,
}


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
