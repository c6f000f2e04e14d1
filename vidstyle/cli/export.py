"""`vidstyle export`."""

from pathlib import Path

import click

from vidstyle.cli.show import console, progress_bar
from vidstyle.errors import SettingsError, StyleError
from vidstyle.files import refuse_existing


@click.command()
@click.argument("style")
@click.option("--to", type=click.Choice(["onnx", "torchscript", "int8", "web"]), required=True, help="The format.")
@click.option("--photos", type=click.Path(path_type=Path), help="Folder of typical photos, for int8.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write; for web a folder."
)
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
def export(style: str, to: str, photos: Path | None, output: Path, overwrite: bool) -> None:
    """Write the generator of STYLE, a name or a file, for other programs.

    It takes and gives pictures, (n, 3, height, width) in [0, 1], both sides multiples of 4 (16 for a compact style).
    ONNX needs the extra onnx. With int8, which needs the extra openvino and --photos, it is what `render --precision int8` looks
    for beside a style file: style-int8.zip beside style.safetensors. With web it is a folder that any static server shows as a
    page, which paints pictures, videos and the webcam in the browser, in the student of the style where there is one.
    """
    from vidstyle.models.export import export_style
    from vidstyle.models.style_file import find_style
    from vidstyle.models.style_mixture import find_mixture

    if to == "web":
        _export_web(style, output, overwrite)
        return
    refuse_existing(output, overwrite)
    if to == "int8":
        _export_int8(find_style(style), photos, output)
    else:
        export_style(find_mixture(style).load(), output, to)
    console().print(f"The generator is in {output}.", soft_wrap=True)


def _export_int8(style: Path, photos: Path | None, output: Path) -> None:
    from vidstyle.models.int8_twin import LEAST_PSNR, make_twin, too_far, typical_pictures
    from vidstyle.models.style_file import load_style

    if photos is None:
        raise SettingsError("The ranges of 8-bit integers are measured on photos. Give a folder of some with --photos.")
    with progress_bar(quiet=False) as on_progress:
        psnr = make_twin(style, typical_pictures(photos, load_style(style).size), output, on_progress)
    if psnr < LEAST_PSNR:
        raise StyleError(
            f"{style} in 8-bit integers was not written: {too_far(psnr)} Give photos like those it paints."
        )


def _export_web(name: str, folder: Path, overwrite: bool) -> None:
    from vidstyle.models.style_file import find_student
    from vidstyle.models.style_mixture import find_mixture
    from vidstyle.models.web_page import export_web_page, refuse_other_folder
    from vidstyle.render.sizes import LARGEST_FULL_SIDE, default_side

    refuse_other_folder(folder, overwrite)
    mixture, student = find_mixture(name), find_student(name)
    style = find_mixture(str(student)).load() if student else mixture.load()
    side = default_side(style.kind, style.size, (LARGEST_FULL_SIDE, LARGEST_FULL_SIDE))
    with progress_bar(quiet=False) as on_progress:
        export_web_page(style, Path(name).stem if Path(name).suffix else name, side, folder, on_progress)
    console().print(f"The page is in {folder}. See it: python -m http.server -d {folder}", soft_wrap=True)
