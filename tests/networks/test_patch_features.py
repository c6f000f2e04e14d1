"""Patch embeddings stay apart at the start and stay within their own image."""

import pytest
import torch

from vidstyle.losses.patch_nce import patch_nce
from vidstyle.networks.patch_features import PatchAttention, PatchEmbeddings, draw_positions, gather
from vidstyle.networks.resnet_generator import ResNetGenerator, patch_channels


def _embeddings(attention: bool, residual: bool) -> PatchEmbeddings:
    torch.manual_seed(0)
    return PatchEmbeddings(patch_channels(8), attention=attention, residual=residual)


def _features(images: torch.Tensor) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [feature_map.detach() for feature_map in ResNetGenerator(channels=8).features(images)]


def _textured(count: int) -> torch.Tensor:
    coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(2)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic").clamp(-1, 1)


def test_positions_are_distinct_and_repeat_with_the_seed() -> None:
    maps = [torch.zeros(1, 2, 20, 20), torch.zeros(1, 2, 4, 4)]
    first = draw_positions(maps, 256, torch.Generator().manual_seed(3))
    again = draw_positions(maps, 256, torch.Generator().manual_seed(3))
    assert [len(positions.unique()) for positions in first] == [256, 16]
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gathering_reads_rows_and_columns_of_every_image(layout: torch.memory_format) -> None:
    maps = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5).contiguous(memory_format=layout)
    vectors = gather(maps, torch.tensor([7, 19]))
    assert torch.equal(vectors[1, 0], maps[1, :, 1, 2])
    assert torch.equal(vectors[0, 1], maps[0, :, 3, 4])


@pytest.mark.parametrize("residual", [True, False])
def test_patches_stay_distinct_after_attention_at_the_start(residual: bool) -> None:
    features = _features(_textured(1))
    positions = draw_positions(features, 64, torch.Generator().manual_seed(4))
    for vectors in _embeddings(True, residual)(features, positions):
        apart = 1 - (vectors[0] @ vectors[0].T)[~torch.eye(64, dtype=torch.bool)]
        assert vectors.norm(dim=-1).allclose(torch.ones(1), atol=1e-5)
        assert apart.mean() > 1e-4


@pytest.mark.parametrize("residual", [True, False])
def test_nce_on_a_fixed_batch_falls_below_the_loss_of_alike_patches(residual: bool) -> None:
    features = _features(_textured(1))
    moved = []
    for feature_map in features:
        noise = torch.randn(feature_map.shape, generator=torch.Generator().manual_seed(5))
        moved.append(feature_map + 0.1 * feature_map.std() * noise)
    positions = draw_positions(features, 256, torch.Generator().manual_seed(4))
    embeddings = _embeddings(True, residual)
    optimizer = torch.optim.Adam(embeddings.parameters(), 2e-4, betas=(0.5, 0.999))
    for _ in range(15):
        pairs = zip(embeddings(moved, positions), embeddings(features, positions), strict=True)
        loss = torch.stack([patch_nce(query, key.detach()) for query, key in pairs]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 5.5


def test_attention_never_looks_across_the_batch() -> None:
    torch.manual_seed(0)
    attention = PatchAttention(16)
    patches = torch.randn(2, 10, 16)
    alone = torch.cat([attention(patches[:1]), attention(patches[1:])])
    assert torch.allclose(attention(patches), alone, atol=1e-5)


def test_attention_is_that_of_equations_4_and_5() -> None:
    torch.manual_seed(0)
    attention = PatchAttention(8, residual=False).double()
    patches = torch.randn(1, 6, 8, dtype=torch.float64)
    normed = (patches[0] - patches[0].mean(1, keepdim=True)) / patches[0].std(1, correction=0, keepdim=True)
    weights = attention.query_key_value.weight
    heads = []
    for head in range(2):
        query, key, value = (normed @ weights[(part * 2 + head) * 8 :][:8].T for part in range(3))
        heads.append(torch.softmax(query @ key.T / 8**0.5, dim=1) @ value)
    expected = torch.cat(heads, dim=1) @ attention.output.weight.T
    assert torch.allclose(attention(patches)[0], expected, atol=1e-9)
