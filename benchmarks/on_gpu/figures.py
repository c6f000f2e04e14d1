"""What a part measures: rows of tables, printed and written as soon as each is there, and how they are timed."""

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from vidstyle.files import write_json

MATMUL_SIDES = {"cuda": 8192, "cpu": 256}
MEBIBYTE = 1 << 20


class Figures:
    """The tables of one part, rewritten to `path` with every row, so that a part that is ended keeps what it has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self.headline = ""
        self.faults = 0

    def add(self, table: str, **row: Any) -> None:
        """Add a row to a table."""
        self._tables.setdefault(table, []).append(row)
        print(table, json.dumps(row, default=str), flush=True)
        self._write()

    def say(self, headline: str) -> None:
        """Set what the table of all parts says of this one."""
        self.headline = headline
        print(headline, flush=True)
        self._write()

    def attempt(self, table: str, named: dict[str, Any], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Add the row that `work` measures beside what it is `named`; a fault costs its own row and no other.

        Returns what was measured, nothing after a fault.
        """
        try:
            found = work()
        except Exception as error:
            self.faults += 1
            found, cause = {}, " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self.add(table, **named, fault=cause)
        else:
            self.add(table, **named, **found)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return found

    def _write(self) -> None:
        write_json(self._path, {"headline": self.headline, "hardware": hardware(), "tables": self._tables})


def hardware() -> dict[str, Any]:
    """Return what was measured on."""
    names = {"python": platform.python_version(), "torch": torch.__version__, "threads": torch.get_num_threads()}
    if torch.cuda.is_available():
        return {"device": torch.cuda.get_device_name(), "cuda": torch.version.cuda, **names}
    return {"device": platform.processor() or platform.machine(), **names}


class FlopCount(TorchDispatchMode):
    """Counts the floating-point operations of convolutions and matrix products, also those of gradients of gradients.

    torch's own FlopCounterMode uses the same formulas, and fails where a penalty is differentiated twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flop = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Compute, and count."""
        kwargs = kwargs or {}
        formula = flop_registry.get(func._overloadpacket)
        if formula is None:
            with self:  # In inference mode whole operators arrive here, such as conv2d.
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        result = func(*args, **kwargs)
        self.flop += formula(*args, **kwargs, out_val=result) if formula else 0
        return result


def settle(device: torch.device) -> None:
    """Wait until all that was asked of a GPU is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_a_call(work: Callable[[], Any], device: torch.device, times: int) -> float:
    """Return the mean seconds of `times` calls in a row, after one more that is not counted."""
    work()
    settle(device)
    began = time.perf_counter()
    for _ in range(times):
        work()
    settle(device)
    return (time.perf_counter() - began) / times


def matmul_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return the FLOP/s of a large matrix product, the ceiling that shares are counted of."""
    side = MATMUL_SIDES[device.type]
    matrix = torch.rand(side, side, device=device).to(dtype)
    return 2 * side**3 / min(seconds_a_call(lambda: matrix @ matrix, device, 10) for _ in range(3))


def forget_peak(device: torch.device) -> None:
    """Count the most memory held from now on."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_mebibytes(device: torch.device) -> int | None:
    """Return the most memory of a GPU that tensors held since `forget_peak`, None elsewhere."""
    return torch.cuda.max_memory_allocated(device) // MEBIBYTE if device.type == "cuda" else None
