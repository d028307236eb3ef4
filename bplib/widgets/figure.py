"""What every figure is in Jupyter: a widget that the one library draws.

A front end takes a widget's script from the widget itself. The library's text would travel again with each
figure; so it is a widget of its own, to which all figures of a kernel refer, and a figure carries a few lines
that fetch it from there.
"""

from __future__ import annotations

from typing import ClassVar

from bplib.widgets import library

try:
    import anywidget
    import traitlets
    from ipywidgets import Widget, widget_serialization
except ImportError as error:
    raise ImportError('Live figures need anywidget: pip install "bplib[widgets]"') from error


class Library(Widget):  # type: ignore[misc]  # ipywidgets has no types
    """The library in a kernel; it has nothing to show."""

    _bplib_script = traitlets.Unicode().tag(sync=True)
    _bplib_style = traitlets.Unicode().tag(sync=True)

    _open: ClassVar[Library | None] = None

    def __init__(self) -> None:
        super().__init__(_bplib_script=library.module(), _bplib_style=library.style())

    @classmethod
    def shared(cls) -> Library:
        """Return the one that all figures share, made when the first of them is."""
        if cls._open is None or cls._open.comm is None:  # closed, as by Widget.close_all()
            cls._open = cls()
        return cls._open


class Figure(anywidget.AnyWidget):
    """A widget that the library draws, in the way of its kind: a name in ``static/library.js``."""

    _esm = library.read("loader.js")
    _bplib_kind = traitlets.Unicode().tag(sync=True)
    _library = traitlets.Instance(Library).tag(sync=True, **widget_serialization)

    @traitlets.default("_library")
    def _shared_library(self) -> Library:
        return Library.shared()
