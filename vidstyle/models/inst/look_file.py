"""The file of a look: the embedding of a word that was learnt from one image, as safetensors with metadata."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.models.tensor_file import READ_ERRORS, load_with_metadata, save_with_metadata
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
        raise StyleError(f"Cannot read the look {path}: {error}. Give the file that train wrote.") from error
    if metadata.get("format") != FORMAT:
        raise StyleError(
            f"{path} is no look learnt by `vidstyle train --method inst`. Give the inversion.safetensors of its run."
        )
    return Look(tensors["word"], **json.loads(metadata["inversion"]), history=json.loads(metadata["history"]))


def find_look(name: str, runs: Path = Path("runs")) -> Path:
    """Return the file of a look given by its path, or by the folder or the name of its run; raises StyleError."""
    candidates = [Path(name), RunFolder(Path(name)).look, RunFolder(runs / name).look]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise StyleError(
            f"There is no look {name!r}. Learn one with `vidstyle train --method inst`, and give its file, its run folder "
            f"or the name of its run in {runs}/."
        )
    return found
