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
from numpy.typing import NDArray

Array = NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])

#: Every forward function and its backward, in the order in which they were written down.
VJP: dict[Callable[..., Any], Callable[..., Any]] = {}


class Saved(NamedTuple):
    """A cache: what a forward kept, and what the `dout` that comes back must look like."""

    op: Callable[..., Any]
    shape: tuple[int, ...]
    dtype: Any
    kept: Any


def takes(spec: str, **remedies: str) -> Callable[[Function], Function]:
    """Hold a forward function to the shapes of its arrays, and save what its `dout` must look like.

    The function returns ``(out, what its backward needs)``, its callers get ``(out, Saved)``. A remedy that is
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
        new = tuple.__new__  # half the price of Saved(...)

        @wraps(forward)
        def checked(*args: Any, **options: Any) -> tuple[Any, Saved]:
            arrays = (*args, *[options.get(name) for name in names[len(args) :]]) if options else args
            try:
                forms = tuple([None if a is None else (a.__class__, a.shape, a.dtype) for a in arrays])
            except AttributeError:  # something is no array: `_fit` says which
                forms = tuple(map(_form, arrays))
            fits(forms)
            out, kept = forward(*args, **options)
            return out, new(Saved, (checked, out.shape, out.dtype, kept))

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
            if cache.__class__ is not Saved or cache[0] is not forward:
                raise _no_cache(forward, cache)
            _, shape, dtype, kept = cache
            if (
                not shape
                or dout.__class__ is not np.ndarray
                or dout.shape != shape
                or dout.dtype is not dtype
            ):
                dout = _upstream(dout, shape, dtype)
            return backward(dout, kept, **options)

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


class Dims(NamedTuple):
    """One way an argument may look: its kind, "f" or "i", and its axes, each a letter and its least size."""

    kind: str
    axes: tuple[tuple[str, int], ...]


class Argument(NamedTuple):
    """What one argument may be."""

    name: str
    ways: tuple[Dims, ...]
    optional: bool
    remedy: str


#: What a check looks at: class, shape and dtype. None for an argument left out.
Form = tuple[type, Any, Any] | None
NOTHING: Form = (type(None), None, None)
#: What a letter stands for, and which argument settled that, by which of its axes.
Known = dict[str, tuple[Any, str, int]]


def _read(spec: str, remedies: dict[str, str]) -> list[Argument]:
    wanted = []
    for name, ways, optional in re.findall(r"(\w+) \(([^)]*)\)(\??)", spec):
        found = []
        for way in ways.split("|"):
            kind, text = ("i", way.strip()[4:]) if way.strip().startswith("int ") else ("f", way)
            axes = re.findall(r"([\w.]+)( > 0)?", text)
            found.append(Dims(kind, tuple((letter, bool(some)) for letter, some in axes)))
        wanted.append(Argument(name, tuple(found), bool(optional), remedies.get(name, "")))
    return wanted


def _form(x: Any) -> Form:
    return None if x is None else (x.__class__, getattr(x, "shape", None), getattr(x, "dtype", None))


def _fit(wanted: list[Argument], forms: tuple[Form, ...]) -> None:
    """Refuse arguments that are not such arrays, or whose shapes don't go together."""
    given = [(a, f) for a, f in zip(wanted, forms, strict=False) if not (f is None and a.optional)]
    chosen = [(argument, _way(argument, form), form) for argument, form in given]
    floats = {a.name: form[2] for a, way, form in chosen if form and way.kind == "f"}
    if len(set(floats.values())) > 1:
        came = " and ".join(sorted({str(dtype) for dtype in floats.values()}))
        remedy = "Convert them to one, for example with .astype(np.float64)."
        raise wrong(", ".join(floats), "one dtype for all", came, remedy, TypeError)
    known: Known = {}
    shapes: dict[str, Any] = {}
    for argument, way, form in chosen:
        shape = shapes[argument.name] = cast(Any, form)[1]
        met = _settle(way, shape, known, argument.name)
        if met is None:
            raise _misfit(argument, way, known, shapes)
        known = met


