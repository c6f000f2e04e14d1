"""`vidstyle export`."""

from pathlib import Path

import click

from vidstyle.cli.show import console
from vidstyle.files import refuse_existing


@click.command()
@click.argument("style")
@click.option("--to", type=click.Choice(["onnx", "torchscript"]), required=True, help="The format.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def export(style: str, to: str, output: Path, overwrite: bool) -> None:
    """Write the generator of STYLE, a name or a file, for other programs.

    It takes and gives pictures, (n, 3, height, width) in [0, 1], both sides multiples of 4 (16 for a compact style).
    ONNX needs the extra onnx.
    """
    from vidstyle.models.export import export_style
    from vidstyle.models.style_mixture import find_mixture

    refuse_existing(output, overwrite)
    export_style(find_mixture(style).load(), output, to)
    console().print(f"The generator is in {output}.", soft_wrap=True)
