"""What `--deblur deconvolve` gains on real frames that are blurred by known kernels, and what it does to them unblurred.

    python -m benchmarks.deblur episode.mp4 another.mp4 --frames 40 --pictures before_after/

Frames are taken evenly from the clips. Each is blurred with light from beyond its border, which is then cut off, by
motions of 5 to 15 pixels at any angle and by discs, rounded to bytes, with noise of 0 to 1 of 255; PSNR is against the
sharp frame. The blurs are averages of moved copies and drawn discs, not the formulas that the estimate uses.
"""

from collections import defaultdict
from pathlib import Path
from time import perf_counter

import click
import cv2
import numpy as np

from vidstyle.analysis.light import Light
from vidstyle.extract.deblur import DeblurResult, deblurrer
from vidstyle.media.images import write_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

POINTS = 64
BATCH_FRAMES = 8
ENLARGED = 2


def frames_of(path: Path, count: int) -> list[np.ndarray]:
    """Return about `count` frames, evenly over the clip, that show something."""
    clip = probe(path)
    with VideoReader(clip) as reader:
        every = max(1, (clip.frames or count) // count)
        read = (frame for batch in reader.batches(BATCH_FRAMES) for frame in batch.frames)
        chosen = [frame.copy() for number, frame in enumerate(read) if number % every == every // 2]
    return [frame for frame in chosen if not Light.of(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)).blank]


def motion(length: float, angle: float) -> np.ndarray:
    """Return the mean of a point that moves evenly along a line of that length."""
    radius = int(length / 2) + 2
    point = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    point[radius, radius] = 1
    across, down = length * np.cos(np.deg2rad(angle)), length * np.sin(np.deg2rad(angle))
    moved = [
        cv2.warpAffine(point, np.array([[1, 0, part * across], [0, 1, part * down]]), point.shape)
        for part in np.linspace(-0.5, 0.5, POINTS)
    ]
    return np.mean(moved, 0)


def disc(radius: float) -> np.ndarray:
    """Return an evenly lit disc, drawn fine and averaged to pixels."""
    side = 2 * int(np.ceil(radius)) + 1
    places = (np.arange(side * 8) + 0.5) / 8 - side / 2
    fine = (np.hypot(places[:, None], places) <= radius).astype(np.float32)
    kernel = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    return kernel / kernel.sum()


def kernels(draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Return one blur of each kind."""
    ranges = {"motion 5-8": (5, 8), "motion 8-12": (8, 12), "motion 12-15": (12, 15)}
    motions = {name: motion(draw.uniform(*lengths), draw.uniform(0, 180)) for name, lengths in ranges.items()}
    return {**motions, **{f"disc {radius}": disc(radius) for radius in (2, 3, 4)}}


@click.command()
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--frames", default=40, help="frames of each clip")
@click.option("--seed", default=0)
@click.option(
    "--pictures", type=click.Path(path_type=Path), help="write what was deblurred beside its original, enlarged"
)
def main(clips: tuple[Path, ...], frames: int, seed: int, pictures: Path | None) -> None:
    """Print the tables."""
    cv2.setNumThreads(1)
    deblur, draw = deblurrer("deconvolve", "cpu"), np.random.default_rng(seed)
    for clip in clips:
        chosen, gains, seconds = frames_of(clip, frames), defaultdict(list), []
        untouched = [deblur(frame) for frame in chosen]
        for number, frame in enumerate(chosen):
            for name, kernel in kernels(draw).items():
                cut = kernel.shape[0] // 2
                soft = cv2.filter2D(frame.astype(np.float32), -1, kernel)[cut:-cut, cut:-cut]
                soft += draw.uniform(0, 1) * draw.standard_normal(soft.shape).astype(np.float32)
                soft, sharp = np.rint(np.clip(soft, 0, 255)).astype(np.uint8), frame[cut:-cut, cut:-cut]
                began = perf_counter()
                result = deblur(soft)
                seconds.append(perf_counter() - began)
                gains[name].append(cv2.PSNR(result.picture, sharp) - cv2.PSNR(soft, sharp))
                if pictures and result.method != "none":
                    write_pair(pictures / f"{clip.stem}_{number:03d}_{name.replace(' ', '_')}.png", soft, result)
        print(f"\n{clip.name}, {len(chosen)} frames; {np.median(seconds) * 1000:.0f} ms a blurred frame, one core")
        print("| blur | mean gain, dB | least, dB | deblurred |\n|---|---:|---:|---:|")
        for name, values in gains.items():
            touched = np.mean([value != 0 for value in values])
            print(f"| {name} | {np.mean(values):+.2f} | {np.min(values):+.2f} | {touched:.0%} |")
        kept = sum(result.picture is frame for result, frame in zip(untouched, chosen, strict=True))
        print(f"| as it is | | | {len(chosen) - kept} of {len(chosen)} frames |")


def write_pair(path: Path, before: np.ndarray, result: DeblurResult) -> None:
    """Write the middle of the picture before and after, side by side."""
    height, width = before.shape[:2]
    middle = (slice(height // 4, height * 3 // 4), slice(width // 4, width * 3 // 4))
    pair = np.hstack([before[middle], result.picture[middle]])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, cv2.resize(pair, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC))


if __name__ == "__main__":
    main()
