"""The settings of the train stage: one field for each option of `vidstyle train`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle.errors import SettingsError
from vidstyle.files import LONGEST_NAME_BYTES
from vidstyle.settings import LARGEST_SEED, LARGEST_SIDE, Settings, setting, shown
from vidstyle.train.method_defaults import CROP_MULTIPLES, LEAST_BLOCKS, METHOD_SETTINGS, METHODS, by_method

EXTENDABLE = (
    *("epochs", "epochs_decay", "steps", "steps_decay"),
    *("sample_every", "save_every", "log_every", "tensorboard", "device"),
)
"""Settings that may change when a run is resumed. Another `device` is allowed too, though it costs bit-exactness."""

STYLE_IMAGES = ("central", "random")
"""Ways to choose the style image; any other value names a file."""

MOST_CHANNELS, MOST_BLOCKS = 4096, 256
"""Larger networks fit into no memory."""
CARTOON_WEIGHTS = ("lambda_texture", "lambda_surface", "lambda_structure", "lambda_plain", "lambda_colour")
"""The weights of the terms for clean pictures: all of the method `cartoon`, and what contrastive methods may add."""
DISTIL_WEIGHTS = ("lambda_structure", "lambda_content", "lambda_style")
"""The weights of what the method `distil` learns of its teacher."""

AUGMENTATIONS = ("colour", "translation", "cutout")
"""Kinds of random changes to what discriminators see."""


def _method_setting(name: str, help: str, **limits: Any) -> Any:
    """Declare a setting whose default is the method's; it is None with a method that has no such setting."""
    return setting(None, help + by_method(name), **limits)


