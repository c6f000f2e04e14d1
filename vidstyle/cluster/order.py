"""What a worker is told of a film: the same for all of its pieces."""

import pickle
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle.cluster.files import SharedFile
from vidstyle.render.engine import Engine
from vidstyle.render.plan import VideoPlan
from vidstyle.render.settings import RenderSettings


@dataclass(frozen=True)
class Order:
    """A video's plan, the settings, and the files that both name by their paths on the driver's machine."""

    plan: VideoPlan
    settings: RenderSettings
    files: tuple[SharedFile, ...]

    def at(self, places: dict[Path, Path]) -> "Order":
        """Return the order with the paths of another machine."""
        clip, settings = self.plan.clip, self.settings
        plan = replace(self.plan, clip=replace(clip, path=places[clip.path.absolute()]))
        moved = replace(settings, style=_moved(settings.style, places), upscaler=_moved(settings.upscaler, places))
        return replace(self, plan=plan, settings=moved)

    def packed(self) -> bytes:
        """Return the order as bytes that `unpacked` reads."""
        return pickle.dumps(self)


def unpacked(order: bytes) -> Order:
    """Return a packed order."""
    known: Order = pickle.loads(order)
    return known


def order_for(plan: VideoPlan, engine: Engine, settings: RenderSettings, *, gpus: bool) -> Order:
    """Return the order for a video; damage is judged by the driver, which reads all of it."""
    device = ("cuda" if gpus else "cpu") if settings.device == "auto" else settings.device
    style = str(engine.style_path.absolute())
    upscaler = Path(settings.upscaler)
    needed = [plan.clip.path, engine.style_path, *([upscaler] if upscaler.is_file() else [])]
    named = str(upscaler.absolute()) if upscaler.is_file() else settings.upscaler
    files = tuple(SharedFile.of(path) for path in needed)
    return Order(plan, replace(settings, device=device, style=style, upscaler=named, strict=False), files)


def _moved(name: str, places: dict[Path, Path]) -> str:
    return str(places.get(Path(name), name))
