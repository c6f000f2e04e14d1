"""`vidstyle render`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from vidstyle.cli.options import flag_options, settings_from, settings_options
from vidstyle.cli.show import console, print_result, print_texts, progress_bar
from vidstyle.cluster.settings import LOCAL, ClusterSettings, is_address
from vidstyle.errors import SettingsError
from vidstyle.files import as_json
from vidstyle.interrupt import interrupt_on_terminate
from vidstyle.progress import StageResult
from vidstyle.render.settings import RenderSettings
from vidstyle.settings import describe


class RenderCommand(click.Command):
    """Lets inputs follow `--ray`: it takes the next argument along only where that is an address."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, with the address of this machine where `--ray` has none."""
        return super().parse_args(ctx, _with_address(args))


def _with_address(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the address of this machine after each `--ray` that no address follows."""
    spelled = list(arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    for index, argument in enumerate(arguments[:end]):
        following = arguments[index + 1] if index + 1 < len(arguments) else ""
        if argument == "--ray" and not is_address(following):
            spelled[index] = f"--ray={LOCAL}"
    return spelled


@click.command(cls=RenderCommand)
@click.argument("sources", metavar="INPUT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(), required=True, help="The result: a file, or a folder.")
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
    output: str,
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
    print_summary(result, settings, quiet)
    if json:
        print_result(as_json(result.record()))
    return int(result.details["exit_code"])


def _cluster_settings(ray: str | None, flags: dict[str, Any]) -> ClusterSettings:
    """Take the settings of the cluster out of `flags`.

    Raises SettingsError where they are given without `--ray`, and where `--ray` has no valid address.
    """
    names = [setting.name for setting in describe(ClusterSettings)]
    given = {name: value for name in names if (value := flags.pop(name)) is not None}
    if given and ray is None:
        raise SettingsError(f"--{next(iter(given)).replace('_', '-')} is for a cluster. Add --ray.")
    if ray is not None and ray != LOCAL and not is_address(ray):
        raise SettingsError(f"--ray={ray} is no address. Give HOST:PORT or auto, or --ray alone for this machine.")
    return ClusterSettings.resolve({}, given)


def print_summary(result: StageResult, settings: RenderSettings, quiet: bool) -> None:
    """Print notes, warnings, errors and the summary of a render."""
    out = console(quiet)
    for outcome in result.details["files"].values():
        print_texts(out, "Note", outcome["notices"])
    print_texts(out, "Warning", result.warnings)
    if failures := result.details["failures"]:
        console().print(_table(failures))
    out.print(_summary(result, settings), soft_wrap=True)


def _table(failures: dict[str, str]) -> Table:
    """Return a table of the results that are missing, why, and what to do."""
    table = Table("not rendered", "why, and what to do", box=None, pad_edge=False)
    for target, error in failures.items():
        table.add_row(Text(target), Text(error))
    return table


def _summary(result: StageResult, settings: RenderSettings) -> str:
    painted, rest = _painted(result), _kept(len(result.details["kept"]))
    if failures := result.details["failures"]:
        rest += f" {len(failures)} of {len(result.inputs)} failed."
    if settings.dry_run:
        finish = f" with the finish {result.details['finish']}" if result.details["finish"] else ""
        return f"Would render {painted} in the style {settings.style}{finish}.{rest}"
    if not result.outputs:
        return f"Nothing was rendered.{rest}"
    where = str(result.outputs[0]) if len(result.outputs) == 1 else f"{len(result.outputs)} files"
    return f"Rendered {painted} in {result.seconds:.1f} s into {where}.{rest}"


def _kept(count: int) -> str:
    """Return the sentence about results that existed before, empty where there are none."""
    if not count:
        return ""
    if count == 1:
        return " 1 was there already and is kept; --overwrite renders it anew."
    return f" {count} were there already and are kept; --overwrite renders them anew."


def _painted(result: StageResult) -> str:
    """Return how many frames of videos and how many pictures were painted, in words."""
    parts = []
    for singular, plural in (("frame", "frames"), ("picture", "pictures")):
        if count := result.counts.get(plural, 0):
            parts.append(f"{count:,} {singular if count == 1 else plural}")
    return " and ".join(parts) or "nothing"
