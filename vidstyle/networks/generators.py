"""Every kind of generator that a style can hold."""

from collections.abc import Callable
from functools import partial

from vidstyle.networks.generator import LayeredGenerator, ResNetGenerator
from vidstyle.networks.stylegan2 import StyleGAN2Generator
from vidstyle.networks.transformer import TransformerNetwork

Generator = LayeredGenerator | TransformerNetwork

GENERATORS: dict[str, Callable[[int, int], Generator]] = {
    "resnet": ResNetGenerator,
    "resnet-strided": partial(ResNetGenerator, antialias=False),
    "stylegan2": StyleGAN2Generator,
    "transformer": TransformerNetwork,
}
"""Kinds by their name in style files, each made from channels and blocks; all paint (n, 3, h, w) in [-1, 1] alike."""
