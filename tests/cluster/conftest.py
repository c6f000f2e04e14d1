"""The small random style and the settings that render fast."""

from tests.render.conftest import fast, style_path

__all__ = ["fast", "style_path"]
