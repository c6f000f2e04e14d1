"""CUDA graphs: the kernels of a network recorded once for each shape, then launched as one."""

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP_CALLS = 3
"""Calls before recording, in which libraries choose their kernels and Inductor compiles."""


class Graphed:
    """A network on a CUDA device, recorded for each shape it meets; what it returns is valid until the next call.

    Batches are filled up to a power of two, so that short ones need few shapes. The recordings share one pool of
    memory, since only one runs at a time. When memory runs out while recording, all are given up before the error goes on.
    """

    def __init__(self, network: Callable[[Tensor], Tensor]) -> None:
        self.network = network
        self._recorded: dict[tuple[int, ...], tuple[torch.cuda.CUDAGraph, Tensor, Tensor]] = {}
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, images: Tensor) -> Tensor:
        """Return what the network makes of `images`."""
        count = len(images)
        shape = (1 << (count - 1).bit_length(), *images.shape[1:])
        if shape not in self._recorded:
            try:
                self._recorded[shape] = self._record(images.new_zeros(shape))
            except RuntimeError:
                self._recorded.clear()
                raise
        graph, taken, given = self._recorded[shape]
        taken[:count].copy_(images)
        graph.replay()
        return given[:count]

    def _record(self, taken: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, Tensor]:
        with torch.cuda.device(taken.device):
            current, side = torch.cuda.current_stream(), torch.cuda.Stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):
                for _ in range(WARM_UP_CALLS):
                    self.network(taken)
            current.wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                given = self.network(taken)
        return graph, taken, given
