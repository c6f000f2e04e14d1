"""A few pictures spread over a video, at the price of little more than their key frames."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import floor
from typing import Any

from vidstyle.media.clip import Clip
from vidstyle.media.picture import Picture
from vidstyle.media.probe import decoder_of, open_source

LONGEST_SEARCH_PACKETS = 600


def glance(clip: Clip, seconds: Sequence[float]) -> Iterator[Picture]:
    """Yield the key frame at or before each of the times, counted from the first picture, each once; damaged ones are left out.

    A file that does not say how long it lasts gives its first key frames instead.
    """
    return chain.from_iterable(stretches(clip, seconds, 1))


def stretches(clip: Clip, seconds: Sequence[float], frames: int) -> Iterator[list[Picture]]:
    """Yield, for each of the same key frames, it and those that follow, `frames` at most, in the order of presentation.

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
    import av

    try:
        container.seek(pts, stream=stream)
    except av.error.FFmpegError:
        return


def _from_key_frame(container: Any, stream: Any, clip: Clip, count: int) -> list[Picture]:
    """Decode the next key frame and the packets after it by themselves."""
    import av

    decoder = decoder_of(stream)
    frames: list[Any] = []
    try:
        for packet in _packets_from_key_frame(container, stream, count):
            frames += decoder.decode(packet)
        frames += decoder.decode(None)
    except av.error.FFmpegError:
        return []
    finally:
        decoder.flush_buffers()
    return [Picture(one, clip, one.pts or 0, 0, decoder.sample_aspect_ratio) for one in frames]


def _packets_from_key_frame(container: Any, stream: Any, count: int) -> Iterator[Any]:
    left = 0
    for number, packet in enumerate(container.demux(stream)):
        if packet.size == 0 or (not left and number > LONGEST_SEARCH_PACKETS):
            return
        if not left and not packet.is_keyframe:
            continue
        yield packet
        left = (left or count) - 1
        if not left:
            return
