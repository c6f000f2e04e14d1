"""The training step of RT Transfer: a network learns to paint like one image, by perceptual losses (Johnson et al., 2016)."""

import torch
from torch import Tensor

from vidstyle.losses.perceptual import content_loss, gram_matrix, style_loss, total_variation
from vidstyle.models.feature_network import load_vgg16
from vidstyle.networks.johnson import JohnsonNetwork
from vidstyle.train.methods.base import NetworkTraining
from vidstyle.train.settings import TrainSettings

CONTENT = "relu2_2"
STYLE = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
"""The layers of Johnson et al. (2016), section 4.1."""


class PerceptualTraining(NetworkTraining):
    """Fits the transformation network of Johnson et al. (2016). VGG16 is fixed, so no checkpoint holds it."""

    losses: tuple[str, ...] = ("content", "style", "variation")
    betas = (0.9, 0.999)

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(settings.seed)
        self.generator = JohnsonNetwork(settings.channels, settings.blocks)
        super().__init__(settings, device, dtype, {"generator": self.generator})
        self.vgg = load_vgg16(settings.vgg16, device)
        self.targets: dict[str, Tensor] = {}

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from photos (n, 3, c, c) and the style image (1, 3, h, w), the same at each step, in [-1, 1]."""
        with self.autocast():
            self.targets = self.targets or self._targets(paintings)
            painted = self.generator(photos)
            features = self.vgg((painted + 1) / 2, STYLE)
            with torch.no_grad():
                wanted = self.vgg((photos + 1) / 2, (CONTENT,))[CONTENT]
        losses = {
            "content": self.settings.lambda_content * content_loss(features[CONTENT], wanted),
            "style": self.settings.lambda_style * style_loss(features, self.targets),
            "variation": self.settings.lambda_variation * total_variation(painted),
        }
        self.descend(["generator"], torch.stack(list(losses.values())).sum())
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def _targets(self, paintings: Tensor) -> dict[str, Tensor]:
        features = self.vgg((paintings + 1) / 2, STYLE)
        return {layer: gram_matrix(feature_map) for layer, feature_map in features.items()}
