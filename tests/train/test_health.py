"""A run that goes nowhere is noticed early, and one that goes well is left in peace."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.train.conftest import picture, small
from vidstyle.progress import Progress
from vidstyle.train.health import warnings_from_losses, warnings_from_pictures
from vidstyle.train.methods.cut import ContrastiveTraining
from vidstyle.train.stage import run


def _rows(discriminator: float, contrast: float, steps: int = 3000) -> list[dict[str, float]]:
    rows = [{"step": 20.0, "NCE": 8.0, "D_fake": 0.3, "D_real": 0.3}]
    later = range(40, steps + 1, 20)
    return rows + [
        {"step": float(step), "NCE": contrast, "D_fake": discriminator, "D_real": discriminator} for step in later
    ]


def test_a_healthy_run_shows_no_signs() -> None:
    assert warnings_from_losses(_rows(0.15, 2.0), "lsgan") == {}


def test_a_discriminator_that_is_always_right_is_noticed() -> None:
    (text,) = warnings_from_losses(_rows(0.03, 2.0), "lsgan").values()
    assert text == (
        "At step 3,000 the discriminator is nearly always right (its losses average 0.030 over 500 steps; 0.25 would be "
        "chance). From here on the generator tends to over-draw texture and to lose colours. Stop and use the best style so "
        "far, or begin anew with --augment colour,translation,cutout, with --lambda-r1 1, or with more cartoon frames; "
        "--init STYLE keeps what was learnt."
    )


@pytest.mark.parametrize(("mode", "won", "healthy"), [("lsgan", 0.049, 0.051), ("vanilla", 0.138, 0.14)])
def test_what_counts_as_won_depends_on_the_kind_of_loss(mode: str, won: float, healthy: float) -> None:
    assert list(warnings_from_losses(_rows(won, 2.0), mode)) == ["discriminator won"]
    assert warnings_from_losses(_rows(healthy, 2.0), mode) == {}


def test_a_contrast_that_does_not_fall_is_noticed() -> None:
    (text,) = warnings_from_losses(_rows(0.2, 7.9), "lsgan").values()
    assert text == (
        "At step 3,000 the contrastive loss NCE is where it began (7.90; 8.00 at first): the paintings do not keep the "
        "photos' content. Begin anew with a lower --lr or a higher --lambda-nce."
    )


def test_nothing_is_said_of_the_first_steps() -> None:
    assert warnings_from_losses(_rows(0.0, 8.0, steps=980), "lsgan") == {}


def test_methods_without_a_discriminator_or_a_contrast_have_no_such_signs() -> None:
    assert warnings_from_losses([{"step": 5000.0, "style": 1.0}], None) == {}


@pytest.mark.parametrize(
    ("painted", "sign"),
    [
        ([picture(number, True) for number in range(4)], []),
        ([np.full((60, 72, 3), 90 + number, np.uint8) for number in range(4)], ["flat"]),
        ([picture(9, True)] * 4, ["alike"]),
    ],
)
def test_paintings_that_show_nothing_of_the_photos_are_noticed(painted: list[np.ndarray], sign: list[str]) -> None:
    assert list(warnings_from_pictures(1000, [picture(number, False) for number in range(4)], painted)) == sign


def test_a_warning_is_said_once_over_all_of_a_run(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = {name: torch.tensor(0.01) for name in ("G_GAN", "NCE", "NCE_Y", "D_fake", "D_real")}
    monkeypatch.setattr(ContrastiveTraining, "step", lambda *_: losses)
    monkeypatch.setattr("vidstyle.train.health.WINDOW", 4)
    told: list[str] = []

    def note(progress: Progress) -> None:
        told.extend([progress.note] if "discriminator is nearly" in progress.note else [])

    for steps in (12, 20):
        result = run(dataset, tmp_path, small(steps=steps), note)
    assert len(told) == 1
    assert told[0] in result.warnings
    kept = json.loads((tmp_path / "cut++" / "warnings.json").read_text())
    assert [row["step"] for row in kept if row["kind"] == "discriminator won"] == [8]
