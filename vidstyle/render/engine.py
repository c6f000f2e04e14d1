"""The models of one render, loaded once: which device, number format, style and upscaler."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any

import torch
from torch import Tensor

from vidstyle.checksum import content_identity, sha256_of
from vidstyle.device import DTYPES, resolve_device
from vidstyle.errors import DependencyError, DeviceError, OutputError, StyleError
from vidstyle.host_memory import share_one_heap
from vidstyle.models.image_model import WholeFrameModel
from vidstyle.models.inst.diffusion_files import check_installed
from vidstyle.models.inst.diversifier import Diversifier, load_diffusion
from vidstyle.models.inst.diversifier_config import DiversifierConfig
from vidstyle.models.inst.look_file import find_look, load_look
from vidstyle.models.int8_twin import find_twin
from vidstyle.models.openvino import OpenVINONetwork, load_model
from vidstyle.models.openvino import digest as file_digest
from vidstyle.models.resize import resize
from vidstyle.models.runtime import Runtime, prepare, resolve_runtime
from vidstyle.models.style_file import ONNX, find_student
from vidstyle.models.style_generator import StyleGenerator, build_generator
from vidstyle.models.style_mixture import StyleMixture, find_mixture
from vidstyle.models.upscaler import Upscaler, load_upscaler, weights_file
from vidstyle.networks.generator_kinds import FULL_SIZE_KINDS
from vidstyle.pixels import to_device
from vidstyle.progress import OnProgress, note, silent
from vidstyle.render.colour_plan import PLAIN, ColourPlan
from vidstyle.render.diversify import DiversifiedGenerator, ShotCounter
from vidstyle.render.int8 import load_or_quantise, sample_frames
from vidstyle.render.painter import FrameAverage, Painter, batch_that_fits
from vidstyle.render.painter_config import Decisions, PainterConfig, parallel_batches
from vidstyle.render.plan import VideoPlan
from vidstyle.render.settings import UPSCALERS, RenderSettings
from vidstyle.render.sizes import Sizes, default_side, plan_sizes

BATCH = 8
"""Frames painted at once on a device where more of them gain something, and whose memory cannot be measured."""


class Engine:
    """Everything that stays the same for all sources of a render; it makes their painters.

    Raises StyleError, DeviceError, SettingsError or DependencyError when made.
    """

    def __init__(self, settings: RenderSettings, on_progress: OnProgress = silent) -> None:
        share_one_heap()
        self.settings, self._on_progress = settings, on_progress
        self.device = resolve_device(settings.device)
        resolve_runtime(self.device, settings.backend, settings.precision, None)
        self.mixture = self._find_mixture()
        self.style = self.mixture.load()
        try:
            build_generator(self.style)
        except StyleError as error:
            raise StyleError(f"{self.mixture.spelled()}: {error}") from error
        self.look_path = find_look(settings.diversify_style) if settings.diversify else None
        self.look = load_look(self.look_path) if self.look_path else None
        if self.varies:
            check_installed()
        if settings.upscaler not in ("auto", "none"):
            load_upscaler(settings.upscaler, self.device, torch.float32)

    def _find_mixture(self) -> StyleMixture:
        """Return the style or mixture, or the student of a style where that is asked for and there; say which."""
        asked = self.settings
        mixture, student = find_mixture(asked.style), find_student(asked.style) if asked.fast else None
        if student is not None:
            self._on_progress(note(f"Painting in the student {student}."))
            return find_mixture(str(student))
        if asked.fast:
            text = f"{asked.style} has no student, so it paints itself. Make one: vidstyle distil {asked.style}"
            self._on_progress(note(text))
        return mixture

    @property
    def varies(self) -> bool:
        """Whether a diffusion model varies what the generator paints."""
        return self.look is not None and self.settings.strength > 0

    def paints_in_real_time(self, settings: RenderSettings, sizes: Sizes) -> bool:
        """Whether painting takes a CPU little more time than coding the result, on the device that is asked for here.

        The engine's own device is that of the planner where workers paint.
        """
        quick = self.style.kind in FULL_SIZE_KINDS and not self.varies and self.upscaler_name(sizes) is None
        return quick and settings.device in ("cpu", "auto") and resolve_device(settings.device).type == "cpu"

    def sizes(self, source: tuple[int, int]) -> Sizes:
        """Return the sizes for a source of (width, height)."""
        default = default_side(self.style.kind, self.style.size, source)
        return plan_sizes(source, self.settings.size, default, self.settings.outscale)

    def decided(self, settings: RenderSettings, sizes: Sizes) -> RenderSettings:
        """Return settings with that decided by the style and the sizes which is `auto`."""
        whole_frames = self.style.kind in FULL_SIZE_KINDS
        return settings.decided(whole_frames=whole_frames, at_full_size=sizes.enlargement <= 1)

    def upscaler_name(self, sizes: Sizes) -> str | None:
        """Return the name or file of the upscaler for these sizes, None where a resize does."""
        if not self.settings.is_upscaled:
            return None
        if self.settings.upscaler == "auto":
            return UPSCALERS[0] if sizes.asks_for_upscaler else None
        return self.settings.upscaler

    def picture_painter(
        self, sizes: Sizes, variant: int = 0, colours: ColourPlan = PLAIN, *, moving: bool = False
    ) -> Painter:
        """Return the painter for a picture with such colours, or for a few frames in a row where they are `moving`.

        `variant` is its number among varied results. It does not compute in int8: calibrating on one picture would cost more
        than is gained.
        """
        precision = "auto" if self.settings.precision == "int8" else self.settings.precision
        width, height = sizes.painted
        runtime = resolve_runtime(self.device, self.settings.backend, precision, width * height)
        settings = self.decided(self.settings, sizes)
        new_average = _new_average(settings.flicker) if moving else None
        if moving:
            generator = self._steady(partial(self._generator, runtime), runtime, settings.flicker, variant)
        else:
            generator = self._vary(self._generator(runtime), runtime, variant)
        upscaler = self._upscaler(self.upscaler_name(sizes), runtime)
        make = partial(
            Painter, generator, upscaler, self.device, settings=settings, colours=colours, new_average=new_average
        )
        return self._fitting(make, decide_config(runtime, self.settings), sizes)

    def video_painter(self, plan: VideoPlan, decided: Decisions | None = None, variant: int = 0) -> Painter:
        """Return the painter for a video, or one that computes as was `decided` when its render began.

        `variant` is the number of the video among varied results. Raises DeviceError when the device of then is not there
        now, and OutputError when its int8 networks are gone.
        """
        if decided is None:
            return self._video_painter(plan, None, variant)
        painter = self._at(decided.device)._video_painter(plan, decided.painter, variant)
        if painter.config.quantised != decided.painter.quantised:
            raise OutputError("The int8 networks of the unfinished render are gone. Give --restart to begin anew.")
        return painter

    def _at(self, device: str) -> "Engine":
        """Return the engine for another device, on which an unfinished render was begun."""
        if device == str(self.device):
            return self
        try:
            return Engine(replace(self.settings, device=device), self._on_progress)
        except DeviceError as error:
            raise DeviceError(f"{error} The unfinished render was begun on it; --restart begins anew.") from error

    def _video_painter(self, plan: VideoPlan, config: PainterConfig | None, variant: int) -> Painter:
        settings = self.decided(self.settings, plan.sizes)
        runtime = self._video_runtime(plan, config, settings)
        if runtime.precision == "int8":
            plain, upscaler, digest = self._int8_models(plan, runtime)
            config = replace(config or decide_config(runtime, self.settings), quantised=digest)
            generator = self._steady(lambda: plain, runtime, settings.flicker, variant)
        else:
            generator = self._steady(partial(self._generator, runtime), runtime, settings.flicker, variant)
            upscaler = self._upscaler(plan.upscaler, runtime)
        make = partial(
            Painter,
            generator,
            upscaler,
            self.device,
            settings=settings,
            colours=plan.colours,
            parallel=runtime.parallel,
            new_average=_new_average(settings.flicker),
        )
        return make(config) if config else self._fitting(make, decide_config(runtime, self.settings), plan.sizes)

    def _video_runtime(self, plan: VideoPlan, config: PainterConfig | None, settings: RenderSettings) -> Runtime:
        """Return the runtime as it was decided, or as `settings` ask, which are decided as far as the sizes decide."""
        width, height = plan.sizes.painted
        pixels = None if plan.frames is None else plan.frames * width * height
        asked = config or self.settings
        runtime = resolve_runtime(self.device, asked.backend, asked.precision, pixels)
        if self.style.kind == ONNX or plan.upscaler is not None:
            return runtime
        light = self.style.kind in FULL_SIZE_KINDS
        return replace(runtime, parallel=parallel_batches(runtime, settings, plan.sizes, light=light))

    def _fitting(self, make: Callable[[PainterConfig], Painter], config: PainterConfig, sizes: Sizes) -> Painter:
        """Return the painter with as many frames at once as fit the memory of a GPU, unless the user gave their number."""
        if self.device.type == "cuda" and self.settings.batch == "auto" and not self.varies:
            config = replace(config, batch=batch_that_fits(make(config), sizes))
        return make(config)

    def _steady(
        self, plain: Callable[[], StyleGenerator], runtime: Runtime, flicker: str, variant: int
    ) -> WholeFrameModel:
        """Return the generator for the frames of one video in their order, steadied as `flicker` says.

        Averaging comes after varying, whose flicker it lessens too; statistics are those of the generator itself.
        """
        if flicker in ("off", "denoise"):
            return self._vary(plain(), runtime, variant, moving=True)
        reduce_flicker, _ = _import_steadying()
        if flicker == "statistics":
            own = StyleGenerator(self.style, self.device, DTYPES[runtime.precision])
            return self._vary(reduce_flicker(own, "statistics"), runtime, variant, moving=True)
        return reduce_flicker(self._vary(plain(), runtime, variant, moving=True), flicker)

    def _vary(
        self, generator: WholeFrameModel, runtime: Runtime, variant: int, *, moving: bool = False
    ) -> WholeFrameModel:
        """Return the generator with its paintings varied as `--diversify` asks for, `moving` for the frames of a video."""
        if not self.varies:
            return generator
        diversifier = self._diversifier(runtime.precision).with_seed(self.settings.seed + variant)
        return DiversifiedGenerator(generator, diversifier, ShotCounter() if moving else None)

    @lru_cache(2)  # noqa: B019 - an engine lives as long as its render
    def _generator(self, runtime: Runtime) -> StyleGenerator:
        return StyleGenerator(self.style, self.device, runtime.dtype, partial(prepare, runtime=runtime))

    @lru_cache(2)  # noqa: B019
    def _upscaler(self, name: str | None, runtime: Runtime) -> Upscaler | None:
        if name is None:
            return None
        model = load_upscaler(name, self.device, runtime.dtype, partial(prepare, runtime=runtime))
        return model if model.half_ok else load_upscaler(name, self.device, torch.float32)

    @lru_cache(1)  # noqa: B019
    def _diversifier(self, precision: str) -> Diversifier:
        asked = self.settings
        assert self.look is not None, "it varies"
        base = load_diffusion(
            self.look,
            asked.diversify_base,
            self.device,
            precision,
            self._on_progress,
            attention_slicing=asked.attention_slicing,
            offload=asked.offload,
        )
        variation = DiversifierConfig(asked.strength, asked.diffusion_steps, asked.guidance)
        return Diversifier(base, self.look.embedding, variation, asked.seed)

    def _int8_models(self, plan: VideoPlan, runtime: Runtime) -> tuple[StyleGenerator, Upscaler | None, str]:
        """Return generator and upscaler in 8-bit integers, and what tells them from others.

        What has no twin is calibrated on frames of the video.
        """
        settings, sizes = self.settings, plan.sizes
        asked = {"size": sizes.painted, "start": settings.start, "end": settings.end}
        key = {"style": self.mixture.identity(), "source": content_identity(plan.clip.path), **asked}

        @cache
        def pictures() -> list[Tensor]:
            frames = sample_frames(plan.clip, settings.start, settings.end)
            small = [resize(to_device(frame, self.device), sizes.painted) for frame in frames]
            return [plan.colours.for_networks(frame) for frame in small]

        make = partial(StyleGenerator, self.style, self.device, torch.float32)
        style, *others = self.mixture.paths
        if not others and (twin := find_twin(style)):
            network = OpenVINONetwork(load_model(twin), "int8", runtime.parallel)
            generator, digest = make(lambda _, *, channels_last=False: network), file_digest(twin)
        else:
            generator, digest = load_or_quantise(make, pictures, key, self._on_progress, runtime.parallel)
        if plan.upscaler is None:
            return generator, None, digest
        make_upscaler = partial(load_upscaler, plan.upscaler, self.device, torch.float32)
        key["upscaler"] = content_identity(weights_file(plan.upscaler))

        def paintings() -> list[Tensor]:
            return [generator(picture) for picture in pictures()]

        upscaler, upscaler_digest = load_or_quantise(make_upscaler, paintings, key, self._on_progress)
        return generator, upscaler, digest + upscaler_digest

    def record(self) -> dict[str, Any]:
        """Return what is the same for all sources, for the manifest."""
        values = {
            "device": str(self.device),
            "style": self.mixture.spelled(),
            "style_sha256": self.mixture.identity(),
            "torch": torch.__version__,
        }
        if self.look and self.look_path:
            values |= {"look": str(self.look_path), "look_sha256": sha256_of(self.look_path), "base": self.look.base}
        return values


def decide_config(runtime: Runtime, settings: RenderSettings) -> PainterConfig:
    """Return how a painter computes with `runtime`, `auto` being decided.

    On a CPU several frames at once gain nothing, nor where they are varied one by one.
    """
    at_once = 1 if runtime.device.type == "cpu" or settings.diversify else BATCH
    return PainterConfig(
        backend=runtime.backend,
        precision=runtime.precision,
        batch=at_once if settings.batch == "auto" else int(settings.batch),
        tile=0 if settings.tile == "auto" else int(settings.tile),
        strip=0 if settings.strip == "auto" else int(settings.strip),
    )


def _new_average(flicker: str) -> Callable[[], FrameAverage] | None:
    """Return what makes the average of a video's frames that `flicker` asks for, None where it asks for none."""
    return _import_steadying()[1] if flicker == "denoise" else None


def _import_steadying() -> tuple[Callable[[WholeFrameModel, str], WholeFrameModel], Callable[[], FrameAverage]]:
    """Import it where it is needed: it loads OpenCV, and `--flicker off` works where that cannot be loaded."""
    try:
        from vidstyle.analysis.smoothing import TemporalAverage
        from vidstyle.render.flicker import reduce_flicker
    except ImportError as error:
        raise DependencyError(
            f"Steadying the picture needs OpenCV, which cannot be loaded here ({error}). "
            "Use --flicker off, or install it: pip install opencv-python-headless"
        ) from error
    return reduce_flicker, TemporalAverage
