"""Pages of HTML that are one file each: no server, nothing fetched, pictures and charts inside.

`write_page` writes a page. Every other function returns a piece of HTML for it; texts that it is given are escaped.
"""

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path

import numpy as np

from vidstyle.files import encodable, whole_file
from vidstyle.media.images import jpeg_of, thumbnail_jpeg

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 340, 170, 46, 22, 10
"""Size of a chart in pixels, and its margins for the numbers."""
_MOST_POINTS = 300
_PICTURE_WIDTH = 1400
"""Width in pixels to which larger pictures are scaled."""
_QUALITY = 88
_REMEMBERED_FILES = 64
"""How many image files are remembered as JPEG, for a page that is written again and again."""

_STYLE = """
:root { color-scheme: light dark; --ink: #222; --pale: #8885; --line: #1f77b4; --note: #b45309; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --line: #6cb6ff; --note: #fbbf24; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid var(--pale); }
table { border-collapse: collapse; } td, th { text-align: left; padding: .1rem 1.5rem .1rem 0; vertical-align: top; }
.columns { columns: 20rem; } .charts { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; }
figcaption { font-weight: 600; } svg text { font: 11px system-ui, sans-serif; fill: var(--ink); }
.raw { fill: none; stroke: var(--line); opacity: .3; } .smooth { fill: none; stroke: var(--line); stroke-width: 2; }
.axis { stroke: var(--pale); } img { max-width: 100%; display: block; } input[type=range] { width: 100%; }
.note { color: var(--note); } summary { cursor: pointer; margin: .6rem 0; font-weight: 600; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .7rem .5rem; }
.sheet img { width: 100%; } .sheet figcaption, .pairs figcaption { font-weight: 400; font-size: .8rem; line-height: 1.35; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
.pairs div { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; } .pairs img { width: 100%; }
.timeline { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; align-items: center; font-size: .85rem; }
.timeline svg { width: 100%; height: 1.1rem; display: block; background: #8881; }
.timeline .band { fill: #8886; } .timeline .other { fill: #8883; }
.timeline .mark { stroke: var(--note); stroke-width: 2; vector-effect: non-scaling-stroke; }
.timeline .kept { stroke: var(--line); } .times { display: flex; justify-content: space-between; }
"""
_SLIDE = """
for (const group of document.querySelectorAll('.slider')) {
  const range = group.querySelector('input'), frames = group.querySelectorAll('figure');
  const show = () => frames.forEach((frame, number) => { frame.hidden = number != range.value; });
  range.addEventListener('input', show);
  show();
}
"""


def write_page(target: Path, title: str, sections: Mapping[str, str]) -> None:
    """Write the page with its sections, pieces of HTML by heading, whole or not at all; raises OutputError."""
    body = "".join(f"<section><h2>{escape(name)}</h2>{piece}</section>" for name, piece in sections.items() if piece)
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
    html = f"<!doctype html><html lang='en'><head>{head}<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>"
    with whole_file(target) as partial:
        partial.write_text(encodable(f"{html}{body}<script>{_SLIDE}</script></body></html>\n"), encoding="utf-8")


def notes(texts: Sequence[str]) -> str:
    """Return warnings as a list; nothing where there are none."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul class='note'>{items}</ul>" if items else ""


def table(rows: Mapping[str, object], in_columns: bool = False) -> str:
    """Return names beside their values; `in_columns` lets a long table run in several columns."""
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())
    return f"<div class='columns'><table>{cells}</table></div>" if in_columns else f"<table>{cells}</table>"


def charts(pieces: Sequence[str]) -> str:
    """Return charts side by side."""
    return f"<div class='charts'>{''.join(pieces)}</div>" if pieces else ""


def chart(name: str, horizontal: Sequence[float], vertical: Sequence[float]) -> str:
    """Return a curve as SVG: pale, with its running mean over it.

    The least and the greatest values stand at the axes, the last running mean in the caption.
    """
    xs, ys = (_thinned(np.asarray(values, float)) for values in (horizontal, vertical))
    low, high = min(0.0, float(ys.min())), float(ys.max())
    high = high if high > low else low + 1
    first, last = float(xs[0]), max(float(xs[-1]), float(xs[0]) + 1)
    across = _LEFT + (xs - first) / (last - first) * (_WIDTH - _LEFT - 6)
    smoothed = _smoothed(ys)
    lines = _polyline("raw", across, _down(ys, low, high)) + _polyline("smooth", across, _down(smoothed, low, high))
    floor = _HEIGHT - _BOTTOM
    axes = (
        f"<path class='axis' fill='none' d='M{_LEFT} {_TOP}V{floor}H{_WIDTH}'/>"
        f"<text x='{_LEFT - 4}' y='{_TOP + 8}' text-anchor='end'>{high:.3g}</text>"
        f"<text x='{_LEFT - 4}' y='{floor}' text-anchor='end'>{low:.3g}</text>"
        f"<text x='{_LEFT}' y='{_HEIGHT - 6}'>{first:,.0f}</text>"
        f"<text x='{_WIDTH}' y='{_HEIGHT - 6}' text-anchor='end'>{last:,.0f}</text>"
    )
    caption = f"<figcaption>{escape(name)} {smoothed[-1]:.3g}</figcaption>"
    return f"<figure>{caption}<svg width='{_WIDTH}' height='{_HEIGHT}'>{axes}{lines}</svg></figure>"


def _polyline(kind: str, across: np.ndarray, down: np.ndarray) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    return f"<polyline class='{kind}' points='{points}'/>"


def _down(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return how many pixels from the top of a chart values stand."""
    return _TOP + (high - values) / (high - low) * (_HEIGHT - _BOTTOM - _TOP)


def _thinned(values: np.ndarray) -> np.ndarray:
    """Return means of neighbours, so many that no more than _MOST_POINTS are left."""
    return np.array([part.mean() for part in np.array_split(values, min(len(values), _MOST_POINTS))])


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Return the mean of each value and its neighbours, a fortieth of all on either side."""
    half = len(values) // 40
    return np.array([values[max(0, place - half) : place + half + 1].mean() for place in range(len(values))])


def slider(pictures: Mapping[str, Path]) -> str:
    """Return pictures, files by caption, of which one is seen at a time, the last one at first."""
    frames = "".join(
        f"<figure><figcaption>{escape(caption)}</figcaption>{embed_file(path, caption)}</figure>"
        for caption, path in pictures.items()
    )
    last = len(pictures) - 1
    range_ = f"<input type='range' min='0' max='{last}' value='{last}' aria-label='which'>" if last else ""
    return f"<div class='slider'>{range_}{frames}</div>" if pictures else ""


def embed_file(path: Path, description: str) -> str:
    """Return an image file inside the page, as JPEG; raises InputError."""
    stated = path.stat()
    return _embed(_jpeg_of_file(path, stated.st_size, stated.st_mtime_ns), description)


def embed_pixels(rgb: np.ndarray, description: str) -> str:
    """Return (h, w, 3) uint8 RGB inside the page, as JPEG."""
    return _embed(jpeg_of(rgb, _QUALITY), description)


@lru_cache(_REMEMBERED_FILES)
def _jpeg_of_file(path: Path, size: int, changed: int) -> bytes:
    return thumbnail_jpeg(path, _PICTURE_WIDTH)


def _embed(jpeg: bytes, description: str) -> str:
    encoded = base64.b64encode(jpeg).decode()
    return f"<img alt='{escape(description)}' src='data:image/jpeg;base64,{encoded}'>"
