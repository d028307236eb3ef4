"""Any formula as a live figure: chosen from a menu, or typed by the reader.

It adds a reader of formulas to `live`. A formula is parsed into Python's syntax tree and built from Values,
node by node; nothing of it is ever executed.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from bplib.scalar import Value
from bplib.widgets.figure import Figure
from bplib.widgets.live import Live, described
from bplib.widgets.plan import Plan, plan
from bplib.widgets.tasks import task
from bplib.widgets.views import curve, graph

try:
    import traitlets
except ImportError as error:
    raise ImportError('Live figures need anywidget: pip install "bplib[widgets]"') from error

#: Limits on a formula. They keep the figure readable, and a hostile text harmless.
MAX_LENGTH, MAX_DEPTH, MAX_NODES, MAX_INPUTS = 200, 50, 40, 6

ONE = ("exp", "log", "sin", "cos", "tanh", "sigmoid", "relu", "leaky_relu", "softplus", "sqrt", "abs")
TWO = {"maximum": "maximum", "minimum": "minimum", "max": "maximum", "min": "minimum"}
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Value]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
#: Where an input of a formula can go, by its name.
Spans = Mapping[str, tuple[float, float]]
#: A name, which may be empty for the last step, and a formula.
Step = tuple[str, ast.expr]
#: Tried in turn for inputs whose start the reader does not give; all different, so that no two look alike.
STARTS = ((1.5, 0.5, 2.0, -1.0, 0.8, -0.5), (2.0, 1.2, 0.5, 3.0, 0.8, 1.6), (0.5, 0.3, 0.7, 0.2, 0.6, 0.4))


def build(text: str) -> tuple[Value, list[Value]]:
    """Build the graph of a formula.

    Parameters
    ----------
    text : str
        Steps separated by ``;``: ``"x = 3; u = x**2; u**2 + u"``. A step ``name = number`` says where an
        input starts, any other ``name = formula`` names a node; the last step is the output. Names that
        are not given are inputs as well. Allowed are numbers, names, ``+ - * / **``, brackets, and the
        functions exp, log, sin, cos, tanh, sigmoid, relu, leaky_relu, softplus, sqrt, abs, max and min.

    Returns
    -------
    output : Value
    inputs : list of Value
        The inputs in the order in which they appear.

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If the text is no such formula, is too long or too deep, has no input or too many, or has no finite
        value where it starts. The message says which, and how to mend it.

    Examples
    --------
    >>> output, inputs = build("x = 3; u = x**2; u**2 + u")
    >>> output, inputs
    (Value(90.0, 'result'), [Value(3.0, 'x')])
    >>> output.backward()
    >>> inputs[0].grad
    114.0
    """
    starts, steps = _inputs_first(_parsed(text))
    fault = ""
    for candidates in STARTS:
        free = iter(candidates)
        inputs = [Value(next(free) if start is None else start, name) for name, start in starts.items()]
        try:
            return _output(steps, inputs), inputs
        except _UndefinedError as reason:
            fault = fault or str(reason)
    raise ValueError(f"{fault} Say where the inputs start, as in {next(iter(starts))} = 2; ...")


def _inputs_first(steps: list[Step]) -> tuple[dict[str, float | None], list[Step]]:
    """Take the inputs, with their starts if they are given, out of the steps."""
    starts: dict[str, float | None] = {}
    formulas: list[Step] = []
    taken: set[str] = set()
    for name, tree in steps:
        called = {id(part.func) for part in ast.walk(tree) if isinstance(part, ast.Call)}
        used = [part for part in ast.walk(tree) if isinstance(part, ast.Name) and id(part) not in called]
        # ast.walk goes by depth; the reader goes by place.
        for part in sorted(used, key=lambda part: (part.lineno, part.col_offset)):
            if part.id == name:
                raise ValueError(f"{name} is used in the step that computes it; give the step a new name.")
            if part.id in (*ONE, *TWO):
                raise ValueError(f"{part.id} is a function: write its argument in brackets, {part.id}(x).")
            if part.id not in taken:
                starts[part.id] = None
                taken.add(part.id)
        if name in taken:
            raise ValueError(f"{name} already stands for something; give this step another name.")
        number = _plain_number(tree)
        if name and number is not None and tree is not steps[-1][1]:
            starts[name] = number
        else:
            formulas.append((name, tree))
        taken |= {name} - {""}
    if len(starts) > MAX_INPUTS:
        raise ValueError(
            f"A figure has room for {MAX_INPUTS} inputs; this has {len(starts)}: {', '.join(starts)}."
        )
    if not starts:
        raise ValueError("There is nothing to move: use at least one name, as in 2*x + 1.")
    return starts, formulas


def _parsed(text: str) -> list[Step]:
    """Parse the text into pairs of a name and a formula; the last name may be empty."""
    if not isinstance(text, str):
        raise TypeError(f"A formula is text such as 'x*y + sin(x)'; {type(text).__name__} {text!r} came.")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"A formula has at most {MAX_LENGTH} characters; this has {len(text)}.")
    if "^" in text:
        raise ValueError("Write ** for a power: x**2.")
    try:
        statements = ast.parse(text.strip(" ;\t\n")).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(_misspelt(text, error)) from None
    if not statements:
        raise ValueError("A formula is missing. Write one such as x*y + sin(x).")
    steps: list[Step] = []
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=tree):
                steps.append((name, tree))
            case ast.Expr(value=tree) if statement is statements[-1]:
                steps.append(("", tree))
            case ast.Expr():
                raise ValueError("Each step before the last needs a name: u = x**2; u + 1.")
            case _:
                raise ValueError("Steps are formulas, or name = formula, with ; between them.")
    return steps


def _misspelt(text: str, error: Exception) -> str:
    """Say what is wrong with a text that is no Python."""
    missing = text.count("(") - text.count(")")
    if missing:
        which, count = ("A closing", missing) if missing > 0 else ("An opening", -missing)
        return (
            f"{which} bracket is missing."
            if count == 1
            else f"{count} {which[2:].strip()} brackets are missing."
        )
    column = getattr(error, "offset", None)
    near = f" near {text.strip(' ;')[max(0, column - 3) : column + 6]!r}" if column else ""
    return f"This can't be read as a formula{near}. Write * for a product, ** for a power, ; between steps."


def _plain_number(tree: ast.expr) -> float | None:
    """Return the number that a step consists of, if it is one, with or without a sign."""
    match tree:
        case ast.Constant():
            return _number(tree)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant() as inner):
            return -_number(inner) if isinstance(tree.op, ast.USub) else _number(inner)
    return None


def _number(tree: ast.Constant) -> float:
    if isinstance(tree.value, bool) or not isinstance(tree.value, int | float):
        raise ValueError(f"{tree.value!r} is not a number that a formula can hold.")
    with suppress(OverflowError):
        if abs(number := float(tree.value)) < 1e300:
            return number
    raise ValueError("A number in the formula is too large.")


class _UndefinedError(ValueError):
    """The formula has no finite value at these starts; at others it may."""


def _output(steps: list[Step], inputs: list[Value]) -> Value:
    """Build every step; return the last, named, once its gradients have been seen to exist."""
    known = {value.name: value for value in inputs}
    node = Value(0.0)
    for name, tree in steps:
        node = _build(tree, known, 0)
        if name:
            if not node.parents:
                raise ValueError(f"{name} computes nothing: use it for a formula, or leave it out.")
            # A second name for one node would take the first away.
            node = known[name] = (node + 0.0 if node.name else node).named(name)
    reached = node.graph()
    if unused := [name for name, value in known.items() if value not in reached]:
        raise ValueError(f"{unused[0]} does not reach the last step. Use it there, or leave it out.")
    if not node.parents:
        raise ValueError("The last step computes nothing; write a formula such as x*y + sin(x).")
    if len(moving := [part for part in reached if part.parents]) > MAX_NODES:
        raise ValueError(f"A figure has room for {MAX_NODES} operations; this has {len(moving)}.")
    name = "result"
    while name in known:
        name += "_"
    try:
        node.backward()
    except ValueError as reason:
        raise _UndefinedError(str(reason)) from None
    return node if node.name else node.named(name)


def _build(tree: ast.expr, known: dict[str, Value], depth: int) -> Value:
    """Build one formula from its syntax tree. What is not listed here is refused."""
    if depth > MAX_DEPTH:
        raise ValueError(f"The formula is nested more than {MAX_DEPTH} deep; name its parts: u = ...; u + 1.")

    def part(inner: ast.expr) -> Value:
        return _build(inner, known, depth + 1)

    match tree:
        case ast.Constant():
            return _constant(_number(tree))
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return part(inner)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _made(lambda a: -a, part(inner))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return _made(OPERATORS[type(operator)], part(left), part(right))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in (*ONE, *TWO):
            wanted = 1 if name in ONE else 2
            if len(args) != wanted:
                needs = "one argument" if wanted == 1 else "two arguments"
                raise ValueError(f"{name} takes {needs}; {len(args)} came.")
            first, *others = [part(arg) for arg in args]
            return _made(getattr(Value, TWO.get(name, name)), first, *others)
        case ast.Call(func=ast.Name(id=name)) if name not in (*ONE, *TWO):
            functions = ", ".join((*ONE, "max", "min"))
            raise ValueError(f"There is no function {name!r} here. There are {functions}.")
    raise ValueError("Only numbers, names, + - * / **, brackets and functions can stand in a formula.")


def _made(operation: Callable[..., Value], *parts: Value) -> Value:
    """Apply an operation; what is computed from numbers alone is a number again."""
    try:
        node = operation(*parts)
    except ValueError as error:
        raise _UndefinedError(str(error)) from None
    fixed = not any(part.parents or part.name for part in parts)
    return _constant(node.data) if fixed else node


def _constant(number: float) -> Value:
    # As arithmetic wraps a plain number: it does not move, so x**2 needs no slope for its exponent.
    node = Value(number)
    node.op = "const"
    return node


def _plan(text: str, name: str, asked: Spans | None = None, asks: str | None = None) -> Plan:
    """Plan the figure of a formula; an input without a span gets one round 0 that holds its start."""
    output, inputs = build(text)
    given = dict(asked or {})
    spans: dict[Value | str, tuple[float, float]] = {}
    for value in inputs:
        reach = 5.0 if abs(value.data) <= 5 else 2 * abs(value.data)
        spans[value] = given.pop(value.name, (-reach, reach))
    if given:
        names = ", ".join(value.name for value in inputs)
        raise ValueError(
            f"{text!r} has no input {next(iter(given))!r} to give a range; its inputs are {names}."
        )
    # Nothing of a formula is known before the reader has gone through it.
    tasks = [task(asks, passes="ahead")] if asks else []
    return plan(output, spans, views=[graph(), curve()], name=name, tasks=tasks)


def expressions(
    formulas: Iterable[str | tuple[str, Spans]], *, name: str, asks: str | None = None
) -> "Expressions":
    """Make a figure whose formula the reader chooses, or, where Python runs, types.

    Parameters
    ----------
    formulas : iterable of str or (str, dict)
        What the menu offers, at most 12; `build` says how a formula is written. They are recorded now, so
        that the menu works on a page without Python. With a dict from the names of inputs to (low, high)
        these move there, as x of the logistic map does from 0 to 1; the others move from -5 to 5, or twice
        as far as they start.
    name : str
        A short name, unique in its page; a shared link starts with it and the formula's number.
    asks : str, optional
        A question about whatever formula is shown. The figure then opens before the first step of its graph.

    Returns
    -------
    Expressions
        The figure; end a cell with it to see it.

    Raises
    ------
    TypeError
        If a formula is no string, or no pair of a string and a dict.
    ValueError
        If a formula can't be built, there is none or there are too many, a range is given to what is no
        input or does not hold the start, or the name does not fit.

    Examples
    --------
    >>> fig = expressions(["x = 3; u = x**2; u**2 + u", "sin(x) * y"], name="formula")
    >>> fig
    live figure 'formula-1': x = 3, u = 9, result = 90; dresult/dx = 114, dresult/du = 19, dresult/dresult = 1
    >>> expressions([("x = 0.3; 4*x*(1 - x)", {"x": (0, 1)})], name="logistic").live.values["result"]
    0.84
    >>> fig.text = "exp(x) + 1"
    >>> fig.live.gradients["result"]
    1.0
    """
    return Expressions(formulas, name, asks)


class Expressions(Figure):
    """A figure whose formula can be exchanged. Make one with `expressions`.

    Attributes
    ----------
    text : str
        The present formula; assign another to show it.
    live : Live
        A figure of its own for that formula, whose numbers Python can read and move.
    """

    _bplib_kind = traitlets.Unicode("expressions").tag(sync=True)
    recorded: traitlets.List[dict[str, Any]] = traitlets.List().tag(
        sync=True
    )  # of {"text", "spec", "inputs"}
    shown = traitlets.Dict().tag(sync=True)  # one more of these
    asked = traitlets.Dict().tag(sync=True)  # what the reader wants: {"text", "turn"}
    fault = traitlets.Dict().tag(sync=True)  # the answer: {"turn", "says"}, why it did not work or ""

    def __init__(
        self, formulas: Iterable[str | tuple[str, Spans]], name: str, asks: str | None = None
    ) -> None:
        if isinstance(formulas, str):
            raise TypeError(f"formulas must be a list of texts; put {formulas!r} in brackets.")
        asked = list(map(_formula, islice(formulas, MAX_FORMULAS + 1)))
        if not 1 <= len(asked) <= MAX_FORMULAS:
            raise ValueError(f"A menu offers 1 to {MAX_FORMULAS} formulas; {len(asked)} came.")
        self._name = name
        self._asks = asks
        self._spans = dict(asked)
        plans = [_plan(text, f"{name}-{k}", spans, asks) for k, (text, spans) in enumerate(asked, start=1)]
        self._plan = plans[0]
        self._live: Live | None = None
        recorded = [_state(text, each) for (text, _), each in zip(asked, plans, strict=True)]
        super().__init__(recorded=recorded, shown=recorded[0])

    @property
    def text(self) -> str:
        """The present formula. Assign another one to show it."""
        text: str = self.shown["text"]
        return text

    @text.setter
    def text(self, text: str) -> None:
        places = [k for k, state in enumerate(self.recorded, start=1) if state["text"] == text]
        place = places[0] if places else "typed"
        self._plan = _plan(text, f"{self._name}-{place}", self._spans.get(text), self._asks)
        self.shown = _state(text, self._plan)

    @traitlets.observe("asked")
    def _answer(self, change: Any) -> None:
        """Show what the page asks for, or tell it why not."""
        try:
            self.text = change["new"]["text"]
            says = ""
        except (KeyError, TypeError, ValueError) as reason:
            says = str(reason)
        # Told even where it worked: a formula that is shown already changes nothing else.
        self.fault = {"turn": change["new"].get("turn"), "says": says}

    @property
    def live(self) -> Live:
        """A figure of its own for the present formula, made when it is first asked for."""
        if self._live is None:
            self._live = Live(self._plan, 0.1)
            self._live.inputs = self.shown["inputs"]
        return self._live

    @traitlets.observe("shown")
    def _forget(self, _: Any) -> None:
        self._live = None

    @property
    def state(self) -> str:
        """What is shown as text that can be shared; assign such a text to bring its state back."""
        return self._plan.state(self.shown["inputs"])

    @state.setter
    def state(self, text: str) -> None:
        wanted = str(text).removeprefix("#").partition(":")[0]
        for formula in self.recorded:
            if formula["spec"]["name"] == wanted:
                self.text = formula["text"]
        self.shown = {**self.shown, "inputs": self._plan.restore(text)[0]}

    def figure(self) -> Any:
        """Return a matplotlib figure of the present formula's graph."""
        return self._plan.still(self.shown["inputs"])

    def __repr__(self) -> str:
        return self._plan.in_words(self.shown["inputs"]) if self.shown else "live figure"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return described(self, super()._repr_mimebundle_(**options))


#: More formulas than this are no menu any more, and each page carries them all.
MAX_FORMULAS = 12


def _formula(entry: Any) -> tuple[str, Spans]:
    """Take a formula apart into its text and the ranges that it asks for."""
    match entry:
        case (text, dict() as spans):
            return text, spans
        case str():
            return entry, {}
    raise TypeError(f"A formula is text, or (text, {{name: (low, high)}}); {entry!r} came.")


def _state(text: str, plan: Plan) -> dict[str, Any]:
    return {"text": text, "spec": plan.spec, "inputs": plan.start}
