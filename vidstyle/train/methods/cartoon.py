"""The training step of the method `cartoon`: the terms for clean pictures alone, with the compact generator."""

import torch
from torch import Tensor

from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.train.methods.clean_pictures import CleanPictureTraining, images_and_counterparts
from vidstyle.train.settings import TrainSettings


class CartoonTraining(CleanPictureTraining):
    """Generator G without norms, and a discriminator each for texture and surface.

    With `lambda_texture` and `lambda_surface` 0, G is fitted to the flattened photos alone: a start for a run with both.
    """

    betas = (0.5, 0.99)

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(settings.seed)
        self.generator = CompactGenerator(settings.channels, settings.blocks)
        super().__init__(settings, device, dtype, {"generator": self.generator})
        self.losses: tuple[str, ...] = self.clean_losses

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 6, c, c) floats in [-1, 1] of either side, images over counterparts; return the losses by name.

        The losses of G are as they are before their weights are applied.
        """
        photos, flattened = images_and_counterparts(photos)
        paintings, smooth_edged = images_and_counterparts(paintings)
        flattened = self.towards_palette(flattened, paintings)
        with self.autocast():
            painted = self.generator(photos)
        painted = painted.float()
        verdicts = self.train_discriminators(painted, paintings, smooth_edged, random)
        losses = self.generator_losses(painted, photos, flattened, random)
        self.descend(["generator"], self.weighted(losses))
        losses |= verdicts
        return {name: losses[name].detach() for name in self.losses}
