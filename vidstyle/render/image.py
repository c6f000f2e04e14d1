"""One picture, from its file to its painting."""

from pathlib import Path

from vidstyle.errors import OutputError
from vidstyle.media.background import parse_colour
from vidstyle.media.images import IMAGE_SUFFIXES, pictures_in, read_image, write_image
from vidstyle.progress import OnProgress
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import Job


def check_image_target(target: Path) -> None:
    """Raise OutputError when the suffix of `target` is of no image format."""
    if target.suffix.lower() not in IMAGE_SUFFIXES:
        raise OutputError(f"Cannot write {target}: a picture becomes {', '.join(IMAGE_SUFFIXES)}. Use one of these.")


def render_image(job: Job, engine: Engine, on_progress: OnProgress) -> tuple[str, ...]:
    """Paint the picture of `job`, whole or not at all, and return what the user should know."""
    source = job.source
    picture = read_image(source, parse_colour(engine.settings.background))
    height, width = picture.shape[:2]
    sizes = engine.sizes((width, height))
    painter = engine.painter(sizes, variant=job.variant, on_progress=on_progress)
    write_image(job.target, painter.paint(picture[None], sizes, deep=False)[0])
    return (*_about_animation(source), *painter.notes)


def _about_animation(source: Path) -> tuple[str, ...]:
    count = pictures_in(source)
    return (f"{source} holds {count} pictures; the first one was painted.",) if count > 1 else ()
