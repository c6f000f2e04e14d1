"""A drawn episode whose every frame is known."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import blurred, drawing, mixed

SIZE = (160, 120)
BORDER = 14
RATE = Fraction(12)


@dataclass(frozen=True)
class Episode:
    """The file, its frames before coding, and which of them are sharp, whole drawings."""

    path: Path
    frames: list[np.ndarray]
    sharp: frozenset[int]


def _letterboxed(picture: np.ndarray) -> np.ndarray:
    frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    frame[BORDER : SIZE[1] - BORDER] = picture
    return frame


def _script() -> tuple[list[np.ndarray], frozenset[int]]:
    """One second each: three shots, black, a fade to white, the first shot again; every shot mostly out of focus."""
    inside = (SIZE[0], SIZE[1] - 2 * BORDER)
    pictures, sharp = [], set()
    for second, seed in enumerate((1, 2, 3, None, 4, 1)):
        for index in range(12):
            if seed is None:
                pictures.append(np.full((inside[1], inside[0], 3), 4, np.uint8))
            elif seed == 4:
                pictures.append(
                    mixed(drawing(3, inside), np.full((inside[1], inside[0], 3), 255, np.uint8), (index + 6) / 18)
                )
            else:
                focused = index == 7
                sharp |= {second * 12 + index} if focused else set()
                pictures.append(blurred(drawing(seed, inside, shift=index // 2), 0 if focused else 1.8))
    return [_letterboxed(one) for one in pictures], frozenset(sharp)


@pytest.fixture(scope="session")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Episode:
    frames, sharp = _script()
    path = tmp_path_factory.mktemp("episode") / "my show.mp4"
    make_clip(path, size=SIZE, frames=len(frames), rate=RATE, pictures=lambda index: frames[index])
    return Episode(path, frames, sharp)
