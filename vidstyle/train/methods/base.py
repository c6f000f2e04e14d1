"""What training needs of a method, and what the methods that fit networks share."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from vidstyle.networks.generator_kinds import Generator
from vidstyle.networks.norms import keep_channels_last
from vidstyle.train.augmentation import augment
from vidstyle.train.distributed import average_gradients
from vidstyle.train.settings import TrainSettings


class TrainingMethod(Protocol):
    """One system that learns from batches of photos and paintings."""

    losses: tuple[str, ...]
    """The names of the losses, in the order in which they are shown."""
    device: torch.device

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        """Start from new networks, whose random weights the seed of the settings decides."""
        ...

    @property
    def generator(self) -> Generator | None:
        """The network that becomes the style; None where the method fits no generator."""
        ...

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 3, h, w) floats in [-1, 1] of either side, on the method's device; return losses by name.

        Where the method's row asks for counterparts there are six channels: images over their counterparts.
        Every random draw of the step comes from `random`, a generator on the CPU.
        """
        ...

    def set_learning_rate(self, rate: float) -> None:
        """Use `rate` from the next step on."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a bit-exact resume needs, as tensors, numbers and containers of them.

        All processes call it at once; the first one writes the result.
        """
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        ...


class NetworkTraining:
    """Base of the methods that fit networks: each network has an Adam of its own.

    Networks compute under autocast unless `dtype` is fp32. A subclass makes them, seeded, and passes them by name.
    """

    betas = (0.5, 0.999)

    def __init__(
        self, settings: TrainSettings, device: torch.device, dtype: torch.dtype, networks: Mapping[str, nn.Module]
    ) -> None:
        self.settings, self.device, self.dtype = settings, device, dtype
        self.networks = {name: network.to(device) for name, network in networks.items()}
        if device.type == "cpu":
            for network in self.networks.values():
                keep_channels_last(network)
        self.optimizers = {name: self._adam(network) for name, network in self.networks.items()}

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(
            network.parameters(), lr=self.settings.lr, betas=self.betas, fused=self.device.type != "mps"
        )

    def set_learning_rate(self, rate: float) -> None:
        """Use `rate` from the next step on."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate

    def autocast(self) -> torch.autocast:
        """Return the context in which networks compute in the run's number format."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def descend(self, names: Sequence[str], loss: Tensor) -> None:
        """Take one step of the named networks' optimisers down the gradient of `loss`."""
        for name in names:
            self.optimizers[name].zero_grad(set_to_none=True)
        loss.backward()
        for name in names:
            average_gradients(self.networks[name])
            if self.settings.gradient_clip:
                nn.utils.clip_grad_norm_(self.networks[name].parameters(), self.settings.gradient_clip)
            self.optimizers[name].step()

    def shown(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Return (n, 3, h, w) images in [-1, 1] as discriminators see them, augmented as the settings say."""
        return augment(images, self.settings.augmentations, random).contiguous(memory_format=torch.channels_last)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a bit-exact resume needs of the networks and optimisers."""
        return {
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers.values()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for optimizer, saved in zip(self.optimizers.values(), state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
