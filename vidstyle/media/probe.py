"""The probe: opens a video file, chooses its video stream and decoder, and describes it as a Clip."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from math import floor
from pathlib import Path
from struct import unpack
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidstyle.errors import InputError
from vidstyle.files import is_file, is_folder
from vidstyle.media.clip import UNSPECIFIED, Clip, Colour, Stream
from vidstyle.media.colour import MOST_BITS
from vidstyle.media.edit_list import IGNORE_EDIT_LISTS, Edit, edits_of, is_mov, is_plain, played
from vidstyle.media.frame_properties.chroma_location import CODEC_OPTION
from vidstyle.media.frame_properties.cropping import shown_size
from vidstyle.media.frame_properties.stream_header import read_stream_header
from vidstyle.media.hdr_metadata import read_static_metadata
from vidstyle.media.muxing.projection import read_projection
from vidstyle.media.muxing.side_data import side_data_of
from vidstyle.media.timeline import states_no_times
from vidstyle.source_paths import refuse_special

VIDEO_SUFFIXES = (
    *(".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m1v", ".m2p", ".m2t", ".m2ts", ".m2v", ".m4v"),
    *(".mkv", ".mod", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mpv", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".qt"),
    *(".mjpeg", ".mjpg", ".rm", ".rmvb", ".tod", ".ts", ".vob", ".vro", ".webm", ".wmv", ".wtv", ".y4m"),
)
"""A hint: files of a folder that count as video without being played. Others are tried whatever their suffix."""
FALLBACK_RATE = Fraction(25)
HIGHEST_USUAL_RATE = 480
"""A rate beyond this is often that of the ticks. It is believed where pictures come at half of it at least, on average."""
COUNT_FROM_ZERO = ("matroska,webm", "flv")
"""Formats, in ffmpeg's names, whose duration counts from time 0, not from the first picture."""
PACKETS_UNTIL_A_PICTURE = 400
LATEST_ORIGIN_SECONDS = 60
"""A clock that begins later, or before zero, comes from a broadcast or a damaged file; it is no intended delay."""
MICROSECONDS = 1_000_000
PICTURE_FORMATS = ("image2", "_pipe")
"""How the names of ffmpeg's formats for image files end."""
RESERVED = 3
"""A value of H.273 that states nothing, as UNSPECIFIED."""
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""VP8 and VP9 in WebM and Matroska keep transparency beside the pictures. ffmpeg's own decoders leave it out."""


def probe(path: Path) -> Clip:
    """Return the description of a video file. The first picture is decoded for what only pictures state.

    Raises InputError when the file is missing, a folder, empty, no media, without video, or cannot be decoded.
    """
    with open_source(path) as container:
        stream = video_stream(container, path)
        return _describe(path, container, stream, _first_frame(container, stream, path))


def open_source(path: Path, *, edit_lists: bool = True, reading: dict[str, str] | None = None) -> InputContainer:
    """Return the opened container, to be closed by the caller (`with`); raises InputError naming file and cause.

    Without `edit_lists` the packets of mp4 and mov have the times of the media. `reading` are further options of ffmpeg.
    """
    _check_file(path)
    options = (reading or {}) | ({} if edit_lists else IGNORE_EDIT_LISTS)
    try:
        container = av.open(f"file:{path}", metadata_errors="replace", options=options)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path} is not a video that can be read: {_reason(error)}. Check the file.") from error
    if container.format.name.endswith(PICTURE_FORMATS):
        container.close()
        raise InputError(f"{path} is a picture, not a video. Give a video file.")
    return container


