"""`--flicker`: a generator that paints the frames of a video so that they do not flicker.

`flow` averages each painting with earlier ones along the motion of the source. `statistics` smooths what the generator's
norms measure. Both wrap the generator and work at its size. `denoise` needs no generator: see `analysis/smoothing.py`.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.analysis.cuts import PAST_STEPS, CutDetector
from vidstyle.analysis.flow import RENDERING, FlowEstimator, grey_of, trust
from vidstyle.errors import SettingsError
from vidstyle.models.image_model import ImageModel, WholeFrameModel
from vidstyle.models.resize import resize
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.norms import SMOOTHED_FRAMES, smooth_norms
from vidstyle.pixels import to_host
from vidstyle.render.model_state import restore, snapshot

EARLIER_FRAMES = 2
"""How many earlier frames are averaged in. More of them steady little more, cost more and blur more: see docs/flicker.md."""
LARGEST_FLOW_SIDE = 270
"""Short side, pixels, above which motion is looked for on a smaller copy."""


def reduce_flicker(generator: WholeFrameModel, flicker: str) -> WholeFrameModel:
    """Return a generator for one video that flickers less: by `flow` or `statistics`; the given one for `off`.

    Smoothing changes the network of `generator`, which must be a StyleGenerator that runs as it is, not compiled. Raises
    SettingsError where the style has no statistics.
    """
    if flicker == "off":
        return generator
    if flicker == "flow":
        return AlongFlow(generator)
    assert isinstance(generator, StyleGenerator), "only a style's own network can be changed"
    return SmoothStatistics(generator)


class SteadyGenerator(ABC):
    """A generator for the frames of one video, in their order, in batches of any size.

    It remembers earlier frames and forgets them where a shot begins. `looks_back` is the number of earlier frames that
    decide about the next painting. See also TemporalModel and WholeFrameModel.
    """

    looks_back: int

    def __init__(self, generator: WholeFrameModel) -> None:
        self.scale, self.multiple_of, self.half_ok = generator.scale, generator.multiple_of, generator.half_ok
        self._generator = generator
        self._cuts = CutDetector()

    def __call__(self, images: Tensor) -> Tensor:
        """Return the painted images, (n, 3, h, w) in [0, 1], of the next frames of the video."""
        return self.paint_next(images, self._generator)

    def in_strips(self, rows: int) -> ImageModel:
        """Return a model that paints in strips of `rows` rows, see WholeFrameModel, and shares the memory of this one."""
        return _SteadyInStrips(self, self._generator.in_strips(rows))

    @abstractmethod
    def paint_next(self, images: Tensor, generator: ImageModel) -> Tensor:
        """Return the painted images of the next frames, as `generator` paints them, and remember them."""

    @abstractmethod
    def _memory(self) -> dict[str, Tensor]:
        """Return what is remembered besides cuts, after at least one frame."""

    @abstractmethod
    def _load_memory(self, state: Mapping[str, Tensor]) -> None:
        """Remember what `state` holds of `_memory` instead."""

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered; nothing before the first frame. A generator that loads it goes on as this one would."""
        cuts = self._cuts.state()
        if "thumbnail" not in cuts:
            return {}
        own = self._memory() | {name: torch.from_numpy(values) for name, values in cuts.items()}
        return own | snapshot(self._generator)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Remember what `state` holds instead, on any device; nothing when it is empty."""
        self._cuts.load_state({name: state[name].cpu().numpy() for name in ("steps", "thumbnail") if name in state})
        self._load_memory(state)
        restore(self._generator, state)


class _SteadyInStrips:
    """A SteadyGenerator that paints by another model of the same generator."""

    def __init__(self, steady: SteadyGenerator, generator: ImageModel) -> None:
        self.scale, self.multiple_of, self.half_ok = steady.scale, steady.multiple_of, steady.half_ok
        self._steady, self._generator = steady, generator

    def __call__(self, images: Tensor) -> Tensor:
        return self._steady.paint_next(images, self._generator)


@dataclass(frozen=True)
class EarlierFrame:
    """A frame's small source, (h', w', 3) uint8, and what the generator painted of it, (3, h, w) float32."""

    source: np.ndarray
    painted: Tensor


