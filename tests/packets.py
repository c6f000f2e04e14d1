"""What a file holds once it is taken apart again: packets, times, tags, and whether it decodes without a complaint."""

import hashlib
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg

Packets = list[tuple[Fraction, str]]


def tracks(path: Path, kind: str) -> list[Packets]:
    """Return for each track of a kind its packets as (time in seconds, hash of the payload), in the file's order."""
    with av.open(str(path), metadata_errors="replace") as container:
        found: dict[int, Packets] = {one.index: [] for one in container.streams if one.type == kind}
        for packet in container.demux():
            if packet.size and packet.pts is not None and packet.stream_index in found:
                time = packet.pts * packet.time_base
                found[packet.stream_index].append((time, hashlib.sha256(bytes(packet)).hexdigest()))
    return list(found.values())


def video_times(path: Path, track: int = 0) -> list[Fraction]:
    """Return the presentation times, in seconds, of the packets of a video track that are to be shown."""
    with av.open(str(path), metadata_errors="replace") as container:
        stream = container.streams.video[track]
        shown = [one for one in container.demux(stream) if one.size and one.pts is not None and not one.is_discard]
        return sorted(one.pts * one.time_base for one in shown)


def pictures(path: Path) -> list[Any]:
    """Return the decoded frames of the first video track as RGB arrays."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def complaints(path: Path) -> str:
    """Return what a decoder has to say against a file; nothing, for a sound one."""
    exact = ["-fps_mode", "passthrough", "-enc_time_base", "demux"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", f"file:{path}", *exact, "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
