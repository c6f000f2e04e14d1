"""How pictures are meant to be seen: around the viewer (360 degrees), or by two eyes (stereo).

Read from decoded frames, and written as boxes of mp4 and mov. Sources: Google's Spherical Video V2 RFC, and FFmpeg's
structures AVSphericalMapping and AVStereo3D.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from struct import error as StructError
from struct import pack, unpack_from

from av.video.frame import VideoFrame

from vidstyle.media.muxing.boxes import ANY_KIND, Way, add_boxes, box, full_box
from vidstyle.media.muxing.side_data import side_data_of

SPHERICAL_LAYOUT, STEREO_LAYOUT = "=4i5I", "=2i"
"""Of a sphere: projection, yaw, pitch, roll, left, top, right, bottom and padding. Of stereo: kind, and 1 for inverted."""
EQUIRECTANGULAR, CUBE_MAP, EQUIRECTANGULAR_TILE = 0, 1, 2
SPHERES = ("equirectangular", "cube map", "equirectangular tile", "half equirectangular", "rectilinear", "fisheye")
STEREO_MODES = {
    1: ("left_right", "right_left"),
    2: ("top_bottom", "bottom_top"),
    3: ("block_lr", "block_rl"),
    4: ("checkerboard_lr", "checkerboard_rl"),
    6: ("row_interleaved_lr", "row_interleaved_rl"),
    7: ("col_interleaved_lr", "col_interleaved_rl"),
}
"""Matroska's names for each kind of stereo, as it is and inverted."""
WEBM_STEREO_MODES = ("left_right", "right_left", "top_bottom", "bottom_top")
MP4_STEREO_MODES = {"top_bottom": 1, "left_right": 2}
VIDEO_SAMPLES: Way = (
    *((kind, 0) for kind in (b"trak", b"mdia", b"minf", b"stbl", b"stsd")),
    (ANY_KIND, 0),
)
"""The way to the description of the samples of the first track."""


@dataclass(frozen=True)
class Projection:
    """The numbers of the sphere, in the order of SPHERICAL_LAYOUT, () for none; and Matroska's stereo mode, "" for none."""

    sphere: tuple[int, ...] = ()
    stereo_mode: str = ""

    def __bool__(self) -> bool:
        return bool(self.sphere or self.stereo_mode)

    def stereo_tags(self, container: str) -> dict[str, str]:
        """Return the tag of a video track with which Matroska and WebM say the stereo mode."""
        held = container == "mkv" or (container == "webm" and self.stereo_mode in WEBM_STEREO_MODES)
        return {"stereo_mode": self.stereo_mode} if held and self.stereo_mode else {}

    def lost_in(self, other: "Projection") -> list[str]:
        """Return in words what this has and `other` has not."""
        sphere = SPHERES[self.sphere[0]] if self.sphere and self.sphere[0] < len(SPHERES) else "unknown"
        words = [(self.sphere != other.sphere, f"spherical mapping ({sphere})")]
        words.append((self.stereo_mode != other.stereo_mode, f"stereo 3D ({self.stereo_mode})"))
        return [word for is_lost, word in words if is_lost]


NO_PROJECTION = Projection()


def read_projection(frame: VideoFrame) -> Projection:
    """Return the projection in the side data of a decoded frame."""
    content = side_data_of(frame)
    sphere, stereo = content.get("SPHERICAL"), content.get("STEREO3D")
    kind, inverted = unpack_from(STEREO_LAYOUT, stereo) if stereo else (0, 0)
    mode = STEREO_MODES[kind][inverted & 1] if kind in STEREO_MODES else ""
    return Projection(unpack_from(SPHERICAL_LAYOUT, sphere) if sphere else (), mode)


def mark_projection(path: Path, projection: Projection) -> None:
    """Write what can be written of a projection into an mp4 or mov file of pictures; others stay as they are.

    Raises OSError.
    """
    boxes = _stereo_box(projection) + _spherical_box(projection)
    if boxes:
        with suppress(LookupError, ValueError, StructError):
            add_boxes(path, [(VIDEO_SAMPLES, boxes)])


def _stereo_box(projection: Projection) -> bytes:
    mode = MP4_STEREO_MODES.get(projection.stereo_mode)
    return b"" if mode is None else full_box(b"st3d", bytes([mode]))


def _spherical_box(projection: Projection) -> bytes:
    if not projection.sphere:
        return b""
    kind, yaw, pitch, roll, left, top, right, bottom, padding = projection.sphere
    if kind in (EQUIRECTANGULAR, EQUIRECTANGULAR_TILE):
        surface = full_box(b"equi", pack(">4I", top, bottom, left, right))
    elif kind == CUBE_MAP:
        surface = full_box(b"cbmp", pack(">2I", 0, padding))
    else:
        return b""
    pose = full_box(b"prhd", pack(">3i", yaw, pitch, roll))
    return box(b"sv3d", full_box(b"svhd", b"\0"), box(b"proj", pose, surface))
