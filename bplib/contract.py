"""The contract: what each argument must be, written beside an operation and checked here, once.

A shape is written as in the books, above the function that takes it::

    @takes("x (B, n_in), W (n_out, n_in), b (n_out)")
    def affine(x, W, b): ...

- One letter is one number wherever it stands; ``...`` is any axes, ``n...`` too, the same wherever it stands.
- ``B > 0`` leaves no axis empty, ``int`` takes whole numbers, ``|`` either of two, ``?`` may be left out.
- All float arrays of a call have one dtype, which the results keep. They are plain arrays in this machine's
  byte order: a matrix multiplies by other rules, a masked array leaves entries out.

What a shape can't say is said by the `check_...` functions below. Nothing else in the package asks what an
array or a number is, and every refusal has one form: argument, expected, came, what to do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from functools import lru_cache, wraps
from inspect import cleandoc
from numbers import Real
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy import ndarray
from numpy.typing import NDArray

Array = NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])

INF = math.inf

#: Every forward function and its backward, in the order in which they were written down.
VJP: dict[Callable[..., Any], Callable[..., Any]] = {}


#: A cache: the operation, the shape and dtype of its output, and what it kept for its backward. A plain
#: tuple, since making anything else would cost a small network a tenth of its step.
Saved = tuple[Callable[..., Any], tuple[int, ...], Any, Any]


def kept(cache: Saved) -> Any:
    """Return what the forward kept for its backward; `batch_norm`'s running statistics are read there."""
    return cache[3]


def takes(spec: str, **remedies: str) -> Callable[[Function], Function]:
    """Hold a forward function to the shapes of its arrays, and save what its `dout` must look like.

    The function returns ``(out, what its backward needs)``, its callers get ``(out, cache)``. A remedy that is
    better than the general one goes by the argument's name; ``{B}`` in it is the number that B stands for,
    ``{name}`` the argument.

    >>> @takes("x (B, n), w (n)", w="Give each column of x one weight, {n} in all.")
    ... def weigh(x, w):
    ...     return x * w, (x, w)
    >>> weigh(np.ones((2, 3)), np.ones(2))
    Traceback (most recent call last):
    ValueError: w: expected shape (3,) to go with x of shape (2, 3), got (2,). Give each column of x one weight, 3 in all.
    """  # noqa: E501
    wanted = _read(spec, remedies)
    names = [argument.name for argument in wanted]

    def decorate(forward: Function) -> Function:
        # A misfit raises, and what raises isn't remembered. What fits costs a look the next time.
        fits = lru_cache(maxsize=256)(lambda forms: _fit(wanted, forms))

        @wraps(forward)
        def checked(*args: Any, **options: Any) -> tuple[Any, Saved]:
            arrays = (*args, *[options.get(name) for name in names[len(args) :]]) if options else args
            try:
                forms = tuple([(a.__class__, a.shape, a.dtype) for a in arrays])
            except AttributeError:  # something is no array: left out, or refused
                forms = tuple(map(_form, arrays))
            fits(forms)
            out, kept = forward(*args, **options) if options else forward(*args)
            return out, (checked, out.shape, out.dtype, kept)

        checked.__doc__ = _said(forward, f"Takes {spec}, floats of one dtype; else TypeError or ValueError.")
        return cast(Function, checked)

    return decorate


def vjp_of(forward: Callable[..., Any]) -> Callable[[Function], Function]:
    """Enter a backward function in `VJP`. It is called with a `dout` that fits and what `forward` kept.

    Where the output is a single number, so is `dout`: a float arrives.
    """

    def decorate(backward: Function) -> Function:
        @wraps(backward)
        def checked(dout: Any, cache: Saved, **options: Any) -> Any:
            try:
                op, shape, dtype, kept = cache
            except (TypeError, ValueError):
                op = None
            if op is not forward:
                raise _no_cache(forward, cache)
            if not (shape and dout.__class__ is ndarray and dout.shape == shape and dout.dtype is dtype):
                dout = _upstream(dout, shape, dtype)
            return backward(dout, kept, **options) if options else backward(dout, kept)

        VJP[forward] = checked
        checked.__doc__ = _said(backward, f"The cache is {forward.__name__}'s; dout is like its output.")
        return cast(Function, checked)

    return decorate


def pairs_of(module: str) -> dict[Callable[..., Any], Callable[..., Any]]:
    """Return the part of `VJP` that one module has written, such as ``pairs_of(__name__)``."""
    return {forward: backward for forward, backward in VJP.items() if forward.__module__ == module}


