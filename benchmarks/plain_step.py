"""The training step in the order of work of the public CUT code: what ours must equal, and be faster than."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.losses.gan import adversarial_loss
from vidstyle.losses.patch_nce import patch_nce
from vidstyle.networks.layers import BlurDownsample, BlurUpsample
from vidstyle.networks.norms import ImagewiseNorm
from vidstyle.networks.patch_features import draw_positions
from vidstyle.train.methods.cut import ContrastiveTraining
from vidstyle.train.settings import TrainSettings


class ConvolvedDownsample(nn.Module):
    """The blur and halving as the depthwise convolution that the public code has."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the halved feature map."""
        kernel = torch.tensor([1.0, 2.0, 1.0], device=features.device) / 4
        weight = (kernel[:, None] * kernel).expand(features.shape[1], 1, 3, 3)
        padded = functional.pad(features, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(padded, weight, stride=2, groups=features.shape[1])


class ConvolvedUpsample(nn.Module):
    """The doubling and blur as the depthwise transposed convolution that the public code has."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the doubled feature map."""
        kernel = torch.tensor([1.0, 3.0, 3.0, 1.0], device=features.device) / 4
        weight = (kernel[:, None] * kernel).expand(features.shape[1], 1, 4, 4)
        padded = functional.pad(features, (1, 1, 1, 1), mode="replicate")
        return functional.conv_transpose2d(padded, weight, stride=2, padding=3, groups=features.shape[1])


class WholeBatchNorm(nn.Module):
    """The instance norm of all images at once."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the normalised features."""
        return functional.instance_norm(features)


PUBLIC = {BlurDownsample: ConvolvedDownsample, BlurUpsample: ConvolvedUpsample, ImagewiseNorm: WholeBatchNorm}


def _as_public(module: nn.Module) -> None:
    """Put the public code's way of resampling and normalising in the place of ours."""
    for name, child in module.named_children():
        setattr(module, name, PUBLIC[type(child)]()) if type(child) in PUBLIC else _as_public(child)


class PlainStep:
    """CUT in fp32, eager; each contrast passes its sources and its paintings through the encoder: four passes in all."""

    def __init__(self, settings: TrainSettings, device: torch.device) -> None:
        made = ContrastiveTraining(settings, device, torch.float32)
        self.settings, self.networks = settings, made.networks
        for network in self.networks.values():
            _as_public(network)
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), settings.lr, made.betas, foreach=False)
            for name, network in made.networks.items()
        }

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 3, c, c) floats in [-1, 1] of either side; return the losses by their names in Fig. 4."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        fakes, same = generator(torch.cat([photos, paintings])).split(len(photos))
        self._zero("discriminator")
        fake = adversarial_loss(discriminator(fakes.detach()), False, self.settings.gan_mode)
        real = adversarial_loss(discriminator(paintings), True, self.settings.gan_mode)
        ((fake + real) / 2).backward()
        self.optimizers["discriminator"].step()
        discriminator.requires_grad_(False)
        self._zero("generator", "embeddings")
        verdict = adversarial_loss(discriminator(fakes), True, self.settings.gan_mode)
        state = random.get_state()
        contrast = self._contrast(photos, fakes, random)
        random.set_state(state)
        contrast_same = self._contrast(paintings, same, random)
        (verdict + self.settings.lambda_nce * (contrast + contrast_same) / 2).backward()
        self.optimizers["generator"].step()
        self.optimizers["embeddings"].step()
        discriminator.requires_grad_(True)
        named = {"G_GAN": verdict, "NCE": contrast, "NCE_Y": contrast_same, "D_fake": fake, "D_real": real}
        return {name: loss.detach() for name, loss in named.items()}

    def _zero(self, *names: str) -> None:
        for name in names:
            self.optimizers[name].zero_grad()

    def _contrast(self, sources: Tensor, painted: Tensor, random: torch.Generator) -> Tensor:
        """Return PatchNCE of the paintings against their sources: the mean over layers."""
        generator, embeddings = self.networks["generator"], self.networks["embeddings"]
        queries = generator.features(painted)  # type: ignore[operator]
        keys = generator.features(sources)  # type: ignore[operator]
        positions = draw_positions(queries, self.settings.patches, random)
        pairs = zip(embeddings(queries, positions), embeddings(keys, positions), strict=True)
        return torch.stack([patch_nce(query, key.detach()) for query, key in pairs]).mean()
