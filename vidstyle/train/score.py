"""How near paintings of held-out photos come to the cartoon: the Frechet distance of VGG16 features of crops, fd-vgg16."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from vidstyle.analysis.crops import crop_features, draw_crops, join_halves, scaled
from vidstyle.analysis.frechet import frechet_distance
from vidstyle.networks.vgg import VGG16Features
from vidstyle.train.data.cache import ImageCache

SCORE = "fd-vgg16"
CROPS, SIDE, SHORT_SIDE = 600, 96, 192
"""Crops of either set, their side and the short side of the pictures they are cut from, in pixels."""
_LOOKED_AT = 256


class StyleScorer:
    """Compares pictures with the cartoon frames `paintings`, and scores a painter on the photos `held_out`."""

    def __init__(self, network: VGG16Features, held_out: ImageCache, paintings: ImageCache, seed: int) -> None:
        self.network, self.held_out, self.paintings, self.seed = network, held_out, paintings, seed
        smallest = min(min(shape) for cache in (held_out, paintings) for shape in cache.shapes)
        self.short_side = min(SHORT_SIDE, smallest)

    def score(self, paint: Callable[[np.ndarray], np.ndarray]) -> float:
        """Return fd-vgg16 of the held-out photos as `paint` gives them, (h, w, 3) uint8; lower is nearer."""
        painted = [paint(self.held_out.image(number)) for number in range(len(self.held_out))]
        return frechet_distance(self._features(painted, 0), self._goal)

    def nearest(self, pictures: Sequence[np.ndarray]) -> list[int]:
        """Return for each picture, (h, w, 3) uint8, the number of the cartoon frame whose mean features are most like its."""
        numbers, frames = self._frames
        return [numbers[int(place)] for place in (self._whole(pictures) @ frames.T).argmax(1)]

    @cached_property
    def _goal(self) -> np.ndarray:
        pictures = [self.paintings.image(number) for number in self._spread(CROPS)]
        return join_halves(*(self._features(pictures[start::2] or pictures, 1 + start) for start in (0, 1)))

    @cached_property
    def _frames(self) -> tuple[list[int], np.ndarray]:
        numbers = self._spread(_LOOKED_AT)
        return numbers, self._whole([self.paintings.image(number) for number in numbers])

    def _spread(self, most: int) -> list[int]:
        last = len(self.paintings) - 1
        return sorted({round(place) for place in np.linspace(0, last, min(most, last + 1)).tolist()})

    def _features(self, pictures: Sequence[np.ndarray], seed: int) -> np.ndarray:
        small = [scaled(one.copy(), self.short_side) for one in pictures]
        side = min(SIDE, self.short_side)
        return crop_features(self.network, draw_crops(small, CROPS, side, self.seed + seed))

    def _whole(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return mean features of unit length: flat pictures, whose features are small, are then like flat ones alone."""
        side = min(SIDE, self.short_side)
        found = np.concatenate([crop_features(self.network, scaled(one.copy(), side)) for one in pictures])
        return found / np.linalg.norm(found, axis=1, keepdims=True).clip(1e-12)
