"""The device and the number format that a stage computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from vidstyle.errors import DeviceError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_device(name: str) -> torch.device:
    """Return the torch device for `auto`, `cpu`, `cuda`, `cuda:n` or `mps`; raises DeviceError when it is absent."""
    try:
        device = torch.device(_best_device() if name == "auto" else name)
    except RuntimeError as error:
        raise DeviceError(f"There is no device called {name!r}. Use auto, cpu, cuda, cuda:N or mps.") from error
    if not _is_present(device):
        raise DeviceError(f"The device {name!r} is not available here. Use --device auto or --device cpu.")
    return device


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _is_present(device: torch.device) -> bool:
    if device.type == "cuda":
        return (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or (device.type == "mps" and torch.backends.mps.is_available())


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """Return the dtype for `auto`, `fp32`, `bf16` or `fp16`; `auto` is bf16 if the hardware computes in it, else fp32."""
    if name != "auto":
        return DTYPES[name]
    return torch.bfloat16 if _computes_bf16(device) else torch.float32


def _computes_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and _cpu_has_bf16()


def _cpu_has_bf16() -> bool:
    capabilities = torch.backends.cpu.get_cpu_capability()
    return "AVX512" in capabilities and torch.ops.mkldnn._is_mkldnn_bf16_supported() and _has_bf16_instructions()


def _has_bf16_instructions() -> bool:
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


@contextmanager
def without_tf32() -> Iterator[None]:
    """Let convolutions on CUDA keep all 24 bits of an fp32 significand; by default torch drops 13 of them (TF32)."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether a device, or the host, had no memory left for a tensor."""
    message = str(error).lower()
    causes = ("out of memory", "can't allocate memory", "bad_alloc")
    return isinstance(error, torch.OutOfMemoryError) or any(cause in message for cause in causes)
