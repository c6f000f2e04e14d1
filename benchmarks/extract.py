"""How fast frames are extracted, beside plain decoding of the same file in the same run and the ways that others take.

    python -m benchmarks.extract episode.mp4 --seconds 60

Each way fills a folder with PNG files, about one for each second of video; each row is measured next to a plain decoding of
its own, since hosts change their speed. With one picture kept, ours is what finding costs without writing what is found.
Needs the package scenedetect for its row.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import av
import click
import ffmpeg
import imageio_ffmpeg
import numpy as np

from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.stage import run
from vidstyle.media.images import list_images, write_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

Way = Callable[[Path, Path, float], None]
"""Takes a video, a folder to fill with pictures, and the second at which to stop."""


def ours(video: Path, folder: Path, end: float, **changes: object) -> None:
    """`vidstyle extract` without deblurring."""
    run([video], folder, ExtractSettings(end=end, deblur="none", **changes))  # type: ignore[arg-type]


def at_equal_distances(video: Path, folder: Path, end: float) -> None:
    """Decode all, and write the frame of every second."""
    clip = probe(video)
    with VideoReader(clip, end_seconds=end) as reader:
        for number, picture in enumerate(reader.pictures()):
            if number % round(clip.frame_rate) == 0:
                write_image(folder / f"{number:06d}.png", picture.rgb.astype(np.uint8))


def by_thumbnail_filter(video: Path, folder: Path, end: float) -> None:
    """ffmpeg's filter that takes the most usual frame of as many as a second has."""
    frames = round(probe(video).frame_rate)
    pipeline = ffmpeg.input(str(video), to=end).filter("thumbnail", frames)
    pipeline = pipeline.output(str(folder / "%06d.png"), fps_mode="vfr").global_args("-loglevel", "error")
    pipeline.run(cmd=imageio_ffmpeg.get_ffmpeg_exe())


def by_scene_detection(video: Path, folder: Path, end: float) -> None:
    """PySceneDetect's adaptive detector and its save-images: three pictures of every scene."""
    from scenedetect import AdaptiveDetector, SceneManager, open_video
    from scenedetect.output import save_images

    opened, manager = open_video(str(video)), SceneManager()
    manager.add_detector(AdaptiveDetector())
    manager.detect_scenes(opened, end_time=end)
    scenes = manager.get_scene_list(start_in_scene=True)
    save_images(scenes, opened, num_images=3, image_extension="png", output_dir=str(folder), show_progress=False)


WAYS: dict[str, Way] = {
    "vidstyle extract": ours,
    "the same without fusing copies": partial(ours, fuse=False),
    "the same, one picture kept": partial(ours, fuse=False, count=1),
    "equal distances": at_equal_distances,
    "ffmpeg's thumbnail filter": by_thumbnail_filter,
    "PySceneDetect, save-images": by_scene_detection,
}


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of all processors, those of child processes too."""

    clock: float
    processors: float


def cost(work: Callable[[], object]) -> Cost:
    """Return what a call costs."""
    began, before = time.perf_counter(), _processors()
    work()
    return Cost(time.perf_counter() - began, _processors() - before)


def _processors() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def decode(video: Path, end: float) -> int:
    """Decode plainly, with the decoder's own threads, and return the count of frames."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        frames = 0
        for frame in container.decode(stream):
            if frame.time is not None and frame.time >= end:
                break
            frames += 1
        return frames


def row(name: str, way: Way, video: Path, end: float, times: int) -> str:
    """Return a row of the table: medians of several runs, each after a plain decoding."""
    plain, costs, pictures = list[Cost](), list[Cost](), 0
    for _ in range(times):
        plain.append(cost(partial(decode, video, end)))
        with tempfile.TemporaryDirectory() as folder:
            costs.append(cost(partial(way, video, Path(folder), end)))
            pictures = len(list_images(Path(folder)))
    frames = decode(video, end)
    clock, processors = (median(getattr(one, what) for one in costs) for what in ("clock", "processors"))
    shares = [
        median(getattr(one, what) for one in plain) / now
        for what, now in (("clock", clock), ("processors", processors))
    ]
    return (
        f"| {video.name} | {name} | {frames} | {pictures} | {frames / clock:.0f} | {shares[0]:.0%} |"
        f" {1000 * processors / frames:.2f} | {shares[1]:.0%} |"
    )


@click.command()
@click.argument("videos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--seconds", default=60.0, help="How much of each video is read.")
@click.option("--times", default=3, help="Runs of each way, of which the median counts.")
@click.option("--only", multiple=True, type=click.Choice(list(WAYS)), help="Measure only these ways.")
def main(videos: tuple[Path, ...], seconds: float, times: int, only: tuple[str, ...]) -> None:
    """Print a row for each video and way."""
    print(
        "| video | way | frames | pictures | frames/s | of plain decoding, clock | ms a frame, processors | of plain |"
    )
    for video in videos:
        for name in only or WAYS:
            print(row(name, WAYS[name], video, seconds, times), flush=True)


if __name__ == "__main__":
    main()
