"""The way of a video from its source into a result as a render takes it, without painting."""

from dataclasses import replace
from pathlib import Path

from vidstyle.media.clip import Clip
from vidstyle.media.codecs import VideoCodec, choose_codec, container_of
from vidstyle.media.join import Piece, join
from vidstyle.media.mux import Cut, mux, showing_of
from vidstyle.media.muxing.header_trial import admitted
from vidstyle.media.muxing.projection import mark_projection
from vidstyle.media.probe import probe
from vidstyle.media.read import ReadReport, VideoReader
from vidstyle.media.tracks import plan_tracks
from vidstyle.media.write import VideoForm, VideoWriter, choose_pixel_format

PRESETS = {"libx264": "medium", "libx265": "medium", "libvpx-vp9": "8", "libsvtav1": "12"}


def passed_through(source: Path, target: Path, codec: str = "auto", segment: int = 10**9) -> ReadReport:
    """Encode the pictures of `source` in segments, join them, add its sound, and return the report on reading."""
    report, complaints = passed_with_complaints(source, target, codec, segment)
    assert complaints == []
    return report


def form_of(clip: Clip, codec: VideoCodec, crf: int, preset: str | None) -> VideoForm:
    """Return how a result of a clip's own size and colour is encoded."""
    size = clip.upright_size
    return VideoForm(
        codec,
        *size,
        choose_pixel_format(codec, None, *size, clip.bit_depth),
        clip.time_base,
        clip.frame_rate,
        clip.upright_aspect,
        clip.colour,
        crf,
        preset,
    )


def passed_with_complaints(
    source: Path, target: Path, codec: str = "auto", segment: int = 10**9
) -> tuple[ReadReport, list[str]]:
    """Do as `passed_through`, and return the report and what is lost or wrong."""
    clip, container = probe(source), container_of(target)
    chosen = choose_codec(codec, container)
    form = form_of(clip, chosen, 20, PRESETS.get(chosen.name))
    pieces: list[Piece] = []
    with VideoReader(clip) as reader:
        waiting = list(reader.batches(1, segment))
    for first in range(0, len(waiting), segment):
        batches = waiting[first : first + segment]
        start = batches[0].pts[0]
        path = target.with_name(f"{len(pieces):06}{chosen.intermediate_suffix}")
        with VideoWriter(path, form) as writer:
            for batch in batches:
                writer.write(replace(batch, pts=(batch.pts[0] - start,)))
        pieces.append(Piece(path, tuple(pts + start for pts in writer.coded_pts), writer.last_duration))
    joined = target.with_name(f"joined{chosen.intermediate_suffix}")
    join(pieces, form.time_base, joined)
    if not container.keeps_ticks:
        mark_projection(joined, clip.upright_projection)
    plan = admitted(plan_tracks(clip, container, audio=True, subtitles=True), clip, container)
    coded_pts = [pts for piece in pieces for pts in piece.coded_pts]
    showing = showing_of(coded_pts, pieces[-1].last_duration, form.time_base)
    restarts = reader.report.restarts
    complaints = mux(joined, clip, plan, container, Cut(), form.display_aspect, target, restarts, showing)
    return reader.report, complaints
