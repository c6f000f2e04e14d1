"""The hidden folder beside a target in which a video waits until it is whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import OutputError
from vidstyle.files import locked, partial_path


@dataclass(frozen=True)
class RenderFolder:
    """Paths inside `.NAME.render` beside the target NAME; `suffix` is that of the coded pictures."""

    target: Path
    suffix: str

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.target.with_name(f".{self.target.name}.render")

    @property
    def lock(self) -> Path:
        """The file whose lock the run that works here holds."""
        return self.path / "lock"

    @property
    def manifest(self) -> Path:
        """What is rendered here, and what was resolved at its start."""
        return self.path / "manifest.json"

    @property
    def journal(self) -> Path:
        """One line for everything that is done."""
        return self.path / "journal.jsonl"

    def segment(self, number: int) -> Path:
        """The coded pictures of a segment."""
        return self.path / f"{number:06d}{self.suffix}"

    def state(self, number: int) -> Path:
        """What the painter remembers after a segment."""
        return self.path / f"{number:06d}.safetensors"

    @property
    def joined(self) -> Path:
        """The coded pictures of the whole video."""
        return self.path / f"joined{self.suffix}"

    @property
    def result(self) -> Path:
        """The whole result, of this process alone: an ffmpeg program may outlive the run that started it."""
        return partial_path(self.path / f"result{self.target.suffix}")

    def bytes(self) -> int:
        """Return what the folder's files take."""
        return sum(path.stat().st_size for path in self.path.iterdir()) if self.path.is_dir() else 0

    def keep_only(self, kept: set[Path]) -> None:
        """Remove what is not among `kept`."""
        for path in set(self.path.iterdir()) - kept - {self.lock}:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder with all that is in it; the journal tells of a whole result until nothing else is left."""
        with suppress(FileNotFoundError):
            self.keep_only({self.manifest, self.journal})
            self.journal.unlink()
        shutil.rmtree(self.path, ignore_errors=True)


@contextmanager
def claimed(folder: RenderFolder) -> Iterator[None]:
    """Let no other run work in the folder, which is made; it is gone afterwards where nothing is worth keeping.

    Raises OutputError when another run holds it or it cannot be made.
    """
    with working_in(folder):
        folder.path.mkdir(parents=True, exist_ok=True)
        with locked(folder.lock) as free:
            if not free:
                raise OutputError(
                    f"{folder.target} is being rendered by another run. Wait for it, or give another name with -o."
                )
            try:
                yield
            finally:
                with suppress(OSError):
                    if not folder.journal.exists() or not folder.journal.stat().st_size:
                        folder.remove()


@contextmanager
def working_in(folder: RenderFolder) -> Iterator[None]:
    """Say of an OSError in which folder it came; raises OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"Cannot work in the folder {folder.path}: {error.strerror or error}. Choose another with -o."
        ) from error
