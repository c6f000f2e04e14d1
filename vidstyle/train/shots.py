"""Which shot of an episode each cartoon frame is from, as the manifest that `vidstyle extract` left beside them says."""

import json
from collections.abc import Sequence
from pathlib import Path

from vidstyle.errors import InputError


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
