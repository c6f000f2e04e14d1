"""`vidstyle styles`."""

import click
from rich.table import Table

from vidstyle.cli.show import standard_output


@click.command()
def styles() -> None:
    """List the styles that can be rendered by name."""
    from vidstyle.models.style_file import load_style, shipped_styles

    table = Table("Name", "Kind", "Channels", "Trained at", "Steps", "File")
    for name, path in shipped_styles().items():
        style = load_style(path)
        table.add_row(
            *[name, style.kind, str(style.channels), f"short side {style.size}"],
            *[str(style.history.get("steps", "")), str(path)],
        )
    with standard_output() as out:
        out.print(table)
