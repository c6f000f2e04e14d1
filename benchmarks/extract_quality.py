"""How good the frames are that `vidstyle extract` keeps, beside as many taken at equal distances of time, before deblurring.

    python -m benchmarks.extract_quality episode.mp4 other.mp4 --count 60 --pictures sheet.jpg

The measure is another one than those that frames are chosen by: the gradient energy of the grey picture at a short side of
240, divided by the median of its shot's drawn frames. What is black or in a fade is measured like any other frame. Equal
distances are begun at ten places and averaged. `one drawing` counts pairs of frames that differ by no more than noise, `shots`
those of at least a second of which a frame was taken, `flawed` frames that show nothing or are blended, `likeness` how alike a
frame is to the one most like it, on average.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import click
import cv2
import numpy as np

from vidstyle.analysis.held_drawings import is_same_drawing
from vidstyle.analysis.near_duplicates import Signature, SignatureIndex
from vidstyle.analysis.scale import shrink, to_size
from vidstyle.extract.borders_and_combs import find_borders_and_combs
from vidstyle.extract.manifest import Manifest
from vidstyle.extract.observe import observe, training_picture
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.stage import run
from vidstyle.media.clip import Clip
from vidstyle.media.images import jpeg_of
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.report.contact_sheet import add_captions, grid

SHORT_SIDE, KEPT_SHORT_SIDE = 240, 360
PHASES = 10
SHEET_COLUMNS, SHEET_ROWS, TILE = 3, 7, (168, 98)
HEADINGS = "| episode | frames | taken | median | softest tenth | shots | one drawing | flawed | likeness |"


@dataclass(frozen=True)
class Frames:
    """Every frame of an episode in order: gradient energy, number of its shot, whether it is a whole drawing."""

    energy: np.ndarray
    shot: np.ndarray
    drawn: np.ndarray
    rate: float

    def relative(self) -> np.ndarray:
        """Return the energies over the median of the drawn frames of their shot, of the episode where it has none."""
        usual = np.full(len(self.energy), np.median(self.energy[self.drawn]))
        for number in np.unique(self.shot[self.drawn]):
            inside = self.shot == number
            usual[inside] = np.median(self.energy[inside & self.drawn])
        return self.energy / usual

    def long_shots(self) -> set[int]:
        """Return the shots that show a drawing for a second or longer."""
        return {int(shot) for shot in np.unique(self.shot) if (self.drawn & (self.shot == shot)).sum() >= self.rate}


def gradient_energy(grey: np.ndarray) -> float:
    """Return the mean squared step between neighbouring pixels of (h, w) uint8 grey at a short side of 240."""
    small = shrink(grey, SHORT_SIDE).astype(np.float32)
    return float((np.diff(small, axis=0) ** 2).mean() + (np.diff(small, axis=1) ** 2).mean())


def frames_of(clip: Clip, keep: Callable[[int], bool]) -> tuple[Frames, dict[int, np.ndarray]]:
    """Return what is known of the frames, and small copies of those asked for by their number."""
    box = find_borders_and_combs(clip, ExtractSettings()).box
    energy, shot, drawn, kept = [], [], [], {}
    with VideoReader(clip) as reader:
        for number, seen in enumerate(observe(reader, box, lambda frames: None)):
            energy.append(gradient_energy(seen.grey))
            shot.append(seen.place.shot)
            drawn.append(not seen.flaw)
            if keep(number):
                kept[number] = shrink(training_picture(seen.picture, box), KEPT_SHORT_SIDE)
    frames = Frames(np.array(energy), np.array(shot), np.array(drawn), float(clip.frame_rate))
    return frames, kept


def spaced(total: int, count: int, phase: float) -> list[int]:
    """Return numbers of frames at equal distances, begun at a part `phase` of one, in [0, 1)."""
    return [int((place + phase) * total / count) for place in range(count)]


def softest_tenth(values: np.ndarray) -> float:
    """Return the mean of the lowest tenth, at least of one."""
    return float(np.sort(values)[: max(1, round(len(values) / 10))].mean())


def measured(frames: Frames, pictures: dict[int, np.ndarray], taken: Sequence[int]) -> dict[str, float]:
    """Return the figures of the frames with these numbers."""
    values, long = frames.relative()[list(taken)], frames.long_shots()
    greys = [cv2.cvtColor(pictures[number], cv2.COLOR_RGB2GRAY) for number in taken]
    same = sum(is_same_drawing(grey, earlier) for number, grey in enumerate(greys) for earlier in greys[:number])
    return {
        "median": float(np.median(values)),
        "softest": softest_tenth(values),
        "shots": len(long & {int(frames.shot[number]) for number in taken}),
        "same": same,
        "flawed": int((~frames.drawn[list(taken)]).sum()),
        "likeness": _likeness([pictures[number] for number in taken]),
    }


def _likeness(pictures: Iterable[np.ndarray]) -> float:
    index = SignatureIndex()
    signatures = [Signature.of(picture) for picture in pictures]
    for signature in signatures:
        index.add(signature)
    rows = [index.similarities(signature) for signature in signatures]
    for number, row in enumerate(rows):
        row[number] = 0
    return fmean(float(row.max()) for row in rows) if len(rows) > 1 else 0.0


def extracted(path: Path, count: int | None) -> list[int]:
    """Return the numbers of the frames that `extract` keeps by its default settings, before deblurring."""
    with tempfile.TemporaryDirectory() as folder:
        run([path], Path(folder), ExtractSettings(deblur="none", count=count))
        (source,) = Manifest.read(Path(folder)).sources
    return [candidate["frame"] for candidate in source["candidates"] if candidate["kept"]]


def compare(path: Path, count: int | None) -> tuple[list[str], np.ndarray]:
    """Return two rows of the table, at equal distances and extracted, and a sheet of both."""
    clip = probe(path)
    chosen = extracted(path, count)
    total = round(float(clip.duration or 0) * clip.frame_rate)
    spread = [spaced(total, len(chosen), phase / PHASES) for phase in range(PHASES)]
    frames, pictures = frames_of(clip, {*chosen, *(number for numbers in spread for number in numbers)}.__contains__)
    found = [measured(frames, pictures, numbers) for numbers in spread]
    even = {name: fmean(figures[name] for figures in found) for name in found[0]}
    ours, shots = measured(frames, pictures, chosen), len(frames.long_shots())
    rows = [_row(path, len(chosen), name, figures, shots) for name, figures in (("evenly", even), ("extract", ours))]
    change = "".join(f"{100 * (ours[name] / even[name] - 1):+.0f} % | " for name in ("median", "softest"))
    rows.append(f"| | | change | {change}| | | |")
    return rows, _sheet(pictures, spread[PHASES // 2], chosen)


def _row(path: Path, count: int, name: str, figures: dict[str, float], shots: int) -> str:
    return (
        f"| {path.name} | {count} | {name} | {figures['median']:.2f} | {figures['softest']:.2f} | {figures['shots']:.3g}"
        f" of {shots} | {figures['same']:.3g} | {figures['flawed']:.3g} | {figures['likeness']:.2f} |"
    )


def _sheet(pictures: dict[int, np.ndarray], even: Sequence[int], chosen: Sequence[int]) -> np.ndarray:
    halves = []
    for taken, caption in ((even, f"{len(even)} at equal distances"), (chosen, f"{len(chosen)} extracted")):
        indices = np.linspace(0, len(taken) - 1, SHEET_COLUMNS * SHEET_ROWS).round().astype(int)
        tiles = [to_size(pictures[taken[index]], *TILE) for index in indices.tolist()]
        rows = [tiles[first : first + SHEET_COLUMNS] for first in range(0, len(tiles), SHEET_COLUMNS)]
        halves.append(add_captions(grid(rows), [caption]))
    return np.concatenate(halves, axis=1)


@click.command(help=__doc__)
@click.argument("episodes", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--count", type=int, help="Frames to keep of each episode. [default: all that are not alike]")
@click.option("--pictures", type=click.Path(path_type=Path), help="Write the last episode's frames as one JPEG.")
def main(episodes: tuple[Path, ...], count: int | None, pictures: Path | None) -> None:
    """Print the table."""
    click.echo(f"{HEADINGS}\n{'| --- ' * HEADINGS.count(' | ')}| --- |")
    for path in episodes:
        rows, sheet = compare(path, count)
        click.echo("\n".join(rows))
        if pictures is not None:
            pictures.write_bytes(jpeg_of(sheet, 66))


if __name__ == "__main__":
    main()
