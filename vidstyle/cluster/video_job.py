"""One film on its way over the cluster: where its pieces are, which of them stand, and how it becomes whole."""

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
from vidstyle.media.read import Position
from vidstyle.media.resume import Survey
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
"""How often a piece is tried: more failures than that are no accidents."""


@dataclass
class Film:
    """A video that is rendered in pieces, which are its segments, by their numbers.

    `places` are where those end that the survey has come to; `reading` is what it came to at the end. `waiting` ones can
    be painted now, `painting` ones are, `segments` stand, `failed` ones are given up, each for a reason. `order` is set once
    it is known what there is to work with.
    """

    job: Job
    work: VideoJob
    order: JobSpec = field(init=False)
    places: list[Position] = field(default_factory=list)
    shift: int = 0
    reading: Reading | None = None
    decided: Decisions | None = None
    settling: bool = False
    waiting: list[int] = field(default_factory=list)
    painting: set[int] = field(default_factory=set)
    segments: dict[int, Segment] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)
    error: VidstyleError | OSError | None = None

    def __post_init__(self) -> None:
        self.decided = self.work.earlier.decided
        self._found = {one.number: one for one in self.work.earlier.segments}
        self._surveyed: list[Position] = []
        self._first_pts: list[int] = []
        self._survey_ended: Reading | VidstyleError | None = None

    @cached_property
    def packed_order(self) -> bytes:
        """What workers are told of the film."""
        return self.order.packed()

    def survey(self) -> Iterator[None]:
        """Find where the pieces end, and leave it for `note_survey`; for a thread of its own, which may stop at any yield."""
        plan, settings = self.work.plan, self.work.settings
        try:
            with Survey(plan.clip, **reader_options(settings)) as survey:
                for place in survey.places(settings.segment):
                    refuse_damage(survey, place.pts, settings)
                    clock = Clock(survey.start_pts, plan.clip.origin_pts, moves=bool(settings.start))
                    clock.move(tuple(survey.first_pts[:1]))
                    self.shift = clock.shift or 0
                    self._first_pts = survey.first_pts
                    self._surveyed.append(place)
                    yield
                self._survey_ended = Reading(survey.report, survey.start_pts)
        except VidstyleError as error:
            self._survey_ended = error

    def note_survey(self) -> None:
        """Take over what the survey has found so far: segments that an earlier run left stand where it agrees with them."""
        ended = self._survey_ended
        for place in self._surveyed[len(self.places) :]:
            number = len(self.places)
            self.places.append(place)
            found = self._found.get(number)
            if found is not None and found.position == place and found.shift == self.shift:
                self.segments[number] = found
            else:
                self.waiting.append(number)
        if isinstance(ended, Reading):
            self.reading = ended
        else:
            self.error = self.error or ended

    @property
    def painted(self) -> bool:
        """Whether every piece stands."""
        return self.reading is not None and len(self.segments) == len(self.places)

    @property
    def given_up(self) -> bool:
        """Whether nothing more can come of it."""
        idle = self.reading is not None and not self.waiting and not self.painting
        return self.error is not None or (idle and bool(self.failed))

    @property
    def frames(self) -> int:
        """How many frames stand."""
        return sum(len(one.coded_pts) for one in self.segments.values())

    @property
    def frames_in_all(self) -> int | None:
        """How many frames it has, as far as is known."""
        return self.places[-1].pictures if self.reading else self.work.plan.frames

    def settled(self, decided: Decisions) -> None:
        """Hold what a worker has settled for the whole film, on the disk; raises OutputError."""
        self.settling, self.decided = False, decided
        begin(self.work.folder, self.work.fingerprint, decided)

    def start(self, number: int) -> ResumePoint:
        """Return where a stretch begins, for a worker."""
        assert self.decided is not None, "decided before it is painted"
        config = self.decided.painter
        standing = PainterProgress(config.batch, config.tile, config.strip, 0, ())
        place = self.places[number - 1] if number else None
        return ResumePoint(number, place, self.shift, standing, None, rewind_points(self.places, number))

    def checked(self, line: dict[str, Any], received: Path) -> Segment:
        """Return the segment whose file was `received`; raises ClusterError when it is not the one that was asked for."""
        segment = replace(Segment.from_json(line), state="")
        if sha256_or_empty(received) != segment.sha256:
            raise ClusterError("what a worker sent arrived damaged")
        if segment.position != self.places[segment.number]:
            raise ClusterError("a worker read other pictures than the driver: its decoder or its file is another one")
        return segment

    def accept(self, received: dict[Path, Segment]) -> None:
        """Let segments stand, all on the disk when this returns; raises OSError."""
        folder = self.work.folder
        for path, segment in received.items():
            flush(path)
            path.replace(folder.segment(segment.number))
        flush(folder.path)
        Journal(folder.journal).append("segment", *received.values())
        for segment in received.values():
            self.painting.discard(segment.number)
            self.segments[segment.number] = segment

    def put_back(self, numbers: list[int], reason: str) -> None:
        """Let pieces wait again whose painting ended early; the first of them was under way and has failed once more."""
        for number in numbers:
            self.painting.discard(number)
            self.attempts[number] += number == numbers[0]
            if self.attempts[number] >= ATTEMPTS:
                self.failed[number] = reason
            else:
                insort(self.waiting, number)

    def conclude(self) -> Outcome:
        """Join the pieces, which all stand, and return what became of the film; raises VidstyleError."""
        work = self.work
        if self.reading is not None:
            kept = EarlierWork(tuple(self.segments[number] for number in sorted(self.segments)), self.reading)
            Journal(work.folder.journal).replace(kept.entries())
        assert self.decided is not None
        return video_outcome(self.job, work, self.decided, render_video(work, None))

    def give_up(self) -> Outcome:
        """Leave nothing that came in part, and raise the VidstyleError that says why it could not be rendered."""
        with explain_failure(self.work), working_in(self.work.folder):
            for part in self.work.folder.path.glob("*.part*"):
                part.unlink(missing_ok=True)
            if self.error is not None:
                raise self.error
        pieces = "; ".join(f"{self._seconds(number)} ({reason})" for number, reason in sorted(self.failed.items()))
        raise ClusterError(
            f"{self.job.source}: {len(self.failed)} of {len(self.places)} pieces failed {ATTEMPTS} times: {pieces}. "
            f"{self.frames:,} painted frames are kept; the same command tries the others again."
        )

    def _seconds(self, number: int) -> str:
        """Return the times of a piece's first and last frame in the source."""
        assert self.reading is not None, "the survey is over"
        first, last = self._first_pts[number], self.places[number].pts
        begin, end = ((pts - self.reading.start_pts) * self.work.plan.clip.time_base for pts in (first, last))
        return f"{float(begin):.2f}-{float(end):.2f} s"
