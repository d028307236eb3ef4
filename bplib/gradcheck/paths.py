"""paths: a gradient that lost a path, the mistake that every reader of a diamond makes once.

Where a number is used twice, two shares of its gradient arrive and add up. If the loss can be computed on
Values, its graph says what the shares are, and so which gradients follow when one of them is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from bplib.gradcheck.diagnosis import Finding
from bplib.gradcheck.naive import Array
from bplib.gradcheck.subject import Subject
from bplib.scalar import Value


def lost_paths(s: Subject, k: int, n: Array) -> Iterator[Finding]:
    """Yield the gradients of array k in which a node keeps one share of several, or loses one."""
    if s.graph is None or sum(x.size for x in s.arrays) > 8:  # every number becomes an object: only a few
        return
    leaves = [[Value(number) for number in x.ravel().tolist()] for x in s.arrays]
    try:
        loss = s.graph(
            [
                np.array(v, object).reshape(x.shape) if x.ndim else v[0]
                for v, x in zip(leaves, s.arrays, strict=True)
            ]
        )
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
    own = [arrived.get(leaf, []) for leaf in leaves[k]]
    if len({len(shares) for shares in own}) == 1:
        several = np.array([[share for _, share in shares] for shares in own]).reshape(*n.shape, -1)
        for i, (user, _) in enumerate(own[0]):
            yield from _lost(s.names[k], user, several[..., i], n, len(own[0]), n)
    for node in islice((node for node in arrived if len(arrived[node]) > 1 and node.parents), 64):
        slopes = _pull(node, order)
        along = np.array([slopes.get(leaf, 0.0) for leaf in leaves[k]]).reshape(n.shape)
        for user, share in arrived[node]:
            where = node.name or f"the result of {node.op}"
            yield from _lost(where, user, share * along, gradient[node] * along, len(arrived[node]), n)


def _lost(where: str, user: Value, share: Array, whole: Array, many: int, n: Array) -> Iterator[Finding]:
    """Yield what is left of n if of the whole, which comes by many paths, one share counts or is missing."""
    said = f"share of one path alone, through {user.name or user.op}"
    why = f"{many} paths meet in {where}, and what they bring adds up (+= where = was meant?)"
    if many > 1:
        yield f"keeps the {said}: {why}", n - whole + share
        yield f"misses the {said}: {why}", n - share


def _pull(node: Value, order: list[Value]) -> dict[Value, float]:
    """Return the gradient of a node with respect to all that lead to it; the Values keep their own."""
    gradient = {node: 1.0}
    for user in reversed(order):
        for parent, local in zip(user.parents, user.local_grads, strict=True) if user in gradient else ():
            gradient[parent] = gradient.get(parent, 0.0) + gradient[user] * local
    return gradient