def _way(argument: Argument, form: Form) -> Dims:
    """Choose the way an argument is meant by the kind of its numbers."""
    cls, _, dtype = cast(Any, form or NOTHING)
    for way in argument.ways:
        if _is_plain(cls) and (_is_float(dtype) if way.kind == "f" else dtype.kind in "iu"):
            return way
    raise _no_array(argument.name, cls, dtype, [way.kind for way in argument.ways])


def _is_plain(cls: type) -> bool:
    return cls is np.ndarray or cls is np.memmap or issubclass(cls, np.generic)


def _is_float(dtype: Any) -> bool:
    return dtype.kind == "f" and bool(dtype.isnative)


def _settle(way: Dims, shape: tuple[int, ...], known: Known, name: str = "") -> Known | None:
    """Lay the letters over a shape. Return all that is known then, or None where they don't fit."""
    letters = [letter for letter, _ in way.axes]
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
    for i, ((letter, some), size) in enumerate(zip(way.axes, sizes, strict=True)):
        axis = i if i <= at else i - len(letters)
        empty = some and 0 in (size if isinstance(size, tuple) else (size,))
        if met.setdefault(letter, (size, name, axis))[0] != size or empty:
            return None
    return met


# --- what a refusal says ------------------------------------------------------------------------------


def wrong(name: str, expected: str, came: Any, remedy: str, error: type[Exception] = ValueError) -> Exception:
    """Build the one form of message: which argument, what was expected, what came, what to do.

    >>> wrong("p", "a probability from 0 to 1", 1.5, "Try p=0.5.")
    ValueError('p: expected a probability from 0 to 1, got 1.5. Try p=0.5.')
    """
    return error(f"{name}: expected {expected}, got {came}. {remedy}")


def _no_array(name: str, cls: type, dtype: Any, kinds: Collection[str]) -> Exception:
    """Say what kind of array was expected: floats, integers or either."""
    what = " or ".join({"f": "floats", "i": "integers"}[kind] for kind in kinds)
    make = {"f": "float", "i": "int"}[next(iter(kinds))]
    if not issubclass(cls, np.ndarray):
        remedy = f"Write np.asarray({name}, dtype={make})."
        return wrong(name, f"a NumPy array of {what}", cls.__name__, remedy, TypeError)
    if not _is_plain(cls):
        gaps = f"Fill its gaps, {name}.filled(0.0), or leave them out."
        remedy = gaps if hasattr(cls, "filled") else f"Write np.asarray({name})."
        return wrong(name, f"a plain NumPy array of {what}", cls.__name__, remedy, TypeError)
    if dtype.kind == "f" and "f" in kinds:
        remedy = f"Write {name}.astype(np.{dtype.name})."
        return wrong(name, "floats in this machine's byte order", f"dtype {dtype}", remedy, TypeError)
    why = ", which can't hold a gradient step" if dtype.kind in "iu" else ""
    remedy = f"Write {name}.astype({make})."
    return wrong(name, f"an array of {what}", f"dtype {dtype}{why}", remedy, TypeError)


def _misfit(argument: Argument, way: Dims, known: Known, shapes: dict[str, Any]) -> Exception:
    """Say which shape was expected, with the numbers that other arguments have settled, and what mends it."""
    name, came = argument.name, shapes[argument.name]
    parts: list[str] = []
    for letter, some in way.axes:
        size = known[letter][0] if letter in known else f"{letter}{' > 0' * some}"
        parts += map(str, size) if isinstance(size, tuple) else [str(size)]
    expected = f"shape ({', '.join(parts)}{',' * (len(parts) == 1 and '...' not in parts[0])})"
    owner = next((known[letter][1] for letter, _ in reversed(way.axes) if letter in known), "")
    model = shapes[owner] if owner else None
    if owner:
        expected += f" to go with {owner} of shape {model}"
    n, size, axes = len(came), math.prod(came), len(parts)
    sure = [
        (n == 2, came[::-1], f"Is it transposed? Write {name}.T."),
        (owner, (size,), f"Write {name}.reshape(-1)."),
        (owner and math.prod(model or ()) == size, model, f"Write {name}.reshape({owner}.shape)."),
    ]
    guesses = [
        (n == 0, (1,) * axes, f"Write {name}.reshape({', '.join('1' * axes)}) for one number."),
        (n == 1, (1, *came), f"Write {name}[None, :] for one sample."),
        (n > 1, (1, *came), f"Write {name}[None] for one sample."),
        (n > 2, (*came[:1], math.prod(came[1:])), f"Write {name}.reshape(len({name}), -1)."),
    ]
    written = argument.remedy.format(name=name, **{letter: known[letter][0] for letter in known})
    last = f"Give it {axes} axes, none of them empty."
    for axis, (letter, _) in enumerate(way.axes):
        if n == axes == len(way.axes) and letter in known and came[axis] != known[letter][0]:
            last = f"Its axis {axis} goes with axis {known[letter][2]} of {known[letter][1]}."

    def cures(choice: list[tuple[Any, Any, str]]) -> str:
        return next((say for can, shape, say in choice if can and _settle(way, shape, known) is not None), "")

    return wrong(name, expected, came, cures(sure) or written or cures(guesses) or last)


