"""The dataset of a run: its photos and its cartoon frames, found in their folders, scaled and cached.

Some photos are held out to score the style. For each cartoon frame the manifest of `vidstyle extract` says its shot.
"""

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from vidstyle.errors import InputError
from vidstyle.files import reading_record
from vidstyle.media.file_kinds.picture_formats import FolderContent, listed, pictures_of
from vidstyle.progress import OnProgress, Progress
from vidstyle.train.data.cache import ImageCache, join_names, open_cache, reopen_cache
from vidstyle.train.data.counterparts import COUNTERPARTS, open_counterparts
from vidstyle.train.settings import STYLE_IMAGES, TrainSettings
from vidstyle.user_cache import user_cache

_PHOTO_FOLDERS = ("trainA", "train_A")
_PAINTING_FOLDERS = ("trainB", "train_B")
_ADVICE = {
    "photos": "Put photos of the kind you will paint there (a few hundred or more; frames of your own videos will do: "
    "`vidstyle extract VIDEO -o {spelled} --deblur none`), or give --photos FOLDER",
    "paintings": "Make it with `vidstyle extract EPISODE -o {spelled}`, or give --paintings FOLDER",
}
_FEW = 50
"""Number of images below which a style learns little."""
_LARGEST_HOLDOUT, _SMALLEST_HOLDOUT = 50, 4
_HOLDOUT_KEY = 4
"""Keeps this random draw apart from those of sampling.py."""
_NO_IMAGES = ImageCache(np.empty(0, np.uint8), (), (), (), (), ())


@dataclass(frozen=True)
class Dataset:
    """The photos (domain A) and the cartoon frames (domain B), scaled and cached; no step learns from `held_out` photos.

    Where paintings are the counterparts of photos, cartoon frames may be there besides, as `cartoon_frames`.
    """

    photos: ImageCache
    paintings: ImageCache
    held_out: ImageCache
    cartoon_frames: ImageCache = _NO_IMAGES

    @property
    def epoch_images(self) -> int:
        """How many image pairs make an epoch: the size of the larger side."""
        return max(len(self.photos), len(self.paintings))

    @property
    def domain_b(self) -> ImageCache:
        """What a step gets beside photos, and discriminators take for real."""
        return self.cartoon_frames if len(self.cartoon_frames) else self.paintings


def open_dataset(folder: Path, settings: TrainSettings, on_progress: OnProgress) -> Dataset:
    """Return the dataset in `folder`, decoding only what is not cached; raises InputError saying what is missing where."""
    photos = _NO_IMAGES
    if settings.has("photos"):
        folders = [Path(settings.photos)] if settings.photos else [_first_folder(folder, _PHOTO_FOLDERS)]
        photos = _open_side(folder, folders, "photos", settings, on_progress)
    if settings.style_image in (None, *STYLE_IMAGES):
        folders = [Path(path) for path in settings.paintings] or [_first_folder(folder, _PAINTING_FOLDERS)]
        paintings = _open_side(folder, folders, "paintings", settings, on_progress)
    else:
        paintings = _open_style_image(folder, Path(settings.style_image), settings.load)
    cartoon_frames = _NO_IMAGES
    if settings.counterparts == "paintings":
        photos = _with_paintings(photos, paintings)
    if settings.cartoon_frames:
        folders = [Path(path) for path in settings.cartoon_frames]
        cartoon_frames = _open_side(folder, folders, "paintings", settings, on_progress)
    held_out = _draw_held_out(len(photos), settings.holdout or 0.0, settings.seed)
    learnt_from = sorted(set(range(len(photos))) - set(held_out))
    return Dataset(photos.part(learnt_from), paintings, photos.part(held_out), cartoon_frames)


def _with_paintings(photos: ImageCache, paintings: ImageCache) -> ImageCache:
    """Return the photos, each with the painting of its name beside it; raises InputError where one of a pair is missing."""
    if (photos.names, photos.shapes) == (paintings.names, paintings.shapes):
        return replace(photos, counterpart_pixels=paintings.pixels)
    odd = {*zip(photos.names, photos.shapes, strict=True)} ^ {*zip(paintings.names, paintings.shapes, strict=True)}
    raise InputError(
        f"The photos in {photos.source} and the paintings in {paintings.source} are no pairs: there is no second of the same "
        f"name and shape for {join_names(sorted({name for name, _ in odd}))}. Add it, or remove the first."
    )


def dataset_warnings(dataset: Dataset, settings: TrainSettings) -> list[str]:
    """Return what the user should know of the images before training on them, a sentence each."""
    warnings = [*dataset.photos.warnings, *dataset.paintings.warnings, *dataset.cartoon_frames.warnings]
    if len(dataset.photos) < _FEW and settings.has("photos"):
        warnings.append(
            f"There are only {len(dataset.photos)} photos to learn from; a few hundred give a better style."
        )
    if len(dataset.domain_b) < _FEW and settings.has("augment") and "augment" not in settings.idle:
        warnings.append(
            f"There are only {len(dataset.domain_b)} cartoon frames, which a discriminator soon knows by heart: "
            "extract more, or train with --augment colour,translation,cutout."
        )
    if settings.balance_shots and not any(dataset.paintings.shots):
        warnings.append("No manifest of extract says which shots the cartoon frames are from: each counts as its own.")
    return warnings


