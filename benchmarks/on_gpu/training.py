"""Part 5: `vidstyle train` until the clock stops it, as Ctrl-C would, and what it leaves packed to be brought home.

    python -m benchmarks.on_gpu.training FIGURES --dataset DATASET --seconds 240 --home OUT -- --channels 64

What stands after `--` are arguments of `vidstyle train`. The run stays in RUNS, where the same command goes on. Its
style (as fp16), log, scores, samples and report go into OUT/training.tar.00, .01 and so on, pieces that are small enough
to be brought home; so does the checkpoint where it fits. `cat training.tar.* | tar x` unpacks them.
"""

import json
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import torch

from benchmarks.on_gpu.figures import MEBIBYTE, Figures
from benchmarks.on_gpu.parts import ROOT
from vidstyle.errors import ExitCode
from vidstyle.media.images import write_image
from vidstyle.models.style_file import load_style, save_style
from vidstyle.run_folder import RunFolder, read_log

PIECE_BYTES, MOST_PIECES = 15 * MEBIBYTE, 4
PHOTOS, EPOCHS = 571, 200
NAME = "on-gpu"
POLL_SECONDS = 0.2
TINY = ("--channels", "4", "--discriminator-channels", "4", "--blocks", "5", "--crop", "32", "--load", "32")
TINY_EVERY = ("--sample-every", "2", "--save-every", "2", "--log-every", "1", "--holdout", "0", "--device", "cpu")
SHIPPED = ("--sample-every", "1000", "--save-every", "1000", "--device", "cuda")
MOST_STEPS = ("--steps", "1000000")
"""More than any clock allows, unless the arguments say otherwise."""


def tiny_dataset(folder: Path) -> Path:
    """Write a few pictures of noise to rehearse with, and return their folder."""
    random = np.random.default_rng(0)
    for side in ("trainA", "trainB"):
        (folder / side).mkdir(parents=True)
        for number in range(8):
            coarse = random.integers(0, 256, (5, 6, 3), np.uint8)
            write_image(folder / side / f"{number}.png", coarse.repeat(8, 0).repeat(8, 1))
    return folder


def train(command: Sequence[str], seconds: float, log: Path) -> tuple[int, float]:
    """Run a command, interrupt it after so many seconds, and return its exit code and how long it took in all.

    It is not interrupted before there is a row in its `log`, since it would leave nothing.
    """
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        while process.poll() is None and (time.monotonic() - began < seconds or not _has_row(log)):
            time.sleep(POLL_SECONDS)
        if process.poll() is None:
            print(f"The clock stops training after {seconds:.0f} s.", flush=True)
            process.send_signal(signal.SIGINT)
        return process.wait(), time.monotonic() - began
    finally:
        if process.poll() is None:
            process.kill()


def _has_row(log: Path) -> bool:
    return log.is_file() and log.read_bytes().count(b"\n") > 1


def speed(folder: RunFolder, batch: int) -> dict[str, Any]:
    """Return the images a second over the run's log, whose first row is left out, and how long many epochs would take."""
    rows = read_log(folder.log)
    timed = [row["seconds_per_step"] for row in rows[1:] or rows]
    if not timed:
        return {}
    images = batch / (sum(timed) / len(timed))
    return {"images/s": images, f"minutes for {EPOCHS} epochs of {PHOTOS} photos": EPOCHS * PHOTOS / images / 60}


def pack(folder: RunFolder, home: Path) -> list[str]:
    """Write what the run leaves into pieces in `home`, and return the names of files that do not fit."""
    content = BytesIO()
    left_out = []
    with TemporaryDirectory() as name, tarfile.open(fileobj=content, mode="w") as tar:
        for path in _files_to_bring(folder):
            packed = path
            if path.suffix == ".safetensors":
                packed = Path(name) / path.name
                save_style(load_style(path), packed, torch.float16)
            if content.tell() + packed.stat().st_size > PIECE_BYTES * MOST_PIECES - MEBIBYTE:
                left_out.append(f"{path.name} ({path.stat().st_size / MEBIBYTE:.0f} MiB)")
                continue
            tar.add(packed, f"{folder.path.name}/{path.relative_to(folder.path)}")
    whole = content.getvalue()
    for old in home.glob("training.tar.*"):
        old.unlink()
    for number, start in enumerate(range(0, len(whole), PIECE_BYTES)):
        (home / f"training.tar.{number:02d}").write_bytes(whole[start : start + PIECE_BYTES])
    return left_out


def _files_to_bring(folder: RunFolder) -> list[Path]:
    """Return the run's files, the smallest first but for the style, and the checkpoint last."""
    files = [path for path in folder.path.rglob("*") if path.is_file() and not path.name.startswith(".")]
    order = {folder.style: 0, folder.best_style: 2, folder.checkpoint: 3}
    return sorted(files, key=lambda path: (order.get(path, 1), path.stat().st_size))


def report(found: Figures, folder: RunFolder, code: int, seconds: float, left_out: Sequence[str]) -> None:
    """Add what the run came to."""
    batch = json.loads(folder.settings.read_text()).get("batch") or 1 if folder.settings.is_file() else 1
    rows = read_log(folder.log) if folder.log.is_file() else []
    scores = read_log(folder.scores) if folder.scores.is_file() else []
    row: dict[str, Any] = {"exit code": code, "s": seconds, "steps": int(rows[-1]["step"]) if rows else 0}
    row |= speed(folder, batch) if rows else {}
    row |= {"left out": ", ".join(left_out) or None}
    found.add("training", **row)
    for score in scores:
        found.add("scores", **score)
    found.say(f"{row['steps']:,} steps of batch {batch}, {row.get('images/s', 0):.1f} images a second")


@click.command(help=__doc__)
@click.argument("figures", type=click.Path(path_type=Path))
@click.option("--dataset", type=click.Path(path_type=Path), help="Folder with trainA and trainB.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True)
@click.option("--home", type=click.Path(path_type=Path), required=True, help="Folder of the pieces.")
@click.option("--runs", type=click.Path(path_type=Path), default=ROOT / "runs", help="Folder of the run's folder.")
@click.option("--rehearse", is_flag=True)
@click.argument("arguments", nargs=-1)
def main(
    figures: Path,
    dataset: Path | None,
    seconds: float,
    home: Path,
    runs: Path,
    rehearse: bool,
    arguments: tuple[str, ...],
) -> None:
    found = Figures(figures)
    if dataset is None and not rehearse:
        found.say("left out: no --dataset was given")
        return
    with TemporaryDirectory() as name:
        images = dataset or tiny_dataset(Path(name) / "dataset")
        runs = Path(name) / "runs" if rehearse else runs
        usual = (*TINY, *TINY_EVERY) if rehearse else SHIPPED
        words = [str(images), "--runs", str(runs), "--name", NAME, *usual, *MOST_STEPS, *arguments]
        folder = RunFolder(runs / NAME)
        code, taken = train([sys.executable, "-m", "vidstyle", "train", "--quiet", *words], seconds, folder.log)
        report(found, folder, code, taken, pack(folder, home))
        kept = code in (ExitCode.OK, ExitCode.INTERRUPTED) and folder.style.is_file()
    sys.exit(0 if kept else f"Training ended with exit code {code}.")


if __name__ == "__main__":
    main()
