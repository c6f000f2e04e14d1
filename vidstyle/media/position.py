"""How far a reading got, so that another can go on exactly there."""

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Position:
    """The place after a number of `pictures`: pts, duration and digest of the last one, in ticks of the clip's time base.

    `resized` counts pictures of another size up to there. `seekable`: every packet so far became one picture at its
    own time, so that a reading that begins at an earlier key frame gives the same from here on.
    """

    pictures: int
    pts: int
    duration: int
    digest: str
    resized: int
    seekable: bool


def digest(picture: np.ndarray) -> str:
    """Return the SHA-256 of a picture's values, as hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(picture).data).hexdigest()
