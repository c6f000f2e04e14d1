"""Transparency that lies beside the pictures, as VP8 and VP9 keep it in WebM and Matroska."""

from __future__ import annotations

from typing import Any

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""ffmpeg's own decoders of these codecs leave the transparency out; libvpx reads it."""


def decoder_of(stream: Any) -> Any:
    """Return the decoder for a stream of an opened container: its own, save where that would lose transparency."""
    import av

    usual = stream.codec_context
    tags = {name.lower(): value for name, value in stream.metadata.items()}
    name = ALPHA_DECODERS.get(usual.name)
    if name is None or tags.get("alpha_mode") != "1":
        return usual
    decoder = av.CodecContext.create(name, "r")
    decoder.extradata = usual.extradata
    return decoder
