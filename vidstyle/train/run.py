"""A run under way: its parts, one step of it, and what every run leaves in its folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from vidstyle.report.plot import can_plot, plot_lines
from vidstyle.run_folder import RunFolder
from vidstyle.train.average import RunningMean
from vidstyle.train.checkpoint import load_checkpoint, save_checkpoint
from vidstyle.train.dataset import Dataset
from vidstyle.train.draws import step_generator
from vidstyle.train.log import read_log
from vidstyle.train.method import TrainingMethod
from vidstyle.train.schedule import Schedule
from vidstyle.train.settings import TrainSettings


class Batches(Protocol):
    """Draws what a step learns from."""

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return photos and paintings of `step`, (n, 3, h, w) uint8 each."""
        ...


@dataclass(kw_only=True)
class Run:
    """The parts of a run, and the steps done.

    `style_image` is the number of the painting that a single-image method learns from; `mean` follows the weights of
    what is fitted, if they are to be kept.
    """

    folder: RunFolder
    settings: TrainSettings
    dataset: Dataset
    schedule: Schedule
    method: TrainingMethod
    style_image: int | None
    batches: Batches = field(init=False)
    mean: RunningMean | None = field(init=False, default=None)
    step: int = field(init=False, default=0)

    def advance(self, rate: float) -> dict[str, Tensor]:
        """Do one step at a learning rate and return its losses."""
        photos, paintings = (
            images.to(self.method.device, non_blocking=True).float() / 127.5 - 1
            for images in self.batches.images(self.step)
        )
        self.method.set_learning_rate(rate)
        losses = self.method.step(photos, paintings, step_generator(self.settings.seed, self.step))
        self.step += 1
        return losses

    def take_up(self) -> None:
        """Go on from the checkpoint if there is one; raises TrainingError."""
        if self.folder.checkpoint.is_file():
            self.step = load_checkpoint(self.folder.checkpoint, self.method, self.mean)

    def save(self) -> None:
        """Write the checkpoint; raises OutputError."""
        save_checkpoint(self.folder.checkpoint, self.step, self.method, self.mean)

    def show(self) -> None:
        """Draw the losses."""
        rows = read_log(self.folder.log)
        if rows and can_plot():
            kept = {name: [row for row in rows if name in row] for name in self.method.losses}
            curves = {
                name: ([row["step"] for row in one], [row[name] for row in one]) for name, one in kept.items() if one
            }
            plot_lines(self.folder.losses, curves, "step")

    def finish(self) -> None:
        """Write what a run ends with."""
        self.save()
        self.show()

    def details(self) -> dict[str, Any]:
        """Return what was settled on the way, for the manifest."""
        return {} if self.style_image is None else {"style_image": self.dataset.paintings.names[self.style_image]}

    @property
    def output(self) -> Path:
        """What the run was for."""
        raise NotImplementedError
