"""The settings of `vidstyle distil`: how the teacher paints, and how the student learns."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle.render.settings import RenderSettings
from vidstyle.run_folder import student_name
from vidstyle.settings import LARGEST_SIDE, Settings, setting, setting_like
from vidstyle.train.method_defaults import METHODS, by_method
from vidstyle.train.settings import TrainSettings

METHOD = "distil"
OF_TEACHER = ("size", "finish", "calm", "upscaler", "flicker", "device")
"""Settings that a render of the teacher takes over."""
OF_STUDENT = (
    *("name", "steps", "batch", "crop", "load", "flip", "holdout", "channels", "blocks", "lr", "ema", "init"),
    *("lambda_structure", "lambda_steady", "lambda_content", "lambda_style", "vgg16", "seed", "precision", "device"),
    *("lambda_texture", "discriminator_channels", "augment"),
    *("sample_every", "save_every", "log_every", "tensorboard"),
)
"""Settings that the training takes over."""


def _as_trained(name: str) -> Any:
    """Declare a setting of the training, with the default that the method has."""
    defaults = METHODS[METHOD].defaults
    if name not in defaults:
        return setting_like(TrainSettings, name, getattr(TrainSettings, name))
    return setting_like(TrainSettings, name, defaults[name], without=by_method(name))


@dataclass(frozen=True)
class DistilSettings(Settings):
    """Settings of `vidstyle distil`."""

    name: str = setting("", "name of the student, its folder under runs/ (default: the style's name and -fast)")
    photos: str = setting("", "folder of photos that the teacher paints (default: trainA or train_A in the dataset)")
    video: tuple[str, ...] = setting((), "film whose frames the teacher paints too, may be given several times")
    paintings: tuple[str, ...] = setting_like(
        TrainSettings,
        "paintings",
        (),
        "folder of cartoon frames whose texture the student learns in the last third of its steps, may be given several times",
    )
    frames: int = setting(400, "frames taken of the films, evenly spread over them", minimum=1)
    clean: float = setting(
        3.0,
        "strength with which non-local means clean what the teacher painted, 0 is not at all",
        minimum=0,
        maximum=30,
    )
    size: int | str | None = setting_like(
        RenderSettings,
        "size",
        None,
        "short side that the teacher paints at, pixels; source: full size (default: its own)",
    )
    finish: str = setting_like(RenderSettings, "finish", "auto")
    calm: float | None = setting_like(RenderSettings, "calm", None)
    upscaler: str = setting_like(RenderSettings, "upscaler", "auto")
    flicker: str = setting_like(
        RenderSettings,
        "flicker",
        "auto",
        "how what the teacher paints of films is steadied, as in `vidstyle render`",
    )
    load: int = setting(
        360,
        "short side at which the teacher gets its pictures and the student learns them, pixels",
        minimum=32,
        cap=LARGEST_SIDE,
    )
    steps: int = _as_trained("steps")
    batch: int = _as_trained("batch")
    crop: int = _as_trained("crop")
    flip: bool = _as_trained("flip")
    holdout: float = _as_trained("holdout")
    channels: int = _as_trained("channels")
    blocks: int = _as_trained("blocks")
    lr: float = _as_trained("lr")
    ema: float = _as_trained("ema")
    lambda_structure: float = _as_trained("lambda_structure")
    lambda_steady: float = _as_trained("lambda_steady")
    lambda_content: float = _as_trained("lambda_content")
    lambda_style: float = _as_trained("lambda_style")
    lambda_texture: float = _as_trained("lambda_texture")
    discriminator_channels: int = _as_trained("discriminator_channels")
    augment: str = _as_trained("augment")
    vgg16: str = _as_trained("vgg16")
    init: str = _as_trained("init")
    seed: int = _as_trained("seed")
    precision: str = _as_trained("precision")
    device: str = _as_trained("device")
    int8: bool = setting(True, "keep the student in 8-bit integers too, where the extra openvino is installed")
    restart: bool = _as_trained("restart")
    sample_every: int = _as_trained("sample_every")
    save_every: int = _as_trained("save_every")
    log_every: int = _as_trained("log_every")
    tensorboard: bool = _as_trained("tensorboard")
    dry_run: bool = setting(False, "say what would be painted and learnt and stop")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.of_teacher("default")
        self.of_student("default", Path())

    def of_teacher(self, style: str) -> RenderSettings:
        """Return how the teacher `style` paints; raises SettingsError where its settings do not go together."""
        return RenderSettings(style=style, batch=1, **{name: getattr(self, name) for name in OF_TEACHER})

    def of_student(self, style: str, targets: Path) -> TrainSettings:
        """Return how the student of `style` learns from the pairs in `targets`; raises SettingsError."""
        own = {name: getattr(self, name) for name in OF_STUDENT}
        own |= {"name": self.name or student_name(style), "steps_decay": self.steps // 2}
        own["cartoon_frames"] = self.paintings
        sides = {"photos": os.fspath(targets / "photos"), "paintings": (os.fspath(targets / "paintings"),)}
        return TrainSettings(method=METHOD, **{**own, **sides})
