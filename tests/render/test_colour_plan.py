"""High dynamic range, wide gamut, depth and transparency come through a render as they should look."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from tests.clips import make_clip
from tests.hdr_clips import HLG_COLOUR, METADATA, PQ_COLOUR, make_hdr_clip, slopes, with_hdr10_plus
from vidstyle.errors import InputError, SettingsError
from vidstyle.media.clip import Colour
from vidstyle.media.hdr_metadata import NO_METADATA
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.media.tonemap import view_of
from vidstyle.render.colour_plan import plan_colour
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
UNSTYLED: dict[str, Any] = {"blend": 0.0, "size": "source", "overwrite": True}
PQ_AT_LEFT = replace(PQ_COLOUR, chroma_location="left")
BT709_TAGS = Colour(1, 1, 1, False, "left")


def first_picture(path: Path) -> np.ndarray:
    """Return the first picture's signals, (height, width, 3) in [0, 1]."""
    with VideoReader(probe(path)) as reader:
        frames = next(reader.batches(1)).frames
    return frames[0] / np.iinfo(frames.dtype).max


def seen(path: Path) -> np.ndarray:
    """Return the first picture as it looks in BT.709."""
    clip = probe(path)
    view = view_of(clip.colour, clip.metadata)
    signal = torch.from_numpy(first_picture(path)).float().permute(2, 0, 1)[None]
    return (view.to_bt709(signal) if view else signal)[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("colour", [PQ_COLOUR, HLG_COLOUR, replace(PQ_COLOUR, primaries=12)])
def test_high_dynamic_range_is_shown_in_standard_range_as_it_looks(fast: Fast, tmp_path: Path, colour: Colour) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4", colour, METADATA)
    run(source, tmp_path / "out.mp4", fast(**UNSTYLED, crf=4, pix_fmt="yuv444p"))
    clip = probe(tmp_path / "out.mp4")
    assert (clip.colour, clip.metadata, clip.bit_depth) == (BT709_TAGS, NO_METADATA, 8)
    difference = np.abs(first_picture(tmp_path / "out.mp4") - slopes()) * 255
    assert difference.mean() < 2
    assert difference.max() < 12


def test_a_tone_mapped_result_has_8_bits_in_420_unless_more_is_asked_for(fast: Fast, tmp_path: Path) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4")
    run(source, tmp_path / "out.mp4", fast())
    assert probe(tmp_path / "out.mp4").pixel_format == "yuv420p"
    run(source, tmp_path / "out.mp4", fast(overwrite=True, pix_fmt="yuv420p10le"))
    assert probe(tmp_path / "out.mp4").pixel_format == "yuv420p10le"


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_kept_high_dynamic_range_keeps_tags_metadata_and_depth(fast: Fast, tmp_path: Path, suffix: str) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4", PQ_COLOUR, METADATA)
    result = run(source, tmp_path / f"out{suffix}", fast(hdr="keep", preset="10" if suffix == ".webm" else "ultrafast"))
    clip = probe(tmp_path / f"out{suffix}")
    assert (clip.colour, clip.pixel_format, result.warnings) == (PQ_AT_LEFT, "yuv420p10le", ())
    assert (clip.metadata.content_light, clip.metadata.frame_average_light) == (900, 300)
    assert clip.metadata.display is not None
    assert float(clip.metadata.display.maximum) == pytest.approx(1000)
    encoder = "libsvtav1" if suffix == ".webm" else "libx265"
    assert result.details["files"][str(tmp_path / f"out{suffix}")]["encoder"] == encoder


@pytest.mark.parametrize("colour", [PQ_COLOUR, HLG_COLOUR])
def test_an_unstyled_picture_keeps_its_signals_highlights_included(fast: Fast, tmp_path: Path, colour: Colour) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4", colour)
    wishes = fast(**UNSTYLED, hdr="keep", codec="ffv1", pix_fmt="yuv444p10le", preset=None)
    run(source, tmp_path / "out.mkv", wishes)
    assert probe(tmp_path / "out.mkv").colour == colour
    assert np.abs(first_picture(tmp_path / "out.mkv") - first_picture(source)).max() * 1023 < 3, "YUV's own rounding"
    assert first_picture(source).max() > 0.7, "there are highlights"


def test_the_networks_see_the_same_picture_whether_the_range_is_kept_or_not(fast: Fast, tmp_path: Path) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4")
    for mode in ("tonemap", "keep"):
        wishes = fast(hdr=mode, codec="ffv1", pix_fmt="yuv444p10le", preset=None)
        run(source, tmp_path / f"{mode}.mkv", wishes)
    difference = np.abs(seen(tmp_path / "keep.mkv") - seen(tmp_path / "tonemap.mkv")) * 255
    assert difference.mean() < 1.5


def test_what_changes_with_the_pictures_is_left_out_and_said(fast: Fast, tmp_path: Path) -> None:
    # A raw stream does not tell its length, so that the compiler would be taken.
    source = with_hdr10_plus(make_hdr_clip(tmp_path / "a.mp4", PQ_COLOUR, METADATA), tmp_path / "a.hevc")
    result = run(source, tmp_path / "out.mp4", fast(hdr="keep", backend="eager"))
    told = f"{source}: HDR10+ is left out: it describes the pictures before they were painted."
    assert told in result.warnings
    assert probe(tmp_path / "out.mp4").metadata.dynamic == ()
    assert told not in run(source, tmp_path / "out.mp4", fast(overwrite=True, backend="eager")).warnings


def test_an_encoder_without_place_for_the_metadata_says_so(fast: Fast, tmp_path: Path) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4", PQ_COLOUR, METADATA)
    result = run(source, tmp_path / "out.mov", fast(hdr="keep", codec="prores_ks", preset=None))
    assert result.warnings == (
        f"{source}: The mastering display and light levels are left out: prores_ks has no place for them.",
    )
    assert probe(tmp_path / "out.mov").colour == PQ_COLOUR


def test_too_few_bits_for_high_dynamic_range_are_refused(fast: Fast, tmp_path: Path) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4")
    cases = [
        ("out.webm", {"codec": "libvpx-vp9"}, "libvpx-vp9 with yuv420p has 8 bits"),
        ("out.mp4", {"pix_fmt": "yuv420p"}, "libx265 with yuv420p has 8 bits"),
    ]
    for name, wishes, beginning in cases:
        with pytest.raises(SettingsError) as caught:
            run(source, tmp_path / name, fast(hdr="keep", **wishes))
        assert str(caught.value) == (
            f"{beginning} a channel, and --hdr keep needs 10. "
            "Choose --codec libx265 or libsvtav1 without --pix-fmt, or --hdr tonemap."
        )


def test_keeping_changes_nothing_where_the_source_has_standard_range(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=2, matrix=1)
    run(source, tmp_path / "kept.mp4", fast(hdr="keep"))
    run(source, tmp_path / "plain.mp4", fast())
    assert probe(tmp_path / "kept.mp4").colour == probe(source).colour
    assert np.array_equal(first_picture(tmp_path / "kept.mp4"), first_picture(tmp_path / "plain.mp4"))


@pytest.mark.parametrize("tags", [Colour(9, 9, 14, False), Colour(1, 12, 1, False)])
def test_wide_gamut_in_standard_range_is_seen_in_bt709_and_keeps_its_tags(
    fast: Fast, tmp_path: Path, tags: Colour
) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4", tags)
    run(source, tmp_path / "out.mkv", fast(**UNSTYLED, codec="ffv1", pix_fmt="yuv444p10le", preset=None))
    clip = probe(tmp_path / "out.mkv")
    assert (clip.colour, clip.bit_depth) == (tags, 10)
    assert np.abs(seen(tmp_path / "out.mkv") - slopes()).mean() * 255 < 1
    assert np.abs(first_picture(tmp_path / "out.mkv") - first_picture(source)).max() * 1023 < 3
    plain = first_picture(source)
    assert np.abs(seen(source) - plain).max() * 255 > 5, "the networks must not take wide signals for BT.709"


@pytest.mark.parametrize("full_range", [False, True])
def test_a_ten_bit_gradient_keeps_more_than_256_levels(fast: Fast, tmp_path: Path, full_range: bool) -> None:
    source = tmp_path / "a.mp4"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("libx264", rate=24, options={"preset": "ultrafast", "crf": "0"})
        stream.width, stream.height, stream.pix_fmt = 512, 32, "yuv420p10le"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 2 if full_range else 1
        grey = np.full((48, 512), 512, np.uint16)
        grey[:32] = np.linspace(80, 920, 512).astype(np.uint16)
        frame = av.VideoFrame.from_ndarray(grey, "yuv420p10le")
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    run(source, tmp_path / "out.mp4", fast(**UNSTYLED, crf=1))
    clip = probe(tmp_path / "out.mp4")
    assert (clip.pixel_format, clip.colour) == ("yuv420p10le", Colour(1, full_range=full_range, chroma_location="left"))
    assert len(np.unique(first_picture(tmp_path / "out.mp4")[..., 1])) > 256


@pytest.mark.parametrize(
    ("matrix", "size"), [(2, (64, 48)), (6, (64, 48)), (1, (64, 48)), (9, (64, 48)), (2, (1280, 48))]
)
@pytest.mark.parametrize("full_range", [False, True])
def test_colours_are_read_and_written_by_tag_or_size(
    fast: Fast, tmp_path: Path, matrix: int, size: tuple[int, int], full_range: bool
) -> None:
    colour = (200, 60, 40)
    source = make_clip(
        tmp_path / "a.mp4",
        frames=2,
        size=size,
        matrix=1 if size[0] > 720 else matrix,
        full_range=full_range,
        pictures=lambda _: np.full((size[1], size[0], 3), colour, np.uint8),
    )
    run(source, tmp_path / "out.mp4", fast(**UNSTYLED, crf=4))
    assert probe(tmp_path / "out.mp4").colour == probe(source).colour
    assert np.abs(first_picture(tmp_path / "out.mp4") * 255 - colour).max() < 4


def test_colours_stay_where_a_new_size_changes_what_players_guess(fast: Fast, tmp_path: Path) -> None:
    colour = (200, 60, 40)
    source = make_clip(tmp_path / "a.mp4", frames=2, pictures=lambda _: np.full((48, 64, 3), colour, np.uint8))
    run(source, tmp_path / "out.mp4", fast(**UNSTYLED, crf=4, outscale=14))
    clip = probe(tmp_path / "out.mp4")
    assert (clip.width, clip.height, clip.colour.matrix) == (896, 672, 2)
    assert np.abs(first_picture(tmp_path / "out.mp4") * 255 - colour).max() < 4


@pytest.mark.parametrize("codec", ["auto", "libsvtav1"])
def test_an_encoder_with_fewer_bits_than_the_source_says_so(fast: Fast, tmp_path: Path, codec: str) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=2, pixel_format="yuv420p10le")
    result = run(source, tmp_path / "out.webm", fast(codec=codec, preset=None if codec == "auto" else "10"))
    told = (
        f"{source}: The result has 8 bits a channel, its source 10: libvpx-vp9 writes no more here. Choose another --codec.",
    )
    assert result.warnings == (told if codec == "auto" else ())
    assert probe(tmp_path / "out.webm").bit_depth == (8 if codec == "auto" else 10)


