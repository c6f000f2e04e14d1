"""The evaluate stage: figures of folders of pictures, of a run on photos, or of a video beside its source."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle.atomic import StageResult, write_json
from vidstyle.errors import SettingsError
from vidstyle.evaluate.figure import Figure
from vidstyle.evaluate.measure import Findings, Sets, measure
from vidstyle.evaluate.painting import Painted, paint, scaled_photos
from vidstyle.evaluate.pictures import Pictures, open_folders
from vidstyle.evaluate.runs import FinishedRun, open_run
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.progress import OnProgress, silent


@dataclass(frozen=True)
class Inputs:
    """What the user named: a run folder, a folder of pictures or a video as `subject`, and what to hold it against."""

    subject: Path | None = None
    generated: tuple[Path, ...] = ()
    target: Path | None = None
    source: Path | None = None
    photos: Path | None = None


def run(inputs: Inputs, settings: EvaluateSettings, on_progress: OnProgress = silent) -> StageResult:
    """Return the figures of what `inputs` names, in `details`: `figures`, `missing` and why.

    Raises SettingsError when too little or too much is named, and what `measure`, `paint` and `measure_video` raise.
    """
    started = time.monotonic()
    findings = _findings(inputs, settings, on_progress)
    named = (inputs.subject, *inputs.generated, inputs.target, inputs.source, inputs.photos)
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


def _findings(inputs: Inputs, settings: EvaluateSettings, on_progress: OnProgress) -> Findings:
    subject = inputs.subject
    if (subject is None) == (not inputs.generated):
        raise SettingsError("Name one thing to evaluate: a run folder, a video, or pictures with --generated FOLDER.")
    if subject is None or (subject.is_dir() and not (subject / "settings.json").is_file()):
        folders = inputs.generated if subject is None else (subject,)
        return measure(_sets(folders, inputs.target, inputs.source or inputs.photos), settings, on_progress)
    if subject.is_dir():
        if inputs.photos is None:
            raise SettingsError(f"{subject} is a run, and a run paints photos: give --photos FOLDER.")
        target = open_folders(inputs.target) if inputs.target else None
        return evaluate_run(open_run(subject), open_folders(inputs.photos), target, settings, on_progress).findings
    if inputs.source is None:
        raise SettingsError(f"{subject} is measured beside its source: give --source VIDEO.")
    from vidstyle.evaluate.video import measure_video

    return measure_video(subject, inputs.source, settings, on_progress)


def _sets(generated: Sequence[Path], target: Path | None, source: Path | None) -> Sets:
    return Sets(
        generated=tuple(open_folders(folder) for folder in generated),
        target=open_folders(target) if target else None,
        source=open_folders(source) if source else None,
    )


@dataclass(frozen=True)
class RunFindings:
    """What a run's pictures score, the pictures, and the photos that they were painted from."""

    run: FinishedRun
    findings: Findings
    photos: Pictures
    pictures: Pictures
    painted: Painted | None


def evaluate_run(
    run: FinishedRun, photos: Pictures, target: Pictures | None, settings: EvaluateSettings, on_progress: OnProgress
) -> RunFindings:
    """Paint the photos as the run does, at `settings.size` or its own, measure the pictures and keep the figures there.

    Of a run that left pictures instead of a style, those pictures are measured. Raises what `paint` and `measure` do.
    """
    short_side = run.painted_at(settings.size)
    small = scaled_photos(photos, short_side, on_progress)
    if run.results:
        painted, pictures = None, open_folders(run.results)
        settings = replace(settings, resize_source=True)
    else:
        painted = paint(run, small, short_side, settings.device, on_progress)
        pictures = painted.pictures
    findings = _measured_before(run, pictures, small, target, settings, on_progress)
    return RunFindings(run, findings, small, pictures, painted)


def _measured_before(
    run: FinishedRun,
    pictures: Pictures,
    photos: Pictures,
    target: Pictures | None,
    settings: EvaluateSettings,
    on_progress: OnProgress,
) -> Findings:
    """Return the findings kept in the run's folder, measured first where they are of other pictures or incomplete."""
    kept = run.path / "evaluation.json"
    sets = [one.content if one else None for one in (pictures, photos, target)]
    stated = {name: value for name, value in settings.record().items() if name not in ("device", "batch", "rows")}
    identity = hashlib.sha256(json.dumps([sets, stated]).encode()).hexdigest()
    record = json.loads(kept.read_text()) if kept.is_file() else {}
    if record.get("identity") == identity and not record["missing"]:
        return Findings(tuple(Figure.of(one) for one in record["figures"]), {}, tuple(record["warnings"]))
    findings = measure(Sets((pictures,), target, photos), settings, on_progress)
    found = {"figures": [one.record() for one in findings.figures], "missing": findings.missing}
    write_json(kept, {"identity": identity, "settings": stated, **found, "warnings": findings.warnings})
    return findings
