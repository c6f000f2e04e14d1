"""The styles that `--style` names: one, or several whose weights are mixed, as in `a:0.6,b:0.4`."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from vidstyle.checksum import sha256_of
from vidstyle.errors import StyleError
from vidstyle.models.style_file import ONNX, Style, existing_style, find_style, load_style, start_identity

SHARE = re.compile(r":(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?=,|$)", re.ASCII)
"""What ends a part of a mixture: a colon and a number before a comma or the end. Names may hold both signs elsewhere.

A share below 0 leads away from a style: `a:1.3,b:-0.3` goes on from b through a.
"""


@dataclass(frozen=True)
class StyleMixture:
    """Files of styles and how much each counts; a style alone is a mixture of one."""

    parts: tuple[tuple[Path, float], ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(path for path, _ in self.parts)

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each file in the weights, below 0 where its weights are taken away; they sum to 1."""
        total = math.fsum(weight for _, weight in self.parts)
        return tuple(weight / total for _, weight in self.parts)

    def spelled(self) -> str:
        """Return the mixture as `find_mixture` reads it."""
        if len(self.parts) == 1:
            return str(self.paths[0])
        return ",".join(f"{path}:{weight!r}" for path, weight in self.parts)

    def at(self, paths: Mapping[Path, Path]) -> "StyleMixture":
        """Return the mixture with other paths for its files, those of another machine."""
        return StyleMixture(tuple((paths[path], weight) for path, weight in self.parts))

    def identity(self) -> str:
        """Return the SHA-256 of the file, of several with their shares as in `SHA:0.6,SHA:0.4`; raises OSError."""
        checksums = [sha256_of(path) for path in self.paths]
        if len(checksums) == 1:
            return checksums[0]
        return ",".join(f"{checksum}:{share:.9g}" for checksum, share in zip(checksums, self.shares, strict=True))

    def load(self) -> Style:
        """Return the style; of several the weighted mean, painting at the size of the one with the largest share.

        Raises StyleError when one cannot be read, or when they are not of one kind, shape and start.
        """
        styles = [load_style(path) for path in self.paths]
        for path, style in zip(self.paths[1:], styles[1:], strict=True):
            _check_mixable(self.paths[0], styles[0], path, style)
        if len(styles) == 1:
            return styles[0]
        largest = styles[self.shares.index(max(self.shares))]
        parts = [(style.weights, share) for style, share in zip(styles, self.shares, strict=True)]
        weights = {name: torch.stack([part[name] * share for part, share in parts]).sum(0) for name in largest.weights}
        mixed_of = [{"style": str(path), "share": share} for path, share in zip(self.paths, self.shares, strict=True)]
        return replace(largest, weights=weights, history={"mixture": mixed_of}, start=start_identity(largest))


def find_mixture(name: str, runs: Path = Path("runs")) -> StyleMixture:
    """Return the style or the mixture of styles that `name` is, each named as `find_style` takes it.

    Names with colons and commas are names where such a style exists. Raises StyleError.
    """
    if existing_style(name, runs) is None and SHARE.search(name):
        parts = next(_readings(name, runs), None) or _plain_reading(name)
        found = StyleMixture(tuple((find_style(part, runs), weight) for part, weight in parts))
        if not 0 < sum(weight for _, weight in parts) < math.inf:
            raise StyleError(f"The shares of {name!r} do not add up to a number above 0. Give them as in a:0.6,b:0.4.")
        return found
    return StyleMixture(((find_style(name, runs), 1.0),))


def _readings(text: str, runs: Path) -> Iterator[list[tuple[str, float]]]:
    """Yield the ways to read a text as names and weights in which every name is that of a style."""
    for match in SHARE.finditer(text):
        name, rest = text[: match.start()], text[match.end() + 1 :]
        if not name or existing_style(name, runs) is None:
            continue
        part = (name, float(match[1]))
        if match.end() == len(text):
            yield [part]
        else:
            yield from ([part, *others] for others in _readings(rest, runs))


def _plain_reading(text: str) -> list[tuple[str, float]]:
    """Return names and weights of a text in which some name is not that of a style: a part ends at every share.

    Raises StyleError for a part without a name or a share.
    """
    matches = list(SHARE.finditer(text))
    starts = [0, *(match.end() + 1 for match in matches)]
    parts = [(text[start : match.start()], float(match[1])) for start, match in zip(starts, matches, strict=False)]
    if text[starts[-1] :] or not all(name for name, _ in parts):
        raise StyleError(f"Cannot mix {text!r}: each part is a style, a colon and its share, as in a:0.6,b:0.4.")
    return parts


def _check_mixable(first_path: Path, first: Style, path: Path, style: Style) -> None:
    """Raise StyleError where the mean of two styles' weights would be no generator."""
    whole = f"Cannot mix {first_path} with {path}"
    if ONNX in (first.kind, style.kind):
        raise StyleError(f"{whole}: a program in ONNX has no weights that could be mixed. Mix styles that train made.")
    if _shape(first) != _shape(style):
        raise StyleError(
            f"{whole}: the one is a {_described(first)}, the other a {_described(style)}. Mix styles of one kind and size."
        )
    if start_identity(first) != start_identity(style):
        raise StyleError(
            f"{whole}: they do not share a start, so the mean of their weights would paint nothing of either. "
            "Mix styles that were trained with the same --init."
        )


def _shape(style: Style) -> tuple[object, ...]:
    shapes = {name: weight.shape for name, weight in style.weights.items()}
    return style.kind, style.channels, style.blocks, shapes


def _described(style: Style) -> str:
    return f"{style.kind} generator of {style.channels} channels and {style.blocks} blocks"
