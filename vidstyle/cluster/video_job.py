"""One video that a cluster renders: its pieces, which of them are painted, and how they become the result."""

from bisect import insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from vidstyle.checksum import sha256_or_empty
from vidstyle.cluster.job_spec import JobSpec
from vidstyle.errors import ClusterError, VidstyleError
from vidstyle.files import flush
from vidstyle.media.read import Position, VideoReader
from vidstyle.render.frame_source import reader_options, refuse_damage
from vidstyle.render.jobs import Job
from vidstyle.render.journal import Journal, Reading, ResumePoint, Segment, rewind_points
from vidstyle.render.outcome import Outcome, video_outcome
from vidstyle.render.paint_segments import Clock, VideoJob
from vidstyle.render.painter_config import Decisions, PainterProgress
from vidstyle.render.resume import EarlierWork, begin
from vidstyle.render.video import explain_failure, render_video
from vidstyle.render.work_folder import working_in

ATTEMPTS = 3
"""How often a piece is tried: more failures than that are no accident."""


@dataclass
class ClusterVideo:
    """A video that is rendered in pieces. A piece is a segment of the render, named by its number.

    `ends` are the positions at which pieces end, as far as the survey has come; `reading` is its result, None until it
    ends. A piece is `waiting`, `painting`, in `segments` (painted and stored) or `failed`, with the reason. `spec` is set
    once the cluster's share is known.
    """

    job: Job
    work: VideoJob
    spec: JobSpec = field(init=False)
    ends: list[Position] = field(default_factory=list)
    shift: int = 0
    reading: Reading | None = None
    decided: Decisions | None = None
    deciding: bool = False
    waiting: list[int] = field(default_factory=list)
    painting: set[int] = field(default_factory=set)
    segments: dict[int, Segment] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)
    error: VidstyleError | OSError | None = None

    def __post_init__(self) -> None:
        self.decided = self.work.earlier.decided
        self._earlier_segments = {segment.number: segment for segment in self.work.earlier.segments}
        self._surveyed_ends: list[Position] = []
        self._first_pts: list[int] = []
        self._survey_result: Reading | VidstyleError | None = None

    @cached_property
    def packed_spec(self) -> bytes:
        """What workers are told of the video."""
        return self.spec.pack()

    def survey(self) -> Iterator[None]:
        """Find where the pieces end, for `take_survey`; runs on a thread of its own, which may stop at any yield."""
        plan, settings = self.work.plan, self.work.settings
        try:
            with VideoReader(plan.clip, **reader_options(settings)) as survey:
                for first_pts, end in survey.positions(settings.segment):
                    refuse_damage(survey, end.pts, settings)
                    clock = Clock(survey.start_pts, plan.clip.origin_pts, moves=bool(settings.start))
                    self._first_pts.append(first_pts)
                    clock.move(tuple(self._first_pts[:1]))
                    self.shift = clock.shift or 0
                    self._surveyed_ends.append(end)
                    yield
                self._survey_result = Reading(survey.report, survey.start_pts)
        except VidstyleError as error:
            self._survey_result = error

    def take_survey(self) -> None:
        """Take over what the survey has found so far; keep segments of an earlier run where it finds the same position."""
        result = self._survey_result
        for end in self._surveyed_ends[len(self.ends) :]:
            number = len(self.ends)
            self.ends.append(end)
            segment = self._earlier_segments.get(number)
            if segment is not None and segment.position == end and segment.shift == self.shift:
                self.segments[number] = segment
            else:
                self.waiting.append(number)
        if isinstance(result, Reading):
            self.reading = result
        else:
            self.error = self.error or result

    @property
    def is_painted(self) -> bool:
        """Whether every piece is painted and stored."""
        return self.reading is not None and len(self.segments) == len(self.ends)

    @property
    def is_given_up(self) -> bool:
        """Whether nothing more can be done for it."""
        idle = self.reading is not None and not self.waiting and not self.painting
        return self.error is not None or (idle and bool(self.failed))

    @property
    def frames(self) -> int:
        """The number of frames that are painted and stored."""
        return sum(len(segment.coded_pts) for segment in self.segments.values())

    @property
    def total_frames(self) -> int | None:
        """The number of its frames, None while it is unknown."""
        return self.ends[-1].pictures if self.reading else self.work.plan.frames

    def store_decisions(self, decided: Decisions) -> None:
        """Write down what a worker has decided for the whole video; raises OutputError."""
        self.deciding, self.decided = False, decided
        begin(self.work.folder, self.work.fingerprint, decided)

    def start(self, number: int) -> ResumePoint:
        """Return where painting the piece `number` begins, for a worker."""
        assert self.decided is not None, "decided before it is painted"
        config = self.decided.painter
        progress = PainterProgress(config.batch, config.tile, config.strip, 0, ())
        end_before = self.ends[number - 1] if number else None
        return ResumePoint(number, end_before, self.shift, progress, None, rewind_points(self.ends, number))

    def check_segment(self, line: dict[str, Any], received: Path) -> Segment:
        """Return the segment in the file `received`; raises ClusterError when it is not the one that was asked for."""
        segment = replace(Segment.from_json(line), state="")
        if sha256_or_empty(received) != segment.sha256:
            raise ClusterError("what a worker sent arrived damaged")
        if segment.position != self.ends[segment.number]:
            raise ClusterError("a worker read other pictures than the driver: its decoder or its file is another one")
        return segment

    def store_segments(self, received: dict[Path, Segment]) -> None:
        """Move segments from the files they were `received` in to their places, flushed to the disk; raises OSError."""
        folder = self.work.folder
        for path, segment in received.items():
            flush(path)
            path.replace(folder.segment(segment.number))
        flush(folder.path)
        Journal(folder.journal).append("segment", *received.values())
        for segment in received.values():
            self.painting.discard(segment.number)
            self.segments[segment.number] = segment

    def requeue(self, numbers: list[int], reason: str) -> None:
        """Let pieces wait again whose painting ended early. The first of them was being painted: its attempt has failed."""
        for number in numbers:
            self.painting.discard(number)
            self.attempts[number] += number == numbers[0]
            if self.attempts[number] >= ATTEMPTS:
                self.failed[number] = reason
            else:
                insort(self.waiting, number)

    def conclude(self) -> Outcome:
        """Join the pieces, which are all painted, and return the outcome; raises VidstyleError."""
        work = self.work
        if self.reading is not None:
            kept = EarlierWork(tuple(self.segments[number] for number in sorted(self.segments)), self.reading)
            Journal(work.folder.journal).replace(kept.entries())
        assert self.decided is not None
        return video_outcome(self.job, work, self.decided, render_video(work, None))

    def give_up(self) -> Outcome:
        """Remove what arrived in part, and raise the VidstyleError that says why the video could not be rendered."""
        with explain_failure(self.work), working_in(self.work.folder):
            for part in self.work.folder.path.glob("*.part*"):
                part.unlink(missing_ok=True)
            if self.error is not None:
                raise self.error
        pieces = "; ".join(f"{self._span(number)} ({reason})" for number, reason in sorted(self.failed.items()))
        raise ClusterError(
            f"{self.job.source}: {len(self.failed)} of {len(self.ends)} pieces failed {ATTEMPTS} times: {pieces}. "
            f"{self.frames:,} painted frames are kept; the same command tries the others again."
        )

    def _span(self, number: int) -> str:
        """Return the times of a piece's first and last frame in the source, in seconds."""
        assert self.reading is not None, "the survey is over"
        first, last = self._first_pts[number], self.ends[number].pts
        begin, end = ((pts - self.reading.start_pts) * self.work.plan.clip.time_base for pts in (first, last))
        return f"{float(begin):.2f}-{float(end):.2f} s"
