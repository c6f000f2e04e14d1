"""The metrics of a video beside its source: how steady it is, and whether every frame is there at its time.

A new metric of video is a function of a `VideoComparison` and a row of `VIDEO_METRICS`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import numpy as np

from vidstyle.analysis.picture_measures import DRIFT_SHORT_SIDE, Drift, DriftMeter
from vidstyle.analysis.temporal_consistency import (
    COLOUR_SHORT_SIDE,
    MEASURING_SHORT_SIDE,
    Steadiness,
    SteadinessMeter,
    WarpingError,
    WarpingMeter,
)
from vidstyle.errors import InputError, SettingsError
from vidstyle.evaluate.compute_metrics import MetricReport
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.media.clip import Clip
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.progress import OnProgress, Progress, note

LARGEST_ASPECT_DIFFERENCE = 0.02
"""Share by which the aspect of a result may differ from its source's, since sizes are rounded."""
AT_MEASURING_SIZE = f"area, to short side {MEASURING_SHORT_SIDE} or less"
AT_COLOUR_SIZE = f"area, to short side {COLOUR_SHORT_SIDE}"
AT_DRIFT_SIZE = f"area, to short side {DRIFT_SHORT_SIDE}"


@dataclass
class TimeDifference:
    """How far the times of a result are from its source's, in seconds.

    `at_start` is the difference of the first frames, `largest` the most by which a later difference misses it.
    """

    at_start: Fraction | None = None
    largest: Fraction = Fraction(0)

    def update(self, result: Fraction, source: Fraction) -> None:
        """Take the times of the next frame of both."""
        if self.at_start is None:
            self.at_start = result - source
        self.largest = max(self.largest, abs(result - source - self.at_start))


@dataclass(frozen=True)
class VideoComparison:
    """What was measured over all frames of a video and its source."""

    frames: int
    warping: WarpingError
    steadiness: Steadiness
    drift: Drift
    times: TimeDifference


Values = tuple[float | None, float | None]
"""The value of the video and that of its source, None where there is none."""


def _warping_error(comparison: VideoComparison) -> Values:
    warping = comparison.warping
    return (float(warping.video), float(warping.source)) if warping.pairs else (None, None)


def _milliseconds(seconds: Fraction | None) -> float:
    return float(1000 * (seconds or 0))


def _frame_count(comparison: VideoComparison) -> dict[str, int]:
    return {"frames": comparison.frames}


def _pair_counts(comparison: VideoComparison) -> dict[str, int]:
    warping = comparison.warping
    return {"frames": comparison.frames, "pairs": warping.pairs, "cuts left out": warping.cuts}


def _shot_counts(comparison: VideoComparison) -> dict[str, int]:
    return {"frames": comparison.frames, "shots": comparison.drift.shots}


@dataclass(frozen=True)
class VideoMetric:
    """A metric of video: its values, how frames were resized for it, and how many it was measured on."""

    name: str
    values: Callable[[VideoComparison], Values]
    resizer: str = "none"
    counts: Callable[[VideoComparison], dict[str, int]] = _frame_count


VIDEO_METRICS = (
    VideoMetric(
        "warping-error", _warping_error, f"{AT_MEASURING_SIZE}; Farneback's flow of the source", counts=_pair_counts
    ),
    VideoMetric("flicker", lambda found: found.steadiness.flicker or (None, None), AT_COLOUR_SIZE),
    VideoMetric("sharpness", lambda found: found.steadiness.sharpness, AT_MEASURING_SIZE),
    VideoMetric("colour-shift", lambda found: (found.steadiness.colour_shift, None), AT_COLOUR_SIZE),
    VideoMetric("colour-drift", lambda found: (found.steadiness.colour_drift, None), AT_COLOUR_SIZE),
    VideoMetric("shot-drift", lambda found: (found.drift.largest, None), AT_DRIFT_SIZE, _shot_counts),
    VideoMetric("frames", lambda found: (found.frames, found.frames)),
    VideoMetric("start-offset-ms", lambda found: (_milliseconds(found.times.at_start), None)),
    VideoMetric("largest-pts-error-ms", lambda found: (_milliseconds(found.times.largest), None)),
)


