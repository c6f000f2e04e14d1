"""The int8 twin of a style: its generator in 8-bit integers, made once and kept beside the style file.

Rendering in int8 then needs no NNCF and no calibration. A twin states which style it is of, and counts for no other.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.checksum import sha256_of
from vidstyle.errors import InputError
from vidstyle.media.images import list_images, read_image
from vidstyle.models import openvino
from vidstyle.models.resize import padded_to_multiple, resize
from vidstyle.models.style_file import load_style, shipped_styles
from vidstyle.models.style_generator import build_generator
from vidstyle.pixels import to_device
from vidstyle.progress import OnProgress, Progress

MOST_SAMPLES = 16
"""Pictures on which the ranges of a twin are measured."""
LEAST_PSNR = 38.0
"""dB to the generator in fp32 below which a twin is not kept."""


def twin_path(style: Path) -> Path:
    """Return where the twin of a style file lies."""
    return style.with_name(f"{style.stem}-int8.zip")


def find_twin(style: Path) -> Path | None:
    """Return the twin of a style file, None where there is none or it is of other weights.

    It lies beside the style, or beside that of the package of which the style is a copy.
    """
    paths = [twin_path(style), *map(twin_path, shipped_styles().values())]
    checksum = sha256_of(style)
    return next((path for path in paths if path.is_file() and openvino.source_checksum(path) == checksum), None)


def typical_pictures(folder: Path, side: int) -> list[Tensor]:
    """Return the middle squares of some pictures of a folder, (1, 3, side, side) in [0, 1]; raises InputError."""
    paths = list_images(folder)
    if not paths:
        raise InputError(f"The folder {folder} holds no pictures. Give one with some typical photos.")
    squares = []
    for path in paths[:: -(-len(paths) // MOST_SAMPLES)]:
        picture = to_device(read_image(path)[None], torch.device("cpu"))
        height, width = picture.shape[2:]
        short = min(height, width)
        top, left = (height - short) // 2, (width - short) // 2
        squares.append(resize(picture[..., top : top + short, left : left + short], (side, side)))
    return squares


def make_twin(style: Path, pictures: Sequence[Tensor], target: Path, on_progress: OnProgress) -> float:
    """Quantise the generator of a style file and write its twin, unless that is too far from it; return its PSNR in dB.

    `pictures`, (1, 3, h, w) in [0, 1] of one size, are typical ones, on which the ranges are measured and the twin is compared.
    Raises DependencyError without the extra `openvino`, and OutputError.
    """
    network = build_generator(load_style(style)).eval().requires_grad_(False)
    samples = [padded_to_multiple(picture, network.multiple_of) * 2 - 1 for picture in pictures]
    total = len(samples)
    on_sample = lambda done: on_progress(Progress("calibrating int8", done, total, "pictures"))  # noqa: E731
    model = openvino.quantise(network, samples, on_sample)
    twin = openvino.OpenVINONetwork(model, "int8")
    with torch.inference_mode():
        errors = [(twin(sample) - network(sample)).square().mean() for sample in samples]
    psnr = float(10 * torch.log10(4 / torch.stack(errors).mean().clamp(min=1e-12)))
    if psnr >= LEAST_PSNR:
        openvino.save_model(model, target, source_checksum=sha256_of(style))
    return psnr


def too_far(psnr: float) -> str:
    """Return in words why a twin was not written."""
    return f"it is {psnr:.1f} dB from the exact one, and {LEAST_PSNR:.0f} are the least."
