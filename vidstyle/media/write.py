"""The writer of a video without sound: each picture at its own time, in constant memory; and the form it is coded in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vidstyle.errors import OutputError, SettingsError
from vidstyle.files import advice_on
from vidstyle.media.clip import UNSPECIFIED, Batch, Colour
from vidstyle.media.codecs import VideoCodec
from vidstyle.media.colour import FULL, LIMITED, RGB_MATRIX, from_rgb, implied_matrix
from vidstyle.media.frame_properties.chroma_location import CODEC_OPTION, location_to_write
from vidstyle.media.hdr_metadata import NO_METADATA, StaticMetadata, metadata_options
from vidstyle.media.muxing.closed_captions import with_captions

LONGEST_REORDERING_SECONDS = 86400
"""A decoding time further from the pts is invalid: libx265 leaves those of a video of two pictures unset."""
SAME_STEP_SECONDS = Fraction(1, 500)
"""Two durations that differ by no more are the same, rounded to other ticks."""
REORDERING_ENCODERS = {"libx264": {}, "libx265": {"forced-idr": "1"}}
"""Encoders that may code the last picture before an earlier one, and the options with which a key frame ends that."""
QUIET_ENCODERS = {"SVT_LOG": "1"}
"""The AV1 encoder writes to stderr unless this environment variable is set."""


@dataclass(frozen=True)
class VideoForm:
    """How pictures are coded: encoder, size in pixels, pixel format, seconds a tick, aspect, colour, quality, speed.

    `metadata` of high dynamic range is written into the stream by encoders that can.
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


def choose_pixel_format(codec: VideoCodec, asked: str | None, width: int, height: int, bit_depth: int) -> str:
    """Return the pixel format for `width` x `height` pictures of `bit_depth` bits a channel.

    Raises SettingsError when the encoder does not take the one that is `asked` for.
    """
    if asked is None:
        return codec.pixel_format_for(width, height, bit_depth)
    offered = [video_format.name for video_format in av.Codec(codec.name, "w").video_formats or ()]
    if asked not in offered:
        raise SettingsError(f"{codec.name} does not encode {asked}. Choose --pix-fmt {', '.join(offered)}.")
    if _halves_odd_side(asked, width, height) and codec.odd_pixel_formats != codec.pixel_formats:
        raise SettingsError(
            f"{codec.name} does not encode {asked} at the odd size {width}x{height}. "
            f"Choose --pix-fmt {codec.pixel_format_for(width, height, bit_depth)}."
        )
    return asked


def _halves_odd_side(pixel_format: str, width: int, height: int) -> bool:
    """Return whether the chroma planes of a pixel format have half the samples of a side that is odd."""
    chroma = av.VideoFormat(pixel_format, 4, 4)
    return bool((width % 2 and chroma.chroma_width() < 4) or (height % 2 and chroma.chroma_height() < 4))


def bits_of(pixel_format: str) -> int:
    """Return the bits a channel of a pixel format."""
    return int(av.VideoFormat(pixel_format).components[0].bits)


def writable_colour(colour: Colour, pixel_format: str, codec: VideoCodec) -> Colour:
    """Return the colour to write: the source's own, unless pixel format or codec need another matrix, range or place.

    A matrix that primaries or transfer only imply is stated, because players would guess it from the size.
    """
    if pixel_format.startswith(("gbr", "rgb", "bgr")):
        return replace(colour, matrix=RGB_MATRIX, full_range=True, chroma_location=None)
    if colour.matrix == RGB_MATRIX:
        colour = replace(colour, matrix=UNSPECIFIED, full_range=None)
    if colour.full_range and not codec.full_range:
        colour = replace(colour, full_range=False)
    location = location_to_write(colour.chroma_location, colour.full_range, pixel_format, codec.chroma_locations)
    return replace(colour, matrix=implied_matrix(colour, UNSPECIFIED), chroma_location=location)


