"""Quantisation after training: a network's weights and activations as 8-bit integers. The only importer of nncf."""

import contextlib
import importlib.metadata
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from torch import Tensor, nn

from vidstyle.errors import DependencyError
from vidstyle.models.openvino import convert, with_shape


def check_installed() -> None:
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
    check_installed()
    with contextlib.redirect_stdout(io.StringIO()):
        import nncf

        nncf.set_log_level(logging.ERROR)
        yield nncf


def version() -> str:
    """Return the version of NNCF."""
    check_installed()
    return importlib.metadata.version("nncf")