def _said(function: Callable[..., Any], line: str) -> str:
    """Return a docstring with the contract after its first sentence, for `help` and the reference."""
    first, *rest = cleandoc(function.__doc__ or "").split("\n\n", 1)
    return "\n\n".join([first, line, *rest])


# --- what a specification says ------------------------------------------------------------------------


#: One way an argument may look: "f" or "i", and for each axis its letter and whether it must not be empty.
Way = tuple[str, tuple[tuple[str, bool], ...]]
#: What a check looks at: class, shape and dtype.
Form = tuple[type, Any, Any]
#: What a letter stands for, and which argument settled that, by which of its axes.
Known = dict[str, tuple[Any, str, int]]


class Argument(NamedTuple):
    """What one argument may be."""

    name: str
    ways: list[Way]
    optional: bool
    remedy: str


def _read(spec: str, remedies: dict[str, str]) -> list[Argument]:
    wanted = []
    for name, text, optional in re.findall(r"(\w+) \(([^)]*)\)(\??)", spec):
        ways: list[Way] = []
        for integers, dims in re.findall(r"(int )?([^|]*)", text):
            axes = re.findall(r"([\w.]+)( > 0)?", dims)
            if axes:
                ways.append(("i" if integers else "f", tuple((letter, bool(some)) for letter, some in axes)))
        wanted.append(Argument(name, ways, bool(optional), remedies.get(name, "")))
    return wanted


def _form(x: Any) -> Form:
    return type(x), getattr(x, "shape", None), getattr(x, "dtype", None)


def _fit(wanted: list[Argument], forms: tuple[Form, ...]) -> None:
    """Refuse arguments that are not such arrays, or whose shapes don't go together."""
    given = [(a, f) for a, f in zip(wanted, forms, strict=False) if not (a.optional and f[0] is type(None))]
    chosen = [(argument, _way(argument, form), form) for argument, form in given]
    floats = {argument.name: str(dtype) for argument, way, (_, _, dtype) in chosen if way[0] == "f"}
    if len(set(floats.values())) > 1:
        remedy = "Convert them to one, for example with .astype(np.float64)."
        raise wrong(", ".join(floats), "one dtype for all", ", ".join(floats.values()), remedy, TypeError)
    known: Known = {}
    shapes: dict[str, Any] = {}
    for argument, way, (_, shapes[argument.name], _) in chosen:
        met = _settle(way, shapes[argument.name], known, argument.name)
        if met is None:
            raise _misfit(argument, way, known, shapes)
        known = met


def _way(argument: Argument, form: Form) -> Way:
    """Choose the way an argument is meant by the kind of its numbers."""
    cls, _, dtype = form
    for way in argument.ways:
        if _is_plain(cls) and _is_of(dtype, way[0]):
            return way
    raise _no_array(argument.name, cls, dtype, "".join(kind for kind, _ in argument.ways))


def _is_plain(cls: type) -> bool:
    return cls is np.ndarray or cls is np.memmap or issubclass(cls, np.generic)


def _is_of(dtype: Any, kinds: str) -> bool:
    kind = "i" if dtype.kind == "u" else dtype.kind
    return kind in kinds and (kind == "i" or bool(dtype.isnative))


def _settle(way: Way, shape: tuple[int, ...], known: Known, name: str = "") -> Known | None:
    """Lay the letters over a shape. Return all that is known then, or None where they don't fit."""
    letters = [letter for letter, _ in way[1]]
    sizes: list[Any] = list(shape)
    at = next((i for i, letter in enumerate(letters) if letter.endswith("...")), len(letters))
    if at < len(letters):  # takes what the other letters leave: perhaps nothing, but for "n..."
        end = at + len(shape) - len(letters) + 1
        if end < at + (letters[at] != "..."):
            return None
        sizes[at:end] = [shape[at:end]]
    if len(sizes) != len(letters):
        return None
    met = dict(known)
    for i, ((letter, some), size) in enumerate(zip(way[1], sizes, strict=True)):
        empty = some and 0 in (size if isinstance(size, tuple) else (size,))
        if met.setdefault(letter, (size, name, i if i <= at else i - len(letters)))[0] != size or empty:
            return None
    return met


# --- what a refusal says ------------------------------------------------------------------------------


def wrong(name: str, expected: str, came: Any, remedy: str, error: type[Exception] = ValueError) -> Exception:
    """Build the one form of message: which argument, what was expected, what came, what to do.

    >>> wrong("p", "a probability from 0 to 1", 1.5, "Try p=0.5.")
    ValueError('p: expected a probability from 0 to 1, got 1.5. Try p=0.5.')
    """
    return error(f"{name}: expected {expected}, got {came}. {remedy}")


