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
from vidstyle.media.lossless import LOSSLESS_SUFFIX, read_lossless
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.report.page import table, write_page
from vidstyle.report.sheets import Card, clock, embed_jpeg, find_embedded, foldable, pairs, sheet, timeline

FILE_NAME = "report.html"
THUMBNAIL_SHORT_SIDE, THUMBNAIL_QUALITY = 90, 62
CROP_SIZE, CROP_QUALITY = (220, 150), 85
MOST_THUMBNAILS = 2800
"""On the whole page, which so stays below 20 MB: a frame takes about 5 kB."""
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
    """Where pictures of candidates come from: an earlier report, the staging folder of this run, or the target folder."""

    target: Path
    staging: Staging
    earlier: Mapping[str, str] = field(default_factory=dict)

    def thumbnail(self, candidate: Record) -> str:
        """Return the candidate's small picture as HTML, an empty text where it is gone."""
        name = candidate["name"]
        path = self.staging.picture(name)
        if _is_deblurred(candidate) or not path.is_file():
            path = self.target / name
        if name in self.earlier or not path.is_file():
            return self.earlier.get(name, "")
        return embed_jpeg(name, jpeg_of(shrink(_pixels(path), THUMBNAIL_SHORT_SIDE), THUMBNAIL_QUALITY))

    def before_and_after(self, candidate: Record) -> tuple[str, str]:
        """Return the place that deblurring changed most, as it was and as it became."""
        name = candidate["name"]
        keys = (f"{name} before", f"{name} after")
        files = (self.staging.picture(name), self.target / name)
        if keys[0] in self.earlier or not all(path.is_file() for path in files):
            return self.earlier.get(keys[0], ""), self.earlier.get(keys[1], "")
        before, after = (_pixels(path) for path in files)
        region = most_changed(before, after, *CROP_SIZE)
        crops = (jpeg_of(np.ascontiguousarray(picture[region]), CROP_QUALITY) for picture in (before, after))
        first, second = (embed_jpeg(key, crop) for key, crop in zip(keys, crops, strict=True))
        return first, second


def _pixels(path: Path) -> np.ndarray:
    return read_lossless(path) if path.suffix == LOSSLESS_SUFFIX else read_image(path)


def write_report(target: Path, manifest: Manifest, staging: Staging) -> None:
    """Write `report.html` into the target folder, for all sources of the manifest; raises OutputError.

    Pictures of sources that an earlier run read are taken from its report, where that still exists.
    """
    pictures = _Pictures(target, staging, find_embedded(target / FILE_NAME))
    share = max(1, len(manifest.sources))
    sections = {"Overview": _overview(manifest.sources)}
    for source in manifest.sources:
        sections[source["name"]] = _episode(source, pictures, share)
    write_page(target / FILE_NAME, "Training frames", sections)


def _overview(sources: Sequence[Record]) -> str:
    candidates = [candidate for source in sources for candidate in source["candidates"]]
    kept = [candidate for candidate in candidates if candidate["kept"]]
    dropped = Counter(candidate["reason"] for candidate in candidates if not candidate["kept"])
    counts = {
        "episodes": f"{len(sources):,}",
        "frames read": f"{sum(source['frames'] for source in sources):,}",
        "candidates": f"{len(candidates):,}, the clearest frame of each shot in each window of time",
        "kept": f"{len(kept):,}",
        "held drawings fused": f"{sum(candidate.get('copies', 1) > 1 for candidate in kept):,}",
        "deblurred": f"{sum(map(_is_deblurred, kept)):,}",
    }
    reasons = {f"dropped: {name}": f"{dropped[name]:,}, {text}" for name, text in REASONS.items() if dropped[name]}
    others = {f"dropped: {name}": f"{count:,}" for name, count in dropped.items() if name not in REASONS}
    return table(counts | reasons | others)


def _is_deblurred(candidate: Record) -> bool:
    return bool(candidate["kept"] and candidate["deblurred"] != "none")


