"""The score of a style, from paintings of held-out photos: near the cartoon, calm, and true to the photo's drawing.

fd-vgg16, the Fréchet distance of the VGG16 features of crops, sees how near the cartoon's texture is. It likes lines drawn
into a sky. The measures of pictures see those lines. The score multiplies both, so that neither can buy off the other.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from vidstyle.analysis.crops import crop_features, draw_crops, join_halves, scaled
from vidstyle.analysis.frechet import frechet_distance
from vidstyle.networks.vgg import VGG16Features
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.train.data.cache import ImageCache

SCORE, DISTANCE = "score", "fd-vgg16"
PICTURE_MEASURES = ("plain-areas", "flat-share", "edges", "chroma-shift", "lightness-shift")
COLUMNS = (SCORE, DISTANCE, *PICTURE_MEASURES)
"""What is written down of a style each time it is scored."""
LEAST_EDGES = 0.1
"""Correlation of edges below which a painting is no worse: it has nothing to do with its photo any more."""
CROPS, SIDE, SHORT_SIDE = 600, 96, 192
"""Crops of either set, their side and the short side of the pictures they are cut from, in pixels."""
_MOST_FRAMES = 256
"""How many cartoon frames, evenly spaced over all, are searched for the ones most like a painting."""


class StyleScorer:
    """Scores a painter on the photos `held_out`, against the cartoon frames `paintings`."""

    def __init__(self, network: VGG16Features, held_out: ImageCache, paintings: ImageCache, seed: int) -> None:
        from vidstyle.analysis import picture_measures  # here, since training runs without OpenCV, unscored

        self.picture_measures = picture_measures
        self.network, self.held_out, self.paintings, self.seed = network, held_out, paintings, seed
        smallest = min(min(shape) for cache in (held_out, paintings) for shape in cache.shapes)
        self.short_side = min(SHORT_SIDE, smallest)

    def score(self, paint: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
        """Return the figures named in `COLUMNS` of the held-out photos as `paint` paints them, (h, w, 3) uint8.

        The score is `combined_score` of the others, lower is better.
        """
        photos = [self.held_out.image(number) for number in range(len(self.held_out))]
        painted = [paint(photo) for photo in photos]
        distance = frechet_distance(self._crop_features(painted, 0), self._goal)
        measures = self._measures(photos, painted)
        combined = combined_score(distance / max(self._untouched, 1e-9), measures["plain-areas"], measures["edges"])
        return {SCORE: combined, DISTANCE: distance, **measures}

    def _measures(self, photos: Sequence[np.ndarray], painted: Sequence[np.ndarray]) -> dict[str, float]:
        """Return the median of plain-areas and the means of the other measures over all pairs."""
        pairs = zip(photos, painted, strict=True)
        rows = [self.picture_measures.measure(photo.copy(), rgb) for photo, rgb in pairs]
        means = {name: float(np.mean([row[name] for row in rows])) for name in PICTURE_MEASURES}
        return means | {"plain-areas": float(np.median([row["plain-areas"] for row in rows]))}

    def nearest(self, pictures: Sequence[np.ndarray]) -> list[int]:
        """Return for each picture, (h, w, 3) uint8, the number of the cartoon frame whose mean features are most like its."""
        numbers, frames = self._frames
        return [numbers[int(position)] for position in (self._mean_features(pictures) @ frames.T).argmax(1)]

    @cached_property
    def _untouched(self) -> float:
        """fd-vgg16 of the photos as they are."""
        photos = [self.held_out.image(number) for number in range(len(self.held_out))]
        return frechet_distance(self._crop_features(photos, 0), self._goal)

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


def combined_score(distance_share: float, plain_areas: float, edges: float) -> float:
    """Return fd-vgg16 as a share of that of the untouched photos, times the noise in plain areas, over the edges kept.

    Untouched photos score 1; lower is better. Areas calmer than the photo's do not count as better.
    """
    return distance_share * max(1.0, plain_areas) / max(LEAST_EDGES, edges)
