"""The sample clips are whole, small and as described, and the script in their folder makes them again."""

import itertools
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from sample_videos import cartoon, landscape, sound
from sample_videos.make_samples import encode

FOLDER = Path(__file__).parent.parent / "sample_videos"
CLIPS = (("landscape", landscape, (512, 288), 12, 8), ("cartoon", cartoon, (640, 360), 24, 20))


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        pictures = [one.to_ndarray(format="rgb24", src_colorspace="ITU709") for one in container.decode(video=0)]
    return np.stack(pictures)


@pytest.fixture(scope="module")
def pictures() -> dict[str, np.ndarray]:
    """All frames of both clips."""
    return {name: decoded(FOLDER / f"{name}.mp4") for name, *_ in CLIPS}


@pytest.mark.parametrize(("name", "module", "size", "rate", "seconds"), CLIPS, ids=lambda value: str(value)[:9])
def test_a_clip_is_what_its_description_says(name: str, module, size, rate: int, seconds: int, pictures) -> None:
    path = FOLDER / f"{name}.mp4"
    assert path.stat().st_size < 2_000_000
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert ((video.width, video.height), video.average_rate, video.codec_context.name) == (size, rate, "h264")
        assert (audio.codec_context.name, audio.layout.name, audio.rate) == ("aac", "stereo", 48_000)
        assert container.duration / av.time_base == pytest.approx(seconds, abs=0.1)
    assert pictures[name].shape == (rate * seconds, size[1], size[0], 3)
    described = (module.WIDTH, module.HEIGHT, module.FRAMES)
    assert described == (*size, rate * seconds)


@pytest.mark.parametrize("name", ["landscape", "cartoon"])
def test_the_sound_lasts_as_long_as_the_pictures_and_is_heard_on_both_sides(name: str) -> None:
    with av.open(str(FOLDER / f"{name}.mp4")) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    seconds = {"landscape": 8, "cartoon": 20}[name]
    assert samples.shape[1] / 48_000 == pytest.approx(seconds, abs=0.05)
    assert (samples.std(axis=1) > 0.03).all()
    assert 0.5 < np.abs(samples).max() <= 1.0


@pytest.mark.parametrize(
    ("name", "module", "numbers"), [("landscape", landscape, (95,)), ("cartoon", cartoon, (0, 121, 182, 300, 470))]
)
def test_the_script_makes_the_same_pictures_again(name: str, module, numbers, pictures) -> None:
    for number in numbers:
        made = module.frame(number)
        difference = np.abs(in_blocks(made) - in_blocks(pictures[name][number]))
        assert difference.mean() < 2 and difference.max() < 12, number
    assert np.array_equal(made, module.frame(number))


def in_blocks(picture: np.ndarray) -> np.ndarray:
    """Return the means of 8x8 blocks, in which noise and the loss of colour detail in the file even out."""
    height, width, _ = picture.shape
    return picture.reshape(height // 8, 8, width // 8, 8, 3).mean(axis=(1, 3))


def test_drawings_are_held_for_two_frames_between_black_bars_and_the_end_fades(pictures) -> None:
    frames = pictures["cartoon"]
    assert all(np.array_equal(cartoon.frame(number), cartoon.frame(number + 1)) for number in (0, 120, 270))
    assert not np.array_equal(cartoon.frame(1), cartoon.frame(2))
    assert frames[:, :38].max() < 12 and frames[:, -38:].max() < 12
    assert frames[-1].max() < 12
    assert frames[-30].mean() > 2 * frames[-10].mean() > 4 * frames[-3].mean() - 4


def test_the_cartoon_has_cuts_between_five_looks(pictures) -> None:
    frames = pictures["cartoon"][:, 40:-40]
    steps = [cv2.absdiff(*pair).mean() for pair in itertools.pairwise(frames)]
    cuts = [round(shot.start * cartoon.RATE) - 1 for shot in cartoon.SHOTS[1:]]
    assert sorted(np.argsort(steps)[-4:]) == cuts


def test_some_drawings_of_the_run_are_blurred_by_motion() -> None:
    def sharpness(number: int) -> float:
        return float(np.abs(np.diff(cartoon.frame(number).astype(int), axis=1)).mean())

    assert sharpness(182) < 0.7 * sharpness(200)


def test_nearer_things_move_faster_in_the_landscape() -> None:
    first, later = landscape.Camera(0.0), landscape.Camera(2.0)
    moved = []
    for metres in (150.0, 3000.0):
        away_x, away_z = (metres * step[landscape.WIDTH] for step in (first.step_x, first.step_z))
        x, z = first.x + away_x - later.x, first.z + away_z - later.z
        yaw = np.arctan2(later.step_x.mean(), later.step_z.mean())
        moved.append(np.tan(np.arctan2(x, z) - yaw) * landscape.FOCAL)
    assert abs(moved[0] - moved[1]) > 20


def test_the_land_hides_what_lies_behind_it() -> None:
    depths = landscape.DEPTHS
    wall = np.where((depths > 50) & (depths < 60), 10.0, -5.0)[:, None] / depths[:, None]
    slopes = np.array([0.1, 0.3], np.float32)
    hits = landscape.first_hits(wall.astype(np.float32), slopes, np.zeros(2, np.float32))
    assert hits[0, 0] == pytest.approx(50, abs=1)
    assert np.isinf(hits[1, 0])
    beyond = landscape.first_hits(wall.astype(np.float32), slopes, np.full(2, 70, np.float32))
    assert np.isinf(beyond).all()


def test_a_clip_is_written_with_its_frame_rate_and_sound(tmp_path: Path) -> None:
    tone = np.tile(np.sin(np.arange(24_000) / 20).astype(np.float32), (2, 1))
    encode(tmp_path / "a.mp4", lambda number: np.full((32, 48, 3), 20 * number, np.uint8), 6, 12, tone, crf=20)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(12)
        assert container.streams.video[0].codec_context.color_range == 1
        assert container.streams.audio[0].duration * container.streams.audio[0].time_base == pytest.approx(
            0.5, abs=0.05
        )
    levels = decoded(tmp_path / "a.mp4").mean(axis=(1, 2, 3))
    np.testing.assert_allclose(levels, 20 * np.arange(6), atol=4)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_the_tune_keeps_concert_pitch() -> None:
    assert (sound.hertz(69), sound.hertz(57)) == (440, 220)
    spectrum = np.abs(np.fft.rfft(sound.tone(69, 1.0, 0.01, 5.0, (1.0,))))
    assert spectrum.argmax() == 440
