"""The driver of a render on a cluster: it has videos surveyed and painted, stores what arrives, and reports progress."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from vidstyle.cluster.schedule import Task, next_task
from vidstyle.cluster.video_job import ATTEMPTS, ClusterVideo
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

DECIDING = -1
"""Stands for a piece's number where attempts at deciding are counted, beside those at painting pieces."""
PATIENCE_SECONDS = 30.0
"""After this long without a worker the user is told."""


@contextmanager
def survey_beside(videos: Sequence[ClusterVideo]) -> Iterator[SideThread]:
    """Survey videos on a thread beside the block; yields the thread, whose errors must be checked, and stops it at the end."""
    stop = StopRequest()

    def survey() -> None:
        for video in videos:
            for _ in video.survey() if video.work.earlier.joined is None else ():
                if stop.asked:
                    return

    with SideThread() as thread:
        thread.start(survey)
        try:
            yield thread
        finally:
            stop.asked = True


class Driver:
    """Has a pool of workers paint videos, which `survey` looks through; `outcomes` holds the outcome of each finished one.

    With `reraise` the error of a video is raised; without, it becomes an outcome.
    """

    def __init__(
        self,
        videos: Sequence[ClusterVideo],
        survey: SideThread,
        pool: WorkerPool,
        on_progress: OnProgress,
        *,
        reraise: bool,
    ) -> None:
        self.videos, self.pool, self.on_progress, self.reraise = videos, pool, on_progress, reraise
        self._survey = survey
        self.outcomes: dict[Job, Outcome] = {}
        self._concluding: set[Job] = set()
        self._frames_before = sum(video.work.earlier.frames for video in videos)
        self._began: float | None = None
        self._impatient_at = monotonic() + PATIENCE_SECONDS
        self._reported: tuple[Any, ...] = ()
        self._arrived: dict[Job, dict[Path, Segment]] = {}

    def run(self) -> None:
        """Return when every video is rendered or given up; raises ClusterError, and VidstyleError with `reraise`."""
        with SideThread() as finishing:
            while len(self.outcomes) < len(self.videos):
                self._survey.check()
                finishing.check()
                self._finish_videos(finishing)
                self.pool.assign(partial(next_task, self.videos, len(self.pool.workers)))
                self._store()
                for message in self.pool.messages():
                    self._handle(message)
                self._report()

    def _finish_videos(self, finishing: SideThread) -> None:
        """Give up videos that have failed, and join one that is painted on the thread `finishing`."""
        for video in self.videos:
            if video.job in self.outcomes or video.job in self._concluding:
                continue
            video.take_survey()
            if video.is_given_up:
                self._store()  # counts among what is kept
                self._finish(video, video.give_up)
            elif (video.is_painted or video.work.earlier.joined) and finishing.idle:
                self._concluding.add(video.job)
                finishing.start(partial(self._finish, video, video.conclude))

    def _finish(self, video: ClusterVideo, conclude: Callable[[], Outcome]) -> None:
        self.outcomes[video.job] = run_job(video.job, conclude, reraise=self.reraise)
        self.pool.drop_files(file.path for file in video.spec.files[:1])

    def _handle(self, message: Message) -> None:
        """Take in what a worker reports; messages about a video that has failed are ignored."""
        video, task = message.task.video, message.task
        part = video.work.folder.path / f"{message.worker}.part"
        if video.error is not None:
            return
        if message.kind == "frames":
            task.frames = message.value
        elif message.kind == "failed" or (message.kind == "ended" and task.unfinished):
            part.unlink(missing_ok=True)
            self._handle_failure(task, message.value or "its worker ended too early")
        with _failing_alone(video):
            if message.kind == "bytes":
                with part.open("ab") as received:
                    received.write(message.value)
            elif message.kind == "segment":
                self._accept(task, message.value, part)
            elif message.kind == "decided":
                video.store_decisions(Decisions.from_json(message.value))

    def _accept(self, task: Task, line: dict[str, Any], part: Path) -> None:
        """Check a segment whose file has arrived as `part`; it is stored with the others that arrive meanwhile."""
        assert task.numbers is not None, "segments are painted"
        number = line["number"]
        task.numbers.remove(number)
        task.begun = line["place"]["pictures"]
        task.frames = max(task.frames, task.begun)
        received = part.replace(part.with_name(f"{number}.part-whole"))
        try:
            segment = task.video.check_segment(line, received)
            self._arrived.setdefault(task.video.job, {})[received] = segment
        except ClusterError as error:
            received.unlink()
            task.video.requeue([number], str(error))

    def _store(self) -> None:
        """Store the segments that have arrived, all at once: all workers wait while the disk is flushed."""
        for video in self.videos:
            if arrived := self._arrived.pop(video.job, None):
                with _failing_alone(video):
                    video.store_segments(arrived)

    def _handle_failure(self, task: Task, reason: VidstyleError | str) -> None:
        video = task.video
        if task.numbers:
            video.requeue(task.numbers, str(reason))
            piece = f"piece {task.numbers[0] + 1} of {video.job.source.name}"
            failures = video.attempts[task.numbers[0]]
            self.on_progress(note(f"{piece} failed ({reason}); attempt {failures} of {ATTEMPTS}."))
        elif task.numbers is None and isinstance(reason, VidstyleError):
            video.error = reason
        elif task.numbers is None:
            video.deciding = False
            video.attempts[DECIDING] += 1
            if video.attempts[DECIDING] >= ATTEMPTS:
                video.error = ClusterError(f"{video.job.source} could not be started: {reason}.")

    def _report(self) -> None:
        """Report frames and pieces where they have changed, and say once where no worker has come for long."""
        if self.pool.nodes and self._began is None:
            self._began = monotonic()
        totals = [video.total_frames for video in self.videos]
        painting = sum(task.frames - task.begun for task in self.pool.tasks)
        done = sum(video.frames for video in self.videos) + painting
        total = None if None in totals else max(done, sum(frames or 0 for frames in totals))
        state = done, total, self.pieces()
        if self._reported != state:
            self._reported = state
            seconds = monotonic() - (self._began or 0)
            figures = {"fps": max(0, done - self._frames_before) / max(seconds, 1e-6), **self.pieces()}
            name = self.videos[0].job.source.name if len(self.videos) == 1 else f"{len(self.videos)} videos"
            self.on_progress(Progress(name, done, total, "frames", figures))
        if not self.pool.nodes and monotonic() > self._impatient_at:
            self._impatient_at = float("inf")
            self.on_progress(
                note("No worker could start yet: the cluster has no room, or its machines are still starting.")
            )

    def pieces(self) -> dict[str, int]:
        """Return how many pieces wait, are being painted, are painted, and have failed for good."""
        return {
            "waiting": sum(len(video.waiting) for video in self.videos),
            "painting": sum(len(video.painting) for video in self.videos),
            "finished": sum(len(video.segments) for video in self.videos),
            "failed": sum(len(video.failed) for video in self.videos),
        }

    def record(self) -> dict[str, Any]:
        """Return the record of the cluster and of what it did."""
        devices = {video.decided.device for video in self.videos if video.decided}
        pool = self.pool
        ray = {"workers": pool.share.workers, "nodes": sorted(pool.nodes), "lost": pool.lost, "pieces": self.pieces()}
        return {**({"device": ", ".join(sorted(devices))} if devices else {}), "ray": ray}


@contextmanager
def _failing_alone(video: ClusterVideo) -> Iterator[None]:
    """Let an error in the block end this video, and no other."""
    try:
        yield
    except (VidstyleError, OSError) as error:
        video.error = video.error or error
