"""The five scenes of the cartoon, each drawn for any time in seconds since its cut."""

import numpy as np

from sample_videos.drawing import Canvas, curve, ellipse, placed
from sample_videos.figures import FUR, SCARF, boat, cloud, fox, head, hills, house, pine, round_tree

WIDTH, HEIGHT = 640, 280


def village(seconds: float) -> Canvas:
    """Draw a bright morning: the fox walks along a street of gabled houses while the view glides with it."""
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.gradient((104, 190, 236), (206, 238, 246), 7)
    pan = 62 * seconds
    for x, y, size in ((90.0, 52.0, 0.9), (330, 38, 1.2), (560, 66, 0.75)):
        cloud(canvas, (x - 0.12 * pan) % 760 - 60, y, size, (255, 255, 255), (150, 196, 222))
    hills(canvas, 168, 34, 0.2 * pan, 120, (150, 206, 150), (96, 150, 110))
    hills(canvas, 190, 22, 0.35 * pan + 90, 80, (118, 186, 104), (70, 124, 76))
    looks = (((250, 226, 178), (204, 78, 62)), ((236, 178, 170), (112, 92, 148)), ((196, 222, 226), (226, 140, 64)))
    for number in range(7):
        x = 190 * number - pan - 60
        wall, roof = looks[number % 3]
        house(canvas, x, 226, 1.45 + 0.15 * (number % 2), wall, roof, (150, 214, 240), (136, 84, 58))
        round_tree(
            canvas,
            x + 140,
            230,
            0.95 + 0.1 * (number % 3),
            ((86, 166, 78), (126, 182, 70))[number % 2],
            sway=2 * np.sin(2 * seconds + number),
        )
    street(canvas, pan)
    fox(canvas, 180 + 38 * seconds, 258, 1.12, 1.35 * seconds, blink=1.9 < seconds < 2.1)
    for number in range(14):
        tuft(canvas, 130 * number - 1.5 * pan, 282, (66, 138, 70))
    return canvas


def street(canvas: Canvas, pan: float) -> None:
    """Draw the grass verge and the road."""
    canvas.shape(np.array([(-5, 222), (645, 222), (645, 290), (-5, 290)]), (134, 200, 96))
    canvas.shape(np.array([(-5, 238), (645, 238), (645, 270), (-5, 270)]), (236, 208, 158))
    for number in range(20):
        x = 70 * number - pan % 70 - 20
        canvas.stroke(curve((x, 246), (x + 12, 245), (x + 22, 247), closed=False), (204, 170, 122), 1.4)
        canvas.stroke(curve((x + 34, 262), (x + 48, 263), (x + 56, 261), closed=False), (204, 170, 122), 1.4)


def tuft(canvas: Canvas, x: float, y: float, colour: tuple[int, int, int]) -> None:
    """Draw a tuft of grass in front."""
    blades = [(-16, 4), (-14, -8), (-8, 0), (-3, -16), (3, 0), (11, -11), (10, 4)]
    canvas.shape(placed(blades, x, y, 1.1), colour)


def portrait(seconds: float) -> Canvas:
    """Draw the fox close up, talking in front of rays."""
    canvas = Canvas(WIDTH, HEIGHT, ink=3.2)
    canvas.gradient((250, 206, 96), (250, 206, 96), 1)
    for number in range(12):
        angle = np.radians(30 * number + 8 * seconds)
        rim = [(420 + 600 * np.cos(angle + turn), 150 + 600 * np.sin(angle + turn)) for turn in (-0.13, 0.13)]
        canvas.shape(np.array([(420, 150), *rim]), (255, 226, 140), None)
    nod = 2.5 * np.sin(5 * seconds)
    body = curve((300, 300), (318, 232), (352, 204), (420, 196), (488, 204), (522, 232), (540, 300))
    canvas.shape(placed(body, -60, nod / 2), FUR)
    scarf = curve((292, 218), (360, 234), (430, 220), (432, 246), (360, 262), (290, 246))
    canvas.shape(placed(scarf, 0, nod / 2), SCARF)
    mouth = (0.2, 0.7, 1.3, 0.5)[int(seconds * 6) % 4] if seconds < 2.3 else 0.2

    def at(points: np.ndarray) -> np.ndarray:
        return placed(points, 360, 428 + nod, 3.5, 3 * np.sin(2 * seconds))

    head(canvas, at, 1.1 < seconds < 1.25 or 2.4 < seconds < 2.55, mouth, look=-1 if 1.25 < seconds < 2.0 else 1)
    for x, y, turn in ((90, 90, -12), (140, 196, 10), (560, 210, 16)):
        note(canvas, x + 6 * np.sin(3 * seconds + x), y - 8 * seconds, turn)
    return canvas


def note(canvas: Canvas, x: float, y: float, turn: float) -> None:
    """Draw a note of music."""
    canvas.stroke(placed([(8, 0), (8, -40), (26, -34)], x, y, 1.0, turn), ink=4)
    canvas.shape(placed(ellipse(0, 0, 10, 7, -20), x, y, 1.0, turn), (200, 70, 84))


