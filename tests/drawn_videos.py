"""Videos drawn from a seed: shots joined by cuts, dissolves and fades, so that the begin of each shot is known."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from tests.drawings import drawing, mixed

SIZE = (160, 90)
Shot = list[np.ndarray]


@dataclass
class DrawnVideo:
    """Frames, and for each shot but the first the range of frames, both ends included, in which it may be said to begin."""

    frames: Shot = field(default_factory=list)
    begins: list[tuple[int, int]] = field(default_factory=list)


def held(seed: int, frames: int, on: int = 2) -> Shot:
    """A figure that walks, each drawing held for `on` frames."""
    return [drawing(seed, SIZE, shift=index // on * 3) for index in range(frames)]


def posed(seed: int, frames: int, on: int = 12) -> Shot:
    """A figure that jumps from pose to pose before a ground that stands still."""
    return [drawing(seed, SIZE, shift=index // on * 25 % 90) for index in range(frames)]


def panned(seed: int, frames: int, step: int) -> Shot:
    """A camera that passes over a wide ground, `step` pixels a frame."""
    width = SIZE[0] + frames * step
    wide = np.concatenate([drawing(seed * 100 + part, SIZE) for part in range(-(-width // SIZE[0]))], axis=1)
    return [np.ascontiguousarray(wide[:, index * step : index * step + SIZE[0]]) for index in range(frames)]


def whipped(seed: int, frames: int) -> Shot:
    """A camera that stands, is torn aside for a third of the time, and stands again."""
    pan = panned(seed, frames // 3, 12)
    return [pan[0]] * (frames // 3) + pan + [pan[-1]] * (frames - 2 * (frames // 3))


def zoomed(seed: int, frames: int) -> Shot:
    """A camera that goes closer."""
    picture = drawing(seed, (SIZE[0] * 2, SIZE[1] * 2))
    shot = []
    for index in range(frames):
        share = 1 - 0.5 * index / frames
        width, height = round(SIZE[0] * 2 * share), round(SIZE[1] * 2 * share)
        shot.append(cv2.resize(picture[:height, :width], SIZE, interpolation=cv2.INTER_AREA))
    return shot


def flashed(seed: int, frames: int, length: int = 2, decay: bool = False) -> Shot:
    """Lightning in the middle of a shot; where it `decay`s the picture comes back bit by bit."""
    shot = held(seed, frames)
    for index in range(length):
        share = 1 - index / length if decay else 1.0
        at = frames // 2 + index
        shot[at] = mixed(shot[at], np.full_like(shot[at], 255), share)
    return shot


SHOTS: dict[str, Callable[[int, int], Shot]] = {
    "held": held,
    "on threes": lambda seed, frames: held(seed, frames, 3),
    "on fours": lambda seed, frames: held(seed, frames, 4),
    "posed": posed,
    "slow pan": lambda seed, frames: panned(seed, frames, 2),
    "fast pan": lambda seed, frames: panned(seed, frames, 9),
    "whip pan": whipped,
    "zoom": zoomed,
    "flash": flashed,
    "lightning": lambda seed, frames: flashed(seed, frames, 6, decay=True),
    "dark": lambda seed, frames: [picture // 4 for picture in held(seed, frames)],
}


def cut(video: DrawnVideo, shot: Shot) -> None:
    """Begin the shot at once."""
    video.begins.append((len(video.frames), len(video.frames)))
    video.frames += shot


def dissolve(video: DrawnVideo, shot: Shot, length: int) -> None:
    """Let the last pictures of the video become the first of the shot."""
    begun = len(video.frames) - length
    for index in range(length):
        video.frames[begun + index] = mixed(video.frames[begun + index], shot[index], (index + 1) / (length + 1))
    video.begins.append((begun, begun + length))
    video.frames += shot[length:]


def fade(video: DrawnVideo, shot: Shot, length: int, tone: int, held_frames: int) -> None:
    """Let the video go to a tone, stay there and come back with the shot."""
    begun = len(video.frames) - length
    flat = np.full_like(shot[0], tone)
    for index in range(length):
        video.frames[begun + index] = mixed(video.frames[begun + index], flat, (index + 1) / length)
    video.frames += [flat] * held_frames
    video.begins.append((begun, len(video.frames) + length))
    video.frames += [mixed(flat, picture, (index + 1) / length) for index, picture in enumerate(shot[:length])] + shot[
        length:
    ]


def through_flash(video: DrawnVideo, shot: Shot) -> None:
    """Hide the cut in a flash."""
    video.begins.append((len(video.frames), len(video.frames) + 2))
    video.frames += [np.full_like(shot[0], 255)] * 2 + shot


TRANSITIONS: dict[str, Callable[[DrawnVideo, Shot], None]] = {
    "cut": cut,
    "dissolve of 8": lambda video, shot: dissolve(video, shot, 8),
    "dissolve of 16": lambda video, shot: dissolve(video, shot, 16),
    "dissolve of 36": lambda video, shot: dissolve(video, shot, 36),
    "fade through black": lambda video, shot: fade(video, shot, 12, 0, 6),
    "slow fade through black": lambda video, shot: fade(video, shot, 30, 4, 24),
    "fade through white": lambda video, shot: fade(video, shot, 16, 255, 0),
    "flash cut": through_flash,
}


def drawn_video(shots: list[Shot], transitions: list[str]) -> DrawnVideo:
    """Return the shots joined by named transitions, with the grain of film."""
    video = DrawnVideo(list(shots[0]))
    for shot, name in zip(shots[1:], transitions, strict=True):
        TRANSITIONS[name](video, shot)
    draw = np.random.default_rng(0)
    grain = [draw.normal(0, 3, video.frames[0].shape[:2])[..., None] for _ in range(5)]
    video.frames = [np.clip(frame + grain[at % 5], 0, 255).astype(np.uint8) for at, frame in enumerate(video.frames)]
    return video
