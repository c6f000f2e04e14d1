"""A small dataset of drawn images."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vidstyle.media.images import write_image
from vidstyle.networks.patch_features import PatchEmbeddings
from vidstyle.train.method_defaults import METHOD_SETTINGS, METHODS
from vidstyle.train.settings import TrainSettings


@pytest.fixture(autouse=True, scope="module")
def narrow_embeddings() -> Iterator[None]:
    """Patch embeddings 32 wide instead of 256: those of the paper hold 3 million weights, most of what a tiny run computes
    and all of what its checkpoint weighs, 36 MB. tests/networks looks at them as they are.
    """
    defaults = PatchEmbeddings.__init__.__kwdefaults__
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(defaults, "width", 32)
        yield


def picture(seed: int, flat: bool) -> np.ndarray:
    """Return a drawn picture of 72x60 pixels, (60, 72, 3) uint8: coloured squares, noisy unless `flat`."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (5, 6, 3), dtype=np.uint8)
    blocks = np.kron(coarse, np.ones((12, 12, 1), np.uint8))
    noise = 0 if flat else random.integers(0, 40, blocks.shape)
    return np.clip(blocks.astype(int) + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Five noisy photos and three flat paintings of 72x60 pixels."""
    for folder, count, flat in (("trainA", 5, False), ("trainB", 3, True)):
        for number in range(count):
            write_image(tmp_path / "dataset" / folder / f"{number}.png", picture(number, flat))
    return tmp_path / "dataset"


def small(**changes: object) -> TrainSettings:
    """Return settings that train in seconds on a CPU, in fp32; those that the method does not have are left out."""
    defaults: dict[str, object] = {
        "channels": 4,
        "discriminator_channels": 4,
        "blocks": 5,
        "crop": 32,
        "load": 40,
        "patches": 32,
        "precision": "fp32",
        "device": "cpu",
        "steps": 6,
        "log_every": 2,
    }
    method = METHODS.get(str(changes.get("method", "cut++")))
    absent = METHOD_SETTINGS - method.defaults.keys() if method else METHOD_SETTINGS
    fitting = {name: value for name, value in defaults.items() if name not in absent}
    return TrainSettings(**{**fitting, **changes})  # type: ignore[arg-type]
