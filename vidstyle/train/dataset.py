"""Where the two sets of images are, and their caches."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from vidstyle.errors import InputError
from vidstyle.media.images import list_images
from vidstyle.progress import OnProgress, Progress
from vidstyle.train.cache import ImageCache, open_cache, reopen_cache
from vidstyle.train.settings import STYLE_IMAGES, TrainSettings
from vidstyle.user_cache import user_cache

_PHOTO_FOLDERS = ("trainA", "train_A")
_PAINTING_FOLDERS = ("trainB", "train_B")
_ADVICE = {
    "photos": "Put photos of the kind you will paint there (a few hundred or more), or give --photos FOLDER",
    "paintings": "Make it with `vidstyle extract EPISODE`, or give --paintings FOLDER",
}


@dataclass(frozen=True)
class Dataset:
    """The photos (domain A) and the cartoon frames (domain B), scaled and cached."""

    photos: ImageCache
    paintings: ImageCache

    @property
    def epoch_images(self) -> int:
        """How many image pairs make an epoch: the size of the larger side."""
        return max(len(self.photos), len(self.paintings))


def open_dataset(folder: Path, settings: TrainSettings, on_progress: OnProgress) -> Dataset:
    """Return the dataset in `folder`, decoding only what is not cached; raises InputError saying what is missing where."""
    photos = _side(folder, settings.photos, _PHOTO_FOLDERS, "photos", settings.load, on_progress)
    if settings.style_image in (None, *STYLE_IMAGES):
        paintings = _side(folder, settings.paintings, _PAINTING_FOLDERS, "paintings", settings.load, on_progress)
    else:
        paintings = _one(folder, Path(settings.style_image), settings.load)
    return Dataset(photos, paintings)


def _one(folder: Path, image: Path, load: int) -> ImageCache:
    """Return the cache of a single painting."""
    cache_folder = _cache_folder(folder, "style", load, image)
    if not image.is_file():
        if cache := reopen_cache(cache_folder):
            return cache
        raise InputError(f"There is no image {image}. Give --style-image a file, central or random.")
    return open_cache([image], load, cache_folder, lambda done, total: None)


def _cache_folder(folder: Path, what: str, load: int, source: Path) -> Path:
    return _cache_root(folder) / f"{what}-{load}-{sha256(str(source).encode()).hexdigest()[:8]}"


def _side(
    folder: Path, given: str, usual: tuple[str, ...], what: str, load: int, on_progress: OnProgress
) -> ImageCache:
    source = (
        Path(given) if given else next((folder / name for name in usual if (folder / name).is_dir()), folder / usual[0])
    )
    cache_folder = _cache_folder(folder, what, load, source)
    if not source.is_dir():
        if cache := reopen_cache(cache_folder):
            return cache
        raise InputError(f"There is no folder {source}. {_ADVICE[what]}.")
    images = list_images(source)
    if not images:
        raise InputError(f"The folder {source} holds no images. {_ADVICE[what]}.")

    def tell(done: int, total: int) -> None:
        on_progress(Progress(f"caching {what}", done, total, "images"))

    return open_cache(images, load, cache_folder, tell)


def _cache_root(folder: Path) -> Path:
    beside = folder / ".cache"
    if os.access(folder, os.W_OK):
        return beside
    return user_cache() / "datasets" / sha256(str(folder.resolve()).encode()).hexdigest()[:16]
