"""guesses: mistakes that show only from the inside of a function.

`diagnosis` compares two gradients. This file gives it more to compare with: the Jacobian of an op, rows that
an index names twice, the paths through the graph of a loss that can be computed on Values; and the gradients
that would follow from mistakes in them.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from bplib.gradcheck.diagnosis import Finding, at
from bplib.gradcheck.numerical import steps
from bplib.gradcheck.subject import Array, Subject, plain
from bplib.scalar import Value


def look_inside(s: Subject, k: int, n: Array) -> dict[str, Any]:
    """Return what the diagnosis may compare the gradient of array k with: arguments of its `Case`."""
    if s.dout is None:
        return {"paths": _lost_paths(s, k, n)}
    known: dict[str, Any] = {"places": _repeated(s, n)}
    if s.dout.size * n.size <= 10**7:
        J = _jacobian(s, k)
        known |= {"guesses": _named(s, s.dout, k, n, J), "partials": _partials(s, s.dout, k, n, J)}
        elementwise = np.array_equal(J, np.diag(J.diagonal()))
        known["vaguer_guesses"] = _derivatives(s, s.dout, k, n) if elementwise else _lost(s.dout, n, J)
    return known


def _repeated(s: Subject, n: Array) -> Iterator[tuple[str, Array]]:
    """Yield which rows of a parameter an array of indices names more than once."""
    why = "their contributions are overwritten or shared out, and should be added up (np.add.at)"
    for name, a in s.aside.items():
        if a.dtype.kind in "iu" and a.size and n.ndim and a.min() >= 0 and a.max() < len(n):
            often = np.bincount(a.ravel(), minlength=len(n)) > 1
            yield f"in the rows that {name} names more than once: {why}", np.broadcast_to(often, n.T.shape).T


def _jacobian(s: Subject, k: int, instead: dict[int, Array] | None = None) -> Array:
    """Return the slopes of all outputs, a row each, with respect to array k; others may stand instead."""
    arrays = dict(enumerate(s.arrays)) | (instead or {})
    x, columns = arrays[k], []
    for i, h in enumerate(steps(x.ravel())):
        step = h * (np.arange(x.size) == i).reshape(x.shape)
        up, down = (np.asarray(s.forward([*(arrays | {k: to}).values()])) for to in (x + step, x - step))
        columns.append((up - down).ravel() / (2 * h))
    return np.stack(columns, axis=1)


def _named(s: Subject, dout: Array, k: int, n: Array, J: Array) -> Iterator[Finding]:
    """Yield mistakes that have a name."""
    if n.shape == dout.shape:
        yield "is dout itself: the local derivative, or a mask, is missing", dout
        yield "misses dout itself as a term: the skip path", n - dout
        yield "has dout itself as an extra term: the skip path", n + dout
        said = "uses only the diagonal of the Jacobian, as if the function were elementwise: the terms"
        yield f"{said} of the other entries are missing", dout * J.diagonal().reshape(n.shape)
    for j, other in enumerate(s.arrays):
        if j != k and other.ndim:
            flipped = np.flip(other, tuple(range(other.ndim))[-2:])
            gradient = dout.ravel() @ _jacobian(s, k, {j: flipped})
            said = f"would be right for a flipped {s.names[j]}"
            yield f"{said}: a kernel is flipped once too often or too rarely", gradient.reshape(n.shape)


def _lost(dout: Array, n: Array, J: Array) -> Iterator[Finding]:
    """Yield how outputs may have been lost."""
    if n.size == dout.size:
        said = "multiplies dout by the Jacobian, not by its transpose (W for W.T? a factor outside a sum?)"
        yield said, (J @ dout.ravel()).reshape(n.shape)
    for axis, length in enumerate(dout.shape):
        for i in (0, length - 1) if length > 1 else ():
            part = np.zeros_like(dout)
            np.moveaxis(part, axis, 0)[i] = np.moveaxis(dout, axis, 0)[i]
            gradient = (part.ravel() @ J).reshape(n.shape)
            where = f"dout at index {i} along axis {axis}"
            yield f"comes from {where} alone: the rest is overwritten, and should be added up", gradient
            yield f"takes no account of {where}", n - gradient


def _derivatives(s: Subject, dout: Array, k: int, n: Array) -> Iterator[Finding]:
    """Yield what may stand in the place of an elementwise function's local derivative."""
    name, x = s.names[k], s.arrays[k]
    dout, y = dout.reshape(n.shape), np.asarray(s.forward(s.arrays)).reshape(n.shape)
    with np.errstate(all="ignore"), suppress(ValueError, ArithmeticError):
        at_output = dout * _jacobian(s, k, {k: y}).diagonal().reshape(n.shape)
        yield f"takes the local derivative at the output, and should take it at {name}", at_output
    for word, t in (("the output", y), (name, x)):
        for formula, local in _LOCALS.items():
            with np.errstate(all="ignore"):
                gradient = dout * local(t)
            yield f"is dout times {formula.format(word)}, which is not the local derivative", gradient


def _partials(s: Subject, dout: Array, k: int, n: Array, J: Array) -> Iterator[Finding]:
    """Yield in which partial derivatives the Jacobian that backward applies is wrong, and the worst."""
    ones = np.eye(dout.size).reshape(dout.size, *dout.shape)
    claimed = np.stack([s.back(one, s.arrays)[k].ravel() for one in ones]) if s.back else J
    gap, least = abs(claimed - J), 1e-5 * abs(J).max()
    wrong = gap > least
    if not np.any(wrong & (abs(J) > least)):
        said = "has terms that do not belong there (a sum over the wrong axis? a missing mask?)"
    elif not np.any(wrong & (abs(claimed) > least)):
        said = "misses terms"
    elif dout.size == n.size and np.all(wrong <= np.eye(n.size, dtype=bool)):
        said = "is wrong on the Jacobian's diagonal only: a wrong local derivative"
    else:
        said = "is made with wrong partial derivatives"
    row, column = (int(index) for index in np.unravel_index(np.argmax(gap), gap.shape))
    entry = f"{s.names[k]}{at(np.unravel_index(column, n.shape))}"
    where = f"d out{at(np.unravel_index(row, dout.shape))} / d {entry}"
    said += f": {where} is {J[row, column]:.6g}, and it takes {claimed[row, column]:.6g}"
    yield f"{said} ({entry} is {s.arrays[k].flat[column]:.6g})", (dout.ravel() @ claimed).reshape(n.shape)


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


# --- a path that is lost: the mistake that every reader of a diamond makes once -----------------------------
def _lost_paths(s: Subject, k: int, n: Array) -> Iterator[Finding]:
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
        why = f"{len(shares)} paths meet in {where}, and what they bring adds up (= where += was meant?)"
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
