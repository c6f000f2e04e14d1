"""Which tests an installation leaves out: those of extras that it lacks."""

from importlib.util import find_spec

import pytest


def needs_extra(extra: str, module: str) -> None:
    """Skip the test file that calls this where `module` is not installed; it is not imported for that.

    Every worker collects every test file, and Gradio alone takes 3 s to import.
    """
    if not find_spec(module):
        pytest.skip(f"the extra {extra} is not installed", allow_module_level=True)
