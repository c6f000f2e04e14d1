"""Writes painted frames into segments: files of a fixed number of frames, each on the disk before the journal tells of it."""

from collections import deque
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from vidstyle.checksum import sha256_or_empty
from vidstyle.errors import OutputError
from vidstyle.files import flush
from vidstyle.media.clip import Batch
from vidstyle.media.write import VideoForm, VideoWriter
from vidstyle.models.tensor_file import save_state
from vidstyle.render.journal import Journal, ResumePoint, Segment, SegmentEnd
from vidstyle.render.threads import SideThread
from vidstyle.render.work_folder import RenderFolder


class SegmentWriter:
    """Writes batches into segments, each with an encoder of its own; a context manager.

    A side thread closes a segment while the next one is begun. The segment under way is lost when the block fails. Raises
    OutputError, also for a segment before the one that is written.
    """

    def __init__(self, folder: RenderFolder, form: VideoForm, begin: ResumePoint) -> None:
        self._folder, self._form = folder, form
        self._journal = Journal(folder.journal)
        self._writer: VideoWriter | None = None
        self._first_pts = 0
        self._number = begin.number
        self._finished: deque[Segment] = deque()
        self.frames = begin.position.pictures if begin.position else 0

    def __enter__(self) -> Self:
        self._side = SideThread()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._side:
            if self._writer is not None:
                self._writer.__exit__(kind, error, trace)
        if kind is None:
            self._side.wait()

    def write(self, batch: Batch, end: SegmentEnd | None) -> int:
        """Encode a batch, the last of its segment when `end` is given; return how many frames are written in all."""
        self._side.check()
        if self._writer is None:
            self._first_pts = batch.pts[0]
            self._writer = VideoWriter(self._folder.segment(self._number), self._form, self._folder.target.name)
            self._writer.__enter__()
        self._writer.write(replace(batch, pts=tuple(pts - self._first_pts for pts in batch.pts)))
        self.frames += len(batch)
        if end is not None:
            self.end(end)
        return self.frames

    def end(self, end: SegmentEnd) -> None:
        """Close the segment under way, if there is one."""
        if self._writer is not None:
            close = partial(self._close, self._writer, self._number, self._first_pts, end)
            self._writer = None
            self._number += 1
            self._side.start(close)

    def take_finished(self) -> tuple[Segment, ...]:
        """Return the segments that were closed since the last call."""
        return tuple(self._finished.popleft() for _ in range(len(self._finished)))

    def wait(self) -> None:
        """Wait until every segment that was ended is closed."""
        self._side.wait()

    def _close(self, writer: VideoWriter, number: int, first_pts: int, end: SegmentEnd) -> None:
        writer.__exit__(None, None, None)
        if len(writer.coded_pts) != writer.frames:
            raise OutputError(
                f"{self._form.codec.name} kept {len(writer.coded_pts)} of {writer.frames} pictures of {writer.name}. "
                "Choose another --codec."
            )
        flush(writer.target)
        segment = Segment(
            number=number,
            sha256=sha256_or_empty(writer.target),
            coded_pts=tuple(pts + first_pts for pts in writer.coded_pts),
            last_duration=writer.last_duration,
            shift=end.shift,
            position=end.position,
            progress=end.progress,
            state=self._write_state(end.state, number),
        )
        flush(self._folder.path)
        self._journal.append("segment", segment)
        self._folder.state(number - 1).unlink(missing_ok=True)
        self._finished.append(segment)

    def _write_state(self, state: dict[str, Any], number: int) -> str:
        """Write what the painter remembers after a segment and return the SHA-256 of the file, "" for nothing."""
        if not state:
            return ""
        path = self._folder.state(number)
        save_state(state, path)
        flush(path)
        return sha256_or_empty(path)
