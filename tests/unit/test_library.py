"""The library: how it is joined, what a figure carries of it, what it weighs, and what it says."""

import json
import re
import shutil
from pathlib import Path

import pytest
from ipywidgets import IntSlider, Widget
from ipywidgets.embed import dependency_state
from rjsmin import jsmin

from bplib.scalar import Value
from bplib.widgets import library
from bplib.widgets.explore import explore
from bplib.widgets.expressions import expressions
from bplib.widgets.figure import Figure, Library
from bplib.widgets.live import live
from bplib.widgets.views import VIEWS

STATIC = Path(library.__file__).parent / "static"
MODULES = {
    path.relative_to(STATIC).as_posix(): path.read_text(encoding="utf-8") for path in STATIC.rglob("*.js")
}


def one_of_each():
    w = Value(0.5, "w")
    return [
        live((w * w).named("loss"), {w: (-2, 2)}, name="one"),
        expressions(["x**2"], name="formula"),
        explore(lambda ax, n: ax.set_title(str(n)), alt="{n}", n=[1, 2]),
    ]


# The joiner.


def join(*names, **texts):
    """Join modules with these texts; ``a_b`` stands for ``a/b.js``."""
    return library.join(
        names, {f"{name.replace('_', '/')}.js": text for name, text in texts.items()}.__getitem__
    )


def test_what_is_needed_comes_first_and_every_line_stays_a_line():
    joined = join(
        "one.js",
        "two.js",
        one='import { two, three as drei } from "./two.js";\n\n// a\nexport const one = () => [two, drei];',
        two="export const two = 2;\nexport class three {}\n  const four = `\n  ${two}`;",
    )
    assert joined == (
        "// two.js\nconst two$ = (() => {\n"
        "const two = 2;\nclass three {}\n  const four = `\n  ${two}`;\n"
        "return { two, three };\n})();\n"
        "// one.js\nconst one$ = (() => {\n"
        "const { two, three: drei } = two$;\n\n// a\nconst one = () => [two, drei];\n"
        "return { one };\n})();\n"
    )


def test_folders_are_found_from_where_the_import_stands():
    joined = join(
        "views/heat.js",
        views_heat='import { run } from "../engine/tape.js";\nimport { cells } from "./grid.js";\n',
        views_grid='import { run } from "../engine/tape.js";\nexport const cells = run;\n',
        engine_tape="export function run() {}\n",
    )
    assert re.findall(r"^// (\S+)", joined, re.MULTILINE) == [
        "engine/tape.js",
        "views/grid.js",
        "views/heat.js",
    ]
    assert "const { run } = engine$tape$;" in joined
    assert "const { cells } = views$grid$;" in joined


def test_a_table_becomes_a_constant():
    texts = {"one.js": 'import t from "./t.json" with { type: "json" };\n', "t.json": '{\n  "a": "δ"\n}'}
    assert 'const t = {"a": "δ"};\n' in library.join(["one.js"], texts.__getitem__)


@pytest.mark.parametrize(
    "line",
    [
        'import * as two from "./two.js";',
        'import two from "./two.js";',
        'import { two } from "https://elsewhere/two.js";',
        'import { two } from "two.js";',
        'import { two } from "./two.js"; // with a comment',
        "import {",
        'import "./two.js";',
        "export default 3;",
        "export { two };",
        'export * from "./two.js";',
        "export const { a, b } = two;",
        "export let two = 2;",
        "export function* two() {}",
        "  export const two = 2;",
        "const where = 1;\nimport.meta.url;",
    ],
)
def test_a_line_it_does_not_understand_is_refused(line):
    number = 3 + line.count("\n")
    with pytest.raises(ValueError, match=rf"one.js, line {number}, is no import or export that the joiner"):
        join("one.js", one=f"\n\n{line}\n", two="export const two = 2;\n")


