"""Running a generator over a large frame in strips of rows, with the same result as over the whole frame.

An instance norm needs the statistics of the whole frame. `GeneratorInStrips` therefore runs the layers up to a norm over
all strips, combines the moments of the strips, and only then goes on. Meanwhile the features wait in the host's memory
as a `FeatureMap`. A `Window` says which input rows some output rows depend on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.models.tiles import chunks
from vidstyle.networks.generator_kinds import Generator
from vidstyle.networks.layers import BlurDownsample, BlurUpsample, ChannelAffine
from vidstyle.networks.norms import SmoothInstanceNorm2d
from vidstyle.networks.resnet_generator import SkipConnection

KEEP_PLACES = (nn.ReflectionPad2d, nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Hardtanh, ChannelAffine)
"""Layers whose rows depend on the same rows alone, and padding."""


class GeneratorInStrips:
    """Runs a generator's own layers over strips of at most `rows` rows, on the device that holds its weights.

    Feature maps wait in the host's memory in the dtype of the network. The device holds one strip at a time, the rows
    around it that the layers see, and the result. There are no seams: an instance norm knows the whole frame before any
    row passes it, and borders are padded only where the frame ends.
    """

    def __init__(self, network: Generator, rows: int) -> None:
        self.network, self.rows = network, rows

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the network's result for (n, 3, h, w) in [-1, 1], h and w multiples of 4; same shape and range."""
        painted = self._run(self.network.model, FeatureMap.of(images))
        return painted.read(0, painted.height)

    def _run(self, layers: Iterable[nn.Module], features: "FeatureMap") -> "FeatureMap":
        """Return the output of `layers` for `features`, whose strips are released on the way."""
        waiting: list[nn.Module] = []
        for layer in layers:
            if isinstance(layer, nn.InstanceNorm2d | nn.GroupNorm):
                features, waiting = self._run_local(waiting, features, layer), _scale_and_shift(layer)
            elif isinstance(layer, SkipConnection):
                features, waiting = self._run_residual(layer, self._run_local(waiting, features)), []
            elif isinstance(layer, nn.Upsample) and layer.align_corners:
                features, waiting = self._double_aligned(self._run_local(waiting, features)), []
            else:
                waiting.append(layer)
        return self._run_local(waiting, features)

    def _run_residual(self, block: SkipConnection, features: "FeatureMap") -> "FeatureMap":
        correction = self._run(block.conv_block, features.shallow_copy())
        result = FeatureMap(features.height, features.device)
        for start, stop in chunks(features.height, self.rows):
            result.store(start, features.read(start, stop) + correction.read(start, stop))
            features.release(stop)
            correction.release(stop)
        return result

    def _run_local(
        self, layers: Sequence[nn.Module], features: "FeatureMap", norm: nn.InstanceNorm2d | nn.GroupNorm | None = None
    ) -> "FeatureMap":
        """Return the output of `layers`, which do not mix the whole frame; `norm` is applied when it is read."""
        if not layers:
            return features
        window, network, moments = Window.of(layers), nn.Sequential(*layers), []
        result = FeatureMap(features.height * window.up // window.down, features.device)
        for start, stop in chunks(result.height, max(self.rows // window.down, 1)):
            first, last = window.input_rows(start, stop, features.height)
            offset = first * window.up // window.down
            strip = network(features.read(first, last))[:, :, start - offset : stop - offset]
            result.store(start, strip)
            if norm is not None:
                moments.append(Moments.of(strip))
            features.release(window.input_rows(stop, stop, features.height)[0])
        if norm is None:
            return result
        return replace(result, norm=_norm_of_frame(norm, reduce(Moments.combine, moments)))

    def _double_aligned(self, features: "FeatureMap") -> "FeatureMap":
        """Return the features at double size, interpolated so that the first and the last rows and columns stay in place."""
        result = FeatureMap(2 * features.height, features.device)
        step = (features.height - 1) / (result.height - 1)
        for start, stop in chunks(result.height, self.rows):
            places = torch.arange(start, stop, dtype=torch.float64) * step
            above = places.long()
            first, last = int(above[0]), min(int(above[-1]) + 2, features.height)
            rows = features.read(first, last)
            wide = functional.interpolate(rows, (rows.shape[2], 2 * rows.shape[3]), mode="bilinear", align_corners=True)
            below = (above + 1).clamp(max=last - 1)
            share = (places - above).to(wide)[:, None]
            result.store(start, torch.lerp(wide[:, :, above - first], wide[:, :, below - first], share))
            features.release(int(stop * step))
        return result


@dataclass(frozen=True)
class Window:
    """How the rows of layers' output depend on rows of their input.

    `down` input rows become `up` output rows. These also depend on the `receptive_radius` input rows to either side.
    """

    up: int
    down: int
    receptive_radius: int

    @classmethod
    def of(cls, layers: Sequence[nn.Module]) -> "Window":
        """Return the window of layers that run in sequence and pad what their convolutions take away.

        Raises TypeError for a kind of layer that is not known.
        """
        up, down, radius = 1, 1, 0
        for layer in reversed(layers):
            if isinstance(layer, nn.Conv2d):
                stride = layer.stride[0]
                down, radius = stride * down, stride * radius + layer.kernel_size[0] // 2
            elif isinstance(layer, BlurDownsample):
                down, radius = 2 * down, 2 * radius + 1
            elif isinstance(layer, BlurUpsample) or (isinstance(layer, nn.ConvTranspose2d) and layer.stride == (2, 2)):
                up, radius = 2 * up, (radius + 1) // 2 + 1
            elif isinstance(layer, nn.Upsample) and layer.mode == "nearest" and layer.scale_factor == 2:
                up, radius = 2 * up, (radius + 1) // 2
            elif not isinstance(layer, KEEP_PLACES):
                raise TypeError(f"{type(layer).__name__} cannot be run in strips")
        return cls(up, down, radius)

    def input_rows(self, start: int, stop: int, height: int) -> tuple[int, int]:
        """Return the (start, stop) of the input rows, of `height`, that the output rows from start to stop depend on."""
        first = max(start * self.down // self.up - self.receptive_radius, 0)
        last = -(-stop * self.down // self.up) + self.receptive_radius
        return first - first % self.down, min(last + -last % self.down, height)


@dataclass(frozen=True)
class Moments:
    """Means and variances, (n, c) in float64 on the host, of `count` values of each channel."""

    count: int
    mean: Tensor
    variance: Tensor

    @classmethod
    def of(cls, strip: Tensor) -> "Moments":
        """Return the moments over the pixels of (n, c, h, w), summed in float32 at least."""
        wide = strip.to(torch.promote_types(strip.dtype, torch.float32))
        variance, mean = (moment.cpu().double() for moment in torch.var_mean(wide, dim=(2, 3), correction=0))
        return cls(strip.shape[2] * strip.shape[3], mean, variance)

    def combine(self, other: "Moments") -> "Moments":
        """Return the moments of both sets of values (Chan, Golub and LeVeque, Updating formulae, 1979)."""
        count = self.count + other.count
        share, difference = other.count / count, other.mean - self.mean
        variance = (1 - share) * self.variance + share * other.variance + share * (1 - share) * difference**2
        return Moments(count, self.mean + share * difference, variance)

    def over_channels(self) -> "Moments":
        """Return for each channel the moments over the values of all channels."""
        mean = self.mean.mean(1, keepdim=True)
        variance = (self.variance + (self.mean - mean) ** 2).mean(1, keepdim=True)
        return Moments(self.count, mean.expand_as(self.mean), variance.expand_as(self.mean))


def _scale_and_shift(norm: nn.InstanceNorm2d | nn.GroupNorm) -> list[nn.Module]:
    """Return the layer that applies the weights of a norm, where it has any."""
    return [ChannelAffine(norm.weight, norm.bias)] if norm.affine else []


@dataclass(frozen=True)
class Norm:
    """An instance norm with known statistics, those of the whole frame."""

    moments: Moments
    eps: float

    def __call__(self, strip: Tensor) -> Tensor:
        """Return the normalised strip, (n, c, h, w) -> same."""
        dtype = torch.promote_types(strip.dtype, torch.float32)
        statistics = (self.moments.mean, self.moments.variance)
        mean, variance = (values.flatten().to(dtype).to(strip.device) for values in statistics)
        images_as_channels = strip.reshape(1, -1, *strip.shape[2:])
        return functional.batch_norm(images_as_channels, mean, variance, eps=self.eps).reshape(strip.shape)


def _norm_of_frame(layer: nn.InstanceNorm2d | nn.GroupNorm, moments: Moments) -> Norm:
    """Return the norm with its statistics, without its weights; a group norm is one over all channels."""
    if isinstance(layer, nn.GroupNorm):
        moments = moments.over_channels()
    elif isinstance(layer, SmoothInstanceNorm2d):
        mean, variance = layer.smooth(moments.mean, moments.variance)
        moments = replace(moments, mean=mean, variance=variance)
    return Norm(moments, layer.eps)


@dataclass(frozen=True)
class FeatureMap:
    """The features (n, c, height, w) of a frame, as strips in the host's memory; `norm` is applied when they are read.

    A strip is stored rows first, (rows, n, c, w): any range of its rows is contiguous then and needs no copy to travel.
    """

    height: int
    device: torch.device
    strips: dict[int, Tensor] = field(default_factory=dict)
    norm: Norm | None = None

    @classmethod
    def of(cls, images: Tensor) -> "FeatureMap":
        """Return the map of (n, c, h, w), as one strip."""
        features = cls(images.shape[2], images.device)
        features.store(0, images)
        return features

    def store(self, start: int, strip: Tensor) -> None:
        """Store (n, c, rows, w) as the rows from `start` on, in page-locked memory where that makes copies faster."""
        rows_first = strip.permute(2, 0, 1, 3)
        buffer = torch.empty(rows_first.shape, dtype=strip.dtype, pin_memory=self.device.type == "cuda")
        self.strips[start] = buffer.copy_(rows_first)

    def read(self, start: int, stop: int) -> Tensor:
        """Return the rows (n, c, stop - start, w) on the device, normalised; the caller may write into them."""
        parts = [part.to(self.device, non_blocking=True) for part in self._parts(start, stop)]
        strip = torch.cat([part.permute(1, 2, 0, 3) for part in parts], dim=2)
        return strip if self.norm is None else self.norm(strip)

    def _parts(self, start: int, stop: int) -> Iterator[Tensor]:
        for first, strip in self.strips.items():
            if start < first + len(strip) and first < stop:
                yield strip[max(start - first, 0) : stop - first]

    def release(self, stop: int) -> None:
        """Free the strips that lie wholly above row `stop`."""
        for first in [first for first, strip in self.strips.items() if first + len(strip) <= stop]:
            del self.strips[first]

    def shallow_copy(self) -> "FeatureMap":
        """Return the same map; releasing strips of it leaves them in this one."""
        return replace(self, strips=dict(self.strips))
