"""The metrics of a painting beside its photo at one size are those of their definitions, averaged over the pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.analysis.test_picture_measures import noisy, slow_lab
from tests.drawings import blurred, drawing
from tests.evaluate.conftest import MakeRun, measured, overwrite, refusal
from vidstyle.evaluate import stage
from vidstyle.evaluate.compare import run as compare
from vidstyle.evaluate.inputs import Inputs
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.metrics import METRIC_SETS
from vidstyle.evaluate.paired_metrics import AT_ONE_SIZE
from vidstyle.evaluate.settings import CompareSettings, EvaluateSettings
from vidstyle.evaluate.stage import run
from vidstyle.media.images import write_image
from vidstyle.models import weights

NAMES = ("plain-areas", "flat-share", "chroma-shift", "lightness-shift", "edges")
SIZE = (384, 288)
"""Width and height at which pictures are measured as they are."""


def evaluated(
    folder: Path, photos: list[np.ndarray], painted: list[np.ndarray], metrics: str = ",".join(NAMES)
) -> dict[str, Measurement]:
    """Return the metrics at one size of painted pictures beside their photos, by name."""
    for name, pictures in (("photos", photos), ("painted", painted)):
        for number, picture in enumerate(pictures):
            write_image(folder / name / f"{number}.png", picture)
    inputs = Inputs(generated=(folder / "painted",), source=folder / "photos")
    found = run(inputs, EvaluateSettings(metrics=metrics, device="cpu")).details["figures"]
    return {record["name"]: Measurement.of(record) for record in found}


def slow_gradient(rgb: np.ndarray) -> np.ndarray:
    """The gradient from its definition: a sum over shifted pictures for every filter, mirrored at the borders."""
    bell = np.exp(-(np.arange(-4, 5) ** 2) / 2)
    grey = _sum_of_shifts(np.rint(rgb @ [0.299, 0.587, 0.114]), np.outer(bell, bell) / bell.sum() ** 2)
    sobel = np.outer([1, 2, 1], [-1, 0, 1])
    return np.sqrt(_sum_of_shifts(grey, sobel) ** 2 + _sum_of_shifts(grey, sobel.T) ** 2) / 8


def _sum_of_shifts(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    (height, width), reach = plane.shape, len(kernel) // 2
    padded = np.pad(plane, reach, mode="reflect")
    return sum(
        weight * padded[row : row + height, column : column + width] for (row, column), weight in np.ndenumerate(kernel)
    )


def slow_cells(rgb: np.ndarray) -> np.ndarray:
    """The mean L*a*b* of 16 x 16 cells of a picture that they divide evenly."""
    height, width = rgb.shape[:2]
    return slow_lab(rgb).reshape(16, height // 16, 16, width // 16, 3).mean((1, 3))


def slow_values(photo: np.ndarray, painted: np.ndarray) -> list[float]:
    """The five metrics of one pair at the measuring size, in the order of `NAMES`."""
    before, after = slow_gradient(photo), slow_gradient(painted)
    plain = before <= np.sort(before.ravel())[int(0.3 * before.size)]
    moved = slow_cells(photo) - slow_cells(painted)
    return [
        (after[plain].mean() + 0.05) / (before[plain].mean() + 0.05),
        (after < 0.5).mean(),
        np.median(np.sqrt(moved[..., 1] ** 2 + moved[..., 2] ** 2)),
        np.median(np.abs(moved[..., 0])),
        ((before - before.mean()) * (after - after.mean())).mean() / before.std() / after.std(),
    ]


def test_each_metric_is_the_mean_or_median_of_slow_computations(tmp_path: Path) -> None:
    photos = [noisy(drawing(seed, SIZE), 3, seed) for seed in (1, 2, 3, 4)]
    lined = drawing(4, SIZE)
    lined[::12] = 30
    painted = [blurred(photos[0], 1), drawing(2, SIZE) // 2, np.roll(photos[2], 40, axis=2), lined]
    plain, *others = np.array([slow_values(*pair) for pair in zip(photos, painted, strict=True)]).T
    found = evaluated(tmp_path, photos, painted)
    expected = dict(zip(NAMES, [np.median(plain), *(values.mean() for values in others)], strict=True))
    assert expected["plain-areas"] != pytest.approx(plain.mean(), rel=0.2)
    assert {name: found[name].value for name in NAMES} == pytest.approx(expected, rel=0.02)
    of_photos = np.mean([(slow_gradient(photo) < 0.5).mean() for photo in photos])
    assert found["flat-share"].source_value == pytest.approx(of_photos, rel=0.02)


def test_unchanged_photos_have_the_values_that_the_documentation_states(tmp_path: Path) -> None:
    photos = [noisy(drawing(seed, SIZE), 3) for seed in (0, 1)]
    found = evaluated(tmp_path, photos, photos)
    values = {"plain-areas": 1, "chroma-shift": 0, "lightness-shift": 0, "edges": pytest.approx(1)}
    assert {name: found[name].value for name in values} == values
    assert all(figure.value == figure.source_value for figure in found.values())
    assert 0 < (found["flat-share"].value or 0) < 1


def test_a_blurred_photo_without_its_grain_is_calmer_and_flatter(tmp_path: Path) -> None:
    photo = noisy(np.full((288, 384, 3), 120, np.uint8), 6)
    found = evaluated(tmp_path, [photo], [blurred(photo, 3)])
    assert (found["plain-areas"].value or 0) < 0.6
    assert (found["flat-share"].value or 0) > 2 * (found["flat-share"].source_value or 0)


def test_a_tint_moves_the_colours_by_its_distance_in_lab_and_nothing_else(tmp_path: Path) -> None:
    first, second = np.array([200, 120, 60]), np.array([90, 110, 130])
    photo, painted = (np.tile(colour.astype(np.uint8), (48, 64, 1)) for colour in (first, second))
    lightness, a, b = slow_lab(first) - slow_lab(second)
    found = evaluated(tmp_path, [photo], [painted])
    assert found["chroma-shift"].value == pytest.approx(np.hypot(a, b), rel=0.01)
    assert found["lightness-shift"].value == pytest.approx(abs(lightness), rel=0.02)
    assert found["plain-areas"].value == 1


def test_what_a_value_rests_on_is_said(tmp_path: Path) -> None:
    found = evaluated(tmp_path, [drawing(1, SIZE)], [drawing(1, SIZE)])
    rests = "384x288; resized: area, to short side 288; fp32"
    assert found["plain-areas"].basis == f"n: 1 pairs; median; {rests}"
    assert {found[name].basis for name in NAMES[1:]} == {f"n: 1 pairs; {rests}"}


def doubled(rgb: np.ndarray) -> np.ndarray:
    """Return the picture at twice its size, each pixel as a block of four."""
    return rgb.repeat(2, axis=0).repeat(2, axis=1)


def test_results_of_any_size_are_measured_at_the_one_size(tmp_path: Path) -> None:
    photo = noisy(drawing(1, (768, 576)), 8)
    painted = noisy(blurred(drawing(1, (768, 576)), 3), 6, seed=1)
    plain = evaluated(tmp_path / "same", [photo], [painted])
    larger = evaluated(tmp_path / "larger", [photo], [doubled(painted)])
    smaller = evaluated(tmp_path / "smaller", [photo], [cv2.resize(painted, SIZE, interpolation=cv2.INTER_AREA)])
    assert {figure.size for found in (plain, larger, smaller) for figure in found.values()} == {"384x288"}
    for name in NAMES:
        assert smaller[name].value == pytest.approx(plain[name].value, rel=1e-6)
        assert larger[name].value == pytest.approx(plain[name].value, rel=0.02, abs=0.02)


def test_small_photos_are_enlarged_and_mixed_sizes_stated(tmp_path: Path) -> None:
    photos = [drawing(1, (64, 48)), drawing(2, (48, 64))]
    found = evaluated(tmp_path, photos, [doubled(photo) for photo in photos])
    assert found["edges"].size == "2 sizes, 288x384 to 384x288"
    assert found["edges"].value == pytest.approx(1, abs=0.01)


def test_sides_may_be_rounded_but_another_shape_is_refused(folders: Path) -> None:
    overwrite(folders / "generated" / "0.png", (44, 32))
    assert measured(folders, "edges")["edges"].counts == {"pairs": 4}
    overwrite(folders / "generated" / "0.png", (48, 64))
    assert refusal(folders, "edges") == (
        f"{folders / 'generated' / '0.png'} is 48x64 pixels and its source {folders / 'source' / '0.png'} 64x48: another "
        "shape of picture. Name results and their own sources."
    )


@pytest.mark.parametrize("folder", ["source", "generated"])
def test_pictures_too_small_to_measure_at_one_size_are_named(folders: Path, folder: str) -> None:
    overwrite(folders / folder / "0.png", (64, 15))
    assert refusal(folders, "edges") == (
        f"{folders / folder / '0.png'} is 64x15 pixels; edges needs 16 or more on each side."
    )


def test_the_set_paper_is_what_the_paper_reports_as_far_as_it_can_be_measured(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIDSTYLE_WEIGHTS", raising=False)
    monkeypatch.setattr(weights, "find_spec", lambda package: None)
    both = (folders / "generated", folders / "source")
    inputs = Inputs(generated=both, target=folders / "target", source=folders / "source")
    details = run(inputs, EvaluateSettings(metrics="paper", device="cpu")).details
    assert [record["name"] for record in details["figures"]] == ["psnr", "ssim"]
    assert list(details["missing"]) == ["fid", "lpips-diversity"]


def test_a_comparison_shows_the_metrics_their_directions_and_the_untouched_photos(
    folders: Path, make_run: MakeRun
) -> None:
    settings = CompareSettings(metrics=",".join(NAMES), rows=1, device="cpu")
    result = compare([make_run()], folders / "source", folders / "target", folders / "table", settings)
    heads, _, painted, photos, *notes = result.details["table"].splitlines()
    columns = "plain-areas ↓ | flat-share ↑ | chroma-shift ↓ | lightness-shift ↓ | edges ↑"
    assert heads == f"| method | runs | {columns} | train seconds | parameters | ms a picture |"
    assert photos.startswith("| (photos, untouched) | - | 1 | 0.")
    assert photos.endswith(" | 0 | 0 | 1 | - | - | - |")
    assert painted.split(" | ")[2:7] != photos.split(" | ")[2:7]
    assert "- plain-areas: n: 4 pairs; median; 396x288; resized: area, to short side 288; fp32." in notes
    record = json.loads((folders / "table" / "table.json").read_text())["rows"][1]["figures"]
    assert record["edges"]["mean"] == pytest.approx(1)


def test_a_run_is_measured_again_where_a_metric_was_not_there_before(
    folders: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, settings = Inputs(make_run(), photos=folders / "source"), EvaluateSettings(device="cpu")
    with monkeypatch.context() as before:
        before.setitem(METRIC_SETS, "auto", ("psnr", "ssim"))
        assert run(inputs, settings).counts == {"figures": 2, "missing": 0}
        before.setattr(stage, "measure", lambda *_: pytest.fail("pictures were measured again"))
        assert run(inputs, settings).counts == {"figures": 2, "missing": 0}
    monkeypatch.setitem(METRIC_SETS, "auto", ("psnr", "ssim", *AT_ONE_SIZE))
    assert run(inputs, settings).counts == {"figures": 7, "missing": 0}
