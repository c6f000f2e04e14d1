"""`--flicker`: painting the frames of a video so that they do not flicker, around the generator, at its size."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.analysis.cuts import PAST_STEPS
from vidstyle.analysis.flow import RENDERING, FlowEstimator, grey_of, trust
from vidstyle.errors import DependencyError, SettingsError
from vidstyle.models.image_model import WholeFrameModel
from vidstyle.models.resize import resize
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.norms import SMOOTHED_FRAMES, smooth_norms
from vidstyle.pixels import to_host
from vidstyle.render.temporal import Steady

EARLIER_FRAMES = 2
"""How many earlier frames are averaged in: more steady little more, cost more and blur more; see docs/flicker.md."""
LARGEST_FLOW_SIDE = 270
"""Short side, pixels, above which motion is looked for on a smaller copy."""


@dataclass(frozen=True)
class Earlier:
    """A frame's small source, (h', w', 3) uint8, and what the generator painted of it, (3, h, w) float32."""

    source: np.ndarray
    painted: Tensor


class AlongFlow(Steady):
    """A generator that paints the mean of the last paintings, each weighted by how surely it shows the same thing.

    The flow goes straight from the frame to each earlier one and the paintings are averaged as they came from the
    generator, so nothing is resampled twice and what is remembered is finite.
    """

    looks_back = EARLIER_FRAMES + PAST_STEPS

    def __init__(self, generator: WholeFrameModel) -> None:
        super().__init__(generator)
        self._estimator = FlowEstimator(RENDERING)
        self._earlier: deque[Earlier] = deque(maxlen=EARLIER_FRAMES)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the painted images, (n, 3, h, w) float32 in [0, 1]."""
        sources = to_host(resize(images, _flow_size(images)), sixteen_bit=False)
        painted = self._paint(images).float()
        if painted.device.type == "mps":
            painted = painted.cpu()  # Metal has no bicubic grid_sample
        return torch.stack([self._steadied(*pair) for pair in zip(sources, painted, strict=True)]).to(images.device)

    def _steadied(self, source: np.ndarray, painted: Tensor) -> Tensor:
        if self._cuts.is_cut(source):
            self._earlier.clear()
        result = self._averaged(source, painted) if self._earlier else painted
        self._earlier.append(Earlier(source, painted))
        return result

    def _averaged(self, source: np.ndarray, painted: Tensor) -> Tensor:
        """Return the weighted mean of `painted`, of weight 1, and the earlier paintings moved to where their things are."""
        grey, flows, weights = grey_of(source), [], []
        for one in self._earlier:
            motion = self._estimator.motion(grey, grey_of(one.source))
            flows.append(motion.flow)
            weights.append(trust(source, one.source, motion))
        weight = _at_size(np.stack(weights)[..., None], painted)
        earlier = torch.stack([one.painted.to(painted.device) for one in self._earlier])
        moved = warped(earlier, _at_size(np.stack(flows), painted))
        return painted.add((weight * moved).sum(0)).div(weight.sum(0).add(1)).clamp(0, 1)

    def _remembered(self) -> dict[str, Tensor]:
        """Return the small sources and the paintings of the last frames."""
        sources = torch.from_numpy(np.stack([one.source for one in self._earlier]))
        return {"sources": sources, "painted": torch.stack([one.painted for one in self._earlier])}

    def _remember(self, state: Mapping[str, Tensor]) -> None:
        self._earlier.clear()
        for source, painted in zip(state.get("sources", ()), state.get("painted", ()), strict=True):
            self._earlier.append(Earlier(source.cpu().numpy(), painted))


def _flow_size(images: Tensor) -> tuple[int, int]:
    """Return the (width, height) at which motion is looked for."""
    height, width = images.shape[-2:]
    factor = min(1.0, LARGEST_FLOW_SIDE / min(height, width))
    return round(width * factor), round(height * factor)


def _at_size(maps: np.ndarray, like: Tensor) -> Tensor:
    """Return (n, h', w', c) maps as (n, c, h, w), the size and device of `like`; the flow's pixels are scaled too."""
    height, width = like.shape[-2:]
    numbers = torch.from_numpy(maps).to(like.device).permute(0, 3, 1, 2)
    if numbers.shape[1] == 2:
        numbers = numbers * numbers.new_tensor([width / maps.shape[2], height / maps.shape[1]]).view(1, 2, 1, 1)
    if maps.shape[1:3] == (height, width):
        return numbers
    return functional.interpolate(numbers, (height, width), mode="bilinear", align_corners=False)


