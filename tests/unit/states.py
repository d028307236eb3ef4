"""States of one figure, good, damaged, older and newer: Python and the page read each of them alike."""

from bplib.scalar import Value
from bplib.widgets.live import live, task


def FIGURE():  # noqa: N802, it is a constant that no two tests share
    w, b = Value(0.5, "w"), Value(0.1, "b")
    tasks = [task("one"), task("two"), task("three")]
    return live((w * w + b).named("loss"), {w: (-2, 2), b: (-2, 2)}, params=[w], name="pair", tasks=tasks)


#: What follows "pair:", and [inputs, rate, task] that it leads to from task 1, or None if it is refused.
STATES = [
    ("1:w=1.5,b=-1", [[1.5, -1.0], 0.1, 1]),
    ("1:w=1.5", [[1.5, 0.1], 0.1, 1]),
    ("1:b=-1e-3,w=.5", [[0.5, -0.001], 0.1, 1]),
    ("1:w=1&rate=2", [[1.0, 0.1], 2.0, 1]),
    ("1:w=1&task=3", [[1.0, 0.1], 0.1, 3]),
    ("1:w=1&rate=2.5&task=2", [[1.0, 0.1], 2.5, 2]),
    ("1:&task=2", [[0.5, 0.1], 0.1, 2]),
    # The first form had no version and numbers only.
    ("w=1.5,b=-1", [[1.5, -1.0], 0.1, 1]),
    ("w=1", [[1.0, 0.1], 0.1, 1]),
    # Of an older edition, which had another input; of a newer one.
    ("w=1,v=2", None),
    ("1:v=2", None),
    ("2:w=1", None),
    ("10:w=1", None),
    # Damaged.
    ("", None),
    ("1", None),
    ("1:", None),
    ("1:w", None),
    ("1:w=", None),
    ("1:w=a", None),
    ("1:w=nan", None),
    ("1:w=1,w=1", None),
    ("1:w=1,", None),
    ("1:w=0=1", None),
    ("1:W=1", None),
    ("1:w=9", None),
    ("1:w=1e999", None),
    ("1:w=1&rate=0", None),
    ("1:w=1&rate=-1", None),
    ("1:w=1&rate=1e999", None),
    ("1:w=1&rate=", None),
    ("1:w=1&rate=1&rate=1", None),
    ("1:w=1&task=0", None),
    ("1:w=1&task=4", None),
    ("1:w=1&task=1.5", None),
    ("1:w=1&speed=2", None),
    ("1:w=1&", None),
    ("-1:w=1", None),
    ("one:w=1", None),
]
