"""Metrics of pairs of pictures: each result beside its source, and several results of one source beside each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from math import inf
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidstyle.analysis.psnr_ssim import psnr, ssim
from vidstyle.device import resolve_device
from vidstyle.errors import InputError
from vidstyle.evaluate.image_sets import ImageSet, by_name
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.metrics import Metric
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.media.images import read_image
from vidstyle.models.download import checksum, find_or_fetch
from vidstyle.models.feature_network import load_lpips
from vidstyle.models.resize import resize
from vidstyle.pixels import to_device
from vidstyle.progress import OnProgress, Progress

EQUAL = "equal pairs left out"
Pair = tuple[Path, Path]
_lpips_network = lru_cache(maxsize=1)(load_lpips)


@torch.inference_mode()
def lpips(result: Tensor, source: Tensor) -> float:
    """Return the LPIPS distance on AlexNet of two pictures, (1, 3, h, w) in [0, 1], h and w at least 31."""
    return float(_lpips_network(result.device)(result, source))


@torch.inference_mode()
def lpips_diversity(results: Sequence[Tensor]) -> float:
    """Return the mean LPIPS distance over all pairs of results, (1, 3, h, w) in [0, 1], of one source."""
    network = _lpips_network(results[0].device)
    described = [network.describe(result) for result in results]
    return float(np.mean([float(network.compare(*pair)) for pair in combinations(described, 2)]))


PAIRED: dict[str, Callable[[Tensor, Tensor], float]] = {"psnr": psnr, "ssim": ssim, "lpips": lpips}
"""The metrics of a result and its source, both (1, 3, h, w) in [0, 1] and of one size."""
AMONG_RESULTS: dict[str, Callable[[Sequence[Tensor]], float]] = {"lpips-diversity": lpips_diversity}
"""The metrics of two or more results of one source, (1, 3, h, w) in [0, 1] and of one size."""


def measure_pairs(
    metrics: Sequence[Metric],
    generated: Sequence[ImageSet],
    source: ImageSet,
    settings: EvaluateSettings,
    on_progress: OnProgress,
) -> list[Measurement]:
    """Return the mean of each metric over all results and their sources of the same name.

    The metrics rest on the same weights. Results that equal their sources have no finite psnr; they are left out of its
    mean, unless all do. Raises InputError for results without a source, pictures of unequal or too small sizes or that
    cannot be read, and StyleError where weights are missing.
    """
    pairs = [pair for images in generated for pair in match_by_name(images, source)]
    files = _fetch_weights(metrics, on_progress)
    values: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    sizes, scaled_sources = set(), 0
    for done, pair in enumerate(pairs, 1):
        result, original, scaled = _read_pair(pair, metrics, settings)
        sizes.add(_size(result))
        scaled_sources += scaled
        for name, measured in values.items():
            measured.append(PAIRED[name](result, original))
        on_progress(Progress("results beside their sources", done, len(pairs), "pictures"))
    resizer = f"{scaled_sources} sources bicubic, antialiased" if scaled_sources else "none"
    return [
        _measurement(name, _mean_of_finite(measured), _pair_counts(measured), sizes, files, resizer)
        for name, measured in values.items()
    ]


def match_by_name(generated: ImageSet, source: ImageSet) -> list[Pair]:
    """Return each result with the source of its name; raises InputError naming the first that has none."""
    results, sources = by_name(generated), by_name(source)
    if missing := [path for name, path in results.items() if name not in sources]:
        raise InputError(
            f"{len(missing)} of {len(results)} pictures in {generated.label} have no source of their name in "
            f"{source.label}; the first is {missing[0].name}. Name both alike, as a.png and a.jpg."
        )
    return [(path, sources[name]) for name, path in results.items()]


def measure_diversity(
    metrics: Sequence[Metric], generated: Sequence[ImageSet], settings: EvaluateSettings, on_progress: OnProgress
) -> list[Measurement]:
    """Return the mean over all sources of each metric that compares several results of one source.

    `generated` are two or more sets that hold results of the same names. The metrics rest on the same weights. Raises
    InputError where a name or size differs, StyleError where weights are missing.
    """
    results_by_name = _same_names(generated)
    files = _fetch_weights(metrics, on_progress)
    values: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    sizes = set()
    for done, paths in enumerate(results_by_name, 1):
        results = list(_read_results(paths, metrics, settings))
        sizes.add(_size(results[0]))
        for name, measured in values.items():
            measured.append(AMONG_RESULTS[name](results))
        on_progress(Progress("results beside each other", done, len(results_by_name), "sources"))
    counts = {"sources": len(results_by_name), "results of each": len(generated)}
    return [
        _measurement(name, float(np.mean(measured)), counts, sizes, files, resizer="none")
        for name, measured in values.items()
    ]


def equal_pairs_warning(measurement: Measurement) -> str | None:
    """Return a warning where pairs were left out of a mean because their value is infinite."""
    counts = measurement.counts
    if not (equal := counts.get(EQUAL)):
        return None
    return (
        f"{measurement.name} is the mean of {counts['pairs']:,} pairs; {equal:,} more are equal, so theirs is infinite."
    )


def _fetch_weights(metrics: Sequence[Metric], on_progress: OnProgress) -> list[Path]:
    """Return the files of weights that the metrics rest on, downloaded where they are missing; raises StyleError."""
    names = dict.fromkeys(name for metric in metrics for name in metric.weights)
    return [find_or_fetch(name, on_progress) for name in names]


def _measurement(
    name: str,
    value: float,
    counts: Mapping[str, int],
    sizes: set[tuple[int, int]],
    files: Sequence[Path],
    resizer: str,
) -> Measurement:
    return Measurement(
        name=name,
        value=value,
        counts=counts,
        size=describe_sizes(sizes),
        resizer=resizer,
        weights=" + ".join(file.name for file in files),
        sha256=" + ".join(checksum(file) for file in files),
        precision="fp32" if files else "fp64",
    )


def _mean_of_finite(values: Sequence[float]) -> float:
    """Return the mean of the finite values, infinity where there are none."""
    return float(np.mean([value for value in values if value != inf] or inf))


def _pair_counts(values: Sequence[float]) -> dict[str, int]:
    differing = sum(value != inf for value in values)
    equal = {EQUAL: len(values) - differing} if 0 < differing < len(values) else {}
    return {"pairs": differing or len(values), **equal}


def _read_pair(pair: Pair, metrics: Sequence[Metric], settings: EvaluateSettings) -> tuple[Tensor, Tensor, bool]:
    """Return a result and its source as (1, 3, h, w) of one size in [0, 1], and whether the source was scaled."""
    device = resolve_device(settings.device)
    result, source = (to_device(read_image(path)[None], device) for path in pair)
    _check_side(pair[0], result, metrics)
    if result.shape == source.shape:
        return result, source, False
    if not settings.resize_source:
        raise InputError(
            f"{pair[0]} is {_describe(result)} pixels and its source {pair[1]} {_describe(source)}. "
            "Give --resize-source to scale sources to their results."
        )
    return result, resize(source, _size(result)), True


def _check_side(path: Path, picture: Tensor, metrics: Sequence[Metric]) -> None:
    """Raise InputError where a picture is too small for one of the metrics."""
    strictest = max(metrics, key=lambda metric: metric.smallest_side)
    if min(_size(picture)) < strictest.smallest_side:
        raise InputError(
            f"{path} is {_describe(picture)} pixels; {strictest.name} needs {strictest.smallest_side} or more on each side."
        )


def _same_names(generated: Sequence[ImageSet]) -> list[list[Path]]:
    """Return the results of each source, one of every set; raises InputError where only one set holds a name."""
    sets = [by_name(images) for images in generated]
    for images, paths in zip(generated[1:], sets[1:], strict=True):
        if unpaired := sorted(sets[0].keys() ^ paths.keys()):
            raise InputError(
                f"{generated[0].label} and {images.label} do not hold results of the same sources; the first that only "
                f"one holds is {unpaired[0]}."
            )
    return [[paths[name] for paths in sets] for name in sets[0]]


def _read_results(paths: Sequence[Path], metrics: Sequence[Metric], settings: EvaluateSettings) -> Iterator[Tensor]:
    """Yield the results of one source as (1, 3, h, w) in [0, 1]; raises InputError for another or too small a size."""
    first = None
    for path in paths:
        picture = to_device(read_image(path)[None], resolve_device(settings.device))
        _check_side(path, picture, metrics)
        first = picture if first is None else first
        if picture.shape != first.shape:
            raise InputError(
                f"{paths[0]} is {_describe(first)} pixels and {path} {_describe(picture)}. Render both alike."
            )
        yield picture


def describe_sizes(sizes: set[tuple[int, int]]) -> str:
    """Return the sizes of pictures as width x height, or how many sizes there are, the smallest and the largest."""
    ordered = [f"{width}x{height}" for width, height in sorted(sizes, key=lambda size: size[0] * size[1])]
    return ordered[0] if len(ordered) == 1 else f"{len(ordered)} sizes, {ordered[0]} to {ordered[-1]}"


def _size(picture: Tensor) -> tuple[int, int]:
    return picture.shape[3], picture.shape[2]


def _describe(picture: Tensor) -> str:
    return f"{picture.shape[3]}x{picture.shape[2]}"
