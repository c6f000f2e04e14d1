"""Inception v3 for the Frechet Inception distance: TensorFlow's graph of 2015-12-05 up to its last pooling."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

FEATURES = 2048
"""Width of the features."""
SIDE = 299
"""Side of the square images that the network takes, pixels."""


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation, rectifier; parameters are named as in the official file."""

    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], stride: int, padding: tuple[int, int]
    ) -> None:
        super().__init__()
        self.conv: nn.Module = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, images: Tensor) -> Tensor:
        """Return (n, outputs, h', w')."""
        return functional.relu(self.bn(self.conv(images)), inplace=True)

    def fold(self) -> None:
        """Put the normalisation, which is fixed in evaluation, into the convolution's weights; can be done once."""
        assert isinstance(self.conv, nn.Conv2d) and isinstance(self.bn, nn.BatchNorm2d), "folded once"
        self.conv, self.bn = fuse_conv_bn_eval(self.conv, self.bn), nn.Identity()


@dataclass(frozen=True)
class Layer:
    """A convolution in a branch. With stride 1 it is padded to keep the size, with stride 2 it is not padded."""

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1

    def build(self, inputs: int) -> Convolution:
        """Return the convolution for `inputs` channels."""
        height, width = self.kernel
        padding = (height // 2, width // 2) if self.stride == 1 else (0, 0)
        return Convolution(inputs, self.channels, self.kernel, self.stride, padding)


@dataclass(frozen=True)
class Branch:
    """Steps in sequence, after a pooling if there is one; the layers of one step run in parallel and are concatenated."""

    steps: tuple[tuple[Layer, ...], ...]
    pool: Callable[[Tensor], Tensor] | None = None


def _branch(*steps: Layer | tuple[Layer, ...], pool: Callable[[Tensor], Tensor] | None = None) -> Branch:
    return Branch(tuple(step if isinstance(step, tuple) else (step,) for step in steps), pool)


_mean_pool = partial(functional.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
"""TensorFlow's average, which leaves the padding out."""
_same_max_pool = partial(functional.max_pool2d, kernel_size=3, stride=1, padding=1)
_halving_max_pool = partial(functional.max_pool2d, kernel_size=3, stride=2)


class Mixed(nn.Module):
    """A block of branches over the same input, whose outputs are concatenated."""

    def __init__(self, inputs: int, *branches: Branch) -> None:
        super().__init__()
        self.branches = branches
        self.outputs = 0
        for branch in branches:
            channels = inputs
            for step in branch.steps:
                for layer in step:
                    self.add_module(layer.name, layer.build(channels))
                channels = sum(layer.channels for layer in step)
            self.outputs += channels

    def forward(self, images: Tensor) -> Tensor:
        """Return (n, self.outputs, h', w')."""
        return torch.cat([self._run(branch, images) for branch in self.branches], 1)

    def _run(self, branch: Branch, images: Tensor) -> Tensor:
        values = branch.pool(images) if branch.pool else images
        for step in branch.steps:
            values = torch.cat([self.get_submodule(layer.name)(values) for layer in step], 1)
        return values


def _block_35(inputs: int, pooled: int) -> Mixed:
    return Mixed(
        inputs,
        _branch(Layer("branch1x1", 64)),
        _branch(Layer("branch5x5_1", 48), Layer("branch5x5_2", 64, (5, 5))),
        _branch(Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, (3, 3)), Layer("branch3x3dbl_3", 96, (3, 3))),
        _branch(Layer("branch_pool", pooled), pool=_mean_pool),
    )


def _to_17(inputs: int) -> Mixed:
    return Mixed(
        inputs,
        _branch(Layer("branch3x3", 384, (3, 3), 2)),
        _branch(
            Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, (3, 3)), Layer("branch3x3dbl_3", 96, (3, 3), 2)
        ),
        _branch(pool=_halving_max_pool),
    )


def _block_17(inputs: int, inner: int) -> Mixed:
    wide, high = (1, 7), (7, 1)
    return Mixed(
        inputs,
        _branch(Layer("branch1x1", 192)),
        _branch(Layer("branch7x7_1", inner), Layer("branch7x7_2", inner, wide), Layer("branch7x7_3", 192, high)),
        _branch(
            Layer("branch7x7dbl_1", inner),
            Layer("branch7x7dbl_2", inner, high),
            Layer("branch7x7dbl_3", inner, wide),
            Layer("branch7x7dbl_4", inner, high),
            Layer("branch7x7dbl_5", 192, wide),
        ),
        _branch(Layer("branch_pool", 192), pool=_mean_pool),
    )


def _to_8(inputs: int) -> Mixed:
    return Mixed(
        inputs,
        _branch(Layer("branch3x3_1", 192), Layer("branch3x3_2", 320, (3, 3), 2)),
        _branch(
            Layer("branch7x7x3_1", 192),
            Layer("branch7x7x3_2", 192, (1, 7)),
            Layer("branch7x7x3_3", 192, (7, 1)),
            Layer("branch7x7x3_4", 192, (3, 3), 2),
        ),
        _branch(pool=_halving_max_pool),
    )


def _block_8(inputs: int, pool: Callable[[Tensor], Tensor]) -> Mixed:
    def fork(name: str) -> tuple[Layer, Layer]:
        return Layer(f"{name}a", 384, (1, 3)), Layer(f"{name}b", 384, (3, 1))

    return Mixed(
        inputs,
        _branch(Layer("branch1x1", 320)),
        _branch(Layer("branch3x3_1", 384), fork("branch3x3_2")),
        _branch(Layer("branch3x3dbl_1", 448), Layer("branch3x3dbl_2", 384, (3, 3)), fork("branch3x3dbl_3")),
        _branch(Layer("branch_pool", 192), pool=pool),
    )


class InceptionV3(nn.Module):
    """Inception v3 with the peculiarities of the graph that FID uses (Szegedy et al. 2016; Heusel et al. 2017).

    Average pooling leaves the padding out, and the last block pools by the maximum. Modules are named as in the
    official file `pt_inception-2015-12-05-6726825d.pth`, whose classifier `fc` is not needed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, (3, 3), 2, (0, 0))
        self.Conv2d_2a_3x3 = Convolution(32, 32, (3, 3), 1, (0, 0))
        self.Conv2d_2b_3x3 = Convolution(32, 64, (3, 3), 1, (1, 1))
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1), 1, (0, 0))
        self.Conv2d_4a_3x3 = Convolution(80, 192, (3, 3), 1, (0, 0))
        self.Mixed_5b = _block_35(192, 32)
        self.Mixed_5c = _block_35(256, 64)
        self.Mixed_5d = _block_35(288, 64)
        self.Mixed_6a = _to_17(288)
        self.Mixed_6b = _block_17(768, 128)
        self.Mixed_6c = _block_17(768, 160)
        self.Mixed_6d = _block_17(768, 160)
        self.Mixed_6e = _block_17(768, 192)
        self.Mixed_7a = _to_8(768)
        self.Mixed_7b = _block_8(1280, _mean_pool)
        self.Mixed_7c = _block_8(2048, _same_max_pool)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features (n, 2048) of (n, 3, 299, 299) images in [-1, 1]."""
        for name, layer in self.named_children():
            images = layer(images)
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                images = _halving_max_pool(images)
        return images.mean(dim=(2, 3))

    def fold(self) -> None:
        """Fold every normalisation into its convolution: the same features faster, for evaluation only."""
        for module in self.modules():
            if isinstance(module, Convolution):
                module.fold()
