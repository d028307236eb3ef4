"""Where the seconds of a test run go: by kind of test, and what one chapter more would cost.

`make test` leaves in `_build/seconds` what pytest measured of each test (JUnit's form of a report) and when
the site's build began and ended. Seconds are those of one process. `make test` keeps both of CI's cores at
work, so the run as a whole takes half of them.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

#: What a test is of, by the first pattern found in its file and name.
KINDS = {
    r"tests\.unit|^bplib": "the package: unit tests and doctests",
    r"^book[./].*": "notebooks run again and compared",
    r"tests\.book": "exercises, structure, moved figures",
    r"tests\.browser\.test_(site|reading)": "pages of the site in Chromium",
    r"tests\.browser\.test_engines": "pages in Firefox and WebKit",
    r"tests\.browser\.test_lab": "JupyterLab",
    r"tests\.browser": "kinds of figure in Chromium",
}
SITE = "building the site"
CORES = 2  # of CI, and processes that `make test` keeps at work


def tests(folder: Path) -> Iterator[tuple[str, float]]:
    """Yield each test of the reports in a folder: its file and name, and its seconds."""
    for report in sorted(folder.glob("*.xml")):
        for case in ET.parse(report).iter("testcase"):
            yield f"{case.get('classname')}::{case.get('name')}", float(case.get("time", 0))


def chapters(names: list[str]) -> set[str]:
    """Name the chapters whose pages were visited, as 01-credit-assignment."""
    return {
        stem for name in names for stem in re.findall(r"is_whole\[book/(0[1-9]-[\w-]+|[1-9]\d-[\w-]+)", name)
    }


def main(folder: Path) -> None:
    """Print both tables."""
    measured = list(tests(folder))
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for name, took in measured:
        kind = next(kind for pattern, kind in KINDS.items() if re.search(pattern, name))
        counts[kind] += 1
        seconds[kind] += took
    if (stamps := folder / "site").exists():
        begin, end = map(int, stamps.read_text().split())
        seconds[SITE] = end - begin
    for kind, took in seconds.most_common():
        print(f"{took:7.1f} s  {kind}" + (f" ({counts[kind]})" if counts[kind] else ""))
    if not (known := chapters([name for name, _ in measured])):
        return
    own: Counter[str] = Counter()
    for name, took in measured:
        for stem in known:
            if stem in name or re.search(rf"\[(.*-)?ch{stem[:2]}\.|\[{stem[:2]}\b", name):
                own[stem] += took
    pages = len({name for name, _ in measured if "test_page_is_whole[" in name})
    visits = sum(took for name, took in measured if "test_every_page_is_whole" in name)  # in other engines
    for stem in known:
        own[stem] += (seconds[SITE] + visits) / pages * 2  # the chapter and its exercises
    each = ", ".join(f"{stem[:2]}: {own[stem]:.1f}" for stem in sorted(known))
    mean = sum(own.values()) / len(known)
    print(f"{mean:7.1f} s  a chapter, of one process ({each}); {mean / CORES:.1f} s of the whole run")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
