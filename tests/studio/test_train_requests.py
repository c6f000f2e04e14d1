"""What the tab Train asks for: a dataset is filled, trainings are the command's, and a run is read from its files alone."""

import re
import shlex
from collections.abc import Iterator

import numpy as np
import pytest

from tests.clips import make_clip
from tests.extras import needs_extra
from tests.styles import make_style
from vidstyle.distil.settings import DistilSettings
from vidstyle.errors import InputError, OutputError, SettingsError, VidstyleError
from vidstyle.extract.settings import ExtractSettings
from vidstyle.files import write_json
from vidstyle.media.images import write_image
from vidstyle.studio.folders import Folders
from vidstyle.studio.knobs import given, knobs
from vidstyle.studio.run_view import run_folder, run_names
from vidstyle.studio.studio import Studio
from vidstyle.studio.train_requests import CARTOON, DISTIL_KNOBS, EXTRACT_KNOBS, PHOTOS, TRAIN_KNOBS, TrainRequests
from vidstyle.train.settings import TrainSettings

needs_extra("studio", "gradio")
ENTERED = {"name": "mine", "steps": "10", "every": "1.0"}


def entered(names: tuple[str, ...], **values: str) -> list[str]:
    return [{**ENTERED, **values}.get(name, "") for name in names]


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainRequests]:
    place = tmp_path_factory.mktemp("place")
    make_clip(place / "film.mp4", frames=4)
    write_image(place / "photo.png", np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8))
    studio = Studio(Folders([place]))
    yield TrainRequests(studio)
    studio.preview.close()


@pytest.fixture(autouse=True)
def no_jobs_before(requests: TrainRequests) -> None:
    for job in requests.studio.queue.jobs():
        requests.studio.queue.remove(job.id)


def test_pictures_are_copied_into_the_dataset_and_videos_wait_for_their_extraction(requests: TrainRequests) -> None:
    place = requests.studio.folders.first
    requests.add(None, ["photo.png", "film.mp4"], "dataset", PHOTOS, *entered(EXTRACT_KNOBS, every="2"))
    requests.add(None, ["photo.png"], "dataset", PHOTOS, *entered(EXTRACT_KNOBS))
    requests.add(None, ["dataset/trainA/photo.png"], "dataset", PHOTOS, *entered(EXTRACT_KNOBS))
    with pytest.raises(SettingsError, match="every"):
        requests.add(None, ["photo.png"], "dataset", PHOTOS, *entered(EXTRACT_KNOBS, every="often"))
    assert sorted(path.name for path in (place / "dataset" / "trainA").iterdir()) == ["photo 2.png", "photo.png"]
    (job,) = requests.studio.queue.jobs()
    settings = {"every": 2.0, "deblur": "none"}
    assert job.arguments == {"sources": ["film.mp4"], "output": "dataset/trainA", **settings}
    assert shlex.split(job.command)[1:] == [
        *("extract", "film.mp4", "-o", "dataset/trainA", "--every", "2.0", "--deblur", "none"),
    ]
    (place / "text.mp4").write_text("no video")
    with pytest.raises(VidstyleError, match=r"text\.mp4"):
        requests.add(None, ["text.mp4"], "dataset", CARTOON, *entered(EXTRACT_KNOBS))
    with pytest.raises(OutputError, match="outside"):
        requests.add(None, ["photo.png"], "../elsewhere", CARTOON, *entered(EXTRACT_KNOBS))


