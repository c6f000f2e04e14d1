"""Painted pictures into closed files of a fixed number of frames, each on the disk before the journal tells of it."""

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from vidstyle.errors import OutputError
from vidstyle.files import flush
from vidstyle.media.clip import Batch
from vidstyle.media.read import Position
from vidstyle.media.write import VideoForm, VideoWriter
from vidstyle.models.tensor_file import save_state
from vidstyle.render.journal import Journal, Segment, Start
from vidstyle.render.painter_config import PainterProgress
from vidstyle.render.resume import checksum
from vidstyle.render.threads import SideThread
from vidstyle.render.work_folder import RenderFolder


@dataclass(frozen=True)
class SegmentEnd:
    """Where a segment ends: in the source, in its clock, and how the painter stands there and what it remembers."""

    place: Position
    shift: int
    standing: PainterProgress
    state: dict[str, Any]


class SegmentWriter:
    """Writes batches into segments, each with an encoder of its own; a context manager.

    A segment is closed beside the pipeline while the next one is begun. What is under way when the block fails is lost.
    Raises OutputError, also for a segment before the one that is written.
    """

    def __init__(self, folder: RenderFolder, form: VideoForm, start: Start) -> None:
        self._folder, self._form = folder, form
        self._journal = Journal(folder.journal)
        self._writer: VideoWriter | None = None
        self._first_pts = self._last_duration = 0
        self._number = start.number
        self._finished: deque[Segment] = deque()
        self.frames = start.place.pictures if start.place else 0

    def __enter__(self) -> Self:
        self._aside = SideThread()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._aside:
            if self._writer is not None:
                self._writer.__exit__(kind, error, trace)
        if kind is None:
            self._aside.wait()

    def write(self, batch: Batch, end: SegmentEnd | None) -> int:
        """Encode a batch, the last of its segment when `end` is given; return how many frames are written in all."""
        self._aside.check()
        if self._writer is None:
            self._first_pts = batch.pts[0]
            self._writer = VideoWriter(self._folder.segment(self._number), self._form, self._folder.target.name)
            self._writer.__enter__()
        self._writer.write(replace(batch, pts=tuple(pts - self._first_pts for pts in batch.pts)))
        self._last_duration = batch.durations[-1]
        self.frames += len(batch)
        if end is not None:
            self.end(end)
        return self.frames

    def end(self, end: SegmentEnd) -> None:
        """Close the segment under way, if there is one."""
        if self._writer is not None:
            close = partial(self._close, self._writer, self._number, self._first_pts, self._last_duration, end)
            self._writer = None
            self._number += 1
            self._aside.start(close)

    def finished(self) -> tuple[Segment, ...]:
        """Return the segments that were closed since this was last asked."""
        return tuple(self._finished.popleft() for _ in range(len(self._finished)))

    def wait(self) -> None:
        """Return when every segment that was ended is closed."""
        self._aside.wait()

    def _close(self, writer: VideoWriter, number: int, first_pts: int, last_duration: int, end: SegmentEnd) -> None:
        writer.__exit__(None, None, None)
        if len(writer.coded_pts) != writer.frames:
            kept = f"{len(writer.coded_pts)} of {writer.frames}"
            raise OutputError(f"{self._form.codec.name} kept {kept} pictures of {writer.name}. Choose another --codec.")
        flush(writer.target)
        segment = Segment(
            number=number,
            sha256=checksum(writer.target),
            coded_pts=tuple(pts + first_pts for pts in writer.coded_pts),
            last_duration=last_duration or writer.nominal_duration,
            shift=end.shift,
            place=end.place,
            standing=end.standing,
            state=self._remember(end.state, number),
        )
        flush(self._folder.path)
        self._journal.append("segment", segment)
        self._folder.state(number - 1).unlink(missing_ok=True)
        self._finished.append(segment)

    def _remember(self, state: dict[str, Any], number: int) -> str:
        if not state:
            return ""
        path = self._folder.state(number)
        save_state(state, path)
        flush(path)
        return checksum(path)
