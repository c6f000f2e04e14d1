"""Metadata of high dynamic range is read from pictures and written by the encoders that have a place for it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.hdr_clips import HLG_COLOUR, METADATA, P3_DISPLAY, PQ_COLOUR, make_hdr_clip, with_hdr10_plus
from vidstyle.media.hdr_metadata import NO_METADATA, StaticMetadata, metadata_options, read_static_metadata
from vidstyle.media.probe import probe

X26X_DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        *(("libx265", suffix) for suffix in (".mp4", ".mov", ".mkv")),
        ("libx264", ".mp4"),
        *(("libsvtav1", suffix) for suffix in (".mp4", ".mkv", ".webm")),
    ],
)
def test_what_an_encoder_writes_is_read_again(codec: str, suffix: str, tmp_path: Path) -> None:
    path = make_hdr_clip(tmp_path / f"a{suffix}", PQ_COLOUR, METADATA, codec=codec, pixel_format="yuv420p10le")
    clip = probe(path)
    assert replace(clip.colour, chroma_location=None) == PQ_COLOUR
    assert clip.metadata.content_light == 900
    assert clip.metadata.frame_average_light == 300
    display = clip.metadata.display
    assert display is not None
    for name in ("red", "green", "blue", "white"):
        assert getattr(display, name) == pytest.approx(getattr(P3_DISPLAY, name), abs=1e-4)
    assert (display.minimum, display.maximum) == pytest.approx((P3_DISPLAY.minimum, P3_DISPLAY.maximum), abs=1e-4)


def test_a_clip_without_metadata_has_none(tmp_path: Path) -> None:
    assert probe(make_hdr_clip(tmp_path / "a.mp4", HLG_COLOUR)).metadata == NO_METADATA


def test_metadata_that_changes_with_the_pictures_is_named(tmp_path: Path) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4", PQ_COLOUR, METADATA)
    assert probe(source).metadata.dynamic == ()
    assert probe(with_hdr10_plus(source, tmp_path / "a.hevc")).metadata.dynamic == ("HDR10+",)
    both: Any = SimpleNamespace(side_data=[_side_data("DOVI_RPU_BUFFER"), _side_data("DOVI_METADATA")])
    assert read_static_metadata(both).dynamic == ("Dolby Vision",)


def _side_data(name: str) -> Any:
    class Data(bytes):
        type = SimpleNamespace(name=name)

    return Data()


def test_the_encoders_are_told_in_their_own_words() -> None:
    assert metadata_options("libx265", METADATA) == {"x265-params": f"master-display={X26X_DISPLAY}:max-cll=900,300"}
    assert metadata_options("libx264", METADATA) == {"x264-params": f"mastering-display={X26X_DISPLAY}:cll=900,300"}
    assert metadata_options("libsvtav1", METADATA) == {
        "svtav1-params": "mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000,0.005)"
        ":content-light=900,300"
    }
    assert metadata_options("libx265", StaticMetadata(content_light=900)) == {"x265-params": "max-cll=900,0"}
    assert metadata_options("libx265", NO_METADATA) == metadata_options("ffv1", METADATA) == {}


def test_the_brightest_light_is_the_contents_before_the_displays() -> None:
    assert METADATA.peak_nits == 900
    assert StaticMetadata(P3_DISPLAY).peak_nits == 1000
    assert NO_METADATA.peak_nits == 0
