"""The op table: what every operation on single numbers computes, and how fast it changes.

This is the first file. It adds the one idea of the book: a backward rule is data that stands next to its
forward rule. Each entry gives the value and the local derivatives in one expression; no chain rule is here.
"""

from collections.abc import Callable
from typing import Any

#: Takes the arguments of an operation, returns ``(value, (d value / d argument, ...))``.
Rule = Callable[..., tuple[Any, tuple[Any, ...]]]

#: How a node of each operation is shown in a picture of the graph.
SYMBOLS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "pow": "^", "neg": "−"}


def rules(m: Any) -> dict[str, Rule]:
    r"""Return the op table, computed with the functions of `m`.

    With Python's `math` the rules work on floats, with NumPy on arrays, entry by entry. The same expressions
    serve both, so a graph that is recorded and replayed can't disagree with the graph that was built.

    Parameters
    ----------
    m : module or namespace
        Supplies ``exp, log, log1p, sin, cos, tanh, sqrt, pow`` and ``where(condition, a, b)``.

    Returns
    -------
    dict of str to callable
        For each operation a function that returns its value and its local derivatives, one per argument.

    Notes
    -----
    The derivatives are written so that no two nearly equal numbers are subtracted. For the sigmoid

    .. math:: \sigma'(a) = \sigma(a)\,\sigma(-a) = \frac{e^{-|a|}}{(1 + e^{-|a|})^2},

    which stays right where :math:`\sigma(a)(1 - \sigma(a))` has become 0. Ties: the slope of relu and of abs
    at 0 is 0, leaky relu takes its lower side there, maximum and minimum give 1/2 to each argument. NaN stays
    NaN, but for ``a ** 0`` and ``1 ** b``, which are 1 whatever a and b are. Where a derivative does not
    exist, such as that of ``a ** b`` by `b` at a negative `a`, it is NaN or infinite, and the engines that
    use the table refuse it.

    Examples
    --------
    >>> import math
    >>> from types import SimpleNamespace
    >>> table = rules(SimpleNamespace(**vars(math), where=lambda c, a, b: a if c else b))
    >>> table["mul"](2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    exp, log, log1p, sin, cos, tanh, sqrt, pow, where = (
        m.exp, m.log, m.log1p, m.sin, m.cos, m.tanh, m.sqrt, m.pow, m.where,
    )  # fmt: skip

    def power(a: Any, b: Any) -> tuple[Any, tuple[Any, Any]]:
        # a ** (b - 1) may not exist at a = 0; at b = 0 the slope is 0 for every a.
        value = pow(a, b)
        by_a = b * pow(where(b == 0, 1.0, a), b - 1)
        # 0 ** b is 0 for every b > 0, so it does not change with b.
        by_b = where(a > 0, value * log(where(a > 0, a, 1.0)), where((a == 0) * (b > 0), 0.0, float("nan")))
        return value, (by_a, by_b)

    def sigmoid(a: Any) -> tuple[Any, tuple[Any]]:
        # exp(-|a|) can't overflow.
        e = exp(-abs(a))
        return where(a >= 0, 1.0, e) / (1.0 + e), (e / ((1.0 + e) * (1.0 + e)),)

    def root(a: Any) -> tuple[Any, tuple[Any]]:
        value = sqrt(a)
        return value, (0.5 / value,)

    def exponential(a: Any) -> tuple[Any, tuple[Any]]:
        value = exp(a)
        return value, (value,)

    def larger(a: Any, b: Any, sign: float) -> tuple[Any, tuple[Any, Any]]:
        # For sign 1 the maximum; for sign -1 the minimum, which is the maximum with the comparison turned.
        by_a = where(sign * a > sign * b, 1.0, where(sign * a < sign * b, 0.0, 0.5))
        value = where(a != a, a, where(sign * a > sign * b, a, b))
        return value, (by_a, 1.0 - by_a)

    return {
        "add": lambda a, b: (a + b, (1.0, 1.0)),
        "sub": lambda a, b: (a - b, (1.0, -1.0)),
        "mul": lambda a, b: (a * b, (b, a)),
        "div": lambda a, b: (a / b, (1.0 / b, -a / b / b)),
        "pow": power,
        "neg": lambda a: (-a, (-1.0,)),
        "exp": exponential,
        "log": lambda a: (log(a), (1.0 / a,)),
        "sin": lambda a: (sin(a), (cos(a),)),
        "cos": lambda a: (cos(a), (-sin(a),)),
        "tanh": lambda a: (tanh(a), (4.0 * sigmoid(2.0 * a)[1][0],)),
        "sigmoid": sigmoid,
        "relu": lambda a: (where(a <= 0, 0.0, a), (where(a <= 0, 0.0, 1.0),)),
        "leaky_relu": lambda a, slope: (
            where(a > 0, a, slope * a),
            (where(a > 0, 1.0, slope), where(a > 0, 0.0, a)),
        ),
        "softplus": lambda a: (where(a <= 0, 0.0, a) + log1p(exp(-abs(a))), (sigmoid(a)[0],)),
        "sqrt": root,
        "abs": lambda a: (abs(a), (where(a > 0, 1.0, where(a < 0, -1.0, 0.0)),)),
        "maximum": lambda a, b: larger(a, b, 1.0),
        "minimum": lambda a, b: larger(a, b, -1.0),
    }
