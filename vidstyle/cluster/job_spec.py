"""What a worker is told of a video: its plan, the settings, and the files, wherever a machine keeps them."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidstyle.checksum import content_identity
from vidstyle.cluster.session import load_ray
from vidstyle.files import whole_file
from vidstyle.models.style_mixture import StyleMixture
from vidstyle.render.engine import Engine
from vidstyle.render.plan import VideoPlan
from vidstyle.render.settings import RenderSettings

CHUNK_BYTES = 16 << 20


@dataclass(frozen=True)
class SharedFile:
    """A file of the driver's machine: its path, and what tells its content from that of other files."""

    path: Path
    content: str

    @classmethod
    def of(cls, path: Path) -> "SharedFile":
        """Return the file at `path`; raises OSError."""
        return cls(path.absolute(), content_identity(path))


@dataclass(frozen=True)
class JobSpec:
    """A video's plan, the settings, and the files that both name by their paths on the driver's machine."""

    plan: VideoPlan
    settings: RenderSettings
    styles: StyleMixture
    files: tuple[SharedFile, ...]

    def with_paths(self, paths: Mapping[Path, Path]) -> "JobSpec":
        """Return the spec with the paths of another machine; `paths` maps the driver's paths to them."""
        clip, settings = self.plan.clip, self.settings
        plan = replace(self.plan, clip=replace(clip, path=paths[clip.path.absolute()]))
        styles, upscaler = self.styles.at(paths), str(paths.get(Path(settings.upscaler), settings.upscaler))
        settings = replace(settings, style=styles.spelled(), upscaler=upscaler)
        return replace(self, plan=plan, settings=settings, styles=styles)

    def pack(self) -> bytes:
        """Return the spec as bytes that `unpack` reads."""
        return pickle.dumps(self)

    @staticmethod
    def unpack(packed: bytes) -> "JobSpec":
        """Return a spec from its bytes."""
        spec: JobSpec = pickle.loads(packed)
        return spec


def job_spec_for(plan: VideoPlan, engine: Engine, settings: RenderSettings, *, gpus: bool) -> JobSpec:
    """Return the spec for a video. Workers do not judge damage: the driver does, which reads the whole source."""
    device = ("cuda" if gpus else "cpu") if settings.device == "auto" else settings.device
    styles = engine.mixture.at({path: path.absolute() for path in engine.mixture.paths})
    paths, upscaler = [plan.clip.path, *styles.paths], settings.upscaler
    if Path(upscaler).is_file():
        paths.append(Path(upscaler))
        upscaler = str(Path(upscaler).absolute())
    for_workers = replace(settings, device=device, style=styles.spelled(), upscaler=upscaler, fast=False, strict=False)
    return JobSpec(plan, for_workers, styles, tuple(SharedFile.of(path) for path in paths))


class MissingFiles(Exception):
    """A worker neither sees files nor has their bytes; `paths` names them."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(paths)
        self.paths = paths


def local_paths(files: Sequence[SharedFile], stored: Mapping[str, Sequence[Any]], scratch: Path) -> dict[Path, Path]:
    """Return where this machine has each of `files`, by its path on the driver's machine.

    A file that is not seen here is written into the folder `scratch` from its references in `stored`, by path. Other files
    in `scratch` are removed. Raises MissingFiles where files are neither seen nor stored.
    """
    paths = {file.path: _local_path(file, scratch) for file in files}
    absent = [file for file in files if not _is_there(file, paths[file.path])]
    if missing := tuple(str(file.path) for file in absent if str(file.path) not in stored):
        raise MissingFiles(missing)
    for path in set(scratch.glob("*")) - set(paths.values()):
        path.unlink()
    for file in absent:
        with whole_file(paths[file.path]) as partial, partial.open("wb") as copy:
            for reference in stored[str(file.path)]:
                copy.write(load_ray().get(reference))
    return paths


def _local_path(file: SharedFile, scratch: Path) -> Path:
    return file.path if _is_there(file, file.path) else scratch / f"{file.content}{file.path.suffix}"


def _is_there(file: SharedFile, path: Path) -> bool:
    try:
        return content_identity(path) == file.content
    except OSError:
        return False


def file_chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in chunks that pass through Ray one at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def store_file(path: Path) -> list[Any]:
    """Put the bytes of a file into Ray's object store and return the references to them."""
    return [load_ray().put(chunk) for chunk in file_chunks(path)]
