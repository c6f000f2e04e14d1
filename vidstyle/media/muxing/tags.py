"""The tags of a result: which of its source's it must have, which its container lost, and where mp4 and mov keep those.

ffmpeg writes only the tags that it knows into mp4 and mov. All others go into a second box of tags, as phones and cameras
have it. Source: QuickTime File Format, metadata item keys and item list.
"""

from contextlib import suppress
from pathlib import Path
from struct import error as StructError
from struct import pack
from typing import Any

import av

from vidstyle.media.codecs import TargetContainer
from vidstyle.media.muxing.boxes import add_boxes, box, full_box
from vidstyle.media.tracks import KIND_WORDS, TrackPlan

NOT_TOLD_OF = ("handler_name", "encoder", "timecode", "vendor_id", "stereo_mode")
"""Tags that are changed on purpose, or that the container says in another way."""
TIMES_TO_THE_SECOND = ("creation_time",)
SECOND_LETTERS = len("2023-07-01T10:34:56")
UTF8_TEXT = 1
"""The kind of a value in the item list."""
Section = tuple[str, int]
"""Of what tags are: ("", 0) is the file, others are the kind of a track and its number among those of that kind."""
Tags = dict[str, str]
FILE: Section = ("", 0)


def keep_tags(result: Path, plan: TrackPlan, container: TargetContainer) -> list[str]:
    """Add to `result` those tags of the file in `plan` that it lacks; return a sentence on tags that it still lacks.

    Only mp4 and mov take further tags, and none of a track. Raises OSError.
    """
    try:
        lost = _lost(result, plan)
    except av.error.FFmpegError as error:
        return [f"the tags of the result could not be read again: {error.strerror}."]
    if lost.get(FILE) and container.keeps_ticks:
        with suppress(LookupError, ValueError, StructError):
            add_boxes(result, [((), _tag_box(lost[FILE], container))])
            lost = _lost(result, plan)
    return [_sentence(lost, container)] if lost else []


def _tag_box(tags: Tags, container: TargetContainer) -> bytes:
    """Return a box of tags with names of any kind."""
    handler = full_box(b"hdlr", bytes(4), b"mdta", bytes(13))
    keys = full_box(b"keys", pack(">I", len(tags)), *(box(b"mdta", name.encode()) for name in tags))
    values = [box(b"data", pack(">II", UTF8_TEXT, 0), value.encode()) for value in tags.values()]
    items = box(b"ilst", *(box(pack(">I", number), value) for number, value in enumerate(values, 1)))
    # ISO/IEC 14496-12 gives the box a version, QuickTime does not.
    return (box if container.name == "mov" else full_box)(b"meta", handler, keys, items)


def _sentence(lost: dict[Section, Tags], container: TargetContainer) -> str:
    """Return which tags are left out, and of what."""
    words = []
    for (kind, number), tags in lost.items():
        of = f" of {KIND_WORDS.get(kind, kind)} track {number + 1}" if kind else ""
        words.append(f"{', '.join(sorted(tags))}{of}")
    return f"tags are left out, {container.name} cannot hold them: {'; '.join(words)}."


def _lost(result: Path, plan: TrackPlan) -> dict[Section, Tags]:
    """Return the tags that a result should have and has not."""
    wanted: dict[Section, Tags] = {FILE: plan.file_tags, ("video", 0): plan.video_tags}
    for kind in ("audio", "subtitle"):
        wanted |= {(kind, number): track.tags for number, track in enumerate(plan.of_kind(kind))}
    with av.open(f"file:{result}", metadata_errors="replace") as written:
        found = {section: _found(written, section) for section in wanted}
    lost = {section: _missing(tags, found[section]) for section, tags in wanted.items()}
    for section in lost.keys() - {FILE}:
        # Matroska has no such tag for a track; that of the file tells when it was made.
        lost[section] = {name: value for name, value in lost[section].items() if name.lower() != "creation_time"}
    return {section: tags for section, tags in lost.items() if tags}


def _found(written: Any, section: Section) -> Tags:
    """Return the tags that a section of a written file has, by their names in small letters."""
    kind, number = section
    streams = [stream for stream in written.streams if stream.type == kind]
    tags = streams[number].metadata if number < len(streams) else {}
    tags = tags if kind else written.metadata
    found = {name.lower(): value for name, value in tags.items()}
    return found | {"title": found.get("title") or found.get("name", "")}


def _missing(wanted: Tags, found: Tags) -> Tags:
    def is_there(name: str, value: str) -> bool:
        length = SECOND_LETTERS if name.lower() in TIMES_TO_THE_SECOND else None
        return found.get(name.lower(), "")[:length] == value[:length]

    return {
        name: value
        for name, value in wanted.items()
        if name.lower() not in NOT_TOLD_OF and value not in ("", "und") and not is_there(name, value)
    }
