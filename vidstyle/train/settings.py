"""Settings of the train stage."""

from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import SettingsError
from vidstyle.settings import Settings, setting

METHODS: dict[str, dict[str, object]] = {
    "cut++": {"attention": "on", "weighting": "per-negative"},
    "cut": {"attention": "off", "weighting": "none"},
}
"""What each method sets where the user did not: CUT is CUT++ with attention off and no weights."""

EXTENDABLE = ("epochs", "epochs_decay", "steps", "steps_decay", "sample_every", "save_every", "log_every", "device")
"""Settings that may change when a run is taken up again; `device` since a run may move, at the price of bit-exactness."""


@dataclass(frozen=True)
class TrainSettings(Settings):
    """Settings of `vidstyle train`; defaults are those of the paper and of the CUT code that it inherits from."""

    method: str = setting("cut++", "which system to fit", choices=tuple(METHODS))
    name: str = setting("", "name of the run, its folder under runs/ (default: the method)")
    photos: str = setting("", "folder of photos (default: trainA or train_A in the dataset)")
    paintings: str = setting("", "folder of cartoon frames (default: trainB or train_B in the dataset)")
    epochs: int = setting(200, "epochs at the full learning rate", minimum=0)
    epochs_decay: int = setting(200, "epochs over which the learning rate then falls to zero", minimum=0)
    steps: int | None = setting(None, "train this many steps instead of counting epochs", minimum=1)
    steps_decay: int = setting(0, "with --steps: the last so many decay the learning rate to zero", minimum=0)
    batch: int = setting(1, "image pairs a step", minimum=1)
    crop: int = setting(256, "side of the training crops, pixels", minimum=32)
    load: int = setting(286, "short side to which images are scaled before cropping, pixels", minimum=32)
    flip: bool = setting(True, "mirror half of the crops")
    channels: int = setting(64, "width of the generator (ngf)", minimum=1)
    discriminator_channels: int = setting(64, "width of the discriminator (ndf)", minimum=1)
    blocks: int = setting(9, "residual blocks of the generator", minimum=5)
    lr: float = setting(2e-4, "learning rate of Adam", minimum=0.0)
    gan_mode: str = setting("lsgan", "adversarial loss: least squares or cross entropy", choices=("lsgan", "vanilla"))
    attention: str = setting(
        "auto", "attention over the sampled patches (auto: as the method says)", choices=("auto", "on", "off")
    )
    residual: bool = setting(True, "add the patches to what attention gathers")
    weighting: str = setting(
        "auto",
        "how distance weights enter PatchNCE, paper eq. (9) (auto: as the method says)",
        choices=("auto", "none", "per-negative", "outside", "as-printed"),
    )
    distance_base: float = setting(
        1.25, "lambda of paper eq. (7), per crop side of distance", minimum=1e-3, maximum=1e3
    )
    patches: int = setting(256, "patches compared in each layer", minimum=2)
    lambda_nce: float = setting(1.0, "weight of PatchNCE against the adversarial loss", minimum=0.0)
    identity: bool = setting(True, "PatchNCE on the cartoon frames too (NCE_Y)")
    ema: float = setting(
        0.999, "decay of the running mean of the generator that becomes the style", minimum=0.0, maximum=0.99999
    )
    seed: int = setting(0, "seed of every random draw", minimum=0)
    precision: str = setting("auto", "number format of the networks", choices=("auto", "fp32", "bf16"))
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps")
    init: str = setting("", "style to start from instead of random weights")
    restart: bool = setting(False, "start anew over an existing run")
    sample_every: int = setting(1000, "steps between sample pictures", minimum=1)
    save_every: int = setting(500, "steps between checkpoints", minimum=1)
    log_every: int = setting(20, "steps between rows of log.csv", minimum=1)
    dry_run: bool = setting(False, "say what would be trained and stop")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "name", self.name or self.method)
        if self.name != Path(self.name).name or self.name in ("", ".", ".."):
            raise SettingsError(f"name {self.name!r} is no folder name. Give a name without slashes.")
        if self.crop > self.load:
            raise SettingsError(
                f"crop {self.crop} is larger than load {self.load}. Choose a crop of at most {self.load}."
            )
        if self.steps is None and self.epochs + self.epochs_decay == 0:
            raise SettingsError("There is nothing to train: epochs and epochs-decay are 0. Raise one or give --steps.")
        if self.steps is not None and self.steps_decay > self.steps:
            raise SettingsError(
                f"steps-decay {self.steps_decay} exceeds steps {self.steps}. Give at most {self.steps}."
            )

    def resolved(self, name: str) -> str:
        """Return `attention` or `weighting` with `auto` replaced by the method's own choice."""
        value = getattr(self, name)
        return str(METHODS[self.method][name] if value == "auto" else value)
