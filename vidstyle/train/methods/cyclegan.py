"""The training step of CycleGAN (Zhu et al., 2017): two generators that undo each other, and a discriminator for each side."""

from typing import Any

import torch
from torch import Tensor

from vidstyle.losses.gan import adversarial_loss, cycle_loss
from vidstyle.networks.discriminator import PatchDiscriminator
from vidstyle.networks.resnet_generator import ResNetGenerator
from vidstyle.train.distributed import gather_images, own_share
from vidstyle.train.methods.base import NetworkTraining
from vidstyle.train.settings import TrainSettings


class ImagePool:
    """Up to `size` painted images of earlier steps, (3, h, w) each, so that a discriminator does not forget them.

    The history of Shrivastava et al. (2017).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, fakes: Tensor, random: torch.Generator) -> Tensor:
        """Return the images to judge instead of `fakes` (n, 3, h, w).

        Until the pool is full they are the fakes, which enter it. Then each fake is swapped for a random one of the pool
        with probability one half.
        """
        return torch.stack([self._exchange(fake, random) for fake in fakes])

    def _exchange(self, fake: Tensor, random: torch.Generator) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(fake.clone())
            return fake
        if self.size == 0 or torch.rand((), generator=random) < 0.5:
            return fake
        chosen = int(torch.randint(self.size, (), generator=random))
        earlier, self.images[chosen] = self.images[chosen], fake.clone()
        return earlier


class CycleTraining(NetworkTraining):
    """G paints photos (A) and D_A judges its paintings; the reverse generator makes photos of paintings (B) for D_B.

    The losses have the public code's names: `_A` marks what begins with photos, `_B` what begins with paintings.
    """

    losses: tuple[str, ...] = ("G_A", "cycle_A", "idt_A", "D_A", "G_B", "cycle_B", "idt_B", "D_B")

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(settings.seed)
        self.generator = ResNetGenerator(settings.channels, settings.blocks)
        networks = {
            "generator": self.generator,
            "reverse_generator": ResNetGenerator(settings.channels, settings.blocks),
            "discriminator_A": PatchDiscriminator(settings.discriminator_channels),
            "discriminator_B": PatchDiscriminator(settings.discriminator_channels),
        }
        super().__init__(settings, device, dtype, networks)
        self.pools = {"A": ImagePool(settings.pool), "B": ImagePool(settings.pool)}

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 3, c, c) floats in [-1, 1] of either side; return the losses by name."""
        forward, back = self.networks["generator"], self.networks["reverse_generator"]
        with self.autocast():
            painted, same_paintings = forward(torch.cat([photos, paintings])).tensor_split([len(photos)])
            undone, same_photos = back(torch.cat([paintings, photos])).tensor_split([len(paintings)])
            losses = {
                "G_A": self._fooling_loss("discriminator_A", painted, random),
                "cycle_A": cycle_loss(back(painted), photos),
                "idt_A": cycle_loss(same_paintings, paintings),
                "G_B": self._fooling_loss("discriminator_B", undone, random),
                "cycle_B": cycle_loss(forward(undone), paintings),
                "idt_B": cycle_loss(same_photos, photos),
            }
        self.descend(["generator", "reverse_generator"], self._total(losses))
        losses["D_A"] = self._train_discriminator("A", painted.detach(), paintings, random)
        losses["D_B"] = self._train_discriminator("B", undone.detach(), photos, random)
        return {name: losses[name].detach() for name in self.losses}

    def _fooling_loss(self, name: str, images: Tensor, random: torch.Generator) -> Tensor:
        discriminator = self.networks[name].requires_grad_(False)
        loss = adversarial_loss(discriminator(self.shown(images, random)), True, self.settings.gan_mode)
        discriminator.requires_grad_(True)
        return loss

    def _total(self, losses: dict[str, Tensor]) -> Tensor:
        cycles, same = losses["cycle_A"] + losses["cycle_B"], losses["idt_A"] + losses["idt_B"]
        content = self.settings.lambda_cycle * (cycles + self.settings.lambda_identity * same)
        return losses["G_A"] + losses["G_B"] + content

    def _train_discriminator(self, side: str, fakes: Tensor, reals: Tensor, random: torch.Generator) -> Tensor:
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
        return {
            **super().state_dict(),
            "pools": {side: gather_images(pool.images) for side, pool in self.pools.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned; another number of processes shares out the pools' images anew."""
        super().load_state_dict(state)
        for side, pool in self.pools.items():
            pool.images = [image.to(self.device) for image in own_share(state["pools"][side], pool.size)]
