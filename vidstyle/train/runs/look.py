"""A run that learns the look of one image, with which pictures are varied later."""

from dataclasses import replace
from pathlib import Path

from vidstyle.models.inst.look_file import save_look
from vidstyle.pixels import to_planes, to_signed_floats
from vidstyle.run_folder import RunFolder
from vidstyle.train.checkpoint import TrainingState
from vidstyle.train.log import RunWarnings
from vidstyle.train.methods.inst import LookTraining
from vidstyle.train.runs.base import Run, RunPlan


class LookRun(Run):
    """A run of a method that learns from a style image alone."""

    def __init__(self, plan: RunPlan, state: TrainingState, warnings: RunWarnings) -> None:
        assert isinstance(state.method, LookTraining) and plan.style_image is not None
        super().__init__(plan, state, warnings)
        self.method = state.method
        self.painting = self.dataset.paintings.image(plan.style_image)

    def finish(self) -> None:
        """Write what a run ends with, the look last."""
        super().finish()
        look = self.method.look(to_signed_floats(to_planes(self.painting)))
        history = {"settings": self.settings.record(), "steps": self.state.step, **self.details()}
        save_look(replace(look, history=history), self.output(self.folder))

    @staticmethod
    def output(folder: RunFolder) -> Path:
        """Return the file of the look."""
        return folder.look