def forest_run(seconds: float) -> Canvas:
    """Draw the fox running through a wood, three depths of trees flying past."""
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.gradient((178, 226, 200), (226, 244, 208), 5)
    pan = 430 * seconds
    hills(canvas, 170, 20, 0.2 * pan, 110, (142, 202, 168), None)
    for number in range(26):
        x = (number * 97 - 0.45 * pan) % 1400 - 80
        pine(canvas, x, 214 - 6 * (number % 3), 1.05 + 0.1 * (number % 4), (92, 162, 132))
    canvas.shape(np.array([(-5, 208), (645, 208), (645, 290), (-5, 290)]), (122, 184, 96))
    canvas.shape(np.array([(-5, 234), (645, 234), (645, 264), (-5, 264)]), (214, 178, 128))
    for number in range(16):
        x = (number * 151 - pan) % 1600 - 100
        pine(canvas, x, 232, 1.75 + 0.15 * (number % 3), ((44, 118, 92), (58, 134, 84))[number % 2], sway=3)
    fox(canvas, 300 + 26 * np.sin(1.8 * seconds), 256, 1.2, 2.6 * seconds, lean=14)
    for number in range(3):
        dust = 0.5 + (2.6 * seconds + number / 3) % 1
        canvas.shape(
            ellipse(262 - 46 * dust - 12 * number, 254 - 8 * dust, 9 * dust, 6 * dust),
            (240, 222, 190),
            (180, 150, 112),
            1.2,
        )
    for number in range(6):
        x = (number * 283 - 1.7 * pan) % 1800 - 160
        canvas.shape(
            curve((x - 34, 296), (x - 30, 262), (x - 10, 248), (x + 14, 252), (x + 34, 264), (x + 40, 296)),
            (36, 92, 78),
        )
    return canvas


def evening_lake(seconds: float) -> Canvas:
    """Draw a boat on a lake at sundown in reds and violets."""
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.gradient((96, 62, 128), (255, 176, 104), 9)
    canvas.shape(ellipse(430, 148, 46, 46), (255, 232, 150), (250, 196, 108), 3)
    for x, y, size in ((130.0, 60.0, 1.1), (330, 40, 0.8), (560, 78, 1.0)):
        cloud(canvas, x - 6 * seconds, y, size, (226, 122, 128), (168, 84, 122))
    hills(canvas, 158, 30, 40, 95, (120, 74, 122), (78, 46, 92))
    hills(canvas, 172, 16, 300, 60, (92, 56, 104), (62, 36, 78))
    canvas.shape(np.array([(-5, 176), (645, 176), (645, 290), (-5, 290)]), (186, 98, 126))
    for number in range(26):
        y = 182 + 3.9 * number
        reach = 16 + 2.2 * number * (1 + 0.3 * np.sin(1.7 * number))
        x = 430 + 10 * np.sin(2.2 * seconds + 1.3 * number)
        canvas.stroke(np.array([(x - reach, y), (x + reach, y)]), (255, 206, 130), 2.0)
    for number in range(16):
        x, y = (number * 173 + 14 * seconds) % 680 - 20, 190 + (number * 37) % 88
        canvas.stroke(
            curve((x - 18, y), (x - 6, y - 3), (x + 6, y), (x + 18, y - 3), closed=False), (140, 66, 112), 1.8
        )
    boat(
        canvas,
        190 + 20 * seconds,
        232 + 3 * np.sin(2.4 * seconds),
        1.25,
        3.5 * np.sin(2.4 * seconds + 1),
        (128, 52, 62),
        (255, 238, 206),
    )
    for number in range(4):
        gull(
            canvas,
            520 - 34 * seconds + 44 * number,
            92 + 12 * (number % 2) + 4 * np.sin(3 * seconds + number),
            7 * np.sin(9 * seconds + number),
        )
    return canvas


def gull(canvas: Canvas, x: float, y: float, flap: float) -> None:
    """Draw a far bird."""
    canvas.stroke(
        curve((x - 13, y - flap), (x - 5, y - 4), (x, y), (x + 5, y - 4), (x + 13, y - flap), closed=False),
        (58, 34, 66),
        2.2,
    )


def winter_night(seconds: float) -> Canvas:
    """Draw the village under snow and stars, its windows lit, the fox on its way home."""
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.gradient((18, 24, 66), (66, 86, 146), 8)
    generator = np.random.default_rng(21)
    for number, (x, y, size) in enumerate(generator.uniform((0, 0, 0.7), (WIDTH, 150, 1.6), (60, 3))):
        bright = 1 + 0.4 * np.sin(4 * seconds + number)
        canvas.shape(ellipse(x, y, size * bright, size * bright), (244, 240, 206), None)
    canvas.shape(ellipse(508, 58, 31, 31), (250, 240, 196), (214, 200, 160), 2)
    canvas.shape(ellipse(520, 50, 27, 27), (26, 33, 78), None)
    hills(canvas, 172, 30, 30 + 5 * seconds, 120, (88, 104, 164), (52, 62, 120))
    hills(canvas, 196, 20, 160 + 8 * seconds, 84, (142, 160, 208), (66, 80, 138))
    pan = 12 * seconds
    for number, (x, size) in enumerate(((20, 1.5), (250, 1.7), (480, 1.45), (700, 1.6))):
        house(
            canvas,
            x - pan,
            232,
            size,
            ((128, 104, 138), (110, 92, 134))[number % 2],
            (232, 240, 250),
            (255, 216, 110),
            (84, 56, 66),
        )
        pine(canvas, x + 152 - pan, 236, 1.3, (62, 96, 122))
    canvas.shape(
        np.array(
            [
                (-5, 230),
                *curve((-5, 230), (150, 225), (320, 232), (480, 226), (645, 231), closed=False),
                (645, 290),
                (-5, 290),
            ]
        ),
        (214, 226, 244),
    )
    fox(canvas, 120 + 46 * seconds, 262, 1.05, 1.1 * seconds, blink=2.4 < seconds < 2.6)
    flakes = generator.uniform((0, 0, 1.2), (WIDTH + 40, 320, 3.0), (90, 3))
    for number, (x, y, size) in enumerate(flakes):
        fallen = (y + (26 + 10 * size) * seconds) % 310 - 10
        canvas.shape(
            ellipse(x - 14 * seconds + 5 * np.sin(2 * seconds + number), fallen, size, size), (255, 255, 255), None
        )
    return canvas
