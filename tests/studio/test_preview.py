"""What the page paints is what the command paints."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.clips import make_clip
from tests.extras import needs_extra
from vidstyle.cli.main import vidstyle
from vidstyle.errors import InputError, OutputError, VidstyleError
from vidstyle.media.images import read_image, write_image
from vidstyle.studio.folders import Folders
from vidstyle.studio.paint_tab import NAMES, PaintRequests
from vidstyle.studio.studio import Studio

needs_extra("studio", "gradio")
VALUES = {"style": "default", "size": "32", "finish": "auto", "calm": 0.25, "blend": 0.75, "keep_colour": False}
VALUES |= {"flicker": "auto", "outscale": 1, "codec": "auto", "crf": 18, "overwrite": False}


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> PaintRequests:
    place = tmp_path_factory.mktemp("place")
    make_clip(place / "clip.mp4", frames=24)
    (place / "text.mp4").write_text("no video")
    write_image(place / "photo.png", np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8))
    studio = Studio(Folders([place]))
    yield PaintRequests(studio)
    studio.close()


def test_the_command_gives_the_same_picture_to_the_byte(
    requests: PaintRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [VALUES[name] for name in NAMES]
    painted = next(requests.paint("photo.png", None, None, "out.png", *values))[1]
    monkeypatch.chdir(requests.studio.folders.first)
    command = shlex.split(requests.spell("photo.png", "out.png", *values))
    assert CliRunner().invoke(vidstyle, command[1:]).exit_code == 0
    assert Path("out.png").read_bytes() == Path(painted).read_bytes()


def test_a_moving_preview_holds_up_no_other_page(requests: PaintRequests) -> None:
    values = [VALUES[name] for name in NAMES]
    with ThreadPoolExecutor() as pool:
        moving = pool.submit(requests.move, "clip.mp4", 0.0, *values)
        next(requests.paint("clip.mp4", 0.25, None, "out.mp4", *values))
        assert not moving.done()
    assert "<video" in moving.result()


def test_a_frame_of_a_video_is_picked_by_its_place(requests: PaintRequests) -> None:
    source, seconds, middle, output, *pictures_before = requests.choose("clip.mp4", "default")
    assert pictures_before == ["", ""], "pictures of the source before go away"
    assert len(seconds) == 12 and middle == seconds[6] and output == "clip_default.mp4"
    assert requests.strip(source, seconds, middle).count("<img") == 12
    values = [VALUES[name] for name in NAMES]
    (shown, first, _), (_, _, estimate) = requests.paint(source, seconds[0], None, output, *values)
    last = next(requests.paint(source, seconds[-1], first, output, *values))
    assert not np.array_equal(read_image(Path(first)), read_image(Path(last[1])))
    assert "24 frames" in estimate and "MiB" in estimate
    assert "Source" in shown and "Kept" in last[0] and Path(first).name in last[0]


def test_a_render_whose_result_is_there_or_under_way_is_refused_when_it_is_asked_for(requests: PaintRequests) -> None:
    values, place = [VALUES[name] for name in NAMES], requests.studio.folders.first
    (place / "there.mp4").write_bytes(b"a film of mine")
    with pytest.raises(OutputError, match=r"There is there\.mp4 already\..*Overwrite"):
        requests.start("clip.mp4", "there.mp4", *values)
    requests.start("clip.mp4", "there.mp4", *values[:-1], True)
    with pytest.raises(InputError, match=r"there\.mp4 already"):
        requests.start("photo.png", "./there.mp4", *values[:-1], True)
    assert [job.title for job in requests.studio.queue.jobs()] == ["clip.mp4 in default"]


def test_errors_are_those_of_the_command_line(requests: PaintRequests) -> None:
    with pytest.raises(VidstyleError, match=r"text\.mp4"):
        requests.choose("text.mp4", "default")
    with pytest.raises(VidstyleError, match="There is no style"):
        next(requests.paint("clip.mp4", 0.0, None, "out.mp4", *["/etc/passwd", *[VALUES[name] for name in NAMES[1:]]]))
