"""The file of a look that was learnt from one image: the embedding of a word for it, as safetensors with metadata."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.files import whole_file
from vidstyle.run_folder import RunFolder

FORMAT = "vidstyle-inversion-1"


@dataclass(frozen=True)
class Inversion:
    """A word (width,) that stands for a look, the name of the diffusion model that knows it, and how it was learnt.

    `base_identity` is that of `diffusion_files.identity`.
    """

    word: Tensor
    base: str
    base_identity: str
    history: dict[str, Any] = field(default_factory=dict)


def save_inversion(inversion: Inversion, target: Path) -> None:
    """Write `inversion`, whole or not at all; raises OutputError."""
    described = {"base": inversion.base, "base_identity": inversion.base_identity}
    metadata = {
        "format": FORMAT,
        "inversion": json.dumps(described),
        "history": json.dumps(inversion.history, default=str),
    }
    with whole_file(target) as partial:
        partial.write_bytes(save({"word": inversion.word.detach().float().cpu().contiguous()}, metadata))


def load_inversion(path: Path) -> Inversion:
    """Return the inversion in the file `path`; raises StyleError naming the file and what is wrong with it."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise StyleError(
                    f"{path} is no look learnt by `vidstyle train --method inst`. Give the inversion.safetensors of its run."
                )
            return Inversion(
                file.get_tensor("word"), **json.loads(metadata["inversion"]), history=json.loads(metadata["history"])
            )
    except (OSError, SafetensorError) as error:
        raise StyleError(f"Cannot read the look {path}: {error}. Give the file that train wrote.") from error


def find_inversion(name: str, runs: Path = Path("runs")) -> Path:
    """Return the file of a look given by path, run folder or run name; raises StyleError when there is none."""
    candidates = [Path(name), RunFolder(Path(name)).look, RunFolder(runs / name).look]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise StyleError(
            f"There is no look {name!r}. Learn one with `vidstyle train --method inst`, and give its file, its run folder "
            f"or the name of its run in {runs}/."
        )
    return found
