"""Modules that aren't in the page: they import, so that a notebook's first cell runs, and say so when used.

What leads from Python to the browser, Pyodide's own modules, doesn't import: a cell may come from a file
that someone sent. The page's policy is the lock, which holds for the worker whatever runs in it; this is the
door, closed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from bplib.widgets.page import traits

#: What pictures need, by the name under which a sentence speaks of it.
ABSENT = {
    "matplotlib": "matplotlib",
    "mpl_toolkits": "matplotlib",
    "bplib.plot": "matplotlib",
    "bplib.graph_picture": "matplotlib",
    "bplib.widgets.explore": "matplotlib",
    "PIL": "Pillow",
    "IPython": "IPython",
    "ipywidgets": "ipywidgets",
    "traitlets": "traitlets",
    "anywidget": "anywidget",
}
#: Of these as much is here as figures need.
PRESENT = {
    "traitlets": traits.TRAITLETS,
    "ipywidgets": traits.IPYWIDGETS,
    "anywidget": traits.ANYWIDGET,
}
#: Roads to the browser.
CLOSED = {"js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core", "micropip"}


class AbsentError(ImportError):
    """Something was used that isn't in the page."""


class Missing:
    """Anything in a module that isn't here. It can be named and handed on; using it says what is missing.

    Examples
    --------
    >>> blue = Missing("matplotlib", "matplotlib.colors.to_rgb")
    >>> blue("red")
    Traceback (most recent call last):
    ...
    bplib.widgets.page.absent.AbsentError: matplotlib is not in the page; the stored picture stays.
    """

    def __init__(self, package: str, path: str) -> None:
        self._package, self._path = package, path

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(self._package, f"{self._path}.{name}")

    def _used(self, *_: Any, **__: Any) -> NoReturn:
        raise AbsentError(f"{self._package} is not in the page; the stored picture stays.", name=self._path)

    __call__ = __getitem__ = __setitem__ = __iter__ = __len__ = __enter__ = __mro_entries__ = _used
    __add__ = __radd__ = __mul__ = __rmul__ = __bool__ = __float__ = __str__ = _used

    def __repr__(self) -> str:
        return f"<{self._path}, which is not in the page>"


class Absent(ModuleType):
    """A module that isn't here."""

    def __init__(self, name: str, package: str) -> None:
        super().__init__(name, f"{package} is not in the page.")
        self._package = package
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(self._package, f"{self.__name__}.{name}")


class Finder(MetaPathFinder, Loader):
    """Finds modules that aren't here, before anything else looks for them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import one of the absent modules; refuse one of the closed."""
        root = name.partition(".")[0]
        if root in CLOSED:
            raise ModuleNotFoundError(
                f"{root} is not in the page: Python here reaches nothing of the browser.", name=name
            )
        return ModuleSpec(name, self, is_package=True) if name in ABSENT or root in ABSENT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the module that stands for an absent one."""
        module = Absent(spec.name, ABSENT.get(spec.name) or ABSENT[spec.name.partition(".")[0]])
        vars(module).update(PRESENT.get(spec.name, {}))
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: it is complete."""


def install() -> None:
    """Put the stand-ins where `import` looks, and close the roads to the browser.

    A second call changes nothing.
    """
    for finder in filter(_leads_out, sys.meta_path):
        vars(finder).clear()  # it holds the browser's objects, and others may hold it
    sys.meta_path[:] = [Finder(), *(finder for finder in sys.meta_path if not _leads_out(finder))]
    for name in [name for name in sys.modules if name.partition(".")[0] in CLOSED]:
        del sys.modules[name]


def _leads_out(finder: object) -> bool:
    kind = type(finder)
    return kind is Finder or kind.__module__.partition(".")[0] in CLOSED
