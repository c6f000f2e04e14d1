"""Imports Gradio, which builds the page, with nothing of it sent elsewhere."""

import os
from pathlib import Path
from typing import Any

from vidstyle.errors import DependencyError

HIDDEN = {"api_visibility": "private"}
"""Options of an event that only the page itself may cause."""


def gradio() -> Any:
    """Return the module; raises DependencyError where the extra is not installed."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")  # a page causes three a second, and each is kept
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import gradio as module
    except ImportError as error:
        raise DependencyError(
            f"The studio needs Gradio, which cannot be loaded: {error}. Install it: pip install 'vidstyle[studio]'"
        ) from error
    return module


def keep_uploads_in(folder: Path) -> None:
    """Let Gradio keep what is dropped on the page, and what it shows, in a folder; before it is imported."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
