"""Frames that pass between threads take their memory from one heap, and large buffers are used again."""

import ctypes
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAPS = """
import ctypes, sys
from pathlib import Path
from threading import Barrier, Thread
import torch
from vidstyle.host_memory import share_one_heap

library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
told = Path(sys.argv[2])

def heaps():
    file = ctypes.c_void_p(library.fopen(bytes(told), b"w"))
    library.malloc_info(0, file)
    library.fclose(file)
    return told.read_text().count("<heap nr=")

def hold_a_frame():
    frames.append(torch.empty(1 << 16, dtype=torch.uint8))
    all_hold_one.wait()

if sys.argv[1] == "shared":
    share_one_heap()
frames, before = [], heaps()
all_hold_one = Barrier(8)
threads = [Thread(target=hold_a_frame) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(heaps() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="a matter of glibc")
def test_threads_take_their_frames_from_one_heap(tmp_path: Path) -> None:
    added = {}
    for way in ("own", "shared"):
        command = [sys.executable, "-c", HEAPS, way, str(tmp_path / "told.xml")]
        added[way] = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert added["shared"] == 0 < added["own"]


FAULTS = """
import resource
import torch
from vidstyle.host_memory import share_one_heap

share_one_heap()
torch.empty(30 << 20, dtype=torch.uint8).fill_(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for number in range(1, 9):  # An aligned buffer fits where a larger one was.
    torch.empty((30 << 20) - (number << 16), dtype=torch.uint8).fill_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="a matter of glibc")
def test_a_large_buffer_is_used_again() -> None:
    result = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(result.stdout) < (30 << 20) / resource.getpagesize()
