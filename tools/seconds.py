"""Where the seconds of a test run go: by kind of test, and what one chapter more would cost.

`make test` leaves in `_build/seconds` what pytest measured of each test (JUnit's form of a report) and when
the site's build began and ended. Processes that run at the same time share the cores, so a second of a
process is less than a second of the run: it is weighed by what its phase took and what was measured in it.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

#: What a test is of, by the first pattern found in its file and name.
KINDS = {
    r"^site": "building the site",
    r"tests\.unit|^bplib": "the package: unit tests and doctests",
    r"^book[./].*": "notebooks run again and compared",
    r"tests\.book": "exercises, structure, moved figures",
    r"tests\.browser\.test_(site|reading)": "pages of the site in Chromium",
    r"tests\.browser\.test_engines": "pages in Firefox and WebKit",
    r"tests\.browser\.test_lab": "JupyterLab",
    r"tests\.browser": "kinds of figure in Chromium",
}
#: The chapter that a test is run for: by its notebook, its page, a check of its exercises or its number.
CHAPTER = re.compile(r"(?<!\d)(?!00)(\d\d)-[a-z][\w-]+|\bch(\d\d)\.|\[(\d\d)\b")
#: What is done for all pages in one go.
VISITS = re.compile(r"^site$|test_every_page_is_whole")
EXECUTED = re.compile(r"/(book/[\w-]+)\.ipynb: Executed notebook in ([\d.]+) seconds")
PAGE = re.compile(r"test_page_is_whole\[book/")


@dataclass
class Report:
    """What ran from `begin` to `end`, and the seconds of each test in it."""

    begin: float
    end: float
    tests: list[tuple[str, float]]


def reports(folder: Path) -> Iterator[Report]:
    """Read what a run left in a folder."""
    for path in folder.glob("*.xml"):
        (suite,) = ET.parse(path).iter("testsuite")
        began = datetime.fromisoformat(suite.attrib["timestamp"]).astimezone(UTC).timestamp()
        tests = [
            (f"{case.get('classname')}::{case.get('name')}", float(case.get("time", 0)))
            for case in suite.iter("testcase")
        ]
        yield Report(began, began + float(suite.attrib["time"]), tests)
    if (stamps := folder / "site").exists():
        begin, end = map(float, stamps.read_text().split())
        log = (folder / "site.log").read_text(encoding="utf-8")
        runs = [(f"site::{name}", float(seconds)) for name, seconds in EXECUTED.findall(log)]
        rest = end - begin - sum(seconds for _, seconds in runs)
        yield Report(begin, end, [*runs, ("site", rest)])


def weighed(found: list[Report]) -> Iterator[tuple[str, float]]:
    """Yield each test with its share of the seconds that the run took, phase by phase."""
    phase: list[Report] = []
    for report in [*sorted(found, key=lambda report: report.begin), None]:
        if phase and (report is None or report.begin > max(r.end for r in phase)):
            took = max(r.end for r in phase) - phase[0].begin
            factor = took / sum(seconds for r in phase for _, seconds in r.tests)
            yield from ((name, factor * seconds) for r in phase for name, seconds in r.tests)
            phase = []
        if report:
            phase.append(report)


def kind_of(name: str) -> str:
    """Say what a test is of."""
    return next(kind for pattern, kind in KINDS.items() if re.search(pattern, name))


def chapter_of(name: str) -> tuple[str, str]:
    """Part a test's name into the chapter and what is left, the same for all chapters."""
    found = CHAPTER.search(name)
    rest = re.split(r"\[|(?<=[./])\d\d-", name)[0]  # site::book/ of site::book/01-credit-assignment
    return (next(filter(None, found.groups())), rest) if found else ("", rest)


def further(tests: list[tuple[str, float]]) -> Counter[str]:
    """Return what a further chapter with its exercises costs, by kind: the median of those that there are."""
    of: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by kind and what is the same, by chapter
    for name, seconds in tests:
        chapter, rest = chapter_of(name)
        of[f"{kind_of(name)}::{rest}"][chapter] += seconds
    known = {chapter_of(name)[0] for name, _ in tests if PAGE.search(name)} - {""}
    costs: Counter[str] = Counter()
    for key, each in of.items():
        if known and known <= set(each):
            costs[key.partition("::")[0]] += median(each[chapter] for chapter in known)
    pages = sum("test_page_is_whole[" in name for name, _ in tests)
    for name, seconds in tests:
        if pages and VISITS.search(name):
            costs[kind_of(name)] += 2 * seconds / pages  # the chapter and its exercises
    return costs


def main(folder: Path) -> None:
    """Print both tables."""
    tests = list(weighed(list(reports(folder))))
    seconds: Counter[str] = Counter()
    for name, took in tests:
        seconds[kind_of(name)] += took
    for title, table in (("the run", seconds), ("a chapter more", further(tests))):
        print(f"{sum(table.values()):7.1f} s  {title}")
        for kind, took in table.most_common():
            print(f"{took:11.1f}  {kind}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
