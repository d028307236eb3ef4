"""Tasks as data: what an author may ask for, and what is said of what can't be."""

import json

import pytest
from states import FIGURE, STATES

from bplib.neurons import neurons
from bplib.scalar import Value
from bplib.widgets.live import above, below, curve, graph, live, reached, read, stepped, task, walked
from bplib.widgets.views import network


def make(*tasks, params=True, views=None, **options):
    w, x = Value(0.5, "w"), Value(2.0, "x")
    loss = ((w * x - 3) ** 2).named("loss")
    spans = {w: (-2, 4), x: (-2, 2, 0.5)}
    views = views or [graph(), curve()]
    return live(loss, spans, params=[w] if params else [], views=views, name="line", tasks=tasks, **options)


def test_a_task_is_data_with_places_for_names():
    fig = make(
        task("Look.", opens=["x", "graph"], passes="ahead", until=walked(), then="So it is."),
        task("Move.", start={"x": 1}, rate=0.5, until=reached("x", 0), opens=["w", "curve", "nudge", "step"]),
        task("Lower.", start={}, until=below("loss", 1)),
        task("Raise.", until=above("loss", 5)),
        task("Step.", until=stepped(3)),
        task("Read.", until=read("w", "loss")),
        task("Think."),
    )
    loss = fig.tape.output
    assert fig.spec["tasks"] == [
        {
            "asks": "Look.", "opens": ["x", "graph"], "passes": "ahead", "then": "So it is.",
            "until": ["walked"],
        },
        {
            "asks": "Move.", "opens": ["w", "curve", "nudge", "step"], "start": [0.5, 1.0], "rate": 0.5,
            "until": ["reached", 1, 0.0, 0.25],
        },
        {"asks": "Lower.", "opens": [], "start": [0.5, 2.0], "until": ["below", loss, 1.0]},
        {"asks": "Raise.", "opens": [], "until": ["above", loss, 5.0]},
        {"asks": "Step.", "opens": [], "until": ["stepped", 3]},
        {"asks": "Read.", "opens": [], "until": ["read", 0, loss]},
        {"asks": "Think.", "opens": []},
    ]  # fmt: skip
    json.dumps(fig.spec, allow_nan=False)


def test_without_tasks_nothing_of_them_travels():
    assert "tasks" not in make().spec


def test_the_first_task_opens_two_controls_and_a_view_by_default():
    assert make(asks="Why?").spec["tasks"] == [{"asks": "Why?", "opens": ["w", "x", "graph"]}]


def test_what_a_view_moves_itself_is_no_control_to_open():
    net = neurons([[[0.5]], [[0.8]]], [[0.1], [0.2]], ["relu", "sigmoid"], x=[2.0], y=[1.0], loss="squared")
    drawing = network(net.layers, net.W, sums=net.z, biases=net.b)
    spans = {"x": (-3, 3)} | {p: (-1, 3) for p in net.params}
    fig = live(net.loss, spans, views=[drawing], name="net", asks="Why?")
    assert fig.spec["tasks"][0]["opens"] == ["x", "network"]
    with pytest.raises(ValueError, match="this figure has x, network, table, move"):
        live(net.loss, spans, views=[drawing], name="net", tasks=[task("A", opens=["W1"])])


