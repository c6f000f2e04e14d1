"""`vidstyle render`."""

import json as json_format
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from vidstyle.atomic import StageResult
from vidstyle.cli.options import settings_from, settings_options
from vidstyle.cli.show import console, progress_bar
from vidstyle.render.settings import RenderSettings


@click.command()
@click.argument("sources", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The result: a file, or a folder.")
@click.option("--json", is_flag=True, help="Print the record of the render on standard output.")
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
@settings_options(RenderSettings)
def render(sources: tuple[Path, ...], output: Path, json: bool, quiet: bool, recipe: Path | None, **flags: Any) -> int:
    """Paint each INPUT - a video, an image, or a folder of them - in a style.

    The result has the source's frames, times, sound, subtitles and chapters, and appears only when it is whole.
    """
    settings = settings_from(RenderSettings, "render", recipe, flags)
    from vidstyle.render.stage import run

    with _interrupt_on_terminate(), progress_bar(quiet) as on_progress:
        result = run(sources, output, settings, on_progress)
    tell(result, settings, quiet)
    if json:
        click.echo(json_format.dumps(result.record(), indent=2, ensure_ascii=False, default=str))
    return int(result.details["exit_code"])


@contextmanager
def _interrupt_on_terminate() -> Iterator[None]:
    """Let a request to terminate clean up as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def tell(result: StageResult, settings: RenderSettings, quiet: bool) -> None:
    """Print notices, warnings, errors and the summary of a render."""
    out = console(quiet)
    notices = [text for settled in result.details["files"].values() for text in settled["notices"]]
    for text in notices:
        out.print(f"Note: {text}", soft_wrap=True, markup=False)
    for text in result.warnings:
        out.print(f"Warning: {text}", soft_wrap=True, markup=False)
    if failures := result.details["failures"]:
        console().print(_table(failures))
    out.print(_summary(result, settings), soft_wrap=True, markup=False)


def _table(failures: dict[str, str]) -> Table:
    """Return which sources failed, why, and what to do."""
    table = Table("not rendered", "why, and what to do", box=None, pad_edge=False)
    for source, error in failures.items():
        table.add_row(Text(source), Text(error))
    return table


def _summary(result: StageResult, settings: RenderSettings) -> str:
    failed = _kept(len(result.details["kept"]))
    failed += f" {len(result.details['failures'])} of {len(result.inputs)} failed." * bool(result.details["failures"])
    painted = _painted(result)
    if settings.dry_run:
        return f"Would render {painted} in the style {settings.style}.{failed}"
    where = str(result.outputs[0]) if len(result.outputs) == 1 else f"{len(result.outputs)} files"
    if not result.outputs:
        return f"Nothing was rendered.{failed}"
    return f"Rendered {painted} in {result.seconds:.1f} s into {where}.{failed}"


def _kept(count: int) -> str:
    words = ("was", "is", "it") if count == 1 else ("were", "are", "them")
    there, kept, them = words
    return f" {count} {there} there already and {kept} kept; --overwrite renders {them} anew." if count else ""


def _painted(result: StageResult) -> str:
    words = [("frames", "frame"), ("pictures", "picture")]
    counted = [(result.counts.get(many, 0), one, many) for many, one in words]
    return (
        " and ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counted if count) or "nothing"
    )
