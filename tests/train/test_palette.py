"""Photos move towards the cartoon in lightness and chroma, and greys stay without hue."""

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
    for _ in range(200):
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


def test_as_many_pixels_are_dark_and_light_as_in_the_cartoon() -> None:
    shares = torch.tensor([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
    after, wanted = (lab(images)[:, 0].flatten().quantile(shares) for images in (moved(1.0, DULL), BRIGHT))
    assert torch.allclose(after, wanted, atol=1.5)


def test_the_strongest_colours_become_as_strong_as_those_of_the_cartoon() -> None:
    palette, vivid, soft = Palette(1.0), colours(2.0, -1.0), colours(1.0, -0.4)
    for _ in range(200):
        palette.update(vivid, soft)
    after, wanted = (lab(images)[:, 1:].norm(dim=1).flatten().quantile(0.95) for images in (palette(vivid), soft))
    assert float(after) == pytest.approx(float(wanted), rel=0.15)


def test_greys_stay_without_hue_and_in_their_order() -> None:
    greys = torch.linspace(-1, 1, 64).view(1, 1, 1, 64).expand(1, 3, 4, 64)
    after = moved(1.0, greys)
    assert float((after.amax(1) - after.amin(1)).max()) < 0.01
    assert float(after[0, 0, 0].diff().min()) >= 0


def test_the_first_batch_moves_little() -> None:
    palette = Palette(1.0)
    palette.update(DULL, BRIGHT)
    shifts = [lab(images)[:, 0].mean() - lab(DULL)[:, 0].mean() for images in (palette(DULL), moved(1.0, DULL))]
    assert 0 < float(shifts[0]) < 0.4 * float(shifts[1])


def test_strength_0_changes_nothing() -> None:
    assert torch.equal(moved(0.0, DULL), DULL)


def test_the_state_is_restored() -> None:
    first, second = Palette(0.7), Palette(0.7)
    first.update(DULL, BRIGHT)
    second.load_state_dict(first.state_dict())
    first.update(BRIGHT, DULL)
    second.update(BRIGHT, DULL)
    assert torch.equal(first(DULL), second(DULL))


def test_means_of_a_version_without_histograms_are_gathered_anew() -> None:
    palette = Palette(1.0)
    palette.load_state_dict({"sums": torch.rand(4, dtype=torch.float64), "batches": 3})
    assert torch.equal(palette(DULL), DULL)
