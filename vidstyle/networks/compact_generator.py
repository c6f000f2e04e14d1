"""The compact generator: a small U-Net without norms that paints on a CPU at the speed of video.

It works at a quarter of the picture's size and below, since convolutions cost least there (pixel unshuffle, as the
generators of real-time super-resolution do). It adds a change to the smoothed picture instead of painting it from nothing,
so that surfaces are calm without being learnt: too few channels are there to take a photo's grain away. It has no norms:
AnimeGANv2's authors blame instance norms for noise in plain areas, and an instance norm reads the whole frame, so that
colours jump between shots. Here a pixel depends on its surroundings alone, and a frame in tiles is the frame whole."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.networks.resnet_generator import LayeredGenerator

SLOPE = 0.2
FINEST = 4
"""The finest level works at a quarter of the picture's size; the others at an eighth and a sixteenth."""
CELL = 16
"""Side in pixels of what the coarsest level sees as one place."""
BLOCKS_BEFORE, BLOCKS_AFTER = (1, 2), (1, 1)
"""Residual blocks at a quarter and at an eighth, on the way down and on the way up."""

SMOOTH_EPSILON = 0.08
"""Variance, of values in [-1, 1] in windows of 3 x 3 cells of the finest level, well below which a surface is made flat."""


class EdgeConv2d(nn.Conv2d):
    """A 3x3 convolution, (n, c, h, w) to (n, outputs, h, w), around which the border is repeated."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)

    def forward(self, features: Tensor) -> Tensor:
        """Return the convolved features; padding copies values, so autocast leaves them in their number format."""
        with torch.autocast(features.device.type, enabled=False):
            padded = functional.pad(features, (1, 1, 1, 1), mode="replicate")
        return super().forward(padded)


class PictureSmoother(nn.Module):
    """Unshuffled pictures, (n, 48, h/4, w/4) in [-1, 1], to the same with calm surfaces and the edges they have.

    It computes in fp32 at least, and returns that.

    It is the fast guided filter (He and Sun, 2015) with the picture as its own guide. All means, and the bilinear
    enlargement of the lines, are convolutions of the unshuffled picture with fixed weights: a third of the time of pooling.
    """

    pooling: Tensor
    window: Tensor
    enlarging: Tensor

    def __init__(self) -> None:
        super().__init__()
        # Lists, since torch loads its compiler for most operations on tensors without values.
        sides, channels = range(FINEST), range(3)
        offsets = [(place + 0.5) / FINEST - 0.5 for place in sides]
        taps = [(max(-offset, 0.0), 1 - abs(offset), max(offset, 0.0)) for offset in offsets]
        places = [[[v * h for h in across] for v in down] for down in taps for across in taps]
        nothing = [[0.0] * 3] * 3
        # Zeros instead of groups of one channel each, which quantised take five times as long.
        enlarging = [
            [place if of == channel else nothing for of in channels] for channel in channels for place in places
        ]
        pooling = [[[[float(of == channel) / FINEST**2]] for of in channels for _ in places] for channel in channels]
        self.register_buffer("pooling", torch.tensor(pooling), False)
        self.register_buffer("window", torch.tensor([[[[1.0] * 3] * 3]] * 3), False)
        self.register_buffer("enlarging", torch.tensor(enlarging), False)

    def forward(self, unshuffled: Tensor) -> Tensor:
        """Return the smoothed picture, unshuffled."""
        with torch.autocast(unshuffled.device.type, enabled=False):
            pictures = unshuffled.to(torch.promote_types(unshuffled.dtype, torch.float32))
            mean, squares = (self._window_mean(self._pooled(part)) for part in (pictures, pictures * pictures))
            variance = squares - mean * mean
            slope = variance / (variance + SMOOTH_EPSILON)
            return torch.addcmul(self._enlarged(mean * (1 - slope)), self._enlarged(slope), pictures)

    def reorder(self, order: list[int]) -> None:
        """Let the unshuffled pictures have their channels in the given order, in place."""
        self.pooling.copy_(self.pooling[:, order])
        self.enlarging.copy_(self.enlarging[order])

    def _pooled(self, unshuffled: Tensor) -> Tensor:
        return functional.conv2d(unshuffled, self.pooling.to(unshuffled.dtype))

    def _window_mean(self, values: Tensor) -> Tensor:
        return functional.conv2d(_repeat_border(values), self.window.to(values.dtype), groups=3) / 9

    def _enlarged(self, lines: Tensor) -> Tensor:
        """Return window means of (n, 3, h/4, w/4), enlarged four times and unshuffled: (n, 48, h/4, w/4)."""
        return functional.conv2d(_repeat_border(self._window_mean(lines)), self.enlarging.to(lines.dtype))


def _repeat_border(values: Tensor) -> Tensor:
    return functional.pad(values, (1, 1, 1, 1), mode="replicate")


class EdgeBlock(nn.Module):
    """Two convolutions, a leaky rectifier between them, beside a skip connection; (n, c, h, w) -> same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = EdgeConv2d(channels, channels), EdgeConv2d(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features plus their correction."""
        correction: Tensor = self.second(functional.leaky_relu(self.first(features), SLOPE, inplace=True))
        return correction.add_(features)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[EdgeBlock(channels) for _ in range(count)])


class CompactGenerator(LayeredGenerator):
    """Images in [-1, 1], (n, 3, h, w) with h and w multiples of 16, to images of the same shape and range.

    `channels` is the width at a quarter of the size, doubled at an eighth and a sixteenth; `blocks` residual blocks stand
    at a sixteenth. 32 and 3 give 538,800 parameters. A new one returns the smoothed images: its last layer is zero.
    While it trains, values may leave the range, so that a gradient brings them back.

    The patch layers are the images and the features on the way down: after each of the three levels. `receptive_radius`
    is how many pixels around its 16 x 16 cell a pixel depends on, at most: 172 for 3 blocks.
    """

    multiple_of = CELL

    def __init__(self, channels: int = 32, blocks: int = 3) -> None:
        super().__init__()
        fine, wide = channels, 2 * channels
        self.pixels_together = False
        self.patch_layers, self.patch_channels = (0, 1, 2, 3), (3, fine, wide, wide)
        self.receptive_radius = _receptive_radius(blocks)
        self.smoother = PictureSmoother()
        self.enter = EdgeConv2d(3 * FINEST**2, fine)
        self.quarter_down = _blocks(fine, BLOCKS_BEFORE[0])
        self.to_eighth = nn.Conv2d(4 * fine, wide, 1)
        self.eighth_down = _blocks(wide, BLOCKS_BEFORE[1])
        self.to_sixteenth = nn.Conv2d(4 * wide, wide, 1)
        self.sixteenth = _blocks(wide, blocks)
        self.from_sixteenth = nn.Conv2d(wide, wide, 1)
        self.eighth_up = _blocks(wide, BLOCKS_AFTER[1])
        self.from_eighth = nn.Conv2d(wide, fine, 1)
        self.quarter_up = _blocks(fine, BLOCKS_AFTER[0])
        self.leave = EdgeConv2d(fine, 3 * FINEST**2)
        nn.init.zeros_(self.leave.weight)
        if self.leave.bias is not None:
            nn.init.zeros_(self.leave.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return the painted images."""
        return self.paint_and_features(images)[0]

    def paint_and_features(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the painted images and the outputs of the patch layers on the way, in one pass."""
        unshuffled = self._unshuffled(images)
        quarter, eighth, sixteenth = on_the_way = self._downwards(unshuffled)
        eighth = self.eighth_up(eighth + _doubled(self.from_sixteenth(sixteenth)))
        quarter = self.quarter_up(quarter + _doubled(self.from_eighth(eighth)))
        changed = self.smoother(unshuffled).add_(self.leave(quarter))
        painted = self._shuffled(changed).to(images.dtype)
        return painted if self.training else painted.clamp_(-1, 1), [images, *on_the_way]

    def features(self, images: Tensor) -> list[Tensor]:
        """Return the outputs of the patch layers, without painting."""
        return [images, *self._downwards(self._unshuffled(images))]

    @torch.no_grad()
    def keep_pixels_together(self) -> None:
        """Let the values of a cell lie pixel by pixel, as in channels-last pictures, not channel by channel (in place).

        It paints the same, and shuffling pictures takes a CPU a third of the time. Its state dict is no style's from then on.
        """
        if self.pixels_together:
            return
        order = [channel * FINEST**2 + place for place in range(FINEST**2) for channel in range(3)]
        self.smoother.reorder(order)
        self.enter.weight.copy_(self.enter.weight[:, order])
        self.leave.weight.copy_(self.leave.weight[order])
        if self.leave.bias is not None:
            self.leave.bias.copy_(self.leave.bias[order])
        self.pixels_together = True

    def _unshuffled(self, images: Tensor) -> Tensor:
        """Return pictures as cells of the finest level: (n, 3, h, w) -> (n, 48, h/4, w/4)."""
        if not self.pixels_together:
            return functional.pixel_unshuffle(images, FINEST)
        count, channels, height, width = images.shape
        across, down = width // FINEST, height // FINEST
        pixels = images.permute(0, 2, 3, 1).reshape(count, down, FINEST, across, FINEST, channels)
        return pixels.transpose(2, 3).reshape(count, down, across, -1).permute(0, 3, 1, 2)

    def _shuffled(self, cells: Tensor) -> Tensor:
        """Return the pictures of which `_unshuffled` made the cells."""
        if not self.pixels_together:
            return functional.pixel_shuffle(cells, FINEST)
        count, _, down, across = cells.shape
        pixels = cells.permute(0, 2, 3, 1).reshape(count, down, across, FINEST, FINEST, 3)
        return pixels.transpose(2, 3).reshape(count, down * FINEST, across * FINEST, 3).permute(0, 3, 1, 2)

    def _downwards(self, unshuffled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features at a quarter, at an eighth and at a sixteenth of the size."""
        quarter = self.quarter_down(functional.leaky_relu(self.enter(unshuffled), SLOPE, inplace=True))
        eighth = self.eighth_down(_halved(quarter, self.to_eighth))
        return quarter, eighth, self.sixteenth(_halved(eighth, self.to_sixteenth))


def _halved(features: Tensor, layer: nn.Conv2d) -> Tensor:
    """Return the 1x1 convolution `layer` of the features, (n, c, h, w), unshuffled by 2: as one convolution of stride 2."""
    outputs, inputs = layer.weight.shape[:2]
    return functional.conv2d(features, layer.weight.view(outputs, inputs // 4, 2, 2), layer.bias, stride=2)


def _doubled(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2, mode="nearest")


def _receptive_radius(blocks: int) -> int:
    """Return how many pixels a pixel of the painting sees beyond the cell of 16 x 16 pixels that it lies in, at most.

    A convolution sees one place beyond, a block two. Counted from the painting back to the picture: places at a quarter,
    rounded up to whole places at an eighth, and so on down to a sixteenth and up again.
    """
    quarter = 1 + 2 * BLOCKS_AFTER[0]
    eighth = -(-quarter // 2) + 2 * BLOCKS_AFTER[1]
    sixteenth = -(-eighth // 2) + 2 * blocks
    eighth = 2 * sixteenth + 2 * BLOCKS_BEFORE[1]
    return FINEST * (2 * eighth + 2 * BLOCKS_BEFORE[0] + 1)