def _check_file(path: Path) -> None:
    refuse_special(path)
    if not is_file(path) and not is_folder(path):
        raise InputError(f"There is no file {path}. Check the path.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a video file. Give a file in it.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes). Copy or download it again.")


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).strip().rstrip(".").lower()


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream that a player would show, no cover picture; raises InputError when there is none."""
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    videos = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not videos:
        found = sorted({str(stream.type) for stream in container.streams})
        raise InputError(f"{path} has no video stream (found: {', '.join(found) or 'nothing'}). Give a video file.")
    best = container.streams.best("video")
    chosen = best if best in videos else videos[0]
    if chosen.codec_context is None:
        raise InputError(f"{path} holds video in a codec that is not known here. Convert it first.")
    return chosen


def packets_of(container: Any, *streams: Any, on_late_stream: Callable[[], None] | None = None) -> Iterator[Packet]:
    """Yield the packets of some streams, or of all, up to the end of the file, and an empty one for each stream.

    At the end PyAV 18 asks for an empty packet of streams, too, that began after it had opened the file, such as texts that
    come late in FLV, and raises IndexError for those, which it does not know. Then `on_late_stream` is called.
    """
    try:
        yield from container.demux(*streams)
    except IndexError:
        if on_late_stream is not None:
            on_late_stream()


def readable_packets_of(container: Any, *streams: Any) -> Iterator[Packet]:
    """Yield packets as `packets_of` does, up to damage that ends reading: what comes behind it is not looked for."""
    with suppress(av.error.FFmpegError):
        yield from packets_of(container, *streams)


def decoder_of(stream: Any, chroma_location: str | None = None) -> Any:
    """Return the decoder for a stream of an opened container: its own, or libvpx where that would lose transparency.

    Frames that do not state where their chroma samples lie state `chroma_location`.
    """
    decoder = _own_decoder(stream)
    if chroma_location is not None:
        decoder.options = {CODEC_OPTION: chroma_location}
    return decoder


def _own_decoder(stream: Any) -> Any:
    own = stream.codec_context
    tags = {name.lower(): value for name, value in stream.metadata.items()}
    name = ALPHA_DECODERS.get(own.name)
    if name is None or tags.get("alpha_mode") != "1":
        return own
    decoder = av.CodecContext.create(name, "r")
    decoder.extradata = own.extradata
    return decoder


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    cause = "no picture in it can be decoded"
    packets, decoder = packets_of(container, stream), decoder_of(stream)
    try:
        for packet in islice(packets, PACKETS_UNTIL_A_PICTURE):
            refuse_encrypted(packet, str(path))
            try:
                frames = decoder.decode(packet if packet.size else None)
            except av.error.InvalidDataError:
                continue
            if frames:
                return frames[0]
    except av.error.FFmpegError as error:
        cause = _reason(error)
    raise InputError(f"{path} cannot be decoded: {cause}. The file is damaged or incomplete.")


def refuse_encrypted(packet: Packet, name: str) -> None:
    """Raise InputError for a packet that is encrypted: it would decode into noise."""
    if packet.has_sidedata("encryption_info"):
        raise InputError(f"{name} is encrypted (copy protection), its pictures cannot be read. Give a file without it.")


def _describe(path: Path, container: InputContainer, stream: VideoStream, frame: VideoFrame) -> Clip:
    all_edits = edits_of(path, container, stream)
    edits = () if is_plain(all_edits) else played(all_edits)
    time_base = Fraction(stream.time_base or 1)
    header = read_stream_header(stream)
    width, height = shown_size(frame, header.cropping)
    return Clip(
        path=path,
        video_index=stream.index,
        width=width,
        height=height,
        rotation=_clockwise(frame.rotation),
        sample_aspect=stream.sample_aspect_ratio or Fraction(1),
        frame_rate=_frame_rate(stream),
        time_base=time_base,
        pixel_format=frame.format.name,
        bit_depth=min(frame.format.components[0].bits, MOST_BITS),
        colour=_colour(stream.codec_context, frame, header.chroma_location),
        interlaced=frame.interlaced_frame,
        duration=(edits[-1].end - edits[0].start) * time_base if edits else _duration(container, stream),
        frames=None if edits else stream.frames or None,
        streams=tuple(_stream(stream) for stream in container.streams),
        metadata=read_static_metadata(frame),
        mirrored=_mirrored(frame),
        coded_aspect=stream.codec_context.sample_aspect_ratio,
        origin_pts=_origin_pts(container, stream),
        edits=edits,
        end_pts=_end_pts(container, stream, all_edits),
        projection=read_projection(frame),
        cropping=header.cropping,
    )


def _end_pts(container: InputContainer, stream: VideoStream, edits: tuple[Edit, ...]) -> int:
    """Return where mp4 and mov say that the pictures end: in the edit list, but by the track where both agree."""
    if not is_mov(container) or not stream.duration:
        return 0
    end = stream.duration + (stream.start_time or 0)
    by_edit = played(edits)[-1].end if played(edits) else end
    return by_edit if edits and abs(by_edit - end) > edits[-1].slack else end


def _origin_pts(container: InputContainer, stream: VideoStream) -> int:
    """Return 0 for a clock that begins near zero, else the earliest time of all, so that players need not wait."""
    time_base = Fraction(stream.time_base or 1)
    earliest = min(Fraction(container.start_time or 0, MICROSECONDS), (stream.start_time or 0) * time_base)
    usual = (stream.start_time or 0) >= 0 and earliest <= LATEST_ORIGIN_SECONDS
    return 0 if usual else floor(earliest / time_base)


def _clockwise(counterclockwise: int) -> int:
    return round(-counterclockwise / 90) % 4 * 90


def _mirrored(frame: VideoFrame) -> bool:
    """Return whether the display matrix (ISO/IEC 14496-12, 6.2.2: rows a b u, c d v, x y w) flips the picture."""
    matrix = side_data_of(frame).get("DISPLAYMATRIX")
    a, b, _, c, d = unpack("=5i", matrix[:20]) if matrix else (1, 0, 0, 0, 1)
    return a * d - b * c < 0


def _frame_rate(stream: VideoStream) -> Fraction:
    average = Fraction(stream.average_rate or 0)
    rates = [Fraction(rate or 0) for rate in (stream.guessed_rate, stream.base_rate, stream.average_rate)]
    highest = max(Fraction(HIGHEST_USUAL_RATE), 2 * average)
    return next((rate for rate in rates if 0 < rate <= highest), FALLBACK_RATE)


def _duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if states_no_times(container):
        return None
    ticks = Fraction(stream.time_base or 1)
    whole = stream.duration * ticks if stream.duration else Fraction(container.duration or 0, MICROSECONDS)
    if container.format.name in COUNT_FROM_ZERO:
        whole -= max(0, stream.start_time or 0) * ticks
    return whole if whole > 0 else None


def _stream(stream: Any) -> Stream:
    context = getattr(stream, "codec_context", None)
    return Stream(stream.index, str(stream.type), context.name if context else "unknown", _language(stream))


def _language(stream: Any) -> str | None:
    language = stream.metadata.get("language")
    return None if language in (None, "", "und") else language


def _colour(context: Any, frame: VideoFrame, chroma_location: str | None) -> Colour:
    """Return the colour that the stream states, completed by what its first picture states."""
    return Colour(
        matrix=_first_stated(context.colorspace, frame.colorspace),
        primaries=_first_stated(context.color_primaries, frame.color_primaries),
        transfer=_first_stated(context.color_trc, frame.color_trc),
        full_range=_full_range(int(context.color_range) or int(frame.color_range), frame),
        chroma_location=chroma_location,
    )


def _first_stated(*numbers: int) -> int:
    """Return the first number that is a real value of H.273, else UNSPECIFIED."""
    return next((int(number) for number in numbers if number not in (UNSPECIFIED, RESERVED)), UNSPECIFIED)


def _full_range(number: int, frame: VideoFrame) -> bool | None:
    if frame.format.name.startswith("yuvj"):
        return True
    return {1: False, 2: True}.get(number)
