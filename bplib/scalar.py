"""The scalar engine: reverse-mode automatic differentiation on one number at a time.

It adds to the op table what the table leaves out: a graph of nodes, and the chain rule that walks it
backwards. The chain rule is one line, in `Value.backward`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import count
from math import isfinite
from numbers import Number, Real
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NoReturn, TypeVar

from bplib.contract import check_number, wrong
from bplib.ops import SYMBOLS, Rule, rules


def _pow(a: float, b: float) -> float:
    """Return a ** b, or NaN where it does not exist or overflows: of no matter if only a constant's slope."""
    try:
        return math.pow(a, b)
    except (ArithmeticError, ValueError):
        return math.nan


RULES: dict[str, Rule] = rules(
    SimpleNamespace(**vars(math) | {"pow": _pow}, where=lambda c, a, b: a if c else b)
)

_next_serial = count().__next__
_by_age = attrgetter("serial")

# How an entry of the op table becomes a method. An example "call -> what it shows" runs as a doctest.

_Method = TypeVar("_Method", bound=Callable[..., "Value"])


def _operator(op: str) -> tuple[Callable[[Value, Any], Value], Callable[[Value, Any], Value]]:
    """Return the methods behind an operator, for a Value on its left and for one on its right."""

    def reflected(self: Value, other: Any) -> Value:
        return _binary(op, other, self)

    sign = SYMBOLS[op]
    return _of_two(op, f"a {sign} b"), _known_as(op, f"b {sign} a", "", reflected)


def _of_two(op: str, formula: str, example: str = "") -> Callable[[Value, Any], Value]:
    """Return the method that applies an operation to this number and another."""

    def method(self: Value, other: Any) -> Value:
        return _binary(op, self, other)

    return _known_as(op, formula, example, method)


def _of_one(op: str, formula: str, example: str) -> Callable[[Value], Value]:
    """Return the method that applies an operation to this number."""

    def method(self: Value) -> Value:
        return _unary(op, self)

    return _known_as(op, formula, example, method)


def _known_as(op: str, formula: str, example: str, method: _Method) -> _Method:
    """Give a method its docstring, and its name in tracebacks."""
    function: Any = method
    function.__name__, function.__qualname__ = op, f"Value.{op}"
    function.__code__ = function.__code__.replace(co_name=op, co_qualname=f"Value.{op}")
    function.__doc__ = f"Return {formula}."
    if example:
        call, shown = example.split(" -> ")
        function.__doc__ += f"\n\nExamples\n--------\n>>> {call}\n{shown}\n"
    return method


def _refused(why: str) -> Callable[..., NoReturn]:
    """Return a method that only says why there is none."""

    def method(self: Value, *others: Any) -> NoReturn:
        raise TypeError(why)

    return method


_BRANCH = (
    "{}: a recorded graph would keep the branch taken now and be wrong for other inputs. Use maximum, "
    "minimum or relu; to look at the number itself, write .data."
)
_FLOAT = (
    "A Value does not turn into a float by itself, because its gradient would be lost. "
    "Write v.exp() instead of math.exp(v), and v.data where you want the bare number."
)
_STEPS = (
    "//, %, round, floor and ceil are flat between their jumps, so no gradient passes through them. "
    "Use / and the methods of Value; to look at a rounded number, write round(v.data)."
)


