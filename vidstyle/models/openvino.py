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
from threading import Lock, local
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vidstyle.device import resolve_precision
from vidstyle.errors import DependencyError
from vidstyle.files import whole_file
from vidstyle.pixels import HALF_WHITE
from vidstyle.user_cache import home_folder

COMPILED_SHAPES = 12
"""Input shapes for which a network stays compiled: those of whole frames, or of a frame's tiles (9 at most)."""
_SOURCE_CHECKSUM = "made_of.txt"
TRACED_SIDE = 32
"""Side of the picture with which a network is traced, pixels; the converted model takes any size."""


class _RequestOfThread(local):
    """A compiled model, and an inference request of it for each thread that asks."""

    def __init__(self, compiled: Any) -> None:
        self.request = compiled.create_infer_request()


class OpenVINONetwork:
    """Maps fp32 tensors on the CPU as `model` does; a result is valid until the next call of its thread.

    `precision` is fp32, bf16 or int8. With int8 the layers that are not quantised compute in the CPU's best format. So many
    threads as `parallel` may call it at once; they share the processors that torch has where this is made.
    """

    def __init__(self, model: Any, precision: str, parallel: int = 1) -> None:
        self.model, self._parallel, self._threads = model, parallel, torch.get_num_threads()
        best = resolve_precision("auto", torch.device("cpu")) if precision == "int8" else None
        self._hint = "bf16" if precision == "bf16" or best == torch.bfloat16 else "f32"
        self._requests: OrderedDict[Any, _RequestOfThread] = OrderedDict()
        self._lock = Lock()

    def __call__(self, images: Tensor) -> Tensor:
        """Return the model's result for `images`, which lies in memory as they do, channels first or last."""
        channels_last = not images.is_contiguous() and images.is_contiguous(memory_format=torch.channels_last)
        form = _with_channels_last if channels_last else _as_it_is
        values = images.permute(0, 2, 3, 1) if channels_last else images.contiguous()
        result = self._infer(values, tuple(images.shape), form)
        return result.permute(0, 3, 1, 2) if channels_last else result

    def paint_pixels(self, pixels: Tensor) -> Tensor:
        """Return what a model of images in [-1, 1] makes of (n, h, w, 3) uint8, rounded to such pixels."""
        count, height, width, channels = pixels.shape
        return self._infer(pixels.contiguous(), (count, channels, height, width), _with_pixels)

    def _infer(self, values: Tensor, shape: tuple[int, ...], form: Callable[[Any], Any]) -> Tensor:
        """Return what the model with ends of that form makes of values; `shape` is (n, c, h, w)."""
        results = self._request(shape, form).infer([values.numpy()], share_inputs=True, share_outputs=True)
        return torch.from_numpy(results[0])

    def _request(self, shape: tuple[int, ...], form: Callable[[Any], Any]) -> Any:
        """Return the thread's request of the model compiled for `shape`; drop the one used longest ago if there are too many."""
        key = (shape, form)
        with self._lock:
            if key not in self._requests:
                self._requests[key] = _RequestOfThread(self._compile(shape, form))
                if len(self._requests) > COMPILED_SHAPES:
                    self._requests.popitem(last=False)
            self._requests.move_to_end(key)
            return self._requests[key].request

    def _compile(self, shape: tuple[int, ...], form: Callable[[Any], Any]) -> Any:
        properties = {"INFERENCE_PRECISION_HINT": self._hint, "INFERENCE_NUM_THREADS": self._threads}
        if self._parallel == 1:
            properties |= {"PERFORMANCE_HINT": "LATENCY"}
        else:
            # Threads that are pinned stand in line behind each other where decoder and encoder take their processors.
            properties |= {"NUM_STREAMS": self._parallel, "ENABLE_CPU_PINNING": False}
        return _core().compile_model(form(with_shape(self.model, shape)), "CPU", properties)


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


def _as_it_is(model: Any) -> Any:
    return model


def _with_channels_last(model: Any) -> Any:
    """Return a model of (n, c, h, w) as one that takes and gives (n, h, w, c)."""
    return _channels_last_steps(model).build()


def _with_pixels(model: Any) -> Any:
    """Return a model of (n, 3, h, w) in [-1, 1] as one that takes and gives (n, h, w, 3) uint8."""
    openvino = _import_openvino()
    steps, floats, uint8 = _channels_last_steps(model), openvino.Type.f32, openvino.Type.u8
    steps.input().tensor().set_element_type(uint8)
    steps.input().preprocess().convert_element_type(floats).mean(HALF_WHITE).scale(HALF_WHITE)
    steps.output().postprocess().custom(_levels).convert_element_type(uint8)
    return steps.build()


def _levels(painted: Any) -> Any:
    """Return the output of values in [-1, 1] as one of whole numbers from 0 to 255."""
    operations = _import_openvino().opset13
    levels = operations.add(operations.multiply(painted, np.float32(HALF_WHITE)), np.float32(HALF_WHITE))
    return operations.round(operations.clamp(levels, 0.0, 2 * HALF_WHITE), "half_to_even").output(0)


def _channels_last_steps(model: Any) -> Any:
    """Return the steps around a model of (n, c, h, w) that let it take and give (n, h, w, c)."""
    openvino = _import_openvino()
    steps = openvino.preprocess.PrePostProcessor(model)
    for end in (steps.input(), steps.output()):
        end.tensor().set_layout(openvino.Layout("NHWC"))
        end.model().set_layout(openvino.Layout("NCHW"))
    return steps


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
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet

        quantised = nncf.quantize(
            with_shape(model, tuple(samples[0].shape)),
            nncf.Dataset(list(range(len(samples))), read_sample),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(samples),
            # From the least to the greatest value met. NNCF's mean of them moved white skies and black by 5 of 255.
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
            ),
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
