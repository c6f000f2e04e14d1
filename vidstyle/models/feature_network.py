"""VGG16 with its ImageNet weights, as the fixed network over which perceptual losses and distances are computed."""

from pathlib import Path

import torch

from vidstyle.errors import StyleError
from vidstyle.models.weights import load_weights, read_weights
from vidstyle.networks.vgg import VGG16Features


def load_vgg16(file: str, device: torch.device) -> VGG16Features:
    """Return VGG16's features with the weights in `file`, or the known ones where it is empty; fp32, without gradients.

    Raises StyleError when there are none, or when they are of another network.
    """
    weights = read_weights(Path(file)) if file else load_weights("vgg16")
    network = VGG16Features()
    try:
        network.load_state_dict({name: value for name, value in weights.items() if name.startswith("features.")})
    except RuntimeError as error:
        cause = str(error).splitlines()[-1].strip()
        raise StyleError(f"{file or 'The weights vgg16'} do not fit VGG16: {cause} Give torchvision's file.") from error
    return network.eval().requires_grad_(False).to(device)
