"""The run for a GPU: parts that fail or hang cost their own limit, what is found stays, and the kit starts on a bare machine."""

import json
import os
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.on_gpu.figures import Figures, FlopCount
from benchmarks.on_gpu.parts import ROOT, Outcome, Part, markdown, run_parts
from benchmarks.on_gpu.training import PIECE_BYTES, pack
from tests.styles import make_style
from vidstyle.media.images import write_image
from vidstyle.run_folder import RunFolder

GOOD = """
import sys
from pathlib import Path
from benchmarks.on_gpu.figures import Figures
found = Figures(Path(sys.argv[1]))
found.add('rows', name='a', value=1.5)
found.say('all is well')
"""
HANGING = (
    GOOD
    + """
import subprocess, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
print('child', child.pid, flush=True)
time.sleep(600)
"""
)


def part(name: str, code: str, share: float = 1, needs: str = "") -> Part:
    return Part(name, share, lambda figures, limit: ["-c", code, str(figures)], needs)


def is_running(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_part_that_fails_or_hangs_costs_its_own_limit_and_its_figures_stay(tmp_path: Path) -> None:
    parts = [
        part("first", HANGING, share=0.5),
        part("second", "raise SystemExit('broken')", share=0.5),
        part("third", GOOD),
        part("fourth", GOOD, needs="no_such_module"),
    ]
    began = time.monotonic()
    outcomes = run_parts(parts, 0.6, tmp_path)
    assert time.monotonic() - began < 60
    assert [outcome.ending for outcome in outcomes] == ["out of time", "failed", "done", "left out"]
    assert [outcome.good for outcome in outcomes] == [False, False, True, True]
    log = (tmp_path / "output.log").read_text()
    child = re.search(r"^child (\d+)$", log, re.M)
    assert child and not is_running(int(child[1]))
    assert "broken" in log
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["first"]["tables"] == figures["third"]["tables"] == {"rows": [{"name": "a", "value": 1.5}]}
    table = (tmp_path / "table.md").read_text()
    assert "| third | done |" in table and "| all is well |" in table
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures.json", "output.log", "table.md"]


def test_a_fault_costs_its_own_row(tmp_path: Path) -> None:
    found = Figures(tmp_path / "f.json")
    found.attempt("rows", {"case": 1}, lambda: {"ms": 1 / 0})
    found.attempt("rows", {"case": 2}, lambda: {"ms": 2.0})
    rows = json.loads((tmp_path / "f.json").read_text())["tables"]["rows"]
    assert rows == [{"case": 1, "fault": "ZeroDivisionError: division by zero"}, {"case": 2, "ms": 2.0}]
    assert found.faults == 1
    assert markdown(rows)[0] == "| case | fault | ms |"
    assert markdown(rows)[-1] == "| 2 | - | 2 |"


def test_products_are_counted_with_and_without_gradients() -> None:
    network, images = nn.Conv2d(3, 5, 3), torch.rand(2, 3, 10, 10)
    products = 2 * (2 * 5 * 8 * 8) * (3 * 3 * 3)
    with FlopCount() as counter, torch.inference_mode():
        network(images)
    assert counter.flop == products
    with FlopCount() as counter:
        network(images).sum().backward()
    assert counter.flop == 2 * products


def test_what_a_run_leaves_comes_home_in_pieces_that_are_small_enough(tmp_path: Path) -> None:
    folder, home = RunFolder(tmp_path / "run"), tmp_path / "home"
    (folder.path / "samples").mkdir(parents=True)
    home.mkdir()
    make_style(folder.style)
    folder.log.write_text("step\n1\n")
    (folder.path / "samples" / "1.png").write_bytes(os.urandom(100))
    folder.best_style.write_bytes(folder.style.read_bytes())
    folder.checkpoint.write_bytes(bytes(5 * PIECE_BYTES))
    (folder.path / "losses.png").write_bytes(os.urandom(PIECE_BYTES + 1))
    assert pack(folder, home) == ["checkpoint.pt (75 MiB)"]
    pieces = sorted(home.iterdir())
    assert [piece.name for piece in pieces] == ["training.tar.00", "training.tar.01"]
    assert all(piece.stat().st_size <= PIECE_BYTES for piece in pieces)
    joined = tmp_path / "joined.tar"
    joined.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    with tarfile.open(joined) as tar:
        sizes = {member.name: member.size for member in tar.getmembers()}
    assert set(sizes) == {
        f"run/{name}"
        for name in ("style.safetensors", "style-best.safetensors", "log.csv", "losses.png", "samples/1.png")
    }
    assert sizes["run/style.safetensors"] < 0.7 * folder.style.stat().st_size


BARE = """
import socket, sys
for name in ('av', 'cv2', 'ffmpeg', 'imageio_ffmpeg'): sys.modules[name] = None
def refuse(*arguments, **keywords): raise OSError('there is no network here')
socket.getaddrinfo = socket.create_connection = refuse
"""
"""Stands in each Python process for a machine without PyAV, OpenCV, ffmpeg and a network."""


def test_the_kit_unpacks_and_trains_where_there_is_no_pyav_no_ffmpeg_and_no_network(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("photos", "art"):
        (tmp_path / name).mkdir()
        for number in range(8):
            coarse = random.integers(0, 256, (5, 6, 3), np.uint8)
            write_image(tmp_path / name / f"{number}.png", coarse.repeat(16, 0).repeat(16, 1))
    kit, there = tmp_path / "kit", tmp_path / "there"
    pack_it = [
        "bash",
        str(ROOT / "benchmarks" / "on_gpu_kit.sh"),
        "--kit",
        str(kit),
        "--side",
        "48",
        "--without",
        "vgg16",
    ]
    pack_it += ["--art", str(tmp_path / "art"), "--photos", str(tmp_path / "photos")]
    offline = {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    offline |= {"XZ_OPT": "-0"}  # packing well takes seconds
    packed = subprocess.run(pack_it, env={**os.environ, **offline}, capture_output=True, text=True)
    assert packed.returncode == 0, packed.stdout + packed.stderr
    assert "Left out: PyAV and the other packages cannot be fetched" in packed.stdout
    assert 'There, run: bash kit/start.sh -o "$OUT" --minutes 9' in packed.stdout
    assert sum(path.stat().st_size for path in kit.iterdir()) < 60 << 20

    there.mkdir()
    (there / "sitecustomize.py").write_text(BARE)
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(there), "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    bare |= {"ON_GPU_FOLDER": str(there / "unpacked"), "HOME": str(there)}
    start = [
        "bash",
        str(kit / "start.sh"),
        "-o",
        str(there / "out"),
        "--rehearse",
        "--only",
        "training",
        "--only",
        "render",
    ]
    done = subprocess.run(start, env=bare, cwd=there, capture_output=True, text=True)
    log = (there / "out" / "output.log").read_text()
    assert done.returncode == 0, done.stdout + done.stderr + log
    assert "render: left out in 0 s. There is no module av." in done.stdout
    assert (there / "out" / "training.tar.00").is_file()
    row = json.loads((there / "out" / "figures.json").read_text())["training"]["tables"]["training"][0]
    assert row["exit code"] == 130 and row["steps"] > 0


def test_outcomes_that_could_not_be_better_here_are_good() -> None:
    outcomes = [Outcome("a", ending, 1, 2, {}) for ending in ("done", "left out", "failed", "out of time")]
    assert [outcome.good for outcome in outcomes] == [True, True, False, False]
