"""Features of sets of pictures: computed in batches, kept in the user's cache under what they were made from."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from vidstyle.analysis.crops import BATCH, crop_features, crops_of, scaled
from vidstyle.analysis.resizers import Resizer
from vidstyle.device import DTYPES, resolve_device
from vidstyle.errors import InputError, StyleError
from vidstyle.evaluate.image_sets import Pictures, read_ahead
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.files import whole_file
from vidstyle.models.download import checksum
from vidstyle.models.weights import known_weights, read_weights, select
from vidstyle.networks.inception import InceptionV3
from vidstyle.networks.vgg import VGG16Features
from vidstyle.progress import OnProgress, Progress
from vidstyle.user_cache import user_cache

MOST_KEPT = 600
"""Scaled pictures of a set that are held in memory: about 0.8 MB each."""


class Extractor(Protocol):
    """Turns a set of pictures into (n, d) float32 features; `key` names everything besides the pictures that they rest on."""

    @property
    def key(self) -> dict[str, Any]:
        """What the features depend on."""
        ...

    def compute(self, pictures: Pictures, on_progress: OnProgress) -> np.ndarray:
        """Return the features."""
        ...


def features(extractor: Extractor, pictures: Pictures, on_progress: OnProgress) -> np.ndarray:
    """Return what `extractor` makes of the pictures, from the user's cache where it was made before.

    Raises InputError for pictures that cannot be read or whose features are no numbers.
    """
    stated = json.dumps([extractor.key, pictures.content], sort_keys=True)
    file = user_cache() / "features" / f"{hashlib.sha256(stated.encode()).hexdigest()}.npy"
    if file.is_file():
        return np.load(file, allow_pickle=False)
    found = extractor.compute(pictures, on_progress)
    if not np.isfinite(found).all():
        raise InputError(f"The features of {pictures.place} are no finite numbers. Use --precision fp32.")
    with whole_file(file) as unfinished:
        np.save(unfinished, found)
    return found


class InceptionFeatures:
    """The 2048 features of whole pictures that FID and KID are defined on, one row a picture."""

    def __init__(self, weights: Path, resizer: Resizer, settings: EvaluateSettings) -> None:
        self.weights, self.resizer, self.settings = weights, resizer, settings

    @cached_property
    def key(self) -> dict[str, Any]:
        """The weights' checksum, the resizer and the number format."""
        sha256 = checksum(self.weights)
        return {"sha256": sha256, "resizer": self.resizer.words, "precision": self.settings.precision}

    @torch.inference_mode()
    def compute(self, pictures: Pictures, on_progress: OnProgress) -> np.ndarray:
        """Return (n, 2048) features in the pictures' order."""
        inputs = _counted(read_ahead(pictures.paths, self.resizer.prepare), pictures, on_progress)
        settings = self.settings
        network = _inception(self.weights, settings.device, settings.precision)
        weight = next(network.parameters())
        found = [network(batch.to(weight.device, weight.dtype)) for batch in _batches(inputs, settings.batch)]
        return torch.cat([one.float().cpu() for one in found]).numpy()


@lru_cache(maxsize=1)
def _inception(weights: Path, device: str, precision: str) -> InceptionV3:
    network = InceptionV3()
    fill(network, "inception-2015-12-05", weights, without="fc.")
    network.eval().fold()
    network.to(resolve_device(device), DTYPES[precision])
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class CropFeatures:
    """The 512 mean features of VGG16's relu5_3 of crops, drawn in turn from all pictures at one scale."""

    def __init__(self, weights: Path, settings: EvaluateSettings, more_seed: int = 0) -> None:
        self.weights, self.settings = weights, replace(settings, seed=settings.seed + more_seed)

    @cached_property
    def key(self) -> dict[str, Any]:
        """The weights' checksum, how the crops are drawn and the number format."""
        names = ("crops", "crop", "crop_scale", "seed", "precision")
        return {"sha256": checksum(self.weights), **{name: getattr(self.settings, name) for name in names}}

    def compute(self, pictures: Pictures, on_progress: OnProgress) -> np.ndarray:
        """Return (crops, 512) features."""
        settings = self.settings
        network = _vgg16(self.weights, settings.device, settings.precision)
        crops = crops_of(islice(self._in_turn(pictures, on_progress), settings.crops), settings.crop, settings.seed)
        return np.concatenate([crop_features(network, batch) for batch in _batches(crops, BATCH)])

    def _in_turn(self, pictures: Pictures, on_progress: OnProgress) -> Iterator[Tensor]:
        """Yield the scaled pictures over and over; more than `MOST_KEPT` are read again each time, to spare memory."""

        def once() -> Iterator[Tensor]:
            read = read_ahead(pictures.paths, partial(scaled, short_side=self.settings.crop_scale))
            return _counted(read, pictures, on_progress)

        if len(pictures) <= MOST_KEPT:
            yield from cycle(once())
        while True:
            yield from once()


@lru_cache(maxsize=1)
def _vgg16(weights: Path, device: str, precision: str) -> VGG16Features:
    network = VGG16Features()
    fill(network, "vgg16", weights)
    return network.eval().to(resolve_device(device), DTYPES[precision])


def fill(network: nn.Module, name: str, path: Path, without: str = "-") -> None:
    """Load known weights from `path` into `network`, less those whose names begin with `without`; raises StyleError."""
    state = select(known_weights(name), read_weights(path))
    try:
        network.load_state_dict({key: value for key, value in state.items() if not key.startswith(without)})
    except RuntimeError as error:
        raise StyleError(f"The file {path} does not hold the weights {name}. Remove it or give another.") from error


def _batches(inputs: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    waiting: list[Tensor] = []
    for one in inputs:
        waiting.append(one)
        if len(waiting) == size:
            yield torch.cat(waiting)
            waiting = []
    if waiting:
        yield torch.cat(waiting)


def _counted(inputs: Iterable[Tensor], pictures: Pictures, on_progress: OnProgress) -> Iterator[Tensor]:
    for done, one in enumerate(inputs, 1):
        yield one
        on_progress(Progress(f"features of {pictures.place}", done, len(pictures), "pictures"))
