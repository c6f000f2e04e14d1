"""What runs on each GPU or core: the stage's own function for a stretch of segments, and its models, loaded once."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from time import monotonic
from typing import Any

from vidstyle.cluster.files import at_hand, chunks
from vidstyle.cluster.order import Order, unpacked
from vidstyle.cluster.scratch import Scratch
from vidstyle.interrupt import StopRequest
from vidstyle.progress import silent
from vidstyle.render.engine import Engine
from vidstyle.render.folder import RenderFolder
from vidstyle.render.journal import Segment
from vidstyle.render.made_of import versions
from vidstyle.render.paint import Painter
from vidstyle.render.painting import Stretch, painted
from vidstyle.render.pinned import pinned_painter, resolve
from vidstyle.render.start import Start

TELL_SECONDS = 0.5
"""How often a worker says how far it is."""


class Worker:
    """An actor that paints stretches of one film after the other; what it gives out are pairs of a name and plain values."""

    def __init__(self) -> None:
        self._scratch = Scratch()
        self._order: tuple[bytes, Order] | None = None
        self._engine: Engine | None = None
        self._painter: Painter | None = None

    def introduce(self) -> dict[str, Any]:
        """Return where this worker is, and which versions it has of what decides about pictures."""
        return {"node": socket.gethostname(), "process": os.getpid(), "versions": versions()}

    def leave(self) -> None:
        """Remove what this worker has on its machine, while a task may be under way."""
        self._scratch.remove()

    def settle(self, order: bytes, given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Settle what `auto` comes to for a film, and yield it."""
        film = self._take(order, given)
        painter = pinned_painter(self._engine_for(film), film.plan, None, 0, silent)
        yield "settled", resolve(self._engine_for(film), film.plan, painter)

    def paint(
        self, order: bytes, given: dict[str, Any], resolved: dict[str, Any], start: Start, until: int
    ) -> Iterator[tuple[str, Any]]:
        """Paint a stretch of a film; yield how many of its frames are painted, and each segment's bytes and line."""
        film = self._take(order, given)
        if self._painter is None:
            self._painter = pinned_painter(self._engine_for(film), film.plan, resolved, 0, silent)
        folder = RenderFolder(self._scratch.path / "piece", film.plan.form.codec.workshop)
        folder.path.mkdir(exist_ok=True)
        folder.keep_only(set())
        stretch, told = Stretch(film.plan, film.settings, folder, start, until), monotonic()
        with closing(painted(stretch, self._painter, StopRequest())) as steps:
            for step in steps:
                for segment in step.finished:
                    yield from _sent(folder, segment)
                if monotonic() - told >= TELL_SECONDS:
                    told = monotonic()
                    yield "frames", step.frames

    def _take(self, order: bytes, given: dict[str, Any]) -> Order:
        """Return the order with the paths that its files have here; of another film the painter is another one."""
        if self._order is None or self._order[0] != order:
            self._order = self._painter = None
            asked = unpacked(order)
            self._order = order, asked.at(at_hand(asked.files, given, self._scratch.path / "files"))
        return self._order[1]

    def _engine_for(self, film: Order) -> Engine:
        if self._engine is None or self._engine.settings != film.settings:
            self._engine = Engine(film.settings)
        return self._engine


def _sent(folder: RenderFolder, segment: Segment) -> Iterator[tuple[str, Any]]:
    path = folder.segment(segment.number)
    for chunk in chunks(path):
        yield "bytes", chunk
    path.unlink()
    yield "segment", asdict(segment)
