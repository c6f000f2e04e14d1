"""The tables of encoders and containers, and the choices made from them."""

from pathlib import Path

import av
import pytest

from vidstyle.errors import OutputError, SettingsError
from vidstyle.media.codecs import CODECS, CONTAINERS, VideoCodec, choose_codec, container_of
from vidstyle.media.write import choose_pixel_format


@pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.name)
def test_every_row_names_pixel_formats_that_its_encoder_takes(codec: VideoCodec) -> None:
    offered = {video_format.name for video_format in av.Codec(codec.name, "w").video_formats or ()}
    assert {*codec.pixel_formats, *codec.odd_pixel_formats} <= offered


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_every_container_has_a_default_encoder_that_it_holds(suffix: str) -> None:
    container = container_of(Path("a" + suffix.upper()))
    assert container.name in choose_codec("auto", container).containers


def test_webm_is_encoded_as_vp9_unless_told_otherwise() -> None:
    assert choose_codec("auto", CONTAINERS[".webm"]).name == "libvpx-vp9"
    assert choose_codec("libsvtav1", CONTAINERS[".webm"]).name == "libsvtav1"


def test_a_codec_that_the_container_cannot_hold_is_refused_with_those_it_can() -> None:
    with pytest.raises(SettingsError) as caught:
        choose_codec("libx264", CONTAINERS[".webm"])
    assert str(caught.value) == ("webm does not hold libx264. Choose --codec libsvtav1, libvpx-vp9, or another suffix.")


def test_an_unknown_suffix_is_refused_with_those_there_are() -> None:
    with pytest.raises(OutputError) as caught:
        container_of(Path("film.ogv"))
    assert str(caught.value) == "Cannot write film.ogv: .ogv is no video container. Use .mp4, .mov, .mkv, .webm."


def test_odd_sizes_are_written_with_whole_chroma_where_the_encoder_needs_it() -> None:
    x264, av1 = CODECS["libx264"], CODECS["libsvtav1"]
    assert choose_pixel_format(x264, None, 333, 187, 8) == "yuv444p"
    assert choose_pixel_format(x264, None, 333, 187, 10) == "yuv444p10le"
    assert choose_pixel_format(x264, None, 334, 188, 10) == "yuv420p10le"
    assert choose_pixel_format(av1, None, 333, 187, 8) == "yuv420p"


def test_a_pixel_format_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^libx264 does not encode gbrp\. Choose --pix-fmt yuv420p, "):
        choose_pixel_format(CODECS["libx264"], "gbrp", 64, 48, 8)
    with pytest.raises(SettingsError) as caught:
        choose_pixel_format(CODECS["libx264"], "yuv420p", 65, 48, 8)
    assert str(caught.value) == ("libx264 does not encode yuv420p at the odd size 65x48. Choose --pix-fmt yuv444p.")
    assert choose_pixel_format(CODECS["libx264"], "yuv422p", 64, 49, 8) == "yuv422p"
