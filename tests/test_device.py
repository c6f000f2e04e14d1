"""Devices and number formats are what this machine can do."""

import pytest
import torch

from vidstyle.device import is_out_of_memory, resolve_device, resolve_precision
from vidstyle.errors import DeviceError


def test_auto_finds_a_device_that_computes() -> None:
    device = resolve_device("auto")
    assert float((torch.ones(2, device=device) * 2).sum()) == 4.0


def test_an_absent_or_unknown_device_is_named() -> None:
    with pytest.raises(DeviceError) as caught:
        resolve_device("cuda:99")
    assert str(caught.value) == "The device 'cuda:99' is not available here. Use --device auto or --device cpu."
    with pytest.raises(DeviceError) as caught:
        resolve_device("gpu")
    assert str(caught.value) == "There is no device called 'gpu'. Use auto, cpu, cuda, cuda:N or mps."


def test_a_named_precision_is_taken_as_it_is() -> None:
    formats = {name: resolve_precision(name, torch.device("cpu")) for name in ("fp32", "bf16", "fp16")}
    assert formats == {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    assert resolve_precision("auto", torch.device("cpu")) in (torch.float32, torch.bfloat16)


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (torch.OutOfMemoryError("anything"), True),
        (RuntimeError("CUDA error: Out of memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 12 bytes"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("shapes do not fit each other"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_other_errors(error: RuntimeError, short: bool) -> None:
    assert is_out_of_memory(error) == short
