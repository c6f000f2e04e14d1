"""Tracks whose first packet comes so late in a file that ffmpeg, which reads the beginning, does not know what they hold."""

from collections.abc import Collection
from pathlib import Path

from vidstyle.media.probe import open_source, readable_packets_of

LONGEST_BEGINNING_BYTES = 1 << 28
"""ffmpeg keeps in memory what it reads to get to know the tracks."""
BYTES_FOR_PARAMETERS = 5_000_000
"""So many bytes after its first packet tell what a track holds; it is as much as ffmpeg reads by itself."""
LONGEST_ANALYSIS_MICROSECONDS = 10**13


def first_bytes_of(path: Path, indexes: Collection[int]) -> dict[int, int]:
    """Return where in a file the first packet of each track lies, by index; tracks without a packet are absent."""
    awaited, found = set(indexes), dict[int, int]()
    if not awaited:
        return found
    with open_source(path) as source:
        for packet in readable_packets_of(source, *(source.streams[index] for index in indexes)):
            if packet.size and packet.stream_index in awaited:
                awaited.remove(packet.stream_index)
                found[packet.stream_index] = packet.pos or 0
            if not awaited:
                break
    return found


def reading_up_to(first_byte: int) -> dict[str, str]:
    """Return the options with which ffmpeg looks at enough of a file to know a track that begins there; 0: none."""
    if not 0 < first_byte < LONGEST_BEGINNING_BYTES:
        return {}
    length = first_byte + BYTES_FOR_PARAMETERS
    return {"probesize": str(length), "analyzeduration": str(LONGEST_ANALYSIS_MICROSECONDS)}
