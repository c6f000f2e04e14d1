"""Settings of a render on Ray."""

import re
from dataclasses import dataclass

from vidstyle.errors import SettingsError
from vidstyle.settings import Settings, setting

LOCAL = "local"
"""The address that stands for a Ray that this run starts on this machine."""


def is_address(text: str) -> bool:
    """Whether a word is the address of a cluster: `auto`, HOST:PORT, or that of a Ray Client, which is refused later."""
    return text == "auto" or text.startswith("ray://") or re.fullmatch(r"[^\s/\\]+:\d{1,5}", text) is not None


@dataclass(frozen=True)
class ClusterSettings(Settings):
    """What `vidstyle render --ray` asks of the cluster."""

    ray_workers: int | str = setting(
        "auto",
        "workers that paint on Ray (auto: as many as its GPUs, else its CPU cores)",
        minimum=1,
        keywords=("auto",),
    )
    ray_gpus: float | str = setting(
        "auto",
        "GPUs of each worker, also a part of one; 0: CPU (auto: 1 where there are any)",
        minimum=0,
        keywords=("auto",),
    )
    ray_cpus: float = setting(1.0, "CPU cores of each worker", minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("ray_gpus", "ray_cpus"):
            amount = getattr(self, name)
            if amount != "auto" and amount > 1 and amount % 1:
                flag = name.replace("_", "-")
                raise SettingsError(f"{flag} cannot be {amount:g}: above 1 Ray deals out whole ones.")
