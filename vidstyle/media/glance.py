"""A few pictures spread over a video, at the price of as many key frames."""

from collections.abc import Iterator, Sequence
from math import floor
from typing import Any

from vidstyle.media.alpha import decoder_of
from vidstyle.media.clip import Clip
from vidstyle.media.picture import Picture
from vidstyle.media.probe import open_source

LONGEST_SEARCH_PACKETS = 600


def glance(clip: Clip, seconds: Sequence[float]) -> Iterator[Picture]:
    """Yield the key frame at or before each of the times, counted from the first picture, each once; damaged ones are left out.

    A file that does not say how long it lasts gives its first key frames instead.
    """
    with open_source(clip.path) as container:
        stream: Any = container.streams[clip.video_index]
        start = stream.start_time or 0
        seen: set[int] = set()
        for time in seconds:
            if clip.duration is not None:
                _seek(container, stream, start + floor(time / clip.time_base))
            picture = _next_key_frame(container, stream, clip)
            if picture is not None and picture.pts not in seen:
                seen.add(picture.pts)
                yield picture


def _seek(container: Any, stream: Any, pts: int) -> None:
    import av

    try:
        container.seek(pts, stream=stream)
    except av.error.FFmpegError:
        return


def _next_key_frame(container: Any, stream: Any, clip: Clip) -> Picture | None:
    """Decode the next key frame by itself, in a decoder of its own."""
    import av

    decoder = decoder_of(stream)
    try:
        for count, packet in enumerate(container.demux(stream)):
            if not packet.is_keyframe or packet.size == 0:
                if count > LONGEST_SEARCH_PACKETS or packet.size == 0:
                    return None
                continue
            frames = [*decoder.decode(packet), *decoder.decode(None)]
            decoder.flush_buffers()
            if frames:
                return Picture(frames[0], clip, frames[0].pts or packet.pts or 0, 0, decoder.sample_aspect_ratio)
    except av.error.FFmpegError:
        return None
    return None
