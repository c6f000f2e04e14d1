"""Near-duplicates: a small signature of a picture, and an index that finds the most similar one among many.

A signature is a perceptual hash, which tells what is drawn, and a colour thumbnail, which tells in what colours.
"""

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
LARGEST_CODING_DIFFERENCE = 5
"""Largest difference (of 255) between the thumbnails of one drawing, coded twice."""
COMPARED_AT_ONCE = 64
FIRST_CAPACITY = 64


@dataclass(frozen=True)
class Signature:
    """A picture's perceptual hash, (64,) bool, and its colour thumbnail, (24 * 24 * 3,) uint8."""

    hash: np.ndarray
    thumbnail: np.ndarray

    @classmethod
    def of(cls, rgb: np.ndarray) -> Self:
        """Return the signature of (h, w, 3) uint8 RGB."""
        small = cv2.resize(rgb, (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), interpolation=cv2.INTER_AREA)
        return cls(perceptual_hash(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), small.ravel())


def perceptual_hash(grey: np.ndarray) -> np.ndarray:
    """Return 64 bits of (h, w) uint8 grey: which of a small copy's lowest cosine coefficients exceed their median (pHash)."""
    small = cv2.resize(grey, (HASH_PIXELS, HASH_PIXELS), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[:HASH_SIDE, :HASH_SIDE].ravel()
    return lowest > np.median(lowest[1:])


def similarity(first: Signature, second: Signature) -> float:
    """Return the similarity of two signatures in [0, 1], as `SignatureIndex.similarities` defines it."""
    index = SignatureIndex()
    index.add(first)
    return float(index.similarities(second)[0])


def is_same_picture(first: Signature, second: Signature) -> bool:
    """Whether two pictures differ by no more than coding one of them twice can make, as a drawing that comes back."""
    difference = np.abs(first.thumbnail.astype(np.int16) - second.thumbnail)
    return int(difference.max()) <= LARGEST_CODING_DIFFERENCE


def is_faded_copy(signature: Signature, original: Signature) -> bool:
    """Whether a picture is another one on its way to or from a flat colour: the same drawing with less contrast.

    The more of its contrast is gone, the less alike the two need be, since things move during a fade.
    """
    faded, full = _without_mean(signature), _without_mean(original)
    power, faded_power, common = float(np.vdot(full, full)), float(np.vdot(faded, faded)), float(np.vdot(faded, full))
    if power == 0 or faded_power == 0:
        return False
    contrast, correlation = common / power, common / (power * faded_power) ** 0.5
    return contrast < min(MOST_FADED_CONTRAST, 2 * correlation - 1.03)


def _without_mean(signature: Signature) -> np.ndarray:
    """Return the thumbnail less its mean colour, (24 * 24, 3) float32."""
    colours = signature.thumbnail.reshape(THUMBNAIL_PIXELS * THUMBNAIL_PIXELS, 3).astype(np.float32)
    return colours - colours.mean(0)


class Nearest(NamedTuple):
    """The position in an index of the signature that is most similar to another one, and its similarity."""

    position: int
    similarity: float


class SignatureIndex:
    """Signatures in the order in which they were added, compared all at once with another one."""

    def __init__(self) -> None:
        self._count = 0
        self._hashes = np.zeros((FIRST_CAPACITY, HASH_BITS), bool)
        self._thumbnails = np.zeros((FIRST_CAPACITY, THUMBNAIL_PIXELS * THUMBNAIL_PIXELS * 3), np.uint8)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Signature:
        return Signature(self._hashes[index], self._thumbnails[index])

    def add(self, signature: Signature) -> None:
        """Put a signature at the end."""
        if self._count == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
            self._thumbnails = np.concatenate([self._thumbnails, np.zeros_like(self._thumbnails)])
        self._hashes[self._count], self._thumbnails[self._count] = signature.hash, signature.thumbnail
        self._count += 1

    def similarities(self, signature: Signature) -> np.ndarray:
        """Return (n,) similarities in [0, 1] to each signature of the index: 1 is alike, 0 is unrelated.

        A similarity is the weighted sum of that of the hashes, for structure, and that of the thumbnails, for colour.
        """
        return np.clip(self._structure(signature) + self._colour(signature, slice(self._count)), 0, 1)

    def nearest(self, signature: Signature) -> Nearest | None:
        """Return the most similar signature, the first of several; None in an empty index.

        Colours are compared only where the hash leaves room for more similarity than was found so far.
        """
        if not self._count:
            return None
        structure = self._structure(signature)
        order = np.argsort(-structure, kind="stable")
        best = Nearest(0, -1.0)
        for start in range(0, self._count, COMPARED_AT_ONCE):
            some = order[start : start + COMPARED_AT_ONCE]
            if structure[some[0]] + 1 - STRUCTURE_WEIGHT < best.similarity:
                break
            similarities = np.clip(structure[some] + self._colour(signature, some), 0, 1)
            top = some[similarities == similarities.max()].min()
            if (float(similarities.max()), -int(top)) > (best.similarity, -best.position):
                best = Nearest(int(top), float(similarities.max()))
        return best

    def _structure(self, signature: Signature) -> np.ndarray:
        different = np.count_nonzero(self._hashes[: self._count] != signature.hash, axis=1)
        return STRUCTURE_WEIGHT * (1 - different / UNRELATED_BITS)

    def _colour(self, signature: Signature, which: slice | np.ndarray) -> np.ndarray:
        difference = np.abs(self._thumbnails[which].astype(np.int16) - signature.thumbnail).mean(1)
        return (1 - STRUCTURE_WEIGHT) * (1 - difference / UNRELATED_DIFFERENCE)
