"""Which test files a change touches: those that import what git calls changed, or a module that itself imports it.

That is the part to run while working, not all that a change can break: a test may reach a module through several others.
"""

import ast
import subprocess
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path


def changed_files(root: Path, since: str = "HEAD") -> set[Path]:
    """Return the files below `root` that differ from the commit `since`, new ones included; raises CalledProcessError."""
    base = _git(root, "merge-base", since, "HEAD")[0]
    names = [
        *_git(root, "diff", "--name-only", "--no-renames", base),
        *_git(root, "ls-files", "--others", "--exclude-standard"),
    ]
    return {root / name for name in names}


def _git(root: Path, *arguments: str) -> list[str]:
    words = ["git", "-C", str(root), *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()


class Imports:
    """Who imports what among the Python files of `root`'s packages `vidstyle` and `tests`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = {path for package in ("vidstyle", "tests") for path in (root / package).rglob("*.py")}

    def touched(self, changed: Iterable[Path]) -> set[Path]:
        """Return the test files of changed modules: those that import one, or a module or helper that does.

        Where there is none, it is asked again for the modules that import one. A changed conftest.py touches every test
        below it, a module that is gone those that still import it.
        """
        sources = {path for path in changed if path.suffix == ".py"}
        below = {path.parent for path in sources if path.name == "conftest.py"}
        tests = {path for path in self.files if _is_test(path) and (path in sources or below & {*path.parents})}
        for source in sources:
            tests |= self._nearest_tests({source})
        return tests

    def _nearest_tests(self, modules: set[Path]) -> set[Path]:
        wider = modules | {path for path in self._importers(modules) if not self._in_tests(path)}
        reached = wider
        while more := {path for path in self._importers(reached) if self._in_tests(path)} - reached:
            reached = reached | more
        tests = {path for path in reached if _is_test(path)}
        return tests if tests or wider == modules else self._nearest_tests(wider)

    def _in_tests(self, path: Path) -> bool:
        return path.is_relative_to(self.root / "tests")

    def _importers(self, modules: set[Path]) -> set[Path]:
        names = {self._name(path) for path in modules}
        names |= {f"{name.rpartition('.')[0]}." for name in names}
        return {path for path, imported in self._imported.items() if imported & names}

    def _name(self, path: Path) -> str:
        return ".".join(path.relative_to(self.root).with_suffix("").parts).removesuffix(".__init__")

    @cached_property
    def _imported(self) -> dict[Path, set[str]]:
        return {path: _imported_by(path) for path in self.files}


def _is_test(path: Path) -> bool:
    return path.name.startswith("test_")


def _imported_by(path: Path) -> set[str]:
    """Return the names that a file imports anywhere, and those in its texts: `vidstyle.media.probe` to patch it, and
    `vidstyle.cli.`, which stands for all in that package, to load one of them by name.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and str(node.value).startswith("vidstyle."):
            names |= {str(node.value), str(node.value).rpartition(".")[0]}
    return names
