"""A run leaves all that it promises, and the same command takes it up where it stopped."""

import csv
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.train.conftest import small
from vidstyle.cli.main import main
from vidstyle.errors import ExitCode, InputError, Interrupted, SettingsError, TrainingError
from vidstyle.models.style_file import load_style
from vidstyle.progress import Progress, silent
from vidstyle.train.methods.cut import ContrastiveTraining
from vidstyle.train.stage import run


def _same(first: Path, second: Path) -> bool:
    one, other = load_file(first / "style.safetensors"), load_file(second / "style.safetensors")
    return all(torch.equal(one[name], other[name]) for name in one)


def _checkpoints_equal(first: Path, second: Path) -> bool:
    one, other = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (first, second))
    networks = zip(one["method"]["networks"].values(), other["method"]["networks"].values(), strict=True)
    return all(torch.equal(left[name], right[name]) for left, right in networks for name in left)


def test_a_run_leaves_style_log_report_samples_and_manifest(dataset: Path, tmp_path: Path) -> None:
    result = run(dataset, tmp_path / "runs", small(sample_every=3), silent)
    folder = tmp_path / "runs" / "cut++"
    assert result.counts == {"photos": 5, "paintings": 3, "steps": 6}
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["0000003.png", "0000006.png"]
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads((folder / "manifest.json").read_text())["settings"]["channels"] == 4
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert list(rows[0])[3:] == ["G_GAN", "NCE", "NCE_Y", "D_fake", "D_real"]
    style = load_style(folder / "style.safetensors")
    assert (style.channels, style.blocks, style.size, style.history["steps"]) == (4, 5, 40, 6)