def test_a_name_that_is_not_exported_is_refused():
    with pytest.raises(ValueError, match=r"one.js, line 1, imports three, which two.js does not export"):
        join(
            "one.js", one='import { two, three } from "./two.js";\n', two="export const two = 2, three = 3;\n"
        )


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match=r"circle, two.js -> three.js -> two.js; move what both need"):
        join(
            "one.js",
            one='import { two } from "./two.js";\n',
            two='import { three } from "./three.js";\n',
            three='import { two } from "./two.js";\n',
        )


# What is joined.


def site_library():
    """What the site has of the library, as one text."""
    return "".join([library.script(), *map(library.view_script, library.views())])


@pytest.mark.parametrize("view", library.views())
def test_what_two_views_need_stands_in_the_shared_script(view):
    """So a page may load any of them beside it, and each takes from it what it needs."""
    apart = set(re.findall(r"^// ([\w/]+\.js)$", library.view_script(view), re.MULTILINE))
    assert f"views/{view}.js" in apart
    for other in library.views().keys() - {view}:
        assert not apart & set(re.findall(r"^// ([\w/]+\.js)$", library.view_script(other), re.MULTILINE))
    taken = re.search(r"^const \{ (.*) \} = shared;$", library.view_script(view), re.MULTILINE)[1].split(", ")
    made = set(re.findall(r"^const ([\w$]+) = \(\(\) => \{$", library.script(), re.MULTILINE))
    used = set(re.findall(r"= ([\w$]+\$);$", library.view_script(view), re.MULTILINE))
    own = set(re.findall(r"^const ([\w$]+) = \(\(\) => \{$", library.view_script(view), re.MULTILINE))
    assert set(taken) == used - own <= made


def test_every_view_has_its_module():
    files = {path.stem: path.name for path in (STATIC / library.VIEWS).glob("*.js")}
    assert files.keys() == VIEWS.keys()
    assert all("export const mount" in MODULES[f"{library.VIEWS}/{name}"] for name in files.values())


def test_every_module_can_be_joined():
    """Also those that no view needs yet; only the loader stands alone."""
    loaded_apart = ("loader.js", "python/", "workbook/", "recall/", "map/")
    shared = "workbook/kept.js"
    names = sorted(name for name in MODULES if name == shared or not name.startswith(loaded_apart))
    joined = library.join(names)
    assert sorted(re.findall(r"^// ([\w/]+\.js)$", joined, re.MULTILINE)) == names


def test_both_forms_hold_the_same_library_once():
    module, script = library.module(), site_library()
    assert module.count("export ") == 1
    assert "export " not in script
    for text in (module, script):
        joined = re.findall(r"^// ([\w/]+\.js)$", text, re.MULTILINE)
        assert "engine/tape.js" in joined
        assert len(joined) == len(set(joined))
    # In Jupyter predictions are a part of it; on the site they are a script of their own, which adds them.
    files = [set(re.findall(r"^// ([\w/]+\.js)$", text, re.MULTILINE)) for text in (module, script)]
    assert {name.split("/")[0] for name in files[0] - files[1]} == {"predict", "workbook"}
    assert not files[1] - files[0]
    apart = library.page_script(library.PREDICT)
    assert files[0] - files[1] <= set(re.findall(r"^// ([\w/]+\.js)$", apart, re.MULTILINE))
    assert 'window.bplib?.add("predict", render)' in apart
    assert 'library.add("predict", predict$predict$.render);\nexport default library;\n' in module


def test_a_script_carries_the_words_that_it_says_and_no_others():
    told = library.words()
    for text in (site_library(), library.module(), *(library.page_script(entry) for entry in ENTRIES)):
        table = json.loads(re.search(r"^const table = (\{.*\});$", text, re.MULTILINE)[1])
        said = re.findall(r"\bwords\.(\w+)", text.replace(json.dumps(table), ""))
        assert table.keys() == set(said) - {"js", "json"}  # which are files
        assert all(table[part] == told[part] for part in table)


