"""Painted images of earlier steps, so that a discriminator does not forget them (Shrivastava et al., 2017)."""

from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.losses.gan import adversarial_loss, cycle_loss
from vidstyle.networks.discriminator import PatchDiscriminator
from vidstyle.networks.resnet import ResNetGenerator
from vidstyle.train.distributed import gathered, own_share
from vidstyle.train.methods.base import NetworkTraining
from vidstyle.train.settings import TrainSettings


class ImagePool:
    """Keeps up to `size` images, (3, h, w) each."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, fakes: Tensor, random: torch.Generator) -> Tensor:
        """Return what to judge instead of `fakes` (n, 3, h, w): once the pool is full, half of them are put into it and
        a random one comes out.
        """
        return torch.stack([self._exchange(fake, random) for fake in fakes])

    def _exchange(self, fake: Tensor, random: torch.Generator) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(fake.clone())
            return fake
        if self.size == 0 or torch.rand((), generator=random) < 0.5:
            return fake
        chosen = int(torch.randint(self.size, (), generator=random))
        kept, self.images[chosen] = self.images[chosen], fake.clone()
        return kept


class CycleTraining(NetworkTraining):
    """G paints photos (A) and D_A judges its paintings; the reverse generator makes photos of paintings (B) for D_B.

    The losses have the public code's names: `_A` belongs to what begins with photos.
    """

    losses: tuple[str, ...] = ("G_A", "cycle_A", "idt_A", "D_A", "G_B", "cycle_B", "idt_B", "D_B")

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(settings, device, dtype)
        self.pools = {"A": ImagePool(settings.pool), "B": ImagePool(settings.pool)}

    def build(self, settings: TrainSettings) -> dict[str, nn.Module]:
        """Return both generators and both discriminators."""
        return {
            "generator": ResNetGenerator(settings.channels, settings.blocks),
            "reverse_generator": ResNetGenerator(settings.channels, settings.blocks),
            "discriminator_A": PatchDiscriminator(settings.discriminator_channels),
            "discriminator_B": PatchDiscriminator(settings.discriminator_channels),
        }

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 3, c, c) floats in [-1, 1] of either side; return the losses by name."""
        forward, back = self.networks["generator"], self.networks["reverse_generator"]
        with self.autocast():
            painted, same_paintings = forward(torch.cat([photos, paintings])).tensor_split([len(photos)])
            undone, same_photos = back(torch.cat([paintings, photos])).tensor_split([len(paintings)])
            losses = {
                "G_A": self._verdict("discriminator_A", painted, random),
                "cycle_A": cycle_loss(back(painted), photos),
                "idt_A": cycle_loss(same_paintings, paintings),
                "G_B": self._verdict("discriminator_B", undone, random),
                "cycle_B": cycle_loss(forward(undone), paintings),
                "idt_B": cycle_loss(same_photos, photos),
            }
        self.descend(["generator", "reverse_generator"], self._total(losses))
        losses["D_A"] = self._judge("A", painted.detach(), paintings, random)
        losses["D_B"] = self._judge("B", undone.detach(), photos, random)
        return {name: losses[name].detach() for name in self.losses}

    def _verdict(self, name: str, images: Tensor, random: torch.Generator) -> Tensor:
        discriminator = self.networks[name].requires_grad_(False)
        loss = adversarial_loss(discriminator(self.shown(images, random)), True, self.settings.gan_mode)
        discriminator.requires_grad_(True)
        return loss

    def _total(self, losses: dict[str, Tensor]) -> Tensor:
        cycles, same = losses["cycle_A"] + losses["cycle_B"], losses["idt_A"] + losses["idt_B"]
        kept = self.settings.lambda_cycle * (cycles + self.settings.lambda_identity * same)
        return losses["G_A"] + losses["G_B"] + kept

    def _judge(self, side: str, fakes: Tensor, reals: Tensor, random: torch.Generator) -> Tensor:
        name, mode = f"discriminator_{side}", self.settings.gan_mode
        judged = self.pools[side].exchange(fakes, random)
        with self.autocast():
            fake = adversarial_loss(self.networks[name](self.shown(judged, random)), False, mode)
            real = adversarial_loss(self.networks[name](self.shown(reals, random)), True, mode)
            loss = 0.5 * (fake + real)
        self.descend([name], loss)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a bit-exact resume needs, the pools of all processes included."""
        return {**super().state_dict(), "pools": {side: gathered(pool.images) for side, pool in self.pools.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state that `state_dict` gave; another number of processes shares the pools' images."""
        super().load_state_dict(state)
        for side, pool in self.pools.items():
            pool.images = [image.to(self.device) for image in own_share(state["pools"][side], pool.size)]
