"""The host's memory does not grow with the length of a video."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings

Fast = Callable[..., RenderSettings]
SCATTER = """
import sys
import torch
from vidstyle.host_memory import LARGE_BYTES, return_large_buffers

def held():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

if sys.argv[1] == "returned":
    return_large_buffers()
torch.empty(4 * LARGE_BYTES, dtype=torch.uint8).fill_(1)
before = held()
frames, small = [], []
for number in range(24):
    frames.append(torch.empty(LARGE_BYTES + number, dtype=torch.uint8).fill_(1))
    small.append(torch.empty(1000, dtype=torch.uint8))
frames.clear()
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a matter of glibc")
def test_large_buffers_go_back_to_the_system_when_they_are_freed() -> None:
    left = {}
    for way in ("kept", "returned"):
        result = subprocess.run([sys.executable, "-c", SCATTER, way], capture_output=True, text=True, check=True)
        left[way] = int(result.stdout)
    assert left["returned"] < 4 << 20 < 80 << 20 < left["kept"]


@pytest.mark.needs_cuda
def test_the_batch_on_a_gpu_follows_its_free_memory(fast: Fast, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = Engine(fast()).sizes((640, 360))
    assert Engine(fast(device="cuda")).painter(sizes).resolved.batch == 16
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1, 1))
    assert Engine(fast(device="cuda")).painter(sizes).resolved.batch == 1
