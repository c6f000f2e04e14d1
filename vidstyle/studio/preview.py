"""What the page shows of a source before it is rendered; every function here is one request to the preview's process."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from vidstyle.errors import InputError
from vidstyle.files import whole_file
from vidstyle.media.codecs import CONTAINERS
from vidstyle.media.file_kinds.kinds import Kind, kind_of
from vidstyle.media.images import jpeg_of, write_image
from vidstyle.media.probe import probe
from vidstyle.models.style_file import renderable_styles
from vidstyle.render.engine import Engine
from vidstyle.render.journal import Journal, Segment
from vidstyle.render.painter import Painter
from vidstyle.render.plan import plan_video
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sheet.sheet_source import SheetSource, read_sheet_source
from vidstyle.render.sizes import Sizes
from vidstyle.render.stage import run
from vidstyle.render.work_folder import RenderFolder

PREVIEW_SECONDS = 2.0
"""Length of a moving preview."""
THUMBNAIL_WIDTH, THUMBNAIL_QUALITY = 240, 80
REMEMBERED_ENGINES = 3
FEW_PIXELS = (64, 64)
NOT_OF_ONE_FRAME = {"codec": "auto", "crf": 18, "overwrite": False}
"""Settings without effect on how a frame is painted."""
_seconds: dict[tuple[RenderSettings, Sizes], float] = {}
"""The least that a frame took to paint; the first one also pays for the start of its networks."""


def styles() -> list[str]:
    """Return the names of the styles of the package and of the runs."""
    return list(renderable_styles())


def warm() -> None:
    """Paint a few pixels in the default style: what is loaded for the first painting is then there."""
    asked = _of_one_frame({})
    engine = _engine(asked, _stamp(asked.style))
    sizes = engine.sizes(FEW_PIXELS)
    engine.picture_painter(sizes).paint(np.zeros((1, *FEW_PIXELS, 3), np.uint8), sizes, sixteen_bit=False)


def describe(path: str) -> dict[str, Any]:
    """Return what a source is; raises InputError for what is neither picture nor video."""
    source = Path(path)
    if kind_of(source) is Kind.PICTURE:
        shown = read_sheet_source(source, None, RenderSettings())
        return {"kind": "picture", "size": shown.size, "seconds": None, "frames": 1, "fps": None}
    clip = probe(source)
    seconds = None if clip.duration is None else float(clip.duration)
    frames = clip.frames or (round(seconds * clip.frame_rate) if seconds else None)
    return {
        "kind": "video",
        "size": clip.upright_size,
        "seconds": seconds,
        "frames": frames,
        "fps": float(clip.frame_rate),
    }


def thumbnail(path: str, second: float | None, folder: str) -> str:
    """Return the file of a small picture of a source at a second; raises VidstyleError."""
    target = _file(folder, "thumbnail", path, second)
    if not target.exists():
        shown = read_sheet_source(Path(path), second, RenderSettings()).as_shown()
        step = max(1, shown.shape[1] // THUMBNAIL_WIDTH)
        with whole_file(target) as partial:
            partial.write_bytes(jpeg_of(np.ascontiguousarray(shown[::step, ::step]), THUMBNAIL_QUALITY))
    return str(target)


def paint(path: str, second: float | None, settings: dict[str, Any], folder: str) -> dict[str, Any]:
    """Paint a photo, or the frame of a video at a second, as `vidstyle render` paints it.

    Returns the files of the source and of the painting, and the seconds that a frame takes, None where none was painted yet.
    Raises VidstyleError.
    """
    asked = _of_one_frame(settings)
    source = _file(folder, "source", path, second).with_suffix(".png")
    painted = _file(folder, "painted", path, second, asked.record()).with_suffix(".png")
    shown = _shown(path, second, _stamp(path))
    if not source.exists():
        write_image(source, shown.as_shown())
    engine = _engine(asked, _stamp(asked.style))
    sizes = engine.sizes(shown.size)
    painter = _painter(engine, sizes, shown.colours)
    key = (asked, sizes)
    if not painted.exists():
        began = monotonic()
        picture = painter.paint(shown.pixels[None], sizes, sixteen_bit=False)[0]
        taken = monotonic() - began
        _seconds[key] = min(taken, _seconds.get(key, taken))
        write_image(painted, picture)
    return {"source": str(source), "painted": str(painted), "seconds": _seconds.get(key)}


def room(path: str, target: str, settings: dict[str, Any]) -> int:
    """Return about how many bytes a render takes while it works, 0 for a photo and where the length is unknown."""
    asked = RenderSettings.resolve({}, settings)
    if kind_of(Path(path)) is Kind.PICTURE or Path(target).suffix.lower() not in CONTAINERS:
        return 0
    clip, engine = probe(Path(path)), _engine(asked, _stamp(asked.style))
    sizes = engine.sizes(clip.upright_size)
    plan = plan_video(clip, Path(target), sizes, engine.upscaler_name(sizes), engine.decided(asked, sizes))
    return plan.needed_bytes


def moving(path: str, second: float, settings: dict[str, Any], folder: str) -> str:
    """Return the file of two seconds of a video, rendered from a second on; raises VidstyleError."""
    cut = {**settings, "start": second, "end": second + PREVIEW_SECONDS, "codec": "auto", "overwrite": False}
    asked = RenderSettings.resolve({}, cut)
    target = _file(folder, "moving", path, second, asked.record()).with_suffix(".mp4")
    if not target.exists():
        run(Path(path), target, asked)
    return str(target)


def newest(target: str, folder: str) -> str | None:
    """Return the file of the last frame of the newest whole segment of an unfinished render, None before the first."""
    work = RenderFolder(Path(target), "")
    segments = [entry for _, entry in Journal(work.journal).read() if isinstance(entry, Segment)]
    found = next(iter(work.path.glob(f"{segments[-1].number:06d}.[!s]*")), None) if segments else None
    if found is None:
        return None
    clip = probe(found)
    last = max(0.0, float(clip.duration or 0) - 1.5 / float(clip.frame_rate))
    picture = _file(folder, "newest", str(found), segments[-1].sha256)
    if not picture.exists():
        shown = read_sheet_source(found, last, RenderSettings()).as_shown()
        with whole_file(picture) as partial:
            partial.write_bytes(jpeg_of(shown, THUMBNAIL_QUALITY))
    return str(picture)


REQUESTS = {
    function.__name__: function for function in (styles, warm, describe, thumbnail, paint, room, moving, newest)
}


def _of_one_frame(settings: dict[str, Any]) -> RenderSettings:
    return RenderSettings.resolve({}, {**settings, **NOT_OF_ONE_FRAME, "batch": 1})


def _stamp(path: str) -> tuple[int, int]:
    """Return what tells a changed file or run from the one before."""
    style = Path("runs", path, "style.safetensors")
    for file in (Path(path), style):
        if path and file.is_file():
            return file.stat().st_mtime_ns, file.stat().st_size
    return 0, 0


def _file(folder: str, purpose: str, path: str, *details: object) -> Path:
    """Return the file in `folder` that holds what was made of a source with such details."""
    key = json.dumps([purpose, path, _stamp(path), *details], default=str)
    style = next((detail["style"] for detail in details if isinstance(detail, dict)), "")
    key += str(_stamp(style))
    return Path(folder) / f"{purpose}-{hashlib.sha256(key.encode()).hexdigest()[:20]}.jpg"


@lru_cache(REMEMBERED_ENGINES)
def _engine(settings: RenderSettings, stamp: tuple[int, int]) -> Engine:
    return Engine(settings)


@lru_cache(REMEMBERED_ENGINES)
def _shown(path: str, second: float | None, stamp: tuple[int, int]) -> SheetSource:
    return read_sheet_source(Path(path), second, RenderSettings())


@lru_cache(REMEMBERED_ENGINES)
def _painter(engine: Engine, sizes: Sizes, colours: Any) -> Painter:
    return engine.picture_painter(sizes, colours=colours)


def answer(request: Sequence[Any]) -> Any:
    """Return what the request [name, arguments] asks for; raises VidstyleError."""
    name, arguments = request
    if name not in REQUESTS:
        raise InputError(f"There is no request {name!r}.")
    return REQUESTS[name](**arguments)
