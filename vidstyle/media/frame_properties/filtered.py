"""One of ffmpeg's filters on one frame after the other; each thread keeps its filters open for the next frame."""

import threading
from fractions import Fraction
from typing import Any

from av.filter import Graph
from av.video.frame import VideoFrame

MOST_OPEN = 4
ANY_TIME_BASE = Fraction(1, 90_000)
"""A filter needs a time base. Times go through it as they are."""

_local = threading.local()


def filtered(frame: VideoFrame, name: str, arguments: str) -> VideoFrame:
    """Return a frame as a filter makes it that gives one frame for each; times and side data stay."""
    graphs: dict[Any, Graph] = _local.__dict__.setdefault("graphs", {})
    key = frame.width, frame.height, frame.format.name, frame.time_base, name, arguments
    graph = graphs.get(key)
    if graph is None:
        if len(graphs) == MOST_OPEN:
            graphs.clear()
        graph = graphs[key] = _graph(frame, name, arguments)
    graph.vpush(frame)
    return graph.vpull()


def _graph(frame: VideoFrame, name: str, arguments: str) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or ANY_TIME_BASE
    )
    graph.link_nodes(source, graph.add(name, arguments), graph.add("buffersink")).configure()
    return graph
