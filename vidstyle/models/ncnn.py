"""Reading super-resolution networks stored for ncnn: a .param text that lists layers, and a .bin file of numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import StyleError

MAGIC = "7767517"
"""First line of every .param file."""
HALF_PRECISION_FLAG = 0x01306B47
"""ncnn's flag in front of weights that are stored as 16-bit floats; 0 stands in front of 32-bit ones."""
RRDB_TAIL = ("conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last")
"""The convolutions of an RRDBNet after its blocks, in their order."""


@dataclass(frozen=True)
class Layer:
    """A layer with parameters: a `Convolution`, weight (out, in, k, k) and bias (out,), or a `PReLU`, slopes (channels,)."""

    kind: str
    weight: Tensor
    bias: Tensor | None = None


def read_ncnn(param: Path) -> dict[str, Tensor]:
    """Return the float32 state dict of a .param file and the .bin file beside it, named as in Real-ESRGAN's files.

    Raises StyleError when a file is missing, damaged or holds another kind of network.
    """
    try:
        layers = tuple(parse_layers(param.read_text(encoding="ascii"), param.with_suffix(".bin").read_bytes()))
        if any(layer.kind == "PReLU" for layer in layers):
            return _compact_state(layers)
        return _rrdb_state(layers)
    except OSError as error:
        raise StyleError(f"Cannot read the ncnn weights {error.filename}: {error.strerror}. Check the path.") from error
    except ValueError as error:
        raise StyleError(f"The ncnn weights {param} cannot be used: {error}. Install their package again.") from error


def parse_layers(text: str, numbers: bytes) -> Iterator[Layer]:
    """Yield the layers with parameters in file order; raises ValueError when text and numbers do not fit together."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != MAGIC:
        raise ValueError("the text does not begin as an ncnn network")
    reader = _NumberReader(numbers)
    for line in lines[2:]:
        words = line.split()
        if words and words[0] in ("Convolution", "PReLU"):
            yield _read_layer(words[0], _options(words), reader)
    if reader.remaining_bytes:
        raise ValueError(f"{reader.remaining_bytes} bytes of numbers are left over")


def _options(words: list[str]) -> dict[str, str]:
    """Return the `key=value` words, which follow the kind, the name, two counts and the names of inputs and outputs."""
    if len(words) < 4:
        raise ValueError(f"the layer {' '.join(words)!r} is cut off")
    return dict(word.split("=", 1) for word in words[4 + int(words[2]) + int(words[3]) :])


class _NumberReader:
    """Reads the .bin file from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    @property
    def remaining_bytes(self) -> int:
        return len(self._content) - self._position

    def take(self, count: int, dtype: str) -> np.ndarray:
        """Return the next `count` numbers, floats as float32; each array is aligned to four bytes."""
        size = count * np.dtype(dtype).itemsize
        if count < 1 or size > self.remaining_bytes:
            raise ValueError("the file of numbers is too short")
        values = np.frombuffer(self._content, dtype, count, self._position)
        self._position += min((size + 3) // 4 * 4, self.remaining_bytes)
        return values if dtype == "<u4" else values.astype(np.float32)


def _read_layer(kind: str, options: dict[str, str], reader: _NumberReader) -> Layer:
    if kind == "PReLU":
        return Layer(kind, torch.from_numpy(reader.take(_option(options, "0"), "<f4")))
    outputs, kernel, count = (_option(options, key) for key in ("0", "1", "6"))
    flag = int(reader.take(1, "<u4")[0])
    if flag not in (0, HALF_PRECISION_FLAG):
        raise ValueError(f"weights are stored in a form that is not known (flag {flag:#010x})")
    weight = reader.take(count, "<f2" if flag else "<f4")
    bias = reader.take(outputs, "<f4") if options.get("5") == "1" else np.zeros(outputs, np.float32)
    return Layer(kind, torch.from_numpy(weight.reshape(outputs, -1, kernel, kernel)), torch.from_numpy(bias))


def _option(options: dict[str, str], key: str) -> int:
    if key not in options:
        raise ValueError(f"a layer does not state its option {key}")
    return int(options[key])


def _compact_state(layers: tuple[Layer, ...]) -> dict[str, Tensor]:
    return _state_dict(zip((f"body.{index}" for index in range(len(layers))), layers, strict=True))


def _rrdb_state(layers: tuple[Layer, ...]) -> dict[str, Tensor]:
    blocks, rest = divmod(len(layers) - 1 - len(RRDB_TAIL), 15)
    if rest or blocks < 1:
        raise ValueError(f"{len(layers)} convolutions are no RRDBNet")
    inner = [
        f"body.{block}.rdb{dense}.conv{number}"
        for block in range(blocks)
        for dense in (1, 2, 3)
        for number in range(1, 6)
    ]
    return _state_dict(zip(["conv_first", *inner, *RRDB_TAIL], layers, strict=True))


def _state_dict(layers: Iterator[tuple[str, Layer]]) -> dict[str, Tensor]:
    state = {}
    for name, layer in layers:
        state[f"{name}.weight"] = layer.weight
        if layer.bias is not None:
            state[f"{name}.bias"] = layer.bias
    return state
