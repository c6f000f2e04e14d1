"""The losses for clean cartoon pictures are those of their definitions, and reward what a viewer would."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.drawings import drawing
from vidstyle.losses.white_box import colour_loss, lab, plain_gradient_loss, random_grey, srgb, structure_loss, surface
from vidstyle.networks.guided_filter import guided_filter


def images(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def scene(seed: int) -> Tensor:
    """Return a drawing with grain, (1, 3, 64, 64) in [-1, 1]."""
    picture = drawing(seed, (64, 64)) + np.random.default_rng(seed).normal(0, 12, (64, 64, 1))
    return torch.from_numpy(picture).float().permute(2, 0, 1)[None].div(127.5).sub(1).clamp(-1, 1)


def test_random_grey_weighs_the_channels_within_their_ranges_and_keeps_grey() -> None:
    random, primaries = torch.Generator().manual_seed(0), torch.eye(3).view(3, 3, 1, 1)
    weights = torch.stack([random_grey(primaries, random).flatten() for _ in range(200)])
    assert torch.allclose(weights.sum(1), torch.ones(200))
    for channel, (low, high) in enumerate(((0.199, 0.399), (0.487, 0.687), (0.014, 0.214))):
        seen, middle = weights[:, channel], (low + high) / 2
        assert float(seen.mean()) == pytest.approx(middle, abs=0.02)
        assert float(seen.min()) > low / 1.3 and float(seen.max()) < high / 0.7
    grey = images(2, 1, 3, 4).expand(-1, 3, -1, -1)
    assert torch.allclose(random_grey(grey, random), grey[:, :1], atol=1e-6)


def test_random_grey_comes_from_its_generator_alone() -> None:
    first, again = (random_grey(images(1, 3, 4, 4), torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again) and first.shape == (1, 1, 4, 4)


@pytest.mark.parametrize("seed", range(3))
def test_the_surface_is_close_to_the_filter_of_the_whole_picture(seed: int) -> None:
    picture = scene(seed)
    full = functional.avg_pool2d(guided_filter(picture, picture, 5, 0.2), 2)
    removed = (functional.avg_pool2d(picture, 2) - full).abs().mean()
    assert (surface(picture) - full).abs().mean() < 0.2 * removed


def slow_structure(painted: Tensor, flattened: Tensor) -> float:
    """Pixels plus gradients, pair by pair of neighbours."""
    difference = (painted - flattened).double().numpy()
    count, channels, height, width = difference.shape
    gradients: list[list[float]] = [[], []]
    for n in range(count):
        for c in range(channels):
            for y in range(height - 1):
                for x in range(width - 1):
                    gradients[0].append(abs(difference[n, c, y + 1, x] - difference[n, c, y, x]))
                    gradients[1].append(abs(difference[n, c, y, x + 1] - difference[n, c, y, x]))
    return float(np.abs(difference).mean() + np.mean(gradients[0]) + np.mean(gradients[1]))


def test_structure_is_pixels_plus_gradients() -> None:
    painted, flattened = images(2, 3, 5, 6), images(2, 3, 5, 6, seed=1)
    assert float(structure_loss(painted, flattened)) == pytest.approx(slow_structure(painted, flattened), rel=1e-5)
    assert float(structure_loss(painted, painted)) == 0


def slow_plain(painted: Tensor, photos: Tensor, flattened: Tensor) -> float:
    ours, photo, wanted = (image.double().numpy() for image in (painted, photos, flattened))
    count, channels, height, width = ours.shape
    values = []
    for n in range(count):
        for y in range(height - 1):
            for x in range(width - 1):
                corners = [image[n, :, y : y + 2, x : x + 2] for image in (ours, photo, wanted)]
                down = [corner[:, 1, 0] - corner[:, 0, 0] for corner in corners]
                across = [corner[:, 0, 1] - corner[:, 0, 0] for corner in corners]
                size = np.sqrt((down[1] ** 2 + across[1] ** 2).sum())
                plain = 1 / (1 + np.exp(-(0.06 - size) / 0.015))
                for c in range(channels):
                    steep, calm = (abs(down[side][c]) + abs(across[side][c]) for side in (0, 2))
                    values.append(plain * max(steep - calm, 0))
    return float(np.mean(values))


def test_plain_gradients_are_those_of_a_loop_over_every_pixel() -> None:
    photos = images(2, 3, 5, 6) * 0.02
    painted, flattened = images(2, 3, 5, 6, seed=1) * 0.1, images(2, 3, 5, 6, seed=2) * 0.05
    expected = slow_plain(painted, photos, flattened)
    assert expected > 0.01
    assert float(plain_gradient_loss(painted, photos, flattened)) == pytest.approx(expected, rel=1e-4)


def test_lines_count_in_a_plain_sky_and_not_where_the_photo_has_edges() -> None:
    flat, lined, busy = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16), images(1, 3, 16, 16)
    lined[..., ::4, :] = -0.8
    assert float(plain_gradient_loss(flat, flat, flat)) == 0
    assert float(plain_gradient_loss(lined, flat, flat)) > 0.3
    assert float(plain_gradient_loss(lined, busy, flat)) < 0.01
    assert float(plain_gradient_loss(flat, flat, lined)) == 0


def test_lab_is_that_of_opencv() -> None:
    rgb = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)
    rgb[0] *= 0.02
    expected = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    found = lab(torch.from_numpy(rgb).permute(2, 0, 1)[None] * 2 - 1)[0].permute(1, 2, 0).numpy()
    assert np.abs(found - expected).max() < 0.4


def test_lab_has_a_finite_gradient_in_and_beyond_its_range() -> None:
    picture = torch.linspace(-1.5, 1.5, 99).view(1, 3, 33, 1).requires_grad_()
    lab(picture).sum().backward()
    assert picture.grad.isfinite().all()
    assert float(lab(torch.ones(1, 3, 1, 1))[0, 0]) == pytest.approx(100, abs=1e-3)
    assert lab(torch.zeros(1, 3, 1, 1))[0, 1:].abs().max() < 1e-3


def test_colour_is_the_huber_loss_of_the_cells_mean_colours() -> None:
    painted, flattened = images(1, 3, 36, 32), images(1, 3, 36, 32, seed=1) * 0.3
    large, small = (_cell_losses(painted, flattened, *cells) for cells in ((16, 0), (4, 1)))
    assert float(colour_loss(painted, flattened)) == pytest.approx(np.mean(large) + np.mean(small), rel=1e-4)


def _cell_losses(painted: Tensor, flattened: Tensor, side: int, first_channel: int) -> list[float]:
    """Return the Huber losses of the channels of each cell, one after the other."""
    values = []
    for top in range(0, 36 - side + 1, side):
        for left in range(0, 32, side):
            cells = (
                image[..., top : top + side, left : left + side].mean((2, 3), keepdim=True)
                for image in (painted, flattened)
            )
            ours, wanted = (lab(cell).flatten()[first_channel:] / 100 for cell in cells)
            for distance in (ours - wanted).abs().tolist():
                values.append(0.5 * distance**2 if distance < 0.1 else 0.1 * (distance - 0.05))
    return values


def test_texture_of_the_same_mean_is_no_other_colour_and_a_tint_is() -> None:
    flat = torch.zeros(1, 3, 32, 32)
    checks = flat.clone()
    checks[..., ::2] += 0.2
    checks[..., 1::2] -= 0.2
    tinted = flat + torch.tensor([0.1, 0.0, -0.1]).view(1, 3, 1, 1)
    assert float(colour_loss(checks, flat)) < 1e-6 < 1e-4 < float(colour_loss(tinted, flat))


def test_srgb_undoes_lab() -> None:
    picture = images(1, 3, 16, 16)
    assert torch.allclose(srgb(lab(picture)), picture, atol=1e-4)