def test_ten_and_ten_steps_are_twenty_steps_to_the_bit(dataset: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    run(dataset, runs, small(name="straight", steps=20), silent)
    run(dataset, runs, small(name="resumed", steps=10), silent)
    run(dataset, runs, small(name="resumed", steps=20), silent)
    assert _same(runs / "straight", runs / "resumed")
    assert _checkpoints_equal(runs / "straight", runs / "resumed")
    steps = [line.split(",")[0] for line in (runs / "resumed" / "log.csv").read_text().splitlines()]
    assert steps == ["step", *map(str, range(2, 21, 2))]


def test_a_kill_loses_only_the_steps_since_the_last_checkpoint(dataset: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"

    def die(progress: Progress) -> None:
        if progress.phase == "training" and progress.done == 5:
            raise SystemExit

    with pytest.raises(SystemExit):
        run(dataset, runs, small(name="killed", save_every=2), die)
    run(dataset, runs, small(name="killed", save_every=2), silent)
    run(dataset, runs, small(name="straight"), silent)
    assert _same(runs / "straight", runs / "killed")


def test_ctrl_c_keeps_everything_and_the_same_command_goes_on(dataset: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"

    def interrupt(progress: Progress) -> None:
        if progress.phase == "training" and progress.done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(
        Interrupted, match=r"^Stopped after step 3; everything is kept\. Give the same command to go on\.$"
    ):
        run(dataset, runs, small(name="stopped"), interrupt)
    run(dataset, runs, small(name="stopped"), silent)
    run(dataset, runs, small(name="straight"), silent)
    assert _same(runs / "straight", runs / "stopped")


def test_cut_is_cut_plus_plus_with_its_three_settings_off(dataset: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    run(dataset, runs, small(method="cut"), silent)
    run(dataset, runs, small(name="by-settings", attention="off", weighting="none", gradient_clip=0.0), silent)
    run(dataset, runs, small(name="full"), silent)
    assert _same(runs / "cut", runs / "by-settings")
    assert not _same(runs / "cut", runs / "full")


@pytest.mark.parametrize(
    "changes", [{"weighting": "outside"}, {"weighting": "as-printed"}, {"gan_mode": "vanilla"}, {"identity": False}]
)
def test_every_reading_of_the_losses_trains_to_finite_numbers(
    dataset: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    run(dataset, tmp_path, small(**changes), silent)
    weights = load_file(tmp_path / "cut++" / "style.safetensors")
    assert all(weight.isfinite().all() for weight in weights.values())


def test_bf16_tracks_fp32(dataset: Path, tmp_path: Path) -> None:
    for precision in ("fp32", "bf16"):
        run(dataset, tmp_path, small(name=precision, precision=precision, steps=4), silent)
    last = [(tmp_path / name / "log.csv").read_text().splitlines()[-1].split(",")[3:] for name in ("fp32", "bf16")]
    assert [float(value) for value in last[1]] == pytest.approx([float(value) for value in last[0]], rel=0.05, abs=0.02)


def test_contrast_falls_on_a_tiny_dataset(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(method="cut", steps=60, log_every=20, lr=1e-3), silent)
    rows = (tmp_path / "cut" / "log.csv").read_text().splitlines()[1:]
    contrast = [float(row.split(",")[4]) for row in rows]
    assert contrast[-1] < contrast[0]


def test_a_style_can_be_started_from(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(name="first"), silent)
    first = str(tmp_path / "first" / "style.safetensors")
    run(dataset, tmp_path, small(name="second", init=first, lr=0.0, steps=1, ema=0.0), silent)
    assert _same(tmp_path / "first", tmp_path / "second")
    with pytest.raises(
        SettingsError, match=r"has 4 channels and 5 blocks\. Give --channels 4 --blocks 5 to start from it"
    ):
        run(dataset, tmp_path, small(name="third", init=first, channels=8), silent)


def test_other_settings_for_a_run_that_stands_are_refused_until_restart(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    with pytest.raises(SettingsError) as caught:
        run(dataset, tmp_path, small(crop=36), silent)
    assert str(caught.value) == (
        f"{tmp_path}/cut++ was started with crop 32. Use that, another --name, or --restart to begin anew."
    )
    run(dataset, tmp_path, small(crop=36, restart=True), silent)


def test_a_broken_checkpoint_is_named(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    (tmp_path / "cut++" / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match=r"^Cannot resume from .*checkpoint\.pt: .*Start anew with --restart"):
        run(dataset, tmp_path, small(), silent)


def test_dry_run_writes_no_run(dataset: Path, tmp_path: Path) -> None:
    result = run(dataset, tmp_path / "runs", small(dry_run=True), silent)
    assert result.counts["steps"] == 6
    assert not (tmp_path / "runs").exists()


def test_epochs_count_images_of_the_larger_side(dataset: Path, tmp_path: Path) -> None:
    settings = small(steps=None, epochs=2, epochs_decay=1, batch=2, dry_run=True)
    assert run(dataset, tmp_path, settings, silent).counts["steps"] == 9


def test_missing_folders_say_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        run(tmp_path, tmp_path / "runs", small(), silent)
    assert str(caught.value).startswith(
        f"There is no folder {tmp_path}/trainA. Put photos of the kind you will paint there"
    )


SIZES = {"channels": 4, "discriminator-channels": 4, "blocks": 5, "crop": 32, "load": 40, "patches": 32, "steps": 2}


def test_a_limit_reached_is_one_message_and_leaves_nothing_half_written(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["train", str(dataset), *(f"--{name}={value}" for name, value in SIZES.items())]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        assert call(command) == ExitCode.OUTPUT
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert " ".join(said.split()).endswith(
        "Cannot write runs/cut++/checkpoint.pt: File too large. What was written before is intact. Raise the limit on the size "
        "of files (`ulimit -f`), or write into another file system."
    )
    assert {path.name for path in (tmp_path / "runs" / "cut++").iterdir()} == {
        ".lock",
        "images.json",
        "settings.json",
        "log.csv",
        "warnings.json",
    }
    assert call(command) == ExitCode.OK


def call(command: list[str]) -> int:
    with pytest.raises(SystemExit) as left:
        main(command)
    return int(str(left.value.code))


def test_training_needs_no_video_library_once_the_cache_stands(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    script = (
        "import sys\n"
        "for name in ('cv2', 'av', 'ffmpeg', 'imageio_ffmpeg'): sys.modules[name] = None\n"
        "from vidstyle.cli.main import main\n"
        "main(sys.argv[1:])"
    )
    options = [f"--{name}={value}" for name, value in {**SIZES, "name": "bare"}.items()]
    done = subprocess.run(
        [sys.executable, "-c", script, "train", str(dataset), *options], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == ExitCode.OK, done.stderr.decode()
    assert (tmp_path / "runs" / "bare" / "samples" / "0000002.png").is_file()


def test_a_run_of_an_earlier_version_goes_on(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(steps=2), silent)
    kept = tmp_path / "cut++" / "settings.json"
    before = json.loads(kept.read_text())
    before |= {"attention": "auto", "weighting": "auto"}
    del before["flip_equivariance"]
    kept.write_text(json.dumps(before))
    assert run(dataset, tmp_path, small(steps=3), silent).counts["steps"] == 3


def test_a_style_of_another_kind_is_no_start(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(method="cut-stylegan", steps=1), silent)
    style = str(tmp_path / "cut-stylegan" / "style.safetensors")
    with pytest.raises(SettingsError) as caught:
        run(dataset, tmp_path, small(init=style), silent)
    assert str(caught.value) == (
        f"The style {style} holds a stylegan2 generator, and cut++ fits a resnet one. "
        "Give a style of that kind, or another --method."
    )


def test_steps_for_each_photo_cannot_change_under_way(dataset: Path, tmp_path: Path, random_vgg16: Path) -> None:
    settings = {"method": "cmd", "vgg16": str(random_vgg16)}
    result = run(dataset, tmp_path, small(**settings, steps=1), silent)
    assert (result.counts["steps"], result.outputs) == (5, (tmp_path / "cmd" / "results",))
    with pytest.raises(
        SettingsError, match=r"^.*/cmd was started with steps 1\. Use that, another --name, or --restart"
    ):
        run(dataset, tmp_path, small(**settings, steps=2), silent)


def test_photos_of_one_name_keep_their_results_apart(dataset: Path, tmp_path: Path, random_vgg16: Path) -> None:
    (dataset / "trainA" / "0.png").rename(dataset / "trainA" / "1.jpg")
    run(dataset, tmp_path, small(method="cmd", vgg16=str(random_vgg16), steps=1), silent)
    names = {path.name for path in (tmp_path / "cmd" / "results").iterdir()}
    assert names == {"1.jpg.png", "1.png.png", "2.png", "3.png", "4.png"}


def test_mirrored_paintings_are_compared_with_photos_as_they_were(dataset: Path) -> None:
    method = ContrastiveTraining(small(method="fastcut"), torch.device("cpu"), torch.float32)
    photos = torch.rand(1, 3, 32, 32) * 2 - 1
    painted, keys = method._paint(photos, mirrored=True)
    assert torch.equal(painted, method.generator(photos.flip(3)))
    assert all(torch.equal(*pair) for pair in zip(keys, method.generator.features(photos), strict=True))
