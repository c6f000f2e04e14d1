"""The evaluate stage: figures of folders of pictures, of a run on photos, or of a video beside its source."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle import __version__
from vidstyle.evaluate.distances import INCEPTION
from vidstyle.evaluate.figure import Measurement
from vidstyle.evaluate.image_sets import Pictures, open_folders, variants_of
from vidstyle.evaluate.inputs import PICTURES, RUN, Inputs
from vidstyle.evaluate.measure import MetricInputs, MetricReport, measure
from vidstyle.evaluate.paint_photos import Painted, paint, scaled_photos, vary
from vidstyle.evaluate.paired_metrics import LPIPS_WEIGHTS
from vidstyle.evaluate.runs import FinishedRun, open_run
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.files import write_json
from vidstyle.models.download import checksum
from vidstyle.models.style_file import find_style, load_style
from vidstyle.models.weights import find
from vidstyle.progress import OnProgress, StageResult, silent


def run(inputs: Inputs, settings: EvaluateSettings, on_progress: OnProgress = silent) -> StageResult:
    """Return the figures of what `inputs` names, in `details`: `figures`, `missing` and why.

    Raises SettingsError when too little or too much is named, InputError for what does not exist, and what `measure`,
    `paint` and `measure_video` raise.
    """
    started = time.monotonic()
    findings = _findings(inputs, settings, on_progress)
    named = (*inputs.measured, inputs.target, inputs.source, inputs.photos)
    details = {"figures": [figure.record() for figure in findings.figures], "missing": findings.missing}
    return StageResult(
        stage="evaluate",
        inputs=tuple(path for path in named if path is not None),
        outputs=(),
        counts={"figures": len(findings.figures), "missing": len(findings.missing)},
        seconds=time.monotonic() - started,
        settings=settings.record(),
        warnings=findings.warnings,
        details=details,
    )


def _findings(inputs: Inputs, settings: EvaluateSettings, on_progress: OnProgress) -> MetricReport:
    kind, subject = inputs.kind(), inputs.measured[0]
    if kind == PICTURES:
        sets = _sets(inputs.measured, settings.variants, inputs.target, inputs.source)
        return measure(sets, settings, on_progress)
    if kind == RUN:
        assert inputs.photos is not None, "a run is held against photos"
        target = open_folders(inputs.target) if inputs.target else None
        return evaluate_run(open_run(subject), open_folders(inputs.photos), target, settings, on_progress).findings
    from vidstyle.evaluate.video_metrics import measure_video

    assert inputs.source is not None, "a video is held against its source"
    return measure_video(subject, inputs.source, settings, on_progress)


def _sets(generated: Sequence[Path], variants: bool, target: Path | None, source: Path | None) -> MetricInputs:
    opened = [open_folders(folder) for folder in generated]
    return MetricInputs(
        generated=tuple(part for one in opened for part in (variants_of(one) if variants else [one])),
        target=open_folders(target) if target else None,
        source=open_folders(source) if source else None,
    )


@dataclass(frozen=True)
class RunFindings:
    """What a run's pictures score, the pictures, and the photos that they were painted from; `method` names what did it."""

    run: FinishedRun
    method: str
    findings: MetricReport
    photos: Pictures
    pictures: Pictures
    painted: Painted | None


def evaluate_run(
    run: FinishedRun, photos: Pictures, target: Pictures | None, settings: EvaluateSettings, on_progress: OnProgress
) -> RunFindings:
    """Paint the photos as the run does, at `settings.size` or its own, measure the pictures and keep the figures there.

    Of a run that left pictures instead of a style, those pictures are measured; of one that learnt a look, several
    results of each photo, all for their diversity and the first ones for the rest. Raises what `paint` and `measure` do.
    """
    short_side = run.painted_at(settings.size)
    small = scaled_photos(photos, short_side, on_progress)
    painted: list[Painted] = []
    if run.results:
        settings = replace(settings, resize_source=True)
    elif run.varies:
        painted = vary(run, small, short_side, settings, on_progress)
    else:
        painted = [paint(run, small, short_side, settings.device, on_progress)]
    pictures, *others = [one.pictures for one in painted] or [open_folders(run.results or run.path)]
    sets = MetricInputs((pictures,), target, small, tuple(others))
    findings = _measured_before(run, sets, settings, on_progress)
    method = (
        f"{_method_of(settings.paint_with)} with {run.method}" if run.varies and settings.paint_with else run.method
    )
    return RunFindings(run, method, findings, small, pictures, painted[0] if painted else None)


def _method_of(style: str) -> str:
    """Return by which method a style was trained, or its name where it does not say."""
    return str(load_style(find_style(style)).history.get("settings", {}).get("method", Path(style).stem))


def _measured_before(
    run: FinishedRun, sets: MetricInputs, settings: EvaluateSettings, on_progress: OnProgress
) -> MetricReport:
    """Return the findings kept in the run's folder, measured first where they are of other pictures or incomplete."""
    kept = run.path / "evaluation.json"
    shown = [one.named_content if one else None for one in (*sets.generated, sets.source, sets.target, *sets.others)]
    stated = {name: value for name, value in settings.record().items() if name not in ("device", "batch", "rows")}
    identity = hashlib.sha256(json.dumps([__version__, shown, stated, _weights_here()]).encode()).hexdigest()
    record = json.loads(kept.read_text()) if kept.is_file() else {}
    if record.get("identity") == identity and not record["missing"]:
        return MetricReport(tuple(Measurement.of(one) for one in record["figures"]), {}, tuple(record["warnings"]))
    findings = measure(sets, settings, on_progress)
    found = {"figures": [one.record() for one in findings.figures], "missing": findings.missing}
    write_json(kept, {"identity": identity, "settings": stated, **found, "warnings": findings.warnings})
    return findings


def _weights_here() -> dict[str, str]:
    """Return the checksums of the weights that figures rest on, as far as they are on this machine."""
    found = {name: find(name) for name in ("vgg16", *LPIPS_WEIGHTS, INCEPTION)}
    return {name: checksum(path) for name, path in found.items() if path}
