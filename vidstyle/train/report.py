"""The page that shows a run: result, warnings, samples over time, scores, losses and settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.report.page import chart, charts, notes, slider, table, write_page
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.score import COLUMNS
from vidstyle.train.settings import TrainSettings

_MOST_SAMPLES = 24


def write_report(
    folder: RunFolder,
    settings: TrainSettings,
    losses: Sequence[str],
    figures: Mapping[str, Any],
    warnings: Sequence[str],
    pictures: Mapping[str, str],
    sample_rows: str,
) -> None:
    """Write `report.html` into a run's folder; raises OutputError.

    `figures` are numbers by name, `pictures` pieces of HTML by heading, `sample_rows` what the rows of samples show. The rest
    is read from the folder.
    """
    write_page(
        folder.report,
        f"{settings.name}: {settings.method}",
        {
            "Result": table(figures),
            "Warnings": notes(warnings),
            **pictures,
            f"Samples: {sample_rows}": slider(_samples(folder.samples)),
            "Held-out photos (score and fd-vgg16: lower is better)": charts(_curves(folder.scores, COLUMNS)),
            "Losses": charts(_curves(folder.log, losses)),
            "Settings": table(_settings(settings), in_columns=True),
        },
    )


def _samples(folder: Path) -> dict[str, Path]:
    """Return sample sheets by caption, evenly spaced over the run."""
    files = sorted(folder.glob("*.png"))
    chosen = [files[number] for number in evenly_spaced(len(files), _MOST_SAMPLES)]
    return {f"step {int(file.stem):,}": file for file in chosen}


def _curves(log: Path, names: Sequence[str]) -> list[str]:
    """Return a chart for each name that has values in the log."""
    rows = read_log(log) if log.is_file() else []
    pieces = []
    for name in names:
        if points := [(row["step"], row[name]) for row in rows if name in row]:
            pieces.append(chart(name, *zip(*points, strict=True)))
    return pieces


def _settings(settings: TrainSettings) -> dict[str, str]:
    """Return the settings that had a part in the run, as a reader would write them."""
    texts = {name: _as_text(value) for name, value in settings.record().items() if name not in settings.idle}
    return {name.replace("_", " "): text for name, text in texts.items() if text}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) if isinstance(value, list) else str(value)
