"""The things and beings of the cartoon: a fox, houses, trees, hills, clouds, a boat."""

from collections.abc import Callable

import numpy as np

from sample_videos.drawing import INK, Canvas, Colour, curve, darker, ellipse, placed

FUR, CREAM, SCARF, SCARF_STRIPE = (233, 122, 46), (255, 240, 214), (44, 120, 168), (245, 205, 84)
WHITE = (255, 255, 255)
Placing = Callable[[np.ndarray], np.ndarray]
"""Puts points of a figure, drawn about its feet with 100 units of height, into the picture."""


def fox(canvas: Canvas, x: float, y: float, size: float, step: float, lean: float = 0.0, blink: bool = False) -> None:
    """Draw the fox walking to the right, standing on (x, y); `step` is the phase of its walk in turns."""

    def at(points: np.ndarray) -> np.ndarray:
        return placed(points, x, y - 3 * size * abs(np.sin(2 * np.pi * step)), size, lean)

    swing = np.sin(2 * np.pi * step)
    wag = 9 * np.sin(2 * np.pi * step + 1)
    canvas.shape(
        at(curve((-14, -26), (-34, -36 + wag), (-54, -64 + wag), (-40, -70 + wag), (-24, -48), (-10, -34))), FUR
    )
    canvas.shape(at(curve((-54, -64 + wag), (-48, -72 + wag), (-40, -70 + wag), (-41, -58 + wag))), CREAM)
    leg(canvas, at, -7, -swing, darker(FUR))
    leg(canvas, at, 8, swing, FUR)
    arm(canvas, at, -swing, darker(FUR))
    canvas.shape(at(curve((-15, -50), (-18, -28), (-12, -16), (3, -13), (15, -18), (18, -32), (12, -52))), FUR)
    canvas.shape(at(curve((2, -47), (0, -24), (8, -18), (16, -28), (12, -48))), CREAM, None)
    arm(canvas, at, swing, FUR)
    canvas.shape(at(curve((-17, -56), (0, -49), (17, -54), (17, -46), (0, -41), (-17, -48))), SCARF)
    canvas.shape(
        at(curve((-15, -50), (-28, -46 - wag / 3), (-36, -38 - wag / 2), (-27, -36 - wag / 3), (-12, -44))), SCARF
    )
    head(canvas, at, blink)


def leg(canvas: Canvas, at: Placing, hip: float, swing: float, colour: Colour) -> None:
    """Draw a leg and its dark boot."""
    foot, lift = hip + 11 * swing, 5 * max(swing, 0)
    canvas.shape(at(curve((hip - 5, -22), (foot - 5, -6 - lift), (foot + 5, -6 - lift), (hip + 6, -22))), colour)
    canvas.shape(
        at(
            curve(
                (foot - 7, -lift),
                (foot - 6, -9 - lift),
                (foot + 4, -9 - lift),
                (foot + 12, -3 - lift),
                (foot + 11, -lift),
            )
        ),
        (74, 48, 44),
    )


def arm(canvas: Canvas, at: Placing, swing: float, colour: Colour) -> None:
    """Draw an arm that swings about its shoulder."""
    hand = (2 + 16 * swing, -22 - 5 * abs(swing))
    canvas.shape(
        at(curve((-5, -44), (hand[0] - 5, hand[1]), (hand[0], hand[1] + 5), (hand[0] + 5, hand[1]), (5, -43))), colour
    )


