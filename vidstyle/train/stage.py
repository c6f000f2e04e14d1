"""The train stage: from a dataset to a run folder with a style; the same call takes a broken-off run up again."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

import torch

from vidstyle.device import resolve_device, resolve_precision
from vidstyle.errors import Interrupted, OutputError, SettingsError
from vidstyle.files import write_json
from vidstyle.host_memory import keep_large_buffers
from vidstyle.interrupt import StopRequest, stop_on_signal
from vidstyle.media.images import write_image
from vidstyle.models.download import find_or_fetch
from vidstyle.models.feature_network import load_vgg16
from vidstyle.models.inst.diffusion_files import find_base, find_image_encoder
from vidstyle.progress import OnProgress, Progress, StageResult, note, silent
from vidstyle.run_folder import RunFolder
from vidstyle.train import distributed
from vidstyle.train.checkpoint import FREE_SPACE
from vidstyle.train.data.dataset import Dataset, doubts, open_dataset
from vidstyle.train.data.style_image import choose_style_image
from vidstyle.train.health import check_losses
from vidstyle.train.learning_rate import Schedule, plan_schedule
from vidstyle.train.log import MeanLosses, Notices
from vidstyle.train.methods.registry import TRAINING_METHODS
from vidstyle.train.resume_checks import added_images, claimed, record_images, refuse_other_settings
from vidstyle.train.runs.base import Run
from vidstyle.train.runs.look import InversionRun
from vidstyle.train.runs.pictures import PictureRun
from vidstyle.train.runs.style import StyleRun
from vidstyle.train.settings import TrainSettings

RUNS: dict[str, type[Run]] = {"style": StyleRun, "pictures": PictureRun, "look": InversionRun}
"""The kind of run for what it leaves."""


def run(dataset: Path, runs: Path, settings: TrainSettings, on_progress: OnProgress) -> StageResult:
    """Fit a style to the images in `dataset` and keep everything in `runs/<name>`.

    Raises InputError for missing images, StyleError for missing weights, SettingsError when the run exists with other
    settings, OutputError while another process trains it, TrainingError when it diverges or its checkpoint is unusable,
    and Interrupted once everything is saved after Ctrl-C.
    """
    with distributed.joined(settings.device) as device:
        return _run(dataset, RunFolder(runs / settings.name), settings, device, on_progress)


def _run(
    dataset: Path, folder: RunFolder, settings: TrainSettings, device: str, on_progress: OnProgress
) -> StageResult:
    started = time.monotonic()
    on_progress = silent if distributed.rank() else on_progress
    _check_processes(settings)
    added: list[str] = []
    with ExitStack() as held:
        with distributed.first_before_others():
            images = open_dataset(dataset, settings, on_progress)
            schedule = plan_schedule(
                settings, len(images.photos) if settings.has("style_image") else images.epoch_images
            )
            counts = {"photos": len(images.photos), "paintings": len(images.paintings), "steps": schedule.steps}
            counts |= {"held_out": len(images.held_out)} if len(images.held_out) else {}
            if settings.dry_run:
                said = tuple(doubts(images, settings))
                for text in said:
                    on_progress(note(text))
                return StageResult("train", (dataset,), (), counts, time.monotonic() - started, settings.record(), said)
            _fetch(settings, on_progress)
            if not distributed.rank():
                held.enter_context(claimed(folder, settings.restart, on_progress))
                refuse_other_settings(folder, settings)
                added = added_images(folder, settings, images)
        under_way = _take_up(folder, settings, images, schedule, resolve_device(device), on_progress)
        if not distributed.rank():
            write_json(folder.settings, settings.record())
            record_images(folder, images)
        _fit(under_way, added, on_progress)
        result = StageResult(
            "train",
            (dataset,),
            (under_way.output,),
            counts,
            time.monotonic() - started,
            settings.record(),
            under_way.notices.texts,
            under_way.details(),
        )
        if not distributed.rank():
            write_json(folder.manifest, result.record())
    return result


def _fetch(settings: TrainSettings, on_progress: OnProgress) -> None:
    """Have the networks on this machine that the run starts from, before an earlier run is touched; raises StyleError or
    DependencyError.
    """
    looks_at_frames = settings.leaves != "look" or settings.style_image == "central"
    if settings.vgg16:
        load_vgg16(settings.vgg16, torch.device("cpu"))
    elif settings.has("style_image") and looks_at_frames:
        find_or_fetch("vgg16", on_progress)
    if settings.has("base"):
        find_image_encoder(settings.image_encoder, find_base(settings.base, on_progress), on_progress)


def _check_processes(settings: TrainSettings) -> None:
    if settings.leaves != "style" and distributed.count() > 1:
        raise SettingsError(f"The method {settings.method} works in one process. Start it without torchrun.")
    distributed.check_batch(settings.batch or 1)


def _take_up(
    folder: RunFolder,
    settings: TrainSettings,
    images: Dataset,
    schedule: Schedule,
    device: torch.device,
    on_progress: OnProgress,
) -> Run:
    style_image = None
    if settings.has("style_image"):
        style_image = choose_style_image(settings.style_image, images.paintings, settings.seed, settings.vgg16, device)
    run = RUNS[settings.leaves](
        folder=folder,
        settings=settings,
        dataset=images,
        schedule=schedule,
        method=TRAINING_METHODS[settings.method](settings, device, resolve_precision(settings.precision, device)),
        style_image=style_image,
        notices=Notices(folder.warnings, on_progress),
    )
    run.take_up()
    return run


def _fit(run: Run, added: Sequence[str], on_progress: OnProgress) -> None:
    """Do the steps that are left; the first process alone writes, and the others wait until all is written."""
    first = not distributed.rank()
    try:
        with _opened(run, added) if first else nullcontext():
            with stop_on_signal() as stop, keep_large_buffers(run.method.device):
                _steps(run, stop, on_progress)
            run.save()
            with distributed.first_before_others():
                if first:
                    run.finish()
    except OSError as error:
        raise OutputError(f"Cannot write into {run.folder.path}: {error.strerror}. {FREE_SPACE}") from error
    if run.step < run.schedule.steps and first:
        raise Interrupted(f"Stopped after step {run.step:,}; everything is kept. Give the same command to go on.")


@contextmanager
def _opened(run: Run, added: Sequence[str]) -> Iterator[None]:
    run.open()
    with closing(run):
        if run.style_image is not None:
            write_image(run.folder.style_image, run.dataset.paintings.image(run.style_image))
        for text in (*added, *doubts(run.dataset, run.settings)):
            run.notices.say(run.step, text, text)
        yield


def _steps(run: Run, stop: StopRequest, on_progress: OnProgress) -> None:
    settings, pending = run.settings, MeanLosses(run.settings.log_every)
    first, started = run.step, time.monotonic()
    figures: dict[str, float] = {}
    while run.step < run.schedule.steps and not distributed.any_of(stop.asked):
        losses = run.advance(run.schedule.learning_rate(run.step))
        speed = (run.step - first) * (settings.batch or 1) / (time.monotonic() - started)
        if means := pending.add(run.step, losses):
            _record(run, means, pending.seconds_per_step)
            figures = means | {"images/s": speed}
        if not distributed.rank():
            on_progress(Progress("training", run.step, run.schedule.steps, "steps", figures))
        _keep(run, losses)
    if means := pending.rest():
        _record(run, means, pending.seconds_per_step)


def _record(run: Run, means: dict[str, float], seconds: float) -> None:
    check_losses(means, run.step, run.folder)
    if not distributed.rank():
        run.record(means, run.schedule.learning_rate(run.step - 1), seconds)


def _keep(run: Run, losses: dict[str, torch.Tensor]) -> None:
    """Show and save what is due: shown first, since a run that is killed meanwhile goes on before it and shows it again.

    The last step is saved by whoever ends the run.
    """
    shows, saves = (run.step % every == 0 for every in (run.settings.sample_every, run.settings.save_every))
    if shows or saves:
        check_losses({name: float(loss) for name, loss in losses.items()}, run.step, run.folder)
    if shows and not distributed.rank():
        run.plot()
        run.show()
    if saves and run.step < run.schedule.steps:
        run.save()
