"""What a model remembers from frame to frame, kept in a file."""

from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor


def save_state(state: dict[str, Tensor], path: Path) -> None:
    """Write named tensors into a file; raises OSError."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}, path)


def load_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors that `save_state` wrote, on the CPU."""
    return load_file(path)
