"""The fixed networks whose features are compared: VGG16, the Inception network of FID, and LPIPS on AlexNet."""

from pathlib import Path

import torch
from torch import Tensor, nn

from vidstyle.errors import StyleError
from vidstyle.models.weights import find, known_weights, load_weights, read_weights, select
from vidstyle.networks.inception import InceptionV3
from vidstyle.networks.lpips import PerceptualDistance
from vidstyle.networks.vgg import VGG16Features

INCEPTION = "inception-2015-12-05"


def load_vgg16(file: str | Path, device: torch.device, dtype: torch.dtype = torch.float32) -> VGG16Features:
    """Return VGG16's features with the weights in `file`, or the known ones where it is empty, without gradients.

    Raises StyleError when there are none, or when they are of another network.
    """
    network = VGG16Features()
    _fill(network, _weights_in(file, "vgg16"), "vgg16", file)
    return network.eval().requires_grad_(False).to(device, dtype)


def load_inception(file: Path, device: torch.device, dtype: torch.dtype) -> InceptionV3:
    """Return the Inception network of FID with the weights in `file`, folded and channels last, without gradients.

    Raises StyleError when the file is missing or holds weights of another network.
    """
    network = InceptionV3()
    features = {name: value for name, value in _weights_in(file, INCEPTION).items() if not name.startswith("fc.")}
    _fill(network, features, INCEPTION, file)
    network.eval().requires_grad_(False).fold()
    return network.to(device, dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def load_lpips(device: torch.device) -> PerceptualDistance:
    """Return LPIPS on AlexNet with the known weights; fp32, without gradients.

    Raises StyleError when weights are missing or are of another network.
    """
    network = PerceptualDistance()
    _fill(network.network, load_weights("alexnet"), "alexnet")
    backbone = {f"network.{name}": value for name, value in network.network.state_dict().items()}
    _fill(network, backbone | load_weights("lpips-alexnet"), "lpips-alexnet")
    return network.eval().requires_grad_(False).to(device)


def _weights_in(file: str | Path, name: str) -> dict[str, Tensor]:
    return select(known_weights(name), read_weights(Path(file))) if file else load_weights(name)


def _fill(network: nn.Module, weights: dict[str, Tensor], name: str, file: str | Path = "") -> None:
    """Load the known weights `name` into `network`; raises StyleError naming the file where they do not fit."""
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        official = known_weights(name).files[-1]
        raise StyleError(
            f"The file {file or find(name)} does not hold the weights {name}. Remove it or give {official}."
        ) from error
