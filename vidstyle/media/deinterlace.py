"""Interlaced frames made whole: one progressive frame for each frame that comes, at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from vidstyle.errors import SettingsError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    Timed = tuple[VideoFrame, list[int]]

MODES = ("auto", "on", "off")
MATCH = "match"
SMALLEST_WIDTH, SMALLEST_HEIGHT = 3, 4
"""What the filter asks for."""
ANY_TIME_BASE = Fraction(1, 90_000)
"""The filter wants one; its own times are not used."""


class Deinterlacer:
    """Passes frames on, those that are interlaced through the filter bwdif, which looks one frame back and one ahead.

    `auto` filters what the stream flags as interlaced, `on` every frame, `off` none. `match` first finds for each frame
    the two fields that belong together, whatever the flags say, as telecined film needs it (3:2 pulldown: the filter
    fieldmatch), and filters where there are none; frames that pulldown repeats stay, as copies of one picture. The field
    that comes first is the one that the frame names, the top one where it names none. The filter starts with the first
    interlaced frame, so that progressive video passes untouched, and what becomes of a frame depends on it and its
    neighbours alone.
    """

    def __init__(self, mode: str) -> None:
        if mode not in (*MODES, MATCH):
            raise SettingsError(f"deinterlace cannot be {mode}: it takes {', '.join(MODES)}.")
        self.mode = mode
        self._graph: Any = None
        self._shape: tuple[int, int, str] | None = None
        self._waiting: deque[Timed | None] = deque()
        self._previous: VideoFrame | None = None

    def frames(self, source: Iterable[Timed]) -> Iterator[Timed]:
        """Yield each frame of `source` with what came with it, the frames made whole."""
        for timed in source:
            yield from self._put(timed)
        yield from self._drained()

    def _put(self, timed: Timed) -> Iterator[Timed]:
        frame, shape = timed[0], _shape(timed[0])
        if shape != self._shape:
            yield from self._drained()
            self._shape, self._previous = shape, None
        if self._graph is None and not self._concerns(frame):
            self._previous = frame
            yield timed
            return
        if self._graph is None:
            self._open(frame)
        self._push(frame, timed)
        yield from self._ready()

    def _concerns(self, frame: VideoFrame) -> bool:
        if frame.width < SMALLEST_WIDTH or frame.height < SMALLEST_HEIGHT:
            return False
        return self.mode in ("on", MATCH) or (self.mode == "auto" and frame.interlaced_frame)

    def _open(self, frame: VideoFrame) -> None:
        """Start the filter; it sees the frame before, which was already given, as neighbour."""
        from av.filter import Graph

        which = "all" if self.mode == "on" else "interlaced"
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or ANY_TIME_BASE
        )
        match = [self._graph.add("fieldmatch", "mode=pcn_ub:combmatch=full")] if self.mode == MATCH else []
        bwdif = self._graph.add("bwdif", f"mode=send_frame:parity=auto:deint={which}")
        self._graph.link_nodes(source, *match, bwdif, self._graph.add("buffersink")).configure()
        if self._previous is not None:
            self._push(self._previous, None)

    def _push(self, frame: VideoFrame, timed: Timed | None) -> None:
        self._waiting.append(timed)
        self._graph.vpush(frame)

    def _ready(self) -> Iterator[Timed]:
        import av

        while True:
            try:
                whole = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            timed = self._waiting.popleft()
            if timed is not None:
                frame, lost = timed
                whole.pts, whole.duration = frame.pts, frame.duration
                yield whole, lost

    def _drained(self) -> Iterator[Timed]:
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._ready()
            self._graph = None


def _shape(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
