"""Feature maps that wait in the host's memory and come back to the device in any rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional


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
