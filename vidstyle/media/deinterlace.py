"""The deinterlacer: one progressive frame for each interlaced frame, at the same time."""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from vidstyle.errors import SettingsError
from vidstyle.media.reading_options import DEINTERLACE_MODES

MATCH = "match"
"""A mode for telecined film, which a stage chooses by itself where frames show that they need it."""
SMALLEST_WIDTH, SMALLEST_HEIGHT = 3, 4
"""The smallest picture that the filter takes."""
ANY_TIME_BASE = Fraction(1, 90_000)
"""The filter needs a time base, but its times are not used."""

Timed = tuple[VideoFrame, list[int]]
"""A frame, and the pts before it for which no frame came."""


class Deinterlacer:
    """Passes frames on, the interlaced ones through ffmpeg's filter bwdif, which looks one frame back and one ahead.

    `auto` filters what the stream flags as interlaced, `on` every frame, `off` none. `match` is for telecined film (3:2
    pulldown): whatever the flags say, the filter fieldmatch first finds the two fields that belong together. Frames that
    still show combs then go through bwdif. Frames that pulldown repeats stay, as copies of one picture.

    The first field is the one that the frame names, the top one where it names none. The filter starts with the first
    interlaced frame, so that progressive video stays untouched. A result depends on its frame and the two neighbours alone.
    """

    def __init__(self, mode: str) -> None:
        if mode not in (*DEINTERLACE_MODES, MATCH):
            raise SettingsError(f"deinterlace cannot be {mode}: it takes {', '.join(DEINTERLACE_MODES)}.")
        self.mode = mode
        self._graph: Any = None
        self._shape: tuple[int, int, str] | None = None
        self._waiting: deque[Timed | None] = deque()
        self._previous: VideoFrame | None = None

    def frames(self, source: Iterable[Timed]) -> Iterator[Timed]:
        """Yield each frame of `source`, deinterlaced, with the list that came with it."""
        for timed in source:
            yield from self._put(timed)
        yield from self._drained()

    def _put(self, timed: Timed) -> Iterator[Timed]:
        frame, shape = timed[0], _shape(timed[0])
        if shape != self._shape:
            yield from self._drained()
            self._shape, self._previous = shape, None
        if self._graph is None and not self._is_for_filter(frame):
            self._previous = frame
            yield timed
            return
        if self._graph is None:
            self._open(frame)
        self._push(frame, timed)
        yield from self._ready()

    def _is_for_filter(self, frame: VideoFrame) -> bool:
        if frame.width < SMALLEST_WIDTH or frame.height < SMALLEST_HEIGHT:
            return False
        return self.mode in ("on", MATCH) or (self.mode == "auto" and frame.interlaced_frame)

    def _open(self, frame: VideoFrame) -> None:
        """Start the filter with the frame before as first neighbour; that frame itself was already given."""
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
        while True:
            try:
                progressive = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            timed = self._waiting.popleft()
            if timed is not None:
                frame, lost = timed
                progressive.pts, progressive.duration = frame.pts, frame.duration
                yield progressive, lost

    def _drained(self) -> Iterator[Timed]:
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._ready()
            self._graph = None


def _shape(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
