"""What a frame of a video holds beside its picture: display matrix, colour metadata, closed captions, EXIF and others."""

from typing import Any

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame


def side_data_of(frame: VideoFrame) -> dict[str, bytes]:
    """Return the content of a frame's side data by kind, in the names of ffmpeg's AV_FRAME_DATA constants.

    A kind that PyAV has no name for, as EXIF, is called by its number.
    """
    kinds: Any = frame.side_data
    return {data.type.name: bytes(data) for data in kinds}


def _unnamed(cls: type[Type], number: object) -> Type:
    """Return a member of PyAV's kinds for a number that it does not list; without one, reading the frame raises ValueError."""
    member: Any = object.__new__(cls)
    member._name_, member._value_ = str(number), number
    return cls._value2member_map_.setdefault(number, member)  # type: ignore[return-value]


# PyAV 18 lists fewer kinds than its ffmpeg has. Then no side data of such a frame can be had, the known ones neither.
Type._missing_ = classmethod(_unnamed)  # type: ignore[assignment]
