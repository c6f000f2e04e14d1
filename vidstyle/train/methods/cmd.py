"""The training step of CMD Transfer (Kalischek et al., 2021): photos are optimised directly, one after the other.

Each is changed until its features are distributed as those of one painting.
"""

from typing import Any

import torch
from torch import Tensor

from vidstyle.losses.perceptual import content_loss, moment_loss, moments
from vidstyle.models.feature_network import load_vgg16
from vidstyle.train.settings import TrainSettings

CONTENT = "conv4_1"
STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
"""The layers of Kalischek et al. (2021), section 4, in VGG16; before the rectifier, since a sigmoid squashes them."""


class MomentMatching:
    """Optimises a `picture` (1, 3, h, w) in [-1, 1] for `settings.steps` steps, beginning with the photo itself.

    There is no generator: what is learnt from one photo is of no use for another.
    """

    losses: tuple[str, ...] = ("content", "moments")
    generator = None

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        self.settings, self.device, self.dtype = settings, device, dtype
        self.vgg = load_vgg16(settings.vgg16, device)
        self.targets: dict[str, list[Tensor]] = {}
        self.content: Tensor | None = None
        self.rate, self.done, self.steps = settings.lr, 0, settings.steps or 1
        self._start_picture(torch.zeros(1, 3, 1, 1))

    def _start_picture(self, picture: Tensor) -> None:
        self.picture = picture.to(self.device).clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.picture], lr=self.rate, fused=self.device.type != "mps")
        self.content = None

    def set_learning_rate(self, rate: float) -> None:
        """Use `rate` from the next step on."""
        self.rate = self.optimizer.param_groups[0]["lr"] = rate

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Improve the picture of the photo (1, 3, h, w), the same one for `settings.steps` steps, towards the one painting."""
        if self.done % self.steps == 0:
            self._start_picture(photos)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            self._set_targets(photos, paintings)
            features = self.vgg((self.picture + 1) / 2, STYLE)
        assert self.content is not None
        losses = {
            "content": self.settings.lambda_content * content_loss(features[CONTENT], self.content),
            "moments": self.settings.lambda_moments * moment_loss(features, self.targets),
        }
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        self.optimizer.step()
        with torch.no_grad():
            self.picture.clamp_(-1, 1)
        self.done += 1
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def _set_targets(self, photo: Tensor, painting: Tensor) -> None:
        if self.content is None:
            self.content = self.vgg((photo + 1) / 2, (CONTENT,))[CONTENT]
        if not self.targets:
            features = self.vgg((painting + 1) / 2, STYLE)
            self.targets = {layer: moments(feature_map) for layer, feature_map in features.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the unfinished picture with its optimiser, and how many steps were done."""
        return {"picture": self.picture.detach(), "optimizer": self.optimizer.state_dict(), "done": self.done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        self._start_picture(state["picture"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.done = int(state["done"])
