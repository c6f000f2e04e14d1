"""A style made while testing: small and untrained, but with an effect that shows."""

from pathlib import Path

import torch

from vidstyle.models.style_file import Style, save_style
from vidstyle.networks.resnet_generator import ResNetGenerator


def random_style(seed: int = 7) -> Style:
    """Return a random style of 4 channels for a short side of 32 pixels."""
    torch.manual_seed(seed)
    network = ResNetGenerator(4, 5)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(8)
    return Style("resnet", 4, 5, 32, network.state_dict())


def make_style(path: Path, seed: int = 7) -> Path:
    """Write a random style and return its path."""
    save_style(random_style(seed), path)
    return path
