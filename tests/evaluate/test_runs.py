"""A run paints the photos it is measured on, keeps them and its figures, and does neither twice."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.evaluate.conftest import MakeRun
from tests.train.conftest import picture, small
from vidstyle.errors import InputError, SettingsError
from vidstyle.evaluate import paint_photos, stage
from vidstyle.evaluate.inputs import Inputs
from vidstyle.evaluate.runs import open_run
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.evaluate.stage import run
from vidstyle.media.images import read_image, write_image
from vidstyle.models.resize import resize
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.pixels import to_device, to_host
from vidstyle.progress import Progress, silent
from vidstyle.train import log
from vidstyle.train.methods.cut import ContrastiveTraining
from vidstyle.train.stage import run as train

PIXELS = EvaluateSettings(metrics="psnr,ssim", device="cpu")


def test_photos_are_painted_at_the_size_of_the_style(folders: Path, make_run: MakeRun) -> None:
    folder = make_run()
    result = run(Inputs(folder, photos=folders / "source"), PIXELS)
    painted = read_image(folder / "evaluation" / "32px" / "2.png")
    cpu = torch.device("cpu")
    small = to_host(resize(to_device(read_image(folders / "source" / "2.png")[None], cpu), (44, 32)), sixteen_bit=False)
    record = json.loads((folder / "evaluation" / "32px" / "painted.json").read_text())
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[record["precision"]]
    generator = StyleGenerator(load_style(folder / "style.safetensors"), cpu, dtype)
    np.testing.assert_array_equal(painted, to_host(generator(to_device(small, cpu)), sixteen_bit=False)[0])
    assert result.details["figures"][0]["size"] == "44x32"
    assert record["milliseconds"] > 0


def test_what_is_done_is_not_done_again(folders: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = Inputs(make_run(), photos=folders / "source")
    first = run(inputs, PIXELS)
    monkeypatch.setattr(paint_photos, "StyleGenerator", lambda *_: pytest.fail("photos were painted again"))
    monkeypatch.setattr(stage, "measure", lambda *_: pytest.fail("pictures were measured again"))
    assert run(inputs, PIXELS).details == first.details
    with pytest.raises(pytest.fail.Exception, match="measured again"):
        run(inputs, EvaluateSettings(metrics="psnr", device="cpu"))
    (folders / "source" / "0.png").unlink()
    with pytest.raises(pytest.fail.Exception, match="painted again"):
        run(inputs, PIXELS)


def test_photos_that_are_renamed_are_painted_under_their_new_names(folders: Path, make_run: MakeRun) -> None:
    folder = make_run()
    inputs = Inputs(folder, photos=folders / "source")
    first = run(inputs, PIXELS)
    for number in range(4):
        (folders / "source" / f"{number}.png").rename(folders / "source" / f"view {number}.png")
    assert run(inputs, PIXELS).details == first.details
    painted = sorted(path.name for path in (folder / "evaluation" / "32px").glob("*.png"))
    assert painted == [f"view {number}.png" for number in range(4)]


def test_results_that_change_names_are_measured_again(folders: Path, make_run: MakeRun) -> None:
    folder = make_run("cmd")
    (folder / "style.safetensors").unlink()
    for number in range(3):
        write_image(folder / "results" / f"{number}.png", read_image(folders / "source" / f"{number}.png"))
    inputs = Inputs(folder, photos=folders / "source")
    assert run(inputs, PIXELS).details["figures"][1]["value"] > 0.9
    for number in (2, 1, 0):
        (folder / "results" / f"{number}.png").rename(folder / "results" / f"{number + 1}.png")
    assert run(inputs, PIXELS).details["figures"][1]["value"] < 0.9


def test_other_weights_or_another_version_measure_again(
    folders: Path, make_run: MakeRun, random_vgg16: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = folders / "weights"
    weights.mkdir()
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(weights))
    inputs = Inputs(make_run(), photos=folders / "source", target=folders / "target")
    settings = EvaluateSettings(metrics="fd-vgg16", crops=4, crop=32, crop_scale=32, device="cpu")
    found = []
    for scale in (1, 2):
        save_file({name: scale * one for name, one in load_file(random_vgg16).items()}, weights / "vgg16.safetensors")
        (weights / "vgg16.safetensors").replace(weights / "vgg16_features.safetensors")
        found.append(run(inputs, settings).details["figures"][0])
    assert found[0]["sha256"] != found[1]["sha256"]
    monkeypatch.setattr(stage, "measure", lambda *_: pytest.fail("pictures were measured again"))
    assert run(inputs, settings).details["figures"][0] == found[1]
    monkeypatch.setattr(stage, "__version__", "0.0.1")
    with pytest.raises(pytest.fail.Exception, match="measured again"):
        run(inputs, settings)
    monkeypatch.setattr(paint_photos, "__version__", "0.0.1")
    monkeypatch.setattr(paint_photos, "StyleGenerator", lambda *_: pytest.fail("photos were painted again"))
    with pytest.raises(pytest.fail.Exception, match="painted again"):
        run(inputs, settings)


def test_the_users_own_folder_is_named_while_features_are_computed(
    folders: Path, make_run: MakeRun, real_weights: Path
) -> None:
    told: list[Progress] = []
    settings = EvaluateSettings(metrics="fd-vgg16", crops=4, crop=32, crop_scale=32, device="cpu")
    folder = make_run()
    run(Inputs(folder, photos=folders / "source", target=folders / "target"), settings, told.append)
    places = dict.fromkeys(one.phase for one in told if one.phase.startswith("features of "))
    assert list(places) == [
        f"features of {place}" for place in (folders / "target", folder / "evaluation" / "32px", folders / "source")
    ]


def test_pictures_that_a_method_left_are_measured_as_they_are(folders: Path, make_run: MakeRun) -> None:
    folder = make_run("cmd", load=48)
    (folder / "style.safetensors").unlink()
    for number in range(4):
        write_image(folder / "results" / f"{number}.png", read_image(folders / "source" / f"{number}.png"))
    found = run(Inputs(folder, photos=folders / "source"), PIXELS).details["figures"]
    assert found[1]["value"] == pytest.approx(1)
    assert found[0]["counts"] == {"pairs": 4}


def test_the_time_of_training_is_what_its_steps_took_also_over_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, flat in (("trainA", False), ("trainB", True)):
        for number in range(3):
            write_image(tmp_path / "dataset" / folder / f"{number}.png", picture(number, flat))
    clock, step = SimpleNamespace(now=100.0, a_step=0.0), ContrastiveTraining.step

    def slow(method: ContrastiveTraining, *images: Any) -> dict[str, torch.Tensor]:
        clock.now += clock.a_step
        return step(method, *images)

    monkeypatch.setattr(ContrastiveTraining, "step", slow)
    monkeypatch.setattr(log, "time", SimpleNamespace(monotonic=lambda: clock.now))
    for steps, clock.a_step in ((5, 2.0), (30, 5.0)):
        train(tmp_path / "dataset", tmp_path / "runs", small(method="cut", steps=steps, log_every=4), silent)
    assert open_run(tmp_path / "runs" / "cut").train_seconds == pytest.approx(5 * 2 + 25 * 5, rel=0.02)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("step,images_per_second\n10,2.0\n20,2.0\n30,1.0\n", 32 * 4 / 1.0),
        ("step,seconds_per_step\n10,\n20,\n30,0.25\n", 32 * 0.25),
        ("step,seconds_per_step\n", 3.0),
    ],
    ids=["of an earlier version", "of an earlier version, taken up by this one", "shorter than a row"],
)
def test_other_logs_are_read_as_far_as_they_tell(make_run: MakeRun, rows: str, expected: float) -> None:
    folder = make_run(batch=4)
    (folder / "log.csv").write_text(rows)
    assert open_run(folder).train_seconds == pytest.approx(expected)


def test_a_folder_that_is_no_run_is_one_of_pictures(folders: Path) -> None:
    result = run(Inputs(folders / "generated", source=folders / "source"), PIXELS)
    assert result.counts == {"figures": 2, "missing": 0}


def test_a_run_under_way_is_refused(folders: Path, make_run: MakeRun) -> None:
    folder = make_run()
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError) as caught:
        run(Inputs(folder, photos=folders / "source"), PIXELS)
    assert str(caught.value) == f"The run {folder} has not ended. Give its train command again, then evaluate it."


def test_what_is_missing_or_has_no_use_is_named(folders: Path, make_run: MakeRun) -> None:
    a_run, video, photos = make_run(), folders / "clip.mp4", folders / "source"
    video.touch()
    one_thing = "Name one thing to evaluate: a run folder, a video, or pictures with --generated FOLDER."
    for inputs, message in (
        (Inputs(), one_thing),
        (Inputs(photos, generated=(folders / "generated",)), one_thing),
        (Inputs(video), f"{video} is measured beside its source: give --source VIDEO."),
        (Inputs(a_run), f"{a_run} is a run, and a run paints photos: give --photos FOLDER."),
        (
            Inputs(a_run, photos=photos, source=photos),
            f"{a_run}: a run, measured with --photos and --target alone. Leave --source out.",
        ),
        (
            Inputs(video, source=video, target=photos),
            f"{video}: a video, measured with --source alone. Leave --target out.",
        ),
        (
            Inputs(generated=(photos, folders / "generated"), source=photos, photos=photos),
            f"{photos}, {folders / 'generated'}: pictures, measured with --source and --target alone. Leave --photos out.",
        ),
    ):
        with pytest.raises(SettingsError) as caught:
            run(inputs, PIXELS)
        assert str(caught.value) == message


def test_a_run_that_is_not_there_is_not_taken_for_a_video(folders: Path) -> None:
    with pytest.raises(InputError) as caught:
        run(Inputs(folders / "typo", photos=folders / "source", target=folders / "target"), PIXELS)
    assert str(caught.value) == f"There is no {folders / 'typo'}. Name a run folder, a folder of pictures or a video."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"metrics": "fid,is"},
            "There is no metric 'is'. Known: fid, fid-clean, kid, fd-vgg16, kid-vgg16, psnr, ssim, lpips, plain-areas, "
            "flat-share, chroma-shift, lightness-shift, edges, lpips-diversity.",
        ),
        ({"crop": 200}, "crop 200 is larger than crop-scale 192. Choose a crop of at most 192."),
        ({"start": 2.0, "end": 1.0}, "The end, 1 s, is not after the start, 2 s. Raise --end."),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        EvaluateSettings(**settings)
    assert str(caught.value) == message
