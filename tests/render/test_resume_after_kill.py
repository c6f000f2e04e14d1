"""A process that is killed loses nothing that it had finished."""

import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.commands import Commands, kill
from tests.renders import assert_same, done, told, uneven
from vidstyle.errors import TargetExists
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run
from vidstyle.render.work_folder import RenderFolder

Fast = Callable[..., RenderSettings]
KILLS = 10
MOMENTS = {"begun", "segment", "result"}


@dataclass(frozen=True)
class Strike:
    """Kills a process that renders into a folder, some seconds after what the moment waits for is there."""

    folder: RenderFolder
    moment: str
    lines: int
    delay: float

    def __call__(self, process: int) -> None:
        while not self._is_ready():
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                return
            time.sleep(0.001)
        time.sleep(self.delay)
        kill(process)

    def _is_ready(self) -> bool:
        if self.moment == "begun":
            return True
        if self.moment == "segment":
            return len(done(self.folder)) >= self.lines
        return self.folder.path.exists() and any(self.moment in path.name for path in self.folder.path.iterdir())


def strikes(folder: RenderFolder, draw: random.Random) -> list[Callable[[], Strike]]:
    """Return strikes from the start of a render to the end: each is made when its turn comes."""
    moments = {"begun": 0.4, "segment": 0.03, "segment again": 0.03, "joined": 0.005, "result": 0.04}
    return [
        lambda moment=moment, longest=longest: Strike(
            folder, moment.split()[0], len(done(folder)) + draw.randint(1, 5), draw.uniform(0, longest)
        )
        for moment, longest in moments.items()
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_renders_that_are_killed_at_ten_random_moments_end_as_one_that_never_was(fast: Fast, tmp_path: Path) -> None:
    draw = random.Random(20)
    times = {"pts": uneven(90), "time_base": Fraction(1, 90000)}
    source = make_clip(tmp_path / "film.mp4", frames=90, b_frames=3, audio=1, **times)
    settings = fast(segment=6, preset=None)
    straight = run(source, tmp_path / "straight.mp4", settings)
    named = ("style", "device", "precision", "upscaler", "segment", "flicker")
    options = [str(word) for name in named for word in (f"--{name}", getattr(settings, name))]
    struck: list[str] = []
    with Commands(tmp_path / "log") as commands:
        for number in range(KILLS):
            folder = RenderFolder(tmp_path / f"out{number}" / "film.mp4", ".mp4")
            for strike in (make() for make in strikes(folder, draw)):
                code = commands.run("render", source, "-o", folder.target, *options, meanwhile=strike)
                assert code in (0, -9), (tmp_path / "log").read_text()
                struck += [strike.moment] * (code == -9)
                if code == 0 or (folder.target.exists() and not folder.path.exists()):
                    break
            if code != 0:
                with suppress(TargetExists):
                    assert told(run(source, folder.target, settings)) == told(straight)
            assert_same(folder.target, tmp_path / "straight.mp4")
            if len(struck) >= KILLS and set(struck) >= MOMENTS:
                break
    assert len(struck) >= KILLS
    assert set(struck) >= MOMENTS
