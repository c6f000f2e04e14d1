"""A run that runs away is stopped before anything of it is kept or shown."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.train.conftest import small
from vidstyle.errors import TrainingError
from vidstyle.progress import Progress, silent
from vidstyle.train.methods.base import NetworkTraining
from vidstyle.train.methods.cut import ContrastiveTraining
from vidstyle.train.methods.registry import TRAINING_METHODS
from vidstyle.train.stage import run


def test_losses_that_are_no_numbers_are_never_kept(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(dataset, tmp_path, small(steps=3), silent)
    before = (tmp_path / "cut++" / "checkpoint.pt").read_bytes()
    monkeypatch.setattr(ContrastiveTraining, "step", lambda *_: {"G_GAN": torch.tensor(float("nan"))})
    with pytest.raises(TrainingError) as caught:
        run(dataset, tmp_path, small(steps=5, log_every=50), silent)
    assert str(caught.value) == (
        f"The losses are not finite any more at step 5: {{'G_GAN': nan}}. The checkpoint in {tmp_path}/cut++ is from "
        "before that. Begin anew with a lower --lr or --precision fp32, and --restart or another --name."
    )
    assert (tmp_path / "cut++" / "checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize("method", ["cut++", "cyclegan"])
def test_weights_that_are_no_numbers_are_neither_shown_nor_kept(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The losses of a step are those before its weights change."""

    def stop(progress: Progress) -> None:
        if progress.phase == "training" and progress.done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    step = TRAINING_METHODS[method].step

    def spoiling(self: NetworkTraining, *given: Any) -> dict[str, torch.Tensor]:
        losses = step(self, *given)
        next(iter(self.optimizers.values())).param_groups[0]["params"][0].data[:] = float("inf")
        return losses

    monkeypatch.setattr(TRAINING_METHODS[method], "step", spoiling)
    for sample_every in (1000, 1):
        with pytest.raises(TrainingError) as caught:
            run(dataset, tmp_path, small(method=method, log_every=1000, sample_every=sample_every), stop)
        assert str(caught.value) == (
            "The weights are not finite any more after step 1. There is no checkpoint yet. Begin anew with a lower --lr or "
            "--precision fp32, and --restart or another --name."
        )
    assert not (tmp_path / method / "checkpoint.pt").exists()
    assert not (tmp_path / method / "samples").exists()


def test_nothing_is_painted_after_losses_that_are_no_numbers(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ContrastiveTraining, "step", lambda *_: {"G_GAN": torch.tensor(float("inf"))})
    with pytest.raises(
        TrainingError, match=r"^The losses are not finite any more at step 3: .* There is no checkpoint yet\."
    ):
        run(dataset, tmp_path, small(sample_every=3, log_every=1000), silent)
    assert not (tmp_path / "cut++" / "samples").exists()
