"""The steps that turn source frames into painted frames of the result's size, within the device's memory."""

import math

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import DeviceError
from vidstyle.models.image_model import ImageModel, WholeFrameModel
from vidstyle.models.tiles import Tiled
from vidstyle.render.blend import blend, keep_colour
from vidstyle.render.colour import PLAIN, ColourPlan
from vidstyle.render.frames import to_device, to_host
from vidstyle.render.resize import resize
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes

TILES = (512, 256, 128, 64)
"""Sides of the upscaler's tiles, in its own input pixels, tried one after the other when memory is short."""
STRIPS = (512, 256, 128, 64, 32, 16)
"""Heights of the generator's strips, in rows of what it paints, tried in the same way."""
UNKNOWN_REACH = 64
"""Overlap of tiles for models that do not say how far they look, in their input pixels."""


class Painter:
    """Paints batches of frames of one size: generator, blending, upscaler, resize; rounded on the device.

    When the device's memory is short it paints fewer frames at once; then whichever model fails works in smaller
    pieces, the generator in strips, the upscaler in tiles. `notes` tells.
    """

    def __init__(
        self,
        generator: WholeFrameModel,
        upscaler: ImageModel | None,
        device: torch.device,
        dtype: torch.dtype,
        settings: RenderSettings,
        colours: ColourPlan = PLAIN,
    ) -> None:
        self.generator, self.upscaler = generator, upscaler
        self.device, self.dtype, self.settings, self.colours = device, dtype, settings, colours
        self.batch = plan_batch(settings.batch, device)
        self.tile = 0 if settings.tile == "auto" else int(settings.tile)
        self.strip = 0 if settings.strip == "auto" else int(settings.strip)
        self._enlarging = False
        self.notes: list[str] = []

    def paint(self, frames: np.ndarray, sizes: Sizes, *, deep: bool) -> np.ndarray:
        """Return (n, height, width, 3) of the result's size, uint16 if `deep`, for frames of the source's size.

        Raises DeviceError when even one frame in the smallest pieces does not fit the device's memory.
        """
        while True:
            shortage = ""
            try:
                starts = range(0, len(frames), self.batch)
                return np.concatenate([self._paint(frames[at : at + self.batch], sizes, deep) for at in starts])
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                shortage = str(error).splitlines()[0]
            self._shrink(shortage, sizes.painted[1])

    @torch.inference_mode()
    def _paint(self, frames: np.ndarray, sizes: Sizes, deep: bool) -> np.ndarray:
        self._enlarging = False
        source = self.colours.seen(resize(to_device(frames, self.device), sizes.painted))
        generator = self.generator.in_strips(self.strip) if self.strip else self.generator
        painted = generator(source.to(self.dtype)).float()
        if self.settings.keep_colour:
            painted = keep_colour(painted, source)
        painted = blend(painted, source, self.settings.blend)
        return to_host(self.colours.shown(resize(self._enlarged(painted), sizes.result)), deep=deep)

    def _enlarged(self, painted: Tensor) -> Tensor:
        if self.upscaler is None:
            return painted
        self._enlarging, model = True, self.upscaler
        if self.tile:
            model = Tiled(model, self.tile, getattr(model, "reach", UNKNOWN_REACH))
        return model(painted.to(self.dtype if model.half_ok else torch.float32))

    def _shrink(self, shortage: str, rows: int) -> None:
        """Ask less of the memory for frames painted at `rows` rows; raises DeviceError when nothing is left to give up."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.batch > 1:
            self.batch = math.ceil(self.batch / 2)
            saving = f"{self.batch} frames are now painted at once"
        elif self._enlarging and self.settings.tile == "auto" and (side := _below(self.tile or math.inf, TILES)):
            self.tile = side
            saving = f"enlarged in tiles of {side} pixels from here on"
        elif not self._enlarging and self.settings.strip == "auto" and (height := _below(self.strip or rows, STRIPS)):
            self.strip = height
            saving = f"painted in strips of {height} rows from here on"
        else:
            raise DeviceError(
                f"The memory of {self.device} does not suffice for one frame ({shortage}). "
                "Use a smaller --size, --tile auto, --strip auto, --upscaler none or --device cpu."
            )
        self.notes.append(f"The memory of {self.device} was short: {saving}.")


def _below(limit: float, steps: tuple[int, ...]) -> int | None:
    return next((step for step in steps if step < limit), None)


def plan_batch(asked: int | str, device: torch.device) -> int:
    """Return how many frames are painted at once: on a CPU more than one gains nothing."""
    if asked != "auto":
        return int(asked)
    return 1 if device.type == "cpu" else 8


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, or the host, had no memory left for a tensor."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in words or "can't allocate memory" in words
