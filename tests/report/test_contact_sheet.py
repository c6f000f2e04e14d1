"""PNG files, grids and plots show what they were given."""

from pathlib import Path

import numpy as np

from vidstyle.media.images import read_image
from vidstyle.report.contact_sheet import grid
from vidstyle.report.plot import plot_lines
from vidstyle.report.png import write_png


def test_a_png_reads_back_to_the_pixel(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (13, 7, 3), dtype=np.uint8)
    write_png(tmp_path / "p.png", picture)
    assert np.array_equal(read_image(tmp_path / "p.png"), picture)


def test_a_grid_keeps_each_picture_in_its_place() -> None:
    red, blue = (np.full((4, 6, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    sheet = grid([[red, blue], [blue]], gap=2)
    assert sheet.shape == (14, 18, 3)
    assert np.array_equal(sheet[2:6, 2:8], red)
    assert np.array_equal(sheet[2:6, 10:16], blue)
    assert np.array_equal(sheet[8:12, 2:8], blue)
    assert (sheet[8:12, 10:16] == 255).all()


def test_a_plot_draws_rising_curves_rising(tmp_path: Path) -> None:
    steps = list(range(100))
    plot_lines(tmp_path / "p.png", {"loss": (steps, [float(step) for step in steps])}, "step", size=(400, 300))
    sheet = read_image(tmp_path / "p.png").astype(int)
    inked = (abs(sheet - (31, 119, 180)).sum(2) < 30)[:240, 70:270]
    rows, columns = inked.nonzero()
    assert rows[columns < 50].mean() > rows[columns > 150].mean() + 80


def test_the_names_of_curves_cover_none_of_them(tmp_path: Path) -> None:
    rising = [float(step) for step in range(100)]
    sheets = []
    for values in (rising, rising[::-1]):
        plot_lines(tmp_path / "p.png", {"loss": (range(100), values)}, "step")
        sheets.append(read_image(tmp_path / "p.png"))
    differing = (sheets[0] != sheets[1]).any((0, 2)).nonzero()[0]
    named = (abs(sheets[0].astype(int) - (31, 119, 180)).sum(2) < 30)[:, differing.max() + 1 :]
    assert named.any()
