"""The page that shows a run: what came of it, warnings, curves, samples over time, settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.report.page import chart, charts, notes, slider, table, write_page
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.score import SCORE
from vidstyle.train.settings import TrainSettings

_MOST_SAMPLES = 24


def write_report(
    folder: RunFolder,
    settings: TrainSettings,
    losses: Sequence[str],
    figures: Mapping[str, Any],
    warnings: Sequence[str],
    pictures: Mapping[str, str],
) -> None:
    """Write `report.html` into a run's folder, with `pictures`, pieces of HTML by heading; raises OutputError."""
    write_page(
        folder.report,
        f"{settings.name}: {settings.method}",
        {
            "Result": table(figures),
            "Warnings": notes(warnings),
            **pictures,
            "Samples: photos, paintings, cartoon frames": slider(_samples(folder.samples)),
            "Scores on held-out photos (lower is nearer to the cartoon)": charts(_curves(folder.scores, [SCORE])),
            "Losses": charts(_curves(folder.log, losses)),
            "Settings": table(_stated(settings), in_columns=True),
        },
    )


def _stated(settings: TrainSettings) -> dict[str, str]:
    """Return the settings that had a part in the run, as a reader would write them."""
    words = {True: "on", False: "off"}
    shown = {
        name: words[value] if isinstance(value, bool) else ", ".join(value) if isinstance(value, list) else str(value)
        for name, value in settings.record().items()
        if value is not None and name not in settings.idle
    }
    return {name.replace("_", " "): value for name, value in shown.items() if value}


def _samples(folder: Path) -> dict[str, Path]:
    """Return sample sheets by caption, evenly spread over the run."""
    files = sorted(folder.glob("*.png"))
    chosen = sorted({round(place) for place in np.linspace(0, len(files) - 1, _MOST_SAMPLES).tolist()})
    return {f"step {int(files[number].stem):,}": files[number] for number in chosen if files}


def _curves(log: Path, names: Sequence[str]) -> list[str]:
    rows = read_log(log) if log.is_file() else []
    kept = {name: [row for row in rows if name in row] for name in names}
    return [
        chart(name, [row["step"] for row in some], [row[name] for row in some]) for name, some in kept.items() if some
    ]
