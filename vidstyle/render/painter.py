"""Painting batches of frames on a device: resize, generator, finish, blend.

A frame that repeats the one before is painted once. When the device's memory is short, the painter works in smaller pieces.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock, local
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vidstyle.device import is_out_of_memory
from vidstyle.errors import DeviceError
from vidstyle.models.image_model import ImageModel, WholeFrameModel
from vidstyle.models.resize import resize, resize_pixels
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.models.tiles import Tiled
from vidstyle.pixels import as_array, as_tensor, to_floats, to_pixels
from vidstyle.render.blend import blend, keep_colour, surely_shown, without_noise
from vidstyle.render.colour_plan import PLAIN, ColourPlan
from vidstyle.render.device_copies import OnDevice, Transfer
from vidstyle.render.guided_finish import calmed, drawn_by_source
from vidstyle.render.model_state import looks_back, restore, snapshot
from vidstyle.render.painter_config import PainterConfig, PainterProgress
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes

TILES = (512, 256, 128, 64)
"""Sides of the upscaler's tiles, in its own input pixels, tried one after the other when memory is short."""
STRIPS = (512, 256, 128, 64, 32, 16)
"""Heights of the generator's strips, in rows of what it paints, tried in the same way."""
LARGEST_BATCH = 16
"""More frames at once make no kernel faster and delay the first result."""
USED_SHARE = 0.7
"""The share of the free memory that may be planned for; frames on their way and fragments need the rest."""
TRIAL_FRAMES = 3
"""Frames painted to measure the memory: from the third on, `--flicker flow` has its earlier frames at hand."""
LAST_SHOWN = -1
"""In `DeviceFrames.shown`, stands for the last frame of the batch before."""


class TileableModel(ImageModel, Protocol):
    """An image model whose pixels depend on those near them alone, so that it may work in overlapping tiles."""

    @property
    def receptive_radius(self) -> int:
        """How far, in input pixels, an output pixel looks."""
        ...


class FrameAverage(Protocol):
    """Averages the frames of a video, in their order, with so many earlier ones as it `looks_back` on."""

    looks_back: int

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return the next frames, (n, height, width, 3), averaged."""
        ...

    def forget(self) -> None:
        """Forget all frames."""
        ...


@dataclass(frozen=True)
class DeviceFrames:
    """A batch of frames on its device.

    `distinct` are those that differ from the one before, None where there are none. `shown` tells for each frame of the
    batch which of these it shows.
    """

    distinct: OnDevice | None
    shown: tuple[int, ...]


class RepeatFinder:
    """Finds repeated frames in a stream of batches; `count` of them since the last reset."""

    def __init__(self) -> None:
        self.count = 0
        self._last: np.ndarray | None = None

    def split(self, frames: np.ndarray, *, reset: bool) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the frames of (n, height, width, 3) that differ from the one before, and which of these each shows.

        Two frames are the same when every pixel is. With `reset` the first is not compared with the batch before.
        """
        if reset:
            self._last, self.count = None, 0
        distinct: list[int] = []
        shown = []
        for number, frame in enumerate(frames):
            if self._last is None or not np.array_equal(frame, self._last):
                distinct.append(number)
            self._last = frame
            shown.append(len(distinct) - 1)
        self.count += len(frames) - len(distinct)
        return frames if len(distinct) == len(frames) else frames[distinct], tuple(shown)


