"""How the files in this folder were made, by version 0.1.0 at commit ee0de45: `python -m tests.files_of_0_1_0.make`.

Each part was broken off on purpose, so that a later version has to go on with what this one wrote:

- `dataset`: drawn images, with the cache that training left among them.
- `runs/film`: a CUT++ run of 4 steps that was finished, continued with TRAIN and stopped by Ctrl-C on its way. What it
  only shows, and a resumed run makes anew, was left out: plot, samples and report.
- `clip.mp4` and `.painted.mp4.render`: a video with sound, and what RENDER left of it when its process was killed.

All paths in the files are relative to this folder, and the commands run in it. One thing is not as it was written: the
checkpoint is compressed, and each tensor of the patch embeddings and their optimiser repeats its first PERIOD values;
35 MB of them would not be worth keeping. What names a machine is put right by `restored`.
"""

import json
import lzma
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import vidstyle
from tests.clips import make_clip, moving_square

FOLDER = Path(__file__).parent
SIZES = ("--channels=1", "--discriminator-channels=1", "--blocks=5", "--crop=32", "--load=40", "--patches=16")
ON_CPU = ("--precision=fp32", "--device=cpu")
TRAIN = ("train", "dataset", "--name=film", *SIZES, *ON_CPU, "--log-every=1", "--save-every=2", "--steps=12")
PAINTED = ("--style=runs/film/style.safetensors", "--backend=eager", "--upscaler=none", "--flicker=flow", "--size=16")
RENDER = ("render", "clip.mp4", "-o", "painted.mp4", *PAINTED, *ON_CPU, "--segment=10", "--preset=ultrafast")
FRAMES, SIZE = 40, (48, 32)
PERIOD = 61


def restored(folder: Path) -> Path:
    """Copy the files into `folder`, which is made, as they would lie on this machine, and return it.

    An unfinished render goes on only with the source as it was, its time of change included, and with the same versions
    of vidstyle, torch and PyAV. A checkout has other times and this machine may have other versions, so these values
    (never their names) are written anew into the manifest.
    """
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "*.xz", "__pycache__"))
    packed = FOLDER / "runs" / "film" / "checkpoint.pt.xz"
    (folder / "runs" / "film" / "checkpoint.pt").write_bytes(lzma.decompress(packed.read_bytes()))
    manifest = folder / ".painted.mp4.render" / "manifest.json"
    stated = json.loads(manifest.read_text())
    source = {"mtime_ns": (folder / "clip.mp4").stat().st_mtime_ns}
    versions = {"vidstyle": vidstyle.__version__, "torch": version("torch"), "av": version("av")}
    for values, now in ((stated["made_of"]["source"], source), (stated["made_of"]["versions"], versions)):
        assert now.keys() <= values.keys()
        values.update(now)
    manifest.write_text(json.dumps(stated))
    return folder


def make() -> None:
    """Make the files anew, with the version that runs."""
    for path in FOLDER.iterdir():
        if path.suffix != ".py":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for side, count, noise in (("trainA", 3, 12), ("trainB", 2, 0)):
        (FOLDER / "dataset" / side).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(FOLDER / "dataset" / side / f"{number}.png"), _drawn(number + 10 * noise, noise))
    _call(*TRAIN[:-1], "--steps=4")
    log = FOLDER / "runs" / "film" / "log.csv"
    _broken_off(TRAIN, lambda: len(log.read_text().splitlines()) > 7, signal.SIGINT)
    _pack(FOLDER / "runs" / "film" / "checkpoint.pt")
    shutil.rmtree(FOLDER / "runs" / "film" / "samples")
    for shown in ("losses.png", "report.html"):
        (FOLDER / "runs" / "film" / shown).unlink()
    make_clip(FOLDER / "clip.mp4", size=SIZE, frames=FRAMES, audio=1, pictures=moving_square(SIZE, step=1))
    journal = FOLDER / ".painted.mp4.render" / "journal.jsonl"
    _broken_off(RENDER, lambda: journal.exists() and len(journal.read_text().splitlines()) > 1, signal.SIGKILL)


def _drawn(seed: int, noise: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    blocks = np.kron(random.integers(20, 220, (4, 5, 3)), np.ones((10, 10, 1), int))
    return (blocks + random.integers(0, noise + 1, blocks.shape)).astype(np.uint8)


def _started(arguments: tuple[str, ...]) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent.parent), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-m", "vidstyle", *arguments], cwd=FOLDER, env=environment)


def _call(*arguments: str) -> None:
    assert _started(arguments).wait() == 0


def _broken_off(arguments: tuple[str, ...], far_enough: Callable[[], bool], by: signal.Signals) -> None:
    process = _started(arguments)
    while not far_enough():
        assert process.poll() is None, "it was not broken off in time"
        time.sleep(0.002)
    process.send_signal(by)
    assert process.wait() != 0


def _pack(checkpoint: Path) -> None:
    import torch

    state = torch.load(checkpoint, weights_only=True)
    method = state["method"]
    method["networks"]["embeddings"] = _repeating(method["networks"]["embeddings"])
    method["optimizers"][-1] = _repeating(method["optimizers"][-1])
    torch.save(state, checkpoint)
    checkpoint.with_suffix(".pt.xz").write_bytes(lzma.compress(checkpoint.read_bytes(), preset=9))
    checkpoint.unlink()


def _repeating(value: Any) -> Any:
    if isinstance(value, dict):
        return type(value)((name, _repeating(part)) for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(map(_repeating, value))
    if not hasattr(value, "numel") or value.numel() <= PERIOD:
        return value
    times = -(-value.numel() // PERIOD)
    return value.flatten()[:PERIOD].repeat(times)[: value.numel()].reshape(value.shape).clone()


if __name__ == "__main__":
    make()