class VideoWriter:
    """Encodes batches of upright RGB into a file without sound; a context manager that opens the encoder on entry.

    Presentation times are exact where the container counts in the form's time base, as mp4 and mov do. A last picture with
    a duration of its own is coded last, as a key frame: containers keep the duration of what is coded last. The file is
    complete once the block ends without an error. Then `coded_pts` holds the times in decoding order, and `last_duration`
    the duration of the last picture, a guess where the picture states none. Raises OutputError with the cause and the name
    of the file, or `name` where that is given.
    """

    def __init__(self, target: Path, form: VideoForm, name: str | None = None) -> None:
        self.target, self.form, self.name = target, form, name or target.name
        self.frames = 0
        self.coded_pts: list[int] = []
        self._durations: dict[int, int] = {}
        self._captions: dict[int, bytes] = {}
        self._latest: VideoFrame | None = None
        self._step = 0
        self.last_duration = 0
        self.nominal_duration = max(1, round(1 / (form.frame_rate * form.time_base)))
        self._longest_reordering = LONGEST_REORDERING_SECONDS / form.time_base

    def __enter__(self) -> Self:
        for name, value in QUIET_ENCODERS.items():
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
                        self._encode_last()
                finally:
                    self._container.close()
        except OutputError:
            if error is None:
                raise

    def write(self, batch: Batch) -> None:
        """Encode the pictures of a batch, (n, height, width, 3) of the form's size, at their times."""
        self._captions.update(zip(batch.pts, batch.captions, strict=False))
        for rgb, pts, duration in zip(batch.frames, batch.pts, batch.durations, strict=True):
            with self._translated():
                latest, self._latest = self._latest, self._frame(rgb, pts, duration)
                if latest is not None:
                    self._step = pts - (latest.pts or 0)
                    self._mux(self._stream.encode(latest))
            self.frames += 1

    def _encode_last(self) -> None:
        last = self._latest
        if last is not None:
            self.last_duration = last.duration or min(self.nominal_duration, self._step or self.nominal_duration)
            difference = self.last_duration - self._step
            is_usual = self.frames == 1 or abs(difference) * self.form.time_base <= SAME_STEP_SECONDS
            if self.form.codec.name in REORDERING_ENCODERS and not is_usual:
                last.pict_type = PictureType.I
            self._mux(self._stream.encode(last))
        self._mux(self._stream.encode(None))

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
            self._container.mux(with_captions(packet, self._captions.pop(packet.pts or 0, b""), self.form.codec.name))

    def _repair(self, packet: Packet) -> None:
        """Undo what encoders do to times: libvpx rounds those of very fine ticks, see also LONGEST_REORDERING_SECONDS."""
        coded_pts = packet.pts
        if coded_pts is None or packet.dts is None:
            return
        if self._durations and coded_pts not in self._durations:
            packet.pts = min(self._durations, key=lambda pts: abs(pts - coded_pts))
            packet.dts = min(packet.dts, packet.pts)
        if abs(coded_pts - packet.dts) > self._longest_reordering:
            packet.dts = packet.pts

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            advice = advice_on(error, "Check free space, --codec, --preset and --pix-fmt.")
            raise OutputError(f"Cannot encode {self.name} with {self.form.codec.name}: {reason}. {advice}") from error


def _add_stream(container: OutputContainer, form: VideoForm) -> VideoStream:
    stream: Any = container.add_stream(form.codec.name, rate=form.frame_rate)
    stream.width, stream.height, stream.pix_fmt = form.width, form.height, form.pixel_format
    context = stream.codec_context
    context.time_base = form.time_base
    context.sample_aspect_ratio = form.sample_aspect
    context.options = form.options() | REORDERING_ENCODERS.get(form.codec.name, {}) | _located(form.colour)
    context.thread_count = 0
    if form.codec.tag:
        context.codec_tag = form.codec.tag
    _tag(context, form.colour)
    return stream


def _located(colour: Colour) -> dict[str, str]:
    return {CODEC_OPTION: colour.chroma_location} if colour.chroma_location else {}


def _tag(tagged: Any, colour: Colour) -> None:
    """Set the colour's numbers on a frame or an encoder; both have them under the same names."""
    tagged.colorspace, tagged.color_primaries, tagged.color_trc = colour.matrix, colour.primaries, colour.transfer
    tagged.color_range = {None: 0, False: LIMITED, True: FULL}[colour.full_range]


def timescales(time_base: Fraction) -> dict[str, str]:
    """Return the muxer options with which mp4 and mov count in the source's ticks, also the first picture's delay."""
    return {name: str(time_base.denominator) for name in ("video_track_timescale", "movie_timescale")}
