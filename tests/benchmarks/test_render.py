"""The benchmarks of rendering run and report every figure."""

import json
from pathlib import Path

from click.testing import CliRunner

from benchmarks import memory, render
from tests.styles import make_style


def test_every_part_the_whole_and_the_twin_are_timed(tmp_path: Path) -> None:
    style = make_style(tmp_path / "random.safetensors")
    options = "--size 64 48 --frames 4 --times 1 --upscaler realesr-animevideov3 --outscale 2 --precision fp32 --json"
    result = CliRunner().invoke(
        render.main, [*options.split(), "--backend", "eager", "--style", str(style), "--device", "cpu"]
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    taken = figures["seconds_per_frame"]
    assert set(taken) == {"decode", "convert", "generator", "upscaler", "encode", "end to end", "plain twin"}
    assert all(one > 0 for one in taken.values())
    assert figures["resolved"]["precision"] == "fp32"
    assert figures["psnr_to_fp32"] > 90


def test_memory_is_compared_between_lengths(tmp_path: Path) -> None:
    style = make_style(tmp_path / "random.safetensors")
    options = ["--size", "64", "48", "--seconds", "1", "--seconds", "2", "--rate", "4", "--style", str(style)]
    result = CliRunner().invoke(memory.main, options)
    assert result.exit_code == 0, result.output
    rows = [line.split("│")[1:6] for line in result.output.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row[:2]] for row in rows] == [["1", "4"], ["2", "8"]]
    assert [300 < float(row[3]) < 3000 for row in rows] == [True, True]
