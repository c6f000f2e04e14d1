"""A run that is taken up goes on with the images it was started with, or says what is new."""

import json
import shutil
from pathlib import Path

import pytest

from tests.train.conftest import picture, small
from vidstyle.errors import SettingsError
from vidstyle.media.images import write_image
from vidstyle.progress import silent
from vidstyle.run_folder import RunFolder
from vidstyle.train.stage import run


def _refusal(dataset: Path, runs: Path, **changes: object) -> str:
    with pytest.raises(SettingsError) as caught:
        run(dataset, runs, small(**changes), silent)
    return str(caught.value)


def test_another_dataset_under_the_same_name_is_refused_until_restart(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    other = tmp_path / "other"
    shutil.copytree(dataset / "trainB", other / "trainB")
    for number in range(2):
        write_image(other / "trainA" / f"{number}.png", picture(50 + number, False))
    write_image(other / "trainA" / "p.png", picture(60, False))
    assert _refusal(other, tmp_path, steps=8) == (
        f"{tmp_path}/cut++ was started on other photos, from {dataset}/trainA: gone or changed: 0.png, 1.png, 2.png and 2 "
        "more; new: p.png. Use those, another --name, or --restart to begin anew."
    )
    run(other, tmp_path, small(restart=True), silent)


def test_photos_that_came_are_refused_since_held_out_ones_would_change(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    write_image(dataset / "trainA" / "7.png", picture(7, False))
    assert _refusal(dataset, tmp_path) == (
        f"{tmp_path}/cut++ was started on other photos, from {dataset}/trainA: new: 7.png. Use those, another --name, or "
        "--restart to begin anew."
    )


def test_a_dataset_that_moved_is_the_same_one(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    moved = tmp_path / "moved"
    for side in ("trainA", "trainB"):
        shutil.copytree(dataset / side, moved / side, copy_function=shutil.copyfile)
    assert run(moved, tmp_path, small(steps=8), silent).counts["steps"] == 8


def test_a_run_goes_on_with_a_season_that_grew_and_says_so_once(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    write_image(dataset / "trainB" / "9.png", picture(9, True))
    said = (
        f"Cartoon frames were added since {tmp_path}/cut++ was started: 9.png. It goes on with all of them; earlier "
        "scores were measured with fewer."
    )
    for steps in (8, 10):
        result = run(dataset, tmp_path, small(steps=steps), silent)
        assert result.counts["paintings"] == 4
        assert result.warnings.count(said) == 1
    (dataset / "trainB" / "9.png").unlink()
    assert "other cartoon frames" in _refusal(dataset, tmp_path)


def test_a_frame_more_may_be_another_style_image(dataset: Path, tmp_path: Path, random_vgg16: Path) -> None:
    single = {"method": "rt", "vgg16": str(random_vgg16), "steps": 1}
    run(dataset, tmp_path, small(**single), silent)
    write_image(dataset / "trainB" / "9.png", picture(9, True))
    assert _refusal(dataset, tmp_path, **single).startswith(f"{tmp_path}/rt was started on other cartoon frames, from")


def test_a_run_of_an_earlier_version_or_cache_is_taken_up(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    folder = RunFolder(tmp_path / "cut++")
    folder.images.unlink()
    for index in (dataset / ".cache").glob("*/index.json"):
        stated = json.loads(index.read_text())
        for row in stated["images"]:
            del row["sha256"]
        index.write_text(json.dumps(stated))
    for side in ("trainA", "trainB"):
        (dataset / side).rename(tmp_path / side)
    run(dataset, tmp_path, small(steps=8), silent)
    for side in ("trainA", "trainB"):
        (tmp_path / side).rename(dataset / side)
    run(dataset, tmp_path, small(steps=9), silent)
