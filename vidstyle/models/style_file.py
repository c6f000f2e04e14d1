"""The style file: a generator's weights and what is needed to rebuild it, as safetensors with metadata."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.files import encodable, is_file, is_folder
from vidstyle.models.file_kind import CHECKPOINT, OLD_CHECKPOINT, SAFETENSORS, describe_file
from vidstyle.models.tensor_file import READ_ERRORS, load_metadata, load_with_metadata, save_with_metadata
from vidstyle.models.weights import finite
from vidstyle.networks.generator_kinds import GENERATORS
from vidstyle.run_folder import RunFolder, student_name
from vidstyle.settings import LARGEST_SIDE, shown

STYLES_FOLDER = Path(__file__).parent.parent / "styles"
ONNX = "onnx"
"""The kind of a style that is a program in ONNX, and the name of its only tensor: the bytes of the program."""
FORMAT = "vidstyle-style-1"
"""What the metadata of a style file states as its format."""
DESCRIPTION = {"kind", "channels", "blocks", "size"}
"""What its metadata say of the generator."""
PATH_SETTINGS = ("photos", "paintings", "init", "style_image", "vgg16", "base", "image_encoder")
"""Settings of a training that may hold paths of the machine it ran on."""
OPTIONAL_TEXTS = ("licence", "attribution", "description", "start")
"""Keys of its metadata that are left out where nothing is stated, as in files of 0.1.0."""


@dataclass(frozen=True)
class Style:
    """A trained generator: what it takes to build it, its weights, and how it was trained.

    `kind` is a key of `GENERATORS`, or ONNX, whose `program` is the record of its PictureForm. `size` is the short side in
    pixels at which it was trained. `description` says in a few words what it was fitted to. `licence`, `attribution` and
    `description` are empty where they are not stated. `start` is the `start_identity` of the style that its training began
    with, empty where there was none. Raises StyleError when the values cannot be those of a generator.
    """

    kind: str
    channels: int
    blocks: int
    size: int
    weights: dict[str, Tensor]
    history: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    attribution: str = ""
    description: str = ""
    start: str = ""
    program: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = (self.channels, self.blocks, self.size)
        good = all(type(count) is int and 1 <= count <= LARGEST_SIDE for count in counts)
        known = isinstance(self.kind, str) and (self.kind in GENERATORS or (self.kind == ONNX and ONNX in self.weights))
        if not (known and good and self.weights):
            raise StyleError(
                f"Not a usable style: kind {shown(self.kind)}, {shown(self.channels)} channels, {shown(self.blocks)} blocks, "
                f"size {shown(self.size)}."
            )


def without_folders(style: Style) -> Style:
    """Return the style with the names alone of the files and folders it was trained with, to be passed on."""
    settings = style.history.get("settings")
    if not isinstance(settings, dict):
        return style
    short = {name: _names(settings[name]) for name in PATH_SETTINGS if settings.get(name)}
    return replace(style, history={**style.history, "settings": settings | short})


def _names(paths: Any) -> Any:
    return [_names(path) for path in paths] if isinstance(paths, list) else Path(str(paths)).name


def with_texts(style: Style, **texts: str | None) -> Style:
    """Return the style with those of its `licence`, `attribution` and `description` that are given and not None."""
    given: dict[str, Any] = {key: text.strip() for key, text in texts.items() if text is not None}
    return replace(style, **given)


def save_style(style: Style, target: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write `style` with its weights in `dtype`, whole or not at all; raises OutputError."""
    described = {"kind": style.kind, "channels": style.channels, "blocks": style.blocks, "size": style.size}
    metadata = {"format": FORMAT, "style": json.dumps(described), "history": json.dumps(style.history, default=str)}
    metadata |= {key: encodable(text) for key in OPTIONAL_TEXTS if (text := getattr(style, key))}
    metadata |= {"program": json.dumps(style.program)} if style.program else {}
    weights = {name: _in_dtype(weight.detach().cpu(), dtype) for name, weight in style.weights.items()}
    save_with_metadata(weights, metadata, target)


