"""Networks that OpenVINO computes on the CPU, in floats or quantised to 8-bit integers by NNCF, and their files."""

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

import numpy as np
import torch
from torch import Tensor, nn

from vidstyle.device import resolve_precision
from vidstyle.errors import DependencyError
from vidstyle.files import whole_file
from vidstyle.user_cache import home_folder

COMPILED_SHAPES = 12
"""Input shapes for which a network stays compiled: those of whole frames, or of a frame's tiles (9 at most)."""
_SOURCE_CHECKSUM = "made_of.txt"
TRACED_SIDE = 32
"""Side of the picture with which a network is traced, pixels; the converted model takes any size."""


class OpenVINONetwork:
    """Maps fp32 tensors on the CPU as `model` does; the result is valid until the next call.

    `precision` is fp32, bf16 or int8. With int8 the layers that are not quantised compute in the CPU's best format.
    """

    def __init__(self, model: Any, precision: str) -> None:
        self.model = model
        best = resolve_precision("auto", torch.device("cpu")) if precision == "int8" else None
        self._hint = "bf16" if precision == "bf16" or best == torch.bfloat16 else "f32"
        self._requests: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def __call__(self, images: Tensor) -> Tensor:
        """Return the model's result for `images`, which lies in memory as they do, channels first or last."""
        channels_last = not images.is_contiguous() and images.is_contiguous(memory_format=torch.channels_last)
        request = self._request(tuple(images.shape), channels_last)
        values = images.permute(0, 2, 3, 1) if channels_last else images.contiguous()
        results = request.infer([values.numpy()], share_inputs=True, share_outputs=True)
        result = torch.from_numpy(results[0])
        return result.permute(0, 3, 1, 2) if channels_last else result

    def _request(self, shape: tuple[int, ...], channels_last: bool) -> Any:
        """Return the model compiled for `shape`, and drop the one used longest ago where there are too many."""
        key = (*shape, channels_last)
        if key not in self._requests:
            self._requests[key] = self._compile(shape, channels_last)
            if len(self._requests) > COMPILED_SHAPES:
                self._requests.popitem(last=False)
        self._requests.move_to_end(key)
        return self._requests[key]

    def _compile(self, shape: tuple[int, ...], channels_last: bool) -> Any:
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self._hint,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        model = with_shape(self.model, shape)
        if channels_last:
            model = _with_channels_last(model)
        return _core().compile_model(model, "CPU", properties).create_infer_request()


def convert(network: nn.Module) -> Any:
    """Return a network of (n, 3, h, w) tensors, fp32 on the CPU, as an OpenVINO model of any n, h and w."""
    openvino = _import_openvino()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = torch.zeros(1, 3, TRACED_SIDE, TRACED_SIDE)
        # OpenVINO would trace a second time, to compare, and take half as long again.
        traced = torch.jit.trace(network, example, check_trace=False)
        return openvino.convert_model(traced, example_input=example)


def with_shape(model: Any, shape: tuple[int, ...]) -> Any:
    """Return a copy of `model` for inputs of `shape`."""
    fixed = model.clone()
    fixed.reshape(shape)
    return fixed


def _with_channels_last(model: Any) -> Any:
    """Return a model of (n, c, h, w) as one that takes and gives (n, h, w, c)."""
    openvino = _import_openvino()
    steps = openvino.preprocess.PrePostProcessor(model)
    for end in (steps.input(), steps.output()):
        end.tensor().set_layout(openvino.Layout("NHWC"))
        end.model().set_layout(openvino.Layout("NCHW"))
    return steps.build()


def quantise(network: nn.Module, samples: Sequence[Tensor], on_sample: Callable[[int], None]) -> Any:
    """Return a network, fp32 on the CPU, as an OpenVINO model whose convolutions compute in 8-bit integers.

    `samples` are typical inputs, (1, 3, h, w) of one size, from which the ranges of the activations are measured.
    `on_sample` gets the number of samples measured so far. The quantised model takes any n, h and w.
    """
    model = convert(network)
    shape = model.input(0).get_partial_shape()

    def read_sample(number: int) -> np.ndarray:
        on_sample(number + 1)
        return samples[number].contiguous().numpy()

    with _silent_nncf() as nncf:
        quantised = nncf.quantize(
            with_shape(model, tuple(samples[0].shape)),
            nncf.Dataset(list(range(len(samples))), read_sample),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(samples),
        )
    quantised.reshape(shape)
    return quantised


def save_model(model: Any, target: Path, source_checksum: str = "") -> None:
    """Write a model as one file, whole or not at all, with the checksum of the file it was made of; raises OutputError."""
    openvino = _import_openvino()
    with TemporaryDirectory() as folder, whole_file(target) as partial:
        openvino.save_model(model, Path(folder) / "model.xml", compress_to_fp16=False)
        with zipfile.ZipFile(partial, "w") as archive:
            for name in ("model.xml", "model.bin"):
                archive.writestr(zipfile.ZipInfo(name), (Path(folder) / name).read_bytes(), zipfile.ZIP_DEFLATED)
            if source_checksum:
                archive.writestr(zipfile.ZipInfo(_SOURCE_CHECKSUM), source_checksum)


def source_checksum(path: Path) -> str:
    """Return the checksum of what a model that `save_model` wrote was made of; "" where it is not known or the file is broken."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(_SOURCE_CHECKSUM).decode()
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ""


def load_model(path: Path) -> Any:
    """Return the model that `save_model` wrote."""
    with zipfile.ZipFile(path) as archive:
        weights = np.frombuffer(archive.read("model.bin"), np.uint8)
        return _core().read_model(archive.read("model.xml"), _import_openvino().Tensor(weights))


def digest(path: Path) -> str:
    """Return the SHA-256 of the weights in a file that `save_model` wrote; the names in the file differ each time."""
    with zipfile.ZipFile(path) as archive:
        return hashlib.sha256(archive.read("model.bin")).hexdigest()


def check_installed() -> None:
    """Raise DependencyError when OpenVINO is not installed."""
    _check_package("openvino", "with OpenVINO")


def version() -> str:
    """Return the version of OpenVINO; raises DependencyError."""
    return str(_import_openvino().__version__)


def nncf_version() -> str:
    """Return the version of NNCF; raises DependencyError."""
    _check_package("nncf", "in int8")
    return importlib.metadata.version("nncf")


def _check_package(package: str, how: str) -> None:
    if not find_spec(package):
        raise DependencyError(f"To compute {how}, install its extra: pip install 'vidstyle[openvino]'.")


def _import_openvino() -> Any:
    """Return the library, kept from reporting its use over the network."""
    check_installed()
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def _core() -> Any:
    return _import_openvino().Core()


@contextlib.contextmanager
def _silent_nncf() -> Iterator[Any]:
    """Yield the library NNCF, kept from printing."""
    _check_package("nncf", "in int8")
    with contextlib.redirect_stdout(io.StringIO()), home_folder():
        import nncf

        nncf.set_log_level(logging.ERROR)
        yield nncf