def test_a_444_source_becomes_420_unless_444_is_asked_for(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=2, pixel_format="yuv444p")
    run(source, tmp_path / "out.mp4", fast())
    assert probe(tmp_path / "out.mp4").pixel_format == "yuv420p"
    run(source, tmp_path / "out.mp4", fast(overwrite=True, pix_fmt="yuv444p"))
    assert probe(tmp_path / "out.mp4").pixel_format == "yuv444p"


@pytest.mark.parametrize(
    ("name", "colour"), [("black", (0, 0, 0)), ("white", (255, 255, 255)), ("#30a0f0", (48, 160, 240))]
)
def test_transparent_video_lies_over_the_chosen_colour(
    fast: Fast, tmp_path: Path, name: str, colour: tuple[int, int, int]
) -> None:
    source = tmp_path / "a.mov"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("qtrle", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        argb = np.full((48, 64, 4), 255, np.uint8)
        argb[:, :32] = (0, 90, 90, 90)
        frame = av.VideoFrame.from_ndarray(argb, "argb")
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    run(source, tmp_path / "out.mp4", fast(**UNSTYLED, crf=4, background=name))
    picture = first_picture(tmp_path / "out.mp4") * 255
    assert np.abs(picture[:, 4:28] - colour).max() < 5
    assert picture[:, 36:60].min() > 250


def test_an_unknown_background_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        RenderSettings(background="blurple")
    assert str(caught.value) == "background cannot be 'blurple': it takes a colour's name, such as white, or #rrggbb."


def test_colours_that_cannot_be_read_are_named_before_anything_is_painted(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "a.mp4", frames=2))
    ictcp = replace(clip, colour=replace(PQ_COLOUR, matrix=14))
    with pytest.raises(InputError) as caught:
        plan_colour(ictcp, "tonemap")
    assert str(caught.value) == (
        f"{clip.path} codes its colours as ICtCp, which cannot be read. Convert it to HDR10 or BT.709."
    )
    profile5 = replace(clip, metadata=replace(NO_METADATA, dynamic=("Dolby Vision",)))
    with pytest.raises(InputError, match=r"Dolby Vision without a picture for other players \(profile 5\)"):
        plan_colour(profile5, "keep")
