"""The pictures that a teacher paints: photos of a folder, and frames spread over films, each with the few before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vidstyle.errors import InputError
from vidstyle.media.images import list_images, read_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.pixels import to_device, to_host
from vidstyle.render.colour_plan import plan_colour
from vidstyle.train.data.cache import scale_to_short_side

FRAMES_IN_A_ROW = 3
"""A frame of a film is painted after the two before it, with which `--flicker flow` averages."""


@dataclass(frozen=True)
class PictureSource:
    """A photo, or the frame of a film near `second`; `name` is that of its pair of pictures."""

    name: str
    path: Path
    second: float | None = None

    def record(self) -> dict[str, object]:
        """Return what tells this picture from others, as JSON can hold it."""
        status = self.path.stat()
        return {"from": str(self.path), "second": self.second, "size": status.st_size, "mtime_ns": status.st_mtime_ns}

    def pictures(self, short_side: int) -> np.ndarray:
        """Return the photo, or frames in a row, (n, h, w, 3) uint8 with that short side; the last one is to be painted.

        Raises InputError where there is none.
        """
        if self.second is None:
            return scale_to_short_side(read_image(self.path), short_side)[None]
        return np.stack([scale_to_short_side(frame, short_side) for frame in self._frames(self.second)])

    def _frames(self, second: float) -> Iterator[np.ndarray]:
        clip = probe(self.path)
        colours = plan_colour(clip, "tonemap")
        with VideoReader(clip, start_seconds=second) as reader:
            for batch, _ in zip(reader.batches(1), range(FRAMES_IN_A_ROW), strict=False):
                signals = to_device(batch.frames, torch.device("cpu"))
                yield to_host(colours.for_networks(signals), sixteen_bit=False)[0]


def list_sources(photos: Path | None, films: Sequence[Path], frames: int) -> list[PictureSource]:
    """Return the photos of a folder, None being none, and so many frames of all films; raises InputError."""
    sources = [(path, None) for path in (list_images(photos) if photos else ())]
    spread: list[tuple[Path, float | None]] = [*sources]
    for number, film in enumerate(films):
        share = frames // len(films) + (number < frames % len(films))
        length = float(probe(film).duration or 0)
        if share and not length:
            raise InputError(f"{film} does not tell how long it is. Convert it, to mp4 for example.")
        last = max(0.0, length - FRAMES_IN_A_ROW / float(probe(film).frame_rate))
        spread += [(film, round(last * (place + 0.5) / share, 3)) for place in range(share)]
    return [PictureSource(f"{number:06d}.png", path, second) for number, (path, second) in enumerate(spread)]
