"""Which shot of an episode each cartoon frame is from, as the manifest that `vidstyle extract` left beside them says."""

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from vidstyle.errors import InputError
from vidstyle.media.images import list_images
from vidstyle.progress import OnProgress, Progress
from vidstyle.train.data.cache import ImageCache, open_cache, reopen_cache
from vidstyle.train.settings import STYLE_IMAGES, TrainSettings
from vidstyle.user_cache import user_cache


def shots_of(images: Sequence[Path]) -> dict[Path, str]:
    """Return the shot of each image whose folder has a manifest that knows it; raises InputError when one is broken."""
    known = {folder: _read(folder / "manifest.json") for folder in {image.parent for image in images}}
    found = {image: known[image.parent].get(image.name) for image in images}
    return {image: f"{image.parent}/{shot}" for image, shot in found.items() if shot is not None}


def _read(manifest: Path) -> dict[str, str]:
    """Return the shots by the names of frames, none where there is no manifest."""
    if not manifest.is_file():
        return {}
    try:
        sources = json.loads(manifest.read_text(encoding="utf-8"))["sources"]
        return {each["name"]: f"{one['name']}/{each['shot']}" for one in sources for each in one["candidates"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{manifest} is not a manifest of extract. Remove it, or give another folder.") from error


_PHOTO_FOLDERS = ("trainA", "train_A")
_PAINTING_FOLDERS = ("trainB", "train_B")
_ADVICE = {
    "photos": "Put photos of the kind you will paint there (a few hundred or more; frames of your own videos will do: "
    "`vidstyle extract VIDEO -o {spelled} --deblur none`), or give --photos FOLDER",
    "paintings": "Make it with `vidstyle extract EPISODE -o {spelled}`, or give --paintings FOLDER",
}
_OTHER_SUFFIXES = (".heic", ".heif", ".avif", ".gif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw")
"""Images that are seldom readable, but are named to the user and not passed over."""
_FEW = 50
_LARGEST_HOLDOUT, _SMALLEST_HOLDOUT = 50, 4
_HOLDOUT_KEY = 4
"""Keeps this draw apart from those of `draws`."""


_NONE = ImageCache(np.empty(0, np.uint8), (), (), (), (), ())


@dataclass(frozen=True)
class Dataset:
    """The photos (domain A) and the cartoon frames (domain B), scaled and cached; `held_out` are photos not to learn from."""

    photos: ImageCache
    paintings: ImageCache
    held_out: ImageCache

    @property
    def epoch_images(self) -> int:
        """How many image pairs make an epoch: the size of the larger side."""
        return max(len(self.photos), len(self.paintings))


def open_dataset(folder: Path, settings: TrainSettings, on_progress: OnProgress) -> Dataset:
    """Return the dataset in `folder`, decoding only what is not cached; raises InputError saying what is missing where."""
    photos = _NONE
    if settings.has("photos"):
        given = [Path(settings.photos)] if settings.photos else []
        photos = _side(folder, given or [_usual(folder, _PHOTO_FOLDERS)], "photos", settings.load, on_progress)
    if settings.style_image in (None, *STYLE_IMAGES):
        given = [Path(one) for one in settings.paintings]
        paintings = _side(folder, given or [_usual(folder, _PAINTING_FOLDERS)], "paintings", settings.load, on_progress)
    else:
        paintings = _one(folder, Path(settings.style_image), settings.load)
    held_out = _held_out(len(photos), settings.holdout or 0.0, settings.seed)
    kept = sorted(set(range(len(photos))) - set(held_out))
    return Dataset(photos.part(kept), paintings, photos.part(held_out))


def _held_out(photos: int, part: float, seed: int) -> list[int]:
    size = min(_LARGEST_HOLDOUT, int(part * photos))
    if size < _SMALLEST_HOLDOUT:
        return []
    return sorted(np.random.default_rng((seed, _HOLDOUT_KEY)).permutation(photos)[:size].tolist())


def doubts(dataset: Dataset, settings: TrainSettings) -> list[str]:
    """Return what the user should know of the images before training on them, a line each."""
    found = [*dataset.photos.faults, *dataset.paintings.faults]
    if len(dataset.photos) < _FEW and settings.has("photos"):
        found.append(f"There are only {len(dataset.photos)} photos to learn from; a few hundred give a better style.")
    if len(dataset.paintings) < _FEW and settings.has("augment"):
        found.append(
            f"There are only {len(dataset.paintings)} cartoon frames, which a discriminator soon knows by heart: "
            "extract more, or train with --augment colour,translation,cutout."
        )
    if settings.balance_shots and not any(dataset.paintings.shots):
        found.append("No manifest of extract says which shots the cartoon frames are from: each counts as its own.")
    return found


def _one(folder: Path, image: Path, load: int) -> ImageCache:
    """Return the cache of a single painting."""
    cache_folder = _cache_folder(folder, "style", load, [image])
    if not image.is_file():
        if cache := reopen_cache(cache_folder):
            return _known(cache, [image], f"There is no image {image} any more: what an earlier run cached is used.")
        raise InputError(f"There is no image {image}. Give --style-image a file, central or random.")
    return _known(open_cache([image], load, cache_folder, lambda done, total: None), [image])


def _known(cache: ImageCache, sources: Sequence[Path], *faults: str) -> ImageCache:
    return replace(cache, source=", ".join(map(str, sources)), faults=(*faults, *cache.faults))


def _cache_folder(folder: Path, what: str, load: int, sources: Sequence[Path]) -> Path:
    joined = "\n".join(map(str, sources))
    return _cache_root(folder) / f"{what}-{load}-{sha256(os.fsencode(joined)).hexdigest()[:8]}"


def _usual(folder: Path, names: tuple[str, ...]) -> Path:
    return next((folder / name for name in names if (folder / name).is_dir()), folder / names[0])


def _side(folder: Path, sources: list[Path], what: str, load: int, on_progress: OnProgress) -> ImageCache:
    cache_folder = _cache_folder(folder, what, load, sources)
    if missing := [source for source in sources if not source.is_dir()]:
        if cache := reopen_cache(cache_folder):
            gone = f"There is no folder {missing[0]} any more: the {len(cache)} {what} that an earlier run cached are used."
            return _known(cache, sources, gone)
        raise InputError(
            f"There is no folder {missing[0]}. {_ADVICE[what].format(spelled=shlex.quote(str(missing[0])))}."
        )
    images = [image for source in sources for image in _images_in(source, what)]

    def tell(done: int, total: int) -> None:
        on_progress(Progress(f"caching {what}", done, total, "images"))

    shots = shots_of(images) if what == "paintings" else {}
    return _known(open_cache(images, load, cache_folder, tell, shots), sources)


def _images_in(folder: Path, what: str) -> list[Path]:
    others = [one for one in folder.iterdir() if one.suffix.lower() in _OTHER_SUFFIXES and not one.name.startswith(".")]
    if images := [*list_images(folder), *sorted(others)]:
        return images
    raise InputError(f"The folder {folder} holds no images. {_ADVICE[what].format(spelled=shlex.quote(str(folder)))}.")


def _cache_root(folder: Path) -> Path:
    beside = folder / ".cache"
    if os.access(beside if beside.is_dir() else folder, os.W_OK | os.X_OK):
        return beside
    return user_cache() / "datasets" / sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
