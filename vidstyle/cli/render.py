"""`vidstyle render`."""

import json as json_format
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from vidstyle.cli.options import flag_options, settings_from, settings_options
from vidstyle.cli.show import console, progress_bar
from vidstyle.cluster.settings import LOCAL, ClusterSettings, is_address
from vidstyle.errors import SettingsError
from vidstyle.interrupt import interrupt_on_terminate
from vidstyle.progress import StageResult
from vidstyle.render.settings import RenderSettings
from vidstyle.settings import describe


class RenderCommand(click.Command):
    """Lets inputs stand after `--ray` too: it takes the next word along only where that is an address."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, with the address spelled out where there is none."""
        return super().parse_args(ctx, _spelled_out(args))


def _spelled_out(words: Sequence[str]) -> list[str]:
    options = words.index("--") if "--" in words else len(words)
    bare = [
        place < options and one == "--ray" and not is_address(after)
        for place, (one, after) in enumerate(zip(words, [*words[1:], ""], strict=True))
    ]
    return [f"--ray={LOCAL}" if is_bare else one for one, is_bare in zip(words, bare, strict=True)]


@click.command(cls=RenderCommand)
@click.argument("sources", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The result: a file, or a folder.")
@click.option("--json", is_flag=True, help="Print the record of the render on standard output.")
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
@settings_options(RenderSettings)
@click.option(
    "--ray",
    metavar="[ADDRESS]",
    help="Render on the workers of a Ray cluster: HOST:PORT, auto (the one of this machine), or, without an address, "
    "this machine's GPUs or CPU cores (extra ray).",
)
@flag_options(ClusterSettings)
def render(
    sources: tuple[Path, ...],
    output: Path,
    json: bool,
    quiet: bool,
    recipe: Path | None,
    ray: str | None,
    **flags: Any,
) -> int:
    """Paint each INPUT - a video, an image, or a folder of them - in a style.

    The result has the source's frames, times, sound, subtitles and chapters, and appears only when it is whole.
    """
    cluster = _cluster_settings(ray, flags)
    settings = settings_from(RenderSettings, "render", recipe, flags)
    with interrupt_on_terminate(), progress_bar(quiet) as on_progress:
        if ray is None:
            from vidstyle.render.stage import run

            result = run(sources, output, settings, on_progress)
        else:
            from vidstyle.cluster.stage import run as run_on_ray

            result = run_on_ray(sources, output, settings, cluster, ray, on_progress)
    tell(result, settings, quiet)
    if json:
        click.echo(json_format.dumps(result.record(), indent=2, ensure_ascii=False, default=str))
    return int(result.details["exit_code"])


def _cluster_settings(ray: str | None, flags: dict[str, Any]) -> ClusterSettings:
    """Take what is for the cluster out of `flags`; raises SettingsError for it without a cluster, and for no address."""
    names = [one.name for one in describe(ClusterSettings)]
    given = {name: value for name in names if (value := flags.pop(name)) is not None}
    if given and ray is None:
        raise SettingsError(f"--{next(iter(given)).replace('_', '-')} is for a cluster. Add --ray.")
    if ray is not None and ray != LOCAL and not is_address(ray):
        raise SettingsError(f"--ray={ray} is no address. Give HOST:PORT or auto, or --ray alone for this machine.")
    return ClusterSettings.resolve({}, given)


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
    """Return which results are missing, why, and what to do."""
    table = Table("not rendered", "why, and what to do", box=None, pad_edge=False)
    for target, error in failures.items():
        table.add_row(Text(target), Text(error))
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
