"""LPIPS is the one of its authors."""

from pathlib import Path

import pytest
import torch

from tests.outside import outside
from vidstyle.media.images import list_images, read_image
from vidstyle.models.feature_network import load_lpips
from vidstyle.models.weights import load_weights
from vidstyle.networks.lpips import PerceptualDistance
from vidstyle.pixels import to_device


@pytest.fixture(scope="module")
def ours(real_weights: Path) -> PerceptualDistance:
    """LPIPS on AlexNet with the real weights."""
    return load_lpips(torch.device("cpu"))


def test_it_agrees_with_the_lpips_package_on_photos(ours: PerceptualDistance, real_data: Path) -> None:
    package = outside("lpips")
    theirs = package.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
    layers = [module for part in theirs.net.children() for module in part if isinstance(module, torch.nn.Conv2d)]
    state = load_weights("alexnet")
    for layer, number in zip(layers, (0, 3, 6, 8, 10), strict=True):
        layer.load_state_dict({part: state[f"features.{number}.{part}"] for part in ("weight", "bias")})
    photos = [to_device(read_image(path)[None], torch.device("cpu")) for path in list_images(real_data / "test")[:3]]
    pairs = [(photo, (0.6 * photo + 0.4 * photo.flip(3)).clamp(0, 1)) for photo in photos]
    with torch.inference_mode():
        found = [float(ours(*pair)) for pair in pairs]
        expected = [float(theirs(*pair, normalize=True)) for pair in pairs]
    assert all(value > 0.05 for value in expected)
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_picture_is_at_no_distance_from_itself_and_the_order_does_not_matter(ours: PerceptualDistance) -> None:
    first, second = torch.rand(2, 1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert float(ours(first, first)) == 0
        assert float(ours(first, second)) == pytest.approx(float(ours(second, first)), rel=1e-6)
