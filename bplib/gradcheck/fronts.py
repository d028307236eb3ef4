"""fronts: numerical_gradient and gradcheck, as they are called.

`verdict` judges a subject and a claimed gradient. Here both are made out of what you have: a function of its
parameters, or a layer with a loss behind it. For an op with its backward `check_vjp` stands in `pairs`.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import combinations
from typing import Any

import numpy as np

from bplib.gradcheck.numerical import slopes
from bplib.gradcheck.pairs import Pair, equal
from bplib.gradcheck.report import Report
from bplib.gradcheck.subject import Arguments, Array, Function, Rng, Subject, as_claim
from bplib.gradcheck.verdict import How, check


def numerical_gradient(
    f: Function, x: Any, *, method: str = "central", h: float | None = None, batched: bool = False
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
    s = Subject(["x"], [np.array(x)], lambda values: f(*values), batched=batched, coarsest=np.float32)
    s.value = s.evaluate()
    if s.changed:
        raise ValueError("f changed its argument in place; let it work on a copy")
    gradient = slopes(s, 0, method, h)[0].reshape(np.shape(x))
    return gradient if gradient.ndim else gradient.item()


def gradcheck(
    f: Any, params: Any, grads: Any, y: Any = None, *, method: str = "central", h: float | None = None,
    rtol: float | None = None, directions: int | None = None, rng: Rng = None,
    batched: bool = False, allow_float32: bool = False, allow_float16: bool = False,
) -> Report:  # fmt: skip
    r"""Compare a claimed gradient with a measured one, and say what is wrong with it.

    ``gradcheck(f, params, grads)`` checks a function of its parameters, ``gradcheck(layer, x, loss, y)``
    a Layer or a network.

    An entry is right if :math:`|a-n| \le rtol\,(|a|+|n|) + 8\,\varepsilon|f|/h`. The last term is what
    rounding may do to a difference; where `f` is noisier than that, its noise is estimated. So no wrong entry
    can hide among many, and each parameter's norm-wise relative error, :math:`\|a-n\|/(\|a\|+\|n\|)`, is at
    most `rtol` beyond rounding. Entries that fail are measured again over a ladder of steps and from both
    sides, which settles kinks and ill-scaled functions: at a kink every value between the one-sided slopes is
    right. If no parameter moves the loss, the check fails: 0 = 0 proves nothing.

    What is wrong is put in words. For that, arrays that `f` reaches by name are compared with too (a matrix
    where its transpose belongs, the targets of another loss), and an `f` of a few numbers that can be
    computed on Values, too, is asked for the paths through its graph (a share that is overwritten).

    Parameters
    ----------
    f : callable, or an object with params, grads, forward and backward
        A function that returns one number. It is called as `params` is built: with keyword arguments
        for a dict, positional ones for a list or tuple, ``f(x)`` for a single array or number.
    params : dict, list, tuple, array or float
        Where to check; with a layer the input `x`. Arrays are float64 and are copied for a function. A Value
        in place of a number reaches `f` as a Value.
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
    allow_float32, allow_float16 : bool
        Check float32 or float16 parameters, or a loss computed in such numbers, all the same, with steps and
        a tolerance that fit. The report says how large an error must be to be seen.

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
    whole = directions is None or (isinstance(directions, int | np.integer) and directions > 0)
    if not whole or (directions is not None and (method != "central" or batched)):
        raise ValueError("directions is a count, with central differences; leave method and batched out")
    coarsest = np.float16 if allow_float16 else np.float32 if allow_float32 else np.float64
    if all(hasattr(f, name) for name in ("params", "grads", "forward", "backward")):
        return _check_layer(f, params, grads, y, how, coarsest)
    if not callable(f) or y is not None:
        raise TypeError(f"write gradcheck(f, params, grads) or gradcheck(layer, x, loss, y); f is {f!r:.60}")
    if callable(params) or callable(grads):
        raise TypeError("write gradcheck(f, x, g(x)): where to check, then the gradient itself, no function")
    arguments = Arguments(f, params)
    return check(arguments.subject(f, batched, coarsest), arguments.match(grads), how, [])


