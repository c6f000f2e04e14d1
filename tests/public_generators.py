"""The ResNet generators of the public CUT and CycleGAN code, stated again from their layers, as plain modules.

Nothing of the package is used here: module names give the same state dicts, and each resampling is its definition.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Smooth(nn.Module):
    """A fixed separable filter, kept in the state dict as the public code keeps it."""

    def __init__(self, channels: int, line: list[float]) -> None:
        super().__init__()
        taps = torch.tensor(line)
        self.register_buffer("filt", (taps[:, None] * taps)[None, None].repeat(channels, 1, 1, 1))


class _Halve(_Smooth):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, [0.25, 0.5, 0.25])

    def forward(self, features: Tensor) -> Tensor:
        return functional.conv2d(nn.ReflectionPad2d(1)(features), self.filt, stride=2, groups=features.shape[1])


class _Double(_Smooth):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, [0.25, 0.75, 0.75, 0.25])

    def forward(self, features: Tensor) -> Tensor:
        padded = nn.ReplicationPad2d(1)(features)
        spread = functional.conv_transpose2d(padded, self.filt, stride=2, padding=2, groups=features.shape[1])
        return spread[:, :, 1:-1, 1:-1]


class _Block(nn.Module):
    def __init__(self, channels: int, dropout: bool) -> None:
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        rest = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        self.conv_block = nn.Sequential(*half, nn.ReLU(), *([nn.Dropout(0.5)] if dropout else []), *rest)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_block(features)


class PublicResNet(nn.Module):
    """`cut` halves and doubles by blurs, else by strided and transposed convolutions, as CycleGAN."""

    def __init__(self, channels: int = 8, blocks: int = 9, *, cut: bool = True, dropout: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, channels, 7)]
        layers += [nn.InstanceNorm2d(channels), nn.ReLU()]
        for width in (channels, 2 * channels):
            layers += [nn.Conv2d(width, 2 * width, 3, stride=1 if cut else 2, padding=1)]
            layers += [nn.InstanceNorm2d(2 * width), nn.ReLU(), *([_Halve(2 * width)] if cut else [])]
        layers += [_Block(4 * channels, dropout) for _ in range(blocks)]
        for width in (4 * channels, 2 * channels):
            if cut:
                layers += [_Double(width), nn.Conv2d(width, width // 2, 3, padding=1)]
            else:
                layers += [nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1)]
            layers += [nn.InstanceNorm2d(width // 2), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(channels, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)
