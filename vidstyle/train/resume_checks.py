"""What must hold before a run is resumed: no other process trains it, and its settings and images are the same."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vidstyle.errors import SettingsError
from vidstyle.files import as_output_error, claimed, reading_record, write_json
from vidstyle.progress import OnProgress, note
from vidstyle.run_folder import RunFolder
from vidstyle.train.data.cache import join_names
from vidstyle.train.data.dataset import Dataset
from vidstyle.train.settings import EXTENDABLE, TrainSettings

ANEW = "Put back a copy, use another --name, or --restart to begin anew."
"""What to do where a record is damaged without which a run cannot go on."""
_SIDE_NAMES = {"photos": "photos", "paintings": "cartoon frames", "cartoon_frames": "cartoon frames"}

Images = Counter[tuple[str, str]]
"""Images by their name and checksum."""


@contextmanager
def claim_run(folder: RunFolder, restart: bool, on_progress: OnProgress) -> Iterator[None]:
    """Keep other processes from training into the folder, which is made first; a `restart` empties it.

    Raises OutputError.
    """
    busy = f"{folder.path} is being trained by another run. Wait for it, or give another --name."
    with claimed(folder.lock, busy, lambda text: on_progress(note(text))):
        if restart:
            _empty(folder)
        yield


def _empty(folder: RunFolder) -> None:
    """Remove all that an earlier run left but the lock, which this one holds; raises OutputError."""
    with as_output_error(f"into {folder.path}"):
        for path in set(folder.path.iterdir()) - {folder.lock}:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def refuse_other_settings(folder: RunFolder, settings: TrainSettings) -> None:
    """Raise SettingsError when the run in the folder was started with other settings."""
    if not folder.settings.is_file():
        return
    with reading_record(folder.settings, ANEW):
        before = dict(json.loads(folder.settings.read_text(encoding="utf-8")))
    now = settings.record()
    free = {*EXTENDABLE, "restart", "dry_run"} - ({"steps"} if settings.leaves == "pictures" else set())
    # A run of an earlier version has fewer settings; those it lacks count as `auto`.
    changed = [name for name in now if name not in free and _differs(before.get(name, "auto"), now[name])]
    if changed:
        was = ", ".join(f"{name} {before.get(name)!r}" for name in changed)
        raise SettingsError(
            f"{folder.path} was started with {was}. Use that, another --name, or --restart to begin anew."
        )


def _differs(before: Any, now: Any) -> bool:
    """Whether a setting changed: all empty values are alike, and an earlier version's `auto` stands for the method's own."""
    return before != "auto" and (before or None) != (now or None)


def record_images(folder: RunFolder, dataset: Dataset) -> None:
    """Write down which images a run learns from, held-out photos included; raises OutputError."""
    write_json(folder.images, _images_by_side(dataset))


def added_images(folder: RunFolder, settings: TrainSettings, dataset: Dataset) -> list[str]:
    """Return a warning when cartoon frames were added since the run in the folder last went on.

    Raises SettingsError where other images changed: photos would move between those that are held out and those that
    are learnt from, and a style image might be another one.
    """
    before = _recorded_images(folder)
    warnings = []
    for side, now in _images_by_side(dataset).items():
        recorded = Counter(map(tuple, before[side]["images"] if side in before else now["images"]))
        gone, new = recorded - Counter(now["images"]), Counter(now["images"]) - recorded
        if gone or (new and (side == "photos" or settings.has("style_image"))):
            raise SettingsError(
                f"{folder.path} was started on other {_SIDE_NAMES[side]}, from {before[side]['from']}: "
                f"{_describe(gone, new)}. Use those, another --name, or --restart to begin anew."
            )
        if new:
            warnings.append(
                f"Cartoon frames were added since {folder.path} was started: {_names(new)}. It goes on with all of them; "
                "earlier scores were measured with fewer."
            )
    return warnings


def _recorded_images(folder: RunFolder) -> dict[str, Any]:
    """Return what `record_images` wrote, nothing where it did not; raises InputError where that is damaged."""
    if not folder.images.is_file():
        return {}
    with reading_record(folder.images, ANEW):
        sides = dict(json.loads(folder.images.read_text(encoding="utf-8")))
        return {
            side: {"from": str(content["from"]), "images": [(str(name), str(sum_)) for name, sum_ in content["images"]]}
            for side, content in sides.items()
        }


def _images_by_side(dataset: Dataset) -> dict[str, Any]:
    """Return where each side's images lie, with their names and checksums.

    A side is left out where a cache of an earlier version, whose images are gone, has no checksums.
    """
    sides = {"photos": (dataset.photos, dataset.held_out), "paintings": (dataset.paintings,)}
    sides |= {"cartoon_frames": (dataset.cartoon_frames,)} if len(dataset.cartoon_frames) else {}
    return {
        side: {
            "from": caches[0].source,
            "images": sorted(pair for cache in caches for pair in zip(cache.names, cache.checksums, strict=True)),
        }
        for side, caches in sides.items()
        if all(checksum for cache in caches for checksum in cache.checksums)
    }


def _describe(gone: Images, new: Images) -> str:
    """Return which images changed; a new image with the name of one that is gone counts as that one, changed."""
    gone_names = {name for name, _ in gone}
    only_new = Counter({image: count for image, count in new.items() if image[0] not in gone_names})
    parts = [f"gone or changed: {_names(gone)}"] if gone else []
    return "; ".join([*parts, f"new: {_names(only_new)}"] if only_new else parts)


def _names(images: Images) -> str:
    return join_names(sorted(name for name, _ in images.elements()))
