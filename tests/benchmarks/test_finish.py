"""The benchmark of the finishes runs and reports every measure."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner

from benchmarks import finish
from tests.clips import moving_square
from tests.styles import make_style
from vidstyle.media.images import read_image, write_image


def test_every_finish_is_measured_and_shown(tmp_path: Path) -> None:
    style = make_style(tmp_path / "random.safetensors")
    for number in range(3):
        write_image(tmp_path / "photos" / f"{number}.png", moving_square((96, 64))(number * 7))
    options = ["--count", "2", "--style", str(style), "--sheet", str(tmp_path / "sheet.png"), "--short-side", "80"]
    kinds = ["--finish", "none", "--finish", "guided:1"]
    result = CliRunner().invoke(finish.main, [str(tmp_path / "photos"), *options, *kinds])
    assert result.exit_code == 0, result.output
    rows = [line.strip("| ").split(" | ") for line in result.output.splitlines() if line.startswith("|")][2:]
    assert [row[0] for row in rows] == ["none", "guided:1"]
    plain = np.array([[float(value) for value in row[1:]] for row in rows])
    assert np.isfinite(plain).all()
    assert plain[1, 0] < plain[0, 0]
    assert read_image(tmp_path / "sheet.png").shape == (2 * 274 + 4 + 28, 3 * 364 + 4, 3)
