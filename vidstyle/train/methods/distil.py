"""The training step of the method `distil`: a small generator, the student, learns to paint what a teacher painted.

The targets are there already, one for each photo: the student is held to them in pixels and gradients, and in the features
of VGG16 where these have a weight (as OMGD, Ren et al., 2021, and AnimeGANv3 do). It learns to be steady from photos that
are bent a little (ReReVST, Wang et al., 2020). Where cartoon frames are given, a discriminator compares its texture with
theirs in the last third of the steps, when there is something to compare.
"""

from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.losses.perceptual import content_loss, gram_matrix, style_loss
from vidstyle.losses.steadiness import Warp, bent_and_noisy, steady_loss
from vidstyle.losses.white_box import structure_loss
from vidstyle.models.feature_network import load_vgg16
from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.train.methods.texture_and_surface import DiscriminatorTraining, new_discriminator
from vidstyle.train.settings import TrainSettings

CONTENT = "relu3_3"
STYLE = ("relu1_2", "relu2_2", "relu3_3")
LAST_PART = 3
"""The discriminator takes part in the last of so many equal parts of the steps."""


class DistilTraining(DiscriminatorTraining):
    """Fits the student; a term whose weight is 0 is not computed. VGG16 is fixed, so no checkpoint holds it.

    With cartoon frames it fits a discriminator of texture too, and counts its steps, so as to know the last third.
    """

    betas = (0.9, 0.99)

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(settings.seed)
        self.generator = CompactGenerator(settings.channels, settings.blocks)
        networks: dict[str, nn.Module] = {"generator": self.generator}
        terms = ["structure", "steady", "content", "style"]
        if settings.cartoon_frames and settings.lambda_texture:
            networks["texture"] = new_discriminator("texture", settings.discriminator_channels)
            terms.append("texture")
        super().__init__(settings, device, dtype, networks)
        self.adversarial = "texture" in networks
        assert settings.steps is not None, "a student is trained for a number of steps"
        self.steps_done, self.first_adversarial_step = 0, settings.steps - settings.steps // LAST_PART
        weights = {name: getattr(settings, f"lambda_{name}") for name in terms}
        self.weights = {name: weight for name, weight in weights.items() if weight}
        self.losses: tuple[str, ...] = (*self.weights, *(["D_texture"] if self.adversarial else []))
        self.vgg = load_vgg16(settings.vgg16, device) if {"content", "style"} & set(self.weights) else None

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 6, c, c) floats in [-1, 1], photos over what the teacher painted of them; return losses by name.

        `paintings` are cartoon frames, (n, 3, c, c), and looked at where they are to be compared. Losses are as they are before
        their weights are applied; those of the discriminator are 0 until the last third.
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
        if self.adversarial:
            losses |= self._adversarial_losses(painted, paintings, random)
        self.descend(["generator"], torch.stack([self.weights[name] * losses[name] for name in self.weights]).sum())
        self.steps_done += 1
        return {name: losses[name].detach() for name in self.losses}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a bit-exact resume needs."""
        return super().state_dict() | ({"steps_done": self.steps_done} if self.adversarial else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        super().load_state_dict(state)
        if self.adversarial:
            self.steps_done = int(state["steps_done"])

    def _adversarial_losses(self, painted: Tensor, frames: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        if self.steps_done < self.first_adversarial_step:
            return dict.fromkeys(("texture", "D_texture"), torch.zeros((), device=self.device))
        frames = frames.contiguous(memory_format=torch.channels_last)
        verdict = self.train_discriminator("texture", frames, [painted.detach()], random)
        return {"D_texture": verdict, "texture": self.fooling_loss("texture", painted, random)}

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
