"""Frames that show what the one before them shows: held drawings, freeze frames, frames doubled by pulldown."""

import numpy as np

BEFORE = -1
"""Stands for the frame that was shown last."""


class Repeats:
    """Finds repeated frames in a stream of batches; `count` of them since it last began anew."""

    def __init__(self) -> None:
        self.count = 0
        self._latest: np.ndarray | None = None

    def split(self, frames: np.ndarray, *, anew: bool) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the frames of (n, height, width, 3) that differ from the one before, and which of these each shows.

        Two frames are the same when every pixel is. With `anew` the first is not compared with earlier batches.
        """
        if anew:
            self._latest, self.count = None, 0
        fresh: list[int] = []
        shown = []
        for number, frame in enumerate(frames):
            if self._latest is None or not np.array_equal(frame, self._latest):
                fresh.append(number)
            self._latest = frame
            shown.append(len(fresh) - 1)
        self.count += len(frames) - len(fresh)
        return frames if len(fresh) == len(frames) else frames[fresh], tuple(shown)
