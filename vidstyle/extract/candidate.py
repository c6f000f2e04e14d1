"""One frame that might become a training image, and what is known of it."""

from dataclasses import dataclass
from typing import Any

from vidstyle.analysis.near_duplicates import Signature
from vidstyle.analysis.sharpness import Edges


@dataclass
class Candidate:
    """The frame chosen from a window: when it is shown, its scores in [0, 1], and what became of it.

    `strength` is that of its edges, in grey levels a pixel. `copies` counts the frames of its drawing that were averaged
    into it. `reason` says why it was dropped and is empty while it is kept. `deblurred` names the method that sharpened it;
    `deblurring` holds what was measured where that was tried. `signature` is missing only where `reason` is given at once.
    """

    source: str
    name: str
    seconds: float
    frame: int
    pts: int
    window: int
    shot: int
    sharpness: float
    brightness: float
    spread: float
    strength: float = 1.0
    copies: int = 1
    signature: Signature | None = None
    reason: str = ""
    similarity: float = 0.0
    similar_to: str = ""
    deblurred: str = "none"
    deblurring: dict[str, Any] | None = None
    sharpness_written: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the frame has not been dropped."""
        return not self.reason

    @property
    def shot_of_source(self) -> tuple[str, int]:
        """The source and the number of the shot in it, which together tell the shot from all others."""
        return self.source, self.shot

    @property
    def clarity(self) -> float:
        """How sharply and how strongly it is drawn: to compare frames of one shot by."""
        return Edges(self.sharpness, self.strength).clarity

    def require_signature(self) -> Signature:
        """Return the signature, which a kept candidate has."""
        assert self.signature is not None, "a kept candidate has a signature"
        return self.signature

    def record(self) -> dict[str, Any]:
        """Return the candidate as JSON-ready values for the manifest."""
        hidden = ("signature", "source")
        values = {key: value for key, value in vars(self).items() if key not in hidden}
        rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}
        return {**rounded, "kept": self.kept}


def frame_name(source: str, seconds: float, frame: int, suffix: str) -> str:
    """Return `<source>_<HHMMSSmmm>_<frame>.<suffix>`."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{source}_{minutes // 60:02d}{minutes % 60:02d}{rest:05d}_{frame:06d}.{suffix}"
