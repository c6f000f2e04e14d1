"""A run that fits a generator; the average of its weights becomes a style."""

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.errors import SettingsError, StyleError
from vidstyle.media.images import write_image
from vidstyle.models.feature_network import load_vgg16
from vidstyle.models.style_file import Style, save_style, start_identity
from vidstyle.report.contact_sheet import grid
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.checkpoint import TrainingState
from vidstyle.train.health import check_weights, warnings_from_pictures
from vidstyle.train.log import Log, RunWarnings
from vidstyle.train.method_defaults import METHODS
from vidstyle.train.runs.base import Run, RunPlan
from vidstyle.train.samples import centre_square, make_painter, sample_squares
from vidstyle.train.score import COLUMNS, SCORE, StyleScorer
from vidstyle.train.start import starting_style


class StyleRun(Run):
    """A run of a method with a generator.

    Where photos are held out and VGG16 is at hand, the style is scored with the samples, and the best one is kept.
    """

    def __init__(self, plan: RunPlan, state: TrainingState, warnings: RunWarnings) -> None:
        assert state.ema is not None
        super().__init__(plan, state, warnings)
        self.ema = state.ema
        self.start = ""
        # A resumed run has its weights in the checkpoint, so the style that it began with may be gone.
        with suppress(StyleError, SettingsError):
            start = starting_style(plan.settings)
            self.start = start_identity(start) if start else ""
        self.scorer = self._load_scorer()

    def _load_scorer(self) -> StyleScorer | None:
        """Return what scores the style, None where no photos are held out; warns early where VGG16 is missing."""
        if not len(self.dataset.held_out):
            return None
        try:
            network = load_vgg16(self.settings.vgg16, self.state.method.device)
            return StyleScorer(network, self.dataset.held_out, self.dataset.paintings, self.settings.seed)
        except (StyleError, ImportError) as error:
            text = f"The style is not scored, and no best one is kept: {error}"
            self.warnings.add(self.state.step, "no score", text)
            return None

    def write_samples(self) -> None:
        """Write the sample pictures, and score the style; raises TrainingError where the run has diverged."""
        step = self.state.step
        check_weights(self.ema.weights, step, self.folder)
        paint = make_painter(self.ema.network, self.ema.weights)
        side = self.dataset.held_out if len(self.dataset.held_out) else self.dataset.photos
        photos = sample_squares(side, self.ema.network.multiple_of)
        painted = [paint(photo) for photo in photos]
        sheet = grid([photos, painted, self._frames_like(painted)])
        write_image(self.folder.sample(step), sheet)
        if self.tensorboard:
            self.tensorboard.add_image(step, "samples", sheet)
        for kind, text in warnings_from_pictures(step, photos, painted).items():
            self.warnings.add(step, kind, text)
        if self.scorer:
            self._keep_if_best(self.scorer.score(paint))

    def _frames_like(self, painted: list[np.ndarray]) -> list[np.ndarray]:
        """Return the cartoon frames most like the paintings, or some of them where there is no scorer to compare them."""
        paintings, multiple = self.dataset.paintings, self.ema.network.multiple_of
        if self.scorer is None:
            return sample_squares(paintings, multiple)
        return [centre_square(paintings.image(number), multiple) for number in self.scorer.nearest(painted)]

    def _keep_if_best(self, figures: dict[str, float]) -> None:
        step = self.state.step
        earlier = [row[SCORE] for row in self._scores() if row["step"] < step]
        with closing(Log(self.folder.scores, COLUMNS, step - 1)) as log:
            log.write(step, figures)
        if self.tensorboard:
            self.tensorboard.add_scalars(step, figures)
        if not earlier or figures[SCORE] < min(earlier):
            save_style(self._style({"score": figures}), self.folder.best_style)

    def _scores(self) -> list[dict[str, float]]:
        """Return the scores so far, a row for each step at which the style was scored.

        Rows of version 0.1.0 hold fd-vgg16 alone; they do not count, since it cannot be compared with a score.
        """
        rows = read_log(self.folder.scores) if self.folder.scores.is_file() else []
        return [row for row in rows if SCORE in row]

    def finish(self) -> None:
        """Write what a run ends with, the style last."""
        super().finish()
        save_style(self._style({}), self.output(self.folder))

    def _style(self, more_history: dict[str, Any]) -> Style:
        settings = self.settings
        history = {
            "settings": settings.record(),
            "steps": self.state.step,
            "photos": len(self.dataset.photos),
            "paintings": len(self.dataset.paintings),
            **super().details(),
            **self.style_history(),
            **more_history,
        }
        kind = str(METHODS[settings.method].generator)
        return Style(
            kind, settings.channels, settings.blocks, settings.load, self.ema.weights, history, start=self.start
        )

    def style_history(self) -> dict[str, Any]:
        """Return what the style's history has of this kind of run."""
        return {}

    def details(self) -> dict[str, Any]:
        """Return for the manifest what the settings do not say: with scores, the last one, the best one and its step."""
        scores = [row for row in self._scores() if row["step"] <= self.state.step]
        if not scores:
            return super().details()
        best, last = min(scores, key=lambda row: row[SCORE]), dict(scores[-1])
        del last["step"]
        return {**super().details(), **last, f"best {SCORE}": best[SCORE], "best step": int(best["step"])}

    @staticmethod
    def output(folder: RunFolder) -> Path:
        """Return the file of the style."""
        return folder.style
