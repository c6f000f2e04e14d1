"""From films to whole results: surveys them, has their pieces painted, joins those that are painted, and tells of all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from vidstyle.cluster.schedule import Task, next_task
from vidstyle.cluster.video_job import ATTEMPTS, Film
from vidstyle.cluster.worker_pool import Message, WorkerPool
from vidstyle.errors import ClusterError, VidstyleError
from vidstyle.interrupt import StopRequest
from vidstyle.progress import OnProgress, Progress, note
from vidstyle.render.jobs import Job
from vidstyle.render.journal import Segment
from vidstyle.render.outcome import Outcome
from vidstyle.render.painter_config import Decisions
from vidstyle.render.stage import run_job
from vidstyle.render.threads import SideThread

SETTLING = -1
"""Counts the attempts at settling a film, beside those at its pieces."""
PATIENCE_SECONDS = 30.0
"""After this long without a worker the user is told."""


@contextmanager
def surveyed(films: Sequence[Film]) -> Iterator[SideThread]:
    """Have films surveyed beside the block: it yields what must be checked for errors, and ends the survey."""
    stop = StopRequest()

    def survey() -> None:
        for film in films:
            for _ in film.survey() if film.work.earlier.joined is None else ():
                if stop.asked:
                    return

    with SideThread() as beside:
        beside.start(survey)
        try:
            yield beside
        finally:
            stop.asked = True


class Driver:
    """Lets a crew paint films, which are `surveyed`; `outcomes` has what became of each that is over."""

    def __init__(
        self, films: Sequence[Film], survey: SideThread, crew: WorkerPool, on_progress: OnProgress, *, alone: bool
    ) -> None:
        self.films, self.crew, self.on_progress, self.alone = films, crew, on_progress, alone
        self._survey = survey
        self.outcomes: dict[Job, Outcome] = {}
        self._concluding: set[Job] = set()
        self._before = sum(film.work.earlier.frames for film in films)
        self._began: float | None = None
        self._impatient_at = monotonic() + PATIENCE_SECONDS
        self._told: tuple[Any, ...] = ()
        self._arrived: dict[Job, dict[Path, Segment]] = {}

    def direct(self) -> None:
        """Return when every film is whole or given up; raises VidstyleError of a film that is alone, and ClusterError."""
        with SideThread() as finishing:
            while len(self.outcomes) < len(self.films):
                self._survey.check()
                finishing.check()
                self._look_after_films(finishing)
                self.crew.assign(partial(next_task, self.films, len(self.crew.members)))
                self._store()
                for said in self.crew.said():
                    self._hear(said)
                self._tell()

    def _look_after_films(self, finishing: SideThread) -> None:
        for film in [one for one in self.films if one.job not in self.outcomes and one.job not in self._concluding]:
            film.note_survey()
            if film.given_up:
                self._store()  # counts among what is kept
                self._over(film, film.give_up)
            elif (film.painted or film.work.earlier.joined) and finishing.idle:
                self._concluding.add(film.job)
                finishing.start(partial(self._over, film, film.conclude))

    def _over(self, film: Film, conclude: Any) -> None:
        self.outcomes[film.job] = run_job(film.job, conclude, reraise=self.alone)
        self.crew.forget(file.path for file in film.order.files[:1])

    def _hear(self, said: Message) -> None:
        """Take in what a worker says; of a film that has failed nothing matters any more."""
        film, task = said.task.film, said.task
        part = film.work.folder.path / f"{said.worker}.part"
        if film.error is not None:
            return
        if said.kind == "frames":
            task.frames = said.value
        elif said.kind == "failed" or (said.kind == "ended" and task.unfinished):
            part.unlink(missing_ok=True)
            self._failed(task, said.value or "its worker ended too early")
        with _failing_alone(film):
            if said.kind == "bytes":
                with part.open("ab") as received:
                    received.write(said.value)
            elif said.kind == "segment":
                self._accept(task, said.value, part)
            elif said.kind == "settled":
                film.settled(Decisions.from_json(said.value))

    def _accept(self, task: Task, line: dict[str, Any], part: Path) -> None:
        assert task.numbers is not None, "segments are painted"
        number = line["number"]
        task.numbers.remove(number)
        task.begun = line["place"]["pictures"]
        task.frames = max(task.frames, task.begun)
        received = part.replace(part.with_name(f"{number}.part-whole"))
        try:
            self._arrived.setdefault(task.film.job, {})[received] = task.film.checked(line, received)
        except ClusterError as error:
            received.unlink()
            task.film.put_back([number], str(error))

    def _store(self) -> None:
        """Let stand what has arrived: together, since each wait for the disk is one for all workers."""
        for film in self.films:
            if arrived := self._arrived.pop(film.job, None):
                with _failing_alone(film):
                    film.accept(arrived)

    def _failed(self, task: Task, reason: VidstyleError | str) -> None:
        film = task.film
        if task.numbers:
            film.put_back(task.numbers, str(reason))
            piece = f"piece {task.numbers[0] + 1} of {film.job.source.name}"
            self.on_progress(
                note(f"{piece} failed ({reason}); attempt {film.attempts[task.numbers[0]]} of {ATTEMPTS}.")
            )
        elif task.numbers is None and isinstance(reason, VidstyleError):
            film.error = reason
        elif task.numbers is None:
            film.settling = False
            film.attempts[SETTLING] += 1
            if film.attempts[SETTLING] >= ATTEMPTS:
                film.error = ClusterError(f"{film.job.source} cannot be begun: {reason}.")

    def _tell(self) -> None:
        totals = [film.frames_in_all for film in self.films]
        done = sum(film.frames for film in self.films) + sum(task.frames - task.begun for task in self.crew.tasks)
        total = None if None in totals else max(done, sum(total or 0 for total in totals))
        if self.crew.nodes and self._began is None:
            self._began = monotonic()
        if self._told != (done, total, self.pieces()):
            self._told = done, total, self.pieces()
            seconds = monotonic() - (self._began or 0)
            figures = {"fps": max(0, done - self._before) / max(seconds, 1e-6), **self.pieces()}
            name = self.films[0].job.source.name if len(self.films) == 1 else f"{len(self.films)} films"
            self.on_progress(Progress(name, done, total, "frames", figures))
        if not self.crew.nodes and monotonic() > self._impatient_at:
            self._impatient_at = float("inf")
            self.on_progress(
                note("No worker could start yet: the cluster has no room, or its machines are still coming.")
            )

    def pieces(self) -> dict[str, int]:
        """Return how many pieces wait, are being painted, stand, and are given up."""
        return {
            "waiting": sum(len(film.waiting) for film in self.films),
            "painting": sum(len(film.painting) for film in self.films),
            "finished": sum(len(film.segments) for film in self.films),
            "failed": sum(len(film.failed) for film in self.films),
        }

    def record(self) -> dict[str, Any]:
        """Return what is to be recorded of the cluster and of what it did."""
        devices = {film.decided.device for film in self.films if film.decided}
        crew = self.crew
        ray = {"workers": crew.share.workers, "nodes": sorted(crew.nodes), "lost": crew.lost, "pieces": self.pieces()}
        return {**({"device": ", ".join(sorted(devices))} if devices else {}), "ray": ray}


@contextmanager
def _failing_alone(film: Film) -> Iterator[None]:
    """Let an error at a film's files end that film, and no other."""
    try:
        yield
    except (VidstyleError, OSError) as error:
        film.error = film.error or error
