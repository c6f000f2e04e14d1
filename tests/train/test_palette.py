"""Photos move towards the cartoon in lightness and chroma, and grey, black, white and every hue stay."""

import pytest
import torch
from torch import Tensor

from vidstyle.losses.white_box import lab
from vidstyle.train.palette import Palette


def colours(scale: float, shift: float) -> Tensor:
    return torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0)) * scale + shift


DULL, BRIGHT = colours(1.2, -0.9), colours(1.4, -0.7)


def moved(strength: float, photos: Tensor) -> Tensor:
    palette = Palette(strength)
    palette.update(DULL, BRIGHT)
    return palette(photos)


def test_a_photo_becomes_as_light_and_as_colourful_as_the_cartoon() -> None:
    before, after, wanted = (lab(images) for images in (DULL, moved(1.0, DULL), BRIGHT))

    def lightness(image: Tensor) -> float:
        return float(image[:, 0].mean())

    def chroma(image: Tensor) -> float:
        return float(image[:, 1:].norm(dim=1).mean())

    for measure in (lightness, chroma):
        assert abs(measure(after) - measure(wanted)) < 0.25 * abs(measure(before) - measure(wanted))
    assert lightness(lab(moved(0.5, DULL))) == pytest.approx((lightness(before) + lightness(after)) / 2, abs=1)


def test_black_white_and_grey_stay_without_hue() -> None:
    greys = torch.linspace(-1, 1, 5).view(1, 1, 1, 5).expand(1, 3, 4, 5)
    after = moved(1.0, greys)
    assert torch.allclose(after[..., 0], torch.tensor(-1.0), atol=0.01)
    assert torch.allclose(after[..., -1], torch.tensor(1.0), atol=0.01)
    assert float((after.amax(1) - after.amin(1)).max()) < 0.01


def test_strength_0_changes_nothing() -> None:
    assert torch.equal(moved(0.0, DULL), DULL)


def test_the_state_is_restored() -> None:
    first, second = Palette(0.7), Palette(0.7)
    first.update(DULL, BRIGHT)
    second.load_state_dict(first.state_dict())
    first.update(BRIGHT, DULL)
    second.update(BRIGHT, DULL)
    assert torch.equal(first(DULL), second(DULL))
