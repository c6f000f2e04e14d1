"""The table of all kinds of generators that a style file can hold."""

from collections.abc import Callable
from functools import partial

from vidstyle.networks.animegan2 import AnimeGAN2Generator
from vidstyle.networks.cartoon_gan import CartoonGANGenerator
from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.networks.fast_neural_style import FastNeuralStyleNetwork
from vidstyle.networks.johnson import JohnsonNetwork
from vidstyle.networks.resnet_generator import LayeredGenerator, ResNetGenerator
from vidstyle.networks.stylegan2 import StyleGAN2Generator

Generator = LayeredGenerator | JohnsonNetwork

GENERATORS: dict[str, Callable[[int, int], Generator]] = {
    "animegan2": AnimeGAN2Generator,
    "cartoongan": CartoonGANGenerator,
    "compact": CompactGenerator,
    "fast-neural-style": FastNeuralStyleNetwork,
    "resnet": ResNetGenerator,
    "resnet-strided": partial(ResNetGenerator, antialias=False),
    "stylegan2": StyleGAN2Generator,
    "transformer": JohnsonNetwork,
}
"""Kinds by their names in style files. Each is built from channels and blocks, and maps (n, 3, h, w) in [-1, 1] to the same."""

FULL_SIZE_KINDS = ("compact",)
"""Kinds without norms, fast enough to paint whole frames: pixels of their paintings depend on their surroundings alone."""
