"""Extraction takes the right frames of an episode, says why, adds only what is new, and never leaves a mess."""

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import make_audio_only, make_clip, make_empty_file, make_text_file, make_truncated, still
from tests.drawings import drawing
from tests.extract.conftest import BORDER, SIZE, Episode
from vidstyle.analysis.near_duplicates import Signature, similarity
from vidstyle.analysis.sharpness import picture_sharpness
from vidstyle.errors import InputError, OutputError, StyleError
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.stage import run
from vidstyle.media.images import list_images, read_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.progress import Progress, StageResult


def candidates(folder: Path) -> list[dict[str, Any]]:
    manifest = json.loads((folder / "manifest.json").read_text())
    return [each for source in manifest["sources"] for each in source["candidates"]]


@pytest.fixture(scope="module")
def first(episode: Episode, tmp_path_factory: pytest.TempPathFactory) -> StageResult:
    """The result of a first run, into a folder that no test writes to."""
    return run([episode.path], tmp_path_factory.mktemp("first") / "b", ExtractSettings())


@pytest.fixture
def filled(first: StageResult, tmp_path: Path) -> Path:
    """A folder of its own with what a first run leaves."""
    return Path(shutil.copytree(first.outputs[0].parent, tmp_path / "b"))


def test_the_sharpest_drawing_of_each_window_is_kept_and_the_rest_is_explained(
    episode: Episode, first: StageResult
) -> None:
    found = candidates(first.outputs[0].parent)
    assert [one["reason"] for one in found] == ["", "", "", "black", "blended", "near-duplicate"] or [
        one["reason"] for one in found
    ] == ["near-duplicate", "", "", "black", "blended", ""]
    kept = {one["frame"] for one in found if one["kept"]}
    assert kept < episode.sharp and len(kept) == 3
    assert first.counts["kept"] == 3 and first.counts["candidates"] == 6 and first.counts["frames"] == 72
    assert first.warnings == ()


def test_names_carry_source_time_and_frame_and_only_frames_manifest_and_report_are_left(first: StageResult) -> None:
    names = sorted(path.name for path in first.outputs[0].parent.iterdir())
    assert "my_show_000001583_000019.png" in names
    assert names == sorted(["manifest.json", "report.html", *(path.name for path in first.outputs)])


def test_borders_are_cut_and_the_picture_is_the_drawn_one(episode: Episode, tmp_path: Path) -> None:
    result = run([episode.path], tmp_path / "b", ExtractSettings(deblur="none"))
    for path in result.outputs:
        picture = read_image(path)
        drawn = episode.frames[int(path.stem[-6:])]
        left, top, right, bottom = json.loads((tmp_path / "b" / "manifest.json").read_text())["sources"][0]["box"]
        assert BORDER <= top <= BORDER + 3 and SIZE[1] - BORDER - 3 <= bottom <= SIZE[1] - BORDER
        assert (left, right) == (0, SIZE[0])
        inside = drawn[top:bottom]
        assert picture.shape == inside.shape
        assert np.abs(picture.astype(int) - inside).mean() < 5
    whole = run([episode.path], tmp_path / "whole", ExtractSettings(crop_borders=False))
    assert read_image(whole.outputs[0]).shape == (SIZE[1], SIZE[0], 3)


def test_size_scales_down_and_never_up(episode: Episode, tmp_path: Path) -> None:
    small = run([episode.path], tmp_path / "s", ExtractSettings(size=44))
    large = run([episode.path], tmp_path / "l", ExtractSettings(size=500))
    assert min(read_image(small.outputs[0]).shape[:2]) == 44
    assert read_image(large.outputs[0]).shape[1] == SIZE[0]


