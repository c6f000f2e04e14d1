"""What the tab Train asks for: to fill a dataset, to train or distil a style, to watch a run, and to try its style."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from vidstyle.distil.settings import DistilSettings
from vidstyle.errors import InputError, VidstyleError
from vidstyle.extract.settings import ExtractSettings
from vidstyle.media.file_kinds.picture_formats import PICTURE_SUFFIXES
from vidstyle.media.probe import VIDEO_SUFFIXES
from vidstyle.run_folder import student_name
from vidstyle.studio import run_view
from vidstyle.studio.dropped_files import keep_dropped, pictures_and_videos
from vidstyle.studio.gradio_import import gradio
from vidstyle.studio.job_queue import JobView
from vidstyle.studio.knobs import command, command_or_fault, given
from vidstyle.studio.picture_controls import pair_html
from vidstyle.studio.run_view import RUNS
from vidstyle.studio.studio import Studio
from vidstyle.train.method_defaults import METHODS
from vidstyle.train.settings import TrainSettings

CARTOON, PHOTOS = "Frames of the cartoon", "Photos to be painted"
SIDES = {CARTOON: ("trainB", "train_B"), PHOTOS: ("trainA", "train_A")}
"""The folders of a dataset, by what they hold; the second name is that of older datasets."""
TRAINED = tuple(name for name, row in METHODS.items() if row.generator and row.counterparts != "paintings")
"""The methods whose runs leave a style, without the one of `vidstyle distil`."""
STARTS = ("auto", "none")
OWN_START = ("the method's own", "")
"""How a training starts where nothing is chosen: what the list says, and its value."""
EXTRACT_KNOBS = ("every", "count", "size")
TRAIN_KNOBS = ("name", "steps", "batch", "crop", "load", "holdout", "palette", "sample_every", "log_every", "seed")
DISTIL_KNOBS = ("name", "steps", "frames", "size", "batch", "crop", "load", "sample_every", "log_every", "seed")


class TrainRequests:
    """What the tab asks for; each public method is the handler of an event."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def choices(self) -> tuple[Any, ...]:
        """Return the sources, starts, teachers, films and photos that there are now."""
        gr, files = gradio(), self.studio.folders.files
        styles, videos = self.studio.preview.ask("styles"), files(VIDEO_SUFFIXES)
        pictures = files(PICTURE_SUFFIXES)
        return (
            gr.Dropdown([*videos, *pictures]),
            gr.Dropdown([OWN_START, *STARTS, *styles]),
            gr.Dropdown(styles),
            gr.Dropdown(videos),
            gr.Dropdown(pictures),
        )

    def add(self, dropped: list[str] | None, chosen: list[str], dataset: str, side: str, *values: Any) -> Any:
        """Copy pictures into a side of the dataset, and let the frames of videos be taken; empty what was chosen."""
        given_paths = [*map(Path, dropped or []), *map(self.studio.folders.existing, chosen or [])]
        if not given_paths:
            raise InputError("Nothing is chosen. Drop videos or photos, or choose some of the list.")
        target = self._side(dataset, side)
        self._extraction([], side, values)  # before anything is copied
        pictures, videos = pictures_and_videos(self.studio, given_paths)
        pictures = [picture for picture in pictures if picture.parent != self.studio.folders.writable(target)]
        for picture in pictures:
            self.studio.keep(picture, target)
        uploads = {Path(path) for path in dropped or []}
        kept = [self.studio.keep(video) if video in uploads else self.studio.folders.name_of(video) for video in videos]
        if kept:
            sources, settings = self._extraction(kept, side, values)
            output = self._spelled(target)
            spelled = command("extract", [*sources, "-o", output], settings)
            title = f"Frames of {', '.join(Path(source).name for source in sources)}"
            self.studio.queue.add("extract", title, {"sources": sources, "output": output, **settings}, spelled, target)
        copied = f"{len(pictures):,} pictures are in {target}. " if pictures else ""
        gradio().Info(f"{copied}{'The extraction is in the list of jobs.' if kept else ''}")
        return None, []

    def extract_command(self, chosen: list[str], dataset: str, side: str, *values: Any) -> str:
        """Return the command that takes the frames."""
        return command_or_fault(lambda: self._extract_command(chosen, dataset, side, values))

    def _extract_command(self, chosen: list[str], dataset: str, side: str, values: Sequence[Any]) -> str:
        videos = [name for name in chosen or [] if Path(name).suffix.lower() in VIDEO_SUFFIXES]
        sources, settings = self._extraction(videos or ["EPISODE.mp4"], side, values)
        return command("extract", [*sources, "-o", self._spelled(self._side(dataset, side))], settings)

    def _extraction(self, names: Sequence[str], side: str, values: Sequence[Any]) -> tuple[list[str], dict[str, Any]]:
        """Return the sources as a command takes them, and the settings; photos are not sharpened."""
        settings = given(ExtractSettings, dict(zip(EXTRACT_KNOBS, values, strict=True)))
        if side == PHOTOS:
            settings["deblur"] = "none"
        ExtractSettings.resolve({}, settings)
        return [self._spelled(name) for name in names], settings

    def train_command(self, dataset: str, method: str, init: str, *values: Any) -> str:
        """Return the command that trains."""
        return command_or_fault(lambda: self._training(dataset, method, init, values)[0])

    def train(self, dataset: str, method: str, init: str, *values: Any) -> None:
        """Let a training wait for its turn."""
        spelled, settings = self._training(dataset, method, init, values)
        name = TrainSettings.resolve({}, settings).name
        arguments = {"dataset": self._spelled(dataset), "runs": RUNS, **settings}
        self._start("train", f"Train {name}", name, arguments, spelled)

    def _training(self, dataset: str, method: str, init: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
        settings = given(TrainSettings, {"method": method, "init": init, **dict(zip(TRAIN_KNOBS, values, strict=True))})
        if init and init not in STARTS:
            self.studio.check_styles(init)
        run_view.run_folder(self.studio, TrainSettings.resolve({}, settings).name)
        return command("train", [self._spelled(dataset)], settings), settings

    def distil_command(self, dataset: str, style: str, films: list[str], *values: Any) -> str:
        """Return the command that distils."""
        return command_or_fault(lambda: self._distillation(dataset, style, films, values)[0])

    def distil(self, dataset: str, style: str, films: list[str], *values: Any) -> None:
        """Let a distillation wait for its turn."""
        spelled, settings = self._distillation(dataset, style, films, values)
        name = settings.get("name") or student_name(style)
        arguments = {"style": style, "dataset": self._spelled(dataset), "runs": RUNS, **settings}
        self._start("distil", f"Distil {style} into {name}", name, arguments, spelled)

    def _distillation(
        self, dataset: str, style: str, films: list[str], values: Sequence[Any]
    ) -> tuple[str, dict[str, Any]]:
        self.studio.check_styles(style)
        paths = [self.studio.spelled(self.studio.folders.existing(film)) for film in films or []]
        settings = given(DistilSettings, {**dict(zip(DISTIL_KNOBS, values, strict=True)), "video": tuple(paths)})
        DistilSettings.resolve({}, settings)
        run_view.run_folder(self.studio, settings.get("name") or student_name(style))
        return command("distil", [style, self._spelled(dataset)], settings), settings

    def _start(self, stage: str, title: str, name: str, arguments: dict[str, Any], spelled: str) -> None:
        self.studio.queue.add(stage, title, arguments, spelled, f"{RUNS}/{name}")
        gradio().Info("The training is in the list of jobs.")

    def stop(self, name: str | None) -> None:
        """Stop the training of a run; everything is kept."""
        job = self._job(name or "")
        if job is None or not job.is_active:
            raise InputError("This run is not trained now. Choose another one.")
        self.studio.queue.stop(job.id)

    def look(self, name: str | None, dataset: str, before: str | None) -> tuple[Any, ...]:
        """Return what the page shows of a run, four HTML texts, the list of runs with the chosen one, and the newest job.

        The run of a job that was added since `before`, the newest job of then, is chosen.
        """
        runs, jobs = tuple(self._runs()), self._jobs()
        chosen = name if name in runs else next(iter(runs), None)
        newest = jobs[-1].id if jobs else ""
        if before is not None and newest > before:
            chosen = jobs[-1].output.removeprefix(f"{RUNS}/")
        return *self._shown(chosen), self._reports(dataset), (runs, chosen), newest

    def _shown(self, name: str | None) -> tuple[str, str, str]:
        """Return state and warnings, curves, and samples of a run as HTML."""
        if name is None:
            return "<p class='quiet'>No runs yet.</p>", "", ""
        folder = run_view.run_folder(self.studio, name)
        state = _state(self._job(name)) + run_view.warnings(self.studio, folder)
        curves = run_view.losses(self.studio, folder) + run_view.scores(self.studio, folder)
        return state, curves, run_view.samples(self.studio, folder) + run_view.own_report(self.studio, folder)

    def _reports(self, dataset: str) -> str:
        try:
            folders = {side: self.studio.folders.writable(self._side(dataset, side)) for side in SIDES}
        except VidstyleError:  # the name of the dataset is being typed
            return ""
        return run_view.reports(self.studio, [(f"Report: {side.lower()}", path) for side, path in folders.items()])

    def attempt(self, name: str | None, photo: str | None) -> str:
        """Return a photo and what the newest style of a run makes of it, as HTML."""
        style = run_view.newest_style(self.studio, name or "")
        path = self.studio.folders.existing(photo or "")
        settings, folder = {"style": self.studio.spelled(style)}, str(self.studio.previews)
        painted = self.studio.preview.ask("paint", path=str(path), second=None, settings=settings, folder=folder)
        source, painting = (self.studio.preview_file(Path(painted[part]).name) for part in ("source", "painted"))
        return pair_html(source, painting, "Photo")

    def drop_photo(self, upload: str | None) -> Any:
        """Keep a photo that was dropped, and choose it."""
        if upload is None:
            return gradio().skip()
        (name,) = keep_dropped(self.studio, [upload])
        return gradio().Dropdown(self.studio.folders.files(PICTURE_SUFFIXES), value=name)

    def _runs(self) -> list[str]:
        """Return the runs that jobs are to train and those that there are, the newest first."""
        under_way = [job for job in reversed(self._jobs()) if job.is_active]
        named = [job.output.removeprefix(f"{RUNS}/") for job in under_way]
        return list(dict.fromkeys([*named, *run_view.run_names(self.studio)]))

    def _jobs(self) -> list[JobView]:
        """Return the jobs that train, the newest last."""
        return [job for job in self.studio.queue.jobs() if job.stage in ("train", "distil")]

    def _job(self, name: str) -> JobView | None:
        """Return the newest job that trains a run."""
        return next((job for job in reversed(self._jobs()) if job.output == f"{RUNS}/{name}"), None)

    def _side(self, dataset: str, side: str) -> str:
        """Return the name of the folder of one side of a dataset: the one that is there, else the usual one."""
        names = [f"{dataset}/{part}" for part in SIDES[side]]
        return next((name for name in names if self.studio.folders.writable(name).is_dir()), names[0])

    def _spelled(self, name: str) -> str:
        return self.studio.spelled(self.studio.folders.writable(name))


def _state(job: JobView | None) -> str:
    """Return how far a training is as HTML."""
    if job is None:
        return ""
    progress, text = job.progress, job.message if job.state in ("failed", "stopped") else ""
    if job.state == "running" and progress:
        text = f"{progress['phase']}: {job.amount}"
    return f"<p><span class='state {job.state}'>{job.state}</span> {escape(text)}</p>"
