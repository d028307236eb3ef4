"""naive: a gradient check on one page, to read before the real one.

A backward is held against slopes: move one number, see how fast the loss follows. An op with many outputs
becomes a loss by a random cotangent, loss = <dout, forward(args)>, because all ones would let a backward of
zeros pass for softmax. One number decides, the relative error |a - n| / (|a| + |n|) of the whole gradient.

What this page can't see, and the file beside it that can:

- a step that is too large or too small for this loss, one that reaches over a kink, noise, and float32 or
  float16, where 1e-5 drowns: `numerical`;
- one wrong entry among many right ones, whose share of the norm is small; a kink where the claimed slope is
  one of several right ones; a forward that ignores its arguments, so that 0 = 0 passes: `verdict`;
- what kind of mistake it is: `diagnosis` and `guesses`;
- a backward that changes its arguments, adds to what it gave before or isn't linear in dout: `pairs`;
- an error that has no tolerance to hide in: `order`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[..., Any]


def slope(f: Callable[[Any], Any], x: Any, h: float = 1e-5) -> Any:
    r"""Return how fast f follows a number x, or each entry of x, :math:`(f(x+he_i)-f(x-he_i))\,/\,2h`.

    Examples
    --------
    >>> slope(lambda x: (x**2).sum(), np.array([1.0, -2.0])).round(6).tolist()
    [2.0, -4.0]
    """
    x = np.asarray(x) + 0.0
    slopes = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        slopes[i] = (f(x + step) - f(x - step)) / (2 * h)
    return slopes[()]


def naive_check(forward: Function, backward: Function, *args: Array, rtol: float = 1e-6) -> bool:
    r"""Tell whether ``backward(dout, cache)`` gives the gradients of ``forward(*args) -> (out, cache)``.

    They are right if for every argument :math:`\|a-n\| \le rtol\,(\|a\|+\|n\|)`, with the claimed gradient a
    and the slopes n of :math:`\langle dout, forward(args)\rangle` for a random `dout`.

    Examples
    --------
    >>> def square(x):
    ...     return x * x, x
    >>> naive_check(square, lambda dout, x: (2 * x * dout,), np.array([1.0, -2.0, 0.5]))
    True
    >>> naive_check(square, lambda dout, x: (x * dout,), np.array([1.0, -2.0, 0.5]))
    argument 0: relative error 0.33
    False
    """
    out, cache = forward(*args)
    dout = np.random.default_rng(0).standard_normal(out.shape)
    right = True
    for k, a in enumerate(backward(dout, cache)):

        def loss(moved: Array, k: int = k) -> Any:
            return np.sum(dout * forward(*args[:k], moved, *args[k + 1 :])[0])

        n = slope(loss, args[k])
        whole = np.linalg.norm(a) + np.linalg.norm(n)
        if not np.linalg.norm(a - n) <= rtol * whole:
            print(f"argument {k}: relative error {np.linalg.norm(a - n) / whole:.2g}")
            right = False
    return right
