"""Logs for TensorBoard. Only this module imports torch.utils.tensorboard, which needs the extra `tensorboard`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vidstyle.errors import DependencyError


class TensorBoardWriter:
    """Writes curves and pictures into `folder`; TensorBoard hides what an earlier run wrote after `step`.

    Raises DependencyError where the package is missing.
    """

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise DependencyError(
                "TensorBoard is not installed. Install it with: pip install 'vidstyle[tensorboard]', or leave --tensorboard out."
            ) from error
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def add_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write a point of each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def add_image(self, step: int, name: str, picture: np.ndarray) -> None:
        """Write a picture, (h, w, 3) uint8."""
        self._writer.add_image(name, picture, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is pending and close the files."""
        self._writer.close()
