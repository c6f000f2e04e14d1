"""The generator has the size, the layers and the shapes that the paper's method names."""

import pytest
import torch
from torch import nn

from vidstyle.networks.resnet_generator import PATCH_LAYERS, ResNetGenerator, patch_channels


def test_the_generator_has_the_published_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in ResNetGenerator().parameters()) == 11_378_179


def test_patch_layers_at_a_256_crop_are_those_of_the_paper() -> None:
    with torch.no_grad():
        features = ResNetGenerator(channels=64, blocks=5).features(torch.zeros(1, 3, 256, 256))
    shapes = [tuple(feature_map.shape[1:]) for feature_map in features]
    assert shapes == [(3, 262, 262), (128, 256, 256), (256, 128, 128), (256, 64, 64), (256, 64, 64)]
    assert patch_channels(64) == [shape[0] for shape in shapes]


def test_features_come_before_the_norms_that_follow_them() -> None:
    generator = ResNetGenerator(channels=4)
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    _, _, third, *_ = generator.features(image)
    assert torch.equal(third, generator.model[:9](image))
    assert isinstance(generator.model[8], nn.Conv2d)


def test_one_pass_gives_the_picture_and_the_features_of_separate_passes() -> None:
    generator = ResNetGenerator(channels=4)
    image = torch.rand(2, 3, 32, 36) * 2 - 1
    painted, features = generator.paint_and_features(image)
    assert torch.equal(painted, generator(image))
    assert all(torch.equal(*pair) for pair in zip(features, generator.features(image), strict=True))
    assert len(features) == len(PATCH_LAYERS)


@pytest.mark.parametrize("size", [(32, 32), (36, 64)])
def test_pictures_keep_their_size_and_range(size: tuple[int, int]) -> None:
    painted = ResNetGenerator(channels=4)(torch.rand(1, 3, *size) * 2 - 1)
    assert painted.shape == (1, 3, *size)
    assert painted.abs().max() <= 1
