"""The training step of the method `cartoon`: clean pictures that keep the photo's drawing and its colours.

It follows White-box Cartoonization (Wang and Yu, 2020). One discriminator sees the texture, without hue; another sees the
surfaces, without texture. Three losses hold a painting to its flattened photo: in structure, in the calm of plain areas and
in colour. As in CartoonGAN (Chen, Lai and Liu, 2018), cartoon frames with blurred edges are further fakes.
"""

from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.losses.white_box import colour_loss, plain_gradient_loss, structure_loss
from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.train.methods.texture_and_surface import SEEN_CHANNELS, DiscriminatorTraining, new_discriminator
from vidstyle.train.palette import Palette
from vidstyle.train.settings import TrainSettings


class CartoonTraining(DiscriminatorTraining):
    """Generator G without norms, and a discriminator each for texture and surface.

    A term whose weight is 0 is left out, and its discriminator with it. With `lambda_texture` and `lambda_surface` 0, G is
    fitted to the flattened photos alone: a start for a run with both.
    """

    betas = (0.5, 0.99)

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(settings.seed)
        self.generator = CompactGenerator(settings.channels, settings.blocks)
        networks: dict[str, nn.Module] = {"generator": self.generator}
        self.discriminators = tuple(name for name in SEEN_CHANNELS if getattr(settings, f"lambda_{name}"))
        networks |= {name: new_discriminator(name, settings.discriminator_channels) for name in self.discriminators}
        super().__init__(settings, device, dtype, networks)
        weights = {
            "texture": settings.lambda_texture,
            "surface": settings.lambda_surface,
            "structure": settings.lambda_structure,
            "plain": settings.lambda_plain,
            "colour": settings.lambda_colour,
        }
        self.palette = Palette(settings.palette)
        self.weights = {name: weight for name, weight in weights.items() if weight}
        self.losses: tuple[str, ...] = (*self.weights, *(f"D_{name}" for name in self.discriminators))

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 6, c, c) floats in [-1, 1] of either side, images over counterparts; return the losses by name.

        The losses of G are as they are before their weights are applied.
        """
        photos, flattened = _split(photos)
        paintings, smooth_edged = _split(paintings)
        if self.palette.strength:
            self.palette.update(flattened, paintings)
            flattened = self.palette(flattened)
        with self.autocast():
            painted = self.generator(photos)
        painted = painted.float()
        fakes = {"texture": [painted.detach(), smooth_edged], "surface": [painted.detach()]}
        verdicts = {
            f"D_{name}": self.train_discriminator(name, paintings, fakes[name], random) for name in self.discriminators
        }
        losses = self._generator_losses(painted, photos, flattened, random)
        self.descend(["generator"], torch.stack([self.weights[name] * losses[name] for name in self.weights]).sum())
        losses |= verdicts
        return {name: losses[name].detach() for name in self.losses}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a bit-exact resume needs."""
        return {**super().state_dict(), "palette": self.palette.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        super().load_state_dict(state)
        self.palette.load_state_dict(state["palette"])

    def _generator_losses(
        self, painted: Tensor, photos: Tensor, flattened: Tensor, random: torch.Generator
    ) -> dict[str, Tensor]:
        """Return those terms of G that have a weight."""
        losses = {name: self.fooling_loss(name, painted, random) for name in self.discriminators}
        if "structure" in self.weights:
            losses["structure"] = structure_loss(painted, flattened)
        if "plain" in self.weights:
            losses["plain"] = plain_gradient_loss(painted, photos, flattened)
        if "colour" in self.weights:
            losses["colour"] = colour_loss(painted, flattened)
        return losses


def _split(stacked: Tensor) -> tuple[Tensor, Tensor]:
    """Return images and their counterparts, (n, 3, h, w) each, of (n, 6, h, w)."""
    images, counterparts = stacked.split(3, dim=1)
    return (
        images.contiguous(memory_format=torch.channels_last),
        counterparts.contiguous(memory_format=torch.channels_last),
    )
