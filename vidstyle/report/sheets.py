"""Pieces of HTML for the page of a stage: contact sheets, pictures before and after, timelines, foldable parts."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

_TIMES_SHOWN = 5


@dataclass(frozen=True)
class Card:
    """A picture as HTML, empty where there is none, with the text below it and the one on hovering."""

    picture: str
    caption: str
    hint: str = ""


def embed_jpeg(key: str, jpeg: bytes) -> str:
    """Return a JPEG inside the page; `find_embedded` finds it again by its key."""
    encoded = base64.b64encode(jpeg).decode()
    return f"<img alt='' data-key='{escape(key)}' src='data:image/jpeg;base64,{encoded}'>"


def find_embedded(page: Path) -> dict[str, str]:
    """Return the pictures that `embed_jpeg` put into an earlier page, by their keys; none where there is no such page."""
    if not page.is_file():
        return {}
    text = page.read_text(encoding="utf-8", errors="replace")
    found = re.finditer(r"<img alt='' data-key='([^']*)' src='data:image/jpeg;base64,[A-Za-z0-9+/=]*'>", text)
    return {unescape(match[1]): match[0] for match in found}


def foldable(title: str, piece: str, is_open: bool = False) -> str:
    """Return a piece that shows when its title is clicked, or from the start if it `is_open`; nothing for no piece."""
    return f"<details{' open' if is_open else ''}><summary>{escape(title)}</summary>{piece}</details>" if piece else ""


def sheet(cards: Iterable[Card]) -> str:
    """Return a contact sheet that fills the width there is."""
    return f"<div class='sheet'>{''.join(_figure(card.picture, card) for card in cards)}</div>"


def pairs(cards: Iterable[tuple[Card, str]]) -> str:
    """Return pictures, each beside the one it became."""
    figures = "".join(_figure(f"<div>{card.picture}{after}</div>", card) for card, after in cards)
    return f"<div class='pairs'>{figures}</div>" if figures else ""


def _figure(picture: str, card: Card) -> str:
    hint = f" title='{escape(card.hint)}'" if card.hint else ""
    return f"<figure{hint}>{picture}<figcaption>{escape(card.caption)}</figcaption></figure>"


def timeline(length: float, shots: Sequence[tuple[float, float]], marks: Mapping[str, Sequence[float]]) -> str:
    """Return shots as bands, and below them a row of marks for each name, the first row brighter; times in seconds.

    `shots` are the start and end of each shot.
    """
    bands = "".join(
        f"<rect class='{'other' if number % 2 else 'band'}' x='{start:.2f}' y='0' width='{end - start:.2f}' height='1'/>"
        for number, (start, end) in enumerate(shots)
    )
    rows = [_row(f"shots {len(shots)}", bands, length)]
    for number, (name, seconds) in enumerate(marks.items()):
        kind = "mark" if number else "mark kept"
        lines = "".join(f"<path class='{kind}' d='M{second:.2f} 0V1'/>" for second in seconds)
        rows.append(_row(f"{name} {len(seconds)}", lines, length))
    times = "".join(f"<span>{clock(length * part / (_TIMES_SHOWN - 1))}</span>" for part in range(_TIMES_SHOWN))
    return f"<div class='timeline'>{''.join(rows)}<span></span><div class='times'>{times}</div></div>"


def _row(label: str, shapes: str, length: float) -> str:
    svg = f"<svg viewBox='0 0 {max(length, 0.01):.2f} 1' preserveAspectRatio='none'>{shapes}</svg>"
    return f"<span>{escape(label)}</span>{svg}"


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
