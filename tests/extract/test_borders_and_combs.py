"""Fields, logos and borders of an episode are seen before it is read, and its frames come whole."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import drawing
from vidstyle.analysis.borders import Box
from vidstyle.errors import InputError, SettingsError
from vidstyle.extract.borders_and_combs import find_borders_and_combs
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.stage import run
from vidstyle.media.deinterlace import MATCH
from vidstyle.media.images import read_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

SIZE = (160, 128)
FILM = [drawing(4, SIZE, shift=3 * index) for index in range(40)]


def woven(fields: Sequence[np.ndarray], top_first: bool = True) -> list[np.ndarray]:
    """Return frames of two fields each, the even or the odd lines of whole pictures."""
    rows = np.arange(SIZE[1])[:, None, None] % 2 == (0 if top_first else 1)
    return [np.where(rows, *pair) for pair in zip(fields[::2], fields[1::2], strict=False)]


def telecined(top_first: bool) -> list[np.ndarray]:
    """Return 3:2 pulldown of the film: pictures last two and three fields in turn."""
    return woven([one for index, one in enumerate(FILM) for one in [one] * (2 + index % 2)], top_first)


def clip_of(path: Path, frames: Sequence[np.ndarray], interlaced: bool = False) -> Path:
    return make_clip(
        path,
        size=SIZE,
        frames=len(frames),
        rate=30,
        interlaced=interlaced,
        options={"crf": "4"},
        pixel_format="yuv422p",
        pictures=lambda index: frames[index],
    )


def distances(path: Path, deinterlace: str) -> list[float]:
    """Return how far each frame, as it is read, is from the nearest picture of the film, levels of 255."""
    with VideoReader(probe(path), deinterlace=deinterlace) as reader:
        frames = [frame for batch in reader.batches(8) for frame in batch.frames]
        assert reader.report.frames == reader.report.packets
    return [min(cv2.norm(frame, one, cv2.NORM_L1) for one in FILM) / frame.size for frame in frames]


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize("flagged", [True, False])
def test_pulldown_is_measured_and_undone_whatever_the_flags_say(tmp_path: Path, top_first: bool, flagged: bool) -> None:
    path = clip_of(tmp_path / "film.mkv", telecined(top_first), flagged)
    mode = find_borders_and_combs(probe(path), ExtractSettings()).deinterlace
    assert mode == MATCH
    assert max(distances(path, "off")) > 3
    assert max(distances(path, mode)) < 1.5


def test_interlaced_video_that_nobody_flagged_loses_its_combs(tmp_path: Path) -> None:
    path = clip_of(tmp_path / "video.mkv", woven(FILM))
    mode = find_borders_and_combs(probe(path), ExtractSettings()).deinterlace
    assert mode == MATCH
    assert np.mean(distances(path, mode)) < 0.6 * np.mean(distances(path, "off"))


@pytest.mark.parametrize("flagged", [True, False])
def test_progressive_pictures_stay_as_they_are_whatever_the_flags_say(tmp_path: Path, flagged: bool) -> None:
    path = clip_of(tmp_path / "plain.mkv", FILM, flagged)
    assert find_borders_and_combs(probe(path), ExtractSettings()).deinterlace == "off"


def test_the_user_has_the_last_word(tmp_path: Path) -> None:
    path = clip_of(tmp_path / "film.mkv", telecined(True))
    assert find_borders_and_combs(probe(path), ExtractSettings(deinterlace="off")).deinterlace == "off"
    assert find_borders_and_combs(probe(path), ExtractSettings(deinterlace="on")).deinterlace == MATCH


def test_stripes_that_stand_still_are_no_combs(tmp_path: Path) -> None:
    striped = [one.copy() for one in FILM]
    for one in striped:
        one[:18:2] = 255
    path = clip_of(tmp_path / "blinds.mkv", striped)
    assert find_borders_and_combs(probe(path), ExtractSettings()).deinterlace == "off"


def test_frames_are_cropped_beside_masks_and_logos_are_gone(tmp_path: Path) -> None:
    logo = [one.copy() for one in FILM]
    for one in logo:
        one[8:20, 130:152] = (255, 0, 255)
        one[112:124, 4:30] = (255, 0, 255)
    path = clip_of(tmp_path / "station.mkv", logo)
    settings = ExtractSettings(mask=("130,8,22,12", "4,112,26,12"), deblur="none")
    assert find_borders_and_combs(probe(path), settings).box == Box(0, 20, 160, 112)
    result = run([path], tmp_path / "b", settings)
    assert result.outputs
    for one in map(read_image, result.outputs):
        assert one.shape == (92, 160, 3)
        magenta = (one[..., 0] > 200) & (one[..., 1] < 60) & (one[..., 2] > 200)
        assert not magenta.any()


def test_masks_that_leave_too_little_or_are_none_are_told(tmp_path: Path) -> None:
    path = clip_of(tmp_path / "a.mkv", FILM)
    with pytest.raises(InputError, match=r"The masks leave less than half of the picture of .*a\.mkv\. Give smaller"):
        find_borders_and_combs(probe(path), ExtractSettings(mask=("60,40,40,50",)))
    with pytest.raises(SettingsError) as caught:
        ExtractSettings(mask=("60,40",))
    assert str(caught.value) == "mask cannot be '60,40': it takes X,Y,WIDTH,HEIGHT in whole pixels."
