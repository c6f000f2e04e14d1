"""The user's cache folder, for files that can be made or downloaded again."""

import os
import sys
from pathlib import Path


def user_cache() -> Path:
    """Return the program's folder inside the system's cache folder of the user; it need not exist."""
    return _system_cache() / "vidstyle"


def _system_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