@dataclass(frozen=True)
class TrainSettings(Settings):
    """Settings of `vidstyle train`. Defaults that no method decides follow the paper and the CUT code that it builds on."""

    method: str = setting("cut++", "which system to fit", choices=tuple(METHODS))
    name: str = setting("", "name of the run, its folder under runs/ (default: the method)")
    photos: str = _method_setting("photos", "folder of photos (default: trainA or train_A in the dataset)")
    paintings: tuple[str, ...] = setting(
        (), "folder of cartoon frames, may be given several times (default: trainB or train_B in the dataset)"
    )
    cartoon_frames: tuple[str, ...] = _method_setting(
        "cartoon_frames",
        "folder of cartoon frames whose texture the last third of the steps learns, beside pairs; may be given several times",
    )
    epochs: int = _method_setting("epochs", "epochs at the full learning rate", minimum=0)
    epochs_decay: int = _method_setting(
        "epochs_decay", "epochs over which the learning rate then falls to zero", minimum=0
    )
    steps: int | None = _method_setting(
        "steps", "train this many steps instead of counting epochs; with cmd: steps for each photo", minimum=1
    )
    steps_decay: int = _method_setting(
        "steps_decay", "with --steps: the last so many decay the learning rate to zero", minimum=0
    )
    batch: int = _method_setting("batch", "image pairs a step", minimum=1)
    crop: int = _method_setting("crop", "side of the training crops, pixels", minimum=32, cap=LARGEST_SIDE)
    load: int = _method_setting(
        "load", "short side to which images are scaled before cropping, pixels", minimum=32, cap=LARGEST_SIDE
    )
    flip: bool = _method_setting("flip", "mirror half of the crops")
    balance_shots: bool = _method_setting(
        "balance_shots", "draw cartoon frames equally often from every shot that `vidstyle extract` found"
    )
    holdout: float = _method_setting(
        "holdout",
        "share of the photos, 50 at most, that is not learnt from but painted to score the style; none where it is fewer than 4",
        minimum=0.0,
        maximum=0.5,
    )
    channels: int = _method_setting("channels", "width of the generator (ngf)", minimum=1, cap=MOST_CHANNELS)
    discriminator_channels: int = _method_setting(
        "discriminator_channels", "width of the discriminator (ndf)", minimum=1, cap=MOST_CHANNELS
    )
    blocks: int = _method_setting("blocks", "residual blocks of the generator", minimum=1, cap=MOST_BLOCKS)
    lr: float = _method_setting("lr", "learning rate of Adam", minimum=0.0)
    gan_mode: str = _method_setting(
        "gan_mode", "adversarial loss: least squares or cross entropy", choices=("lsgan", "vanilla")
    )
    attention: str = _method_setting("attention", "attention over the sampled patches", choices=("auto", "on", "off"))
    residual: bool = _method_setting("residual", "add the patches to what attention gathers")
    weighting: str = _method_setting(
        "weighting",
        "how distance weights enter PatchNCE, paper eq. (9)",
        choices=("auto", "none", "per-negative", "outside", "as-printed"),
    )
    distance_base: float = _method_setting(
        "distance_base", "lambda of paper eq. (7), per crop side of distance", minimum=1e-3, maximum=1e3
    )
    patches: int = _method_setting("patches", "patches compared in each layer", minimum=2, cap=1 << 20)
    lambda_nce: float = _method_setting("lambda_nce", "weight of PatchNCE against the adversarial loss", minimum=0.0)
    identity: bool = _method_setting("identity", "PatchNCE on the cartoon frames too (NCE_Y)")
    flip_equivariance: bool = _method_setting(
        "flip_equivariance", "paint half of the batches mirrored and compare them with the photos as they were"
    )
    lambda_r1: float = _method_setting(
        "lambda_r1", "weight of the R1 penalty, which holds a discriminator that runs away", minimum=0.0
    )
    augment: str = _method_setting(
        "augment",
        "what is changed at random in all that discriminators see, against few cartoon frames: colour, translation and "
        "cutout, with commas between, or none",
    )
    gradient_clip: float = _method_setting(
        "gradient_clip", "largest length of the gradient of each network, 0 for any", minimum=0.0
    )
    lambda_cycle: float = _method_setting("lambda_cycle", "weight of the cycle consistency", minimum=0.0)
    lambda_identity: float = _method_setting(
        "lambda_identity", "weight of the identity loss, as a share of the cycle's", minimum=0.0
    )
    pool: int = _method_setting("pool", "painted images kept for the discriminators", minimum=0)
    lambda_texture: float = _method_setting(
        "lambda_texture", "weight of the discriminator that sees texture in grey; 0 drops it", minimum=0.0
    )
    lambda_surface: float = _method_setting(
        "lambda_surface", "weight of the discriminator that sees smoothed colour; 0 drops it", minimum=0.0
    )
    lambda_structure: float = _method_setting(
        "lambda_structure",
        "weight of the likeness in pixels and gradients, to the flattened photo or the teacher's painting",
        minimum=0.0,
    )
    lambda_steady: float = _method_setting(
        "lambda_steady", "weight of painting a slightly bent and noisy photo as the bent painting", minimum=0.0
    )
    lambda_plain: float = _method_setting(
        "lambda_plain", "weight of what is drawn into plain areas of the photo", minimum=0.0
    )
    lambda_colour: float = _method_setting(
        "lambda_colour", "weight of the likeness of mean colours to the flattened photo's", minimum=0.0
    )
    palette: float = _method_setting(
        "palette",
        "how far the lightness and the chroma of paintings move towards the cartoon's: 0 not at all, 1 until they agree",
        minimum=0.0,
        maximum=1.0,
    )
    style_image: str = _method_setting(
        "style_image",
        "the one cartoon frame to learn from: a file, `central` by its features (also `auto`), or `random`",
    )
    base: str = _method_setting(
        "base", "Stable Diffusion 1.x: a folder in the layout of diffusers, or an id of the hub"
    )
    image_encoder: str = _method_setting(
        "image_encoder",
        "CLIP's image encoder, in the same way (default: the base's own, else openai/clip-vit-large-patch14)",
    )
    gradient_checkpointing: bool = _method_setting(
        "gradient_checkpointing", "compute the base's feature maps twice instead of keeping them: slower, less memory"
    )
    vgg16: str = _method_setting(
        "vgg16", "file of VGG16's weights (default: what `vidstyle weights` shows, else torchvision's, fetched once)"
    )
    lambda_content: float = _method_setting(
        "lambda_content", "weight of the likeness to the photo's features", minimum=0.0
    )
    lambda_style: float = _method_setting("lambda_style", "weight of the likeness of Gram matrices", minimum=0.0)
    lambda_variation: float = _method_setting("lambda_variation", "weight of the total variation", minimum=0.0)
    lambda_moments: float = _method_setting("lambda_moments", "weight of the likeness of feature moments", minimum=0.0)
    ema: float = _method_setting(
        "ema", "decay of the running mean of the generator that becomes the style", minimum=0.0, maximum=0.99999
    )
    init: str = _method_setting(
        "init",
        "style to start from; `none`: random weights; `auto`: the teacher (with distil) or the style flat, where it fits",
    )
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
            object.__setattr__(self, name, self._value_or_default(name))
        if self.name != Path(self.name).name or self.name in ("", ".", ".."):
            raise SettingsError(f"name {self.name!r} is no folder name. Give a name without slashes.")
        if len(os.fsencode(self.name)) > LONGEST_NAME_BYTES:
            raise SettingsError(
                f"name {shown(self.name)} is longer than {LONGEST_NAME_BYTES} bytes. Give a shorter one."
            )
        if self.has("crop"):
            self._check_crop()
        if self.has("blocks"):
            self._check_blocks()
        self._check_steps()
        if self.has("lambda_structure"):
            self._check_weights()
        if self.has("base") and not self.base:
            raise SettingsError(
                f"The method {self.method} needs a Stable Diffusion 1.x. Give --base a folder in the layout of diffusers, or "
                "an id of the Hugging Face hub."
            )
        if self.has("augment") and (unknown := sorted({*self.augmentations} - {*AUGMENTATIONS})):
            raise SettingsError(
                f"augment cannot hold {', '.join(map(repr, unknown))}: it takes none, or some of {', '.join(AUGMENTATIONS)}."
            )

    def _check_crop(self) -> None:
        if self.crop > self.load:
            raise SettingsError(
                f"crop {self.crop} is larger than load {self.load}. Choose a crop of at most {self.load}."
            )
        multiple = CROP_MULTIPLES.get(METHODS[self.method].generator or "", 1)
        if self.crop % multiple:
            nearest = self.crop // multiple * multiple
            raise SettingsError(f"crop {self.crop} is no multiple of {multiple}. Choose {nearest}, for example.")

    def _check_weights(self) -> None:
        if any(getattr(self, name) for name in (CARTOON_WEIGHTS if self.has("lambda_plain") else DISTIL_WEIGHTS)):
            return
        if not self.has("lambda_nce"):
            raise SettingsError(
                f"There is nothing to learn: all weights of {self.method} are 0. Raise one, lambda-structure for example."
            )
        if self.palette:
            raise SettingsError(
                "palette moves flattened photos, from which nothing is learnt. Give a weight too, lambda-colour for example."
            )

    @property
    def counterparts(self) -> str:
        """What is learnt from beside each image, as the method's row names it; empty where no term needs it."""
        asked = METHODS[self.method].counterparts
        return "" if asked == "drawn" and not any(getattr(self, name) for name in CARTOON_WEIGHTS) else asked

    def _check_blocks(self) -> None:
        least = LEAST_BLOCKS.get(METHODS[self.method].generator or "", 5)
        if self.blocks < least:
            raise SettingsError(f"blocks cannot be {self.blocks!r}: it takes N, at least {least}.")

    def _check_steps(self) -> None:
        if self.steps is None and self.epochs + self.epochs_decay == 0:
            raise SettingsError("There is nothing to train: epochs and epochs-decay are 0. Raise one or give --steps.")
        if self.steps is not None and self.has("steps_decay") and self.steps_decay > self.steps:
            raise SettingsError(
                f"steps-decay {self.steps_decay} exceeds steps {self.steps}. Give at most {self.steps}."
            )

    @property
    def augmentations(self) -> tuple[str, ...]:
        """The kinds of random changes to what discriminators see."""
        return () if self.augment == "none" else tuple(part.strip() for part in self.augment.split(","))

    def has(self, name: str) -> bool:
        """Whether the method has the setting `name`."""
        return name not in METHOD_SETTINGS or name in METHODS[self.method].defaults

    @property
    def idle(self) -> set[str]:
        """The settings without effect on the run, given the values of the others."""
        names = {"restart", "dry_run"}
        names |= {"steps_decay"} if self.steps is None else {"epochs", "epochs_decay"}
        if self.weighting == "none":
            names.add("distance_base")
        if self.attention == "off":
            names.add("residual")
        if self.has("cartoon_frames") and not self.cartoon_frames:
            names |= {"lambda_texture", "discriminator_channels", "augment"}
        return names

    @property
    def leaves(self) -> str:
        """What a run ends with: a `style`, `pictures` or a `look`."""
        return METHODS[self.method].leaves

    def _value_or_default(self, name: str) -> Any:
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
