"""Programs in ONNX as networks: onnxruntime runs them on the CPU, in the form of pictures that each of them takes."""

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from vidstyle.errors import DependencyError, StyleError
from vidstyle.models.resize import resize

RANGES = {"-1..1": (-1.0, 1.0), "0..1": (0.0, 1.0), "0..255": (0.0, 255.0)}
"""Values of black and white, by the name of their range."""
CHANNEL_ORDERS = ("rgb", "bgr")
DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
"""Number formats of inputs that are taken."""
LAYOUTS = {"NCHW": 1, "NHWC": 3}
"""The axis of the channels, by the name of the layout."""
SILENT = 4
"""Level of onnxruntime's log at which it prints nothing: what goes wrong is raised."""


@dataclass(frozen=True)
class PictureForm:
    """The form of pictures that a program takes and gives.

    `layout` is a key of LAYOUTS, `values` one of RANGES, `channel_order` one of CHANNEL_ORDERS. Both sides are multiples of
    `multiple_of` pixels; or `width` and `height` are fixed, and 0 where they are free. Raises StyleError for other values.
    """

    layout: str
    values: str
    channel_order: str
    multiple_of: int = 1
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        named = self.layout in LAYOUTS and self.values in RANGES and self.channel_order in CHANNEL_ORDERS
        counts = (self.multiple_of, self.width, self.height)
        if not named or not all(type(count) is int and 0 <= count <= 1 << 15 for count in counts) or not counts[0]:
            raise StyleError(f"The form of pictures of a program in ONNX is not usable: {self}. Import it again.")

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """Return the form that `record` gave; raises StyleError."""
        try:
            return cls(**record)
        except TypeError as error:
            raise StyleError(f"The form of pictures of a program in ONNX is not usable: {error}.") from error

    def record(self) -> dict[str, Any]:
        """Return the form as JSON can hold it."""
        return asdict(self)

    def to_program(self, picture: Tensor) -> Tensor:
        """Return a picture (1, 3, h, w) in [0, 1], of any size, in the program's form."""
        if self.width:
            picture = resize(picture, (self.width, self.height))
        black, white = RANGES[self.values]
        values = self._ordered(picture) * (white - black) + black
        return values if self.layout == "NCHW" else values.permute(0, 2, 3, 1)

    def from_program(self, values: Tensor) -> Tensor:
        """Return what a program gave, in either layout, as a picture (1, 3, h, w) in [0, 1]."""
        black, white = RANGES[self.values]
        planes = values if values.shape[1] == 3 else values.permute(0, 3, 1, 2)
        return ((self._ordered(planes) - black) / (white - black)).clamp(0, 1)

    def _ordered(self, planes: Tensor) -> Tensor:
        return planes.flip(1) if self.channel_order == "bgr" else planes


class OnnxNetwork(nn.Module):
    """Maps images (n, 3, h, w) in [-1, 1], h and w multiples of `multiple_of`, to images of the same shape and range.

    `program` holds the bytes of an ONNX file as uint8. It runs on the CPU in its own number format, whatever the images'
    device and dtype. A program of fixed size paints the picture scaled to it, and the result is scaled back. Raises
    StyleError for a program that cannot be run, and DependencyError without onnxruntime.
    """

    def __init__(self, program: Tensor, form: PictureForm) -> None:
        super().__init__()
        self.form, self.multiple_of = form, form.multiple_of
        self._session = open_session(program.numpy().tobytes())
        self._input = self._session.get_inputs()[0]

    def forward(self, images: Tensor) -> Tensor:
        """Return the painted images."""
        painted = [self._paint(image[None]) for image in images.detach().float().cpu().add(1).div(2)]
        return torch.cat(painted).mul(2).sub(1).to(images)

    def _paint(self, picture: Tensor) -> Tensor:
        values = self.run(self.form.to_program(picture))
        painted = self.form.from_program(values)
        return resize(painted, (picture.shape[3], picture.shape[2])) if self.form.width else painted

    def run(self, values: Tensor) -> Tensor:
        """Return what the program makes of values in its own form, float32; raises StyleError when it fails."""
        array = values.contiguous().numpy().astype(DTYPES[self._input.type])
        try:
            result = self._session.run(None, {self._input.name: array})[0]
        except Exception as error:  # of classes that onnxruntime does not name
            size = "x".join(map(str, array.shape))
            raise StyleError(f"The program in ONNX fails on a picture of {size}: {_first_line(error)}.") from error
        return torch.from_numpy(np.array(result, np.float32))


def open_session(program: bytes) -> Any:
    """Return onnxruntime's session for the bytes of an ONNX file; raises StyleError or DependencyError."""
    if find_spec("onnxruntime") is None:
        raise DependencyError(
            "Programs in ONNX need the package onnxruntime. Install it: pip install 'vidstyle[onnx]'."
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = SILENT
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return onnxruntime.InferenceSession(program, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise StyleError(f"onnxruntime cannot run the program in ONNX: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
