"""One figure and everything it rests on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Self


@dataclass(frozen=True)
class Measurement:
    """A metric's value, what it was measured on and with; `source_value` is that of the untouched source.

    Where nothing could be measured, as between the frames of a video that has one, both are None.
    `counts` are the pictures, crops or frames of each side, `size` their size in pixels, `weights` a file's name and
    `sha256` its checksum.
    """

    name: str
    value: float | None
    counts: Mapping[str, int]
    size: str
    resizer: str = "none"
    weights: str = ""
    sha256: str = ""
    precision: str = ""
    source_value: float | None = None

    @property
    def basis(self) -> str:
        """Everything that the value rests on, in one line."""
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        weights = f"{self.weights} (sha256 {self.short_sha256})" if self.weights else ""
        resizer = f"resized: {self.resizer}"
        return "; ".join(part for part in (f"n: {counts}", self.size, resizer, weights, self.precision) if part)

    @property
    def short_sha256(self) -> str:
        """The beginnings of the checksums."""
        return " + ".join(part[:12] for part in self.sha256.split(" + "))

    def record(self) -> dict[str, Any]:
        """Return the figure as JSON-ready values."""
        return {name: for_json(value) for name, value in asdict(self).items()}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Return the figure that `record` gave."""
        value = record["value"]
        return cls(**{**record, "value": None if value is None else float(value)})


def for_json(value: Any) -> Any:
    """Return a figure's value as it is, the text `inf` for infinity, which JSON does not have."""
    return "inf" if value == inf else value


def shown(value: float | None) -> str:
    """Return a metric's value with four digits, a dash where there is none."""
    return "-" if value is None else f"{value:.4g}"


def not_computed(missing: Mapping[str, str]) -> list[str]:
    """Return a sentence for each reason for which metrics are missing, `missing` being reasons by metric."""
    reasons = dict.fromkeys(missing.values())
    return [
        f"Not computed: {', '.join(name for name, why in missing.items() if why == reason)}. {reason}"
        for reason in reasons
    ]
