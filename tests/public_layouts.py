"""CartoonGAN's, fast-neural-style's and AnimeGANv2's generators, stated again from their layers, as plain modules.

Nothing of the package is used here: module names give the same state dicts as the published weights have.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class _ScaleShift(nn.Module):
    """An instance norm whose weights are called as in CartoonGAN's file."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        variance, mean = torch.var_mean(features, (2, 3), correction=0, keepdim=True)
        normalised = (features - mean) / (variance + 1e-9).sqrt()
        return normalised * self.scale[:, None, None] + self.shift[:, None, None]


class PublicCartoonGAN(nn.Module):
    """Maps BGR in [-1, 1] to the same."""

    def __init__(self, width: int = 2, blocks: int = 8) -> None:
        super().__init__()
        self.blocks = blocks
        self.conv01_1, self.in01_1 = nn.Conv2d(3, width, 7), _ScaleShift(width)
        for number, inputs in ((2, width), (3, 2 * width)):
            self._add(f"conv0{number}_1", nn.Conv2d(inputs, 2 * inputs, 3, 2, 1))
            self._add(f"conv0{number}_2", nn.Conv2d(2 * inputs, 2 * inputs, 3, 1, 1))
            self._add(f"in0{number}_1", _ScaleShift(2 * inputs))
        for number in range(4, 4 + blocks):
            for half in (1, 2):
                self._add(f"conv{number:02d}_{half}", nn.Conv2d(4 * width, 4 * width, 3))
                self._add(f"in{number:02d}_{half}", _ScaleShift(4 * width))
        for number, inputs in ((1, 4 * width), (2, 2 * width)):
            self._add(f"deconv0{number}_1", nn.ConvTranspose2d(inputs, inputs // 2, 3, 2, 1, 1))
            self._add(f"deconv0{number}_2", nn.Conv2d(inputs // 2, inputs // 2, 3, 1, 1))
            self._add(f"in{number + 3 + blocks:02d}_1", _ScaleShift(inputs // 2))
        self.deconv03_1 = nn.Conv2d(width, 3, 7)

    def _add(self, name: str, module: nn.Module) -> None:
        self.add_module(name, module)

    def _run(self, features: Tensor, *names: str) -> Tensor:
        for name in names:
            features = self.get_submodule(name)(features)
        return features

    def forward(self, images: Tensor) -> Tensor:
        features = self._run(functional.pad(images, [3] * 4, "reflect"), "conv01_1", "in01_1").relu()
        for number in ("02", "03"):
            features = self._run(features, f"conv{number}_1", f"conv{number}_2", f"in{number}_1").relu()
        for number in range(4, 4 + self.blocks):
            inside = functional.pad(features, [1] * 4, "reflect")
            inside = self._run(inside, f"conv{number:02d}_1", f"in{number:02d}_1").relu()
            inside = functional.pad(inside, [1] * 4, "reflect")
            features = features + self._run(inside, f"conv{number:02d}_2", f"in{number:02d}_2")
        for number in (1, 2):
            names = (f"deconv0{number}_1", f"deconv0{number}_2", f"in{number + 3 + self.blocks:02d}_1")
            features = self._run(features, *names).relu()
        return self.deconv03_1(functional.pad(features, [3] * 4, "reflect")).tanh()


class _Padded(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, double: bool = False) -> None:
        super().__init__()
        self.double, self.margin = double, kernel // 2
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, features: Tensor) -> Tensor:
        if self.double:
            features = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
        return self.conv2d(functional.pad(features, [self.margin] * 4, "reflect"))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.in1 = _Padded(width, width, 3), nn.InstanceNorm2d(width, affine=True)
        self.conv2, self.in2 = _Padded(width, width, 3), nn.InstanceNorm2d(width, affine=True)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.in2(self.conv2(self.in1(self.conv1(features)).relu()))


class PublicFastNeuralStyle(nn.Module):
    """Maps RGB from 0 to 255 to the same, which its users clamp."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.conv1, self.in1 = _Padded(3, width, 9), nn.InstanceNorm2d(width, affine=True)
        self.conv2, self.in2 = _Padded(width, 2 * width, 3, 2), nn.InstanceNorm2d(2 * width, affine=True)
        self.conv3, self.in3 = _Padded(2 * width, 4 * width, 3, 2), nn.InstanceNorm2d(4 * width, affine=True)
        for number in range(1, 6):
            self.add_module(f"res{number}", _Residual(4 * width))
        self.deconv1, self.in4 = (
            _Padded(4 * width, 2 * width, 3, double=True),
            nn.InstanceNorm2d(2 * width, affine=True),
        )
        self.deconv2, self.in5 = _Padded(2 * width, width, 3, double=True), nn.InstanceNorm2d(width, affine=True)
        self.deconv3 = _Padded(width, 3, 9)

    def forward(self, images: Tensor) -> Tensor:
        features = images
        for convolution, norm in ((self.conv1, self.in1), (self.conv2, self.in2), (self.conv3, self.in3)):
            features = norm(convolution(features)).relu()
        for number in range(1, 6):
            features = self.get_submodule(f"res{number}")(features)
        for convolution, norm in ((self.deconv1, self.in4), (self.deconv2, self.in5)):
            features = norm(convolution(features)).relu()
        return self.deconv3(features)


def _unit(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    margins = (0, 1, 0, 1) if stride == 2 else (kernel // 2,) * 4
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=groups > 1)
    return nn.Sequential(nn.ReflectionPad2d(margins), convolution, nn.GroupNorm(1, outputs), nn.LeakyReLU(0.2))


class _Inverted(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inside = 2 * inputs
        narrowing = nn.Conv2d(inside, outputs, 1, bias=False)
        units = _unit(inputs, inside, 1), _unit(inside, inside, groups=inside)
        self.layers = nn.Sequential(*units, narrowing, nn.GroupNorm(1, outputs))

    def forward(self, features: Tensor) -> Tensor:
        result = self.layers(features)
        return result + features if result.shape == features.shape else result


class PublicAnimeGAN2(nn.Module):
    """Maps RGB in [-1, 1] to the same."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        half, quarter, widest = 2 * width, 4 * width, 8 * width
        self.block_a = nn.Sequential(_unit(3, width, 7), _unit(width, half, stride=2), _unit(half, half))
        self.block_b = nn.Sequential(_unit(half, quarter, stride=2), _unit(quarter, quarter))
        inverted = [_Inverted(inputs, widest) for inputs in (quarter, widest, widest, widest)]
        self.block_c = nn.Sequential(_unit(quarter, quarter), *inverted, _unit(widest, quarter))
        self.block_d = nn.Sequential(_unit(quarter, quarter), _unit(quarter, quarter))
        self.block_e = nn.Sequential(_unit(quarter, half), _unit(half, half), _unit(half, width, 7))
        self.out_layer = nn.Sequential(nn.Conv2d(width, 3, 1, bias=False), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        half = self.block_a(images)
        features = self.block_c(self.block_b(half))
        features = functional.interpolate(features, half.shape[2:], mode="bilinear", align_corners=True)
        features = functional.interpolate(self.block_d(features), images.shape[2:], mode="bilinear", align_corners=True)
        return self.out_layer(self.block_e(features))
