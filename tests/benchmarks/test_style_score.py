"""The measuring command measures what it says."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from benchmarks.likeness import edge_agreement
from benchmarks.style_score import colour_transfer, main, matching
from vidstyle.errors import InputError
from vidstyle.models.style_file import Style, save_style
from vidstyle.networks.resnet_generator import ResNetGenerator


def test_edges_agree_with_themselves_whatever_the_brightness_and_not_with_moved_ones() -> None:
    image = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    assert edge_agreement(image, 0.5 * image + 0.2) == pytest.approx(1, abs=1e-5)
    assert abs(edge_agreement(image, image.roll((9, 7), (2, 3)))) < 0.2


def test_colour_transfer_gives_each_channel_the_mean_and_deviation_of_one_target_picture() -> None:
    generator = torch.Generator().manual_seed(0)
    photo = torch.rand(1, 3, 30, 30, generator=generator)
    target = [0.3 * number + 0.1 * torch.rand(1, 3, 20, 20, generator=generator) for number in (1, 2)]
    chosen = int(np.random.default_rng(4).integers(2, size=1)[0])
    moved = colour_transfer([photo], target, seed=4)[0]
    torch.testing.assert_close(moved.mean((2, 3)), target[chosen].mean((2, 3)), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(moved.std((2, 3)), target[chosen].std((2, 3)), rtol=1e-2, atol=1e-4)


def test_a_photo_without_its_styled_picture_is_named() -> None:
    with pytest.raises(InputError) as caught:
        matching({"a": torch.zeros(1, 3, 4, 4), "b": torch.zeros(1, 3, 4, 4)}, {"a": torch.zeros(1, 3, 4, 4)})
    assert str(caught.value) == "1 photos have no styled picture of their name, the first is b."


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Noisy photos, and flat cartoon frames with one line each."""
    generator = np.random.default_rng(0)
    for name in ("photos", "cartoon"):
        (tmp_path / name).mkdir()
    for number in range(4):
        cv2.imwrite(str(tmp_path / "photos" / f"{number}.png"), generator.integers(0, 255, (70, 90, 3), np.uint8))
        frame = np.full((70, 90, 3), generator.integers(0, 255, 3), np.uint8)
        cv2.line(frame, (10 * number, 0), (80, 69), (0, 0, 0), 3)
        cv2.imwrite(str(tmp_path / "cartoon" / f"{number}.png"), frame)
    return tmp_path / "photos", tmp_path / "cartoon"


def test_the_command_finds_the_cartoon_nearer_to_itself_than_photos_are(
    folders: tuple[Path, Path], real_weights: Path
) -> None:
    photos, cartoon = folders
    sets = f"--photos {photos} --styled {cartoon} --target {cartoon}"
    result = CliRunner().invoke(main, f"{sets} --crops 16 --crop 32 --size 48 --json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    scores = report["scores"]
    assert list(scores) == ["untouched", "colour transfer", "styled", "target halves"]
    assert scores["styled"]["fd-vgg16"] < 0.5 * scores["untouched"]["fd-vgg16"]
    assert scores["untouched"]["ssim"] == pytest.approx(1)
    assert scores["styled"]["ssim"] < 0.5
    assert report["counts"] == {"photos": 4, "target pictures": 4, "crops of each set": 16}


def test_a_target_is_asked_for() -> None:
    result = CliRunner().invoke(main, ["--photos", "."])
    assert result.exit_code == 2
    assert "Give one of --target and --target-video" in result.output


def test_it_paints_the_photos_itself_and_takes_the_target_from_a_video(
    folders: tuple[Path, Path], real_weights: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    weights = ResNetGenerator(4, 1).state_dict()
    save_style(Style("resnet", channels=4, blocks=1, size=48, weights=weights), tmp_path / "style.safetensors")
    video = Path(__file__).parents[2] / "sample_videos" / "cartoon.mp4"
    target = f"--target-video {video} --target-range 1 2 --target-range 5 5.9 --target-every 0.5"
    sets = f"--photos {folders[0]} --style {tmp_path / 'style.safetensors'} {target}"
    result = CliRunner().invoke(main, f"{sets} --crops 8 --crop 32 --size 48 --precision fp32")
    assert result.exit_code == 0, result.output
    assert "photos: 4, target pictures: 4, crops of each set: 8" in result.output
    row = next(line for line in result.output.splitlines() if "styled" in line)
    assert row.split("│")[4].strip() not in ("1", "-")
