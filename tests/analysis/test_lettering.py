"""Credits and titles are told from drawings, those with lines of lights and berries too."""

import cv2
import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.lettering import is_lettering

SIZE = (640, 360)
CREDITS = ("Directed by", "Someone Famous", "Produced by", "Other People", "and many more")
FONTS = {"plain": cv2.FONT_HERSHEY_SIMPLEX, "serif": cv2.FONT_HERSHEY_TRIPLEX, "slanted": cv2.FONT_HERSHEY_COMPLEX | 16}
Colour = tuple[int, int, int]


def written(lines: tuple[str, ...], ground: np.ndarray, ink: Colour, font: int = 0, scale: float = 0.9) -> np.ndarray:
    """Return grey of a ground with lines of text in its middle."""
    picture = ground.copy()
    for number, line in enumerate(lines):
        (width, _), _ = cv2.getTextSize(line, font, scale, 2)
        foot = int(70 + number * 50 * max(scale, 1))
        cv2.putText(picture, line, ((SIZE[0] - width) // 2, foot), font, scale, ink, 2, cv2.LINE_AA)
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def flat(colour: Colour) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], 3), colour, np.uint8)


@pytest.mark.parametrize("font", FONTS.values(), ids=FONTS)
@pytest.mark.parametrize(
    ("ground", "ink"), [((0, 0, 0), (255, 255, 255)), ((240, 235, 220), (60, 20, 20)), ((30, 60, 140), (250, 220, 60))]
)
def test_credits_and_title_cards_on_a_flat_ground_are_lettering(font: int, ground: Colour, ink: Colour) -> None:
    assert is_lettering(written(CREDITS, flat(ground), ink, font))
    assert is_lettering(written(("The Great", "Adventure"), flat(ground), ink, font, scale=2))
    assert is_lettering(written(("The End",), flat(ground), ink, font, scale=2.5))


@pytest.mark.parametrize("rolled", range(0, 60, 12))
def test_rolling_credits_are_lettering_also_where_lines_are_cut_at_the_edge(rolled: int) -> None:
    page = written(CREDITS, flat((10, 10, 10)), (230, 230, 230))
    assert is_lettering(np.roll(page, -rolled, axis=0))


def test_lines_of_white_letters_over_a_picture_are_lettering() -> None:
    ground = (drawing(3, SIZE) * 0.7).astype(np.uint8)
    assert is_lettering(written(("A FILM BY NOBODY", "AND EVERYBODY ELSE"), ground, (255, 255, 255)))


@pytest.mark.parametrize("seed", range(12))
def test_drawings_are_not(seed: int) -> None:
    assert not is_lettering(cv2.cvtColor(drawing(seed, SIZE), cv2.COLOR_RGB2GRAY))


def test_stars_lamps_on_a_string_and_one_figure_on_a_flat_ground_are_not() -> None:
    stars, lamps, figure = flat((10, 10, 30)), flat((90, 60, 50)), flat((200, 210, 220))
    draw = np.random.default_rng(0)
    for x, y in draw.integers(8, 350, (60, 2)):
        cv2.circle(stars, (int(x) * 640 // 360, int(y)), 3, (255, 255, 255), -1, cv2.LINE_AA)
    for x in range(20, 620, 24):
        cv2.circle(lamps, (x, 60 + (x % 200 - 100) ** 2 // 300), 7, (255, 255, 240), -1, cv2.LINE_AA)
    cv2.ellipse(figure, (320, 200), (60, 110), 0, 0, 360, (40, 30, 60), -1, cv2.LINE_AA)
    assert not any(is_lettering(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)) for one in (stars, lamps, figure))
