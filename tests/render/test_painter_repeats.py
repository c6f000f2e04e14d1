"""Frames that repeat the one before are shown again without being painted again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.clips import make_clip, moving_square
from tests.packets import video_times
from tests.render.test_painter import Invert, painter
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import plan_sizes
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
SIZES = plan_sizes((20, 16), "source", 16, 1)


def stream(order: str) -> np.ndarray:
    """Return one frame for each letter; the same letter stands for the same frame."""
    drawn = np.random.default_rng(5).integers(0, 256, (26, 16, 20, 3), np.uint8)
    return drawn[[ord(letter) - ord("a") for letter in order]]


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize(("order", "repeated"), [("aabbbacc", 4), ("abcabc", 0), ("aaaaaaaaa", 8)])
def test_repeated_frames_are_painted_once_in_batches_of_any_size(
    fast: Fast, size: int, order: str, repeated: int
) -> None:
    frames, generator = stream(order), Invert()
    made = painter(generator, None, fast(batch=size))
    batches = [made.paint(frames[at : at + size], SIZES, sixteen_bit=False) for at in range(0, len(frames), size)]
    assert np.array_equal(np.concatenate(batches), 255 - frames)
    assert (sum(generator.seen), made.repeated) == (len(order) - repeated, repeated)


def test_one_changed_pixel_is_another_frame(fast: Fast) -> None:
    frames = stream("aaa")
    frames[1, -1, -1, 2] ^= 1
    made = painter(Invert(), None, fast(batch=3))
    assert np.array_equal(made.paint(frames, SIZES, sixteen_bit=False), 255 - frames)
    assert made.repeated == 0


def test_a_stretch_begun_anew_does_not_look_back(fast: Fast) -> None:
    frames, generator = stream("ab"), Invert()
    made = painter(generator, None, fast())
    for reset in (False, False, True):
        assert np.array_equal(made.paint(frames[:1], SIZES, sixteen_bit=False, reset=reset), 255 - frames[:1])
    assert (generator.seen, made.repeated) == ([1, 1], 0)


def test_deep_frames_repeat_too(fast: Fast) -> None:
    frames = stream("aab").astype(np.uint16) * 257
    made = painter(Invert(), None, fast(batch=2))
    painted = [made.paint(frames[at : at + 2], SIZES, sixteen_bit=True) for at in (0, 2)]
    assert np.array_equal(np.concatenate(painted), 65535 - frames)
    assert made.repeated == 1


def test_a_video_with_held_drawings_keeps_its_frames_and_times(fast: Fast, tmp_path: Path) -> None:
    draw = moving_square()
    held = make_clip(tmp_path / "held.mkv", frames=18, codec="ffv1", pictures=lambda index: draw(index // 3 * 4))
    result = run(held, tmp_path / "out.mkv", fast(codec="ffv1", size="source"))
    assert (result.counts["frames"], result.counts["repeated"]) == (18, 12)
    assert video_times(tmp_path / "out.mkv") == video_times(held)
    with VideoReader(probe(tmp_path / "out.mkv")) as reader:
        pictures = np.concatenate([batch.frames for batch in reader.batches(6)])
    alike = [bool(np.array_equal(pictures[at], pictures[at - 1])) for at in range(1, 18)]
    assert alike == [at % 3 != 0 for at in range(1, 18)]


@pytest.mark.needs_cuda
def test_a_gpu_repeats_frames_that_it_painted_for_an_earlier_batch(fast: Fast) -> None:
    frames = stream("aabbbbc")
    made = painter(Invert(), None, fast(batch=3), torch.device("cuda"))
    batches = [made.paint(frames[at : at + 3], SIZES, sixteen_bit=False) for at in (0, 3, 6)]
    assert np.array_equal(np.concatenate(batches), 255 - frames)