def head(canvas: Canvas, at: Placing, blink: bool = False, mouth: float = 0.25, look: float = 1.0) -> None:
    """Draw the fox's head; `mouth` is how far it is open, `look` where the eyes turn, -1 to 1."""
    for side in (-1, 1):
        tip = (side * 21, -112)
        canvas.shape(at(curve((side * 5, -92), tip, (side * 25, -84))), FUR)
        canvas.shape(at(curve((side * 10, -93), (side * 19.5, -106), (side * 21, -88))), (92, 50, 48), None)
    canvas.shape(
        at(curve((-27, -76), (-20, -94), (0, -99), (20, -94), (27, -76), (20, -60), (0, -53), (-20, -60))), FUR
    )
    canvas.shape(
        at(
            curve(
                (-27, -75),
                (-15, -73),
                (-5, -72),
                (4, -66),
                (13, -72),
                (21, -73),
                (27, -75),
                (20, -60),
                (0, -53),
                (-20, -60),
            )
        ),
        CREAM,
    )
    for side in (-1, 1):
        eye(canvas, at, 3 + side * 11, -79, blink, look)
    canvas.shape(at(curve((0, -71), (4, -73.5), (8.5, -71), (4.5, -67.5))), (50, 32, 40))
    if mouth > 0.3:
        canvas.shape(
            at(
                curve(
                    (-4, -62.5),
                    (4, -63.5),
                    (12, -62.5),
                    (9, -61 + 7 * mouth),
                    (4, -60 + 9 * mouth),
                    (-1, -61 + 7 * mouth),
                )
            ),
            (150, 50, 58),
        )
    else:
        canvas.stroke(at(curve((-4, -62), (0, -60), (4, -63), (8, -60), (12, -62), closed=False)), ink=1.5)


def eye(canvas: Canvas, at: Placing, x: float, y: float, blink: bool, look: float) -> None:
    """Draw an eye, open with a spark in it, or shut."""
    if blink:
        canvas.stroke(at(curve((x - 5, y), (x, y + 3), (x + 5, y), closed=False)), ink=2.0)
        return
    canvas.shape(at(ellipse(x, y, 5.2, 7.2)), WHITE)
    canvas.shape(at(ellipse(x + 1.6 * look, y + 0.5, 3.2, 5.0)), (58, 40, 46), None)
    canvas.shape(at(ellipse(x + 1.6 * look + 1, y - 1.8, 1.2, 1.6)), WHITE, None)


def house(
    canvas: Canvas, x: float, y: float, size: float, wall: Colour, roof: Colour, window: Colour, door: Colour
) -> None:
    """Draw a house of 60 x 70 times `size`, its bottom left corner at (x, y)."""

    def part(left: float, top: float, right: float, bottom: float) -> np.ndarray:
        return placed([(left, top), (right, top), (right, bottom), (left, bottom)], x, y, size)

    canvas.shape(part(42, -76, 50, -50), darker(roof))
    canvas.shape(part(0, -40, 60, 0), wall)
    canvas.shape(part(46, -40, 60, 0), darker(wall, 0.86), None)
    canvas.shape(part(0, -40, 60, 0), None)
    canvas.shape(placed([(-7, -38), (12, -66), (48, -66), (67, -38)], x, y, size), roof)
    for row in (-52.0, -45.0):
        half = (row + 66) / 28 * 19
        canvas.stroke(placed([(14 - half, row), (46 + half, row)], x, y, size), darker(roof), 1.1)
    canvas.shape(part(9, -28, 23, -13), window)
    canvas.stroke(placed([(16, -28), (16, -13)], x, y, size), ink=1.2)
    canvas.stroke(placed([(9, -20.5), (23, -20.5)], x, y, size), ink=1.2)
    canvas.shape(part(34, -26, 48, 0), door)
    canvas.shape(placed(ellipse(45, -12, 1.2, 1.2), x, y, size), INK, None)


