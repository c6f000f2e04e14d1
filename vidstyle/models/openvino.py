"""Networks compiled and quantised to int8 by OpenVINO."""

import contextlib
import hashlib
import importlib.metadata
import io
import logging
import sys
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.device import resolve_precision
from vidstyle.errors import DependencyError
from vidstyle.files import whole_file

SHAPES = 12
"""Shapes for which a network is kept compiled: those of whole frames, or of a frame's tiles (9 at most)."""
TRACED_SIDE = 32
"""Side of the picture with which a network is traced; any other size is set afterwards."""


def check_installed() -> None:
    """Raise DependencyError when OpenVINO is not installed."""
    if not find_spec("openvino"):
        raise DependencyError("To compute with OpenVINO, install its extra: pip install 'vidstyle[openvino]'.")


def _import() -> Any:
    """Return the library, kept from reporting its use over the network."""
    check_installed()
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def _core() -> Any:
    return _import().Core()


def convert(network: nn.Module) -> Any:
    """Return a network of (n, 3, h, w) tensors, fp32 on the CPU, as an OpenVINO model of any n, h and w."""
    openvino = _import()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openvino.convert_model(network, example_input=torch.zeros(1, 3, TRACED_SIDE, TRACED_SIDE))


def with_shape(model: Any, shape: tuple[int, ...]) -> Any:
    """Return a copy of `model` for inputs of `shape`."""
    fixed = model.clone()
    fixed.reshape(shape)
    return fixed


class OpenVINONetwork:
    """Maps fp32 tensors on the CPU as `model` does; what it returns is valid until the next call.

    `precision` is fp32, bf16 or int8; what a quantised model leaves unquantised computes in the CPU's best format.
    """

    def __init__(self, model: Any, precision: str) -> None:
        self.model = model
        best = resolve_precision("auto", torch.device("cpu")) if precision == "int8" else None
        self._hint = "bf16" if precision == "bf16" or best == torch.bfloat16 else "f32"
        self._requests: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def __call__(self, images: Tensor) -> Tensor:
        """Return what the model makes of `images`."""
        request = self._request(tuple(images.shape))
        given = request.infer([images.contiguous().numpy()], share_inputs=True, share_outputs=True)
        return torch.from_numpy(given[0])

    def _request(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._requests:
            self._requests[shape] = self._compile(shape)
            if len(self._requests) > SHAPES:
                self._requests.popitem(last=False)
        self._requests.move_to_end(shape)
        return self._requests[shape]

    def _compile(self, shape: tuple[int, ...]) -> Any:
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self._hint,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        return _core().compile_model(with_shape(self.model, shape), "CPU", properties).create_infer_request()


def save_model(model: Any, target: Path) -> None:
    """Write a model as one file, whole or not at all; raises OutputError."""
    openvino = _import()
    with TemporaryDirectory() as folder, whole_file(target) as partial:
        openvino.save_model(model, Path(folder) / "model.xml", compress_to_fp16=False)
        with zipfile.ZipFile(partial, "w") as archive:
            for name in ("model.xml", "model.bin"):
                archive.writestr(zipfile.ZipInfo(name), (Path(folder) / name).read_bytes())


def load_model(path: Path) -> Any:
    """Return the model that `save_model` wrote."""
    import numpy as np

    with zipfile.ZipFile(path) as archive:
        weights = np.frombuffer(archive.read("model.bin"), np.uint8)
        return _core().read_model(archive.read("model.xml"), _import().Tensor(weights))


def digest(path: Path) -> str:
    """Return the SHA-256 of the numbers in a file that `save_model` wrote; the names in it differ each time."""
    with zipfile.ZipFile(path) as archive:
        return hashlib.sha256(archive.read("model.bin")).hexdigest()


def version() -> str:
    """Return the version of OpenVINO."""
    return str(_import().__version__)


def check_nncf() -> None:
    """Raise DependencyError when NNCF is not installed."""
    if not find_spec("nncf"):
        raise DependencyError("To compute in int8, install its extra: pip install 'vidstyle[openvino]'.")


def quantise(network: nn.Module, samples: Sequence[Tensor], on_sample: Callable[[int], None]) -> Any:
    """Return a network, fp32 on the CPU, as an OpenVINO model whose convolutions compute in 8-bit integers.

    `samples` are what the network will typically be given, (1, 3, h, w) of one size; the ranges of its activations are
    those seen for them. `on_sample` is told how many were gone through. The quantised model takes any n, h and w.
    """
    model = convert(network)
    shape = model.input(0).get_partial_shape()
    with _silent() as nncf:
        quantised = nncf.quantize(
            with_shape(model, tuple(samples[0].shape)),
            nncf.Dataset(list(range(len(samples))), lambda number: _taken(samples, number, on_sample)),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(samples),
        )
    quantised.reshape(shape)
    return quantised


def _taken(samples: Sequence[Tensor], number: int, on_sample: Callable[[int], None]) -> Any:
    on_sample(number + 1)
    return samples[number].contiguous().numpy()


@contextlib.contextmanager
def _silent() -> Iterator[Any]:
    """Yield the library, kept from printing."""
    check_nncf()
    with contextlib.redirect_stdout(io.StringIO()):
        import nncf

        nncf.set_log_level(logging.ERROR)
        yield nncf


def nncf_version() -> str:
    """Return the version of NNCF."""
    check_nncf()
    return importlib.metadata.version("nncf")
