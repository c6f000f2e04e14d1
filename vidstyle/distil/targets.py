"""The pairs that a student learns from: pictures, and what the teacher painted of them, kept in the run folder.

Each picture is painted once. A run that was stopped paints those that are missing.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from vidstyle.analysis.smoothing import clean
from vidstyle.checksum import identity_of, sha256_of
from vidstyle.distil.picture_source import PictureSource
from vidstyle.distil.settings import OF_TEACHER, DistilSettings
from vidstyle.errors import DependencyError, InputError, Interrupted, SettingsError
from vidstyle.files import write_json
from vidstyle.interrupt import stop_on_signal
from vidstyle.media.images import write_image
from vidstyle.progress import OnProgress, Progress, note
from vidstyle.render.engine import Engine
from vidstyle.train.start import TEACHER_FILE, read_teacher

FLAT = 1.0
"""Deviation of the values from 0 to 255 below which a picture has nothing to learn, as when a dataset is read."""


class Teacher:
    """A style with its finish, which paints one picture at a time."""

    def __init__(self, style: str, settings: DistilSettings, on_progress: OnProgress) -> None:
        self._engine = Engine(settings.of_teacher(style), on_progress)
        self.name, self._clean = style, settings.clean
        self.record: dict[str, Any] = {"style": self._engine.record()["style_sha256"], "settings": _asked(settings)}
        self.milliseconds: list[float] = []

    def paint(self, pictures: np.ndarray) -> np.ndarray:
        """Return the painting, (h, w, 3) uint8, of the last of some pictures in a row, (n, h, w, 3) uint8."""
        sizes = self._engine.sizes((pictures.shape[2], pictures.shape[1]))
        painter = self._engine.picture_painter(sizes, moving=len(pictures) > 1)
        began = perf_counter()
        painted = painter.paint(pictures, sizes, sixteen_bit=False, reset=True)[-1]
        self.milliseconds.append(1000 * (perf_counter() - began) / len(pictures))
        return clean(painted, self._clean) if self._clean else painted


def painted_by(folder: Path, style: str, settings: DistilSettings) -> bool:
    """Whether the pairs in `folder` were painted by the style file `style` as it is, under these settings."""
    about = read_teacher(folder)
    same = identity_of(about.get("settings")) == identity_of(_asked(settings))
    return same and about.get("style") == sha256_of(Path(style))


def _asked(settings: DistilSettings) -> dict[str, Any]:
    """Return the settings that decide what the teacher paints; the device does not."""
    return {name: getattr(settings, name) for name in (*OF_TEACHER, "clean", "load") if name != "device"}


def paint_targets(
    sources: Sequence[PictureSource], teacher: Teacher, folder: Path, short_side: int, on_progress: OnProgress
) -> None:
    """Paint what is missing of the pairs in `folder`: `photos` and, under the same names, `paintings`.

    Raises SettingsError where the folder holds pairs of other pictures or of another teacher, and Interrupted after Ctrl-C.
    """
    _begin(folder, {**teacher.record, "images": {source.name: source.record() for source in sources}}, teacher.name)
    with stop_on_signal() as stop:
        for number, source in enumerate(sources):
            pair = [folder / side / source.name for side in ("photos", "paintings")]
            if not all(path.is_file() for path in pair):
                try:
                    _paint(source, teacher, pair, short_side)
                except (InputError, DependencyError) as error:
                    on_progress(note(f"Left out: {error}"))
            on_progress(Progress("the teacher paints", number + 1, len(sources), "pictures"))
            if stop.asked:
                raise Interrupted(
                    f"Stopped after {number + 1} of {len(sources)} pictures of the teacher; they are kept. Give the same "
                    "command to go on."
                )
    if teacher.milliseconds:
        about = read_teacher(folder)
        write_json(folder / TEACHER_FILE, {**about, "milliseconds": median(teacher.milliseconds)})


def _paint(source: PictureSource, teacher: Teacher, pair: Sequence[Path], short_side: int) -> None:
    pictures = source.pictures(short_side)
    painted = teacher.paint(pictures)
    if any(picture.std((0, 1)).max() < FLAT for picture in (pictures[-1], painted)):
        raise InputError(f"{source.path} shows one flat colour, or is painted as one.")
    for path, picture in zip(pair, (pictures[-1], painted), strict=True):
        write_image(path, picture)


def _begin(folder: Path, about: dict[str, Any], name: str) -> None:
    """Note who paints what, or raise SettingsError where something else was painted before."""
    before = read_teacher(folder)
    if before and before["identity"] != identity_of(about):
        changed = [name for name in about if identity_of(before.get(name)) != identity_of(about[name])]
        raise SettingsError(
            f"The teacher's pictures in {folder} were painted with other {', '.join(changed)}. Use those, another --name, or "
            "--restart to begin anew."
        )
    if not before:
        for side in ("photos", "paintings"):
            (folder / side).mkdir(parents=True, exist_ok=True)
        write_json(folder / TEACHER_FILE, {"name": name, **about, "identity": identity_of(about)})
