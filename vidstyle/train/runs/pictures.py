"""A run that optimises pictures one by one, and keeps them instead of a style."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from vidstyle.media.images import write_image
from vidstyle.report.page import drawn, picture
from vidstyle.report.sheets import Card, pairs
from vidstyle.train.data.sampling import PhotoSequence
from vidstyle.train.health import check_weights
from vidstyle.train.methods.cmd import MomentMatching
from vidstyle.train.runs.base import Run
from vidstyle.train.samples import picture_of

_MOST_SHOWN = 12


@dataclass(kw_only=True)
class PictureRun(Run):
    """A run of a method without a generator."""

    method: MomentMatching

    def __post_init__(self) -> None:
        assert self.settings.steps is not None and self.style_image is not None
        self.batches = PhotoSequence(self.dataset, steps=self.settings.steps, style_image=self.style_image)

    def advance(self, rate: float) -> dict[str, Tensor]:
        """Do one step at a learning rate and return its losses; after a photo's last one its result is written."""
        losses = super().advance(rate)
        number, under_way = divmod(self.step, self.settings.steps or 1)
        if not under_way:
            check_weights(self.method.picture, self.step, self.folder)
            write_image(self._result(number - 1), picture_of(self.method.picture.detach()[0].float()))
        return losses

    def pictures(self) -> dict[str, str]:
        """Return what the report shows: the style image, and some photos beside what became of them."""
        photos, done = self.dataset.photos, self.step // (self.settings.steps or 1)
        chosen = sorted({round(place) for place in np.linspace(0, done - 1, min(done, _MOST_SHOWN)).tolist()})
        shown = [
            (Card(drawn(photos.image(number), name), name), picture(self._result(number), f"{name}, changed"))
            for number, name in ((number, photos.names[number]) for number in chosen)
        ]
        return {**super().pictures(), "Photos and what became of them": pairs(shown)}

    def _result(self, number: int) -> Path:
        """Return where the result of photo `number` goes: under its name, with its suffix where another has that name."""
        names = self.dataset.photos.names
        stems = Counter(Path(name).stem for name in names)
        name = Path(names[number])
        return self.folder.results / f"{name.stem if stems[name.stem] == 1 else name.name}.png"

    @property
    def output(self) -> Path:
        """The folder of the pictures."""
        return self.folder.results
