"""Importing generators that the public CUT and CycleGAN code trained, as styles."""

import re
from pathlib import Path

from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.models.style_file import Style
from vidstyle.models.style_generator import build_generator
from vidstyle.models.weights import read_weights

_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.(\d+)\.(weight|bias)")
_FIRST_BLOCK = {"resnet": 12, "resnet-strided": 10}
"""Number of the first residual block, which tells if blurs (CUT) or strides (CycleGAN) halve the size."""
_SECOND_CONVOLUTION = (5, 6)
"""Its number in a block without dropout, as in our networks, and with dropout."""
_IGNORED = ("filt", "running_mean", "running_var", "num_batches_tracked")
"""Blur kernels, which are always the same, and statistics of instance norms, which old versions stored but never used."""


def read_public_generator(path: Path, size: int) -> Style:
    """Return the ResNet generator in a `latest_net_G.pth` as a style for a short side of `size` pixels.

    Raises StyleError that says what the file holds instead, or what in it is not supported.
    """
    state = {name.removeprefix("module."): value for name, value in read_weights(path).items()}
    weights = {name: value for name, value in state.items() if name.rsplit(".", 1)[-1] not in _IGNORED}
    blocks = sorted({int(match[1]) for name in weights if (match := _BLOCK.fullmatch(name))})
    if not blocks or "model.1.weight" not in weights:
        raise _refusal(path, _describe(weights))
    kind = next((kind for kind, first in _FIRST_BLOCK.items() if first == blocks[0]), None)
    _check_supported(path, weights, kind)
    assert kind is not None
    channels = weights["model.1.weight"].shape[0]
    renamed = {_our_name(path, name): value for name, value in weights.items()}
    style = Style(kind, channels, len(blocks), size, renamed, {"imported_from": path.name})
    try:
        build_generator(style)
    except StyleError as error:
        raise _refusal(path, "its layers are neither those of CUT's nor of CycleGAN's generator") from error
    return style


def _check_supported(path: Path, weights: dict[str, Tensor], kind: str | None) -> None:
    if not all(value.is_floating_point() for value in weights.values()):
        raise _refusal(path, "its weights are whole numbers, as in a quantised network")
    if weights["model.1.weight"].dim() != 4:
        raise _refusal(path, "its first layer is no convolution")
    if kind is None:
        cause = "only one of its two ways of resizing is antialiased, or it halves the size other than twice"
        raise _refusal(path, cause)
    if weights["model.1.weight"].shape[1] != 3:
        raise _refusal(path, f"it takes {weights['model.1.weight'].shape[1]} colour channels instead of 3")
    if "model.2.weight" in weights:
        raise _refusal(path, "it has batch norms, or instance norms with weights, instead of plain instance norms")
    if "model.1.bias" not in weights:
        raise _refusal(path, "its convolutions have no biases, as with batch norms")


def _our_name(path: Path, name: str) -> str:
    match = _BLOCK.fullmatch(name)
    if match is None or int(match[2]) == 1:
        return name
    if int(match[2]) not in _SECOND_CONVOLUTION:
        raise _refusal(path, "its residual blocks are padded with zeros instead of reflections")
    return f"model.{match[1]}.conv_block.{_SECOND_CONVOLUTION[0]}.{match[3]}"


def _describe(weights: dict[str, Tensor]) -> str:
    """Return a sentence about what a file without a ResNet generator seems to hold."""
    if any(name.startswith("model.model.") for name in weights):
        return "it is a U-Net"
    if any(name.startswith("encoder.") for name in weights):
        return "it is a StyleGAN2 generator"
    if any(weight.dim() == 4 and weight.shape[0] == 1 for weight in weights.values()):
        return "it is a discriminator"
    return "it is not a ResNet generator"


def _refusal(path: Path, cause: str) -> StyleError:
    return StyleError(
        f"Cannot make a style of {path}: {cause}. Give the latest_net_G.pth of a resnet_9blocks or resnet_6blocks "
        "generator with instance norm, as CUT and CycleGAN make them by default."
    )
