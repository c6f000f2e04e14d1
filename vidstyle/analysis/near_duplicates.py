"""What a picture looks like, in few numbers: to tell near-duplicates apart and to draw evenly over looks."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import cv2
import numpy as np

THUMBNAIL_PIXELS = 24
HASH_PIXELS = 32
HASH_SIDE = 8
HASH_BITS = HASH_SIDE * HASH_SIDE
UNRELATED_BITS = HASH_BITS / 2
STRUCTURE_WEIGHT = 0.6
UNRELATED_DIFFERENCE = 64.0
"""Mean difference (of 255) between thumbnails of unrelated pictures."""
MOST_FADED_CONTRAST = 0.75
"""Share of its neighbour's contrast below which a picture can be a fade of it."""
SAME_DIFFERENCE = 5
"""Largest difference (of 255) between the thumbnails of one drawing, coded twice."""
COMPARED_AT_ONCE = 64


@dataclass(frozen=True)
class Look:
    """A picture's perceptual hash, (64,) bool, and its small colour thumbnail, (24 * 24 * 3,) uint8."""

    hash: np.ndarray
    thumbnail: np.ndarray

    @classmethod
    def of(cls, rgb: np.ndarray) -> Self:
        """Return the look of (h, w, 3) uint8 RGB."""
        small = cv2.resize(rgb, (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), interpolation=cv2.INTER_AREA)
        return cls(perceptual_hash(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), small.ravel())


def perceptual_hash(grey: np.ndarray) -> np.ndarray:
    """Return 64 bits: which of the lowest cosine coefficients of a small copy lie above their median (pHash)."""
    small = cv2.resize(grey, (HASH_PIXELS, HASH_PIXELS), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[:HASH_SIDE, :HASH_SIDE].ravel()
    return lowest > np.median(lowest[1:])


class Nearest(NamedTuple):
    """Which look of a gallery is most like another one, and how much."""

    place: int
    similarity: float


class SignatureIndex:
    """Looks gathered so far, compared all at once with a new one."""

    def __init__(self) -> None:
        self._count = 0
        self._hashes = np.zeros((64, HASH_BITS), bool)
        self._thumbnails = np.zeros((64, THUMBNAIL_PIXELS * THUMBNAIL_PIXELS * 3), np.uint8)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Look:
        return Look(self._hashes[index], self._thumbnails[index])

    def add(self, look: Look) -> None:
        """Put a look at the end."""
        if self._count == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
            self._thumbnails = np.concatenate([self._thumbnails, np.zeros_like(self._thumbnails)])
        self._hashes[self._count], self._thumbnails[self._count] = look.hash, look.thumbnail
        self._count += 1

    def similarities(self, look: Look) -> np.ndarray:
        """Return (n,) similarities in [0, 1] of `look` to each look in the gallery: 1 alike, 0 unrelated.

        The weighted mean of two opinions: the hash's on structure and the thumbnail's on colour.
        """
        return np.clip(self._by_structure(look) + self._by_colour(look, slice(self._count)), 0, 1)

    def nearest(self, look: Look) -> Nearest | None:
        """Return the look that is most like another one, the first of several; None in an empty gallery.

        Colours are compared only where the hash leaves room for more similarity than was found so far.
        """
        if not self._count:
            return None
        structure = self._by_structure(look)
        order = np.argsort(-structure, kind="stable")
        best = Nearest(0, -1.0)
        for start in range(0, self._count, COMPARED_AT_ONCE):
            some = order[start : start + COMPARED_AT_ONCE]
            if structure[some[0]] + 1 - STRUCTURE_WEIGHT < best.similarity:
                break
            found = np.clip(structure[some] + self._by_colour(look, some), 0, 1)
            top = some[found == found.max()].min()
            if (float(found.max()), -int(top)) > (best.similarity, -best.place):
                best = Nearest(int(top), float(found.max()))
        return best

    def _by_structure(self, look: Look) -> np.ndarray:
        different = np.count_nonzero(self._hashes[: self._count] != look.hash, axis=1)
        return STRUCTURE_WEIGHT * (1 - different / UNRELATED_BITS)

    def _by_colour(self, look: Look, which: slice | np.ndarray) -> np.ndarray:
        difference = np.abs(self._thumbnails[which].astype(np.int16) - look.thumbnail).mean(1)
        return (1 - STRUCTURE_WEIGHT) * (1 - difference / UNRELATED_DIFFERENCE)


def is_faded_copy(look: Look, original: Look) -> bool:
    """Whether a picture is another one on its way to or from a flat colour: the same drawing with less contrast.

    The more of its contrast is gone, the less alike the two need be, since things move during a fade.
    """
    shape = (THUMBNAIL_PIXELS * THUMBNAIL_PIXELS, 3)
    faded, full = (one.thumbnail.reshape(shape).astype(np.float32) for one in (look, original))
    faded, full = faded - faded.mean(0), full - full.mean(0)
    power, faded_power, common = float(np.vdot(full, full)), float(np.vdot(faded, faded)), float(np.vdot(faded, full))
    if power == 0 or faded_power == 0:
        return False
    contrast, correlation = common / power, common / (power * faded_power) ** 0.5
    return contrast < min(MOST_FADED_CONTRAST, 2 * correlation - 1.03)


def is_same_look(one: Look, other: Look) -> bool:
    """Whether two pictures differ by no more than coding one of them twice can make: a drawing that came back."""
    return int(np.abs(one.thumbnail.astype(np.int16) - other.thumbnail).max()) <= SAME_DIFFERENCE


def similarity(one: Look, other: Look) -> float:
    """Return the similarity of two looks in [0, 1], as `SignatureIndex.similarities` defines it."""
    gallery = SignatureIndex()
    gallery.add(one)
    return float(gallery.similarities(other)[0])
