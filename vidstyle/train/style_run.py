"""A run that fits a generator, whose running mean becomes a style."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vidstyle.errors import SettingsError
from vidstyle.models.style import Style, find_style, load_style, save_style
from vidstyle.report.png import write_png
from vidstyle.train.average import RunningMean
from vidstyle.train.draws import Draws
from vidstyle.train.methods import METHODS
from vidstyle.train.run import Run
from vidstyle.train.samples import sample_sheet


@dataclass(kw_only=True)
class StyleRun(Run):
    """A run of a method with a generator."""

    mean: RunningMean = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.mean = RunningMean(self.generator, settings.ema)
        self.batches = Draws(
            self.dataset,
            batch=settings.batch,
            crop=settings.crop,
            flip=settings.flip,
            seed=settings.seed,
            style_image=self.style_image,
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
        """Write the sample pictures, and draw the losses."""
        write_png(self.folder.sample(self.step), sample_sheet(self.dataset, self.generator, self.mean.weights))
        super().show()

    def finish(self) -> None:
        """Write what a run ends with, the style last."""
        super().finish()
        settings = self.settings
        history: dict[str, Any] = {
            "settings": settings.record(),
            "steps": self.step,
            "photos": len(self.dataset.photos),
        }
        history |= {"paintings": len(self.dataset.paintings), **self.details()}
        style = Style(self.kind, settings.channels, settings.blocks, settings.load, self.mean.weights, history)
        save_style(style, self.folder.style)

    @property
    def output(self) -> Path:
        """The style."""
        return self.folder.style
