"""The ffmpeg program: its commands are composed with ffmpeg-python, run quietly, and fail with one message."""

import subprocess
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from vidstyle.errors import DependencyError, OutputError

GLOBAL_ARGUMENTS = ("-hide_banner", "-nostdin", "-loglevel", "error", "-copyts")
"""With -copyts times stay as they are; without it the program would move every input to zero."""


def program() -> str:
    """Return the path of the ffmpeg program; raises DependencyError when there is none for this system."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise DependencyError(f"There is no ffmpeg program: {error}. Install imageio-ffmpeg.") from error


def source(path: Path, **options: Any) -> Any:
    """Return an input of a command: the file `path`, whatever its name looks like."""
    return ffmpeg.input(f"file:{path}", **options)


def command(streams: list[Any], target: Path, **options: Any) -> list[str]:
    """Return the arguments with which the program writes `streams`, taken from inputs, into `target`."""
    output = ffmpeg.output(*streams, f"file:{target}", **options)
    return list(output.compile(cmd=[program(), *GLOBAL_ARGUMENTS], overwrite_output=True))


def run(arguments: list[str], doing: str) -> list[str]:
    """Run a command to its end and return its error lines; raises OutputError, naming what it was `doing`.

    The program is ended with the caller: it does not outlive an interrupt.
    """
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, output = process.communicate()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    if process.returncode:
        reason = "; ".join(lines[:2]) or f"ffmpeg ended with {process.returncode}"
        raise OutputError(f"Cannot {doing}: {reason}. Check the free space, or choose another container.")
    return lines
