"""The view `ribbons` from Python: which stops it takes, and what its still picture says."""

import math

import pytest

from bplib import plot
from bplib.scalar import Value
from bplib.tape import Tape
from bplib.widgets.live import live
from bplib.widgets.views import ribbons


def figure(*stops, nudge="Δx", controls=("x", "Δx")):
    """A number that goes through u and s, and one that reaches y through u and v."""
    x, by = Value(1.0, "x"), Value(0.1, "Δx")
    u, v = (x**2).named("u"), x.sin().named("v")
    s = (u.sin()).named("s")
    y, late = (u * v).named("y"), (s * by).named("late")
    both = (y + s + late).named("both")
    return live(both, {name: (0.01, 2) for name in controls}, views=[ribbons(*stops, nudge=nudge)], name="r")


def test_stops_are_found_on_the_tape():
    fig = figure("x", ("u", "v"), "y")
    (view,) = fig.spec["views"]
    assert [[fig.tape.names[i] for i in stop] for stop in view["stops"]] == [["x"], ["u", "v"], ["y"]]
    assert [fig.plan.input_name(view[key]) for key in ("against", "nudge")] == ["x", "Δx"]


@pytest.mark.parametrize(
    ("stops", "options", "message"),
    [
        (("x", "u"), {}, r"3 to 5 lines.*stops of \[1, 1\] came"),
        (("x", "u", ("u", "v")), {}, r"stops of \[1, 1, 2\] came"),
        ((("x", "u"), "y"), {}, r"stops of \[2, 1\] came"),
        (("u", "s", "both"), {}, "no such input"),
        (("x", "u", "s"), {"nudge": "v"}, "no such input"),
        (("x", "u", "s"), {"controls": ("x",)}, "'Δx' is none"),
        (("x", "u", "y"), {}, "'y' must be computed from 'u', and not past them from 'x'"),  # through v, too
        (("x", "v", "s"), {}, "'s' must be computed from 'v'"),
        (("x", "s", "late"), {}, "or the nudge"),
        (("x", ("u", "s"), "both"), {}, "'s' must be computed from 'x'"),  # s is computed from u
    ],
)
def test_other_stops_are_refused(stops, options, message):
    with pytest.raises(ValueError, match=message):
        figure(*stops, **options)


def test_the_picture_says_where_each_line_goes_and_by_which_factor():
    alt = figure("x", "u", "s").figure().alt
    assert alt == (
        "A nudge on number lines: x from 1 to 1.1; u from 1 to 1.21, × 2.1; "
        "s from 0.8415 to 0.9356, × 0.4483."
    )


def test_two_paths_join_where_the_first_ends():
    fig = figure("x", ("u", "v"), "y")
    fig.controls["x"] = 2.0 - 0.1
    joint = 2**2 * math.sin(1.9)
    alt = fig.figure().alt
    assert f"to {joint:.4g} through u, × {math.sin(1.9):.4g}; y from {joint:.4g} to" in alt
    assert alt.endswith("through v, × 4.")


def test_a_number_that_the_nudge_takes_out_of_the_domain_is_refused():
    tape = Tape.record(lambda x: x.log().named("u").exp().named("y"), x=1.0)
    with pytest.raises(ValueError, match="u is not finite at x = -1"):
        plot.ribbons(tape, None, [["x"], ["u"], ["y"]], -2.0)
