"""A worker's own folder on its machine, which does not outlive it for long."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic
from typing import Any

from vidstyle.cluster.job_spec import JobSpec, at_hand, chunks, unpacked
from vidstyle.files import locked
from vidstyle.interrupt import StopRequest
from vidstyle.render.engine import Engine
from vidstyle.render.journal import ResumePoint, Segment
from vidstyle.render.paint_segments import SegmentRange, paint_segments
from vidstyle.render.painter import Painter
from vidstyle.render.painter_config import Decisions
from vidstyle.render.resume import versions
from vidstyle.render.work_folder import RenderFolder

PREFIX = "vidstyle-worker-"


class Scratch:
    """A new folder, gone when it is removed; those of workers that ended without removing theirs go first.

    A worker holds the lock of its folder while it lives.
    """

    def __init__(self) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
            _remove_left(left)
        self._held = ExitStack()
        while not self._made():
            self._held.close()

    def _made(self) -> bool:
        """Make the folder and take its lock; False where another worker took it for one that was left, and removes it."""
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        return self._held.enter_context(locked(self.path / "lock"))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._held.close()


def _remove_left(lock: Path) -> None:
    try:
        with locked(lock) as free:
            if free:
                shutil.rmtree(lock.parent, ignore_errors=True)
    except OSError:
        return


TELL_SECONDS = 0.5
"""How often a worker says how far it is."""


class Worker:
    """An actor that paints stretches of one film after the other; what it gives out are pairs of a name and plain values."""

    def __init__(self) -> None:
        self._scratch = Scratch()
        self._order: tuple[bytes, JobSpec] | None = None
        self._engine: Engine | None = None
        self._painter: Painter | None = None

    def introduce(self) -> dict[str, Any]:
        """Return where this worker is, and which versions it has of what decides about pictures."""
        return {"node": socket.gethostname(), "process": os.getpid(), "versions": versions()}

    def leave(self) -> None:
        """Remove what this worker has on its machine, while a task may be under way."""
        self._scratch.remove()

    def settle(self, order: bytes, given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Decide what `auto` comes to for a film, and yield it."""
        film = self._take(order, given)
        painter = self._engine_for(film).video_painter(film.plan)
        yield "settled", Decisions(str(painter.device), painter.config, film.plan.record()).to_json()

    def paint(
        self, order: bytes, given: dict[str, Any], decided: dict[str, Any], start: ResumePoint, until: int
    ) -> Iterator[tuple[str, Any]]:
        """Paint a stretch of a film; yield how many of its frames are painted, and each segment's bytes and line."""
        film = self._take(order, given)
        if self._painter is None:
            self._painter = self._engine_for(film).video_painter(film.plan, Decisions.from_json(decided))
        folder = RenderFolder(self._scratch.path / "piece", film.plan.form.codec.intermediate_suffix)
        folder.path.mkdir(exist_ok=True)
        folder.keep_only(set())
        stretch, told = SegmentRange(film.plan, film.settings, folder, start, until), monotonic()
        with closing(paint_segments(stretch, self._painter, StopRequest())) as steps:
            for step in steps:
                for segment in step.finished:
                    yield from _sent(folder, segment)
                if monotonic() - told >= TELL_SECONDS:
                    told = monotonic()
                    yield "frames", step.frames

    def _take(self, order: bytes, given: dict[str, Any]) -> JobSpec:
        """Return the order with the paths that its files have here; of another film the painter is another one."""
        if self._order is None or self._order[0] != order:
            self._order = self._painter = None
            asked = unpacked(order)
            self._order = order, asked.at(at_hand(asked.files, given, self._scratch.path / "files"))
        return self._order[1]

    def _engine_for(self, film: JobSpec) -> Engine:
        if self._engine is None or self._engine.settings != film.settings:
            self._engine = Engine(film.settings)
        return self._engine


def _sent(folder: RenderFolder, segment: Segment) -> Iterator[tuple[str, Any]]:
    path = folder.segment(segment.number)
    for chunk in chunks(path):
        yield "bytes", chunk
    path.unlink()
    yield "segment", segment.to_json()
