"""The terms for clean pictures: what the method `cartoon` is made of, and what contrastive methods may add.

They follow White-box Cartoonization (Wang and Yu, 2020). One discriminator sees the texture, without hue; another sees the
surfaces, without texture. Three losses hold a painting to its flattened photo: in structure, in the calm of plain areas and
in colour. As in CartoonGAN (Chen, Lai and Liu, 2018), cartoon frames with blurred edges are further fakes.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.losses.white_box import colour_loss, plain_gradient_loss, structure_loss
from vidstyle.train.methods.texture_and_surface import SEEN_CHANNELS, DiscriminatorTraining, new_discriminator
from vidstyle.train.palette import Palette
from vidstyle.train.settings import CARTOON_WEIGHTS, TrainSettings


class CleanPictureTraining(DiscriminatorTraining):
    """Base of methods with a generator and these terms; a term whose weight is 0 is left out, with its discriminator.

    Its networks, in this order: those of the subclass, `texture`, `surface`. `clean_losses` names the losses of its terms.
    """

    def __init__(
        self, settings: TrainSettings, device: torch.device, dtype: torch.dtype, networks: Mapping[str, nn.Module]
    ) -> None:
        weights = {name.removeprefix("lambda_"): getattr(settings, name) for name in CARTOON_WEIGHTS}
        self.weights: dict[str, float] = {name: weight for name, weight in weights.items() if weight}
        self.discriminators: tuple[str, ...] = tuple(name for name in SEEN_CHANNELS if name in self.weights)
        judges = {name: new_discriminator(name, settings.discriminator_channels) for name in self.discriminators}
        super().__init__(settings, device, dtype, {**networks, **judges})
        self.clean_losses: tuple[str, ...] = (*self.weights, *(f"D_{name}" for name in self.discriminators))
        self.palette = Palette(settings.palette)

    def towards_palette(self, flattened: Tensor, paintings: Tensor) -> Tensor:
        """Return flattened photos moved towards the palette of the cartoon frames seen so far, these ones among them."""
        if self.palette.strength:
            self.palette.update(flattened, paintings)
        return self.palette(flattened)

    def train_discriminators(
        self, painted: Tensor, paintings: Tensor, smooth_edged: Tensor, random: torch.Generator
    ) -> dict[str, Tensor]:
        """Take one step of each discriminator; return its loss by name, `D_texture` and `D_surface`: 0.16 by chance."""
        fakes = {"texture": [painted.detach(), smooth_edged], "surface": [painted.detach()]}
        return {
            f"D_{name}": self.train_discriminator(name, paintings, fakes[name], random) for name in self.discriminators
        }

    def generator_losses(
        self, painted: Tensor, photos: Tensor, flattened: Tensor, random: torch.Generator
    ) -> dict[str, Tensor]:
        """Return those terms of the generator that have a weight, before the weight is applied; `painted` is fp32."""
        losses = {name: self.fooling_loss(name, painted, random) for name in self.discriminators}
        if "structure" in self.weights:
            losses["structure"] = structure_loss(painted, flattened)
        if "plain" in self.weights:
            losses["plain"] = plain_gradient_loss(painted, photos, flattened)
        if "colour" in self.weights:
            losses["colour"] = colour_loss(painted, flattened)
        return losses

    def weighted(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of what `generator_losses` returned, each times its weight."""
        return torch.stack([self.weights[name] * losses[name] for name in self.weights]).sum()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a bit-exact resume needs."""
        return {**super().state_dict(), "palette": self.palette.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned. Contrastive runs of 0.1.0 have no palette."""
        super().load_state_dict(state)
        if "palette" in state:
            self.palette.load_state_dict(state["palette"])


def images_and_counterparts(stacked: Tensor) -> tuple[Tensor, Tensor]:
    """Return images and their counterparts, (n, 3, h, w) each, of (n, 6, h, w)."""
    images, counterparts = stacked.split(3, dim=1)
    return (
        images.contiguous(memory_format=torch.channels_last),
        counterparts.contiguous(memory_format=torch.channels_last),
    )
