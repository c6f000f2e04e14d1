"""What a worker is told of a video is what the driver decided."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.renders import plan_of
from vidstyle.cluster.job_spec import JobSpec, job_spec_for
from vidstyle.media.probe import probe
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings

Fast = Callable[..., RenderSettings]


@pytest.mark.parametrize(
    ("given", "decided"),
    [
        ({"upscaler": "auto", "calm": 0.8}, "guided"),
        ({"upscaler": "none"}, "none"),
        ({"upscaler": "auto", "finish": "both"}, "both"),
    ],
)
def test_a_worker_finishes_as_the_driver_decided(
    fast: Fast, tmp_path: Path, given: dict[str, object], decided: str
) -> None:
    clip, settings = probe(make_clip(tmp_path / "film.mp4", frames=3)), fast(**given)
    engine = Engine(settings)
    spec = JobSpec.unpack(job_spec_for(plan_of(clip, engine), engine, settings, gpus=False).pack())
    spec = spec.with_paths({file.path: tmp_path / "elsewhere" / file.path.name for file in spec.files})
    assert (spec.settings.decided_finish, spec.settings.calm, spec.plan.finish) == (decided, settings.calm, decided)