def measure_video(result: Path, source: Path, settings: EvaluateSettings, on_progress: OnProgress) -> MetricReport:
    """Measure the video `result` beside `source`, or beside its part from `settings.start` to `settings.end`.

    Both are read once, frame by frame. Raises InputError for files that cannot be read, pictures of another shape, or
    another number of frames. Raises SettingsError when metrics of pictures are asked for.
    """
    if settings.metrics != "auto":
        raise SettingsError("--metrics chooses metrics of pictures; of a video all are measured. Leave --metrics out.")
    clips = probe(result), probe(source)
    _check_shapes(*clips)
    _warn_of_counts(*clips, settings, on_progress)
    comparison, warnings = _compare(*clips, settings, on_progress)
    size = "x".join(str(side) for side in clips[0].upright_size)
    measurements = []
    for metric in VIDEO_METRICS:
        value, source_value = metric.values(comparison)
        counts = metric.counts(comparison)
        measurements.append(Measurement(metric.name, value, counts, size, metric.resizer, source_value=source_value))
    return MetricReport(tuple(measurements), {}, warnings)


def _warn_of_counts(result: Clip, source: Clip, settings: EvaluateSettings, on_progress: OnProgress) -> None:
    """Report at once where the files state different numbers of frames; the numbers of frames shown may still be equal."""
    part = settings.start is not None or settings.end is not None
    if not part and result.frames and source.frames and result.frames != source.frames:
        on_progress(
            note(
                f"{result.path} states {result.frames:,} frames and its source {source.path} {source.frames:,}. "
                "Nothing can be measured unless both hold the same number."
            )
        )


def _check_shapes(result: Clip, source: Clip) -> None:
    aspects = [clip.upright_size[0] / clip.upright_size[1] * clip.upright_aspect for clip in (result, source)]
    if abs(aspects[0] / aspects[1] - 1) > LARGEST_ASPECT_DIFFERENCE:
        sizes = ["x".join(str(side) for side in clip.upright_size) for clip in (result, source)]
        raise InputError(
            f"{result.path} shows {sizes[0]} pixels and its source {source.path} {sizes[1]}: another shape of picture. "
            "Name a result and its own source."
        )


def _compare(
    result: Clip, source: Clip, settings: EvaluateSettings, on_progress: OnProgress
) -> tuple[VideoComparison, tuple[str, ...]]:
    """Read both videos to their ends; return what was measured and the readers' warnings; raises InputError."""
    warping, steadiness, drift, times = WarpingMeter(), SteadinessMeter(), DriftMeter(), TimeDifference()
    counts = [0, 0]
    with ExitStack() as stack:
        whole = stack.enter_context(VideoReader(result))
        part = stack.enter_context(VideoReader(source, start_seconds=settings.start, end_seconds=settings.end))
        for pair in zip_longest(_frames(whole), _frames(part, move_to_start=bool(settings.start))):
            counts = [count + (frame is not None) for count, frame in zip(counts, pair, strict=True)]
            ours, original = pair
            if ours and original:
                warping.update(original.rgb, ours.rgb)
                steadiness.update(original.rgb, ours.rgb)
                drift.update(original.rgb, ours.rgb)
                times.update(ours.seconds, original.seconds)
            on_progress(Progress("frames beside their sources", max(counts), result.frames, "frames"))
        warnings = tuple(text for reader in (whole, part) for text in reader.report.warnings)
    if counts[0] != counts[1]:
        raise InputError(
            f"{result.path} has {counts[0]:,} frames and its source {source.path} {counts[1]:,}. "
            "Name a result and its own source; of a part of it, give --start and --end."
        )
    return VideoComparison(counts[0], warping.result(), steadiness.result(), drift.result(), times), warnings


@dataclass(frozen=True)
class _Frame:
    """A frame, (h, w, 3) uint8, and the time at which a player shows it."""

    rgb: np.ndarray
    seconds: Fraction


def _frames(reader: VideoReader, move_to_start: bool = False) -> Iterator[_Frame]:
    """Yield the frames; with `move_to_start` their times are moved to where the whole video begins, as `render` does."""
    moved: int | None = None
    for batch in reader.batches(1):
        (pts,), (rgb,) = batch.pts, batch.frames
        if moved is None:
            moved = pts - reader.start_pts if move_to_start else 0
        seconds = (pts - moved - reader.clip.origin_pts) * batch.time_base
        yield _Frame(rgb if rgb.dtype == np.uint8 else np.rint(rgb / 257).astype(np.uint8), seconds)
