"""The train stage: from a dataset to a run folder with a style; the same call takes an unfinished run up again.

`run` prepares everything, `_train` is the training loop. The losses of a step are in train/methods/, what happens around
the steps is in train/runs/.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import torch

from vidstyle.device import resolve_device, resolve_precision
from vidstyle.errors import Interrupted, SettingsError
from vidstyle.files import write_json
from vidstyle.host_memory import keep_large_buffers
from vidstyle.interrupt import StopRequest, stop_on_signal
from vidstyle.media.images import write_image
from vidstyle.models.download import find_or_fetch
from vidstyle.models.feature_network import load_vgg16
from vidstyle.models.inst.diffusion_files import find_base, find_image_encoder
from vidstyle.pixels import to_signed_floats
from vidstyle.progress import OnProgress, Progress, StageResult, note, silent
from vidstyle.run_folder import RunFolder
from vidstyle.train import distributed
from vidstyle.train.checkpoint import TrainingState, load_checkpoint, not_written, save_checkpoint
from vidstyle.train.data.dataset import Dataset, dataset_warnings, open_dataset
from vidstyle.train.data.sampling import open_batches, step_generator
from vidstyle.train.data.style_image import choose_style_image
from vidstyle.train.ema import ExponentialMovingAverage
from vidstyle.train.health import check_losses
from vidstyle.train.learning_rate import plan_schedule
from vidstyle.train.log import MeanLosses, RunWarnings
from vidstyle.train.method_defaults import METHODS
from vidstyle.train.methods.registry import TRAINING_METHODS
from vidstyle.train.resume_checks import added_images, claim_run, record_images, refuse_other_settings
from vidstyle.train.runs.base import Run, RunPlan
from vidstyle.train.runs.look import LookRun
from vidstyle.train.runs.pictures import PictureRun
from vidstyle.train.runs.style import StyleRun
from vidstyle.train.settings import TrainSettings
from vidstyle.train.start import start_from_style

RUNS: dict[str, type[Run]] = {"style": StyleRun, "pictures": PictureRun, "look": LookRun}
"""The kind of run for what it leaves."""


def run_class(settings: TrainSettings) -> type[Run]:
    """Return the kind of run: one with a teacher where each photo has a painting beside it."""
    if METHODS[settings.method].counterparts != "paintings":
        return RUNS[settings.leaves]
    from vidstyle.train.runs.student import StudentRun  # it measures pictures, and no other run needs OpenCV

    return StudentRun


def run(dataset: Path, runs: Path, settings: TrainSettings, on_progress: OnProgress) -> StageResult:
    """Fit a style to the images in `dataset` and keep everything in `runs/<name>`.

    Raises InputError for missing images and StyleError for missing weights. Raises SettingsError when the run exists with
    other settings, and OutputError while another process trains it. Raises TrainingError when it diverges or its
    checkpoint is unusable, and Interrupted once everything is saved after Ctrl-C.
    """
    with distributed.joined(settings.device) as device_name:
        on_progress = silent if distributed.rank() else on_progress
        return _run(dataset, RunFolder(runs / settings.name), settings, device_name, on_progress)


def _run(
    dataset: Path, folder: RunFolder, settings: TrainSettings, device_name: str, on_progress: OnProgress
) -> StageResult:
    started, first = time.monotonic(), not distributed.rank()
    _check_processes(settings)
    with distributed.first_before_others():
        images = open_dataset(dataset, settings, on_progress)
    epoch_images = len(images.photos) if settings.has("style_image") else images.epoch_images
    schedule = plan_schedule(settings, epoch_images)
    counts = _counts(images, schedule.steps)
    if settings.dry_run:
        warnings = tuple(dataset_warnings(images, settings))
        for text in warnings:
            on_progress(note(text))
        return StageResult("train", (dataset,), (), counts, time.monotonic() - started, settings.record(), warnings)
    with distributed.first_before_others():
        _fetch_networks(settings, on_progress)
    with claim_run(folder, settings.restart, on_progress) if first else nullcontext():
        with distributed.first_before_others():
            added = _check_resume(folder, settings, images) if first else []
        device = resolve_device(device_name)
        plan = RunPlan(folder, settings, images, schedule, _style_image(images, settings, device))
        state = _start_or_resume(plan, device)
        if first:
            write_json(folder.settings, settings.record())
            record_images(folder, images)
        run = _fit(plan, state, added, on_progress)
        result = StageResult(
            "train",
            (dataset,),
            (run_class(settings).output(folder),),
            counts,
            time.monotonic() - started,
            settings.record(),
            run.warnings.texts if run else (),
            run.details() if run else {},
        )
        if first:
            write_json(folder.manifest, result.record())
    return result


def _check_resume(folder: RunFolder, settings: TrainSettings, images: Dataset) -> list[str]:
    """Return warnings of cartoon frames that were added to an earlier run; raises SettingsError if it was another run."""
    refuse_other_settings(folder, settings)
    return added_images(folder, settings, images)


def _check_processes(settings: TrainSettings) -> None:
    if settings.leaves != "style" and distributed.count() > 1:
        raise SettingsError(f"The method {settings.method} works in one process. Start it without torchrun.")
    distributed.check_batch(settings.batch or 1)


def _counts(images: Dataset, steps: int) -> dict[str, int]:
    counts = {"photos": len(images.photos), "paintings": len(images.paintings), "steps": steps}
    return counts | ({"held_out": len(images.held_out)} if len(images.held_out) else {})


def _fetch_networks(settings: TrainSettings, on_progress: OnProgress) -> None:
    """Fetch the pretrained networks that the run needs to this machine, before an earlier run is touched.

    Raises StyleError or DependencyError.
    """
    compares_frames = settings.leaves != "look" or settings.style_image == "central"
    compares_paintings = bool(settings.has("lambda_steady") and (settings.lambda_content or settings.lambda_style))
    if settings.vgg16:
        load_vgg16(settings.vgg16, torch.device("cpu"))
    elif (settings.has("style_image") and compares_frames) or compares_paintings:
        find_or_fetch("vgg16", on_progress)
    if settings.has("base"):
        find_image_encoder(settings.image_encoder, find_base(settings.base, on_progress), on_progress)


def _style_image(images: Dataset, settings: TrainSettings, device: torch.device) -> int | None:
    if not settings.has("style_image"):
        return None
    return choose_style_image(settings.style_image, images.paintings, settings.seed, settings.vgg16, device)


def _start_or_resume(plan: RunPlan, device: torch.device) -> TrainingState:
    """Return the state of the checkpoint if there is one, else that of a new run, maybe with the weights of a style.

    Raises TrainingError for an unusable checkpoint, StyleError and SettingsError for a style that does not fit.
    """
    settings = plan.settings
    method = TRAINING_METHODS[settings.method](settings, device, resolve_precision(settings.precision, device))
    ema = None if method.generator is None else ExponentialMovingAverage(method.generator, settings.ema)
    state = TrainingState(method, ema)
    if plan.folder.checkpoint.is_file():
        load_checkpoint(plan.folder.checkpoint, state)
    elif ema:
        start_from_style(settings, ema)
    return state


def _fit(plan: RunPlan, state: TrainingState, added: Sequence[str], on_progress: OnProgress) -> Run | None:
    """Do the steps that are left and write what the run ends with; return the run in the first process, else None.

    The first process alone writes, and the others wait until all is written.
    """
    first = not distributed.rank()
    try:
        with _open_run(plan, state, added, on_progress) if first else nullcontext() as run:
            with stop_on_signal() as stop, keep_large_buffers(state.method.device):
                _train(plan, state, run, stop, on_progress)
            save_checkpoint(plan.folder, state)
            with distributed.first_before_others():
                if run:
                    run.finish()
    except OSError as error:
        raise not_written(f"into {plan.folder.path}", error) from error
    if state.step < plan.schedule.steps and first:
        raise Interrupted(f"Stopped after step {state.step:,}; everything is kept. Give the same command to go on.")
    return run


@contextmanager
def _open_run(plan: RunPlan, state: TrainingState, added: Sequence[str], on_progress: OnProgress) -> Iterator[Run]:
    warnings = RunWarnings(plan.folder.warnings, state.step, on_progress)
    with closing(run_class(plan.settings)(plan, state, warnings)) as run:
        if plan.style_image is not None:
            write_image(plan.folder.style_image, plan.dataset.paintings.image(plan.style_image))
        for text in (*added, *dataset_warnings(plan.dataset, plan.settings)):
            warnings.add(state.step, text, text)
        yield run


def _train(plan: RunPlan, state: TrainingState, run: Run | None, stop: StopRequest, on_progress: OnProgress) -> None:
    """Do the steps that are left: until the last one, or until one of the processes is asked to stop.

    `run` keeps the folder and is there in the first process alone. Raises TrainingError where the run diverges.
    """
    settings, schedule, method = plan.settings, plan.schedule, state.method
    batches = open_batches(plan.dataset, settings, plan.style_image)
    mean_losses = MeanLosses(settings.log_every)
    first_step, started = state.step, time.monotonic()
    figures: dict[str, float] = {}
    while state.step < schedule.steps and not distributed.any_of(stop.asked):
        # STEP 1: learn from this process's share of the batch.
        pixels = batches.images(state.step)
        photos, paintings = (to_signed_floats(side.to(method.device, non_blocking=True)) for side in pixels)
        method.set_learning_rate(schedule.learning_rate(state.step))
        losses = method.step(photos, paintings, step_generator(settings.seed, state.step))
        state.step += 1
        if state.ema:
            state.ema.update(state.step)
        if run:
            run.after_step()
        # STEP 2: write the mean losses of the last steps into the log.
        if means := mean_losses.add(state.step, losses):
            _record(plan, state, run, means, mean_losses.seconds_per_step)
            images_done = (state.step - first_step) * (settings.batch or 1)
            figures = means | {"images/s": images_done / (time.monotonic() - started)}
        on_progress(Progress("training", state.step, schedule.steps, "steps", figures))
        # STEP 3: show samples, scores and the report, then save. A run that is killed in between resumes from before
        # and shows them again. The last step is saved by `_fit`.
        due_to_show, due_to_save = (state.step % every == 0 for every in (settings.sample_every, settings.save_every))
        if due_to_show or due_to_save:
            check_losses({name: float(loss) for name, loss in losses.items()}, state.step, plan.folder)
        if due_to_show and run:
            run.show()
        if due_to_save and state.step < schedule.steps:
            save_checkpoint(plan.folder, state)
    if means := mean_losses.rest():
        _record(plan, state, run, means, mean_losses.seconds_per_step)


def _record(plan: RunPlan, state: TrainingState, run: Run | None, means: dict[str, float], seconds: float) -> None:
    check_losses(means, state.step, plan.folder)
    if run:
        run.record(means, seconds)
