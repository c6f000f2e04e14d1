"""Painted pictures become coded video at their own times."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.packets import complaints, video_times
from vidstyle.errors import OutputError
from vidstyle.media.clip import Batch, Colour
from vidstyle.media.codecs import CODECS, VideoCodec
from vidstyle.media.probe import probe
from vidstyle.media.write import VideoForm, VideoWriter, writable_colour

TICK = Fraction(1, 90000)
UNEVEN = (4500, 7503, 10506, 16512, 19515, 20000, 31527, 34530)
TIMES = [time * TICK for time in UNEVEN]
LEFT = Colour(chroma_location="left")
CODEC_ROWS = pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.name)


def form_of(
    codec: VideoCodec, size: tuple[int, int] = (64, 48), depth: int = 8, colour: Colour | None = None
) -> VideoForm:
    pixel_format = codec.pixel_format_for(*size, depth)
    preset = {"libx264": "ultrafast", "libx265": "ultrafast", "libsvtav1": "9"}.get(codec.name)
    tagged = writable_colour(colour or Colour(), pixel_format, codec)
    return VideoForm(codec, *size, pixel_format, TICK, Fraction(30), Fraction(4, 3), tagged, 12, preset)


def batch_of(pts: tuple[int, ...], size: tuple[int, int] = (64, 48), dtype: type = np.uint8) -> Batch:
    width, height = size
    slope = np.linspace(0, np.iinfo(dtype).max, width).astype(dtype)
    frames = np.stack(
        [np.broadcast_to(np.roll(slope, time // 3000)[None, :, None], (height, width, 3)) for time in pts]
    )
    return Batch(frames, pts, (3003,) * len(pts), TICK)


def write(folder: Path, form: VideoForm, batch: Batch) -> Path:
    target = folder / f"written{form.codec.intermediate_suffix}"
    with VideoWriter(target, form) as writer:
        writer.write(batch)
    return target


@CODEC_ROWS
def test_every_encoder_keeps_uneven_times_exactly_and_says_nothing(
    codec: VideoCodec, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    written = write(tmp_path, form_of(codec), batch_of(UNEVEN))
    assert [round(time, 3) if codec.intermediate_suffix == ".mkv" else time for time in TIMES] == video_times(written)
    assert capfd.readouterr() == ("", "")
    assert complaints(written) == ""


@pytest.mark.parametrize("ticks", [30, 14_112_000, 1_000_000_000])
@CODEC_ROWS
def test_every_encoder_keeps_the_times_of_coarse_and_fine_clocks(codec: VideoCodec, ticks: int, tmp_path: Path) -> None:
    base, pts = Fraction(1, ticks), tuple(index * ticks // 30 + index % 2 * (ticks > 30) for index in range(8))
    batch = replace(batch_of(UNEVEN), pts=pts, durations=(0,) * len(pts), time_base=base)
    times = video_times(write(tmp_path, replace(form_of(codec), time_base=base), batch))
    tolerance = Fraction(1, 2000) if codec.intermediate_suffix == ".mkv" else 0
    assert len(times) == len(pts)
    assert all(abs(time - wanted * base) <= tolerance for time, wanted in zip(times, pts, strict=True))


@CODEC_ROWS
def test_every_encoder_keeps_odd_sizes(codec: VideoCodec, tmp_path: Path) -> None:
    clip = probe(write(tmp_path, form_of(codec, (67, 49)), batch_of(UNEVEN, (67, 49))))
    assert (clip.width, clip.height) == (67, 49)


@CODEC_ROWS
def test_every_encoder_keeps_the_colour_tags_of_the_source(codec: VideoCodec, tmp_path: Path) -> None:
    stated = Colour(matrix=1, primaries=1, transfer=1, full_range=False)
    written = probe(write(tmp_path, form_of(codec, colour=stated), batch_of(UNEVEN))).colour
    assert replace(written, chroma_location=None) == stated


@pytest.mark.parametrize("name", ["libx264", "libx265", "prores_ks"])
def test_no_colour_is_invented_where_the_source_states_none(name: str, tmp_path: Path) -> None:
    colour = probe(write(tmp_path, form_of(CODECS[name]), batch_of(UNEVEN))).colour
    assert replace(colour, full_range=None, chroma_location=None) == Colour()
    assert not colour.full_range


@pytest.mark.parametrize("count", [1, 2, 3])
@CODEC_ROWS
def test_every_encoder_writes_videos_of_a_few_pictures(codec: VideoCodec, count: int, tmp_path: Path) -> None:
    written = write(tmp_path, form_of(codec), batch_of((0, 9000, 18000)[:count]))
    assert video_times(written) == [Fraction(0), Fraction(1, 10), Fraction(1, 5)][:count]


@pytest.mark.parametrize("name", ["libx264", "libx265", "libsvtav1", "prores_ks", "ffv1"])
def test_ten_bit_pictures_keep_more_than_256_levels(name: str, tmp_path: Path) -> None:
    form = form_of(CODECS[name], (512, 32), depth=10)
    written = write(tmp_path, form, batch_of((0, 3003), (512, 32), np.uint16))
    with av.open(str(written)) as container:
        luma = next(container.decode(video=0)).to_ndarray(format="yuv420p10le")[:32]
    assert probe(written).bit_depth == 10
    assert len(np.unique(luma)) > 256


def test_the_last_picture_keeps_its_duration_and_an_unknown_one_lasts_a_nominal_frame(tmp_path: Path) -> None:
    form = form_of(CODECS["libx264"])
    known = write(tmp_path, form, batch_of(UNEVEN))
    assert probe(known).duration == (34530 + 3003 - 4500) * TICK
    unknown = write(tmp_path, form, replace(batch_of(UNEVEN), durations=(0,) * len(UNEVEN)))
    assert probe(unknown).duration == (34530 + 3000 - 4500) * TICK


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), 6), ((64, 48), 1), ((1280, 720), 2)])
def test_colours_survive_writing_in_the_stated_or_guessed_matrix(
    size: tuple[int, int], matrix: int, tmp_path: Path
) -> None:
    red = np.full((1, size[1], size[0], 3), (200, 30, 60), np.uint8)
    form = form_of(CODECS["libx264"], size, colour=Colour(matrix=matrix))
    written = write(tmp_path, form, Batch(red, (0,), (3000,), TICK))
    from vidstyle.media.read import VideoReader

    with VideoReader(probe(written)) as reader:
        seen = next(iter(reader.batches(1))).frames[0]
    assert np.abs(seen.astype(int) - (200, 30, 60)).max() <= 3


def test_a_full_range_source_stays_full_range_where_the_codec_can(tmp_path: Path) -> None:
    full = Colour(matrix=1, full_range=True)
    assert probe(write(tmp_path, form_of(CODECS["libx264"], colour=full), batch_of(UNEVEN))).colour.full_range is True
    assert form_of(CODECS["prores_ks"], colour=full).colour.full_range is False


def test_an_rgb_source_gets_no_rgb_matrix_in_a_yuv_result() -> None:
    rgb = Colour(matrix=0, full_range=True)
    assert writable_colour(rgb, "yuv420p", CODECS["libx264"]) == LEFT
    assert writable_colour(Colour(matrix=1), "gbrp", CODECS["libx265"]) == Colour(matrix=0, full_range=True)


def test_a_matrix_that_is_only_implied_is_stated() -> None:
    codec = CODECS["libx264"]
    assert writable_colour(Colour(primaries=9, transfer=16), "yuv420p10le", codec).matrix == 9
    assert writable_colour(Colour(0, 9, 18, True), "yuv420p10le", codec) == Colour(9, 9, 18, None, "left")
    assert writable_colour(Colour(primaries=1), "yuv420p", codec).matrix == 1
    assert writable_colour(Colour(), "yuv420p", codec) == LEFT


def test_an_unusable_preset_is_named(tmp_path: Path) -> None:
    form = replace(form_of(CODECS["libx264"]), preset="sluggish")
    with pytest.raises(OutputError) as caught, VideoWriter(tmp_path / "out.mp4", form):
        pass
    assert str(caught.value).startswith("Cannot encode out.mp4 with libx264: ")
    assert str(caught.value).endswith(". Check free space, --codec, --preset and --pix-fmt.")


def test_a_failing_block_is_not_masked_by_the_unfinished_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), VideoWriter(tmp_path / "out.mp4", form_of(CODECS["libx264"])) as writer:
        writer.write(batch_of(UNEVEN))
        raise ZeroDivisionError
