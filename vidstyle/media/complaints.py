"""What the ffmpeg program complains about while it converts tracks: whose complaint it is, and which text is not UTF-8."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from av.codec import Codec, codecs_available
from av.codec.codec import UnknownCodecError

from vidstyle.media.tracks import COPY, Track

SOURCE = 1
"""The number of the source among the inputs of the command; the painted video is 0."""
STREAM = re.compile(rf"(?:st#|stream #){SOURCE}:(\d+)\b", re.IGNORECASE)
"""How a line names a track of the source, as in [aist#1:2/mp3 @ 0x...]."""
REFUSED_COPY = re.compile(r"\[aost#0:(\d+)/copy @ \w+\] Error submitting a packet to the muxer")
"""How a line names a copied track of sound of the result that cannot be written; number 0 is the painted video."""
NOT_UTF8 = "Invalid UTF-8"
USUAL_ENCODING = "CP1252"
ENCODINGS = {
    **dict.fromkeys(("rus", "ukr", "bul", "srp", "mac", "bel"), "CP1251"),
    **dict.fromkeys(("pol", "cze", "ces", "slo", "slk", "hun", "rum", "ron", "hrv", "slv"), "CP1250"),
    **dict.fromkeys(("gre", "ell"), "CP1253"),
    **{"tur": "CP1254", "heb": "CP1255", "ara": "CP1256", "jpn": "CP932", "kor": "CP949"},
    **dict.fromkeys(("chi", "zho"), "GB18030"),
}
"""How texts that are not UTF-8 are usually coded, by language; in others it is the usual encoding."""


def of_converted(lines: Iterable[str], tracks: Iterable[Track]) -> list[str]:
    """Return those error lines that decoders of converted tracks wrote, whatever name they give themselves."""
    converted = [track for track in tracks if track.encoder != COPY]
    indexes = {track.index for track in converted}
    names = tuple(f"[{name} @" for track in converted for name in _decoders(track.codec))
    return [line for line in lines if names and (line.startswith(names) or _stream(line) in indexes)]


def refused_copies(lines: Iterable[str], tracks: Sequence[Track]) -> tuple[Track, ...]:
    """Return the copied tracks of sound of which the container refused a packet, as AAC without a head in mp4 and Matroska."""
    numbers = {int(found[1]) for line in lines if (found := REFUSED_COPY.search(line))}
    return tuple(track for number, track in enumerate(tracks, 1) if number in numbers and track.kind == "audio")


def encodings_of(lines: Sequence[str], tracks: Iterable[Track]) -> dict[int, str]:
    """Return an encoding for each converted text track, by index, that ffmpeg says is not UTF-8."""
    texts = {track.index: track for track in tracks if track.kind == "subtitle" and track.encoder != COPY}
    if not any(NOT_UTF8 in line for line in lines):
        return {}
    # The line about UTF-8 names no track; the next one that does is of the same decoder.
    found = {_stream(line) for line in lines} & texts.keys()
    return {
        index: ENCODINGS.get(texts[index].tags.get("language", ""), USUAL_ENCODING)
        for index in sorted(found, key=str)
        if index is not None
    }


def _stream(line: str) -> int | None:
    found = STREAM.search(line)
    return int(found[1]) if found else None


@lru_cache
def _decoders(codec: str) -> tuple[str, ...]:
    """Return the names of all decoders of a codec; that of DTS calls itself dca."""
    names = {codec}
    for name in codecs_available:
        try:
            if Codec(name, "r").canonical_name == codec:
                names.add(name)
        except UnknownCodecError:
            continue
    return tuple(sorted(names))
