"""What a figure's numbers come from.

A recorded graph, one graph from many seeds, a program of arrays, arrays computed in advance, or shapes.
Each source has a twin of the same name in ``static/sources``, which does the same in the page.
"""

from bplib.widgets.sources.base import Source
from bplib.widgets.sources.frames import FramesSource
from bplib.widgets.sources.lanes import LanesSource
from bplib.widgets.sources.program import ProgramSource
from bplib.widgets.sources.shapes import ShapesSource
from bplib.widgets.sources.tape import TapeSource

__all__ = ["FramesSource", "LanesSource", "ProgramSource", "ShapesSource", "Source", "TapeSource"]
