"""Any ONNX file that makes a picture of a picture, as a style; how it takes pictures is found by looking and trying."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.errors import StyleError
from vidstyle.models.onnx_network import DTYPES, LAYOUTS, OnnxNetwork, PictureForm, open_session
from vidstyle.models.style_file import ONNX, Style

MULTIPLES = (4, 8, 16, 32)
"""Multiples of pixels that a side may have to be, tried in this order."""
TRIAL_SIDE = 64
"""Side in pixels of the trial picture; a multiple is added to it, so that it is no multiple of the next one."""
LARGEST_OF_ONE = 4.0
"""Larger values than this come of a program whose white is 255, not 1."""
NEGATIVE = -0.05
"""Smaller values than this come of a program whose black is -1."""


def read_onnx_program(path: Path, size: int | None, values: str | None, channel_order: str) -> Style:
    """Return the program in an ONNX file as a style that paints at a short side of `size` pixels, by default 256 or its own.

    `values` is one of RANGES, None to find it by trying. Raises StyleError that says why the program makes no picture of a
    picture, and DependencyError without onnxruntime.
    """
    try:
        program = path.read_bytes()
    except OSError as error:
        raise StyleError(f"Cannot read {path}: {error.strerror}. Check the path.") from error
    try:
        weights = {ONNX: torch.frombuffer(bytearray(program), dtype=torch.uint8)}
        form = _tried_form(weights[ONNX], _stated_forms(open_session(program), channel_order), values)
    except StyleError as error:
        raise StyleError(f"Cannot make a style of {path}: {error}") from error
    usual = min(form.width, form.height) if form.width else 256
    return Style(ONNX, 1, 1, size or usual, weights, {"imported_from": path.name}, program=form.record())


def _tried_form(program: Tensor, forms: Sequence[PictureForm], values: str | None) -> PictureForm:
    """Return the first of the stated forms in which the program makes a picture, completed; raises StyleError."""
    cause = StyleError("It takes no picture.")
    for form in forms:
        try:
            network = OnnxNetwork(program, form)
            form = replace(form, multiple_of=1 if form.width else _multiple(network, form))
            return replace(form, values=values or _tried_range(network, form))
        except StyleError as error:
            cause = error
    raise cause


def _stated_forms(session: Any, channel_order: str) -> list[PictureForm]:
    """Return the forms that fit what the file states; raises StyleError where it does not take one picture."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise StyleError(f"It takes {len(inputs)} inputs instead of one picture.")
    shape, kind = inputs[0].shape, inputs[0].type
    if kind not in DTYPES:
        raise StyleError(f"It takes {kind} instead of floats.")
    fixed = [isinstance(side, int) and side > 0 for side in shape]
    if len(shape) == 4 and not any(fixed[1:]):
        return [PictureForm(layout, "-1..1", channel_order) for layout in LAYOUTS]
    layout = next((layout for layout, axis in LAYOUTS.items() if len(shape) == 4 and shape[axis] == 3), None)
    if layout is None:
        raise StyleError(f"It takes {shape} instead of a picture of three channels, NCHW or NHWC.")
    sides = slice(2, 4) if layout == "NCHW" else slice(1, 3)
    if any(fixed[sides]) and not all(fixed[sides]):
        raise StyleError(f"It takes {shape}, in which one side is fixed and the other free.")
    height, width = shape[sides] if all(fixed[sides]) else (0, 0)
    return [PictureForm(layout, "-1..1", channel_order, width=width, height=height)]


def _multiple(network: OnnxNetwork, form: PictureForm) -> int:
    """Return the multiple that both sides must be, found by trying; raises StyleError where no size comes out as it was."""
    cause = "Its result has another size than its picture."
    for multiple in MULTIPLES:
        side = TRIAL_SIDE + multiple
        trial = _trial_picture(side)
        with suppress(StyleError):
            result = network.run(form.to_program(trial))
            if _is_picture(result, side, side):
                return multiple
            cause = f"It makes {tuple(result.shape)} of a picture of {side} x {side}."
    raise StyleError(cause)


def _tried_range(network: OnnxNetwork, form: PictureForm) -> str:
    """Return the range of values, by what the program makes of a picture between -1 and 1.

    What ends in tanh gives negative values then, what gives 0 to 1 none, and what gives 0 to 255 large ones.
    """
    trial = replace(form, values="-1..1")
    side = TRIAL_SIDE + form.multiple_of
    result = network.run(trial.to_program(_trial_picture(side)))
    height, width = (form.height, form.width) if form.width else (side, side)
    if not _is_picture(result, height, width):
        raise StyleError(f"It makes {tuple(result.shape)} of a picture of {width} x {height}.")
    lowest, highest = float(result.min()), float(result.max())
    if max(highest, -lowest) > LARGEST_OF_ONE:
        return "0..255"
    return "-1..1" if lowest < NEGATIVE else "0..1"


def _is_picture(result: Tensor, height: int, width: int) -> bool:
    return tuple(result.shape) in ((1, 3, height, width), (1, height, width, 3))


def _trial_picture(side: int) -> Tensor:
    """Return soft patches of all colours between black and white, (1, 3, side, side) in [0, 1]."""
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)
    patches = torch.cat([corners, corners.flip(0)]).T.reshape(1, 3, 4, 4)
    return functional.interpolate(patches, (side, side), mode="bilinear", align_corners=True)
