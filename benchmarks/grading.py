"""Grade a class of 200 as a teacher does, and compare each grade with the one it deserves.

`python benchmarks/grading.py` (--class N, --jobs N) makes a course, fills it with hand-ins of every kind that
`tests/book/hand_ins.py` knows, each at least once, runs the course's own command and prints what came of it:
minutes, memory, and every grade that is not as it should be. It ends with 1 if there is one.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "book"))

from hand_ins import FIRST, FOURTH, KINDS, Course, Kind, deserved, hand_in, verdict  # noqa: E402

#: What most of a class hands in; these fill the class up.
USUAL = [kind for kind in KINDS if kind.name[:3] in {"s01", "s02", "s03", "s18", "t02", "t03", "t04", "t06"}]


class Memory:
    """The most memory that a process and all below it have held at once, looked at ten times a second."""

    def __init__(self, process: int) -> None:
        self.process, self.peak, self.seen = process, 0, 0
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self) -> None:
        """Look until the process is gone."""
        while Path(f"/proc/{self.process}").exists():
            shares = [self.held(process) for process in self.family(self.process)]
            self.peak, self.seen = max(self.peak, sum(shares)), self.seen + 1
            time.sleep(0.1)

    def family(self, process: int) -> Iterator[int]:
        """List a process and all below it."""
        yield process
        try:
            children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        except OSError:
            return
        for child in children:
            yield from self.family(int(child))

    def held(self, process: int) -> int:
        """Return what a process holds, its share of what it shares, in bytes."""
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def hand_ins(size: int) -> Iterator[tuple[str, Kind]]:
    """Name a class: every kind once, then the usual ones in turn."""
    for k in range(size):
        kind = KINDS[k] if k < len(KINDS) else USUAL[(k - len(KINDS)) % len(USUAL)]
        yield f"{k:03}-{kind.name}", kind


def command(folder: Path, *arguments: str) -> tuple[float, int]:
    """Run the course's command; return seconds and the most memory held."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "grade.py", *arguments], cwd=folder)
    memory = Memory(process.pid)
    if process.wait():
        raise SystemExit(f"grade.py {' '.join(arguments)} has failed.")
    memory.thread.join()
    return time.perf_counter() - begin, memory.peak


def main() -> int:
    parser = argparse.ArgumentParser(description="Grade a simulated class and compare.")
    parser.add_argument("--class", dest="size", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="class-") as place:
        folder = Path(place) / "course"
        make = [sys.executable, str(ROOT / "tools" / "notebooks.py"), "--assignments", str(folder)]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        course = Course(folder)
        students = dict(hand_ins(max(options.size, len(KINDS))))
        for student, kind in students.items():
            hand_in(course, kind, student)
        minutes, peak = dict.fromkeys(("run", "collect"), 0.0), 0
        for assignment in (FIRST, FOURTH):
            for step in minutes:
                took, held = command(folder, step, assignment, "--jobs", str(options.jobs))
                minutes[step], peak = minutes[step] + took / 60, max(peak, held)
        wrong = report(course, students)
    print(
        f"\n{len(students)} hand-ins of {len(KINDS)} kinds, {options.jobs} at once: {wrong or 'none'} wrong."
    )
    print(f"Grading {minutes['run']:.1f} minutes, gradebook and feedback {minutes['collect']:.1f} minutes,")
    print(f"at most {peak / 1e9:.2f} GB of memory.")
    return 1 if wrong else 0


def report(course: Course, students: dict[str, Kind]) -> int:
    """Print each kind's grade beside the one it deserves; return how many hand-ins came out wrong."""
    with (course.folder / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {(row["assignment"], row["student_id"]): row for row in csv.DictReader(file)}
    wrong, shown = 0, set()
    print("| kind | deserves | got | |\n| --- | --- | --- | --- |")
    for student, kind in students.items():
        path = course.folder / "results" / student / f"{kind.assignment}.json"
        said = verdict(course, kind, json.loads(path.read_text(encoding="utf-8")))
        row, due = rows[kind.assignment, student], deserved(course, kind)
        got = row["raw_score"] or row["score"]
        if not said and not isinstance(due, str) and float(got) != due:
            said = "the gradebook has another number than the result"
        wrong += bool(said)
        if said or kind not in shown:
            print(f"| {kind.name} | {due} | {got} | {said or 'right'} |")
        shown.add(kind)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