class Painter:
    """Paints batches of frames of one size: generator, finish, resize, blending; rounded on the device.

    `paint` does it all; `upload`, `compute` and `download` are its three parts, each for a thread of its own. When the
    device's memory is short, fewer frames are painted at once. Then whichever model fails works in smaller pieces: the
    generator in strips, the upscaler in tiles. `notes` tells of it. So many threads as `parallel` may call `compute` at once.
    `new_average` makes what averages the frames of the source with earlier ones before they are painted.
    """

    def __init__(
        self,
        generator: WholeFrameModel,
        upscaler: TileableModel | None,
        device: torch.device,
        config: PainterConfig,
        settings: RenderSettings,
        colours: ColourPlan = PLAIN,
        parallel: int = 1,
        new_average: Callable[[], FrameAverage] | None = None,
    ) -> None:
        self.parallel = parallel
        self._average = new_average() if new_average else None
        self._generator, self._upscaler = generator, upscaler
        self._device, self._config, self._settings, self._colours = device, config, settings, colours
        self._batch, self._tile, self._strip = config.batch, config.tile, config.strip
        self._notes: list[str] = []
        self._shrinking, self._thread = Lock(), local()
        self._transfer = Transfer(device)
        self._repeats = RepeatFinder()
        self._last_shown: np.ndarray | None = None

    @property
    def generator(self) -> WholeFrameModel:
        """The model that paints."""
        return self._generator

    @property
    def upscaler(self) -> TileableModel | None:
        """The model that enlarges the painting, None where a resize does."""
        return self._upscaler

    @property
    def device(self) -> torch.device:
        """Where the models compute."""
        return self._device

    @property
    def config(self) -> PainterConfig:
        """How the painter was asked to compute; `progress` tells what short memory has made of it."""
        return self._config

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done because the device's memory was short, for the user."""
        return tuple(self._notes)

    @property
    def repeated(self) -> int:
        """How many frames since the last reset were shown again instead of being painted."""
        return self._repeats.count

    @property
    def looks_back(self) -> int:
        """How many distinct frames before a frame decide about its painting."""
        return looks_back(self._generator) + (self._average.looks_back if self._average else 0)

    @property
    def averages(self) -> bool:
        """Whether the painter averages frames of the source, of which `state` does not tell."""
        return self._average is not None

    def paint(self, frames: np.ndarray, sizes: Sizes, *, sixteen_bit: bool, reset: bool = False) -> np.ndarray:
        """Return (n, height, width, 3) of the result's size, uint16 if `sixteen_bit`, for frames of the source's size.

        `reset` begins a segment, which must not depend on repeats of earlier frames. Raises DeviceError when even one frame
        in the smallest pieces does not fit the device's memory.
        """
        return self.download(self.compute(self.upload(frames, reset=reset), sizes, sixteen_bit=sixteen_bit))

    def upload(self, frames: np.ndarray, *, reset: bool = False) -> DeviceFrames:
        """Return source frames, (n, height, width, 3) uint8 or uint16, on the device; returns before they are there."""
        distinct, shown = self._repeats.split(frames, reset=reset)
        if self._average is not None:
            distinct = self._average(distinct)
        return DeviceFrames(self._transfer.upload(as_tensor(distinct)) if len(distinct) else None, shown)

    def compute(self, frames: DeviceFrames, sizes: Sizes, *, sixteen_bit: bool) -> DeviceFrames:
        """Return the painted frames, integers of the result's size, on the device; raises DeviceError as `paint` does."""
        if frames.distinct is None:
            return frames
        parts = self._within_memory(frames.distinct, lambda part: self._paint(part, sizes, sixteen_bit), sizes)
        return DeviceFrames(OnDevice.of(_joined(parts)), frames.shown)

    def observe(self, frames: DeviceFrames, sizes: Sizes) -> None:
        """Remember frames as `compute` does, and paint no more of them than that needs."""
        if frames.distinct is not None and looks_back(self._generator):
            self._within_memory(frames.distinct, lambda part: self._generate(part, sizes)[0], sizes)

    def download(self, painted: DeviceFrames) -> np.ndarray:
        """Return all frames of the batch on the host, repeated ones again; waits for them."""
        distinct = None if painted.distinct is None else as_array(self._transfer.download(painted.distinct))
        if distinct is not None and len(distinct) == len(painted.shown):
            frames = distinct
        else:
            pictures = {} if distinct is None else dict(enumerate(distinct))
            pictures[LAST_SHOWN] = self._last_shown
            frames = np.stack([pictures[number] for number in painted.shown])
        self._last_shown = frames[-1]
        return frames

    def enlarge(self, painted: Tensor) -> Tensor:
        """Return (n, 3, h, w) painted pictures as the upscaler makes them, as they are where there is none."""
        if self._upscaler is None:
            return painted
        self._thread.enlarges = True
        model = Tiled(self._upscaler, self._tile, self._upscaler.receptive_radius) if self._tile else self._upscaler
        return model(painted)

    def state(self) -> dict[str, Tensor]:
        """Return what the generator remembers: nothing without `--diversify` and `--flicker flow` or `statistics`."""
        return snapshot(self._generator)

    def forget(self) -> None:
        """Forget all frames, as before the first one of a video."""
        if self._average is not None:
            self._average.forget()
        self.load_state({})

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on after the frames that another painter's `state` was taken after."""
        restore(self._generator, state)

    def progress(self, repeated: int = 0) -> PainterProgress:
        """Return where the painter stands after a segment with so many `repeated` frames."""
        return PainterProgress(self._batch, self._tile, self._strip, repeated, self.notes)

    def restore(self, progress: PainterProgress) -> None:
        """Go on from where another painter of the same render stood."""
        self._batch, self._tile, self._strip = progress.batch, progress.tile, progress.strip
        self._notes = list(progress.notes)

    @torch.inference_mode()
    def _generate(self, pixels: Tensor, sizes: Sizes) -> tuple[Tensor, Tensor]:
        """Return what the generator paints of source frames, and what it saw of them, both (n, 3, h, w) in [0, 1]."""
        self._thread.enlarges = False
        source = self._colours.for_networks(self._at_painted_size(pixels, sizes))
        generator = self._generator.in_strips(self._strip) if self._strip else self._generator
        return generator(source).float(), source

    def _at_painted_size(self, pixels: Tensor, sizes: Sizes) -> Tensor:
        """Return source frames as floats at the size of the painting; on a CPU as their pixels lie in memory."""
        on_cpu, same = self._device.type == "cpu", sizes.painted == sizes.source
        if on_cpu and pixels.dtype == torch.uint8 and not same:
            return to_floats(resize_pixels(pixels, sizes.painted), channels_last=True)
        return resize(to_floats(pixels, channels_last=on_cpu and same), sizes.painted)

    @torch.inference_mode()
    def _paint(self, pixels: Tensor, sizes: Sizes, sixteen_bit: bool) -> Tensor:
        generator = self._generator
        if isinstance(generator, StyleGenerator) and not sixteen_bit and self._stays_pixels(pixels, sizes):
            return generator.paint_pixels(pixels)
        painted, source = self._generate(pixels, sizes)
        if self._settings.is_guided:
            if self._upscaler is None and sizes.enlargement > 1:
                return drawn_by_source(
                    painted, source, pixels, sizes.result, self._settings, self._colours, sixteen_bit=sixteen_bit
                )
            painted = calmed(painted, source, self._settings.calm_share)
        result = resize(self.enlarge(without_noise(painted, source)), sizes.result)
        return to_pixels(self._with_source(result, pixels), sixteen_bit=sixteen_bit)

    def _stays_pixels(self, pixels: Tensor, sizes: Sizes) -> bool:
        """Whether the generator's painting is the result, and it is painted on a CPU, where passes over floats take long."""
        asked = self._settings
        alone = not (asked.is_guided or asked.keep_colour) and asked.blend == 1 and self._colours.view is None
        at_size = sizes.source == sizes.painted == sizes.result and not self._strip
        fits = self._device.type == "cpu" and pixels.dtype == torch.uint8
        return alone and at_size and fits and self._upscaler is None and surely_shown(pixels.permute(0, 3, 1, 2))

    def _with_source(self, painted: Tensor, pixels: Tensor) -> Tensor:
        """Return the painting as signals of the result, mixed with the source frames at its size as the settings ask."""
        if not self._settings.keep_colour and self._settings.blend == 1:
            return self._colours.for_result(painted)
        height, width = painted.shape[2:]
        source = resize(to_floats(pixels), (width, height))
        seen = self._colours.for_networks(source)
        if self._settings.keep_colour:
            painted = keep_colour(painted, seen)
        shown = self._colours.source_for_result(source, seen)
        return blend(self._colours.for_result(painted), shown, self._settings.blend)

    def _within_memory(self, distinct: OnDevice, work: Callable[[Tensor], Tensor], sizes: Sizes) -> list[Tensor]:
        """Return what `work` makes of the frames, in parts that fit the device's memory."""
        pixels = distinct.wait()
        before: dict[str, Tensor] | None = None
        while True:
            shortage, pieces, self._thread.enlarges = "", self._pieces, False
            try:
                before = self.state() if before is None else before
                return [work(part.to(self._device)) for part in pixels.split(self._batch)]
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                shortage = str(error).splitlines()[0]
            # Here the error is gone, and with it its tensors.
            if before is not None:
                self.load_state(before)
            with self._shrinking:
                if pieces == self._pieces:
                    self._shrink(shortage, sizes.painted[1])

    @property
    def _pieces(self) -> tuple[int, int, int]:
        return self._batch, self._tile, self._strip

    def _shrink(self, shortage: str, rows: int) -> None:
        """Ask less of the memory for frames painted at `rows` rows; raises DeviceError when nothing is left to give up."""
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        enlarges = self._thread.enlarges
        if self._batch > 1:
            self._batch = math.ceil(self._batch / 2)
            saving = f"{self._batch} frames are now painted at once"
        elif enlarges and self._settings.tile == "auto" and (side := _below(self._tile or math.inf, TILES)):
            self._tile = side
            saving = f"enlarged in tiles of {side} pixels from here on"
        elif not enlarges and self._settings.strip == "auto" and (height := _below(self._strip or rows, STRIPS)):
            self._strip = height
            saving = f"painted in strips of {height} rows from here on"
        else:
            raise DeviceError(
                f"The memory of {self._device} does not suffice for one frame ({shortage}). "
                "Use a smaller --size, --tile auto, --strip auto, --upscaler none or --device cpu."
            )
        self._notes.append(f"The memory of {self._device} was short: {saving}.")


