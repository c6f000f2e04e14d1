"""The style file: a generator's weights and what is needed to rebuild it, as safetensors with metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.files import is_file, is_folder
from vidstyle.models.file_kind import CHECKPOINT, OLD_CHECKPOINT, SAFETENSORS, describe_file
from vidstyle.models.tensor_file import READ_ERRORS, load_with_metadata, save_with_metadata
from vidstyle.models.weights import finite
from vidstyle.networks.generator_kinds import GENERATORS
from vidstyle.run_folder import RunFolder, student_name
from vidstyle.settings import LARGEST_SIDE, shown

STYLES_FOLDER = Path(__file__).parent.parent / "styles"
FORMAT = "vidstyle-style-1"
"""What the metadata of a style file states as its format."""
DESCRIPTION = {"kind", "channels", "blocks", "size"}
"""What its metadata say of the generator."""


@dataclass(frozen=True)
class Style:
    """A trained generator: what it takes to build it, its weights, and how it was trained.

    `kind` is a key of `GENERATORS`, `size` the short side in pixels at which it was trained. Raises StyleError when the
    values cannot be those of a generator.
    """

    kind: str
    channels: int
    blocks: int
    size: int
    weights: dict[str, Tensor]
    history: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = (self.channels, self.blocks, self.size)
        good = all(type(count) is int and 1 <= count <= LARGEST_SIDE for count in counts)
        if not (isinstance(self.kind, str) and self.kind in GENERATORS and good and self.weights):
            raise StyleError(
                f"Not a usable style: kind {shown(self.kind)}, {shown(self.channels)} channels, {shown(self.blocks)} blocks, "
                f"size {shown(self.size)}."
            )


def save_style(style: Style, target: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write `style` with its weights in `dtype`, whole or not at all; raises OutputError."""
    described = {"kind": style.kind, "channels": style.channels, "blocks": style.blocks, "size": style.size}
    metadata = {"format": FORMAT, "style": json.dumps(described), "history": json.dumps(style.history, default=str)}
    weights = {name: weight.detach().cpu().to(dtype).contiguous() for name, weight in style.weights.items()}
    save_with_metadata(weights, metadata, target)


def load_style(path: Path) -> Style:
    """Return the style in a file, its weights as fp32; raises StyleError naming the file and what is wrong with it."""
    try:
        tensors, metadata = load_with_metadata(path)
    except READ_ERRORS as error:
        kind, _ = describe_file(path)
        if kind in (CHECKPOINT, OLD_CHECKPOINT):
            raise StyleError(f"{path} is {kind}, and no style. Make one of it with `vidstyle import`.") from error
        cause = f"it is {kind}" if kind and kind != SAFETENSORS else str(error)
        raise StyleError(
            f"Cannot read the style {path}: {cause}. Give a style.safetensors that train wrote."
        ) from error
    if metadata.get("format") != FORMAT:
        raise StyleError(f"{path} holds weights, but not of a style. Give a style.safetensors that train wrote.")
    described, history = (described_in(metadata, key, path) for key in ("style", "history"))
    if set(described) != DESCRIPTION:
        raise StyleError(f"{path} does not describe its generator. Give a style.safetensors that train wrote.")
    weights = finite({name: tensor.float() for name, tensor in tensors.items()}, path)
    try:
        return Style(**described, weights=weights, history=history)
    except StyleError as error:
        raise StyleError(f"{path}: {error} Give a style.safetensors that train wrote.") from error


def described_in(metadata: Mapping[str, str], key: str, path: Path) -> dict[str, Any]:
    """Return what a file's metadata describe under `key`; raises StyleError when that is missing or cannot be understood."""
    try:
        described = json.loads(metadata.get(key, ""))
    except (ValueError, RecursionError):
        described = None
    if not isinstance(described, dict):
        raise StyleError(f"The description of {path} ({key}) is missing or damaged. Give the file that train wrote.")
    return described


def shipped_styles() -> dict[str, Path]:
    """Return the style files that come with the package, by name."""
    return {path.stem: path for path in sorted(STYLES_FOLDER.glob("*.safetensors"))}


def find_style(name: str, runs: Path = Path("runs")) -> Path:
    """Return the file of a style given by its path, its shipped name, or the folder or name of its run; raises StyleError."""
    given = Path(name)
    candidates = [given, given / "style.safetensors", runs / name / "style.safetensors"]
    found = shipped_styles().get(name) or next((path for path in candidates if is_file(path)), None)
    if found is None:
        _refuse_without_generator(given, runs / name)
        shipped = ", ".join(shipped_styles()) or "none"
        raise StyleError(
            f"There is no style {name!r}. Give a style file, the name of a run in {runs}/, or one of: {shipped}."
        )
    return found


def find_student(name: str) -> Path | None:
    """Return the file of the student of a style that is given as for `find_style`, None where there is none."""
    folder = Path(name).parent.parent if Path(name).suffix == ".safetensors" else Path(name).parent
    for student in (student_name(name), str(folder / student_name(name))):
        try:
            return find_style(student)
        except StyleError:
            continue
    return None


def _refuse_without_generator(*folders: Path) -> None:
    """Raise StyleError when one of the folders is of a run whose method leaves no generator."""
    for folder in map(RunFolder, folders):
        if is_file(folder.look):
            raise StyleError(
                f"The run {folder.path} learnt a look, which varies pictures and paints none by itself. Give it as "
                "--diversify-style, with --diversify N, and a style that paints as --style."
            )
        if is_folder(folder.results):
            raise StyleError(
                f"The run {folder.path} has no generator that could paint: its method optimises pictures one by one. "
                f"They are in {folder.results}; to paint video, train with another method."
            )
