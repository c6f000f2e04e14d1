"""Deblurring sharpens what is blurred, by each method, and never spoils a picture."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.blurs import blurred_by, disc_kernel, motion_kernel, scene
from tests.drawings import blurred, drawing
from vidstyle.analysis.blur import Blur
from vidstyle.analysis.deconvolution import deconvolve
from vidstyle.analysis.sharpness import picture_sharpness
from vidstyle.errors import StyleError
from vidstyle.extract.deblur import Deblurrer, deblurrer
from vidstyle.networks.srvgg import SRVGGNetCompact

DECONVOLVE = deblurrer("deconvolve", "cpu")


def gain(soft: np.ndarray, sharp: np.ndarray) -> float:
    return cv2.PSNR(DECONVOLVE(soft).picture, sharp) - cv2.PSNR(soft, sharp)


def test_motion_blur_of_any_length_and_angle_is_mended_and_no_frame_made_worse() -> None:
    draw = np.random.default_rng(7)
    sizes, gains = [(340, 200), (400, 240), (500, 300)], []
    for seed in range(18):
        sharp = (scene if seed % 2 else drawing)(seed, sizes[seed % 3])
        kernel = motion_kernel(draw.uniform(5, 15), draw.uniform(0, 180))
        gains.append(gain(*blurred_by(kernel, sharp, draw.uniform(0, 1), seed)))
    assert np.mean(gains) >= 4
    assert min(gains) >= -0.1


def test_a_lens_out_of_focus_is_mended_and_no_frame_made_worse() -> None:
    gains = [gain(*blurred_by(disc_kernel(radius), scene(seed), 0.5)) for seed in (1, 2) for radius in (2, 3, 4)]
    assert np.mean(gains) >= 3
    assert min(gains) >= -0.1


@pytest.mark.parametrize("method", ["auto", "deconvolve"])
def test_the_record_says_what_was_done(method: str) -> None:
    soft, _ = blurred_by(motion_kernel(9, 30), scene(1))
    result = deblurrer(method, "cpu")(soft)
    assert result.method == "deconvolve" and result.picture.shape == soft.shape and result.picture.dtype == np.uint8
    assert result.record is not None
    blur = result.record["blur"]
    assert blur["kind"] == "motion"
    assert blur["length"] == pytest.approx(9, abs=0.8) and blur["angle"] == pytest.approx(30, abs=5)
    assert result.record["sharpness_before"] == pytest.approx(picture_sharpness(soft), abs=1e-4)
    assert result.record["sharpness_after"] == pytest.approx(picture_sharpness(result.picture), abs=1e-4)
    assert result.record["refused"] == {}


@pytest.mark.parametrize("method", ["auto", "none", "deconvolve"])
@pytest.mark.parametrize("sharp", [drawing(1, (192, 144)), scene(2), blurred(drawing(1, (192, 144)), 0.5)])
def test_a_sharp_picture_is_left_as_it_is(method: str, sharp: np.ndarray) -> None:
    result = deblurrer(method, "cpu")(sharp)
    assert result.picture is sharp and result.method == "none" and result.record is None


def ringing(rgb: np.ndarray, blur: Blur | None) -> np.ndarray:
    halo = rgb + 2.5 * (rgb.astype(float) - cv2.GaussianBlur(rgb, (0, 0), 4))
    return np.clip(halo, 0, 255).astype(np.uint8)


def shifting(rgb: np.ndarray, blur: Blur | None) -> np.ndarray:
    assert blur is not None
    return np.roll(deconvolve(rgb, blur), 1, 1)


def wiping(rgb: np.ndarray, blur: Blur | None) -> np.ndarray:
    assert blur is not None
    sharper = deconvolve(rgb, blur)
    height, width = rgb.shape[:2]
    sharper[: height // 2, width // 2 :] = sharper[: height // 2, width // 2 :].mean((0, 1))
    return sharper


def blurring(rgb: np.ndarray, blur: Blur | None) -> np.ndarray:
    return blurred(rgb, 2.0)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(ringing, "rings"), (shifting, "shifts"), (wiping, "loses detail"), (blurring, "not sharper")],
)
def test_a_result_that_spoils_the_picture_is_refused(spoil: Callable[..., np.ndarray], reason: str) -> None:
    soft, _ = blurred_by(motion_kernel(8, 20), scene(1))
    result = Deblurrer({"deconvolve": spoil})(soft)
    assert result.picture is soft and result.method == "none"
    assert result.record is not None and result.record["refused"] == {"deconvolve": reason}
    assert result.record["sharpness_after"] == result.record["sharpness_before"]


def test_of_several_methods_the_sharpest_that_spoils_nothing_is_taken() -> None:
    soft, _ = blurred_by(motion_kernel(8, 20), scene(1))
    careful = Deblurrer({"ringing": ringing, "half": lambda rgb, blur: deconvolve(blurred(rgb, 0.7), blur)})(soft)
    assert careful.method == "half"
    best = Deblurrer({"half": lambda rgb, blur: deconvolve(blurred(rgb, 0.7), blur), "whole": deconvolve})(soft)
    assert best.method == "whole"


def test_frames_deblurred_at_once_are_those_deblurred_one_by_one() -> None:
    softs = [blurred_by(motion_kernel(7, 25 * seed), scene(seed, (200, 140)))[0] for seed in range(6)]
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(DECONVOLVE, softs))
    for soft, one in zip(softs, together, strict=True):
        np.testing.assert_array_equal(one.picture, DECONVOLVE(soft).picture)


def test_unknown_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StyleError):
        deblurrer(str(tmp_path / "none.pth"), "cpu")


def test_a_restoration_network_of_scale_one_is_applied_to_what_is_soft(tmp_path: Path) -> None:
    sharpening = SRVGGNetCompact(1, 4, 1, 3)
    state = {name: torch.zeros_like(value) for name, value in sharpening.state_dict().items()}
    for colour in range(3):
        state["body.0.weight"][colour, colour, 1, 1] = 1
        state["body.2.weight"][colour, colour, 1, 1] = 1
        state["body.4.weight"][colour, colour] = torch.tensor([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]) * 0.2
    save_file(state, tmp_path / "sharpen.safetensors")
    soft = blurred(np.pad(drawing(2, (96, 72)), ((6, 6), (6, 6), (0, 0))), 1.0)
    result = deblurrer(str(tmp_path / "sharpen.safetensors"), "cpu")(soft)
    assert result.method == str(tmp_path / "sharpen.safetensors"), result.record
    assert picture_sharpness(result.picture) > 1.03 * picture_sharpness(soft)


@pytest.mark.needs_weights
def test_a_super_resolution_network_redraws_a_soft_picture_sharper(
    real_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(real_weights))
    soft = blurred(drawing(2, (96, 72)), 1.5)
    result = deblurrer("realesrgan", "cpu")(soft)
    assert result.method == "realesrgan"
    assert result.picture.shape == soft.shape
    assert picture_sharpness(result.picture) > 1.03 * picture_sharpness(soft)
    assert np.abs(result.picture.astype(int) - soft).mean() < 12
