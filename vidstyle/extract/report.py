"""The page in the target folder that shows what was kept, what was dropped and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.analysis.damage import most_changed
from vidstyle.analysis.scale import shrink
from vidstyle.extract.manifest import Manifest
from vidstyle.extract.staging import Staging
from vidstyle.media.images import jpeg_of, read_image
from vidstyle.media.lossless import SUFFIX, read_lossless
from vidstyle.report.page import table, write_page
from vidstyle.report.sheets import Card, clock, embed_jpeg, find_embedded, foldable, pairs, sheet, timeline

FILE_NAME = "report.html"
THUMBNAIL_SHORT_SIDE, THUMBNAIL_QUALITY = 90, 62
CROP_SIZE, CROP_QUALITY = (220, 150), 85
MOST_THUMBNAILS = 2800
"""On the whole page, so that it stays below 20 MB: a frame takes about 5 kB."""
MOST_PAIRS = 100
MOST_OF_A_REASON = 24

REASONS = {
    "black": "nothing but black",
    "white": "nothing but white",
    "flat": "nothing but one tone",
    "blended": "a fade or a cross-fade between two pictures",
    "lettering": "a title or credits",
    "faint": "less clear than is usual in its shot, and too like a frame that is kept",
    "soft": "softer than --min-sharpness",
    "near-duplicate": "more like a frame that is kept than --max-similarity",
    "beyond count": "less useful than the --count frames that are kept",
}
Record = Mapping[str, Any]


@dataclass
class _Pictures:
    """Where pictures of candidates come from: an earlier report, what this run has put aside, or the target folder."""

    target: Path
    staging: Staging
    earlier: Mapping[str, str] = field(default_factory=dict)

    def thumbnail(self, candidate: Record) -> str:
        """Return the candidate's small picture as HTML, nothing where it is not at hand any more."""
        name = candidate["name"]
        here = self.staging.picture(name)
        if _is_deblurred(candidate) or not here.is_file():
            here = self.target / name
        if name in self.earlier or not here.is_file():
            return self.earlier.get(name, "")
        return embed_jpeg(name, jpeg_of(shrink(_pixels(here), THUMBNAIL_SHORT_SIDE), THUMBNAIL_QUALITY))

    def before_and_after(self, candidate: Record) -> tuple[str, str]:
        """Return the place that deblurring changed most, as it was and as it became."""
        name = candidate["name"]
        keys = (f"{name} before", f"{name} after")
        files = (self.staging.picture(name), self.target / name)
        if keys[0] in self.earlier or not all(one.is_file() for one in files):
            return self.earlier.get(keys[0], ""), self.earlier.get(keys[1], "")
        before, after = (_pixels(one) for one in files)
        place = most_changed(before, after, *CROP_SIZE)
        crops = (jpeg_of(np.ascontiguousarray(one[place]), CROP_QUALITY) for one in (before, after))
        first, second = (embed_jpeg(key, crop) for key, crop in zip(keys, crops, strict=True))
        return first, second


def _pixels(path: Path) -> np.ndarray:
    return read_lossless(path) if path.suffix == SUFFIX else read_image(path)


def write_report(target: Path, manifest: Manifest, staging: Staging) -> None:
    """Write `report.html` into the target folder, for all sources of the manifest; raises OutputError.

    Pictures of sources that were read by an earlier run are taken from its report, where it is still there.
    """
    pictures = _Pictures(target, staging, find_embedded(target / FILE_NAME))
    share = max(1, len(manifest.sources))
    sections = {"Overview": _overview(manifest.sources)}
    for source in manifest.sources:
        sections[source["name"]] = _episode(source, pictures, share)
    write_page(target / FILE_NAME, "Training frames", sections)


def _overview(sources: Sequence[Record]) -> str:
    candidates = [one for source in sources for one in source["candidates"]]
    dropped = Counter(one["reason"] for one in candidates if not one["kept"])
    counts = {
        "episodes": f"{len(sources):,}",
        "frames read": f"{sum(source['frames'] for source in sources):,}",
        "candidates": f"{len(candidates):,}, the clearest frame of each shot in each window of time",
        "kept": f"{sum(one['kept'] for one in candidates):,}",
        "held drawings fused": f"{sum(one['kept'] and one.get('copies', 1) > 1 for one in candidates):,}",
        "deblurred": f"{sum(_is_deblurred(one) for one in candidates):,}",
    }
    reasons = {f"dropped: {name}": f"{dropped[name]:,}, {text}" for name, text in REASONS.items() if dropped[name]}
    others = {f"dropped: {name}": f"{count:,}" for name, count in dropped.items() if name not in REASONS}
    return table(counts | reasons | others)