def _in_dtype(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a weight in `dtype`; whole numbers, which only a program in ONNX has, stay as they are."""
    return (weight.to(dtype) if weight.is_floating_point() else weight).contiguous()


def is_style_file(path: Path) -> bool:
    """Whether a file is a style of ours, whole or damaged; False for a file that cannot be read."""
    try:
        return load_metadata(path).get("format") == FORMAT
    except READ_ERRORS:
        return False


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
    weights = finite({name: _in_dtype(tensor, torch.float32) for name, tensor in tensors.items()}, path)
    program = described_in(metadata, "program", path) if "program" in metadata else {}
    texts: dict[str, Any] = {key: metadata.get(key, "") for key in OPTIONAL_TEXTS}
    try:
        return Style(**described, weights=weights, history=history, program=program, **texts)
    except StyleError as error:
        raise StyleError(f"{path}: {error} Give a style.safetensors that train wrote.") from error


def start_identity(style: Style) -> str:
    """Return the SHA-256 of the weights that the training of `style` began with, of its own where it began with none.

    It is the same for weights in full and in half precision. Styles of one identity are near enough to mix.
    """
    if style.start:
        return style.start
    digest = hashlib.sha256()
    for name, weight in sorted(style.weights.items()):
        half = weight.detach().cpu().half() if weight.is_floating_point() else weight
        digest.update(f"{name} {tuple(weight.shape)}".encode())
        digest.update(half.contiguous().numpy().tobytes())
    return digest.hexdigest()


def described_in(metadata: Mapping[str, str], key: str, path: Path) -> dict[str, Any]:
    """Return what a file's metadata describe under `key`; raises StyleError when that is missing or cannot be understood."""
    try:
        described = json.loads(metadata.get(key, ""))
    except (ValueError, RecursionError):
        described = None
    if not isinstance(described, dict):
        raise StyleError(f"The description of {path} ({key}) is missing or damaged. Give the file that train wrote.")
    return described


def describe_generator(style: Style) -> str:
    """Return a few words on the kind and the size of a style's generator."""
    if style.kind != ONNX:
        return f"{style.kind}, {style.channels} channels, {style.blocks} blocks"
    form = style.program
    sides = f"{form['width']}x{form['height']}" if form.get("width") else f"multiples of {form.get('multiple_of')}"
    return f"{ONNX}, {form.get('layout')}, {form.get('channel_order')}, values {form.get('values')}, {sides}"


def shipped_styles() -> dict[str, Path]:
    """Return the style files that come with the package, by name."""
    return {path.stem: path for path in sorted(STYLES_FOLDER.glob("*.safetensors"))}


def renderable_styles(runs: Path = Path("runs")) -> dict[str, Path]:
    """Return the files of all styles that `find_style` finds by a name: those of the package, then those of `runs`."""
    shipped = shipped_styles()
    of_runs = {path.parent.name: path for path in sorted(runs.glob("*/style.safetensors"))}
    return shipped | {name: path for name, path in of_runs.items() if name not in shipped}


def find_style(name: str, runs: Path = Path("runs")) -> Path:
    """Return the file of a style given by its path, its shipped name, or the folder or name of its run; raises StyleError."""
    found = existing_style(name, runs)
    if found is None:
        _refuse_without_generator(Path(name), runs / name)
        shipped = ", ".join(shipped_styles()) or "none"
        raise StyleError(
            f"There is no style {name!r}. Give a style file, the name of a run in {runs}/, or one of: {shipped}."
            f"{' A mixture is spelled as a:0.6,b:0.4.' if ',' in name else ''}"
        )
    return found


def existing_style(name: str, runs: Path = Path("runs")) -> Path | None:
    """Return the file of a style as `find_style` does, None where there is none."""
    given = Path(name)
    candidates = [given, given / "style.safetensors", runs / name / "style.safetensors"]
    return shipped_styles().get(name) or next((path for path in candidates if is_file(path)), None)


def find_student(name: str) -> Path | None:
    """Return the file of the student of a style that is given as for `find_style`, None where there is none."""
    folder = Path(name).parent.parent if Path(name).suffix == ".safetensors" else Path(name).parent
    students = (existing_style(student) for student in (student_name(name), str(folder / student_name(name))))
    return next((path for path in students if path is not None), None)


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
