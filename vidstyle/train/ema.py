"""The running mean of the generator's weights, which becomes the style."""

import torch
from torch import Tensor, nn


class RunningMean:
    """Exponential moving average of a network's weights in fp32; the decay grows to its full value over the first steps."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: weight.detach().clone().float() for name, weight in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the mean towards the weights of `network` after `step` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        current = network.state_dict()
        torch._foreach_lerp_(list(self.weights.values()), [current[name].float() for name in self.weights], 1 - decay)

    def load(self, weights: dict[str, Tensor]) -> None:
        """Take up the mean that a checkpoint or a style kept."""
        for name, weight in self.weights.items():
            weight.copy_(weights[name])
