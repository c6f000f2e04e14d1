"""A worker's own folder on its machine, which does not outlive it for long."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from vidstyle.lock import locked

PREFIX = "vidstyle-worker-"


class Scratch:
    """A new folder, gone when it is removed; those of workers that ended without removing theirs go first.

    A worker holds the lock of its folder while it lives.
    """

    def __init__(self) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
            _remove_left(left)
        self._held = ExitStack()
        while not self._made():
            self._held.close()

    def _made(self) -> bool:
        """Make the folder and take its lock; False where another worker took it for one that was left, and removes it."""
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        return self._held.enter_context(locked(self.path / "lock"))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._held.close()


def _remove_left(lock: Path) -> None:
    try:
        with locked(lock) as free:
            if free:
                shutil.rmtree(lock.parent, ignore_errors=True)
    except OSError:
        return
