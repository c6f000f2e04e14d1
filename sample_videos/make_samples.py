"""Makes the two sample clips, landscape.mp4 and cartoon.mp4, anew; every picture and tone is computed, none is taken.

python -m sample_videos.make_samples [FOLDER]
"""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from sample_videos import cartoon, landscape, sound
from vidstyle.files import whole_file

AUDIO_BITS_PER_SECOND = 96_000


def encode(
    target: Path, frame: Callable[[int], np.ndarray], frames: int, rate: int, track: np.ndarray, crf: int
) -> None:
    """Write H.264 and stereo AAC; `frame(n)` gives uint8 RGB, `track` is (2, samples) float32 at the sound's rate."""
    first = frame(0)
    with whole_file(target) as partial, av.open(str(partial), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "slow"})
        video.height, video.width = first.shape[:2]
        video.pix_fmt = "yuv420p"
        context = video.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1
        audio = container.add_stream("aac", rate=sound.RATE, layout="stereo", bit_rate=AUDIO_BITS_PER_SECOND)
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(frame(number), format="rgb24")
            picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            picture.pts, picture.time_base = number, Fraction(1, rate)
            container.mux(video.encode(picture))
        container.mux(video.encode())
        samples = av.AudioFrame.from_ndarray(np.ascontiguousarray(track), format="fltp", layout="stereo")
        samples.sample_rate, samples.pts = sound.RATE, 0
        container.mux(audio.encode(samples))
        container.mux(audio.encode())


def make_landscape(folder: Path) -> Path:
    """Write landscape.mp4 into `folder` and return its path."""
    target = folder / "landscape.mp4"
    track = sound.lake_sound(landscape.SECONDS)
    encode(target, landscape.frame, landscape.FRAMES, landscape.RATE, track, crf=24)
    return target


def make_cartoon(folder: Path) -> Path:
    """Write cartoon.mp4 into `folder` and return its path."""
    target = folder / "cartoon.mp4"
    track = sound.episode_sound(cartoon.SECONDS)
    encode(target, cartoon.frame, cartoon.FRAMES, cartoon.RATE, track, crf=19)
    return target


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for make in (make_landscape, make_cartoon):
        print(make(chosen))
