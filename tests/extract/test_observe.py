"""Frames that are learnt from look as they do on a screen, whatever the episode is coded in."""

from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip
from tests.hdr_clips import HLG_COLOUR, PQ_COLOUR, make_hdr_clip, slopes
from vidstyle.extract.observe import to_bt709
from vidstyle.media.clip import Colour
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader


def first_frame(path: Path) -> np.ndarray:
    with VideoReader(probe(path)) as reader:
        return next(reader.batches(1)).frames[0]


@pytest.mark.parametrize("colour", [PQ_COLOUR, HLG_COLOUR, Colour(9, 9, 14, False)])
def test_episodes_of_high_dynamic_range_and_wide_gamut_are_seen_in_bt709(tmp_path: Path, colour: Colour) -> None:
    path = make_hdr_clip(tmp_path / "a.mp4", colour)
    picture = to_bt709(first_frame(path), probe(path))
    assert picture.dtype == np.uint8
    assert np.abs(picture / 255 - slopes()).mean() * 255 < 1.5


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le"])
def test_other_episodes_keep_their_values(tmp_path: Path, pixel_format: str) -> None:
    path = make_clip(tmp_path / "a.mp4", frames=2, pixel_format=pixel_format)
    frame = first_frame(path)
    picture = to_bt709(frame, probe(path))
    assert picture.dtype == np.uint8
    assert np.abs(picture / 255 - frame / np.iinfo(frame.dtype).max).max() <= 0.5 / 255
