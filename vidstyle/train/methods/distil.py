"""The training step of the method `distil`: a small generator, the student, learns to paint what a teacher painted.

The targets are there already, one for each photo, so that nothing is adversarial: the student is held to them in pixels and
gradients, and in the features of VGG16 where these have a weight (as OMGD, Ren et al., 2021, and AnimeGANv3 do). It learns
to be steady from photos that are bent a little (ReReVST, Wang et al., 2020).
"""

import torch
from torch import Tensor

from vidstyle.losses.perceptual import content_loss, gram_matrix, style_loss
from vidstyle.losses.steadiness import Warp, bent_and_noisy, steady_loss
from vidstyle.losses.white_box import structure_loss
from vidstyle.models.feature_network import load_vgg16
from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.train.methods.base import NetworkTraining
from vidstyle.train.settings import TrainSettings

CONTENT = "relu3_3"
STYLE = ("relu1_2", "relu2_2", "relu3_3")


class DistilTraining(NetworkTraining):
    """Fits the student alone; a term whose weight is 0 is not computed. VGG16 is fixed, so no checkpoint holds it."""

    betas = (0.9, 0.99)

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(settings.seed)
        self.generator = CompactGenerator(settings.channels, settings.blocks)
        super().__init__(settings, device, dtype, {"generator": self.generator})
        weights = {name: getattr(settings, f"lambda_{name}") for name in ("structure", "steady", "content", "style")}
        self.weights = {name: weight for name, weight in weights.items() if weight}
        self.losses: tuple[str, ...] = tuple(self.weights)
        self.vgg = load_vgg16(settings.vgg16, device) if {"content", "style"} & set(self.weights) else None

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 6, c, c) floats in [-1, 1], photos over what the teacher painted of them; return losses by name.

        Losses are as they are before their weights are applied. `paintings` alone are not looked at.
        """
        photos, targets = (part.contiguous(memory_format=torch.channels_last) for part in photos.split(3, dim=1))
        warp = Warp.draw(photos, random) if "steady" in self.weights else None
        shown = photos if warp is None else torch.cat([photos, bent_and_noisy(photos, warp, random)])
        with self.autocast():
            painted, *bent = self.generator(shown).float().split(len(photos))
        losses = {"steady": steady_loss(painted, bent[0], warp)} if warp else {}
        if "structure" in self.weights:
            losses["structure"] = structure_loss(painted, targets)
        losses |= self._feature_losses(painted, targets)
        self.descend(["generator"], torch.stack([self.weights[name] * losses[name] for name in self.losses]).sum())
        return {name: losses[name].detach() for name in self.losses}

    def _feature_losses(self, painted: Tensor, targets: Tensor) -> dict[str, Tensor]:
        if self.vgg is None:
            return {}
        layers = (*STYLE, CONTENT) if "style" in self.weights else (CONTENT,)
        with self.autocast():
            features = self.vgg((painted + 1) / 2, layers)
            with torch.no_grad():
                wanted = self.vgg((targets + 1) / 2, layers)
        losses = {}
        if "content" in self.weights:
            losses["content"] = content_loss(features[CONTENT], wanted[CONTENT])
        if "style" in self.weights:
            losses["style"] = style_loss(features, {layer: gram_matrix(wanted[layer]) for layer in STYLE})
        return losses
