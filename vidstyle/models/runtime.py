"""What a network runs on: device, number format, memory layout, and eager mode, Inductor, CUDA graphs or OpenVINO.

The networks themselves know nothing of this. `prepare` makes a plain network into a function that runs on a `Runtime`.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import torch
from torch import Tensor, nn

from vidstyle.device import DTYPES, resolve_precision
from vidstyle.errors import DependencyError, SettingsError
from vidstyle.models.cuda_graphs import CUDAGraphNetwork
from vidstyle.models.openvino import OpenVINONetwork, check_installed, convert
from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.networks.norms import keep_channels_last

Network = Callable[[Tensor], Tensor]
"""Maps a tensor to another, which is valid until the next call."""

OPENVINO_FROM_PIXELS = 5_000_000
COMPILE_FROM_PIXELS = 200_000_000
"""From how many pixels to paint the start of OpenVINO (2 s) or Inductor (23 s) pays off; see docs/decisions.md."""


@dataclass(frozen=True)
class Runtime:
    """What networks compute with: device, `precision` fp32, bf16, fp16 or int8, `backend` eager, compile or openvino.

    `compile` is torch.compile with Inductor. `parallel` threads call the networks at once. Raises SettingsError where the
    first three do not go together.
    """

    device: torch.device
    precision: str
    backend: str = "eager"
    parallel: int = 1

    def __post_init__(self) -> None:
        if self.backend == "openvino" and self.device.type != "cpu":
            raise SettingsError(
                f"OpenVINO computes on the CPU, not on {self.device}. Use --device cpu, or another --backend."
            )
        if self.precision == "int8" and self.backend != "openvino":
            raise SettingsError("int8 is computed by OpenVINO alone. Use --device cpu with --backend openvino or auto.")
        if self.precision == "fp16" and self.backend == "openvino":
            raise SettingsError("OpenVINO computes no fp16 on a CPU. Use --precision bf16, fp32 or int8.")

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the networks' inputs and outputs."""
        return torch.float32 if self.backend == "openvino" else DTYPES[self.precision]


def resolve_runtime(device: torch.device, backend: str, precision: str, pixels: int | None) -> Runtime:
    """Return the runtime for a backend and a precision that may be `auto`.

    `pixels` is how many will be painted in all, None where that is unknown, which counts as many. Raises SettingsError
    where the settings do not go together, DependencyError where something they need is missing.
    """
    if precision == "auto":
        best = resolve_precision("auto", device)
        precision = next(name for name, dtype in DTYPES.items() if dtype == best)
    if backend == "auto":
        backend = _fastest_backend(device, precision, pixels)
    runtime = Runtime(device, precision, backend)
    if backend == "openvino":
        check_installed()
    if backend == "compile" and not _can_compile(device):
        raise DependencyError("--backend compile needs a C++ compiler. Install g++ or clang++, or use --backend eager.")
    return runtime


def _fastest_backend(device: torch.device, precision: str, pixels: int | None) -> str:
    if precision == "int8" and device.type == "cpu":
        return "openvino"
    if device.type == "cpu" and precision != "fp16" and find_spec("openvino"):
        return "openvino" if pixels is None or pixels >= OPENVINO_FROM_PIXELS else "eager"
    worth_it = pixels is None or pixels >= COMPILE_FROM_PIXELS
    return "compile" if worth_it and _can_compile(device) else "eager"


def _can_compile(device: torch.device) -> bool:
    compiler = any(shutil.which(name) for name in (os.environ.get("CXX") or "g++", "clang++"))
    return compiler and (device.type == "cpu" or (device.type == "cuda" and find_spec("triton") is not None))


class Prepare(Protocol):
    """Makes a network into a function, on a device and in a dtype that the implementation knows."""

    def __call__(self, network: nn.Module, *, channels_last: bool = False) -> Network:
        """Return the network, which is moved and put into evaluation mode, as a function.

        `channels_last` suits stacks of plain convolutions.
        """
        ...


def prepare(network: nn.Module, runtime: Runtime, *, channels_last: bool = False) -> Network:
    """Return `network`, see Prepare, as a function of tensors on the runtime's device and of its dtype."""
    if runtime.backend == "openvino":
        return OpenVINONetwork(convert(network.eval().requires_grad_(False)), runtime.precision, runtime.parallel)
    function: Network = prepare_eager(network, runtime.device, runtime.dtype, channels_last=channels_last)
    if runtime.backend == "compile":
        function = torch.compile(function, dynamic=False)
    return CUDAGraphNetwork(function) if runtime.device.type == "cuda" else function


def prepare_eager(
    network: nn.Module, device: torch.device, dtype: torch.dtype, *, channels_last: bool = False
) -> nn.Module:
    """Return `network`, see Prepare, on a device in eager mode; on a CPU all networks are faster with channels last."""
    if device.type == "cpu":
        keep_channels_last(network)
        if isinstance(network, CompactGenerator):
            network.keep_pixels_together()
    suits = device.type == "cpu" or (channels_last and device.type != "mps")
    layout = torch.channels_last if suits else torch.contiguous_format
    network.eval().requires_grad_(False).to(device, dtype).to(memory_format=layout)  # type: ignore[call-overload]
    return network
