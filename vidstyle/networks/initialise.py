"""Initial weights of the networks."""

from torch import nn


def xavier_weights(network: nn.Module, gain: float) -> None:
    """Draw the weights of every convolution and linear layer from Xavier's normal distribution, biases 0 (in place)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_normal_(module.weight, gain=gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
