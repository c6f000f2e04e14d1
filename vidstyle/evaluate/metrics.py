"""The metrics of pictures: one row each.

A new metric is a row here and a function under the same name in one of four tables:

- `distances.DISTANCES` compares the results with the target,
- `paired_metrics.PAIRED` compares each result with its source,
- `paired_metrics.AT_ONE_SIZE` does so after both were brought to one size (the row says `at_one_size`),
- `paired_metrics.AMONG_RESULTS` compares the results of one source with each other.

This module loads no heavy library, since the command line needs the names. The metrics of video are rows of
`video_metrics.VIDEO_METRICS`.
"""

from dataclasses import dataclass

TARGET, SOURCE, SEVERAL = "--target", "--source", "--generated twice or more, or --variants"
"""What a metric compares the results with, as the option that gives it."""
INCEPTION, VGG16, LPIPS = ("inception-2015-12-05",), ("vgg16",), ("alexnet", "lpips-alexnet")
"""Names of known weights."""


@dataclass(frozen=True)
class Metric:
    """What is known of a metric before it is measured.

    `needs` is TARGET, SOURCE or SEVERAL. `weights` are the known weights that it rests on. `smallest_side` is the shortest
    side in pixels of a picture that it can measure. With `at_one_size` the pictures may have any sizes: they are brought to
    one first. The value is the mean over the pictures, or their median.
    """

    name: str
    needs: str
    weights: tuple[str, ...] = ()
    higher_is_better: bool = False
    smallest_side: int = 1
    at_one_size: bool = False
    median: bool = False


_ROWS = (
    Metric("fid", TARGET, INCEPTION),
    Metric("fid-clean", TARGET, INCEPTION),
    Metric("kid", TARGET, INCEPTION),
    Metric("fd-vgg16", TARGET, VGG16),
    Metric("kid-vgg16", TARGET, VGG16),
    Metric("psnr", SOURCE, higher_is_better=True),
    Metric("ssim", SOURCE, higher_is_better=True, smallest_side=11),
    Metric("lpips", SOURCE, LPIPS, smallest_side=31),
    Metric("plain-areas", SOURCE, smallest_side=16, at_one_size=True, median=True),
    Metric("flat-share", SOURCE, higher_is_better=True, smallest_side=16, at_one_size=True),
    Metric("chroma-shift", SOURCE, smallest_side=16, at_one_size=True),
    Metric("lightness-shift", SOURCE, smallest_side=16, at_one_size=True),
    Metric("edges", SOURCE, higher_is_better=True, smallest_side=16, at_one_size=True),
    Metric("lpips-diversity", SEVERAL, LPIPS, higher_is_better=True, smallest_side=31),
)
METRICS = {metric.name: metric for metric in _ROWS}
"""The rows by name, in the order in which they are shown."""
METRIC_SETS = {"auto": tuple(METRICS), "paper": ("fid", "psnr", "ssim", "lpips-diversity")}
"""Sets of metrics by name. `paper` has those that the paper reports."""


def groups() -> list[list[Metric]]:
    """Return the metrics that are measured together: they need the same, at the same sizes, and rest on the same weights."""
    found: dict[tuple[str, tuple[str, ...], bool], list[Metric]] = {}
    for metric in METRICS.values():
        found.setdefault((metric.needs, metric.weights, metric.at_one_size), []).append(metric)
    return list(found.values())
