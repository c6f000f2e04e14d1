"""The part of a coded picture that its container shows (clap in mp4 and mov, PixelCrop in Matroska)."""

from av.video.frame import VideoFrame

from vidstyle.media.colour import EXACT_SCALING
from vidstyle.media.frame_properties.chroma_location import subsampling
from vidstyle.media.frame_properties.filtered import filtered
from vidstyle.media.frame_properties.stream_header import Cropping

DEPTHS = {8: "", 9: "9le", 10: "10le", 12: "12le", 14: "14le", 16: "16le"}
"""How the names of pixel formats end, by bits a channel."""


def shown_size(frame: VideoFrame, cropping: Cropping) -> tuple[int, int]:
    """Return width and height of what is shown of a frame; all of it where nothing would be left."""
    width = frame.width - cropping.left - cropping.right
    height = frame.height - cropping.top - cropping.bottom
    return (width, height) if width > 0 and height > 0 else (frame.width, frame.height)


def cropped(frame: VideoFrame, cropping: Cropping) -> VideoFrame:
    """Return what is shown of a frame. Where that begins between two chroma samples, each pixel gets its own first."""
    width, height = shown_size(frame, cropping)
    if (width, height) == (frame.width, frame.height):
        return frame
    across, down = subsampling(frame.format.name)
    if cropping.left % across or cropping.top % down:
        frame = frame.reformat(format=_without_subsampling(frame), interpolation=EXACT_SCALING)
    return filtered(frame, "crop", f"{width}:{height}:{cropping.left}:{cropping.top}:exact=1")


def _without_subsampling(frame: VideoFrame) -> str:
    alpha = "a" if len(frame.format.components) == 4 else ""
    return f"yuv{alpha}444p{DEPTHS[frame.format.components[0].bits]}"
