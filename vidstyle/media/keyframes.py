"""A few pictures spread over a video, for little more than the time of decoding their key frames."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import floor
from typing import Any

import av

from vidstyle.media.clip import Clip
from vidstyle.media.frame_properties.cropping import cropped
from vidstyle.media.picture import Picture
from vidstyle.media.probe import decoder_of, open_source, packets_of

LONGEST_SEARCH_PACKETS = 600
"""Packets in which a key frame must come after a seek."""


def key_frames(clip: Clip, seconds: Sequence[float]) -> Iterator[Picture]:
    """Yield the key frame at or before each of the times, which count from the first picture.

    Each key frame comes once, and damaged ones are left out. A file that does not state its duration gives its first
    key frames instead.
    """
    return chain.from_iterable(key_frame_runs(clip, seconds, 1))


def key_frame_runs(clip: Clip, seconds: Sequence[float], frames: int) -> Iterator[list[Picture]]:
    """Yield each of the same key frames with those that follow it, `frames` in all at most, in order of presentation.

    Pictures come as they are coded, not deinterlaced.
    """
    with open_source(clip.path) as container:
        stream: Any = container.streams[clip.video_index]
        start = stream.start_time or 0
        seen: set[int] = set()
        for time in seconds:
            if clip.duration is not None:
                _seek(container, stream, start + floor(time / clip.time_base))
            pictures = _from_key_frame(container, stream, clip, frames)
            if pictures and pictures[0].pts not in seen:
                seen.add(pictures[0].pts)
                yield pictures


def _seek(container: Any, stream: Any, pts: int) -> None:
    try:
        container.seek(pts, stream=stream)
    except av.error.FFmpegError:
        return


def _from_key_frame(container: Any, stream: Any, clip: Clip, count: int) -> list[Picture]:
    """Decode the next key frame and the packets after it by themselves."""
    decoder = decoder_of(stream, clip.colour.seen_chroma_location)
    frames: list[Any] = []
    try:
        for packet in _packets_from_key_frame(container, stream, count):
            frames += decoder.decode(packet)
        frames += decoder.decode(None)
    except av.error.FFmpegError:
        return []
    finally:
        decoder.flush_buffers()
    shown = [cropped(frame, clip.cropping) for frame in frames]
    return [Picture(frame, clip, frame.pts or 0, 0, decoder.sample_aspect_ratio) for frame in shown]


def _packets_from_key_frame(container: Any, stream: Any, count: int) -> Iterator[Any]:
    left = 0
    for number, packet in enumerate(packets_of(container, stream)):
        if packet.size == 0 or (not left and number > LONGEST_SEARCH_PACKETS):
            return
        if not left and not packet.is_keyframe:
            continue
        yield packet
        left = (left or count) - 1
        if not left:
            return
