"""A run that learns the look of one image, with which pictures are varied later."""

from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle.models.inst.look_file import save_look
from vidstyle.train.data.sampling import BatchSampler, whole
from vidstyle.train.methods.inst import InversionTraining
from vidstyle.train.runs.base import Run


@dataclass(kw_only=True)
class InversionRun(Run):
    """A run of a method that learns from a style image alone: its crops take the place of photos."""

    method: InversionTraining

    def __post_init__(self) -> None:
        assert self.style_image is not None
        settings, image = self.settings, self.dataset.paintings.part([self.style_image])
        self.batches = BatchSampler(
            replace(self.dataset, photos=image, paintings=image),
            batch=settings.batch,
            crop=settings.crop,
            flip=settings.flip,
            seed=settings.seed,
            style_image=0,
        )

    def finish(self) -> None:
        """Write what a run ends with, the look last."""
        super().finish()
        assert self.style_image is not None
        painting = whole(self.dataset.paintings, self.style_image).float() / 127.5 - 1
        history = {"settings": self.settings.record(), "steps": self.step, **self.details()}
        save_look(replace(self.method.inversion(painting), history=history), self.output)

    @property
    def output(self) -> Path:
        """The look."""
        return self.folder.inversion
