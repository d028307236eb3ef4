"""A class's hand-ins: each gets the grade it deserves, or a reason; no student's code decides anything.

`hand_ins.py` has the kinds; `benchmarks/grading.py` runs all of them, here are those that take no time.
"""

from __future__ import annotations

import csv
import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import hand_ins
import nbformat
import numpy as np
import pytest
from grading import command, sandbox, wire
from grading.course import COURSE_ID, CourseError, database, settings, write_course
from grading.grade import Assignment, faults_of_solution, grade
from grading.gradebook import load_result
from grading.sandbox import Limits, SandboxError, ensure_sandbox
from grading.session import Session
from grading.source import SourceError, faults, read_source
from hand_ins import FIRST, FOURTH, KINDS, REVIEW, Course, hand_in
from nbgrader.api import Gradebook
from notebooks import BOOK, ROOT, release

from bplib.checks import Check

LIMITS = Limits(call_seconds=1.0)
GUIDE = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def walls():
    try:
        ensure_sandbox(LIMITS)
    except SandboxError as why:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{why}")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A course folder, made as `make assignments` makes it."""
    folder = tmp_path_factory.mktemp("class") / "course"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rule = re.search(r"^assignments:.*\n\t\$\(BIN\)/(python .*)$", makefile, re.M)[1]
    run(rule.replace("_build/assignments", shlex.quote(str(folder))), ROOT)
    return folder


@pytest.fixture(scope="module")
def course(made) -> Course:
    return Course(made)


@pytest.fixture(scope="module")
def assignments(made) -> dict[str, Assignment]:
    return {name: Assignment(made, name, name) for name in (FIRST, FOURTH)}


IN_THE_BENCHMARK = re.findall(r"\w+", "s12 s16 s19 f07 n08 n10 n11 n12 d01 d03 d05 d06 d08 d09 c09 c10 c12")
QUICK = [kind for kind in KINDS if kind.name[:3] not in IN_THE_BENCHMARK]


@pytest.mark.parametrize("kind", QUICK, ids=lambda kind: kind.name)
def test_hand_in_gets_what_it_deserves(course, assignments, kind):
    result = grade(assignments[kind.assignment], hand_in(course, kind), LIMITS)
    assert not hand_ins.verdict(course, kind, json.loads(json.dumps(result)))


TABLE_C1 = "s01 s02 s03 s04 s05 s06 s07 s08 s09 s10 s11 s12 s13 s14 s16 s18 t02 t03 t04 t06"


def test_every_row_of_the_review_has_a_kind():
    measured = re.findall(r"\w+", TABLE_C1)
    assert set(measured) <= {kind.name[:3] for kind in REVIEW}


def test_a_kind_that_comes_out_wrong_is_seen(course, assignments):
    """`verdict`, by which everything here is judged, is no rubber stamp."""
    perfect, empty = REVIEW[0], REVIEW[1]
    result = grade(assignments[FIRST], hand_in(course, empty, "another-empty"), LIMITS)
    assert "ex1-check" in hand_ins.verdict(course, perfect, result)
    assert hand_ins.verdict(course, empty, result) == ""
    assert hand_ins.verdict(course, hand_ins.FILES[0], result).startswith("should not be graded")


SOLUTIONS = sorted((BOOK / "solutions").glob("*.ipynb"))


def test_assignments_are_ready_for_nbgrader(made):
    for path in SOLUTIONS:
        released = nbformat.read(made / "release" / path.stem / path.name, as_version=4)
        graded = [c.metadata.nbgrader for c in released.cells if c.metadata.get("nbgrader", {}).get("grade")]
        assert graded and all(cell.checksum for cell in graded)
        assert (made / "source" / path.stem / path.name).read_bytes() == path.read_bytes()
    assert settings(made).CourseDirectory.course_id == "backpropagation-live"


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_get_full_marks(made, path):
    assert faults_of_solution(Assignment(made, path.stem, path.stem), LIMITS) == []


# What crosses


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -(2**70), 0.1, float("inf"), 2 + 3j, "text", (1, [2.0, (3,)]), {"a": [1]},
     np.float32(0.1), np.arange(6, dtype=np.int16).reshape(2, 3), np.zeros((0, 2)), np.array(3.5),
     np.ones(2, complex)],
    ids=repr,
)  # fmt: skip
def test_values_cross_whole(value):
    came = wire.decode(json.loads(json.dumps(wire.encode(value))))
    assert type(came) is type(value)
    assert np.array_equal(came, value) if isinstance(value, np.ndarray) else came == value
    assert getattr(came, "dtype", None) == getattr(value, "dtype", None)
    assert getattr(came, "shape", None) == getattr(value, "shape", None)


