"""A run as the page shows it: curves of losses and scores, newest samples, and warnings, all read from the run's files."""

from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path

from vidstyle.errors import InputError
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.report.page import chart, charts, notes
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.studio.job_folder import read_or
from vidstyle.studio.studio import Studio

RUNS = "runs"
"""The folder of the runs, inside the first of the folders."""
MOST_EARLIER = 6
"""Samples of earlier steps that are shown beside the newest."""
NOT_LOSSES = ("step", "learning_rate", "seconds_per_step")
"""Columns of a log that are no losses."""
NO_CURVE = "<p class='quiet'>No losses yet. The log gets a row every few steps.</p>"


def run_names(studio: Studio) -> list[str]:
    """Return the names of the runs that may be read, the newest first."""
    root = studio.folders.first / RUNS
    found = []
    for path in root.iterdir() if root.is_dir() else []:
        name = f"{RUNS}/{path.name}"
        files = [readable(studio, file) for file in (RunFolder(path).log, RunFolder(path).settings)]
        changed = [file.stat().st_mtime for file in files if file is not None]
        if changed:
            found.append((max(changed), name.removeprefix(f"{RUNS}/")))
    return [name for _, name in sorted(found, reverse=True)]


def run_folder(studio: Studio, name: str) -> RunFolder:
    """Return the folder of a run, which need not be there yet; raises OutputError for one that may not be written."""
    return RunFolder(studio.folders.writable(f"{RUNS}/{name}"))


def newest_style(studio: Studio, name: str) -> Path:
    """Return the file of the style that a run wrote last; raises InputError where it wrote none yet."""
    if not name:
        raise InputError("There is no run yet. Train a style first.")
    folder = run_folder(studio, name)
    files = [file for file in map(partial(readable, studio), (folder.style, folder.best_style)) if file]
    if not files:
        raise InputError(
            f"The run {name} has no style yet. It gets one when it is scored, when it stops and when it ends."
        )
    return max(files, key=lambda file: file.stat().st_mtime_ns)


def readable(studio: Studio, path: Path) -> Path | None:
    """Return the real path of a file of a run, None where there is none or it may not be read."""
    try:
        return studio.folders.existing(studio.folders.name_of(path))
    except InputError:
        return None


def losses(studio: Studio, folder: RunFolder) -> str:
    """Return a curve of each loss as HTML."""
    return _curves(readable(studio, folder.log)) or NO_CURVE


def scores(studio: Studio, folder: RunFolder) -> str:
    """Return a curve of each score of the held-out photos as HTML, empty where none were scored."""
    drawn = _curves(readable(studio, folder.scores))
    return f"<h2>Held-out photos: a lower score is better</h2>{drawn}" if drawn else ""


def _curves(log: Path | None) -> str:
    rows = read_log(log) if log is not None else []
    names = dict.fromkeys(name for row in rows for name in row if name not in NOT_LOSSES)
    points = {name: [(row["step"], row[name]) for row in rows if name in row] for name in names}
    return charts([chart(name.replace("_", " "), *zip(*pairs, strict=True)) for name, pairs in points.items()])


def warnings(studio: Studio, folder: RunFolder) -> str:
    """Return the warnings of the run as HTML."""
    file = readable(studio, folder.warnings)
    rows = read_or(file, []) if file is not None else []
    return notes([str(row["text"]) for row in rows if isinstance(row, dict) and "text" in row])


def samples(studio: Studio, folder: RunFolder) -> str:
    """Return the newest sample pictures as HTML, and some of earlier steps to see how they changed."""
    files = sorted(folder.samples.glob("*.png")) if readable(studio, folder.samples) else []
    if not files:
        return ""
    earlier = [files[number] for number in evenly_spaced(len(files) - 1, MOST_EARLIER)] if len(files) > 1 else []
    shown = "".join(_sample(studio, file) for file in earlier)
    strip = f"<div class='earlier'>{shown}</div>" if shown else ""
    return f"<h2>Samples</h2>{_sample(studio, files[-1])}{strip}"


def _sample(studio: Studio, file: Path) -> str:
    caption = f"step {int(file.stem):,}" if file.stem.isdigit() else file.stem
    address = _address(studio, file)
    picture = f"<img src='{address}' alt='Samples of {escape(caption)}'>"
    return (
        f"<figure><a href='{address}' target='_blank'>{picture}</a><figcaption>{escape(caption)}</figcaption></figure>"
    )


def reports(studio: Studio, folders: Sequence[tuple[str, Path]]) -> str:
    """Return the reports that lie in folders, each with its title, inside the page."""
    found = [(title, readable(studio, folder / "report.html")) for title, folder in folders]
    return "".join(
        f"<details><summary>{escape(title)}</summary><iframe loading='lazy' title='{escape(title)}' "
        f"src='{_address(studio, file)}'></iframe></details>"
        for title, file in found
        if file is not None
    )


def own_report(studio: Studio, folder: RunFolder) -> str:
    """Return a link to the report that the run wrote, empty where there is none."""
    file = readable(studio, folder.report)
    return f"<p><a href='{_address(studio, file)}' target='_blank'>The report of the run</a></p>" if file else ""


def _address(studio: Studio, file: Path) -> str:
    """Return the address of a file as HTML; it changes when the file does, so that a browser shows the new one."""
    return escape(f"{studio.address(file)}&changed={file.stat().st_mtime_ns}")
