"""Which images a run learns from, kept beside its settings, so that other ones are noticed when it is taken up."""

import json
from collections import Counter
from typing import Any

from vidstyle.atomic import write_json
from vidstyle.errors import SettingsError
from vidstyle.run_folder import RunFolder
from vidstyle.train.dataset import Dataset
from vidstyle.train.scaling import listed
from vidstyle.train.settings import TrainSettings

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