def _joined(parts: list[Tensor]) -> Tensor:
    """Return painted frames as one tensor, on the host where the device has no memory for it beside its parts."""
    if len(parts) == 1:
        return parts[0]
    try:
        return torch.cat(parts)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
    return torch.cat([part.cpu() for part in parts])


def _below(limit: float, steps: tuple[int, ...]) -> int | None:
    return next((step for step in steps if step < limit), None)


def batch_that_fits(trial: Painter, sizes: Sizes) -> int:
    """Return the power of two of frames that fit the free memory of a GPU.

    The painter `trial` paints black frames, one at a time, by which its memory is measured. Its generator remembers nothing
    of them afterwards.
    """
    width, height = sizes.source
    black = np.zeros((1, height, width, 3), np.uint8)
    torch.cuda.reset_peak_memory_stats(trial.device)
    before = torch.cuda.memory_allocated(trial.device)
    for _ in range(TRIAL_FRAMES):
        trial.paint(black, sizes, sixteen_bit=False, reset=True)
    frame_bytes = torch.cuda.max_memory_allocated(trial.device) - before
    trial.load_state({})
    torch.cuda.empty_cache()
    free_bytes, _ = torch.cuda.mem_get_info(trial.device)
    fitting = int(USED_SHARE * free_bytes / max(1, frame_bytes))
    return 1 << (min(max(fitting, 1), LARGEST_BATCH).bit_length() - 1)
