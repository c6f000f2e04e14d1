"""From feature maps to the patch embeddings that PatchNCE compares: H_l, attention over the patches, unit length."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.networks.layers import xavier_weights


def draw_positions(features: Sequence[Tensor], patches: int, generator: torch.Generator) -> list[Tensor]:
    """Return for each feature map `patches` distinct positions (fewer where the map has fewer), (p,) flat indices."""
    return [
        torch.randperm(one.shape[2] * one.shape[3], generator=generator)[:patches].to(one.device) for one in features
    ]


def gather(feature_map: Tensor, positions: Tensor) -> Tensor:
    """Return the vectors of a map (n, c, h, w) at flat `positions` (p,), as (n, p, c)."""
    if feature_map.is_contiguous(memory_format=torch.channels_last):
        return feature_map.permute(0, 2, 3, 1).flatten(1, 2)[:, positions]
    return feature_map.flatten(2)[:, :, positions].transpose(1, 2)


class PatchAttention(nn.Module):
    """Attention among the patches of one image, (n, p, f) -> (n, p, f): paper eqs (4) and (5).

    Both heads keep the full width f and have projections of their own; the patches are layer-normalised before it, since
    H_l starts so small that the softmax would be uniform and all patches alike. `residual` adds the patches to the result.
    """

    def __init__(self, width: int = 256, heads: int = 2, residual: bool = True) -> None:
        super().__init__()
        self.heads, self.residual = heads, residual
        self.query_key_value = nn.Linear(width, 3 * heads * width, bias=False)
        self.output = nn.Linear(heads * width, width, bias=False)
        for projection in (*self.query_key_value.weight.chunk(3 * heads), self.output.weight):
            nn.init.xavier_normal_(projection)

    def forward(self, patches: Tensor) -> Tensor:
        """Return the patches with what they gathered from each other."""
        count, places, width = patches.shape
        normed = functional.layer_norm(patches, (width,), eps=1e-12)
        query, key, value = (
            self.query_key_value(normed).view(count, places, 3, self.heads, width).permute(2, 0, 3, 1, 4)
        )
        heads = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(width), dim=3) @ value
        merged = self.output(heads.transpose(1, 2).reshape(count, places, self.heads * width))
        return normed + merged if self.residual else merged


class PatchEmbedding(nn.Module):
    """Embed the vectors of one layer, (n, p, channels) -> (n, p, width) of unit length: H_l, then attention if asked."""

    def __init__(self, channels: int, width: int, attention: bool, residual: bool) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(channels, width), nn.ReLU(), nn.Linear(width, width))
        xavier_weights(self.project, gain=0.02)
        self.attend = PatchAttention(width, residual=residual) if attention else nn.Identity()

    def forward(self, vectors: Tensor) -> Tensor:
        """Return unit vectors."""
        return functional.normalize(self.attend(self.project(vectors)).float(), dim=-1, eps=1e-7)


class PatchEmbeddings(nn.Module):
    """One PatchEmbedding a layer; `channels` are the widths of the feature maps."""

    def __init__(self, channels: Sequence[int], *, attention: bool, residual: bool, width: int = 256) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PatchEmbedding(one, width, attention, residual) for one in channels)

    def forward(self, features: Sequence[Tensor], positions: Sequence[Tensor]) -> list[Tensor]:
        """Return the embeddings of each feature map at its positions, (n, p, width) fp32 each."""
        triples = zip(self.layers, features, positions, strict=True)
        return [layer(gather(feature_map, places)) for layer, feature_map, places in triples]
