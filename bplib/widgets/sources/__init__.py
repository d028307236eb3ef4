"""What a figure's numbers come from: a recorded graph, a program of arrays, or arrays computed in advance.

Each source has a twin of the same name in ``static/sources``, which does the same in the page.
"""

from bplib.widgets.sources.base import Source
from bplib.widgets.sources.frames import FramesSource
from bplib.widgets.sources.program import ProgramSource
from bplib.widgets.sources.tape import TapeSource

__all__ = ["FramesSource", "ProgramSource", "Source", "TapeSource"]
