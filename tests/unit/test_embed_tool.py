"""The tool that writes figures as pages and as files: names, addresses, what it refuses."""

from types import SimpleNamespace

import embed
import pytest
import segno
from ipywidgets.embed import dependency_state
from test_library import one_of_each

from bplib.widgets.explore import explore


def test_every_kind_of_figure_has_a_name():
    figures = [*one_of_each(), explore(lambda ax, n: ax.set_title(str(n)), alt="{n}", n=[1, 2])]
    state = dependency_state(figures, drop_defaults=False)
    found = embed.names(state)
    assert [found[fig.model_id] for fig in figures] == ["one", "formula", "picture-1", "picture-2"]
    assert len(found) == 4


def test_a_name_that_two_pages_have_is_told_apart_by_the_page():
    pages = {
        "book/01-a": ["neuron", "chain"],
        "book/02-b": ["neuron", "cost"],
        "book/exercises/02-b": ["neuron"],
    }
    assert embed.addresses(pages) == {
        ("book/01-a", "neuron"): "neuron",
        ("book/01-a", "chain"): "chain",
        ("book/02-b", "neuron"): "02-b-neuron",
        ("book/02-b", "cost"): "cost",
        ("book/exercises/02-b", "neuron"): "exercises-02-b-neuron",
    }


@pytest.mark.parametrize("base", ["https://example.org/book", "https://example.org/book/"])
def test_where_the_site_has_an_address_a_figure_has_one_and_its_code(base):
    app = pretend(base)
    told = embed.site(app, "book/01-a", "formula")
    assert told["address"] == "https://example.org/book/embed/formula.html"
    code = segno.make("https://example.org/book/embed/formula.html", micro=False)
    assert told["qr"] == code.svg_data_uri(border=2, omitsize=True)
    assert len(told["qr"]) < 4000


def test_without_an_address_it_has_its_name_and_its_page():
    assert embed.site(pretend(""), "book/01-a", "one") == {"name": "one", "page": "Credit · The book"}


def pretend(base):
    """Return as much of Sphinx as knows one page with figures."""
    state = dependency_state(one_of_each(), drop_defaults=False)
    script = ("", {"body": embed.in_script({"state": state})})
    return Pretended(
        config=SimpleNamespace(html_baseurl=base, html_title="The book"),
        env=SimpleNamespace(
            nb_metadata={"book/01-a": {"js_files": {"ipywidgets_state": script}}},
            titles={"book/01-a": SimpleNamespace(astext=lambda: "Credit")},
        ),
    )


class Pretended(SimpleNamespace):
    __hash__ = object.__hash__


@pytest.fixture
def site(tmp_path):
    """A site with two figures, of which each asks for a style and a script and leads to its page."""
    static = tmp_path / "_static" / "bp"
    static.mkdir(parents=True)
    for name in ("live.css", "embed.css"):
        (static / name).write_text(f"/* {name} */\n")
    (static / "views").mkdir()
    for name in ("live.js", "views/curve.js", "embed.js", "figures.js"):
        (static / name).write_text(f'"{name} </script> \\\\1";\n')
    (tmp_path / "embed").mkdir()
    for name in ("neuron", "chain"):
        parts = dict.fromkeys(("language", "page", "home", "state", "view"), f"some {name}")
        parts["views"] = embed.VIEW.format("curve")
        (tmp_path / "embed" / f"{name}.html").write_text(embed.PAGE.format(name=name, **parts))
    return tmp_path


def test_one_file_holds_what_its_page_asks_for(site, capsys):
    embed.main(["neuron", "--site", str(site), "-o", str(site / "out.html")])
    text = (site / "out.html").read_text()
    assert "src=" not in text and 'rel="stylesheet"' not in text and "<a " not in text
    assert [text.count(f"/* {name} */") for name in ("live.css", "embed.css")] == [1, 1]
    scripts = [
        f'"{name} <\\/script> \\\\1";' for name in ("embed.js", "live.js", "views/curve.js", "figures.js")
    ]
    assert [text.count(script) for script in scripts] == [1, 1, 1, 1]
    assert text.count("<footer>some neuron</footer>") == 1
    assert capsys.readouterr().out.startswith(f"{site / 'out.html'}: 1 kB")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nuron"], "There is no figure 'nuron'. Did you mean 'neuron'? The site has: chain, neuron."),
        (["loss"], "There is no figure 'loss'. The site has: chain, neuron."),
        ([], "Name a figure. The site has: chain, neuron."),
        (["chain", "-o", "{site}/no/chain.html"], "{site}/no/chain.html can't be written: No such file"),
        (["chain", "--site", "{site}/no"], "There are no figures in {site}/no/embed: build the site first"),
    ],
)
def test_what_cannot_be_written_is_told(site, arguments, told):
    with pytest.raises(SystemExit) as refused:
        embed.main(["--site", str(site), *(argument.format(site=site) for argument in arguments)])
    assert str(refused.value).startswith(told.format(site=site))
