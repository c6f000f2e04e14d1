"""Copies of frames to a device and back, which on a GPU go on beside its computing.

Each way has a CUDA stream of its own and pinned memory. Torch keeps the pinned buffers in a ring: one is used again when
the copy that reads or fills it is over.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from vidstyle.device import is_out_of_memory


@dataclass(frozen=True)
class OnDevice:
    """Pixels on a device that a stream may still be writing; `written` is the event after which they are there.

    Where the device had no memory for them they are still on the host, and `written` is None.
    """

    pixels: Tensor
    written: torch.cuda.Event | None

    @classmethod
    def of(cls, pixels: Tensor) -> "OnDevice":
        """Return pixels that the current stream writes."""
        return cls(pixels, torch.cuda.current_stream(pixels.device).record_event() if pixels.is_cuda else None)

    def wait(self) -> Tensor:
        """Return the pixels for work on the current stream, which waits for them; the caller's thread does not."""
        if self.written is not None:
            stream = torch.cuda.current_stream(self.pixels.device)
            stream.wait_event(self.written)
            self.pixels.record_stream(stream)
        return self.pixels


class Transfer:
    """Copies pixels to `device` and back."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._up, self._down = (torch.cuda.Stream(device) if device.type == "cuda" else None for _ in range(2))

    def upload(self, pixels: Tensor) -> OnDevice:
        """Return host pixels on the device; returns before they are there. Without memory for them they stay on the host."""
        try:
            with _on(self._up):
                host = pixels.pin_memory() if self._up else pixels
                return OnDevice.of(host.to(self._device, non_blocking=self._up is not None))
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        return OnDevice(pixels, None)

    def download(self, painted: OnDevice) -> Tensor:
        """Return device pixels on the host; waits until they are there."""
        if self._down is None:
            return painted.pixels.cpu()
        with torch.cuda.stream(self._down):
            pixels = painted.wait()
            host = torch.empty_like(pixels, device="cpu", pin_memory=True)
            host.copy_(pixels, non_blocking=True)
            self._down.record_event().synchronize()
        return host


def _on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    return nullcontext() if stream is None else torch.cuda.stream(stream)
