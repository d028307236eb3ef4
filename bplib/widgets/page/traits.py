"""As much of traitlets, ipywidgets and anywidget as a figure of bplib uses, for the page.

There a figure needs no connection: Python tells its state once, where it is displayed, and the page's
library draws it and moves it from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias
from typing import Any

#: What only Jupyter needs of a figure.
_JUPYTER = {"_esm", "_css", "_library"}


class Trait:
    """An attribute that is checked when it is set, and told of when it changes.

    Examples
    --------
    >>> class Lamp(HasTraits):
    ...     light = KINDS["Float"](0.5).tag(sync=True)
    ...     @validate("light")
    ...     def _check(self, proposal):
    ...         return min(proposal["value"], 1.0)
    ...     @observe("light")
    ...     def _tell(self, change):
    ...         print(change["old"], "->", change["new"])
    >>> Lamp().light = 3
    0.5 -> 1.0
    """

    empty: Any = None
    __class_getitem__: Any = classmethod(GenericAlias)

    def __init__(self, *start: Any, **_: Any) -> None:
        self.start = start[0] if start and not isinstance(start[0], Trait | type) else self.empty
        self.synced = False

    def tag(self, sync: bool = False, **_: Any) -> Trait:
        """Say whether the page is told."""
        self.synced = sync
        return self

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:
            return self
        if self.name not in owner.trait_values:
            default = owner.marked("default", self.name)
            start = self.start.copy() if isinstance(self.start, dict | list) else self.start
            owner.trait_values[self.name] = default[0]() if default else start
        return owner.trait_values[self.name]

    def __set__(self, owner: Any, value: Any) -> None:
        for check in owner.marked("validate", self.name):
            value = check({"value": value, "owner": owner, "trait": self})
        old = self.__get__(owner, type(owner))
        owner.trait_values[self.name] = value
        if old != value:
            for hear in owner.marked("observe", self.name):
                hear({"name": self.name, "old": old, "new": value, "owner": owner, "type": "change"})


#: What each kind of trait is before it is set.
EMPTY: dict[str, Any] = {
    "Any": None,
    "Bool": False,
    "Dict": {},
    "Float": 0.0,
    "Instance": None,
    "Int": 0,
    "List": [],
    "Unicode": "",
}
KINDS: dict[str, Any] = {name: type(name, (Trait,), {"empty": empty}) for name, empty in EMPTY.items()}


def _marker(what: str) -> Callable[..., Any]:
    """Return a decorator that marks a method as the one to `what` these traits."""

    def of(*names: str) -> Callable[[Any], Any]:
        def mark(method: Any) -> Any:
            method.trait_marks = (what, names)
            return method

        return mark

    return of


default, observe, validate = map(_marker, ("default", "observe", "validate"))


class TraitError(Exception):
    """A trait can't have this value."""


class HasTraits:
    """Something with traits."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    @property
    def trait_values(self) -> dict[str, Any]:
        """The values that were set or asked for, by name."""
        values: dict[str, Any] = self.__dict__.setdefault("_trait_values", {})
        return values

    def marked(self, what: str, name: str) -> list[Any]:
        """Return the methods marked to validate, observe or be the default of a trait."""
        marks = {key: getattr(getattr(type(self), key), "trait_marks", None) for key in dir(type(self))}
        return [
            getattr(self, key) for key, mark in marks.items() if mark and mark[0] == what and name in mark[1]
        ]


class Widget(HasTraits):
    """A widget: its state goes to the page where it is displayed."""

    def get_state(self) -> dict[str, Any]:
        """Return the synced traits by name."""
        kind = type(self)
        names = [name for name in dir(kind) if getattr(getattr(kind, name), "synced", False)]
        return {name: getattr(self, name) for name in names if name not in _JUPYTER}

    def _repr_mimebundle_(self, **_: Any) -> None:
        """Return nothing: the page asks for the state."""


TRAITLETS: dict[str, Any] = {
    **KINDS,
    **{
        "HasTraits": HasTraits,
        "TraitError": TraitError,
        "default": default,
        "observe": observe,
        "validate": validate,
    },
}
IPYWIDGETS: dict[str, Any] = {"Widget": Widget, "widget_serialization": {}}
ANYWIDGET: dict[str, Any] = {"AnyWidget": type("AnyWidget", (Widget,), {})}
