"""Frames that pass between threads take their memory from one heap, and large buffers are used again."""

import ctypes
import json
import resource
import subprocess
import sys

import pytest

MEASURE = """
import ctypes, json, os, resource, sys
from pathlib import Path
from threading import Barrier, Thread
import torch
from vidstyle.host_memory import share_one_heap

library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
told = Path(sys.argv[1])

def heaps():
    file = ctypes.c_void_p(library.fopen(bytes(told), b"w"))
    library.malloc_info(0, file)
    library.fclose(file)
    return told.read_text().count("<heap nr=")

def added_heaps():
    def hold_a_frame():
        frames.append(torch.empty(1 << 16, dtype=torch.uint8))
        all_hold_one.wait()

    frames, before = [], heaps()
    all_hold_one = Barrier(8)
    threads = [Thread(target=hold_a_frame) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return heaps() - before

def added_heaps_of_a_shared_one():
    share_one_heap()
    return added_heaps()

def page_faults():
    share_one_heap()
    torch.empty(30 << 20, dtype=torch.uint8).fill_(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for number in range(1, 9):  # An aligned buffer fits where a larger one was.
        torch.empty((30 << 20) - (number << 16), dtype=torch.uint8).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

for measure in (added_heaps, added_heaps_of_a_shared_one, page_faults):
    if not (child := os.fork()):
        print(json.dumps([measure.__name__, measure()]), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
"""Measures each figure in a process of its own, all of which share one start."""


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What each function of `MEASURE` returns."""
    if not hasattr(ctypes.CDLL(None), "malloc_info"):
        pytest.skip("a matter of glibc")
    command = [sys.executable, "-c", MEASURE, str(tmp_path_factory.mktemp("heaps") / "told.xml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_threads_take_their_frames_from_one_heap(figures: dict[str, int]) -> None:
    assert figures["added_heaps_of_a_shared_one"] == 0 < figures["added_heaps"]


def test_a_large_buffer_is_used_again(figures: dict[str, int]) -> None:
    assert figures["page_faults"] < (30 << 20) / resource.getpagesize()
