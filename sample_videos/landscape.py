"""A moving landscape that looks filmed: a mountain lake with woods, clouds, reflections, haze and camera noise.

The land is a height field. Of a pinhole camera that looks level, every image column sees a vertical cut through it, so
the first hit of each pixel follows from the running maximum of the slopes along that cut.
"""

from functools import cache

import cv2
import numpy as np

WIDTH, HEIGHT, RATE, SECONDS = 512, 288, 12, 8
FRAMES = RATE * SECONDS
OVERSAMPLING = 2
FOCAL = 0.92 * WIDTH
HORIZON = 0.56 * HEIGHT
CAMERA_METRES = 7.0
SUN = np.array([0.72, 0.42, 0.55]) / np.linalg.norm([0.72, 0.42, 0.55])
"""Direction to the sun: right, up, forward."""
SUN_COLOUR = np.array([1.0, 0.85, 0.60], np.float32) * 3.3
SKY_LIGHT = np.array([0.50, 0.64, 0.88], np.float32) * 0.62
HAZE = np.array([0.58, 0.70, 0.86], np.float32)
HAZE_METRES = 7000.0
LAND_CELL, LAND_CELLS = 6.0, 1536
BEHIND_METRES = 900.0
"""How far the grid reaches behind the camera's start; to both sides it reaches equally far."""
TILE_CELL, TILE_CELLS = 0.5, 1024
DEPTHS = (3.0 * 1.0085 ** np.arange(905)).astype(np.float32)


def fractal(cells: int, slope: float, seed: int, coarsest: float = 1.0) -> np.ndarray:
    """Return (cells, cells) float32 noise that tiles, mean 0, deviation 1, its amplitudes falling as frequency^-slope."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((cells, cells)))
    frequency = np.hypot(np.fft.fftfreq(cells)[:, None], np.fft.rfftfreq(cells)[None]) * cells
    falling = np.where(frequency >= coarsest, np.maximum(frequency, 1.0) ** -slope, 0.0)
    noise = np.fft.irfft2(spectrum * falling, (cells, cells))
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def smooth(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """Return 0 below `low`, 1 above `high`, and a smooth step between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def sample(field: np.ndarray, x: np.ndarray, z: np.ndarray, cell: float) -> np.ndarray:
    """Return a tiling field, its rows along z, at places in metres."""
    size = field.shape[0]
    wide = (-(-x.size // 1024), 1024)
    rows, columns = (np.resize(np.mod(place / cell, size).astype(np.float32), wide) for place in (z, x))
    values = cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return values.reshape(-1)[: x.size].reshape(x.shape)


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
        moved = np.float32([[1, 0, -SUN[0] / flat * step], [0, 1, -SUN[2] / flat * step]])
        there = cv2.warpAffine(height, moved, height.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
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
    return ground + sample(trees()[0], x, z, TILE_CELL) * smooth(0.25, 0.6, cover) + 0.25 * sample(grain()[0], x, z, TILE_CELL)


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
    hidden = 0.45 + 0.55 * smooth(0.0, 9.0, sample(trees()[0], x, z, TILE_CELL)) * wooded + 0.55 * (1 - wooded) * (1 - 0.5 * cover)
    albedo = ground_albedo(x, z, height, 1 / length, cover, wooded)
    light = direct[..., None] * SUN_COLOUR + (np.clip(hidden, 0, 1) * (0.6 + 0.4 / length))[..., None] * SKY_LIGHT
    return veiled((albedo * light)[0], t[0])


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
    albedo = blend(albedo, np.full_like(sand, 0.80), smooth(300, 430, height + 70 * coarse) * smooth(0.45, 0.65, upright))
    return blend(albedo, sand, smooth(1.9, 0.7, height + 0.25 * fine))


def mixed(low: list[float], high: list[float], share: np.ndarray) -> np.ndarray:
    """Return the colours between two."""
    return np.float32(low) + np.float32(np.subtract(high, low)) * share[..., None]


def blend(below: np.ndarray, above: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return `above` laid over `below`."""
    return below + (above - below) * np.clip(share, 0, 1)[..., None]


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
    blue = blend(np.broadcast_to(HAZE, (*up.shape, 3)), np.full((*up.shape, 3), [0.085, 0.235, 0.60], np.float32), smooth(-0.12, 0.55, up / length[:, :1]))
    glow = np.clip(towards_sun, 0, 1)[..., None] ** 16 * np.array([0.34, 0.26, 0.16], np.float32)
    metres = 1500 / up
    x, z = camera.x + metres * camera.step_x + 26 * seconds, camera.z + metres * camera.step_z + 9 * seconds
    density, shade = clouds(x, z)
    white = blend(np.full((*density.shape, 3), [0.42, 0.47, 0.56], np.float32), np.full((*density.shape, 3), [1.25, 1.17, 1.06], np.float32), shade)
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
    seen = cv2.remap(mirrored, columns.astype(np.float32), np.abs(rows).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
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
    depth = first_hits((np.maximum(ground, -1) - camera.y) / DEPTHS[:, None], camera.slopes, np.zeros_like(camera.slopes))
    depth[depth >= water_depth] = np.inf
    upward = -camera.slopes[camera.slopes < 0]
    mirrored_depth = first_hits(np.where(ground > 0, ground + camera.y, -1e3) / DEPTHS[:, None], upward, camera.y / upward)
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