def test_every_exercise_sends_arguments_that_can_cross():
    for chapter in ("ch01", "ch02", "ch03", "ch04", "ch05"):
        for check in vars(import_module(f"bplib.exercises.{chapter}")).values():
            if isinstance(check, Check):
                for case in check.cases:
                    assert '"other"' not in json.dumps([wire.encode(value) for value in case.values()])


@pytest.mark.parametrize(
    "data",
    [[1], {}, {"array": ["O", [1], "AAAAAAAAAAA="]}, {"array": ["<f8", [3], "AAAAAAAAAAA="]},
     {"array": ["<f8", [-1], ""]}, {"array": ["<f8", [1]]}, {"tuple": 3}, {"dict": [1]}, {"function": 0},
     {"pickle": "gASVAAA="}, {"array": "abc"}],
    ids=repr,
)  # fmt: skip
def test_what_is_no_value_is_refused(data):
    with pytest.raises(wire.WireError):
        wire.decode(data)


def test_other_objects_are_described_and_equal_nothing():
    class Sly:
        grad = data = 1.0

        def __eq__(self, other):
            return True

    came = wire.decode(wire.encode(Sly()))
    assert type(came).__name__ == "Sly" and came != 1.0 and came.data is None
    assert np.asarray(came).dtype == object


def test_arguments_changed_in_place_come_back_changed_and_checks_may_pass_functions():
    with Session(LIMITS) as session:
        session.run(
            "def change(x, more):\n    x[0] = 5.0\n    more.append(2)\ndef slope(f, x):\n    return f(x) * 2"
        )
        found = session.look(["change", "slope", "absent"])
        x, more = np.zeros(2), [1]
        assert found["change"](x, more) is None and x.tolist() == [5.0, 0.0] and more == [1, 2]
        assert found["slope"](lambda x: x + 1, 3.0) == 8.0 and "absent" not in found


# The walls

PROBES = {
    "files of the course": "import os; print([p for f, _, n in os.walk('/') for p in n if p in {names!r}])",
    "references": "import os; print(os.listdir('/book/bplib/exercises'))",
    "processes": "import os; print([p for p in os.listdir('/') if p in ('proc', 'sys')], 'pid', os.getpid())",
    "environment": "import os; print([k for k in os.environ if k in {environment!r}])",
    "network": "import socket; socket.create_connection(('127.0.0.1', {port}), 1)",
    "writing": "open('/book/bplib/new.py', 'w')",
    "disk": "open('/tmp/large', 'wb').write(bytes(100_000_000))",
    "memory": "bytearray(3_000_000_000)",
    "users": "import os; print('uid', os.getuid() or 'root', os.setuid(0))",
    "namespaces": "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))",
    "other programs": "import subprocess; subprocess.run(['sh', '-c', 'true'])",
}
SEEN = {
    "files of the course": r"\[\]",
    "references": r"\[\]",
    "processes": r"\[\] pid 1",
    "environment": r"\[\]",
    "network": "unreachable",
    "writing": "Read-only",
    "disk": "No space left|File too large",
    "memory": "MemoryError",
    "users": "Operation not permitted|Invalid argument",
    "namespaces": "-1",
    "other programs": "FileNotFoundError",
}


def test_what_a_student_sees(course, monkeypatch):
    monkeypatch.setenv("TEACHERS_TOKEN", "secret")
    names = ["grade.py", f"{FIRST}.ipynb", "ch01.py", "test_grading.py"]
    patient = Limits(call_seconds=60.0)  # one of the probes walks through all files of Python that are shown
    with Session(patient, secret=(course.folder,)) as session:
        for what, code in PROBES.items():
            code = code.format(names=names, environment=["TEACHERS_TOKEN", "PATH", "USER"], port=22)
            ran = session.run(code)
            assert re.search(SEEN[what], f"{ran.printed} {ran.error}"), (what, ran)


def test_folders_of_the_course_are_hidden_also_below_a_folder_that_is_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "SYSTEM", (*sandbox.SYSTEM, str(tmp_path)))
    secret = tmp_path / "course"
    secret.mkdir()
    tmp_path.chmod(0o755)  # root's students are nobody
    (secret / "solution").write_text("42")
    with Session(LIMITS, secret=(secret,)) as session:
        ran = session.run(f"import os; print(os.listdir({str(tmp_path)!r}), os.listdir({str(secret)!r}))")
        assert ran.printed == "['course'] []\n"


