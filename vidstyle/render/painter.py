"""Painting batches of frames: resize, generator, upscaler, blend, each repeated frame once, within the device's memory."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vidstyle.device import is_out_of_memory
from vidstyle.errors import DeviceError
from vidstyle.models.image_model import ImageModel, WholeFrameModel
from vidstyle.models.resize import resize
from vidstyle.models.tiles import DEFAULT_RECEPTIVE_RADIUS, Tiled
from vidstyle.pixels import as_array, as_tensor, to_floats, to_pixels
from vidstyle.render.blend import blend, keep_colour, without_noise
from vidstyle.render.colour_plan import PLAIN, ColourPlan
from vidstyle.render.device_copies import Sent, Transfer, sent
from vidstyle.render.painter_config import PainterProgress, Resolved
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes
from vidstyle.render.temporal import looks_back, restore, snapshot

BEFORE = -1
"""Stands for the frame that was shown last."""


class Repeats:
    """Finds repeated frames in a stream of batches; `count` of them since it last began anew."""

    def __init__(self) -> None:
        self.count = 0
        self._latest: np.ndarray | None = None

    def split(self, frames: np.ndarray, *, anew: bool) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the frames of (n, height, width, 3) that differ from the one before, and which of these each shows.

        Two frames are the same when every pixel is. With `anew` the first is not compared with earlier batches.
        """
        if anew:
            self._latest, self.count = None, 0
        fresh: list[int] = []
        shown = []
        for number, frame in enumerate(frames):
            if self._latest is None or not np.array_equal(frame, self._latest):
                fresh.append(number)
            self._latest = frame
            shown.append(len(fresh) - 1)
        self.count += len(frames) - len(fresh)
        return frames if len(fresh) == len(frames) else frames[fresh], tuple(shown)


TILES = (512, 256, 128, 64)
"""Sides of the upscaler's tiles, in its own input pixels, tried one after the other when memory is short."""
STRIPS = (512, 256, 128, 64, 32, 16)
"""Heights of the generator's strips, in rows of what it paints, tried in the same way."""


@dataclass(frozen=True)
class Staged:
    """The distinct frames of a batch on their device, None where there is none, and which of them each frame shows."""

    distinct: Sent | None
    shown: tuple[int, ...]


