"""The table of training methods: the settings that each has, their defaults, its generator, and what its run leaves."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Method:
    """One row: the kind of its generator, and its settings with their defaults.

    `generator` is None where nothing is left that could paint. A run `leaves` a `style`, `pictures` where these are
    optimised directly, or a `look` with which pictures are varied.
    """

    generator: str | None
    defaults: Mapping[str, Any]
    leaves: str = "style"


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
}
_SINGLE_IMAGE = {"style_image": "central", "vgg16": "", "lambda_content": 1.0}

METHODS = {
    "cut++": Method(
        "resnet",
        _CONTRASTIVE | {"attention": "on", "weighting": "per-negative", "gradient_clip": 1.0},
    ),
    "cut": Method("resnet", _CONTRASTIVE),
    "fastcut": Method(
        "resnet",
        _CONTRASTIVE
        | {"lambda_nce": 10.0, "identity": False, "flip_equivariance": True, "epochs": 150, "epochs_decay": 50},
    ),
    "cut-stylegan": Method(
        "stylegan2",
        _CONTRASTIVE | {"channels": 128, "blocks": 6, "lr": 2e-3, "gan_mode": "vanilla", "lambda_r1": 1.0},
    ),
    "cyclegan": Method(
        "resnet",
        _ADVERSARIAL | {"epochs": 100, "epochs_decay": 100, "lambda_cycle": 10.0, "lambda_identity": 0.5, "pool": 50},
    ),
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
"""The systems of the paper's Table I, and FastCUT. A setting that a row does not state is refused with its method."""

CROP_MULTIPLES = {"resnet": 4, "transformer": 4}
"""What crops must be a multiple of for kinds of generators that halve twice and double again without asking the size."""

METHOD_SETTINGS = frozenset(name for method in METHODS.values() for name in method.defaults)
"""Settings whose default, or whose meaning at all, is the method's."""


def by_method(name: str) -> str:
    """Return, for the help of a setting, its usual default, those of other methods, and which methods have it at all."""
    own = {method: _word(row.defaults[name]) for method, row in METHODS.items() if name in row.defaults}
    usual = Counter(own.values()).most_common(1)[0][0]
    parts = [usual] if usual else []
    for value in dict.fromkeys(own.values()):
        if value not in ("", usual):
            parts.append(f"{value} with {', '.join(method for method in own if own[method] == value)}")
    return _bracketed("default: " * bool(parts) + "; ".join(parts)) + _bracketed(_belongs(own))


def _belongs(own: Mapping[str, Any]) -> str:
    others = [method for method in METHODS if method not in own]
    if not others:
        return ""
    return f"not with {', '.join(others)}" if len(others) < len(own) else f"only with {', '.join(own)}"


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""


def _word(value: Any) -> str:
    """Return a default as help shows it; nothing where there is none."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