def _first_folder(folder: Path, names: tuple[str, ...]) -> Path:
    """Return the first of some folders in `folder` that exists, or where the first should be."""
    return next((folder / name for name in names if (folder / name).is_dir()), folder / names[0])


def _open_side(
    folder: Path, sources: list[Path], side: str, settings: TrainSettings, on_progress: OnProgress
) -> ImageCache:
    """Return the cache of the images in `sources`, which are the `photos` or the `paintings` of the dataset.

    It has counterparts where the method learns from them.
    """
    cache_folder = _cache_folder(folder, side, settings.load, sources)
    cache = _open_images(cache_folder, sources, side, settings.load, on_progress)
    if settings.counterparts != "drawn":
        return cache
    counterpart = COUNTERPARTS[side]

    def on_count(done: int, total: int) -> None:
        on_progress(Progress(counterpart.work, done, total, "images"))

    return open_counterparts(cache, cache_folder, counterpart, on_count)


def _open_images(cache_folder: Path, sources: list[Path], side: str, load: int, on_progress: OnProgress) -> ImageCache:
    """Return the cache of the images in `sources`, or what an earlier run cached of them where they are gone."""
    if missing := [source for source in sources if not source.is_dir()]:
        if cache := reopen_cache(cache_folder):
            gone = f"There is no folder {missing[0]} any more: the {len(cache)} {side} that an earlier run cached are used."
            return _with_source(cache, sources, gone)
        raise InputError(
            f"There is no folder {missing[0]}. {_ADVICE[side].format(spelled=shlex.quote(str(missing[0])))}."
        )
    contents = [_images_in(source, side) for source in sources]
    images = [image for content in contents for image in content.files]
    passed_over = [text for content in contents for text in content.warnings]

    def on_count(done: int, total: int) -> None:
        on_progress(Progress(f"caching {side}", done, total, "images"))

    shots = _shots_of(images) if side == "paintings" else {}
    return _with_source(open_cache(images, load, cache_folder, on_count, shots), sources, *passed_over)


def _open_style_image(folder: Path, image: Path, load: int) -> ImageCache:
    """Return the cache of the one painting that a single-image method learns from."""
    cache_folder = _cache_folder(folder, "style", load, [image])
    if not image.is_file():
        if cache := reopen_cache(cache_folder):
            gone = f"There is no image {image} any more: what an earlier run cached is used."
            return _with_source(cache, [image], gone)
        raise InputError(f"There is no image {image}. Give --style-image a file, central or random.")
    return _with_source(open_cache([image], load, cache_folder, lambda done, total: None), [image])


def _with_source(cache: ImageCache, sources: Sequence[Path], *warnings: str) -> ImageCache:
    return replace(cache, source=", ".join(map(str, sources)), warnings=(*warnings, *cache.warnings))


def _images_in(folder: Path, side: str) -> FolderContent:
    """Return the images of a folder; raises InputError where there are none, saying where some are."""
    content = pictures_of(folder)
    if content.files:
        return content
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith(".") and (found := len(pictures_of(path).files)):
            raise InputError(
                f"The folder {folder} itself holds no images, but its folder {path.name} holds {found}. "
                f"Give --{side} {path}, or move them up."
            )
    holds = f" It holds {listed(content.passed_over)}." if content.passed_over else ""
    raise InputError(
        f"The folder {folder} holds no images. {_ADVICE[side].format(spelled=shlex.quote(str(folder)))}.{holds}"
    )


def _draw_held_out(photos: int, share: float, seed: int) -> list[int]:
    """Return the numbers of the photos that are held out; none where they would be too few to score a style on."""
    size = min(_LARGEST_HOLDOUT, int(share * photos))
    if size < _SMALLEST_HOLDOUT:
        return []
    return sorted(np.random.default_rng((seed, _HOLDOUT_KEY)).permutation(photos)[:size].tolist())


def _cache_folder(folder: Path, side: str, load: int, sources: Sequence[Path]) -> Path:
    """Return where the cache of some sources lies, by their paths: it serves when the images themselves are gone."""
    paths = "\n".join(map(str, sources))
    return _cache_root(folder) / f"{side}-{load}-{_digest(paths, 8)}"


def _cache_root(folder: Path) -> Path:
    beside = folder / ".cache"
    if os.access(beside if beside.is_dir() else folder, os.W_OK | os.X_OK):
        return beside
    return user_cache() / "datasets" / _digest(str(folder.resolve()), 16)


def _digest(text: str, length: int) -> str:
    """Return the beginning of a text's SHA-256; the names of cache folders on disk are made so."""
    return sha256(os.fsencode(text)).hexdigest()[:length]


def _shots_of(images: Sequence[Path]) -> dict[Path, str]:
    """Return the shot of each image whose folder has a manifest that lists it; raises InputError when one is broken."""
    shots = {folder: _read_shots(folder / "manifest.json") for folder in {image.parent for image in images}}
    found = {image: shots[image.parent].get(image.name) for image in images}
    return {image: f"{image.parent}/{shot}" for image, shot in found.items() if shot is not None}


def _read_shots(manifest: Path) -> dict[str, str]:
    """Return the shots by the names of frames, none where there is no manifest."""
    if not manifest.is_file():
        return {}
    with reading_record(manifest, "Remove it, or give another folder.", "is not a manifest of extract"):
        sources = json.loads(manifest.read_text(encoding="utf-8"))["sources"]
        return {
            frame["name"]: f"{source['name']}/{frame['shot']}" for source in sources for frame in source["candidates"]
        }
