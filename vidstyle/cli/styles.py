"""`vidstyle styles`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidstyle.cli.show import standard_output
from vidstyle.errors import StyleError

if TYPE_CHECKING:
    from vidstyle.models.style_file import Style

NOT_STATED = "not stated"


@click.command()
def styles() -> None:
    """List the styles that can be rendered by name, those of the package and of runs/.

    Each has its licence, what it was fitted to, and its generator.
    """
    from vidstyle.models.style_file import renderable_styles

    with standard_output() as out:
        for name, path in renderable_styles().items():
            out.print(name, soft_wrap=True)
            for label, text in _rows(path):
                out.print(f"  {label:<12} {text}", soft_wrap=True)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what is to be told of the style in a file, each part with its label; of a broken one, what is wrong."""
    from vidstyle.models.style_file import load_style

    try:
        style = load_style(path)
    except StyleError as error:
        yield "broken", str(error)
        return
    yield "fitted to", style.description or NOT_STATED
    yield "licence", style.licence or NOT_STATED
    yield "attribution", style.attribution or NOT_STATED
    yield "generator", f"{style.kind}, {style.channels} channels, {style.blocks} blocks, short side {style.size}"
    yield "made by", _origin(style)
    yield "file", str(path)


def _origin(style: "Style") -> str:
    """Return how the style was made, as far as its history tells."""
    method, steps = style.history.get("settings", {}).get("method"), style.history.get("steps")
    if isinstance(steps, int) and method:
        return f"{steps:,} steps of {method}"
    imported = style.history.get("imported_from")
    return f"import of {imported}" if imported else NOT_STATED
