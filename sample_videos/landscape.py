"""A moving landscape that looks filmed: a mountain lake with woods, clouds, reflections, haze and camera noise.

The land is a height field. Of a pinhole camera that looks level, every image column sees a vertical cut through it, so
the first hit of each pixel follows from the running maximum of the slopes along that cut.
"""

from functools import cache

import cv2
import numpy as np

from sample_videos.fields import blend, fractal, sample, smooth
from sample_videos.terrain import LAND_CELL, SUN, TILE_CELL, grain, ground_albedo, land, place_on_land, surface, trees

WIDTH, HEIGHT, RATE, SECONDS = 512, 288, 12, 8
FRAMES = RATE * SECONDS
OVERSAMPLING = 2
FOCAL = 0.92 * WIDTH
HORIZON = 0.56 * HEIGHT
CAMERA_METRES = 7.0
SUN_COLOUR = np.array([1.0, 0.85, 0.60], np.float32) * 3.3
SKY_LIGHT = np.array([0.50, 0.64, 0.88], np.float32) * 0.62
HAZE = np.array([0.58, 0.70, 0.86], np.float32)
HAZE_METRES = 7000.0
DEPTHS = (3.0 * 1.0085 ** np.arange(905)).astype(np.float32)


class Camera:
    """A camera that glides over the water, looking level: where it is at a time in seconds, and what its columns see."""

    def __init__(self, seconds: float) -> None:
        self.x, self.z = -34 + 7.5 * seconds, 6.0 * seconds
        self.y = CAMERA_METRES + 0.25 * np.sin(1.1 * seconds)
        yaw = 0.05 - 0.014 * seconds + 0.002 * np.sin(2.3 * seconds)
        across = (np.arange(WIDTH * OVERSAMPLING) + 0.5) / OVERSAMPLING - WIDTH / 2
        down = (np.arange(HEIGHT * OVERSAMPLING) + 0.5) / OVERSAMPLING - HORIZON
        self.across, self.slopes = (across / FOCAL).astype(np.float32), (-down / FOCAL).astype(np.float32)
        self.step_x = (np.sin(yaw) + self.across * np.cos(yaw)).astype(np.float32)
        self.step_z = (np.cos(yaw) - self.across * np.sin(yaw)).astype(np.float32)

    def at(self, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return x and z in metres at forward depths whose last axis is the image column."""
        return self.x + depth * self.step_x, self.z + depth * self.step_z


def first_hits(cuts: np.ndarray, slopes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the depth (rows, columns) at which rays of these slopes meet the cuts (depths, columns), infinity for none.

    A ray of slope `slopes[row]` begins at the depth `starts[row]`.
    """
    highest = np.maximum.accumulate(cuts, axis=0)
    hits = np.full((len(slopes), cuts.shape[1]), np.inf, np.float32)
    for column in range(cuts.shape[1]):
        index = np.searchsorted(highest[:, column], slopes)
        early = DEPTHS[np.minimum(index, len(DEPTHS) - 1)] < starts
        if early.any():
            reached = (cuts[:, column, None] >= slopes[early]) & (DEPTHS[:, None] >= starts[early])
            index[early] = np.where(reached.any(axis=0), reached.argmax(axis=0), len(DEPTHS))
        found = (index > 0) & (index < len(DEPTHS))
        near, far = cuts[index[found] - 1, column], cuts[index[found], column]
        share = np.clip((slopes[found] - near) / np.maximum(far - near, 1e-6), 0, 1)
        hits[found, column] = DEPTHS[index[found] - 1] + share * (DEPTHS[index[found]] - DEPTHS[index[found] - 1])
    return hits


def land_colour(camera: Camera, depth: np.ndarray) -> np.ndarray:
    """Return linear RGB (n, 3) of the land at n places; `depth` is (rows, columns) with infinity where no land is."""
    rows, columns = np.nonzero(np.isfinite(depth))
    t = depth[rows, columns]
    x, z = camera.x + t * camera.step_x[columns], camera.z + t * camera.step_z[columns]
    x, z, t = (value[None] for value in (x, z, t))
    height = surface(x, z)
    reach = np.maximum(0.6, 0.0035 * t)
    slope_x, slope_z = (surface(x + reach, z) - height) / reach, (surface(x, z + reach) - height) / reach
    length = np.sqrt(slope_x**2 + slope_z**2 + 1)
    u, v = place_on_land(x, z)
    cover = smooth(0.25, 0.6, sample(land()[1], u, v, LAND_CELL))
    wooded = smooth(0.1, 0.9, cover * sample(trees()[0], x, z, TILE_CELL))
    direct = np.clip((SUN[1] - SUN[0] * slope_x - SUN[2] * slope_z) / length, 0, 1) * sample(land()[2], u, v, LAND_CELL)
    hidden = (
        0.45
        + 0.55 * smooth(0.0, 9.0, sample(trees()[0], x, z, TILE_CELL)) * wooded
        + 0.55 * (1 - wooded) * (1 - 0.5 * cover)
    )
    albedo = ground_albedo(x, z, height, 1 / length, cover, wooded)
    light = direct[..., None] * SUN_COLOUR + (np.clip(hidden, 0, 1) * (0.6 + 0.4 / length))[..., None] * SKY_LIGHT
    return veiled((albedo * light)[0], t[0])


def veiled(colour: np.ndarray, metres: np.ndarray) -> np.ndarray:
    """Return colours (n, 3) seen through that much air; blue is taken and given first."""
    kept = np.exp(-metres[:, None] / HAZE_METRES * np.array([0.8, 1.0, 1.35], np.float32))
    return colour * kept + HAZE * (1 - kept)


@cache
def cloud_fields() -> tuple[np.ndarray, np.ndarray]:
    """Return the large and the fine noise that clouds are made of."""
    return fractal(1024, 1.75, 9, 5), fractal(1024, 1.2, 10, 16)


def sky(camera: Camera, slopes: np.ndarray, seconds: float) -> np.ndarray:
    """Return linear RGB (rows, columns, 3) of the sky in rays of these upward slopes (rows,)."""
    up = np.maximum(slopes, 1e-3)[:, None]
    length = np.sqrt(1 + camera.across[None] ** 2 + up**2)
    towards_sun = (SUN[0] * camera.step_x + SUN[2] * camera.step_z + SUN[1] * up) / length
    blue = blend(
        np.broadcast_to(HAZE, (*up.shape, 3)),
        np.full((*up.shape, 3), [0.085, 0.235, 0.60], np.float32),
        smooth(-0.12, 0.55, up / length[:, :1]),
    )
    glow = np.clip(towards_sun, 0, 1)[..., None] ** 16 * np.array([0.34, 0.26, 0.16], np.float32)
    metres = 1500 / up
    x, z = camera.x + metres * camera.step_x + 26 * seconds, camera.z + metres * camera.step_z + 9 * seconds
    density, shade = clouds(x, z)
    white = blend(
        np.full((*density.shape, 3), [0.42, 0.47, 0.56], np.float32),
        np.full((*density.shape, 3), [1.25, 1.17, 1.06], np.float32),
        shade,
    )
    return blend(blue + glow, white + 0.4 * glow, density * smooth(0.02, 0.16, np.broadcast_to(up, density.shape)))


def clouds(x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the density and the brightness, 0 to 1, of the clouds above places."""
    broad, fine = cloud_fields()

    def thickness(right: float, forward: float) -> np.ndarray:
        return sample(broad, x + right, z + forward, 26) + 0.32 * sample(fine, x + right, z + forward, 13)

    here, sunward = thickness(0, 0), thickness(170, 130)
    return smooth(0.15, 1.15, here), np.clip(0.62 + 0.55 * (here - sunward) - 0.16 * np.maximum(here - 0.6, 0), 0, 1)


@cache
def ripples() -> np.ndarray:
    """Return the tiling height of small waves."""
    return fractal(512, 1.15, 11, 10)


def wave_slopes(x: np.ndarray, z: np.ndarray, metres: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how the water leans to the right and away; far waves, too small to be seen, are evened out."""
    strength = 0.016 / (1 + metres / 110)
    total_x, total_z = np.zeros_like(x), np.zeros_like(x)
    for cell, speed in ((0.22, 0.9), (0.61, -1.3)):
        u, v = x + speed * seconds, z + 0.7 * abs(speed) * seconds
        here = sample(ripples(), u, v, cell)
        total_x += sample(ripples(), u + cell, v, cell) - here
        total_z += sample(ripples(), u, v + cell, cell) - here
    calm = 0.35 + 0.65 * smooth(-0.6, 0.9, sample(grain()[1], x + 2 * seconds, z, 3.1))
    return strength * calm * total_x * 2.2, strength * calm * total_z * 2.2


def water(camera: Camera, mirrored: np.ndarray, seconds: float) -> np.ndarray:
    """Return linear RGB of the rows below the horizon as water that reflects the picture `mirrored` of the same rows."""
    slopes = camera.slopes[camera.slopes < 0]
    metres = (camera.y / -slopes)[:, None] * np.ones_like(camera.across)[None]
    x, z = camera.at(metres)
    lean_x, lean_z = wave_slopes(x, z, metres, seconds)
    scale = FOCAL * OVERSAMPLING
    columns = np.arange(mirrored.shape[1], dtype=np.float32)[None] + scale * lean_x
    rows = np.arange(mirrored.shape[0], dtype=np.float32)[:, None] + scale * lean_z
    seen = cv2.remap(
        mirrored,
        columns.astype(np.float32),
        np.abs(rows).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    facing = np.clip(-slopes[:, None] / np.sqrt(1 + slopes[:, None] ** 2) + lean_z, 0.0, 1)
    share = 0.03 + 0.97 * (1 - facing) ** 5
    deep = np.array([0.020, 0.075, 0.085], np.float32)
    below = np.broadcast_to(deep, seen.shape)
    return veiled(blend(below, seen * 0.93, share).reshape(-1, 3), metres.reshape(-1) * 0.6).reshape(seen.shape)


def frame(number: int) -> np.ndarray:
    """Return frame `number`, 0 to FRAMES - 1, as (HEIGHT, WIDTH, 3) uint8 RGB."""
    seconds = number / RATE
    camera = Camera(seconds)
    x, z = camera.at(DEPTHS[:, None])
    ground = surface(x, z)
    water_depth = np.where(camera.slopes < 0, camera.y / np.maximum(-camera.slopes, 1e-9), np.inf)[:, None]
    depth = first_hits(
        (np.maximum(ground, -1) - camera.y) / DEPTHS[:, None], camera.slopes, np.zeros_like(camera.slopes)
    )
    depth[depth >= water_depth] = np.inf
    upward = -camera.slopes[camera.slopes < 0]
    mirrored_depth = first_hits(
        np.where(ground > 0, ground + camera.y, -1e3) / DEPTHS[:, None], upward, camera.y / upward
    )
    mirrored = sky(camera, upward, seconds)
    mirrored[np.isfinite(mirrored_depth)] = land_colour(camera, mirrored_depth)
    picture = sky(camera, camera.slopes, seconds)
    picture[camera.slopes < 0] = water(camera, mirrored.astype(np.float32), seconds)
    picture[np.isfinite(depth)] = land_colour(camera, depth)
    return filmed(picture, number)


def filmed(picture: np.ndarray, number: int) -> np.ndarray:
    """Return what a camera makes of linear light: a soft lens, a darker rim, a film curve, and noise."""
    picture = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    across, down = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    picture = picture * (1 - 0.16 * (across**2 + down**2) / 2)[..., None] * 0.90
    curved = picture * (2.51 * picture + 0.03) / (picture * (2.43 * picture + 0.59) + 0.14)
    image = 255 * np.clip(curved, 0, 1) ** (1 / 2.2)
    generator = np.random.default_rng((12, number))
    noise = generator.normal(0, 1.3, (HEIGHT, WIDTH, 1)) + generator.normal(0, 0.7, (HEIGHT, WIDTH, 3))
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)
