"""The train stage: from a dataset to a run folder with a style; the same call takes a broken-off run up again."""

import json
import shutil
import time
from contextlib import closing
from pathlib import Path

import torch

from vidstyle.atomic import StageResult, write_json
from vidstyle.device import resolve_device, resolve_precision
from vidstyle.errors import Interrupted, OutputError, SettingsError, TrainingError
from vidstyle.interrupt import StopRequest, stop_on_signal
from vidstyle.progress import OnProgress, Progress
from vidstyle.report.png import write_png
from vidstyle.run_folder import RunFolder
from vidstyle.train.checkpoint import FREE_SPACE
from vidstyle.train.dataset import Dataset, open_dataset
from vidstyle.train.log import LossLog
from vidstyle.train.methods import METHODS
from vidstyle.train.picture_run import PictureRun
from vidstyle.train.run import Run
from vidstyle.train.schedule import Schedule, plan_schedule
from vidstyle.train.settings import EXTENDABLE, TrainSettings
from vidstyle.train.style_image import choose_style_image
from vidstyle.train.style_run import StyleRun


def run(dataset: Path, runs: Path, settings: TrainSettings, on_progress: OnProgress) -> StageResult:
    """Fit a style to the images in `dataset` and keep everything in `runs/<name>`.

    Raises InputError for missing images, SettingsError when the run exists with other settings, TrainingError when it
    diverges or its checkpoint is unusable, and Interrupted once everything is saved after Ctrl-C.
    """
    started = time.monotonic()
    folder = RunFolder(runs / settings.name)
    images = open_dataset(dataset, settings, on_progress)
    epoch_images = len(images.photos) if settings.has("style_image") else images.epoch_images
    schedule = plan_schedule(settings, epoch_images)
    counts = {"photos": len(images.photos), "paintings": len(images.paintings), "steps": schedule.steps}
    if settings.dry_run:
        return StageResult("train", (dataset,), (), counts, time.monotonic() - started, settings.record())
    _claim(folder, settings)
    under_way = _take_up(folder, settings, images, schedule)
    _fit(under_way, on_progress)
    outputs, seconds = (under_way.output,), time.monotonic() - started
    result = StageResult("train", (dataset,), outputs, counts, seconds, settings.record(), details=under_way.details())
    write_json(folder.manifest, result.record())
    return result


def _claim(folder: RunFolder, settings: TrainSettings) -> None:
    """Make the run folder, or see that what stands there was started with the same settings."""
    if settings.restart:
        shutil.rmtree(folder.path, ignore_errors=True)
    if folder.settings.is_file():
        before, now = json.loads(folder.settings.read_text()), settings.record()
        free = {*EXTENDABLE, "restart", "dry_run"} - ({"steps"} if settings.optimises_pictures else set())
        # A run of an earlier version has fewer settings, and `auto` where the method decided.
        if changed := [
            name for name in now if name not in free and before.get(name, "auto") not in (now[name], "auto")
        ]:
            was = ", ".join(f"{name} {before.get(name)!r}" for name in changed)
            raise SettingsError(
                f"{folder.path} was started with {was}. Use that, another --name, or --restart to begin anew."
            )
    write_json(folder.settings, settings.record())


def _take_up(folder: RunFolder, settings: TrainSettings, images: Dataset, schedule: Schedule) -> Run:
    device = resolve_device(settings.device)
    style_image = None
    if settings.has("style_image"):
        style_image = choose_style_image(settings.style_image, images.paintings, settings.seed, settings.vgg16, device)
        write_png(folder.style_image, images.paintings.image(style_image))
    method = METHODS[settings.method].load()(settings, device, resolve_precision(settings.precision, device))
    make: type[Run] = PictureRun if settings.optimises_pictures else StyleRun
    run = make(
        folder=folder, settings=settings, dataset=images, schedule=schedule, method=method, style_image=style_image
    )
    run.take_up()
    return run


def _fit(run: Run, on_progress: OnProgress) -> None:
    try:
        log = LossLog(run.folder.log, run.method.losses, run.settings.log_every, run.step)
        with closing(log), stop_on_signal() as stop:
            _steps(run, log, stop, on_progress)
        run.finish()
    except OSError as error:
        raise OutputError(f"Cannot write into {run.folder.path}: {error.strerror}. {FREE_SPACE}") from error
    if run.step < run.schedule.steps:
        raise Interrupted(f"Stopped after step {run.step:,}; everything is kept. Give the same command to go on.")


def _steps(run: Run, log: LossLog, stop: StopRequest, on_progress: OnProgress) -> None:
    settings = run.settings
    first, started = run.step, time.monotonic()
    figures: dict[str, float] = {}
    while run.step < run.schedule.steps and not stop.asked:
        rate = run.schedule.learning_rate(run.step)
        losses = run.advance(rate)
        speed = (run.step - first) * (settings.batch or 1) / (time.monotonic() - started)
        means = log.add(run.step, losses, rate, speed)
        figures = _checked(means, run) | {"images/s": speed} if means else figures
        on_progress(Progress("training", run.step, run.schedule.steps, "steps", figures))
        _keep(run, losses)


def _checked(means: dict[str, float], run: Run) -> dict[str, float]:
    if any(value != value or abs(value) == float("inf") for value in means.values()):
        raise TrainingError(
            f"The losses are no numbers any more at step {run.step:,}: {means}. The last checkpoint in {run.folder.path} is "
            "good; lower --lr or use --precision fp32."
        )
    return means


def _keep(run: Run, losses: dict[str, torch.Tensor]) -> None:
    due = run.step % run.settings.save_every == 0
    if due or run.step == run.schedule.steps:
        _checked({name: float(loss) for name, loss in losses.items()}, run)
    if due:
        run.save()
    if run.step % run.settings.sample_every == 0:
        run.show()
