"""The models of one render, loaded once: which device, number format, style and upscaler."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from vidstyle.device import DTYPES, resolve_device, resolve_precision
from vidstyle.models.image_model import ImageModel
from vidstyle.models.style import find_style, load_style, style_hash
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.models.upscaler import load_upscaler
from vidstyle.render.colour import PLAIN, ColourPlan
from vidstyle.render.paint import Painter
from vidstyle.render.settings import UPSCALERS, RenderSettings
from vidstyle.render.sizes import Sizes, plan_sizes


class Engine:
    """Everything that stays the same for all sources of a render; raises StyleError or DeviceError when made."""

    def __init__(self, settings: RenderSettings) -> None:
        self.settings = settings
        self.device = resolve_device(settings.device)
        self.dtype = resolve_precision(settings.precision, self.device)
        self.style_path = find_style(settings.style)
        self.style = load_style(self.style_path)
        self.generator = StyleGenerator(self.style, self.device, self.dtype)
        if self._upscaler_name(True) is not None and settings.upscaler != "auto":
            self.upscaler(settings.upscaler)

    def sizes(self, source: tuple[int, int]) -> Sizes:
        """Return the sizes for a source of (width, height)."""
        return plan_sizes(source, self.settings.size, self.style.size, self.settings.outscale)

    def upscaler_name(self, sizes: Sizes) -> str | None:
        """Return the name or file of the upscaler for these sizes, None where a resize does."""
        return self._upscaler_name(sizes.asks_for_upscaler)

    def _upscaler_name(self, needed: bool) -> str | None:
        if self.settings.upscaler == "none" or (self.settings.upscaler == "auto" and not needed):
            return None
        return UPSCALERS[0] if self.settings.upscaler == "auto" else self.settings.upscaler

    @lru_cache  # noqa: B019 - an engine lives as long as its render
    def upscaler(self, name: str) -> ImageModel:
        """Return the upscaler of that name or in that file, loaded once; raises StyleError."""
        model = load_upscaler(name, self.device, self.dtype)
        return model if model.half_ok else load_upscaler(name, self.device, torch.float32)

    def painter(self, sizes: Sizes, colours: ColourPlan = PLAIN) -> Painter:
        """Return the painter for sources of these sizes and colours."""
        name = self.upscaler_name(sizes)
        upscaler = None if name is None else self.upscaler(name)
        return Painter(self.generator, upscaler, self.device, self.dtype, self.settings, colours)

    def record(self) -> dict[str, Any]:
        """Return what was resolved, for the manifest."""
        precision = next(name for name, dtype in DTYPES.items() if dtype == self.dtype)
        style: Path = self.style_path
        return {
            "device": str(self.device),
            "precision": precision,
            "style": str(style),
            "style_sha256": style_hash(style),
            "torch": torch.__version__,
        }
