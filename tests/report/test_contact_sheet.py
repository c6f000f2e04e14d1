"""Contact sheets show what they were given, and evenly spaced picks reach from the first to the last."""

from pathlib import Path

import numpy as np
import pytest

from vidstyle.media.images import read_image, write_image
from vidstyle.report.contact_sheet import evenly_spaced, grid


def test_a_png_reads_back_to_the_pixel(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (13, 7, 3), dtype=np.uint8)
    write_image(tmp_path / "p.png", picture)
    assert np.array_equal(read_image(tmp_path / "p.png"), picture)


def test_a_grid_keeps_each_picture_in_its_place() -> None:
    red, blue = (np.full((4, 6, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    sheet = grid([[red, blue], [blue]], gap=2)
    assert sheet.shape == (14, 18, 3)
    assert np.array_equal(sheet[2:6, 2:8], red)
    assert np.array_equal(sheet[2:6, 10:16], blue)
    assert np.array_equal(sheet[8:12, 2:8], blue)
    assert (sheet[8:12, 10:16] == 255).all()


@pytest.mark.parametrize(
    ("count", "most", "picked"),
    [(0, 4, []), (1, 4, [0]), (3, 4, [0, 1, 2]), (4, 4, [0, 1, 2, 3]), (10, 4, [0, 3, 6, 9]), (1000, 2, [0, 999])],
)
def test_picks_are_evenly_spaced_from_the_first_to_the_last(count: int, most: int, picked: list[int]) -> None:
    assert evenly_spaced(count, most) == picked
