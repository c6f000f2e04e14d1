"""`vidstyle weights`: which pretrained weights are known, and where each is found."""

import click
from rich.table import Table

from vidstyle.cli.show import standard_output


@click.command()
def weights() -> None:
    """List the pretrained weights that are known, where each is found, its size and its licence."""
    from vidstyle.models.weights import KNOWN, folders

    table = Table(box=None, pad_edge=False)
    for column in ("name", "kind", "scale", "MiB", "found at", "licence"):
        numeric, long = column in ("scale", "MiB"), column in ("found at", "licence")
        table.add_column(column, overflow="fold", no_wrap=not long, justify="right" if numeric else "left")
    for row in KNOWN:
        size, path = _size_and_path(row.name)
        table.add_row(row.name, row.kind, f"x{row.scale}", size, path, row.licence)
    with standard_output() as out:
        out.print(table)
        out.print(f"Looked in {', '.join(str(folder) for folder in folders())}, then in installed packages.")


def _size_and_path(name: str) -> tuple[str, str]:
    """Return the size in MiB and the path as texts; an ncnn network is a pair of files."""
    from vidstyle.models.weights import find

    path = find(name)
    if path is None:
        return "-", "not found"
    pair = [path, path.with_suffix(".bin")] if path.suffix == ".param" else [path]
    return f"{sum(file.stat().st_size for file in pair if file.is_file()) / 2**20:.1f}", str(path)
