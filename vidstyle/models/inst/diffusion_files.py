"""The libraries diffusers and transformers, and the files of the models that they load. The only importer of both.

Both import torchvision where it is installed, although nothing here needs it. A torchvision built for another torch
would stop them, so it is hidden while they load.
"""

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from vidstyle.checksum import cached_sha256_of
from vidstyle.errors import DependencyError, StyleError
from vidstyle.progress import OnProgress, note

PACKAGES = ("diffusers", "transformers", "accelerate")
IMAGE_ENCODER = "openai/clip-vit-large-patch14"
"""The image encoder that belongs to the text encoder of Stable Diffusion 1.x."""
ADVICE = "Give a folder with a model in the layout of diffusers, or an id of the hub and a way to the network."
UNUSED_PARTS = {"safety_checker": None, "feature_extractor": None, "image_encoder": None}
"""Parts of a pipeline that are neither needed nor downloaded."""
LOAD_ERRORS = (OSError, ValueError, RuntimeError, LookupError, AttributeError, TypeError, SafetensorError)
"""What both libraries raise for files that are broken or do not fit together."""
BASE_FILES = ("model_index.json", "unet/*model*.*", "vae/*model*.*", "text_encoder/*model*.*")
IMAGE_ENCODER_FILES = ("config.json", "model.safetensors")
"""Patterns of the files without which a base or an image encoder is not whole."""
_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def check_installed() -> None:
    """Raise DependencyError when a package of the extra is not installed."""
    if missing := [name for name in PACKAGES if not find_spec(name)]:
        raise DependencyError(
            f"InST computes with {', '.join(PACKAGES)}, and {missing[0]} is not installed. Install its extra: "
            "pip install 'vidstyle[inst]'."
        )


@cache
def libraries() -> tuple[Any, Any]:
    """Return diffusers and transformers, kept from printing; raises DependencyError when they cannot be imported."""
    check_installed()
    hidden = "torchvision" not in sys.modules
    if hidden:
        sys.modules["torchvision"] = None  # type: ignore[assignment]
    try:
        import diffusers
        import transformers

        for library in (diffusers, transformers):
            library.utils.logging.set_verbosity_error()
            library.utils.logging.disable_progress_bar()
        _ = diffusers.StableDiffusionPipeline, transformers.CLIPTokenizer, transformers.CLIPVisionModelWithProjection
    except (ImportError, RuntimeError) as error:
        cause = str(error.__cause__ or error).splitlines()[0].rstrip(".")
        raise DependencyError(
            f"diffusers and transformers are installed and cannot start ({cause}). Install versions that fit: "
            "pip install -U 'vidstyle[inst]'."
        ) from error
    finally:
        if hidden:
            del sys.modules["torchvision"]
    return diffusers, transformers


def find_base(name: str, on_progress: OnProgress) -> Path:
    """Return the folder of a base, given by its folder or by its id on the Hugging Face hub.

    It is downloaded where neither a folder nor the hub's cache holds it; `on_progress` gets a note first. Raises
    DependencyError without the extra, StyleError when the base cannot be had or is no Stable Diffusion.
    """
    pipeline = libraries()[0].StableDiffusionPipeline
    return _find(name, BASE_FILES, "about 4 GB", partial(pipeline.download, name, **UNUSED_PARTS), on_progress)


def find_image_encoder(name: str, base: Path, on_progress: OnProgress) -> Path:
    """Return the folder of CLIP's image encoder, given as in `find_base`.

    Where `name` is empty it is the encoder in the folder `base`, or OpenAI's where that has none.
    """
    encoder_of_base = base / "image_encoder"
    if not name and (encoder_of_base / "config.json").is_file():
        return encoder_of_base
    libraries()
    from huggingface_hub import snapshot_download

    name = name or IMAGE_ENCODER
    download = partial(snapshot_download, name, allow_patterns=list(IMAGE_ENCODER_FILES))
    return _find(name, IMAGE_ENCODER_FILES, "about 2 GB", download, on_progress)


def _find(name: str, files: tuple[str, ...], size: str, download: Callable[..., Any], on_progress: OnProgress) -> Path:
    folder = Path(name)
    if not folder.is_dir():
        folder = _from_hub(name, files, size, download, on_progress)
    if missing := _missing_pattern(folder, files):
        raise StyleError(f"{folder} has no {missing}: it is no whole model in the layout of diffusers. Give another.")
    return folder


def _missing_pattern(folder: Path, patterns: tuple[str, ...]) -> str:
    """Return the first of the patterns that no file in `folder` matches, an empty text where each has one."""
    return next((pattern for pattern in patterns if not any(folder.glob(pattern))), "")


def _from_hub(
    name: str, files: tuple[str, ...], size: str, download: Callable[..., Any], on_progress: OnProgress
) -> Path:
    # The hub's client raises the errors of several libraries, which have no common base: hence `except Exception`.
    if not _HUB_ID.fullmatch(name):
        raise StyleError(f"There is no folder {name}. {ADVICE}")
    with suppress(Exception):
        folder = Path(download(local_files_only=True))
        if not _missing_pattern(folder, files):
            return folder
    on_progress(note(f"{name} is not on this machine: it is asked for at the Hugging Face hub now ({size})."))
    try:
        return Path(download())
    except Exception as error:
        cause = (str(error.__cause__ or error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise StyleError(
            f"There is no model {name!r}: it is no folder, not in the hub's cache, and the hub did not give it "
            f"({cause}). {ADVICE}"
        ) from error


def base_identity(base: Path) -> str:
    """Return the SHA-256 of a base's noise predictor: of the file with the shortest name where there are several."""
    files = sorted((base / "unet").glob("*model*.*"))
    return cached_sha256_of(min(files, key=lambda path: len(path.name)))
