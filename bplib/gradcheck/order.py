"""order: at which rate a Taylor remainder falls, and the second derivative as a gradient of the gradient.

`verdict` compares two numbers, and needs a tolerance. A rate needs none: along a line, what is left of
f(x + hv) after its slope was taken away falls as the square of h if the slope is right, and as h if not.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bplib.gradcheck.numerical import jitter, typical
from bplib.gradcheck.pairs import Pair
from bplib.gradcheck.report import Line, Report
from bplib.gradcheck.subject import Arguments, Array, Function, Rng, Subject, plain
from bplib.gradcheck.verdict import How, check, unfit


def check_order(f: Function, params: Any, grads: Any, hvp: Any = None, *, rng: Rng = None) -> Report:
    r"""Check a gradient by the rates at which Taylor remainders fall: the Taylor test.

    ============================================================ ======= ==============================
    remainder                                                    rate    shows
    ============================================================ ======= ==============================
    :math:`|f(x+hv)-f(x)|`                                       1       that f moves at all
    :math:`|f(x+hv)-f(x)-h\,g\cdot v|`                           2       that the gradient g is right
    :math:`|f(x+hv)-f(x)-h\,g\cdot v-\tfrac12h^2\,v\cdot Hv|`    3       that Hv is right
    ============================================================ ======= ==============================

    A wrong g leaves the second at rate 1, a wrong Hv the third at rate 2, however small the error, until it
    is lost in rounding. The steps fall by halves; the smallest at which a remainder still stands clear of the
    noise count. Where no rate can be seen the check is *inconclusive*, neither right nor wrong: at a kink,
    for a remainder of 0 (a linear f; with `hvp` a quadratic one), in rounding. It is then not true either.

    Parameters
    ----------
    f, params, grads
        As in `gradcheck`.
    hvp : callable, optional
        As in `check_hvp`.
    rng : numpy.random.Generator, optional
        Draws v, a direction for each parameter.

    Returns
    -------
    Report
        Its `verdict` is "right", "WRONG" or "inconclusive".

    Raises
    ------
    TypeError, ValueError
        As `gradcheck`.

    Examples
    --------
    >>> x = np.array([0.3, -1.2])
    >>> print(check_order(lambda x: np.sin(x).sum(), x, np.cos(x), lambda v, x: -np.sin(x) * v))
    Taylor test (steps by halves, along a random direction in each parameter): right
      x (2,): right, remainders fall as h^1.00, h^2.00 and h^3.00
    >>> print(check_order(lambda x: np.sin(x).sum(), x, 1.001 * np.cos(x)))
    Taylor test (steps by halves, along a random direction in each parameter): WRONG
      x (2,): WRONG, remainders fall as h^1.00 and h^1.00
    diagnosis: The claimed gradient of x leaves a remainder that falls as h^1.00, and should as h^2.
    """
    at = Arguments(f, params)
    s, claimed = at.subject(f, coarsest=np.float16), at.match(grads, exact=True)
    rng, lines = np.random.default_rng(0 if rng is None else rng), []
    how = "steps by halves, along a random direction in each parameter", "Taylor test"
    if said := unfit(s):
        return Report((), (said,), (), *how)
    for k, (x, g) in enumerate(zip(s.arrays, claimed, strict=True)):
        if x.size:
            v, bend = np.asarray(max(1, typical(x)) * rng.standard_normal(x.shape), x.dtype), None
            if hvp is not None:
                dots = [v if j == k else np.zeros_like(a) for j, a in enumerate(s.arrays)]
                answer = at.call(hvp, plain(s.arrays), at.build(plain(dots)))
                bend = float(np.sum(v * at.match(answer, "what hvp returns", exact=True)[k]))
            lines.append(_fall(s, k, v, g, bend))
    return Report(tuple(lines), (), (), *how)


def _fall(s: Subject, k: int, v: Array, g: Array, bend: float | None) -> Line:
    """Say how fast the remainders along v fall in array k, and what that means."""
    h, x, line = 0.5 ** np.arange(1, 44), s.arrays[k].astype(float), partial(Line, s.names[k], v.shape)
    with np.errstate(all="ignore"):
        points = np.stack([x + t * v for t in (*h, *-h)]).astype(v.dtype)
        moved = s.stacked(k, points) - s.value
        left = moved - np.tensordot(points - x, g, g.ndim)  # by what was really travelled, after rounding
        ahead, behind = left.reshape(2, -1)
        # At the smallest steps all that is left of their sum is noise.
        floor = np.fmax(8 * jitter(s, k), 32 * typical((ahead + behind)[-8:]))
        # What is left, and the part of it whose rate doesn't depend on the claim, unless f has a kink.
        parts = [(moved[: len(h)], moved[: len(h)]), (ahead, ahead + behind)]
        if bend is not None:
            parts.append((ahead - h**2 / 2 * bend, ahead - behind))
        rates = [(_rate(remainder, floor), _rate(sure, floor)) for remainder, sure in parts]
    *most, last = (_power(rate) for rate, _ in rates)
    said = f"remainders fall as {', '.join(most)} and {last}"
    for p, (rate, sure) in enumerate(rates[1:], 1):
        if sure < p + 0.75:
            return line(None, f"{said}: the loss has a kink here", "")
        if abs(rate - p) < 0.25:
            after = "is right, but its Hessian-vector product leaves" if p == 2 else "leaves"
            finding = f"{after} a remainder that falls as {_power(rate)}, and should as h^{p + 1}"
            return line(False, said, finding)
        if not p + 0.75 <= rate < np.inf:
            why = f"the one that should fall as h^{p + 1} is 0, lost in rounding, or unsteady"
            return line(None, f"{said}: {why}", "")
    return line(True, said, "")


def _power(rate: float) -> str:
    return f"h^{rate:.2f}" if np.isfinite(rate) else "nothing that can be seen"


def _rate(r: Array, floor: float) -> float:
    """Return the power of h with which r falls, where it is smallest and still clear of the noise.

    It takes four steps, by halves, that agree. Infinite if r is never clear, NaN if they disagree.
    """
    clear = abs(r) > floor
    starts = np.flatnonzero(clear[:-3] & clear[1:-2] & clear[2:-1] & clear[3:])
    if not len(starts):
        return np.inf
    rates = -np.diff(np.log2(abs(r[starts[-1] : starts[-1] + 4])))
    return float(rates.mean()) if np.ptp(rates) < 0.3 else np.nan


def check_hvp(
    grad: Function, hvp: Function, params: Any, *, h: float | None = None, rtol: float | None = None,
    directions: int | None = None, rng: Rng = None,
) -> Report:  # fmt: skip
    r"""Check a Hessian-vector product against differences of gradients, and for symmetry.

    The Hessian is the Jacobian of the gradient, and its own transpose. So this is the check of a pair,
    :math:`\langle u, \nabla f(x)\rangle` with its gradient :math:`Hu`, for a random u. Besides,
    :math:`\langle w, Hu\rangle = \langle u, Hw\rangle`, and `hvp` must be linear in u.

    Parameters
    ----------
    grad : callable
        The gradient, called as `params` is built (see `gradcheck`) and returning something built likewise.
        That it is right, `gradcheck` can say.
    hvp : callable
        ``hvp(u, ...)`` with u built like `params`, which follow as for `grad`. Returns :math:`Hu`,
        built likewise.
    params : dict, list, tuple, array or float
        Where to check.
    h, rtol, directions
        See `gradcheck`.
    rng : numpy.random.Generator, optional
        Draws u and w.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        As `gradcheck`, and if what is returned isn't built like `params`.

    Examples
    --------
    >>> def grad(x):
    ...     return 4 * x**3
    >>> x = np.array([1.0, -2.0, 0.5])
    >>> print(check_hvp(grad, lambda u, x: 12 * x**2 * u, x))
    second-order check (central difference): right
      x (3,): right, 3 numbers compared
    >>> check_hvp(grad, lambda u, x: 4 * x**2 * u, x).diagnosis
    'The claimed Hessian-vector product of x is 1/3 times the numerical one (3 is the length of axis 0 of x: a
    mean was taken where a sum belongs, or twice).'
    """
    at = Arguments(grad, params)
    ends = np.cumsum([x.size for x in at.arrays])[:-1]

    def forward(*values: Array) -> tuple[Array, Any]:
        gradient = at.match(at.call(grad, plain(values)), "what grad returns", exact=True)
        return np.concatenate([a.ravel() for a in gradient]), values

    def backward(u: Array, values: Any) -> tuple[Array, ...]:
        dots = [part.reshape(x.shape) for part, x in zip(np.split(u, ends), at.arrays, strict=True)]
        answer = at.call(hvp, plain(values), at.build(plain(dots)))
        return tuple(at.match(answer, "what hvp returns", exact=True))

    pair = Pair(forward, backward, at.arrays, {}, rng, names=at.names)
    problems = [said.replace("backward", "hvp").replace("dout", "u") for said in pair.complaints()]
    u, w = pair.dout, pair.rng.standard_normal(pair.dout.shape)
    claimed, swapped = pair.back(u, at.arrays), pair.back(w, at.arrays)
    one, other = (a * np.concatenate([b.ravel() for b in bs]) for a, bs in ((w, claimed), (u, swapped)))
    if not abs(one.sum() - other.sum()) <= 1e-5 * (abs(one).sum() + abs(other).sum()):
        both = f"<w, Hu> = {one.sum():.6g} and <u, Hw> = {other.sum():.6g}"
        problems.append(f"What hvp applies is not symmetric, as a Hessian is: for random u and w, {both}.")
    report = check(pair.subject, claimed, How("central", h, rtol, directions, rng), problems)
    return replace(report, title="second-order check", noun="Hessian-vector product")
