"""Contrastive methods may add the terms for clean pictures, each by its weight; without weights nothing of them is there."""

from copy import deepcopy
from typing import Any

import pytest
import torch

from tests.train.conftest import small
from vidstyle.errors import SettingsError
from vidstyle.losses.white_box import structure_loss
from vidstyle.train.methods.cut import CURVES, ContrastiveTraining
from vidstyle.train.settings import CARTOON_WEIGHTS

WEIGHTS = dict.fromkeys(CARTOON_WEIGHTS, 1.0)
NAMES = ["texture", "surface", "structure", "plain", "colour", "D_texture", "D_surface"]
SEED = 0


def method(**changes: Any) -> ContrastiveTraining:
    settings = small(**{"method": "cut", "crop": 32, "load": 32} | changes)
    return ContrastiveTraining(settings, torch.device("cpu"), torch.float32)


def batch(seed: int, channels: int = 6) -> torch.Tensor:
    return torch.rand(2, channels, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def step(training: ContrastiveTraining, photos: torch.Tensor, paintings: torch.Tensor, seed: int) -> dict[str, float]:
    losses = training.step(photos, paintings, torch.Generator().manual_seed(seed))
    return {name: float(loss) for name, loss in losses.items()}


@pytest.mark.parametrize("name", ["cut", "cut++", "fastcut"])
def test_by_default_there_is_no_such_term_and_no_counterpart(name: str) -> None:
    training = method(method=name)
    assert training.losses == CURVES and set(training.networks) == {"generator", "discriminator", "embeddings"}
    assert training.settings.counterparts == ""


def test_every_term_with_a_weight_is_told_beside_the_losses_of_the_paper() -> None:
    training = method(**WEIGHTS, palette=0.5)
    assert training.settings.counterparts == "drawn"
    losses = step(training, batch(0), batch(1), SEED)
    assert list(losses) == [*CURVES, *NAMES]
    assert all(loss >= 0 for loss in losses.values())


def test_a_painting_that_is_its_flattened_photo_is_not_told_to_change() -> None:
    training, photos = method(lambda_structure=1.0, lambda_plain=1.0), batch(0)
    with torch.no_grad():
        photos[:, 3:] = training.generator(photos[:, :3].contiguous(memory_format=torch.channels_last))
    losses = step(training, photos, batch(1), SEED)
    assert losses["structure"] == losses["plain"] == 0


def test_a_weight_draws_paintings_towards_the_flattened_photo() -> None:
    photos, distances = batch(0), []
    photos[:, 3:] = 0.5
    for weight in (1e-9, 30.0):
        training = method(lambda_structure=weight, lr=2e-3)
        distances.append([step(training, photos, batch(1), SEED)["structure"] for _ in range(12)][-1])
    assert distances[1] < 0.8 * distances[0]


def test_a_mirrored_painting_is_held_to_the_mirrored_flattened_photo() -> None:
    training, photos = method(method="fastcut", lambda_structure=1.0), batch(0)
    seed = next(n for n in range(99) if torch.rand((), generator=torch.Generator().manual_seed(n)) < 0.5)
    with torch.no_grad():
        wanted = structure_loss(training.generator(photos[:, :3].flip(3)), photos[:, 3:].flip(3))
    assert step(training, photos, batch(1), seed)["structure"] == pytest.approx(float(wanted), rel=1e-4)


def test_a_run_goes_on_as_if_it_had_not_stopped() -> None:
    first, second = method(**WEIGHTS, palette=0.5), method(**WEIGHTS, palette=0.5, seed=1)
    step(first, batch(0), batch(1), SEED)
    second.load_state_dict(deepcopy(first.state_dict()))
    assert step(first, batch(2), batch(3), SEED) == step(second, batch(2), batch(3), SEED)


def test_a_state_of_a_version_without_these_terms_is_read() -> None:
    training = method()
    state = training.state_dict()
    del state["palette"]
    method(seed=1).load_state_dict(state)


def test_a_palette_from_which_nothing_learns_is_refused() -> None:
    with pytest.raises(SettingsError, match="Give a weight too"):
        small(method="cut", palette=0.5)
