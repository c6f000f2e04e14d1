"""What a look makes of photos, or of the paintings of a style: several results of each, as folders of PNG files."""

from functools import cache

import torch

from vidstyle.checksum import sha256_of
from vidstyle.device import DTYPES, resolve_device
from vidstyle.evaluate.painting import Paint, Painted, painted_once
from vidstyle.evaluate.pictures import Pictures
from vidstyle.evaluate.runs import FinishedRun
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.models.diversifier import Diversifier, load_diffusion
from vidstyle.models.inversion import load_inversion
from vidstyle.models.style import Style, find_style, load_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.models.variation import Variation
from vidstyle.progress import OnProgress


def vary(
    run: FinishedRun, photos: Pictures, short_side: int, settings: EvaluateSettings, on_progress: OnProgress
) -> list[Painted]:
    """Return `settings.diversify` results of each photo, by seeds from 0, kept in the run's folder and made only once.

    Where the settings say so a style paints the photos first. Raises StyleError, DependencyError or DeviceError.
    """
    where = resolve_device(settings.device)
    style = find_style(settings.paint_with) if settings.paint_with else None
    look = load_inversion(run.folder.inversion)
    asked = [settings.strength, settings.diversify_base]
    made_of = [sha256_of(run.folder.inversion), sha256_of(style) if style else "", asked, photos.named_content]

    @cache
    def models(precision: str) -> tuple[Paint, Diversifier]:
        base = load_diffusion(look, settings.diversify_base, where, precision, on_progress)
        diversifier = Diversifier(base, look.word, Variation(settings.strength), seed=0)
        return _painter(load_style(style) if style else None, where, precision), diversifier

    def results(seed: int) -> Painted:
        def make(precision: str) -> Paint:
            paint, diversifier = models(precision)
            varied = diversifier.with_seed(seed)
            return lambda images: varied(paint(images).float())

        folder = run.path / "evaluation" / f"{short_side}px-{seed + 1:02d}"
        return painted_once(folder, photos, [*made_of, seed], make, where, on_progress)

    return [results(seed) for seed in range(settings.diversify)]


def _painter(style: Style | None, where: torch.device, precision: str) -> Paint:
    return (lambda images: images) if style is None else StyleGenerator(style, where, DTYPES[precision])