def _no_array(name: str, cls: type, dtype: Any, kinds: str) -> Exception:
    """Say what kind of array was expected: floats, integers or either."""
    what = " or ".join({"f": "floats", "i": "integers"}[kind] for kind in kinds)
    make = {"f": "float", "i": "int"}[kinds[0]]
    expected, came, remedy = f"an array of {what}", f"dtype {dtype}", f"Write {name}.astype({make})."
    if not (issubclass(cls, np.ndarray) and _is_plain(cls)):
        expected, came = f"a plain NumPy array of {what}", cls.__name__
        remedy = f"Write np.asarray({name}, dtype={make})."
        if hasattr(cls, "filled"):
            remedy = f"Fill its gaps, {name}.filled(0.0), or leave them out."
    elif dtype.kind == "f" and "f" in kinds:
        expected, remedy = "floats in this machine's byte order", f"Write {name}.astype(np.{dtype.name})."
    elif dtype.kind in "iu":
        came += ", which can't hold a gradient step"
    return wrong(name, expected, came, remedy, TypeError)


def _misfit(argument: Argument, way: Way, known: Known, shapes: dict[str, Any]) -> Exception:
    """Say which shape was expected, with the numbers that other arguments have settled, and what mends it."""
    name, came, axes = argument.name, shapes[argument.name], way[1]
    parts: list[str] = []
    for letter, some in axes:
        size = known[letter][0] if letter in known else f"{letter}{' > 0' * some}"
        parts += map(str, size) if isinstance(size, tuple) else [str(size)]
    expected = f"shape ({', '.join(parts)}{',' * (len(parts) == 1 and '...' not in parts[0])})"
    owner = next((known[letter][1] for letter, _ in reversed(axes) if letter in known), "")
    model = shapes.get(owner, ())
    if owner:
        expected += f" to go with {owner} of shape {model}"

    # The first of these shapes that fits mends it: what is sure, then the written remedy, then guesses.
    size, ones = math.prod(came), (1,) * len(parts)
    offers = [
        (came[::-1], f"Is it transposed? Write {name}.T."),
        ((size,), f"Write {name}.reshape(-1)."),
        (model if math.prod(model) == size else came, f"Write {name}.reshape({owner}.shape)."),
        (None, argument.remedy.format(name=name, **{letter: known[letter][0] for letter in known})),
        (came or ones, f"Write {name}.reshape{ones} for one number."),
        ((1, *came), f"Write {name}[None{', :' * (len(came) == 1)}] for one sample."),
        ((*came[:1], math.prod(came[1:])), f"Write {name}.reshape(len({name}), -1)."),
    ]
    last = f"Give it {len(parts)} axes, none of them empty."
    for axis, (letter, _) in enumerate(axes if len(axes) == len(came) else ()):
        if letter in known and known[letter][0] != came[axis]:
            last = f"Its axis {axis} goes with axis {known[letter][2]} of {known[letter][1]}."
    mends = (say for shape, say in offers if say and (shape is None or _settle(way, shape, known)))
    return wrong(name, expected, came, next(mends, last))


def _no_cache(forward: Callable[..., Any], cache: Any) -> Exception:
    name = forward.__name__
    known = isinstance(cache, tuple) and len(cache) == 4 and callable(cache[0])
    came = f"that of {cache[0].__name__}" if known else type(cache).__name__
    return wrong("cache", f"what {name} saved", came, f"Write out, cache = {name}(...).", TypeError)


