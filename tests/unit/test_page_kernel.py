"""The page's kernel, run here: what it tells, what it cuts, what stands in for what isn't there."""

import json
import linecache
import subprocess
import sys
import types

import pytest

from bplib.scalar import Value
from bplib.widgets.page import absent, traits
from bplib.widgets.page.kernel import DISPLAYS, LETTERS, LINES, Kernel, Output, Stream


def run(*codes):
    """Run cells in one kernel; return what the last told."""
    told = []
    kernel = Kernel(told.append)
    for k, code in enumerate(codes):
        told.clear()
        kernel.run(code, f"cell {k + 1}")
    return [json.loads(message) for message in told]


def test_names_live_on_and_a_dataclass_finds_its_module():
    value, done = run("from __future__ import annotations\na = 1", "a + 1")
    assert value == {"kind": "value", "text": "2"}
    assert done == {"kind": "done", "ok": True}


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1;", []),
        ("None", []),
        ("a = 1", []),
        ("", []),
        ("# a remark", []),
        ("'a;'", ["'a;'"]),
        ("1\n2", ["2"]),
    ],
)
def test_a_cell_ends_with_a_value_or_not(code, shown):
    assert [message["text"] for message in run(code) if message["kind"] == "value"] == shown


def test_html_stands_beside_the_text():
    code = "class Red:\n    def __repr__(self): return 'red'\n    def _repr_html_(self): return {}\nRed()"
    assert run(code.format("'<b>red</b>'"))[0] == {"kind": "value", "text": "red", "html": "<b>red</b>"}
    assert run(code.format("None"))[0] == {"kind": "value", "text": "red"}
    assert run(code.format(f"'x' * {LETTERS + 1}"))[0] == {"kind": "value", "text": "red"}


def test_an_error_tells_of_the_reader_s_own_lines():
    error, done = run("def f():\n    return [][1]", "x = 0\nf()")
    assert (error["name"], error["cell"], error["line"], error["absent"]) == (
        "IndexError",
        "cell 1",
        2,
        False,
    )
    assert [line for line in error["trace"].splitlines() if line.startswith("  File")] == [
        '  File "<cell 2>", line 2, in <module>',
        '  File "<cell 1>", line 2, in f',
    ]
    assert not done["ok"]


def test_an_error_that_led_to_another_is_told_without_the_kernel_too():
    error, _ = run("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('no') from e")
    assert "ZeroDivisionError" in error["trace"]
    assert "kernel.py" not in error["trace"]


def test_what_a_check_says_speaks_for_itself():
    error, _ = run("from bplib.checks import NotYetError\nraise NotYetError('Not yet. Look at b.')")
    assert (error["text"], error["speaks"]) == ("Not yet. Look at b.", True)
    assert not run("1 / 0")[0]["speaks"]


def test_an_error_in_the_writing_has_its_line():
    error, _ = run("a = 1\nb = = 2")
    assert (error["name"], error["cell"], error["line"]) == ("SyntaxError", "cell 1", 2)


def test_memory_that_is_short_says_how_much_there_is():
    error, _ = run("raise MemoryError")
    assert "Python has 1 GB of memory in the page." in error["trace"]


def test_lines_are_told_as_they_end():
    told = []
    stream = Stream(Output(told.append), "stdout")
    print("a", end="", file=stream)
    assert told == []
    print("b\nc", end="", file=stream)
    stream.flush()
    stream.flush()
    assert [json.loads(message)["text"] for message in told] == ["ab\nc"]
    with pytest.raises(TypeError, match=r"write\(\) takes a str; int came"):
        stream.write(1)


def said(write):
    told = []
    write(output := Output(told.append))
    output.begin()
    output.text("stdout", "again\n")
    *texts, cut, again = map(json.loads, told)
    assert cut == {"kind": "cut", "text": cut["text"]}
    assert again["text"] == "again\n"
    return "".join(text["text"] for text in texts), cut["text"]


def test_lines_are_cut():
    def write(output):
        stream = Stream(output, "stdout")
        for k in range(3 * LINES):
            print(k, file=stream)

    text, cut = said(write)
    assert text.splitlines() == [str(k) for k in range(LINES)]
    assert cut == "A cell shows at most 1,000 lines or 100,000 letters; the rest is left out."


