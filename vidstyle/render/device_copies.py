"""Frames on their way to a device and back, on a GPU beside its computing: pinned memory, and a stream for each way.

The pinned buffers are a ring that torch keeps: one is used again when the copy that reads or fills it is over."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sent:
    """Pixels that a stream of their device may still be writing, and the event after which they are there."""

    pixels: Tensor
    written: torch.cuda.Event | None

    def arrived(self) -> Tensor:
        """Return the pixels for work on the current stream, which waits for them; the caller's thread does not."""
        if self.written is not None:
            stream = torch.cuda.current_stream(self.pixels.device)
            stream.wait_event(self.written)
            self.pixels.record_stream(stream)
        return self.pixels


def sent(pixels: Tensor) -> Sent:
    """Return pixels that the current stream writes."""
    return Sent(pixels, torch.cuda.current_stream(pixels.device).record_event() if pixels.is_cuda else None)


class Transfer:
    """Copies pixels to `device` and back."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        streams = [torch.cuda.Stream(device) if device.type == "cuda" else None for _ in range(2)]
        self._up, self._down = streams

    def upload(self, pixels: Tensor) -> Sent:
        """Return host pixels on the device; returns before they are there."""
        with _on(self._up):
            host = pixels.pin_memory() if self._up else pixels
            return sent(host.to(self.device, non_blocking=self._up is not None))

    def download(self, given: Sent) -> Tensor:
        """Return device pixels on the host; waits until they are there."""
        if self._down is None:
            return given.pixels.cpu()
        with torch.cuda.stream(self._down):
            pixels = given.arrived()
            host = torch.empty_like(pixels, device="cpu", pin_memory=True)
            host.copy_(pixels, non_blocking=True)
            self._down.record_event().synchronize()
        return host


def _on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    return nullcontext() if stream is None else torch.cuda.stream(stream)
