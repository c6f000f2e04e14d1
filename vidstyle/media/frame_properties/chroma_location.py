"""Where the chroma samples of a video lie between its luma samples, in ffmpeg's names (H.273, figure 1)."""

from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from vidstyle.media.frame_properties.filtered import filtered

LEFT, CENTER = "left", "center"
CODEC_OPTION = "chroma_sample_location"
"""The option of decoders for pictures that state no place, and of encoders for the place that they state."""


def assumed_location(full_range: bool | None) -> str:
    """Return where players take chroma samples to be if nothing states it: as in MPEG-2, or as in JPEG in full range."""
    return CENTER if full_range else LEFT


def location_to_write(
    stated: str | None, full_range: bool | None, pixel_format: str, writable: tuple[str, ...]
) -> str | None:
    """Return where to put chroma samples of `pixel_format`; None where each pixel has its own.

    It is where the source has them, if that is among the `writable` places that the encoder states. An encoder that
    states none keeps what players assume. In 4:2:2 samples lie at the left.
    """
    across, down = subsampling(pixel_format)
    if across == down == 1:
        return None
    if down == 1:
        return LEFT
    assumed = assumed_location(full_range)
    wanted = [place for place in (stated, assumed) if place in writable]
    return wanted[0] if wanted else writable[0] if writable else assumed


def subsampling(pixel_format: str) -> tuple[int, int]:
    """Return how many luma samples across and down share one chroma sample."""
    chroma = VideoFormat(pixel_format, 8, 8)
    return 8 // (chroma.chroma_width() or 8), 8 // (chroma.chroma_height() or 8)


def located(frame: VideoFrame, location: str | None) -> VideoFrame:
    """Return the frame, stating where chroma samples lie; a frame that is made of it has them there."""
    return filtered(frame, "setparams", f"chroma_location={location}") if location else frame