def test_a_training_is_that_of_the_command_and_is_refused_as_there(requests: TrainRequests) -> None:
    values = entered(TRAIN_KNOBS)
    command = requests.train_command("dataset", "cartoon", "", *values)
    assert command == "vidstyle train dataset --method cartoon --name mine --steps 10"
    requests.train("dataset", "cartoon", "", *values)
    (job,) = requests.studio.queue.jobs()
    settings = {"method": "cartoon", "name": "mine", "steps": 10}
    assert job.arguments == {"dataset": "dataset", "runs": "runs", **settings}
    with pytest.raises(InputError, match="already"):
        requests.train("dataset", "cartoon", "", *values)
    requests.stop("mine")
    assert requests.studio.queue.job(job.id).state == "stopped"
    with pytest.raises(SettingsError, match="no setting palette"):
        requests.train("dataset", "rt", "", *entered(TRAIN_KNOBS, palette="0.5"))
    with pytest.raises(SettingsError, match="There is no style"):
        requests.train("dataset", "cartoon", "/etc/passwd", *values)
    for name in ("../out", ".hidden"):
        with pytest.raises((SettingsError, OutputError)):
            requests.train("dataset", "cartoon", "", *entered(TRAIN_KNOBS, name=name))
    assert requests.train_command("dataset", "cartoon", "", *entered(TRAIN_KNOBS, steps="many")).startswith("# steps")


def test_controls_that_nobody_touched_leave_the_settings_to_the_method() -> None:
    for cls, names in ((TrainSettings, TRAIN_KNOBS), (DistilSettings, DISTIL_KNOBS), (ExtractSettings, EXTRACT_KNOBS)):
        values = {name: knob.value for name, knob in zip(names, knobs(cls, names), strict=True)}
        assert given(cls, values) == {}


def test_a_distillation_is_that_of_the_command(requests: TrainRequests) -> None:
    values = entered(DISTIL_KNOBS, name="")
    command = requests.distil_command("dataset", "default", ["film.mp4"], *values)
    assert command == "vidstyle distil default dataset --steps 10 --video film.mp4"
    requests.distil("dataset", "default", ["film.mp4"], *values)
    (job,) = requests.studio.queue.jobs()
    assert job.stage == "distil" and job.output == "runs/default-fast" and job.arguments["video"] == ["film.mp4"]


def test_another_page_finds_a_run_with_curves_samples_and_warnings(requests: TrainRequests) -> None:
    run = requests.studio.folders.first / "runs" / "mine"
    write_json(run / "settings.json", {})
    (run / "log.csv").write_text("step,learning_rate,seconds_per_step,surface\n5,0.1,0.2,0.75\n10,0.1,0.2,0.5\n")
    (run / "scores.csv").write_text("step,score\n10,0.9\n")
    write_json(run / "warnings.json", [{"step": 5, "kind": "few", "text": "Only <2> photos."}])
    for step in (5, 10):
        write_image(run / "samples" / f"{step:07d}.png", np.zeros((8, 8, 3), np.uint8))
    (run / "report.html").write_text("report")
    state, curves, samples, *_, newest = requests.look(None, "dataset", None)
    assert "Only &lt;2&gt; photos." in state
    assert "surface 0.5" in curves and "score 0.9" in curves and "learning" not in curves
    assert samples.index("step 10") < samples.index("step 5") and "report.html" in samples
    with pytest.raises(InputError, match="no style yet"):
        requests.attempt("mine", "photo.png")
    make_style(run / "style.safetensors")
    names = re.findall(r"<img [^>]*src='studio/preview/([^']+)'", requests.attempt("mine", "photo.png"))
    photo, painted = (requests.studio.preview_file(name).read_bytes() for name in names)
    assert photo != painted
    assert requests.look("mine", "dataset", newest)[-1] == newest


def test_a_page_turns_to_the_run_that_is_started(requests: TrainRequests) -> None:
    *_, newest = requests.look(None, "dataset", None)
    requests.train("dataset", "cartoon", "", *entered(TRAIN_KNOBS, name="next"))
    state, *_, (runs, chosen), newest = requests.look("mine", "dataset", newest)
    assert "waiting" in state and chosen == "next" and "next" in runs
    assert "waiting" not in requests.look("mine", "dataset", newest)[0]


def test_a_run_that_a_link_leads_out_to_is_not_shown(
    requests: TrainRequests, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "log.csv").write_text("step,surface\n5,0.75\n")
    runs = requests.studio.folders.first / "runs"
    write_json(runs / "own" / "settings.json", {})
    (runs / "link").symlink_to(outside, target_is_directory=True)
    assert "own" in run_names(requests.studio) and "link" not in run_names(requests.studio)
    with pytest.raises(OutputError):
        run_folder(requests.studio, "link")
