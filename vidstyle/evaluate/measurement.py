"""One measured value of a metric, with everything that it rests on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Self


@dataclass(frozen=True)
class Measurement:
    """A metric's value, and what it was measured on and with; `source_value` is the value of the untouched source.

    Both are None where nothing could be measured, as between the frames of a video that has only one. `counts` are the
    pictures, crops or frames of each side and `size` their size in pixels. `weights` names the files of weights, and
    `sha256` holds their checksums; several are joined by " + ". `average` is `median` where the value is no mean over the
    pictures.
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
    average: str = ""

    @property
    def basis(self) -> str:
        """Everything that the value rests on, in one line."""
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        weights = f"{self.weights} (sha256 {self.short_sha256})" if self.weights else ""
        resizer = f"resized: {self.resizer}"
        parts = (f"n: {counts}", self.average, self.size, resizer, weights, self.precision)
        return "; ".join(part for part in parts if part)

    @property
    def short_sha256(self) -> str:
        """The first 12 digits of each checksum."""
        return " + ".join(checksum[:12] for checksum in self.sha256.split(" + "))

    def record(self) -> dict[str, Any]:
        """Return the measurement as JSON-ready values."""
        return {name: for_json(value) for name, value in asdict(self).items()}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Return the measurement that `record` was made from."""
        value = record["value"]
        return cls(**{**record, "value": None if value is None else float(value)})


def for_json(value: Any) -> Any:
    """Return a value as it is, or the text `inf` for infinity, which JSON does not have."""
    return "inf" if value == inf else value


def format_value(value: float | None) -> str:
    """Return a metric's value with four digits, or a dash where there is none."""
    return "-" if value is None else f"{value:.4g}"


def explain_missing(missing: Mapping[str, str]) -> list[str]:
    """Return one sentence for each reason why metrics are missing; `missing` holds the reason of each metric."""
    reasons = dict.fromkeys(missing.values())
    return [
        f"Not computed: {', '.join(name for name, why in missing.items() if why == reason)}. {reason}"
        for reason in reasons
    ]
