"""paths: a gradient that lost a path, the mistake that every reader of a diamond makes once.

Where a number is used twice, two shares of its gradient arrive and add up. If the loss can be computed on
Values, its graph says what the shares are, and so which gradients follow when one of them is overwritten.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from bplib.gradcheck.diagnosis import Finding
from bplib.gradcheck.subject import Array, Subject, plain
from bplib.scalar import Value


def lost_paths(s: Subject, k: int, n: Array) -> Iterator[Finding]:
    """Yield the gradients of array k in which a node keeps one share of several, or loses one."""
    if s.graph is None or sum(x.size for x in s.arrays) > 8:  # every number becomes an object: only a few
        return
    values = [np.array([Value(number) for number in x.flat], object).reshape(x.shape) for x in s.arrays]
    try:
        loss = s.graph(plain(values))
    except Exception:  # it takes floats alone, and may say so in any way
        return
    if not isinstance(loss, Value):
        return
    order = loss.graph()
    arrived: dict[Value, list[tuple[Value, float]]] = {}
    gradient = _pull(loss, order)
    for user in reversed(order):
        for parent, local in zip(user.parents, user.local_grads, strict=True):
            arrived.setdefault(parent, []).append((user, gradient.get(user, 0.0) * local))
    for node, shares in islice(((node, shares) for node, shares in arrived.items() if len(shares) > 1), 64):
        slopes = _pull(node, order)
        along = np.array([slopes.get(leaf, 0.0) for leaf in values[k].flat]).reshape(n.shape)
        where = node.name or (f"the result of {node.op}" if node.parents else s.names[k])
        why = f"{len(shares)} paths meet in {where}, and what they bring adds up (+= where = was meant?)"
        for user, share in shares:
            said = f"share of one path alone, through {user.name or user.op}"
            yield f"keeps the {said}: {why}", n - (gradient[node] - share) * along
            if len(shares) > 2:
                yield f"misses the {said}: {why}", n - share * along


def _pull(node: Value, order: list[Value]) -> dict[Value, float]:
    """Return the gradient of a node with respect to all that lead to it; the Values keep their own."""
    gradient = {node: 1.0}
    for user in reversed(order):
        for parent, local in zip(user.parents, user.local_grads, strict=True) if user in gradient else ():
            gradient[parent] = gradient.get(parent, 0.0) + gradient[user] * local
    return gradient
