"""The sheet that shows a photo, or a frame of a video, as `vidstyle render` paints it in every style."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil, sqrt
from pathlib import Path

import numpy as np
import torch

from vidstyle.errors import OutputError, StyleError
from vidstyle.media.images import IMAGE_SUFFIXES, WRITTEN_FORMATS, write_image
from vidstyle.models.resize import resize
from vidstyle.pixels import to_device, to_host
from vidstyle.progress import OnProgress, Progress, note, silent
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import check_target
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sheet.sheet_source import SheetSource, read_sheet_source
from vidstyle.report.contact_sheet import add_captions, grid

LONGEST_SIDE = 640
"""Longest side in pixels of a picture on the sheet."""


def write_style_sheet(
    source: Path,
    target: Path,
    styles: Mapping[str, Path],
    settings: RenderSettings,
    at_seconds: float | None = None,
    on_progress: OnProgress = silent,
) -> None:
    """Paint a photo, or a frame of a video, in each of `styles` and write them on one sheet, whole or not at all.

    The source comes first; each picture has its name above. The frame is the one at `at_seconds`, by default in the middle.
    A style that cannot be used is left out and told of. Raises VidstyleError as a render of the source does.
    """
    if target.suffix.lower() not in WRITTEN_FORMATS:
        raise OutputError(f"Cannot write {target}: a sheet becomes {', '.join(IMAGE_SUFFIXES)}. Use one of these.")
    check_target(source, target, overwrite=settings.overwrite)
    shown = read_sheet_source(source, at_seconds, settings)
    pictures = [("source", shown.as_shown())]
    for done, (name, path) in enumerate(styles.items(), 1):
        try:
            pictures.append((name, _paint(shown, replace(settings, style=str(path)), on_progress)))
        except StyleError as error:
            if done == len(styles) and len(pictures) == 1:
                raise
            on_progress(note(f"The style {name} is not on the sheet: {error}"))
        on_progress(Progress("painting", done, len(styles), "styles"))
    size = _shown_size(shown)
    cells = [add_captions(_resized(picture, size), [name]) for name, picture in pictures]
    columns = ceil(sqrt(len(cells)))
    write_image(target, grid([cells[first : first + columns] for first in range(0, len(cells), columns)]))


def _paint(shown: SheetSource, settings: RenderSettings, on_progress: OnProgress) -> np.ndarray:
    """Return the picture as `vidstyle render` paints it in the style of `settings`, (height, width, 3) uint8."""
    engine = Engine(settings, on_progress)
    sizes = engine.sizes(shown.size)
    painter = engine.picture_painter(sizes, colours=shown.colours)
    painted = painter.paint(shown.pixels[None], sizes, sixteen_bit=False)[0]
    for text in painter.notes:
        on_progress(note(text))
    return painted


def _shown_size(shown: SheetSource) -> tuple[int, int]:
    """Return the (width, height) of a picture on the sheet, whose pixels are square."""
    width, height = float(shown.size[0] * shown.pixel_aspect), float(shown.size[1])
    factor = min(1.0, LONGEST_SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return to_host(resize(to_device(picture[None], torch.device("cpu")), size), sixteen_bit=False)[0]
