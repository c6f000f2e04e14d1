"""Settings of the train stage."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle.errors import SettingsError
from vidstyle.files import LONGEST_NAME_BYTES
from vidstyle.settings import LARGEST_SEED, LARGEST_SIDE, Settings, setting, shown
from vidstyle.train.method_defaults import CROP_MULTIPLES, METHOD_SETTINGS, METHODS, by_method

EXTENDABLE = (
    *("epochs", "epochs_decay", "steps", "steps_decay"),
    *("sample_every", "save_every", "log_every", "tensorboard", "device"),
)
"""Settings that may change when a run is taken up again; `device` since a run may move, at the price of bit-exactness."""

STYLE_IMAGES = ("central", "random")
"""Ways to choose the style image; any other text names a file."""

MOST_CHANNELS, MOST_BLOCKS = 4096, 256
"""Larger networks fit into no memory."""

AUGMENTATIONS = ("colour", "translation", "cutout")
"""Kinds of changes to what discriminators see."""


def _of_method(name: str, help: str, **limits: Any) -> Any:
    """Declare a field that is None until the method says what it is; with methods that have no such setting it stays so."""
    return setting(None, help + by_method(name), **limits)


@dataclass(frozen=True)
class TrainSettings(Settings):
    """Settings of `vidstyle train`; what the method leaves open is as in the paper and the CUT code it inherits from."""

    method: str = setting("cut++", "which system to fit", choices=tuple(METHODS))
    name: str = setting("", "name of the run, its folder under runs/ (default: the method)")
    photos: str = _of_method("photos", "folder of photos (default: trainA or train_A in the dataset)")
    paintings: tuple[str, ...] = setting(
        (), "folder of cartoon frames, may be given several times (default: trainB or train_B in the dataset)"
    )
    epochs: int = _of_method("epochs", "epochs at the full learning rate", minimum=0)
    epochs_decay: int = _of_method("epochs_decay", "epochs over which the learning rate then falls to zero", minimum=0)
    steps: int | None = _of_method(
        "steps", "train this many steps instead of counting epochs; with cmd: steps for each photo", minimum=1
    )
    steps_decay: int = _of_method(
        "steps_decay", "with --steps: the last so many decay the learning rate to zero", minimum=0
    )
    batch: int = _of_method("batch", "image pairs a step", minimum=1)
    crop: int = _of_method("crop", "side of the training crops, pixels", minimum=32, cap=LARGEST_SIDE)
    load: int = _of_method(
        "load", "short side to which images are scaled before cropping, pixels", minimum=32, cap=LARGEST_SIDE
    )
    flip: bool = _of_method("flip", "mirror half of the crops")
    balance_shots: bool = _of_method(
        "balance_shots", "draw cartoon frames equally often from every shot that `vidstyle extract` found"
    )
    holdout: float = _of_method(
        "holdout",
        "share of the photos, 50 at most, that is not learnt from but painted to score the style; none where it is fewer than 4",
        minimum=0.0,
        maximum=0.5,
    )
    channels: int = _of_method("channels", "width of the generator (ngf)", minimum=1, cap=MOST_CHANNELS)
    discriminator_channels: int = _of_method(
        "discriminator_channels", "width of the discriminator (ndf)", minimum=1, cap=MOST_CHANNELS
    )
    blocks: int = _of_method("blocks", "residual blocks of the generator", minimum=5, cap=MOST_BLOCKS)
    lr: float = _of_method("lr", "learning rate of Adam", minimum=0.0)
    gan_mode: str = _of_method(
        "gan_mode", "adversarial loss: least squares or cross entropy", choices=("lsgan", "vanilla")
    )
    attention: str = _of_method("attention", "attention over the sampled patches", choices=("auto", "on", "off"))
    residual: bool = _of_method("residual", "add the patches to what attention gathers")
    weighting: str = _of_method(
        "weighting",
        "how distance weights enter PatchNCE, paper eq. (9)",
        choices=("auto", "none", "per-negative", "outside", "as-printed"),
    )
    distance_base: float = _of_method(
        "distance_base", "lambda of paper eq. (7), per crop side of distance", minimum=1e-3, maximum=1e3
    )
    patches: int = _of_method("patches", "patches compared in each layer", minimum=2, cap=1 << 20)
    lambda_nce: float = _of_method("lambda_nce", "weight of PatchNCE against the adversarial loss", minimum=0.0)
    identity: bool = _of_method("identity", "PatchNCE on the cartoon frames too (NCE_Y)")
    flip_equivariance: bool = _of_method(
        "flip_equivariance", "paint half of the batches mirrored and compare them with the photos as they were"
    )
    lambda_r1: float = _of_method(
        "lambda_r1", "weight of the R1 penalty, which holds a discriminator that runs away", minimum=0.0
    )
    augment: str = _of_method(
        "augment",
        "what is changed at random in all that discriminators see, against few cartoon frames: colour, translation and "
        "cutout, with commas between, or none",
    )
    gradient_clip: float = _of_method(
        "gradient_clip", "largest length of the gradient of each network, 0 for any", minimum=0.0
    )
    lambda_cycle: float = _of_method("lambda_cycle", "weight of the cycle consistency", minimum=0.0)
    lambda_identity: float = _of_method(
        "lambda_identity", "weight of the identity loss, as a share of the cycle's", minimum=0.0
    )
    pool: int = _of_method("pool", "painted images kept for the discriminators", minimum=0)
    style_image: str = _of_method(
        "style_image",
        "the one cartoon frame to learn from: a file, `central` by its features (also `auto`), or `random`",
    )
    base: str = _of_method("base", "Stable Diffusion 1.x: a folder in the layout of diffusers, or an id of the hub")
    image_encoder: str = _of_method(
        "image_encoder",
        "CLIP's image encoder, in the same way (default: the base's own, else openai/clip-vit-large-patch14)",
    )
    gradient_checkpointing: bool = _of_method(
        "gradient_checkpointing", "compute the base's feature maps twice instead of keeping them: slower, less memory"
    )
    vgg16: str = _of_method(
        "vgg16", "file of VGG16's weights (default: what `vidstyle weights` shows, else torchvision's, fetched once)"
    )
    lambda_content: float = _of_method("lambda_content", "weight of the likeness to the photo's features", minimum=0.0)
    lambda_style: float = _of_method("lambda_style", "weight of the likeness of Gram matrices", minimum=0.0)
    lambda_variation: float = _of_method("lambda_variation", "weight of the total variation", minimum=0.0)
    lambda_moments: float = _of_method("lambda_moments", "weight of the likeness of feature moments", minimum=0.0)
    ema: float = _of_method(
        "ema", "decay of the running mean of the generator that becomes the style", minimum=0.0, maximum=0.99999
    )
    init: str = _of_method("init", "style to start from instead of random weights")
    seed: int = setting(0, "seed of every random draw", minimum=0, cap=LARGEST_SEED)
    precision: str = setting("auto", "number format of the networks", choices=("auto", "fp32", "bf16"))
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps")
    restart: bool = setting(False, "start anew over an existing run")
    sample_every: int = setting(1000, "steps between sample pictures and scores", minimum=1)
    save_every: int = setting(500, "steps between checkpoints", minimum=1)
    log_every: int = setting(20, "steps between rows of log.csv", minimum=1)
    tensorboard: bool = setting(False, "write logs for TensorBoard too")
    dry_run: bool = setting(False, "say what would be trained and stop")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "name", self.name or self.method)
        for name in sorted(METHOD_SETTINGS):
            object.__setattr__(self, name, self._resolved(name))
        if self.name != Path(self.name).name or self.name in ("", ".", ".."):
            raise SettingsError(f"name {self.name!r} is no folder name. Give a name without slashes.")
        if len(os.fsencode(self.name)) > LONGEST_NAME_BYTES:
            raise SettingsError(
                f"name {shown(self.name)} is longer than {LONGEST_NAME_BYTES} bytes. Give a shorter one."
            )
        if self.has("crop") and self.crop > self.load:
            raise SettingsError(
                f"crop {self.crop} is larger than load {self.load}. Choose a crop of at most {self.load}."
            )
        multiple = CROP_MULTIPLES.get(METHODS[self.method].generator or "", 1)
        if self.has("crop") and self.crop % multiple:
            nearest = self.crop // multiple * multiple
            raise SettingsError(f"crop {self.crop} is no multiple of {multiple}. Choose {nearest}, for example.")
        if self.steps is None and self.epochs + self.epochs_decay == 0:
            raise SettingsError("There is nothing to train: epochs and epochs-decay are 0. Raise one or give --steps.")
        if self.steps is not None and self.has("steps_decay") and self.steps_decay > self.steps:
            raise SettingsError(
                f"steps-decay {self.steps_decay} exceeds steps {self.steps}. Give at most {self.steps}."
            )
        if self.has("base") and not self.base:
            raise SettingsError(
                f"The method {self.method} needs a Stable Diffusion 1.x. Give --base a folder in the layout of diffusers, or "
                "an id of the Hugging Face hub."
            )
        if self.has("augment") and (unknown := sorted({*self.augmentations} - {*AUGMENTATIONS})):
            raise SettingsError(
                f"augment cannot hold {', '.join(map(repr, unknown))}: it takes none, or some of {', '.join(AUGMENTATIONS)}."
            )

    @property
    def augmentations(self) -> tuple[str, ...]:
        """The kinds of changes to what discriminators see."""
        return () if self.augment == "none" else tuple(part.strip() for part in self.augment.split(","))

    def has(self, name: str) -> bool:
        """Whether the method has the setting `name`."""
        return name not in METHOD_SETTINGS or name in METHODS[self.method].defaults

    @property
    def idle(self) -> set[str]:
        """The settings that have no part in the run, the others being what they are."""
        found = {"restart", "dry_run"} | ({"epochs", "epochs_decay"} if self.steps is not None else {"steps_decay"})
        found |= {"distance_base"} if self.weighting == "none" else set()
        return found | ({"residual"} if self.attention == "off" else set())

    @property
    def leaves(self) -> str:
        """What a run ends with: a `style`, `pictures` or a `look`."""
        return METHODS[self.method].leaves

    def _resolved(self, name: str) -> Any:
        """Return what was given, or the method's own default; raises SettingsError when the method has no such setting."""
        value = getattr(self, name)
        if value is None:
            return METHODS[self.method].defaults.get(name)
        if self.has(name):
            return METHODS[self.method].defaults[name] if value == "auto" else value
        others = [method for method, row in METHODS.items() if name in row.defaults]
        raise SettingsError(
            f"The method {self.method} has no setting {name.replace('_', '-')}; it belongs to {', '.join(others)}. "
            "Leave it out, or choose another --method."
        )

    def record(self) -> dict[str, Any]:
        """Return the settings that the method has as JSON-ready values, for the run folder."""
        return {name: value for name, value in super().record().items() if self.has(name)}
