"""All figures that a set of results can have, by the names of the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidstyle.device import without_tf32
from vidstyle.errors import InputError, StyleError
from vidstyle.evaluate.distances import DISTANCES, distance, too_few
from vidstyle.evaluate.figure import Measurement
from vidstyle.evaluate.image_sets import Pictures
from vidstyle.evaluate.paired_metrics import EQUAL, SMALLEST, diversity, likenesses
from vidstyle.evaluate.settings import METRICS, EvaluateSettings
from vidstyle.progress import OnProgress

TARGET, SOURCE, SEVERAL = "--target", "--source", "--generated twice or more, or --variants"


TOGETHER = (("fid", "fid-clean", "kid"), ("fd-vgg16", "kid-vgg16"), ("psnr", "ssim"), ("lpips",), ("lpips-diversity",))
"""Metrics that rest on the same weights: where these are missing, all of a group are."""


@dataclass(frozen=True)
class MetricInputs:
    """What is measured: one folder of results, or several of the same sources; the target; the sources.

    `others` are further results of the same sources, at which only their diversity looks.
    """

    generated: tuple[Pictures, ...]
    target: Pictures | None
    source: Pictures | None
    others: tuple[Pictures, ...] = ()

    @property
    def all_generated(self) -> Pictures:
        """The results of all folders as one set."""
        folders = tuple(dict.fromkeys(folder for one in self.generated for folder in one.folders))
        return Pictures(folders, tuple(path for one in self.generated for path in one.paths))

    def lacks(self, name: str) -> str:
        """Return which option a metric needs that was not given, or an empty string."""
        if name in DISTANCES:
            return "" if self.target else TARGET
        if name in SMALLEST:
            return "" if self.source else SOURCE
        return "" if len(self.generated + self.others) > 1 else SEVERAL


@dataclass(frozen=True)
class MetricReport:
    """The figures, why others could not be had, and warnings."""

    figures: tuple[Measurement, ...]
    missing: dict[str, str]
    warnings: tuple[str, ...]


def measure(sets: MetricInputs, settings: EvaluateSettings, on_progress: OnProgress) -> MetricReport:
    """Return the figures asked for, or with `auto` all that the given sets and the weights at hand allow.

    Raises InputError for pictures that cannot be measured, and StyleError where weights are missing
    of metrics that were asked for by name, or that `settings.inception` was given for.
    """
    wanted = settings.wanted or tuple(name for name in METRICS if not sets.lacks(name))
    for name in wanted:
        if lacking := sets.lacks(name):
            raise InputError(f"{name} needs {lacking}. Give it, or leave {name} out of --metrics.")
    if not wanted:
        raise InputError("There is nothing to compare the pictures with. Give --target, --source or both.")
    figures: list[Measurement] = []
    missing: dict[str, str] = {}
    for group in TOGETHER:
        names = [name for name in group if name in wanted]
        try:
            with without_tf32():
                figures += _figures(names, sets, settings, on_progress)
        except StyleError as error:
            if settings.wanted or (settings.inception and "fid" in group):
                raise
            missing |= dict.fromkeys(names, str(error))
    warnings = [text for figure in figures for text in (too_few(figure), _left_out(figure)) if text]
    return MetricReport(tuple(figures), missing, tuple(warnings))


def _left_out(figure: Measurement) -> str | None:
    if not (equal := figure.counts.get(EQUAL)):
        return None
    return f"{figure.name} is the mean of {figure.counts['pairs']:,} pairs; {equal:,} more are equal, so theirs is infinite."


def _figures(
    names: Sequence[str], sets: MetricInputs, settings: EvaluateSettings, on_progress: OnProgress
) -> list[Measurement]:
    if not names:
        return []
    if sets.target and names[0] in DISTANCES:
        generated, target = sets.all_generated, sets.target
        return [distance(name, generated, target, sets.source, settings, on_progress) for name in names]
    if sets.source and names[0] in SMALLEST:
        return likenesses(names, sets.generated, sets.source, settings, on_progress)
    return [diversity(sets.generated + sets.others, settings, on_progress)]
