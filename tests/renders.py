"""Renders that are broken off, and what they must equal in the end."""

import hashlib
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.packets import complaints, tracks, video_times
from vidstyle.media.clip import Clip
from vidstyle.progress import OnProgress, Progress, StageResult
from vidstyle.render.engine import Engine
from vidstyle.render.painter import Painter
from vidstyle.render.plan import VideoPlan, plan_video
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run
from vidstyle.render.work_folder import RenderFolder


class Crash(BaseException):
    """What no part of the program expects."""


def crash_after(frames: int) -> OnProgress:
    def crash(progress: Progress) -> None:
        if progress.done >= frames:
            raise Crash

    return crash


def plan_of(clip: Clip, engine: Engine, target: Path = Path("out.mkv")) -> VideoPlan:
    """Return the plan for a clip that the engine renders."""
    sizes = engine.sizes(clip.upright_size)
    return plan_video(clip, target, sizes, engine.upscaler_name(sizes), engine.settings)


def painter_of(clip: Clip, engine: Engine) -> Painter:
    """Return the painter with which a render of the clip begins."""
    return engine.video_painter(plan_of(clip, engine))


def broken_off(source: Path, target: Path, settings: RenderSettings, frames: int) -> RenderFolder:
    """Render up to some frames, and return the folder that is left."""
    with pytest.raises(Crash):
        run(source, target, settings, crash_after(frames))
    assert not target.exists()
    return RenderFolder(target, ".mp4")


def shown(path: Path) -> list[tuple[Fraction, str]]:
    """Return time and hash of every decoded frame."""
    with av.open(str(path)) as container:
        frames = [(frame.pts * frame.time_base, frame.to_ndarray()) for frame in container.decode(video=0)]
    return [(time, hashlib.sha256(picture.tobytes()).hexdigest()) for time, picture in frames]


def told(result: StageResult) -> tuple[Any, ...]:
    return result.counts, result.warnings, result.details["exit_code"]


def assert_same(target: Path, wanted: Path) -> None:
    assert shown(target) == shown(wanted)
    assert video_times(target) == video_times(wanted)
    assert tracks(target, "audio") == tracks(wanted, "audio")
    assert complaints(target) == ""
    assert [path.name for path in target.parent.iterdir() if path.name.startswith(".")] == []


def done(folder: RenderFolder) -> list[bytes]:
    return folder.journal.read_bytes().splitlines() if folder.journal.exists() else []


def uneven(frames: int) -> list[int]:
    gaps = random.Random(3).choices([3003, 3003, 6006, 1501], k=frames - 1)
    return [4500, *(4500 + sum(gaps[: place + 1]) for place in range(frames - 1))]
