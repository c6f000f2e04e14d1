"""The models of one render, loaded once: which device, number format, style and upscaler."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.checksum import content_identity, sha256_of
from vidstyle.device import DTYPES, resolve_device
from vidstyle.host_memory import share_one_heap
from vidstyle.media.clip import Clip
from vidstyle.models.image_model import ImageModel, WholeFrameModel
from vidstyle.models.inst.diffusion_files import check_installed
from vidstyle.models.inst.diversifier import Diversifier, load_diffusion
from vidstyle.models.inst.diversifier_config import DiversifierConfig
from vidstyle.models.inst.look_file import find_look, load_look
from vidstyle.models.resize import resize
from vidstyle.models.runtime import Runtime, prepare, resolve_runtime
from vidstyle.models.style_file import find_style, load_style
from vidstyle.models.style_generator import StyleGenerator, build_generator
from vidstyle.models.upscaler import load_upscaler, weights_file
from vidstyle.pixels import to_device
from vidstyle.progress import OnProgress, silent
from vidstyle.render.colour_plan import PLAIN, ColourPlan
from vidstyle.render.diversify import Diversified, Shots
from vidstyle.render.flicker import reduce_flicker
from vidstyle.render.int8 import quantised, sample_frames
from vidstyle.render.painter import Painter, batch_that_fits
from vidstyle.render.painter_config import Resolved, resolved
from vidstyle.render.settings import UPSCALERS, RenderSettings
from vidstyle.render.sizes import Sizes, plan_sizes


class Engine:
    """Everything that stays the same for all sources of a render.

    Raises StyleError, DeviceError, SettingsError or DependencyError when made.
    """

    def __init__(self, settings: RenderSettings) -> None:
        share_one_heap()
        self.settings = settings
        self.device = resolve_device(settings.device)
        resolve_runtime(self.device, settings.backend, settings.precision, None)
        self.style_path = find_style(settings.style)
        self.style = load_style(self.style_path)
        build_generator(self.style)
        self.look_path = find_look(settings.diversify_style) if settings.diversify else None
        self.look = load_look(self.look_path) if self.look_path else None
        if self.varies:
            check_installed()
        if self._upscaler_name(True) is not None and settings.upscaler != "auto":
            load_upscaler(settings.upscaler, self.device, torch.float32)

    @property
    def varies(self) -> bool:
        """Whether a diffusion model varies what the generator paints."""
        return self.look is not None and self.settings.strength > 0

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

    def painter(
        self,
        sizes: Sizes,
        colours: ColourPlan = PLAIN,
        clip: Clip | None = None,
        frames: int | None = 1,
        pinned: Resolved | None = None,
        variant: int = 0,
        on_progress: OnProgress = silent,
    ) -> Painter:
        """Return the painter for a clip and about so many frames (None: unknown), or for one picture; `variant` is its
        number among varied results.

        With `pinned` it computes as a painter did whose `resolved` that was; where `quantised` differs it cannot.
        A picture is not computed in int8: calibrating on it would cost more than is gained.
        """
        width, height = sizes.painted
        backend, precision = self.settings.backend, self.settings.precision
        if pinned is not None:
            backend, precision = pinned.backend, pinned.precision
        elif clip is None and precision == "int8":
            precision = "auto"
        runtime = resolve_runtime(self.device, backend, precision, None if frames is None else frames * width * height)
        vary = partial(self._varied, precision=runtime.precision, variant=variant, on_progress=on_progress)
        if clip is None:
            painter = self._painter(sizes, colours, runtime, pinned)
            painter.generator = vary(painter.generator)
            return painter
        if runtime.precision == "int8":
            return self._steadied(self._quantised_painter(sizes, colours, clip, pinned, on_progress), vary)
        return self._steadied(self._painter(sizes, colours, runtime, pinned), vary)

    def _painter(self, sizes: Sizes, colours: ColourPlan, runtime: Runtime, pinned: Resolved | None) -> Painter:
        name = self.upscaler_name(sizes)
        upscaler = None if name is None else self._upscaler(name, runtime)
        settled = pinned or resolved(runtime, self.settings)
        painter = Painter(self._generator(runtime), upscaler, self.device, settled, self.settings, colours)
        if self.device.type == "cuda" and self.settings.batch == "auto" and pinned is None and not self.varies:
            settled = replace(settled, batch=batch_that_fits(painter, sizes))
            return Painter(self._generator(runtime), upscaler, self.device, settled, self.settings, colours)
        return painter

    @lru_cache(2)  # noqa: B019 - an engine lives as long as its render
    def _generator(self, runtime: Runtime) -> StyleGenerator:
        return StyleGenerator(self.style, self.device, runtime.dtype, partial(prepare, runtime=runtime))

    @lru_cache(2)  # noqa: B019
    def _upscaler(self, name: str, runtime: Runtime) -> ImageModel:
        model = load_upscaler(name, self.device, runtime.dtype, partial(prepare, runtime=runtime))
        return model if model.half_ok else load_upscaler(name, self.device, torch.float32)

    def _quantised_painter(
        self, sizes: Sizes, colours: ColourPlan, clip: Clip, pinned: Resolved | None, on_progress: OnProgress
    ) -> Painter:
        settings, name = self.settings, self.upscaler_name(sizes)
        asked = {"size": sizes.painted, "start": settings.start, "end": settings.end}
        key = {"style": sha256_of(self.style_path), "source": content_identity(clip.path), **asked}

        @cache
        def pictures() -> list[Tensor]:
            frames = sample_frames(clip, settings.start, settings.end)
            return [colours.seen(resize(to_device(frame, self.device), sizes.painted)) for frame in frames]

        make = partial(StyleGenerator, self.style, self.device, torch.float32)
        generator, digest = quantised(make, pictures, key, on_progress)
        upscaler: ImageModel | None = None
        if name is not None:
            make_upscaler = partial(load_upscaler, name, self.device, torch.float32)
            key["upscaler"] = content_identity(weights_file(name))
            paintings = lambda: [generator(picture) for picture in pictures()]  # noqa: E731
            upscaler, second = quantised(make_upscaler, paintings, key, on_progress)
            digest += second
        runtime = Runtime(self.device, "int8", "openvino")
        settled = replace(pinned or resolved(runtime, settings), quantised=digest)
        return Painter(generator, upscaler, self.device, settled, settings, colours)

    def _steadied(self, painter: Painter, vary: Callable[..., WholeFrameModel]) -> Painter:
        """Return the painter, made for the frames of one video in their order, with what `--flicker` asks for.

        Averaging comes after varying, whose flicker it lessens too; statistics are those of the generator itself.
        """
        if self.settings.flicker == "statistics":
            generator = StyleGenerator(self.style, self.device, DTYPES[painter.resolved.precision])
            painter.generator = vary(reduce_flicker(generator, "statistics"), moving=True)
        else:
            painter.generator = reduce_flicker(vary(painter.generator, moving=True), self.settings.flicker)
        return painter

    def _varied(
        self, generator: WholeFrameModel, precision: str, variant: int, on_progress: OnProgress, moving: bool = False
    ) -> WholeFrameModel:
        """Return the generator with its paintings varied as `--diversify` asks for, `moving` for the frames of a video."""
        if not self.varies:
            return generator
        diversifier = self._diversifier(precision, on_progress).with_seed(self.settings.seed + variant)
        return Diversified(generator, diversifier, Shots() if moving else None)

    @lru_cache(1)  # noqa: B019
    def _diversifier(self, precision: str, on_progress: OnProgress) -> Diversifier:
        asked = self.settings
        assert self.look is not None, "it varies"
        base = load_diffusion(
            self.look,
            asked.diversify_base,
            self.device,
            precision,
            on_progress,
            attention_slicing=asked.attention_slicing,
            offload=asked.offload,
        )
        variation = DiversifierConfig(asked.strength, asked.diffusion_steps, asked.guidance)
        return Diversifier(base, self.look.embedding, variation, asked.seed)

    def record(self) -> dict[str, Any]:
        """Return what is the same for all sources, for the manifest."""
        style: Path = self.style_path
        known = {
            "device": str(self.device),
            "style": str(style),
            "style_sha256": sha256_of(style),
            "torch": torch.__version__,
        }
        if self.look and self.look_path:
            known |= {"look": str(self.look_path), "look_sha256": sha256_of(self.look_path), "base": self.look.base}
        return known
