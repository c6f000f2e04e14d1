"""The loss of steadiness asks for paintings that change as their photos do."""

import torch

from vidstyle.losses.steadiness import SHIFT, Warp, bent_and_noisy, steady_loss


def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def slope() -> torch.Tensor:
    """Return images (1, 3, 48, 64) in [-1, 1] whose values say where a pixel lies."""
    down, across = torch.meshgrid(torch.linspace(-1, 1, 48), torch.linspace(-1, 1, 64), indexing="ij")
    return torch.stack([across, down, across * down])[None]


def test_a_warp_moves_smoothly_and_by_a_few_pixels() -> None:
    warp = Warp.draw(slope(), random())
    moved = (warp(slope()) - slope()) * warp.inside * torch.tensor([31.5, 23.5, 0]).view(1, 3, 1, 1)
    assert 1 < moved.abs().max() < SHIFT + 12
    inner = moved[..., 14:34, 14:50]
    assert inner.diff(dim=2).abs().max() < 1 > inner.diff(dim=3).abs().max()


def test_what_follows_the_photo_is_steady_and_what_stays_in_place_is_not() -> None:
    photos, draws = slope(), random()
    warp = Warp.draw(photos, draws)
    bent = bent_and_noisy(photos, warp, draws)
    assert bent.min() >= -1 and bent.max() <= 1
    follows = steady_loss(photos * 0.5, bent * 0.5, warp)
    pattern = (torch.arange(64) % 4 < 2).float().expand(1, 3, 48, 64)
    assert follows < 0.01
    assert steady_loss(photos * 0.5 + pattern, bent * 0.5 + pattern, warp) > 10 * follows


def test_the_same_draws_give_the_same_warp() -> None:
    assert torch.equal(Warp.draw(slope(), random()).grid, Warp.draw(slope(), random()).grid)
