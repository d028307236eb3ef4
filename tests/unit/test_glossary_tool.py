"""What the site gets so that a link to a word of the glossary says what stands there."""

import json
import re
from types import SimpleNamespace

import glossary

PAGE = """<dl class="simple glossary">
<dt id="term-hidden-unit">hidden unit<a class="headerlink" href="#term-hidden-unit" title="Link">#</a></dt>
<dd><p>A neuron whose <em>output</em> goes to <a class="reference" href="#term-neuron">neurons</a>.</p>
</dd>
<dt id="term-neuron">neuron<a class="headerlink" href="#term-neuron">#</a></dt><dd><p>A station.</p>
</dd>
</dl>"""


def test_definitions_stand_by_the_ids_of_their_words():
    told = glossary.definitions(PAGE)
    assert list(told) == ["term-hidden-unit", "term-neuron"]
    assert told["term-neuron"] == "<b>neuron</b><p>A station.</p>"
    assert '<em>output</em> goes to <a class="reference" href="#term-neuron">' in told["term-hidden-unit"]


def test_the_scripts_are_written_for_pages_of_html_only(tmp_path):
    added = []
    for form, folder in (("latex", tmp_path / "latex"), ("html", tmp_path / "html")):
        app = SimpleNamespace(
            builder=SimpleNamespace(format=form),
            outdir=str(folder),
            add_js_file=lambda name, **attributes: added.append((name, attributes["defer"])),
        )
        page = folder / f"{glossary.GLOSSARY}.html"
        page.parent.mkdir(parents=True)
        page.write_text(PAGE, encoding="utf-8")
        (folder / "_static" / "bp").mkdir(parents=True)
        glossary.ask_for_script(app)
        glossary.write_definitions(app, None)
    assert added == [("bp/point.js", "defer")]
    assert not [*(tmp_path / "latex/_static/bp").iterdir()]
    script = (tmp_path / "html/_static/bp/terms.js").read_text(encoding="utf-8")
    told = re.fullmatch(r"window\.bplib_terms = (\{.*\});\n", script)
    assert json.loads(told[1]) == glossary.definitions(PAGE)
