"""Writing painted pictures as coded video, each at its own time, in constant memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from vidstyle.errors import OutputError
from vidstyle.media.clip import UNSPECIFIED, Batch, Colour
from vidstyle.media.codecs import VideoCodec
from vidstyle.media.colour import FULL, LIMITED, RGB_MATRIX, from_rgb, implied_matrix
from vidstyle.media.hdr_metadata import NO_METADATA, StaticMetadata, metadata_options

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

LONGEST_REORDERING_SECONDS = 86400
"""Beyond this a decoding time is no time: libx265 leaves those of a video of two pictures unset."""
_QUIET = {"SVT_LOG": "1"}
"""The AV1 encoder talks on stderr unless told not to."""


@dataclass(frozen=True)
class VideoForm:
    """How pictures are coded: encoder, size in pixels, pixel format, seconds a tick, aspect, colour, quality, speed.

    `metadata` of high dynamic range is written into the stream where the encoder has a place for it.
    """

    codec: VideoCodec
    width: int
    height: int
    pixel_format: str
    time_base: Fraction
    frame_rate: Fraction
    sample_aspect: Fraction
    colour: Colour
    crf: int
    preset: str | None = None
    metadata: StaticMetadata = NO_METADATA

    @property
    def display_aspect(self) -> Fraction:
        """Width of the shown picture in relation to its height."""
        return self.sample_aspect * self.width / self.height

    def options(self) -> dict[str, str]:
        """Return the encoder's own options."""
        quality = {self.codec.quality: str(self.crf)} if self.codec.quality else {}
        speed = {self.codec.speed: self.preset} if self.preset and self.codec.speed else {}
        options = {**self.codec.options, **quality, **speed}
        for name, value in metadata_options(self.codec.name, self.metadata).items():
            options[name] = f"{options[name]}:{value}" if name in options else value
        return options


def writable_colour(colour: Colour, pixel_format: str, codec: VideoCodec) -> Colour:
    """Return the colour to write: the source's own, save where pixel format or codec demand another matrix or range.

    A matrix that is only implied by primaries or transfer is stated, since players would guess it from the size.
    """
    if pixel_format.startswith(("gbr", "rgb", "bgr")):
        return replace(colour, matrix=RGB_MATRIX, full_range=True)
    if colour.matrix == RGB_MATRIX:
        colour = replace(colour, matrix=UNSPECIFIED, full_range=None)
    full_range = colour.full_range if codec.full_range else False if colour.full_range else colour.full_range
    return replace(colour, matrix=implied_matrix(colour, UNSPECIFIED), full_range=full_range)


class VideoWriter:
    """Encodes batches of upright RGB into a file without sound; a context manager that opens the encoder on entry.

    Presentation times are kept exactly where the container counts in the form's time base, as mp4 and mov do. The
    file is whole after the block has ended well; `coded_pts` then has the times in the order of decoding. Raises
    OutputError naming the file, as `name` where that is given, and the cause.
    """

    def __init__(self, target: Path, form: VideoForm, name: str | None = None) -> None:
        self.target, self.form, self.name = target, form, name or target.name
        self.frames = 0
        self.coded_pts: list[int] = []
        self._durations: dict[int, int] = {}
        self.nominal_duration = max(1, round(1 / (form.frame_rate * form.time_base)))
        self._longest = LONGEST_REORDERING_SECONDS / form.time_base

    def __enter__(self) -> Self:
        import av

        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        with self._translated():
            self._container = av.open(f"file:{self.target}", "w", container_options=timescales(self.form.time_base))
            try:
                self._stream = _add_stream(self._container, self.form)
                self._container.start_encoding()
            except BaseException:
                self._container.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._translated():
                try:
                    if error is None:
                        self._mux(self._stream.encode(None))
                finally:
                    self._container.close()
        except OutputError:
            if error is None:
                raise

    def write(self, batch: Batch) -> None:
        """Encode the pictures of a batch, (n, height, width, 3) of the form's size, at their times."""
        for rgb, pts, duration in zip(batch.frames, batch.pts, batch.durations, strict=True):
            with self._translated():
                self._mux(self._stream.encode(self._frame(rgb, pts, duration)))
            self.frames += 1

    def _frame(self, rgb: np.ndarray, pts: int, duration: int) -> VideoFrame:
        colour = self.form.colour
        frame = from_rgb(rgb, self.form.pixel_format, colour)
        _tag(frame, colour)
        frame.pts, frame.time_base, frame.duration = pts, self.form.time_base, duration
        self._durations[pts] = duration
        return frame

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            self._repair(packet)
            packet.duration = self._durations.pop(packet.pts or 0, 0) or self.nominal_duration
            self.coded_pts.append(packet.pts or 0)
            self._container.mux(packet)

    def _repair(self, packet: Packet) -> None:
        """Undo what encoders do to times: libvpx rounds those of very fine ticks, see also the longest reordering."""
        told = packet.pts
        if told is None or packet.dts is None:
            return
        if self._durations and told not in self._durations:
            packet.pts = min(self._durations, key=lambda pts: abs(pts - told))
            packet.dts = min(packet.dts, packet.pts)
        if abs(told - packet.dts) > self._longest:
            packet.dts = packet.pts

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import av

        try:
            yield
        except (av.error.FFmpegError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(
                f"Cannot encode {self.name} with {self.form.codec.name}: {reason}. "
                "Check free space, --codec, --preset and --pix-fmt."
            ) from error


def _add_stream(container: OutputContainer, form: VideoForm) -> VideoStream:
    stream: Any = container.add_stream(form.codec.name, rate=form.frame_rate)
    stream.width, stream.height, stream.pix_fmt = form.width, form.height, form.pixel_format
    context = stream.codec_context
    context.time_base = form.time_base
    context.sample_aspect_ratio = form.sample_aspect
    context.options = form.options()
    context.thread_count = 0
    if form.codec.tag:
        context.codec_tag = form.codec.tag
    _tag(context, form.colour)
    return stream


def _tag(tagged: Any, colour: Colour) -> None:
    """Write the colour's numbers on a frame or an encoder; both name them alike."""
    tagged.colorspace, tagged.color_primaries, tagged.color_trc = colour.matrix, colour.primaries, colour.transfer
    tagged.color_range = {None: 0, False: LIMITED, True: FULL}[colour.full_range]


def timescales(time_base: Fraction) -> dict[str, str]:
    """Return the muxer options that let mp4 and mov count in the source's ticks, the first picture's delay included."""
    return {name: str(time_base.denominator) for name in ("video_track_timescale", "movie_timescale")}
