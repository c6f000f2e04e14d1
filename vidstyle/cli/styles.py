"""`vidstyle styles`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidstyle.api import PICTURE_SETTINGS
from vidstyle.cli.options import flag_options, settings_from
from vidstyle.cli.show import console, progress_bar, standard_output
from vidstyle.errors import SettingsError, StyleError
from vidstyle.render.settings import RenderSettings
from vidstyle.settings import MOST_SECONDS

if TYPE_CHECKING:
    from vidstyle.models.style_file import Style

NOT_STATED = "not stated"


@click.command()
@click.option(
    "--sheet",
    "source",
    type=click.Path(path_type=Path),
    help="Photo, or video of which a frame is taken, to paint in every style.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The sheet to write, with --sheet.")
@click.option("--at", type=click.FloatRange(0, MOST_SECONDS), help="Second of the video's frame. [default: the middle]")
@click.option("--overwrite", is_flag=True, help="Replace a sheet that is there.")
@flag_options(RenderSettings, PICTURE_SETTINGS)
def styles(source: Path | None, output: Path | None, at: float | None, overwrite: bool, **flags: Any) -> None:
    """List the styles that can be rendered by name, those of the package and of runs/.

    Each has its licence, what it was fitted to, and its generator. With --sheet they are painted instead: a photo, or a frame
    of a video, in every style beside the source, as vidstyle render paints it with the options that follow --overwrite.
    """
    if source is not None and output is not None:
        settings = settings_from(RenderSettings, "render", None, {**flags, "overwrite": overwrite})
        _write_sheet(source, output, settings, at)
    elif source is not None or output is not None:
        raise SettingsError("A sheet needs both: --sheet FILE, what to paint, and -o SHEET, where to write it.")
    elif at is not None or overwrite or any(value is not None for value in flags.values()):
        raise SettingsError("The options of vidstyle styles are for a sheet. Add --sheet FILE -o SHEET.")
    else:
        _list()


def _write_sheet(source: Path, output: Path, settings: RenderSettings, at_seconds: float | None) -> None:
    from vidstyle.models.style_file import renderable_styles
    from vidstyle.render.sheet.style_sheet import write_style_sheet

    with progress_bar() as on_progress:
        write_style_sheet(source, output, renderable_styles(), settings, at_seconds, on_progress)
    console().print(f"The sheet is in {output}.", soft_wrap=True)


def _list() -> None:
    from vidstyle.models.style_file import renderable_styles

    with standard_output() as out:
        for name, path in renderable_styles().items():
            out.print(name, soft_wrap=True)
            for label, text in _rows(path):
                out.print(f"  {label:<12} {text}", soft_wrap=True)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what is to be told of the style in a file, each part with its label; of a broken one, what is wrong."""
    from vidstyle.models.style_file import describe_generator, load_style

    try:
        style = load_style(path)
    except StyleError as error:
        yield "broken", str(error)
        return
    yield "fitted to", style.description or NOT_STATED
    yield "licence", style.licence or NOT_STATED
    yield "attribution", style.attribution or NOT_STATED
    yield "generator", f"{describe_generator(style)}, short side {style.size}"
    yield "made by", _origin(style)
    yield "file", str(path)


def _origin(style: "Style") -> str:
    """Return how the style was made, as far as its history tells."""
    method, steps = style.history.get("settings", {}).get("method"), style.history.get("steps")
    if isinstance(steps, int) and method:
        return f"{steps:,} steps of {method}"
    imported = style.history.get("imported_from")
    return f"import of {imported}" if imported else NOT_STATED