def round_tree(
    canvas: Canvas, x: float, y: float, size: float, leaf: Colour, trunk: Colour = (122, 78, 52), sway: float = 0.0
) -> None:
    """Draw a leafy tree standing on (x, y)."""
    canvas.shape(placed(curve((-5, 0), (-3, -20), (-4, -34), (4, -34), (3, -20), (6, 0)), x, y, size), trunk)
    lobes = [(-22, -38), (-30, -52), (-22, -68), (-8, -80), (10, -80), (24, -68), (30, -52), (20, -38), (0, -34)]
    crown = curve(*[(px + sway * (-py - 30) / 50, py) for px, py in lobes])
    canvas.shape(placed(crown, x, y, size), leaf)
    canvas.shape(
        placed(curve((-26, -46), (-12, -42), (8, -42), (26, -54), (20, -39), (0, -35), (-18, -38)), x, y, size),
        darker(leaf, 0.84),
        None,
    )
    canvas.shape(placed(crown, x, y, size), None)
    for px, py in ((-10, -62), (8, -68), (12, -54)):
        canvas.stroke(
            placed(curve((px - 4, py), (px, py + 3), (px + 4, py), closed=False), x + sway * size / 2, y, size),
            darker(leaf, 0.7),
            1.2,
        )


def pine(canvas: Canvas, x: float, y: float, size: float, leaf: Colour, sway: float = 0.0) -> None:
    """Draw a fir in three tiers standing on (x, y)."""
    canvas.shape(placed([(-4, 0), (-4, -14), (4, -14), (4, 0)], x, y, size), (104, 70, 54))
    for tier, (wide, low) in enumerate(((26, -10), (21, -32), (15, -52))):
        lean = sway * (tier + 1) / 3
        points = [
            (-wide, low),
            (lean, low - 36),
            (wide, low),
            (wide * 0.4, low - 4),
            (0, low + 2),
            (-wide * 0.4, low - 4),
        ]
        canvas.shape(placed(points, x, y, size), leaf)
        shade = [(lean, low - 36), (wide, low), (wide * 0.4, low - 4)]
        canvas.shape(placed(shade, x, y, size), darker(leaf, 0.82), None)
        canvas.shape(placed(points, x, y, size), None)


def cloud(canvas: Canvas, x: float, y: float, size: float, colour: Colour, line: Colour | None) -> None:
    """Draw a puffy cloud about (x, y)."""
    puffs = [
        (-46, 8),
        (-42, -6),
        (-28, -10),
        (-18, -24),
        (2, -26),
        (16, -14),
        (30, -14),
        (44, 0),
        (46, 8),
        (20, 12),
        (-20, 12),
    ]
    canvas.shape(placed(curve(*puffs), x, y, size), colour, line, 1.4)


def hills(
    canvas: Canvas, base: float, tall: float, phase: float, wave: float, colour: Colour, line: Colour | None = INK
) -> None:
    """Draw rolling hills from edge to edge, their middle height at y = `base`."""
    x = np.linspace(-8, canvas.width + 8, 90)
    along = (x + phase) / wave
    y = base - tall * (0.6 * np.sin(along) + 0.4 * np.sin(2.3 * along + 1.3))
    bottom = canvas.height + 8
    canvas.shape(np.concatenate((np.stack((x, y), 1), [(canvas.width + 8, bottom), (-8, bottom)])), colour, line)


def boat(canvas: Canvas, x: float, y: float, size: float, turn: float, hull: Colour, sail: Colour) -> None:
    """Draw a sailing boat on the water line at (x, y)."""
    canvas.stroke(placed([(0, -6), (0, -92)], x, y, size, turn), (96, 62, 48), 3.2)
    canvas.shape(placed(curve((4, -88), (20, -60), (44, -18), (26, -16), (4, -18)), x, y, size, turn), sail)
    canvas.shape(
        placed(curve((-4, -80), (-14, -46), (-32, -18), (-18, -16), (-4, -18)), x, y, size, turn), darker(sail, 0.9)
    )
    canvas.shape(placed(curve((0, -92), (-12, -96), (-20, -90), (-11, -88)), x, y, size, turn), (214, 62, 58))
    canvas.shape(placed([(-46, -10), (52, -12), (38, 10), (-34, 10)], x, y, size, turn), hull)
    canvas.shape(placed([(-46, -10), (52, -12), (49, -6), (-43, -4)], x, y, size, turn), WHITE)
