"""Sharpening what is still soft, never for the worse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vidstyle.analysis.deconvolution import blur_sigma, deconvolve
from vidstyle.analysis.scale import to_size
from vidstyle.analysis.sharpness import picture_sharpness

Deblur = Callable[[np.ndarray], np.ndarray | None]
"""Returns a sharper picture of the same size, (h, w, 3) uint8, or None where it has none."""

SOFT = 0.4
"""Sharpness below which `auto` tries to deblur: edges two and a half pixels wide."""
LEAST_GAIN = 1.03
REAL_ESRGAN = "realesr-animevideov3"


def deblurrer(method: str, device: str) -> Deblur:
    """Return what `--deblur` asks for: auto, none, deconvolve, realesrgan or a file of upscaler weights.

    Raises StyleError or DeviceError when weights or device cannot be used.
    """
    if method == "none":
        return _leave
    if method == "auto":
        return _deconvolve_soft
    if method == "deconvolve":
        return _deconvolve
    return _by_network(REAL_ESRGAN if method == "realesrgan" else method, device)


def apply(deblur: Deblur, method: str, rgb: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the deblurred picture and the method, or the picture as it is and `none` where it did not grow sharper."""
    result = deblur(rgb)
    if result is None or picture_sharpness(result) < LEAST_GAIN * picture_sharpness(rgb):
        return rgb, "none"
    return result, "deconvolve" if method == "auto" else method


def _leave(_: np.ndarray) -> None:
    return None


def _deconvolve(rgb: np.ndarray) -> np.ndarray | None:
    return deconvolve(rgb, blur_sigma(picture_sharpness(rgb)))


def _deconvolve_soft(rgb: np.ndarray) -> np.ndarray | None:
    return _deconvolve(rgb) if picture_sharpness(rgb) < SOFT else None


def _by_network(name_or_path: str, device_name: str) -> Deblur:
    """Return a deblurrer that lets a super-resolution network redraw the picture and averages it back to its size."""
    import torch

    from vidstyle.device import resolve_device
    from vidstyle.models.upscaler import load_upscaler

    device = resolve_device(device_name)
    model = load_upscaler(name_or_path, device, torch.float32)

    def redraw(rgb: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(np.ascontiguousarray(rgb)).to(device).permute(2, 0, 1)[None].float() / 255
        large = model(image)[0].permute(1, 2, 0).mul(255).round().to(torch.uint8).cpu().numpy()
        return to_size(large, rgb.shape[1], rgb.shape[0])

    return redraw
