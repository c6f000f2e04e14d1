"""The settings of `vidstyle render`: what the user may choose."""

from dataclasses import dataclass, replace
from typing import Self

from vidstyle.errors import SettingsError
from vidstyle.media.codecs import CODECS
from vidstyle.media.reading_options import DEINTERLACE_MODES, parse_colour
from vidstyle.models.inst.diversifier_config import DiversifierConfig
from vidstyle.settings import LARGEST_SEED, LARGEST_SIDE, MOST_SECONDS, Settings, setting

UPSCALERS = ("realesr-animevideov3", "realesrgan-x4plus-anime", "realesrgan-x4plus")
FLICKER = ("auto", "off", "denoise", "statistics", "flow")
FINISHES = ("auto", "guided", "upscaler", "both", "none")
DEFAULT_CALM = 0.5
"""How far the guided filter calms where `--calm` is not given.

Any `--calm` asks for the filter, also where `--finish auto` would leave it out.
"""


@dataclass(frozen=True)
class RenderSettings(Settings):
    """Settings of `vidstyle render`."""

    style: str = setting("default", "name of a style or run, or a style file; a:0.6,b:0.4 mixes two that share a start")
    fast: bool = setting(
        False, "paint in the student of the style, called NAME-fast, where there is one (see vidstyle distil)"
    )
    size: int | str | None = setting(
        None,
        "short side that the generator paints at, pixels; source: full size (default: the style's own, without norms full size)",
        minimum=16,
        cap=LARGEST_SIDE,
        keywords=("source",),
    )
    outscale: float = setting(1.0, "size of the result in relation to the source", minimum=0.05, maximum=16)
    upscaler: str = setting(
        "auto",
        "network that enlarges the painting, a name or a file of weights (auto: realesr-animevideov3 where it has far to go)",
        keywords=("auto", "none", *UPSCALERS),
    )
    finish: str = setting(
        "auto",
        "last step: a guided filter that takes the source's drawing, the upscaler, both, or a plain resize "
        "(auto: guided, none where a style without norms paints at the size of the result, or what --upscaler names)",
        choices=FINISHES,
    )
    calm: float | None = setting(
        None,
        "how far the guided filter calms plain areas, 0 is not at all, 0.25 as White-box Cartoonization (default: 0.5)",
        minimum=0,
        maximum=1,
    )
    start: float | None = setting(None, "second of the source to begin at", minimum=0, cap=MOST_SECONDS)
    end: float | None = setting(None, "second of the source to end before", minimum=0, cap=MOST_SECONDS)
    batch: int | str = setting("auto", "frames painted at once", minimum=1, keywords=("auto",))
    tile: int | str = setting(
        "auto",
        "side of the upscaler's tiles, pixels; 0: whole frames (auto: whole frames while memory lasts)",
        minimum=0,
        keywords=("auto",),
    )
    strip: int | str = setting(
        "auto",
        "rows that the generator paints at once, without seams; 0: whole frames (auto: whole frames while memory lasts)",
        minimum=0,
        keywords=("auto",),
    )
    precision: str = setting(
        "auto",
        "number format of the networks; int8 is calibrated on the video where the style has no twin in int8 "
        "(auto: bf16 where the hardware has it, else fp32)",
        choices=("auto", "fp32", "bf16", "fp16", "int8"),
    )
    backend: str = setting(
        "auto",
        "what runs the networks (auto: the fastest that pays for its start)",
        choices=("auto", "eager", "compile", "openvino"),
    )
    device: str = setting("auto", "where to compute: auto, cpu, cuda, cuda:N or mps")
    codec: str = setting(
        "auto", "video encoder (auto: libx264, in webm libvpx-vp9)", choices=("auto", *(name for name in CODECS))
    )
    crf: int = setting(18, "quality of the encoder, smaller is better", minimum=0, maximum=63)
    preset: str | None = setting(
        None,
        "speed of the encoder in its own words; for prores_ks its profile "
        "(default: its own, or veryfast for libx264 where a generator without norms paints on a CPU)",
    )
    pix_fmt: str | None = setting(None, "pixel format of the result (default: 4:2:0 with the source's depth)")
    blend: float = setting(1.0, "share of the style in the result, 0 is the source", minimum=0, maximum=1)
    keep_colour: bool = setting(False, "keep the source's colours, take only light and shade from the style")
    hdr: str = setting(
        "tonemap",
        "what becomes of high dynamic range: standard range for every player, or kept (10 bits, libx265 or libsvtav1)",
        choices=("tonemap", "keep"),
    )
    background: str = setting("black", "colour under transparent pixels: a name or #rrggbb")
    deinterlace: str = setting(
        "auto", "make interlaced frames whole (auto: those that are flagged; on: all)", choices=DEINTERLACE_MODES
    )
    flicker: str = setting(
        "auto",
        "keep frames alike: average along the source's motion, smooth the generator's statistics, or average the source's "
        "noise where nothing moves (auto: flow, or denoise with a generator without norms)",
        choices=FLICKER,
    )
    diversify: int = setting(
        0,
        "results of each source that a diffusion model varies, called NAME_01, NAME_02, ... where there are several",
        minimum=0,
        cap=9999,
    )
    diversify_style: str = setting("", "look for --diversify: a file, or a run of `train --method inst`")
    diversify_base: str = setting(
        "", "Stable Diffusion for it: a folder or an id of the hub (default: the one that the look was learnt with)"
    )
    strength: float = setting(
        DiversifierConfig.strength, "how far --diversify goes from the painting, 0 is not at all", minimum=0, maximum=1
    )
    seed: int = setting(
        0,
        "seed of the first result of --diversify; the others have the next ones",
        minimum=0,
        cap=LARGEST_SEED,
    )
    diffusion_steps: int = setting(
        DiversifierConfig.steps,
        "steps from pure noise to a picture; --strength does its share of them",
        minimum=1,
        maximum=1000,
    )
    guidance: float = setting(DiversifierConfig.guidance, "weight of the look in --diversify", minimum=0)
    attention_slicing: bool = setting(False, "compute the attention of --diversify in parts: slower, less memory")
    offload: str = setting(
        "none", "what of --diversify stays off the GPU until it computes", choices=("none", "model", "sequential")
    )
    segment: int = setting(120, "frames that are finished and kept together: what a crash costs at most", minimum=1)
    strict: bool = setting(False, "make a damaged source an error")
    audio: bool = setting(True, "carry the sound over")
    subtitles: bool = setting(True, "carry the subtitles over")
    overwrite: bool = setting(False, "replace existing results")
    restart: bool = setting(False, "begin anew even where an unfinished render could go on")
    dry_run: bool = setting(False, "say what would be rendered and stop")

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_colour(self.background)
        if self.end is not None and self.end <= (self.start or 0):
            raise SettingsError(f"The end, {self.end:g} s, is not after the start, {self.start or 0:g} s. Raise --end.")
        self._check_finish()
        if self.tile != "auto" and 0 < int(self.tile) < 32:
            raise SettingsError(f"tile cannot be {self.tile}: it takes auto, 0, or at least 32.")
        if bool(self.diversify) != bool(self.diversify_style):
            raise SettingsError("Varied results need both: --diversify N, how many, and --diversify-style, the look.")
        if self.flicker == "statistics" and self.precision == "int8":
            raise SettingsError(
                "int8 networks have their statistics fixed. Use --flicker flow, or another --precision."
            )

    def _check_finish(self) -> None:
        """Raise SettingsError where `finish` and `upscaler` contradict each other."""
        if self.upscaler not in ("auto", "none") and self.finish in ("guided", "none"):
            fitting = "both" if self.finish == "guided" else "upscaler"
            raise SettingsError(
                f"--finish {self.finish} uses no upscaler, but --upscaler names {self.upscaler}. Use --finish {fitting}, "
                "or leave --upscaler out."
            )
        if self.upscaler == "none" and self.finish in ("upscaler", "both"):
            fitting = "guided" if self.finish == "both" else "none"
            raise SettingsError(
                f"--finish {self.finish} needs an upscaler, but --upscaler is none. Use --finish {fitting}, or name one."
            )

    @property
    def decided_finish(self) -> str:
        """The finish, `auto` being decided as far as settings can: one of the other FINISHES; see `decided`.

        An upscaler that was chosen decides as in 0.1.0.
        """
        if self.finish != "auto":
            return self.finish
        if self.upscaler == "auto":
            return "guided"
        return "none" if self.upscaler == "none" else "upscaler"

    @property
    def calm_share(self) -> float:
        """`calm`, or what it is where it was not given, in [0, 1]."""
        return DEFAULT_CALM if self.calm is None else self.calm

    @property
    def is_guided(self) -> bool:
        """Whether a guided filter takes part in the finish."""
        return self.decided_finish in ("guided", "both")

    @property
    def is_upscaled(self) -> bool:
        """Whether an upscaler takes part in the finish, where the result is to be larger than the painting."""
        return self.decided_finish in ("upscaler", "both")

    def decided(self, *, whole_frames: bool, at_full_size: bool) -> Self:
        """Return the settings with that decided which is `auto`.

        `whole_frames`: the style has no norms. Each pixel depends on its surroundings alone, and is as steady as they are.
        `at_full_size`: it paints at the size of the result or larger. A painting that is both has its source's drawing
        already. A guided filter would only take from the style. A `calm` that was given asks for it all the same.
        """
        finish = self.decided_finish
        if self.finish == "auto" and finish == "guided" and self.calm is None and whole_frames and at_full_size:
            finish = "none"
        flicker = self.flicker
        if flicker == "auto":
            flicker = "denoise" if whole_frames else "flow"
        return replace(self, finish=finish, flicker=flicker)

    def for_variant(self, number: int) -> Self:
        """Return the settings for one of the varied results alone, counted from 0."""
        return replace(self, seed=self.seed + number, diversify=min(1, self.diversify))
