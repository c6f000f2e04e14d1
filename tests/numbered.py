"""Clips whose pictures tell their number by their grey, and whose sound tells the second by its tone."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.clicks import heard, program
from tests.packets import pictures

GREY_STEP = 4
TONE = 200
"""Hertz of the first second. Every other second has a multiple."""


def numbered(index: int) -> np.ndarray:
    """Return a picture of 64 x 48 that is as light as its number; there are 60."""
    return np.full((48, 64, 3), GREY_STEP * index, np.uint8)


def numbers_of(frames: list[np.ndarray] | np.ndarray) -> list[int]:
    """Return the numbers that pictures tell."""
    return [round(float(frame.mean()) / GREY_STEP) for frame in frames]


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of the pictures of a file, in the order in which they are shown."""
    return numbers_of(pictures(path))


def with_tones(video: Path, target: Path, seconds: int, codec: str = "aac") -> Path:
    """Copy the pictures of a file and add sound that has another tone in each second."""
    tones = f"aevalsrc='0.5*sin(2*PI*t*{TONE}*(1+floor(t)))':s=48000:d={seconds}"
    program("-i", str(video), "-f", "lavfi", "-i", tones, "-c:v", "copy", "-c:a", codec, str(target))
    return target


def tones_in(path: Path, step: Fraction = Fraction(1, 10)) -> list[int]:
    """Return, for each step of the sound, the second that its tone tells, -1 for silence."""
    played = heard(path)
    rate = played[0][2]
    samples = np.zeros(max(round(time * rate) + len(part) for time, part, _ in played), np.float32)
    for time, part, _ in played:
        begin = round(time * rate)
        samples[max(0, begin) : begin + len(part)] = part[max(0, -begin) :]
    size = int(step * rate)
    windows = [samples[begin : begin + size] * np.hanning(size) for begin in range(0, len(samples) - size + 1, size)]
    spectra = [np.abs(np.fft.rfft(window)) for window in windows]
    return [-1 if power.max() < size / 50 else round(power.argmax() / float(step) / TONE) - 1 for power in spectra]


def durations_in(path: Path) -> list[Fraction]:
    """Return the seconds that a file states for each of its pictures that are shown, in the order of showing."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size and not packet.is_discard]
        return [packet.duration * packet.time_base for packet in sorted(packets, key=lambda packet: packet.pts or 0)]
