"""Held drawings are kept once, cleaner than any of their frames, and the sharp one of a pair is the one that is picked."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import blurred, drawing
from vidstyle.analysis.held_drawings import is_same_drawing
from vidstyle.extract.manifest import Manifest
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.stage import run
from vidstyle.media.images import read_image

SIZE = (240, 180)


def grey(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def grainy_clip(path: Path, pictures: list[np.ndarray], deviation: float) -> Path:
    draw = np.random.default_rng(0)
    noisy = [np.clip(np.rint(one + draw.normal(0, deviation, one.shape)), 0, 255).astype(np.uint8) for one in pictures]
    options = {"crf": "16", "preset": "medium"}
    return make_clip(path, size=SIZE, frames=len(noisy), rate=12, options=options, pictures=noisy.__getitem__)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray]]:
    """Return a clip on threes in grain, in which a drawing comes back within its shot and in another one, and its pictures."""
    order = [(1, 0), (1, 30), (1, 0), (1, 60), (2, 0), (2, 40), (1, 30), (1, 0)]
    pictures = [drawing(seed, SIZE, shift=shift) for seed, shift in order for _ in range(3)]
    return grainy_clip(tmp_path_factory.mktemp("held") / "held.mkv", pictures, 5), pictures


def test_no_drawing_is_kept_twice_whatever_likeness_is_allowed(
    held: tuple[Path, list[np.ndarray]], tmp_path: Path
) -> None:
    result = run([held[0]], tmp_path / "b", ExtractSettings(every=0.25, max_similarity=1.0, deblur="none"))
    kept = [grey(read_image(path)) for path in result.outputs]
    assert len(kept) == 5
    assert not any(is_same_drawing(one, other) for one, other in itertools.combinations(kept, 2))


def test_fused_frames_are_cleaner_than_single_ones_and_as_sharp(
    held: tuple[Path, list[np.ndarray]], tmp_path: Path
) -> None:
    noise = {}
    for fuse in (True, False):
        settings = ExtractSettings(every=0.25, max_similarity=1.0, deblur="none", fuse=fuse)
        run([held[0]], tmp_path / str(fuse), settings)
        (source,) = Manifest.read(tmp_path / str(fuse)).sources
        kept = {one["name"]: one for one in source["candidates"] if one["kept"]}
        assert {one["copies"] for one in kept.values()} == ({3} if fuse else {1})
        noise[fuse] = {
            one["frame"]: cv2.PSNR(grey(read_image(tmp_path / str(fuse) / name)), grey(held[1][one["frame"]]))
            for name, one in kept.items()
        }
    assert noise[True].keys() == noise[False].keys()
    gains = [noise[True][frame] - noise[False][frame] for frame in noise[True]]
    assert min(gains) > 0.5 and np.mean(gains) > 1.5


@pytest.mark.parametrize("sharp_first", [True, False])
@pytest.mark.parametrize("light", [1.0, 0.2])
def test_of_a_shot_that_comes_into_focus_or_leaves_it_a_sharp_frame_is_kept_by_day_and_by_night(
    sharp_first: bool, light: float, tmp_path: Path
) -> None:
    shown = []
    for seed in range(10):
        scene = np.rint(drawing(seed, SIZE) * light + 8 * (1 - light)).astype(np.uint8)
        sharp, soft = [scene] * 6, [blurred(scene, 1.0 + seed % 3 * 0.5)] * 6
        shown += sharp + soft if sharp_first else soft + sharp
    path = grainy_clip(tmp_path / "pairs.mkv", shown, 2 * light)
    run([path], tmp_path / "b", ExtractSettings(deblur="none", min_sharpness=0.0, max_similarity=0.95))
    (source,) = Manifest.read(tmp_path / "b").sources
    kept = [one["frame"] for one in source["candidates"] if one["kept"]]
    assert [frame // 12 for frame in kept] == list(range(10))
    assert {frame % 12 < 6 for frame in kept} == {sharp_first}
