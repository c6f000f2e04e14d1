"""Damaged packets of FFV1, told by the checksums of their slices.

ffmpeg's decoder says of a damaged slice only in its log, and shows what the picture before, or its memory, held there.
"""

import zlib

from av.packet import Packet

REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse order. The checksum takes the highest bit first, zlib's the lowest."""
FOOTER_BYTES = 8
"""RFC 9043, 4.9: size of the slice (3 bytes), error status (1), slice_crc_parity (4)."""


class SliceChecksums:
    """Tells which packets of a stream cannot be decoded: damaged ones, and those after them up to a key frame.

    The latter depend on what was learned from the damaged one. In a stream without checksums no packet counts as damaged.
    `configuration` is the record in front of the packets, whose checksum is of the same kind.
    """

    def __init__(self, configuration: bytes | None) -> None:
        self._may_be_there = bool(configuration) and _remainder(configuration or b"") == 0
        self._are_there = self._waits_for_key_frame = False

    def rule_out(self, packet: Packet) -> bool:
        """Return whether the stream's next packet, in the order of decoding, cannot be decoded."""
        if not self._may_be_there:
            return False
        content = bytes(packet)
        is_whole = _remainder(content) == 0
        self._are_there |= is_whole or _ends_in_footers(content)
        is_damaged = self._are_there and not is_whole
        self._waits_for_key_frame = is_damaged or (self._waits_for_key_frame and not packet.is_keyframe)
        return self._waits_for_key_frame


def _remainder(content: bytes) -> int:
    """Return the CRC-32 of a packet, which RFC 9043, 4.9.3 makes 0 for each slice, and so for all slices together."""
    ones = 0xFFFFFFFF
    return zlib.crc32(content.translate(REVERSED), ones) ^ ones


def _ends_in_footers(content: bytes) -> bool:
    """Return whether the sizes in footers with checksums lead from slice to slice, back to the beginning of the packet."""
    end = len(content)
    while end >= FOOTER_BYTES:
        end -= FOOTER_BYTES + int.from_bytes(content[end - FOOTER_BYTES : end - FOOTER_BYTES + 3])
    return end == 0