def _episode(source: Record, pictures: _Pictures, share: int) -> str:
    """Return the section of one source, which may fill one part of `share` of the page."""
    candidates = source["candidates"]
    kept = [candidate for candidate in candidates if candidate["kept"]]
    dropped = {reason: _dropped_for(reason, candidates) for reason in _reasons(candidates)}
    deblurred = [candidate for candidate in kept if _is_deblurred(candidate)]
    most_of_a_reason = min(MOST_OF_A_REASON, max(4, MOST_THUMBNAILS // share // 40))
    most_kept = MOST_THUMBNAILS // share - most_of_a_reason * len(dropped)
    parts = [
        _timeline(kept, dropped, candidates),
        _sheet("Kept", kept, most_kept, pictures, is_open=share == 1),
        _before_and_after(deblurred, max(2, MOST_PAIRS // share), pictures),
        *(_sheet(f"Dropped: {reason}", frames, most_of_a_reason, pictures) for reason, frames in dropped.items()),
    ]
    return "".join(parts)


def _reasons(candidates: Sequence[Record]) -> list[str]:
    found = {candidate["reason"] for candidate in candidates} - {""}
    return [name for name in REASONS if name in found] + sorted(found - set(REASONS))


def _dropped_for(reason: str, candidates: Sequence[Record]) -> list[Record]:
    return [candidate for candidate in candidates if candidate["reason"] == reason]


def _timeline(kept: Sequence[Record], dropped: Mapping[str, Sequence[Record]], candidates: Sequence[Record]) -> str:
    marks = {"kept": kept, **dropped}
    spans = _shot_spans(candidates)
    length = spans[-1][1] if spans else 0.0
    return timeline(length, spans, {name: [frame["seconds"] for frame in frames] for name, frames in marks.items()})


def _shot_spans(candidates: Sequence[Record]) -> list[tuple[float, float]]:
    """Return the begin and end of each shot in seconds: halfway between candidates of different shots."""
    shots = groupby(candidates, lambda candidate: candidate["shot"])
    seconds = [[candidate["seconds"] for candidate in shot] for _, shot in shots]
    inner = [(before[-1] + after[0]) / 2 for before, after in pairwise(seconds)]
    edges = [0.0, *inner, seconds[-1][-1]] if seconds else []
    return list(pairwise(edges))


def _sheet(title: str, frames: Sequence[Record], most: int, pictures: _Pictures, *, is_open: bool = False) -> str:
    shown = _spread(frames, most)
    cards = (Card(pictures.thumbnail(frame), _caption(frame), _hint(frame)) for frame in shown)
    some_of = "" if len(shown) == len(frames) else f", {len(shown):,} of them shown; manifest.json lists all"
    return foldable(f"{title} {len(frames):,}{some_of}", sheet(cards) if frames else "", is_open)


def _before_and_after(frames: Sequence[Record], most: int, pictures: _Pictures) -> str:
    shown = _spread(frames, most)
    cards = []
    for frame in shown:
        before, after = pictures.before_and_after(frame)
        change = f"sharpness {frame['sharpness']:.2f} to {frame['sharpness_written']:.2f}"
        caption = f"{clock(frame['seconds'])} {frame['deblurred']}, {change}"
        cards.append((Card(before, caption, frame["name"]), after))
    title = f"Deblurred {len(frames):,}: before and after, {len(shown):,} shown where they changed most"
    return foldable(title, pairs(cards))


def _spread(frames: Sequence[Record], most: int) -> list[Record]:
    """Return at most `most` of the frames, at least one, evenly spaced."""
    return [frames[index] for index in evenly_spaced(len(frames), max(1, most))]


def _caption(candidate: Record) -> str:
    like = f", like {_name_of_similar(candidate)}" if candidate["reason"] == "near-duplicate" else ""
    return f"{clock(candidate['seconds'])} · {candidate['sharpness']:.2f}{like}"


def _name_of_similar(candidate: Record) -> str:
    """Return which frame a near-duplicate is like: its time where it is of the same source, else its name."""
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
    return ", ".join(filter(None, details))
