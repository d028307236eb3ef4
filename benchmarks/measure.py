"""How everything here is timed: side by side, in turns."""

import gc
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from types import ModuleType

#: How long one turn of one contestant lasts, in seconds, and how many turns each gets.
TURN = 0.02
ROUNDS = 15


@dataclass
class Table:
    """What a topic hands back: a title, rows of cells, and sentences about how to read them."""

    title: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [f"## {self.title}", "", *(f"{note}\n" for note in self.notes)]
        lines += ["| " + " | ".join(self.header) + " |", "|" + " --- |" * len(self.header)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


@dataclass
class Times:
    """Seconds a call, one list for each contestant, entry i of every list from the same round."""

    rounds: dict[str, list[float]]

    def seconds(self, name: str) -> float:
        """Return the median time of a call."""
        return median(self.rounds[name])

    def ratio(self, name: str, other: str) -> float:
        """Return the median over the rounds of `name`'s time divided by `other`'s."""
        pairs = zip(self.rounds[name], self.rounds[other], strict=True)
        return median(a / b for a, b in pairs)


def compare(
    contestants: dict[str, Callable[[], object]],
    *,
    rounds: int = ROUNDS,
    turn: float = TURN,
    collector: bool = True,
) -> Times:
    """Time every contestant in every round, so that a busy moment of the machine meets all of them.

    Counted is the time that passes, as a library that waits for threads of its own makes its user wait too.
    In a turn the call is repeated for `turn` seconds, at least once, and the median call counts: on a busy
    machine some calls are interrupted, most are not. The order turns by one from round to round. The garbage
    collector runs as it does in a program, unless `collector` is False.
    """
    for call in contestants.values():
        call()  # compile, allocate, fill caches
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for _ in range(rounds):
        for name in names:
            gc.collect()  # what one left behind is not swept up in the next one's turn
            if not collector:
                gc.disable()
            times[name].append(median(_turn(contestants[name], turn)))
            gc.enable()
        names.append(names.pop(0))
    return Times(times)


def _turn(call: Callable[[], object], seconds: float) -> list[float]:
    """Return how long each call took that was started in so many seconds."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while not taken or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return taken


def peer(name: str) -> ModuleType | None:
    """Import a peer, or return None where it isn't installed: its row then says so."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    if name == "torch":
        module.set_num_threads(1)
    if name in ("torch", "jax"):
        gc.freeze()  # a million objects that no sweep need look at again
    return module


def duration(seconds: float) -> str:
    """Write a time with three digits and a unit."""
    unit, size = next((u for u in (("s", 1.0), ("ms", 1e-3)) if seconds >= u[1]), ("µs", 1e-6))
    return f"{seconds / size:.3g} {unit}"