@pytest.mark.parametrize("end", ["", " ", "\n"])
def test_letters_are_cut(end):
    def write(output):
        stream = Stream(output, "stderr")
        print("x" * 3 * LETTERS, end=end, file=stream)
        stream.flush()

    assert said(write)[0] == "x" * LETTERS


def test_displays_are_cut():
    def write(output):
        for k in range(3 * DISPLAYS):
            output.value(kind="value", text=str(k))

    text, cut = said(write)
    assert text == "".join(map(str, range(DISPLAYS)))
    assert cut == "A cell shows at most 100 displays; the rest is left out."


# Stand-ins.


@pytest.mark.parametrize(
    "use",
    [
        lambda it: it(1),
        lambda it: it.colors.Normalize(0, 1),
        lambda it: it["x"],
        lambda it: it.update(x=1),
        lambda it: [*it],
        lambda it: it + 1,
        lambda it: f"{it}",
        lambda it: types.new_class("Mine", (it,)),
    ],
)
def test_what_is_absent_can_be_named_and_not_used(use):
    thing = absent.Missing("matplotlib", "matplotlib.thing")
    assert repr(thing.part) == "<matplotlib.thing.part, which is not in the page>"
    assert not hasattr(thing, "__wrapped__")
    with pytest.raises(
        absent.AbsentError, match=r"^matplotlib is not in the page; the stored picture stays\.$"
    ):
        use(thing)


IN_A_PROCESS = """
import json, sys
from bplib.widgets.page import absent, kernel
kernel.absent.install(); kernel.absent.install()
assert sum(type(finder) is absent.Finder for finder in sys.meta_path) == 1
told = []
run = kernel.Kernel(told.append).run
{code}
print(json.dumps(told))
"""


def in_a_process(code):
    """Run as the page does, in a process of its own: what is installed there stays installed."""
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS.format(code=code)], capture_output=True, text=True, check=True
    )
    return [json.loads(message) for message in json.loads(done.stdout)]


def test_figures_and_pictures_where_nothing_of_jupyter_is():
    code = """
import matplotlib.pyplot as plt
from bplib.plot import GRADIENT
from bplib.scalar import Value
from bplib.widgets.explore import explore
from bplib.widgets.live import live
w = Value(0.5, "w")
fig = live((w * w).named("loss"), {w: (-2, 2)}, params=[w], name="one")
fig.step()
fig"""
    figure, done = in_a_process(f"run({code!r}, 'cell 1')")
    assert done["ok"]
    w = Value(0.5, "w")
    from bplib.widgets.live import Live, live

    here = live((w * w).named("loss"), {w: (-2, 2)}, params=[w], name="one")
    here.step()
    synced = {name: getattr(here, name) for name in Live.class_own_traits(sync=True)}
    assert {"spec", "inputs"} <= set(synced)
    assert figure == {"kind": "figure", "text": repr(here), "state": json.loads(json.dumps(synced))}


@pytest.mark.parametrize("name", sorted(absent.CLOSED))
def test_roads_to_the_browser_are_closed(name):
    error, _ = in_a_process(f"run('import {name}', 'cell 1')")
    assert error["text"] == f"{name} is not in the page: Python here reaches nothing of the browser."
    assert not error["absent"]


class Lamp(traits.HasTraits):
    light = traits.KINDS["Float"](0.5).tag(sync=True)
    names = traits.KINDS["List"](traits.KINDS["Unicode"]()).tag(sync=True)
    start = traits.KINDS["Any"]()

    def __init__(self, **values):
        self.heard = []
        super().__init__(**values)

    @traits.default("start")
    def _begin(self):
        return 7

    @traits.validate("light")
    def _check(self, proposal):
        if proposal["value"] < 0:
            raise traits.TraitError("dark")
        return min(proposal["value"], 1.0)

    @traits.observe("light", "start")
    def _hear(self, change):
        self.heard.append((change["name"], change["old"], change["new"]))


def test_traits_are_checked_and_heard():
    lamp = Lamp(light=3)
    lamp.light = 1
    assert lamp.heard == [("light", 0.5, 1.0)]
    with pytest.raises(traits.TraitError):
        lamp.light = -1
    assert lamp.light == 1.0
    assert lamp.start == 7


def test_no_two_share_what_they_start_with():
    one, two = Lamp(), Lamp()
    one.names.append("a")
    assert two.names == []


def test_code_that_ran_can_be_read_again():
    run("a = 1\nb = 2")
    assert linecache.getline("<cell 1>", 2) == "b = 2"
