"""What every run does around its steps: log, warnings, samples, report, and the result at its end."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle.report.page import embed_file
from vidstyle.run_folder import RunFolder
from vidstyle.train.checkpoint import TrainingState
from vidstyle.train.data.dataset import Dataset
from vidstyle.train.health import warnings_from_losses
from vidstyle.train.learning_rate import Schedule
from vidstyle.train.log import Log, RunWarnings
from vidstyle.train.report import write_report
from vidstyle.train.settings import TrainSettings
from vidstyle.train.tensorboard import TensorBoardWriter


@dataclass(frozen=True)
class RunPlan:
    """What is decided before the first step, in every process.

    `style_image` is the number of the painting that a single-image method learns from, None for other methods.
    """

    folder: RunFolder
    settings: TrainSettings
    dataset: Dataset
    schedule: Schedule
    style_image: int | None


class Run(ABC):
    """Keeps a run in its folder while it trains. Of several processes the first one alone has it.

    Creating it opens the log, at the step of `state`. Raises DependencyError where TensorBoard is asked for and missing.
    """

    sample_rows = "photos, paintings, cartoon frames"
    """What the rows of a sample sheet show."""

    def __init__(self, plan: RunPlan, state: TrainingState, warnings: RunWarnings) -> None:
        self.plan, self.state, self.warnings = plan, state, warnings
        self.folder, self.settings, self.dataset = plan.folder, plan.settings, plan.dataset
        self.tensorboard = TensorBoardWriter(self.folder.tensorboard, state.step) if self.settings.tensorboard else None
        columns = ("learning_rate", "seconds_per_step", *state.method.losses)
        self.log = Log(self.folder.log, columns, state.step)
        self._shown_step: int | None = None

    def after_step(self) -> None:  # noqa: B027 - most runs have nothing to do here
        """Do what is due after every single step; nothing for most runs."""

    def record(self, means: dict[str, float], seconds_per_step: float) -> None:
        """Write the mean losses of the last steps and the seconds that one took; warn where they are not healthy."""
        step = self.state.step
        rate = self.plan.schedule.learning_rate(step - 1)
        self.log.write(step, {"learning_rate": rate, "seconds_per_step": seconds_per_step, **means})
        if self.tensorboard:
            self.tensorboard.add_scalars(step, means)
        gan_mode = self.settings.gan_mode if self.settings.has("gan_mode") else None
        for kind, text in warnings_from_losses(self.log.rows, gan_mode).items():
            self.warnings.add(step, kind, text)

    def show(self) -> None:
        """Show how far the run is: write samples and scores where it has some, and the report."""
        self.write_samples()
        self._shown_step = self.state.step
        self.write_report()

    def write_samples(self) -> None:  # noqa: B027 - runs without a generator have none
        """Write sample pictures and scores; a run without a generator has none."""

    def write_report(self) -> None:
        """Write the page that shows the run."""
        figures = {"steps": f"{self.state.step:,} of {self.plan.schedule.steps:,}", **self.details()}
        losses, pictures = self.state.method.losses, self.report_pictures()
        write_report(self.folder, self.settings, losses, figures, self.warnings.texts, pictures, self.sample_rows)

    def report_pictures(self) -> dict[str, str]:
        """Return what the report shows besides samples, pieces of HTML by heading."""
        if self.plan.style_image is None:
            return {}
        return {"Style image": embed_file(self.folder.style_image, "style image")}

    def finish(self) -> None:
        """Write what a run ends with, apart from its checkpoint; a run that is stopped early gets no last samples."""
        if self.state.step == self.plan.schedule.steps != self._shown_step:
            self.write_samples()
        self.write_report()

    def details(self) -> dict[str, Any]:
        """Return for the manifest what the settings do not say: here the name of the style image."""
        if self.plan.style_image is None:
            return {}
        return {"style_image": self.dataset.paintings.names[self.plan.style_image]}

    def close(self) -> None:
        """Close the log."""
        self.log.close()
        if self.tensorboard:
            self.tensorboard.close()

    @staticmethod
    @abstractmethod
    def output(folder: RunFolder) -> Path:
        """Return where the result of the run lies."""
