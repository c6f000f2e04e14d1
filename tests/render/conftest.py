"""A small random style, and settings that render fast."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.styles import make_style
from vidstyle.render.settings import RenderSettings


@pytest.fixture(scope="session")
def style_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an untrained style of 4 channels, made for a short side of 32 pixels."""
    return make_style(tmp_path_factory.mktemp("style") / "random.safetensors")


def quick(style_path: Path, **others: Any) -> RenderSettings:
    """Return settings for a style: fp32 on the CPU, no upscaler, frame by frame, a fast encoder; others as given."""
    settings = {
        "style": str(style_path),
        "device": "cpu",
        "precision": "fp32",
        "upscaler": "none",
        "flicker": "off",
        "preset": "ultrafast",
    }
    return RenderSettings(**{**settings, **others})


@pytest.fixture
def fast(style_path: Path) -> Any:
    """Return the function that gives `quick` settings for the random style."""
    return partial(quick, style_path)
