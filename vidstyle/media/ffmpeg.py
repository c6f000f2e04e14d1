"""Owner of the ffmpeg program: runs it, keeps its words off the terminal, and turns its failures into one message."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidstyle.errors import DependencyError, OutputError

GLOBAL_ARGUMENTS = ("-hide_banner", "-nostdin", "-loglevel", "error", "-copyts")
"""Times are taken as they are: without -copyts the program would move every input to zero."""


def program() -> str:
    """Return the path of the ffmpeg program; raises DependencyError when there is none for this system."""
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise DependencyError(f"There is no ffmpeg program: {error}. Install imageio-ffmpeg.") from error


def source(path: Path, **options: Any) -> Any:
    """Return an input of a command: the file `path`, whatever its name looks like."""
    import ffmpeg

    return ffmpeg.input(f"file:{path}", **options)


def command(streams: list[Any], target: Path, tags: Sequence[tuple[str, str]] = (), **options: Any) -> list[str]:
    """Return the arguments that write `streams` into `target`; `tags` are options that may come more than once."""
    import ffmpeg

    name = f"file:{target}"
    arguments = ffmpeg.output(*streams, name, **options).overwrite_output().compile(cmd=[program(), *GLOBAL_ARGUMENTS])
    place = arguments.index(name)
    repeated = [word for option, value in tags for word in (f"-{option}", value)]
    return [*arguments[:place], *repeated, *arguments[place:]]


def run(arguments: list[str], doing: str) -> list[str]:
    """Run a command to its end and return the lines it complained with; raises OutputError, naming what it was `doing`.

    The program is ended with the caller: it does not outlive an interrupt.
    """
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, words = process.communicate()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines() if line.strip()]
    if process.returncode:
        reason = "; ".join(lines[:2]) or f"ffmpeg ended with {process.returncode}"
        raise OutputError(f"Cannot {doing}: {reason}. Check the free space, or choose another container.")
    return lines
