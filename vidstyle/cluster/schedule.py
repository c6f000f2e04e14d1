"""Which worker paints which pieces of which video next."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidstyle.cluster.video_job import ClusterVideo

MOST_PIECES = 16
"""Pieces that a worker gets at once, at most. Each start costs a seek and some frames that are looked at once more."""


@dataclass
class Task:
    """What a worker does for a video: paint the pieces `numbers`, which follow each other, or decide what `auto` comes to.

    Painted pieces leave `numbers`; None means to decide. `begun` is the number of the video's frames before the pieces,
    `frames` that before the frame where the worker is.
    """

    video: ClusterVideo
    numbers: list[int] | None = None
    begun: int = 0
    frames: int = 0

    @property
    def unfinished(self) -> bool:
        """Whether a part of it has not arrived."""
        return self.video.deciding if self.numbers is None else bool(self.numbers)


def next_task(videos: Sequence[ClusterVideo], workers: int) -> Task | None:
    """Return the next task and take its pieces from those that wait; None where there is nothing to do now."""
    for video in videos:
        if video.error is not None or not video.waiting:
            continue
        if video.decided is not None:
            return _next_pieces(video, workers)
        if not video.deciding:
            video.deciding = True
            return Task(video)
    return None


def _next_pieces(video: ClusterVideo, workers: int) -> Task:
    """Return a share of the waiting pieces, large at first and small at the end: so all workers end at about the same time.

    A piece that has failed before is given out alone, so that it takes no other along.
    """
    most = max(1, min(MOST_PIECES, len(video.waiting) // (2 * workers)))
    first = video.waiting[0]
    count = 1
    while count < most and video.waiting[count] == first + count and not video.attempts[first + count]:
        count += 1
    numbers = video.waiting[: 1 if video.attempts[first] else count]
    del video.waiting[: len(numbers)]
    video.painting.update(numbers)
    before = video.ends[first - 1].pictures if first else 0
    return Task(video, numbers, before, before)
