"""The style is scored on photos that it has not learnt from, and the best one is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.train.conftest import picture, small
from vidstyle.media.images import write_image
from vidstyle.models.feature_network import load_vgg16
from vidstyle.models.style_file import load_style
from vidstyle.progress import silent
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train import score
from vidstyle.train.data.dataset import open_dataset
from vidstyle.train.score import COLUMNS, StyleScorer, combined_score
from vidstyle.train.settings import TrainSettings
from vidstyle.train.stage import run


@pytest.fixture
def many(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixteen photos and three paintings, scored on few crops."""
    monkeypatch.setattr(score, "CROPS", 8)
    for number in range(5, 16):
        write_image(dataset / "trainA" / f"{number}.png", picture(number, False))
    return dataset


def held(random_vgg16: Path, **changes: object) -> TrainSettings:
    """Return settings that hold four of sixteen photos out."""
    return small(holdout=0.25, vgg16=str(random_vgg16), **changes)


def test_a_painter_of_cartoon_frames_scores_better_than_one_of_noise(many: Path, random_vgg16: Path) -> None:
    images = open_dataset(many, held(random_vgg16), silent)
    judge = StyleScorer(load_vgg16(str(random_vgg16), torch.device("cpu")), images.held_out, images.paintings, seed=0)
    noise = np.random.default_rng(0)
    frames = iter(range(100))
    perfect = judge.score(lambda photo: images.paintings.image(next(frames) % 3))
    noisy = judge.score(lambda photo: noise.integers(0, 255, photo.shape, dtype=np.uint8))
    assert perfect["fd-vgg16"] < 0.5 * noisy["fd-vgg16"]
    assert judge.score(np.copy)["score"] == pytest.approx(1)


def test_lines_drawn_into_plain_areas_and_lost_edges_make_the_score_worse() -> None:
    assert combined_score(0.5, plain_areas=1.0, edges=1.0) == 0.5
    assert combined_score(0.5, plain_areas=4.0, edges=1.0) == 2.0
    assert combined_score(0.5, plain_areas=0.2, edges=0.5) == 1.0
    assert combined_score(0.5, plain_areas=1.0, edges=-0.3) == combined_score(0.5, plain_areas=1.0, edges=0.1)


def test_the_nearest_frame_of_a_frame_is_itself(many: Path, random_vgg16: Path) -> None:
    images = open_dataset(many, held(random_vgg16), silent)
    judge = StyleScorer(load_vgg16(str(random_vgg16), torch.device("cpu")), images.held_out, images.paintings, seed=0)
    assert judge.nearest([images.paintings.image(number) for number in (2, 0, 1)]) == [2, 0, 1]


def test_the_best_style_is_kept_beside_the_last_with_score_and_step(
    many: Path, random_vgg16: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([5.0, 3.0, 4.0])
    monkeypatch.setattr(StyleScorer, "score", lambda *_: dict.fromkeys(COLUMNS, 1.0) | {"score": next(scores)})
    result = run(many, tmp_path, held(random_vgg16, sample_every=2), silent)
    folder = RunFolder(tmp_path / "cut++")
    assert [row["step"] for row in read_log(folder.scores)] == [2, 4, 6]
    best = load_style(folder.best_style)
    assert (best.history["score"]["score"], best.history["steps"]) == (3.0, 4)
    assert load_style(folder.style).history["steps"] == 6
    assert result.details == dict.fromkeys(COLUMNS, 1.0) | {"score": 4.0, "best score": 3.0, "best step": 4}
    assert result.counts == {"photos": 12, "paintings": 3, "steps": 6, "held_out": 4}


def test_a_resumed_run_keeps_the_same_best_style(many: Path, random_vgg16: Path, tmp_path: Path) -> None:
    for name, lengths in (("straight", [6]), ("resumed", [3, 6])):
        for steps in lengths:
            run(many, tmp_path, held(random_vgg16, name=name, steps=steps, sample_every=3), silent)
    _same_scores_and_best(*(RunFolder(tmp_path / name) for name in ("straight", "resumed")))


def _same_scores_and_best(first: RunFolder, second: RunFolder) -> None:
    assert first.scores.read_text() == second.scores.read_text()
    one, other = load_style(first.best_style), load_style(second.best_style)
    assert (one.history["steps"], one.history["score"]) == (other.history["steps"], other.history["score"])
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)
    assert len({tuple(sorted(path.name for path in folder.samples.iterdir())) for folder in (first, second)}) == 1


def test_a_kill_while_scoring_loses_neither_the_score_nor_the_best_style(
    many: Path, random_vgg16: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, kills = StyleScorer.score, iter([False, True])

    def score(*given: Any) -> float:
        if next(kills, False):
            raise KeyboardInterrupt
        return whole(*given)

    due = {"sample_every": 2, "save_every": 2}
    run(many, tmp_path, held(random_vgg16, name="straight", **due), silent)
    monkeypatch.setattr(StyleScorer, "score", score)
    with pytest.raises(KeyboardInterrupt):
        run(many, tmp_path, held(random_vgg16, name="killed", **due), silent)
    run(many, tmp_path, held(random_vgg16, name="killed", **due), silent)
    _same_scores_and_best(*(RunFolder(tmp_path / name) for name in ("straight", "killed")))


def test_without_vgg16_nothing_is_scored_and_it_is_said(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = run(many, tmp_path, small(holdout=0.25), silent)
    (said,) = (text for text in result.warnings if "scored" in text)
    assert said.startswith(
        "The style is not scored, and no best one is kept: The weights vgg16 are not on this machine."
    )
    assert not RunFolder(tmp_path / "cut++").best_style.exists()
