"""Photos at the size a run paints them, and what the run makes of them, as folders of PNG files."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidstyle import __version__
from vidstyle.checksum import sha256_of
from vidstyle.device import DTYPES, resolve_device, resolve_precision
from vidstyle.evaluate.image_sets import Pictures, by_name, open_folders, read_ahead
from vidstyle.evaluate.runs import FinishedRun
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.files import write_json
from vidstyle.media.images import write_image
from vidstyle.models.inst.diversifier import Diversifier, load_diffusion
from vidstyle.models.inst.look_file import load_inversion
from vidstyle.models.inst.variation import Variation
from vidstyle.models.resize import resize
from vidstyle.models.style_file import Style, find_style, load_style
from vidstyle.models.style_generator import SMALLEST_SIDE, StyleGenerator, painted_size
from vidstyle.pixels import to_device, to_host
from vidstyle.progress import OnProgress, Progress
from vidstyle.user_cache import user_cache

RECORD = "painted.json"
Paint = Callable[[Tensor], Tensor]
"""Maps (1, 3, h, w) in [0, 1] to the same shape and range."""


@dataclass(frozen=True)
class Painted:
    """A run's pictures of the photos, the median time that one took, and what it was painted with."""

    pictures: Pictures
    milliseconds: float
    device: str
    precision: str


def scaled_photos(photos: Pictures, short_side: int, on_progress: OnProgress) -> Pictures:
    """Return the photos at the size at which a style paints them, kept in the user's cache as PNG under their names.

    Raises InputError when two share a name or one cannot be read.
    """
    named = by_name(photos)
    folder = user_cache() / "photos" / _identity(short_side, photos.named_content)
    if not (folder / RECORD).is_file():
        pictures = read_ahead(photos.paths, lambda rgb: _scaled(rgb, short_side))
        for done, (name, picture) in enumerate(zip(named, pictures, strict=True), 1):
            write_image(folder / f"{name}.png", picture)
            on_progress(Progress("scaling photos", done, len(photos), "photos"))
        write_json(folder / RECORD, {"photos": photos.place, "short_side": short_side})
    return replace(open_folders(folder), made_from=photos.place)


def _scaled(rgb: np.ndarray, short_side: int) -> np.ndarray:
    size = painted_size((rgb.shape[1], rgb.shape[0]), max(short_side, SMALLEST_SIDE))
    return to_host(resize(to_device(rgb[None], torch.device("cpu")), size), deep=False)[0]


def paint(run: FinishedRun, photos: Pictures, short_side: int, device: str, on_progress: OnProgress) -> Painted:
    """Return what the run's style makes of `photos`, which have that short side, kept in its folder and made only once.

    The number format is the one in which `render` paints by itself. Raises StyleError or DeviceError.
    """
    where = resolve_device(device)
    made_of = [sha256_of(run.folder.style), photos.named_content]

    def make(precision: str) -> Paint:
        return StyleGenerator(run.style, where, DTYPES[precision])

    folder = run.path / "evaluation" / f"{short_side}px"
    return painted_once(folder, photos, made_of, make, where, on_progress)


def painted_once(
    folder: Path,
    photos: Pictures,
    made_of: Sequence[Any],
    make: Callable[[str], Paint],
    where: torch.device,
    on_progress: OnProgress,
) -> Painted:
    """Return what `make`, given a number format, paints of the photos into `folder`; kept there while `made_of` stays.

    Another version of the package paints anew.
    """
    dtype = resolve_precision("auto", where)
    precision = next(name for name, one in DTYPES.items() if one == dtype)
    identity = _identity(__version__, *made_of, str(where), precision)
    if _identity_in(folder) != identity:
        shutil.rmtree(folder, ignore_errors=True)
        seconds = _paint(make(precision), photos, folder, where, on_progress)
        record = {"identity": identity, "milliseconds": 1000 * seconds}
        write_json(folder / RECORD, {**record, "device": str(where), "precision": precision})
    record = json.loads((folder / RECORD).read_text())
    return Painted(open_folders(folder), record["milliseconds"], record["device"], record["precision"])


def _paint(paint: Paint, photos: Pictures, folder: Path, where: torch.device, on_progress: OnProgress) -> float:
    """Paint every photo into `folder` and return the median seconds of one, from host memory and back to it."""
    seconds = []
    for done, (path, rgb) in enumerate(zip(photos.paths, read_ahead(photos.paths, np.asarray), strict=True), 1):
        started = time.perf_counter()
        painted = to_host(paint(to_device(rgb[None], where)), deep=False)[0]
        seconds.append(time.perf_counter() - started)
        write_image(folder / f"{path.stem}.png", painted)
        on_progress(Progress(f"painting in {folder.parent.parent.name}", done, len(photos), "photos"))
    return median(seconds)


def _identity_in(folder: Path) -> str | None:
    record = folder / RECORD
    return json.loads(record.read_text())["identity"] if record.is_file() else None


def _identity(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def vary(
    run: FinishedRun, photos: Pictures, short_side: int, settings: EvaluateSettings, on_progress: OnProgress
) -> list[Painted]:
    """Return `settings.diversify` results of each photo, by seeds from 0, kept in the run's folder and made only once.

    Where the settings say so a style paints the photos first. Raises StyleError, DependencyError or DeviceError.
    """
    where = resolve_device(settings.device)
    style = find_style(settings.paint_with) if settings.paint_with else None
    look = load_inversion(run.folder.look)
    asked = [settings.strength, settings.diversify_base]
    made_of = [sha256_of(run.folder.look), sha256_of(style) if style else "", asked, photos.named_content]

    @cache
    def models(precision: str) -> tuple[Paint, Diversifier]:
        base = load_diffusion(look, settings.diversify_base, where, precision, on_progress)
        diversifier = Diversifier(base, look.word, Variation(settings.strength), seed=0)
        return _painter(load_style(style) if style else None, where, precision), diversifier

    def results(seed: int) -> Painted:
        def make(precision: str) -> Paint:
            paint, diversifier = models(precision)
            varied = diversifier.with_seed(seed)
            return lambda images: varied(paint(images).float())

        folder = run.path / "evaluation" / f"{short_side}px-{seed + 1:02d}"
        return painted_once(folder, photos, [*made_of, seed], make, where, on_progress)

    return [results(seed) for seed in range(settings.diversify)]


def _painter(style: Style | None, where: torch.device, precision: str) -> Paint:
    return (lambda images: images) if style is None else StyleGenerator(style, where, DTYPES[precision])
