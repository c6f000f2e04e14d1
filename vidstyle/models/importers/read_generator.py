"""The reader of all files that `vidstyle import` makes a style of, by what is in them."""

from dataclasses import replace
from pathlib import Path

from vidstyle.errors import SettingsError
from vidstyle.models.importers.cut_and_cyclegan import read_public_generator
from vidstyle.models.importers.layouts import LAYOUTS
from vidstyle.models.importers.onnx_program import read_onnx_program
from vidstyle.models.onnx_network import CHANNEL_ORDERS
from vidstyle.models.style_file import Style, is_style_file, load_style
from vidstyle.models.weights import read_weights

USUAL_SIZE = 256
"""Short side in pixels at which public generators were trained, where the user does not say another."""


def read_generator(
    path: Path, size: int | None = None, values: str | None = None, channel_order: str | None = None
) -> Style:
    """Return the generator in a file as a style that paints at a short side of `size` pixels.

    A style file gives its own style, at its own size where `size` is None. `values` and `channel_order` are for a program in
    ONNX, see `read_onnx_program`. Raises StyleError that says what the file holds instead, or what in it is not supported,
    and SettingsError where they are given for another file.
    """
    if path.suffix.lower() == ".onnx":
        return read_onnx_program(path, size, values, channel_order or CHANNEL_ORDERS[0])
    if values or channel_order:
        raise SettingsError(f"--range and --channel-order are for a file .onnx, not for {path}. Leave them out.")
    if is_style_file(path):
        style = load_style(path)
        return replace(style, size=size or style.size)
    state = {name.removeprefix("module."): value for name, value in read_weights(path).items()}
    layout = next((layout for layout in LAYOUTS if layout.mark in state), None)
    if layout is not None:
        return layout.read(path, state, size or USUAL_SIZE)
    return read_public_generator(path, size or USUAL_SIZE)
