"""What a run leaves to look at: the page, and TensorBoard's logs when asked."""

import re
import sys
from pathlib import Path

import pytest

from tests.train.conftest import small
from vidstyle.errors import DependencyError
from vidstyle.progress import Progress, silent
from vidstyle.run_folder import read_log
from vidstyle.train.stage import run


def test_the_page_shows_result_warnings_samples_losses_and_settings(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(sample_every=2, log_every=1), silent)
    page = (tmp_path / "cut++" / "report.html").read_text(encoding="utf-8")
    assert "<th>steps</th><td>6 of 6</td>" in page
    assert "There are only 5 photos to learn from" in page
    assert [step for step in range(1, 7) if f"<figcaption>step {step}</figcaption>" in page] == [2, 4, 6]
    assert [name for name in ("G_GAN", "NCE", "NCE_Y", "D_fake", "D_real") if f"<figcaption>{name} " not in page] == []
    assert "<th>discriminator channels</th><td>4</td>" in page
    assert "Scores" not in page


def test_a_run_shorter_than_a_stretch_of_the_log_has_curves_all_the_same(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(steps=3, log_every=20), silent)
    folder = tmp_path / "cut++"
    assert [row["step"] for row in read_log(folder / "log.csv")] == [3]
    assert "<figcaption>NCE " in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("method", ["cut", "cmd"])
def test_the_page_shows_the_losses_while_the_run_goes_on(
    dataset: Path, tmp_path: Path, random_vgg16: Path, method: str
) -> None:
    page, seen = tmp_path / method / "report.html", []

    def look(progress: Progress) -> None:
        if progress.phase == "training" and page.is_file():
            text = page.read_text(encoding="utf-8")
            seen.append((progress.done, *re.findall(r"<th>steps</th><td>(\d+) of (\d+)</td>", text)))
            assert "<figcaption>NCE " in text or "<figcaption>moments " in text

    vgg16 = {"vgg16": str(random_vgg16), "steps": 2} if method == "cmd" else {}
    run(dataset, tmp_path, small(method=method, sample_every=2, log_every=1, **vgg16), look)
    steps = "10" if method == "cmd" else "6"
    assert seen[:4] == [(3, ("2", steps)), (4, ("2", steps)), (5, ("4", steps)), (6, ("4", steps))]


def test_the_page_of_changed_photos_shows_them_beside_the_photos(
    dataset: Path, tmp_path: Path, random_vgg16: Path
) -> None:
    run(dataset, tmp_path, small(method="cmd", vgg16=str(random_vgg16), steps=1), silent)
    page = (tmp_path / "cmd" / "report.html").read_text(encoding="utf-8")
    shown = re.findall(r"<img alt='([^']*)' src='data:image/jpeg;base64,", page)
    assert shown == ["style image", *(text for n in range(5) for text in (f"{n}.png", f"{n}.png, changed"))]


def test_the_page_of_a_single_image_method_shows_the_image(dataset: Path, tmp_path: Path, random_vgg16: Path) -> None:
    run(dataset, tmp_path, small(method="rt", vgg16=str(random_vgg16), steps=1), silent)
    assert "<img alt='style image'" in (tmp_path / "rt" / "report.html").read_text(encoding="utf-8")


def test_settings_without_a_part_in_the_run_are_not_listed(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(name="counted", method="cut", steps=None, epochs=1, epochs_decay=0), silent)
    run(dataset, tmp_path, small(name="steps", steps=1), silent)
    idle = ("epochs", "epochs decay", "steps decay", "residual", "distance base", "restart", "dry run")
    pages = [(tmp_path / name / "report.html").read_text(encoding="utf-8") for name in ("counted", "steps")]
    listed = [[name for name in idle if f"<th>{name}</th>" in page] for page in pages]
    assert listed == [["epochs", "epochs decay"], ["steps decay", "residual", "distance base"]]


def test_progress_holds_losses_and_speed(dataset: Path, tmp_path: Path) -> None:
    shown: list[Progress] = []
    run(dataset, tmp_path, small(), shown.append)
    last = [progress for progress in shown if progress.phase == "training"][-1]
    assert (last.done, last.total) == (6, 6)
    assert list(last.figures) == ["G_GAN", "NCE", "NCE_Y", "D_fake", "D_real", "images/s"]


def test_tensorboard_shows_the_curves_of_a_resumed_run_once(dataset: Path, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for steps in (4, 8):
        run(dataset, tmp_path, small(tensorboard=True, steps=steps), silent)
    events = accumulator.EventAccumulator(str(tmp_path / "cut++" / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("NCE")] == [2, 4, 6, 8]
    assert events.Tags()["images"] == ["samples"]


def test_tensorboard_that_is_missing_is_named(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(DependencyError) as caught:
        run(dataset, tmp_path, small(tensorboard=True), silent)
    assert str(caught.value) == (
        "TensorBoard is not installed. Install it with: pip install 'vidstyle[tensorboard]', or leave --tensorboard out."
    )
