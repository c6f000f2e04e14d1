"""Sharpens blurred frames, and keeps a result only where it measures sharper and undamaged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from vidstyle.analysis.blur import Blur
from vidstyle.analysis.blur_estimation import estimate_blur
from vidstyle.analysis.damage import damage
from vidstyle.analysis.deconvolution import deconvolve
from vidstyle.analysis.flow import grey_of
from vidstyle.analysis.scale import to_size
from vidstyle.analysis.sharpness import picture_sharpness
from vidstyle.device import resolve_device
from vidstyle.models.tiles import Tiled
from vidstyle.models.upscaler import load_upscaler
from vidstyle.pixels import to_device, to_host

Method = Callable[[np.ndarray, Blur | None], np.ndarray | None]
"""Takes (h, w, 3) uint8 and its blur, None where it is not the same everywhere; returns a sharper picture of the same size.

It returns None where it has none.
"""

SOFT = 0.4
"""Sharpness below which a network that was asked for is tried: edges two and a half pixels wide."""
LEAST_GAIN = 1.03
"""How many times as sharp as the best so far a result must be."""
NONE, NOT_SHARPER = "none", "not sharper"
REAL_ESRGAN = "realesr-animevideov3"
TILE = 512
"""Pixels of a source that a network sees at once, so that large frames fit the memory."""


@dataclass(frozen=True)
class DeblurResult:
    """The picture to keep, the method that made it or `none`, and its record in the manifest, None where nothing was tried."""

    picture: np.ndarray
    method: str = NONE
    record: dict[str, Any] | None = None


@dataclass(frozen=True)
class Deblurrer:
    """Tries `methods`, given by name, on frames that are blurred as a whole, and keeps the sharpest undamaged result.

    With `soft_too` it also tries them on frames whose sharpness is below `SOFT`.
    """

    methods: Mapping[str, Method]
    soft_too: bool = False

    def __call__(self, rgb: np.ndarray) -> DeblurResult:
        """Return the frame to keep of (h, w, 3) uint8: the same array where nothing is better."""
        if not self.methods:
            return DeblurResult(rgb)
        blur, before = estimate_blur(rgb), picture_sharpness(rgb)
        if blur is None and not (self.soft_too and before < SOFT):
            return DeblurResult(rgb)
        best, sharpest, refused = DeblurResult(rgb), before, {}
        for name, method in self.methods.items():
            picture = method(rgb, blur)
            if picture is None:
                continue
            after = picture_sharpness(picture)
            problem = damage(_grey(rgb), _grey(picture), blur) if after >= LEAST_GAIN * sharpest else NOT_SHARPER
            if problem:
                refused[name] = problem
            else:
                best, sharpest = DeblurResult(picture, name), after
        return replace(best, record=_record(blur, before, sharpest, refused))


def _record(blur: Blur | None, before: float, after: float, refused: Mapping[str, str]) -> dict[str, Any]:
    return {
        "blur": blur.record() if blur else None,
        "sharpness_before": round(before, 4),
        "sharpness_after": round(after, 4),
        "refused": dict(refused),
    }


def deblurrer(method: str, device: str) -> Deblurrer:
    """Return what `--deblur` asks for: auto, none, deconvolve, realesrgan or a file of a network's weights.

    Raises StyleError, DependencyError or DeviceError when weights or device cannot be used.
    """
    if method == NONE:
        return Deblurrer({})
    if method in ("auto", "deconvolve"):
        return Deblurrer({"deconvolve": _deconvolve})
    return Deblurrer({method: _network(REAL_ESRGAN if method == "realesrgan" else method, device)}, soft_too=True)


def _grey(rgb: np.ndarray) -> np.ndarray:
    return grey_of(rgb).astype(np.float32)


def _deconvolve(rgb: np.ndarray, blur: Blur | None) -> np.ndarray | None:
    return deconvolve(rgb, blur) if blur else None


def _network(name_or_path: str, device_name: str) -> Method:
    """Return a method that lets a network redraw the picture, larger or not, and averages it back to its size."""
    device = resolve_device(device_name)
    upscaler = load_upscaler(name_or_path, device, torch.float32)
    model = Tiled(upscaler, TILE, upscaler.receptive_radius)

    def redraw(rgb: np.ndarray, _: Blur | None) -> np.ndarray:
        large = to_host(model(to_device(rgb[None], device)), sixteen_bit=False)[0]
        return to_size(large, rgb.shape[1], rgb.shape[0])

    return redraw
