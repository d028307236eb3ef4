"""pairs: an op with its backward, and with its forward-mode derivative, as subjects to check.

A forward with many outputs becomes a loss by a random cotangent. What a comparison of numbers can't see, a
backward that spoils its cache or forgets its `dout`, is looked at here too.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from typing import Any

import numpy as np

from bplib.gradcheck.report import Line, Report
from bplib.gradcheck.subject import Array, Function, Rng, Subject, as_claim, bind
from bplib.gradcheck.verdict import How, check


def check_vjp(
    forward: Function, backward: Function, *args: Any, method: str = "central", h: float | None = None,
    rtol: float | None = None, rng: Rng = None, **options: Any,
) -> Report:  # fmt: skip
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
    pair = Pair(forward, backward, args, options, rng)
    problems = list(pair.complaints())
    return check(pair.subject, pair.subject.claim(pair.arrays), How(method, h, rtol), problems)


def check_adjoint(
    forward: Function, backward: Function, jvp: Function, *args: Any, rtol: float = 1e-10,
    rng: Rng = None, **options: Any,
) -> Report:  # fmt: skip
    r"""Check that backward and forward mode of a pair apply one Jacobian: the dot-product test.

    For random u and v, :math:`\langle v, Ju\rangle = \langle J^Tv, u\rangle` to the last digits, since
    nothing is measured: a transpose that is forgotten shows without any step. What both get wrong alike does
    not show; `check_vjp` sees it, and says which of the two is wrong where they differ.

    Parameters
    ----------
    forward, backward, *args, **options
        See `check_vjp`.
    jvp : callable
        ``jvp(dots, cache)`` takes a tuple of tangents in argument order, None for what has no gradient, and
        returns :math:`Ju`, shaped like the output.
    rtol : float
        Largest difference, relative to the sum of the absolute terms of either product.
    rng : numpy.random.Generator, optional
        Draws u and v.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        As `check_vjp`, and if `jvp` doesn't return an array shaped like the output.

    Examples
    --------
    >>> def carry(x, A):
    ...     return A @ x, (x, A)
    >>> def carry_backward(dout, cache):
    ...     x, A = cache
    ...     return A.T @ dout, np.outer(dout, x)
    >>> def carry_jvp(dots, cache):
    ...     (x_dot, A_dot), (x, A) = dots, cache
    ...     return A @ x_dot + A_dot @ x
    >>> x, A = np.array([1.0, 2.0]), np.array([[1.0, 4.0], [3.0, 2.0]])
    >>> print(check_adjoint(carry, carry_backward, carry_jvp, x, A))
    adjoint identity (random u and v): right
      x (2,): right, <v, J u> = -0.148248 and <J'v, u> = -0.148248
      A (2, 2): right, <v, J u> = -0.398916 and <J'v, u> = -0.398916
    """
    pair, lines = Pair(forward, backward, args, options, rng), []
    for k, (name, x) in enumerate(zip(pair.names, pair.arrays, strict=True)):
        u, cache = np.asarray(pair.rng.standard_normal(x.shape)), pair.run(pair.arrays)[1]
        dots = [np.zeros_like(a) if i in pair.checked else None for i, a in enumerate(pair.args)]
        dots[pair.checked[k]] = u.copy()
        Ju, Jv = np.asarray(jvp(tuple(dots), cache)), pair.back(pair.dout, pair.arrays)[k]
        if (Ju.shape, Jv.shape) != (wanted := (pair.dout.shape, x.shape)):
            came = f"got {Ju.shape} and {Jv.shape}"
            raise ValueError(f"jvp and backward must return the shapes {wanted} for {name}, {came}")
        ahead, back = pair.dout * Ju, Jv * u
        said = f"<v, J u> = {ahead.sum():.6g} and <J'v, u> = {back.sum():.6g}"
        agree = bool(abs(ahead.sum() - back.sum()) <= rtol * (abs(ahead).sum() + abs(back).sum()))
        finding = "" if agree else f"and its jvp don't apply one Jacobian: {said}"
        lines.append(Line(name, x.shape, agree, said, finding))
    return Report(tuple(lines), (), (), "random u and v", "adjoint identity")


class Pair:
    """An op pair with its arguments: the subject that they make, and what is wrong apart from the numbers."""

    def __init__(
        self, f: Function, b: Function, args: Sequence[Any], options: Mapping[str, Any], rng: Rng,
        dout: Array | None = None, names: list[str] | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.f, self.b, self.options = f, b, options
        self.rng = np.random.default_rng(0 if rng is None else rng)
        self.args = tuple(np.array(a) if isinstance(a, np.ndarray) else a for a in args)
        every = names or bind(f, self.args, options, "args")
        arrays = {i: a for i, a in enumerate(self.args) if isinstance(a, np.ndarray)}
        self.checked = [i for i, a in arrays.items() if a.dtype.kind == "f"]
        self.names, self.arrays = [every[i] for i in self.checked], [arrays[i] for i in self.checked]
        if not self.checked:
            mend = "write np.array(x, dtype=float) for what has a gradient"
            raise TypeError(f"there is no float64 array among the arguments and nothing to check; {mend}")
        sizes = [(m, i, j) for i, a in arrays.items() for j, m in enumerate(a.shape)]
        lengths = {m: f"the length of axis {j} of {every[i]}" for m, i, j in sizes}
        aside = {every[i]: a for i, a in arrays.items() if i not in self.checked}
        more = dict[str, Any](ordered=False, aside=aside, lengths=lengths) | more
        self.subject = Subject(self.names, self.arrays, lambda v: self.run(v)[0], self.back, **more)
        self.before = snapshot(self.args)
        out, self.cache = self.run(self.arrays)
        random = np.asarray(self.rng.standard_normal(out.shape), out.dtype)
        self.dout = self.subject.dout = random if dout is None else dout

    def run(self, values: list[Any]) -> tuple[Array, Any]:
        """Call forward with these in place of the arrays that are checked."""
        args = list(self.args)
        for i, value in zip(self.checked, values, strict=True):
            args[i] = np.asarray(value)
        pair = self.f(*args, **self.options)
        if not isinstance(pair, tuple) or len(pair) != 2 or np.asarray(pair[0]).dtype.kind not in "fc":
            raise TypeError(f"forward must return a pair (out, cache), first a float array; got {pair!r:.60}")
        return np.asarray(pair[0]), pair[1]

    def back(self, dout: Array, values: list[Any]) -> list[Array]:
        """Return the gradients of the arrays that are checked; none given is zero."""
        grads = self._backward(dout, self.run(values)[1])
        mine = zip(self.names, self.arrays, (grads[i] for i in self.checked), strict=True)
        return [as_claim(name, 0 * x if grad is None else grad) for name, x, grad in mine]

    def _backward(self, dout: Array, cache: Any) -> tuple[Any, ...]:
        """Call backward, and return a gradient for each argument."""
        grads, n = self.b(dout, cache), len(self.args)
        if not isinstance(grads, tuple):
            raise TypeError(f"backward must return a tuple, got {type(grads).__name__}; for one write (dx,)")
        if (m := len(grads)) < n or any(g is not None for g in grads[n:]):
            raise ValueError(f"backward must give a gradient or None for each of {n} arguments, got {m}")
        return grads[:n]

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong apart from the numbers."""
        before, stored, given = snapshot(self.args), snapshot(self.cache), self.dout.copy()
        if not equal(self.before, before):
            yield "forward changes its arguments in place; it must leave its inputs as they are."
        grads = self._backward(given, self.cache)
        first, spoilt = snapshot(grads), []
        kept = {"dout": [self.dout], "forward's arguments": before, "the cache": stored}
        for (what, was), now in zip(kept.items(), (given, self.args, self.cache), strict=True):
            spoilt += [] if equal(was, snapshot(now)) else [what]
        for what in spoilt:
            yield f"backward changes {what} in place; work on a copy: someone else may still need it."
        for name, x, grad in zip(self.names, self.arrays, (grads[i] for i in self.checked), strict=True):
            if grad is None:
                yield f"backward returns None for {name}, which is a float array: its gradient is missing."
            elif (dtype := np.asarray(grad).dtype) != x.dtype:
                yield f"The gradient of {name} has dtype {dtype}; compute in {x.dtype} throughout."
        arrays = [g for g in grads if isinstance(g, np.ndarray)]
        if any(np.shares_memory(a, b) for a, b in combinations(arrays, 2)):
            yield "Two returned gradients share memory: to change one is to change the other; return a copy."
        if not spoilt and (said := self._moody(first)):
            yield said

    def _moody(self, first: list[Array]) -> str:
        """Say how backward depends on anything but dout and cache, or on dout not linearly."""

        def again(dout: Array) -> list[Array]:
            return snapshot(self._backward(dout, self.cache))

        dout, other = self.dout, np.asarray(self.rng.standard_normal(self.dout.shape), self.dout.dtype)
        if not equal(first, again(dout), 1e-12):
            return "A second backward gives other gradients: they are set anew in each call, not added to."
        with suppress(ValueError, ArithmeticError):  # outside the function's domain
            self.run([0.75 * a for a in self.arrays])
        if not equal(first, again(dout), 1e-12):
            return "A later forward changes an earlier backward: something stale stands outside the cache."
        second, mixed, zero = again(other), again(2 * dout - 3 * other), again(0 * dout)
        if any(np.any(g) for g in first) and equal(first, second, 1e-12):
            return "backward ignores dout: another dout gives the same answer. Multiply by dout."
        if any(np.any(g) for g in zero):
            return "backward gives a gradient for dout = 0: every term must contain dout."
        expected = [2 * u - 3 * v for u, v in zip(first, second, strict=True)]
        slack = max(1e-5, *(64 * float(np.finfo(a.dtype).eps) for a in self.arrays))
        wrong = "backward is not linear in dout: dout must stand once, as a factor, in every term."
        return "" if equal(expected, mixed, slack) else wrong


def snapshot(thing: Any) -> list[Array]:
    """Return copies of all arrays and numbers in a nest of tuples, lists, dicts and objects."""
    if isinstance(thing, np.ndarray) or np.isscalar(thing):
        return [np.array(thing)]
    thing = thing if isinstance(thing, list | tuple | Mapping) else getattr(thing, "__dict__", ())
    parts = thing.values() if isinstance(thing, Mapping) else thing
    return [array for part in parts if not callable(part) for array in snapshot(part)]


def equal(u: list[Array], v: list[Array], slack: float = 0.0) -> bool:
    """Compare arrays; numbers may differ by the slack times the largest of their array, and by rounding."""
    sizes = [np.max(abs(a), initial=0, where=np.isfinite(a)) if a.dtype.kind == "f" else 0 for a in u]

    def alike(a: Array, b: Array, size: float) -> bool:
        if not slack or a.dtype.kind != "f":
            return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        return np.allclose(a, b, rtol=0, atol=slack * size + 1e-12 * max(sizes), equal_nan=True)

    return [a.shape for a in u] == [b.shape for b in v] and all(map(alike, u, v, sizes))
