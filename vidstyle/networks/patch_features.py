"""Patch embeddings, which PatchNCE compares: vectors of feature maps through H_l and attention, at unit length."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.networks.layers import xavier_weights


def draw_positions(features: Sequence[Tensor], patches: int, generator: torch.Generator) -> list[Tensor]:
    """Return distinct positions in each feature map, (p,) flat indices: `patches`, or all where the map has fewer."""
    sizes = [feature_map.shape[2] * feature_map.shape[3] for feature_map in features]
    drawn = [torch.randperm(size, generator=generator)[:patches] for size in sizes]
    return [positions.to(feature_map.device) for positions, feature_map in zip(drawn, features, strict=True)]


def gather(feature_map: Tensor, positions: Tensor) -> Tensor:
    """Return the vectors of a map (n, c, h, w) at flat `positions` (p,), as (n, p, c)."""
    if feature_map.is_contiguous(memory_format=torch.channels_last):
        return feature_map.permute(0, 2, 3, 1).flatten(1, 2)[:, positions]
    return feature_map.flatten(2)[:, :, positions].transpose(1, 2)


class PatchAttention(nn.Module):
    """Attention among the patches of one image, (n, p, f) -> (n, p, f): paper eqs (4) and (5).

    Both heads keep the full width f and have projections of their own. The patches are layer-normalised first: H_l
    starts so small that the softmax would be uniform and all patches alike. `residual` adds the patches to the result.
    """

    def __init__(self, width: int = 256, heads: int = 2, residual: bool = True) -> None:
        super().__init__()
        self.heads, self.residual = heads, residual
        self.query_key_value = nn.Linear(width, 3 * heads * width, bias=False)
        self.output = nn.Linear(heads * width, width, bias=False)
        for projection in (*self.query_key_value.weight.chunk(3 * heads), self.output.weight):
            nn.init.xavier_normal_(projection)

    def forward(self, patches: Tensor) -> Tensor:
        """Return what the patches attend to, plus the normalised patches if `residual`."""
        images, count, width = patches.shape
        normed = functional.layer_norm(patches, (width,), eps=1e-12)
        query, key, value = (
            self.query_key_value(normed).view(images, count, 3, self.heads, width).permute(2, 0, 3, 1, 4)
        )
        heads = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(width), dim=3) @ value
        merged = self.output(heads.transpose(1, 2).reshape(images, count, self.heads * width))
        return normed + merged if self.residual else merged


class PatchEmbedding(nn.Module):
    """Embeds the vectors of one layer by H_l, and by attention if asked: (n, p, channels) -> (n, p, width) of unit length."""

    def __init__(self, channels: int, width: int, attention: bool, residual: bool) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(channels, width), nn.ReLU(), nn.Linear(width, width))
        xavier_weights(self.project, gain=0.02)
        self.attend = PatchAttention(width, residual=residual) if attention else nn.Identity()

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the embeddings in fp32."""
        return functional.normalize(self.attend(self.project(vectors)).float(), dim=-1, eps=1e-7)


class PatchEmbeddings(nn.Module):
    """A PatchEmbedding for each layer; `channels` are the widths of the feature maps."""

    def __init__(self, channels: Sequence[int], *, attention: bool, residual: bool, width: int = 256) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PatchEmbedding(inputs, width, attention, residual) for inputs in channels)

    def forward(self, features: Sequence[Tensor], positions: Sequence[Tensor]) -> list[Tensor]:
        """Return the embeddings of each feature map at its positions, (n, p, width) fp32 each."""
        triples = zip(self.layers, features, positions, strict=True)
        return [layer(gather(feature_map, layer_positions)) for layer, feature_map, layer_positions in triples]