def _no_cache(forward: Callable[..., Any], cache: Any) -> Exception:
    name = forward.__name__
    came = f"that of {cache.op.__name__}" if isinstance(cache, Saved) else type(cache).__name__
    return wrong("cache", f"what {name} saved", came, f"Write out, cache = {name}(...).", TypeError)


def _upstream(dout: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return `dout`, as a float where the output is one number; refuse one that doesn't fit."""
    cls, came, kind = cast(Any, _form(dout) or NOTHING)
    if shape == ():
        if cls is float:
            return dout
        if isinstance(dout, Real) or (_is_plain(cls) and came == () and kind.kind in "fiu"):
            return float(dout)
        raise wrong("dout", "one number", f"{dout!r:.60}", "Write 1.0 for the loss itself.", TypeError)
    if not _is_plain(cls):
        remedy = f"Write np.asarray(dout, dtype=np.{dtype})."
        raise wrong("dout", f"a NumPy array of shape {shape}", cls.__name__, remedy, TypeError)
    if came != shape:
        remedy = "It is the gradient of the loss with respect to the output, entry by entry."
        raise wrong("dout", f"the output's shape {shape}", f"shape {came}", remedy)
    if kind != dtype:
        remedy = f"Write dout.astype(np.{dtype})."
        raise wrong("dout", f"the output's dtype {dtype}", f"dtype {kind}", remedy, TypeError)
    return dout


# --- one argument alone -------------------------------------------------------------------------------


def check_number(
    name: str,
    x: Any,
    remedy: str = "",
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
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
    if math.isfinite(number) and least <= number <= most and above < number < below:
        return number
    bounds = {"at least": least, "above": above, "at most": most, "below": below}
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


def check_type(name: str, thing: Any, cls: type | tuple[type, ...], expected: str, remedy: str) -> None:
    """Refuse what is not an instance of a class; a class itself is named as such."""
    if not isinstance(thing, cls):
        came = f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__
        raise wrong(name, expected, came, remedy, TypeError)


def check_callable(name: str, thing: Any, remedy: str) -> None:
    """Refuse what can't be called."""
    if not callable(thing):
        raise wrong(name, "a function", f"{thing!r:.60}", remedy, TypeError)


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


def check_floats(name: str, x: Any) -> None:
    """Refuse what is not a plain array of floats, the one kind that can take a gradient step in place."""
    _check_kind(name, x, "f")


def check_reals(name: str, x: Any) -> None:
    """Refuse what is not a plain array of real numbers, floats or integers."""
    _check_kind(name, x, "fi")


def _check_kind(name: str, x: Any, kinds: str) -> None:
    dtype = getattr(x, "dtype", None)
    whole = "i" in kinds and getattr(dtype, "kind", "") in tuple("iu")
    if not (isinstance(x, np.ndarray) and _is_plain(type(x)) and (whole or _is_float(dtype))):
        raise _no_array(name, type(x), dtype, kinds)


def check_shape(name: str, came: tuple[int, ...], expected: tuple[int, ...], of: str, remedy: str) -> None:
    """Refuse a shape that is not the expected one, which is that of something named in `of`."""
    if came != expected:
        raise wrong(name, f"the shape of {of}, {expected}", came, remedy)


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
