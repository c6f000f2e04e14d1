"""A run under way: its parts, one step of it, and what every run leaves in its folder."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from vidstyle.report.page import picture
from vidstyle.report.plot import can_plot, plot_lines
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.checkpoint import load_checkpoint, save_checkpoint
from vidstyle.train.data.dataset import Dataset
from vidstyle.train.data.sampling import step_generator
from vidstyle.train.ema import RunningMean
from vidstyle.train.health import signs_in_losses
from vidstyle.train.learning_rate import Schedule
from vidstyle.train.log import Log, Notices
from vidstyle.train.methods.base import TrainingMethod
from vidstyle.train.report import write_report
from vidstyle.train.settings import TrainSettings
from vidstyle.train.tensorboard import TensorBoardWriter


class Batches(Protocol):
    """Draws what a step learns from."""

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return photos and paintings of `step`, (n, 3, h, w) uint8 each."""
        ...


@dataclass(kw_only=True)
class Run(ABC):
    """The parts of a run, and the steps done.

    `style_image` is the number of the painting that a single-image method learns from; `mean` follows the weights of
    what is fitted, if they are to be kept. Of several processes one alone opens what is written.
    """

    folder: RunFolder
    settings: TrainSettings
    dataset: Dataset
    schedule: Schedule
    method: TrainingMethod
    style_image: int | None
    notices: Notices
    batches: Batches = field(init=False)
    mean: RunningMean | None = field(init=False, default=None)
    board: TensorBoardWriter | None = field(init=False, default=None)
    log: Log = field(init=False)
    step: int = field(init=False, default=0)
    shown: int = field(init=False, default=-1)

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

    def open(self) -> None:
        """Open what is written step by step; raises DependencyError when TensorBoard is asked for and missing."""
        self.board = TensorBoardWriter(self.folder.tensorboard, self.step) if self.settings.tensorboard else None
        self.notices.take_up(self.step)
        self.log = Log(self.folder.log, ("learning_rate", "seconds_per_step", *self.method.losses), self.step)

    def record(self, means: dict[str, float], rate: float, seconds: float) -> None:
        """Write the mean losses of a stretch of steps and the seconds that one took, and warn of what they mean."""
        self.log.write(self.step, {"learning_rate": rate, "seconds_per_step": seconds, **means})
        if self.board:
            self.board.curves(self.step, means)
        gan_mode = self.settings.gan_mode if self.settings.has("gan_mode") else None
        for kind, text in signs_in_losses(self.log.rows, gan_mode).items():
            self.notices.say(self.step, kind, text)

    def close(self) -> None:
        """Close what is open."""
        self.log.close()
        if self.board:
            self.board.close()

    def save(self) -> None:
        """Write the checkpoint, of all processes; raises OutputError, and TrainingError where the run has diverged."""
        save_checkpoint(self.folder, self.step, self.method, self.mean)

    def show(self) -> None:
        """Show how far the run is, beyond its losses."""
        self.shown = self.step

    def plot(self) -> None:
        """Draw the losses."""
        rows = read_log(self.folder.log)
        if rows and can_plot():
            kept = {name: [row for row in rows if name in row] for name in self.method.losses}
            curves = {
                name: ([row["step"] for row in one], [row[name] for row in one]) for name, one in kept.items() if one
            }
            plot_lines(self.folder.losses, curves, "step")

    def finish(self) -> None:
        """Write what a run ends with, its checkpoint apart; one that is stopped early is not kept waiting by samples and
        scores.
        """
        self.plot()
        if self.step == self.schedule.steps != self.shown:
            self.show()
        figures = {"steps": f"{self.step:,} of {self.schedule.steps:,}", **self.details()}
        write_report(self.folder, self.settings, self.method.losses, figures, self.notices.texts, self.pictures())

    def pictures(self) -> dict[str, str]:
        """Return what the report shows besides samples, pieces of HTML by heading."""
        return {} if self.style_image is None else {"Style image": picture(self.folder.style_image, "style image")}

    def details(self) -> dict[str, Any]:
        """Return what was settled on the way, for the manifest."""
        return {} if self.style_image is None else {"style_image": self.dataset.paintings.names[self.style_image]}

    @property
    @abstractmethod
    def output(self) -> Path:
        """What the run was for."""
