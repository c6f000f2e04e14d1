"""`vidstyle import`."""

from pathlib import Path

import click

from vidstyle.cli.show import console, spelled
from vidstyle.files import refuse_existing
from vidstyle.settings import LARGEST_SIDE


@click.command("import")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The style file to write.")
@click.option(
    "--size",
    type=click.IntRange(16, LARGEST_SIDE),
    default=256,
    help="Short side in pixels that it was trained at, and paints at by default. [default: 256]",
)
@click.option("--overwrite", is_flag=True, help="Replace a style that is there.")
def import_style(source: Path, output: Path, size: int, overwrite: bool) -> None:
    """Make a style of FILE, a generator (latest_net_G.pth) of the public CUT or CycleGAN code.

    ResNet generators with instance norm are read, CUT's and CycleGAN's; others are refused with the reason.
    """
    from vidstyle.models.import_public import read_public_generator
    from vidstyle.models.style_file import save_style

    refuse_existing(output, overwrite)
    style = read_public_generator(source, size)
    save_style(style, output)
    console().print(
        f"The style is in {output}: {style.kind}, {style.channels} channels, {style.blocks} blocks. "
        f"Paint with: vidstyle render INPUT -o OUT --style {spelled(output)}",
        soft_wrap=True,
    )
