"""What a run refuses to resume: another process at work, other images, other settings."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from vidstyle.errors import OutputError, SettingsError
from vidstyle.files import locked, write_json
from vidstyle.progress import OnProgress, note
from vidstyle.run_folder import RunFolder
from vidstyle.train.data.cache import listed
from vidstyle.train.data.dataset import Dataset
from vidstyle.train.settings import EXTENDABLE, TrainSettings


@contextmanager
def claimed(folder: RunFolder, restart: bool, on_progress: OnProgress) -> Iterator[None]:
    """Let no other process train into the folder, which is made, and emptied for a `restart`; raises OutputError."""
    with ExitStack() as held:
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            free = held.enter_context(locked(folder.lock, lambda text: on_progress(note(text))))
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
    before, now = json.loads(folder.settings.read_text(encoding="utf-8")), settings.record()
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


_WORDS = {"photos": "photos", "paintings": "cartoon frames"}


def record_images(folder: RunFolder, dataset: Dataset) -> None:
    """Write down what a run learns from, held-out photos included; raises OutputError."""
    write_json(folder.images, _stated(dataset))


def _stated(dataset: Dataset) -> dict[str, Any]:
    """Return where each side's images lie, with their names and checksums.

    A side is left out where a cache of an earlier version, whose images are gone, has no checksums.
    """
    sides = {"photos": (dataset.photos, dataset.held_out), "paintings": (dataset.paintings,)}
    return {
        side: {
            "from": caches[0].source,
            "images": sorted(pair for one in caches for pair in zip(one.names, one.checksums, strict=True)),
        }
        for side, caches in sides.items()
        if all(checksum for one in caches for checksum in one.checksums)
    }


def added_images(folder: RunFolder, settings: TrainSettings, dataset: Dataset) -> list[str]:
    """Return what is to be said of cartoon frames that came since the run in the folder was last taken up.

    Raises SettingsError where other images changed: photos would move between those that are held out and those that
    are learnt from, and a single frame might be another one.
    """
    before = json.loads(folder.images.read_text(encoding="utf-8")) if folder.images.is_file() else {}
    said = []
    for side, now in _stated(dataset).items():
        known = Counter(map(tuple, before[side]["images"] if side in before else now["images"]))
        gone, new = known - Counter(now["images"]), Counter(now["images"]) - known
        if gone or (new and (side == "photos" or settings.has("style_image"))):
            raise SettingsError(
                f"{folder.path} was started on other {_WORDS[side]}, from {before[side]['from']}: {_change(gone, new)}. "
                "Use those, another --name, or --restart to begin anew."
            )
        if new:
            said.append(
                f"Cartoon frames were added since {folder.path} was started: {_names(new)}. It goes on with all of them; "
                "scores of before rest on fewer."
            )
    return said


def _change(gone: Counter[tuple[str, str]], new: Counter[tuple[str, str]]) -> str:
    names = {name for name, _ in gone}
    parts = {"gone or changed": gone, "new": Counter({image: new[image] for image in new if image[0] not in names})}
    return "; ".join(f"{word}: {_names(images)}" for word, images in parts.items() if images)


def _names(images: Counter[tuple[str, str]]) -> str:
    return listed(sorted(name for name, _ in images.elements()))
