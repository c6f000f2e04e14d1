"""A run that fits a generator, whose running mean becomes a style."""

from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from vidstyle.errors import SettingsError, StyleError
from vidstyle.media.images import write_image
from vidstyle.models.feature_network import load_vgg16
from vidstyle.models.style_file import Style, find_style, load_style, save_style
from vidstyle.report.contact_sheet import grid
from vidstyle.run_folder import read_log
from vidstyle.train.data.sampling import BatchSampler
from vidstyle.train.ema import RunningMean
from vidstyle.train.health import check_weights, signs_in_pictures
from vidstyle.train.log import Log
from vidstyle.train.method_defaults import METHODS
from vidstyle.train.runs.base import Run
from vidstyle.train.samples import centre_square, painter_of, spread
from vidstyle.train.score import SCORE, StyleScorer


@dataclass(kw_only=True)
class StyleRun(Run):
    """A run of a method with a generator."""

    mean: RunningMean = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.mean = RunningMean(self.generator, settings.ema)
        self.batches = BatchSampler(
            self.dataset,
            batch=settings.batch,
            crop=settings.crop,
            flip=settings.flip,
            seed=settings.seed,
            style_image=self.style_image,
            balance_shots=bool(settings.balance_shots),
        )

    @property
    def generator(self) -> nn.Module:
        """The network that is fitted."""
        assert self.method.generator is not None
        return self.method.generator

    @property
    def kind(self) -> str:
        """The name of the generator's kind in the style file."""
        return str(METHODS[self.settings.method].generator)

    def advance(self, rate: float) -> dict[str, Tensor]:
        """Do one step at a learning rate and return its losses."""
        losses = super().advance(rate)
        self.mean.update(self.generator, self.step)
        return losses

    def take_up(self) -> None:
        """Go on from the checkpoint, or begin with the style that was asked for; raises SettingsError if it does not fit."""
        if not self.folder.checkpoint.is_file() and self.settings.init:
            self._start_from(self.settings.init)
        super().take_up()

    def _start_from(self, name: str) -> None:
        style, settings = load_style(find_style(name)), self.settings
        if style.kind != self.kind:
            raise SettingsError(
                f"The style {name} holds a {style.kind} generator, and {settings.method} fits a {self.kind} one. "
                "Give a style of that kind, or another --method."
            )
        if (style.channels, style.blocks) != (settings.channels, settings.blocks):
            raise SettingsError(
                f"The style {name} has {style.channels} channels and {style.blocks} blocks. "
                f"Give --channels {style.channels} --blocks {style.blocks} to start from it."
            )
        self.generator.load_state_dict(style.weights)
        self.mean.load(style.weights)

    def show(self) -> None:
        """Write the sample pictures, and score the style; raises TrainingError where the run has diverged."""
        super().show()
        check_weights(self.mean.weights, self.step, self.folder)
        paint = painter_of(self.generator, self.mean.weights)
        photos = spread(self.dataset.held_out if len(self.dataset.held_out) else self.dataset.photos)
        painted = [paint(photo) for photo in photos]
        sheet = grid([photos, painted, self._frames_like(painted)])
        write_image(self.folder.sample(self.step), sheet)
        if self.board:
            self.board.picture(self.step, "samples", sheet)
        for kind, text in signs_in_pictures(self.step, photos, painted).items():
            self.notices.say(self.step, kind, text)
        if self.judge:
            self._keep_if_best(self.judge.score(paint))

    def open(self) -> None:
        """Open what is written step by step, and say early where there will be no score."""
        super().open()
        _ = self.judge

    @cached_property
    def judge(self) -> StyleScorer | None:
        """What scores the style, where photos are held out and VGG16 is at hand."""
        if not len(self.dataset.held_out):
            return None
        try:
            network = load_vgg16(self.settings.vgg16, self.method.device)
        except StyleError as error:
            self.notices.say(self.step, "no score", f"The style is not scored, and no best one is kept: {error}")
            return None
        return StyleScorer(network, self.dataset.held_out, self.dataset.paintings, self.settings.seed)

    def _frames_like(self, painted: list[np.ndarray]) -> list[np.ndarray]:
        """Return the cartoon frames most like the paintings, or some of them where features cannot be compared."""
        paintings = self.dataset.paintings
        if self.judge is None:
            return spread(paintings)
        return [centre_square(paintings.image(number)) for number in self.judge.nearest(painted)]

    def _keep_if_best(self, score: float) -> None:
        rows = [row for row in self.scores if row["step"] < self.step]
        with closing(Log(self.folder.scores, (SCORE,), self.step - 1)) as log:
            log.write(self.step, {SCORE: score})
        if self.board:
            self.board.curves(self.step, {SCORE: score})
        if not rows or score < min(row[SCORE] for row in rows):
            save_style(self._style({"score": {SCORE: score}}), self.folder.best_style)

    @property
    def scores(self) -> list[dict[str, float]]:
        """The scores so far, one for each step at which the style was scored."""
        return read_log(self.folder.scores) if self.folder.scores.is_file() else []

    def finish(self) -> None:
        """Write what a run ends with, the style last."""
        super().finish()
        save_style(self._style({}), self.folder.style)

    def _style(self, more: dict[str, Any]) -> Style:
        settings = self.settings
        history: dict[str, Any] = {
            "settings": settings.record(),
            "steps": self.step,
            "photos": len(self.dataset.photos),
        }
        history |= {"paintings": len(self.dataset.paintings), **super().details(), **more}
        return Style(self.kind, settings.channels, settings.blocks, settings.load, self.mean.weights, history)

    def details(self) -> dict[str, Any]:
        """Return what was settled on the way, for the manifest: with scores, the last one, the best one and its step."""
        scores = [row for row in self.scores if row["step"] <= self.step]
        if not scores:
            return super().details()
        best = min(scores, key=lambda row: row[SCORE])
        found = {SCORE: scores[-1][SCORE], f"best {SCORE}": best[SCORE], "best step": int(best["step"])}
        return {**super().details(), **found}

    @property
    def output(self) -> Path:
        """The style."""
        return self.folder.style
