"""Several results of each photo: those that `render --diversify` wrote, and those of a run that learnt a look."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.diffusion import WIDTH
from tests.drawings import drawing
from tests.evaluate.conftest import MakeRun
from tests.styles import make_style
from vidstyle.errors import InputError
from vidstyle.evaluate import paint_photos
from vidstyle.evaluate.compare import run as compare
from vidstyle.evaluate.inputs import Inputs
from vidstyle.evaluate.settings import CompareSettings, EvaluateSettings
from vidstyle.evaluate.stage import run
from vidstyle.media.images import read_image, write_image
from vidstyle.models.inst.diffusion_files import base_identity
from vidstyle.models.inst.look_file import Look, save_look
from vidstyle.models.style_file import load_style, save_style
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run as render


@pytest.fixture
def inst_run(make_run: MakeRun, tiny_base: Path) -> Path:
    """A finished run that learnt a look."""
    folder = make_run("inst", load=32)
    (folder / "style.safetensors").unlink()
    word = torch.randn(WIDTH, generator=torch.Generator().manual_seed(4))
    save_look(Look(word, str(tiny_base), base_identity(tiny_base)), folder / "inversion.safetensors")
    return folder


def test_what_render_writes_is_taken_as_several_results_of_each_source(
    inst_run: Path, tmp_path: Path, real_weights: Path
) -> None:
    for number in range(2):
        write_image(tmp_path / "photos" / f"view_{number}.png", drawing(number, (48, 40)))
    style = make_style(tmp_path / "style.safetensors")
    settings = RenderSettings(
        style=str(style), device="cpu", diversify=3, diversify_style=str(inst_run), diffusion_steps=8, upscaler="none"
    )
    render(tmp_path / "photos", tmp_path / "varied", settings)
    metrics = EvaluateSettings(metrics="psnr,lpips-diversity", variants=True, device="cpu")
    found = run(Inputs(tmp_path / "varied", source=tmp_path / "photos"), metrics).details["figures"]
    assert [(one["name"], one["counts"]) for one in found] == [
        ("psnr", {"pairs": 6}),
        ("lpips-diversity", {"sources": 2, "results of each": 3}),
    ]
    assert found[1]["value"] > 0.001


def test_names_without_a_number_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "varied" / "view.png", drawing(0, (48, 40)))
    with pytest.raises(InputError) as caught:
        run(Inputs(tmp_path / "varied", source=tmp_path / "varied"), EvaluateSettings(variants=True, device="cpu"))
    assert str(caught.value) == (
        f"{tmp_path}/varied/view.png has no number in its name as NAME_01, NAME_02, ... have, which `vidstyle render "
        "--diversify` writes. Leave --variants out."
    )


def test_a_source_that_lacks_a_result_is_named(tmp_path: Path) -> None:
    for name in ("a_01", "a_02", "b_01"):
        write_image(tmp_path / "varied" / f"{name}.png", drawing(0, (48, 40)))
    settings = EvaluateSettings(metrics="lpips-diversity", variants=True, device="cpu")
    with pytest.raises(
        InputError, match=r"do not hold results of the same sources; the first that only one holds is b\.$"
    ):
        run(Inputs(tmp_path / "varied"), settings)


def test_a_run_with_a_look_paints_several_results_and_does_nothing_twice(
    folders: Path, inst_run: Path, real_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = Inputs(inst_run, photos=folders / "source")
    settings = EvaluateSettings(metrics="psnr,ssim,lpips-diversity", diversify=2, strength=0.1, device="cpu")
    first = run(inputs, settings)
    counts = {one["name"]: one["counts"] for one in first.details["figures"]}
    assert counts == {
        "psnr": {"pairs": 4},
        "ssim": {"pairs": 4},
        "lpips-diversity": {"sources": 4, "results of each": 2},
    }
    one, two = (read_image(inst_run / "evaluation" / f"32px-0{number}" / "2.png").astype(int) for number in (1, 2))
    assert one.shape == (32, 44, 3)
    assert np.abs(one - two).mean() > 0.5
    monkeypatch.setattr(paint_photos, "load_diffusion", lambda *_, **__: pytest.fail("photos were varied again"))
    assert run(inputs, settings).details == first.details
    with pytest.raises(pytest.fail.Exception, match="varied again"):
        run(inputs, EvaluateSettings(metrics="psnr", strength=0.2, device="cpu"))


def test_the_table_has_a_row_for_paintings_that_are_varied(
    folders: Path, make_run: MakeRun, inst_run: Path, real_weights: Path
) -> None:
    cut = make_run("cut", 0)
    file = cut / "style.safetensors"
    save_style(replace(load_style(file), history={"settings": {"method": "cut"}}), file)
    settings = CompareSettings(crops=4, crop=32, crop_scale=32, rows=2, device="cpu", size=32, paint_with=str(cut))
    result = compare([cut, inst_run], folders / "source", folders / "target", folders / "table", settings)
    rows = {row["method"]: row for row in json.loads((folders / "table" / "table.json").read_text())["rows"]}
    name = "cut with inst"
    assert list(rows) == ["cut", name, "(photos, untouched)"]
    assert {"psnr", "ssim", "fd-vgg16", "ms a picture", "train seconds"} <= rows["cut"]["figures"].keys()
    assert rows[name]["figures"].keys() - rows["cut"]["figures"].keys() == {"lpips-diversity"}
    assert "parameters" not in rows[name]["figures"]
    assert "- lpips-diversity: n: 4 sources, 2 results of each; 44x32;" in result.details["table"]
    assert read_image(folders / "table" / "grid.png").shape == (28 + 2 * 36 + 4, 3 * 36 + 4, 3)
