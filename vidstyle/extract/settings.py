"""Settings of the extract stage."""

import re
from dataclasses import dataclass

from vidstyle.errors import SettingsError
from vidstyle.settings import LARGEST_SIDE, MOST_SECONDS, Settings, setting

MASK = re.compile(r"\d+,\d+,[1-9]\d*,[1-9]\d*")


@dataclass(frozen=True)
class ExtractSettings(Settings):
    """Settings of `vidstyle extract`."""

    every: float = setting(
        1.0, "seconds of a window, of which the sharpest frame is taken", minimum=0.001, cap=MOST_SECONDS
    )
    count: int | None = setting(None, "keep this many new frames, taken from all shots in turn", minimum=1)
    size: int | None = setting(
        None, "short side to scale frames down to, pixels (default: the source's)", minimum=16, cap=LARGEST_SIDE
    )
    fuse: bool = setting(True, "average the frames that show one held drawing, against grain and compression noise")
    deblur: str = setting(
        "auto",
        "sharpen blurred frames: auto (deconvolve), a method, or a file of a network's weights; never for the worse",
        keywords=("auto", "none", "deconvolve", "realesrgan"),
    )
    max_similarity: float = setting(0.78, "frames more alike than this are near-duplicates", minimum=0.0, maximum=1.0)
    min_sharpness: float = setting(
        0.2, "frames softer than this after deblurring are dropped", minimum=0.0, maximum=1.0
    )
    crop_borders: bool = setting(True, "cut black borders off")
    mask: tuple[str, ...] = setting(
        (), "X,Y,WIDTH,HEIGHT in pixels of the picture, as of a station's logo: frames are cropped beside it"
    )
    deinterlace: str = setting(
        "auto",
        "undo interlacing and 3:2 pulldown: auto looks for combs",
        choices=("auto", "on", "off"),
    )
    start: float | None = setting(None, "begin at this many seconds of each source", minimum=0.0, cap=MOST_SECONDS)
    end: float | None = setting(None, "stop at this many seconds of each source", minimum=0.0, cap=MOST_SECONDS)
    format: str = setting("png", "image format", choices=("png", "jpg"))
    device: str = setting("auto", "where a deblurring network runs: auto, cpu, cuda, cuda:N or mps")
    overwrite: bool = setting(False, "start over: remove what an earlier run wrote in the folder")
    dry_run: bool = setting(False, "say what would be done and stop")

    def __post_init__(self) -> None:
        """Check each field, and that the range of time holds something."""
        super().__post_init__()
        if self.end is not None and self.end <= (self.start or 0.0):
            raise SettingsError(f"end ({self.end:g} s) must lie after start ({self.start or 0.0:g} s).")
        for text in self.mask:
            if not MASK.fullmatch(text):
                raise SettingsError(f"mask cannot be {text!r}: it takes X,Y,WIDTH,HEIGHT in whole pixels.")


NOT_ABOUT_FRAMES = ("overwrite", "dry_run", "device")
"""Settings that do not change which frames a source gives."""
