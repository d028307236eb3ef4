"""What may cross the pipe between a check and a student's function.

Numbers, text, arrays, and tuples, lists and dicts of them, and the place of a check's own function.

Everything is JSON; an array is its type, its shape and its bytes in base64, so nothing here can run code.
Both ends use this file. `decode` trusts nothing: what it does not know is a `WireError`. Whatever else a
function returns arrives as an `Other`, which says what it was called and compares with nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_BYTES = 16_000_000
MAX_TEXT = 1_000
_BITS = 1_000  # of an int; beyond, it is described
_DTYPE = re.compile(r"[<>|=]?[biufc]\d{1,2}")
_TELLING = ("data", "grad", "local_grads")  # attributes by which a check recognises an engine's number


class WireError(Exception):
    """What came over the pipe is not of this form."""


class Other:
    """Stands for a result that is no number, text or array; its class has the name of the result's class."""


def encode(value: Any, functions: list[Callable[..., Any]] | None = None) -> Any:
    """Return `value` as JSON can hold it; a function goes into `functions`, and its place crosses."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)[:MAX_TEXT]
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        if array.nbytes <= MAX_BYTES // 2:
            kind = "array" if isinstance(value, np.ndarray) else "scalar"
            return {kind: [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]}
    elif isinstance(value, int):
        if int(value).bit_length() <= _BITS:
            return int(value)
    elif isinstance(value, float):
        return float(value)
    elif isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    elif isinstance(value, tuple | list):
        return {"tuple" if isinstance(value, tuple) else "list": [encode(part, functions) for part in value]}
    elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: encode(part, functions) for key, part in value.items()}}
    elif callable(value) and functions is not None:
        functions.append(value)
        return {"function": len(functions) - 1}
    return {"other": type(value).__name__, "has": [name for name in _TELLING if hasattr(value, name)]}


def decode(data: Any, function: Callable[[int], Any] | None = None) -> Any:
    """Return the value that `encode` was given; `function` makes a callable of a function's place."""
    if data is None or isinstance(data, bool | int | float | str):
        return data
    if not isinstance(data, dict) or not data:
        raise WireError("not a value")
    kind, content = next(iter(data.items()))
    try:
        if kind in ("array", "scalar"):
            return _array(*content) if kind == "array" else _array(*content)[()]
        if kind == "complex":
            return complex(*content)
        if kind in ("tuple", "list"):
            parts = [decode(part, function) for part in content]
            return tuple(parts) if kind == "tuple" else parts
        if kind == "dict":
            return {str(key): decode(part, function) for key, part in content.items()}
        if kind == "function" and function is not None and isinstance(content, int):
            return function(content)
        if kind == "other":
            has = [name for name in _TELLING if name in data.get("has", [])]
            return type(class_name(content), (Other,), dict.fromkeys(has))()
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise WireError(f"not a value: {type(error).__name__}") from None
    raise WireError("not a value")


def class_name(said: Any) -> str:
    """Return a name that may be a class's, from what a student's process says one is called."""
    return re.sub(r"\W", "", str(said)[:60]) or "object"


def _array(dtype: str, shape: list[int], content: str) -> np.ndarray[Any, Any]:
    if not _DTYPE.fullmatch(dtype):
        raise WireError("not an array of numbers")
    flat = np.frombuffer(base64.b64decode(content, validate=True), np.dtype(dtype))
    if any(type(n) is not int or n < 0 for n in shape):
        raise WireError("not a shape")
    return flat.reshape(shape).copy()
