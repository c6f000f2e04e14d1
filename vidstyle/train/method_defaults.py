"""The table of training methods: the settings that each has with their defaults, its generator, and what its run leaves.

The command line reads it for its help, so it imports no torch. The classes that train are in methods/registry.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Method:
    """One row: the kind of the method's generator, and the method's settings with their defaults.

    `generator` is None where a run leaves nothing that could paint. A run `leaves` a `style`, `pictures` that it optimised
    directly, or a `look` with which pictures are varied. `counterparts` tells what the method learns from beside each image:
    `drawn`, a flattened copy of each photo and an edge-smoothed copy of each cartoon frame (data/counterparts.py), where a
    term for clean pictures has a weight; or `paintings`, for each photo the painting of the same name. With these, its
    cartoon frames are `cartoon_frames`.
    """

    generator: str | None
    defaults: Mapping[str, Any]
    leaves: str = "style"
    counterparts: str = ""


_FITTED = {
    "photos": "",
    "epochs": 200,
    "epochs_decay": 200,
    "steps": None,
    "steps_decay": 0,
    "batch": 1,
    "crop": 256,
    "load": 286,
    "flip": True,
    "holdout": 0.05,
    "vgg16": "",
    "channels": 64,
    "blocks": 9,
    "lr": 2e-4,
    "gradient_clip": 0.0,
    "ema": 0.999,
    "init": "",
}
_ADVERSARIAL = _FITTED | {"discriminator_channels": 64, "gan_mode": "lsgan", "augment": "none", "balance_shots": False}
_CLEAN_PICTURES = {
    "lambda_texture": 1.0,
    "lambda_surface": 0.1,
    "lambda_structure": 1.0,
    "lambda_plain": 8.0,
    "lambda_colour": 10.0,
    "palette": 0.7,
}
_CONTRASTIVE = _ADVERSARIAL | {
    "attention": "off",
    "residual": True,
    "weighting": "none",
    "distance_base": 0.8,
    "patches": 256,
    "lambda_nce": 1.0,
    "identity": True,
    "flip_equivariance": False,
    "lambda_r1": 0.0,
    **dict.fromkeys(_CLEAN_PICTURES, 0.0),
}
_CARTOON = {
    name: value for name, value in _ADVERSARIAL.items() if name not in ("epochs", "epochs_decay", "gan_mode")
} | {
    "channels": 32,
    "blocks": 3,
    "discriminator_channels": 32,
    "steps": 3000,
    "batch": 2,
    "crop": 160,
    "load": 288,
    "lr": 3e-4,
    "gradient_clip": 1.0,
    "ema": 0.998,
    "init": "auto",
    **_CLEAN_PICTURES,
}
_DISTIL = {name: value for name, value in _FITTED.items() if name not in ("epochs", "epochs_decay")} | {
    "channels": 32,
    "blocks": 3,
    "steps": 6000,
    "steps_decay": 0,
    "batch": 4,
    "crop": 160,
    "load": 360,
    "lr": 1e-3,
    "gradient_clip": 1.0,
    "ema": 0.998,
    "init": "auto",
    "lambda_structure": 1.0,
    "lambda_steady": 1.0,
    "lambda_content": 0.0,
    "lambda_style": 0.0,
    "cartoon_frames": (),
    "lambda_texture": 0.1,
    "discriminator_channels": 32,
    "augment": "none",
}
_SINGLE_IMAGE = {"style_image": "central", "vgg16": "", "lambda_content": 1.0}

METHODS = {
    "cut++": Method(
        "resnet",
        _CONTRASTIVE | {"attention": "on", "weighting": "per-negative", "gradient_clip": 1.0},
        counterparts="drawn",
    ),
    "cut": Method("resnet", _CONTRASTIVE, counterparts="drawn"),
    "fastcut": Method(
        "resnet",
        _CONTRASTIVE
        | {"lambda_nce": 10.0, "identity": False, "flip_equivariance": True, "epochs": 150, "epochs_decay": 50},
        counterparts="drawn",
    ),
    "cut-stylegan": Method(
        "stylegan2",
        _CONTRASTIVE | {"channels": 128, "blocks": 6, "lr": 2e-3, "gan_mode": "vanilla", "lambda_r1": 1.0},
        counterparts="drawn",
    ),
    "cyclegan": Method(
        "resnet",
        _ADVERSARIAL | {"epochs": 100, "epochs_decay": 100, "lambda_cycle": 10.0, "lambda_identity": 0.5, "pool": 50},
    ),
    "cartoon": Method("compact", _CARTOON, counterparts="drawn"),
    "distil": Method("compact", _DISTIL, counterparts="paintings"),
    "rt": Method(
        "transformer",
        _FITTED
        | _SINGLE_IMAGE
        | {"epochs": 25, "epochs_decay": 0, "batch": 4, "channels": 32, "blocks": 5, "lr": 1e-3}
        | {"lambda_style": 2e3, "lambda_variation": 1.0},
    ),
    "cmd": Method(
        None,
        _SINGLE_IMAGE | {"photos": "", "steps": 500, "load": 256, "lr": 0.05, "lambda_moments": 100.0},
        leaves="pictures",
    ),
    "inst": Method(
        None,
        {"style_image": "central", "vgg16": "", "base": "", "image_encoder": "", "gradient_checkpointing": False}
        | {"steps": 6100, "steps_decay": 0, "batch": 1, "crop": 512, "load": 512, "flip": True}
        | {"lr": 1e-4, "gradient_clip": 0.0},
        leaves="look",
    ),
}
"""The systems of the paper's Table I, FastCUT, `cartoon` and `distil`. A method refuses a setting that its row does not have."""

CROP_MULTIPLES = {"compact": 16, "resnet": 4, "transformer": 4}
"""What the side of crops must be a multiple of, for kinds of generators that halve the picture and double it again."""

LEAST_BLOCKS = {"compact": 1}
"""The fewest residual blocks of kinds of generators that can do with fewer than 5, where the last features of CUT lie."""

METHOD_SETTINGS = frozenset(name for method in METHODS.values() for name in method.defaults)
"""Settings that depend on the method: it decides their default, or whether they exist."""


def by_method(name: str) -> str:
    """Return, for the help of a setting, its usual default, those of other methods, and which methods have it at all."""
    defaults = {method: _as_text(row.defaults[name]) for method, row in METHODS.items() if name in row.defaults}
    usual = Counter(defaults.values()).most_common(1)[0][0]
    parts = [usual] if usual else []
    for value in dict.fromkeys(defaults.values()):
        if value not in ("", usual):
            parts.append(f"{value} with {', '.join(method for method in defaults if defaults[method] == value)}")
    default = f" (default: {'; '.join(parts)})" if parts else ""
    return default + _which_methods(list(defaults))


def _which_methods(having: Sequence[str]) -> str:
    """Return, in brackets, which methods have a setting; nothing where all have it."""
    lacking = [method for method in METHODS if method not in having]
    if not lacking:
        return ""
    if len(lacking) < len(having):
        return f" (not with {', '.join(lacking)})"
    return f" (only with {', '.join(having)})"


def _as_text(value: Any) -> str:
    """Return a default as help shows it; nothing where there is none."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value in (None, ()) else str(value)
