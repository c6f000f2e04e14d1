"""Exporting a style as a web page that paints pictures, videos and the webcam in the browser."""

import json
import tarfile
from pathlib import Path

from vidstyle.errors import StyleError
from vidstyle.files import whole_file
from vidstyle.models.download import find_or_fetch
from vidstyle.models.export import export_style
from vidstyle.models.style_file import Style
from vidstyle.models.style_generator import build_generator
from vidstyle.progress import OnProgress

RUNTIME = "onnxruntime-web"
"""The name of onnxruntime for browsers among the known weights: a package of npm, with WebGPU and WebAssembly."""
RUNTIME_FILES = ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm")
PAGE = Path(__file__).parent.parent / "web_page"
PAGE_FILES = ("page.css", "page.js", "index.html")
"""The page comes last: it is there when all that it loads is."""


def export_web_page(style: Style, name: str, side: int, folder: Path, on_progress: OnProgress) -> None:
    """Write a folder that any static server shows as a page; it loads nothing from elsewhere.

    `name` is what the page calls the style. `side` is the short side in pixels that it paints at unless the user chooses
    another. Raises StyleError, OutputError, and DependencyError as `export_style` does.
    """
    runtime = find_or_fetch(RUNTIME, on_progress)
    export_style(style, folder / "style.onnx", "onnx")
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
    _write(folder / "style.json", json.dumps(texts, indent=2).encode())
    for file in PAGE_FILES:
        _write(folder / file, (PAGE / file).read_bytes())


def _read_runtime(path: Path) -> dict[str, bytes]:
    """Return the files of the runtime and its licence out of the package that npm gives; raises StyleError."""
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