@pytest.mark.parametrize(
    ("tasks", "error", "message"),
    [
        ("Drag x.", TypeError, "tasks must be a list"),
        (task("Drag x."), TypeError, "tasks must be a list"),
        (["Drag x."], TypeError, r"Task 1 must be task\('what to do', ...\); got 'Drag x.'"),
        ([task("")], TypeError, "Task 1 must be task"),
        ([task("A", start={"x": 1})], ValueError, "first task begins where the figure does"),
        ([task("A", rate=2)], ValueError, "first task begins where the figure does"),
        ([task("A", opens=["z"])], ValueError, "opens 'z'; this figure has w, x, graph, curve, nudge, step"),
        ([task("A", passes="yes")], ValueError, "passes of task 1 must be 'ahead' or 'done'"),
        ([task("A"), task("B", start={"z": 1})], ValueError, "start names 'z'"),
        ([task("A"), task("B", start={"x": 9})], ValueError, "x = 9 is outside its range -2 to 2"),
        ([task("A"), task("B", start=[1])], TypeError, "start must be a dict"),
        ([task("A"), task("B", rate=0)], ValueError, "rate of task 2 must be a number above 0"),
        ([task("A"), task("B", rate="2")], TypeError, "The rate of task 2 takes a finite number"),
        ([task("A", until="walked")], TypeError, "until of task 1 must be reached"),
        ([task("A", until=reached("z", 0))], ValueError, "reached names 'z'"),
        ([task("A", until=reached("x", 9))], ValueError, "x = 9 is outside its range"),
        ([task("A", until=reached("x", "0"))], TypeError, "reached takes a finite number"),
        ([task("A", until=reached("x", 2))], ValueError, "Task 1, 'A', is done before it begins"),
        ([task("A", until=below("loss", 5))], ValueError, "is done before it begins"),
        ([task("A"), task("B", start={"x": 0}, until=above("loss", 5))], ValueError, "Task 2, 'B', is"),
        ([task("A", until=below("z", 5))], ValueError, r"below\(...\) needs named nodes"),
        ([task("A", until=stepped(0))], ValueError, "stepped takes a whole number of steps above 0; got 0"),
        ([task("A", until=stepped(1.5))], ValueError, "stepped takes a whole number"),
        ([task("A", until=read("z"))], ValueError, r"read\(...\) needs named nodes"),
    ],
)  # fmt: skip
def test_a_task_that_cannot_be_is_refused(tasks, error, message):
    with pytest.raises(error, match=message):
        w, x = Value(0.5, "w"), Value(2.0, "x")
        live(
            ((w * x - 3) ** 2).named("loss"), {w: (-2, 4), x: (-2, 2)}, params=[w], views=[graph(), curve()],
            name="line", tasks=tasks,
        )  # fmt: skip


def test_what_a_figure_cannot_notice_is_refused():
    with pytest.raises(ValueError, match="nothing learns"):
        make(task("A", until=stepped()), params=False)
    with pytest.raises(ValueError, match="only a graph, a network or paths show"):
        make(task("A", until=walked()), views=[curve()])
    with pytest.raises(ValueError, match="both came"):
        make(task("A"), asks="Why?")
    w, b, c = (Value(1.0, name) for name in "wbc")
    spans = {w: (0, 2), b: (0, 2), c: (0, 2)}
    with pytest.raises(ValueError, match="The first task opens 3 controls; 2 are enough"):
        live((w * b * c).named("out"), spans, name="f", tasks=[task("A", opens=[w, b, c, "graph"])])
    d = Value(1.0, "d")
    with pytest.raises(ValueError, match="Task 1 waits for 'd', which can't be moved"):
        live((w * d).named("out"), {w: (0, 2)}, name="f", tasks=[task("A", until=reached(d, 2))])


def test_the_task_is_a_number_that_exists():
    fig = FIGURE()
    fig.task = 3
    with pytest.raises(ValueError, match="has 3 tasks, counted from 1; got 4"):
        fig.task = 4
    assert fig.task == 3


# States.


@pytest.mark.parametrize(("text", "expected"), STATES)
def test_python_reads_a_state(text, expected):
    fig = FIGURE()
    before = fig.inputs, fig.rate, fig.task
    if expected is None:
        with pytest.raises(ValueError):
            fig.state = f"pair:{text}"
        assert (fig.inputs, fig.rate, fig.task) == before
    else:
        fig.state = f"pair:{text}"
        assert [fig.inputs, fig.rate, fig.task] == expected


def test_a_state_says_the_rate_and_the_task_where_they_differ():
    fig = FIGURE()
    assert fig.state == "pair:1:w=0.5,b=0.1"
    fig.rate, fig.task = 2, 3
    assert fig.state == "pair:1:w=0.5,b=0.1&rate=2.0&task=3"
    text = fig.state
    fig.reset()
    fig.task = 1
    fig.state = text
    assert (fig.rate, fig.task) == (2, 3)
    # A rate that is left out is the first one; the task stays.
    fig.state = "pair:1:w=1"
    assert (fig.controls["w"], fig.rate, fig.task) == (1, 0.1, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pair:7:w=1", "is of version 7; this edition reads up to 1. Open it with the edition that made it"),
        ("pair:v=1", "names 'v'; this figure has w, b. An older edition may have had it"),
        ("pair:w=1&speed=1", "names 'speed'; beside the numbers there may be rate, task"),
        ("pair:w=1&task=9", "names task 9; this figure has 3"),
        ("pair:w=1&rate=0", "has the learning rate 0. It must be a number above 0"),
    ],
)
def test_a_refusal_says_what_is_wrong(text, message):
    with pytest.raises(ValueError, match=message):
        FIGURE().state = text
