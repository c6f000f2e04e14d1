"""PatchNCE, the contrastive loss of CUT: plain (paper eq (3)) and weighted by distance (eqs (6) to (10)), in log space."""

import torch
from torch import Tensor

TEMPERATURE = 0.07


def distance_weights(positions: Tensor, width: int, stride: float, crop: int, base: float) -> Tensor:
    """Return Coe = base ** D for all pairs of flat `positions` (p,) of a map `width` wide, (p, p): eqs (6) and (7).

    D is the L1 distance in input pixels (`stride` of them a step) divided by the crop's side, 0 to about 2.
    """
    rows, columns = positions // width, positions % width
    steps = (rows[:, None] - rows).abs() + (columns[:, None] - columns).abs()
    return torch.pow(base, steps.float() * (stride / crop))


def patch_nce(queries: Tensor, keys: Tensor, weighting: str = "none", weights: Tensor | None = None) -> Tensor:
    """Return the mean contrastive loss of `queries` (n, p, f) against `keys` (n, p, f), both of unit length; fp32 scalar.

    The positive of a query is the key at the same position; its negatives are the other keys of the same image.
    `weighting` says how `weights` (p, p) enter the sum over negatives, eq (9): `per-negative` as exp(w l), `outside` as
    w exp(l), `as-printed` as one sum over the image of exp(sum of w l). With `none` they are unused.
    """
    with torch.autocast(queries.device.type, enabled=False):
        logits = queries.float() @ keys.float().transpose(1, 2) / TEMPERATURE
    positives = logits.diagonal(dim1=1, dim2=2)
    own = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
    negatives = _log_negatives(logits, own, weighting, weights)
    return (torch.logaddexp(positives, negatives) - positives).mean()


def _log_negatives(logits: Tensor, own: Tensor, weighting: str, weights: Tensor | None) -> Tensor:
    """Return log(Negative_loss), (n, p), or (n, 1) where one sum serves the whole image; `own` marks the positives."""
    if weighting == "none" or weights is None:
        return logits.masked_fill(own, -torch.inf).logsumexp(2)
    if weighting == "per-negative":
        return (weights * logits).masked_fill(own, -torch.inf).logsumexp(2)
    if weighting == "outside":
        return (weights.log() + logits).masked_fill(own, -torch.inf).logsumexp(2)
    return (weights * logits).masked_fill(own, 0.0).sum(2).logsumexp(1, keepdim=True)
