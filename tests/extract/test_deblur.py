"""Deblurring sharpens what is soft, by each method, and never spoils a picture."""

from pathlib import Path

import numpy as np
import pytest

from tests.drawings import blurred, drawing
from vidstyle.analysis.sharpness import picture_sharpness
from vidstyle.errors import StyleError
from vidstyle.extract.deblur import apply, deblurrer

SIZE = (192, 144)


@pytest.mark.parametrize("method", ["auto", "deconvolve"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_soft_picture_grows_sharper(method: str, seed: int) -> None:
    soft = blurred(drawing(seed, SIZE), 1.2)
    result, used = apply(deblurrer(method, "cpu"), method, soft)
    assert used == "deconvolve"
    assert result.shape == soft.shape and result.dtype == np.uint8
    assert picture_sharpness(result) > 1.1 * picture_sharpness(soft)


@pytest.mark.parametrize("method", ["auto", "none", "deconvolve"])
def test_a_sharp_picture_is_left_as_it_is(method: str) -> None:
    sharp = drawing(1, SIZE)
    result, used = apply(deblurrer(method, "cpu"), method, sharp)
    assert result is sharp and used == "none"


def test_a_result_that_is_not_sharper_is_refused() -> None:
    picture = drawing(1, SIZE)
    result, used = apply(lambda rgb: blurred(rgb, 2.0), "deconvolve", picture)
    assert result is picture and used == "none"


def test_auto_leaves_what_is_sharp_enough_alone() -> None:
    nearly_sharp = blurred(drawing(1, SIZE), 0.5)
    assert apply(deblurrer("auto", "cpu"), "auto", nearly_sharp)[1] == "none"


def test_unknown_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StyleError):
        deblurrer(str(tmp_path / "none.pth"), "cpu")


@pytest.mark.needs_weights
def test_a_super_resolution_network_redraws_a_soft_picture_sharper(
    real_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(real_weights))
    soft = blurred(drawing(2, (96, 72)), 1.5)
    result, used = apply(deblurrer("realesrgan", "cpu"), "realesrgan", soft)
    assert used == "realesrgan"
    assert result.shape == soft.shape
    assert picture_sharpness(result) > 1.03 * picture_sharpness(soft)
    assert np.abs(result.astype(int) - soft).mean() < 12
