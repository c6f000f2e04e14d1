"""The score of a style: how near paintings of held-out photos come to the cartoon.

It is fd-vgg16, the Frechet distance of the VGG16 features of crops.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from vidstyle.analysis.crops import crop_features, draw_crops, join_halves, scaled
from vidstyle.analysis.frechet import frechet_distance
from vidstyle.networks.vgg import VGG16Features
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.train.data.cache import ImageCache

SCORE = "fd-vgg16"
CROPS, SIDE, SHORT_SIDE = 600, 96, 192
"""Crops of either set, their side and the short side of the pictures they are cut from, in pixels."""
_MOST_FRAMES = 256
"""How many cartoon frames, evenly spaced over all, are searched for the ones most like a painting."""


class StyleScorer:
    """Scores a painter on the photos `held_out`, against the cartoon frames `paintings`."""

    def __init__(self, network: VGG16Features, held_out: ImageCache, paintings: ImageCache, seed: int) -> None:
        self.network, self.held_out, self.paintings, self.seed = network, held_out, paintings, seed
        smallest = min(min(shape) for cache in (held_out, paintings) for shape in cache.shapes)
        self.short_side = min(SHORT_SIDE, smallest)

    def score(self, paint: Callable[[np.ndarray], np.ndarray]) -> float:
        """Return fd-vgg16 of the held-out photos as `paint` paints them, (h, w, 3) uint8; lower is nearer."""
        painted = [paint(self.held_out.image(number)) for number in range(len(self.held_out))]
        return frechet_distance(self._crop_features(painted, 0), self._goal)

    def nearest(self, pictures: Sequence[np.ndarray]) -> list[int]:
        """Return for each picture, (h, w, 3) uint8, the number of the cartoon frame whose mean features are most like its."""
        numbers, frames = self._frames
        return [numbers[int(position)] for position in (self._mean_features(pictures) @ frames.T).argmax(1)]

    @cached_property
    def _goal(self) -> np.ndarray:
        """The features of the cartoon's crops."""
        numbers = evenly_spaced(len(self.paintings), CROPS)
        pictures = [self.paintings.image(number) for number in numbers]
        return join_halves(*(self._crop_features(pictures[start::2] or pictures, 1 + start) for start in (0, 1)))

    @cached_property
    def _frames(self) -> tuple[list[int], np.ndarray]:
        """The numbers of the cartoon frames that are searched, and their mean features."""
        numbers = evenly_spaced(len(self.paintings), _MOST_FRAMES)
        return numbers, self._mean_features([self.paintings.image(number) for number in numbers])

    def _crop_features(self, pictures: Sequence[np.ndarray], seed: int) -> np.ndarray:
        small = [scaled(picture.copy(), self.short_side) for picture in pictures]
        side = min(SIDE, self.short_side)
        return crop_features(self.network, draw_crops(small, CROPS, side, self.seed + seed))

    def _mean_features(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return mean features of unit length: flat pictures, whose features are small, are then like flat ones alone."""
        side = min(SIDE, self.short_side)
        features = np.concatenate([crop_features(self.network, scaled(picture.copy(), side)) for picture in pictures])
        return features / np.linalg.norm(features, axis=1, keepdims=True).clip(1e-12)