def warped(images: Tensor, flow: Tensor) -> Tensor:
    """Return (n, c, h, w) images fetched along (n, 2, h, w) flow in pixels; bicubic, which blurs little, borders repeated."""
    height, width = images.shape[-2:]
    across = torch.arange(width, device=images.device).view(1, 1, width)
    down = torch.arange(height, device=images.device).view(1, height, 1)
    x = (flow[:, 0] + across) * (2 / max(width - 1, 1)) - 1
    y = (flow[:, 1] + down) * (2 / max(height - 1, 1)) - 1
    grid = torch.stack((x, y), -1)
    return functional.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=True)


class SmoothStatistics(Steady):
    """A generator whose instance norms, replaced for good, smooth their statistics over the last frames of the shot.

    Raises SettingsError where it has no instance norms.
    """

    def __init__(self, generator: StyleGenerator) -> None:
        super().__init__(generator)
        self._norms, self._known = smooth_norms(generator.network), 0
        if not self._norms:
            raise SettingsError("The style's network has no statistics to smooth. Use --flicker flow.")
        self.looks_back = SMOOTHED_FRAMES * len(self._norms) + PAST_STEPS

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the painted images, same shape and range."""
        begins = [self._cuts.is_cut(source) for source in to_host(images, sixteen_bit=False)]
        weights, self._known = frame_weights(begins, self._known)
        for norm in self._norms:
            norm.weights = weights
        return self._paint(images)

    def _remembered(self) -> dict[str, Tensor]:
        """Return the last statistics of every norm, one after the other, and how many frames of the shot they are of."""
        statistics = torch.cat([norm.earlier.flatten(1) for norm in self._norms], 1)
        return {"known": torch.tensor(self._known), "statistics": statistics}

    def _remember(self, state: Mapping[str, Tensor]) -> None:
        self._known = int(state.get("known", 0))
        if "statistics" in state:
            widths = [2 * norm.num_features for norm in self._norms]
            for norm, known in zip(self._norms, state["statistics"].split(widths, 1), strict=True):
                norm.earlier = known.view(SMOOTHED_FRAMES, 2, -1)


def frame_weights(begins: Sequence[bool], known: int) -> tuple[Tensor, int]:
    """Return (n, SMOOTHED_FRAMES + n) weights for n frames, and how many frames may be looked back at after them.

    `begins` tells which frames begin a shot, `known` how many earlier frames belong to the shot of the first.
    """
    weights = torch.zeros(len(begins), SMOOTHED_FRAMES + len(begins))
    for number, begin in enumerate(begins):
        known = 0 if begin else known
        last = SMOOTHED_FRAMES + number
        weights[number, last - known : last + 1] = 1 / (known + 1)
        known = min(known + 1, SMOOTHED_FRAMES)
    return weights, known


def reduce_flicker(generator: WholeFrameModel, flicker: str) -> WholeFrameModel:
    """Return a generator for one video that flickers less: by `statistics` or `flow`; the same one for `off`.

    Smoothing changes the network of `generator`, which must run as it is, not compiled. Raises DependencyError where
    OpenCV cannot be loaded, SettingsError where the style has no statistics.
    """
    if flicker == "off":
        return generator
    try:
        pass
        pass
    except ImportError as error:
        raise DependencyError(
            f"Steadying the picture needs OpenCV, which cannot be loaded here ({error}). "
            "Use --flicker off, or install it: pip install opencv-python-headless"
        ) from error
    if flicker == "flow":
        return AlongFlow(generator)
    assert isinstance(generator, StyleGenerator), "only a style's own network can be changed"
    return SmoothStatistics(generator)
