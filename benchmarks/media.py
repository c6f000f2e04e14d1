"""How long a video takes to be read, and to be muxed with its sound: the parts of a render that know nothing of painting.

    python -m benchmarks.media VIDEO --painted PAINTED

VIDEO has sound. PAINTED is its video alone, as `ffmpeg -i VIDEO -an -c copy PAINTED` writes it. `read` decodes every picture of
VIDEO once. `mux` puts PAINTED and the tracks of VIDEO into a new mp4, the median of five. To compare with another version, run
this in a checkout of either by turns.
"""

import os
import tempfile
from fractions import Fraction
from pathlib import Path
from statistics import median
from time import perf_counter

import click

from vidstyle.media.codecs import container_of
from vidstyle.media.mux import Cut, mux
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.media.tracks import plan_tracks


def clock() -> tuple[float, float]:
    """Return seconds on the clock, and of all processors, of this process and those that it waited for."""
    return perf_counter(), sum(os.times()[:4])


def read(path: Path) -> int:
    """Decode a video; return its pictures."""
    with VideoReader(probe(path)) as reader:
        return sum(len(batch) for batch in reader.batches(8))


def mux_once(path: Path, painted: Path, folder: Path) -> None:
    """Put the painted video and the tracks of a video into a new file in a folder."""
    target = folder / "result.mp4"
    clip, container = probe(path), container_of(target)
    plan = plan_tracks(clip, container, audio=True, subtitles=True)
    mux(painted, clip, plan, container, Cut(), Fraction(1), target)


@click.command(help=__doc__)
@click.argument("video", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--painted", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
def main(video: Path, painted: Path) -> None:
    began, busy = clock()
    pictures = read(video)
    ended, busy_after = clock()
    click.echo(f"read: {pictures} pictures, {ended - began:.2f} s, {busy_after - busy:.2f} s of processors")
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(5):
            began, _busy = clock()
            mux_once(video, painted, Path(folder))
            seconds.append(clock()[0] - began)
    click.echo(f"mux: {median(seconds):.3f} s")


if __name__ == "__main__":
    main()
