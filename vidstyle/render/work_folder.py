"""The hidden folder beside a target, in which the parts of a video are kept until it is whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import OutputError
from vidstyle.files import Tell, advice_on, claimed, hidden_name, partial_path


@dataclass(frozen=True)
class RenderFolder:
    """Paths inside `.NAME.render` beside the target NAME; `suffix` is that of the coded pictures.

    A long NAME is replaced by a hash, unless there is a folder with the whole name, as version 0.1.0 made it.
    """

    target: Path
    suffix: str

    @property
    def path(self) -> Path:
        """The folder itself."""
        whole = self.target.with_name(f".{self.target.name}.render")
        with suppress(OSError):  # which too long a name raises
            if whole.is_dir():
                return whole
        return self.target.with_name(hidden_name(self.target.name, "render"))

    @property
    def lock(self) -> Path:
        """The file whose lock the run that works here holds."""
        return self.path / "lock"

    @property
    def manifest(self) -> Path:
        """What is rendered here, and what was decided when it began."""
        return self.path / "manifest.json"

    @property
    def journal(self) -> Path:
        """One line for everything that is done, see journal.py."""
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
        """Return how many bytes the folder's files take."""
        return sum(path.stat().st_size for path in self.path.iterdir()) if self.path.is_dir() else 0

    def keep_only(self, files: set[Path]) -> None:
        """Remove all files but these and the lock."""
        for path in set(self.path.iterdir()) - files - {self.lock}:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder with all that is in it; the journal goes last, since it tells of a whole result."""
        with suppress(FileNotFoundError):
            self.keep_only({self.manifest, self.journal})
            self.journal.unlink()
        shutil.rmtree(self.path, ignore_errors=True)


@contextmanager
def claim(folder: RenderFolder, tell: Tell = lambda _: None) -> Iterator[None]:
    """Hold the folder, which is made, for this run alone; afterwards it is removed if nothing in it is worth keeping.

    `tell` gets a sentence where the file system has no locks. Raises OutputError when another run holds it, or when it
    cannot be made or written.
    """
    busy = f"{folder.target} is being rendered by another run. Wait for it, or give another name with -o."
    with working_in(folder), claimed(folder.lock, busy, tell):
        try:
            yield
        finally:
            with suppress(OSError):
                if not folder.journal.exists() or not folder.journal.stat().st_size:
                    folder.remove()


@contextmanager
def working_in(folder: RenderFolder) -> Iterator[None]:
    """Turn an OSError into an OutputError that names the folder."""
    try:
        yield
    except OSError as error:
        advice = advice_on(error, "Check the disk, or choose another folder with -o.")
        failure = OutputError(f"Cannot work in the folder {folder.path}: {error.strerror or error}. {advice}")
        for note in getattr(error, "__notes__", ()):  # what is kept for the next run
            failure.add_note(note)
        raise failure from error
