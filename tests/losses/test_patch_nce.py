"""PatchNCE and its distance weights equal slow loops written from the paper's equations."""

import math

import pytest
import torch
from torch.nn import functional

from vidstyle.losses.patch_nce import distance_weights, patch_nce

PLACES, WIDTH = 9, 5


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    queries = functional.normalize(torch.randn(2, PLACES, 16), dim=-1)
    keys = functional.normalize(queries + 0.5 * torch.randn(2, PLACES, 16), dim=-1)
    return queries, keys


def _coefficients() -> tuple[torch.Tensor, torch.Tensor]:
    positions = torch.randperm(WIDTH * 4, generator=torch.Generator().manual_seed(1))[:PLACES]
    return positions, distance_weights(positions, WIDTH, stride=4, crop=20, base=0.7)


def test_weights_are_lambda_to_the_distance_in_crop_sides() -> None:
    positions, weights = _coefficients()
    for first in range(PLACES):
        for second in range(PLACES):
            (ya, xa), (yb, xb) = divmod(int(positions[first]), WIDTH), divmod(int(positions[second]), WIDTH)
            distance = (abs(ya - yb) + abs(xa - xb)) * 4 / 20
            assert weights[first, second].item() == pytest.approx(0.7**distance, rel=1e-5)


def test_without_weights_the_loss_is_equation_3(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    queries, keys = pair
    logits = torch.einsum("npf,nqf->npq", queries.double(), keys.double()) / 0.07
    targets = torch.arange(PLACES).repeat(2)
    expected = functional.cross_entropy(logits.flatten(0, 1), targets)
    assert patch_nce(queries, keys).item() == pytest.approx(expected.item(), abs=1e-6)


def _slow(queries: torch.Tensor, keys: torch.Tensor, weighting: str, weights: torch.Tensor) -> float:
    """Return the loss by loops over images, anchors and negatives."""
    losses = []
    for query, key in zip(queries.double(), keys.double(), strict=True):
        logit = [[float(v @ k) / 0.07 for k in key] for v in query]
        others = [[i for i in range(PLACES) if i != anchor] for anchor in range(PLACES)]
        if weighting == "as-printed":
            whole = sum(math.exp(sum(float(weights[a, i]) * logit[a][i] for i in others[a])) for a in range(PLACES))
        for a in range(PLACES):
            positive = math.exp(logit[a][a])
            if weighting == "per-negative":
                negative = sum(math.exp(float(weights[a, i]) * logit[a][i]) for i in others[a])
            elif weighting == "outside":
                negative = sum(float(weights[a, i]) * math.exp(logit[a][i]) for i in others[a])
            else:
                negative = whole
            losses.append(-math.log(positive / (positive + negative)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("weighting", ["per-negative", "outside", "as-printed"])
def test_every_reading_of_equation_9_equals_its_slow_loop(
    pair: tuple[torch.Tensor, torch.Tensor], weighting: str
) -> None:
    _, weights = _coefficients()
    fast = patch_nce(*pair, weighting, weights).item()
    assert fast == pytest.approx(_slow(*pair, weighting, weights), rel=1e-5)


def test_weights_of_one_change_nothing(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    ones = torch.ones(PLACES, PLACES)
    for weighting in ("per-negative", "outside"):
        assert patch_nce(*pair, weighting, ones).item() == pytest.approx(patch_nce(*pair).item(), abs=1e-6)


def test_negatives_come_from_the_same_image_only(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    queries, keys = pair
    alone = [patch_nce(queries[i : i + 1], keys[i : i + 1]).item() for i in range(2)]
    assert patch_nce(queries, keys).item() == pytest.approx(sum(alone) / 2, abs=1e-6)


def test_mixed_precision_around_it_does_not_round_the_loss() -> None:
    vectors = [torch.nn.functional.normalize(torch.randn(1, 16, 8), dim=-1) for _ in range(2)]
    with torch.autocast("cpu", torch.bfloat16):
        inside = patch_nce(*vectors)
    assert torch.equal(inside, patch_nce(*vectors))