def _is_deblurred(candidate: Record) -> bool:
    return bool(candidate["kept"] and candidate["deblurred"] != "none")


def _episode(source: Record, pictures: _Pictures, share: int) -> str:
    """Return the section of one source, which may fill one part of `share` of the page."""
    found = source["candidates"]
    kept = [one for one in found if one["kept"]]
    by_reason = {reason: [one for one in found if one["reason"] == reason] for reason in _reasons(found)}
    each_reason = min(MOST_OF_A_REASON, max(4, MOST_THUMBNAILS // share // 40))
    alone = share == 1
    parts = [
        _timeline(kept, by_reason, found),
        _sheet("Kept", kept, MOST_THUMBNAILS // share - each_reason * len(by_reason), pictures, alone),
        _deblurred([one for one in kept if _is_deblurred(one)], max(2, MOST_PAIRS // share), pictures),
        *(_sheet(f"Dropped: {reason}", some, each_reason, pictures) for reason, some in by_reason.items()),
    ]
    return "".join(parts)


def _reasons(candidates: Sequence[Record]) -> list[str]:
    there = {one["reason"] for one in candidates} - {""}
    return [name for name in REASONS if name in there] + sorted(there - set(REASONS))


def _timeline(kept: Sequence[Record], by_reason: Mapping[str, Sequence[Record]], found: Sequence[Record]) -> str:
    marks = {"kept": kept, **by_reason}
    spans = _spans(found)
    length = spans[-1][1] if spans else 0.0
    return timeline(length, spans, {name: [one["seconds"] for one in some] for name, some in marks.items()})


def _spans(candidates: Sequence[Record]) -> list[tuple[float, float]]:
    """Return where shots begin and end, as far as their candidates tell: halfway between two of different shots."""
    seconds = [[one["seconds"] for one in shot] for _, shot in groupby(candidates, lambda one: one["shot"])]
    inner = [(before[-1] + after[0]) / 2 for before, after in pairwise(seconds)]
    edges = [0.0, *inner, seconds[-1][-1]] if seconds else []
    return list(pairwise(edges))


def _sheet(title: str, some: Sequence[Record], most: int, pictures: _Pictures, is_open: bool = False) -> str:
    shown = _spread(some, most)
    cards = (Card(pictures.thumbnail(one), _caption(one), _hint(one)) for one in shown)
    some_of = "" if len(shown) == len(some) else f", {len(shown):,} of them shown; manifest.json lists all"
    return foldable(f"{title} {len(some):,}{some_of}", sheet(cards) if some else "", is_open)


def _deblurred(some: Sequence[Record], most: int, pictures: _Pictures) -> str:
    shown = _spread(some, most)
    cards = []
    for one in shown:
        before, after = pictures.before_and_after(one)
        change = f"sharpness {one['sharpness']:.2f} to {one['sharpness_written']:.2f}"
        cards.append((Card(before, f"{clock(one['seconds'])} {one['deblurred']}, {change}", one["name"]), after))
    title = f"Deblurred {len(some):,}: before and after, {len(shown):,} shown where they changed most"
    return foldable(title, pairs(cards))


def _spread(some: Sequence[Record], most: int) -> list[Record]:
    """Return at most so many, evenly spread."""
    places = np.linspace(0, len(some) - 1, min(len(some), max(1, most)))
    return [some[place] for place in places.round().astype(int).tolist()]


def _caption(candidate: Record) -> str:
    like = f", like {_short(candidate)}" if candidate["reason"] == "near-duplicate" else ""
    return f"{clock(candidate['seconds'])} · {candidate['sharpness']:.2f}{like}"


def _short(candidate: Record) -> str:
    """Return which picture a near-duplicate is like: its time where it is of the same source, else its name."""
    name, (source, *_) = candidate["similar_to"], candidate["name"].rsplit("_", 2)
    parts = name.rsplit("_", 2)
    if parts[0] != source or len(parts) < 3:
        return str(name)
    digits = parts[1]
    return clock(int(digits[:-7]) * 3600 + int(digits[-7:-5]) * 60 + int(digits[-5:]) / 1000)


def _hint(candidate: Record) -> str:
    copies = candidate.get("copies", 1)
    details = [
        candidate["name"],
        f"shot {candidate['shot']}",
        f"sharpness {candidate['sharpness']:.2f}",
        f"likeness to the nearest {candidate['similarity']:.2f}" if candidate["similarity"] else "",
        f"{copies} copies fused" if copies > 1 else "",
    ]
    return ", ".join(one for one in details if one)
