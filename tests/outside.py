"""Independent implementations that ours are compared with; a test is skipped where one is not installed."""

from types import ModuleType

import pytest

from benchmarks.torchvision_operators import declare_torchvisions_operators


def outside(name: str) -> ModuleType:
    """Return the module `name`, even if it imports a torchvision that was built for another torch."""
    declare_torchvisions_operators()
    return pytest.importorskip(name)
