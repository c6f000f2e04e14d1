"""8-bit integers: calibrated on the video itself, close to the exact picture, made once."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import make_clip
from tests.render.conftest import quick
from tests.renders import painter_of
from vidstyle.checksum import content_identity
from vidstyle.errors import DependencyError
from vidstyle.media.clip import Clip
from vidstyle.media.probe import probe
from vidstyle.models.openvino import digest
from vidstyle.progress import Progress
from vidstyle.render import int8
from vidstyle.render.engine import Engine
from vidstyle.render.int8 import SAMPLES, sample_frames
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
LANDSCAPE = Path(__file__).parents[2] / "sample_videos" / "landscape.mp4"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user's cache; skips where OpenVINO and NNCF are not installed."""
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "vidstyle" / "quantised"


@dataclass(frozen=True)
class Made:
    """The clip of 12 frames that was rendered twice, what both said and came to, and the cache of one network they left."""

    source: Path
    told: tuple[list[Progress], list[Progress]]
    settled: list[dict[str, Any]]
    cache: Path


@pytest.fixture(scope="module")
def made(style_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two renders in int8 of one clip; calibrating takes seconds, so that all tests look at the same."""
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    folder, told = tmp_path_factory.mktemp("int8"), ([], [])
    source = make_clip(folder / "a.mp4", frames=12)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        results = [
            run(source, folder / f"{number}.mp4", quick(style_path, precision="int8"), told[number].append)
            for number in (0, 1)
        ]
    settled = [result.details["files"][str(folder / f"{number}.mp4")] for number, result in enumerate(results)]
    return Made(source, told, settled, folder / "cache" / "vidstyle" / "quantised")


def psnr(picture: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((picture.astype(float) - other) ** 2)))


def painted(settings: RenderSettings, clip: Clip, frame: np.ndarray) -> np.ndarray:
    engine = Engine(settings)
    return painter_of(clip, engine).paint(frame, engine.sizes(clip.upright_size), sixteen_bit=False)


def test_the_default_style_keeps_its_picture_in_bf16_and_int8(cache: Path) -> None:
    clip = probe(LANDSCAPE)
    frame = sample_frames(clip, None, None)[2]
    wanted = {"size": 48, "device": "cpu", "outscale": 0.25, "upscaler": "none"}
    exact = painted(RenderSettings(precision="fp32", backend="eager", **wanted), clip, frame)
    for precision, least in (("bf16", 38), ("int8", 30)):
        given = painted(RenderSettings(precision=precision, backend="openvino", **wanted), clip, frame)
        assert psnr(exact, given) >= least, precision


def test_an_int8_upscaler_keeps_its_picture(cache: Path, fast: Fast) -> None:
    clip = probe(make_clip(cache.parent.parent.parent / "a.mp4", size=(40, 24), frames=12))
    frame = sample_frames(clip, None, None)[2]
    wanted = {"size": "source", "outscale": 2.0, "upscaler": "realesr-animevideov3"}
    exact, given = (painted(fast(precision=precision, **wanted), clip, frame) for precision in ("fp32", "int8"))
    assert psnr(exact, given) >= 30
    assert len(list(cache.iterdir())) == 2


def test_int8_networks_are_made_once_for_a_video_and_named_in_the_record(made: Made) -> None:
    calibrating = [[progress.done for progress in each if progress.phase == "calibrating int8"] for each in made.told]
    assert calibrating == [list(range(1, SAMPLES + 1)), []]
    (kept,) = made.cache.iterdir()
    assert made.settled[0] == made.settled[1]
    assert (made.settled[0]["backend"], made.settled[0]["precision"], made.settled[0]["quantised"]) == (
        "openvino",
        "int8",
        digest(kept),
    )


def test_a_picture_is_painted_without_quantisation(cache: Path, fast: Fast) -> None:
    engine = Engine(fast(precision="int8"))
    assert engine.picture_painter(engine.sizes((64, 48))).config.precision in ("bf16", "fp32")
    assert not cache.exists()


def test_the_same_frames_give_the_same_int8_network_and_the_cache_keeps_those_used_last(
    cache: Path, fast: Fast, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "CACHED_NETWORKS", 1)
    shutil.copytree(made.cache, cache)
    (kept,) = cache.iterdir()
    another = kept.with_stem("0" * len(kept.stem))
    kept.rename(another)
    os.utime(another, (0, 0))
    again = painter_of(probe(made.source), Engine(fast(precision="int8"))).config.quantised
    assert list(cache.iterdir()) == [kept], "it was computed anew, and the one used longest ago is gone"
    assert again == digest(kept) == made.settled[0]["quantised"]


def test_a_missing_extra_is_named(fast: Fast, monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    monkeypatch.setattr("vidstyle.models.openvino.find_spec", lambda name: name != "nncf")
    with pytest.raises(DependencyError) as caught:
        run(make_clip(tmp_path / "a.mp4", frames=2), tmp_path / "b.mp4", fast(precision="int8"))
    assert str(caught.value) == "To compute in int8, install its extra: pip install 'vidstyle[openvino]'."


def test_samples_are_spread_over_the_asked_range(tmp_path: Path) -> None:
    levels = list(range(0, 240, 2))

    def grey(index: int) -> np.ndarray:
        return np.full((48, 64, 3), levels[index], np.uint8)

    clip = probe(make_clip(tmp_path / "a.mp4", frames=len(levels), pictures=grey, options={"crf": "5"}))
    seen = [float(frame.mean()) for frame in sample_frames(clip, None, None)]
    assert seen == pytest.approx([levels[number * 120 // SAMPLES] for number in range(SAMPLES)], abs=4)
    seen = [float(frame.mean()) for frame in sample_frames(clip, 1.0, 2.0)]
    assert levels[24] - 4 <= min(seen) <= max(seen) <= levels[48] + 4
    seen = [float(frame.mean()) for frame in sample_frames(replace(clip, duration=None), None, None)]
    assert seen == pytest.approx(levels[:SAMPLES], abs=4)


def test_a_file_is_told_from_others_by_its_content_not_its_name(tmp_path: Path) -> None:
    contents: dict[str, Any] = {"a": b"one" * 1_000_000, "b": b"one" * 1_000_000, "c": b"one" * 999_999 + b"two"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    first, same, other = (content_identity(tmp_path / name) for name in contents)
    assert first == same != other
