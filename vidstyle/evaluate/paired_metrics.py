"""How much of each source is left in what was made of it: PSNR, SSIM and LPIPS, and how results of one source differ."""

from collections.abc import Iterator, Sequence
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
from vidstyle.evaluate.figure import Measurement
from vidstyle.evaluate.image_sets import Pictures, by_name
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.media.images import read_image
from vidstyle.models.download import checksum, find_or_fetch
from vidstyle.models.resize import resize
from vidstyle.models.weights import load_weights
from vidstyle.networks.lpips import PerceptualDistance
from vidstyle.pixels import to_device
from vidstyle.progress import OnProgress, Progress

SMALLEST = {"psnr": 1, "ssim": 11, "lpips": 31}
"""Shortest side in pixels that a metric can be computed on."""
EQUAL = "equal pairs left out"
LPIPS_WEIGHTS = ("alexnet", "lpips-alexnet")
Pair = tuple[Path, Path]


def likenesses(
    names: Sequence[str],
    generated: Sequence[Pictures],
    source: Pictures,
    settings: EvaluateSettings,
    on_progress: OnProgress,
) -> list[Measurement]:
    """Return the means of psnr, ssim and lpips, as far as named, over all results and their sources of the same name.

    Results that equal their sources have no finite psnr and are left out of its mean, unless all do. Raises InputError
    for results without a source, pictures of unequal or too small sizes or that cannot be read, and StyleError
    where the weights of lpips are not there.
    """
    pairs = [pair for one in generated for pair in matched(one, source)]
    lpips = _lpips(settings.device, on_progress) if "lpips" in names else None
    values: dict[str, list[float]] = {name: [] for name in names}
    sizes, resized = set(), 0
    for done, pair in enumerate(pairs, 1):
        first, second, scaled = _read_pair(pair, names, settings)
        sizes.add((first.shape[3], first.shape[2]))
        resized += scaled
        for name in names:
            values[name].append(_likeness(name, first, second, lpips))
        on_progress(Progress("results beside their sources", done, len(pairs), "pictures"))
    resizer = f"{resized} sources bicubic, antialiased" if resized else "none"
    files, sums = _lpips_record(on_progress) if lpips else ("", "")
    return [
        Measurement(
            name=name,
            value=float(np.mean([value for value in values[name] if value != inf] or inf)),
            counts=_counts(values[name]),
            size=words_for(sizes),
            resizer=resizer,
            weights=files if name == "lpips" else "",
            sha256=sums if name == "lpips" else "",
            precision="fp32" if name == "lpips" else "fp64",
        )
        for name in names
    ]


def _counts(values: Sequence[float]) -> dict[str, int]:
    differing = sum(value != inf for value in values)
    equal = {EQUAL: len(values) - differing} if 0 < differing < len(values) else {}
    return {"pairs": differing or len(values), **equal}


def matched(generated: Pictures, source: Pictures) -> list[Pair]:
    """Return each result with the source of its name; raises InputError naming the first that has none."""
    results, sources = by_name(generated), by_name(source)
    if missing := [path for name, path in results.items() if name not in sources]:
        raise InputError(
            f"{len(missing)} of {len(results)} pictures in {generated.place} have no source of their name in "
            f"{source.place}; the first is {missing[0].name}. Name both alike, as a.png and a.jpg."
        )
    return [(path, sources[name]) for name, path in results.items()]


def _read_pair(pair: Pair, names: Sequence[str], settings: EvaluateSettings) -> tuple[Tensor, Tensor, bool]:
    """Return a result and its source as (1, 3, h, w) of one size in [0, 1], and whether the source was scaled."""
    device = resolve_device(settings.device)
    first, second = (to_device(read_image(path)[None], device) for path in pair)
    least = max(SMALLEST[name] for name in names)
    if min(first.shape[-2:]) < least:
        raise InputError(f"{pair[0]} is {_size(first)} pixels; {names[-1]} needs {least} or more on each side.")
    if first.shape == second.shape:
        return first, second, False
    if not settings.resize_source:
        raise InputError(
            f"{pair[0]} is {_size(first)} pixels and its source {pair[1]} {_size(second)}. "
            "Give --resize-source to scale sources to their results."
        )
    return first, resize(second, (first.shape[3], first.shape[2])), True


