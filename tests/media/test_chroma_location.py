"""Chroma samples are read from where they lie, and written to where the result says that they lie: colours never move."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidstyle.media.clip import Batch, Colour
from vidstyle.media.codecs import CODECS
from vidstyle.media.frame_properties.chroma_location import assumed_location, location_to_write
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.media.write import VideoForm, VideoWriter, writable_colour

RATE = Fraction(10)
SIDE, EDGE = 64, 32
LOW, HIGH = np.array([128, 120, 60]), np.array([120, 128, 200])
"""Two colours that no conversion clips."""


def picture(axis: int) -> np.ndarray:
    """Return two colours with an edge in the middle, (SIDE, SIDE, 3), across or down."""
    beyond = (np.indices((SIDE, SIDE))[1 - axis] >= EDGE)[..., None]
    return np.where(beyond, HIGH, LOW).astype(np.uint8)


def edge_of(rgb: np.ndarray, axis: int) -> float:
    """Return where a line across the edge passes the middle of its two blues, in pixels."""
    line = (rgb[SIDE // 2] if axis == 0 else rgb[:, SIDE // 2])[EDGE - 4 : EDGE + 4, 2].astype(float)
    middle = (int(LOW[2]) + int(HIGH[2])) / 2
    return float(np.interp(middle, line[1:-1], np.arange(EDGE - 2.5, EDGE + 3)))


def rendered(rgb: np.ndarray, path: Path, colour: Colour, codec: str, pixel_format: str) -> np.ndarray:
    """Write a picture as the source of `colour` would be written, and return what is read of it."""
    tagged = writable_colour(colour, pixel_format, CODECS[codec])
    preset = {"libx264": "ultrafast", "libx265": "ultrafast", "libsvtav1": "12"}.get(codec)
    form = VideoForm(CODECS[codec], SIDE, SIDE, pixel_format, 1 / RATE, RATE, Fraction(1), tagged, 1, preset)
    with VideoWriter(path, form) as writer:
        writer.write(Batch(rgb[None], (0,), (1,), 1 / RATE))
    with VideoReader(probe(path)) as reader:
        read = next(reader.pictures()).rgb
    return (read >> 8).astype(np.uint8) if read.dtype == np.uint16 else read


@pytest.mark.parametrize("axis", [0, 1], ids=["across", "down"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv422p"])
@pytest.mark.parametrize("location", ["left", "topleft", "center"])
def test_no_number_of_renders_moves_a_colour(location: str, pixel_format: str, axis: int, tmp_path: Path) -> None:
    shown = picture(axis)
    for _ in range(4):
        colour = Colour(6, 6, 6, False, location)
        shown = rendered(shown, tmp_path / "a.mkv", colour, "ffv1", pixel_format)
    assert edge_of(shown, axis) == pytest.approx(EDGE, abs=0.05)


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_keeps_colours_in_place_and_says_where_they_lie(codec: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{CODECS[codec].intermediate_suffix}"
    pixel_format = CODECS[codec].pixel_format_for(SIDE, SIDE, 8)
    for location in ("left", "topleft"):
        shown = rendered(picture(0), path, Colour(6, 6, 6, False, location), codec, pixel_format)
        assert edge_of(shown, 0) == pytest.approx(EDGE, abs=0.1)
        stated = location if CODECS[codec].chroma_locations else None
        assert probe(path).colour.chroma_location == stated


@pytest.mark.parametrize("stated", ["left", None])
def test_samples_are_seen_at_the_left_as_they_are_in_the_file(stated: str | None, tmp_path: Path) -> None:
    frame = av.VideoFrame(SIDE, SIDE, "yuv420p")
    for plane, (low, high) in zip(frame.planes, [(100, 100), (120, 136), (128, 128)], strict=True):
        rows = np.full((plane.height, plane.line_size), low, np.uint8)
        rows[:, plane.width // 2 :] = high
        plane.update(rows.tobytes())
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        stream.codec_context.options = {"chroma_sample_location": stated} if stated else {}
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with VideoReader(probe(tmp_path / "a.mkv")) as reader:
        blue = next(reader.pictures()).rgb[SIDE // 2, :, 2].astype(int)
    between = (blue[EDGE - 2] + blue[EDGE]) / 2
    assert blue[EDGE - 2] == blue[0] and blue[EDGE] == blue[-1]
    assert blue[EDGE - 1] == pytest.approx(between, abs=1)


def test_what_is_not_stated_is_written_as_players_assume_it() -> None:
    everywhere, av1 = CODECS["libx264"].chroma_locations, CODECS["libsvtav1"].chroma_locations
    assert (assumed_location(None), assumed_location(False), assumed_location(True)) == ("left", "left", "center")
    assert location_to_write(None, None, "yuv420p", everywhere) == "left"
    assert location_to_write("center", None, "yuv420p", everywhere) == "center"
    assert location_to_write("center", None, "yuv420p", av1) == "left"
    assert location_to_write("topleft", None, "yuv420p", ()) == "left"
    assert location_to_write(None, True, "yuv420p", ()) == "center"
    assert location_to_write("topleft", None, "yuv422p10le", everywhere) == "left"
    assert location_to_write("topleft", None, "yuv444p", everywhere) is None
