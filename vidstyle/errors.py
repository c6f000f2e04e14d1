"""Every failure a user can meet, each with its own exit code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns to the shell."""

    OK = 0
    BUG = 1
    USAGE = 2
    INPUT = 3
    OUTPUT = 4
    STYLE = 5
    DAMAGED = 6
    DEVICE = 7
    TRAINING = 8
    DEPENDENCY = 9
    SEVERAL = 10
    CLUSTER = 11
    INTERRUPTED = 130


class VidstyleError(Exception):
    """A failure whose message tells the user what failed, on what, and what to do next."""

    exit_code = ExitCode.BUG


class SettingsError(VidstyleError):
    """A setting, recipe key or argument that cannot be used."""

    exit_code = ExitCode.USAGE


class InputError(VidstyleError):
    """A source that is missing, unreadable or holds nothing to work on."""

    exit_code = ExitCode.INPUT


class PictureError(InputError):
    """A picture file that cannot be read."""


class OutputError(VidstyleError):
    """A target that exists already, cannot be written or has no room."""

    exit_code = ExitCode.OUTPUT


class TargetExists(OutputError):
    """A target that exists already."""


class StyleError(VidstyleError):
    """A style or a file of weights that is unknown, broken or of another kind."""

    exit_code = ExitCode.STYLE


class DamagedError(VidstyleError):
    """A damaged source, in a run with `--strict`."""

    exit_code = ExitCode.DAMAGED


class DeviceError(VidstyleError):
    """A device that is absent, or whose memory does not suffice."""

    exit_code = ExitCode.DEVICE


class TrainingError(VidstyleError):
    """A training run that cannot go on."""

    exit_code = ExitCode.TRAINING


class DependencyError(VidstyleError):
    """An optional package that the request needs and that is not installed."""

    exit_code = ExitCode.DEPENDENCY


class ClusterError(VidstyleError):
    """A cluster that cannot be started, reached or used, or pieces of a render that kept failing on it."""

    exit_code = ExitCode.CLUSTER


class Interrupted(VidstyleError):
    """The user stopped the run; what was done is kept."""

    exit_code = ExitCode.INTERRUPTED


def text_of(error: BaseException) -> str:
    """Return what an error says, with the notes that were added to it."""
    return " ".join([str(error), *getattr(error, "__notes__", [])])
