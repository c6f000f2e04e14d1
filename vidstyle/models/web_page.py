"""Exporting a style as a web page that paints pictures, videos and the webcam in the browser."""

import tarfile
from pathlib import Path

from vidstyle.errors import OutputError, StyleError
from vidstyle.files import refuse_existing, whole_file, write_json
from vidstyle.models.download import find_or_fetch
from vidstyle.models.export import export_style
from vidstyle.models.style_file import Style
from vidstyle.models.style_generator import build_generator
from vidstyle.progress import OnProgress

RUNTIME = "onnxruntime-web"
"""The name of onnxruntime for browsers among the known weights: a package of npm, with WebGPU and WebAssembly."""
RUNTIME_FILES = ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm")
STYLE_FILE, TEXTS_FILE = "style.onnx", "style.json"
PAGE = Path(__file__).parent.parent / "web_page"
PAGE_FILES = ("page.css", "page.js", "index.html")
"""The page comes last: it is there when all that it loads is."""


def refuse_other_folder(folder: Path, overwrite: bool) -> None:
    """Raise OutputError where the folder is a file, TargetExists where it holds more than the beginnings of a page."""
    if folder.is_file():
        raise OutputError(f"{folder} is a file, and a page takes a folder. Give another name with -o.")
    begun = {STYLE_FILE, TEXTS_FILE, *RUNTIME_FILES, *PAGE_FILES[:-1]}
    if not folder.is_dir() or any(path.name not in begun for path in folder.iterdir()):
        refuse_existing(folder, overwrite)


def export_web_page(style: Style, name: str, side: int, folder: Path, on_progress: OnProgress) -> None:
    """Write a folder that any static server shows as a page; it loads nothing from elsewhere.

    `name` is what the page calls the style. `side` is the short side in pixels that it paints at unless the user chooses
    another. Raises StyleError, OutputError, and DependencyError as `export_style` does.
    """
    runtime = find_or_fetch(RUNTIME, on_progress)
    export_style(style, folder / STYLE_FILE, "onnx")
    for file, content in _read_runtime(runtime).items():
        _write(folder / file, content)
    texts = {
        "name": name,
        "multiple": build_generator(style).multiple_of,
        "side": side,
        "licence": style.licence,
        "attribution": style.attribution,
        "description": style.description,
    }
    write_json(folder / TEXTS_FILE, texts)
    for file in PAGE_FILES:
        _write(folder / file, (PAGE / file).read_bytes())


def _read_runtime(path: Path) -> dict[str, bytes]:
    """Return the files of the runtime out of the package that npm gives; raises StyleError."""
    wanted = {f"package/dist/{file}": file for file in RUNTIME_FILES}
    try:
        with tarfile.open(path) as package:
            found = {file: content.read() for inner, file in wanted.items() if (content := package.extractfile(inner))}
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise StyleError(
            f"{path} is not the package {RUNTIME}: {error}. Remove it, and give the command again."
        ) from error
    return found


def _write(target: Path, content: bytes) -> None:
    with whole_file(target) as partial:
        partial.write_bytes(content)