def test_running_again_adds_only_what_is_new(episode: Episode, filled: Path, tmp_path: Path) -> None:
    folder, settings = filled, ExtractSettings()
    times = {path: path.stat().st_mtime_ns for path in list_images(folder)}
    again = run([episode.path], folder, settings)
    assert (again.counts["sources"], again.counts["skipped"], again.outputs) == (0, 1, ())
    seeds = (7, 8)
    other = make_clip(
        tmp_path / "other.mp4",
        size=(160, 92),
        frames=24,
        rate=12,
        pictures=lambda i: drawing(seeds[i // 12], (160, 92)),
    )
    added = run([episode.path, other], folder, settings)
    assert (added.counts["sources"], added.counts["skipped"], added.counts["kept"]) == (1, 1, 2)
    assert set(list_images(folder)) == {*times, *added.outputs}
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert len(json.loads((folder / "manifest.json").read_text())["sources"]) == 2


def test_frames_like_those_of_an_earlier_episode_are_not_taken_again(
    episode: Episode, filled: Path, tmp_path: Path
) -> None:
    before = list_images(filled)
    repeat = make_clip(
        tmp_path / "repeat.mp4", size=SIZE, frames=36, rate=12, pictures=lambda index: episode.frames[index]
    )
    again = run([repeat], filled, ExtractSettings())
    assert again.outputs == ()
    assert list_images(filled) == before
    assert {one["reason"] for one in candidates(filled)[6:]} == {"near-duplicate"}
    assert {one["similar_to"] for one in candidates(filled)[6:]} <= {path.name for path in before}


def test_overwrite_starts_anew_and_removes_only_its_own_files(episode: Episode, filled: Path) -> None:
    (filled / "mine.txt").write_text("keep")
    result = run([episode.path], filled, ExtractSettings(size=44, overwrite=True))
    assert {path.name for path in filled.iterdir()} == {
        "mine.txt",
        "manifest.json",
        "report.html",
        *(path.name for path in result.outputs),
    }
    assert {min(read_image(path).shape[:2]) for path in list_images(filled)} == {44}


def test_a_dry_run_counts_and_writes_nothing(episode: Episode, tmp_path: Path) -> None:
    result = run([episode.path], tmp_path / "b", ExtractSettings(dry_run=True, every=0.5))
    assert result.counts == {"sources": 1, "skipped": 0, "frames": 72, "windows": 12}
    assert not (tmp_path / "b").exists()


def test_start_and_end_bound_what_is_read(episode: Episode, tmp_path: Path) -> None:
    result = run([episode.path], tmp_path / "b", ExtractSettings(start=1.0, end=3.0))
    assert result.counts["frames"] == 24
    assert [one["frame"] for one in candidates(tmp_path / "b")] == [19, 31]


def test_two_sources_of_one_name_are_told_apart(episode: Episode, tmp_path: Path) -> None:
    other = tmp_path / "season 2" / episode.path.name
    other.parent.mkdir()
    make_clip(other, size=(160, 92), frames=12, rate=12, pictures=lambda _: drawing(9, (160, 92)))
    result = run([episode.path, other], tmp_path / "b", ExtractSettings())
    stems = {path.name.rsplit("_", 2)[0] for path in result.outputs}
    assert len(result.outputs) == 4 and len(stems) == 2
    assert "my_show" in stems and all(stem.startswith("my_show") for stem in stems)


def test_folders_and_patterns_name_their_videos_once(episode: Episode, tmp_path: Path) -> None:
    season = tmp_path / "season"
    season.mkdir()
    for number, seed in ((2, 11), (10, 12), (1, 13)):
        make_clip(
            season / f"e{number}.mp4",
            size=(160, 92),
            frames=6,
            rate=6,
            pictures=lambda _, s=seed: drawing(s, (160, 92)),
        )
    (season / "notes.txt").write_text("x")
    shutil.copy(season / "e1.mp4", season / "copy of e1.mp4")
    settings = ExtractSettings(dry_run=True)
    by_folder = run([season], tmp_path / "b", settings)
    by_pattern = run([season / "*.mp4", season / "e1.mp4"], tmp_path / "b", settings)
    assert [path.name for path in by_folder.inputs] == ["copy of e1.mp4", "e1.mp4", "e2.mp4", "e10.mp4"]
    assert by_pattern.inputs == by_folder.inputs
    assert by_folder.counts["sources"] == 3, "the copy holds nothing new"
    assert (by_folder.warnings, by_pattern.warnings) == ((f"{season}: passed over notes.txt.",), ())


def test_count_draws_evenly_over_shots(tmp_path: Path) -> None:
    seeds = [1] * 60 + [2] * 6 + [3] * 6
    path = make_clip(
        tmp_path / "uneven.mp4",
        size=SIZE,
        frames=72,
        rate=6,
        pictures=lambda index: drawing(seeds[index], SIZE, shift=index % 60 * 2),
    )
    result = run([path], tmp_path / "b", ExtractSettings(count=3, max_similarity=1.0))
    assert sorted({one["shot"] for one in candidates(tmp_path / "b") if one["kept"]}) == [0, 1, 2]
    assert len(result.outputs) == 3
    assert result.counts["beyond count"] == 9


def test_soft_frames_are_deblurred_only_for_the_better(tmp_path: Path) -> None:
    import cv2

    scene = drawing(5, (320, 240))
    path = make_clip(
        tmp_path / "soft.mp4",
        size=(320, 240),
        frames=6,
        rate=6,
        pictures=lambda _: cv2.GaussianBlur(scene, (0, 0), 1.3),
    )
    plain = run([path], tmp_path / "plain", ExtractSettings(deblur="none"))
    better = run([path], tmp_path / "better", ExtractSettings())
    assert better.counts["deblurred"] == 1 and plain.counts["deblurred"] == 0
    before, after = read_image(plain.outputs[0]), read_image(better.outputs[0])
    assert picture_sharpness(after) > 1.1 * picture_sharpness(before)
    assert cv2.PSNR(after, scene) > cv2.PSNR(before, scene)
    assert candidates(tmp_path / "better")[0]["deblurred"] == "deconvolve"


def test_frames_that_stay_soft_are_dropped(tmp_path: Path) -> None:
    import cv2

    path = make_clip(
        tmp_path / "soft.mp4", size=SIZE, frames=6, rate=6, pictures=lambda _: cv2.GaussianBlur(drawing(5), (0, 0), 4)
    )
    result = run([path], tmp_path / "b", ExtractSettings(min_sharpness=0.3))
    assert result.outputs == () and result.counts["soft"] == 1


def test_a_truncated_episode_gives_what_is_there_with_a_warning(episode: Episode, tmp_path: Path) -> None:
    whole = make_clip(
        tmp_path / "w.mp4", size=SIZE, frames=72, rate=12, movflags="faststart", pictures=lambda i: episode.frames[i]
    )
    cut = make_truncated(whole, tmp_path / "cut.mp4", 0.6)
    result = run([cut], tmp_path / "b", ExtractSettings())
    assert result.outputs
    assert any("the file is incomplete" in text for text in result.warnings)


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "audio", "folder", "pattern"])
def test_bad_sources_stop_the_run_before_anything_is_written(kind: str, episode: Episode, tmp_path: Path) -> None:
    folder = tmp_path / "nothing here"
    folder.mkdir()
    bad = {
        "missing": tmp_path / "none.mp4",
        "empty": make_empty_file(tmp_path / "empty.mp4"),
        "text": make_text_file(tmp_path / "text.mp4"),
        "audio": make_audio_only(tmp_path / "sound.m4a"),
        "folder": folder,
        "pattern": tmp_path / "*.mkv",
    }[kind]
    with pytest.raises(InputError) as caught:
        run([episode.path, bad], tmp_path / "b", ExtractSettings())
    assert str(bad) in str(caught.value)
    assert not (tmp_path / "b").exists()


