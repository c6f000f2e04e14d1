"""Settings of `vidstyle evaluate` and `vidstyle compare`."""

from dataclasses import dataclass

from vidstyle.errors import SettingsError
from vidstyle.evaluate.metrics import METRIC_SETS, METRICS
from vidstyle.models.inst.diversifier_config import DiversifierConfig
from vidstyle.settings import LARGEST_SEED, LARGEST_SIDE, MOST_SECONDS, Settings, setting


@dataclass(frozen=True)
class EvaluateSettings(Settings):
    """Settings of `vidstyle evaluate`."""

    metrics: str = setting(
        "auto",
        f"figures wanted, separated by commas: {', '.join(METRICS)} (auto: all that the inputs and weights allow; "
        f"paper: of these {', '.join(METRIC_SETS['paper'])})",
    )
    inception: str = setting(
        "", "file of the Inception weights for fid, fid-clean and kid (default: found or downloaded)"
    )
    crops: int = setting(
        600, "crops of each set for fd-vgg16 and kid-vgg16; more where a set has more pictures", minimum=2
    )
    crop: int = setting(96, "side of these crops, pixels", minimum=32, cap=LARGEST_SIDE)
    crop_scale: int = setting(
        192,
        "short side to which pictures are scaled before they are cropped, pixels",
        minimum=32,
        cap=LARGEST_SIDE,
    )
    size: int | None = setting(
        None,
        "short side at which a run paints the photos, pixels (default: the style's own)",
        minimum=16,
        cap=LARGEST_SIDE,
    )
    variants: bool = setting(
        False, "results are called NAME_01, NAME_02, ... as `render --diversify` writes them: several of each source"
    )
    paint_with: str = setting(
        "", "style or run whose paintings a run of inst varies (default: none, it varies the photos themselves)"
    )
    diversify: int = setting(2, "results of each photo by a run of inst", minimum=1)
    diversify_base: str = setting(
        "", "Stable Diffusion for it: a folder or an id of the hub (default: the one that the look was learnt with)"
    )
    strength: float = setting(DiversifierConfig.strength, "how far these go, 0 is not at all", minimum=0, maximum=1)
    resize_source: bool = setting(False, "scale sources to the size of their results where they differ")
    start: float | None = setting(
        None, "second of the source video at which its result begins", minimum=0, cap=MOST_SECONDS
    )
    end: float | None = setting(
        None, "second of the source video before which its result ends", minimum=0, cap=MOST_SECONDS
    )
    seed: int = setting(0, "seed of the places of the crops", minimum=0, cap=LARGEST_SEED)
    batch: int = setting(8, "pictures that go through a feature network at once", minimum=1)
    precision: str = setting("fp32", "number format of the feature networks", choices=("fp32", "bf16"))
    device: str = setting("auto", "where to compute: auto, cpu, cuda, cuda:N or mps")

    def __post_init__(self) -> None:
        super().__post_init__()
        if unknown := [name for name in self.wanted if name not in METRICS]:
            raise SettingsError(f"There is no metric {unknown[0]!r}. Known: {', '.join(METRICS)}.")
        if self.crop > self.crop_scale:
            raise SettingsError(
                f"crop {self.crop} is larger than crop-scale {self.crop_scale}. Choose a crop of at most {self.crop_scale}."
            )
        if self.end is not None and self.end <= (self.start or 0):
            raise SettingsError(f"The end, {self.end:g} s, is not after the start, {self.start or 0:g} s. Raise --end.")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names of the metrics that were asked for one by one; none where a set is asked for, such as `auto`."""
        return () if self.metrics in METRIC_SETS else tuple(name.strip() for name in self.metrics.split(","))

    @property
    def candidates(self) -> tuple[str, ...]:
        """The names of all metrics that may be measured, as far as the inputs and weights allow."""
        return self.wanted or METRIC_SETS[self.metrics]


@dataclass(frozen=True)
class CompareSettings(EvaluateSettings):
    """Settings of `vidstyle compare`."""

    rows: int = setting(6, "photos in the grid of pictures", minimum=1)
