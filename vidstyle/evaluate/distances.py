"""How far a set of pictures is from a target: FID, KID, and the same distances on VGG16's features of crops."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidstyle.analysis.crops import join_halves
from vidstyle.analysis.frechet import frechet_distance, kernel_distance
from vidstyle.analysis.resizers import BICUBIC, BILINEAR, Resizer
from vidstyle.errors import InputError, StyleError
from vidstyle.evaluate.features import CropFeatures, Extractor, InceptionFeatures, features
from vidstyle.evaluate.image_sets import ImageSet
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.metrics import Metric
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.models.download import checksum, find_or_fetch
from vidstyle.models.feature_network import INCEPTION
from vidstyle.models.weights import known_weights
from vidstyle.networks.inception import SIDE
from vidstyle.progress import OnProgress

FULL_RANK, FULL_RANK_OF_CROPS = 2048, 512
"""Samples below which the covariance of Inception's features, and of VGG16's, cannot have full rank."""
CROPS = "crops of each set"


@dataclass(frozen=True)
class Distance:
    """The function of a metric, which takes the features of two sets, and what the features are of.

    With a resizer they are Inception's features of whole pictures. Without one they are VGG16's features of crops; such a
    distance is never called FID.
    """

    function: Callable[[np.ndarray, np.ndarray], float]
    resizer: Resizer | None


DISTANCES = {
    "fid": Distance(frechet_distance, BILINEAR),
    "fid-clean": Distance(frechet_distance, BICUBIC),
    "kid": Distance(kernel_distance, BILINEAR),
    "fd-vgg16": Distance(frechet_distance, None),
    "kid-vgg16": Distance(kernel_distance, None),
}


def measure_distances(
    metrics: Sequence[Metric],
    generated: ImageSet,
    target: ImageSet,
    source: ImageSet | None,
    settings: EvaluateSettings,
    on_progress: OnProgress,
) -> list[Measurement]:
    """Return the distances of `generated` from `target`, beside each the source's own distance.

    Raises InputError for fewer than two pictures or pictures that cannot be read, StyleError where the weights of the
    standard are missing.
    """
    sets = {"generated": generated, "target": target}
    for metric in metrics:
        for images in sets.values():
            if len(images) < 2:
                raise InputError(f"{images.label} holds one image; {metric.name} compares sets and needs two or more.")
    if source is not None and len(source) > 1:
        sets["source"] = source
    return [_measure(metric.name, sets, settings, on_progress) for metric in metrics]


def _measure(name: str, sets: dict[str, ImageSet], settings: EvaluateSettings, on_progress: OnProgress) -> Measurement:
    distance = DISTANCES[name]
    if distance.resizer is None:
        reference = _crops_of_target(sets["target"], _enough_crops(sets.values(), settings), on_progress)
    else:
        reference = _whole_target(distance.resizer, sets["target"], settings, on_progress)

    def to_target(images: ImageSet) -> float:
        return distance.function(features(reference.extractor, images, on_progress), reference.features)

    return Measurement(
        name=name,
        value=to_target(sets["generated"]),
        counts={part: len(images) for part, images in sets.items()} | reference.counts,
        size=reference.size,
        resizer=reference.resizer,
        weights=reference.weights.name,
        sha256=reference.extractor.key["sha256"],
        precision=settings.precision,
        source_value=to_target(sets["source"]) if "source" in sets else None,
    )


@dataclass(frozen=True)
class _Reference:
    """The target's features, the extractor that computes the same of other sets, and what is recorded of them."""

    extractor: Extractor
    features: np.ndarray
    weights: Path
    size: str
    resizer: str
    counts: dict[str, int]


def _whole_target(
    resizer: Resizer, target: ImageSet, settings: EvaluateSettings, on_progress: OnProgress
) -> _Reference:
    weights = inception_weights(settings, on_progress)
    extractor = InceptionFeatures(weights, resizer, settings)
    return _Reference(
        extractor=extractor,
        features=features(extractor, target, on_progress),
        weights=weights,
        size=f"{SIDE}x{SIDE}",
        resizer=resizer.description,
        counts={},
    )


def _enough_crops(sets: Iterable[ImageSet], settings: EvaluateSettings) -> EvaluateSettings:
    """Return the settings with at least one crop of every picture; each set gets as many, since counts bias distances."""
    # Half of the target's crops are of its even pictures and half of its odd ones.
    return replace(settings, crops=max(settings.crops, *(len(images) + len(images) % 2 for images in sets)))


def _crops_of_target(target: ImageSet, settings: EvaluateSettings, on_progress: OnProgress) -> _Reference:
    weights = find_or_fetch("vgg16", on_progress)
    even, odd = (
        features(CropFeatures(weights, settings, 1 + start), replace(target, paths=target.paths[start::2]), on_progress)
        for start in (0, 1)
    )
    return _Reference(
        extractor=CropFeatures(weights, settings),
        features=join_halves(even, odd),
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
    if (sha256 := checksum(path)) != row.sha256:
        raise StyleError(
            f"{path} does not hold the Inception weights that FID is defined on (SHA-256 {sha256[:12]}..., not "
            f"{row.sha256[:12]}...). Give {row.files[0]}, or leave --inception out."
        )
    return path


def sample_warning(measurement: Measurement) -> str | None:
    """Return a warning where a Frechet distance rests on fewer samples than its covariances need."""
    distance, counts = DISTANCES.get(measurement.name), measurement.counts
    if distance is None or distance.function is not frechet_distance:
        return None
    if distance.resizer is None and counts[CROPS] < FULL_RANK_OF_CROPS:
        return (
            f"{measurement.name} rests on {counts[CROPS]:,} crops of each set; below {FULL_RANK_OF_CROPS:,} it is biased "
            "upwards. Raise --crops, or compare it only with figures of the same counts."
        )
    if distance.resizer is not None and min(counts["generated"], counts["target"]) < FULL_RANK:
        return (
            f"{measurement.name} rests on {counts['generated']:,} generated and {counts['target']:,} target pictures; "
            f"below {FULL_RANK:,} it is biased upwards. Compare it only with figures of the same counts, and look at kid."
        )
    return None
