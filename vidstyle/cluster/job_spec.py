"""What a worker is told of a film: the same for all of its pieces."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidstyle.checksum import content_identity
from vidstyle.cluster.session import load_ray
from vidstyle.files import whole_file
from vidstyle.render.engine import Engine
from vidstyle.render.plan import VideoPlan
from vidstyle.render.settings import RenderSettings

CHUNK_BYTES = 16 << 20


@dataclass(frozen=True)
class SharedFile:
    """A file of the driver's: its path, and what tells its content from others."""

    path: Path
    content: str

    @classmethod
    def of(cls, path: Path) -> "SharedFile":
        """Return the file at `path`; raises OSError."""
        return cls(path.absolute(), content_identity(path))


class NotAtHand(Exception):
    """A worker does not see files, and has not been given their bytes; `paths` names them."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(paths)
        self.paths = paths


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces that pass through Ray one by one."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def put(path: Path) -> list[Any]:
    """Return references to the bytes of a file in the object store."""
    return [load_ray().put(chunk) for chunk in chunks(path)]


def at_hand(files: Sequence[SharedFile], given: Mapping[str, Sequence[Any]], scratch: Path) -> dict[Path, Path]:
    """Return where this machine has each of `files`, by its path on the driver's.

    What is not seen here is written into `scratch` from the references that are `given`; other files there go. Raises
    NotAtHand where some are missing.
    """
    places = {file.path: _place(file, scratch) for file in files}
    missing = [file for file in files if not _is_there(file, places[file.path])]
    if lacking := tuple(str(file.path) for file in missing if str(file.path) not in given):
        raise NotAtHand(lacking)
    for path in set(scratch.glob("*")) - set(places.values()):
        path.unlink()
    for file in missing:
        with whole_file(places[file.path]) as partial, partial.open("wb") as copy:
            for reference in given[str(file.path)]:
                copy.write(load_ray().get(reference))
    return places


def _place(file: SharedFile, scratch: Path) -> Path:
    return file.path if _is_there(file, file.path) else scratch / f"{file.content}{file.path.suffix}"


def _is_there(file: SharedFile, path: Path) -> bool:
    try:
        return content_identity(path) == file.content
    except OSError:
        return False


@dataclass(frozen=True)
class JobSpec:
    """A video's plan, the settings, and the files that both name by their paths on the driver's machine."""

    plan: VideoPlan
    settings: RenderSettings
    files: tuple[SharedFile, ...]

    def at(self, places: dict[Path, Path]) -> "JobSpec":
        """Return the order with the paths of another machine."""
        clip, settings = self.plan.clip, self.settings
        plan = replace(self.plan, clip=replace(clip, path=places[clip.path.absolute()]))
        moved = replace(settings, style=_moved(settings.style, places), upscaler=_moved(settings.upscaler, places))
        return replace(self, plan=plan, settings=moved)

    def packed(self) -> bytes:
        """Return the order as bytes that `unpacked` reads."""
        return pickle.dumps(self)


def unpacked(order: bytes) -> JobSpec:
    """Return a packed order."""
    known: JobSpec = pickle.loads(order)
    return known


def order_for(plan: VideoPlan, engine: Engine, settings: RenderSettings, *, gpus: bool) -> JobSpec:
    """Return the order for a video; damage is judged by the driver, which reads all of it."""
    device = ("cuda" if gpus else "cpu") if settings.device == "auto" else settings.device
    style = str(engine.style_path.absolute())
    upscaler = Path(settings.upscaler)
    needed = [plan.clip.path, engine.style_path, *([upscaler] if upscaler.is_file() else [])]
    named = str(upscaler.absolute()) if upscaler.is_file() else settings.upscaler
    files = tuple(SharedFile.of(path) for path in needed)
    return JobSpec(plan, replace(settings, device=device, style=style, upscaler=named, strict=False), files)


def _moved(name: str, places: dict[Path, Path]) -> str:
    return str(places.get(Path(name), name))
