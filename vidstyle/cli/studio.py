"""`vidstyle studio`."""

from typing import Any

import click

from vidstyle.cli.options import flag_options, settings_from
from vidstyle.cli.show import console
from vidstyle.studio.settings import StudioSettings


@click.command()
@flag_options(StudioSettings)
def studio(**flags: Any) -> None:
    """Open a page on this machine: see frames painted before a render, and watch jobs.

    It reads and writes only files in the given folders, and works without a network. Needs the extra studio.
    """
    settings = settings_from(StudioSettings, "studio", None, flags)
    from vidstyle.studio.server import serve

    serve(settings, lambda text: console().print(text, soft_wrap=True))
