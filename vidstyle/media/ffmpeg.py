"""The ffmpeg program: its commands are composed with ffmpeg-python, run quietly, and fail with one message."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from vidstyle.errors import DependencyError, OutputError

GLOBAL_ARGUMENTS = ("-hide_banner", "-nostdin", "-loglevel", "error", "-copyts", "-max_error_rate", "1")
"""With -copyts times stay as they are; without it the program would move every input to zero. It would also fail where more
than two thirds of a track cannot be decoded, such as subtitles in Cyrillic that are not UTF-8."""

FILE_SIZE_SIGNAL = getattr(signal, "SIGXFSZ", 0)
WAY_OUT = "Check the free space, or choose another container."
TOO_LARGE = "the file would be larger than this system allows. Raise the limit (`ulimit -f`)"


class CommandError(OutputError):
    """A command that failed; `lines` are its error lines."""

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.lines = lines


def program() -> str:
    """Return the path of the ffmpeg program; raises DependencyError when there is none for this system."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise DependencyError(f"There is no ffmpeg program: {error}. Install imageio-ffmpeg.") from error


def source(path: Path, **options: Any) -> Any:
    """Return an input of a command: the file `path`, whatever its name looks like."""
    return ffmpeg.input(_spelled(path), **options)


def beginning(path: Path, length: int, **options: Any) -> Any:
    """Return an input of a command: the first `length` bytes of a file."""
    return ffmpeg.input(f"subfile,,start,0,end,{length},,:{_spelled(path)}", **options)


def stand_in() -> Any:
    """Return an input of a command: a few tiny black pictures, where some video is needed."""
    return ffmpeg.input("color=s=16x16:d=0.1", format="lavfi")


def command(streams: list[Any], target: Path, **options: Any) -> list[bytes]:
    """Return the arguments with which the program writes `streams`, taken from inputs, into `target`."""
    output = ffmpeg.output(*streams, _spelled(target), **options)
    arguments = [argument.encode("latin-1") for argument in output.get_args(overwrite_output=True)]
    return [*map(os.fsencode, (program(), *GLOBAL_ARGUMENTS)), *arguments]


def _spelled(path: Path) -> str:
    """Return the address of a file with a letter for each byte of its name, since ffmpeg-python takes only Unicode."""
    return os.fsencode(f"file:{path}").decode("latin-1")


def run(arguments: list[bytes], doing: str, way_out: str = WAY_OUT) -> list[str]:
    """Run a command to its end and return its error lines; raises CommandError, naming what it was `doing`.

    `way_out` tells the user what to do about it. The program is ended with the caller: it does not outlive an interrupt.
    """
    code, lines = _ended(arguments)
    if code:
        raise CommandError(f"Cannot {doing}: {_reason(code, lines, way_out)}", lines)
    return lines


def complaint(arguments: list[bytes]) -> str:
    """Run a command to its end and return why it fails, "" where it works."""
    code, lines = _ended(arguments)
    return "; ".join(lines[:1]) or f"ffmpeg ended with {code}" if code else ""


def _ended(arguments: list[bytes]) -> tuple[int, list[str]]:
    """Run a command to its end; return its exit code and error lines."""
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, output = process.communicate()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode, [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]


def _reason(code: int, lines: list[str], way_out: str) -> str:
    """Return why the program ended with the exit code `code`, negative for a signal, and what to do."""
    if code == -FILE_SIZE_SIGNAL:
        return f"{TOO_LARGE}."
    if code < 0:
        return f"ffmpeg was ended by signal {-code}. Give the command again; if that repeats, check the free memory."
    reason = "; ".join(lines[:2]) or f"ffmpeg ended with {code}"
    return f"{reason}. {way_out}"
