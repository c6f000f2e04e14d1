"""How far a set of pictures is from a target: FID, KID, and the same distances on VGG16's features of crops."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidstyle.analysis.crops import goal_of
from vidstyle.analysis.frechet import frechet_distance, kernel_distance
from vidstyle.analysis.resizers import BICUBIC, BILINEAR, Resizer
from vidstyle.errors import InputError, StyleError
from vidstyle.evaluate.features import CropFeatures, Extractor, InceptionFeatures, features
from vidstyle.evaluate.figure import Measurement
from vidstyle.evaluate.image_sets import Pictures
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.models.download import checksum, find_or_fetch
from vidstyle.models.weights import known_weights
from vidstyle.networks.inception import SIDE
from vidstyle.progress import OnProgress

FULL_RANK, FULL_RANK_OF_CROPS = 2048, 512
"""Samples below which the covariance of Inception's features, and of VGG16's, cannot have full rank."""
CROPS = "crops of each set"
INCEPTION = "inception-2015-12-05"


@dataclass(frozen=True)
class Distance:
    """A row of the table: which features of a set are compared, and how."""

    of: Callable[[np.ndarray, np.ndarray], float]
    resizer: Resizer | None


DISTANCES = {
    "fid": Distance(frechet_distance, BILINEAR),
    "fid-clean": Distance(frechet_distance, BICUBIC),
    "kid": Distance(kernel_distance, BILINEAR),
    "fd-vgg16": Distance(frechet_distance, None),
    "kid-vgg16": Distance(kernel_distance, None),
}
"""Distances without a resizer are measured on VGG16's features of crops, and never called FID."""


def distance(
    name: str,
    generated: Pictures,
    target: Pictures,
    source: Pictures | None,
    settings: EvaluateSettings,
    on_progress: OnProgress,
) -> Measurement:
    """Return the distance `name` of `generated` from `target`, the source's own distance beside it.

    Raises InputError for fewer than two pictures or pictures that cannot be read, StyleError where the weights of the
    standard are not there.
    """
    for pictures in (generated, target):
        if len(pictures) < 2:
            raise InputError(f"{pictures.place} holds one image; {name} compares sets and needs two or more.")
    row = DISTANCES[name]
    source = source if source is not None and len(source) > 1 else None
    sets = {"generated": generated, "target": target} | ({"source": source} if source else {})
    if row.resizer is None:
        ground = _on_crops(target, _with_crops_of_all(sets.values(), settings), on_progress)
    else:
        ground = _on_whole_pictures(row.resizer, target, settings, on_progress)
    value, source_value = (
        row.of(features(ground.extractor, one, on_progress), ground.goal) if one else None
        for one in (generated, source)
    )
    assert value is not None, "two or more pictures have a distance"
    return Measurement(
        name=name,
        value=value,
        counts={part: len(pictures) for part, pictures in sets.items()} | ground.counts,
        size=ground.size,
        resizer=ground.resizer,
        weights=ground.weights.name,
        sha256=ground.extractor.key["sha256"],
        precision=settings.precision,
        source_value=source_value,
    )


@dataclass(frozen=True)
class _Ground:
    """What a distance stands on: the target's features, what makes the like of other sets, and how that is recorded."""

    extractor: Extractor
    goal: np.ndarray
    weights: Path
    size: str
    resizer: str
    counts: dict[str, int]


def _on_whole_pictures(
    resizer: Resizer, target: Pictures, settings: EvaluateSettings, on_progress: OnProgress
) -> _Ground:
    weights = inception_weights(settings, on_progress)
    extractor = InceptionFeatures(weights, resizer, settings)
    goal = features(extractor, target, on_progress)
    return _Ground(extractor, goal, weights, f"{SIDE}x{SIDE}", resizer.words, {})


def _with_crops_of_all(sets: Iterable[Pictures], settings: EvaluateSettings) -> EvaluateSettings:
    """Return the settings with as many crops as show every picture of the sets: as many of each, since counts bias."""
    # Half of the target's crops are of its even pictures and half of its odd ones.
    return replace(settings, crops=max(settings.crops, *(len(one) + len(one) % 2 for one in sets)))


def _on_crops(target: Pictures, settings: EvaluateSettings, on_progress: OnProgress) -> _Ground:
    weights = find_or_fetch("vgg16", on_progress)
    halves = (replace(target, paths=target.paths[start::2]) for start in (0, 1))
    even, odd = (
        features(CropFeatures(weights, settings, 1 + start), half, on_progress) for start, half in enumerate(halves)
    )
    return _Ground(
        extractor=CropFeatures(weights, settings),
        goal=goal_of(even, odd),
        weights=weights,
        size=f"{settings.crop}x{settings.crop}",
        resizer=f"bilinear, antialiased, short side {settings.crop_scale}",
        counts={CROPS: settings.crops},
    )


def inception_weights(settings: EvaluateSettings, on_progress: OnProgress) -> Path:
    """Return the file of the Inception weights of 2015-12-05: the given one, a found one, or downloaded.

    Raises StyleError for any other weights, since a distance on their features is no FID.
    """
    path = Path(settings.inception) if settings.inception else find_or_fetch(INCEPTION, on_progress)
    row = known_weights(INCEPTION)
    if (found := checksum(path)) != row.sha256:
        raise StyleError(
            f"{path} does not hold the Inception weights that FID is defined on (SHA-256 {found[:12]}..., not "
            f"{row.sha256[:12]}...). Give {row.files[0]}, or leave --inception out."
        )
    return path


def too_few(figure: Measurement) -> str | None:
    """Return a warning where a Frechet distance rests on fewer samples than its covariances need."""
    if figure.name == "fd-vgg16" and (crops := figure.counts[CROPS]) < FULL_RANK_OF_CROPS:
        return (
            f"{figure.name} rests on {crops:,} crops of each set; below {FULL_RANK_OF_CROPS:,} it is biased upwards. "
            "Raise --crops, or compare it only with figures of the same counts."
        )
    if not figure.name.startswith("fid") or min(figure.counts["generated"], figure.counts["target"]) >= FULL_RANK:
        return None
    counts = f"{figure.counts['generated']:,} generated and {figure.counts['target']:,} target pictures"
    return (
        f"{figure.name} rests on {counts}; below {FULL_RANK:,} it is biased upwards. "
        "Compare it only with figures of the same counts, and look at kid."
    )
