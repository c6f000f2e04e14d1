"""What is resolved when a render begins, and holds for it from then on."""

from dataclasses import replace
from typing import Any

from vidstyle.errors import DeviceError, OutputError
from vidstyle.progress import OnProgress
from vidstyle.render.engine import Engine
from vidstyle.render.painter import Painter
from vidstyle.render.painter_config import Resolved
from vidstyle.render.plan import VideoPlan


def resolve(engine: Engine, plan: VideoPlan, painter: Painter) -> dict[str, Any]:
    """Return what was settled for a video, for its manifest."""
    return {"device": str(engine.device), "painter": painter.resolved.record(), "plan": plan.record()}


def pinned_painter(
    engine: Engine, plan: VideoPlan, settled: dict[str, Any] | None, variant: int, on_progress: OnProgress
) -> Painter:
    """Return the painter for a variant of a video: a new one, or one that computes as was `settled` when its render began.

    Raises DeviceError when the device of then is not there now, and OutputError when its int8 networks are gone.
    """
    known = None if settled is None else Resolved(**settled["painter"])
    if settled is not None and settled["device"] != str(engine.device):
        engine = _engine_on(settled["device"], engine)
    painter = engine.painter(plan.sizes, plan.colours, plan.clip, plan.frames, known, variant, on_progress)
    if known is not None and painter.resolved.quantised != known.quantised:
        raise OutputError("The int8 networks of the unfinished render are gone. Give --restart to begin anew.")
    return painter


def _engine_on(device: str, engine: Engine) -> Engine:
    try:
        return Engine(replace(engine.settings, device=device))
    except DeviceError as error:
        raise DeviceError(f"{error} The unfinished render was begun on it; --restart begins anew.") from error
