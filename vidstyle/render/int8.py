"""Networks in 8-bit integers: calibrated on frames of the video that they will paint, and kept in the user's cache."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from torch import Tensor, nn

from vidstyle import __version__
from vidstyle.checksum import identity_of
from vidstyle.errors import InputError
from vidstyle.media.clip import Clip
from vidstyle.media.read import VideoReader
from vidstyle.models import openvino
from vidstyle.models.image_model import ImageModel
from vidstyle.models.runtime import Network, Prepare
from vidstyle.progress import OnProgress, Progress
from vidstyle.user_cache import user_cache

Model = TypeVar("Model", bound=ImageModel)

SAMPLES = 8
"""Frames to calibrate on; 14 gave the same likeness to fp32 as 8, to 0.1 dB."""
CACHED_NETWORKS = 32
"""Quantised networks in the cache; the ones used longest ago go first."""


def sample_frames(clip: Clip, start_seconds: float | None, end_seconds: float | None) -> list[np.ndarray]:
    """Return SAMPLES frames, (1, height, width, 3) each, spread over the asked range.

    A file that does not tell its length gives its first frames. Raises InputError when none can be decoded.
    """
    begin = start_seconds or 0.0
    end = min(float(clip.duration or begin), end_seconds or float("inf"))
    times = [begin + (end - begin) * number / SAMPLES for number in range(SAMPLES)]
    frames = []
    for time in times if end > begin else []:
        with suppress(InputError), VideoReader(clip, start_seconds=time, end_seconds=end_seconds) as reader:
            frames.append(next(reader.batches(1)).frames)
    return frames or _first_frames(clip, start_seconds, end_seconds)


def _first_frames(clip: Clip, start_seconds: float | None, end_seconds: float | None) -> list[np.ndarray]:
    with VideoReader(clip, start_seconds=start_seconds, end_seconds=end_seconds) as reader:
        return [batch.frames for batch, _ in zip(reader.batches(1), range(SAMPLES), strict=False)]


def load_or_quantise(
    make: Callable[[Prepare], Model],
    pictures: Callable[[], Sequence[Tensor]],
    key: dict[str, Any],
    on_progress: OnProgress,
    parallel: int = 1,
) -> tuple[Model, str]:
    """Return the model that `make` builds, its network in 8-bit integers, and the SHA-256 of that network.

    The ranges of its activations are those measured on `pictures`, (1, 3, h, w) in [0, 1]. `key` is all that the network
    depends on: under it the network is kept in the user's cache. `parallel` threads may call it at once. Raises
    DependencyError without the extra `openvino`.
    """
    path = _cache_path(key)
    if not path.is_file():
        recorder = _Recorder()
        model = make(recorder.prepare)
        for picture in pictures():
            model(picture)
        if recorder.network is None:
            return model, ""
        total = len(recorder.samples)
        on_sample = lambda done: on_progress(Progress("calibrating int8", done, total))  # noqa: E731
        openvino.save_model(openvino.quantise(recorder.network, recorder.samples, on_sample), path)
        _remove_oldest(path.parent)
    path.touch()
    network = openvino.OpenVINONetwork(openvino.load_model(path), "int8", parallel)
    return make(lambda _, *, channels_last=False: network), openvino.digest(path)


class _Recorder:
    """Stands in for a network and keeps what it is given."""

    def __init__(self) -> None:
        self.network: nn.Module | None = None
        self.samples: list[Tensor] = []

    def prepare(self, network: nn.Module, *, channels_last: bool = False) -> Network:
        self.network = network.eval().requires_grad_(False)
        return self._record

    def _record(self, images: Tensor) -> Tensor:
        self.samples.append(images.clone())
        return images


def _cache_path(key: dict[str, Any]) -> Path:
    """Return the file of the network for `key`, made by these versions of the programs."""
    versions = {"vidstyle": __version__, "openvino": openvino.version(), "nncf": openvino.nncf_version()}
    whole = {**key, "ranges": "least to greatest", **versions}
    return user_cache() / "quantised" / f"{identity_of(whole)[:32]}.zip"


def _remove_oldest(folder: Path) -> None:
    newest_first = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest_first[CACHED_NETWORKS:]:
        path.unlink(missing_ok=True)
