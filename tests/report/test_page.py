"""A page is one file that holds all it shows."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidstyle.media.images import write_image
from vidstyle.report import page


class _Balanced(HTMLParser):
    """Notes tags that are left open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Note an opening tag that needs a closing one."""
        if tag not in ("meta", "img", "input", "path", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Match a closing tag."""
        if tag not in ("path", "polyline"):
            assert self.open.pop() == tag


def _page(tmp_path: Path, sections: dict[str, str]) -> str:
    page.write_page(tmp_path / "p.html", "Run <one>", sections)
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    reader = _Balanced()
    reader.feed(text)
    assert reader.open == []
    return text


def test_a_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / f"{number}.png", np.full((20, 30, 3), 80 * number, np.uint8))
    pictures = {f"step {number}": tmp_path / f"{number}.png" for number in range(3)}
    pieces = {"Curves": page.charts([page.chart("loss", [1, 2, 3], [3.0, 2.0, 1.0])]), "Samples": page.slider(pictures)}
    text = _page(tmp_path, pieces | {"Nothing": page.notes([])})
    assert not re.search(r"(?:src|href)='(?!data:)|url\(|@import|https?://", text)
    assert "Nothing" not in text
    encoded = re.findall(r"data:image/jpeg;base64,([^']+)'", text)
    shades = [int(np.asarray(Image.open(BytesIO(b64decode(text)))).mean().round()) for text in encoded]
    assert shades == [0, 80, 160]
    assert "max='2' value='2'" in text


def test_texts_are_shown_and_not_run(tmp_path: Path) -> None:
    text = _page(tmp_path, {"Warnings": page.notes(["<script>alert(1)</script>"]), "Table": page.table({"a<b": "<i>"})})
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<th>a&lt;b</th><td>&lt;i&gt;</td>" in text
    assert "<h1>Run &lt;one&gt;</h1>" in text


def test_a_curve_that_falls_is_drawn_falling_with_its_last_value() -> None:
    steps = list(range(1000))
    drawn = page.chart("NCE", steps, [8.0 - step / 250 for step in steps])
    raw, smooth = re.findall(r"points='([^']+)'", drawn)
    heights = [float(point.split(",")[1]) for point in raw.split()]
    assert len(heights) == 300
    assert heights == sorted(heights)
    assert len(smooth.split()) == 300
    assert "<figcaption>NCE 4.05</figcaption>" in drawn
    assert ">7.99</text>" in drawn


@pytest.mark.parametrize("values", [[0.0], [2.0, 2.0], [-1.0, -1.0]])
def test_a_flat_or_single_value_is_a_curve_too(values: list[float]) -> None:
    assert "nan" not in page.chart("flat", list(range(len(values))), values)


def test_a_file_that_was_written_again_is_shown_as_it_is_now(tmp_path: Path) -> None:
    shades = []
    for shade, side in ((0, 20), (200, 24)):
        write_image(tmp_path / "0.png", np.full((side, 30, 3), shade, np.uint8))
        (encoded,) = re.findall(r"data:image/jpeg;base64,([^']+)'", page.embed_file(tmp_path / "0.png", "flat"))
        shades.append(int(np.asarray(Image.open(BytesIO(b64decode(encoded)))).mean().round()))
    assert shades == [0, 200]