def _check_layer(layer: Any, x: Any, loss: Any, y: Any, how: How, coarsest: Any) -> Report:
    """Check a layer with a loss behind it; where that fails, the two one by one."""
    if how.method == "complex":
        raise ValueError("a layer can't be checked by complex step; use method='central'")
    held, (value, upstream) = _Held(layer, np.array(x)), _loss_pair(loss, y)
    lengths = {np.size(y): "the number of targets", (np.shape(x) or (1,))[0]: "the batch size B"}
    known: dict[str, Any] = {"coarsest": coarsest, "lengths": lengths}

    yhat = held.forward(*held.arrays)[0]
    dyhat = upstream(yhat)
    alone = Pair(held.forward, held.backward, held.arrays, {}, None, dyhat, held.names, ordered=True, **known)

    def back(dout: Any, v: list[Array]) -> list[Array]:
        return alone.back(upstream(alone.run(v)[0]), v)

    both = Subject(held.names, held.arrays, lambda v: value(alone.run(v)[0]), back, **known)
    problems, claimed = list(alone.complaints()), both.claim(held.arrays)
    if held.spoilt:
        problems.append("forward or backward changes parameters or input in place; let them work on copies.")
    report = check(both, claimed, how, problems)
    if all(result.ok for result in report.results):
        return report
    of_loss = Subject(["yhat"], [yhat], lambda values: value(values[0]), aside={"y": np.asarray(y)}, **known)
    seen = check(of_loss, [as_claim("yhat", dyhat)], how._replace(directions=None), [])
    if seen:
        return check(alone.subject, claimed, how, problems)
    return check(both, claimed, how, [*problems, f"The loss's own backward is wrong. {seen.diagnosis}"])


class _Held:
    """A layer held at its input, as a pure pair: whatever happens, its arrays are then as they were."""

    def __init__(self, layer: Any, x: Array) -> None:
        self.layer, self.x, self.params, self.spoilt = layer, x, dict(layer.params), False
        for name, array in self.params.items():
            if not isinstance(array, np.ndarray):
                raise TypeError(f"layer.params[{name!r}] must be an array, got {type(array).__name__}")
        for (one, a), (other, b) in combinations(self.params.items(), 2):
            if np.shares_memory(a, b):
                mend = "list what is shared once, with the sum of its gradients"
                raise ValueError(f"{one} and {other} share memory, and can't be moved one by one; {mend}")
        inputs = {"input" if "x" in self.params else "x": x} if x.dtype.kind == "f" else {}
        self.names, self.live = [*inputs, *self.params], [*inputs.values(), *self.params.values()]
        self.arrays = [a.copy() for a in self.live]
        if inputs:  # what a layer keeps of another input must not matter
            other = np.asarray(x * np.random.default_rng(0).uniform(0.5, 1, x.shape), x.dtype)
            with suppress(ValueError, ArithmeticError), self.at(self.arrays, other):
                pass

    @contextmanager
    def at(self, values: Sequence[Any], x: Array | None = None) -> Iterator[Any]:
        """Give the layer these numbers and yield its output."""
        try:
            for live, was, value in zip(self.live, self.arrays, values, strict=True):
                if value is not was:
                    live[...] = value
            yield self.layer.forward(self.x if x is None else x)
        finally:
            for live, was in zip(self.live, self.arrays, strict=True):
                live[...] = was

    def forward(self, *values: Any) -> tuple[Array, Any]:
        """Return the output for these numbers, and them."""
        with self.at(values) as out:
            return np.array(out), values

    def backward(self, dout: Array, values: Any) -> tuple[Array, ...]:
        """Return the gradients for these numbers."""
        with self.at(values):
            dx, grads = self.layer.backward(dout), self.layer.grads
            self.spoilt |= not equal(list(values), self.live)
            if set(grads) != set(self.params):
                keys = f"{[*grads]} and params {[*self.params]}"
                raise ValueError(f"grads has the keys {keys}; they must agree")
            mine = [dx] * (len(self.names) - len(grads)) + [grads[name] for name in self.params]
            several = zip(self.names, self.live, mine, strict=True)
            return tuple(as_claim(name, grad).astype(live.dtype) for name, live, grad in several)


def _loss_pair(loss: Any, y: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Array]]:
    """Return the loss as a function of yhat, and its gradient there."""
    name = getattr(loss, "__name__", repr(loss))
    if callable(loss):
        loss = loss, getattr(inspect.unwrap(loss), "__globals__", {}).get(f"{name}_backward")
    elif not (isinstance(loss, tuple) and len(loss) == 2 and all(map(callable, loss))):
        raise TypeError(f"write gradcheck(layer, x, loss, y): loss must be a function, got {loss!r:.60}")
    value, backward = loss
    if not callable(backward):
        said = f"the loss's backward is needed, and no {name}_backward stands beside {name}"
        raise TypeError(f"{said}; pass the pair (loss, loss_backward)")

    def upstream(yhat: Any) -> Array:
        dyhat = backward(1.0, value(yhat, y)[1])
        return np.array(dyhat[0] if isinstance(dyhat, tuple) else dyhat)

    return lambda yhat: value(yhat, y)[0], upstream