class Value:
    """A number that remembers how it was computed.

    Values are combined with ``+ - * / **`` and the methods below. An operation whose result or local
    derivative is not finite is refused. A Value has no truth value and no order, because a graph would keep
    the branch taken once and be wrong for other inputs.

    Parameters
    ----------
    data : float
        One real, finite number, NumPy's scalars included; it is kept as a float.
    name : str, optional
        What to call it in pictures, messages and a `~bplib.tape.Tape`.

    Attributes
    ----------
    data : float
        The value of this node. A leaf's may be set, to step a weight; build the expression again after that,
        because what was computed from it keeps the numbers of its time.
    grad : float
        d (last node on which `backward` was called) / d (this node); 0 before.
    op : str
        The operation that made it; ``"leaf"`` for a number you gave, ``"const"`` for one that was wrapped.
    parents : tuple of Value
        The arguments of the operation.
    local_grads : tuple of float
        d self / d parent, one for each parent.

    Examples
    --------
    >>> x = Value(3.0, "x")
    >>> y = x * x + 2
    >>> y.backward()
    >>> y.data, x.grad
    (11.0, 6.0)
    """

    __slots__ = ("_data", "grad", "local_grads", "name", "op", "parents", "serial")

    def __init__(self, data: Any, name: str = "") -> None:
        self._data = _number(data)
        self.grad = 0.0
        self.named(name)
        self.op = "leaf"
        self.parents: tuple[Value, ...] = ()
        self.local_grads: tuple[float, ...] = ()
        self.serial = _next_serial()

    @property
    def data(self) -> float:
        """The value of this node."""
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        self._data = _number(number)

    def named(self, name: str) -> Value:
        """Give this node a name and return it, so that a formula can name its parts.

        Examples
        --------
        >>> (Value(1.0) + 2).named("z")
        Value(3.0, 'z')
        """
        if not isinstance(name, str):
            raise wrong("name", "a string", repr(name), "For example Value(2.0, 'w').", TypeError)
        self.name = name
        return self

    def backward(self) -> None:
        r"""Fill ``.grad`` of every node that this one was computed from.

        Walks the graph from the youngest node to the oldest. A node is younger than its parents, so when its
        turn comes, everything that depends on it has already added its share:

        .. math:: \frac{\partial L}{\partial p} = \sum_{n\,:\,p \in \mathrm{parents}(n)}
                  \frac{\partial L}{\partial n}\,\frac{\partial n}{\partial p}.

        The gradients of the graph it walks are set to 0 first, so a second call gives the same answer.
        Leaves that only another loss reached keep theirs.

        A gradient that overflows is refused with a ValueError that names its node.

        Examples
        --------
        >>> x = Value(3.0)
        >>> u = x**2
        >>> loss = u**2 + u
        >>> loss.backward()
        >>> x.grad
        114.0
        """
        order = self.graph()
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            if not isfinite(node.grad) and node.op != "const":
                remedy = "Use inputs of a moderate size, or take the logarithm of the output."
                raise wrong(f"the gradient of {_describe(node)}", "a finite number", node.grad, remedy)
            for parent, local in zip(node.parents, node.local_grads):  # noqa: B905 (they have one length)
                parent.grad += node.grad * local

    def graph(self, *others: Value) -> list[Value]:
        """Return all that this one, and any others, were computed from, and themselves, in topological order.

        Examples
        --------
        >>> x = Value(2.0, "x")
        >>> (x * x).graph()
        [Value(2.0, 'x'), Value(4.0)]
        """
        todo = [self, *others]
        seen = set(todo)
        while todo:
            for parent in todo.pop().parents:
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
        # A node is made after its parents, so the order of making is a topological order.
        return sorted(seen, key=_by_age)

    # The operations: each is one entry of the op table.

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("sub")
    __mul__, __rmul__ = _operator("mul")
    __truediv__, __rtruediv__ = _operator("div")
    __pow__, __rpow__ = _operator("pow")
    __neg__ = _of_one("neg", "-a", "-Value(2.0) -> Value(-2.0)")
    abs = __abs__ = _of_one("abs", "|a|, with slope 0 at 0", "Value(0.0).abs().local_grads -> (0.0,)")
    exp = _of_one("exp", "e^a", "Value(0.0).exp() -> Value(1.0)")
    log = _of_one("log", "the natural logarithm of a, for a > 0", "Value(1.0).log() -> Value(0.0)")
    sqrt = _of_one("sqrt", "the square root of a, for a > 0", "Value(9.0).sqrt() -> Value(3.0)")
    sin = _of_one("sin", "the sine of a, an angle in radians", "Value(0.0).sin() -> Value(0.0)")
    cos = _of_one("cos", "the cosine of a, an angle in radians", "Value(0.0).cos() -> Value(1.0)")
    tanh = _of_one("tanh", "(e^a - e^-a) / (e^a + e^-a)", "Value(0.0).tanh().local_grads -> (1.0,)")
    sigmoid = _of_one("sigmoid", "1 / (1 + e^-a)", "Value(0.0).sigmoid().local_grads -> (0.25,)")
    softplus = _of_one("softplus", "log(1 + e^a)", "Value(1e4).softplus() -> Value(10000.0)")
    relu = _of_one("relu", "max(a, 0), with slope 0 at 0", "Value(0.0).relu().local_grads -> (0.0,)")
    maximum = _of_two("maximum", "max(a, b); a tie counts half", "Value(1.0).maximum(3.0) -> Value(3.0)")
    minimum = _of_two("minimum", "min(a, b); a tie counts half", "Value(1.0).minimum(3.0) -> Value(1.0)")

    def leaky_relu(self, slope: Any = 0.01) -> Value:
        """Return a where a > 0, and slope * a elsewhere, at 0 too.

        Examples
        --------
        >>> Value(-2.0).leaky_relu()
        Value(-0.02)
        """
        return _binary("leaky_relu", self, slope)

    def __pos__(self) -> Value:
        return self

    # What would look right and be wrong is refused.

    __bool__ = _refused(_BRANCH.format("A Value has no truth value"))
    __lt__ = __le__ = __gt__ = __ge__ = _refused(_BRANCH.format("Values can't be compared with < or >"))
    __float__ = __int__ = __index__ = __complex__ = _refused(_FLOAT)
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = _refused(_STEPS)
    __round__ = __trunc__ = __floor__ = __ceil__ = _refused(_STEPS)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Number):
            raise TypeError(_BRANCH.format("A Value can't be compared with a number"))
        return self is other or NotImplemented

    __hash__ = object.__hash__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Value:
        # NumPy's scalars and functions arrive here: np.float64(2) * v, np.exp(v).
        if ufunc.__name__ in {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}:
            raise TypeError(_BRANCH.format("A Value can't be compared with NumPy's numbers"))
        op = {"subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow", "negative": "neg",
              "absolute": "abs"}.get(ufunc.__name__, ufunc.__name__)  # fmt: skip
        if op not in RULES or method != "__call__" or options:
            known = ", ".join(name for name in RULES if name in dir(Value))
            remedy = f"Write it with + - * / ** and {known}."
            raise TypeError(f"np.{ufunc.__name__} can't be differentiated through a Value. {remedy}")
        return _unary(op, inputs[0]) if len(inputs) == 1 else _binary(op, *inputs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        # Parents first, so that each node finds its own copied: no recursion, however deep the graph.
        for node in self.graph():
            if id(node) not in memo:
                state: Any = node.__getstate__()
                memo[id(node)] = again = node.__class__.__new__(node.__class__)
                again.__setstate__(copy.deepcopy(state, memo))
        return memo[id(self)]

    def __setstate__(self, state: tuple[dict[str, Any] | None, ...]) -> None:
        # A new serial: the old one, from another process, could make a copy younger than its children.
        for part in state:
            for attribute, value in (part or {}).items():
                setattr(self, attribute, value)
        self.serial = _next_serial()

    def __repr__(self) -> str:
        return f"Value({self.data}, {self.name!r})" if self.name else f"Value({self.data})"


def _unary(op: str, a: Value) -> Value:
    try:
        value, local_grads = RULES[op](a._data)
    except (ArithmeticError, ValueError):
        _refuse(op, a)
    # A sum is finite when its terms are, so that one look serves in nearly every case.
    if not isfinite(value + local_grads[0]):
        local_grads = _checked(op, value, local_grads, a)
    return _node(op, value, (a,), local_grads)


def _binary(op: str, a: Any, b: Any) -> Value:
    if a.__class__ is not Value:
        a = _constant(a)
    if b.__class__ is not Value:
        b = _constant(b)
    try:
        value, local_grads = RULES[op](a._data, b._data)
    except (ArithmeticError, ValueError):
        _refuse(op, a, b)
    by_a, by_b = local_grads
    if not isfinite(value + by_a + by_b):
        local_grads = _checked(op, value, local_grads, a, b)
    return _node(op, value, (a, b), local_grads)


def _node(op: str, value: float, parents: tuple[Value, ...], local_grads: tuple[float, ...]) -> Value:
    node = Value.__new__(Value)
    node._data = value
    node.grad = 0.0
    node.name = ""
    node.op = op
    node.parents = parents
    node.local_grads = local_grads
    node.serial = _next_serial()
    return node


def _constant(number: Any) -> Value:
    if isinstance(number, Value):  # of a subclass
        return number
    return _node("const", _number(number), (), ())


# What is refused, and what to do about it.

#: What to do about an operation whose value or slope does not exist.
REMEDIES = {
    "div": "Keep the denominator away from 0.",
    "pow": "A base below 0 needs a whole number as its exponent, written as a plain number; "
    "a base of 0 needs an exponent of 0, or of at least 1; and the power must stay below 1e308.",
    "exp": "exp leaves the range of float64 above 709; make its argument smaller.",
    "log": "log needs an argument above 0, and not so near it that 1/a overflows. For a loss, start from the "
    "logit: -log(sigmoid(z)) is (-z).softplus().",
    "sqrt": "sqrt needs an argument above 0; at 0 its slope is infinite.",
}

_ONE_NUMBER = (
    "Convert a single number with float(...); make one Value for each entry of a list or an array, or use "
    "bplib.functional for whole arrays."
)


def _number(data: Any) -> float:
    """Return one real, finite number as a float."""
    if data.__class__ is float and isfinite(data):
        return data
    return check_number("Value", data, "" if isinstance(data, Real) else _ONE_NUMBER)


def _checked(op: str, value: float, local_grads: tuple[float, ...], *parents: Value) -> tuple[float, ...]:
    """Refuse what isn't finite. A constant does not move, so its local derivative need not exist."""
    needed = tuple(
        0.0 if parent.op == "const" and not isfinite(local) else local
        for parent, local in zip(parents, local_grads, strict=True)
    )
    if not all(map(isfinite, (value, *needed))):
        _refuse(op, *parents)
    return needed


def _refuse(op: str, *parents: Value) -> NoReturn:
    arguments = ", ".join(f"{p.name} = {p.data!r}" if p.name else repr(p.data) for p in parents)
    remedy = REMEDIES.get(op, "The result leaves the range of float64; use smaller numbers.")
    raise ValueError(f"{op}({arguments}) has no finite value with a finite slope. {remedy}") from None


def _describe(node: Value) -> str:
    return node.name or f"a node made by {node.op}"
