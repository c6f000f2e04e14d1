"""`vidstyle weights` tells where every known set of weights is."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from vidstyle.cli.weights import weights
from vidstyle.models.weights import KNOWN


def test_it_lists_every_known_row_with_its_place_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "realesr-animevideov3.pth").write_bytes(bytes(3 * 2**20))
    result = CliRunner().invoke(weights)
    lines = {line.split()[0]: line for line in result.output.splitlines()}
    assert result.exit_code == 0
    assert lines["realesr-animevideov3"].split()[1:5] == [
        "upscaler",
        "x4",
        "3.0",
        str(tmp_path / "realesr-animevideov3.pth"),
    ]
    assert lines["realesrgan-x4plus"].split()[3] == "32.0"
    assert lines["vgg16"].split()[2:6] == ["x1", "-", "not", "found"]
    assert all(row.licence in lines[row.name] for row in KNOWN)
    assert lines["Looked"].startswith(f"Looked in {tmp_path}, {tmp_path / 'cache'}")
