"""A little drawn episode: a fox walks through its day. Five looks, drawings held for two frames, cuts, one fade."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sample_videos import scenes
from sample_videos.drawing import Canvas

RATE, SECONDS = 24, 20
FRAMES = RATE * SECONDS
BAR = 40
"""Height of each of the two black bars of the letterbox."""
HELD_FRAMES = 2
BLUR_DRAWINGS = 8
FADE_SECONDS = 1.5
WIDTH, HEIGHT = scenes.WIDTH, scenes.HEIGHT + 2 * BAR


@dataclass(frozen=True)
class Shot:
    """A scene from one time of the episode to another, and the times (in the shot) during which the view whips."""

    draw: Callable[[float], Canvas]
    start: float
    end: float
    blurred: tuple[tuple[float, float], ...] = ()


SHOTS = (
    Shot(scenes.village, 0.0, 4.5),
    Shot(scenes.portrait, 4.5, 7.5),
    Shot(scenes.forest_run, 7.5, 11.0, blurred=((0.0, 0.5), (1.5, 1.75), (3.0, 3.5))),
    Shot(scenes.evening_lake, 11.0, 15.0),
    Shot(scenes.winter_night, 15.0, 20.0),
)


def frame(number: int) -> np.ndarray:
    """Return frame `number`, 0 to FRAMES - 1, as (HEIGHT, WIDTH, 3) uint8 RGB between black bars."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[BAR:-BAR] = drawing(number // HELD_FRAMES)
    left = (FRAMES - 1 - number) / RATE
    return np.rint(picture * min(1.0, left / FADE_SECONDS)).astype(np.uint8)


@lru_cache(maxsize=2)
def drawing(number: int) -> np.ndarray:
    """Return a drawing as (scenes.HEIGHT, WIDTH, 3) uint8 RGB; where the view whips it is the mean over its exposure."""
    seconds = number * HELD_FRAMES / RATE
    shot = next(one for one in SHOTS if one.start <= seconds < one.end)
    within = seconds - shot.start
    if not any(start <= within < end for start, end in shot.blurred):
        return shot.draw(within).finished()
    exposure = np.linspace(0, 1 / RATE, BLUR_DRAWINGS)
    return np.rint(np.mean([shot.draw(within + later).finished() for later in exposure], axis=0)).astype(np.uint8)
