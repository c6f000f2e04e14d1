"""CUDA graphs: all kernels of a network are recorded once for each input shape, then launched together."""

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP_CALLS = 3
"""Calls before recording, in which libraries choose their kernels and Inductor compiles."""


class CUDAGraphNetwork:
    """A network on a CUDA device, recorded for each input shape; its result is valid until the next call.

    Batches are filled up to a power of two, so that batches of all sizes need few recordings. The recordings share one
    pool of memory, since only one runs at a time. When memory runs out during a recording, all recordings are dropped
    and the error is raised again.
    """

    def __init__(self, network: Callable[[Tensor], Tensor]) -> None:
        self.network = network
        self._recordings: dict[tuple[int, ...], tuple[torch.cuda.CUDAGraph, Tensor, Tensor]] = {}
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, images: Tensor) -> Tensor:
        """Return the network's result for `images`."""
        count = len(images)
        shape = (1 << (count - 1).bit_length(), *images.shape[1:])
        if shape not in self._recordings:
            try:
                self._recordings[shape] = self._record(images.new_zeros(shape))
            except RuntimeError:
                self._recordings.clear()
                raise
        graph, static_input, static_output = self._recordings[shape]
        static_input[:count].copy_(images)
        graph.replay()
        return static_output[:count]

    def _record(self, static_input: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, Tensor]:
        with torch.cuda.device(static_input.device):
            current, side = torch.cuda.current_stream(), torch.cuda.Stream()
            side.wait_stream(current)
            try:
                with torch.cuda.stream(side):
                    for _ in range(WARM_UP_CALLS):
                        self.network(static_input)
            finally:
                # Also after an error: the memory of the input is free then, and the side stream may still read it.
                current.wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                static_output = self.network(static_input)
        return graph, static_input, static_output