class Painter:
    """Paints batches of frames of one size: generator, blending, upscaler, resize; rounded on the device.

    `paint` does it all; `upload`, `compute` and `download` are its three parts, each for a thread of its own. A frame
    that equals the one before is not painted again (`repeated` counts them since it last began anew). When the device's
    memory is short fewer frames are painted at once; then whichever model fails works in smaller pieces, the generator
    in strips, the upscaler in tiles. `notes` tells.
    """

    def __init__(
        self,
        generator: WholeFrameModel,
        upscaler: ImageModel | None,
        device: torch.device,
        resolved: Resolved,
        settings: RenderSettings,
        colours: ColourPlan = PLAIN,
    ) -> None:
        self.generator, self.upscaler = generator, upscaler
        self.device, self.resolved, self.settings, self.colours = device, resolved, settings, colours
        self.batch, self.tile, self.strip = resolved.batch, resolved.tile, resolved.strip
        self._enlarging = False
        self.notes: list[str] = []
        self._transfer = Transfer(device)
        self._repeats = Repeats()
        self._shown_last: np.ndarray | None = None

    @property
    def repeated(self) -> int:
        """How many frames were shown again instead of being painted, since painting last began anew."""
        return self._repeats.count

    def paint(self, frames: np.ndarray, sizes: Sizes, *, deep: bool, anew: bool = False) -> np.ndarray:
        """Return (n, height, width, 3) of the result's size, uint16 if `deep`, for frames of the source's size.

        `anew` begins a stretch that must not depend on earlier frames. Raises DeviceError when even one frame in the
        smallest pieces does not fit the device's memory.
        """
        return self.download(self.compute(self.upload(frames, anew=anew), sizes, deep=deep))

    def upload(self, frames: np.ndarray, *, anew: bool = False) -> Staged:
        """Return source frames, (n, height, width, 3) uint8 or uint16, on the device; returns before they are there."""
        distinct, shown = self._repeats.split(frames, anew=anew)
        return Staged(self._transfer.upload(as_tensor(distinct)) if len(distinct) else None, shown)

    def compute(self, staged: Staged, sizes: Sizes, *, deep: bool) -> Staged:
        """Return the painted frames, integers of the result's size, on the device; raises DeviceError as `paint` does."""
        if staged.distinct is None:
            return staged
        parts = self._within_memory(staged.distinct, lambda part: self._paint(part, sizes, deep), sizes)
        return Staged(sent(torch.cat(parts) if len(parts) > 1 else parts[0]), staged.shown)

    def look_at(self, staged: Staged, sizes: Sizes) -> None:
        """Take frames for what is remembered of them, as `compute` does, and paint no more of them than that needs."""
        if staged.distinct is not None:
            self._within_memory(staged.distinct, lambda part: self._generated(part, sizes)[0], sizes)

    def _within_memory(self, distinct: Sent, work: Callable[[Tensor], Tensor], sizes: Sizes) -> list[Tensor]:
        """Return what `work` makes of the frames, in parts that fit the device's memory."""
        pixels = distinct.arrived()
        before = self.state()
        while True:
            shortage = ""
            try:
                return [work(part) for part in pixels.split(self.batch)]
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                shortage = str(error).splitlines()[0]
            self.load_state(before)
            self._shrink(shortage, sizes.painted[1])

    def download(self, painted: Staged) -> np.ndarray:
        """Return all frames of the batch on the host, repeated ones again; waits for them."""
        fresh = None if painted.distinct is None else as_array(self._transfer.download(painted.distinct))
        if fresh is not None and len(fresh) == len(painted.shown):
            frames = fresh
        else:
            known = {BEFORE: self._shown_last, **dict(enumerate(() if fresh is None else fresh))}
            frames = np.stack([known[number] for number in painted.shown])
        self._shown_last = frames[-1]
        return frames

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered of earlier frames to keep the picture steady: nothing without `--flicker`."""
        return snapshot(self.generator)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on after the frames that another painter's `state` was taken after."""
        restore(self.generator, state)

    @torch.inference_mode()
    def _generated(self, pixels: Tensor, sizes: Sizes) -> tuple[Tensor, Tensor]:
        """Return what the generator makes of source frames, and what it saw."""
        self._enlarging = False
        source = self.colours.seen(resize(to_floats(pixels), sizes.painted))
        generator = self.generator.in_strips(self.strip) if self.strip else self.generator
        return generator(source).float(), source

    @torch.inference_mode()
    def _paint(self, pixels: Tensor, sizes: Sizes, deep: bool) -> Tensor:
        painted, source = self._generated(pixels, sizes)
        painted = without_noise(painted, source)
        if self.settings.keep_colour:
            painted = keep_colour(painted, source)
        painted = blend(painted, source, self.settings.blend)
        return to_pixels(self.colours.shown(resize(self.enlarged(painted), sizes.result)), sixteen_bit=deep)

    def enlarged(self, painted: Tensor) -> Tensor:
        """Return (n, 3, h, w) painted pictures as the upscaler makes them, as they are where there is none."""
        if self.upscaler is None:
            return painted
        self._enlarging, model = True, self.upscaler
        if self.tile:
            model = Tiled(model, self.tile, getattr(model, "receptive_radius", DEFAULT_RECEPTIVE_RADIUS))
        return model(painted)

    @property
    def looks_back(self) -> int:
        """How many distinct frames before a frame decide about its painting."""
        return looks_back(self.generator)

    def standing(self, repeated: int) -> PainterProgress:
        """Return how the painter stands after a segment in which so many frames were `repeated`."""
        return PainterProgress(self.batch, self.tile, self.strip, repeated, tuple(self.notes))

    def take_up(self, standing: PainterProgress) -> None:
        """Go on as a painter of the same render did that stood like this."""
        self.batch, self.tile, self.strip = standing.batch, standing.tile, standing.strip
        self.notes = list(standing.notes)

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


MOST = 16
"""More frames at once make no kernel faster and delay the first result."""
USED_SHARE = 0.7
"""The share of the free memory that may be planned for; frames on their way and fragments need the rest."""


def batch_that_fits(painter: Painter, sizes: Sizes) -> int:
    """Return the power of two of frames that fit the free memory, found by painting one black frame on the GPU."""
    width, height = sizes.source
    torch.cuda.reset_peak_memory_stats(painter.device)
    before = torch.cuda.memory_allocated(painter.device)
    painter.paint(np.zeros((1, height, width, 3), np.uint8), sizes, deep=False, anew=True)
    frame_bytes = torch.cuda.max_memory_allocated(painter.device) - before
    torch.cuda.empty_cache()
    free_bytes, _ = torch.cuda.mem_get_info(painter.device)
    fitting = int(USED_SHARE * free_bytes / max(1, frame_bytes))
    return 1 << (min(max(fitting, 1), MOST).bit_length() - 1)