def test_bad_targets_and_weights_are_told(episode: Episode, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(OutputError, match="taken is a file, not a folder"):
        run([episode.path], taken, ExtractSettings())
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text("[]")
    with pytest.raises(InputError, match="is not a manifest of extract"):
        run([episode.path], broken, ExtractSettings())
    weights = make_text_file(tmp_path / "weights.safetensors")
    with pytest.raises(StyleError):
        run([episode.path], tmp_path / "b", ExtractSettings(deblur=str(weights)))
    assert not (tmp_path / "b").exists()


def test_an_interrupted_run_leaves_no_manifest_and_no_half_work(episode: Episode, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([episode.path], tmp_path / "b", ExtractSettings(), interrupt)
    assert list((tmp_path / "b").iterdir()) == []
    assert run([episode.path], tmp_path / "b", ExtractSettings()).counts["kept"] == 3


def test_an_interrupted_overwrite_loses_nothing(episode: Episode, filled: Path) -> None:
    images, there = list_images(filled), {path: path.read_bytes() for path in filled.iterdir()}

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([episode.path], filled, ExtractSettings(size=44, overwrite=True), interrupt)
    assert {path: path.read_bytes() for path in filled.iterdir()} == there
    assert list_images(filled) == images


def test_a_run_broken_off_while_writing_is_made_good_by_the_next(episode: Episode, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.phase == "write":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([episode.path], tmp_path / "b", ExtractSettings(), interrupt)
    assert len(list_images(tmp_path / "b")) == 1
    assert run([episode.path], tmp_path / "b", ExtractSettings()).counts["kept"] == 3
    assert len(list_images(tmp_path / "b")) == 3


def test_progress_tells_frames_of_frames_and_then_pictures(episode: Episode, tmp_path: Path) -> None:
    seen: list[Progress] = []
    run([episode.path], tmp_path / "b", ExtractSettings(), seen.append)
    reading = [one for one in seen if one.phase == f"read {episode.path.name}"]
    assert [one.done for one in reading] == sorted(one.done for one in reading)
    assert (reading[-1].done, reading[-1].total) == (72, 72)
    assert (seen[-1].phase, seen[-1].done, seen[-1].total, seen[-1].unit) == ("write", 3, 3, "pictures")


def test_memory_does_not_grow_with_the_length_of_an_episode(tmp_path: Path) -> None:
    import tracemalloc

    run([make_clip(tmp_path / "warm.mp4", frames=4)], tmp_path / "w", ExtractSettings())
    peaks = []
    for seconds in (4, 40):
        path = make_clip(
            tmp_path / f"{seconds}.mp4",
            size=(320, 240),
            frames=seconds * 6,
            rate=6,
            pictures=still((90, 90, 90), (320, 240)),
        )
        tracemalloc.start()
        run([path], tmp_path / f"b{seconds}", ExtractSettings())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def fine_detail(rgb: np.ndarray) -> float:
    """Energy of the Laplacian over the spread of tones: another measure than the one that frames are chosen by."""
    import cv2

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var() / max(grey.var(), 1.0))


def uniform_sampling(path: Path, count: int, start: float, end: float) -> list[np.ndarray]:
    """Return `count` frames taken at equal distances of time."""
    wanted = {
        round(one) for one in np.linspace(0, (end - start) * 24, count, endpoint=False) + (end - start) * 12 / count
    }
    with VideoReader(probe(path), start_seconds=start, end_seconds=end) as reader:
        frames = (frame for batch in reader.batches(8) for frame in batch.frames)
        return [frame.copy() for index, frame in enumerate(frames) if index in wanted]


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("name", "start", "end", "least_ratio"),
    [("penny_chip_episode_388p.mp4", 0, 12, 1.0), ("bbb_480p_30s.mp4", 6, 14, 0.9)],
    ids=["a cartoon", "a film evenly soft, in other shares of its shots"],
)
def test_real_episodes_give_frames_sharper_than_uniform_sampling_and_none_alike(
    real_data: Path, tmp_path: Path, name: str, start: int, end: int, least_ratio: float
) -> None:
    path = real_data / "episode" / name
    result = run([path], tmp_path / "b", ExtractSettings(start=start, end=end))
    pictures = [read_image(one) for one in result.outputs]
    assert len(pictures) >= 6
    uniform = uniform_sampling(path, len(pictures), start, end)
    assert len(uniform) == len(pictures)
    for measure in (picture_sharpness, fine_detail):
        assert np.mean([measure(one) for one in pictures]) > least_ratio * np.mean([measure(one) for one in uniform])
    looks = [Signature.of(one) for one in pictures]
    pairs = itertools.combinations(looks, 2)
    assert max(similarity(one, other) for one, other in pairs) <= ExtractSettings().max_similarity
    for picture in pictures:
        assert all(edge.max() > 40 for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]))


