"""Closed captions inside pictures (CEA-608 and 708): read from decoded frames, and put into coded pictures.

Sources: ATSC A/53 part 4, 6.2.3 (captions in user data); ITU-T H.264, 7.3.1, 7.3.2.3 and D.1.6, and H.265, 7.3.1.2 and D.2.6
(messages in units before a picture).
"""

import re
from dataclasses import dataclass

from av.packet import Packet
from av.video.frame import VideoFrame

from vidstyle.media.muxing.side_data import side_data_of

BYTES_A_CAPTION = 3
MOST_CAPTIONS = 31
"""So many captions of a picture can be counted."""
USER_DATA = 4
"""The kind of message that is registered user data."""
ATSC_CAPTIONS = b"\xb5\x00\x31GA94\x03"
"""The country, the provider and what their user data is."""
UNIT = re.compile(rb"\x00?\x00\x00\x01(.)", re.DOTALL)
"""The start of a unit, and its first byte."""
LOOKS_LIKE_START = re.compile(rb"\x00\x00(?=[\x00-\x03])")


@dataclass(frozen=True)
class UnitForm:
    """The header of a unit of messages in a coded stream, and which kinds of unit are parts of pictures."""

    header: bytes
    kind_shift: int
    kind_mask: int
    pictures: range


ENCODERS = {
    "libx264": UnitForm(b"\x06", 0, 31, range(1, 6)),
    "libx265": UnitForm(b"\x4e\x01", 1, 63, range(32)),
}
"""Encoders into whose pictures captions are put."""


def read_captions(frame: VideoFrame) -> bytes:
    """Return the captions of a decoded frame, three bytes each; none are b""."""
    return side_data_of(frame).get("A53_CC", b"")


def with_captions(packet: Packet, captions: bytes, encoder: str) -> Packet:
    """Return a coded picture of `encoder`, as it came from there, with captions."""
    form = ENCODERS.get(encoder)
    if form is None or not captions:
        return packet
    content = bytes(packet)
    for unit in UNIT.finditer(content):
        if (unit[1][0] >> form.kind_shift) & form.kind_mask in form.pictures:
            content = content[: unit.start()] + _unit(form, captions) + content[unit.start() :]
            break
    captioned = Packet(content)
    captioned.stream, captioned.time_base = packet.stream, packet.time_base
    captioned.pts, captioned.dts, captioned.duration = packet.pts, packet.dts, packet.duration
    captioned.is_keyframe = packet.is_keyframe
    return captioned


def _unit(form: UnitForm, captions: bytes) -> bytes:
    """Return the unit of a stream that holds captions."""
    count = min(len(captions) // BYTES_A_CAPTION, MOST_CAPTIONS)
    message = ATSC_CAPTIONS + bytes([0xC0 | count, 0xFF]) + captions[: count * BYTES_A_CAPTION] + b"\xff"
    content = bytes([USER_DATA, len(message)]) + message + b"\x80"
    return b"\x00\x00\x00\x01" + form.header + LOOKS_LIKE_START.sub(b"\x00\x00\x03", content)
