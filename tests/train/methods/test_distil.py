"""The method `distil` learns from pairs: each photo and what a teacher painted of it."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.train.conftest import picture, small
from vidstyle.errors import InputError, Interrupted, SettingsError
from vidstyle.media.images import read_image, write_image
from vidstyle.models.style_file import load_style
from vidstyle.progress import Progress, silent
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.methods.distil import DistilTraining
from vidstyle.train.stage import run


def method(**changes: Any) -> DistilTraining:
    settings = small(method="distil", blocks=1, **changes)
    return DistilTraining(settings, torch.device("cpu"), torch.float32)


def batch(seed: int, channels: int = 6) -> torch.Tensor:
    return torch.rand(2, channels, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def step(training: DistilTraining, photos: torch.Tensor) -> dict[str, torch.Tensor]:
    return training.step(photos, photos, torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of five photos and, under the same names, their negatives."""
    folder = tmp_path_factory.mktemp("pairs")
    for number in range(5):
        photo = picture(number, flat=False)
        write_image(folder / "trainA" / f"{number}.png", photo)
        write_image(folder / "trainB" / f"{number}.png", 255 - photo)
    return folder


def test_a_student_of_what_it_paints_already_has_nothing_to_learn_but_noise() -> None:
    training, photos = method(), batch(0)
    with torch.no_grad():
        photos[:, 3:] = training.generator(photos[:, :3])
    losses = step(training, photos)
    assert list(losses) == ["structure", "steady"]
    assert losses["structure"] < 1e-6, "rounding is all that differs"
    assert 0 < losses["steady"] < 0.06


def test_a_weight_of_zero_drops_the_term() -> None:
    assert list(step(method(lambda_steady=0.0), batch(0))) == ["structure"]
    with pytest.raises(SettingsError, match="all weights of distil are 0"):
        method(lambda_structure=0.0)


def test_features_of_the_paintings_have_a_weight_of_their_own(random_vgg16: Path) -> None:
    training = method(
        lambda_structure=0.0, lambda_steady=0.0, lambda_content=1.0, lambda_style=1.0, vgg16=str(random_vgg16)
    )
    losses = step(training, batch(0))
    assert list(losses) == ["content", "style"]
    assert all(loss > 0 for loss in losses.values())


def test_the_texture_of_cartoon_frames_counts_in_the_last_third() -> None:
    training = method(steps=6, cartoon_frames=("frames",))
    before = {name: weight.clone() for name, weight in training.networks["texture"].named_parameters()}
    rows = [training.step(batch(0), batch(1, 3), torch.Generator().manual_seed(number)) for number in range(4)]
    assert all(row["texture"] == row["D_texture"] == 0 for row in rows)
    assert all(torch.equal(weight, before[name]) for name, weight in training.networks["texture"].named_parameters())
    last = training.step(batch(0), batch(1, 3), torch.Generator().manual_seed(4))
    assert list(last) == ["structure", "steady", "texture", "D_texture"]
    assert last["texture"] > 0 < last["D_texture"]
    assert set(method(steps=6, cartoon_frames=("frames",), lambda_texture=0.0).networks) == {"generator"}
    assert set(method(steps=6).networks) == {"generator"}


def test_what_is_learnt_depends_on_the_cartoon_frames() -> None:
    students = []
    for seed in (1, 2):
        training = method(steps=3, cartoon_frames=("frames",), lambda_texture=10.0)
        for number in range(3):
            training.step(batch(0), batch(seed, 3), torch.Generator().manual_seed(number))
        students.append(training.generator.leave.weight)
    assert not torch.equal(*students)


def test_a_run_with_cartoon_frames_resumes_to_the_bit_after_the_discriminator_began(
    pairs: Path, tmp_path: Path
) -> None:
    for number in range(2):
        write_image(tmp_path / "frames" / f"{number}.png", picture(10 + number, flat=True))
    asked = {"method": "distil", "blocks": 1, "steps": 6, "log_every": 1, "photos": str(pairs / "trainA")}
    frames = {"cartoon_frames": (str(tmp_path / "frames"),), "lambda_texture": 1.0, "augment": "translation"}

    def stop(progress: Progress) -> None:
        if progress.phase == "training" and progress.done == 5:
            signal.raise_signal(signal.SIGINT)

    run(pairs, tmp_path, small(**asked, **frames, name="straight"), silent)
    stopped = small(**asked, **frames, name="stopped")
    with pytest.raises(Interrupted):
        run(pairs, tmp_path, stopped, stop)
    run(pairs, tmp_path, stopped, silent)
    logs = [read_log(RunFolder(tmp_path / name).log) for name in ("straight", "stopped")]
    for name in ("structure", "texture", "D_texture"):
        assert [row[name] for row in logs[0]] == [row[name] for row in logs[1]]
    styles = [load_style(tmp_path / name / "style.safetensors").weights for name in ("straight", "stopped")]
    assert all(torch.equal(styles[0][name], styles[1][name]) for name in styles[0])
    write_image(tmp_path / "frames" / "0.png", picture(20, flat=True))
    with pytest.raises(SettingsError, match=r"other cartoon frames, .* gone or changed: 0.png"):
        run(pairs, tmp_path, stopped, silent)


def test_it_learns_the_paintings_and_shows_both(pairs: Path, tmp_path: Path) -> None:
    (pairs / "teacher.json").write_text(json.dumps({"style": "negative", "milliseconds": 20.0, "images": ["0.png"]}))
    asked = {"method": "distil", "name": "student", "blocks": 1, "batch": 4, "steps": 30, "lr": 1e-2}
    settings = small(**asked, photos=str(pairs / "trainA"), sample_every=30)
    result = run(pairs, tmp_path, settings, silent)
    folder = RunFolder(tmp_path / "student")
    losses = [row["structure"] for row in read_log(folder.log)]
    assert losses[-1] < 0.9 * losses[0]
    style = load_style(folder.style)
    assert style.kind == "compact" and style.history["teacher"] == {"style": "negative", "milliseconds": 20.0}
    assert {"student, ms at 640x360", "teacher, ms a picture", "teacher, edges", "student, edges"} <= set(
        result.details
    )
    assert "photos, student, teacher" in folder.report.read_text(encoding="utf-8")
    sheet = read_image(folder.sample(30)).astype(int)
    third = sheet.shape[0] // 3
    assert np.abs(sheet[:third] + sheet[2 * third : 3 * third] - 255)[10:30, 10:30].mean() < 20


def test_a_photo_without_its_painting_is_named(pairs: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "paintings" / "0.png", picture(0, flat=True))
    settings = small(method="distil", blocks=1, photos=str(pairs / "trainA"), paintings=(str(tmp_path / "paintings"),))
    with pytest.raises(InputError, match=r"no pairs: .* 1.png, 2.png, 3.png"):
        run(pairs, tmp_path / "runs", settings, silent)