def test_a_grader_that_dies_takes_its_students_along():
    lines = (
        "from grading.session import Session; from grading.sandbox import Limits; import os, time\n"
        "s = Session(Limits()); s.run('x = 1'); print(s.process.popen.pid, flush=True); time.sleep(60)"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", lines], cwd=ROOT / "tools", stdout=subprocess.PIPE, text=True
    )
    walls = int(grader.stdout.readline())
    inside = Path(f"/proc/{walls}/task/{walls}/children").read_text().split()
    assert inside
    grader.kill()
    grader.wait()
    grader.stdout.close()
    for _ in range(50):
        if not any(Path(f"/proc/{process}").exists() for process in (walls, *inside)):
            return
        time.sleep(0.1)
    pytest.fail("the student's process lives on")


def test_without_a_sandbox_nothing_is_graded(course, assignments, monkeypatch, capsys):
    student = hand_in(course, REVIEW[0], "unsafe")
    monkeypatch.setattr(sandbox, "DEVICES", ("/dev/of-no-machine",))
    assert command.main(course.folder, ["run", FIRST, "--student", student]) == 1
    said = capsys.readouterr().err
    assert "sandbox can't be made" in said and "--unsafe" in said and "No such file" in said
    assert load_result(course.folder, student, FIRST) is None
    assert command.main(course.folder, ["run", FIRST, "--student", student, "--unsafe"]) == 0
    assert load_result(course.folder, student, FIRST)["checks"]["ex1-check"]["passed"]
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="no sandbox on darwin"):
        ensure_sandbox(LIMITS)


# The teacher's side


def copy_of(made: Path, folder: Path) -> Path:
    """Copy a course folder without what was handed in; returns the first source."""
    shutil.copytree(made, folder, ignore=lambda _, names: set(names) & {"submitted", "results"})
    return folder / "source" / FIRST / f"{FIRST}.ipynb"


def commands_of_the_guide() -> list[str]:
    block = GUIDE.split("```sh\n")[1].split("```")[0]
    return [line.split("  #")[0].strip() for line in block.splitlines() if line.strip()]


def test_readme_names_no_other_commands_than_the_guide():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"^ *((?:python grade\.py|nbgrader) .*)$", readme, re.M):
        assert line.split("  #")[0].strip() in commands_of_the_guide()


