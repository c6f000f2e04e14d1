"""Instance norms that others take the place of."""

from collections.abc import Callable
from typing import TypeVar

from torch import nn

NormT = TypeVar("NormT", bound=nn.InstanceNorm2d)


def replace_norms(network: nn.Module, norm: Callable[[int, float], NormT]) -> list[NormT]:
    """Replace all instance norms of `network` by what `norm` makes for their channels and epsilon; return those in order."""
    norms = []
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.InstanceNorm2d):
                norms.append(norm(child.num_features, child.eps))
                setattr(parent, name, norms[-1])
    return norms
