"""The views of a live figure: what an author asks for, and the class that each request leads to.

They stand on the core and on `bplib.diagram`; a view that is drawn still is handed `bplib.plot`.
"""

from typing import Any

from bplib.widgets.views.bars import MAX_BARS, Bars, bars
from bplib.widgets.views.base import View
from bplib.widgets.views.compose import Compose, compose
from bplib.widgets.views.curve import Curve, curve
from bplib.widgets.views.graph import Graph, graph
from bplib.widgets.views.heat import Heat, heat
from bplib.widgets.views.line import Line, line
from bplib.widgets.views.network import Network, network
from bplib.widgets.views.paths import Paths, paths
from bplib.widgets.views.plane import Plane, plane
from bplib.widgets.views.profile import Profile, profile
from bplib.widgets.views.ribbons import Ribbons, ribbons
from bplib.widgets.views.tiles import Tiles, tiles
from bplib.widgets.views.trace import Trace, trace

__all__ = [
    "MAX_BARS",
    "VIEWS",
    "View",
    "bars",
    "compose",
    "curve",
    "graph",
    "heat",
    "line",
    "network",
    "paths",
    "plane",
    "profile",
    "ribbons",
    "tiles",
    "trace",
]

KINDS = (Graph, Curve, Bars, Compose, Ribbons, Network, Paths, Heat, Plane, Line, Profile, Trace, Tiles)
#: Every kind of view by its name. The page has one module of the same name for each.
VIEWS: dict[str, Any] = {kind.name: kind for kind in KINDS}
