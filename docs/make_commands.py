"""Write docs/commands.md from the commands themselves: python docs/make_commands.py"""

from pathlib import Path

import click

from vidstyle.cli.main import vidstyle

TARGET = Path(__file__).parent / "commands.md"


def command_page() -> str:
    """Return the page: every command with its arguments and options."""
    context = click.Context(vidstyle)
    sections = [_section(name, vidstyle.get_command(context, name)) for name in vidstyle.list_commands(context)]
    return "# Commands\n\nMade by `python docs/make_commands.py`; do not edit.\n\n" + "\n".join(sections)


def _section(name: str, command: click.Command | None) -> str:
    assert command is not None
    usage = " ".join(
        part.make_metavar(click.Context(command)) for part in command.params if isinstance(part, click.Argument)
    )
    rows = [_row(part) for part in command.params if isinstance(part, click.Option)]
    table = "\n".join(["| option | what it does |", "| --- | --- |", *rows])
    paragraphs = "\n\n".join(" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
    return f"## vidstyle {name} {usage}".rstrip() + f"\n\n{paragraphs}\n\n{table}\n"


def _row(option: click.Option) -> str:
    spelling = ", ".join([*option.opts, *option.secondary_opts])
    metavar = "" if option.is_flag else " " + option.make_metavar(click.Context(click.Command("")))
    cells = [f"`{spelling}{metavar}`", option.help or ""]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    TARGET.write_text(command_page(), encoding="utf-8")