def _likeness(name: str, first: Tensor, second: Tensor, lpips: PerceptualDistance | None) -> float:
    if name == "lpips":
        assert lpips is not None, "its network is loaded where it is asked for"
        with torch.inference_mode():
            return float(lpips(first, second))
    return {"psnr": psnr, "ssim": ssim}[name](first, second)


def diversity(generated: Sequence[Pictures], settings: EvaluateSettings, on_progress: OnProgress) -> Measurement:
    """Return lpips-diversity: the mean LPIPS between several results of one source, over all sources.

    `generated` are two or more folders that hold results of the same names. Raises InputError where a name or size
    differs, StyleError where weights are missing.
    """
    folders = [by_name(one) for one in generated]
    for pictures, folder in zip(generated[1:], folders[1:], strict=True):
        if odd := sorted(set(folders[0]) ^ set(folder)):
            raise InputError(
                f"{generated[0].place} and {pictures.place} do not hold results of the same sources; the first that "
                f"only one holds is {odd[0]}."
            )
    lpips = _lpips(settings.device, on_progress)
    values, sizes = [], set()
    for done, name in enumerate(folders[0], 1):
        results = list(_same_size([folder[name] for folder in folders], settings))
        sizes.add((results[0].shape[3], results[0].shape[2]))
        with torch.inference_mode():
            described = [lpips.describe(one) for one in results]
            values.append(np.mean([float(lpips.compare(*two)) for two in combinations(described, 2)]))
        on_progress(Progress("results beside each other", done, len(folders[0]), "sources"))
    files, sums = _lpips_record(on_progress)
    counts = {"sources": len(values), "results of each": len(folders)}
    return Measurement(
        "lpips-diversity",
        float(np.mean(values)),
        counts,
        words_for(sizes),
        weights=files,
        sha256=sums,
        precision="fp32",
    )


def _same_size(paths: Sequence[Path], settings: EvaluateSettings) -> Iterator[Tensor]:
    first = None
    for path in paths:
        picture = to_device(read_image(path)[None], resolve_device(settings.device))
        first = picture if first is None else first
        if picture.shape != first.shape:
            raise InputError(f"{paths[0]} is {_size(first)} pixels and {path} {_size(picture)}. Render both alike.")
        yield picture


@lru_cache(maxsize=1)
def _lpips(device: str, on_progress: OnProgress) -> PerceptualDistance:
    """Return the network of LPIPS on AlexNet, fp32."""
    for name in LPIPS_WEIGHTS:
        find_or_fetch(name, on_progress)
    network = PerceptualDistance()
    backbone = {f"network.{key}": value for key, value in load_weights("alexnet").items()}
    network.load_state_dict(backbone | load_weights("lpips-alexnet"))
    return network.eval().to(resolve_device(device))


def _lpips_record(on_progress: OnProgress) -> tuple[str, str]:
    files = [find_or_fetch(name, on_progress) for name in LPIPS_WEIGHTS]
    return " + ".join(file.name for file in files), " + ".join(checksum(file) for file in files)


def words_for(sizes: set[tuple[int, int]]) -> str:
    """Return the sizes of pictures as width x height, or how many sizes there are and the extremes."""
    ordered = [f"{width}x{height}" for width, height in sorted(sizes, key=lambda size: size[0] * size[1])]
    return ordered[0] if len(ordered) == 1 else f"{len(ordered)} sizes, {ordered[0]} to {ordered[-1]}"


def _size(picture: Tensor) -> str:
    return f"{picture.shape[3]}x{picture.shape[2]}"
