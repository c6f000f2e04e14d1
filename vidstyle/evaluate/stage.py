"""The evaluate stage: measures folders of pictures, a run on photos, or a video beside its source."""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle import __version__
from vidstyle.checksum import identity_of
from vidstyle.errors import ExitCode
from vidstyle.evaluate.compute_metrics import MetricInputs, MetricReport, measure
from vidstyle.evaluate.image_sets import ImageSet, open_folders, split_variants
from vidstyle.evaluate.inputs import PICTURES, VIDEO, Inputs
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.metrics import METRICS
from vidstyle.evaluate.paint_photos import PaintedPhotos, paint, paint_variants, scale_photos
from vidstyle.evaluate.runs import FinishedRun, open_run
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.evaluate.unreadable import measured_without_unreadable
from vidstyle.evaluate.video_metrics import measure_video
from vidstyle.files import DAMAGE, write_json
from vidstyle.models.download import checksum
from vidstyle.models.style_mixture import find_mixture
from vidstyle.models.weights import find
from vidstyle.progress import OnProgress, StageResult, silent

DO_NOT_CHANGE_VALUES = ("device", "batch", "rows")
"""Settings that have no part in what is measured."""


def run(inputs: Inputs, settings: EvaluateSettings, on_progress: OnProgress = silent) -> StageResult:
    """Measure what `inputs` names; the details hold the `figures` and what is `missing`, with the reason.

    Pictures that cannot be read are left out with a warning each; the `exit_code` of the details then says so.

    Raises SettingsError when too little or too much is named, InputError for what does not exist, and what `measure`,
    `paint` and `measure_video` raise.
    """
    started = time.monotonic()
    report, warnings, left_out = _measure(inputs, settings, on_progress)
    named = (*inputs.measured, inputs.target, inputs.source, inputs.photos)
    return StageResult(
        stage="evaluate",
        inputs=tuple(path for path in named if path is not None),
        outputs=(),
        counts={"figures": len(report.measurements), "missing": len(report.missing)},
        seconds=time.monotonic() - started,
        settings=settings.record(),
        warnings=(*warnings, *left_out, *report.warnings),
        details={
            "figures": [measurement.record() for measurement in report.measurements],
            "missing": report.missing,
            "exit_code": int(ExitCode.INPUT if left_out else ExitCode.OK),
        },
    )


def _measure(
    inputs: Inputs, settings: EvaluateSettings, on_progress: OnProgress
) -> tuple[MetricReport, list[str], list[str]]:
    """Return the report, what is passed over in the folders, and which pictures are left out."""
    kind, subject = inputs.kind(), inputs.measured[0]
    if kind == VIDEO:
        assert inputs.source is not None, "a video is measured beside its source"
        return measure_video(subject, inputs.source, settings, on_progress), [], []
    if kind == PICTURES:
        named = _open_pictures(inputs, settings.variants)
        report, left_out = measured_without_unreadable(named, lambda sets: measure(sets, settings, on_progress))
    else:
        assert inputs.photos is not None, "a run paints photos"
        target = open_folders(inputs.target) if inputs.target else None
        named, finished = MetricInputs((), target, open_folders(inputs.photos)), open_run(subject)

        def measure_run(sets: MetricInputs) -> MetricReport:
            assert sets.source is not None, "a run paints photos"
            return evaluate_run(finished, sets.source, sets.target, settings, on_progress).metrics

        report, left_out = measured_without_unreadable(named, measure_run)
    sets = (*named.generated, named.source, named.target)
    return report, list(dict.fromkeys(text for images in sets if images for text in images.warnings)), left_out


def _open_pictures(inputs: Inputs, variants: bool) -> MetricInputs:
    sets = [open_folders(folder) for folder in inputs.measured]
    return MetricInputs(
        generated=tuple(part for images in sets for part in (split_variants(images) if variants else [images])),
        target=open_folders(inputs.target) if inputs.target else None,
        source=open_folders(inputs.source) if inputs.source else None,
    )


@dataclass(frozen=True)
class RunReport:
    """What a run's pictures score, the pictures, and the photos that they were painted from.

    `method` is the run's method, and before it the method of the style that painted what the run varies.
    """

    run: FinishedRun
    method: str
    metrics: MetricReport
    photos: ImageSet
    pictures: ImageSet
    painted: PaintedPhotos | None


def evaluate_run(
    run: FinishedRun, photos: ImageSet, target: ImageSet | None, settings: EvaluateSettings, on_progress: OnProgress
) -> RunReport:
    """Paint the photos as the run does, at `settings.size` or its own, measure the pictures and keep the report in the run.

    Of a run that left pictures instead of a style, those pictures are measured. A run that learnt a look makes several
    results of each photo. All are measured for their diversity, the first ones for the other metrics. Raises what `paint`
    and `measure` raise.
    """
    short_side = run.short_side(settings.size)
    small = scale_photos(photos, short_side, on_progress)
    painted: list[PaintedPhotos] = []
    if run.results:
        settings = replace(settings, resize_source=True)
        pictures = [open_folders(run.results)]
    else:
        painted = _paint(run, small, short_side, settings, on_progress)
        pictures = [variant.pictures for variant in painted]
    inputs = MetricInputs((pictures[0],), target, small, others=tuple(pictures[1:]))
    metrics = _measure_unless_kept(run, inputs, settings, on_progress)
    return RunReport(run, _method(run, settings), metrics, small, pictures[0], painted[0] if painted else None)


def _paint(
    run: FinishedRun, photos: ImageSet, short_side: int, settings: EvaluateSettings, on_progress: OnProgress
) -> list[PaintedPhotos]:
    if run.has_look:
        return paint_variants(run, photos, short_side, settings, on_progress)
    return [paint(run, photos, short_side, settings.device, on_progress)]


def _method(run: FinishedRun, settings: EvaluateSettings) -> str:
    """Return the method of the run, for one with a look beside the method of the style, or the style's name."""
    if not (run.has_look and settings.paint_with):
        return run.method
    style = find_mixture(settings.paint_with).load()
    style_method = style.history.get("settings", {}).get("method", Path(settings.paint_with).stem)
    return f"{style_method} with {run.method}"


def _measure_unless_kept(
    run: FinishedRun, inputs: MetricInputs, settings: EvaluateSettings, on_progress: OnProgress
) -> MetricReport:
    """Return the report in the run's folder, measured first where it is of other pictures or incomplete."""
    file = run.path / "evaluation.json"
    sets: Sequence[ImageSet | None] = (*inputs.generated, inputs.source, inputs.target, *inputs.others)
    checksums = [images.named_checksums if images else None for images in sets]
    options = {name: value for name, value in settings.record().items() if name not in DO_NOT_CHANGE_VALUES}
    identity = identity_of([__version__, checksums, options, settings.candidates, _weights_here()])
    with suppress(FileNotFoundError, *DAMAGE):  # it is measured again then
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["identity"] == identity and not kept["missing"]:
            measurements = tuple(Measurement.of(record) for record in kept["figures"])
            return MetricReport(measurements, {}, tuple(kept["warnings"]))
    report = measure(inputs, settings, on_progress)
    figures = [measurement.record() for measurement in report.measurements]
    record = {"figures": figures, "missing": report.missing, "warnings": report.warnings}
    write_json(file, {"identity": identity, "settings": options, **record})
    return report


def _weights_here() -> dict[str, str]:
    """Return the checksums of the weights that metrics rest on, as far as they are on this machine."""
    names = dict.fromkeys(name for metric in METRICS.values() for name in metric.weights)
    files = {name: find(name) for name in names}
    return {name: checksum(file) for name, file in files.items() if file}
