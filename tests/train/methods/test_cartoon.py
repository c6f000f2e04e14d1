"""The method `cartoon` learns what its weights say, and nothing of what has no weight."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.train.conftest import small
from vidstyle.progress import silent
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.methods.cartoon import CartoonTraining
from vidstyle.train.stage import run

FITTED = {"lambda_texture": 0.0, "lambda_surface": 0.0, "palette": 0.0}


def method(**changes: Any) -> CartoonTraining:
    settings = small(method="cartoon", **changes)
    return CartoonTraining(settings, torch.device("cpu"), torch.float32)


def batch(seed: int, channels: int = 6) -> torch.Tensor:
    return torch.rand(2, channels, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def step(training: CartoonTraining, photos: torch.Tensor, paintings: torch.Tensor) -> dict[str, torch.Tensor]:
    return training.step(photos, paintings, torch.Generator().manual_seed(0))


def test_all_terms_are_there_by_default() -> None:
    losses = step(method(), batch(0), batch(1))
    assert list(losses) == ["texture", "surface", "structure", "plain", "colour", "D_texture", "D_surface"]


@pytest.mark.parametrize(
    ("zero", "gone"),
    [
        ("texture", {"texture", "D_texture"}),
        ("surface", {"surface", "D_surface"}),
        ("structure", {"structure"}),
        ("plain", {"plain"}),
        ("colour", {"colour"}),
    ],
)
def test_a_weight_of_zero_drops_the_term_and_its_network(zero: str, gone: set[str]) -> None:
    whole, training = method(), method(**{f"lambda_{zero}": 0.0})
    assert set(step(training, batch(0), batch(1))) == set(whole.losses) - gone
    assert set(training.networks) == set(whole.networks) - gone


def test_without_discriminators_cartoon_frames_do_not_matter() -> None:
    one, other = method(**FITTED), method(**FITTED)
    step(one, batch(0), batch(1))
    step(other, batch(0), batch(2))
    assert all(
        torch.equal(*pair) for pair in zip(one.generator.parameters(), other.generator.parameters(), strict=True)
    )


def test_edge_smoothed_frames_are_fakes_for_the_texture_discriminator_alone() -> None:
    paintings = batch(1)
    changed = torch.cat([paintings[:, :3], batch(2, 3)], dim=1)
    one, other = (step(method(), batch(0), frames) for frames in (paintings, changed))
    assert one["D_texture"] != other["D_texture"]
    assert one["D_surface"] == other["D_surface"]


def test_a_painting_that_is_its_flattened_photo_has_no_losses_but_those_of_discriminators() -> None:
    training, photos = method(palette=0.0), batch(0)
    with torch.no_grad():
        photos[:, 3:] = training.generator(photos[:, :3])
    losses = step(training, photos, batch(1))
    assert all(losses[name] < 1e-6 for name in ("structure", "plain", "colour")), "rounding is all that differs"
    assert losses["texture"] > 0 < losses["surface"]


def test_a_discriminator_that_cannot_tell_has_the_loss_of_chance() -> None:
    training = method()
    for name in training.discriminators:
        last = training.networks[name].model[-1]
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.constant_(last.bias, 0.5)
    losses = step(training, batch(0), batch(1))
    assert [losses[f"D_{name}"].item() for name in training.discriminators] == pytest.approx([0.16, 0.16])


def test_a_generator_fitted_to_flattened_photos_is_a_start_for_the_whole_method(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(method="cartoon", name="flat", steps=30, lr=3e-3, log_every=5, **FITTED), silent)
    structure = [row["structure"] for row in read_log(RunFolder(tmp_path / "flat").log)]
    assert structure[-1] < structure[0]
    start = str(tmp_path / "flat" / "style.safetensors")
    run(dataset, tmp_path, small(method="cartoon", name="whole", steps=2, log_every=1, init=start), silent)
    first = read_log(RunFolder(tmp_path / "whole").log)[0]
    assert np.isfinite(list(first.values())).all()
