"""The int8 twin of a style is made once, paints like it, and lets a render in int8 do without NNCF."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from tests.clips import make_clip
from tests.models.test_compact_style import style as compact
from tests.renders import painter_of
from vidstyle.cli.export import export
from vidstyle.media.images import write_image
from vidstyle.media.probe import probe
from vidstyle.models.int8_twin import find_twin, make_twin, twin_path, typical_pictures
from vidstyle.models.openvino import digest
from vidstyle.models.style_file import load_style, save_style, shipped_styles
from vidstyle.progress import silent
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Return a style file with its twin, and the twin's PSNR."""
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    path = tmp_path_factory.mktemp("twin") / "style.safetensors"
    save_style(compact(), path)
    random = torch.Generator().manual_seed(0)
    pictures = [torch.rand(1, 3, 48, 64, generator=random) for _ in range(2)]
    return path, make_twin(path, pictures, twin_path(path), silent)


def test_a_twin_is_near_its_style_and_lies_beside_it(twin: tuple[Path, float]) -> None:
    path, psnr = twin
    assert psnr > 38
    assert twin_path(path).name == "style-int8.zip" and find_twin(path) == twin_path(path)


def test_a_copy_of_a_style_of_the_package_has_its_twin_too(tmp_path: Path) -> None:
    path = shipped_styles()["default"]
    copy = Path(shutil.copy(path, tmp_path / "copy.safetensors"))
    assert find_twin(copy) == find_twin(path) == twin_path(path)


def test_a_render_in_int8_uses_it_and_asks_for_no_nncf(
    twin: tuple[Path, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = twin
    monkeypatch.setitem(sys.modules, "nncf", None)
    clip = probe(make_clip(tmp_path / "in.mp4", size=(64, 48), frames=2))
    painter = painter_of(clip, Engine(RenderSettings(style=str(path), device="cpu", precision="int8")))
    assert painter.config.quantised == digest(twin_path(path))
    images = torch.rand(1, 3, 48, 64)
    exact = Engine(RenderSettings(style=str(path), device="cpu", precision="fp32", backend="eager"))
    difference = painter.generator(images) - painter_of(clip, exact).generator(images)
    assert 0 < difference.abs().mean() < 0.02


def test_a_twin_of_other_weights_does_not_count(twin: tuple[Path, float], tmp_path: Path) -> None:
    path, _ = twin
    other = compact(2)
    save_style(other, tmp_path / "style.safetensors")
    twin_path(tmp_path / "style.safetensors").write_bytes(twin_path(path).read_bytes())
    assert find_twin(tmp_path / "style.safetensors") is None
    twin_path(tmp_path / "style.safetensors").write_bytes(b"no archive")
    assert find_twin(tmp_path / "style.safetensors") is None
    assert load_style(tmp_path / "style.safetensors").blocks == 2


def test_typical_pictures_are_middle_squares_spread_over_the_folder(tmp_path: Path) -> None:
    for number in range(20):
        write_image(tmp_path / f"{number}.png", np.full((40 + number, 60, 3), 10 * number, np.uint8))
    pictures = typical_pictures(tmp_path, 32)
    assert {tuple(picture.shape) for picture in pictures} == {(1, 3, 32, 32)}
    assert [round(float(picture.mean()) * 255) for picture in pictures] == [20 * number for number in range(10)]


def test_export_asks_for_photos_to_measure_ranges_on(tmp_path: Path) -> None:
    save_style(compact(), tmp_path / "style.safetensors")
    command = [str(tmp_path / "style.safetensors"), "--to", "int8", "-o", str(tmp_path / "style-int8.zip")]
    assert "--photos" in str(CliRunner().invoke(export, command).exception)
    (tmp_path / "empty").mkdir()
    told = CliRunner().invoke(export, [*command, "--photos", str(tmp_path / "empty")])
    assert "holds no pictures" in str(told.exception)