def _upstream(dout: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return `dout`, as a float where the output is one number; refuse one that doesn't fit."""
    if shape == ():
        if dout.__class__ is float:
            return dout
        number = dout[()] if isinstance(dout, ndarray) and dout.shape == () else dout
        if not isinstance(number, Real):
            raise wrong("dout", "one number", f"{dout!r:.60}", "Write 1.0 for the loss itself.", TypeError)
        return float(number)
    check_floats("dout", dout)
    remedy = "It is the gradient of the loss with respect to the output, entry by entry."
    check_shape("dout", dout.shape, shape, "the output", remedy)
    if dout.dtype != dtype:
        remedy = f"Write dout.astype(np.{dtype})."
        raise wrong("dout", f"the output's dtype {dtype}", f"dtype {dout.dtype}", remedy, TypeError)
    return dout


# --- one argument alone -------------------------------------------------------------------------------


def check_number(
    name: str, x: Any, remedy: str = "", *, least: float = -INF, above: float = -INF, below: float = INF
) -> float:
    """Return a real, finite number within its bounds as a float.

    >>> check_number("p", 1.5, "Try p=0.5.", least=0, below=1)
    Traceback (most recent call last):
    ValueError: p: expected a finite number, at least 0 and below 1, got 1.5. Try p=0.5.
    """
    real = isinstance(x, Real)
    try:
        number = float(cast(float, x)) if real else math.nan
    except OverflowError:  # an integer beyond float64
        number = math.inf
    if number >= least and above < number < below:  # neither NaN nor infinity is
        return number
    bounds = {"at least": least, "above": above, "below": below}
    limits = " and ".join(f"{word} {bound}" for word, bound in bounds.items() if math.isfinite(bound))
    expected = f"a finite number{', ' * bool(limits)}{limits}"
    if real:
        raise wrong(name, expected, number, remedy or "Look for an overflow before this point.")
    came = f"an array of shape {x.shape}" if getattr(x, "shape", ()) else f"{type(x).__name__} {x!r:.40}"
    raise wrong(name, expected, came, remedy or f"Write float({name}) for a single number.", TypeError)


def check_whole(name: str, n: Any, least: int = 1) -> int:
    """Return a whole number that is large enough.

    >>> check_whole("epochs", 2.5)
    Traceback (most recent call last):
    TypeError: epochs: expected a whole number, at least 1, got 2.5. Write epochs=10, say.
    """
    whole = isinstance(n, int | np.integer)
    if not (whole and n >= least):
        remedy = f"Write {name}={max(least, 10)}, say."
        error = ValueError if whole else TypeError
        raise wrong(name, f"a whole number, at least {least}", f"{n!r:.60}", remedy, error)
    return int(n)


def check_rng(rng: Any) -> None:
    """Refuse what is not a random generator, such as a seed."""
    remedy = "Pass rng=np.random.default_rng(0), with a seed of your choice."
    check_type("rng", rng, np.random.Generator, "a NumPy random generator", remedy)


def check_type(name: str, thing: Any, cls: Any, expected: str, remedy: str) -> None:
    """Refuse what is not an instance of a class; a class itself is named as such."""
    if not isinstance(thing, cls):
        came = f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__
        raise wrong(name, expected, came, remedy, TypeError)


def check_one_of(name: str, thing: Any, choices: Collection[Any]) -> None:
    """Refuse what is not among the choices.

    >>> check_one_of("activation", "rule", ["relu", "tanh"])
    Traceback (most recent call last):
    ValueError: activation: expected one of 'relu', 'tanh', got 'rule'. Write activation='relu', say.
    """
    if thing not in choices:
        listed = ", ".join(map(repr, choices))
        say = f"Write {name}={next(iter(choices))!r}, say."
        raise wrong(name, f"one of {listed}", f"{thing!r:.60}", say)


def check_array(name: str, x: Any) -> None:
    """Refuse what is not a NumPy array; its numbers may be of any kind."""
    check_type(name, x, np.ndarray, "a NumPy array", f"Write np.asarray({name}).")


def check_floats(name: str, x: Any, *, or_integers: bool = False) -> None:
    """Refuse what is not a plain array of floats, the one kind that can take a gradient step in place."""
    kinds = "fi" if or_integers else "f"
    if not (isinstance(x, np.ndarray) and _is_plain(type(x)) and _is_of(x.dtype, kinds)):
        raise _no_array(name, type(x), getattr(x, "dtype", None), kinds)


def check_shape(name: str, came: tuple[int, ...], expected: tuple[int, ...], of: str, remedy: str) -> None:
    """Refuse a shape that is not the expected one, which is that of something named in `of`."""
    if came != expected:
        raise wrong(name, f"the shape of {of}, {expected}", came, remedy)


def check_keys(name: str, came: Collection[str], expected: Collection[str], remedy: str) -> None:
    """Refuse a dict that has other keys than another one."""
    if odd := sorted(set(came) ^ set(expected)):
        raise wrong(name, f"the keys {', '.join(map(repr, expected))}", f"{odd} in only one of them", remedy)


def check_finite(name: str, array: Any, remedy: str) -> None:
    """Refuse NaN and infinity."""
    if not np.isfinite(array).all():
        raise wrong(name, "finite numbers", "NaN or infinity", remedy)


def as_reals(name: str, x: Any) -> Array:
    """Return anything that holds real numbers, a list of rows say, as a new array of floats.

    >>> as_reals("x", [[1, 2], [3]])
    Traceback (most recent call last):
    ValueError: x: expected one shape, got rows that differ in length. Give each row as many numbers.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        remedy = "Give each row as many numbers."
        raise wrong(name, "one shape", "rows that differ in length", remedy) from None
    if array.dtype.kind not in "iuf":
        remedy = "Give floats, or an array of floats."
        raise wrong(name, "real numbers", f"{array.dtype} ({x!r:.40})", remedy, TypeError)
    return array.astype(float)
