"""The train stage: from a dataset to a run folder with a style; the same call takes a broken-off run up again."""

import json
import shutil
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from vidstyle.atomic import StageResult, write_json
from vidstyle.device import resolve_device, resolve_precision
from vidstyle.errors import Interrupted, OutputError, SettingsError, TrainingError
from vidstyle.interrupt import StopRequest, stop_on_signal
from vidstyle.models.style import Style, find_style, load_style, save_style
from vidstyle.progress import OnProgress, Progress
from vidstyle.report.plot import can_plot, plot_lines
from vidstyle.report.png import write_png
from vidstyle.run_folder import RunFolder
from vidstyle.train.average import RunningMean
from vidstyle.train.checkpoint import FREE_SPACE, load_checkpoint, save_checkpoint
from vidstyle.train.contrastive import LOSSES, ContrastiveTraining
from vidstyle.train.dataset import Dataset, open_dataset
from vidstyle.train.draws import Draws
from vidstyle.train.log import LossLog, read_log
from vidstyle.train.samples import sample_sheet
from vidstyle.train.schedule import Schedule, plan_schedule
from vidstyle.train.settings import EXTENDABLE, TrainSettings


@dataclass
class Run:
    """A run under way: its parts, and the steps done."""

    folder: RunFolder
    settings: TrainSettings
    dataset: Dataset
    schedule: Schedule
    method: ContrastiveTraining
    mean: RunningMean
    step: int = 0


def run(dataset: Path, runs: Path, settings: TrainSettings, on_progress: OnProgress) -> StageResult:
    """Fit a style to the images in `dataset` and keep everything in `runs/<name>`.

    Raises InputError for missing images, SettingsError when the run exists with other settings, TrainingError when it
    diverges or its checkpoint is unusable, and Interrupted once everything is saved after Ctrl-C.
    """
    started = time.monotonic()
    folder = RunFolder(runs / settings.name)
    images = open_dataset(dataset, settings, on_progress)
    schedule = plan_schedule(settings, images.epoch_images)
    counts = {"photos": len(images.photos), "paintings": len(images.paintings), "steps": schedule.steps}
    if not settings.dry_run:
        _claim(folder, settings)
        _fit(_take_up(folder, settings, images, schedule), on_progress)
    outputs = () if settings.dry_run else (folder.style,)
    result = StageResult("train", (dataset,), outputs, counts, time.monotonic() - started, settings.record())
    if not settings.dry_run:
        write_json(folder.manifest, result.record())
    return result


def _claim(folder: RunFolder, settings: TrainSettings) -> None:
    """Make the run folder, or see that what stands there was started with the same settings."""
    if settings.restart:
        shutil.rmtree(folder.path, ignore_errors=True)
    if folder.settings.is_file():
        before, now = json.loads(folder.settings.read_text()), settings.record()
        free = {*EXTENDABLE, "restart", "dry_run"}
        if changed := [name for name in now if name not in free and before.get(name) != now[name]]:
            was = ", ".join(f"{name} {before.get(name)!r}" for name in changed)
            raise SettingsError(
                f"{folder.path} was started with {was}. Use that, another --name, or --restart to begin anew."
            )
    write_json(folder.settings, settings.record())


def _take_up(folder: RunFolder, settings: TrainSettings, images: Dataset, schedule: Schedule) -> Run:
    device = resolve_device(settings.device)
    method = ContrastiveTraining(settings, device, resolve_precision(settings.precision, device))
    run = Run(folder, settings, images, schedule, method, RunningMean(method.generator, settings.ema))
    if folder.checkpoint.is_file():
        run.step = load_checkpoint(folder.checkpoint, method, run.mean)
    elif settings.init:
        _start_from(load_style(find_style(settings.init)), run)
    return run


def _start_from(style: Style, run: Run) -> None:
    if (style.channels, style.blocks) != (run.settings.channels, run.settings.blocks):
        raise SettingsError(
            f"The style {run.settings.init} has {style.channels} channels and {style.blocks} blocks. "
            f"Give --channels {style.channels} --blocks {style.blocks} to start from it."
        )
    run.method.generator.load_state_dict(style.weights)
    run.mean.load(style.weights)


def _fit(run: Run, on_progress: OnProgress) -> None:
    try:
        with (
            closing(LossLog(run.folder.log, LOSSES, run.settings.log_every, run.step)) as log,
            stop_on_signal() as stop,
        ):
            _steps(run, log, stop, on_progress)
        _finish(run)
    except OSError as error:
        raise OutputError(f"Cannot write into {run.folder.path}: {error.strerror}. {FREE_SPACE}") from error
    if run.step < run.schedule.steps:
        raise Interrupted(f"Stopped after step {run.step:,}; everything is kept. Give the same command to go on.")


def _steps(run: Run, log: LossLog, stop: StopRequest, on_progress: OnProgress) -> None:
    settings = run.settings
    draws = Draws(run.dataset, batch=settings.batch, crop=settings.crop, flip=settings.flip, seed=settings.seed)
    first, started = run.step, time.monotonic()
    figures: dict[str, float] = {}
    while run.step < run.schedule.steps and not stop.asked:
        rate = run.schedule.learning_rate(run.step)
        losses = _one_step(run, draws, rate)
        speed = (run.step - first) * settings.batch / (time.monotonic() - started)
        means = log.add(run.step, losses, rate, speed)
        figures = _checked(means, run) | {"images/s": speed} if means else figures
        on_progress(Progress("training", run.step, run.schedule.steps, "steps", figures))
        _keep(run, losses)


def _one_step(run: Run, draws: Draws, rate: float) -> dict[str, torch.Tensor]:
    photos, paintings = (
        images.to(run.method.device, non_blocking=True).float() / 127.5 - 1 for images in draws.images(run.step)
    )
    run.method.set_learning_rate(rate)
    losses = run.method.step(photos, paintings, draws.patch_generator(run.step))
    run.step += 1
    run.mean.update(run.method.generator, run.step)
    return losses


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
        save_checkpoint(run.folder.checkpoint, run.step, run.method, run.mean)
    if run.step % run.settings.sample_every == 0:
        _show(run)


def _show(run: Run) -> None:
    write_png(run.folder.sample(run.step), sample_sheet(run.dataset, run.method.generator, run.mean.weights))
    rows = read_log(run.folder.log)
    if rows and can_plot():
        kept = {name: [row for row in rows if name in row] for name in LOSSES}
        curves = {name: ([row["step"] for row in one], [row[name] for row in one]) for name, one in kept.items() if one}
        plot_lines(run.folder.losses, curves, "step")


def _finish(run: Run) -> None:
    save_checkpoint(run.folder.checkpoint, run.step, run.method, run.mean)
    _show(run)
    settings = run.settings
    history = {"settings": settings.record(), "steps": run.step, "photos": len(run.dataset.photos)}
    history["paintings"] = len(run.dataset.paintings)
    weights = run.mean.weights
    save_style(Style("resnet", settings.channels, settings.blocks, settings.load, weights, history), run.folder.style)
