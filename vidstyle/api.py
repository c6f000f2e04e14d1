"""The stages for use from Python: extract frames, train a style, render with it, evaluate the results.

    from vidstyle import api

    api.render("in.mp4", "out.mp4", style="mine", size=360)

    style = api.load_style("mine")
    painted = style(frame)

Every option of a command is a keyword here, with underscores: `--keep-colour` is `keep_colour=True`, `--no-audio` is
`audio=False`, and an option that may be given several times takes a list. `help(api.render)` lists them with their
defaults. Nothing is printed: warnings and notes are in the result, and `on_progress` is called while a stage works.
Every error is a `vidstyle.errors.VidstyleError`.

Importing this module loads neither torch nor numpy. A function loads what it needs when it is called.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.distil.settings import DistilSettings
from vidstyle.errors import SettingsError
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.extract.settings import ExtractSettings
from vidstyle.keywords import refuse_unknown, resolve, settings_as_keywords
from vidstyle.progress import OnProgress, Progress, StageResult, silent
from vidstyle.render.settings import RenderSettings
from vidstyle.run_folder import RunFolder
from vidstyle.train.settings import TrainSettings

if TYPE_CHECKING:
    import numpy as np

    from vidstyle.render.painter import Painter
    from vidstyle.render.sizes import Sizes

FilePath = str | os.PathLike[str]

PICTURE_SETTINGS: tuple[str, ...] = ("size", "upscaler", "finish", "calm", "blend", "keep_colour")
PICTURE_SETTINGS += ("tile", "strip", "precision", "backend", "device")
"""The settings of `render` that say how one frame is painted: the keywords of `load_style`."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What every stage returns.

    `seconds` is the time that it took, and `settings` holds the value of every setting. `warnings` say what is wrong with the
    inputs or the result. `notes` say what else the command line would have told while it worked.
    """

    seconds: float
    settings: dict[str, Any]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExtractResult(Result):
    """What `extract` did.

    `frames` are the files that this call wrote into `folder`, and `report` is the page that shows them. `frames_read` and
    `candidates` count what was looked at, and `dropped` counts candidates by the reason why they were not kept.
    `sources_skipped` counts the sources whose frames the folder holds already.
    """

    folder: Path
    frames: tuple[Path, ...]
    report: Path | None
    frames_read: int
    candidates: int
    dropped: dict[str, int]
    sources: int
    sources_skipped: int


@dataclass(frozen=True, kw_only=True)
class TrainResult(Result):
    """What `train` did.

    `run` is the run folder, and `steps` the number of steps of the whole run. `style` is the style file. `best_style` is the
    one with the best score on held-out photos, or None where no photo was scored. `look` is set instead where the method
    learns a look (`inst`), and `pictures`, a folder, where it paints pictures one by one (`cmd`).
    """

    run: Path
    steps: int
    photos: int
    paintings: int
    style: Path | None
    best_style: Path | None
    look: Path | None
    pictures: Path | None
    report: Path | None


@dataclass(frozen=True, kw_only=True)
class RenderResult(Result):
    """What `render` did.

    `outputs` are the files that it wrote. `frames` counts the frames of videos, and `pictures` counts pictures.
    `already_there` are the results that existed before and were left alone, and `failures` says for each result that is
    missing why. `damaged` counts videos whose source was damaged: they are rendered as far as that goes.
    """

    outputs: tuple[Path, ...]
    frames: int
    pictures: int
    already_there: tuple[Path, ...]
    failures: dict[Path, str]
    damaged: int


@dataclass(frozen=True, kw_only=True)
class EvaluateResult(Result):
    """What `evaluate` measured.

    `measurements` hold each metric's value with all that it rests on. `missing` says for each metric that could not be
    computed why.
    """

    measurements: tuple[Measurement, ...]
    missing: dict[str, str]

    def value(self, metric: str) -> float | None:
        """Return the value of `metric`, None where there was nothing to measure; raises KeyError when it was not computed."""
        return {measurement.name: measurement.value for measurement in self.measurements}[metric]


class StylePainter:
    """A style with its networks loaded, which paints one frame at a time; `load_style` makes it.

    Use one of these from one thread at a time.
    """

    def __init__(self, settings: RenderSettings) -> None:
        from vidstyle.render.engine import Engine

        self._engine = Engine(settings)
        self._painter: Painter | None = None
        self._sizes: Sizes | None = None

    @property
    def path(self) -> Path:
        """The style file, of a mixture the first."""
        return self._engine.mixture.paths[0]

    @property
    def device(self) -> str:
        """The device that computes, as torch names it."""
        return str(self._engine.device)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done because the device's memory was short."""
        return tuple(self._painter.notes) if self._painter else ()

    def __call__(self, frame: "np.ndarray") -> "np.ndarray":
        """Return the painting of a frame, (height, width, 3) uint8 RGB, as a new array of the same size and kind.

        The result is that of `render` for a picture file with these pixels. Raises SettingsError for another kind of array,
        and DeviceError when the device's memory does not suffice.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or str(frame.dtype) != "uint8" or not frame.size:
            raise SettingsError(
                f"A frame is a (height, width, 3) array of uint8 with RGB; this one is {frame.shape} of {frame.dtype}. "
                "Convert it first."
            )
        sizes = self._engine.sizes((frame.shape[1], frame.shape[0]))
        if self._painter is None or sizes != self._sizes:
            self._painter, self._sizes = self._engine.picture_painter(sizes), sizes
        return self._painter.paint(frame[None], sizes, sixteen_bit=False)[0]


@settings_as_keywords(ExtractSettings)
def extract(
    sources: FilePath | Iterable[FilePath],
    output: FilePath = "dataset/trainB",
    *,
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> ExtractResult:
    """Take the best frames of cartoon episodes into the folder `output`.

    `sources` are video files, folders of them, or patterns. A folder that an earlier call filled keeps its frames, and new
    ones are added. Raises InputError for unusable sources, OutputError for an unusable folder, StyleError for unusable
    weights, and SettingsError for an unknown keyword or value.
    """
    from vidstyle.extract.stage import run

    asked, notes, folder = resolve(ExtractSettings, "extract", settings), _Notes(on_progress), Path(output)
    result = run(_paths(sources), folder, asked, notes)
    counts = dict(result.counts)
    known = ("sources", "skipped", "frames", "candidates", "kept", "deblurred", "windows")
    sources_read, skipped, frames, candidates, *_ = (counts.pop(name, 0) for name in known)
    return ExtractResult(
        folder=folder,
        frames=result.outputs,
        report=_existing(folder / "report.html"),
        frames_read=frames,
        candidates=candidates,
        dropped=counts,
        sources=sources_read,
        sources_skipped=skipped,
        **_common(result, notes.texts),
    )


@settings_as_keywords(TrainSettings)
def train(
    dataset: FilePath = "dataset",
    runs: FilePath = "runs",
    *,
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> TrainResult:
    """Fit a style to the photos (trainA) and cartoon frames (trainB) in the folder `dataset`.

    Everything is kept in `runs`/NAME, and the same call resumes a run that was stopped. A setting that is None here has
    the default of the method. Raises InputError for missing images, StyleError for missing weights, SettingsError when the
    run exists with other settings, OutputError while another process trains it, TrainingError when it diverges, and
    Interrupted after Ctrl-C, once everything is saved.
    """
    from vidstyle.train.stage import run

    asked, notes = resolve(TrainSettings, "train", settings), _Notes(on_progress)
    result = run(Path(dataset), Path(runs), asked, notes)
    return _trained(result, RunFolder(Path(runs) / asked.name), asked.leaves, notes.texts)


@settings_as_keywords(DistilSettings)
def distil(
    style: FilePath,
    dataset: FilePath = "dataset",
    runs: FilePath = "runs",
    *,
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> TrainResult:
    """Fit a small, fast student to what `style` paints of the photos in the folder `dataset` and of films.

    Everything is kept in `runs`/NAME, and the same call resumes a run that was stopped. Raises InputError where there is
    nothing to paint, StyleError for an unusable style, and what `train` raises.
    """
    from vidstyle.distil.stage import run

    asked, notes, teacher = resolve(DistilSettings, "distil", settings), _Notes(on_progress), os.fspath(style)
    result = run(teacher, Path(dataset), Path(runs), asked, notes)
    student = asked.of_student(teacher, Path())
    return _trained(result, RunFolder(Path(runs) / student.name), student.leaves, notes.texts)


def _trained(result: StageResult, folder: RunFolder, leaves: str, notes: Iterable[str]) -> TrainResult:
    output = result.outputs[0] if result.outputs else None
    left = {kind: output if leaves == kind else None for kind in ("style", "look", "pictures")}
    return TrainResult(
        run=folder.path,
        steps=result.counts["steps"],
        photos=result.counts["photos"],
        paintings=result.counts["paintings"],
        style=left["style"],
        best_style=_existing(folder.best_style),
        look=left["look"],
        pictures=left["pictures"],
        report=_existing(folder.report),
        **_common(result, notes),
    )


@settings_as_keywords(RenderSettings)
def render(
    sources: FilePath | Iterable[FilePath],
    output: FilePath,
    *,
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> RenderResult:
    """Paint videos, pictures, or folders of them into the file or folder `output`.

    A video keeps its frames, times, sound, subtitles and chapters. The same call resumes a render that was stopped. A
    single source that fails raises its VidstyleError; of several sources the others are still rendered, and `failures` says
    what is missing. Raises SettingsError for an unknown keyword or value, and Interrupted after Ctrl-C.
    """
    from vidstyle.render.stage import run

    asked, notes = resolve(RenderSettings, "render", settings), _Notes(on_progress)
    result = run(_paths(sources), os.fspath(output), asked, notes)
    of_files = [text for decided in result.details["files"].values() for text in decided["notices"]]
    return RenderResult(
        outputs=result.outputs,
        frames=result.counts.get("frames", 0),
        pictures=result.counts.get("pictures", 0),
        already_there=tuple(Path(name) for name in result.details["kept"]),
        failures={Path(name): text for name, text in result.details["failures"].items()},
        damaged=result.counts.get("damaged", 0),
        **_common(result, [*notes.texts, *of_files]),
    )


@settings_as_keywords(EvaluateSettings)
def evaluate(
    subject: FilePath | None = None,
    *,
    generated: FilePath | Iterable[FilePath] = (),
    target: FilePath | None = None,
    source: FilePath | None = None,
    photos: FilePath | None = None,
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> EvaluateResult:
    """Measure a run folder or a video (`subject`), or folders of results (`generated`).

    `target` is a folder of the cartoon's frames. `source` is the folder of the sources, or the source video. `photos` is the
    folder of photos that a run is to paint. Raises SettingsError when too little or too much is named, and InputError for
    what does not exist.
    """
    from vidstyle.evaluate.inputs import Inputs
    from vidstyle.evaluate.stage import run

    named = {"subject": subject, "target": target, "source": source, "photos": photos}
    paths = {name: None if path is None else Path(path) for name, path in named.items()}
    asked, notes = resolve(EvaluateSettings, "evaluate", settings), _Notes(on_progress)
    result = run(Inputs(generated=tuple(_paths(generated)), **paths), asked, notes)
    return EvaluateResult(
        measurements=tuple(Measurement.of(record) for record in result.details["figures"]),
        missing=result.details["missing"],
        **_common(result, notes.texts),
    )


@settings_as_keywords(RenderSettings, PICTURE_SETTINGS)
def load_style(style: FilePath = "default", **settings: Any) -> StylePainter:
    """Return a painter of single frames in a style: a style file, a run, the name of either, or "default".

        style = load_style("mine")
        painted = style(frame)

    The device and the number format are chosen as `render` chooses them for a picture. Raises StyleError for an unknown or
    broken style, DeviceError for a device that is not there, and SettingsError for an unknown keyword or value.
    """
    refuse_unknown("load_style", settings, PICTURE_SETTINGS)
    return StylePainter(resolve(RenderSettings, "load_style", {**settings, "style": style, "batch": 1}))


def _common(result: StageResult, notes: Iterable[str]) -> dict[str, Any]:
    """Return the fields that every result has."""
    return {
        "seconds": result.seconds,
        "settings": result.settings,
        "warnings": result.warnings,
        "notes": tuple(notes),
    }


def _paths(given: FilePath | Iterable[FilePath]) -> list[Path]:
    return [Path(given)] if isinstance(given, str | os.PathLike) else [Path(path) for path in given]


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


class _Notes:
    """A progress callback that keeps the notes, and hands everything on to the caller's own."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self.texts: list[str] = []
        self._on_progress = on_progress or silent

    def __call__(self, progress: Progress) -> None:
        if progress.note:
            self.texts.append(progress.note)
        self._on_progress(progress)