@pytest.mark.needs_data
def test_borders_around_a_real_episode_are_cut_off(real_data: Path, tmp_path: Path) -> None:
    with VideoReader(probe(real_data / "episode" / "bbb_480p_30s.mp4"), start_seconds=12.0, end_seconds=16.0) as reader:
        inside = [frame[::2, ::2] for batch in reader.batches(8) for frame in batch.frames][::8]
    height, width = inside[0].shape[:2]
    boxed = []
    for picture in inside:
        frame = np.full((height + 60, width + 1, 3), 16, np.uint8)
        frame[30 : 30 + height, :width] = picture
        boxed.append(frame)
    path = make_clip(
        tmp_path / "boxed.mp4",
        size=(width + 1, height + 60),
        frames=len(boxed),
        rate=3,
        pixel_format="yuv444p",
        pictures=lambda index: boxed[index],
    )
    result = run([path], tmp_path / "b", ExtractSettings(deblur="none"))
    for one in result.outputs:
        assert abs(read_image(one).shape[0] - (height - 4)) <= 2


@pytest.mark.needs_data
def test_every_awkward_real_file_gives_frames_or_one_clear_error(real_data: Path, tmp_path: Path) -> None:
    refused = {}
    for path in sorted((real_data / "awkward").iterdir()):
        try:
            result = run([path], tmp_path / path.name, ExtractSettings(end=0.2, size=120, crop_borders=False))
            assert result.counts["candidates"] >= 1
        except InputError as error:
            refused[path.name] = str(error)
    assert set(refused) == {"audio_only.mp4", "derived_empty_0bytes.mp4"}
