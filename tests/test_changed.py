"""`pytest --changed` runs the tests that a change touches, and no others."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.changed import Imports

FILES = {
    "vidstyle/__init__.py": "",
    "vidstyle/light.py": "",
    "vidstyle/lamp.py": "def shine():\n    import vidstyle.light",
    "vidstyle/room.py": "from vidstyle import lamp",
    "vidstyle/house.py": "from vidstyle.room import *",
    "vidstyle/street.py": "import importlib\nimportlib.import_module(f'vidstyle.{input()}')",
    "tests/__init__.py": "",
    "tests/lamps.py": "import vidstyle.lamp",
    "tests/test_light.py": "import vidstyle.light\ndef test_light(): pass",
    "tests/test_lamp.py": "from tests.lamps import vidstyle\ndef test_lamp(): pass",
    "tests/test_house.py": "import vidstyle.house\ndef test_house(): pass",
    "tests/patched/test_patch.py": "PATCHED = 'vidstyle.house.window'\ndef test_patch(): pass",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a package whose modules import each other, and its tests, all committed."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("conftest.py", "changed.py"):
        shutil.copy(Path(__file__).with_name(name), tmp_path / "tests" / name)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\naddopts = --numprocesses auto\n")
    author = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "begin"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ("vidstyle/light.py", {"test_light.py", "test_lamp.py"}),
        ("vidstyle/lamp.py", {"test_lamp.py"}),
        ("vidstyle/room.py", {"test_house.py", "test_patch.py"}),
        ("vidstyle/gone.py", set()),
        ("tests/lamps.py", {"test_lamp.py"}),
        ("tests/test_house.py", {"test_house.py"}),
        ("tests/patched/conftest.py", {"test_patch.py"}),
        ("README.md", set()),
    ],
)
def test_a_change_touches_what_imports_it_or_its_importer(root: Path, changed: str, touched: set[str]) -> None:
    assert {path.name for path in Imports(root).touched([root / changed])} == touched


def test_tests_further_away_count_where_none_is_near(root: Path) -> None:
    (root / "tests" / "test_light.py").unlink()
    (root / "tests" / "test_lamp.py").unlink()
    assert {path.name for path in Imports(root).touched([root / "vidstyle/light.py"])} == {
        "test_house.py",
        "test_patch.py",
    }


def test_pytest_runs_them_alone_and_starts_no_workers_for_two_files(root: Path) -> None:
    assert _run(root) == (5, "")
    (root / "vidstyle" / "lamp.py").write_text("import vidstyle.light")
    (root / "tests" / "test_new.py").write_text("def test_new(): pass")
    assert _run(root) == (0, "tests/test_lamp.py::test_lamp PASSED, tests/test_new.py::test_new PASSED")


def _run(root: Path) -> tuple[int, str]:
    words = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--changed"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, env={"PYTHONPATH": str(root)})
    lines = [line.rpartition("[")[0].strip() for line in done.stdout.splitlines() if " PASSED " in line]
    return done.returncode, ", ".join(lines)
