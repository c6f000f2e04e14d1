"""Clips that flash and click each second at the same moment, and where both are heard and seen again."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

PERIOD_FRAMES = 25


def program(*arguments: str) -> None:
    """Run ffmpeg, in silence and with an error where it fails."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *arguments], check=True, capture_output=True)


def make_clicks(
    path: Path,
    sound: str,
    *,
    seconds: int = 4,
    picture: str = "libx264",
    b_frames: int = 2,
    sound_late: float = 0,
    options: Sequence[str] = (),
) -> Path:
    """Write a clip of 25 frames a second, white and loud for a moment 0.48 s into each second."""
    shown = f"drawbox=w=64:h=48:c=white:t=fill:enable='eq(mod(n,{PERIOD_FRAMES}),12)'"
    video = f"color=black:s=64x48:r=25:d={seconds},{shown}"
    audio = f"aevalsrc='if(between(mod(t,1),0.48,0.484),0.8*sin(2*PI*2000*t),0)':s=48000:d={seconds}"
    inputs = ["-f", "lavfi", "-i", video, "-itsoffset", str(sound_late), "-f", "lavfi", "-i", audio]
    coded = ["-c:v", picture, "-bf", str(b_frames), "-g", "50", "-pix_fmt", "yuv420p", "-c:a", sound]
    program(*inputs, *coded, *options, f"file:{path}")
    return path


def flashes(path: Path) -> list[float]:
    """Return the times of the white pictures."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in container.decode(stream)]
    return [time for time, light in frames if light > 120]


def clicks(path: Path) -> list[float]:
    """Return the times at which clicks begin, to a sample."""
    found: list[float] = []
    latest = -1.0
    for start, samples, rate in heard(path):
        for place in np.flatnonzero(np.abs(samples) > 0.25):
            time = start + place / rate
            if time - latest > 0.3:
                found.append(time)
            latest = time
    return found


def heard(path: Path, track: int = 0) -> list[tuple[float, np.ndarray, int]]:
    """Return the decoded sound, mono, as (time, samples, sample rate)."""
    resampler = av.AudioResampler(format="fltp", layout="mono")
    with av.open(str(path)) as container:
        return [
            (float(frame.pts * frame.time_base), mono.to_ndarray()[0], frame.sample_rate)
            for frame in container.decode(container.streams.audio[track])
            for mono in resampler.resample(frame)
        ]
