"""Files of named tensors in the format safetensors: with metadata for styles and looks, without for a painter's state."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from vidstyle.files import whole_file

READ_ERRORS = (OSError, SafetensorError, ValueError, TypeError, LookupError, AttributeError, RuntimeError)
"""What reading a file raises that is missing, unreadable, damaged, or of number formats that are not known."""


def save_with_metadata(tensors: dict[str, Tensor], metadata: dict[str, str], target: Path) -> None:
    """Write tensors on the CPU and what describes them, whole or not at all; raises OutputError."""
    with whole_file(target) as partial:
        partial.write_bytes(save(tensors, metadata))


def load_with_metadata(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors in a file, on the CPU, and its metadata; raises one of READ_ERRORS."""
    with _name_in_utf_8(path) as name, safe_open(name, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return tensors, file.metadata() or {}


def load_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a file, whose tensors are not read; raises one of READ_ERRORS."""
    with _name_in_utf_8(path) as name, safe_open(name, framework="pt") as file:
        return file.metadata() or {}


def save_state(state: dict[str, Tensor], path: Path) -> None:
    """Write what a model remembers from frame to frame; raises OSError."""
    path.write_bytes(save({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}))


def load_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors that `save_state` wrote, on the CPU."""
    with _name_in_utf_8(path) as name:
        return load_file(name)


@contextmanager
def _name_in_utf_8(path: Path) -> Iterator[Path]:
    """Yield a name of a file that safetensors takes: its own, or that of a link where its own is not UTF-8."""
    try:
        str(path).encode()
        is_utf_8 = True
    except UnicodeEncodeError:
        is_utf_8 = False
    if is_utf_8:
        yield path
        return
    with TemporaryDirectory() as folder:
        link = Path(folder) / "link"
        link.symlink_to(path.absolute())
        yield link