def test_the_library_keeps_its_budget():
    """As the site carries it (tools/offline.py): what every figure needs, and what one view adds at most."""
    assert len(jsmin(library.script()).encode()) < 140_000
    assert max(len(jsmin(library.view_script(view)).encode()) for view in library.views()) < 35_000
    assert len(library.style(predictions=False).encode()) < 45_000


def test_what_a_workbook_is_keeps_its_budget():
    """What asks as the site carries it, and the rest of it with room for the table of Python's parts.

    The first page has the map where others have what comes back.
    """
    predictions, back, way = (
        len(jsmin(library.page_script(entry)).encode())
        for entry in (library.PREDICT, library.RECALL, library.MAP)
    )
    workbook = len(library.page_script(library.WORKBOOK, {"versions": {}, "parts": {}}).encode())
    assert predictions < 40_000
    assert back < 30_000
    assert way < 25_000
    assert predictions + max(back, way) + workbook + 2_000 < 120_000


def texts(line):
    """The texts in quotes on a line of a module; one in backticks whole, whatever stands in it."""
    found, start, depth = [], None, []
    for k, letter in enumerate(line):
        if k and line[k - 1] == "\\":
            continue
        if start is None and line.startswith("//", k):
            break
        if depth and letter == "}":
            depth.pop()
        elif line.startswith("${", k) and start is not None and line[start] == "`":
            depth.append(k)
        elif start is None and letter in "\"'`":
            start = k
        elif start is not None and letter == line[start] and not depth:
            found.append(line[start : k + 1])
            start = None
    return found


def test_what_is_made_smaller_says_the_same():
    """Each text stands in the site's script as in its module: jsmin takes one within another for code."""
    assert texts("const a = `M${r ? 'm' : 0} 0`; // it's") == ["`M${r ? 'm' : 0} 0`"]
    asking = [(library.page_script(entry), 150) for entry in (library.PREDICT, library.RECALL)]
    asking.append((library.page_script(library.POINT), 50))
    for whole, least in ((site_library(), 2000), *asking):
        small = jsmin(whole)
        said = [text for line in whole.splitlines() for text in texts(line)]
        assert len(said) > least
        assert [text for text in dict.fromkeys(said) if text not in small] == []
    nested = "const a = `M${r ? `m${-r} 0` : 0}`;"
    assert texts(nested)[0] not in jsmin(nested), "such a one would be seen"


def test_a_view_needs_no_engine_and_an_engine_no_document():
    """What draws reads numbers from the store, which knows no engine; what computes needs no page."""
    for name, text in MODULES.items():
        folder = name.split("/")[0]
        imports = re.findall(r'^import .* from "(.+)";$', text, re.MULTILINE)
        if folder in ("views", "parts", "network") or name == "store.js":
            assert not [path for path in imports if re.search(r"\b(engine|sources)/", path)], name
        if folder in ("engine", "sources"):
            assert not [path for path in imports if re.search(r"/(dom\.js|views/|parts/)", path)], name
            assert not re.search(r"\b(document|window)\.", text), name


def test_a_part_needs_no_store_and_no_view():
    """What several views are made of is told numbers, and tells what the reader asks for."""
    parts = {name: text for name, text in MODULES.items() if name.startswith(f"{library.PARTS}/")}
    assert parts
    for name, text in parts.items():
        imports = re.findall(r'^import .* from "(.+)";$', text, re.MULTILINE)
        assert not [path for path in imports if re.search(r"/(store\.js|main\.js|views/)", path)], name


def test_the_style_holds_every_sheet_once_and_the_general_one_first():
    style = library.style()
    sheets = [path.read_text(encoding="utf-8") for path in STATIC.rglob("*.css")]
    assert len(sheets) > 5
    assert [style.count(sheet) for sheet in sheets] == [1] * len(sheets)
    assert len(style) == sum(map(len, sheets))
    assert style.startswith((STATIC / "live.css").read_text(encoding="utf-8"))
    apart = (STATIC / "predict/predict.css").read_text(encoding="utf-8")
    assert library.style(predictions=False) == style.replace(apart, "")


