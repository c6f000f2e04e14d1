"""Distances rest on the right features of all pictures, computed once, and say where they rest on too little."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.evaluate.conftest import measured, overwrite, refusal
from vidstyle.analysis.frechet import frechet_distance, kernel_distance
from vidstyle.analysis.resizers import BICUBIC, BILINEAR
from vidstyle.errors import StyleError
from vidstyle.evaluate import features as features_module
from vidstyle.evaluate.features import InceptionFeatures, features
from vidstyle.evaluate.image_sets import open_folders
from vidstyle.evaluate.inputs import Inputs
from vidstyle.evaluate.paired_metrics import AT_ONE_SIZE
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.evaluate.stage import run
from vidstyle.media.images import list_images
from vidstyle.models import weights
from vidstyle.models.download import checksum
from vidstyle.progress import Progress, silent
from vidstyle.user_cache import user_cache


def test_fid_and_kid_are_the_distances_of_inception_features(folders: Path, known_inception: Path) -> None:
    for surplus in ("generated/2", "generated/3", "source/2", "source/3", "target/2", "target/3", "target/4"):
        (folders / f"{surplus}.png").unlink()
    found = measured(folders, "fid,fid-clean,kid", inception=str(known_inception), batch=3)
    for name, resizer, distance in (
        ("fid", BILINEAR, frechet_distance),
        ("fid-clean", BICUBIC, frechet_distance),
        ("kid", BILINEAR, kernel_distance),
    ):
        extractor = InceptionFeatures(known_inception, resizer, EvaluateSettings(device="cpu"))
        sets = [open_folders(folders / part) for part in ("generated", "target", "source")]
        rows = [features(extractor, one, silent) for one in sets]
        assert [one.shape for one in rows] == [(2, 2048), (2, 2048), (2, 2048)]
        assert found[name].value == pytest.approx(distance(rows[0], rows[1]))
        assert found[name].source_value == pytest.approx(distance(rows[2], rows[1]))
    assert found["fid"].value != pytest.approx(found["fid-clean"].value, rel=1e-4)
    assert found["fid"].basis == (
        "n: 2 generated, 2 target, 2 source; 299x299; resized: bilinear, as pytorch-fid; pt_inception-2015-12-05-6726825d.pth "
        f"(sha256 {checksum(known_inception)[:12]}); fp32"
    )
    assert found["fid-clean"].resizer == "bicubic, as PIL and clean-fid"


def test_few_samples_are_warned_of(folders: Path, known_inception: Path) -> None:
    inputs = Inputs(generated=(folders / "generated",), target=folders / "generated")
    result = run(inputs, EvaluateSettings(metrics="fid,kid", inception=str(known_inception), device="cpu"))
    assert result.warnings == (
        "fid rests on 4 generated and 4 target pictures; below 2,048 it is biased upwards. "
        "Compare it only with figures of the same counts, and look at kid.",
    )


def test_other_weights_are_not_taken_for_those_of_fid(folders: Path, inception_file: Path) -> None:
    with pytest.raises(StyleError) as caught:
        measured(folders, inception=str(inception_file))
    assert str(caught.value) == (
        f"{inception_file} does not hold the Inception weights that FID is defined on (SHA-256 "
        f"{checksum(inception_file)[:12]}..., not 6726825d0af5...). Give pt_inception-2015-12-05-6726825d.pth, or leave "
        "--inception out."
    )


def test_a_file_of_the_right_name_but_another_network_is_refused(
    folders: Path, inception_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "other.pth"
    torch.save({"Conv2d_1a_3x3.conv.weight": torch.zeros(32, 3, 3, 3)}, path)
    rows = [row for row in weights.KNOWN if row.name != "inception-2015-12-05"]
    monkeypatch.setattr(weights, "KNOWN", (*rows, *_with_sum(checksum(path))))
    with pytest.raises(StyleError) as caught:
        measured(folders, "fid", inception=str(path))
    assert str(caught.value) == (
        f"The file {path} does not hold the weights inception-2015-12-05. Remove it or give "
        "pt_inception-2015-12-05-6726825d.pth."
    )


def _with_sum(sha256: str) -> list[weights.Weights]:
    from dataclasses import replace

    return [replace(row, sha256=sha256) for row in weights.KNOWN if row.name == "inception-2015-12-05"]


def test_inception_weights_that_are_given_do_not_make_missing_ones_of_other_figures_an_error(
    folders: Path, known_inception: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIDSTYLE_WEIGHTS", raising=False)
    monkeypatch.setattr(weights, "find_spec", lambda package: None)
    for folder, kept in (("generated", 2), ("source", 2), ("target", 2)):
        for path in sorted((folders / folder).iterdir())[kept:]:
            path.unlink()
    inputs = Inputs(generated=(folders / "generated",), target=folders / "target", source=folders / "source")
    result = run(inputs, EvaluateSettings(inception=str(known_inception), device="cpu"))
    assert [one["name"] for one in result.details["figures"]] == [
        "fid",
        "fid-clean",
        "kid",
        "psnr",
        "ssim",
        *AT_ONE_SIZE,
    ]
    assert list(result.details["missing"]) == ["fd-vgg16", "kid-vgg16", "lpips"]


def test_fp32_is_no_tf32(folders: Path, real_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def looking(*arguments: object) -> np.ndarray:
        seen.append(torch.backends.cudnn.allow_tf32)
        return crop_features(*arguments)

    crop_features = features_module.crop_features
    monkeypatch.setattr(features_module, "crop_features", looking)
    before = torch.backends.cudnn.allow_tf32
    measured(folders, "fd-vgg16", crops=4, crop=32, crop_scale=32)
    assert seen and not any(seen)
    assert torch.backends.cudnn.allow_tf32 == before


def test_vgg16s_distances_agree_with_crops_drawn_by_hand(folders: Path, real_weights: Path) -> None:
    from vidstyle.analysis.crops import crop_features, draw_crops, scaled
    from vidstyle.media.images import list_images, read_image
    from vidstyle.models.weights import load_weights
    from vidstyle.networks.vgg import VGG16Features

    found = measured(folders, "fd-vgg16,kid-vgg16", crops=6, crop=32, crop_scale=40, seed=3)
    network = VGG16Features()
    network.load_state_dict(load_weights("vgg16"))

    def drawn(name: str, start: int, step: int, seed: int) -> np.ndarray:
        pictures = [scaled(read_image(path), 40) for path in list_images(folders / name)[start::step]]
        return crop_features(network.eval(), draw_crops(pictures, 6, 32, seed))

    goal = np.concatenate([drawn("target", 0, 2, 4)[:3], drawn("target", 1, 2, 5)[3:]])
    generated = drawn("generated", 0, 1, 3)
    assert found["fd-vgg16"].value == pytest.approx(frechet_distance(generated, goal), rel=1e-4)
    assert found["kid-vgg16"].value == pytest.approx(kernel_distance(generated, goal), rel=1e-3)
    assert found["fd-vgg16"].counts == {"generated": 4, "target": 5, "source": 4, "crops of each set": 6}


def test_every_picture_of_every_set_is_looked_at(
    folders: Path, real_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def reading(paths: Sequence[Path], prepare: Callable) -> Iterator:
        for path, prepared in zip(paths, read_ahead(paths, prepare), strict=True):
            read.append(path)
            yield prepared

    read_ahead = features_module.read_ahead
    monkeypatch.setattr(features_module, "read_ahead", reading)
    options = {"crops": 2, "crop": 32, "crop_scale": 40}
    held = measured(folders, "fd-vgg16", **options)["fd-vgg16"]
    every = [path for name in ("generated", "source", "target") for path in list_images(folders / name)]
    assert sorted(read) == sorted(every)
    assert held.counts == {"generated": 4, "target": 5, "source": 4, "crops of each set": 6}
    monkeypatch.setattr(features_module, "MOST_IN_MEMORY", 2)
    shutil.rmtree(user_cache() / "features")
    assert measured(folders, "fd-vgg16", **options)["fd-vgg16"].value == held.value
    assert len(read) > 2 * len(every), "many pictures are read again instead of being held in memory"


def test_fewer_crops_than_features_are_warned_of(
    folders: Path, real_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is warned of rests on the counts alone; VGG16 would take 20 s for as many crops.
    monkeypatch.setattr(features_module, "crop_features", lambda network, crops: crops.flatten(1)[:, :512].numpy())
    inputs = Inputs(generated=(folders / "generated",), target=folders / "target")
    for crops, expected in (
        (
            511,
            (
                "fd-vgg16 rests on 511 crops of each set; below 512 it is biased upwards. Raise --crops, or compare it only "
                "with figures of the same counts.",
            ),
        ),
        (512, ()),
    ):
        settings = EvaluateSettings(metrics="fd-vgg16,kid-vgg16", crops=crops, crop=32, crop_scale=32, device="cpu")
        assert run(inputs, settings).warnings == expected


def test_features_are_computed_once_for_the_same_content_and_weights(
    folders: Path, known_inception: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Progress] = []
    extractor = InceptionFeatures(known_inception, BILINEAR, EvaluateSettings(device="cpu"))
    first = features(extractor, open_folders(folders / "generated"), told.append)
    assert told[-1] == Progress(f"features of {folders / 'generated'}", 4, 4, "pictures")
    (folders / "generated").rename(folders / "moved")
    monkeypatch.setattr(features_module, "_inception", lambda *_: pytest.fail("features were computed again"))
    np.testing.assert_array_equal(features(extractor, open_folders(folders / "moved"), silent), first)
    overwrite(folders / "moved" / "2.png", (64, 48))
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        features(extractor, open_folders(folders / "moved"), silent)


def test_one_image_is_no_set(folders: Path) -> None:
    for number in range(1, 4):
        (folders / "generated" / f"{number}.png").unlink()
    message = refusal(folders, "fd-vgg16")
    assert message == f"{folders / 'generated'} holds one image; fd-vgg16 compares sets and needs two or more."
