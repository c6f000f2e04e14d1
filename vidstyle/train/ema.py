"""The exponential moving average of the generator's weights, which becomes the style."""

from collections.abc import Mapping

import torch
from torch import Tensor

from vidstyle.networks.generator_kinds import Generator


class ExponentialMovingAverage:
    """Averages the weights of `network` in fp32; over the first steps the decay grows to its full value."""

    def __init__(self, network: Generator, decay: float) -> None:
        self.network, self.decay = network, decay
        self.weights = {name: weight.detach().clone().float() for name, weight in network.state_dict().items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the weights of the network after `step` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        current = self.network.state_dict()
        torch._foreach_lerp_(list(self.weights.values()), [current[name].float() for name in self.weights], 1 - decay)

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take over the average that a checkpoint or a style holds."""
        for name, weight in self.weights.items():
            weight.copy_(weights[name])
