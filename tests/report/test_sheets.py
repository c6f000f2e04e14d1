"""Contact sheets hold their pictures, timelines put marks where they belong, and a page gives its pictures back."""

import re
from base64 import b64decode
from pathlib import Path

import numpy as np

from vidstyle.media.images import jpeg_of
from vidstyle.report import sheets
from vidstyle.report.page import write_page


def test_pictures_are_found_again_by_their_keys_in_a_page_that_was_written(tmp_path: Path) -> None:
    keys = ["a 'quoted' <name>.png", "b.png before"]
    shown = {key: sheets.embed_jpeg(key, jpeg_of(np.full((8, 8, 3), 90, np.uint8), 70)) for key in keys}
    cards = [sheets.Card(picture, key, "<hint>") for key, picture in shown.items()]
    write_page(tmp_path / "p.html", "Page", {"Sheet": sheets.sheet(cards)})
    assert sheets.find_embedded(tmp_path / "p.html") == shown
    assert sheets.find_embedded(tmp_path / "none.html") == {}
    assert "<hint>" not in (tmp_path / "p.html").read_text()


def test_an_embedded_picture_is_the_jpeg_itself() -> None:
    content = jpeg_of(np.zeros((8, 8, 3), np.uint8), 70)
    encoded = re.findall(r"base64,([^']+)'", sheets.embed_jpeg("x", content))
    assert [b64decode(text) for text in encoded] == [content]


def test_a_timeline_has_a_band_for_each_shot_and_a_mark_at_each_time() -> None:
    drawn = sheets.timeline(80.0, [(0.0, 30.0), (30.0, 80.0)], {"kept": [10.0, 70.5], "black": []})
    assert re.findall(r"x='([\d.]+)' y='0' width='([\d.]+)'", drawn) == [("0.00", "30.00"), ("30.00", "50.00")]
    assert re.findall(r"class='mark kept' d='M([\d.]+) ", drawn) == ["10.00", "70.50"]
    assert "<span>shots 2</span>" in drawn and "<span>kept 2</span>" in drawn and "<span>black 0</span>" in drawn
    assert "<span>0:00</span><span>0:20</span>" in drawn and "<span>1:20</span></div>" in drawn


def test_nothing_to_show_is_nothing() -> None:
    assert sheets.foldable("Dropped", "") == "" and sheets.pairs([]) == ""
    assert sheets.foldable("Dropped <2>", "x", is_open=True).startswith(
        "<details open><summary>Dropped &lt;2&gt;</summary>"
    )


def test_times_have_hours_where_there_are_any() -> None:
    assert [sheets.clock(seconds) for seconds in (0, 59.6, 61, 3599, 3661)] == [
        "0:00",
        "1:00",
        "1:01",
        "59:59",
        "1:01:01",
    ]
