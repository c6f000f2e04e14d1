"""Pictures become Inception's input exactly as the two references make them."""

import numpy as np
import pytest

from vidstyle.analysis.resizers import BICUBIC, BILINEAR


@pytest.fixture(params=[(400, 320), (120, 200), (299, 299)], ids=["shrunk", "grown", "kept"])
def picture(request: pytest.FixtureRequest) -> np.ndarray:
    """A noisy picture of (h, w, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, (*request.param, 3), np.uint8)


def test_fid_clean_resizes_as_pil_does_on_floats(picture: np.ndarray) -> None:
    image = pytest.importorskip("PIL.Image")
    planes = [image.fromarray(picture[..., plane].astype(np.float32)) for plane in range(3)]
    resized = [np.asarray(one.resize((299, 299), image.Resampling.BICUBIC)).clip(0, 255) for one in planes]
    ours = BICUBIC.prepare(picture)[0].numpy() * 128 + 128
    np.testing.assert_allclose(ours, np.stack(resized), atol=0.02)


def test_fid_takes_the_four_nearest_pixels_however_much_it_shrinks(picture: np.ndarray) -> None:
    rows, columns = (np.clip((np.arange(299) + 0.5) * size / 299 - 0.5, 0, size - 1) for size in picture.shape[:2])
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    below, right = np.minimum(top + 1, picture.shape[0] - 1), np.minimum(left + 1, picture.shape[1] - 1)
    down, across = (rows - top)[:, None, None], (columns - left)[None, :, None]
    pixels = picture.astype(np.float64)
    upper = pixels[top][:, left] * (1 - across) + pixels[top][:, right] * across
    lower = pixels[below][:, left] * (1 - across) + pixels[below][:, right] * across
    expected = (upper * (1 - down) + lower * down) / 127.5 - 1
    np.testing.assert_allclose(BILINEAR.prepare(picture)[0].permute(1, 2, 0).numpy(), expected, atol=1e-3)
