"""Damaged pictures of Motion JPEG: which of them are whole all the same.

ffmpeg's decoder leaves a picture as it is where the data end early, so that the rest shows what its memory held before. Told
to, it refuses such pictures. It then refuses odd ones too that are whole.
"""

from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

STRICT = {"err_detect": "explode"}
"""The option of a decoder that refuses each picture with an error."""


class OddPictures:
    """Decodes the packets of Motion JPEG that a strict decoder refuses, each by itself."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._before: Packet | None = None

    def note(self, packet: Packet) -> None:
        """Note a packet that was decoded or refused, the one before the next."""
        self._before = packet

    def frames(self, packet: Packet) -> list[VideoFrame]:
        """Return the frame of a refused packet that shows the same whatever memory held, else nothing.

        The first packet of a stream has no other memory to compare with: its frame is returned, black where data are missing.
        """
        alone = self._decoded([packet])
        if self._before is None or not alone:
            return alone
        after_another = self._decoded([self._before, packet])
        is_whole = len(alone) == len(after_another) and all(map(_are_equal, alone, after_another))
        return alone if is_whole else []

    def _decoded(self, packets: list[Packet]) -> list[VideoFrame]:
        """Return the frames of the last of some packets, decoded one after the other in the same memory."""
        decoder = av.CodecContext.create(self._decoder.name, "r")
        decoder.extradata, decoder.options, decoder.thread_count = self._decoder.extradata, {}, 1
        frames: list[VideoFrame] = []
        for packet in packets:
            frames.clear()
            try:
                frames = list(decoder.decode(packet))
            except av.error.FFmpegError:
                continue
        return frames


def _are_equal(first: VideoFrame, second: VideoFrame) -> bool:
    return np.array_equal(first.to_ndarray(), second.to_ndarray())