def test_a_class_is_graded_with_the_commands_of_the_guide(made, tmp_path):
    make, *steps = commands_of_the_guide()
    assert make == "make assignments"
    folder = tmp_path / "course"  # a copy, as the guide says
    copy_of(made, folder)
    course = Course(folder)
    by_name = {kind.name: kind for kind in KINDS}
    for name in (
        "s01-perfect",
        "s03-plausible-wrong",
        "s18-check-pasted",
        "f01-broken-json",
        "n04-answer-in-a-new-cell-below",
    ):
        hand_in(course, by_name[name])
    for line in steps:
        run(line.replace("COURSE", shlex.quote(str(folder))), folder)

    table = {row["student_id"]: row for row in grades(folder) if row["assignment"] == FIRST}
    assert {name: row["raw_score"] for name, row in table.items()} == {
        "s01-perfect": "19.0",
        "s03-plausible-wrong": "9.0",
        "s18-check-pasted": "19.0",
        "f01-broken-json": "",
        "n04-answer-in-a-new-cell-below": "19.0",
    }
    assert table["f01-broken-json"]["score"].startswith("not graded, because the file is no notebook")
    assert table["s01-perfect"]["score"] == "waits for a person: ex5-why, ex8"
    assert {row["score"] for row in grades(folder) if row["assignment"] == FOURTH} == {"not handed in"}

    feedback = {path.parent.parent.name: words(path) for path in folder.glob("feedback/*/*/*.html")}
    assert set(feedback) == set(table)
    wrong = feedback["s03-plausible-wrong"]
    assert (
        "the slope of the sigmoid is missing" in wrong and "HIDDEN" not in wrong and ".hidden(" not in wrong
    )
    assert (
        "Score: nan" in feedback["f01-broken-json"] and "Not graded, because" in feedback["f01-broken-json"]
    )

    by_hand(folder, "s01-perfect", {"ex5-why": 1.0, "ex8": 2.0})
    assert command.main(folder, ["all", FIRST, "--show-hidden"]) == 0
    table = {row["student_id"]: row for row in grades(folder) if row["assignment"] == FIRST}
    assert table["s01-perfect"]["score"] == "22.0" and table["s01-perfect"]["status"] == "graded"
    assert ".hidden(" in words(folder / f"feedback/s03-plausible-wrong/{FIRST}/{FIRST}.html")

    path = (
        folder / "submitted" / "s01-perfect" / FIRST / f"{FIRST}.ipynb"
    )  # handed in again, with the same text
    path.write_text(path.read_text(encoding="utf-8").replace("dw * move_w", "move_w * dw"), encoding="utf-8")
    assert command.main(folder, ["all", FIRST, "--no-feedback"]) == 0
    assert score(folder, "s01-perfect") == "22.0"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Euler's theorem", "Oiler's theorem"), encoding="utf-8"
    )
    assert command.main(folder, ["all", FIRST, "--no-feedback"]) == 0
    assert score(folder, "s01-perfect") == "waits for a person: ex8"
    with (folder / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write("c.HideHiddenTests.enabled = False\n")
    assert settings(folder).HideHiddenTests.enabled is False

    run(f"nbgrader autograde {FIRST} --student s03-plausible-wrong --force", folder)
    run("nbgrader export", folder)
    table = {row["student_id"]: row for row in grades(folder) if row["assignment"] == FIRST}
    assert table["s03-plausible-wrong"]["raw_score"] == "9.0" and table["s01-perfect"]["raw_score"] == "22.0"


def words(page: Path) -> str:
    """Return what one reads on a page; its code is full of tags for colours."""
    return html.unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8")))


def run(line: str, folder: Path) -> str:
    """Run a line of a shell with this Python's programs first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        line, shell=True, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def grades(folder: Path) -> list[dict[str, str]]:
    with (folder / "grades.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def score(folder: Path, student: str) -> str:
    return next(
        row["score"] for row in grades(folder) if (row["assignment"], row["student_id"]) == (FIRST, student)
    )


def by_hand(folder: Path, student: str, points: dict[str, float]) -> None:
    """Give points for texts, as a person does in the formgrader."""
    with Gradebook(database(folder), COURSE_ID) as gradebook:
        for name, given in points.items():
            grade = gradebook.find_grade(name, FIRST, FIRST, student)
            grade.manual_score, grade.needs_manual_grade = given, False
        gradebook.db.commit()


def test_a_worker_that_dies_stops_nobody_else(tmp_path):
    done: list[str] = []

    def work(item: str) -> None:
        if item == "dies":
            os._exit(9)
        if item == "hangs":
            time.sleep(60)
        (tmp_path / item).touch()

    def failed(item: str, why: str) -> None:
        done.append(f"{item}: {why}")

    command.each_apart(["a", "dies", "hangs", "b"], work, 2, 2.0, failed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert sorted(done) == [
        "dies: the grader's process has ended (exit code 9)",
        "hangs: the grader's process did not come to an end",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["all", "09-nothing"], "There is no assignment '09-nothing'"),
        (["all", "02-chain-rule"], "No hand-ins: put them in submitted/STUDENT/02-chain-rule/"),
        (["run", FIRST, "--student", "nobody"], "Nothing is handed in by nobody"),
        (["run", FIRST, "--part", "3/2"], "--part is K/N"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_commands_that_cannot_be_done_say_why(course, capsys, arguments, said):
    hand_in(course, REVIEW[0], f"for {' '.join(arguments)}".replace("/", " "))
    assert command.main(course.folder, arguments) == 1
    assert said in capsys.readouterr().err


def test_a_solution_that_its_own_check_refuses_stops_the_run(made, tmp_path, capsys):
    path = copy_of(made, tmp_path / "course")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("return dw * move_w + db", "return dw * move_w - db"), encoding="utf-8")
    hand_in(Course(tmp_path / "course"), REVIEW[0])
    assert command.main(tmp_path / "course", ["run", FIRST]) == 1
    assert "its own solution is not right.\nex1-check: Not yet." in capsys.readouterr().err


# Sources


def source() -> dict:
    return json.loads((BOOK / "solutions" / f"{FIRST}.ipynb").read_text(encoding="utf-8"))


def cell(nb: dict, grade_id: str) -> dict:
    return next(c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def joined(nb: dict, grade_id: str) -> str:
    return "".join(cell(nb, grade_id)["source"])


def no_marker(nb):
    cell(nb, "ex1")["source"] = (
        joined(nb, "ex1").replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
    )


def half_a_marker(nb):
    cell(nb, "ex1")["source"] = joined(nb, "ex1").replace("### END SOLUTION", "")


def open_hidden_test(nb):
    cell(nb, "ex1-check")["source"] = joined(nb, "ex1-check").replace("### END HIDDEN TESTS", "")


def solution_elsewhere(nb):
    cell(nb, "ex4-given")["source"] = "### BEGIN SOLUTION\n### END SOLUTION\n"


def meta(nb, grade_id):
    return cell(nb, grade_id)["metadata"]["nbgrader"]


FAULTS = [
    (lambda nb: nb.pop("metadata"), "the notebook: it has no metadata"),
    (lambda nb: nb.pop("cells"), "the notebook: it has no list of cells"),
    (lambda nb: nb["cells"][4].pop("metadata"), "cell 5: it has no metadata"),
    (lambda nb: meta(nb, "ex2").update(grade_id="ex1"), "(ex1): cell 5 has the same grade_id"),
    (lambda nb: meta(nb, "ex2").pop("grade_id"), "(ex2): it has no grade_id"),
    (lambda nb: meta(nb, "ex1-check").pop("points"), "(ex1-check): it is graded and has no points"),
    (lambda nb: meta(nb, "ex2-check").update(points=0), "(ex2-check): it is graded and has no points"),
    (lambda nb: meta(nb, "ex1-check").update(locked=False), "(ex1-check): it is a check and not locked"),
    (lambda nb: meta(nb, "ex1-check").pop("solution"), "(ex1-check): its nbgrader metadata has no solution"),
    (lambda nb: cell(nb, "ex1-check").update(source="if"), "(ex1-check): the check is no Python"),
    (no_marker, "(ex1): it is an answer without '### BEGIN SOLUTION'"),
    (half_a_marker, "(ex1): '### BEGIN SOLUTION' and '### END SOLUTION' don't come in pairs"),
    (open_hidden_test, "(ex1-check): '### BEGIN HIDDEN TESTS' and"),
    (solution_elsewhere, "(ex4-given): '### BEGIN SOLUTION' stands in it, and it is not an answer"),
    (
        lambda nb: [c["metadata"].pop("nbgrader", 0) and c.update(source="") for c in nb["cells"]],
        "no cell of it",
    ),
]


@pytest.mark.parametrize(("spoil", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_source_with_a_fault_is_refused_by_file_and_cell(tmp_path, spoil, said):
    nb = source()
    spoil(nb)
    assert any(said in fault for fault in faults(nb)), faults(nb)
    path = tmp_path / f"{FIRST}.ipynb"
    path.write_text(json.dumps(nb))
    with pytest.raises(SourceError, match=re.escape(str(path))):
        write_course(tmp_path / "course", [BOOK / "solutions" / f"{FOURTH}.ipynb", path], release)
    assert sorted(tmp_path.iterdir()) == [path], "nothing half-done"


def test_sources_of_the_book_have_no_fault():
    for path in (BOOK / "solutions").glob("*.ipynb"):
        read_source(path)


def test_a_course_in_use_is_left_alone(made, tmp_path):
    (tmp_path / "course" / "submitted").mkdir(parents=True)
    with pytest.raises(CourseError, match="is in use: it holds submitted"):
        write_course(tmp_path / "course", [BOOK / "solutions" / f"{FIRST}.ipynb"], release)
    assert [path.name for path in (tmp_path / "course").iterdir()] == ["submitted"]


def test_a_release_holds_no_solution_and_no_link_out_of_its_folder(made):
    for path in made.glob("release/*/*.ipynb"):
        content = path.read_text(encoding="utf-8")
        assert "SOLUTION" not in content and "HIDDEN" not in content and "](../" not in content
        assert nbformat.read(path, as_version=4).cells


def test_source_changed_by_a_teacher_is_released_again(made, tmp_path, capsys):
    folder = tmp_path / "course"
    path, released = copy_of(made, folder), folder / "release" / FIRST / f"{FIRST}.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("## 1. Read a gradient", "## 1. Read it"), encoding="utf-8")
    assert command.main(folder, ["release", FIRST]) == 0
    before = released.read_text(encoding="utf-8")
    assert "## 1. Read it" in before
    nb = source()
    no_marker(nb)
    path.write_text(json.dumps(nb), encoding="utf-8")
    assert command.main(folder, ["release", FIRST]) == 1
    assert "(ex1): it is an answer without" in capsys.readouterr().err
    assert released.read_text(encoding="utf-8") == before
