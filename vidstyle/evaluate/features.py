"""Features of sets of images: computed in batches and cached, so that no set is computed twice.

The cache is in the user's cache folder. A file's name is made from everything that the features depend on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from vidstyle.analysis.crops import BATCH, crop_features, crops_of, scaled
from vidstyle.analysis.resizers import Resizer
from vidstyle.checksum import identity_of
from vidstyle.device import DTYPES, resolve_device
from vidstyle.errors import InputError
from vidstyle.evaluate.image_sets import ImageSet, read_ahead
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.files import whole_file
from vidstyle.models.download import checksum
from vidstyle.models.feature_network import load_inception, load_vgg16
from vidstyle.progress import OnProgress, Progress
from vidstyle.user_cache import user_cache

MOST_IN_MEMORY = 600
"""Scaled pictures of a set that are held in memory: about 0.8 MB each."""
_inception = lru_cache(maxsize=1)(load_inception)
_vgg16 = lru_cache(maxsize=1)(load_vgg16)


class Extractor(Protocol):
    """Computes (n, d) float32 features of a set of images."""

    @property
    def key(self) -> dict[str, Any]:
        """Everything besides the images that the features depend on, JSON-ready."""
        ...

    def compute(self, images: ImageSet, on_progress: OnProgress) -> np.ndarray:
        """Return the features."""
        ...


def features(extractor: Extractor, images: ImageSet, on_progress: OnProgress) -> np.ndarray:
    """Return the features that `extractor` computes of the images, from the user's cache where they are there.

    Raises InputError for images that cannot be read, or whose features are not finite.
    """
    file = user_cache() / "features" / f"{identity_of([extractor.key, images.checksums])}.npy"
    if file.is_file():
        return np.load(file, allow_pickle=False)
    computed = extractor.compute(images, on_progress)
    if not np.isfinite(computed).all():
        raise InputError(f"The features of {images.label} are not finite numbers. Use --precision fp32.")
    with whole_file(file) as partial_file:
        np.save(partial_file, computed)
    return computed


class InceptionFeatures:
    """The 2048 features of whole pictures that FID and KID are defined on, one row a picture."""

    def __init__(self, weights: Path, resizer: Resizer, settings: EvaluateSettings) -> None:
        self.weights, self.resizer, self.settings = weights, resizer, settings

    @cached_property
    def key(self) -> dict[str, Any]:
        """The weights' checksum, the resizer and the number format."""
        sha256 = checksum(self.weights)
        return {"sha256": sha256, "resizer": self.resizer.description, "precision": self.settings.precision}

    @torch.inference_mode()
    def compute(self, images: ImageSet, on_progress: OnProgress) -> np.ndarray:
        """Return (n, 2048) features in the order of the images."""
        inputs = _report_each(read_ahead(images.paths, self.resizer.prepare), images, on_progress)
        device, dtype = resolve_device(self.settings.device), DTYPES[self.settings.precision]
        network = _inception(self.weights, device, dtype)
        parts = [network(batch.to(device, dtype)) for batch in _batches(inputs, self.settings.batch)]
        return torch.cat([part.float().cpu() for part in parts]).numpy()


class CropFeatures:
    """The 512 mean features of VGG16's relu5_3 of crops, drawn in turn from all pictures at one scale.

    The seed of the crops' positions is that of the settings plus `seed_offset`.
    """

    def __init__(self, weights: Path, settings: EvaluateSettings, seed_offset: int = 0) -> None:
        self.weights, self.settings = weights, replace(settings, seed=settings.seed + seed_offset)

    @cached_property
    def key(self) -> dict[str, Any]:
        """The weights' checksum, how the crops are drawn and the number format."""
        names = ("crops", "crop", "crop_scale", "seed", "precision")
        return {"sha256": checksum(self.weights), **{name: getattr(self.settings, name) for name in names}}

    def compute(self, images: ImageSet, on_progress: OnProgress) -> np.ndarray:
        """Return (crops, 512) features."""
        settings = self.settings
        network = _vgg16(self.weights, resolve_device(settings.device), DTYPES[settings.precision])
        pictures = islice(self._scaled_in_turn(images, on_progress), settings.crops)
        crops = crops_of(pictures, settings.crop, settings.seed)
        return np.concatenate([crop_features(network, batch) for batch in _batches(crops, BATCH)])

    def _scaled_in_turn(self, images: ImageSet, on_progress: OnProgress) -> Iterator[Tensor]:
        """Yield the scaled pictures over and over; sets above `MOST_IN_MEMORY` are read again each time."""

        def read_all() -> Iterator[Tensor]:
            pictures = read_ahead(images.paths, partial(scaled, short_side=self.settings.crop_scale))
            return _report_each(pictures, images, on_progress)

        if len(images) <= MOST_IN_MEMORY:
            yield from cycle(read_all())
        while True:
            yield from read_all()


def _batches(inputs: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    waiting: list[Tensor] = []
    for image in inputs:
        waiting.append(image)
        if len(waiting) == size:
            yield torch.cat(waiting)
            waiting = []
    if waiting:
        yield torch.cat(waiting)


def _report_each(inputs: Iterable[Tensor], images: ImageSet, on_progress: OnProgress) -> Iterator[Tensor]:
    for done, image in enumerate(inputs, 1):
        yield image
        on_progress(Progress(f"features of {images.label}", done, len(images), "pictures"))
