"""Clips and styles that the benchmarks of rendering make for themselves."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import torch

from vidstyle.media.clip import Batch, Clip, Colour
from vidstyle.media.codecs import CODECS
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.media.write import VideoForm, VideoWriter
from vidstyle.models.resize import resize
from vidstyle.models.style_file import Style, save_style
from vidstyle.networks.resnet_generator import ResNetGenerator
from vidstyle.pixels import to_device, to_host

RATE = 24


def make_clip(source: Path, target: Path, size: tuple[int, int], frames: int) -> Clip:
    """Write the first frames of a video at a size of (width, height), and return the clip; a shorter video is repeated."""
    with VideoWriter(target, form(size)) as writer:
        for number, batch in zip(range(frames), repeated(probe(source)), strict=False):
            scaled = resize(to_device(batch.frames, torch.device("cpu")), size)
            writer.write(Batch(to_host(scaled, sixteen_bit=False), (number,), (1,), Fraction(1, RATE)))
    return probe(target)


def form(size: tuple[int, int], rate: int = RATE) -> VideoForm:
    """Return how the clips are coded: (width, height) in pixels, frames a second."""
    return VideoForm(CODECS["libx264"], *size, "yuv420p", Fraction(1, rate), Fraction(rate), Fraction(1), Colour(), 18)


def random_style(path: Path, channels: int) -> Path:
    """Write an untrained style; its speed is that of a trained one."""
    torch.manual_seed(0)
    save_style(Style("resnet", channels, 9, 256, ResNetGenerator(channels, 9).state_dict()), path)
    return path


def repeated(clip: Clip) -> Iterator[Batch]:
    """Yield the frames of a clip one by one, from its first after its last, without end."""
    while True:
        yield from batches(clip)


def batches(clip: Clip) -> Iterator[Batch]:
    """Yield the frames of a clip one by one."""
    with VideoReader(clip) as reader:
        yield from reader.batches(1)
