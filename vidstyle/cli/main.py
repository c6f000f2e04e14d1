"""The command `vidstyle`: imports a subcommand only when it is called, so that help needs none of their libraries."""

import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

from vidstyle import __version__
from vidstyle.errors import ExitCode, Interrupted, VidstyleError, text_of

COMMANDS = {
    "extract": "Take the best frames of cartoon episodes as training images.",
    "train": "Fit a style to photos and cartoon frames.",
    "distil": "Fit a small, fast style to what a style paints, its finish included.",
    "render": "Paint videos, images and folders of them in a style.",
    "import": "Make a style of a generator that another program trained.",
    "export": "Write a style's generator as ONNX or TorchScript.",
    "evaluate": "Measure pictures, a run or a video: FID, KID, PSNR, SSIM, LPIPS, steadiness.",
    "compare": "Put finished runs side by side: a table of all figures and a grid of pictures.",
    "run": "Do what a recipe says: extract, train, evaluate, compare, render.",
    "studio": "Open a page: see frames painted before a render, and watch jobs.",
    "weights": "List the pretrained weights and where they were found.",
    "styles": "List the styles that can be rendered by name, with their licences.",
}

_RENAMED = {"import": "import_style"}
"""Commands whose name Python keeps for itself."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command `cmd_name`, or None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        name = _RENAMED.get(cmd_name, cmd_name)
        command: click.Command = getattr(importlib.import_module(f"vidstyle.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="vidstyle")
def vidstyle() -> None:
    """Learn the look of a cartoon from its episodes and paint video in it."""


def _take_any_text() -> None:
    """Let the standard streams show a backslash and a code for what they cannot show, as in names that are not UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _system_error(error: OSError) -> str:
    """Return what the system refused, and on what, for an error that no stage expected."""
    from vidstyle.files import advice_on  # here, because the command line must start fast

    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    on_what = f" ({', '.join(names)})" if names else ""
    advice = advice_on(error, "Check the path, rights and free space.")
    return f"The system says: {error.strerror or error}{on_what}. {advice}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code of what happened; only bugs of vidstyle show a traceback."""
    _take_any_text()
    try:
        code = vidstyle.main(args=arguments, prog_name="vidstyle", standalone_mode=False)
    except Interrupted as error:
        click.echo(str(error), err=True)
        code = error.exit_code
    except VidstyleError as error:
        click.echo(f"Error: {text_of(error)}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        click.echo(f"Error: {_system_error(error)}", err=True)
        code = ExitCode.OUTPUT
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = ExitCode.INTERRUPTED
    sys.exit(int(code or ExitCode.OK))
