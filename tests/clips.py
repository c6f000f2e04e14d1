"""Clips made while testing: small, with known pictures, and each awkward in one way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

AUDIO_RATE = 48000
AUDIO_FRAME_SAMPLES = 1024
Pictures = Callable[[int], np.ndarray]


def moving_square(size: tuple[int, int] = (64, 48), step: int = 2) -> Pictures:
    """Return pictures of a light square that moves over a slope of colour; every picture differs from the one before."""
    width, height = size
    across, down = np.meshgrid(np.linspace(40, 200, width), np.linspace(40, 200, height))
    side = max(2, min(size) // 3)

    def picture(index: int) -> np.ndarray:
        rgb = np.stack([across, down, np.full_like(across, 90)], -1).astype(np.uint8)
        left = index * step % max(1, width - side)
        rgb[height // 3 : height // 3 + side, left : left + side] = (250, 240, 60)
        return rgb

    return picture


def still(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> Pictures:
    """Return pictures of one flat colour."""
    return lambda _: np.full((size[1], size[0], 3), colour, np.uint8)


def make_clip(
    path: Path,
    *,
    size: tuple[int, int] = (64, 48),
    frames: int = 24,
    rate: Fraction | int = Fraction(24),
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
    b_frames: int = 2,
    key_every: int = 12,
    rotation: int = 0,
    sample_aspect: Fraction = Fraction(1),
    matrix: int = 2,
    full_range: bool | None = None,
    audio: int = 0,
    languages: Sequence[str] = (),
    subtitles: int = 0,
    chapters: int = 0,
    metadata: dict[str, str] | None = None,
    interlaced: bool = False,
    movflags: str = "",
    pictures: Pictures | None = None,
) -> Path:
    """Write a clip and return its path.

    `pts` are in `time_base` units (default 1/rate, one tick a frame); `rotation` is clockwise, in degrees; `movflags` go to
    the mp4 writer (`faststart` puts the index in front); `matrix` is the H.273 number to tag and use; `audio` and
    `subtitles` count tracks, named by `languages` in turn.
    """
    rate = Fraction(rate)
    times = list(pts) if pts is not None else list(range(frames))
    base = time_base or 1 / rate
    draw = pictures or moving_square(size)
    with av.open(str(path), "w", options={"movflags": movflags} if movflags else {}) as container:
        container.metadata.update(metadata or {})
        video = _video(container, codec, options, rate, size, pixel_format, base)
        video.codec_context.gop_size = key_every
        if codec in ("libx264", "libx265", "mpeg4", "mpeg2video"):
            video.codec_context.max_b_frames = b_frames
        video.codec_context.sample_aspect_ratio = sample_aspect
        _tag_colour(video.codec_context, matrix, full_range)
        if interlaced:
            video.codec_context.flags |= av.codec.context.Flags.interlaced_dct
        if rotation:
            video.set_display_rotation(-rotation)
        sounds = [_audio(container, languages[i] if i < len(languages) else None) for i in range(audio)]
        texts = [_text(container, languages[i] if i < len(languages) else None) for i in range(subtitles)]
        seconds = float((times[-1] + 1) * base) if times else 0.0
        _add_chapters(container, chapters, seconds)
        for index, time in enumerate(times):
            container.mux(video.encode(_frame(draw(index), pixel_format, matrix, full_range, time, base)))
        container.mux(video.encode(None))
        for number, stream in enumerate(sounds):
            _write_tone(container, stream, seconds, 220.0 * (number + 1))
        for stream in texts:
            _write_text(container, stream, seconds)
    return path


def _video(
    container: Any, codec: str, options: Any, rate: Fraction, size: tuple[int, int], pixel_format: str, base: Fraction
) -> Any:
    fast = {"preset": "ultrafast", "crf": "12"} if codec in ("libx264", "libx265") else {}
    stream = container.add_stream(codec, rate=rate, options={**fast, **(options or {})})
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format
    stream.codec_context.time_base = base
    stream.time_base = base
    return stream


def _tag_colour(context: Any, matrix: int, full_range: bool | None) -> None:
    context.colorspace = matrix
    if full_range is not None:
        context.color_range = 2 if full_range else 1


def _frame(rgb: np.ndarray, pixel_format: str, matrix: int, full_range: bool | None, pts: int, base: Fraction) -> Any:
    from av.video.reformatter import Interpolation

    scaler = {1: 1, 9: 9}.get(matrix, 5)
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        format=pixel_format,
        src_colorspace=scaler,
        dst_colorspace=scaler,
        src_color_range=2,
        dst_color_range=2 if full_range else 1,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP,
    )
    frame.pts, frame.time_base = pts, base
    return frame


def _audio(container: Any, language: str | None) -> Any:
    codec = "libopus" if container.format.name in ("webm", "matroska") else "aac"
    stream = container.add_stream(codec, rate=AUDIO_RATE, layout="mono")
    if language:
        stream.metadata["language"] = language
    return stream


def _write_tone(container: Any, stream: Any, seconds: float, hertz: float) -> None:
    count = int(seconds * AUDIO_RATE)
    tone = (np.sin(np.arange(count) * 2 * np.pi * hertz / AUDIO_RATE) * 0.2).astype(np.float32)
    for start in range(0, count, AUDIO_FRAME_SAMPLES):
        frame = av.AudioFrame.from_ndarray(tone[None, start : start + AUDIO_FRAME_SAMPLES], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, start, Fraction(1, AUDIO_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _text(container: Any, language: str | None) -> Any:
    stream = container.add_mux_stream("mov_text" if container.format.name in ("mp4", "mov") else "subrip")
    stream.time_base = Fraction(1, 1000)
    if language:
        stream.metadata["language"] = language
    return stream


def _write_text(container: Any, stream: Any, seconds: float) -> None:
    text = b"Hello"
    in_mp4 = container.format.name in ("mp4", "mov")
    packet = av.Packet(len(text).to_bytes(2, "big") + text if in_mp4 else text)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = 0
    packet.duration = int(seconds * 500)
    container.mux(packet)


def _add_chapters(container: Any, count: int, seconds: float) -> None:
    if count:
        edges = [round(seconds * 1000 * index / count) for index in range(count + 1)]
        container.set_chapters(
            [
                {
                    "id": index,
                    "start": edges[index],
                    "end": edges[index + 1],
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": f"Part {index + 1}"},
                }
                for index in range(count)
            ]
        )


def make_transparent_webm(path: Path, codec: str) -> Path:
    """Write three grey pictures, transparent on the left, whose transparency lies beside them, as VP8 and VP9 keep it."""
    rgba = np.full((48, 64, 4), 200, np.uint8)
    rgba[:, :32] = (90, 90, 90, 0)
    rgba[:, 32:, 3] = 255
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=24, options={"auto-alt-ref": "0", "crf": "4", "b": "2M"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format="yuva420p")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_audio_only(path: Path, seconds: float = 0.5) -> Path:
    """Write a file that holds sound alone."""
    with av.open(str(path), "w") as container:
        _write_tone(container, _audio(container, None), seconds, 440.0)
    return path


def make_text_file(path: Path) -> Path:
    """Write plain text under whatever name."""
    path.write_text("This is not a film.\n" * 20)
    return path


def make_empty_file(path: Path) -> Path:
    """Write a file of zero bytes."""
    path.write_bytes(b"")
    return path


def make_truncated(source: Path, target: Path, share: float = 0.6) -> Path:
    """Copy the first `share` of a file's bytes (of an MP4 made with `faststart`, whose index then survives)."""
    content = source.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target
