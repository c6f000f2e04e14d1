"""`--flicker statistics`: the generator's instance norms use the mean statistics of the last frames."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from vidstyle.analysis.cuts import PAST_STEPS
from vidstyle.errors import SettingsError
from vidstyle.models.frames import to_host
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.smooth_norm import EARLIER_FRAMES, smooth_norms
from vidstyle.render.steady import Steady


class SmoothStatistics(Steady):
    """A generator whose instance norms, replaced for good, smooth their statistics over the last frames of the shot.

    Raises SettingsError where it has no instance norms.
    """

    def __init__(self, generator: StyleGenerator) -> None:
        super().__init__(generator)
        self._norms, self._known = smooth_norms(generator.network), 0
        if not self._norms:
            raise SettingsError("The style's network has no statistics to smooth. Use --flicker flow.")
        self.looks_back = EARLIER_FRAMES * len(self._norms) + PAST_STEPS

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the painted images, same shape and range."""
        begins = [self._cuts.is_cut(source) for source in to_host(images, deep=False)]
        weights, self._known = frame_weights(begins, self._known)
        for norm in self._norms:
            norm.weights = weights
        return self._paint(images)

    def _remembered(self) -> dict[str, Tensor]:
        """Return the last statistics of every norm, one after the other, and how many frames of the shot they are of."""
        statistics = torch.cat([norm.earlier.flatten(1) for norm in self._norms], 1)
        return {"known": torch.tensor(self._known), "statistics": statistics}

    def _remember(self, state: Mapping[str, Tensor]) -> None:
        self._known = int(state.get("known", 0))
        if "statistics" in state:
            widths = [2 * norm.num_features for norm in self._norms]
            for norm, known in zip(self._norms, state["statistics"].split(widths, 1), strict=True):
                norm.earlier = known.view(EARLIER_FRAMES, 2, -1)


def frame_weights(begins: Sequence[bool], known: int) -> tuple[Tensor, int]:
    """Return (n, EARLIER_FRAMES + n) weights for n frames, and how many frames may be looked back at after them.

    `begins` tells which frames begin a shot, `known` how many earlier frames belong to the shot of the first.
    """
    weights = torch.zeros(len(begins), EARLIER_FRAMES + len(begins))
    for number, begin in enumerate(begins):
        known = 0 if begin else known
        last = EARLIER_FRAMES + number
        weights[number, last - known : last + 1] = 1 / (known + 1)
        known = min(known + 1, EARLIER_FRAMES)
    return weights, known
