"""Pieces of a video that are painted apart are those of the video painted in one go, to the bit."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import make_clip, make_truncated, moving_square
from tests.renders import broken_off, done, plan_of, shown
from vidstyle.interrupt import StopRequest
from vidstyle.media.probe import probe
from vidstyle.media.read import Position, VideoReader
from vidstyle.render.engine import Engine
from vidstyle.render.frame_source import reader_options
from vidstyle.render.journal import Journal, ResumePoint, Segment, rewind_points
from vidstyle.render.paint_segments import SegmentRange, paint_segments
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run
from vidstyle.render.work_folder import RenderFolder

Fast = Callable[..., RenderSettings]


def shots(index: int) -> np.ndarray:
    """A square over two shots, every drawing held for two frames, and a freeze of twenty."""
    index = min(index, 20) if index < 40 else index
    picture = moving_square(step=5)(index // 2)
    return picture if index < 14 else 255 - picture


def paint(source: Path, folder: Path, settings: RenderSettings, start: ResumePoint, until: int | None) -> list[Segment]:
    """Paint a stretch with a painter that remembers another video, and return its segments."""
    engine, clip = Engine(settings), probe(source)
    plan = plan_of(clip, engine, folder / "out.mp4")
    place = RenderFolder(folder / "out.mp4", plan.form.codec.intermediate_suffix)
    place.path.mkdir(parents=True)
    painter = engine.video_painter(plan)
    other = np.random.default_rng(7).integers(0, 256, (3, *plan.sizes.source[::-1], 3), np.uint8)
    painter.paint(other, plan.sizes, sixteen_bit=False)
    with closing(paint_segments(SegmentRange(plan, settings, place, start, until), painter, StopRequest())) as steps:
        segments = [segment for step in steps for segment in step.finished]
    assert [entry for _, entry in Journal(place.journal).read() if isinstance(entry, Segment)] == segments
    return segments


def told(segments: list[Segment]) -> list[tuple[Any, ...]]:
    return [
        (segment.number, segment.sha256, segment.coded_pts, segment.position, segment.progress) for segment in segments
    ]


@pytest.mark.parametrize(
    "others",
    [
        {"flicker": "flow"},
        {"flicker": "flow", "batch": 4, "start": 0.4, "end": 2.3},
        {"flicker": "statistics", "batch": 3},
        {"flicker": "denoise"},
        {"flicker": "denoise", "batch": 4, "start": 0.4, "end": 2.3},
        {"flicker": "off"},
    ],
    ids=["flow", "batches and a cut", "statistics", "denoise", "denoised batches and a cut", "off"],
)
def test_pieces_painted_apart_are_those_of_one_go(fast: Fast, tmp_path: Path, others: dict[str, Any]) -> None:
    source = make_clip(tmp_path / "film.mkv", frames=64, codec="ffv1", pictures=shots)
    settings = fast(segment=7, size=32, **others)
    whole = paint(source, tmp_path / "whole", settings, ResumePoint(), None)
    positions = [segment.position for segment in whole]
    assert any(segment.progress.repeated > 4 for segment in whole), (
        "frames are held, so that few before a piece are distinct"
    )
    apart = []
    for first, until in ((5, 6), (0, 2), (2, 5), (6, len(whole))):
        before = rewind_points(positions, first)
        start = ResumePoint(first, positions[first - 1] if first else None, whole[0].shift, None, None, before)
        apart += paint(source, tmp_path / f"from{first}", settings, start, until)
    assert told(sorted(apart, key=lambda segment: segment.number)) == told(whole)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_survey_finds_the_places_and_the_report_of_a_reading(tmp_path: Path, damaged: bool) -> None:
    film = make_clip(tmp_path / "film.mkv", frames=90, b_frames=3)
    clip = probe(make_truncated(film, tmp_path / "broken.mkv") if damaged else film)
    asked = reader_options(RenderSettings(start=0.2))
    with VideoReader(clip, **asked) as reader:
        wanted: list[Position] = []
        times: list[int] = []
        for batch in reader.batches(4, 10):
            times += batch.pts
            if reader.report.frames % 10 == 0:
                wanted.append(reader.position())
        if reader.report.frames % 10:
            wanted.append(reader.position())
    with VideoReader(clip, **asked) as survey:
        first_pts, positions = zip(*survey.positions(10), strict=True)
    assert list(positions) == wanted
    assert (survey.report, list(first_pts), survey.start_pts) == (reader.report, times[::10], reader.start_pts)
    assert survey.report.damaged == damaged


def test_reading_for_what_came_before_begins_ever_further_back() -> None:
    places = [Position(10 * number, number, 1, "", 0, True) for number in range(1, 20)]
    assert rewind_points(places, 0) == ()
    assert rewind_points(places, 1) == (None,)
    assert rewind_points(places, 6) == (places[4], places[3], places[1], None)


def test_painting_goes_on_where_the_memory_of_a_painter_was_not_kept(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "film.mp4", frames=50, pictures=shots)
    settings = fast(segment=9, flicker="flow")
    run(source, tmp_path / "straight.mp4", settings)
    folder = broken_off(source, tmp_path / "out.mp4", settings, 30)
    lines = done(folder)
    assert len(lines) >= 2 and b'"state": ""' not in lines[-1]
    journal = Journal(folder.journal)
    journal.replace([(name, replace(entry, state="")) for name, entry in journal.read() if isinstance(entry, Segment)])
    result = run(source, tmp_path / "out.mp4", settings)
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] == 9 * len(lines)
    assert shown(tmp_path / "out.mp4") == shown(tmp_path / "straight.mp4")
