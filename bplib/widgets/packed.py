"""Arrays as they travel to the page: base64 of the smallest type that holds every number.

After `program` and `frames` know what to send, this says how: little-endian bytes, read again by
static/engine/packed.js. Nothing is rounded here; what may be is `frames`' to say.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from bplib.contract import Array

#: What static/engine/packed.js reads, smallest first: little-endian whole numbers, then floats.
TYPES = {"u1": "<u1", "i4": "<i4", "f4": "<f4", "f8": "<f8"}


def pack(array: Array) -> dict[str, Any]:
    """Write an array as its shape, a type, and base64.

    Examples
    --------
    >>> import numpy as np
    >>> pack(np.array([[0.0, 2.0]]))
    {'shape': [1, 2], 'type': 'u1', 'data': 'AAI='}
    >>> pack(np.array([0.5]))["type"], pack(np.array([0.1]))["type"]
    ('f4', 'f8')
    """
    for name, code in TYPES.items():
        with np.errstate(all="ignore"):
            small = array.astype(code)
            same = np.array_equal(small.astype(array.dtype), array, equal_nan=array.dtype.kind == "f")
        if same or name == "f8":
            break
    text = base64.b64encode(small.tobytes()).decode("ascii")
    return {"shape": list(array.shape), "type": name, "data": text}