ENTRIES = (library.PYTHON, library.WORKBOOK, library.PREDICT, library.RECALL, library.MAP, library.POINT)


# What a figure carries.


def test_figures_share_one_library_and_carry_little():
    figures = one_of_each()
    shared = {fig._library for fig in figures}
    assert len(shared) == 1
    assert shared.pop().get_state()["_bplib_script"] == library.module()
    assert [fig._bplib_kind for fig in figures] == ["live", "expressions", "explore"]
    for fig in figures:
        state = fig.get_state()
        assert state["_esm"] == Figure._esm
        assert len(state["_esm"].encode()) < 1000
        assert not state.get("_css")
        assert state["_library"] == f"IPY_MODEL_{fig._library.model_id}"


def test_a_closed_library_is_made_anew():
    (first, *_) = one_of_each()
    before = Library.shared()
    assert first._library is before
    Widget.close_all()
    (second, *_) = one_of_each()
    assert second._library is not before
    assert second._library.comm is not None


def test_a_page_carries_only_the_state_of_its_figures():
    figures, slider = one_of_each(), IntSlider(3)
    whole = dependency_state([*figures, slider], drop_defaults=False)
    state, kinds = library.for_page(whole)
    assert kinds == {"live", "expressions", "explore"}
    assert whole.keys() - state.keys() == {figures[0]._library.model_id}
    for fig in figures:
        mine = state[fig.model_id]["state"]
        assert mine.keys() & {"_esm", "_css", "_library"} == set()
        assert "_bplib_kind" in mine
    assert "IPY_MODEL_" + figures[0]._library.model_id not in json.dumps(state, default=str)
    assert state[slider.model_id] == whole[slider.model_id]
    assert library.for_page(state) == (state, kinds)


def test_a_page_without_figures_needs_no_library():
    slider = IntSlider(3)
    whole = dependency_state([slider], drop_defaults=False)
    assert library.for_page(whole) == (whole, set())


# What it says.

USES = re.compile(r"\bwords\.(\w+)\.(\w+)\b")
TAKEN = re.compile(r"const \{ ([^}]+) \} = words\.(\w+);")


def uses():
    found = {use for text in MODULES.values() for use in USES.findall(text)}
    for text in MODULES.values():
        for names, part in TAKEN.findall(text):
            found |= {(part, name.split(":")[0]) for name in names.split(", ")}
    return found


def test_every_sentence_is_used_and_every_use_has_its_sentence():
    assert uses() == {(part, key) for part, sentences in library.words().items() for key in sentences}


SCRIPTS = {
    "live": site_library,
    "python": lambda: library.page_script(library.PYTHON, {}),
    "workbook": lambda: library.page_script(library.WORKBOOK, {}),
    "recall": lambda: library.page_script(library.RECALL),
    "point": lambda: library.page_script(library.POINT),
    "map": lambda: library.page_script(library.MAP),
}