class AlongFlow(SteadyGenerator):
    """A generator that paints a mean of its last paintings, each weighted by how surely it shows the same thing.

    The flow goes straight from a frame to each earlier one, and the paintings are averaged as they came from the generator.
    So nothing is resampled twice, and what is remembered is finite.
    """

    looks_back = EARLIER_FRAMES + PAST_STEPS

    def __init__(self, generator: WholeFrameModel) -> None:
        super().__init__(generator)
        self._estimator = FlowEstimator(RENDERING)
        self._earlier: deque[EarlierFrame] = deque(maxlen=EARLIER_FRAMES)

    @torch.inference_mode()
    def paint_next(self, images: Tensor, generator: ImageModel) -> Tensor:
        """Return the steady paintings, (n, 3, h, w) float32 in [0, 1]."""
        sources = to_host(resize(images, _flow_size(images)), sixteen_bit=False)
        painted = generator(images).float()
        if painted.device.type == "mps":
            painted = painted.cpu()  # Metal has no bicubic grid_sample
        steady = [self._steady(source, painting) for source, painting in zip(sources, painted, strict=True)]
        return torch.stack(steady).to(images.device)

    def _steady(self, source: np.ndarray, painted: Tensor) -> Tensor:
        if self._cuts.is_cut(source):
            self._earlier.clear()
        result = self._average(source, painted) if self._earlier else painted
        self._earlier.append(EarlierFrame(source, painted))
        return result

    def _average(self, source: np.ndarray, painted: Tensor) -> Tensor:
        """Return the weighted mean of `painted`, of weight 1, and the earlier paintings moved to where their things are."""
        grey, flows, weights = grey_of(source), [], []
        for earlier in self._earlier:
            motion = self._estimator.motion(grey, grey_of(earlier.source))
            flows.append(motion.flow)
            weights.append(trust(source, earlier.source, motion))
        weight = _at_size(np.stack(weights)[..., None], painted)
        paintings = torch.stack([earlier.painted.to(painted.device) for earlier in self._earlier])
        moved = warped(paintings, _at_size(np.stack(flows), painted))
        return painted.add((weight * moved).sum(0)).div(weight.sum(0).add(1)).clamp(0, 1)

    def _memory(self) -> dict[str, Tensor]:
        """Return the small sources and the paintings of the last frames."""
        sources = torch.from_numpy(np.stack([earlier.source for earlier in self._earlier]))
        return {"sources": sources, "painted": torch.stack([earlier.painted for earlier in self._earlier])}

    def _load_memory(self, state: Mapping[str, Tensor]) -> None:
        self._earlier.clear()
        for source, painted in zip(state.get("sources", ()), state.get("painted", ()), strict=True):
            self._earlier.append(EarlierFrame(source.cpu().numpy(), painted))


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


class SmoothStatistics(SteadyGenerator):
    """A generator whose instance norms smooth their statistics over the last frames of the shot.

    It replaces the norms of the network for good. Raises SettingsError where there are none.
    """

    def __init__(self, generator: StyleGenerator) -> None:
        super().__init__(generator)
        self._norms = smooth_norms(generator.network)
        if not self._norms:
            raise SettingsError("The style's network has no statistics to smooth. Use --flicker flow.")
        self._shot_frames = 0
        self.looks_back = SMOOTHED_FRAMES * len(self._norms) + PAST_STEPS

    @torch.inference_mode()
    def paint_next(self, images: Tensor, generator: ImageModel) -> Tensor:
        """Return the painted images, same shape and range."""
        begins = [self._cuts.is_cut(source) for source in to_host(images, sixteen_bit=False)]
        weights, self._shot_frames = frame_weights(begins, self._shot_frames)
        for norm in self._norms:
            norm.weights = weights
        return generator(images)

    def _memory(self) -> dict[str, Tensor]:
        """Return the last statistics of every norm, one after the other, and how many frames of the shot they are of."""
        statistics = torch.cat([norm.earlier.flatten(1) for norm in self._norms], 1)
        return {"known": torch.tensor(self._shot_frames), "statistics": statistics}

    def _load_memory(self, state: Mapping[str, Tensor]) -> None:
        self._shot_frames = int(state.get("known", 0))
        widths = [2 * norm.num_features for norm in self._norms]
        statistics = state.get("statistics", torch.zeros(SMOOTHED_FRAMES, sum(widths)))
        for norm, values in zip(self._norms, statistics.split(widths, 1), strict=True):
            norm.earlier = values.view(SMOOTHED_FRAMES, 2, -1)


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
