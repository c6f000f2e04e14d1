"""A video beside its source: how steady it is, and whether every frame is there at its time."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import numpy as np

from vidstyle.analysis.temporal_consistency import (
    COLOUR_SHORT_SIDE,
    MEASURING_SHORT_SIDE,
    Steadiness,
    SteadinessMeter,
    WarpingError,
    WarpingMeter,
)
from vidstyle.errors import InputError, SettingsError
from vidstyle.evaluate.figure import Measurement
from vidstyle.evaluate.measure import MetricReport
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.media.clip import Clip
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.progress import OnProgress, Progress, note

UNEQUAL_SHAPE = 0.02
"""Share by which the aspect of a result may miss its source's, since sizes are rounded."""
FLOW = "Farneback's flow of the source"


@dataclass(frozen=True)
class _Frame:
    rgb: np.ndarray
    seconds: Fraction


@dataclass
class _Times:
    """How far the times of a result are from its source's: at its start, and at most in the frames since, in seconds."""

    offset: Fraction | None = None
    latest: Fraction = Fraction(0)

    def update(self, ours: Fraction, original: Fraction) -> None:
        """Take the times of the next frame of both."""
        if self.offset is None:
            self.offset = ours - original
        self.latest = max(self.latest, abs(ours - original - self.offset))


def measure_video(result: Path, source: Path, settings: EvaluateSettings, on_progress: OnProgress) -> MetricReport:
    """Return the figures of the video `result` beside `source`, or its part from `settings.start` to `settings.end`.

    Both are read once, frame by frame. Raises InputError for files that cannot be read, pictures of another shape, or
    another number of frames; SettingsError when metrics of pictures are asked for.
    """
    if settings.wanted:
        raise SettingsError("Of a video all its figures are measured. Leave --metrics out.")
    clips = probe(result), probe(source)
    _check_shapes(*clips)
    _tell_counts(*clips, settings, on_progress)
    warping, steadiness, times = WarpingMeter(), SteadinessMeter(), _Times()
    frames = [0, 0]
    with ExitStack() as stack:
        readers = _readers(*clips, settings, stack)
        begins = (False, bool(settings.start))
        for pair in zip_longest(*map(_frames, readers, begins)):
            frames = [count + (one is not None) for count, one in zip(frames, pair, strict=True)]
            ours, original = pair
            if ours and original:
                warping.update(original.rgb, ours.rgb)
                steadiness.update(original.rgb, ours.rgb)
                times.update(ours.seconds, original.seconds)
            on_progress(Progress("frames beside their sources", max(frames), clips[0].frames, "frames"))
        warnings = tuple(text for reader in readers for text in reader.report.warnings)
    if frames[0] != frames[1]:
        raise InputError(
            f"{result} has {frames[0]:,} frames and its source {source} {frames[1]:,}. "
            "Name a result and its own source; of a part of it, give --start and --end."
        )
    return MetricReport(tuple(_figures(clips, warping.result(), steadiness.result(), frames[0], times)), {}, warnings)


def _tell_counts(result: Clip, source: Clip, settings: EvaluateSettings, on_progress: OnProgress) -> None:
    """Say at once where the files state different numbers of frames; what is shown of them may still be equal."""
    part = settings.start is not None or settings.end is not None
    if not part and result.frames and source.frames and result.frames != source.frames:
        on_progress(
            note(
                f"{result.path} states {result.frames:,} frames and its source {source.path} {source.frames:,}. "
                "Unless they hold as many, there will be no figures."
            )
        )


def _check_shapes(result: Clip, source: Clip) -> None:
    ours, theirs = (clip.upright_size[0] / clip.upright_size[1] * clip.upright_aspect for clip in (result, source))
    if abs(ours / theirs - 1) > UNEQUAL_SHAPE:
        sizes = ["x".join(str(side) for side in clip.upright_size) for clip in (result, source)]
        raise InputError(
            f"{result.path} shows {sizes[0]} pixels and its source {source.path} {sizes[1]}: another shape of picture. "
            "Name a result and its own source."
        )


def _readers(result: Clip, source: Clip, settings: EvaluateSettings, stack: ExitStack) -> list[VideoReader]:
    whole, part = VideoReader(result), VideoReader(source, start_seconds=settings.start, end_seconds=settings.end)
    return [stack.enter_context(reader) for reader in (whole, part)]


def _frames(reader: VideoReader, begins: bool) -> Iterator[_Frame]:
    """Yield the frames, (h, w, 3) uint8, with the time at which a player shows them.

    Where they are a part that `begins` later, its times are moved to where the whole begins, as `render` does.
    """
    moved: int | None = None
    for batch in reader.batches(1):
        (pts,), (rgb,) = batch.pts, batch.frames
        if moved is None:
            moved = pts - reader.start_pts if begins else 0
        seconds = (pts - moved - reader.clip.origin_pts) * batch.time_base
        yield _Frame(rgb if rgb.dtype == np.uint8 else np.rint(rgb / 257).astype(np.uint8), seconds)


def _figures(
    clips: tuple[Clip, Clip], warping: WarpingError, steadiness: Steadiness, frames: int, times: _Times
) -> Iterator[Measurement]:
    size = "x".join(str(side) for side in clips[0].upright_size)
    pairs = {"frames": frames, "pairs": warping.pairs, "cuts left out": warping.cuts}
    resizer = f"area, to short side {MEASURING_SHORT_SIDE} or less"
    errors = (float(warping.video), float(warping.source)) if warping.pairs else (None, None)
    yield Measurement("warping-error", errors[0], pairs, size, f"{resizer}; {FLOW}", source_value=errors[1])
    counts, small = {"frames": frames}, f"area, to short side {COLOUR_SHORT_SIDE}"
    flicker = steadiness.flicker or (None, None)
    yield Measurement("flicker", flicker[0], counts, size, small, source_value=flicker[1])
    yield Measurement("sharpness", steadiness.sharpness[0], counts, size, resizer, source_value=steadiness.sharpness[1])
    yield Measurement("colour-shift", steadiness.colour_shift, counts, size, small)
    yield Measurement("colour-drift", steadiness.colour_drift, counts, size, small)
    yield Measurement("frames", frames, counts, size, source_value=frames)
    yield Measurement("start-offset-ms", float(1000 * (times.offset or 0)), counts, size)
    yield Measurement("largest-pts-error-ms", float(1000 * times.latest), counts, size)
