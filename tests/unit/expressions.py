"""Random expressions for the engines: steps that run on Values, complex numbers and PyTorch's tensors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from bplib.scalar import Value
from bplib.tape import ARITY

RATIONAL = ["add", "sub", "mul", "div", "neg"]
SMOOTH = [*RATIONAL, "pow", "exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "sqrt"]
KINKED = ["relu", "leaky_relu", "abs", "maximum", "minimum"]


@dataclass(frozen=True)
class Expression:
    """Starting numbers, then steps: an operation and the places of its arguments among what came before."""

    start: tuple[float, ...]
    steps: tuple[tuple[str, int, int], ...]

    def run(self, leaves: Sequence[Any], ops: Mapping[str, Callable[..., Any]], guarded: bool = True) -> Any:
        """Compute every step; return the sum of all that came out, so that every leaf is reached.

        Guarded, it keeps away from where an operation does not exist, or explodes.
        """
        nodes = list(leaves)
        for op, i, j in self.steps:
            a, b = nodes[i], nodes[j]
            if guarded and op in ("log", "sqrt", "pow"):
                a = a * a + 0.5
            if guarded and op == "div":
                b = b * b + 0.5
            if guarded and op == "exp":
                a = a - a * a
            nodes.append(ops[op](a, b) if ARITY[op] == 2 else ops[op](a))
        total = nodes[0]
        for node in nodes[1:]:
            total = total + node
        return total


def expressions(ops: list[str], max_steps: int = 12) -> st.SearchStrategy[Expression]:
    """Draw expressions made of `ops`."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> Expression:
        numbers = st.floats(-2, 2).map(lambda x: round(x, 6))
        start = draw(st.lists(numbers, min_size=1, max_size=4))
        steps = []
        for n in range(draw(st.integers(1, max_steps))):
            places = st.integers(0, len(start) + n - 1)
            steps.append((draw(st.sampled_from(ops)), draw(places), draw(places)))
        return Expression(tuple(start), tuple(steps))

    return draw_one()


VALUE: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    **{op: getattr(Value, op) for op in ARITY if hasattr(Value, op)},
}
