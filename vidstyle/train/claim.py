"""A run folder in the hands of one process, which goes on with what it was started with."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from vidstyle.errors import OutputError, SettingsError
from vidstyle.lock import locked
from vidstyle.run_folder import RunFolder
from vidstyle.train.settings import EXTENDABLE, TrainSettings


@contextmanager
def claimed(folder: RunFolder, restart: bool) -> Iterator[None]:
    """Let no other process train into the folder, which is made, and emptied for a `restart`; raises OutputError."""
    with ExitStack() as held:
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            free = held.enter_context(locked(folder.lock))
            if free and restart:
                _empty(folder)
        except OSError as error:
            raise OutputError(
                f"Cannot write into {folder.path}: {error.strerror}. Check the path, rights and free space."
            ) from error
        if not free:
            raise OutputError(f"{folder.path} is being trained by another run. Wait for it, or give another --name.")
        yield


def _empty(folder: RunFolder) -> None:
    """Remove all that an earlier run left but the lock, which this one holds."""
    for path in set(folder.path.iterdir()) - {folder.lock}:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def refuse_other_settings(folder: RunFolder, settings: TrainSettings) -> None:
    """Raise SettingsError where the run that stands in the folder was started with other settings."""
    if not folder.settings.is_file():
        return
    before, now = json.loads(folder.settings.read_text()), settings.record()
    free = {*EXTENDABLE, "restart", "dry_run"} - ({"steps"} if settings.leaves == "pictures" else set())
    # A run of an earlier version has fewer settings, and `auto` where the method decided.
    if changed := [
        name
        for name in now
        if name not in free and (before.get(name, "auto") or None) not in (now[name] or None, "auto")
    ]:
        was = ", ".join(f"{name} {before.get(name)!r}" for name in changed)
        raise SettingsError(
            f"{folder.path} was started with {was}. Use that, another --name, or --restart to begin anew."
        )
