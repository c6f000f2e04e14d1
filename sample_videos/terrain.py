"""The land about the lake: its height, its woods, where the sun falls on it, and the colour of its ground."""

from functools import cache

import cv2
import numpy as np

from sample_videos.fields import blend, fractal, mixed, sample, smooth

SUN = np.array([0.72, 0.42, 0.55]) / np.linalg.norm([0.72, 0.42, 0.55])
"""Direction to the sun: right, up, forward."""
LAND_CELL, LAND_CELLS = 6.0, 1536
BEHIND_METRES = 900.0
"""How far the grid reaches behind the camera's start; to both sides it reaches equally far."""
TILE_CELL, TILE_CELLS = 0.5, 1024


@cache
def land() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return height in metres, woodedness 0 to 1 and sunlight 0 to 1 on a grid around the lake; water is below 0."""
    axis = (np.arange(LAND_CELLS, dtype=np.float32) - LAND_CELLS / 2) * LAND_CELL
    x, z = np.meshgrid(axis, axis + LAND_CELLS / 2 * LAND_CELL - BEHIND_METRES)
    bays, hills, ridges = (fractal(LAND_CELLS, slope, seed, 3) for slope, seed in ((2.2, 1), (2.0, 2), (1.9, 3)))
    shore = np.hypot((x + 10) / 125, (z - 190) / 330) - 1 + 0.22 * bays
    shore = np.maximum(shore, 0.10 - np.hypot((x - 62) / 150, (z - 215) / 190))
    banks = 26 * np.tanh(2.2 * shore) + 9 * np.maximum(shore, 0)
    rise = smooth(0.6, 11.0, shore + 0.25 * hills)
    crests = 1.15 - np.abs(ridges) * 0.55
    mountains = rise * (60 + 330 * crests + 90 * hills) * (0.30 + 0.70 * smooth(500, 3600, z))
    rough = fractal(LAND_CELLS, 1.6, 4, 20)
    height = banks + mountains + rough * (0.6 + 10 * rise) * (shore > 0)
    woods = smooth(-0.35, 0.5, fractal(LAND_CELLS, 1.5, 5, 8) + 0.9 - 2.2 * rise) * smooth(0.03, 0.12, shore)
    return height.astype(np.float32), woods.astype(np.float32), sunlight(height.astype(np.float32))


def sunlight(height: np.ndarray) -> np.ndarray:
    """Return how much of the sun each cell sees over the cells towards it, softened."""
    flat = np.hypot(SUN[0], SUN[2])
    blocked = np.zeros_like(height)
    for step in range(2, 160, 2):
        moved = np.array([[1, 0, -SUN[0] / flat * step], [0, 1, -SUN[2] / flat * step]], np.float32)
        there = cv2.warpAffine(height, moved, (LAND_CELLS, LAND_CELLS), borderMode=cv2.BORDER_REPLICATE)
        over = there - height - step * LAND_CELL * SUN[1] / flat
        blocked = np.maximum(blocked, np.clip(over / 12 + 0.5, 0, 1))
    return cv2.GaussianBlur(1 - blocked, (0, 0), 1.2)


@cache
def trees() -> tuple[np.ndarray, np.ndarray]:
    """Return crown height in metres and each tree's tint (-1 to 1) on a tile of conifers."""
    generator = np.random.default_rng(6)
    crowns, tints = np.zeros((TILE_CELLS, TILE_CELLS), np.float32), np.zeros((TILE_CELLS, TILE_CELLS), np.float32)
    offsets = np.arange(-8, 9)
    distance = np.hypot(offsets[:, None], offsets[None]) * TILE_CELL
    for row, column in generator.integers(0, TILE_CELLS, (9000, 2)):
        top, radius, tint = generator.uniform(6, 17), generator.uniform(1.9, 3.2), generator.uniform(-1, 1)
        cone = np.clip(top * (1 - (distance / radius)), 0, None) * generator.uniform(0.75, 1.1, distance.shape)
        place = np.ix_((row + offsets) % TILE_CELLS, (column + offsets) % TILE_CELLS)
        higher = cone > crowns[place]
        crowns[place] = np.where(higher, cone, crowns[place])
        tints[place] = np.where(higher, tint, tints[place])
    return crowns, tints


@cache
def grain() -> tuple[np.ndarray, np.ndarray]:
    """Return two tiling textures for ground and rock."""
    return fractal(TILE_CELLS, 0.9, 7, 4), fractal(TILE_CELLS, 1.25, 8, 2)


def place_on_land(x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where on the grid of the land a place lies that is given from the camera's start, in metres."""
    return x + LAND_CELLS / 2 * LAND_CELL, z + BEHIND_METRES


def surface(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the height of ground and crowns in metres."""
    height, woods, _ = land()
    u, v = place_on_land(x, z)
    cover = sample(woods, u, v, LAND_CELL)
    ground = sample(height, u, v, LAND_CELL)
    return (
        ground
        + sample(trees()[0], x, z, TILE_CELL) * smooth(0.25, 0.6, cover)
        + 0.25 * sample(grain()[0], x, z, TILE_CELL)
    )


def ground_albedo(
    x: np.ndarray, z: np.ndarray, height: np.ndarray, upright: np.ndarray, cover: np.ndarray, wooded: np.ndarray
) -> np.ndarray:
    """Return linear RGB reflectance (..., 3): sand at the water, grass, woods, rock where it is steep, snow up high."""
    fine, coarse = sample(grain()[0], x, z, TILE_CELL), sample(grain()[1], x, z, 4 * TILE_CELL)
    tint = sample(trees()[1], x, z, TILE_CELL)
    grass = mixed([0.115, 0.150, 0.042], [0.215, 0.195, 0.075], smooth(-1.2, 1.4, coarse + 0.4 * fine))
    conifer = mixed([0.022, 0.048, 0.020], [0.060, 0.085, 0.028], smooth(-1, 1, tint))
    rock = mixed([0.16, 0.15, 0.14], [0.33, 0.31, 0.28], smooth(-1.8, 1.8, coarse + 0.5 * fine))
    sand = mixed([0.24, 0.21, 0.16], [0.38, 0.34, 0.27], smooth(-1.5, 1.5, fine))
    albedo = blend(grass, rock, np.maximum(smooth(0.80, 0.62, upright), smooth(170, 330, height + 60 * coarse)))
    albedo = blend(albedo, conifer, wooded + (cover - wooded) * 0.75)
    albedo = blend(
        albedo, np.full_like(sand, 0.80), smooth(300, 430, height + 70 * coarse) * smooth(0.45, 0.65, upright)
    )
    return blend(albedo, sand, smooth(1.9, 0.7, height + 0.25 * fine))