@pytest.mark.parametrize("made", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_carries_what_it_says_and_no_more(made):
    script = made()
    table = re.search(r"^// words\.js$.*?^const table = (\{[^\n]*\});$", script, re.MULTILINE | re.DOTALL)
    carried = json.loads(table[1])
    assert carried.keys() == set(re.findall(r"\bwords\.(\w+)", script.replace(table[1], ""))) - {"js", "json"}
    assert carried.items() < library.words().items()


FILLED = re.compile(r"(?:fill|pieces)\(words\.(\w+)\.(\w+), \{ ((?:[^{}]|\{[^{}]*\})*) \}\)")


def test_a_sentence_gets_what_it_has_places_for():
    calls = [call for text in MODULES.values() for call in FILLED.findall(text) if "..." not in call[2]]
    assert len(calls) > 50
    for part, key, given in calls:
        flat = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", re.sub(r"\([^()]*\)|`[^`]*`", "", given))
        named = {entry.split(":")[0].strip() for entry in flat.split(",")}
        assert named >= set(re.findall(r"\{(\w+)\}", library.words()[part][key])), (part, key, given)


STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
ERROR = re.compile(r"new Error\(.*\);")
COMMENT = re.compile(r"(^|\s)//.*")
GIVEN = re.compile(
    r"""setText\([^,\n]+, ["`][^"`$]*[A-Za-z]{2}"""  # text that an element gets,
    r"""|html\("\w+", \{[^}]*\}, ["`][^"`$]*[A-Za-z]{2}"""
    r"""|(?:\b(?:title|alt|placeholder)|"aria-(?:label|valuetext|description)"): ["`][^"`$]*[A-Za-z]{2}"""
)
SENTENCE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}|^[A-Z][a-z]+\b|[a-z]\.$")
KEYS = ("Arrow", "Escape", "Enter", "Home", "End", "Page", "Shift-", "Mod-")


def spoken(text):
    """List what looks like words of the interface: what is given as text, and what reads as prose.

    An Error speaks to whoever writes a figure, as Python's errors do, and not to a reader.
    """
    found = []
    for line in text.splitlines():
        code = ERROR.sub("", COMMENT.sub("", line))
        found += GIVEN.findall(code)
        for quoted, template in STRING.findall(code):
            fixed = re.sub(r"\$\{[^}]*\}", "§", template) or quoted
            if (
                SENTENCE.search(fixed)
                and "bp-" not in fixed
                and not any(fixed.startswith(key) for key in KEYS)
            ):
                found.append(fixed)
    return found


def test_no_module_speaks_for_itself():
    assert {name: said for name, text in MODULES.items() if (said := spoken(text))} == {}


@pytest.mark.parametrize(
    "line",
    [
        'const button = html("button", { type: "button" }, "reset");',
        "setText(said, `slope ${fmt(x)}`);",
        'html("input", { "aria-label": "rate" });',
        'store.say("The number is too large.");',
        'const heads = ["Value"];',
        "return `${name} is undefined there`;",
    ],
)
def test_a_module_that_did_would_be_found(line):
    assert spoken(line)


# Translations.


@pytest.fixture
def translated(tmp_path, monkeypatch):
    """Put a translation to German beside the English table, in a copy of the static files."""
    shutil.copytree(STATIC, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(library, "static", lambda name="": tmp_path / name)
    monkeypatch.setattr(library, "_parted", library._parted.__wrapped__)
    table = library.words("en")

    def write(**changes):
        for place, sentence in changes.items():
            part, key = place.split("_")
            if sentence is None:
                del table[part][key]
            else:
                table.setdefault(part, {})[key] = sentence
        (tmp_path / "words.de.json").write_text(json.dumps(table), encoding="utf-8")

    return write


def test_a_translation_is_a_file(translated, monkeypatch):
    translated(steps_play="Abspielen", controls_stays="{name} bleibt {x}. {fault}")
    assert '"play": "Abspielen"' in library.module("de")
    assert '"play": "Play"' in library.module()
    monkeypatch.setenv("BPLIB_LANGUAGE", "de")
    assert '"play": "Abspielen"' in library.script()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps_play": None}, "lacks steps.play"),
        ({"steps_stop": "Halt"}, "has no use for steps.stop"),
        ({"controls_stays": "{fault} bleibt {x}."}, r"lacks \{name\} in controls.stays"),
        ({"steps_play": "Los, {name}"}, r"has no use for \{name\} in steps.play"),
    ],
)
def test_a_translation_that_does_not_fit_is_refused(translated, change, message):
    translated(**change)
    with pytest.raises(ValueError, match=rf"words.de.json {message}\. It needs the keys of words.json"):
        library.words("de")


def test_a_language_without_its_file_is_refused():
    with pytest.raises(ValueError, match=r"no translation to 'xx': no file words.xx.json beside words.json"):
        library.words("xx")
