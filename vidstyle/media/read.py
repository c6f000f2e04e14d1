"""The reader of a video: every picture of a range at its own time, from the beginning or after an earlier reading."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from typing import Any, Self

import av
import numpy as np
from av.video.frame import VideoFrame

from vidstyle.errors import InputError
from vidstyle.media.clip import Batch, Clip
from vidstyle.media.decode import MARGIN_SECONDS, Decoder
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.media.frame_properties.cropping import cropped
from vidstyle.media.muxing.closed_captions import read_captions
from vidstyle.media.picture import Picture
from vidstyle.media.probe import open_source, packets_of
from vidstyle.media.reading_options import BLACK, Rgb
from vidstyle.media.timeline import clock_may_jump, states_no_times

MICROSECONDS = 1_000_000
ROUNDING_SECONDS = Fraction(1, 2000)
"""Times in a file are rounded to its ticks. Half a tick early, at most this, is still the time that was asked for."""
SHORT_SECONDS = Fraction(1, 4)
"""Pictures that end this much before the stated duration are missing their end."""
LATE_STREAMS = (
    "a track that begins late in the file is left out. To keep it, convert the file first: "
    "ffmpeg -probesize 1G -analyzeduration 1G -i FILE -map 0 -c copy -c:s srt NEW.mkv"
)
BEFORE_ALL, AFTER_ALL = -(1 << 62), 1 << 62
"""Times in ticks that bound a range without a start or an end."""


@dataclass(frozen=True)
class Position:
    """The position after a number of `pictures`: pts, duration and digest of the last one, in ticks of the clip's time base.

    `resized` counts pictures of another size up to there. `seekable`: every packet so far gave one picture at its own
    time. A reading that begins at an earlier key frame then gives the same pictures from here on.
    """

    pictures: int
    pts: int
    duration: int
    digest: str
    resized: int
    seekable: bool


@dataclass
class ReadReport:
    """Counts of one reading: packets in the asked range, frames given, of these concealed and held; and its warnings.

    `concealed` frames are damaged ones that the decoder repaired. `held` ones repeat the frame before a missing one.
    `restarts` says how often the clock started again. `captions` counts the frames with closed captions.
    """

    packets: int = 0
    frames: int = 0
    concealed: int = 0
    held: int = 0
    truncated: bool = False
    restarts: int = 0
    captions: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def damaged(self) -> bool:
        """Whether some picture is not what the file should have held."""
        return bool(self.concealed or self.held or self.truncated)


class VideoReader:
    """Decodes a clip from `start_seconds` to before `end_seconds`, both counted from the video's first picture.

    Use it as a context manager. Where the stream is damaged the decoder's concealed picture is given. Where no picture
    comes, the previous one is held at that pts. Both are counted in `report`, which is complete after the last picture.
    `start_pts` is the time of the video's first picture. `deinterlace` is auto, on or off, see Deinterlacer. Transparent
    pixels lie over `background`.

    `start_after` is a position of an earlier reading over the same range; the pictures after it follow, bit for bit, save
    those that a decoder made up of what its memory held. Entering then raises InputError when the source does not decode as
    it did before.
    """

    def __init__(
        self,
        clip: Clip,
        *,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        start_after: Position | None = None,
        background: Rgb = BLACK,
        deinterlace: str = "auto",
    ) -> None:
        self.clip, self.background = clip, background
        self._start_seconds, self._end_seconds, self._start_after = start_seconds, end_seconds, start_after
        self._deinterlace = deinterlace
        self._ticks_per_frame = 1 / (clip.frame_rate * clip.time_base)

    def __enter__(self) -> Self:
        self._open()
        try:
            if self._start_after is None:
                self._seek(self._from)
            else:
                self._resume(self._start_after)
        except BaseException:
            self._container.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._container.close()

    def batches(self, size: int, segment: int = 0) -> Iterator[Batch]:
        """Yield the pictures in batches of `size`, the last one shorter, also that of every `segment` pictures.

        Raises InputError when none can be decoded.
        """
        waiting: list[Picture] = []
        for picture in self.pictures():
            waiting.append(picture)
            if len(waiting) == size or (segment and self.report.frames % segment == 0):
                yield self._batch(waiting)
                waiting = []
        if waiting:
            yield self._batch(waiting)

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures one by one, not yet converted; each holds its frame. Raises InputError when there is none."""
        for picture in self._source:
            self.report.frames += 1
            yield picture
        self._finish()

    def positions(self, segment: int) -> Iterator[tuple[int, Position]]:
        """Yield, for every `segment` pictures, the pts of the first one and the position after the last one.

        Only the last picture of each segment is converted. Raises InputError when no picture can be decoded.
        """
        first_pts = 0
        for picture in self.pictures():
            if (self.report.frames - 1) % segment == 0:
                first_pts = picture.pts
            if self.report.frames % segment == 0:
                yield first_pts, self.position()
        if self.report.frames % segment:
            yield first_pts, self.position()

    def position(self) -> Position:
        """Return the position after the last picture that was given."""
        last = self._latest
        assert last is not None, "a position is asked for after a picture"
        one_to_one = self._decoder.one_to_one and not (self._unordered or self.report.concealed or self.report.held)
        all_given = self.report.frames == self._decoder.packets - self._decoder.packets_ahead()
        seekable = one_to_one and all_given
        return Position(self.report.frames, last.pts, last.duration, digest(last.rgb), self._resized, seekable)

    def _open(self) -> None:
        self.report = ReadReport()
        self._latest: Picture | None = None
        self._clock: tuple[int, int] | None = None
        self._resized = self._unordered = self._step = 0
        self._aspect: Fraction | None = None
        self._missing: list[int] = []
        self._container = open_source(self.clip.path, edit_lists=not self.clip.edits)
        self._stream: Any = self._container.streams[self.clip.video_index]
        self.start_pts = self.clip.edits[0].start if self.clip.edits else self._stream.start_time or 0
        self._from = self._ticks(self._start_seconds, BEFORE_ALL)
        self._until = self._ticks(self._end_seconds, AFTER_ALL)
        in_range = (self._from, self._until)
        self._decoder = Decoder(
            self._container,
            self._stream,
            in_range,
            self.clip.frame_rate,
            self.clip.edits,
            self.clip.end_pts,
            self.clip.colour.seen_chroma_location,
        )
        self._deinterlacer = Deinterlacer(self._deinterlace)
        self._source = self._pictures()

    def _ticks(self, seconds: float | None, absent: int) -> int:
        if seconds is None:
            return absent
        after = Fraction(seconds).limit_denominator(MICROSECONDS) - min(self.clip.time_base / 2, ROUNDING_SECONDS)
        return self.start_pts + ceil(after / self.clip.time_base)

    def _seek(self, pts: int) -> None:
        """Go to a key frame that surely lies before `pts`; files without an index are read from the front.

        The decoder goes to the pieces of an edit list by itself.
        """
        target = pts - ceil(MARGIN_SECONDS / self.clip.time_base)
        is_unsure = clock_may_jump(self._container) or states_no_times(self._container)
        is_seekable = self.clip.duration is not None and not self.clip.edits and not is_unsure
        if target > self.start_pts and is_seekable:
            try:
                self._container.seek(target, stream=self._stream)
            except av.error.FFmpegError:
                self._container.seek(self.start_pts, stream=self._stream)

    def _resume(self, position: Position) -> None:
        """Go to `position`: by a seek where that is exact, else by decoding from the front; raises InputError."""
        if position.seekable:
            if self._resume_by_seek(position):
                return
            self._container.close()
            self._open()
        self._seek(self._from)
        self._resume_from_front(position)

    def _resume_by_seek(self, position: Position) -> bool:
        """Decode from a key frame before `position`; return whether its very picture was found."""
        self._seek(position.pts)
        found = next((picture for picture in self._source if picture.pts >= position.pts), None)
        if not _is_at(position, found):
            return False
        self.report, self._unordered = ReadReport(frames=position.pictures), 0
        self._resized = position.resized
        self._decoder.resume_at(position.pictures)
        return True

    def _resume_from_front(self, position: Position) -> None:
        for _ in range(position.pictures):
            next(self._source, None)
        self.report.frames = position.pictures
        last = self._latest
        is_made_up = self.report.damaged and last is not None and last.pts == position.pts
        if not is_made_up and not _is_at(position, last):
            raise InputError(f"{self.clip.path} does not read as it did before. Give --restart to begin anew.")

    def _pictures(self) -> Iterator[Picture]:
        for frame, lost in self._deinterlacer.frames(self._decoder.frames()):
            self._missing += lost
            pts = self._time_of(frame)
            self._clock = pts, frame.duration or max(1, round(self._ticks_per_frame))
            if pts >= self._until:
                break
            if pts >= self._from:
                current = self._picture(frame, pts)
                yield from self._held_until(pts, self._latest or current)
                self.report.concealed += frame.is_corrupt
                self._step = pts - self._latest.pts if self._latest else 0
                self._latest = current
                yield current
        else:
            self._missing += self._decoder.lost_at_end()
        if self._latest:
            yield from self._held_until(self._until, self._latest)

    def _held_until(self, pts: int, picture: Picture) -> Iterator[Picture]:
        """Yield `picture` again at each missing time of the asked range before `pts`."""
        after = self._latest.pts if self._latest else self._from - 1
        for time in self._missing:
            if after < time < pts:
                after = time
                self.report.held += 1
                self._latest = replace(picture, pts=time)
                yield self._latest
        self._missing = []

    def _time_of(self, frame: VideoFrame) -> int:
        """Return the frame's pts, continued where it is absent, always increasing."""
        if self._clock is None:
            return self.start_pts if frame.pts is None else frame.pts
        latest, duration = self._clock
        if frame.pts is None:
            return latest + duration
        self._unordered += latest >= max(self._from, frame.pts)
        return max(frame.pts, latest + 1)

    def _picture(self, frame: VideoFrame, pts: int) -> Picture:
        frame = cropped(frame, self.clip.cropping)
        self._resized += (frame.width, frame.height) != (self.clip.width, self.clip.height)
        if frame.key_frame:
            self._aspect = self._decoder.sample_aspect
        return Picture(frame, self.clip, pts, frame.duration or 0, self._aspect, self.background)

    def _batch(self, pictures: list[Picture]) -> Batch:
        captions = tuple(read_captions(picture.frame) for picture in pictures)
        self.report.captions += sum(map(bool, captions))
        return Batch(
            frames=np.stack([picture.rgb for picture in pictures]),
            pts=tuple(picture.pts for picture in pictures),
            durations=tuple(picture.duration for picture in pictures),
            time_base=self.clip.time_base,
            captions=captions if any(captions) else (),
        )

    def _finish(self) -> None:
        """Complete the report after the last picture; raises InputError when there was none."""
        if self.report.frames == 0:
            duration = "" if self.clip.duration is None else f": it lasts {float(self.clip.duration):.2f} s"
            raise InputError(f"{self.clip.path} gave no picture in the asked range{duration}. Check --start and --end.")
        self.report.packets = self._decoder.packets
        self.report.restarts = len(self._decoder.timeline.shifts) - 1
        self.report.truncated = self._end_seconds is None and self._is_truncated()
        self.report.warnings += [f"{self.clip.path}: {text}." for text in self._warnings()]

    def _warnings(self) -> list[str]:
        counts = [
            (self.report.concealed, "damaged pictures were concealed by the decoder"),
            (self.report.held, "pictures could not be decoded; the one before each was held"),
            (self._resized, f"pictures of another size were scaled to {self.clip.width}x{self.clip.height}"),
            (self._unordered, "pictures had times that did not increase; they were moved"),
        ]
        warnings = [f"{count} {text}" for count, text in counts if count]
        if self.report.restarts:
            restarts = f"the clock starts again {self.report.restarts} times"
            warnings.append(f"{restarts}; the recordings were put one after the other")
        if self._decoder.stopped_by:
            warnings.append(f"reading stopped early: {self._decoder.stopped_by}")
        if self._decoder.has_late_streams:
            warnings.append(LATE_STREAMS)
        if self.report.truncated:
            warnings.append(self._shortfall())
        return warnings

    def _shortfall(self) -> str:
        if self.clip.frames:
            return (
                f"the file is incomplete: of {self.clip.frames} promised pictures {self._decoder.all_packets} are there"
            )
        promised = float(self.clip.duration or 0)
        return f"the file is incomplete: {promised:.1f} s are promised, the pictures end at {self._end():.1f} s"

    def _end(self) -> float:
        """Return the seconds from the video's first picture to the end of the last one that was given."""
        last = self._latest
        return float((last.pts - self.start_pts + last.duration) * self.clip.time_base) if last else 0.0

    def _is_truncated(self) -> bool:
        if self._decoder.stopped_by:
            return True
        if self.clip.duration is None:
            return False
        if self.clip.frames and not self._start_seconds:
            ends_early = self._end() + 1.5 / self.clip.frame_rate < self.clip.duration
            return ends_early and self._decoder.all_packets < self.clip.frames
        unknown = max(0, self._step - self._latest.duration) if self._latest else 0
        is_short = self._end() + float(unknown * self.clip.time_base) + SHORT_SECONDS < self.clip.duration
        return is_short and (bool(self.clip.edits) or not self._others_go_on())

    def _others_go_on(self) -> bool:
        """Return whether another stream lasts longer than the pictures: then the file is whole, its video just shorter."""
        try:
            self._container.seek(int((self._end() + SHORT_SECONDS) * MICROSECONDS))
            times = (
                float(packet.pts * packet.time_base) for packet in packets_of(self._container) if packet.pts is not None
            )
            return any(time > self._end() + SHORT_SECONDS / 2 for time in times)
        except av.error.FFmpegError:
            return False


def digest(picture: np.ndarray) -> str:
    """Return the SHA-256 of a picture's values, as hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(picture).data).hexdigest()


def _is_at(position: Position, picture: Picture | None) -> bool:
    """Return whether `picture` is the last one before `position`, by its time and its values."""
    return picture is not None and picture.pts == position.pts and digest(picture.rgb) == position.digest
