"""Photos scaled to the size at which a run paints them, and the run's paintings of them, as folders of PNG files.

Both are kept: the scaled photos in the user's cache, the paintings in the run's folder. Each folder holds `painted.json`,
by which a later evaluation knows that it can use the folder again.
"""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidstyle import __version__
from vidstyle.checksum import identity_of, sha256_of
from vidstyle.device import DTYPES, resolve_device, resolve_precision
from vidstyle.evaluate.image_sets import ImageSet, by_name, open_folders, read_ahead
from vidstyle.evaluate.runs import FinishedRun
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.files import DAMAGE, write_json
from vidstyle.media.images import write_image
from vidstyle.models.inst.diversifier import Diversifier, load_diffusion
from vidstyle.models.inst.diversifier_config import DiversifierConfig
from vidstyle.models.inst.look_file import load_look
from vidstyle.models.resize import resize
from vidstyle.models.style_file import Style
from vidstyle.models.style_generator import SMALLEST_SIDE, StyleGenerator, painted_size
from vidstyle.models.style_mixture import find_mixture
from vidstyle.pixels import to_device, to_host
from vidstyle.progress import OnProgress, Progress
from vidstyle.user_cache import user_cache

RECORD = "painted.json"
IDENTITY_DIGITS = 32
Paint = Callable[[Tensor], Tensor]
"""Maps (1, 3, h, w) in [0, 1] to the same shape and range."""
LoadPaint = Callable[[str], Paint]
"""Loads what paints, given the name of a number format."""


@dataclass(frozen=True)
class PaintedPhotos:
    """A run's pictures of the photos, the median time that one took, and what it was painted with."""

    pictures: ImageSet
    milliseconds: float
    device: str
    precision: str


def scale_photos(photos: ImageSet, short_side: int, on_progress: OnProgress) -> ImageSet:
    """Return the photos at the size at which a style paints them, kept in the user's cache as PNG under their names.

    Raises InputError when two share a name or one cannot be read.
    """
    names = by_name(photos)
    folder = user_cache() / "photos" / identity_of([short_side, photos.named_checksums])[:IDENTITY_DIGITS]
    if not (folder / RECORD).is_file():
        pictures = read_ahead(photos.paths, partial(_scale, short_side=short_side))
        for done, (name, picture) in enumerate(zip(names, pictures, strict=True), 1):
            write_image(folder / f"{name}.png", picture)
            on_progress(Progress("scaling photos", done, len(photos), "photos"))
        write_json(folder / RECORD, {"photos": photos.label, "short_side": short_side})
    return replace(open_folders(folder), copied_from=photos.label)


def _scale(rgb: np.ndarray, short_side: int) -> np.ndarray:
    size = painted_size((rgb.shape[1], rgb.shape[0]), max(short_side, SMALLEST_SIDE))
    return to_host(resize(to_device(rgb[None], torch.device("cpu")), size), sixteen_bit=False)[0]


def paint(run: FinishedRun, photos: ImageSet, short_side: int, device: str, on_progress: OnProgress) -> PaintedPhotos:
    """Return the paintings that the run's style makes of `photos`, which have that short side.

    They are kept in the run's folder and painted only once, in the number format that `render` chooses by itself. Raises
    StyleError or DeviceError.
    """
    torch_device = resolve_device(device)
    depends_on = [sha256_of(run.folder.style), photos.named_checksums]

    def load(precision: str) -> Paint:
        return StyleGenerator(run.style, torch_device, DTYPES[precision])

    folder = run.path / "evaluation" / f"{short_side}px"
    return _paint_unless_kept(folder, photos, depends_on, load, torch_device, on_progress)


def paint_variants(
    run: FinishedRun, photos: ImageSet, short_side: int, settings: EvaluateSettings, on_progress: OnProgress
) -> list[PaintedPhotos]:
    """Return `settings.diversify` results of each photo, with the seeds 0, 1, 2, ...

    They are kept in the run's folder and painted only once. With `settings.paint_with` a style paints the photos first.
    Raises StyleError, DependencyError or DeviceError.
    """
    device = resolve_device(settings.device)
    styles = find_mixture(settings.paint_with) if settings.paint_with else None
    look = load_look(run.folder.look)
    files = [sha256_of(run.folder.look), styles.identity() if styles else ""]
    depends_on = [*files, [settings.strength, settings.diversify_base], photos.named_checksums]

    @cache
    def load_models(precision: str) -> tuple[Paint, Diversifier]:
        base = load_diffusion(look, settings.diversify_base, device, precision, on_progress)
        diversifier = Diversifier(base, look.embedding, DiversifierConfig(settings.strength), seed=0)
        return _load_painter(styles.load() if styles else None, device, precision), diversifier

    def load(precision: str, seed: int) -> Paint:
        painter, diversifier = load_models(precision)
        vary = diversifier.with_seed(seed)
        return lambda images: vary(painter(images).float())

    variants = []
    for seed in range(settings.diversify):
        folder = run.path / "evaluation" / f"{short_side}px-{seed + 1:02d}"
        load_variant = partial(load, seed=seed)
        variants.append(_paint_unless_kept(folder, photos, [*depends_on, seed], load_variant, device, on_progress))
    return variants


def _load_painter(style: Style | None, device: torch.device, precision: str) -> Paint:
    if style is None:
        return lambda images: images
    return StyleGenerator(style, device, DTYPES[precision])


def _paint_unless_kept(
    folder: Path,
    photos: ImageSet,
    depends_on: Sequence[Any],
    load: LoadPaint,
    device: torch.device,
    on_progress: OnProgress,
) -> PaintedPhotos:
    """Return the paintings in `folder`, painted first unless they are there and what they depend on is the same.

    They also depend on the version of the package, the device and the number format.
    """
    dtype = resolve_precision("auto", device)
    precision = next(name for name, known in DTYPES.items() if known == dtype)
    identity = identity_of([__version__, *depends_on, str(device), precision])[:IDENTITY_DIGITS]
    if _record_in(folder).get("identity") != identity:
        shutil.rmtree(folder, ignore_errors=True)
        seconds = _paint_all(load(precision), photos, folder, device, on_progress)
        record = {"identity": identity, "milliseconds": 1000 * seconds}
        write_json(folder / RECORD, {**record, "device": str(device), "precision": precision})
    painted = _record_in(folder)
    return PaintedPhotos(open_folders(folder), painted["milliseconds"], painted["device"], painted["precision"])


def _paint_all(paint: Paint, photos: ImageSet, folder: Path, device: torch.device, on_progress: OnProgress) -> float:
    """Paint every photo into `folder` and return the median seconds of one, from host memory and back to it."""
    seconds = []
    for done, (path, rgb) in enumerate(zip(photos.paths, read_ahead(photos.paths, np.asarray), strict=True), 1):
        started = time.perf_counter()
        picture = to_host(paint(to_device(rgb[None], device)), sixteen_bit=False)[0]
        seconds.append(time.perf_counter() - started)
        write_image(folder / f"{path.stem}.png", picture)
        on_progress(Progress(f"painting in {folder.parent.parent.name}", done, len(photos), "photos"))
    return median(seconds)


def _record_in(folder: Path) -> dict[str, Any]:
    """Return what is recorded of the paintings in a folder, nothing where that is missing or damaged."""
    with suppress(FileNotFoundError, *DAMAGE):
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {
            "identity": record["identity"],
            "milliseconds": float(record["milliseconds"]),
            "device": str(record["device"]),
            "precision": str(record["precision"]),
        }
    return {}
