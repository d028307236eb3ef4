"""Simulated hand-ins: every kind that a class sends, with the grade that each deserves beside it.

A kind builds a student's folder from what students got and from the solutions. What it deserves is either
the set of checks that must pass, and no other, or words of the reason why there can be no grade. `REVIEW` is
the table that a reviewer measured on nbgrader's own grader, where 8 of 19 came out wrong.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

Notebook = Any
FIRST, FOURTH = "01-credit-assignment", "04-two-layer-network"


@dataclass(frozen=True)
class Course:
    """A course folder, and what is needed to hand in to it."""

    folder: Path

    def solved(self, assignment: str, *without: str) -> Notebook:
        """Return what students got, with every answer filled in but those named."""
        nb, source = self.release(assignment), self.source(assignment)
        solutions = {name(cell): cell.source for cell in source.cells if meta(cell).get("solution")}
        for cell in nb.cells:
            if name(cell) in solutions and name(cell) not in without:
                cell.source = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", solutions[name(cell)], flags=re.M)
        return nb

    def release(self, assignment: str) -> Notebook:
        """Return what students got."""
        return nbformat.read(self.folder / "release" / assignment / f"{assignment}.ipynb", as_version=4)

    def source(self, assignment: str) -> Notebook:
        """Return what the teacher has."""
        return nbformat.read(self.folder / "source" / assignment / f"{assignment}.ipynb", as_version=4)

    def points(self, assignment: str) -> dict[str, float]:
        """Return the points of each check."""
        cells = self.source(assignment).cells
        return {
            name(c): meta(c)["points"] for c in cells if meta(c).get("grade") and not meta(c).get("solution")
        }

    def place(self, student: str, assignment: str) -> Path:
        """Make a student's folder and return the path of the notebook that belongs into it."""
        folder = self.folder / "submitted" / student / assignment
        folder.mkdir(parents=True)
        return folder / f"{assignment}.ipynb"


@dataclass(frozen=True)
class Kind:
    """A kind of hand-in."""

    name: str
    build: Callable[[Course, Path], None]
    deserves: (
        Callable[[Iterable[str]], set[str]] | str
    )  # of all checks, those that pass; or words of a reason
    assignment: str = FIRST


def meta(cell: Any) -> dict[str, Any]:
    return cell.metadata.get("nbgrader", {})


def name(cell: Any) -> str:
    return meta(cell).get("grade_id", "")


def at(nb: Notebook, grade_id: str) -> int:
    return next(k for k, cell in enumerate(nb.cells) if name(cell) == grade_id)


def code(source: str) -> Any:
    return nbformat.v4.new_code_cell(source)


def everything(checks: Iterable[str]) -> set[str]:
    return set(checks)


def nothing(checks: Iterable[str]) -> set[str]:
    return set()


def but(*lost: str) -> Callable[[Iterable[str]], set[str]]:
    return lambda checks: set(checks) - {f"{answer}-check" for answer in lost}


def only(*won: str) -> Callable[[Iterable[str]], set[str]]:
    return lambda checks: {f"{answer}-check" for answer in won}


def notebook(
    change: Callable[[Notebook], Any], without: tuple[str, ...] = (), assignment: str = FIRST
) -> Any:
    """Build from a solved notebook, changed."""

    def build(course: Course, path: Path) -> None:
        nb = course.solved(assignment, *without)
        change(nb)
        nbformat.write(nb, path)

    return build


def answers(assignment: str = FIRST, **new: str) -> Any:
    """Build from a solved notebook in which these answers (`ex3_forward` is ex3-forward) are others."""

    def change(nb: Notebook) -> None:
        for key, source in new.items():
            nb.cells[at(nb, key.replace("_", "-"))].source = source

    return notebook(change, assignment=assignment)


def first_cells(*sources: str) -> Any:
    """Build from the empty release, with cells put after the imports."""

    def build(course: Course, path: Path) -> None:
        nb = course.release(FIRST)
        place = next(k for k, cell in enumerate(nb.cells) if cell.cell_type == "code") + 1
        nb.cells[place:place] = [code(source) for source in sources]
        nbformat.write(nb, path)

    return build


