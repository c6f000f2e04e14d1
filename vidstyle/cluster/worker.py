"""The Ray worker: an actor that paints pieces of videos on its machine."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic
from typing import Any

from vidstyle.cluster.job_spec import JobSpec, file_chunks, local_paths
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
REPORT_SECONDS = 0.5
"""After so many seconds a worker reports how many frames it has painted."""


class Worker:
    """An actor that paints pieces of one video after the other; its generators yield pairs of a name and a plain value.

    `packed` is a packed JobSpec; `stored` maps the paths of files that some machine does not see to references to their
    bytes.
    """

    def __init__(self) -> None:
        self._scratch = ScratchFolder()
        self._spec: tuple[bytes, JobSpec] | None = None
        self._engine: Engine | None = None
        self._painter: Painter | None = None

    def introduce(self) -> dict[str, Any]:
        """Return the names of its machine and process, and the versions of everything that decides about pictures."""
        return {"node": socket.gethostname(), "process": os.getpid(), "versions": versions()}

    def leave(self) -> None:
        """Remove what this worker has on its machine, also while it paints."""
        self._scratch.remove()

    def decide(self, packed: bytes, stored: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Decide what `auto` comes to for a video, and yield it as `decided`."""
        spec = self._take(packed, stored)
        painter = self._engine_for(spec).video_painter(spec.plan)
        yield "decided", Decisions(str(painter.device), painter.config, spec.plan.record()).to_json()

    def paint(
        self, packed: bytes, stored: dict[str, Any], decided: dict[str, Any], start: ResumePoint, until: int
    ) -> Iterator[tuple[str, Any]]:
        """Paint the pieces from `start` to before `until`.

        Yields the number of the video's painted frames as `frames`. For each piece it yields chunks of its file as `bytes`,
        then its journal line as `segment`.
        """
        spec = self._take(packed, stored)
        if self._painter is None:
            self._painter = self._engine_for(spec).video_painter(spec.plan, Decisions.from_json(decided))
        folder = RenderFolder(self._scratch.path / "piece", spec.plan.form.codec.intermediate_suffix)
        folder.path.mkdir(exist_ok=True)
        folder.keep_only(set())
        pieces, reported = SegmentRange(spec.plan, spec.settings, folder, start, until), monotonic()
        with closing(paint_segments(pieces, self._painter, StopRequest())) as steps:
            for step in steps:
                for segment in step.finished:
                    yield from _file_and_line(folder, segment)
                if monotonic() - reported >= REPORT_SECONDS:
                    reported = monotonic()
                    yield "frames", step.frames

    def _take(self, packed: bytes, stored: dict[str, Any]) -> JobSpec:
        """Return the spec with the paths that its files have here. A spec of another video also ends the painter."""
        if self._spec is None or self._spec[0] != packed:
            self._spec = self._painter = None
            spec = JobSpec.unpack(packed)
            self._spec = packed, spec.with_paths(local_paths(spec.files, stored, self._scratch.path / "files"))
        return self._spec[1]

    def _engine_for(self, spec: JobSpec) -> Engine:
        if self._engine is None or self._engine.settings != spec.settings:
            self._engine = Engine(spec.settings)
        return self._engine


def _file_and_line(folder: RenderFolder, segment: Segment) -> Iterator[tuple[str, Any]]:
    path = folder.segment(segment.number)
    for chunk in file_chunks(path):
        yield "bytes", chunk
    path.unlink()
    yield "segment", segment.to_json()


class ScratchFolder:
    """A new folder of a worker on its machine; folders of workers that were killed are removed first.

    A worker holds the lock of its folder while it lives.
    """

    def __init__(self) -> None:
        for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
            _remove_if_free(lock)
        self._held = ExitStack()
        while not self._create():
            self._held.close()

    def _create(self) -> bool:
        """Make the folder and take its lock; False where another worker found it unlocked and removed it."""
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        return self._held.enter_context(locked(self.path / "lock"))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._held.close()


def _remove_if_free(lock: Path) -> None:
    """Remove the folder of a lock that nobody holds; one of another user, which cannot be locked, stays."""
    try:
        with locked(lock) as free:
            if free:
                shutil.rmtree(lock.parent, ignore_errors=True)
    except OSError:
        return
