"""`vidstyle import`."""

from pathlib import Path

import click

from vidstyle.cli.show import console, print_texts, spelled
from vidstyle.files import refuse_existing
from vidstyle.settings import LARGEST_SIDE


@click.command("import")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The style file to write.")
@click.option(
    "--size",
    type=click.IntRange(16, LARGEST_SIDE),
    help="Short side in pixels that it was trained at, and paints at by default. [default: 256, that of a style]",
)
@click.option(
    "--range",
    "values",
    type=click.Choice(["-1..1", "0..1", "0..255"]),
    help="Values of black and white that an ONNX file takes and gives. [default: found by trying]",
)
@click.option(
    "--channel-order", type=click.Choice(["rgb", "bgr"]), help="Order of the colours in an ONNX file. [default: rgb]"
)
@click.option("--licence", help="Under which licence the weights are, as in CC-BY-4.0; it is kept in the style.")
@click.option("--attribution", help="Whom to name for them: authors, data, address.")
@click.option("--description", help="What the style was fitted to, in a few words.")
@click.option("--half", is_flag=True, help="Keep the weights in half precision, which halves the file.")
@click.option("--overwrite", is_flag=True, help="Replace a style that is there.")
def import_style(
    source: Path,
    output: Path,
    size: int | None,
    values: str | None,
    channel_order: str | None,
    half: bool,
    overwrite: bool,
    **texts: str | None,
) -> None:
    """Make a style of FILE, a generator that another program trained.

    Read are weights for PyTorch of CUT and CycleGAN (ResNet generators with instance norm, latest_net_G.pth), CartoonGAN,
    fast-neural-style and AnimeGANv2; and any ONNX file that makes a picture of a picture (extra onnx). Others are refused
    with the reason. FILE may be a style too, which gets the licence, the attribution and the description that are given.
    """
    import torch

    from vidstyle.models.importers.read_generator import read_generator
    from vidstyle.models.style_file import describe_generator, save_style, with_texts, without_folders

    refuse_existing(output, overwrite)
    style = without_folders(with_texts(read_generator(source, size, values, channel_order), **texts))
    save_style(style, output, torch.float16 if half else torch.float32)
    if not style.licence:
        warning = "No licence is stated, so nobody knows what the style may be used for. Give --licence."
        print_texts(console(), "Warning", [warning])
    console().print(
        f"The style is in {output}: {describe_generator(style)}. "
        f"Paint with: vidstyle render INPUT -o OUT --style {spelled(output)}",
        soft_wrap=True,
    )
