"""How fast each metric is, beside the package that is usually taken for it, used as its own examples use it.

The Inception network of torchvision is timed in our batches too.

    python -m benchmarks.evaluate --photos PHOTOS

Needs the packages torchmetrics, lpips, torchvision and scipy. The Inception network has random weights here: its speed
does not depend on them.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import click
import numpy as np
import torch
from torch import Tensor

from benchmarks.torchvision_operators import declare_torchvisions_operators
from vidstyle.analysis.frechet import frechet_distance, kernel_distance
from vidstyle.analysis.psnr_ssim import psnr, ssim
from vidstyle.analysis.resizers import BILINEAR
from vidstyle.models.feature_network import load_lpips
from vidstyle.networks.inception import FEATURES, InceptionV3

BATCH = 8
Work = Callable[[], object]
Row = tuple[str, str, int, Work, str, int, Work]
"""Metric, unit, how many units a call does, our call, the name of the other, the same of its call."""


def rate(work: Work, repeats: int) -> float:
    """Return the calls a second, by the median of so many after one that does not count."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1 / median(seconds)


def rows(first: Tensor, second: Tensor, inputs: Tensor, samples: int) -> Iterator[Row]:
    """Yield what is timed: two pictures (1, 3, h, w) for the pairs, network inputs (n, 3, 299, 299), sets of samples."""
    yield from _inception(inputs)
    yield from _pairs(first, second)
    random = np.random.default_rng(0)
    sets = [random.normal(size=(samples, FEATURES)) + shift for shift in (0, 0.1)]
    yield from _distances(*sets)


def _inception(inputs: Tensor) -> Iterator[Row]:
    from torchvision.models.inception import Inception3

    theirs = Inception3(num_classes=1008, aux_logits=False, init_weights=False).eval()
    ours = InceptionV3().eval()
    ours.fold()
    ours.to(memory_format=torch.channels_last)
    half = InceptionV3().eval()
    half.fold()
    half.to(torch.bfloat16).to(memory_format=torch.channels_last)
    others = (
        (f"torchvision, fp32, {len(inputs)} at once", len(inputs), partial(theirs, inputs)),
        ("torchvision, fp32, one by one", 1, partial(theirs, inputs[:1])),
    )
    for name, network, dtype in (("fp32", ours, torch.float32), ("bf16", half, torch.bfloat16)):
        mine = partial(network, inputs.to(dtype))
        for other in others:
            yield f"Inception features, {name}", "images/s", len(inputs), mine, *other


def _pairs(first: Tensor, second: Tensor) -> Iterator[Row]:
    import lpips
    from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

    theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
    ours = load_lpips(torch.device("cpu"))
    yield (
        "PSNR",
        "pairs/s",
        1,
        partial(psnr, first, second),
        "torchmetrics",
        1,
        partial(peak_signal_noise_ratio, first, second, data_range=1.0),
    )
    yield (
        "SSIM",
        "pairs/s",
        1,
        partial(ssim, first, second),
        "torchmetrics",
        1,
        partial(structural_similarity_index_measure, first, second, data_range=1.0),
    )
    yield (
        "LPIPS",
        "pairs/s",
        1,
        partial(ours, first, second),
        "lpips",
        1,
        partial(theirs, first, second, normalize=True),
    )


def _distances(first: np.ndarray, second: np.ndarray) -> Iterator[Row]:
    from scipy.linalg import sqrtm
    from torchmetrics.image.kid import poly_mmd

    def with_scipy() -> float:
        a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
        shift = np.sum((first.mean(0) - second.mean(0)) ** 2)
        return float(shift + np.trace(a) + np.trace(b) - 2 * np.trace(sqrtm(a @ b).real))

    both = torch.from_numpy(first), torch.from_numpy(second)
    count = f"{len(first):,} samples"
    yield (
        f"Frechet distance, {count}",
        "1/s",
        1,
        partial(frechet_distance, first, second),
        "scipy's sqrtm",
        1,
        with_scipy,
    )
    yield (
        f"kernel distance, {count}",
        "1/s",
        1,
        partial(kernel_distance, first, second),
        "torchmetrics",
        1,
        partial(poly_mmd, *both),
    )


@click.command(help=__doc__)
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--samples", type=click.IntRange(2), default=2048, show_default=True, help="Rows of the sets of features."
)
@click.option("--only", default="", help="Time only metrics whose name holds this.")
def main(photos: Path, repeats: int, samples: int, only: str) -> None:
    from vidstyle.media.images import list_images, read_image
    from vidstyle.pixels import to_device

    declare_torchvisions_operators()
    pictures = [read_image(path) for path in list_images(photos)[:BATCH]]
    first = to_device(pictures[0][None], torch.device("cpu"))
    second = (0.7 * first + 0.3 * first.flip(3)).clamp(0, 1)
    inputs = torch.cat([BILINEAR.prepare(pictures[number % len(pictures)]) for number in range(BATCH)])
    click.echo(f"Pairs of {first.shape[3]}x{first.shape[2]} pixels, {torch.get_num_threads()} threads.\n")
    click.echo("| metric | unit | vidstyle | the other | times |\n| --- | --- | ---: | ---: | ---: |")
    with torch.inference_mode():
        for metric, unit, units, ours, name, their_units, theirs in rows(first, second, inputs, samples):
            if only.lower() in metric.lower():
                mine, other = units * rate(ours, repeats), their_units * rate(theirs, repeats)
                click.echo(f"| {metric} | {unit} | {mine:.3g} | {other:.3g} ({name}) | {mine / other:.2f} |")


if __name__ == "__main__":
    main()
