"""What all tabs of the page share: the folders, the jobs, the preview's process, and how an error is shown."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vidstyle.errors import InputError, SettingsError, VidstyleError, text_of
from vidstyle.files import as_output_error, whole_file
from vidstyle.studio.folders import Folders, free_path
from vidstyle.studio.gradio_import import gradio
from vidstyle.studio.job_queue import JobQueue
from vidstyle.studio.preview_process import PreviewProcess

DROPPED = "dropped"
"""The folder, inside the first one, of files that were dropped on the page."""
PREVIEW_NAME = re.compile(r"[a-z]+-[0-9a-f]{20}\.(jpg|png|mp4)")
"""The names that previews have."""


class Studio:
    """What the tabs work with, made once for all pages that are open."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.previews = folders.work / "previews"
        self.uploads = folders.work / "uploads"
        self.queue = JobQueue(folders.work / "jobs", folders.first)
        self.preview = PreviewProcess(folders.first, self.previews)
        self.moving = PreviewProcess(folders.first, self.previews)

    def close(self) -> None:
        """End the processes of the previews."""
        self.preview.close()
        self.moving.close()

    def check_styles(self, *names: str | None) -> None:
        """Raise SettingsError for a style that is neither of the package nor of a run."""
        known = self.preview.ask("styles")
        if unknown := [name for name in names if name not in known]:
            raise SettingsError(f"There is no style {unknown[0]!r} in the package or in runs. Choose one of the list.")

    def keep(self, upload: Path, folder_name: str = DROPPED) -> str:
        """Copy a file into a folder, under a name that is free there, and return the new file's name; raises OutputError."""
        target = self.folders.writable(folder_name) / (upload.name.lstrip(".") or "file")
        with as_output_error(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target = free_path(target)
        with whole_file(target) as partial:
            shutil.copyfile(upload, partial)
        return self.folders.name_of(target)

    def spelled(self, path: Path) -> str:
        """Return a path as a command in the first folder takes it."""
        if not path.is_relative_to(self.folders.first):
            return str(path)
        inside = str(path.relative_to(self.folders.first))
        return f"./{inside}" if inside.startswith("-") else inside

    def preview_file(self, name: str) -> Path:
        """Return the file of a preview; raises InputError where there is none of that name."""
        path = self.previews / name
        if not PREVIEW_NAME.fullmatch(name) or not path.is_file():
            raise InputError(f"There is no preview {name}.")
        return path

    def address(self, path: Path) -> str:
        """Return the address under which the page finds a file inside the folders; raises InputError."""
        return f"studio/file?name={quote(self.folders.name_of(path))}"


def preview_address(path: Path) -> str:
    """Return the address under which the page finds a preview."""
    return f"studio/preview/{path.name}"


def shows_errors(handler: Callable[..., Any], otherwise: Any = None, *, has_outputs: bool = True) -> Callable[..., Any]:
    """Return a handler of an event that shows an error of vidstyle, and then returns `otherwise` or leaves the page as it is.

    One without outputs returns nothing.
    """

    @wraps(handler)
    def safe(*arguments: Any) -> Any:
        try:
            return handler(*arguments)
        except VidstyleError as error:
            show(error)
            return gradio().skip() if otherwise is None and has_outputs else otherwise

    return safe


def shows_errors_while(handler: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Return a handler that yields, with its errors shown as `shows_errors` does."""

    @wraps(handler)
    def safe(*arguments: Any) -> Iterator[Any]:
        try:
            yield from handler(*arguments)
        except VidstyleError as error:
            show(error)
            yield gradio().skip()

    return safe


def show(error: VidstyleError) -> None:
    """Show an error on the page, until the user closes it."""
    gradio().Warning(escape(text_of(error)), duration=None, title="This did not work")
