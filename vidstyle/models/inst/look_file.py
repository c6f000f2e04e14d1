"""The file of a look: the embedding of a word that was learnt from one image, as safetensors with metadata."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.files import is_file
from vidstyle.models.file_kind import SAFETENSORS, describe_file
from vidstyle.models.style_file import described_in
from vidstyle.models.tensor_file import READ_ERRORS, load_with_metadata, save_with_metadata
from vidstyle.models.weights import finite
from vidstyle.run_folder import RunFolder

FORMAT = "vidstyle-inversion-1"
"""What the metadata of a look's file states as its format."""


@dataclass(frozen=True)
class Look:
    """The embedding (width,) of a word that stands for a look, the diffusion model it belongs to, and how it was learnt.

    `base` names the diffusion model. `base_identity` is what `diffusion_files.base_identity` gives for it.
    """

    embedding: Tensor
    base: str
    base_identity: str
    history: dict[str, Any] = field(default_factory=dict)


def save_look(look: Look, target: Path) -> None:
    """Write a look, whole or not at all; raises OutputError."""
    described = {"base": look.base, "base_identity": look.base_identity}
    metadata = {
        "format": FORMAT,
        "inversion": json.dumps(described),
        "history": json.dumps(look.history, default=str),
    }
    save_with_metadata({"word": look.embedding.detach().float().cpu().contiguous()}, metadata, target)


def load_look(path: Path) -> Look:
    """Return the look in a file; raises StyleError naming the file and what is wrong with it."""
    try:
        tensors, metadata = load_with_metadata(path)
    except READ_ERRORS as error:
        kind, _ = describe_file(path)
        cause = f"it is {kind}" if kind and kind != SAFETENSORS else str(error)
        raise StyleError(f"Cannot read the look {path}: {cause}. Give the file that train wrote.") from error
    if metadata.get("format") != FORMAT:
        raise StyleError(
            f"{path} is no look learnt by `vidstyle train --method inst`. Give the inversion.safetensors of its run."
        )
    described, history = (described_in(metadata, key, path) for key in ("inversion", "history"))
    words = set(described) == {"base", "base_identity"} and all(isinstance(text, str) for text in described.values())
    if "word" not in tensors or tensors["word"].dim() != 1 or not words:
        raise StyleError(f"{path} does not describe its look. Give the file that train wrote.")
    return Look(finite({"word": tensors["word"].float()}, path)["word"], **described, history=history)


def find_look(name: str, runs: Path = Path("runs")) -> Path:
    """Return the file of a look given by its path, or by the folder or the name of its run; raises StyleError."""
    candidates = [Path(name), RunFolder(Path(name)).look, RunFolder(runs / name).look]
    found = next((path for path in candidates if is_file(path)), None)
    if found is None:
        raise StyleError(
            f"There is no look {name!r}. Learn one with `vidstyle train --method inst`, and give its file, its run folder "
            f"or the name of its run in {runs}/."
        )
    return found
