"""Files that are dropped on the page: the control that takes them, how they are looked at, and how they are kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidstyle.errors import VidstyleError, text_of
from vidstyle.media.file_kinds.picture_formats import is_picture
from vidstyle.studio.gradio_import import gradio
from vidstyle.studio.studio import Studio

DROP_ZONE_HEIGHT = 90


def drop_zone(label: str, name: str, *, several: bool = False) -> Any:
    """Return a control on which a file is dropped, or several; its element is `name`."""
    count, classes = ("multiple", ["drop", "several"]) if several else ("single", ["drop"])
    return gradio().File(label=label, file_count=count, height=DROP_ZONE_HEIGHT, elem_id=name, elem_classes=classes)


def pictures_and_videos(studio: Studio, paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the pictures and the videos among files; raises VidstyleError for what is neither."""
    pictures = [path for path in paths if is_picture(path)]
    videos = [path for path in paths if path not in pictures]
    for path in videos:
        _check(studio, path)
    return pictures, videos


def keep_dropped(studio: Studio, uploads: Sequence[str] | None) -> list[str]:
    """Keep dropped files and return their names; raises VidstyleError where one is neither picture nor video."""
    paths = [Path(upload) for upload in uploads or ()]
    for path in paths:
        _check(studio, path)
    return [studio.keep(path) for path in paths]


def _check(studio: Studio, path: Path) -> None:
    """Raise VidstyleError, which has the name alone of a file that was dropped, where it is neither picture nor video."""
    try:
        studio.preview.ask("describe", path=str(path))
    except VidstyleError as error:
        raise VidstyleError(text_of(error).replace(str(path), path.name)) from error