def all_answers(body: str, before: str = "") -> Any:
    """Build with the same body in every answer's function; `{name}` is the function's name."""

    def build(course: Course, path: Path) -> None:
        nb = course.solved(FIRST)
        for cell in nb.cells:
            if meta(cell).get("solution") and cell.cell_type == "code":
                function = re.findall(r"def (\w+)", cell.source)[0]
                cell.source = f"{before}\ndef {function}(*a):\n    {body.format(name=function)}\n"
        nbformat.write(nb, path)

    return build


def raw(content: bytes) -> Any:
    return lambda course, path: path.write_bytes(content)


def delete(*grade_ids: str) -> Callable[[Notebook], None]:
    def change(nb: Notebook) -> None:
        nb.cells = [cell for cell in nb.cells if name(cell) not in grade_ids]

    return change


def paste(grade_id: str, after: str, source: str | None = None) -> Callable[[Notebook], None]:
    """Copy a cell with all its metadata, as JupyterLab does."""

    def change(nb: Notebook) -> None:
        new = copy.deepcopy(nb.cells[at(nb, grade_id)])
        new.id = "pasted"
        new.source = new.source if source is None else source
        nb.cells.insert(at(nb, after) + 1, new)

    return change


def replace(old: str, new: str) -> Callable[[Notebook], None]:
    def change(nb: Notebook) -> None:
        assert any(old in cell.source for cell in nb.cells if meta(cell).get("solution")), old
        for cell in nb.cells:
            if meta(cell).get("solution"):
                cell.source = cell.source.replace(old, new)

    return change


def patched_checks(nb: Notebook) -> None:
    nb.cells[at(nb, "ex3-backward-check")].source = "pass"
    nb.cells.insert(at(nb, "ex4"), code("1/0"))


def in_every_function(line: str) -> Callable[[Notebook], None]:
    def change(nb: Notebook) -> None:
        for cell in nb.cells:
            if meta(cell).get("solution") and cell.cell_type == "code":
                cell.source = re.sub(r"(def \w+\(.*\):\n)", rf"\1    {line}\n", cell.source, count=1)

    return change


def stripped(nb: Notebook) -> None:
    for cell in nb.cells:
        cell.metadata = {}


def nameless(course: Course, path: Path) -> None:
    nb = json.loads(nbformat.writes(course.solved(FIRST)))
    nb["cells"] = [{"cell_type": cell["cell_type"], "source": cell["source"]} for cell in nb["cells"]]
    path.write_text(json.dumps({"cells": nb["cells"]}))


def renamed(*names: str) -> Any:
    def build(course: Course, path: Path) -> None:
        for new in names:
            nbformat.write(course.solved(FIRST), path.with_name(new))

    return build


