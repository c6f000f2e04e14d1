"""The style file: a generator's weights and what is needed to rebuild and use it, as safetensors with metadata."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.files import whole_file
from vidstyle.networks.generators import GENERATORS
from vidstyle.run_folder import RunFolder

STYLES_FOLDER = Path(__file__).parent.parent / "styles"
FORMAT = "vidstyle-style-1"


@dataclass(frozen=True)
class Style:
    """A trained generator: its kind and shape, the short side in pixels it was trained at, its weights and its history."""

    kind: str
    channels: int
    blocks: int
    size: int
    weights: dict[str, Tensor]
    history: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in GENERATORS or min(self.channels, self.blocks, self.size) < 1 or not self.weights:
            raise StyleError(f"Not a usable style: kind {self.kind!r}, {self.channels} channels, {self.blocks} blocks.")


def save_style(style: Style, target: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write `style` with its weights as `dtype`, whole or not at all; raises OutputError."""
    described = {"kind": style.kind, "channels": style.channels, "blocks": style.blocks, "size": style.size}
    metadata = {"format": FORMAT, "style": json.dumps(described), "history": json.dumps(style.history, default=str)}
    weights = {name: weight.detach().cpu().to(dtype).contiguous() for name, weight in style.weights.items()}
    with whole_file(target) as partial:
        partial.write_bytes(save(weights, metadata))


def load_style(path: Path) -> Style:
    """Return the style in the file `path`, weights as fp32; raises StyleError naming the file and what is wrong with it."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError) as error:
        raise StyleError(
            f"Cannot read the style {path}: {error}. Give a style.safetensors that train wrote."
        ) from error
    if metadata.get("format") != FORMAT:
        raise StyleError(f"{path} holds weights, but not of a style. Give a style.safetensors that train wrote.")
    return Style(**json.loads(metadata["style"]), weights=weights, history=json.loads(metadata["history"]))


def shipped_styles() -> dict[str, Path]:
    """Return the styles that the package brings, by name."""
    return {path.stem: path for path in sorted(STYLES_FOLDER.glob("*.safetensors"))}


def find_style(name: str, runs: Path = Path("runs")) -> Path:
    """Return the file of a style given by path, shipped name, run folder or run name; raises StyleError when there is none."""
    given = Path(name)
    candidates = [given, given / "style.safetensors", runs / name / "style.safetensors"]
    found = shipped_styles().get(name) or next((path for path in candidates if path.is_file()), None)
    if found is None:
        _refuse_without_generator(given, runs / name)
        known = ", ".join(shipped_styles()) or "none"
        raise StyleError(
            f"There is no style {name!r}. Give a style file, the name of a run in {runs}/, or one of: {known}."
        )
    return found


def _refuse_without_generator(*folders: Path) -> None:
    for folder in map(RunFolder, folders):
        if folder.look.is_file():
            raise StyleError(
                f"The run {folder.path} learnt a look, which varies pictures and paints none by itself. Give it as "
                "--diversify-style, with --diversify N, and a style that paints as --style."
            )
        if folder.results.is_dir():
            raise StyleError(
                f"The run {folder.path} has no generator that could paint: its method optimises pictures one by one. "
                f"They are in {folder.results}; to paint video, train with another method."
            )
