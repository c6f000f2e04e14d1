"""Metrics of pairs of pictures: each result beside its source, and several results of one source beside each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from math import inf
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidstyle.analysis.picture_measures import MEASURES, PICTURE_SHORT_SIDE, at_measuring_size
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
LARGEST_SHAPE_DIFFERENCE = 0.02
"""Share by which a result's aspect may differ from its source's where it does not come from rounding."""
ROUNDED_TO = 4
"""Pixels to which the sides of paintings are rounded, which changes the aspect of small ones."""
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
AT_ONE_SIZE = MEASURES
"""The metrics of a source and its result, both (h, w, 3) uint8 RGB, after `at_measuring_size`."""
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


def measure_at_one_size(
    metrics: Sequence[Metric], generated: Sequence[ImageSet], source: ImageSet, on_progress: OnProgress
) -> list[Measurement]:
    """Return the mean or median of each metric over all results and their sources, beside it the unchanged source's value.

    Both are brought to the source's shape at a short side of 288 pixels. Raises InputError for results without a source,
    another shape of picture, too small ones, and pictures that cannot be read.
    """
    pairs = [pair for images in generated for pair in match_by_name(images, source)]
    values: dict[str, list[tuple[float, float]]] = {metric.name: [] for metric in metrics}
    sizes: set[tuple[int, int]] = set()
    for done, pair in enumerate(pairs, 1):
        original, result = at_measuring_size(*_read_of_one_shape(pair, metrics))
        sizes.add((original.shape[1], original.shape[0]))
        for name, measured in values.items():
            function = AT_ONE_SIZE[name]
            measured.append((function(original, result), function(original, original)))
        on_progress(Progress("results at one size", done, len(pairs), "pictures"))
    return [_at_one_size_measurement(metric, values[metric.name], sizes) for metric in metrics]


def _at_one_size_measurement(
    metric: Metric, values: Sequence[tuple[float, float]], sizes: set[tuple[int, int]]
) -> Measurement:
    value, source_value = (np.median if metric.median else np.mean)(np.array(values), axis=0)
    return Measurement(
        name=metric.name,
        value=float(value),
        counts={"pairs": len(values)},
        size=describe_sizes(sizes),
        resizer=f"area, to short side {PICTURE_SHORT_SIDE}",
        precision="fp32",
        source_value=float(source_value),
        average="median" if metric.median else "",
    )


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
    _check_side(pair[0], _size(result), metrics)
    if result.shape == source.shape:
        return result, source, False
    if not settings.resize_source:
        raise InputError(
            f"{pair[0]} is {_describe(_size(result))} pixels and its source {pair[1]} {_describe(_size(source))}. "
            "Give --resize-source to scale sources to their results."
        )
    return result, resize(source, _size(result)), True


def _read_of_one_shape(pair: Pair, metrics: Sequence[Metric]) -> tuple[np.ndarray, np.ndarray]:
    """Return the source and its result, (h, w, 3) uint8 of any sizes; raises InputError where their aspects differ."""
    result, source = (read_image(path) for path in pair)
    sizes = [(picture.shape[1], picture.shape[0]) for picture in (result, source)]
    for path, size in zip(pair, sizes, strict=True):
        _check_side(path, size, metrics)
    (width, height), (source_width, source_height) = sizes
    expected_width = height * source_width / source_height
    if abs(width - expected_width) > LARGEST_SHAPE_DIFFERENCE * expected_width + ROUNDED_TO:
        raise InputError(
            f"{pair[0]} is {_describe(sizes[0])} pixels and its source {pair[1]} {_describe(sizes[1])}: another shape of "
            "picture. Name results and their own sources."
        )
    return source, result


def _check_side(path: Path, size: tuple[int, int], metrics: Sequence[Metric]) -> None:
    """Raise InputError where a picture of (width, height) is too small for one of the metrics."""
    strictest = max(metrics, key=lambda metric: metric.smallest_side)
    if min(size) < strictest.smallest_side:
        raise InputError(
            f"{path} is {_describe(size)} pixels; {strictest.name} needs {strictest.smallest_side} or more on each side."
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
        _check_side(path, _size(picture), metrics)
        first = picture if first is None else first
        if picture.shape != first.shape:
            raise InputError(
                f"{paths[0]} is {_describe(_size(first))} pixels and {path} {_describe(_size(picture))}. Render both alike."
            )
        yield picture


def describe_sizes(sizes: set[tuple[int, int]]) -> str:
    """Return the sizes of pictures as width x height, or how many sizes there are, the smallest and the largest."""
    ordered = [f"{width}x{height}" for width, height in sorted(sizes, key=lambda size: size[0] * size[1])]
    return ordered[0] if len(ordered) == 1 else f"{len(ordered)} sizes, {ordered[0]} to {ordered[-1]}"


def _size(picture: Tensor) -> tuple[int, int]:
    return picture.shape[3], picture.shape[2]


def _describe(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