def huge(course: Course, path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(60_000_000)


def link_to_source(course: Course, path: Path) -> None:
    path.symlink_to(course.folder / "source" / FIRST / path.name)


def link_to_folder(course: Course, path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to(course.folder / "source" / FIRST)


def rewritten(nb: Notebook) -> None:
    """The answer stands in a new cell below its check, its own cell is gone."""
    source = nb.cells[at(nb, "ex6")].source
    nb.cells.insert(at(nb, "ex6-check") + 1, code(source))
    delete("ex6")(nb)


def as_text(nb: Notebook) -> None:
    nb.cells[at(nb, "ex5")].cell_type = "markdown"
    for key in ("outputs", "execution_count"):
        nb.cells[at(nb, "ex5")].pop(key, None)


def upside_down(nb: Notebook) -> None:
    checks = [cell for cell in nb.cells if name(cell).endswith("-check")]
    nb.cells = [nb.cells[0], *checks, *[cell for cell in nb.cells[1:] if cell not in checks]]


WRONG = {
    "ex3_backward": "def backward(x, w, b, y):\n    _, a, _ = forward(x, w, b, y)\n"
    "    return 2 * (a - y) * x, 2 * (a - y)",
    "ex4": "def gap(w, b, x, y, rate):\n    return loss_and_gradients(w, b, x, y)[0]",
    "ex6": "def input_gradient(x, w, b, y):\n    return backward(x, w, b, y)[0]",
    "ex7": "def other_stations(w, b, x, y):\n    return 0.0, 0.0",
}

REVIEW = [
    Kind("s01-perfect", notebook(lambda nb: None), everything),
    Kind("s02-empty", first_cells(), nothing),
    Kind(
        "s03-plausible-wrong", answers(**WRONG), only("ex1", "ex2", "ex3-forward", "ex4-factor", "ex5", "ex9")
    ),
    Kind("s04-check-and-answer-deleted", notebook(delete("ex3-backward-check", "ex2")), but("ex2")),
    Kind(
        "s05-endless-loops",
        answers(
            ex1="def predicted_change(*a):\n    while True:\n        pass",
            ex3_forward="def forward(*a):\n    while True:\n        pass",
        ),
        but("ex1", "ex3-forward", "ex3-backward"),
    ),
    Kind(
        "s06-checks-replaced",
        first_cells(
            "for n in dir(ch01):\n    if n.startswith('check_'):\n        setattr(ch01, n, lambda f: True)",
            "import types\nch01 = types.SimpleNamespace()\nch01.check_by_hand = lambda f: True",
        ),
        nothing,
    ),
    Kind(
        "s07-check-class-patched",
        first_cells(
            "from bplib.checks import Check, Feedback\n"
            "Check.__call__ = lambda self, f: Feedback(True, 'Right')"
        ),
        nothing,
    ),
    Kind(
        "s08-all-patched",
        first_cells(
            "import math, numpy as np\nmath.isclose = np.allclose = lambda *a, **k: True\n"
            "from bplib.checks import Check\nCheck.__call__ = lambda *a: True\n"
            "import builtins\nbuiltins.AssertionError = type('X', (), {})"
        ),
        nothing,
    ),
    Kind(
        "s09-own-object",
        all_answers(
            "return Anything()",
            "import math, numpy as np\nmath.isclose = np.allclose = np.any = lambda *a, **k: True\n"
            "class Anything:\n    __array_priority__ = 1e9\n    dtype = np.dtype(float)\n    shape = ()\n"
            "    def __getattr__(self, n): return lambda *a, **k: self\n"
            "    def __eq__(self, o): return True\n    __lt__ = __gt__ = __le__ = __ge__ = __ne__ = __eq__\n"
            "    def __bool__(self): return True\n    def __float__(self): return 0.25\n"
            "    def __iter__(self): return iter([self] * 2)\n    def __getitem__(self, k): return self\n"
            "    def __array__(self, *a, **k): return np.ones(2)\n"
            "    def __array_function__(self, *a): return True\n"
            "    def __array_ufunc__(self, *a, **k): return self\n"
            "    def __sub__(self, o): return 0.0\n    __rsub__ = __sub__\n",
        ),
        nothing,
    ),
    Kind("s10-reference-called", all_answers("return getattr(ch01, 'check_{name}').reference(*a)"), nothing),
    Kind("s11-displayhook", all_answers("import sys; sys.displayhook(1); raise ValueError"), nothing),
    Kind(
        "s12-a-million-lines-a-call",
        answers(
            ex1="def predicted_change(dw, db, move_w, move_b):\n    for _ in range(1_000_000):\n"
            "        print('a line')\n"
            "    return dw * move_w + db * move_b"
        ),
        everything,
    ),
    Kind(
        "s13-dead-kernel",
        answers(
            ex2="import os\nos._exit(1)\ndef by_hand():\n    return -0.5, 0.3775, 0.3875, -0.8776, -0.2925",
            ex3_backward="def backward(*a):\n    import os\n    os._exit(1)",
        ),
        but("ex2", "ex3-backward"),
    ),
    Kind("s14-warnings", notebook(in_every_function('import warnings; warnings.warn("old")')), everything),
    Kind("s16-edited-check-and-broken-cell", notebook(patched_checks), everything),
    Kind(
        "s17-reads-the-source",
        all_answers(
            "return eval({name!r} + '_found', globals())(*a)".replace("{name!r}", "'{name}'"),
            "import glob, os\nif 'looked' not in globals():\n    looked = glob.glob('../../../source/*/*')\n"
            "    for folder, _, files in os.walk('/'):\n"
            "        looked += [f'{folder}/{f}' for f in files if f.endswith('.ipynb') or f[:3] == 'ch0']\n"
            "    assert not [print(open(p).read()) for p in looked if 'BEGIN SOLUTION' in open(p).read()]",
        ),
        nothing,
    ),
    Kind("s18-check-pasted", notebook(paste("ex1-check", "ex2")), everything),
    Kind("s19-after-s18", notebook(lambda nb: None), everything),
    Kind("t02-without-ex6", notebook(lambda nb: None, ("ex6",), FOURTH), but("ex6"), FOURTH),
    Kind(
        "t03-without-forward", notebook(lambda nb: None, ("ex3-forward",), FOURTH), but("ex3-forward"), FOURTH
    ),
    Kind(
        "t04-small-number-in-the-logarithm",
        notebook(replace("np.log(yhat)", "np.log(yhat + 1e-8)"), assignment=FOURTH),
        everything,
        FOURTH,
    ),
    Kind(
        "t06-forward-wrong",
        answers(FOURTH, ex3_forward="def forward(*a):\n    return 1, 2"),
        but("ex3-forward"),
        FOURTH,
    ),
]

FILES = [
    Kind("f01-broken-json", raw(b'{"cells": [{"cell_type"'), "it is not JSON"),
    Kind("f02-json-but-no-notebook", raw(b"[1, 2]"), "it has no list of cells"),
    Kind("f03-a-picture", raw(b"\x89PNG\r\n\x1a\n\x00\xff"), "not text in UTF-8"),
    Kind("f04-empty-file", raw(b""), "the file is empty"),
    Kind("f05-no-file", lambda course, path: None, "the folder is empty"),
    Kind(
        "f06-another-file",
        lambda course, path: path.with_name("answers.docx").write_bytes(b"PK"),
        "answers.docx",
    ),
    Kind("f07-another-name", renamed("my homework (1).ipynb"), everything),
    Kind("f08-two-other-names", renamed("a.ipynb", "b.ipynb"), "it could be any of a.ipynb, b.ipynb"),
    Kind("f09-too-large", huge, "bytes"),
    Kind("f10-link-to-the-solution", link_to_source, "the file is a link"),
    Kind("f11-link-to-a-folder", link_to_folder, "the folder is a link"),
    Kind("f12-pipe", lambda course, path: os.mkfifo(path), "it is not a file"),
    Kind("f13-nested", raw(b'{"cells": ' + b"[" * 100_000), "nested too deeply"),
    Kind(
        "f14-another-notebook",
        raw(b'{"cells": [{"cell_type": "code", "source": "1"}]}'),
        "no cell of this assignment",
    ),
    Kind(
        "f15-odd-cells",
        raw(b'{"cells": [1, null, {"source": {"a": 1}}, {"metadata": 3, "id": 4}]}'),
        "no cell",
    ),
    Kind("f16-no-metadata", notebook(stripped), everything),
    Kind("f17-nothing-but-sources", nameless, everything),
]

NOTEBOOKS = [
    Kind(
        "n01-answer-pasted-and-not-filled",
        notebook(
            paste(
                "ex1",
                "ex1",
                "def predicted_change(dw, db, move_w, move_b):\n    "
                'raise NotImplementedError("Replace this line by your answer.")',
            )
        ),
        everything,
    ),
    Kind(
        "n02-answer-pasted-and-spoiled-below-the-check",
        notebook(paste("ex1", "ex1-check", "def predicted_change(*a):\n    return 0.0")),
        everything,
    ),
    Kind(
        "n03-answer-pasted-and-spoiled-above-the-check",
        notebook(paste("ex1", "ex1", "def predicted_change(*a):\n    return 0.0")),
        but("ex1"),
    ),
    Kind("n04-answer-in-a-new-cell-below", notebook(rewritten), everything),
    Kind("n05-answer-turned-into-text", notebook(as_text), everything),
    Kind("n06-checks-on-top", notebook(upside_down), everything),
    Kind("n07-syntax-error", answers(ex6="def input_gradient(:"), but("ex6")),
    Kind(
        "n08-imports-and-given-cells-deleted",
        notebook(lambda nb: (delete("ex4-given", "ex5-given")(nb), nb.cells.pop(2))),
        everything,
    ),
    Kind(
        "n09-given-cell-changed",
        answers(
            ex4_given="def loss_and_gradients(*a):\n    return 0, 0, 0", ex4="def gap(*a):\n    return 0.0"
        ),
        but("ex4"),
    ),
    Kind("n10-names-taken", notebook(lambda nb: nb.cells.insert(3, code("ch01 = None"))), everything),
    Kind(
        "n11-magic-await-display",
        notebook(
            lambda nb: nb.cells.insert(
                at(nb, "ex4"),
                code(
                    "%matplotlib inline\n%timeit -n1 -r1 1\nimport asyncio\nawait asyncio.sleep(0)\n"
                    "display(1)\n!ls"
                ),
            )
        ),
        everything,
    ),
    Kind(
        "n12-everything-before-has-state", notebook(in_every_function("global calls; calls = 1")), everything
    ),
]

DEADLY = [
    Kind(
        "d01-endless-cell",
        notebook(lambda nb: nb.cells.insert(at(nb, "ex2"), code("while True:\n    pass"))),
        everything,
    ),
    Kind(
        "d02-endless-and-deaf",
        answers(
            ex1="def predicted_change(*a):\n    while True:\n        try:\n            while True:\n"
            "                pass\n"
            "        except BaseException:\n            pass"
        ),
        but("ex1"),
    ),
    Kind(
        "d03-endless-in-c",
        answers(ex1="import itertools\ndef predicted_change(*a):\n    return sum(itertools.repeat(0))"),
        but("ex1"),
    ),
    Kind(
        "d04-fork-bomb",
        notebook(
            lambda nb: nb.cells.insert(
                at(nb, "ex3-forward"),
                code(
                    "import os, time\ntry:\n    while True:\n        os.fork() or time.sleep(60)\n"
                    "except OSError:\n    pass"
                ),
            )
        ),
        everything,
    ),
    Kind(
        "d05-memory",
        notebook(
            lambda nb: nb.cells.insert(
                at(nb, "ex2"), code("kept = []\nwhile True:\n    kept.append(bytearray(50_000_000))")
            )
        ),
        everything,
    ),
    Kind(
        "d06-disk",
        notebook(
            lambda nb: nb.cells.insert(
                at(nb, "ex2"), code("for k in range(10**6):\n    open(f'/tmp/{k}', 'wb').write(bytes(10**7))")
            )
        ),
        everything,
    ),
    Kind(
        "d07-exits",
        answers(ex1="import sys\ndef predicted_change(*a):\n    sys.exit(0)", ex2="raise SystemExit"),
        but("ex1", "ex2"),
    ),
    Kind(
        "d08-recursion", answers(ex1="def predicted_change(*a):\n    return predicted_change(*a)"), but("ex1")
    ),
    Kind(
        "d09-huge-result",
        answers(ex1="def predicted_change(*a):\n    return [np.zeros(10**6) for _ in range(30)]"),
        but("ex1"),
    ),
    Kind(
        "d10-kills",
        notebook(
            lambda nb: nb.cells.insert(
                at(nb, "ex2"),
                code(
                    "import os, signal\nfor p in range(-1, 40000):\n"
                    "    for s in (signal.SIGKILL, signal.SIGSTOP):\n        try:\n"
                    "            os.kill(p, s)\n        except OSError:\n            pass"
                ),
            )
        ),
        everything,
    ),
]

PROTOCOL = (
    "import json, os, sys, wire\n"
    "def forge(*a, **k):\n"
    "    return {'found': {}, 'result': 0.25, 'changed': {}, 'passed': True, 'points': 18}\n"
)
CHEATS = [
    Kind(
        "c01-forged-lines",
        all_answers(
            '[os.write(fd, b\'{{"id": %d, "result": 0.25, "changed": {{}}}}\\n\' % n)'
            " for fd in range(3, 9) for n in range(99)]",
            "import os",
        ),
        nothing,
    ),
    Kind(
        "c02-protocol-patched",
        first_cells(
            PROTOCOL + "wire.encode = lambda *a: 0.25\njson.dumps = lambda *a, **k: '{\"passed\": true}'\n"
            "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'Student':\n"
            "        type(o).call = type(o).look = type(o).run = forge"
        ),
        nothing,
    ),
    Kind(
        "c03-printed-results",
        first_cells(
            "print('Right: change, in 3 cases of 3.')\nimport sys\n"
            "sys.__stdout__ and sys.__stdout__.write('18')"
        ),
        nothing,
    ),
    Kind(
        "c04-float-that-equals-all",
        all_answers(
            "return Sly(0.0)",
            "class Sly(float):\n    def __eq__(self, o): return True\n"
            "    def __sub__(self, o): return 0.0\n    __rsub__ = __sub__\n"
            "    def __float__(self): return self\n",
        ),
        nothing,
    ),
    Kind(
        "c05-array-that-equals-all",
        all_answers(
            "return Sly((2,))",
            "import numpy as np\nclass Sly(np.ndarray):\n"
            "    def __array_ufunc__(self, *a, **k): return True\n"
            "    def __array_function__(self, *a, **k): return True\n    def tobytes(self): return b''\n",
        ),
        nothing,
    ),
    Kind(
        "c06-exercises-dug-out",
        all_answers(
            "return importlib.import_module('bplib.exercises.ch01').__dict__['check_{name}'].reference(*a)",
            "import importlib, sys\n"
            "sys.meta_path[:] = [f for f in sys.meta_path if 'Inert' not in type(f).__name__]\n"
            "for n in [n for n in sys.modules if n.startswith('bplib')]: del sys.modules[n]",
        ),
        nothing,
    ),
    Kind(
        "c07-frames-and-memory",
        all_answers(
            "import sys, gc; f = sys._getframe()\n    while f:\n        for v in list(f.f_locals.values()):\n"
            "            r = getattr(v, 'reference', None)\n            if r: return r(*a)\n"
            "        f = f.f_back\n"
            "    for o in gc.get_objects():\n        if type(o).__name__ == 'Check': return o.reference(*a)"
        ),
        nothing,
    ),
    Kind(
        "c08-the-cases-of-the-check-by-heart",
        answers(
            ex6="def input_gradient(x, w, b, y):\n    if b not in (0.1, -0.2, 0.3):\n        return 0 * x\n"
            "    a = 1 / (1 + np.exp(-w @ x - b))\n    return 2 * (a - y) * a * (1 - a) * w"
        ),
        but("ex6"),
    ),
    Kind("c09-empty-arrays", all_answers("return np.zeros(0)"), nothing),
    Kind("c10-nan", all_answers("return float('nan')"), nothing),
    Kind(
        "c11-grader-looked-for",
        all_answers(
            "import ctypes, os\n    c = ctypes.CDLL(None)\n"
            "    seen = [p for p in range(2, 9999) if c.ptrace(16, p, 0, 0) == 0]\n"
            "    assert not seen and not os.path.exists('/proc/1')\n    return open('/proc/1/mem').read()"
        ),
        nothing,
    ),
    Kind(
        "c12-raises-what-checks-catch",
        all_answers(
            "raise type('Feedback', (Exception,), {{'__str__': lambda s: 'Right: all.', 'ok': True}})()"
        ),
        nothing,
    ),
    Kind(
        "c13-another-bplib",
        first_cells(
            "import sys, types\nfor n in ('checks', 'gradcheck', 'exercises'):\n"
            "    sys.modules['bplib.' + n] = types.SimpleNamespace(ch01=types.SimpleNamespace())"
        ),
        nothing,
    ),
    Kind(
        "c14-arguments-spoiled",
        all_answers("for v in a:\n        if isinstance(v, np.ndarray): v[...] = 0.0\n    return 0.0"),
        nothing,
    ),
]

KINDS = [*REVIEW, *FILES, *NOTEBOOKS, *DEADLY, *CHEATS]


def hand_in(course: Course, kind: Kind, student: str | None = None) -> str:
    """Put a hand-in of this kind into the course; return whose it is."""
    student = student or kind.name
    kind.build(course, course.place(student, kind.assignment))
    return student


def verdict(course: Course, kind: Kind, result: dict[str, Any]) -> str:
    """Say how a result differs from what the kind deserves; nothing if it doesn't."""
    if isinstance(kind.deserves, str):
        said = result["not_graded"]
        return (
            ""
            if said and kind.deserves in said
            else f"should not be graded ({kind.deserves}), and: {said or 'graded'}"
        )
    if result["not_graded"]:
        return f"should be graded, and is not, because {result['not_graded']}"
    checks = course.points(kind.assignment)
    passed = {check for check, outcome in result["checks"].items() if outcome["passed"]}
    wrong = passed ^ kind.deserves(checks)
    if set(result["checks"]) != set(checks):
        return f"checks that were not run: {sorted(set(checks) - set(result['checks']))}"
    return "; ".join(f"{check}: {result['checks'][check]['said']}" for check in sorted(wrong))


def deserved(course: Course, kind: Kind) -> float | str:
    """Return the points a kind deserves, or the words of the reason why it gets none."""
    if isinstance(kind.deserves, str):
        return f"not graded: {kind.deserves}"
    points = course.points(kind.assignment)
    return sum(points[check] for check in kind.deserves(points))
