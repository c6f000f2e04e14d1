"""A picture in tiles equals the whole picture, to its borders."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vidstyle.models.tiles import Tiled
from vidstyle.models.upscaler import Upscaler, load_upscaler
from vidstyle.networks.rrdb import RRDBNet
from vidstyle.networks.srvgg import SRVGGNetCompact

CPU = torch.device("cpu")


def as_model(network: SRVGGNetCompact | RRDBNet, multiple_of: int = 1) -> Upscaler:
    network.eval().double()
    return Upscaler(network, network.scale, network.receptive_radius, CPU, torch.float64, multiple_of)


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    tile=st.integers(1, 24),
    batch=st.integers(1, 2),
    more=st.integers(0, 3),
)
@settings(max_examples=30, deadline=None)
def test_tiles_of_any_size_equal_the_whole(height: int, width: int, tile: int, batch: int, more: int) -> None:
    torch.manual_seed(0)
    model = as_model(SRVGGNetCompact(convolutions=2, features=4, scale=2))
    images = torch.rand(batch, 3, height, width, dtype=torch.float64)
    tiled = Tiled(model, tile, model.receptive_radius + more)
    torch.testing.assert_close(tiled(images), model(images), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("height", "width"), [(33, 50), (40, 41), (1, 3)])
def test_tiles_equal_the_whole_where_the_model_needs_a_multiple(height: int, width: int) -> None:
    torch.manual_seed(0)
    network = RRDBNet(blocks=1, features=4, growth=4, scale=2)
    model = as_model(network, multiple_of=network.fold)
    images = torch.rand(1, 3, height, width, dtype=torch.float64)
    tiled = Tiled(model, 15, model.receptive_radius)
    assert (tiled.tile, tiled.overlap) == (16, 38)
    torch.testing.assert_close(tiled(images), model(images), rtol=0, atol=1e-12)


def test_one_pixel_of_overlap_less_shows() -> None:
    torch.manual_seed(0)
    model = as_model(SRVGGNetCompact(convolutions=2, features=4, scale=2))
    images = torch.rand(1, 3, 20, 20, dtype=torch.float64)
    assert not torch.equal(Tiled(model, 10, model.receptive_radius - 1)(images), model(images))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.bfloat16, 1 / 255)])
def test_the_default_upscaler_shows_no_seam(dtype: torch.dtype, tolerance: float) -> None:
    torch.manual_seed(0)
    model = load_upscaler("realesr-animevideov3", CPU, dtype)
    images = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 18), scale_factor=4, mode="bicubic").clamp(0, 1)
    whole, tiled = model(images), Tiled(model, 24, model.receptive_radius)(images)
    assert (whole.float() - tiled.float()).abs().max() <= tolerance


class CountingModel(nn.Module):
    scale, multiple_of, half_ok = 1, 1, True

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    def forward(self, images: Tensor) -> Tensor:
        self.largest = max(self.largest, images.shape[-2] * images.shape[-1])
        return images


def test_the_model_never_sees_more_than_a_tile_and_its_surroundings() -> None:
    model = CountingModel()
    images = torch.rand(1, 3, 50, 70)
    assert torch.equal(Tiled(model, 16, 4)(images), images)
    assert model.largest == 24 * 24
