"""Pictures that cannot be read are left out of an evaluation and named, and the others are measured."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from vidstyle.errors import DependencyError, InputError, PictureError
from vidstyle.evaluate.compute_metrics import MetricInputs
from vidstyle.evaluate.image_sets import READERS, ImageSet
from vidstyle.media.images import read_image
from vidstyle.ordered_map import map_in_order

Result = TypeVar("Result")


def measured_without_unreadable(
    inputs: MetricInputs, measure: Callable[[MetricInputs], Result]
) -> tuple[Result, list[str]]:
    """Return what `measure` returns for the inputs, or for those of them that can be read, and a warning for each other one.

    Pictures are only tried out once one could not be read. A result whose source cannot be read is left out too, and a
    source of such a result. Raises PictureError or DependencyError where a set has no readable picture.
    """
    try:
        return measure(inputs), []
    except (PictureError, DependencyError):
        faults = _faults(list(dict.fromkeys(path for images in _sets(inputs) for path in images.paths)))
        if not faults:
            raise
        rest = _without(inputs, set(faults))
        if not all(images.paths for images in _sets(rest)):
            raise
        return measure(rest), [f"Left out: {fault}" for fault in faults.values()]


def _sets(inputs: MetricInputs) -> list[ImageSet]:
    sets = (*inputs.generated, *inputs.others, inputs.source, inputs.target)
    return [images for images in sets if images is not None]


def _faults(paths: list[Path]) -> dict[Path, str]:
    """Return what is wrong with each picture that cannot be read."""

    def fault(path: Path) -> str | None:
        try:
            read_image(path)
        except (InputError, DependencyError) as error:
            return str(error)
        return None

    faults = map_in_order(fault, paths, READERS)
    return {path: text for path, text in zip(paths, faults, strict=True) if text is not None}


def _without(inputs: MetricInputs, unreadable: set[Path]) -> MetricInputs:
    beside_each_other = [*inputs.generated, *inputs.others, *([inputs.source] if inputs.source else [])]
    names = {_name(images, path) for images in beside_each_other for path in images.paths if path in unreadable}

    def kept(images: ImageSet) -> ImageSet:
        return replace(images, paths=tuple(path for path in images.paths if _name(images, path) not in names))

    target = inputs.target
    if target is not None:
        target = replace(target, paths=tuple(path for path in target.paths if path not in unreadable))
    return MetricInputs(
        generated=tuple(kept(images) for images in inputs.generated),
        target=target,
        source=kept(inputs.source) if inputs.source else None,
        others=tuple(kept(images) for images in inputs.others),
    )


def _name(images: ImageSet, path: Path) -> str:
    return path.stem.removesuffix(images.name_suffix)
