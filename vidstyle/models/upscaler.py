"""Super-resolution networks as image models, by the name of known weights or from a file."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import DependencyError, StyleError
from vidstyle.files import is_file
from vidstyle.models.resize import padded_to_multiple
from vidstyle.models.runtime import Prepare, prepare_eager
from vidstyle.models.tiles import DEFAULT_RECEPTIVE_RADIUS
from vidstyle.models.weights import find, known_weights, load_weights, read_weights
from vidstyle.networks.rrdb import RRDBNet
from vidstyle.networks.srvgg import SRVGGNetCompact


@dataclass(frozen=True)
class Upscaler:
    """A super-resolution network as an `ImageModel`.

    An output pixel depends on the input pixels at most `receptive_radius` away; tiles must overlap by that.
    """

    network: Callable[[Tensor], Tensor]
    scale: int
    receptive_radius: int
    device: torch.device
    dtype: torch.dtype
    multiple_of: int = 1
    half_ok: bool = True

    def __call__(self, images: Tensor) -> Tensor:
        """Return (n, 3, scale*h, scale*w) in [0, 1], in the network's dtype on its device, for (n, 3, h, w) in [0, 1]."""
        height, width = images.shape[-2:]
        with torch.inference_mode():
            padded = padded_to_multiple(images.to(self.device, self.dtype), self.multiple_of)
            enlarged = self.network(padded)[..., : height * self.scale, : width * self.scale]
            return enlarged.clamp(0, 1).contiguous()


def load_upscaler(
    name_or_path: str, device: torch.device, dtype: torch.dtype, prepare: Prepare | None = None
) -> Upscaler:
    """Return the upscaler with a name in `models.weights.KNOWN`, or the one in a file, on `device` in `dtype`.

    The parameters in a file tell the kind of its network. `prepare` puts an SRVGGNetCompact or an RRDBNet on the device,
    by default in eager mode; other kinds are left to spandrel. Raises StyleError for unknown names, broken files and
    networks of another kind. Raises DependencyError when spandrel is needed and missing.
    """
    path = Path(name_or_path)
    state = read_weights(path) if _is_path(path) else load_weights(_upscaler_name(name_or_path))
    try:
        network = build_network(state)
        if network is None:
            return _load_with_spandrel(path, state, device, dtype)
        network.load_state_dict(state, strict=True)
    except (RuntimeError, LookupError, ValueError, ArithmeticError) as error:
        cause = " ".join(str(error).split())
        raise StyleError(
            f"The weights {name_or_path} are incomplete ({cause}). Copy or download them again."
        ) from error
    multiple = network.fold if isinstance(network, RRDBNet) else 1
    prepare = prepare or partial(prepare_eager, device=device, dtype=dtype)
    function = prepare(network, channels_last=True)
    return Upscaler(function, network.scale, network.receptive_radius, device, dtype, multiple)


def weights_file(name_or_path: str) -> Path:
    """Return the file of an upscaler that `load_upscaler` can load."""
    path = Path(name_or_path)
    found = path if _is_path(path) else find(name_or_path)
    assert found is not None, "load_upscaler has found it"
    return found


def _is_path(path: Path) -> bool:
    return bool(path.suffix) or is_file(path)


def _upscaler_name(name: str) -> str:
    if known_weights(name).kind != "upscaler":
        raise StyleError(f"The weights {name!r} are no upscaler. Name an upscaler, or give the path of a file.")
    return name


def build_network(state: Mapping[str, Tensor]) -> SRVGGNetCompact | RRDBNet | None:
    """Return the network that has the parameters in `state`, without loading them; None when it is of neither kind."""
    if "body.0.weight" in state and "body.1.weight" in state and state["body.1.weight"].ndim == 1:
        return _build_compact(state)
    if "conv_first.weight" in state and "body.0.rdb1.conv1.weight" in state:
        return _build_rrdb(state)
    return None


def _build_compact(state: Mapping[str, Tensor]) -> SRVGGNetCompact:
    last = _count(state, r"body\.(\d+)\.") - 1
    features, colours = state["body.0.weight"].shape[:2]
    scale = round((state[f"body.{last}.weight"].shape[0] / colours) ** 0.5)
    return SRVGGNetCompact(last // 2 - 1, features, scale, colours)


def _build_rrdb(state: Mapping[str, Tensor]) -> RRDBNet:
    features, folded = state["conv_first.weight"].shape[:2]
    colours = state["conv_last.weight"].shape[0]
    scale = 4 // round((folded / colours) ** 0.5)
    growth = state["body.0.rdb1.conv1.weight"].shape[0]
    return RRDBNet(_count(state, r"body\.(\d+)\."), features, growth, scale, colours)


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    return 1 + max(int(found[1]) for key in state if (found := re.match(pattern, key)))


def _load_with_spandrel(path: Path, state: dict[str, Tensor], device: torch.device, dtype: torch.dtype) -> Upscaler:
    """Return a network of any other kind that spandrel knows; it pads its input by itself."""
    spandrel = _import_spandrel(path)
    try:
        model = spandrel.ModelLoader(device).load_from_state_dict(state)
    except spandrel.UnsupportedModelError as error:
        raise StyleError(f"The file {path} holds a network of a kind that is not known. Give another file.") from error
    if not isinstance(model, spandrel.ImageModelDescriptor) or (model.input_channels, model.output_channels) != (3, 3):
        raise StyleError(f"The network in {path} does not map colour pictures to colour pictures. Give another file.")
    supported = {torch.float16: model.supports_half, torch.bfloat16: model.supports_bfloat16}.get(dtype, True)
    model.to(device, dtype if supported else torch.float32)
    return Upscaler(model, model.scale, DEFAULT_RECEPTIVE_RADIUS, device, model.dtype, half_ok=model.supports_half)


def _import_spandrel(path: Path) -> Any:
    try:
        import spandrel
    except ImportError as error:
        message = f"To use the network in {path}, install the extra for other models: pip install 'vidstyle[models]'."
        raise DependencyError(message) from error
    except RuntimeError as error:
        message = f"spandrel is installed and cannot start: {error}. Install builds of torch and torchvision that fit."
        raise DependencyError(message) from error
    return spandrel
