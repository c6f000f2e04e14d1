"""A run that fits a student to what a teacher painted: its samples, figures and style tell of both."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch

from vidstyle.analysis import picture_measures
from vidstyle.errors import DependencyError, StyleError
from vidstyle.models.feature_network import load_lpips
from vidstyle.pixels import to_device
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.train.data.cache import ImageCache
from vidstyle.train.runs.style import StyleRun
from vidstyle.train.samples import Paint, make_painter, sample_squares
from vidstyle.train.start import read_teacher

TIMED_SIZE, TIMES = (360, 640), 3
"""Height and width at which the student is timed, and how often."""
MOST_MEASURED = 12


class StudentRun(StyleRun):
    """A run whose photos have the teacher's paintings beside them."""

    sample_rows = "photos, student, teacher"
    _measured_step: int | None = None

    @property
    def shown_photos(self) -> ImageCache:
        """The photos on which teacher and student are compared: held-out ones where there are some."""
        return self.dataset.held_out if len(self.dataset.held_out) else self.dataset.photos

    @cached_property
    def teacher(self) -> dict[str, Any]:
        """What the painter of the targets left about itself, nothing where it left nothing."""
        return read_teacher(Path(self.settings.photos).parent)

    def _frames_like(self, painted: list[np.ndarray]) -> list[np.ndarray]:
        """Return what the teacher painted of the sample photos."""
        return sample_squares(_paintings_of(self.shown_photos), self.ema.network.multiple_of)

    def details(self) -> dict[str, Any]:
        """Return for the manifest, besides what every style has, the measures and times of teacher and student."""
        if self._measured_step != self.state.step:
            self._measured_step, paint = self.state.step, make_painter(self.ema.network, self.ema.weights)
            self._measured: dict[str, float] = {"student, ms at 640x360": round(_milliseconds(paint), 1)}
            if "milliseconds" in self.teacher:
                self._measured["teacher, ms a picture"] = round(self.teacher["milliseconds"], 1)
            self._measured |= self._measures(paint)
        return {**super().details(), **self._measured}

    def _measures(self, paint: Paint) -> dict[str, float]:
        """Return the mean of each measure over some photos, of the teacher's paintings and of the student's."""
        photos = self.shown_photos
        values: dict[str, list[float]] = {}
        for number in evenly_spaced(len(photos), MOST_MEASURED):
            photo, target = photos.with_counterpart(number)
            painted = paint(photo)
            height, width = painted.shape[:2]
            photo, target = photo[:height, :width], target[:height, :width]
            for who, picture in (("teacher", target), ("student", painted)):
                for name, value in picture_measures.measure(photo.copy(), picture.copy()).items():
                    values.setdefault(f"{who}, {name.replace('-', ' ')}", []).append(value)
            if self._lpips is not None:
                values.setdefault("student to teacher, LPIPS", []).append(self._lpips(painted, target))
        return {name: round(float(np.mean(found)), 4) for name, found in values.items()}

    @cached_property
    def _lpips(self) -> Callable[[np.ndarray, np.ndarray], float] | None:
        """The perceptual distance of two pictures, (h, w, 3) uint8, None where its weights are not at hand."""
        try:
            network = load_lpips(self.state.method.device)
        except (StyleError, DependencyError):
            return None

        @torch.inference_mode()
        def distance(first: np.ndarray, second: np.ndarray) -> float:
            images = [to_device(picture[None].copy(), self.state.method.device) for picture in (first, second)]
            return float(network(*images))

        return distance

    def style_history(self) -> dict[str, Any]:
        """Return what the style's history has of this kind of run: the teacher, without the names of all pictures."""
        return {"teacher": {name: value for name, value in self.teacher.items() if name != "images"}}


def _paintings_of(photos: ImageCache) -> ImageCache:
    assert photos.counterpart_pixels is not None, "a student's photos have paintings"
    return replace(photos, pixels=photos.counterpart_pixels, counterpart_pixels=None)


def _milliseconds(paint: Paint) -> float:
    """Return the median time in which a picture is painted, conversions included."""
    picture, taken = np.zeros((*TIMED_SIZE, 3), np.uint8), []
    for _ in range(TIMES):
        began = perf_counter()
        paint(picture)
        taken.append(1000 * (perf_counter() - began))
    return median(taken)
