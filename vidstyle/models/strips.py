"""Painting a large frame in strips of rows, with the result of the whole frame."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.models.tiles import spans
from vidstyle.networks.generators import Generator
from vidstyle.networks.layers import BlurDownsample, BlurUpsample
from vidstyle.networks.norms import SmoothInstanceNorm2d
from vidstyle.networks.resnet import ResidualBlock


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

    def joined(self, other: "Moments") -> "Moments":
        """Return the moments of both sets of values (Chan, Golub and LeVeque, Updating formulae, 1979)."""
        count = self.count + other.count
        share, apart = other.count / count, other.mean - self.mean
        variance = (1 - share) * self.variance + share * other.variance + share * (1 - share) * apart**2
        return Moments(count, self.mean + share * apart, variance)


@dataclass(frozen=True)
class Norm:
    """An instance norm whose statistics, of the whole frame, are known."""

    moments: Moments
    eps: float

    def __call__(self, strip: Tensor) -> Tensor:
        """Return the normalised strip, (n, c, h, w) -> same."""
        dtype = torch.promote_types(strip.dtype, torch.float32)
        statistics = (self.moments.mean, self.moments.variance)
        mean, variance = (values.flatten().to(dtype).to(strip.device) for values in statistics)
        every_channel = strip.reshape(1, -1, *strip.shape[2:])
        return functional.batch_norm(every_channel, mean, variance, eps=self.eps).reshape(strip.shape)


@dataclass(frozen=True)
class FeatureMap:
    """A map (n, c, height, w) in the host's memory, as strips from top to bottom; `norm` is applied to what is read.

    A strip is kept rows first, (rows, n, c, w): any of its rows are contiguous then and travel without another copy.
    """

    height: int
    device: torch.device
    strips: dict[int, Tensor] = field(default_factory=dict)
    norm: Norm | None = None

    @classmethod
    def of(cls, images: Tensor) -> "FeatureMap":
        """Return the map of (n, c, h, w), as one strip."""
        features = cls(images.shape[2], images.device)
        features.keep(0, images)
        return features

    def keep(self, start: int, strip: Tensor) -> None:
        """Keep (n, c, rows, w) as the rows from `start` on, in page-locked memory where that makes copies faster."""
        rows_first = strip.permute(2, 0, 1, 3)
        place = torch.empty(rows_first.shape, dtype=strip.dtype, pin_memory=self.device.type == "cuda")
        self.strips[start] = place.copy_(rows_first)

    def rows(self, start: int, stop: int) -> Tensor:
        """Return (n, c, stop - start, w) on the device, normalised; the caller may write into it."""
        pieces = [piece.to(self.device, non_blocking=True) for piece in self._pieces(start, stop)]
        strip = torch.cat([piece.permute(1, 2, 0, 3) for piece in pieces], dim=2)
        return strip if self.norm is None else self.norm(strip)

    def _pieces(self, start: int, stop: int) -> Iterator[Tensor]:
        for first, strip in self.strips.items():
            if start < first + len(strip) and first < stop:
                yield strip[max(start - first, 0) : stop - first]

    def release(self, stop: int) -> None:
        """Let go of the strips that lie wholly above row `stop`."""
        for first in [first for first, strip in self.strips.items() if first + len(strip) <= stop]:
            del self.strips[first]

    def shared(self) -> "FeatureMap":
        """Return the same map, from which strips can be released without taking them from this one."""
        return replace(self, strips=dict(self.strips))


class GeneratorInStrips:
    """Runs a generator's own layers over strips of at most `rows` rows, on the device that holds its weights.

    Feature maps wait in the host's memory in the dtype of the network; the device holds one strip at a time, the rows
    around it that the layers look at, and what they make of it. An instance norm knows the whole frame before any row
    passes it, and borders are padded only where the frame ends, so there are no seams.
    """

    def __init__(self, network: Generator, rows: int) -> None:
        self.network, self.rows = network, rows

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return what the network makes of (n, 3, h, w) in [-1, 1], h and w multiples of 4, same shape and range."""
        painted = self._walk(self.network.model, FeatureMap.of(images))
        return painted.rows(0, painted.height)

    def _walk(self, layers: Iterable[nn.Module], features: FeatureMap) -> FeatureMap:
        """Return what `layers` make of `features`, whose strips are released on the way."""
        waiting: list[nn.Module] = []
        for layer in layers:
            if isinstance(layer, nn.InstanceNorm2d):
                features, waiting = self._run(waiting, features, layer), []
            elif isinstance(layer, ResidualBlock):
                features, waiting = self._with_residual(layer, self._run(waiting, features)), []
            else:
                waiting.append(layer)
        return self._run(waiting, features)

    def _with_residual(self, block: ResidualBlock, features: FeatureMap) -> FeatureMap:
        correction = self._walk(block.conv_block, features.shared())
        result = FeatureMap(features.height, features.device)
        for start, stop in spans(features.height, self.rows):
            result.keep(start, features.rows(start, stop) + correction.rows(start, stop))
            features.release(stop)
            correction.release(stop)
        return result

    def _run(
        self, layers: Sequence[nn.Module], features: FeatureMap, norm: nn.InstanceNorm2d | None = None
    ) -> FeatureMap:
        """Return what `layers`, which do not mix the whole frame, make of `features`, to be read through `norm`."""
        if not layers:
            return features
        window, network, moments = Window.of(layers), nn.Sequential(*layers), []
        result = FeatureMap(features.height * window.up // window.down, features.device)
        for start, stop in spans(result.height, max(self.rows // window.down, 1)):
            first, last = window.seen(start, stop, features.height)
            begins = first * window.up // window.down
            strip = network(features.rows(first, last))[:, :, start - begins : stop - begins]
            result.keep(start, strip)
            if norm is not None:
                moments.append(Moments.of(strip))
            features.release(window.seen(stop, stop, features.height)[0])
        return result if norm is None else replace(result, norm=_norm(norm, reduce(Moments.joined, moments)))


def _norm(layer: nn.InstanceNorm2d, moments: Moments) -> Norm:
    if isinstance(layer, SmoothInstanceNorm2d):
        mean, variance = layer.smoothed(moments.mean, moments.variance)
        moments = replace(moments, mean=mean, variance=variance)
    return Norm(moments, layer.eps)


@dataclass(frozen=True)
class Window:
    """Which rows layers look at: `down` input rows become `up` output rows, made from `reach` input rows around them."""

    up: int
    down: int
    reach: int

    @classmethod
    def of(cls, layers: Sequence[nn.Module]) -> "Window":
        """Return the window of layers that run one after the other and pad what their convolutions take away.

        Raises TypeError for a kind of layer that is not known.
        """
        up, down, reach = 1, 1, 0
        for layer in reversed(layers):
            if isinstance(layer, nn.Conv2d):
                stride = layer.stride[0]
                down, reach = stride * down, stride * reach + layer.kernel_size[0] // 2
            elif isinstance(layer, BlurDownsample):
                down, reach = 2 * down, 2 * reach + 1
            elif isinstance(layer, BlurUpsample) or (isinstance(layer, nn.ConvTranspose2d) and layer.stride == (2, 2)):
                up, reach = 2 * up, (reach + 1) // 2 + 1
            elif not isinstance(layer, nn.ReflectionPad2d | nn.ReLU | nn.Tanh):
                raise TypeError(f"{type(layer).__name__} cannot be run in strips")
        return cls(up, down, reach)

    def seen(self, start: int, stop: int, height: int) -> tuple[int, int]:
        """Return the (first, stop) of the input rows, of `height`, that the output rows (start, stop) are made from."""
        first = max(start * self.down // self.up - self.reach, 0)
        last = -(-stop * self.down // self.up) + self.reach
        return first - first % self.down, min(last + -last % self.down, height)
