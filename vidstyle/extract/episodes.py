"""Reads episodes, several at a time: finds their candidates and stores their pictures in the staging folder."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from os import cpu_count
from threading import Lock

from vidstyle.analysis.held_drawings import fused
from vidstyle.analysis.near_duplicates import Signature
from vidstyle.analysis.scale import shrink
from vidstyle.errors import Interrupted
from vidstyle.extract.borders_and_combs import find_borders_and_combs
from vidstyle.extract.candidate import Candidate
from vidstyle.extract.choose import drop_faded
from vidstyle.extract.manifest import frame_settings
from vidstyle.extract.observe import training_picture
from vidstyle.extract.report import THUMBNAIL_SHORT_SIDE
from vidstyle.extract.sample import sample
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.extract.staging import Episode, Staging
from vidstyle.media.clip import Clip
from vidstyle.media.lossless import write_lossless
from vidstyle.media.read import VideoReader
from vidstyle.progress import OnProgress, Progress

CORES_PER_EPISODE = 2
"""Decoding has threads of its own, so more episodes at once would only slow each other down."""


def read_episodes(
    sources: Sequence[Source], settings: ExtractSettings, staging: Staging, on_progress: OnProgress
) -> list[Episode]:
    """Return what each source gives, in their order, whatever the order they are done in.

    A source that an earlier run read with the same settings is not read again. Raises InputError for a source without
    pictures; sources that were read to their end stay in the staging folder then.
    """
    progress = _TotalProgress(sources, settings, on_progress)

    def episode(source: Source) -> Episode:
        earlier = staging.load(source, settings)
        if earlier is not None:
            progress.add(earlier.entry["frames"])
            return earlier
        fresh = _read(source, settings, staging, progress.add)
        staging.save(fresh)
        return fresh

    workers = max(1, min(len(sources), (cpu_count() or 1) // CORES_PER_EPISODE))
    with ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(episode, source) for source in sources]
        try:
            wait(tasks, return_when=FIRST_EXCEPTION)
            failed = next((task for task in tasks if task.done() and task.exception()), None)
            episodes = [failed.result()] if failed else [task.result() for task in tasks]
        except BaseException:
            progress.stopped = True
            for task in tasks:
                task.cancel()
            raise
    progress.finish()
    return episodes


class _TotalProgress:
    """One count of frames for all episodes, which their threads add to."""

    def __init__(self, sources: Sequence[Source], settings: ExtractSettings, on_progress: OnProgress) -> None:
        expected = [expected_frames(source.clip, settings) for source in sources]
        self._total = None if None in expected else sum(frames or 0 for frames in expected)
        self._phase = f"read {sources[0].clip.path.name}" if len(sources) == 1 else f"read {len(sources)} episodes"
        self._on_progress, self._lock = on_progress, Lock()
        self._done = 0
        self.stopped = False

    def add(self, frames: int) -> None:
        """Count frames that were read; raises Interrupted where reading is to end."""
        if self.stopped:
            raise Interrupted("Another episode has stopped the run.")
        with self._lock:
            self._done += frames
            self._on_progress(Progress(self._phase, self._done, self._total))

    def finish(self) -> None:
        """Report that all is read, also where there were fewer or more frames than expected."""
        if self._done != self._total and self._done:
            self._on_progress(Progress(self._phase, self._done, self._done))


def expected_frames(clip: Clip, settings: ExtractSettings) -> int | None:
    """Return how many frames the asked range of a clip should hold, None where the clip does not say how long it is."""
    if settings.end is None and clip.duration is None:
        return None
    last = min(settings.end or float("inf"), float(clip.duration or "inf"))
    return max(1, round((last - (settings.start or 0.0)) * clip.frame_rate))


def _read(source: Source, settings: ExtractSettings, staging: Staging, on_frames: Callable[[int], None]) -> Episode:
    """Stream one source: collect its candidates and store their pictures, small ones of those that are dropped already."""
    clip, candidates = source.clip, list[Candidate]()
    found = find_borders_and_combs(clip, settings)
    box, mode = found.box, found.deinterlace
    with VideoReader(clip, start_seconds=settings.start, end_seconds=settings.end, deinterlace=mode) as reader:
        for candidate, frames in sample(source, reader, box, settings, on_frames):
            candidates.append(candidate)
            pictures = (training_picture(frame.picture, box) for frame in frames)
            if candidate.kept:
                picture, candidate.copies = fused(list(pictures))
                picture = shrink(picture, settings.size) if settings.size else picture
                candidate.signature = Signature.of(picture)
            else:
                picture = shrink(next(pictures), THUMBNAIL_SHORT_SIDE)
            write_lossless(staging.picture(candidate.name), picture)
    drop_faded(candidates)
    entry = {
        "path": str(clip.path),
        "identity": source.identity,
        "name": source.name,
        "settings": frame_settings(settings),
        "frames": reader.report.frames,
        "box": None if box is None else [box.left, box.top, box.right, box.bottom],
        "deinterlace": mode,
        "warnings": reader.report.warnings,
    }
    return Episode(entry, candidates)
