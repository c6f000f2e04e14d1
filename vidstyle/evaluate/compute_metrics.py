"""All metrics that can be measured of a set of results, or those asked for by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidstyle.device import without_tf32
from vidstyle.errors import InputError, StyleError
from vidstyle.evaluate.distances import measure_distances, sample_warning
from vidstyle.evaluate.image_sets import ImageSet, union
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.metrics import INCEPTION, METRICS, SEVERAL, SOURCE, TARGET, Metric, groups
from vidstyle.evaluate.paired_metrics import (
    equal_pairs_warning,
    measure_at_one_size,
    measure_diversity,
    measure_pairs,
)
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.progress import OnProgress


@dataclass(frozen=True)
class MetricInputs:
    """What is measured: one set of results, or several of the same sources; the target; the sources.

    `others` are further results of the same sources, which only the metrics of several results take.
    """

    generated: tuple[ImageSet, ...]
    target: ImageSet | None
    source: ImageSet | None
    others: tuple[ImageSet, ...] = ()

    def suffice_for(self, metric: Metric) -> bool:
        """Return whether what the metric needs was given."""
        given = {TARGET: self.target, SOURCE: self.source, SEVERAL: len(self.generated + self.others) > 1}
        return bool(given[metric.needs])


@dataclass(frozen=True)
class MetricReport:
    """The measurements, for each metric that could not be measured the reason, and warnings."""

    measurements: tuple[Measurement, ...]
    missing: dict[str, str]
    warnings: tuple[str, ...]


def measure(inputs: MetricInputs, settings: EvaluateSettings, on_progress: OnProgress) -> MetricReport:
    """Measure the metrics asked for, or of a set such as `auto` all that the inputs and the weights at hand allow.

    Raises InputError for pictures that cannot be measured. Raises StyleError where weights are missing of metrics that were
    asked for by name, or that `settings.inception` was given for.
    """
    wanted = _wanted(inputs, settings)
    measurements: list[Measurement] = []
    missing: dict[str, str] = {}
    for group in groups():
        metrics = [metric for metric in group if metric.name in wanted]
        if not metrics:
            continue
        try:
            with without_tf32():
                measurements += _measure_group(metrics, inputs, settings, on_progress)
        except StyleError as error:
            if settings.wanted or (settings.inception and metrics[0].weights == INCEPTION):
                raise
            missing |= {metric.name: str(error) for metric in metrics}
    warnings = [
        text for measurement in measurements for text in (sample_warning(measurement), equal_pairs_warning(measurement))
    ]
    return MetricReport(tuple(measurements), missing, tuple(text for text in warnings if text))


def _wanted(inputs: MetricInputs, settings: EvaluateSettings) -> tuple[str, ...]:
    """Return the names of the metrics to measure; raises InputError where there are none or one lacks its inputs."""
    for name in settings.wanted:
        if not inputs.suffice_for(METRICS[name]):
            raise InputError(f"{name} needs {METRICS[name].needs}. Give it, or leave {name} out of --metrics.")
    wanted = tuple(name for name in settings.candidates if inputs.suffice_for(METRICS[name]))
    if not wanted:
        raise InputError("There is nothing to compare the pictures with. Give --target, --source or both.")
    return wanted


def _measure_group(
    metrics: Sequence[Metric], inputs: MetricInputs, settings: EvaluateSettings, on_progress: OnProgress
) -> list[Measurement]:
    """Measure metrics of one group, as `groups` returns them."""
    if metrics[0].needs == TARGET:
        assert inputs.target is not None, "the metrics need it"
        return measure_distances(metrics, union(inputs.generated), inputs.target, inputs.source, settings, on_progress)
    if metrics[0].needs == SOURCE:
        assert inputs.source is not None, "the metrics need it"
        if metrics[0].at_one_size:
            return measure_at_one_size(metrics, inputs.generated, inputs.source, on_progress)
        return measure_pairs(metrics, inputs.generated, inputs.source, settings, on_progress)
    return measure_diversity(metrics, inputs.generated + inputs.others, settings, on_progress)
